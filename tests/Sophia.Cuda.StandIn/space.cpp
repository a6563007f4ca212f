#include "space.h"

#include <algorithm>
#include <cstdio>

namespace standin {

Space::Space(std::vector<Range> ranges) : ranges_(std::move(ranges)) {
    std::sort(ranges_.begin(), ranges_.end(), [](const Range& one, const Range& other) { return one.begin < other.begin; });
}

const Range& Space::of(uint64_t address, uint64_t bytes) const {
    auto after = std::upper_bound(ranges_.begin(), ranges_.end(), address, [](uint64_t wanted, const Range& range) { return wanted < range.begin; });
    if (after != ranges_.begin()) {
        const auto& found = *--after;
        if (address < found.end && bytes <= found.end - address) {
            return found;
        }

        char text[160];
        std::snprintf(text, sizeof text, "%llu bytes at 0x%llx lie in no allocation (one before begins at 0x%llx and has %llu bytes)", static_cast<unsigned long long>(bytes),
                      static_cast<unsigned long long>(address), static_cast<unsigned long long>(found.begin), static_cast<unsigned long long>(found.end - found.begin));
        throw KernelFault(700, text);
    }

    char text[96];
    std::snprintf(text, sizeof text, "%llu bytes at 0x%llx lie in no allocation", static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(address));
    throw KernelFault(700, text);
}

}
