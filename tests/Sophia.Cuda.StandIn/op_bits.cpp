#include "bits.h"
#include "warp.h"

// Logic and shifts (PTX ISA 9.7.8), and the counts of bits of 9.7.1.

namespace standin {

namespace {

struct And { template <class T> static T of(T a, T b) { return a & b; } };
struct Or { template <class T> static T of(T a, T b) { return a | b; } };
struct Xor { template <class T> static T of(T a, T b) { return a ^ b; } };
struct Not { template <class T> static T of(T a) { return static_cast<T>(~a); } };
struct Popc { template <class T> static uint32_t of(T a) { return static_cast<uint32_t>(__builtin_popcountll(a)); } };
struct Clz { template <class T> static uint32_t of(T a) { return a == 0 ? sizeof(T) * 8 : static_cast<uint32_t>(__builtin_clzll(a)) - (64 - sizeof(T) * 8); } };
struct Brev {
    template <class T> static T of(T a) {
        T made = 0;
        for (size_t bit = 0; bit < sizeof(T) * 8; bit++) {
            made |= static_cast<T>((a >> bit & 1) << (sizeof(T) * 8 - 1 - bit));
        }

        return made;
    }
};

template <class F, class T>
void binary(Warp& w, const Instruction& i, uint32_t mask) {
    const T *a = w.at<T>(i.slot[1]), *b = w.at<T>(i.slot[2]);
    each_lane(w.at<T>(i.slot[0]), mask, [=](int l) { return F::template of<T>(a[l], b[l]); });
}

template <class F, class T, class R = T>
void unary(Warp& w, const Instruction& i, uint32_t mask) {
    const T* a = w.at<T>(i.slot[1]);
    each_lane(w.at<R>(i.slot[0]), mask, [=](int l) { return static_cast<R>(F::template of<T>(a[l])); });
}

// "Shift amounts greater than the register width N are clamped to N."
template <class T>
void shift_left(Warp& w, const Instruction& i, uint32_t mask) {
    const T* a = w.at<T>(i.slot[1]);
    const uint32_t* b = w.at<uint32_t>(i.slot[2]);
    each_lane(w.at<T>(i.slot[0]), mask, [=](int l) { return b[l] >= sizeof(T) * 8 ? T{0} : static_cast<T>(a[l] << b[l]); });
}

template <class T>
void shift_right(Warp& w, const Instruction& i, uint32_t mask) {
    const T* a = w.at<T>(i.slot[1]);
    const uint32_t* b = w.at<uint32_t>(i.slot[2]);
    constexpr uint32_t most = sizeof(T) * 8 - 1;
    each_lane(w.at<T>(i.slot[0]), mask, [=](int l) { return b[l] > most ? static_cast<T>(std::is_signed_v<T> ? a[l] >> most : 0) : static_cast<T>(a[l] >> b[l]); });
}

template <bool Left, bool Clamps>
void funnel(Warp& w, const Instruction& i, uint32_t mask) {
    const uint32_t *a = w.at<uint32_t>(i.slot[1]), *b = w.at<uint32_t>(i.slot[2]), *c = w.at<uint32_t>(i.slot[3]);
    each_lane(w.at<uint32_t>(i.slot[0]), mask, [=](int l) {
        const uint32_t by = Clamps ? std::min(c[l], 32u) : c[l] & 31;
        const uint64_t both = uint64_t{b[l]} << 32 | a[l];
        return static_cast<uint32_t>(Left ? both << by >> 32 : both >> by);
    });
}

/// PTX ISA 9.7.8.6: the table is what a=0xF0, b=0xCC, c=0xAA would give.
void logic_of_three(Warp& w, const Instruction& i, uint32_t mask) {
    const uint32_t *a = w.at<uint32_t>(i.slot[1]), *b = w.at<uint32_t>(i.slot[2]), *c = w.at<uint32_t>(i.slot[3]);
    const uint32_t table = i.detail;
    each_lane(w.at<uint32_t>(i.slot[0]), mask, [=](int l) {
        uint32_t made = 0;
        for (int row = 0; row < 8; row++) {
            if (table >> row & 1) {
                made |= (row & 4 ? a[l] : ~a[l]) & (row & 2 ? b[l] : ~b[l]) & (row & 1 ? c[l] : ~c[l]);
            }
        }

        return made;
    });
}

template <class F>
void of_predicates(Warp& w, const Instruction& i, uint32_t mask) {
    auto& d = w.predicate(i.slot[0]);
    const uint32_t value = F::template of<uint32_t>(w.predicate(i.slot[1]), w.predicate(i.slot[2]));
    d = (d & ~mask) | (value & mask);
}

void not_predicate(Warp& w, const Instruction& i, uint32_t mask) {
    auto& d = w.predicate(i.slot[0]);
    d = (d & ~mask) | (~w.predicate(i.slot[1]) & mask);
}

}

void take_slots(Coder& c, std::initializer_list<Type> types) {
    c.require_operands(types.size());
    size_t i = 0;
    for (const Type type : types) {
        c.made.slot[i] = i == 0 ? c.destination(c.statement.operands[0], type) : c.source(c.statement.operands[i], type);
        i++;
    }
}

Type bits_type(Coder& c, std::initializer_list<int> widths) {
    const Type type = c.type();
    for (const int width : widths) {
        if (type.kind == Kind::Bits && type.bits == width) {
            return type;
        }
    }

    c.refuse("its type is another one");
}

namespace {

template <class F>
void decode_logic(Coder& c) {
    if (c.take("pred")) {
        c.require_operands(3);
        c.made.slot[0] = c.predicate(c.statement.operands[0], true);
        for (int i = 1; i < 3; i++) {
            c.made.slot[i] = c.predicate(c.statement.operands[i]);
            if (c.statement.operands[i].negated) {
                c.refuse("its sources are not negated");
            }
        }

        c.made.run = of_predicates<F>;
        return;
    }

    const Type type = bits_type(c, {16, 32, 64});
    take_slots(c, {type, type, type});
    c.made.run = type.bits == 16 ? binary<F, uint16_t> : type.bits == 32 ? binary<F, uint32_t> : binary<F, uint64_t>;
}

void decode_not(Coder& c) {
    if (c.take("pred")) {
        c.require_operands(2);
        c.made.slot[0] = c.predicate(c.statement.operands[0], true);
        c.made.slot[1] = c.predicate(c.statement.operands[1]);
        c.made.run = not_predicate;
        return;
    }

    const Type type = bits_type(c, {16, 32, 64});
    take_slots(c, {type, type});
    c.made.run = type.bits == 16 ? unary<Not, uint16_t> : type.bits == 32 ? unary<Not, uint32_t> : unary<Not, uint64_t>;
}

void decode_shl(Coder& c) {
    const Type type = bits_type(c, {16, 32, 64});
    take_slots(c, {type, type, B32});
    c.made.run = type.bits == 16 ? shift_left<uint16_t> : type.bits == 32 ? shift_left<uint32_t> : shift_left<uint64_t>;
}

void decode_shr(Coder& c) {
    const Type type = c.type();
    take_slots(c, {type, type, B32});
    if (type.is_float() || type.bits == 8) {
        c.refuse("its type is another one");
    }

    c.made.run = type.bits == 16 ? (type.is_signed() ? shift_right<int16_t> : shift_right<uint16_t>)
        : type.bits == 32        ? (type.is_signed() ? shift_right<int32_t> : shift_right<uint32_t>)
                                 : (type.is_signed() ? shift_right<int64_t> : shift_right<uint64_t>);
}

void decode_shf(Coder& c) {
    const bool left = c.take("l");
    if (!left && !c.take("r")) {
        c.refuse("it is neither .l nor .r");
    }

    const bool clamps = c.take("clamp");
    if (!clamps && !c.take("wrap")) {
        c.refuse("it is neither .clamp nor .wrap");
    }

    bits_type(c, {32});
    take_slots(c, {B32, B32, B32, B32});
    c.made.run = left ? (clamps ? funnel<true, true> : funnel<true, false>) : (clamps ? funnel<false, true> : funnel<false, false>);
}

template <class F>
void decode_count(Coder& c) {
    const Type type = bits_type(c, {32, 64});
    take_slots(c, {{Kind::Unsigned, 32}, type});
    c.made.run = type.bits == 32 ? unary<F, uint32_t, uint32_t> : unary<F, uint64_t, uint32_t>;
}

void decode_brev(Coder& c) {
    const Type type = bits_type(c, {32, 64});
    take_slots(c, {type, type});
    c.made.run = type.bits == 32 ? unary<Brev, uint32_t> : unary<Brev, uint64_t>;
}

void decode_lop3(Coder& c) {
    bits_type(c, {32});
    c.require_operands(5);
    if (c.statement.operands[4].shape != Operand::Integer || c.statement.operands[4].value > 255) {
        c.refuse("its table is a number of 8 bits");
    }

    c.made.slot[0] = c.destination(c.statement.operands[0], B32);
    for (int i = 1; i < 4; i++) {
        c.made.slot[i] = c.source(c.statement.operands[i], B32);
    }

    c.made.detail = static_cast<uint32_t>(c.statement.operands[4].value);
    c.made.run = logic_of_three;
}

}

void add_bit_instructions(Decoders& all) {
    all["and"] = decode_logic<And>;
    all["or"] = decode_logic<Or>;
    all["xor"] = decode_logic<Xor>;
    all["not"] = decode_not;
    all["shl"] = decode_shl;
    all["shr"] = decode_shr;
    all["shf"] = decode_shf;
    all["popc"] = decode_count<Popc>;
    all["clz"] = decode_count<Clz>;
    all["brev"] = decode_brev;
    all["lop3"] = decode_lop3;
}

}
