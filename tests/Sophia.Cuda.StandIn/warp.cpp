#include "warp.h"

#include <algorithm>
#include <cstdlib>

namespace standin {

namespace {

/// How long lanes at one place go on while others wait at another: forward progress is guaranteed to each.
constexpr uint64_t Patience = 1 << 16;

void set(uint32_t (&pc)[Lanes], uint32_t mask, uint32_t at) {
    for (int lane = 0; lane < Lanes; lane++) {
        if (mask >> lane & 1) {
            pc[lane] = at;
        }
    }
}

/// What is said of a `bra.uni` where lanes part is undefined (PTX ISA 9.7.12, bra); `note` only says it.
bool notes_only() {
    static const char* s_setting = std::getenv("STANDIN_CUDA_UNIFORM");
    return s_setting != nullptr && std::string(s_setting) == "note";
}

}

void Warp::begin(uint8_t* with, Block& of, uint32_t numbered) {
    file = with;
    block = &of;
    number = numbered;
    const uint64_t threads = of.size.volume() - uint64_t{numbered} * Lanes;
    lanes = threads >= Lanes ? AllLanes : (1u << threads) - 1;
    live = lanes;
    gathering = at_barrier = turn = 0;
    progress = 0;
    std::fill(std::begin(pc), std::end(pc), 0);

    for (const auto& special : of.function.specials) {
        auto* values = at<uint32_t>(special.slot);
        const auto& name = special.name;
        for (uint32_t lane = 0; lane < Lanes; lane++) {
            const uint64_t thread = uint64_t{numbered} * Lanes + lane;
            const uint32_t tid[] = {static_cast<uint32_t>(thread % of.size.x), static_cast<uint32_t>(thread / of.size.x % of.size.y), static_cast<uint32_t>(thread / of.size.x / of.size.y)};
            const int axis = name.size() > 2 && name[name.size() - 2] == '.' ? name.back() - 'x' : 0;
            const auto along = [axis](const Dimensions& d) { return axis == 0 ? d.x : axis == 1 ? d.y : d.z; };
            values[lane] = name[1] == 't' && name[2] == 'i' ? tid[axis]
                : name.compare(0, 5, "%ntid") == 0       ? along(of.size)
                : name.compare(0, 6, "%ctaid") == 0      ? along(of.index)
                : name.compare(0, 7, "%nctaid") == 0     ? along(of.grid)
                : name == "%laneid"                      ? lane
                : name == "%warpid"                      ? numbered
                : name == "%nwarpid"                     ? static_cast<uint32_t>((of.size.volume() + Lanes - 1) / Lanes)
                : name == "%lanemask_eq"                 ? 1u << lane
                : name == "%lanemask_lt"                 ? (1u << lane) - 1
                : name == "%lanemask_le"                 ? (2u << lane) - 1
                : name == "%lanemask_gt"                 ? ~((2u << lane) - 1)
                : name == "%lanemask_ge"                 ? ~((1u << lane) - 1)
                : name == "%nsmid"                       ? 132
                : name == "%dynamic_smem_size"           ? of.shared_bytes - of.function.shared_bytes
                : name == "%total_smem_size"             ? of.shared_bytes - SharedStart
                                                         : 0;
        }
    }
}

// The lanes at the place that comes first, or first after `after`; `limit`: the first of the others'.
uint32_t Warp::choose(uint32_t runnable, uint32_t after, uint32_t& limit) const {
    const auto* turns = block->function.turns.data();
    uint32_t first = UINT32_MAX;
    limit = UINT32_MAX;
    for (const bool wrapped : {false, true}) {
        for (int lane = 0; lane < Lanes; lane++) {
            if ((runnable >> lane & 1) && (wrapped || turns[pc[lane]] >= after)) {
                first = std::min(first, turns[pc[lane]]);
            }
        }

        if (first != UINT32_MAX) {
            break;
        }
    }

    uint32_t group = 0;
    for (int lane = 0; lane < Lanes; lane++) {
        if (runnable >> lane & 1) {
            if (turns[pc[lane]] == first) {
                group |= 1u << lane;
            } else {
                limit = std::min(limit, turns[pc[lane]]);
            }
        }
    }

    return group;
}

Warp::Stop Warp::run(uint64_t slice) {
    const auto* code = block->function.code.data();
    const auto* turns = block->function.turns.data();
    auto* executed = block->tally.executed.data();
    const uint64_t end = progress + slice;
    while (true) {
        const uint32_t runnable = live & ~gathering & ~at_barrier;
        if (runnable == 0) {
            return live == 0 ? Stop::Exited : live == at_barrier ? Stop::Barrier : Stop::Stuck;
        }

        if (progress >= end) {
            return Stop::Slice;
        }

        uint32_t limit;
        uint32_t group = choose(runnable, turn, limit);
        uint32_t at = pc[__builtin_ctz(group)];
        const uint64_t until = std::min(end, limit == UINT32_MAX ? end : progress + Patience);
        // Others may come before these, where these were let go on out of turn.
        const bool ahead = limit < turns[at];
        turn = 0;
        for (bool together = true; together;) {
            if (progress >= until || (!ahead && turns[at] >= limit)) {
                set(pc, group, at);
                turn = progress >= until ? turns[at] + 1 : 0;
                break;
            }

            const Instruction& instruction = code[at];
            uint32_t mask = group;
            if (instruction.guard >= 0) {
                const uint32_t held = predicate(static_cast<uint32_t>(instruction.guard));
                mask &= instruction.guard_negated ? ~held : held;
            }

            progress++;
            executed[at]++;
            switch (instruction.flow) {
                case Flow::Next:
                    if (mask != 0) {
                        try {
                            instruction.run(*this, instruction, mask);
                        } catch (const KernelFault& e) {
                            fault(e.code, at, e.what());
                        }
                    }

                    at++;
                    break;
                case Flow::Branch:
                    if (mask == group) {
                        at = instruction.target;
                    } else if (mask == 0) {
                        at++;
                    } else {
                        if (instruction.uniform) {
                            const std::string why = "lanes part at a branch that says that they do not (.uni)";
                            if (!notes_only()) {
                                fault(719, at, why);
                            }

                            note("kernel " + block->function.name + ", line " + std::to_string(instruction.line) + ": " + why);
                        }

                        block->tally.divergent_branches++;
                        set(pc, group & ~mask, at + 1);
                        set(pc, mask, instruction.target);
                        together = false;
                    }

                    break;
                case Flow::Exit:
                    live &= ~mask;
                    group &= ~mask;
                    release_gathered();
                    at++;
                    set(pc, group, at);
                    together = false;
                    break;
                case Flow::Gather: {
                    uint32_t members;
                    if (mask != 0 && gather_now(instruction, mask, members)) {
                        try {
                            if (instruction.run != nullptr) {
                                instruction.run(*this, instruction, mask);
                            }
                        } catch (const KernelFault& e) {
                            fault(e.code, at, e.what());
                        }

                        at++;
                    } else {
                        set(pc, group & ~mask, at + 1);
                        arrive(instruction, at, mask);
                        together = false;
                    }

                    break;
                }

                case Flow::Barrier:
                    set(pc, group & ~mask, at + 1);
                    arrive_at_barrier(instruction, at, mask);
                    together = false;
                    break;
            }
        }
    }
}

void Warp::fault(int code, uint32_t at, const std::string& why) const {
    const auto& f = block->function;
    throw KernelFault(code, "kernel " + f.name + ", block (" + std::to_string(block->index.x) + "," + std::to_string(block->index.y) + "," + std::to_string(block->index.z) + "), warp " +
                                std::to_string(number) + ", line " + std::to_string(f.code[at].line) + " `" + f.texts[at] + "`: " + why);
}

std::string Warp::where() const {
    std::string text;
    for (int lane = 0; lane < Lanes; lane++) {
        const uint32_t bit = 1u << lane;
        if ((live & bit) && (lane == 0 || !(live & bit >> 1) || pc[lane] != pc[lane - 1])) {
            text += " lane " + std::to_string(number * Lanes + static_cast<uint32_t>(lane)) + " at line " + std::to_string(block->function.code[pc[lane]].line) + " `" +
                block->function.texts[pc[lane]] + "`;";
        }
    }

    return text;
}

}
