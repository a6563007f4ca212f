#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

// What a program sees of the driver, from the CUDA driver API's reference; and what its tests share.

extern "C" {
int cuInit(unsigned);
int cuDeviceGetCount(int*);
int cuDeviceGetAttribute(int*, int, int);
int cuDeviceGetUuid(unsigned char*, int);
int cuCtxCreate_v2(void**, unsigned, int);
int cuCtxDestroy_v2(void*);
int cuCtxSetCurrent(void*);
int cuCtxSynchronize(void);
int cuCtxEnablePeerAccess(void*, unsigned);
int cuMemAlloc_v2(uint64_t*, size_t);
int cuMemFree_v2(uint64_t);
int cuMemGetInfo_v2(size_t*, size_t*);
int cuMemHostAlloc(void**, size_t, unsigned);
int cuMemFreeHost(void*);
int cuMemHostRegister_v2(void*, size_t, unsigned);
int cuMemHostUnregister(void*);
int cuMemcpyAsync(uint64_t, uint64_t, size_t, void*);
int cuMemcpyHtoD_v2(uint64_t, const void*, size_t);
int cuMemcpyDtoH_v2(void*, uint64_t, size_t);
int cuMemsetD8Async(uint64_t, unsigned char, size_t, void*);
int cuModuleLoadData(void**, const void*);
int cuModuleLoadDataEx(void**, const void*, unsigned, int*, void**);
int cuModuleUnload(void*);
int cuModuleGetFunction(void**, void*, const char*);
int cuStreamCreate(void**, unsigned);
int cuStreamDestroy_v2(void*);
int cuStreamSynchronize(void*);
int cuStreamQuery(void*);
int cuStreamWaitEvent(void*, void*, unsigned);
int cuEventCreate(void**, unsigned);
int cuEventDestroy_v2(void*);
int cuEventRecord(void*, void*);
int cuEventQuery(void*);
int cuEventSynchronize(void*);
int cuEventElapsedTime(float*, void*, void*);
int cuLaunchKernel(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**, void**);
int standin_fault(const char*, int, int);
void standin_heal(void);
size_t standin_counts(char*, size_t);
void standin_counts_reset(void);
}

/// Says the sentence if it does not hold.
void check(bool holds, const std::string& sentence);

/// The same, with what was found and what should have been.
void check_equal(uint64_t found, uint64_t expected, const std::string& sentence);

inline uint32_t bits(float value) {
    uint32_t made;
    std::memcpy(&made, &value, 4);
    return made;
}

/// A context on the first device, current to this thread until the end of the scope.
struct OwnContext {
    void* handle = nullptr;
    explicit OwnContext(int device = 0) { check_equal(static_cast<uint64_t>(cuCtxCreate_v2(&handle, 0, device)), 0, "a context is made"); }
    ~OwnContext() { cuCtxDestroy_v2(handle); }
};

/// What a lane brings: %d1..%d4, whose lower halves are %r1..%r4 and %f1..%f4. What the body leaves in %d0 is its answer.
struct Given {
    uint64_t of[4] = {};
};

/// The module of a kernel `test` with this body.
std::string kernel_of(const std::string& body, const std::string& declared = "");

/// Runs the body for the lanes of a block; `code`: the driver's answer, at the launch or after it.
std::vector<uint64_t> run(const std::string& body, const std::vector<Given>& lanes, int* code = nullptr, const std::string& declared = "");

/// One lane; the answer is %r0.
uint32_t run32(const std::string& body, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0, uint64_t d = 0);

/// One lane; the answer is %d0.
uint64_t run64(const std::string& body, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0, uint64_t d = 0);

/// 32 lanes; the answer is %r0; %r1 is the lane's number where nothing else is given.
std::vector<uint32_t> run_warp(const std::string& body, int* code = nullptr, unsigned threads = 32);

/// What the driver answers when it is to take this module.
int load(const std::string& text, std::string* log = nullptr);

void test_integers();
void test_floats();
void test_warps();
void test_matrices();
void test_kernels();
void test_memory();
void test_streams();
void test_faults();
