#include "coder.h"
#include "warp.h"

// Integer arithmetic, PTX ISA 9.7.1.

namespace standin {

namespace {

template <class T> using Wide = std::conditional_t<std::is_signed_v<T>, std::conditional_t<sizeof(T) == 8, __int128, int64_t>, std::conditional_t<sizeof(T) == 8, unsigned __int128, uint64_t>>;
template <class T> using Twice = std::conditional_t<sizeof(T) == 2, std::conditional_t<std::is_signed_v<T>, int32_t, uint32_t>, std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;
template <class T> using Raw = std::make_unsigned_t<T>;

// Sums and products wrap: they are made without sign.
struct Add { template <class T> static T of(T a, T b) { return static_cast<T>(static_cast<Raw<T>>(a) + static_cast<Raw<T>>(b)); } };
struct Sub { template <class T> static T of(T a, T b) { return static_cast<T>(static_cast<Raw<T>>(a) - static_cast<Raw<T>>(b)); } };
struct MulLo { template <class T> static T of(T a, T b) { return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b)); } };
struct MulHi {
    template <class T> static T of(T a, T b) {
        return static_cast<T>((static_cast<Wide<T>>(a) * static_cast<Wide<T>>(b)) >> (sizeof(T) * 8));
    }
};
struct Min { template <class T> static T of(T a, T b) { return a < b ? a : b; } };
struct Max { template <class T> static T of(T a, T b) { return a > b ? a : b; } };
// "Division by zero yields an unspecified, machine-specific value"; the most negative number by -1 wraps.
struct Div {
    template <class T> static T of(T a, T b) {
        return b == 0 ? static_cast<T>(-1) : std::is_signed_v<T> && b == static_cast<T>(-1) ? Sub::of<T>(0, a) : static_cast<T>(a / b);
    }
};
struct Rem { template <class T> static T of(T a, T b) { return b == 0 ? a : std::is_signed_v<T> && b == static_cast<T>(-1) ? T{0} : static_cast<T>(a % b); } };
struct Abs { template <class T> static T of(T a) { return a < 0 ? Sub::of<T>(0, a) : a; } };
struct Neg { template <class T> static T of(T a) { return Sub::of<T>(0, a); } };

template <class F, class T>
void binary(Warp& w, const Instruction& i, uint32_t mask) {
    const T *a = w.at<T>(i.slot[1]), *b = w.at<T>(i.slot[2]);
    each_lane(w.at<T>(i.slot[0]), mask, [=](int l) { return F::template of<T>(a[l], b[l]); });
}

template <class F, class T>
void unary(Warp& w, const Instruction& i, uint32_t mask) {
    const T* a = w.at<T>(i.slot[1]);
    each_lane(w.at<T>(i.slot[0]), mask, [=](int l) { return F::template of<T>(a[l]); });
}

template <class F, class T>
void multiply_add(Warp& w, const Instruction& i, uint32_t mask) {
    const T *a = w.at<T>(i.slot[1]), *b = w.at<T>(i.slot[2]), *c = w.at<T>(i.slot[3]);
    each_lane(w.at<T>(i.slot[0]), mask, [=](int l) { return Add::of<T>(F::template of<T>(a[l], b[l]), c[l]); });
}

template <class T>
void multiply_wide(Warp& w, const Instruction& i, uint32_t mask) {
    using W = Twice<T>;
    const T *a = w.at<T>(i.slot[1]), *b = w.at<T>(i.slot[2]);
    each_lane(w.at<W>(i.slot[0]), mask, [=](int l) { return static_cast<W>(static_cast<W>(a[l]) * static_cast<W>(b[l])); });
}

template <class T>
void multiply_add_wide(Warp& w, const Instruction& i, uint32_t mask) {
    using W = Twice<T>;
    const T *a = w.at<T>(i.slot[1]), *b = w.at<T>(i.slot[2]);
    const W* c = w.at<W>(i.slot[3]);
    each_lane(w.at<W>(i.slot[0]), mask, [=](int l) { return Add::of<W>(static_cast<W>(static_cast<W>(a[l]) * static_cast<W>(b[l])), c[l]); });
}

/// The four bytes of a and b, each by its own sign; 32 bits of the sum (PTX ISA 9.7.1.23).
template <class A, class B>
void dp4a(Warp& w, const Instruction& i, uint32_t mask) {
    const uint32_t *a = w.at<uint32_t>(i.slot[1]), *b = w.at<uint32_t>(i.slot[2]), *c = w.at<uint32_t>(i.slot[3]);
    each_lane(w.at<uint32_t>(i.slot[0]), mask, [=](int l) {
        uint32_t sum = c[l];
        for (int byte = 0; byte < 32; byte += 8) {
            sum += static_cast<uint32_t>(static_cast<int32_t>(static_cast<A>(a[l] >> byte)) * static_cast<int32_t>(static_cast<B>(b[l] >> byte)));
        }

        return sum;
    });
}

