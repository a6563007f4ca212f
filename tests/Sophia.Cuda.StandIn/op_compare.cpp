#include <cmath>

#include "coder.h"
#include "half.h"
#include "warp.h"

// Comparison and selection, PTX ISA 9.7.5.

namespace standin {

namespace {

enum Comparison : uint32_t { Eq, Ne, Lt, Le, Gt, Ge, Equ, Neu, Ltu, Leu, Gtu, Geu, Num, Nan };
enum Combination : uint32_t { Alone, And, Or, Xor };

const char* const s_names[] = {"eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"};

/// A comparison is false where one operand is a NaN; those that end in u are true then.
template <class T>
bool holds(uint32_t comparison, T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
        const bool unordered = std::isnan(a) || std::isnan(b);
        switch (comparison) {
            case Num: return !unordered;
            case Nan: return unordered;
            case Ne: return !unordered && a != b;
            case Equ: return unordered || a == b;
            case Neu: return unordered || a != b;
            case Ltu: return unordered || a < b;
            case Leu: return unordered || a <= b;
            case Gtu: return unordered || a > b;
            case Geu: return unordered || a >= b;
            default: break;
        }
    }

    switch (comparison) {
        case Eq: return a == b;
        case Ne: return a != b;
        case Lt: return a < b;
        case Le: return a <= b;
        case Gt: return a > b;
        default: return a >= b;
    }
}

template <class T, bool Flushes = false>
void compare(Warp& w, const Instruction& i, uint32_t mask) {
    const T *a = w.at<T>(i.slot[2]), *b = w.at<T>(i.slot[3]);
    const uint32_t comparison = i.detail & 15;
    uint32_t found = 0;
    for (int lane = 0; lane < Lanes; lane++) {
        if constexpr (Flushes) {
            const auto flushed = [](T x) { return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(T{0}, x) : x; };
            found |= static_cast<uint32_t>(holds<T>(comparison, flushed(a[lane]), flushed(b[lane]))) << lane;
        } else {
            found |= static_cast<uint32_t>(holds<T>(comparison, a[lane], b[lane])) << lane;
        }
    }

    // p = (a op b) combined with c; q = !(a op b) combined with c.
    uint32_t inverse = ~found;
    if (const auto combination = i.detail >> 4 & 3; combination != Alone) {
        const uint32_t c = i.detail & 64 ? ~w.predicate(i.slot[4]) : w.predicate(i.slot[4]);
        const auto combined = [=](uint32_t x) { return combination == And ? x & c : combination == Or ? x | c : x ^ c; };
        found = combined(found);
        inverse = combined(inverse);
    }

    auto& p = w.predicate(i.slot[0]);
    p = (p & ~mask) | (found & mask);
    if (i.slot[1] != 0) {
        auto& q = w.predicate(i.slot[1]);
        q = (q & ~mask) | (inverse & mask);
    }
}

template <class T>
void select(Warp& w, const Instruction& i, uint32_t mask) {
    const T *a = w.at<T>(i.slot[1]), *b = w.at<T>(i.slot[2]);
    const uint32_t c = w.predicate(i.slot[3]);
    each_lane(w.at<T>(i.slot[0]), mask, [=](int l) { return c >> l & 1 ? a[l] : b[l]; });
}

uint32_t comparison_of(Coder& c, Type type) {
    // Of unsigned integers also lo, ls, hi, hs.
    if (!type.is_float() && !type.is_signed()) {
        const std::pair<const char*, uint32_t> unsigned_only[] = {{"lo", Lt}, {"ls", Le}, {"hi", Gt}, {"hs", Ge}};
        for (const auto& [name, comparison] : unsigned_only) {
            if (type.kind == Kind::Unsigned && c.take(name)) {
                return comparison;
            }
        }
    }

    const uint32_t last = type.is_float() ? Nan : type.kind == Kind::Bits ? Ne : Ge;
    for (uint32_t comparison = 0; comparison <= last; comparison++) {
        if (c.take(s_names[comparison])) {
            return comparison;
        }
    }

    c.refuse("its comparison is not known for its type");
}

void decode_setp(Coder& c) {
    const Type type = c.type();
    const uint32_t comparison = comparison_of(c, type);
    const uint32_t combination = c.take("and") ? And : c.take("or") ? Or : c.take("xor") ? Xor : Alone;
    const bool flushes = c.take("ftz");
    if (flushes && type != Type{Kind::Float, 32}) {
        c.refuse("only .f32 is flushed");
    }

    c.require_operands(combination == Alone ? 3 : 4);
    const auto& operands = c.statement.operands;
    c.made.slot[0] = c.predicate(operands[0], true);
    c.made.slot[1] = c.statement.second.empty() ? 0 : c.predicate(c.statement.second[0], true);
    c.made.slot[2] = c.source(operands[1], type);
    c.made.slot[3] = c.source(operands[2], type);
    c.made.detail = comparison | combination << 4;
    if (combination != Alone) {
        c.made.slot[4] = c.predicate(operands[3]);
        c.made.detail |= operands[3].negated ? 64 : 0;
    }

    const bool has_sign = type.is_signed();
    if (type.is_float()) {
        c.made.run = type.bits == 32 ? (flushes ? compare<float, true> : compare<float>) : type.bits == 64 ? compare<double> : nullptr;
    } else {
        c.made.run = type.bits == 16 ? (has_sign ? compare<int16_t> : compare<uint16_t>)
            : type.bits == 32        ? (has_sign ? compare<int32_t> : compare<uint32_t>)
            : type.bits == 64        ? (has_sign ? compare<int64_t> : compare<uint64_t>)
                                     : nullptr;
    }

    if (c.made.run == nullptr) {
        c.refuse("its type is not known");
    }
}

void decode_selp(Coder& c) {
    const Type type = c.type();
    c.require_operands(4);
    const auto& operands = c.statement.operands;
    c.made.slot[0] = c.destination(operands[0], type);
    c.made.slot[1] = c.source(operands[1], type);
    c.made.slot[2] = c.source(operands[2], type);
    c.made.slot[3] = c.predicate(operands[3]);
    if (operands[3].negated || type.bits < 16) {
        c.refuse("its operands are other ones");
    }

    c.made.run = type.bits == 16 ? select<uint16_t> : type.bits == 32 ? select<uint32_t> : select<uint64_t>;
}

}

void add_comparisons(Decoders& all) {
    all["setp"] = decode_setp;
    all["selp"] = decode_selp;
}

}
