#pragma once
#include <cstdint>
#include <cstring>
#include <string>

#include "module.h"
#include "races.h"
#include "space.h"
#include "tally.h"

namespace standin {

struct Dimensions {
    uint32_t x, y, z;
    uint64_t volume() const { return uint64_t{x} * y * z; }
};

/// A block that runs: what its warps share.
struct Block {
    const Function& function;
    const Space& space;
    const uint8_t* parameters;
    Tally& tally;
    uint8_t* shared;
    uint32_t shared_bytes;
    Races& races;
    Dimensions grid, size, index;
    /// The range that was touched last: most requests are for the same one.
    Range recent{0, 0, 0};
};

/// 32 lanes, each with its own place in the program (PTX ISA 3.1, independent thread scheduling since sm_70).
struct Warp {
    enum class Stop { Exited, Barrier, Slice, Stuck };

    uint8_t* file;
    Block* block;
    uint32_t number;
    uint32_t pc[Lanes];
    /// Lanes that have not exited.
    uint32_t live;
    /// Of those, which wait for others of their warp, and which for the block.
    uint32_t gathering, at_barrier;
    uint32_t lanes;
    uint32_t barrier_id;
    /// Lanes with this turn or a later one go on next.
    uint32_t turn;
    /// Instructions that were run in all; a warp that makes no progress is seen by it.
    uint64_t progress;

    template <class T>
    T* at(uint32_t slot) { return reinterpret_cast<T*>(file + slot); }

    uint32_t& predicate(uint32_t slot) { return *reinterpret_cast<uint32_t*>(file + slot); }

    void begin(uint8_t* file, Block& block, uint32_t number);

    /// Until all lanes have exited or wait, or for so many instructions.
    Stop run(uint64_t slice);
    void pass_barrier();
    std::string where() const;

private:
    void arrive(const Instruction& instruction, uint32_t at, uint32_t mask);
    void release_gathered();
    bool gather_now(const Instruction& instruction, uint32_t mask, uint32_t& members);
    void arrive_at_barrier(const Instruction& instruction, uint32_t at, uint32_t mask);
    uint32_t choose(uint32_t runnable, uint32_t after, uint32_t& limit) const;
    [[noreturn]] void fault(int code, uint32_t at, const std::string& why) const;
};

/// Applies to all active lanes what is done to one. In full warps without a condition, so that it becomes vector code.
template <class T, class F>
inline void each_lane(T* target, uint32_t mask, F value) {
    if (mask == AllLanes) {
#pragma GCC ivdep
        for (int lane = 0; lane < Lanes; lane++) {
            target[lane] = value(lane);
        }
    } else {
        for (int lane = 0; lane < Lanes; lane++) {
            if (mask >> lane & 1) {
                target[lane] = value(lane);
            }
        }
    }
}

}
