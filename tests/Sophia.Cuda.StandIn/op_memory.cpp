#include "access.h"
#include "coder.h"

// ld and st, PTX ISA 9.7.9.8 and 9.7.9.11; fences, 9.7.13.

namespace standin {

namespace {

/// T as it lies in memory, R as it lies in the register: wider ones are filled by the sign, or by zeros.
template <class T, class R>
void load(Warp& w, const Instruction& i, uint32_t mask) {
    const auto where = static_cast<Where>(i.target);
    const uint32_t bytes = sizeof(T) * i.count;
    const auto from = addresses(w, i, i.slot[4], mask);
    for (int lane = 0; lane < Lanes; lane++) {
        if (mask >> lane & 1) {
            T values[4];
            std::memcpy(values, bytes_at(w, where, from.of[lane], bytes, lane, Races::Access::Read), bytes);
            for (uint32_t n = 0; n < i.count; n++) {
                w.at<R>(i.slot[n])[lane] = static_cast<R>(values[n]);
            }
        }
    }

    where == Where::Shared ? count_shared(w.block->tally, from, mask, bytes) : count_request(w, i, true, from, mask, bytes);
}

template <class T, class R>
void store(Warp& w, const Instruction& i, uint32_t mask) {
    const auto where = static_cast<Where>(i.target);
    const uint32_t bytes = sizeof(T) * i.count;
    const auto to = addresses(w, i, i.slot[4], mask);
    for (int lane = 0; lane < Lanes; lane++) {
        if (mask >> lane & 1) {
            T values[4];
            for (uint32_t n = 0; n < i.count; n++) {
                values[n] = static_cast<T>(w.at<R>(i.slot[n])[lane]);
            }

            std::memcpy(bytes_at(w, where, to.of[lane], bytes, lane, Races::Access::Write), values, bytes);
        }
    }

    where == Where::Shared ? count_shared(w.block->tally, to, mask, bytes) : count_request(w, i, false, to, mask, bytes);
}

template <class T, class R>
void load_parameter(Warp& w, const Instruction& i, uint32_t mask) {
    for (uint32_t n = 0; n < i.count; n++) {
        T value;
        std::memcpy(&value, w.block->parameters + i.target + n * sizeof(T), sizeof value);
        each_lane(w.at<R>(i.slot[n]), mask, [=](int) { return static_cast<R>(value); });
    }
}

void nothing(Warp&, const Instruction&, uint32_t) {}

template <template <class, class> class With, class T>
Handler into(int bits) { return bits == 16 ? With<T, uint16_t>::run : bits == 32 ? With<T, uint32_t>::run : With<T, uint64_t>::run; }

template <template <class, class> class With>
Handler by_type(Type type, int bits) {
    const bool has_sign = type.is_signed();
    switch (type.bits) {
        case 8: return has_sign ? into<With, int8_t>(bits) : into<With, uint8_t>(bits);
        case 16: return has_sign ? into<With, int16_t>(bits) : into<With, uint16_t>(bits);
        case 32: return has_sign ? into<With, int32_t>(bits) : into<With, uint32_t>(bits);
        default: return With<uint64_t, uint64_t>::run;
    }
}

template <class T, class R> struct Load { static constexpr Handler run = load<T, R>; };
template <class T, class R> struct Store { static constexpr Handler run = store<T, R>; };
template <class T, class R> struct LoadParameter { static constexpr Handler run = load_parameter<T, R>; };

/// What only says how a cache or another processor is to see it, and changes nothing where every access is seen at once.
void take_hints(Coder& c, bool loads) {
    for (const auto* hint : {"volatile", "weak", "relaxed", "cta", "gpu", "sys", "cg", "cs", "L1::evict_normal", "L1::evict_unchanged", "L1::evict_first", "L1::evict_last", "L1::no_allocate"}) {
        c.take(hint);
    }

    for (const auto* hint : {"acquire", "nc", "ca", "lu", "cv", "L2::64B", "L2::128B", "L2::256B"}) {
        if (loads) {
            c.take(hint);
        }
    }

    for (const auto* hint : {"release", "wb", "wt"}) {
        if (!loads) {
            c.take(hint);
        }
    }
}

/// A parameter by its name and a constant offset: its place is known before the kernel runs.
uint32_t parameter_place(Coder& c, const Operand& address, const std::vector<Parameter>& parameters, uint32_t bytes) {
    for (const auto& parameter : parameters) {
        if (parameter.name == address.name) {
            if (address.offset < 0 || address.offset + bytes > parameter.size || (parameter.offset + address.offset) % bytes != 0) {
                c.refuse("it does not lie in the parameter");
            }

            return parameter.offset + static_cast<uint32_t>(address.offset);
        }
    }

    c.refuse("the parameter " + address.name + " is not known");
}

template <bool Loads>
void decode(Coder& c) {
    const Type type = c.type();
    c.require_operands(2);
    const auto& value = c.statement.operands[Loads ? 0 : 1];
    const auto& address = c.statement.operands[Loads ? 1 : 0];
    c.made.count = c.take("v2") ? 2 : c.take("v4") ? 4 : 1;
    const bool parameter = c.take("param");
    const Where where = c.take("global") ? Where::Global : c.take("shared") ? Where::Shared : Where::Generic;
    if (!parameter) {
        take_hints(c, Loads);
    }

    if (type.bytes() * c.made.count > 16 || (value.shape == Operand::Vector) != (c.made.count > 1) || (value.shape == Operand::Vector && value.parts.size() != c.made.count)) {
        c.refuse("its vector has another length");
    }

    int bits = 0;
    for (uint32_t n = 0; n < c.made.count; n++) {
        const auto& part = c.made.count > 1 ? value.parts[n] : value;
        c.made.slot[n] = Loads ? c.destination(part, type, true) : c.source(part, type, true);
        const int own = part.shape == Operand::Sink ? std::max<int>(bits, type.bits) : c.bits_of(part, type);
        if (bits != 0 && own != bits) {
            c.refuse("its registers have different sizes");
        }

        bits = own;
    }

    if (bits == 8) {
        // A constant of eight bits lies as bytes do; it would need handlers of its own.
        c.refuse("a constant of 8 bits is not known");
    }

    const uint32_t bytes = static_cast<uint32_t>(type.bytes()) * c.made.count;
    if (parameter) {
        auto& function = c.places.function();
        if (!Loads && function.is_entry) {
            c.refuse("a kernel does not write its parameters");
        }

        if (address.shape != Operand::Address) {
            c.refuse("an address is missing");
        }

        // Functions are read, and nobody calls them: `call` is not known.
        c.made.target = parameter_place(c, address, Loads ? function.parameters : c.places.results, bytes);
        c.made.run = Loads ? by_type<LoadParameter>(type, bits) : nothing;
        return;
    }

    c.made.slot[4] = c.address(address, bytes);
    c.made.target = static_cast<uint32_t>(where);
    c.made.run = Loads ? by_type<Load>(type, bits) : by_type<Store>(type, bits);
}

void decode_fence(Coder& c) {
    c.require_operands(0);
    c.take("sc");
    c.take("acq_rel");
    if (!c.take("cta") && !c.take("gl") && !c.take("gpu") && !c.take("sys")) {
        c.refuse("its scope is not known");
    }

    c.made.run = nothing;
}

}

void add_memory_instructions(Decoders& all) {
    all["ld"] = decode<true>;
    all["st"] = decode<false>;
    all["fence"] = decode_fence;
    all["membar"] = decode_fence;
}

}
