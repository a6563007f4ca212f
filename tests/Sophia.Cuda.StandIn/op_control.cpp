#include "coder.h"
#include "warp.h"

// Branches and ends (PTX ISA 9.7.12) and barriers (9.7.13.1, 9.7.13.2).

namespace standin {

namespace {

void decode_bra(Coder& c) {
    c.made.uniform = c.take("uni");
    c.require_operands(1);
    if (c.statement.operands[0].shape != Operand::Name) {
        c.refuse("its label is missing");
    }

    c.made.flow = Flow::Branch;
    c.places.uses[c.statement.operands[0].name].push_back(static_cast<uint32_t>(c.places.function().code.size()));
}

void decode_exit(Coder& c) {
    c.take("uni");
    c.require_operands(0);
    c.made.flow = Flow::Exit;
}

/// "trap: abort execution and generate an interrupt to the host": the context is lost.
void trapped(Warp&, const Instruction&, uint32_t) { throw KernelFault(719, "trap"); }

void decode_trap(Coder& c) {
    c.require_operands(0);
    c.made.run = trapped;
}

void decode_bar(Coder& c) {
    if (c.take("warp")) {
        if (!c.take("sync")) {
            c.refuse("it is not .sync");
        }

        c.require_operands(1);
        c.made.flow = Flow::Gather;
        c.made.any_place = true;
        c.made.members = static_cast<int32_t>(c.source(c.statement.operands[0], B32));
        return;
    }

    // A number of threads besides, .arrive and .red are not known to the stand-in.
    c.take("cta");
    if (!c.take("sync") || (c.statement.opcode == "barrier" && !c.take("aligned"))) {
        c.refuse("it is not .sync (of barrier: .sync.aligned)");
    }

    c.require_operands(1);
    c.made.flow = Flow::Barrier;
    c.made.slot[0] = c.source(c.statement.operands[0], B32);
}

}

void add_control_instructions(Decoders& all) {
    all["bra"] = decode_bra;
    all["ret"] = decode_exit;
    all["exit"] = decode_exit;
    all["trap"] = decode_trap;
    all["bar"] = decode_bar;
    all["barrier"] = decode_bar;
}

}
