#pragma once
#include <cstdint>
#include <vector>

#include "warp.h"

namespace standin {

struct Launch {
    const Function* function;
    Dimensions grid, block;
    uint32_t dynamic_shared;
    std::vector<uint8_t> parameters;
};

/// Runs all blocks of a kernel, and counts. Throws KernelFault. STANDIN_CUDA_THREADS: over how many threads; 1 without it.
/// STANDIN_CUDA_SEED: blocks, and the turns of warps and lanes, come in an order that is made of it: none is promised (PTX ISA 3.1).
void run_grid(const Launch& launch, const Space& space);

}
