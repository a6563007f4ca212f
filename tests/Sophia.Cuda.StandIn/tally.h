#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "module.h"

namespace standin {

/// What the lanes of a kernel asked of memory. A sector has 32 bytes and a line 128 (CUDA C++ Best Practices Guide, coalesced access).
struct Requests {
    uint64_t requests = 0;
    uint64_t bytes = 0;
    uint64_t sectors = 0;
    uint64_t lines = 0;

    void add(const Requests& other);
};

/// What one run of a kernel did.
struct Tally {
    explicit Tally(size_t instructions) : executed(instructions), requests(instructions) {}

    /// Per instruction: how often a warp ran it.
    std::vector<uint64_t> executed;
    /// Per instruction: what it asked of global memory.
    std::vector<Requests> requests;
    Requests loads, stores;
    uint64_t shared_requests = 0;
    uint64_t bank_conflicts = 0;
    uint64_t atomics = 0;
    uint64_t divergent_branches = 0;
    uint64_t barriers = 0;

    void add(const Tally& other);
};

/// Of all kernels of this process, since the last reset.
void count_launch(const Function& function, uint64_t blocks, uint64_t threads, const Tally& tally);

/// On stderr, and into the file STANDIN_CUDA_LOG: a test's runner may keep stderr to itself.
void say(const std::string& what);

/// Something the program did that works here and need not on a device: it is said once on stderr, and counted.
void note(const std::string& what);

std::string counts_as_json();
void reset_counts();

}
