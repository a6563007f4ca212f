#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "types.h"

namespace standin {

/// A range of addresses that a kernel may touch, and where its bytes are in this process.
struct Range {
    uint64_t begin;
    uint64_t end;
    /// What is added to an address.
    uint64_t to_host;
};

/// All that one device may touch while a kernel runs: its own allocations, mapped host memory, peers. Sorted by address.
class Space {
public:
    explicit Space(std::vector<Range> ranges);

    /// Throws KernelFault 700 where no allocation holds all of the bytes.
    const Range& of(uint64_t address, uint64_t bytes) const;

private:
    std::vector<Range> ranges_;
};

}
