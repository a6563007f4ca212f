#include <cmath>

#include "selftest.h"

// PTX ISA 9.7.3 (floating point) and 9.7.9.21 (cvt).

namespace {

uint32_t with_floats(const std::string& body, float a, float b = 0, float c = 0) { return run32(body + " mov.b32 %r0, %f0;", bits(a), bits(b), bits(c)); }

uint64_t wide(double value) {
    uint64_t made;
    std::memcpy(&made, &value, 8);
    return made;
}

void test_arithmetic() {
    const float least = 1.401298464e-45f;
    check_equal(with_floats("fma.rn.f32 %f0, %f1, %f2, %f3;", 1 + 0x1p-12f, 1 + 0x1p-12f, -1), bits(0x1p-11f + 0x1p-24f), "fma rounds once");
    check_equal(with_floats("mul.f32 %f0, %f1, %f2; sub.f32 %f0, %f0, %f3;", 1 + 0x1p-12f, 1 + 0x1p-12f, 1), bits(0x1p-11f), "mul and sub round twice, and are not contracted");
    check_equal(with_floats("add.f32 %f0, %f1, %f2;", least, least), bits(2 * least), "subnormal numbers are kept");
    check_equal(with_floats("add.ftz.f32 %f0, %f1, %f2;", -least, -least), 0x80000000, ".ftz makes them zeros of their sign");
    check_equal(with_floats("add.sat.f32 %f0, %f1, %f2;", 3, 4), bits(1), ".sat stops at 1");
    check_equal(run32("add.sat.f32 %f0, %f1, %f2; mov.b32 %r0, %f0;", 0x7fc00000, 0), 0, ".sat makes a NaN 0");
    check_equal(run32("min.f32 %f0, %f1, %f2; mov.b32 %r0, %f0;", 0x7fc00000, bits(2)), bits(2), "min with a NaN is the number");
    check_equal(run32("min.f32 %f0, %f1, %f2; mov.b32 %r0, %f0;", 0x7fc00000, 0xffc00001), 0x7fffffff, "min of two NaNs is the canonical one");
    check_equal(run32("max.NaN.f32 %f0, %f1, %f2; mov.b32 %r0, %f0;", 0x7fc00000, bits(2)), 0x7fffffff, "max.NaN with a NaN is one");
    check_equal(with_floats("max.f32 %f0, %f1, %f2;", -0.0f, 0.0f), 0, "+0 is greater than -0");
    check_equal(with_floats("min.f32 %f0, %f1, %f2;", 0.0f, -0.0f), 0x80000000, "-0 is less than +0");
    check_equal(with_floats("div.rn.f32 %f0, %f1, %f2;", 1, 3), bits(1.0f / 3), "div.rn");
    check_equal(with_floats("div.rn.f32 %f0, %f1, %f2;", 1, 0), 0x7f800000, "1 by 0 is infinite");
    check_equal(with_floats("sqrt.rn.f32 %f0, %f1;", 2), bits(std::sqrt(2.0f)), "sqrt.rn");
    check_equal(run64("mov.b64 %g1, %d1; mov.b64 %g2, %d2; add.rn.f64 %g0, %g1, %g2; mov.b64 %d0, %g0;", wide(0.1), wide(0.2)), wide(0.1 + 0.2), "add.f64");
}

void test_conversions() {
    const auto half_of = [](const std::string& rounding, float value) { return run32("cvt." + rounding + ".f16.f32 %h0, %f1; cvt.u32.u16 %r0, %h0;", bits(value)); };
    const auto of_half = [](uint32_t half) { return run32("cvt.u16.u32 %h0, %r1; cvt.f32.f16 %f0, %h0; mov.b32 %r0, %f0;", half); };
    check_equal(half_of("rn", 1), 0x3c00, "1 as a half");
    check_equal(half_of("rn", 65504), 0x7bff, "the greatest half");
    check_equal(half_of("rn", 65519.99f), 0x7bff, "what is nearer to it stays it");
    check_equal(half_of("rn", 65520), 0x7c00, "the middle between it and the next goes to infinity");
    check_equal(half_of("rz", 70000), 0x7bff, ".rz never becomes infinite");
    check_equal(half_of("rm", -70000), 0xfc00, ".rm goes down to minus infinity");
    check_equal(half_of("rn", 0x1p-24f), 0x0001, "the least half");
    check_equal(half_of("rn", 0x1p-25f), 0x0000, "half of it goes to the even 0");
    check_equal(half_of("rn", 0x1.8p-24f), 0x0002, "one and a half of it to the even 2");
    check_equal(half_of("rp", 0x1p-30f), 0x0001, ".rp goes up");
    check_equal(half_of("rn", 1 + 0x1p-11f), 0x3c00, "a tie goes to the even one, down");
    check_equal(half_of("rn", 1 + 3 * 0x1p-11f), 0x3c02, "a tie goes to the even one, up");
    check_equal(half_of("rn", 0x1.ffep-15f), 0x0400, "a subnormal half may round to a normal one");
    check_equal(half_of("rn", -0.0f), 0x8000, "-0 keeps its sign");
    check_equal(half_of("rn", NAN), 0x7fff, "the NaN of a half is canonical");
    check_equal(of_half(0x3555), bits(0x1.554p-2f), "a half as a float");
    check_equal(of_half(0x0001), bits(0x1p-24f), "the least half as a float");
    check_equal(of_half(0xfc00), 0xff800000, "minus infinity");
    check_equal(run32("cvt.rzi.s32.f32 %r0, %f1;", bits(-1.9f)), static_cast<uint32_t>(-1), ".rzi goes towards zero");
    check_equal(run32("cvt.rni.s32.f32 %r0, %f1;", bits(2.5f)), 2, ".rni of a tie goes to the even one");
    check_equal(run32("cvt.rmi.s32.f32 %r0, %f1;", bits(-1.1f)), static_cast<uint32_t>(-2), ".rmi goes down");
    check_equal(run32("cvt.rpi.s32.f32 %r0, %f1;", bits(1.1f)), 2, ".rpi goes up");
    check_equal(run32("cvt.rzi.s32.f32 %r0, %f1;", bits(3e9f)), 0x7fffffff, "what does not fit is clamped");
    check_equal(run32("cvt.rzi.u32.f32 %r0, %f1;", bits(-5)), 0, "and negative numbers to 0");
    check_equal(run32("cvt.rzi.s32.f32 %r0, %f1;", 0x7fc00000), 0, "a NaN becomes 0");
    check_equal(run64("cvt.rzi.s64.f32 %d0, %f1;", 0x7fc00000), 0x8000000000000000, "a NaN as .s64 is its least number");
    check_equal(run32("cvt.rn.f32.s32 %f0, %r1; mov.b32 %r0, %f0;", 16777217), bits(16777216), "an integer to the nearest even float");
    check_equal(run32("cvt.rp.f32.s32 %f0, %r1; mov.b32 %r0, %f0;", 16777217), bits(16777218), "or up");
    check_equal(run32("cvt.rn.f32.u64 %f0, %d1; mov.b32 %r0, %f0;", 0x8000008000000001), bits(0x1.000002p63f), "a 64-bit integer is rounded once");
    check_equal(run32("cvt.rzi.f32.f32 %f0, %f1; mov.b32 %r0, %f0;", bits(-2.7f)), bits(-2), "to a whole float");
    check_equal(run64("cvt.s64.s32 %d0, %r1;", 0x80000000), 0xffffffff80000000, "a sign is spread");
    check_equal(run64("cvt.u64.u32 %d0, %r1;", 0x80000000), 0x80000000, "no sign is not");
    check_equal(run32("cvt.sat.s8.s32 %r0, %r1;", 300), 127, ".sat clamps to the type");
    check_equal(run32("cvt.s8.s32 %r0, %r1;", 0x180), 0xffffff80, "a wider register gets the sign");
    check_equal(run32("cvt.u8.u32 %r0, %r1;", 0x180), 0x80, "or zeros");
}

}

void test_floats() {
    test_arithmetic();
    test_conversions();
}
