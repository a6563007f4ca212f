#include "half.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace standin {

namespace {

/// A value to so many significant bits, none below 2^least; what is too great is infinite, or the greatest where rounding goes the other way.
double rounded(double value, int precision, int least, double greatest, Rounding rounding) {
    if (std::isnan(value) || std::isinf(value) || value == 0) {
        return value;
    }

    int exponent;
    std::frexp(value, &exponent);
    const int unit = std::max(exponent - precision, least);
    const double scaled = std::ldexp(value, -unit);
    const double whole = rounding == Rounding::Zero ? std::trunc(scaled) : rounding == Rounding::Down ? std::floor(scaled) : rounding == Rounding::Up ? std::ceil(scaled) : std::nearbyint(scaled);
    const double made = std::copysign(std::ldexp(whole, unit), value);
    if (std::fabs(made) <= greatest) {
        return made;
    }

    const bool stays = rounding == Rounding::Zero || (rounding == Rounding::Down && value > 0) || (rounding == Rounding::Up && value < 0);
    return std::copysign(stays ? greatest : std::numeric_limits<double>::infinity(), value);
}

}

double half_to_double(uint16_t half) {
    const int exponent = half >> 10 & 31, fraction = half & 1023;
    const double size = exponent == 31 ? (fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN())
        : exponent == 0                ? std::ldexp(fraction, -24)
                                       : std::ldexp(1024 + fraction, exponent - 25);
    return half & 0x8000 ? -size : size;
}

uint16_t double_to_half(double value, Rounding rounding) {
    if (std::isnan(value)) {
        // The canonical NaN of .f16.
        return 0x7fff;
    }

    const double made = std::fabs(rounded(value, 11, -24, 65504, rounding));
    const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
    if (std::isinf(made)) {
        return sign | 0x7c00;
    }

    if (made < std::ldexp(1, -14)) {
        return static_cast<uint16_t>(sign | static_cast<int>(std::ldexp(made, 24)));
    }

    int exponent;
    const double fraction = std::frexp(made, &exponent);
    return static_cast<uint16_t>(sign | (exponent + 14) << 10 | (static_cast<int>(std::ldexp(fraction, 11)) - 1024));
}

float double_to_float(double value, Rounding rounding) {
    if (std::isnan(value)) {
        const uint32_t bits = 0x7fffffff;
        float nan;
        std::memcpy(&nan, &bits, 4);
        return nan;
    }

    return rounding == Rounding::Nearest ? static_cast<float>(value) : static_cast<float>(rounded(value, 24, -149, std::numeric_limits<float>::max(), rounding));
}

}
