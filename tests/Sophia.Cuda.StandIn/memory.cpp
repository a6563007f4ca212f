#include "memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "context.h"
#include "device.h"

namespace standin {

namespace {

/// cuMemAlloc is "suitably aligned for any kind of variable"; devices align to 512 bytes. A gap keeps what runs over the end from meeting the next.
constexpr uint64_t Alignment = 512;
constexpr uint64_t Page = 4096;
constexpr uint64_t Tile = 8 << 20;

int garbage() {
    static const int s_garbage = [] {
        const char* setting = std::getenv("STANDIN_CUDA_GARBAGE");
        return setting == nullptr ? 0xCD : static_cast<int>(std::strtol(setting, nullptr, 16));
    }();
    return s_garbage;
}

uint64_t rounded(uint64_t bytes, uint64_t unit) { return (bytes + unit - 1) / unit * unit; }

/// Pages full of garbage that cost nothing until they are written: one tile of it, mapped over and over.
uint8_t* map_garbage(uint64_t bytes) {
    auto* made = static_cast<uint8_t*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (made == MAP_FAILED) {
        return nullptr;
    }

    static const int s_tile = [] {
        const int file = memfd_create("garbage", MFD_CLOEXEC);
        if (file >= 0 && ftruncate(file, Tile) == 0) {
            void* all = mmap(nullptr, Tile, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            std::memset(all, garbage(), Tile);
            munmap(all, Tile);
        }

        return file;
    }();
    uint64_t at = 0;
    for (; s_tile >= 0 && at + Tile <= bytes; at += Tile) {
        mmap(made + at, Tile, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, s_tile, 0);
    }

    std::memset(made + at, garbage(), bytes - at);
    return made;
}

}

Memory& Memory::all() {
    static auto& s_all = *new Memory;
    return s_all;
}

const Allocation* Memory::allocate(Context& context, uint64_t bytes) {
    auto& device = context.device;
    const uint64_t taken = rounded(bytes, Alignment);
    if (taken > device.total_bytes - device.used_bytes) {
        return nullptr;
    }

    const uint64_t mapped = rounded(bytes, Page);
    auto* host = map_garbage(mapped);
    if (host == nullptr) {
        return nullptr;
    }

    const uint64_t address = device.next_address;
    device.next_address += rounded(taken + Alignment, Alignment);
    device.used_bytes += taken;
    return &(allocations_[address] = {address, bytes, host, &context, Allocation::OnDevice, mapped});
}

const Allocation* Memory::allocate_host(Context& context, uint64_t bytes) {
    const uint64_t mapped = rounded(bytes, Page);
    auto* host = map_garbage(mapped);
    if (host == nullptr) {
        return nullptr;
    }

    const auto address = reinterpret_cast<uint64_t>(host);
    return &(allocations_[address] = {address, bytes, host, &context, Allocation::PageLocked, mapped});
}

const Allocation* Memory::register_host(Context& context, uint64_t address, uint64_t bytes) {
    return &(allocations_[address] = {address, bytes, reinterpret_cast<uint8_t*>(address), &context, Allocation::Registered, 0});
}

void Memory::release(uint64_t address) {
    const auto found = allocations_.find(address);
    const auto& allocation = found->second;
    if (allocation.place == Allocation::OnDevice) {
        allocation.context->device.used_bytes -= rounded(allocation.bytes, Alignment);
    }

    if (allocation.mapped_bytes > 0) {
        munmap(allocation.host, allocation.mapped_bytes);
    }

    allocations_.erase(found);
}

void Memory::release_all_of(const Context& context) {
    for (auto each = allocations_.begin(); each != allocations_.end();) {
        const auto address = each->first;
        const bool mine = each->second.context == &context;
        ++each;
        if (mine) {
            release(address);
        }
    }
}

const Allocation* Memory::at(uint64_t address) const {
    const auto found = allocations_.find(address);
    return found == allocations_.end() ? nullptr : &found->second;
}

const Allocation* Memory::around(uint64_t address) const {
    auto after = allocations_.upper_bound(address);
    if (after == allocations_.begin()) {
        return nullptr;
    }

    const auto& found = (--after)->second;
    return found.holds(address, 1) ? &found : nullptr;
}

bool Memory::overlaps(uint64_t address, uint64_t bytes) const {
    const auto next = allocations_.lower_bound(address);
    return around(address) != nullptr || (next != allocations_.end() && next->first < address + bytes);
}

Space Memory::space_of(const Context& context) const {
    std::vector<Range> ranges;
    for (const auto& [address, each] : allocations_) {
        if (each.place != Allocation::OnDevice || each.context == &context || context.peers.count(each.context) > 0) {
            ranges.push_back({address, address + each.bytes, reinterpret_cast<uint64_t>(each.host) - address});
        }
    }

    return Space(std::move(ranges));
}

void Memory::fill(uint8_t* bytes, uint8_t value, uint64_t count) {
    if (value == 0 && count >= 1 << 20) {
        auto* first = reinterpret_cast<uint8_t*>(rounded(reinterpret_cast<uint64_t>(bytes), Page));
        auto* last = reinterpret_cast<uint8_t*>(reinterpret_cast<uint64_t>(bytes + count) / Page * Page);
        if (mmap(first, static_cast<size_t>(last - first), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == first) {
            std::memset(bytes, 0, static_cast<size_t>(first - bytes));
            std::memset(last, 0, static_cast<size_t>(bytes + count - last));
            return;
        }
    }

    std::memset(bytes, value, count);
}

}
