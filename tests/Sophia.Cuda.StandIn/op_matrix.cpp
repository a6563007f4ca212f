#include <cmath>
#include <cstdlib>
#include <limits>

#include "coder.h"
#include "half.h"
#include "warp.h"

// mma.sync.aligned.m16n8k16 of halves and m16n8k32 of bytes, PTX ISA 9.7.14 (matrix fragments for mma.m16n8k16, mma.m16n8k32).
// Lane = 4 * group + thread. In both, c and d hold: c0 c1 in row `group`, c2 c3 in row `group` + 8, columns 2 * thread and the next.

namespace standin {

namespace {

constexpr int Rows = 16, Columns = 8;

/// D = A * B + C, by its places in the lanes' registers. T: what a register of C holds.
template <class T, class Multiply>
void spread(Warp& w, const Instruction& i, Multiply multiply) {
    T made[4][Lanes];
    for (int lane = 0; lane < Lanes; lane++) {
        for (int n = 0; n < 4; n++) {
            const int row = lane / 4 + (n < 2 ? 0 : 8), column = lane % 4 * 2 + (n & 1);
            made[n][lane] = multiply(row, column, w.at<T>(i.slot[10 + n])[lane]);
        }
    }

    for (int n = 0; n < 4; n++) {
        std::memcpy(w.at<T>(i.slot[n]), made[n], sizeof made[n]);
    }
}

bool exact_wanted() {
    static const char* s_setting = std::getenv("STANDIN_CUDA_MMA");
    return s_setting != nullptr && std::string(s_setting) == "exact";
}

/// "Accumulation of the intermediate values is performed with at least single precision. The accumulation order, rounding, and handling of
/// subnormal inputs is unspecified." The harshest that is known of devices (Fasi et al. 2021, "Numerical behavior of NVIDIA tensor cores"):
/// eight exact products and the sum so far are aligned to the greatest of them, cut off two bits below single precision, added, and cut to it.
float added_as_devices_do(const double* products, int count, float sum) {
    for (int first = 0; first < count; first += 8) {
        double greatest = std::fabs(sum);
        bool finite = std::isfinite(sum);
        for (int k = first; k < first + 8; k++) {
            greatest = std::max(greatest, std::fabs(products[k]));
            finite = finite && std::isfinite(products[k]);
        }

        if (!finite) {
            double all = sum;
            for (int k = first; k < first + 8; k++) {
                all += products[k];
            }

            sum = static_cast<float>(all);
            continue;
        }

        if (greatest == 0) {
            continue;
        }

        const int unit = std::max(std::ilogb(greatest), -126) - 25;
        double total = std::trunc(std::ldexp(static_cast<double>(sum), -unit));
        for (int k = first; k < first + 8; k++) {
            total += std::trunc(std::ldexp(products[k], -unit));
        }

        sum = double_to_float(std::ldexp(total, unit), Rounding::Zero);
    }

    return sum;
}

float added_exactly(const double* products, int count, float sum) {
    double all = sum;
    for (int k = 0; k < count; k++) {
        all += products[k];
    }

    return static_cast<float>(all);
}

void multiply_halves(Warp& w, const Instruction& i, uint32_t) {
    double a[Rows][16], b[16][Columns];
    const auto half = [&](uint32_t slot, int lane, int n) { return half_to_double(static_cast<uint16_t>(w.at<uint32_t>(slot)[lane] >> (n * 16))); };
    for (int lane = 0; lane < Lanes; lane++) {
        const int group = lane / 4, thread = lane % 4;
        for (int n = 0; n < 8; n++) {
            // a0..a7, two a register: row `group` for 0 <= n < 2 and 4 <= n < 6, else + 8; columns + 8 from n = 4 on.
            const int row = (n < 2 || (n >= 4 && n < 6)) ? group : group + 8, column = thread * 2 + (n & 1) + (n < 4 ? 0 : 8);
            a[row][column] = half(i.slot[4 + n / 2], lane, n & 1);
        }

        for (int n = 0; n < 4; n++) {
            b[thread * 2 + (n & 1) + (n < 2 ? 0 : 8)][group] = half(i.slot[8 + n / 2], lane, n & 1);
        }
    }

    const bool exact = exact_wanted();
    spread<float>(w, i, [&](int row, int column, float c) {
        double products[16];
        for (int k = 0; k < 16; k++) {
            products[k] = a[row][k] * b[k][column];
        }

        const float sum = exact ? added_exactly(products, 16, c) : added_as_devices_do(products, 16, c);
        return std::isnan(sum) ? double_to_float(std::numeric_limits<double>::quiet_NaN(), Rounding::Nearest) : sum;
    });
}

template <class A, class B, bool Saturates>
void multiply_bytes(Warp& w, const Instruction& i, uint32_t) {
    int32_t a[Rows][32], b[Columns][32];
    for (int lane = 0; lane < Lanes; lane++) {
        const int group = lane / 4, thread = lane % 4;
        for (int n = 0; n < 16; n++) {
            // a0..a15, four a register: row `group` for 0 <= n < 4 and 8 <= n < 12, else + 8; columns + 16 from n = 8 on.
            const int row = (n < 4 || (n >= 8 && n < 12)) ? group : group + 8, column = thread * 4 + (n & 3) + (n < 8 ? 0 : 16);
            a[row][column] = static_cast<A>(w.at<uint32_t>(i.slot[4 + n / 4])[lane] >> (n % 4 * 8));
        }

        for (int n = 0; n < 8; n++) {
            b[group][thread * 4 + (n & 3) + (n < 4 ? 0 : 16)] = static_cast<B>(w.at<uint32_t>(i.slot[8 + n / 4])[lane] >> (n % 4 * 8));
        }
    }

    spread<int32_t>(w, i, [&](int row, int column, int32_t c) {
        int64_t sum = c;
        for (int k = 0; k < 32; k++) {
            sum += a[row][k] * b[column][k];
        }

        // .satfinite clamps; without it "the accumulator will wrap around".
        return static_cast<int32_t>(Saturates ? std::min<int64_t>(std::max<int64_t>(sum, INT32_MIN), INT32_MAX) : sum);
    });
}

void take_fragments(Coder& c, Type accumulated) {
    c.require_operands(4);
    const size_t lengths[] = {4, 4, 2, 4};
    size_t slot = 0;
    for (size_t n = 0; n < 4; n++) {
        const auto& operand = c.statement.operands[n];
        if (operand.shape != Operand::Vector || operand.parts.size() != lengths[n]) {
            c.refuse("a fragment has another number of registers");
        }

        for (const auto& part : operand.parts) {
            c.made.slot[slot++] = n == 0 ? c.destination(part, accumulated) : c.source(part, n == 3 ? accumulated : B32);
        }
    }
}

void decode_mma(Coder& c) {
    if (!c.take("sync") || !c.take("aligned") || !c.take("row") || !c.take("col")) {
        c.refuse("it is not .sync.aligned of .row and .col");
    }

    c.made.flow = Flow::Gather;
    const bool saturates = c.take("satfinite");
    const auto& all = c.statement.modifiers;
    if (all.size() < 4) {
        c.refuse("its types are missing");
    }

    // .dtype.atype.btype.ctype
    const Type result = c.type();
    const Type b = c.type(), a = c.type();
    if (c.type() != result) {
        c.refuse("its accumulators have two types");
    }

    const Type f16{Kind::Float, 16}, f32{Kind::Float, 32}, s32{Kind::Signed, 32};
    const auto bytes = [](Type t) { return t.bits == 8 && (t.kind == Kind::Signed || t.kind == Kind::Unsigned); };
    if (c.take("m16n8k16") && result == f32 && a == f16 && b == f16 && !saturates) {
        c.made.run = multiply_halves;
    } else if (c.take("m16n8k32") && result == s32 && bytes(a) && bytes(b)) {
        c.made.run = saturates ? (a.is_signed() ? (b.is_signed() ? multiply_bytes<int8_t, int8_t, true> : multiply_bytes<int8_t, uint8_t, true>)
                                                : (b.is_signed() ? multiply_bytes<uint8_t, int8_t, true> : multiply_bytes<uint8_t, uint8_t, true>))
                               : (a.is_signed() ? (b.is_signed() ? multiply_bytes<int8_t, int8_t, false> : multiply_bytes<int8_t, uint8_t, false>)
                                                : (b.is_signed() ? multiply_bytes<uint8_t, int8_t, false> : multiply_bytes<uint8_t, uint8_t, false>));
    } else {
        c.refuse("its shape is not known for its types");
    }

    take_fragments(c, result);
}

}

void add_matrix_instructions(Decoders& all) { all["mma"] = decode_mma; }

}
