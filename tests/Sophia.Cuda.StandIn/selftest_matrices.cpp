#include "selftest.h"

#include <tuple>

// PTX ISA 9.7.14, the figures of the fragments of m16n8k16 (.f16) and m16n8k32 (.s8): places that were read off them by hand.

namespace {

/// Lane, element of its fragment, row, column.
struct Place {
    int lane, element, row, column;
};

const std::vector<Place> HalvesA = {{0, 0, 0, 0},  {0, 1, 0, 1},  {3, 1, 0, 7},  {4, 0, 1, 0},  {31, 1, 7, 7},  {0, 2, 8, 0},  {5, 3, 9, 3},
                                    {31, 3, 15, 7}, {0, 4, 0, 8}, {3, 5, 0, 15}, {28, 4, 7, 8}, {0, 6, 8, 8},   {31, 7, 15, 15}};
const std::vector<Place> HalvesB = {{0, 0, 0, 0}, {0, 1, 1, 0}, {3, 1, 7, 0}, {4, 0, 0, 1}, {31, 1, 7, 7}, {0, 2, 8, 0}, {3, 3, 15, 0}, {31, 3, 15, 7}, {5, 1, 3, 1}};
const std::vector<Place> BytesA = {{0, 0, 0, 0},   {0, 3, 0, 3},  {3, 3, 0, 15},  {4, 0, 1, 0},  {31, 3, 7, 15},   {0, 4, 8, 0},   {31, 7, 15, 15},
                                   {0, 8, 0, 16},  {3, 11, 0, 31}, {28, 8, 7, 16}, {0, 12, 8, 16}, {31, 15, 15, 31}, {6, 13, 9, 25}};
const std::vector<Place> BytesB = {{0, 0, 0, 0}, {0, 3, 3, 0}, {3, 3, 15, 0}, {4, 0, 0, 1}, {31, 3, 15, 7}, {0, 4, 16, 0}, {3, 7, 31, 0}, {31, 7, 31, 7}, {6, 5, 25, 1}};
const std::vector<Place> Sums = {{0, 0, 0, 0}, {0, 1, 0, 1}, {3, 1, 0, 7}, {4, 0, 1, 0}, {31, 1, 7, 7}, {0, 2, 8, 0}, {5, 3, 9, 3}, {31, 3, 15, 7}};

/// The registers of a warp: a0..a3, b0, b1, c0..c3, by lane.
struct Fragments {
    uint32_t of[32][10] = {};
};

std::vector<std::vector<uint32_t>> multiply(const std::string& instruction, const Fragments& given) {
    OwnContext context;
    const std::string text = ".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry test(.param .b64 out, .param .b64 in) {\n"
                             ".reg .b64 %d<8>; .reg .b32 %r<20>; .reg .f32 %f<20>; ld.param.u64 %d0, [out]; ld.param.u64 %d1, [in]; mov.u32 %r10, %laneid; mul.wide.u32 %d2, %r10, 40; add.u64 %d1, %d1, %d2;"
                             "mul.wide.u32 %d2, %r10, 16; add.u64 %d0, %d0, %d2;" +
        [] {
            std::string loads;
            for (int n = 0; n < 10; n++) {
                loads += "ld.global.b32 %r" + std::to_string(n) + ", [%d1+" + std::to_string(4 * n) + "]; mov.b32 %f" + std::to_string(n) + ", %r" + std::to_string(n) + ";";
            }

            return loads;
        }() + instruction + "st.global.v4.b32 [%d0], {%r11, %r12, %r13, %r14}; ret; }";
    void *module = nullptr, *function = nullptr;
    uint64_t out = 0, in = 0;
    check_equal(static_cast<uint64_t>(cuModuleLoadData(&module, text.c_str())), 0, "the module with `" + instruction + "` is taken");
    cuModuleGetFunction(&function, module, "test");
    cuMemAlloc_v2(&out, 512);
    cuMemAlloc_v2(&in, sizeof given);
    cuMemcpyHtoD_v2(in, &given, sizeof given);
    void* parameters[] = {&out, &in};
    cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, nullptr, parameters, nullptr);
    std::vector<uint32_t> flat(128);
    check_equal(static_cast<uint64_t>(cuMemcpyDtoH_v2(flat.data(), out, 512)), 0, "the matrices are multiplied");
    std::vector<std::vector<uint32_t>> made(16, std::vector<uint32_t>(8));
    for (int lane = 0; lane < 32; lane++) {
        for (int n = 0; n < 4; n++) {
            // Figure of the accumulators: row lane / 4, eight further for the last two; columns 2 * (lane % 4) and the next.
            made[static_cast<size_t>(lane / 4 + n / 2 * 8)][static_cast<size_t>(lane % 4 * 2 + n % 2)] = flat[static_cast<size_t>(lane * 4 + n)];
        }
    }

    return made;
}

const std::string MultiplyHalves = "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f11, %f12, %f13, %f14}, {%r0, %r1, %r2, %r3}, {%r4, %r5}, {%f6, %f7, %f8, %f9};"
                                   "mov.b32 %r11, %f11; mov.b32 %r12, %f12; mov.b32 %r13, %f13; mov.b32 %r14, %f14;";
const std::string MultiplyBytes = "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%r11, %r12, %r13, %r14}, {%r0, %r1, %r2, %r3}, {%r4, %r5}, {%r6, %r7, %r8, %r9};";

/// One element of A with one of B: their product stands in A's row and B's column if A's column is B's row, and nothing anywhere else.
void test_places(const std::string& instruction, const std::vector<Place>& all_a, const std::vector<Place>& all_b, int per_register, uint32_t a_value, uint32_t b_value, uint32_t product) {
    const int bits_each = 32 / per_register;
    for (const auto& a : all_a) {
        for (const auto& b : all_b) {
            Fragments given;
            given.of[a.lane][a.element / per_register] = a_value << (a.element % per_register * bits_each);
            given.of[b.lane][4 + b.element / per_register] = b_value << (b.element % per_register * bits_each);
            const auto found = multiply(instruction, given);
            for (int row = 0; row < 16; row++) {
                for (int column = 0; column < 8; column++) {
                    const bool there = a.column == b.row && row == a.row && column == b.column;
                    if (found[static_cast<size_t>(row)][static_cast<size_t>(column)] != (there ? product : 0)) {
                        check_equal(found[static_cast<size_t>(row)][static_cast<size_t>(column)], there ? product : 0,
                                    "a" + std::to_string(a.element) + " of lane " + std::to_string(a.lane) + " with b" + std::to_string(b.element) + " of lane " + std::to_string(b.lane));
                        return;
                    }
                }
            }
        }
    }

    check(true, "fragments lie as in the figures");
}

void test_sums(const std::string& instruction) {
    for (const auto& sum : Sums) {
        Fragments given;
        given.of[sum.lane][6 + sum.element] = 0x40400000;
        const auto found = multiply(instruction, given);
        check_equal(found[static_cast<size_t>(sum.row)][static_cast<size_t>(sum.column)], 0x40400000, "c" + std::to_string(sum.element) + " of lane " + std::to_string(sum.lane) + " is added where it stands");
    }
}

}

void test_matrices() {
    // 2 * 3 as halves and floats; -2 * 3 as bytes.
    test_places(MultiplyHalves, HalvesA, HalvesB, 2, 0x4000, 0x4200, 0x40c00000);
    test_places(MultiplyBytes, BytesA, BytesB, 4, 0xfe, 3, static_cast<uint32_t>(-6));
    test_sums(MultiplyHalves);
    test_sums(MultiplyBytes);
}
