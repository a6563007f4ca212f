#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "types.h"

namespace standin {

struct Token {
    enum Shape { Word, Number, Punctuation, Text, End } shape;
    std::string text;
    uint32_t line;
};

/// Words keep their dots (`ld.global.v4.b32`, `.reg`, `%tid.x`); comments are gone.
std::vector<Token> tokens_of(const std::string& text);

/// An operand as it is written.
struct Operand {
    enum Shape { Name, Integer, Float32, Float64, Address, Vector, Sink } shape = Sink;
    std::string name;
    uint64_t value = 0;
    int64_t offset = 0;
    bool negated = false;
    std::vector<Operand> parts;
};

/// An instruction as it is written: guard, name, what is appended to the name by dots, operands.
struct Statement {
    std::string guard;
    bool guard_negated = false;
    std::string opcode;
    std::vector<std::string> modifiers;
    std::vector<Operand> operands;
    /// Of `d|p`: the second destination.
    std::vector<Operand> second;
    std::string text;
    uint32_t line = 0;
};

}
