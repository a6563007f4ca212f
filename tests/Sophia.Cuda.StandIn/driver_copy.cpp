#include <cstring>
#include <memory>

#include "context.h"
#include "device.h"
#include "fault.h"
#include "memory.h"
#include "tally.h"

// Copies and fills, and when each is done with the host's memory (CUDA driver API 1, API synchronization behavior).

using namespace standin;

namespace {

struct Place {
    const Allocation* allocation;
    uint8_t* bytes;

    bool is_pageable() const { return allocation == nullptr; }
    bool is_on_device() const { return allocation != nullptr && allocation->place == Allocation::OnDevice; }
};

/// Throws ApiError 1 where an allocation holds the beginning and not the end, or a device's address lies in none.
Place place_of(uint64_t address, uint64_t bytes) {
    const auto* found = Memory::all().around(address);
    if (found == nullptr) {
        // What lies where devices' addresses are given is no memory of the host.
        if (address < 0x10000 || (address >= 0x1000'0000'0000 && address < 0x5000'0000'0000)) {
            throw ApiError{InvalidValue};
        }

        return {nullptr, reinterpret_cast<uint8_t*>(address)};
    }

    if (!found->holds(address, bytes)) {
        throw ApiError{InvalidValue};
    }

    return {found, found->host + (address - found->address)};
}

int copy(Guard& guard, const char* function, uint64_t target, uint64_t source, size_t bytes, Stream& stream, bool waits) {
    if (bytes == 0) {
        return Success;
    }

    const Place to = place_of(target, bytes), from = place_of(source, bytes);
    Operation operation;
    operation.name = function;
    operation.touched = {{target, bytes}, {source, bytes}};
    if (from.is_pageable() && to.is_on_device()) {
        // From pageable memory: staged before the call returns.
        auto staged = std::make_shared<std::vector<uint8_t>>(from.bytes, from.bytes + bytes);
        operation.touched.pop_back();
        operation.run = [=] { std::memcpy(to.bytes, staged->data(), bytes); };
    } else {
        operation.run = [=] { std::memmove(to.bytes, from.bytes, bytes); };
        // To pageable memory: returns once it has been done; likewise from host to host.
        waits = waits || to.is_pageable() || from.is_pageable();
    }

    enqueue(guard, stream, std::move(operation));
    if (waits) {
        finish(guard, stream, last_of(stream));
    }

    return Success;
}

int fill(Guard& guard, uint64_t target, uint8_t value, size_t bytes, Stream& stream) {
    if (bytes == 0) {
        return Success;
    }

    const Place to = place_of(target, bytes);
    if (to.is_pageable()) {
        return InvalidValue;
    }

    Operation operation;
    operation.name = "cuMemsetD8Async";
    operation.touched = {{target, bytes}};
    operation.run = [=] { to.allocation->place == Allocation::Registered ? static_cast<void>(std::memset(to.bytes, value, bytes)) : Memory::fill(to.bytes, value, bytes); };
    // "The Async versions are always asynchronous with respect to the host."
    enqueue(guard, stream, std::move(operation));
    return Success;
}

int copy_now(const char* function, uint64_t target, uint64_t source, size_t bytes) {
    return enter(function, Needs::Context, [&](Guard& guard) { return copy(guard, function, target, source, bytes, current_context().legacy, true); });
}

}

STANDIN_EXPORT int cuMemcpyAsync(uint64_t target, uint64_t source, size_t bytes, void* stream) {
    return enter("cuMemcpyAsync", Needs::Context, [&](Guard& guard) { return copy(guard, "cuMemcpyAsync", target, source, bytes, stream_of(stream), false); });
}

STANDIN_EXPORT int cuMemcpy(uint64_t target, uint64_t source, size_t bytes) { return copy_now("cuMemcpy", target, source, bytes); }

STANDIN_EXPORT int cuMemcpyHtoD_v2(uint64_t target, const void* source, size_t bytes) { return copy_now("cuMemcpyHtoD_v2", target, reinterpret_cast<uint64_t>(source), bytes); }

STANDIN_EXPORT int cuMemcpyDtoH_v2(void* target, uint64_t source, size_t bytes) { return copy_now("cuMemcpyDtoH_v2", reinterpret_cast<uint64_t>(target), source, bytes); }

STANDIN_EXPORT int cuMemsetD8Async(uint64_t target, unsigned char value, size_t bytes, void* stream) {
    return enter("cuMemsetD8Async", Needs::Context, [&](Guard& guard) { return fill(guard, target, value, bytes, stream_of(stream)); });
}
