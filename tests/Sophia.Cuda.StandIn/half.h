#pragma once
#include <cstdint>

namespace standin {

/// How a value that lies between two is made one of them (PTX ISA 9.7.2): to the nearest even, to zero, down, up.
enum class Rounding : uint32_t { Nearest, Zero, Down, Up };

/// IEEE 754 binary16, by its bits.
double half_to_double(uint16_t half);
uint16_t double_to_half(double value, Rounding rounding);
float double_to_float(double value, Rounding rounding);

}
