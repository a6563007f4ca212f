#include "selftest.h"

#include <cstdio>

// Holds the stand-in to the text of the PTX ISA and the driver API: each sentence that fails is printed, and the answer is 1 then.

namespace {

int s_checked = 0, s_failed = 0;

}

void check(bool holds, const std::string& sentence) {
    s_checked++;
    if (!holds) {
        s_failed++;
        std::printf("NOT SO: %s\n", sentence.c_str());
    }
}

void check_equal(uint64_t found, uint64_t expected, const std::string& sentence) {
    char text[96];
    std::snprintf(text, sizeof text, " (found 0x%llx, expected 0x%llx)", static_cast<unsigned long long>(found), static_cast<unsigned long long>(expected));
    check(found == expected, sentence + text);
}

std::string kernel_of(const std::string& body, const std::string& declared) {
    return ".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry test(.param .b64 out, .param .b64 in) {\n" + declared +
        ".shared .align 8 .b8 own[64]; .shared .align 4 .b8 flag[4];\n"
        ".reg .b64 %d<40>; .reg .b32 %r<60>; .reg .b16 %h<10>; .reg .f32 %f<20>; .reg .f64 %g<10>; .reg .pred %p<10>;\n"
        "ld.param.u64 %d38, [out]; ld.param.u64 %d39, [in]; mov.u32 %r59, %tid.x;\n"
        "mul.wide.u32 %d37, %r59, 8; add.u64 %d38, %d38, %d37; mul.wide.u32 %d37, %r59, 32; add.u64 %d39, %d39, %d37;\n"
        "ld.global.v2.u64 {%d1, %d2}, [%d39]; ld.global.v2.u64 {%d3, %d4}, [%d39+16];\n"
        "cvt.u32.u64 %r1, %d1; cvt.u32.u64 %r2, %d2; cvt.u32.u64 %r3, %d3; cvt.u32.u64 %r4, %d4;\n"
        "mov.b32 %f1, %r1; mov.b32 %f2, %r2; mov.b32 %f3, %r3; mov.b32 %f4, %r4; mov.u64 %d0, 0;\n" +
        body + "\nst.global.u64 [%d38], %d0;\nret;\n}\n";
}

int load(const std::string& text, std::string* log) {
    void* module = nullptr;
    char said[4096] = "";
    int options[] = {5, 6};
    void* values[] = {said, reinterpret_cast<void*>(sizeof said)};
    const int answer = cuModuleLoadDataEx(&module, text.c_str(), 2, options, values);
    if (log != nullptr) {
        *log = said;
    }

    if (module != nullptr) {
        cuModuleUnload(module);
    }

    return answer;
}

std::vector<uint64_t> run(const std::string& body, const std::vector<Given>& lanes, int* code, const std::string& declared) {
    OwnContext context;
    std::vector<uint64_t> answers(lanes.size());
    void *module = nullptr, *function = nullptr;
    const std::string text = kernel_of(body, declared);
    uint64_t out = 0, in = 0;
    int answer = cuModuleLoadData(&module, text.c_str());
    answer = answer != 0 ? answer : cuModuleGetFunction(&function, module, "test");
    answer = answer != 0 ? answer : cuMemAlloc_v2(&out, lanes.size() * 8);
    answer = answer != 0 ? answer : cuMemAlloc_v2(&in, lanes.size() * sizeof(Given));
    answer = answer != 0 ? answer : cuMemcpyHtoD_v2(in, lanes.data(), lanes.size() * sizeof(Given));
    void* parameters[] = {&out, &in};
    answer = answer != 0 ? answer : cuLaunchKernel(function, 1, 1, 1, static_cast<unsigned>(lanes.size()), 1, 1, 0, nullptr, parameters, nullptr);
    answer = answer != 0 ? answer : cuMemcpyDtoH_v2(answers.data(), out, lanes.size() * 8);
    if (code != nullptr) {
        *code = answer;
    } else {
        check_equal(static_cast<uint64_t>(answer), 0, "the kernel `" + body + "` runs");
    }

    return answers;
}

uint64_t run64(const std::string& body, uint64_t a, uint64_t b, uint64_t c, uint64_t d) { return run(body, {Given{{a, b, c, d}}})[0]; }

uint32_t run32(const std::string& body, uint64_t a, uint64_t b, uint64_t c, uint64_t d) { return static_cast<uint32_t>(run64(body + " cvt.u64.u32 %d0, %r0;", a, b, c, d)); }

std::vector<uint32_t> run_warp(const std::string& body, int* code, unsigned threads) {
    std::vector<Given> lanes(threads);
    for (unsigned lane = 0; lane < threads; lane++) {
        lanes[lane].of[0] = lane;
    }

    const auto wide = run(body + " cvt.u64.u32 %d0, %r0;", lanes, code);
    return {wide.begin(), wide.end()};
}

int main() {
    // Each sentence stands for itself: what the stand-in says about faults that are wanted here is not to be read.
    setvbuf(stdout, nullptr, _IOLBF, 0);
    check_equal(static_cast<uint64_t>(cuCtxSynchronize()), 3, "before cuInit the driver is not initialized");
    check_equal(static_cast<uint64_t>(cuInit(0)), 0, "cuInit succeeds");
    test_integers();
    test_floats();
    test_warps();
    test_matrices();
    test_kernels();
    test_memory();
    test_streams();
    test_faults();
    std::printf("%d of %d sentences hold.\n", s_checked - s_failed, s_checked);
    return s_failed == 0 ? 0 : 1;
}
