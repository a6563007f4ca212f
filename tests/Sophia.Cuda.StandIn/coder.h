#pragma once
#include <map>
#include <string>
#include <vector>

#include "module.h"
#include "syntax.h"

namespace standin {

struct Register {
    uint32_t slot;
    Type type;
};

/// Gives the names of a function places in the register file. One of each warp has room for 32 lanes at each place,
/// 64-byte aligned; a predicate is a mask of 32 bits.
class Places {
public:
    explicit Places(Function& function) : function_(function) { scopes_.emplace_back(); }

    void open() { scopes_.emplace_back(); }
    void close() { scopes_.pop_back(); }
    void declare(const std::string& name, Type type);
    const Register* find(const std::string& name) const;
    uint32_t constant(uint64_t value, int bytes);
    /// 0 where there is none of this name.
    uint32_t special(const std::string& name);
    uint32_t place(int bits);
    Function& function() { return function_; }
    /// Names of `.param` of a device function's answer, which only st.param knows.
    std::vector<Parameter> results;
    std::map<std::string, std::vector<uint32_t>> uses;

private:
    Function& function_;
    std::vector<std::map<std::string, Register>> scopes_;
    std::map<std::pair<uint64_t, int>, uint32_t> constants_;
};

/// Makes an instruction of a statement. Each modifier that is understood is taken; what remains is refused.
class Coder {
public:
    Coder(Places& places, const Statement& statement) : statement(statement), places(places), modifiers_(statement.modifiers) { made.line = statement.line; }

    const Statement& statement;
    Places& places;
    Instruction made;

    [[noreturn]] void refuse(const std::string& why) const;
    bool take(const std::string& modifier);
    /// The last modifier that is left, as a type.
    Type type();
    void require_operands(size_t least, size_t most) const;
    void require_operands(size_t exact) const { require_operands(exact, exact); }
    void done() const;

    /// A register that the instruction writes. `wider`: ld, cvt and atom may write one with more bits than their type has (PTX ISA 9.4.1).
    uint32_t destination(const Operand& operand, Type type, bool wider = false);
    uint32_t source(const Operand& operand, Type type, bool wider = false);
    /// A predicate that is read; a `!` before it is told by the operand.
    uint32_t predicate(const Operand& operand, bool written = false);
    /// The bits of the register itself, or of the type where it is none.
    int bits_of(const Operand& operand, Type type) const;
    /// The register that holds the address; the rest goes into `offset`.
    uint32_t address(const Operand& operand, uint32_t bytes);

private:
    std::vector<std::string> modifiers_;
    void require_fits(const Operand& operand, Type registered, Type type, bool wider) const;
    uint64_t bits_of_value(const Operand& operand, Type type) const;
};

/// Fills `made`; one for each name of an instruction.
using Decoder = void (*)(Coder&);
using Decoders = std::map<std::string, Decoder>;

void add_integer_instructions(Decoders&);
void add_bit_instructions(Decoders&);
void add_field_instructions(Decoders&);
void add_float_instructions(Decoders&);
void add_comparisons(Decoders&);
void add_moves(Decoders&);
void add_conversions(Decoders&);
void add_memory_instructions(Decoders&);
void add_atomics(Decoders&);
void add_warp_instructions(Decoders&);
void add_matrix_instructions(Decoders&);
void add_control_instructions(Decoders&);

/// Appends the instruction to the function's code.
void encode(Places& places, const Statement& statement);

}
