#include "selftest.h"

#include <atomic>
#include <chrono>
#include <thread>

// Errors of kernels come late and stay; errors that are asked for; counts.

namespace {

uint64_t of(int answer) { return static_cast<uint64_t>(answer); }

/// A kernel that reads `in` and writes `out`, in the current context.
struct Ready {
    void *module = nullptr, *function = nullptr;
    uint64_t memory = 0;

    Ready() {
        const auto text = kernel_of("");
        cuModuleLoadData(&module, text.c_str());
        cuModuleGetFunction(&function, module, "test");
        cuMemAlloc_v2(&memory, 4096);
    }

    int launch(uint64_t out, unsigned grid = 1, unsigned block = 32, unsigned shared = 0) {
        void* parameters[] = {&out, &memory};
        return cuLaunchKernel(function, grid, 1, 1, block, 1, 1, shared, nullptr, parameters, nullptr);
    }
};

void test_lasting() {
    {
        OwnContext context;
        Ready ready;
        check_equal(of(ready.launch(64)), 0, "a launch does not know yet that its kernel fails");
        check_equal(of(cuCtxSynchronize()), 700, "who waits for it is told");
        check_equal(of(cuCtxSynchronize()), 700, "and so is each call after it");
        uint64_t more = 0;
        check_equal(of(cuMemAlloc_v2(&more, 16)), 700, "whatever it is");
        check_equal(of(ready.launch(ready.memory)), 700, "launches, too");
    }

    OwnContext context;
    check_equal(of(cuCtxSynchronize()), 0, "until the context is destroyed");
    Ready ready;
    check_equal(of(ready.launch(ready.memory, 1, 1025)), 1, "a block has 1024 threads at most");
    check_equal(of(ready.launch(ready.memory, 0)), 1, "a grid has one block at least");
    check_equal(of(ready.launch(ready.memory, 1, 32, 50000)), 1, "more than 48 KiB of shared memory must be opted in to");
    uint64_t freed = ready.memory;
    cuMemAlloc_v2(&ready.memory, 4096);
    cuMemFree_v2(freed);
    ready.launch(freed);
    check_equal(of(cuCtxSynchronize()), 700, "memory that was given back is an illegal address");
}

void test_asked_for() {
    OwnContext context;
    Ready ready;
    standin_fault("cuLaunchKernel", 719, 2);
    check_equal(of(ready.launch(ready.memory)), 0, "the first launch is not the one");
    check_equal(of(cuCtxSynchronize()), 0, "and runs");
    check_equal(of(ready.launch(ready.memory)), 0, "the second one is");
    check_equal(of(cuCtxSynchronize()), 719, "and fails on the device");
    standin_heal();
    check_equal(of(cuCtxSynchronize()), 719, "for good");
    OwnContext other;
    Ready again;
    uint64_t memory = 0;
    standin_fault("cuMemAlloc_v2", 2, 1);
    check_equal(of(cuMemAlloc_v2(&memory, 16)), 2, "an answer that is asked for");
    check_equal(of(cuMemAlloc_v2(&memory, 16)), 0, "is given once");
    standin_fault("cuLaunchKernel", -1, 1);
    again.launch(again.memory);
    check_equal(of(cuStreamQuery(nullptr)), 600, "a kernel that hangs is not ready");
    std::atomic<bool> returned{false};
    std::thread waits([&] {
        cuCtxSetCurrent(other.handle);
        cuCtxSynchronize();
        returned = true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    check(!returned, "who waits for it waits");
    check_equal(of(cuMemAlloc_v2(&memory, 16)), 0, "and others do not");
    standin_heal();
    waits.join();
    check_equal(of(cuCtxSynchronize()), 0, "until it is healed");
}

void test_counts() {
    standin_counts_reset();
    OwnContext context;
    Ready ready;
    ready.launch(ready.memory + 2048);
    cuCtxSynchronize();
    std::string json(standin_counts(nullptr, 0), 0);
    standin_counts(json.data(), json.size());
    const auto has = [&](const char* part) { check(json.find(part) != std::string::npos, std::string("the counts have ") + part + ": " + json); };
    has("\"launches\":1");
    // Two loads of 16 bytes at a stride of 32: each touches 32 sectors in 8 lines. The store of 8 bytes a lane is 8 sectors in 2 lines.
    has("\"globalLoads\":{\"requests\":2,\"bytes\":1024,\"sectors\":64,\"lines\":16}");
    has("\"globalStores\":{\"requests\":1,\"bytes\":256,\"sectors\":8,\"lines\":2}");
    has("\"mul.wide.u32\":2");

    const auto races = [](const std::string& body) {
        standin_counts_reset();
        run_warp(body, nullptr, 64);
        std::string said(standin_counts(nullptr, 0), 0);
        standin_counts(said.data(), said.size());
        return said.find("warps race") != std::string::npos;
    };
    check(races("mov.u32 %r5, own; st.shared.u32 [%r5], %r1; mov.b32 %r0, 0;"), "two warps that write the same word race");
    check(!races("mov.u32 %r5, own; setp.eq.u32 %p1, %r1, 40; @%p1 st.shared.u32 [%r5], %r1; bar.sync 0; ld.shared.u32 %r0, [%r5];"), "a barrier between them puts them in order");
    check(!races("mov.u32 %r5, own; red.shared.add.u32 [%r5], 1; mov.b32 %r0, 0;"), "and atomics do not race with each other");
}

}

void test_faults() {
    test_lasting();
    test_asked_for();
    test_counts();
}
