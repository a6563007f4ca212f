#include "selftest.h"

// What a kernel may touch, blocks and their barriers, atomics, and which texts are no PTX.

namespace {

void test_memory_of_kernels() {
    int code = 0;
    const auto runs = [&code](const std::string& body) {
        run(body, std::vector<Given>(4), &code);
        return static_cast<uint64_t>(code);
    };
    check_equal(runs("ld.global.b32 %r0, [%d39+32];"), 700, "four bytes after the end of an allocation are an illegal address");
    check_equal(runs("ld.global.b32 %r0, [%d39+30];"), 716, "which is told before: an address that is no multiple of its size is misaligned");
    check_equal(runs("ld.global.v4.b32 {%r0, %r5, %r6, %r7}, [%d39+8];"), 716, "a vector is aligned to its own size");
    check_equal(runs("mov.u64 %d5, 0; st.global.b32 [%d5], %r1;"), 700, "nothing lies at 0");
    check_equal(runs("mov.u32 %r5, own; st.shared.b32 [%r5+60], %r1;"), 0, "shared memory ends where it ends");
    check_equal(runs("mov.u32 %r5, own; st.shared.b32 [%r5+68], %r1;"), 700, "and not further");
    check_equal(runs("mov.u64 %d5, own; cvta.shared.u64 %d5, %d5; st.b32 [%d5], %r1; ld.shared.b32 %r0, [%d5];"), 700, "a generic address is none of the shared window");
    check_equal(run64("mov.u64 %d5, own; cvta.shared.u64 %d6, %d5; st.u64 [%d6], %d1; ld.shared.u64 %d0, [%d5];", 77), 77, "a generic address of shared memory reaches it");
    check_equal(run64("st.global.u16 [%d39], 513; ld.global.u8 %r5, [%d39+1]; ld.global.s8 %r6, [%d39]; add.u32 %r5, %r5, %r6; cvt.u64.u32 %d0, %r5;", 0), 3, "bytes are little-endian");
    check_equal(run64("ld.global.s8 %d0, [%d39];", 0x80), 0xffffffffffffff80, "a load into a wider register spreads the sign");
    check_equal(run64("mov.b64 {%r5, %r6}, %d1; mov.b64 %d0, {%r6, %r5};", 0x0000000200000001), 0x0000000100000002, "the first of a vector is the least significant one");
}

void test_atomics() {
    const auto found = run_warp("mov.u32 %r5, own; st.shared.u32 [%r5], 0; bar.sync 0; atom.shared.add.u32 %r6, [%r5], 2; bar.sync 0; ld.shared.u32 %r0, [%r5];", nullptr, 256);
    check_equal(found[0], 512, "256 threads of eight warps add 2");
    check_equal(run32("atom.global.cas.b32 %r5, [%d39], 5, 9; ld.global.u32 %r0, [%d39];", 5), 9, "cas takes what it expects");
    check_equal(run32("atom.global.cas.b32 %r5, [%d39], 6, 9; ld.global.u32 %r0, [%d39];", 5), 5, "and nothing else");
    check_equal(run32("atom.global.inc.u32 %r5, [%d39], 5; ld.global.u32 %r0, [%d39];", 5), 0, "inc goes round at its bound");
    check_equal(run32("atom.global.dec.u32 %r5, [%d39], 5; ld.global.u32 %r0, [%d39];", 0), 5, "dec goes round at 0");
    check_equal(run32("atom.global.min.s32 %r0, [%d39], -3;", 5), 5, "an atomic answers what was there");
    check_equal(run32("red.global.add.f32 [%d39], 0f00000001; ld.global.u32 %r0, [%d39];", 0), 0, "f32 added in global memory is flushed");
    check_equal(run64("red.global.add.u64 [%d39], -1; ld.global.u64 %d0, [%d39];", 1), 0, "64 bits wrap");
}

void test_barriers() {
    const auto found = run_warp("mov.u32 %r5, own; setp.ne.u32 %p1, %r1, 95; @!%p1 st.shared.u32 [%r5], 42; bar.sync 0; ld.shared.u32 %r0, [%r5];", nullptr, 96);
    check_equal(found[0], 42, "a barrier keeps the first warp until the last one has written");
    const auto exited = run_warp("mov.b32 %r0, 3; setp.lt.u32 %p1, %r1, 32; @%p1 ret; bar.sync 0; mov.b32 %r0, 4;", nullptr, 64);
    check_equal(exited[40], 4, "threads that have exited are not waited for");
    int code = 0;
    run_warp("mov.b32 %r0, 0; setp.lt.u32 %p1, %r1, 32; @%p1 bra one; bar.sync 1; bra end; one: bar.sync 2; end:", &code, 64);
    check_equal(static_cast<uint64_t>(code), 719, "warps at different barriers wait for ever, which is an error");
    run_warp("mov.b32 %r0, 0; setp.lt.u32 %p1, %r1, 16; @%p1 bra one; bar.sync 0; bra end; one: bar.sync 0; end:", &code, 32);
    check_equal(static_cast<uint64_t>(code), 719, "lanes of a warp at different bar.sync are an error");
    const auto odd = run_warp("mov.u32 %r0, %ntid.x;", nullptr, 33);
    check_equal(odd[32], 33, "a block need not fill its last warp");
}

void refuses(const std::string& body, const std::string& sentence) {
    OwnContext context;
    std::string log;
    check_equal(static_cast<uint64_t>(load(kernel_of(body), &log)), 218, sentence);
    check(log.find(body.substr(0, body.find(' '))) != std::string::npos, "the log names `" + body + "`: " + log);
}

void test_texts() {
    refuses("sad.u32 %r1, %r2, %r3, %r4;", "an instruction that is not known is refused");
    refuses("tex.2d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [%d1, {%f1, %f2}];", "and so are operands that are not known");
    refuses("add.rz.f32 %f1, %f2, %f3;", "a rounding that is not known is refused");
    refuses("add.s32 %r1, %d1, %r2;", "a register of another size is refused");
    refuses("add.s32 %r1, %f1, %r2;", "a register of another type is refused");
    refuses("fma.f32 %f1, %f2, %f3, %f4;", "fma must say how it rounds");
    refuses("cvt.f16.f32 %h1, %f1;", "a narrowing conversion must round");
    refuses("shfl.bfly.b32 %r1, %r2, 1, 31;", "shfl without .sync is not of this target");
    refuses("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, {%r1, %r2}, {%r3}, {%f1, %f2, %f3, %f4};", "another shape is refused");
    refuses("setp.lo.s32 %p1, %r1, %r2;", "lo is of unsigned numbers");
    refuses("ld.param.u64 %d1, [out+8];", "a parameter has an end");
    OwnContext context;
    check_equal(static_cast<uint64_t>(load(kernel_of("bra nowhere;"))), 218, "a label must be there");
    check_equal(static_cast<uint64_t>(load("hello")), 218, "other texts are no PTX");
}

}

void test_kernels() {
    test_memory_of_kernels();
    test_atomics();
    test_barriers();
    test_texts();
}
