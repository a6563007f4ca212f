#include <cmath>
#include <cstring>
#include <limits>

#include "coder.h"
#include "half.h"
#include "warp.h"

// cvt, PTX ISA 9.7.9.21. Each lane's value passes through the widest form of its kind; rounding is done once, at the end.

namespace standin {

namespace {

enum Flag : uint32_t { Saturates = 16, RoundsToInteger = 32, Flushes = 64 };

double to_whole(double value, Rounding rounding) {
    return rounding == Rounding::Zero ? std::trunc(value) : rounding == Rounding::Down ? std::floor(value) : rounding == Rounding::Up ? std::ceil(value) : std::nearbyint(value);
}

/// "For float-to-integer conversion, NaN input results in: zero if the source type is not .f64 and the destination type is not .s64, .u64;
/// otherwise 1 << (BitWidth(dstType) - 1)". What does not fit is clamped.
template <class T>
T whole_of(double value, Rounding rounding, bool from_double) {
    if (std::isnan(value)) {
        return from_double || sizeof(T) == 8 ? static_cast<T>(std::make_unsigned_t<T>{1} << (sizeof(T) * 8 - 1)) : T{0};
    }

    const double whole = to_whole(value, rounding);
    const double least = static_cast<double>(std::numeric_limits<T>::min()), beyond = std::ldexp(1.0, static_cast<int>(sizeof(T)) * 8 - std::is_signed_v<T>);
    return whole <= least ? std::numeric_limits<T>::min() : whole >= beyond ? std::numeric_limits<T>::max() : static_cast<T>(whole);
}

template <class T, class From>
T narrowed(From value, bool saturates) {
    if (saturates) {
        using Wide = __int128;
        const Wide wide = value, least = std::numeric_limits<T>::min(), most = std::numeric_limits<T>::max();
        return static_cast<T>(wide < least ? least : wide > most ? most : wide);
    }

    return static_cast<T>(value);
}

/// An integer to a float of 32 bits with one rounding: 64 bits do not pass through a double unharmed.
template <class T>
float whole_to_float(T value, Rounding rounding) {
    if (rounding == Rounding::Nearest) {
        return static_cast<float>(value);
    }

    // The bits that a double cannot hold only matter as "some": they stay as the lowest one.
    if constexpr (sizeof(T) == 8) {
        if (value > (T{1} << 53) || (std::is_signed_v<T> && value < -(T{1} << 52))) {
            const T low = value & 1023;
            value = static_cast<T>(value - low + (low != 0 ? 512 : 0));
        }
    }

    return double_to_float(static_cast<double>(value), rounding);
}

template <class From, class To>
void integers(Warp& w, const Instruction& i, uint32_t mask) {
    const bool saturates = i.detail & Saturates;
    const auto source_bytes = i.slot[2], target_bytes = i.slot[3];
    const uint8_t* a = w.at<uint8_t>(i.slot[1]);
    uint8_t* d = w.at<uint8_t>(i.slot[0]);
    if (!saturates && source_bytes == sizeof(From) && target_bytes == sizeof(To)) {
        const From* from = reinterpret_cast<const From*>(a);
        each_lane(reinterpret_cast<To*>(d), mask, [=](int l) { return static_cast<To>(from[l]); });
        return;
    }

    for (int lane = 0; lane < Lanes; lane++) {
        if (mask >> lane & 1) {
            From value;
            std::memcpy(&value, a + lane * source_bytes, sizeof value);
            // A register with more bits is filled by the sign, or by zeros (9.4.1).
            const To made = narrowed<To>(value, saturates);
            const int64_t wide = static_cast<int64_t>(made);
            std::memcpy(d + lane * target_bytes, &wide, target_bytes);
        }
    }
}

template <class To>
void to_integer(Warp& w, const Instruction& i, uint32_t mask) {
    const auto bytes = i.slot[2], target_bytes = i.slot[3];
    const auto rounding = static_cast<Rounding>(i.detail & 3);
    for (int lane = 0; lane < Lanes; lane++) {
        if (mask >> lane & 1) {
            double value = bytes == 2 ? half_to_double(w.at<uint16_t>(i.slot[1])[lane]) : bytes == 4 ? w.at<float>(i.slot[1])[lane] : w.at<double>(i.slot[1])[lane];
            if (i.detail & Flushes && bytes == 4 && std::fabs(value) < std::numeric_limits<float>::min()) {
                value = std::copysign(0.0, value);
            }

            const int64_t wide = static_cast<int64_t>(whole_of<To>(value, rounding, bytes == 8));
            std::memcpy(w.at<uint8_t>(i.slot[0]) + lane * target_bytes, &wide, target_bytes);
        }
    }
}

void write_float(Warp& w, const Instruction& i, int lane, double value) {
    const auto rounding = static_cast<Rounding>(i.detail & 3);
    if (i.detail & Saturates) {
        value = value > 0 ? std::min(value, 1.0) : 0;
    }

    if (i.slot[3] == 2) {
        w.at<uint16_t>(i.slot[0])[lane] = double_to_half(value, rounding);
    } else if (i.slot[3] == 4) {
        float made = double_to_float(value, rounding);
        if (i.detail & Flushes && std::fpclassify(made) == FP_SUBNORMAL) {
            made = std::copysign(0.0f, made);
        }

        w.at<float>(i.slot[0])[lane] = made;
    } else {
        w.at<double>(i.slot[0])[lane] = value;
    }
}

template <class From>
void from_integer(Warp& w, const Instruction& i, uint32_t mask) {
    const auto bytes = i.slot[2];
    for (int lane = 0; lane < Lanes; lane++) {
        if (mask >> lane & 1) {
            From value;
            std::memcpy(&value, w.at<uint8_t>(i.slot[1]) + lane * bytes, sizeof value);
            if (i.slot[3] == 4 && !(i.detail & Saturates)) {
                w.at<float>(i.slot[0])[lane] = whole_to_float(value, static_cast<Rounding>(i.detail & 3));
            } else {
                write_float(w, i, lane, static_cast<double>(value));
            }
        }
    }
}

void floats(Warp& w, const Instruction& i, uint32_t mask) {
    const auto bytes = i.slot[2];
    for (int lane = 0; lane < Lanes; lane++) {
        if (mask >> lane & 1) {
            double value = bytes == 2 ? half_to_double(w.at<uint16_t>(i.slot[1])[lane]) : bytes == 4 ? w.at<float>(i.slot[1])[lane] : w.at<double>(i.slot[1])[lane];
            if (i.detail & Flushes && bytes == 4 && std::fabs(value) < std::numeric_limits<float>::min()) {
                value = std::copysign(0.0, value);
            }

            if (i.detail & RoundsToInteger) {
                value = to_whole(value, static_cast<Rounding>(i.detail & 3));
            }

            write_float(w, i, lane, value);
        }
    }
}

template <class From>
Handler to_type(Type to) {
    switch (to.bits) {
        case 8: return to.is_signed() ? integers<From, int8_t> : integers<From, uint8_t>;
        case 16: return to.is_signed() ? integers<From, int16_t> : integers<From, uint16_t>;
        case 32: return to.is_signed() ? integers<From, int32_t> : integers<From, uint32_t>;
        default: return to.is_signed() ? integers<From, int64_t> : integers<From, uint64_t>;
    }
}

template <template <class> class With>
Handler by_integer(Type type) {
    switch (type.bits) {
        case 8: return type.is_signed() ? With<int8_t>::run : With<uint8_t>::run;
        case 16: return type.is_signed() ? With<int16_t>::run : With<uint16_t>::run;
        case 32: return type.is_signed() ? With<int32_t>::run : With<uint32_t>::run;
        default: return type.is_signed() ? With<int64_t>::run : With<uint64_t>::run;
    }
}

template <class T> struct ToInteger { static constexpr Handler run = to_integer<T>; };
template <class T> struct FromInteger { static constexpr Handler run = from_integer<T>; };

Handler between_integers(Type from, Type to) {
    switch (from.bits) {
        case 8: return from.is_signed() ? to_type<int8_t>(to) : to_type<uint8_t>(to);
        case 16: return from.is_signed() ? to_type<int16_t>(to) : to_type<uint16_t>(to);
        case 32: return from.is_signed() ? to_type<int32_t>(to) : to_type<uint32_t>(to);
        default: return from.is_signed() ? to_type<int64_t>(to) : to_type<uint64_t>(to);
    }
}

void decode_cvt(Coder& c) {
    const Type from = c.type(), to = c.type();
    c.require_operands(2);
    if (from.kind == Kind::Bits || to.kind == Kind::Bits) {
        c.refuse("bits are not converted");
    }

    int rounding = -1;
    bool whole = false;
    const char* const names[] = {"rn", "rz", "rm", "rp"};
    for (int n = 0; n < 4; n++) {
        if (c.take(names[n])) {
            rounding = n;
        } else if (c.take(std::string(names[n]) + "i")) {
            rounding = n;
            whole = true;
        }
    }

    const bool flushes = c.take("ftz"), saturates = c.take("sat");
    c.made.detail = static_cast<uint32_t>(std::max(rounding, 0)) | (saturates ? Saturates : 0u) | (whole ? RoundsToInteger : 0u) | (flushes ? Flushes : 0u);

    // Which conversions must say how they round, and which must not.
    const bool narrows = to.is_float() && (from.is_float() ? from.bits > to.bits : true);
    const bool wants_whole = from.is_float() && !to.is_float();
    const bool may_whole = from.is_float() && to.is_float() && from.bits == to.bits;
    if (narrows && (rounding < 0 || whole)) {
        c.refuse("it must round by .rn, .rz, .rm or .rp");
    }

    if (!from.is_float() && to == Type{Kind::Float, 64} && from.bits == 64 && rounding > 0) {
        c.refuse("the stand-in makes doubles of 64-bit integers to the nearest only");
    }

    if (wants_whole && !whole) {
        c.refuse("it must round by .rni, .rzi, .rmi or .rpi");
    }

    if (rounding >= 0 && !narrows && !wants_whole && !(may_whole && whole)) {
        c.refuse("it does not round");
    }

    if (flushes && from != Type{Kind::Float, 32} && to != Type{Kind::Float, 32}) {
        c.refuse("only .f32 is flushed");
    }

    const auto& operands = c.statement.operands;
    c.made.slot[0] = c.destination(operands[0], to, !to.is_float());
    c.made.slot[1] = c.source(operands[1], from, !from.is_float());
    c.made.slot[2] = static_cast<uint32_t>(c.bits_of(operands[1], from)) / 8;
    c.made.slot[3] = static_cast<uint32_t>(c.bits_of(operands[0], to)) / 8;
    c.made.run = from.is_float() ? (to.is_float() ? floats : by_integer<ToInteger>(to)) : to.is_float() ? by_integer<FromInteger>(from) : between_integers(from, to);
}

}

void add_conversions(Decoders& all) { all["cvt"] = decode_cvt; }

}
