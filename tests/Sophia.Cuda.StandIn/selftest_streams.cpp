#include "selftest.h"

// When work is done, of which nobody must rely on more: CUDA driver API 1 (synchronization behavior), 2 (streams), 6.18, 6.19.

namespace {

uint64_t of(int answer) { return static_cast<uint64_t>(answer); }

struct Buffers {
    uint64_t device = 0;
    uint32_t* host = nullptr;

    Buffers() {
        cuMemAlloc_v2(&device, 64);
        void* locked = nullptr;
        cuMemHostAlloc(&locked, 64, 0);
        host = static_cast<uint32_t*>(locked);
    }

    uint64_t address() const { return reinterpret_cast<uint64_t>(host); }
};

void test_page_locked() {
    OwnContext context;
    void* stream = nullptr;
    cuStreamCreate(&stream, 1);
    Buffers buffers;
    *buffers.host = 1;
    cuMemcpyAsync(buffers.device, buffers.address(), 4, stream);
    *buffers.host = 2;
    uint32_t found = 0;
    cuStreamSynchronize(stream);
    cuMemcpyDtoH_v2(&found, buffers.device, 4);
    check_equal(found, 2, "page-locked memory that is written before its copy was waited for is copied as it is then");
    cuMemsetD8Async(buffers.device, 7, 4, stream);
    cuMemcpyAsync(buffers.address(), buffers.device, 4, stream);
    check_equal(*buffers.host, 2, "a copy to page-locked memory is not there before it was waited for");
    check_equal(of(cuStreamQuery(stream)), 600, "the stream is not ready");
    while (cuStreamQuery(stream) == 600) {
    }

    check_equal(*buffers.host, 0x07070707, "and asking makes progress");
}

void test_pageable() {
    OwnContext context;
    void* stream = nullptr;
    cuStreamCreate(&stream, 1);
    uint64_t device = 0;
    cuMemAlloc_v2(&device, 64);
    uint32_t source = 1, target = 0;
    cuMemcpyAsync(device, reinterpret_cast<uint64_t>(&source), 4, stream);
    source = 2;
    cuMemcpyAsync(reinterpret_cast<uint64_t>(&target), device, 4, stream);
    check_equal(target, 1, "pageable memory is staged on the way there, and a copy back returns when it is done");
}

void test_order() {
    OwnContext context;
    void *blocking = nullptr, *free_one = nullptr, *event = nullptr, *last = nullptr;
    cuStreamCreate(&blocking, 0);
    cuStreamCreate(&free_one, 1);
    cuEventCreate(&event, 0);
    cuEventCreate(&last, 0);
    Buffers buffers;
    cuMemsetD8Async(buffers.device, 1, 4, blocking);
    cuMemsetD8Async(buffers.device, 2, 4, nullptr);
    cuMemcpyAsync(buffers.address(), buffers.device, 4, blocking);
    cuStreamSynchronize(blocking);
    check_equal(*buffers.host, 0x02020202, "the default stream and a blocking one wait for each other");
    cuMemsetD8Async(buffers.device, 3, 4, blocking);
    cuMemcpyAsync(buffers.address(), buffers.device, 4, free_one);
    cuStreamSynchronize(free_one);
    check_equal(*buffers.host, 0x02020202, "a stream that does not block waits for none");
    cuMemsetD8Async(buffers.device, 4, 4, blocking);
    check_equal(of(cuEventQuery(event)), 0, "an event that was never recorded is done");
    cuEventRecord(event, blocking);
    check_equal(of(cuEventQuery(event)), 600, "one that was is not, at once");
    cuStreamWaitEvent(free_one, event, 0);
    cuMemcpyAsync(buffers.address(), buffers.device, 4, free_one);
    cuEventRecord(last, free_one);
    float milliseconds = -1;
    check_equal(of(cuEventElapsedTime(&milliseconds, event, last)), 600, "time is not known before the end");
    check_equal(of(cuEventSynchronize(last)), 0, "an event is waited for");
    check_equal(*buffers.host, 0x04040404, "a stream waits for an event of another one");
    check_equal(of(cuEventElapsedTime(&milliseconds, event, last)), 0, "then it is");
    check(milliseconds >= 0, "and goes forward");
    cuEventDestroy_v2(event);
    check_equal(of(cuEventRecord(event, blocking)), 400, "an event that was destroyed is no handle");
    cuStreamDestroy_v2(blocking);
    check_equal(of(cuStreamSynchronize(blocking)), 400, "nor is a stream");
}

}

void test_streams() {
    test_page_locked();
    test_pageable();
    test_order();
}
