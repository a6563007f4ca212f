#include "coder.h"
#include "warp.h"

// Lanes of a warp among each other: shfl.sync (PTX ISA 9.7.9.6), vote.sync and activemask (9.7.13.9, 9.7.13.11), redux.sync (9.7.13.12).

namespace standin {

namespace {

enum class Mode { Up, Down, Butterfly, Index };

/// What a lane reads of one that does not take part: undefined, so nothing that anybody could want.
constexpr uint32_t Undefined = 0xBADBAD11;

template <Mode mode>
void shuffle(Warp& w, const Instruction& i, uint32_t mask) {
    uint32_t a[Lanes];
    std::memcpy(a, w.at<uint32_t>(i.slot[1]), sizeof a);
    const uint32_t *b = w.at<uint32_t>(i.slot[2]), *c = w.at<uint32_t>(i.slot[3]);
    uint32_t made[Lanes], found = 0;
    for (int lane = 0; lane < Lanes; lane++) {
        const int by = static_cast<int>(b[lane] & 31), clamp = static_cast<int>(c[lane] & 31), segment = static_cast<int>(c[lane] >> 8 & 31);
        const int most = (lane & segment) | (clamp & ~segment), least = lane & segment;
        int from = mode == Mode::Up ? lane - by : mode == Mode::Down ? lane + by : mode == Mode::Butterfly ? lane ^ by : least | (by & ~segment);
        const bool in_range = mode == Mode::Up ? from >= most : from <= most;
        from = in_range ? from : lane;
        found |= static_cast<uint32_t>(in_range) << lane;
        if ((mask >> lane & 1) && !(mask >> from & 1)) {
            note(w.block->function.name + ": shfl.sync reads of a lane that does not take part");
        }

        made[lane] = mask >> from & 1 ? a[from] : Undefined;
    }

    each_lane(w.at<uint32_t>(i.slot[0]), mask, [&](int l) { return made[l]; });
    if (i.slot[4] != 0) {
        auto& p = w.predicate(i.slot[4]);
        p = (p & ~mask) | (found & mask);
    }
}

enum class Vote { All, Any, Uniform, Ballot };

template <Vote vote>
void voted(Warp& w, const Instruction& i, uint32_t mask) {
    const uint32_t held = (i.detail ? ~w.predicate(i.slot[1]) : w.predicate(i.slot[1])) & mask;
    if constexpr (vote == Vote::Ballot) {
        each_lane(w.at<uint32_t>(i.slot[0]), mask, [=](int) { return held; });
    } else {
        const bool answer = vote == Vote::All ? held == mask : vote == Vote::Any ? held != 0 : held == 0 || held == mask;
        auto& d = w.predicate(i.slot[0]);
        d = answer ? d | mask : d & ~mask;
    }
}

void active(Warp& w, const Instruction& i, uint32_t mask) {
    each_lane(w.at<uint32_t>(i.slot[0]), mask, [=](int) { return mask; });
}

struct Sum { template <class T> static T of(T a, T b) { return static_cast<T>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b)); } };
struct Min { template <class T> static T of(T a, T b) { return a < b ? a : b; } };
struct Max { template <class T> static T of(T a, T b) { return a > b ? a : b; } };
struct And { template <class T> static T of(T a, T b) { return a & b; } };
struct Or { template <class T> static T of(T a, T b) { return a | b; } };
struct Xor { template <class T> static T of(T a, T b) { return a ^ b; } };

template <class F, class T>
void reduce(Warp& w, const Instruction& i, uint32_t mask) {
    const T* a = w.at<T>(i.slot[1]);
    T made = a[__builtin_ctz(mask)];
    for (int lane = __builtin_ctz(mask) + 1; lane < Lanes; lane++) {
        made = mask >> lane & 1 ? F::template of<T>(made, a[lane]) : made;
    }

    each_lane(w.at<T>(i.slot[0]), mask, [=](int) { return made; });
}

void require_sync(Coder& c) {
    // Without .sync these are not of sm_70 and later.
    if (!c.take("sync")) {
        c.refuse("it is not .sync");
    }

    c.made.flow = Flow::Gather;
}

void decode_shfl(Coder& c) {
    require_sync(c);
    c.made.run = c.take("up") ? shuffle<Mode::Up> : c.take("down") ? shuffle<Mode::Down> : c.take("bfly") ? shuffle<Mode::Butterfly> : c.take("idx") ? shuffle<Mode::Index> : nullptr;
    if (c.made.run == nullptr || c.type() != B32) {
        c.refuse("its mode or type is not known");
    }

    c.require_operands(5);
    const auto& operands = c.statement.operands;
    c.made.slot[0] = c.destination(operands[0], B32);
    for (int n = 1; n < 4; n++) {
        c.made.slot[n] = c.source(operands[n], B32);
    }

    c.made.slot[4] = c.statement.second.empty() ? 0 : c.predicate(c.statement.second[0], true);
    c.made.members = static_cast<int32_t>(c.source(operands[4], B32));
}

void decode_vote(Coder& c) {
    require_sync(c);
    c.require_operands(3);
    const auto& operands = c.statement.operands;
    if (c.take("ballot")) {
        if (c.type() != B32) {
            c.refuse("a ballot is .b32");
        }

        c.made.slot[0] = c.destination(operands[0], B32);
        c.made.run = voted<Vote::Ballot>;
    } else {
        c.made.run = c.take("all") ? voted<Vote::All> : c.take("any") ? voted<Vote::Any> : c.take("uni") ? voted<Vote::Uniform> : nullptr;
        if (c.made.run == nullptr || !c.take("pred")) {
            c.refuse("its mode is not known");
        }

        c.made.slot[0] = c.predicate(operands[0], true);
    }

    c.made.slot[1] = c.predicate(operands[1]);
    c.made.detail = operands[1].negated;
    c.made.members = static_cast<int32_t>(c.source(operands[2], B32));
}

void decode_activemask(Coder& c) {
    c.require_operands(1);
    if (c.type() != B32) {
        c.refuse("it is .b32");
    }

    c.made.slot[0] = c.destination(c.statement.operands[0], B32);
    c.made.run = active;
}

void decode_redux(Coder& c) {
    require_sync(c);
    const Type type = c.type();
    if (type.bits != 32 || type.is_float()) {
        c.refuse("its type is not known");
    }

    const bool has_sign = type.is_signed(), bits = type.kind == Kind::Bits;
    c.made.run = c.take("add") && !bits ? reduce<Sum, uint32_t>
        : c.take("min") && !bits        ? (has_sign ? reduce<Min, int32_t> : reduce<Min, uint32_t>)
        : c.take("max") && !bits        ? (has_sign ? reduce<Max, int32_t> : reduce<Max, uint32_t>)
        : c.take("and") && bits         ? reduce<And, uint32_t>
        : c.take("or") && bits          ? reduce<Or, uint32_t>
        : c.take("xor") && bits         ? reduce<Xor, uint32_t>
                                        : nullptr;
    if (c.made.run == nullptr) {
        c.refuse("its operation is not known for its type");
    }

    c.require_operands(3);
    c.made.slot[0] = c.destination(c.statement.operands[0], type);
    c.made.slot[1] = c.source(c.statement.operands[1], type);
    c.made.members = static_cast<int32_t>(c.source(c.statement.operands[2], B32));
}

}

void add_warp_instructions(Decoders& all) {
    all["shfl"] = decode_shfl;
    all["vote"] = decode_vote;
    all["activemask"] = decode_activemask;
    all["redux"] = decode_redux;
}

}
