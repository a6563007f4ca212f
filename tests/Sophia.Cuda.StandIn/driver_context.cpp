#include <cstring>

#include "context.h"
#include "device.h"
#include "tally.h"

// Settings of contexts, and access of one to the memory of another (CUDA driver API 6.8 and 6.27).

using namespace standin;

namespace {

int set(const char* function, int Context::*setting, int value, int most) {
    return enter(function, Needs::Context, [&](Guard&) -> int {
        if (value < 0 || value > most) {
            return InvalidValue;
        }

        current_context().*setting = value;
        return Success;
    });
}

int get(const char* function, int Context::*setting, int* value) {
    return enter(function, Needs::Context, [&](Guard&) -> int {
        if (value == nullptr) {
            return InvalidValue;
        }

        *value = current_context().*setting;
        return Success;
    });
}

}

STANDIN_EXPORT int cuCtxSetCacheConfig(int value) { return set("cuCtxSetCacheConfig", &Context::cache_config, value, 3); }

STANDIN_EXPORT int cuCtxGetCacheConfig(int* value) { return get("cuCtxGetCacheConfig", &Context::cache_config, value); }

STANDIN_EXPORT int cuCtxSetSharedMemConfig(int value) { return set("cuCtxSetSharedMemConfig", &Context::shared_config, value, 2); }

STANDIN_EXPORT int cuCtxGetSharedMemConfig(int* value) { return get("cuCtxGetSharedMemConfig", &Context::shared_config, value); }

/// One way: kernels of the current context may touch the memory of the other.
STANDIN_EXPORT int cuCtxEnablePeerAccess(void* peer, unsigned flags) {
    return enter("cuCtxEnablePeerAccess", Needs::Context, [&](Guard&) -> int {
        auto& context = current_context();
        const auto* other = handles().contexts.find(peer);
        if (other == nullptr || other->is_destroyed || other == &context) {
            return InvalidContext;
        }

        if (flags != 0) {
            return InvalidValue;
        }

        return context.peers.insert(other).second ? Success : PeerAccessAlreadyEnabled;
    });
}

STANDIN_EXPORT int cuCtxDisablePeerAccess(void* peer) {
    return enter("cuCtxDisablePeerAccess", Needs::Context, [&](Guard&) -> int {
        const auto* other = handles().contexts.find(peer);
        if (other == nullptr || other->is_destroyed) {
            return InvalidContext;
        }

        return current_context().peers.erase(other) > 0 ? Success : PeerAccessNotEnabled;
    });
}

STANDIN_EXPORT size_t standin_counts(char* json, size_t size) {
    const auto text = counts_as_json();
    if (json != nullptr && size > 0) {
        const size_t copied = std::min(size - 1, text.size());
        std::memcpy(json, text.data(), copied);
        json[copied] = 0;
    }

    return text.size() + 1;
}

STANDIN_EXPORT void standin_counts_reset(void) { reset_counts(); }
