#include "selftest.h"

// CUDA driver API 6.8 (contexts), 6.13 (memory).

namespace {

uint64_t of(int answer) { return static_cast<uint64_t>(answer); }

}

void test_memory() {
    check_equal(of(cuCtxSynchronize()), 201, "without a current context a call is refused");
    int count = 0, value = 0;
    cuDeviceGetCount(&count);
    check(count >= 1, "there is a device");
    check_equal(of(cuDeviceGetAttribute(&value, 75, 0)), 0, "its attributes are known");
    check_equal(static_cast<uint64_t>(value), 9, "compute capability 9");
    check_equal(of(cuDeviceGetAttribute(&value, 9999, 0)), 1, "an attribute that is not is an invalid value");
    check_equal(of(cuDeviceGetAttribute(&value, 75, 99)), 101, "a device that is not there is invalid");

    uint64_t kept = 0;
    {
        OwnContext context;
        size_t before = 0, after = 0, total = 0;
        cuMemGetInfo_v2(&before, &total);
        uint64_t memory = 0;
        check_equal(of(cuMemAlloc_v2(&memory, 1000)), 0, "memory is given");
        check_equal(memory % 256, 0, "aligned to 256 bytes");
        cuMemGetInfo_v2(&after, &total);
        check(before - after >= 1000, "and counted");
        uint8_t first = 0;
        cuMemcpyDtoH_v2(&first, memory, 1);
        check(first != 0, "it begins as garbage");
        check_equal(of(cuMemAlloc_v2(&kept, total + 1)), 2, "more than there is is out of memory");
        check_equal(of(cuMemAlloc_v2(&kept, 0)), 1, "nothing is an invalid value");
        check_equal(of(cuMemcpyHtoD_v2(memory + 900, &first, 101)), 1, "a copy does not run over the end");
        check_equal(of(cuMemFree_v2(memory + 8)), 1, "only what was given is given back");
        check_equal(of(cuMemFree_v2(memory)), 0, "memory is given back");
        check_equal(of(cuMemFree_v2(memory)), 1, "once");
        check_equal(of(cuMemcpyHtoD_v2(memory, &first, 1)), 1, "what was given back is no place of a copy");
        alignas(16) static uint8_t host[4096];
        check_equal(of(cuMemHostRegister_v2(host, sizeof host, 0)), 0, "host memory is page-locked");
        check_equal(of(cuMemHostRegister_v2(host + 100, 10, 0)), 712, "not twice");
        check_equal(of(cuMemHostUnregister(host + 100)), 1, "it is let go by its beginning");
        check_equal(of(cuMemHostUnregister(host)), 0, "and let go");
        check_equal(of(cuMemHostUnregister(host)), 713, "once");
        check_equal(of(cuMemHostRegister_v2(host + 8, 100, 0)), 0, "it need not be aligned");
        check_equal(of(cuMemHostRegister_v2(host + 108, 100, 0)), 0, "and two of them may share a page");
        check(cuMemHostUnregister(host + 8) == 0 && cuMemHostUnregister(host + 108) == 0, "each by itself");
        cuMemAlloc_v2(&kept, 1000);
    }

    OwnContext one;
    void* stream = nullptr;
    {
        OwnContext two;
        cuStreamCreate(&stream, 1);
        check_equal(of(cuMemFree_v2(kept)), 1, "the memory of a context goes with it");
    }

    check_equal(of(cuCtxSetCurrent(one.handle)), 0, "another context becomes current");
    check_equal(of(cuStreamSynchronize(stream)), 400, "a stream of a context that is gone is no handle");
    check_equal(of(cuStreamSynchronize(&stream)), 400, "nor is anything else");
    void* other = nullptr;
    cuCtxCreate_v2(&other, 0, 0);
    uint64_t theirs = 0;
    cuMemAlloc_v2(&theirs, 64);
    void *module = nullptr, *function = nullptr;
    cuCtxSetCurrent(one.handle);
    const auto text = kernel_of("");
    cuModuleLoadData(&module, text.c_str());
    cuModuleGetFunction(&function, module, "test");
    void* parameters[] = {&theirs, &theirs};
    check_equal(of(cuCtxEnablePeerAccess(other, 0)), 0, "access to a peer is given");
    check_equal(of(cuCtxEnablePeerAccess(other, 0)), 704, "once");
    cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, nullptr, parameters, nullptr);
    check_equal(of(cuCtxSynchronize()), 0, "then kernels may touch its memory");
    cuCtxSetCurrent(other);
    check_equal(of(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, nullptr, parameters, nullptr)), 400, "a function is launched in its own context only");
    cuCtxDestroy_v2(other);
    cuCtxSetCurrent(one.handle);
}
