#include <cstring>

#include "context.h"
#include "device.h"
#include "memory.h"
#include "tally.h"

// Memory management (CUDA driver API 6.13) and pointers (6.15). Addresses are those of unified virtual addressing.

using namespace standin;

namespace {

uint64_t number(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

/// The driver waits for what still uses the memory; that the program did not is told, as another driver may not.
int released(Guard& guard, uint64_t address, bool (*fits)(const Allocation&), int otherwise) {
    const auto* found = Memory::all().at(address);
    if (found == nullptr || !fits(*found)) {
        return otherwise;
    }

    auto& current = current_context();
    const auto pending = pending_on(found->address, found->bytes);
    if (!pending.empty()) {
        note("memory is given back while `" + pending + "` that uses it is still queued");
    }

    if (found->context != &current) {
        note("memory is given back while another context is current than its own");
    }

    finish_all(guard, *found->context);
    Memory::all().release(address);
    return Success;
}

int lock_pages(const char* function, void** pointer, size_t bytes, unsigned flags) {
    return enter(function, Needs::Context, [&](Guard&) -> int {
        // PORTABLE 1, DEVICEMAP 2, WRITECOMBINED 4.
        if (pointer == nullptr || bytes == 0 || flags > 7) {
            return InvalidValue;
        }

        const auto* made = Memory::all().allocate_host(current_context(), bytes);
        *pointer = made == nullptr ? nullptr : made->host;
        return made == nullptr ? OutOfMemory : Success;
    });
}

}

STANDIN_EXPORT int cuMemGetInfo_v2(size_t* free, size_t* total) {
    return enter("cuMemGetInfo_v2", Needs::Context, [&](Guard&) -> int {
        const auto& device = current_context().device;
        if (free == nullptr || total == nullptr) {
            return InvalidValue;
        }

        *free = device.total_bytes - device.used_bytes;
        *total = device.total_bytes;
        return Success;
    });
}

STANDIN_EXPORT int cuMemAlloc_v2(uint64_t* pointer, size_t bytes) {
    return enter("cuMemAlloc_v2", Needs::Context, [&](Guard&) -> int {
        if (pointer == nullptr || bytes == 0) {
            return InvalidValue;
        }

        const auto* made = Memory::all().allocate(current_context(), bytes);
        *pointer = made == nullptr ? 0 : made->address;
        return made == nullptr ? OutOfMemory : Success;
    });
}

STANDIN_EXPORT int cuMemFree_v2(uint64_t pointer) {
    return enter("cuMemFree_v2", Needs::Context, [&](Guard& guard) -> int {
        return pointer == 0 ? static_cast<int>(Success) : released(guard, pointer, [](const Allocation& a) { return a.place == Allocation::OnDevice; }, InvalidValue);
    });
}

STANDIN_EXPORT int cuMemHostAlloc(void** pointer, size_t bytes, unsigned flags) { return lock_pages("cuMemHostAlloc", pointer, bytes, flags); }

STANDIN_EXPORT int cuMemAllocHost_v2(void** pointer, size_t bytes) { return lock_pages("cuMemAllocHost_v2", pointer, bytes, 0); }

STANDIN_EXPORT int cuMemFreeHost(void* pointer) {
    return enter("cuMemFreeHost", Needs::Context, [&](Guard& guard) -> int {
        return released(guard, number(pointer), [](const Allocation& a) { return a.place == Allocation::PageLocked; }, InvalidValue);
    });
}

STANDIN_EXPORT int cuMemHostRegister_v2(void* pointer, size_t bytes, unsigned flags) {
    return enter("cuMemHostRegister_v2", Needs::Context, [&](Guard&) -> int {
        // PORTABLE 1, DEVICEMAP 2, IOMEMORY 4, READ_ONLY 8.
        if (pointer == nullptr || bytes == 0 || flags > 15) {
            return InvalidValue;
        }

        if (Memory::all().overlaps(number(pointer), bytes)) {
            return HostMemoryAlreadyRegistered;
        }

        Memory::all().register_host(current_context(), number(pointer), bytes);
        return Success;
    });
}

STANDIN_EXPORT int cuMemHostUnregister(void* pointer) {
    return enter("cuMemHostUnregister", Needs::Context, [&](Guard& guard) -> int {
        // Within a range that is page-locked, but not as it was registered: drivers answer 1 (github.com/lupinemachines/lupine, 437 and 605).
        const int otherwise = Memory::all().around(number(pointer)) != nullptr ? InvalidValue : HostMemoryNotRegistered;
        return released(guard, number(pointer), [](const Allocation& a) { return a.place == Allocation::Registered; }, otherwise);
    });
}

STANDIN_EXPORT int cuMemHostGetDevicePointer_v2(uint64_t* device, void* host, unsigned flags) {
    return enter("cuMemHostGetDevicePointer_v2", Needs::Context, [&](Guard&) -> int {
        const auto* found = Memory::all().around(number(host));
        if (device == nullptr || flags != 0 || found == nullptr || found->place == Allocation::OnDevice) {
            return InvalidValue;
        }

        *device = number(host);
        return Success;
    });
}

STANDIN_EXPORT int cuPointerGetAttribute(void* data, int attribute, uint64_t pointer) {
    return enter("cuPointerGetAttribute", Needs::Driver, [&](Guard&) -> int {
        const auto* found = Memory::all().around(pointer);
        if (data == nullptr || found == nullptr) {
            return InvalidValue;
        }

        const bool on_device = found->place == Allocation::OnDevice;
        const auto give = [data](auto value) {
            std::memcpy(data, &value, sizeof value);
            return Success;
        };
        switch (attribute) {
            case 1: return give(static_cast<void*>(found->context));
            case 2: return give(on_device ? 2u : 1u); // CU_MEMORYTYPE_DEVICE, HOST
            case 3: return give(pointer);
            case 4: return on_device ? InvalidValue : give(pointer);
            case 8: return give(0u);
            case 9: return give(found->context->device.ordinal);
            default: return InvalidValue;
        }
    });
}
