#include "warp.h"

namespace standin {

// Instructions with a member mask (PTX ISA 9.7.9: shfl.sync, vote.sync, bar.warp.sync): "causes the executing thread to wait until all non-exited
// threads corresponding to membermask have executed [it] with the same qualifiers and same membermask value". Of `.aligned` ones all threads of
// the warp must execute the same instruction.

namespace {

uint32_t members_of(Warp& warp, const Instruction& instruction, int lane) {
    return instruction.members < 0 ? AllLanes : warp.at<uint32_t>(static_cast<uint32_t>(instruction.members))[lane];
}

}

/// Whether the lanes that come are all that are waited for: then nobody needs to stop.
bool Warp::gather_now(const Instruction& instruction, uint32_t mask, uint32_t& members) {
    members = members_of(*this, instruction, __builtin_ctz(mask));
    if (instruction.members < 0) {
        return mask == AllLanes;
    }

    const auto* each = at<uint32_t>(static_cast<uint32_t>(instruction.members));
    for (int lane = 0; lane < Lanes; lane++) {
        if ((mask >> lane & 1) && each[lane] != members) {
            return false;
        }
    }

    return (members & live) == mask;
}

void Warp::arrive(const Instruction& instruction, uint32_t at, uint32_t mask) {
    for (int lane = 0; lane < Lanes; lane++) {
        if ((mask >> lane & 1) && !(members_of(*this, instruction, lane) >> lane & 1)) {
            fault(719, at, "lane " + std::to_string(lane) + " is not in its own member mask");
        }
    }

    for (int lane = 0; lane < Lanes; lane++) {
        if (mask >> lane & 1) {
            pc[lane] = at;
        }
    }

    gathering |= mask;
    release_gathered();
}

void Warp::release_gathered() {
    const auto* code = block->function.code.data();
    for (uint32_t left = gathering; left != 0;) {
        const int first = __builtin_ctz(left);
        const uint32_t place = pc[first];
        const auto& instruction = code[place];
        const uint32_t members = members_of(*this, instruction, first);
        uint32_t here = 0;
        for (int lane = 0; lane < Lanes; lane++) {
            const bool waits = left >> lane & 1;
            const bool same = waits && (pc[lane] == place || (instruction.any_place && code[pc[lane]].any_place));
            here |= same && members_of(*this, code[pc[lane]], lane) == members ? 1u << lane : 0;
        }

        left &= ~here;
        if (instruction.members < 0 && live != AllLanes) {
            fault(719, place, "some lanes of the warp have exited or never were, and all must execute it (.aligned)");
        }

        if ((members & live & ~here) != 0) {
            continue;
        }

        gathering &= ~here;
        if (instruction.run != nullptr) {
            try {
                instruction.run(*this, instruction, here);
            } catch (const KernelFault& e) {
                fault(e.code, place, e.what());
            }
        }

        for (int lane = 0; lane < Lanes; lane++) {
            pc[lane] += here >> lane & 1;
        }
    }
}

// PTX ISA 9.7.13.1: bar.sync is barrier.sync.aligned: all threads of the warp must execute the same one; those that have exited are not waited for.
void Warp::arrive_at_barrier(const Instruction& instruction, uint32_t place, uint32_t mask) {
    const auto* ids = at<uint32_t>(instruction.slot[0]);
    for (int lane = 0; lane < Lanes; lane++) {
        if (mask >> lane & 1) {
            if (ids[lane] > 15) {
                fault(719, place, "a barrier's number is above 15");
            }

            if (at_barrier != 0 && (barrier_id != ids[lane] || pc[__builtin_ctz(at_barrier)] != place)) {
                fault(719, place, "lanes of a warp wait at different barriers");
            }

            barrier_id = ids[lane];
            pc[lane] = place;
            at_barrier |= 1u << lane;
        }
    }
}

void Warp::pass_barrier() {
    for (int lane = 0; lane < Lanes; lane++) {
        pc[lane] += at_barrier >> lane & 1;
    }

    at_barrier = 0;
}

}
