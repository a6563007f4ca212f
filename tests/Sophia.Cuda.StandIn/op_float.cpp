#include <cmath>
#include <cstring>
#include <limits>

#include "coder.h"
#include "warp.h"

// Floating point arithmetic, PTX ISA 9.7.3: IEEE 754 to the nearest even; other roundings are not known to the stand-in.

namespace standin {

namespace {

/// "Single-precision instructions return an unspecified NaN": this is the one that devices give.
template <class T>
T settled(T value) {
    if constexpr (sizeof(T) == 4) {
        if (std::isnan(value)) {
            const uint32_t bits = 0x7fffffff;
            std::memcpy(&value, &bits, 4);
        }
    }

    return value;
}

template <class T> T flushed(T value) { return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(T{0}, value) : value; }

struct Add { template <class T> static T of(T a, T b) { return a + b; } };
struct Sub { template <class T> static T of(T a, T b) { return a - b; } };
struct Mul { template <class T> static T of(T a, T b) { return a * b; } };
struct Div { template <class T> static T of(T a, T b) { return a / b; } };
// 9.7.3.11: of a NaN and a number the number; -0 is less than +0.
struct Min { template <class T> static T of(T a, T b) { return std::isnan(a) ? b : std::isnan(b) ? a : a == b ? (std::signbit(a) ? a : b) : a < b ? a : b; } };
struct Max { template <class T> static T of(T a, T b) { return std::isnan(a) ? b : std::isnan(b) ? a : a == b ? (std::signbit(a) ? b : a) : a > b ? a : b; } };
struct Abs { template <class T> static T of(T a) { return std::fabs(a); } };
struct Neg { template <class T> static T of(T a) { return -a; } };
struct Sqrt { template <class T> static T of(T a) { return std::sqrt(a); } };
struct Rcp { template <class T> static T of(T a) { return T{1} / a; } };
struct Rsqrt { template <class T> static T of(T a) { return static_cast<T>(1 / std::sqrt(static_cast<double>(a))); } };
struct Ex2 { template <class T> static T of(T a) { return static_cast<T>(std::exp2(static_cast<double>(a))); } };
struct Lg2 { template <class T> static T of(T a) { return static_cast<T>(std::log2(static_cast<double>(a))); } };
struct Sin { template <class T> static T of(T a) { return static_cast<T>(std::sin(static_cast<double>(a))); } };
struct Cos { template <class T> static T of(T a) { return static_cast<T>(std::cos(static_cast<double>(a))); } };
struct Tanh { template <class T> static T of(T a) { return static_cast<T>(std::tanh(static_cast<double>(a))); } };

enum Extra : uint32_t { None = 0, Flush = 1, Saturate = 2, MaxNan = 4 };

template <class T>
T finished(T value, uint32_t extra) {
    value = settled(value);
    value = extra & Flush ? flushed(value) : value;
    return extra & Saturate ? (value > 0 ? (value < 1 ? value : T{1}) : T{0}) : value;
}

template <class T> T begun(T value, uint32_t extra) { return extra & Flush ? flushed(value) : value; }

template <class F, class T>
void binary(Warp& w, const Instruction& i, uint32_t mask) {
    const T *a = w.at<T>(i.slot[1]), *b = w.at<T>(i.slot[2]);
    if (i.detail == None) {
        each_lane(w.at<T>(i.slot[0]), mask, [=](int l) { return settled(F::template of<T>(a[l], b[l])); });
        return;
    }

    const uint32_t extra = i.detail;
    each_lane(w.at<T>(i.slot[0]), mask, [=](int l) {
        const T value = F::template of<T>(begun(a[l], extra), begun(b[l], extra));
        return extra & MaxNan && (std::isnan(a[l]) || std::isnan(b[l])) ? settled(std::numeric_limits<T>::quiet_NaN()) : finished(value, extra);
    });
}

template <class F, class T>
void unary(Warp& w, const Instruction& i, uint32_t mask) {
    const T* a = w.at<T>(i.slot[1]);
    const uint32_t extra = i.detail;
    each_lane(w.at<T>(i.slot[0]), mask, [=](int l) { return finished(F::template of<T>(begun(a[l], extra)), extra); });
}

/// One rounding, after the sum (9.7.3.6).
template <class T>
void fused(Warp& w, const Instruction& i, uint32_t mask) {
    const T *a = w.at<T>(i.slot[1]), *b = w.at<T>(i.slot[2]), *c = w.at<T>(i.slot[3]);
    if (i.detail == None) {
        each_lane(w.at<T>(i.slot[0]), mask, [=](int l) { return settled(std::fma(a[l], b[l], c[l])); });
        return;
    }

    const uint32_t extra = i.detail;
    each_lane(w.at<T>(i.slot[0]), mask, [=](int l) { return finished(std::fma(begun(a[l], extra), begun(b[l], extra), begun(c[l], extra)), extra); });
}

struct Known {
    const char* name;
    size_t sources;
    Handler single, wide;
    /// Without .rn it would be to the nearest all the same (add, sub, mul); div, sqrt, rcp and fma must say how they round.
    bool must_round;
    bool may_round;
    bool may_approximate;
};

const Known s_known[] = {
    {"add", 2, binary<Add, float>, binary<Add, double>, false, true, false},
    {"sub", 2, binary<Sub, float>, binary<Sub, double>, false, true, false},
    {"mul", 2, binary<Mul, float>, binary<Mul, double>, false, true, false},
    {"div", 2, binary<Div, float>, binary<Div, double>, true, true, true},
    {"fma", 3, fused<float>, fused<double>, true, true, false},
    {"mad", 3, fused<float>, fused<double>, true, true, false},
    {"min", 2, binary<Min, float>, binary<Min, double>, false, false, false},
    {"max", 2, binary<Max, float>, binary<Max, double>, false, false, false},
    {"abs", 1, unary<Abs, float>, unary<Abs, double>, false, false, false},
    {"neg", 1, unary<Neg, float>, unary<Neg, double>, false, false, false},
    {"sqrt", 1, unary<Sqrt, float>, unary<Sqrt, double>, true, true, true},
    {"rcp", 1, unary<Rcp, float>, unary<Rcp, double>, true, true, true},
    {"rsqrt", 1, unary<Rsqrt, float>, unary<Rsqrt, double>, true, false, true},
    {"ex2", 1, unary<Ex2, float>, nullptr, true, false, true},
    {"lg2", 1, unary<Lg2, float>, nullptr, true, false, true},
    {"sin", 1, unary<Sin, float>, nullptr, true, false, true},
    {"cos", 1, unary<Cos, float>, nullptr, true, false, true},
    {"tanh", 1, unary<Tanh, float>, nullptr, true, false, true},
};

}

void decode_float_arithmetic(Coder& c) {
    const Type type = c.type();
    for (const auto& known : s_known) {
        if (c.statement.opcode != known.name) {
            continue;
        }

        const bool rounds = known.may_round && c.take("rn");
        // Approximations are made exactly: the ISA allows an error, and demands none.
        const bool approximates = !rounds && known.may_approximate && (c.take("approx") || (c.statement.opcode == "div" && c.take("full")));
        if (known.must_round && !rounds && !approximates) {
            c.refuse("it does not say how it rounds, or in a way that is not known");
        }

        const bool flushes = c.take("ftz");
        const bool saturates = known.may_round && known.sources != 1 && c.statement.opcode != "div" && c.take("sat");
        const bool gives_nan = (c.statement.opcode == "min" || c.statement.opcode == "max") && c.take("NaN");
        c.made.detail = (flushes ? Flush : None) | (saturates ? Saturate : None) | (gives_nan ? MaxNan : None);
        c.made.run = type == Type{Kind::Float, 32} ? known.single : type == Type{Kind::Float, 64} && !(flushes || saturates) ? known.wide : nullptr;
        if (c.made.run == nullptr) {
            c.refuse("its type is not known");
        }

        c.require_operands(known.sources + 1);
        c.made.slot[0] = c.destination(c.statement.operands[0], type);
        for (size_t i = 1; i <= known.sources; i++) {
            c.made.slot[i] = c.source(c.statement.operands[i], type);
        }

        return;
    }

    c.refuse("the instruction is not known");
}

void add_float_instructions(Decoders& all) {
    for (const auto* name : {"fma", "sqrt", "rcp", "rsqrt", "ex2", "lg2", "sin", "cos", "tanh"}) {
        all[name] = decode_float_arithmetic;
    }
}

}
