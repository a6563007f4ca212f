#include "access.h"

#include <algorithm>

namespace standin {

namespace {

/// Different values of a request. Lanes are mostly in order: each is sought from the newest one back.
struct Different {
    uint64_t seen[Lanes * 16];
    uint32_t count = 0;

    void add(uint64_t value) {
        for (uint32_t i = count; i-- > 0;) {
            if (seen[i] == value) {
                return;
            }
        }

        seen[count++] = value;
    }
};

}

void count_request(Warp& w, const Instruction& i, bool loads, const Addresses& addresses, uint32_t mask, uint32_t bytes) {
    // No access crosses a sector: it is aligned to its size, of 16 bytes at most.
    Different sectors;
    uint64_t lines = 0, last = UINT64_MAX;
    for (int lane = 0; lane < Lanes; lane++) {
        if (mask >> lane & 1) {
            sectors.add(addresses.of[lane] >> 5);
        }
    }

    if (sectors.count > 1) {
        std::sort(sectors.seen, sectors.seen + sectors.count);
    }

    for (uint32_t n = 0; n < sectors.count; n++) {
        lines += sectors.seen[n] >> 2 != last;
        last = sectors.seen[n] >> 2;
    }

    const Requests request{1, uint64_t{bytes} * static_cast<uint64_t>(__builtin_popcount(mask)), sectors.count, lines};
    auto& tally = w.block->tally;
    (loads ? tally.loads : tally.stores).add(request);
    tally.requests[static_cast<size_t>(&i - w.block->function.code.data())].add(request);
}

void count_shared(Tally& tally, const Addresses& addresses, uint32_t mask, uint32_t bytes) {
    Different words;
    for (int lane = 0; lane < Lanes; lane++) {
        if (mask >> lane & 1) {
            for (uint32_t at = 0; at < bytes; at += 4) {
                words.add((addresses.of[lane] + at) >> 2);
            }
        }
    }

    uint32_t banks[32] = {};
    uint32_t most = 0;
    for (uint32_t i = 0; i < words.count; i++) {
        most = std::max(most, ++banks[words.seen[i] & 31]);
    }

    // What is wider than a word is served in parts of the warp.
    const uint32_t fewest = std::max<uint32_t>(1, (words.count + 31) / 32);
    tally.shared_requests++;
    tally.bank_conflicts += most > fewest ? most - fewest : 0;
}

}
