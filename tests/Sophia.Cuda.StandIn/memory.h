#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "space.h"

namespace standin {

struct Context;
struct Device;

/// Memory of a device, or host memory that is page-locked.
struct Allocation {
    uint64_t address;
    uint64_t bytes;
    uint8_t* host;
    Context* context;
    enum Place { OnDevice, PageLocked, Registered } place;
    uint64_t mapped_bytes;

    bool holds(uint64_t from, uint64_t count) const { return from >= address && from - address <= bytes && count <= bytes - (from - address); }
};

/// All of this process, by address: addresses are unique (unified virtual addressing, CUDA driver API 6.15).
class Memory {
public:
    static Memory& all();

    /// Full of what nobody wrote; null where the device has not so much.
    const Allocation* allocate(Context& context, uint64_t bytes);
    const Allocation* allocate_host(Context& context, uint64_t bytes);
    const Allocation* register_host(Context& context, uint64_t address, uint64_t bytes);
    void release(uint64_t address);
    void release_all_of(const Context& context);

    /// The allocation that begins there.
    const Allocation* at(uint64_t address) const;
    /// The one that the address lies in.
    const Allocation* around(uint64_t address) const;
    bool overlaps(uint64_t address, uint64_t bytes) const;

    /// What kernels of the context may touch.
    Space space_of(const Context& context) const;

    /// Sets bytes as a device does, without making pages of zeros real.
    static void fill(uint8_t* bytes, uint8_t value, uint64_t count);

private:
    std::map<uint64_t, Allocation> allocations_;
};

}
