#include <chrono>
#include <cstring>
#include <map>
#include <vector>

#include "api.h"
#include "context.h"
#include "device.h"
#include "fault.h"
#include "memory.h"
#include "tally.h"

namespace standin {

namespace {

std::mutex& driver_lock() {
    static auto& s_lock = *new std::mutex;
    return s_lock;
}

thread_local std::vector<Context*> s_current;

}

bool& initialized() {
    static bool s_initialized = false;
    return s_initialized;
}

int enter(const char* function, Needs needs, const std::function<int(Guard&)>& body) {
    Guard guard(driver_lock());
    try {
        if (needs != Needs::Nothing && !initialized()) {
            return NotInitialized;
        }

        if (needs == Needs::Context) {
            const auto& context = current_context();
            if (context.error != 0) {
                return context.error;
            }
        }

        // A launch that fails on the device is told later, by the launch itself.
        if (std::strcmp(function, "cuLaunchKernel") != 0) {
            const int fault = fault_due(function);
            if (fault == Hangs) {
                wait_for_healing(guard);
            } else if (fault != 0) {
                if (is_lasting(fault) && needs == Needs::Context) {
                    current_context().error = fault;
                    drop_all(current_context());
                }

                return fault;
            }
        }

        return body(guard);
    } catch (const ApiError& e) {
        return e.code;
    }
}

void wait_for_healing(Guard& guard) {
    static std::condition_variable& s_tick = *new std::condition_variable;
    const auto since = healings();
    // standin_heal takes no lock that a driver call holds: it is looked for.
    while (healings() == since) {
        s_tick.wait_for(guard, std::chrono::milliseconds(5));
    }
}

AllHandles& handles() {
    static auto& s_handles = *new AllHandles;
    return s_handles;
}

Context& current_context() {
    if (s_current.empty() || s_current.back() == nullptr) {
        throw ApiError{InvalidContext};
    }

    if (s_current.back()->is_destroyed) {
        throw ApiError{ContextIsDestroyed};
    }

    return *s_current.back();
}

Stream& stream_of(void* handle) {
    // CU_STREAM_LEGACY is 1.
    if (reinterpret_cast<uintptr_t>(handle) <= 1) {
        return current_context().legacy;
    }

    auto* stream = handles().streams.find(handle);
    if (stream == nullptr || stream->is_destroyed || stream->context.is_destroyed) {
        throw ApiError{InvalidHandle};
    }

    return *stream;
}

Event& event_of(void* handle) {
    auto* event = handles().events.find(handle);
    if (event == nullptr || event->is_destroyed || event->context.is_destroyed) {
        throw ApiError{InvalidHandle};
    }

    return *event;
}

void destroy(Context& context) {
    drop_all(context);
    for (auto* stream : context.streams) {
        stream->is_destroyed = true;
    }

    context.is_destroyed = true;
    Memory::all().release_all_of(context);
}

}

using namespace standin;

/// Creates a context and makes it the calling thread's current one, above the one before (CUDA driver API 6.8).
STANDIN_EXPORT int cuCtxCreate_v2(void** context, unsigned flags, int device) {
    return enter("cuCtxCreate_v2", Needs::Driver, [&](Guard&) -> int {
        // CU_CTX_SCHED_*, MAP_HOST, LMEM_RESIZE_TO_MAX.
        if (context == nullptr || flags > 0x1f) {
            return InvalidValue;
        }

        auto* made = handles().contexts.add(std::make_unique<Context>(device_of(device)));
        s_current.push_back(made);
        *context = made;
        return Success;
    });
}

/// "It is the responsibility of the calling function to ensure that no API call issues using ctx while cuCtxDestroy() is executing."
STANDIN_EXPORT int cuCtxDestroy_v2(void* handle) {
    return enter("cuCtxDestroy_v2", Needs::Driver, [&](Guard& guard) -> int {
        auto* context = handles().contexts.find(handle);
        if (context == nullptr || context->is_destroyed) {
            return InvalidContext;
        }

        try {
            finish_all(guard, *context);
        } catch (const ApiError&) {
            // It is destroyed all the same.
        }

        destroy(*context);
        if (!s_current.empty() && s_current.back() == context) {
            s_current.pop_back();
        }

        return Success;
    });
}

STANDIN_EXPORT int cuCtxSetCurrent(void* handle) {
    return enter("cuCtxSetCurrent", Needs::Driver, [&](Guard&) -> int {
        auto* context = handles().contexts.find(handle);
        if (handle != nullptr && (context == nullptr || context->is_destroyed)) {
            return InvalidContext;
        }

        if (!s_current.empty()) {
            s_current.pop_back();
        }

        if (context != nullptr) {
            s_current.push_back(context);
        }

        return Success;
    });
}

STANDIN_EXPORT int cuCtxGetCurrent(void** context) {
    return enter("cuCtxGetCurrent", Needs::Driver, [&](Guard&) -> int {
        *context = s_current.empty() ? nullptr : s_current.back();
        return Success;
    });
}

STANDIN_EXPORT int cuCtxPushCurrent_v2(void* handle) {
    return enter("cuCtxPushCurrent_v2", Needs::Driver, [&](Guard&) -> int {
        auto* context = handles().contexts.find(handle);
        if (context == nullptr || context->is_destroyed) {
            return InvalidContext;
        }

        s_current.push_back(context);
        return Success;
    });
}

STANDIN_EXPORT int cuCtxPopCurrent_v2(void** context) {
    return enter("cuCtxPopCurrent_v2", Needs::Driver, [&](Guard&) -> int {
        if (s_current.empty()) {
            return InvalidContext;
        }

        if (context != nullptr) {
            *context = s_current.back();
        }

        s_current.pop_back();
        return Success;
    });
}

STANDIN_EXPORT int cuCtxGetDevice(int* device) {
    return enter("cuCtxGetDevice", Needs::Context, [&](Guard&) -> int {
        *device = current_context().device.ordinal;
        return Success;
    });
}

STANDIN_EXPORT int cuCtxSynchronize(void) {
    return enter("cuCtxSynchronize", Needs::Context, [&](Guard& guard) -> int {
        finish_all(guard, current_context());
        return Success;
    });
}
