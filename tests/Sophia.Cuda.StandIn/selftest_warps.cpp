#include "selftest.h"

// PTX ISA 9.7.9.6 (shfl.sync), 9.7.13 (vote, redux, bar.warp.sync), and what lanes that part do.

namespace {

void expect(const std::string& body, const std::string& sentence, uint32_t (*of)(uint32_t lane)) {
    const auto found = run_warp(body);
    for (uint32_t lane = 0; lane < 32; lane++) {
        if (found[lane] != of(lane)) {
            check_equal(found[lane], of(lane), sentence + ", lane " + std::to_string(lane));
            return;
        }
    }

    check(true, sentence);
}

void test_shuffles() {
    expect("shfl.sync.bfly.b32 %r0, %r1, 5, 31, -1;", "shfl.bfly reads of lane xor 5", [](uint32_t l) { return l ^ 5; });
    expect("shfl.sync.down.b32 %r0, %r1, 3, 31, -1;", "shfl.down keeps its own beyond the end", [](uint32_t l) { return l + 3 <= 31 ? l + 3 : l; });
    expect("shfl.sync.up.b32 %r0, %r1, 3, 0, -1;", "shfl.up keeps its own before the beginning", [](uint32_t l) { return l >= 3 ? l - 3 : l; });
    expect("shfl.sync.idx.b32 %r0, %r1, 7, 31, -1;", "shfl.idx reads of one", [](uint32_t) { return 7u; });
    expect("shfl.sync.idx.b32 %r0, %r1, 2, 0x181f, -1;", "shfl.idx within segments of eight", [](uint32_t l) { return (l & ~7u) + 2; });
    expect("shfl.sync.down.b32 %r0, %r1, 3, 0x1807, -1;", "shfl.down within segments of eight", [](uint32_t l) { return (l & 7) + 3 <= 7 ? l + 3 : l; });
    expect("shfl.sync.up.b32 %r0, %r1, 3, 0x1800, -1;", "shfl.up within segments of eight", [](uint32_t l) { return (l & 7) >= 3 ? l - 3 : l; });
    expect("shfl.sync.down.b32 %r2|%p1, %r1, 3, 31, -1; selp.b32 %r0, 1, 0, %p1;", "the predicate says whether the source was in range", [](uint32_t l) { return l + 3 <= 31 ? 1u : 0u; });
    const auto some = run_warp("mov.b32 %r0, 0; setp.ge.u32 %p1, %r1, 16; @%p1 bra over; shfl.sync.bfly.b32 %r0, %r1, 16, 31, 0xffff; over:");
    check(some[0] != 16 && some[0] != 0, "what is read of a lane that does not take part is no value of it");
    int code = 0;
    run_warp("mov.b32 %r0, 0; setp.ge.u32 %p1, %r1, 16; @%p1 bra over; shfl.sync.bfly.b32 %r0, %r1, 1, 31, -1; bra.uni over; over: bar.sync 0;", &code);
    check_equal(static_cast<uint64_t>(code), 719, "lanes of the mask that never come are an error");
    run_warp("shfl.sync.bfly.b32 %r0, %r1, 1, 31, 0xfffffffe;", &code);
    check_equal(static_cast<uint64_t>(code), 719, "a lane that is not in its own mask is an error");
    const auto exited = run_warp("mov.b32 %r0, 9; setp.ge.u32 %p1, %r1, 16; @%p1 ret; shfl.sync.bfly.b32 %r0, %r1, 1, 31, -1;");
    check_equal(exited[2], 3, "lanes that have exited are not waited for");
}

void test_votes() {
    expect("setp.lt.u32 %p1, %r1, 4; vote.sync.ballot.b32 %r0, %p1, -1;", "a ballot has a bit for each lane", [](uint32_t) { return 15u; });
    expect("setp.lt.u32 %p1, %r1, 4; vote.sync.any.pred %p2, %p1, -1; selp.b32 %r0, 1, 0, %p2;", "any", [](uint32_t) { return 1u; });
    expect("setp.lt.u32 %p1, %r1, 4; vote.sync.all.pred %p2, %p1, -1; selp.b32 %r0, 1, 0, %p2;", "all", [](uint32_t) { return 0u; });
    expect("redux.sync.add.s32 %r0, %r1, -1;", "redux adds", [](uint32_t) { return 496u; });
    expect("sub.s32 %r1, %r1, 5; redux.sync.min.s32 %r0, %r1, -1;", "redux with signs", [](uint32_t) { return static_cast<uint32_t>(-5); });
}

void test_parting() {
    expect("setp.lt.u32 %p1, %r1, 7; @%p1 bra a; mov.b32 %r0, 1; bra.uni b; a: mov.b32 %r0, 2; b: activemask.b32 %r2; bar.warp.sync -1; activemask.b32 %r3; setp.ne.s32 %p2, %r3, -1;"
           "@%p2 mov.b32 %r0, 99;",
           "lanes that parted meet again", [](uint32_t l) { return l < 7 ? 2u : 1u; });
    expect("mov.b32 %r0, 0; again: add.s32 %r0, %r0, 1; setp.le.s32 %p1, %r0, %r1; @%p1 bra again;", "each lane leaves a loop in its own time", [](uint32_t l) { return l + 1; });
    // Lane 0 waits for what lane 1 writes below: each makes progress (independent thread scheduling).
    expect("mov.u32 %r5, flag; setp.eq.u32 %p1, %r1, 0; @%p1 st.shared.u32 [%r5], 0; bar.warp.sync -1; @!%p1 bra other; spin: ld.volatile.shared.u32 %r6, [%r5]; setp.ne.u32 %p2, %r6, 1; @%p2 bra spin;"
           "mov.b32 %r0, 5; bra end; other: st.volatile.shared.u32 [%r5], 1; mov.b32 %r0, 5; end:",
           "a lane may wait for another of its warp", [](uint32_t) { return 5u; });
    int code = 0;
    run_warp("mov.b32 %r0, 0; setp.lt.u32 %p1, %r1, 7; @%p1 bra.uni a; a:", &code);
    check_equal(static_cast<uint64_t>(code), 719, "lanes that part at bra.uni are an error");
    run_warp("mov.b32 %r0, 0; setp.lt.u32 %p1, %r1, 7; @%p1 ret; mov.b32 %r2, 0; mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%r3, %r4, %r5, %r6}, {%r2, %r2, %r2, %r2}, {%r2, %r2}, {%r2, %r2, %r2, %r2};", &code);
    check_equal(static_cast<uint64_t>(code), 719, "mma.sync.aligned without all lanes is an error");
}

}

void test_warps() {
    test_shuffles();
    test_votes();
    test_parting();
}
