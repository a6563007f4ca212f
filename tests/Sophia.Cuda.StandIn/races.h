#pragma once
#include <cstdint>
#include <vector>

namespace standin {

/// Sees where warps of a block use the same word of shared memory between two barriers and not all of them read it, or all by atomics:
/// which of them is first is then not known (PTX ISA 8, memory consistency model: a data race).
class Races {
public:
    enum class Access : uint8_t { Read, Write, Atomic };

    explicit Races(uint32_t bytes) : words_((bytes + 3) / 4) {}

    /// What was before a barrier, or of another block, is in order.
    void pass_barrier() { epoch_++; }

    /// Whether it races with what another warp did.
    bool saw(uint32_t address, uint32_t bytes, uint32_t warp, Access access);

private:
    struct Word {
        uint64_t epoch = 0;
        /// By the warps' numbers and one; Many for more than one of them. 0: none.
        uint16_t readers = 0, writers = 0, changers = 0;
    };

    static constexpr uint16_t Many = 0xffff;
    std::vector<Word> words_;
    uint64_t epoch_ = 1;

    static bool is_others(uint16_t who, uint16_t me) { return who != 0 && who != me; }
};

inline bool Races::saw(uint32_t address, uint32_t bytes, uint32_t warp, Access access) {
    // Of parts of a word it is not known which.
    bool races = false;
    const auto me = static_cast<uint16_t>(warp + 1);
    for (uint32_t at = address / 4; bytes >= 4 && at < (address + bytes) / 4; at++) {
        auto& word = words_[at];
        word = word.epoch == epoch_ ? word : Word{epoch_};
        races |= is_others(word.writers, me) || (access != Access::Read && is_others(word.readers, me)) || (access != Access::Atomic && is_others(word.changers, me));
        auto& mine = access == Access::Read ? word.readers : access == Access::Write ? word.writers : word.changers;
        mine = mine == 0 || mine == me ? me : Many;
    }

    return races;
}

}
