#include "selftest.h"

// PTX ISA 9.7.1 (integers), 9.7.8 (logic and shifts), 9.7.5 (comparison).

namespace {

void test_arithmetic() {
    check_equal(run32("add.s32 %r0, %r1, %r2;", 0x7fffffff, 1), 0x80000000, "add wraps");
    check_equal(run32("sub.u32 %r0, %r1, %r2;", 0, 1), 0xffffffff, "sub wraps");
    check_equal(run32("mul.hi.s32 %r0, %r1, %r2;", 0xffffffff, 0xffffffff), 0, "mul.hi.s32 of -1 and -1 is 0");
    check_equal(run32("mul.hi.u32 %r0, %r1, %r2;", 0xffffffff, 0xffffffff), 0xfffffffe, "mul.hi.u32 has no sign");
    check_equal(run64("mul.wide.s32 %d0, %r1, %r2;", 0xffffffff, 2), static_cast<uint64_t>(-2), "mul.wide.s32 has a sign");
    check_equal(run64("mul.wide.u32 %d0, %r1, %r2;", 0xffffffff, 0xffffffff), 0xfffffffe00000001, "mul.wide.u32 has none");
    check_equal(run64("mad.wide.s32 %d0, %r1, %r2, %d3;", 0xffffffff, 3, 10), 7, "mad.wide.s32 adds in 64 bits");
    check_equal(run64("mul.hi.u64 %d0, %d1, %d2;", ~0ull, ~0ull), ~0ull - 1, "mul.hi.u64");
    check_equal(run64("mul.hi.s64 %d0, %d1, %d2;", ~0ull, 2), ~0ull, "mul.hi.s64");
    check_equal(run32("div.s32 %r0, %r1, %r2;", static_cast<uint32_t>(-7), 2), static_cast<uint32_t>(-3), "div.s32 goes towards zero");
    check_equal(run32("rem.s32 %r0, %r1, %r2;", static_cast<uint32_t>(-7), 2), static_cast<uint32_t>(-1), "rem.s32 has the sign of the dividend");
    check_equal(run32("min.s32 %r0, %r1, %r2;", 0xffffffff, 1), 0xffffffff, "min.s32 has a sign");
    check_equal(run32("max.u32 %r0, %r1, %r2;", 0xffffffff, 1), 0xffffffff, "max.u32 has none");
    check_equal(run32("abs.s32 %r0, %r1;", 0x80000001), 0x7fffffff, "abs.s32");
    check_equal(run32("dp4a.s32.s32 %r0, %r1, %r2, %r3;", 0xff80017f, 0x027f80ff, 5), static_cast<uint32_t>(-2 - 128 * 127 - 128 - 127 + 5), "dp4a.s32.s32: both with signs");
    check_equal(run32("dp4a.u32.s32 %r0, %r1, %r2, %r3;", 0x000000ff, 0x000000ff, 0), static_cast<uint32_t>(-255), "dp4a.u32.s32: the second one with signs");
    check_equal(run32("dp4a.u32.u32 %r0, %r1, %r2, %r3;", 0xffffffff, 0xffffffff, 1), 4 * 255 * 255 + 1, "dp4a.u32.u32: none");
}

void test_bits() {
    check_equal(run32("shl.b32 %r0, %r1, %r2;", 1, 31), 0x80000000, "shl by 31");
    check_equal(run32("shl.b32 %r0, %r1, %r2;", 1, 32), 0, "shl by 32 is clamped: nothing is left");
    check_equal(run32("shl.b32 %r0, %r1, %r2;", 1, 0x80000000), 0, "shl by a great number is clamped");
    check_equal(run32("shr.u32 %r0, %r1, %r2;", 0x80000000, 32), 0, "shr.u32 by 32 is clamped");
    check_equal(run32("shr.s32 %r0, %r1, %r2;", 0x80000000, 77), 0xffffffff, "shr.s32 by more than 31 leaves the sign");
    check_equal(run64("shl.b64 %d0, %d1, %r2;", 1, 64), 0, "shl.b64 by 64 is clamped");
    check_equal(run32("shf.l.wrap.b32 %r0, %r1, %r2, %r3;", 0x80000000, 1, 33), 3, "shf.l.wrap takes the upper half, by 33 mod 32");
    check_equal(run32("shf.l.clamp.b32 %r0, %r1, %r2, %r3;", 0x80000000, 1, 33), 0x80000000, "shf.l.clamp by 33 is by 32");
    check_equal(run32("shf.r.clamp.b32 %r0, %r1, %r2, %r3;", 0x80000000, 1, 31), 3, "shf.r takes the lower half");
    check_equal(run32("lop3.b32 %r0, %r1, %r2, %r3, 0x80;", 0xff, 0x3c, 0xf0), 0x30, "lop3 0x80 is a & b & c");
    check_equal(run32("lop3.b32 %r0, %r1, %r2, %r3, 0xFE;", 1, 2, 4), 7, "lop3 0xFE is a | b | c");
    check_equal(run32("lop3.b32 %r0, %r1, %r2, %r3, 0x40;", 0xff, 0x0f, 0x03), 0x0c, "lop3 0x40 is a & b & ~c");
    check_equal(run32("lop3.b32 %r0, %r1, %r2, %r3, 0x1A;", 0xF0, 0xCC, 0xAA), 0x1A, "lop3 0x1A is (a & b | c) ^ a");
    check_equal(run32("prmt.b32 %r0, %r1, %r2, 0x7531;", 0x33221100, 0x77665544), 0x77553311, "prmt takes bytes 1, 3, 5, 7");
    check_equal(run32("prmt.b32 %r0, %r1, %r2, 0x0908;", 0x00008000, 0), 0x00ff0000, "prmt with the top bit spreads signs");
    check_equal(run32("bfe.u32 %r0, %r1, 4, 8;", 0x12345678), 0x67, "bfe.u32");
    check_equal(run32("bfe.s32 %r0, %r1, 4, 4;", 0x000000f0), 0xffffffff, "bfe.s32 spreads the field's sign");
    check_equal(run32("bfe.s32 %r0, %r1, 28, 8;", 0x80000000), 0xfffffff8, "bfe.s32 over the end spreads the top bit");
    check_equal(run32("bfe.s32 %r0, %r1, 4, 0;", 0xffffffff), 0, "bfe of no bits is 0");
    check_equal(run32("bfi.b32 %r0, %r1, %r2, 8, 8;", 0xab, 0x11223344), 0x1122ab44, "bfi");
    check_equal(run32("bfi.b32 %r0, %r1, %r2, 28, 8;", 0xff, 0), 0xf0000000, "bfi over the end");
    check_equal(run32("popc.b64 %r0, %d1;", ~0ull), 64, "popc.b64 gives 32 bits");
    check_equal(run32("clz.b32 %r0, %r1;", 0), 32, "clz of 0 is 32");
    check_equal(run32("brev.b32 %r0, %r1;", 1), 0x80000000, "brev");
}

void test_comparisons() {
    const std::string one = " selp.b32 %r0, 1, 0, %p1;";
    check_equal(run32("setp.lt.s32 %p1, %r1, %r2;" + one, 0xffffffff, 0), 1, "setp.lt.s32 has a sign");
    check_equal(run32("setp.lo.u32 %p1, %r1, %r2;" + one, 0xffffffff, 0), 0, "setp.lo.u32 has none");
    check_equal(run32("setp.hs.u32 %p1, %r1, %r2;" + one, 3, 3), 1, "setp.hs.u32 is >=");
    check_equal(run32("setp.eq.f32 %p1, %f1, %f2;" + one, bits(-0.0f), bits(0.0f)), 1, "-0 equals 0");
    check_equal(run32("setp.ne.f32 %p1, %f1, %f2;" + one, 0x7fc00000, bits(1)), 0, "ne with a NaN is false");
    check_equal(run32("setp.neu.f32 %p1, %f1, %f2;" + one, 0x7fc00000, bits(1)), 1, "neu with a NaN is true");
    check_equal(run32("setp.geu.f32 %p1, %f1, %f2;" + one, 0x7fc00000, bits(1)), 1, "geu with a NaN is true");
    check_equal(run32("setp.nan.f32 %p1, %f1, %f2;" + one, bits(1), 0xffc00000), 1, "nan finds one");
    check_equal(run32("setp.num.f32 %p1, %f1, %f2;" + one, bits(1), 0xffc00000), 0, "num finds none");
    check_equal(run32("setp.eq.s32 %p2, %r3, 1; setp.lt.and.s32 %p1|%p3, %r1, %r2, !%p2; selp.b32 %r5, 2, 0, %p3; selp.b32 %r6, 1, 0, %p1; or.b32 %r0, %r5, %r6;", 1, 2, 0), 1,
                "setp.lt.and with !c: p = (a < b) & !c, q = !(a < b) & !c");
    check_equal(run32("setp.eq.s32 %p2, %r3, 1; setp.lt.xor.s32 %p1|%p3, %r1, %r2, %p2; selp.b32 %r5, 2, 0, %p3; selp.b32 %r6, 1, 0, %p1; or.b32 %r0, %r5, %r6;", 1, 2, 1), 2,
                "setp.lt.xor: q is made of the inverse");
}

}

void test_integers() {
    test_arithmetic();
    test_bits();
    test_comparisons();
}
