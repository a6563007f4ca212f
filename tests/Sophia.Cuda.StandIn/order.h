#pragma once
#include <cstdint>
#include <vector>

#include "module.h"

namespace standin {

/// The turn of each instruction among lanes that have parted: those at the least one go on, so that they meet again where a compiler
/// would let them (behind both sides of a branch; behind a loop). Without it lanes that a jump takes backwards would run ahead.
std::vector<uint32_t> turns_of(const std::vector<Instruction>& code);

}