template <template <class, class> class With, class F>
Handler by_type(Coder& c, Type type) {
    const bool has_sign = type.is_signed();
    switch (type.is_float() || type.kind == Kind::Bits ? 0 : type.bits) {
        case 16: return has_sign ? With<F, int16_t>::run : With<F, uint16_t>::run;
        case 32: return has_sign ? With<F, int32_t>::run : With<F, uint32_t>::run;
        case 64: return has_sign ? With<F, int64_t>::run : With<F, uint64_t>::run;
        default: c.refuse("its type is not one of integers");
    }
}

template <class F, class T> struct Binary { static constexpr Handler run = binary<F, T>; };
template <class F, class T> struct Unary { static constexpr Handler run = unary<F, T>; };
template <class F, class T> struct Fused { static constexpr Handler run = multiply_add<F, T>; };

void slots(Coder& c, Type result, Type operand, size_t sources) {
    c.require_operands(sources + 1);
    c.made.slot[0] = c.destination(c.statement.operands[0], result);
    for (size_t i = 1; i <= sources; i++) {
        c.made.slot[i] = c.source(c.statement.operands[i], i == 3 ? result : operand);
    }
}

template <class F>
void decode_binary(Coder& c) {
    const Type type = c.type();
    slots(c, type, type, 2);
    c.made.run = by_type<Binary, F>(c, type);
}

template <class F>
void decode_unary(Coder& c) {
    const Type type = c.type();
    slots(c, type, type, 1);
    if (!type.is_signed()) {
        c.refuse("its type has a sign");
    }

    c.made.run = by_type<Unary, F>(c, type);
}

template <bool Adds>
void decode_multiply(Coder& c) {
    const Type type = c.type();
    const size_t sources = Adds ? 3 : 2;
    if (c.take("wide")) {
        if (type.bits > 32 || type.kind == Kind::Bits) {
            c.refuse("a wide product is one of 16 or 32 bits");
        }

        slots(c, {type.kind, static_cast<uint8_t>(type.bits * 2)}, type, sources);
        c.made.run = type.bits == 16 ? (type.is_signed() ? (Adds ? multiply_add_wide<int16_t> : multiply_wide<int16_t>) : (Adds ? multiply_add_wide<uint16_t> : multiply_wide<uint16_t>))
                                     : (type.is_signed() ? (Adds ? multiply_add_wide<int32_t> : multiply_wide<int32_t>) : (Adds ? multiply_add_wide<uint32_t> : multiply_wide<uint32_t>));
        return;
    }

    const bool high = c.take("hi");
    if (!high && !c.take("lo")) {
        c.refuse("it is neither .lo nor .hi nor .wide");
    }

    slots(c, type, type, sources);
    c.made.run = high ? (Adds ? by_type<Fused, MulHi>(c, type) : by_type<Binary, MulHi>(c, type)) : (Adds ? by_type<Fused, MulLo>(c, type) : by_type<Binary, MulLo>(c, type));
}

void decode_dp4a(Coder& c) {
    const Type b = c.type(), a = c.type();
    if (a.bits != 32 || b.bits != 32 || a.is_float() || b.is_float() || a.kind == Kind::Bits || b.kind == Kind::Bits) {
        c.refuse("its types are .s32 or .u32");
    }

    slots(c, {a.is_signed() || b.is_signed() ? Kind::Signed : Kind::Unsigned, 32}, B32, 3);
    c.made.run = a.is_signed() ? (b.is_signed() ? dp4a<int8_t, int8_t> : dp4a<int8_t, uint8_t>) : (b.is_signed() ? dp4a<uint8_t, int8_t> : dp4a<uint8_t, uint8_t>);
}

}

void decode_float_arithmetic(Coder& c);

namespace {

/// Names that integers and floats share go by the type, the last modifier.
template <Decoder Integers>
void either(Coder& c) {
    const auto& modifiers = c.statement.modifiers;
    const auto type = modifiers.empty() ? std::nullopt : type_named(modifiers.back());
    type && type->is_float() ? decode_float_arithmetic(c) : Integers(c);
}

}

void add_integer_instructions(Decoders& all) {
    all["add"] = either<decode_binary<Add>>;
    all["sub"] = either<decode_binary<Sub>>;
    all["mul"] = either<decode_multiply<false>>;
    all["mad"] = either<decode_multiply<true>>;
    all["div"] = either<decode_binary<Div>>;
    all["rem"] = decode_binary<Rem>;
    all["min"] = either<decode_binary<Min>>;
    all["max"] = either<decode_binary<Max>>;
    all["abs"] = either<decode_unary<Abs>>;
    all["neg"] = either<decode_unary<Neg>>;
    all["dp4a"] = decode_dp4a;
}

}
