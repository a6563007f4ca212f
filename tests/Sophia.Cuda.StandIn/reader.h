#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "syntax.h"

namespace standin {

/// The tokens of a text, one after another, and what directives and instructions are made of.
class Reader {
public:
    explicit Reader(const std::string& text) : tokens_(tokens_of(text)) {}

protected:
    const Token& peek(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
    const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
    bool is(const char* text) const { return peek().text == text && peek().shape != Token::Text; }

    [[noreturn]] void fail(const std::string& why) const;
    bool skip(const char* text);
    void expect(const char* text);

    /// PTX ISA 4.5.1: hexadecimal 0x, binary 0b, octal 0.
    uint64_t integer();
    Type type_after_dot();
    Operand operand();
    Statement statement();

private:
    std::vector<Token> tokens_;
    size_t at_ = 0;

    Operand address();
    /// A name, an integer or a float.
    Operand single();
};

}
