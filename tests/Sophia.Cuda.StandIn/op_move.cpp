#include "coder.h"
#include "warp.h"

// mov and cvta, PTX ISA 9.7.9.

namespace standin {

namespace {

template <class T>
void move(Warp& w, const Instruction& i, uint32_t mask) {
    const T* a = w.at<T>(i.slot[1]);
    each_lane(w.at<T>(i.slot[0]), mask, [=](int l) { return a[l]; });
}

void move_predicate(Warp& w, const Instruction& i, uint32_t mask) {
    auto& d = w.predicate(i.slot[0]);
    d = (d & ~mask) | (w.predicate(i.slot[1]) & mask);
}

void set_predicate(Warp& w, const Instruction& i, uint32_t mask) {
    auto& d = w.predicate(i.slot[0]);
    d = i.detail ? d | mask : d & ~mask;
}

/// `mov.b64 d, {a, b}`: the first is the least significant one.
template <class Whole, class Part>
void pack(Warp& w, const Instruction& i, uint32_t mask) {
    Whole made[Lanes] = {};
    for (size_t n = 0; n < sizeof(Whole) / sizeof(Part); n++) {
        const Part* part = w.at<Part>(i.slot[1 + n]);
        for (int lane = 0; lane < Lanes; lane++) {
            made[lane] |= static_cast<Whole>(static_cast<Whole>(part[lane]) << (n * sizeof(Part) * 8));
        }
    }

    each_lane(w.at<Whole>(i.slot[0]), mask, [&](int l) { return made[l]; });
}

template <class Whole, class Part>
void unpack(Warp& w, const Instruction& i, uint32_t mask) {
    Whole whole[Lanes];
    std::memcpy(whole, w.at<Whole>(i.slot[0]), sizeof whole);
    for (size_t n = 0; n < sizeof(Whole) / sizeof(Part); n++) {
        each_lane(w.at<Part>(i.slot[1 + n]), mask, [&, n](int l) { return static_cast<Part>(whole[l] >> (n * sizeof(Part) * 8)); });
    }
}

void decode_vector(Coder& c, Type type, bool packs) {
    const auto& whole = c.statement.operands[packs ? 0 : 1];
    const auto& parts = c.statement.operands[packs ? 1 : 0].parts;
    const auto bits = static_cast<uint8_t>(type.bits / std::max<size_t>(parts.size(), 1));
    if (type.kind != Kind::Bits || parts.size() < 2 || parts.size() > 4 || bits * parts.size() != type.bits || bits < 16) {
        c.refuse("its vector does not fill its type");
    }

    c.made.slot[0] = packs ? c.destination(whole, type) : c.source(whole, type);
    for (size_t n = 0; n < parts.size(); n++) {
        c.made.slot[1 + n] = packs ? c.source(parts[n], {Kind::Bits, bits}) : c.destination(parts[n], {Kind::Bits, bits});
    }

    c.made.run = type.bits == 32 ? (packs ? pack<uint32_t, uint16_t> : unpack<uint32_t, uint16_t>)
        : bits == 32             ? (packs ? pack<uint64_t, uint32_t> : unpack<uint64_t, uint32_t>)
                                 : (packs ? pack<uint64_t, uint16_t> : unpack<uint64_t, uint16_t>);
}

void decode_mov(Coder& c) {
    c.require_operands(2);
    const auto& operands = c.statement.operands;
    if (c.take("pred")) {
        c.made.slot[0] = c.predicate(operands[0], true);
        if (operands[1].shape == Operand::Integer) {
            c.made.detail = operands[1].value != 0;
            c.made.run = set_predicate;
        } else {
            c.made.slot[1] = c.predicate(operands[1]);
            c.made.run = move_predicate;
            if (operands[1].negated) {
                c.refuse("its source is not negated");
            }
        }

        return;
    }

    const Type type = c.type();
    if (operands[0].shape == Operand::Vector || operands[1].shape == Operand::Vector) {
        decode_vector(c, type, operands[1].shape == Operand::Vector);
        return;
    }

    c.made.slot[0] = c.destination(operands[0], type);
    c.made.slot[1] = c.source(operands[1], type);
    if (type.bits < 16) {
        c.refuse("its type is not known");
    }

    c.made.run = type.bits == 16 ? move<uint16_t> : type.bits == 32 ? move<uint32_t> : move<uint64_t>;
}

/// Generic addresses of global memory are its own; the shared window lies elsewhere.
template <bool ToShared>
void convert_shared(Warp& w, const Instruction& i, uint32_t mask) {
    const uint64_t* a = w.at<uint64_t>(i.slot[1]);
    each_lane(w.at<uint64_t>(i.slot[0]), mask, [=](int l) { return ToShared ? a[l] - SharedWindow : a[l] + SharedWindow; });
}

void decode_cvta(Coder& c) {
    const bool to = c.take("to");
    const bool shared = c.take("shared");
    if (!shared && !c.take("global")) {
        c.refuse("its state space is not known");
    }

    const Type type = c.type();
    if (type != Type{Kind::Unsigned, 64}) {
        c.refuse("addresses have 64 bits");
    }

    c.require_operands(2);
    c.made.slot[0] = c.destination(c.statement.operands[0], type);
    c.made.slot[1] = c.source(c.statement.operands[1], type);
    c.made.run = !shared ? move<uint64_t> : to ? convert_shared<true> : convert_shared<false>;
}

}

void add_moves(Decoders& all) {
    all["mov"] = decode_mov;
    all["cvta"] = decode_cvta;
}

}
