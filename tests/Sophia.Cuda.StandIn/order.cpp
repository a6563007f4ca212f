#include "order.h"

#include <algorithm>
#include <functional>

namespace standin {

namespace {

struct BasicBlock {
    uint32_t begin, end;
    std::vector<size_t> next;
};

std::vector<BasicBlock> blocks_of(const std::vector<Instruction>& code) {
    std::vector<bool> begins(code.size() + 1);
    begins[0] = begins[code.size()] = true;
    for (size_t i = 0; i < code.size(); i++) {
        if (code[i].flow == Flow::Branch) {
            begins[code[i].target] = true;
        }

        begins[i + 1] = begins[i + 1] || code[i].flow == Flow::Branch || code[i].flow == Flow::Exit;
    }

    std::vector<BasicBlock> blocks;
    std::vector<size_t> block_at(code.size());
    for (uint32_t i = 0; i < code.size(); i++) {
        if (begins[i]) {
            blocks.push_back({i, i, {}});
        }

        blocks.back().end = i + 1;
        block_at[i] = blocks.size() - 1;
    }

    for (auto& block : blocks) {
        const auto& last = code[block.end - 1];
        const bool goes_on = last.guard >= 0 || (last.flow != Flow::Branch && last.flow != Flow::Exit);
        if (goes_on && block.end < code.size()) {
            block.next.push_back(block_at[block.end]);
        }

        if (last.flow == Flow::Branch) {
            block.next.push_back(block_at[last.target]);
        }
    }

    return blocks;
}

/// A weak topological order (Bourdoncle, "Efficient chaotic iteration strategies with widenings", 1993): each block before those that it
/// leads to, the blocks of a loop together, its head first.
class Arrangement {
public:
    explicit Arrangement(const std::vector<BasicBlock>& blocks) : order(), blocks_(blocks) {
        std::vector<size_t> all(blocks.size());
        for (size_t i = 0; i < all.size(); i++) {
            all[i] = i;
        }

        arrange(all);
    }

    std::vector<size_t> order;

private:
    const std::vector<BasicBlock>& blocks_;

    /// Strongly connected parts (Tarjan), the first of the topological order first; in each, the block that was met first leads.
    void arrange(const std::vector<size_t>& members) {
        std::vector<size_t> met(blocks_.size()), least(blocks_.size()), stack;
        std::vector<bool> among(blocks_.size()), on_stack(blocks_.size());
        std::vector<std::vector<size_t>> parts;
        size_t count = 0;
        for (const size_t member : members) {
            among[member] = true;
        }

        const std::function<void(size_t)> visit = [&](size_t block) {
            met[block] = least[block] = ++count;
            stack.push_back(block);
            on_stack[block] = true;
            for (const size_t next : blocks_[block].next) {
                if (among[next] && met[next] == 0) {
                    visit(next);
                    least[block] = std::min(least[block], least[next]);
                } else if (among[next] && on_stack[next]) {
                    least[block] = std::min(least[block], met[next]);
                }
            }

            if (least[block] == met[block]) {
                const auto first = std::find(stack.begin(), stack.end(), block);
                parts.emplace_back(first, stack.end());
                for (const size_t member : parts.back()) {
                    on_stack[member] = false;
                }

                stack.erase(first, stack.end());
            }
        };
        for (const size_t member : members) {
            if (met[member] == 0) {
                visit(member);
            }
        }

        for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
            order.push_back(part->front());
            if (part->size() > 1) {
                arrange({part->begin() + 1, part->end()});
            }
        }
    }
};

}

std::vector<uint32_t> turns_of(const std::vector<Instruction>& code) {
    const auto blocks = blocks_of(code);
    std::vector<uint32_t> turns(code.size());
    uint32_t turn = 0;
    for (const size_t block : Arrangement(blocks).order) {
        for (uint32_t i = blocks[block].begin; i < blocks[block].end; i++) {
            turns[i] = turn++;
        }
    }

    return turns;
}

}
