#include <algorithm>
#include <cmath>

#include "access.h"
#include "coder.h"

// atom and red, PTX ISA 9.7.13.5 and 9.7.13.7. Blocks may run beside each other: each is one exchange of the processor.

namespace standin {

namespace {

struct Add {
    template <class T> static T of(T old, T b, T) {
        if constexpr (std::is_integral_v<T>) {
            return static_cast<T>(static_cast<std::make_unsigned_t<T>>(old) + static_cast<std::make_unsigned_t<T>>(b));
        } else {
            return old + b;
        }
    }
};
/// "atom.add.f32 on global memory flushes subnormal inputs and results to sign-preserving zero".
struct AddFlushed {
    template <class T> static T of(T old, T b, T) {
        const auto flushed = [](T x) { return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(T{0}, x) : x; };
        return flushed(flushed(old) + flushed(b));
    }
};
struct And { template <class T> static T of(T old, T b, T) { return old & b; } };
struct Or { template <class T> static T of(T old, T b, T) { return old | b; } };
struct Xor { template <class T> static T of(T old, T b, T) { return old ^ b; } };
struct Min { template <class T> static T of(T old, T b, T) { return old < b ? old : b; } };
struct Max { template <class T> static T of(T old, T b, T) { return old > b ? old : b; } };
struct Exchange { template <class T> static T of(T, T b, T) { return b; } };
struct Cas { template <class T> static T of(T old, T b, T c) { return old == b ? c : old; } };
struct Inc { template <class T> static T of(T old, T b, T) { return old >= b ? T{0} : static_cast<T>(old + 1); } };
struct Dec { template <class T> static T of(T old, T b, T) { return old == 0 || old > b ? b : static_cast<T>(old - 1); } };

template <class F, class T>
void atomic(Warp& w, const Instruction& i, uint32_t mask) {
    using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
    const auto where = static_cast<Where>(i.target);
    const auto to = addresses(w, i, i.slot[3], mask);
    const T *b = w.at<T>(i.slot[1]), *c = w.at<T>(i.slot[2]);
    for (int lane = 0; lane < Lanes; lane++) {
        if (mask >> lane & 1) {
            auto* place = reinterpret_cast<Bits*>(bytes_at(w, where, to.of[lane], sizeof(T), lane, Races::Access::Atomic));
            Bits seen = __atomic_load_n(place, __ATOMIC_SEQ_CST), wanted;
            T old;
            do {
                std::memcpy(&old, &seen, sizeof old);
                const T made = F::template of<T>(old, b[lane], c[lane]);
                std::memcpy(&wanted, &made, sizeof made);
            } while (!__atomic_compare_exchange_n(place, &seen, wanted, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
            if (i.slot[0] != 0) {
                w.at<T>(i.slot[0])[lane] = old;
            }
        }
    }

    w.block->tally.atomics += static_cast<uint64_t>(__builtin_popcount(mask));
}

template <class F, bool HasSign, bool Narrow = true>
Handler integers(Type type) {
    if (type.bits == 32 && Narrow) {
        return HasSign && type.is_signed() ? atomic<F, int32_t> : atomic<F, uint32_t>;
    }

    return type.bits == 64 ? (HasSign && type.is_signed() ? atomic<F, int64_t> : atomic<F, uint64_t>) : nullptr;
}

Handler handler_of(Coder& c, Type type, Where where) {
    const bool bits = type.kind == Kind::Bits;
    if (c.take("add")) {
        // Of 64-bit integers .u64 only; .s64 is none of its types.
        return type == Type{Kind::Float, 32} ? (where == Where::Shared ? atomic<Add, float> : atomic<AddFlushed, float>)
            : type == Type{Kind::Float, 64}  ? atomic<Add, double>
            : bits || (type.bits == 64 && type.is_signed()) ? nullptr
                                                            : integers<Add, true>(type);
    }

    if (type.is_float()) {
        return nullptr;
    }

    if (c.take("min")) {
        return bits ? nullptr : integers<Min, true>(type);
    }

    if (c.take("max")) {
        return bits ? nullptr : integers<Max, true>(type);
    }

    if (c.take("inc")) {
        return type == Type{Kind::Unsigned, 32} ? atomic<Inc, uint32_t> : nullptr;
    }

    if (c.take("dec")) {
        return type == Type{Kind::Unsigned, 32} ? atomic<Dec, uint32_t> : nullptr;
    }

    return !bits            ? nullptr
        : c.take("and")     ? integers<And, false>(type)
        : c.take("or")      ? integers<Or, false>(type)
        : c.take("xor")     ? integers<Xor, false>(type)
        : c.take("exch")    ? integers<Exchange, false>(type)
        : c.take("cas")     ? integers<Cas, false>(type)
                            : nullptr;
}

template <bool Returns>
void decode(Coder& c) {
    const auto& modifiers = c.statement.modifiers;
    const bool compares = std::find(modifiers.begin(), modifiers.end(), "cas") != modifiers.end();
    const Type type = c.type();
    const Where where = c.take("global") ? Where::Global : c.take("shared") ? Where::Shared : Where::Generic;
    for (const auto* order : {"relaxed", "acquire", "release", "acq_rel", "cta", "gpu", "sys"}) {
        c.take(order);
    }

    const size_t first = Returns ? 1 : 0;
    c.made.run = !Returns && compares ? nullptr : handler_of(c, type, where);
    if (c.made.run == nullptr) {
        c.refuse("its operation is not known for its type");
    }

    c.require_operands(first + (compares ? 3 : 2));
    const auto& operands = c.statement.operands;
    c.made.slot[0] = Returns ? c.destination(operands[0], type) : 0;
    c.made.slot[3] = c.address(operands[first], static_cast<uint32_t>(type.bytes()));
    c.made.slot[1] = c.source(operands[first + 1], type);
    c.made.slot[2] = compares ? c.source(operands[first + 2], type) : c.made.slot[1];
    c.made.target = static_cast<uint32_t>(where);
}

}

void add_atomics(Decoders& all) {
    all["atom"] = decode<true>;
    all["red"] = decode<false>;
}

}
