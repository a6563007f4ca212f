#pragma once
#include <cstdint>
#include <string>

namespace standin {

constexpr int Hangs = -1;

/// Whether this call of the function is the one that is to fail, and how; 0: not this one.
int fault_due(const char* function);

void ask_for_fault(const std::string& function, int code, int after);

/// Grows with each `standin_heal`: what hangs since before goes on.
uint64_t healings();

/// An error of a kernel, after which the context takes no calls ("the process must be terminated and relaunched", cudaError_enum).
bool is_lasting(int code);

}
