#include "coder.h"

#include <algorithm>
#include <cstring>

namespace standin {

namespace {

/// Special registers that are values of a launch, a block or a lane (PTX ISA 10). All are 32 bits here; %clock and its like are not known.
const char* const s_specials[] = {
    "%tid.x", "%tid.y", "%tid.z", "%ntid.x", "%ntid.y", "%ntid.z", "%ctaid.x", "%ctaid.y", "%ctaid.z", "%nctaid.x", "%nctaid.y", "%nctaid.z",
    "%laneid", "%warpid", "%nwarpid", "%lanemask_eq", "%lanemask_lt", "%lanemask_le", "%lanemask_gt", "%lanemask_ge", "%smid", "%nsmid",
    "%dynamic_smem_size", "%total_smem_size",
};

}

void Places::declare(const std::string& name, Type type) {
    if (!scopes_.back().emplace(name, Register{place(type.bits), type}).second) {
        throw PtxError("register " + name + " is declared twice");
    }

    function_.registers += type.kind == Kind::Predicate ? 0 : type.bits <= 32 ? 1 : 2;
}

const Register* Places::find(const std::string& name) const {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
        const auto found = scope->find(name);
        if (found != scope->end()) {
            return &found->second;
        }
    }

    return nullptr;
}

uint32_t Places::place(int bits) {
    const uint32_t bytes = bits == 1 ? 4 : bits / 8 * Lanes;
    // What is at the beginning of the file is nobody's: a slot of 0 is none.
    const uint32_t at = std::max<uint32_t>(function_.file_bytes, 64);
    function_.file_bytes = at + (bytes + 63) / 64 * 64;
    return at;
}

uint32_t Places::constant(uint64_t value, int bytes) {
    auto& slot = constants_[{value, bytes}];
    if (slot == 0) {
        slot = place(bytes * 8);
        function_.constants.push_back({value, slot, static_cast<uint8_t>(bytes)});
    }

    return slot;
}

uint32_t Places::special(const std::string& name) {
    for (const auto& known : function_.specials) {
        if (known.name == name) {
            return known.slot;
        }
    }

    if (std::none_of(std::begin(s_specials), std::end(s_specials), [&](const char* known) { return name == known; })) {
        return 0;
    }

    function_.specials.push_back({name, place(32)});
    return function_.specials.back().slot;
}

void Coder::refuse(const std::string& why) const { throw PtxError(why); }

bool Coder::take(const std::string& modifier) {
    const auto found = std::find(modifiers_.begin(), modifiers_.end(), modifier);
    if (found == modifiers_.end()) {
        return false;
    }

    modifiers_.erase(found);
    return true;
}

Type Coder::type() {
    const auto named = modifiers_.empty() ? std::nullopt : type_named(modifiers_.back());
    if (!named) {
        refuse("its type is not known");
    }

    modifiers_.pop_back();
    return *named;
}

void Coder::require_operands(size_t least, size_t most) const {
    if (statement.operands.size() < least || statement.operands.size() > most) {
        refuse("it has another number of operands");
    }

    if (!statement.second.empty() && statement.opcode != "setp" && statement.opcode != "shfl") {
        refuse("it has no second destination");
    }
}

void Coder::done() const {
    if (!modifiers_.empty()) {
        refuse("its modifier ." + modifiers_.front() + " is not known");
    }
}

// PTX ISA 9.2, Type Information for Instructions and Operands: sizes agree; bits go with everything, signed with unsigned, floats with floats.
void Coder::require_fits(const Operand& operand, Type registered, Type type, bool wider) const {
    const bool size = wider ? registered.bits >= type.bits : registered.bits == type.bits;
    const auto family = [](Kind kind) { return kind == Kind::Unsigned ? Kind::Signed : kind; };
    const bool kind = family(registered.kind) == family(type.kind) || registered.kind == Kind::Bits || type.kind == Kind::Bits;
    if (!size || !kind || registered.kind == Kind::Predicate) {
        refuse("the type of " + operand.name + " is another one");
    }
}

uint32_t Coder::destination(const Operand& operand, Type type, bool wider) {
    if (operand.shape == Operand::Sink) {
        return places.place(64);
    }

    const auto* found = operand.shape == Operand::Name && !operand.negated ? places.find(operand.name) : nullptr;
    if (found == nullptr) {
        refuse("it writes no register");
    }

    require_fits(operand, found->type, type, wider);
    return found->slot;
}

