#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "types.h"

namespace standin {

struct Warp;
struct Instruction;
using Handler = void (*)(Warp&, const Instruction&, uint32_t mask);

/// What an instruction does to the order in which lanes go on.
enum class Flow : uint8_t {
    Next,
    Branch,
    Exit,
    /// Waits for the lanes of a member mask, and acts on them together.
    Gather,
    /// Waits for the block.
    Barrier,
};

/// An instruction with all that can be known before it runs. Operands are offsets in a warp's register file.
struct Instruction {
    static constexpr int MostSlots = 14;

    Handler run = nullptr;
    uint32_t slot[MostSlots] = {};
    int64_t offset = 0;
    uint32_t target = 0;
    /// The offset of the guard predicate; -1 without one.
    int32_t guard = -1;
    /// Of a Gather: the offset of the member mask; -1: all lanes of the warp (.aligned).
    int32_t members = -1;
    uint32_t count = 1;
    uint32_t detail = 0;
    Flow flow = Flow::Next;
    bool guard_negated = false;
    /// .uni: no lane may part from the others here.
    bool uniform = false;
    /// Lanes at other places of the program may meet here, as bar.warp.sync allows.
    bool any_place = false;
    uint32_t line = 0;
};

struct Parameter {
    std::string name;
    uint32_t offset;
    uint32_t size;
    uint32_t alignment;
};

struct Special {
    std::string name;
    uint32_t slot;
};

/// A value that is the same for all lanes and launches: it has a place in the register file as registers have.
struct Constant {
    uint64_t value;
    uint32_t slot;
    uint8_t bytes;
};

struct SharedVariable {
    std::string name;
    uint32_t offset;
};

struct Function {
    std::string name;
    bool is_entry = false;
    std::vector<Parameter> parameters;
    uint32_t parameter_bytes = 0;
    std::vector<Instruction> code;
    /// Which instruction comes first among lanes that have parted.
    std::vector<uint32_t> turns;
    /// The text of each instruction, for reports, and its name, for counts.
    std::vector<std::string> texts;
    std::vector<std::string> opcodes;
    std::vector<Constant> constants;
    std::vector<Special> specials;
    std::vector<SharedVariable> shared;
    uint32_t shared_bytes = 0;
    bool has_dynamic_shared = false;
    /// Bytes of a warp's register file.
    uint32_t file_bytes = 0;
    uint32_t registers = 0;
    uint32_t most_threads = 1024;
};

/// The first byte of the shared window: what lies before belongs to the system on Hopper (1 KiB a block).
constexpr uint32_t SharedStart = 1024;

/// Where generic addresses of shared memory begin; no allocation lies there.
constexpr uint64_t SharedWindow = 0x0000'7e00'0000'0000ull;
constexpr uint64_t SharedWindowBytes = 1ull << 24;

struct Program {
    std::map<std::string, std::unique_ptr<Function>> functions;
};

/// Throws PtxError, with the line and the text of what is not known.
std::unique_ptr<Program> parse_program(const std::string& text);

}
