#include "fault.h"

#include <dlfcn.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

#include "api.h"

namespace standin {

namespace {

struct Asked {
    std::string function;
    int code;
    int calls_left;
};

std::mutex s_lock;
std::vector<Asked> s_asked;
std::atomic<uint64_t> s_healings{0};

/// This library has such a function, or is linked into the program.
bool is_known(const char* function) {
    static void* const s_self = [] {
        Dl_info info;
        return dladdr(reinterpret_cast<void*>(&is_known), &info) != 0 ? dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD) : nullptr;
    }();
    return std::strncmp(function, "cu", 2) == 0 && dlsym(s_self != nullptr ? s_self : RTLD_DEFAULT, function) != nullptr;
}

/// STANDIN_CUDA_FAULT="cuLaunchKernel:719@25,cuMemAlloc_v2:2@1".
void read_environment() {
    static std::once_flag s_once;
    std::call_once(s_once, [] {
        const char* setting = std::getenv("STANDIN_CUDA_FAULT");
        for (std::string rest = setting == nullptr ? "" : setting; !rest.empty();) {
            const std::string one = rest.substr(0, rest.find(','));
            rest = one.size() == rest.size() ? "" : rest.substr(one.size() + 1);
            char function[64];
            int code, after = 1;
            if (std::sscanf(one.c_str(), "%63[^:]:%d@%d", function, &code, &after) < 2) {
                std::fprintf(stderr, "stand-in of CUDA: STANDIN_CUDA_FAULT has no `%s`: it is FUNCTION:CODE@CALL\n", one.c_str());
                std::abort();
            }

            if (!is_known(function)) {
                std::fprintf(stderr, "stand-in of CUDA: STANDIN_CUDA_FAULT names `%s`, which this driver does not have\n", function);
                std::abort();
            }

            s_asked.push_back({function, code, after});
        }
    });
}

}

int fault_due(const char* function) {
    read_environment();
    const std::lock_guard guard(s_lock);
    for (auto asked = s_asked.begin(); asked != s_asked.end(); ++asked) {
        if (asked->function == function && --asked->calls_left <= 0) {
            const int code = asked->code;
            s_asked.erase(asked);
            return code;
        }
    }

    return 0;
}

void ask_for_fault(const std::string& function, int code, int after) {
    const std::lock_guard guard(s_lock);
    s_asked.push_back({function, code, after});
}

uint64_t healings() { return s_healings; }

bool is_lasting(int code) {
    switch (code) {
        case 214: // CUDA_ERROR_ECC_UNCORRECTABLE
        case 220: // CUDA_ERROR_NVLINK_UNCORRECTABLE
        case 226: // CUDA_ERROR_CONTAINED
        case 700: // CUDA_ERROR_ILLEGAL_ADDRESS
        case 702: // CUDA_ERROR_LAUNCH_TIMEOUT
        case 710: // CUDA_ERROR_ASSERT
        case 714: // CUDA_ERROR_HARDWARE_STACK_ERROR
        case 715: // CUDA_ERROR_ILLEGAL_INSTRUCTION
        case 716: // CUDA_ERROR_MISALIGNED_ADDRESS
        case 717: // CUDA_ERROR_INVALID_ADDRESS_SPACE
        case 718: // CUDA_ERROR_INVALID_PC
        case 719: // CUDA_ERROR_LAUNCH_FAILED
            return true;
        default:
            return false;
    }
}

}

/// The call of `function` that is the `after`th from now answers `code`, or causes it; -1: what is begun does not end until `standin_heal`.
/// 500 where there is no such function.
STANDIN_EXPORT int standin_fault(const char* function, int code, int after) {
    if (!standin::is_known(function)) {
        return 500; // CUDA_ERROR_NOT_FOUND
    }

    standin::ask_for_fault(function, code, after < 1 ? 1 : after);
    return 0;
}

/// Forgets faults that were asked for, and lets go on what hangs.
STANDIN_EXPORT void standin_heal(void) {
    {
        const std::lock_guard guard(standin::s_lock);
        standin::s_asked.clear();
    }

    standin::s_healings++;
}