uint64_t Coder::bits_of_value(const Operand& operand, Type type) const {
    switch (operand.shape) {
        case Operand::Integer:
            if (type.is_float()) {
                refuse("an integer stands for a float");
            }

            return operand.value;
        case Operand::Float32:
            // ILGPU writes 0f... also where the instruction is untyped (selp.b32).
            if (type.bits == 32 && (type.is_float() || type.kind == Kind::Bits)) {
                return operand.value;
            }

            break;
        case Operand::Float64:
            if (type.bits == 64 && (type.is_float() || type.kind == Kind::Bits)) {
                return operand.value;
            }

            if (type.bits == 32 && type.is_float()) {
                double wide;
                std::memcpy(&wide, &operand.value, 8);
                const float narrow = static_cast<float>(wide);
                uint32_t bits;
                std::memcpy(&bits, &narrow, 4);
                return bits;
            }

            break;
        default:
            break;
    }

    refuse("an operand has another type");
}

uint32_t Coder::source(const Operand& operand, Type type, bool wider) {
    if (operand.negated) {
        refuse("only predicates can be negated");
    }

    if (operand.shape != Operand::Name) {
        const uint64_t value = bits_of_value(operand, type);
        return places.constant(type.bits == 64 ? value : value & ((1ull << type.bits) - 1), type.bits / 8);
    }

    if (const auto* found = places.find(operand.name)) {
        require_fits(operand, found->type, type, wider);
        return found->slot;
    }

    if (const auto slot = places.special(operand.name)) {
        require_fits(operand, {Kind::Unsigned, 32}, type, wider);
        return slot;
    }

    for (const auto& variable : places.function().shared) {
        if (variable.name == operand.name && type.bits >= 32 && !type.is_float()) {
            return places.constant(variable.offset, type.bits / 8);
        }
    }

    refuse(operand.name + " is not known");
}

uint32_t Coder::predicate(const Operand& operand, bool written) {
    if (written && operand.shape == Operand::Sink) {
        return places.place(1);
    }

    const auto* found = operand.shape == Operand::Name ? places.find(operand.name) : nullptr;
    if (found == nullptr || found->type.kind != Kind::Predicate || (written && operand.negated)) {
        refuse("a predicate is missing");
    }

    return found->slot;
}

int Coder::bits_of(const Operand& operand, Type type) const {
    const auto* found = operand.shape == Operand::Name ? places.find(operand.name) : nullptr;
    return found == nullptr ? type.bits : found->type.bits;
}

uint32_t Coder::address(const Operand& operand, uint32_t bytes) {
    if (operand.shape != Operand::Address) {
        refuse("an address is missing");
    }

    made.offset = operand.offset;
    Operand base = operand;
    base.shape = operand.name.empty() ? Operand::Integer : Operand::Name;
    const auto* found = places.find(operand.name);
    if (found != nullptr && found->type.bits == 32 && bytes == 8) {
        refuse("an address of 32 bits stands for one of 64");
    }

    // Shared addresses may also be 32 bits (PTX ISA 6.4.1.1: the address size of a window).
    made.detail = found != nullptr && found->type.bits == 32 ? 1 : 0;
    return source(base, found != nullptr && found->type.bits == 32 ? B32 : B64);
}

void encode(Places& places, const Statement& statement) {
    static const Decoders s_decoders = [] {
        Decoders all;
        for (const auto add : {add_integer_instructions, add_bit_instructions, add_field_instructions, add_float_instructions, add_comparisons, add_moves, add_conversions,
                               add_memory_instructions, add_atomics, add_warp_instructions, add_matrix_instructions, add_control_instructions}) {
            add(all);
        }

        return all;
    }();

    const auto found = s_decoders.find(statement.opcode);
    if (found == s_decoders.end()) {
        throw PtxError("the instruction is not known");
    }

    Coder coder(places, statement);
    if (!statement.guard.empty()) {
        Operand guard;
        guard.shape = Operand::Name;
        guard.name = statement.guard;
        coder.made.guard = static_cast<int32_t>(coder.predicate(guard));
        coder.made.guard_negated = statement.guard_negated;
    }

    found->second(coder);
    coder.done();
    auto& function = places.function();
    function.code.push_back(coder.made);
    function.texts.push_back(statement.text);
    std::string name = statement.opcode;
    for (const auto& modifier : statement.modifiers) {
        name += "." + modifier;
    }

    function.opcodes.push_back(name);
}

}
