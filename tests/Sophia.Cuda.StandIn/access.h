#pragma once
#include <cstdio>

#include "warp.h"

namespace standin {

/// The addresses of a request, lane by lane.
struct Addresses {
    uint64_t of[Lanes];
};

inline Addresses addresses(Warp& w, const Instruction& i, uint32_t slot, uint32_t mask) {
    Addresses made;
    const uint64_t* wide = w.at<uint64_t>(slot);
    const uint32_t* narrow = w.at<uint32_t>(slot);
    for (int lane = 0; lane < Lanes; lane++) {
        made.of[lane] = mask >> lane & 1 ? (i.detail & 1 ? narrow[lane] : wide[lane]) + static_cast<uint64_t>(i.offset) : 0;
    }

    return made;
}

/// "The address must be naturally aligned to a multiple of the access size" (PTX ISA 9.7.9.8): CUDA_ERROR_MISALIGNED_ADDRESS.
inline void require_aligned(uint64_t address, uint32_t bytes, int lane) {
    if (address % bytes != 0) {
        char text[96];
        std::snprintf(text, sizeof text, "lane %d: 0x%llx is no multiple of %u bytes", lane, static_cast<unsigned long long>(address), bytes);
        throw KernelFault(716, text);
    }
}

inline uint8_t* global_bytes(Warp& w, uint64_t address, uint32_t bytes, int lane) {
    require_aligned(address, bytes, lane);
    auto& recent = w.block->recent;
    if (address < recent.begin || address + bytes > recent.end) {
        try {
            recent = w.block->space.of(address, bytes);
        } catch (const KernelFault& e) {
            throw KernelFault(e.code, "lane " + std::to_string(lane) + ": " + e.what());
        }
    }

    return reinterpret_cast<uint8_t*>(address + recent.to_host);
}

inline uint8_t* shared_bytes(Warp& w, uint64_t address, uint32_t bytes, int lane, Races::Access access) {
    require_aligned(address, bytes, lane);
    if (address < SharedStart || address >= w.block->shared_bytes || bytes > w.block->shared_bytes - address) {
        char text[128];
        std::snprintf(text, sizeof text, "lane %d: %u bytes at 0x%llx lie outside of the shared memory of %u bytes", lane, bytes, static_cast<unsigned long long>(address - SharedStart),
                      w.block->shared_bytes - SharedStart);
        throw KernelFault(700, text);
    }

    if (w.block->races.saw(static_cast<uint32_t>(address), bytes, w.number, access)) {
        note("kernel " + w.block->function.name + ": warps race for shared memory at " + std::to_string(address - SharedStart));
    }

    return w.block->shared + address;
}

enum class Where : uint32_t { Generic, Global, Shared };

inline uint8_t* bytes_at(Warp& w, Where where, uint64_t address, uint32_t bytes, int lane, Races::Access access) {
    if (where == Where::Shared) {
        return shared_bytes(w, address, bytes, lane, access);
    }

    if (where == Where::Generic && address - SharedWindow < SharedWindowBytes) {
        return shared_bytes(w, address - SharedWindow, bytes, lane, access);
    }

    return global_bytes(w, address, bytes, lane);
}

/// Counts how many sectors and lines the lanes touch together.
void count_request(Warp& w, const Instruction& i, bool loads, const Addresses& addresses, uint32_t mask, uint32_t bytes);

/// How many more cycles than one the request takes: words of the same bank that are not the same word (32 banks of 4 bytes).
void count_shared(Tally& tally, const Addresses& addresses, uint32_t mask, uint32_t bytes);

}
