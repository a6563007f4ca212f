#include <cstdio>
#include <cstring>

#include "context.h"
#include "device.h"
#include "memory.h"
#include "tally.h"

// Modules and functions (CUDA driver API 6.10), and how many blocks fit (6.30).

using namespace standin;

namespace {

/// CU_JIT_* options that say where what the compiler has to say goes.
enum Option { InfoLog = 3, InfoLogSize = 4, ErrorLog = 5, ErrorLogSize = 6 };

void say_why(const std::string& text, unsigned count, const int* options, void** values) {
    say("PTX: " + text);
    char* log = nullptr;
    size_t size = 0;
    for (unsigned i = 0; i < count; i++) {
        log = options[i] == ErrorLog ? static_cast<char*>(values[i]) : log;
        size = options[i] == ErrorLogSize ? reinterpret_cast<size_t>(values[i]) : size;
    }

    if (log != nullptr && size > 0) {
        std::snprintf(log, size, "%s", text.c_str());
    }
}

int load(const char* function, void** module, const char* image, unsigned count, const int* options, void** values) {
    return enter(function, Needs::Context, [&](Guard&) -> int {
        if (module == nullptr || image == nullptr) {
            return InvalidValue;
        }

        // PTX is text; compiled code (ELF, fat binaries) is none.
        if (std::memcmp(image, "\177ELF", 4) == 0 || std::memcmp(image, "\x50\xed\x55\xba", 4) == 0) {
            return NoBinaryForGpu;
        }

        try {
            *module = handles().modules.add(std::make_unique<Module>(Module{&current_context(), parse_program(image)}));
            return Success;
        } catch (const PtxError& e) {
            say_why(e.what(), count, options, values);
            return InvalidPtx;
        }
    });
}

const LoadedFunction& function_of(const void* handle) {
    const auto* found = handles().functions.find(handle);
    if (found == nullptr || found->module->is_unloaded || found->module->context->is_destroyed) {
        throw ApiError{InvalidHandle};
    }

    return *found;
}

/// By threads, warps and shared memory. How many registers a kernel takes only a compiler knows: they limit nothing here.
int blocks_that_fit(const Function& function, int threads, size_t dynamic) {
    const uint32_t warps = (static_cast<uint32_t>(threads) + 31) / 32;
    const size_t shared = function.shared_bytes + dynamic;
    if (threads < 1 || static_cast<uint32_t>(threads) > function.most_threads || shared - SharedStart > Device::MostShared) {
        return 0;
    }

    return static_cast<int>(std::min<size_t>({64 / warps, 32, 233472 / shared}));
}

}

STANDIN_EXPORT int cuModuleLoadDataEx(void** module, const void* image, unsigned count, int* options, void** values) {
    return load("cuModuleLoadDataEx", module, static_cast<const char*>(image), count, options, values);
}

STANDIN_EXPORT int cuModuleLoadData(void** module, const void* image) { return load("cuModuleLoadData", module, static_cast<const char*>(image), 0, nullptr, nullptr); }

STANDIN_EXPORT int cuModuleUnload(void* handle) {
    return enter("cuModuleUnload", Needs::Context, [&](Guard& guard) -> int {
        auto* module = handles().modules.find(handle);
        if (module == nullptr || module->is_unloaded || module->context->is_destroyed) {
            return InvalidHandle;
        }

        finish_all(guard, *module->context);
        module->is_unloaded = true;
        return Success;
    });
}

STANDIN_EXPORT int cuModuleGetFunction(void** function, void* handle, const char* name) {
    return enter("cuModuleGetFunction", Needs::Context, [&](Guard&) -> int {
        auto* module = handles().modules.find(handle);
        if (module == nullptr || module->is_unloaded) {
            return InvalidHandle;
        }

        const auto found = module->program->functions.find(name);
        if (found == module->program->functions.end() || !found->second->is_entry) {
            return NotFound;
        }

        *function = handles().functions.add(std::make_unique<LoadedFunction>(LoadedFunction{module, found->second.get()}));
        return Success;
    });
}

STANDIN_EXPORT int cuFuncGetAttribute(int* value, int attribute, void* function) {
    return enter("cuFuncGetAttribute", Needs::Context, [&](Guard&) -> int {
        const auto& code = *function_of(function).code;
        switch (attribute) {
            case 0: *value = static_cast<int>(code.most_threads); return Success;
            case 1: *value = static_cast<int>(code.shared_bytes - SharedStart); return Success;
            case 2: case 3: *value = 0; return Success;
            default: return InvalidValue;
        }
    });
}

STANDIN_EXPORT int cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void* function, int threads, size_t dynamic) {
    return enter("cuOccupancyMaxActiveBlocksPerMultiprocessor", Needs::Context, [&](Guard&) -> int {
        *blocks = blocks_that_fit(*function_of(function).code, threads, dynamic);
        return Success;
    });
}

/// The greatest block with which the most threads run at once.
STANDIN_EXPORT int cuOccupancyMaxPotentialBlockSize(int* blocks, int* threads, void* function, size_t (*shared_of)(int), size_t dynamic, int most) {
    return enter("cuOccupancyMaxPotentialBlockSize", Needs::Context, [&](Guard&) -> int {
        const auto& code = *function_of(function).code;
        const int limit = std::min(most > 0 ? most : 1024, static_cast<int>(code.most_threads));
        int best = 0, fit = 0;
        for (int size = limit; size > 0; size = size % 32 == 0 ? size - 32 : size / 32 * 32) {
            const int found = blocks_that_fit(code, size, shared_of != nullptr ? shared_of(size) : dynamic);
            if (found * size > best * fit) {
                best = size;
                fit = found;
            }
        }

        *threads = best;
        *blocks = fit * Device::Multiprocessors;
        return Success;
    });
}
