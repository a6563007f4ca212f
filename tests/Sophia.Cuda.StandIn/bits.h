#pragma once
#include <initializer_list>

#include "coder.h"

namespace standin {

/// The destination and the sources, of these types in their order.
void take_slots(Coder& c, std::initializer_list<Type> types);

/// The instruction's type, which is one of bits of one of these widths.
Type bits_type(Coder& c, std::initializer_list<int> widths);

}
