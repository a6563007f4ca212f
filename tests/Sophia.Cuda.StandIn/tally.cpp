#include "tally.h"

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <sstream>

namespace standin {

namespace {

struct OfKernel {
    uint64_t launches = 0, blocks = 0, threads = 0;
    std::map<std::string, uint64_t> opcodes;
    /// Of each instruction, by the line where it stands.
    std::map<uint32_t, std::pair<std::string, Requests>> accesses;
    Tally sum{0};
};

// Never destroyed: the counts are written when the process ends.
std::mutex& lock() {
    static auto& s_lock = *new std::mutex;
    return s_lock;
}

std::map<std::string, OfKernel>& kernels() {
    static auto& s_kernels = *new std::map<std::string, OfKernel>;
    return s_kernels;
}

std::map<std::string, uint64_t>& notes() {
    static auto& s_notes = *new std::map<std::string, uint64_t>;
    return s_notes;
}

void write(std::ostream& out, const char* name, const Requests& requests) {
    out << ",\"" << name << "\":{\"requests\":" << requests.requests << ",\"bytes\":" << requests.bytes << ",\"sectors\":" << requests.sectors << ",\"lines\":" << requests.lines << '}';
}

std::string quoted(const std::string& text) {
    std::string made = "\"";
    for (const char c : text) {
        made += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c < ' ' ? ' ' : c);
    }

    return made + "\"";
}

struct AtEnd {
    ~AtEnd() {
        const char* file = std::getenv("STANDIN_CUDA_COUNTS");
        if (file == nullptr) {
            return;
        }

        if (auto* out = std::fopen(file, "w")) {
            const auto json = counts_as_json();
            std::fwrite(json.data(), 1, json.size(), out);
            std::fclose(out);
        }
    }
} s_at_end;

}

void Requests::add(const Requests& other) {
    requests += other.requests;
    bytes += other.bytes;
    sectors += other.sectors;
    lines += other.lines;
}

void Tally::add(const Tally& other) {
    executed.resize(std::max(executed.size(), other.executed.size()));
    requests.resize(executed.size());
    for (size_t i = 0; i < other.executed.size(); i++) {
        executed[i] += other.executed[i];
        requests[i].add(other.requests[i]);
    }

    loads.add(other.loads);
    stores.add(other.stores);
    shared_requests += other.shared_requests;
    bank_conflicts += other.bank_conflicts;
    atomics += other.atomics;
    divergent_branches += other.divergent_branches;
    barriers += other.barriers;
}

void count_launch(const Function& function, uint64_t blocks, uint64_t threads, const Tally& tally) {
    const std::lock_guard guard(lock());
    // Kernels of different types may have the same name.
    auto& kernel = kernels()[function.name + "/" + std::to_string(function.code.size())];
    kernel.launches++;
    kernel.blocks += blocks;
    kernel.threads += threads;
    for (size_t i = 0; i < tally.executed.size(); i++) {
        if (tally.executed[i] > 0) {
            kernel.opcodes[function.opcodes[i]] += tally.executed[i];
        }

        if (tally.requests[i].requests > 0) {
            auto& access = kernel.accesses[function.code[i].line];
            access.first = function.opcodes[i];
            access.second.add(tally.requests[i]);
        }
    }

    kernel.sum.add(tally);
}

void say(const std::string& what) {
    std::fprintf(stderr, "stand-in of CUDA: %s\n", what.c_str());
    if (const char* file = std::getenv("STANDIN_CUDA_LOG")) {
        if (auto* out = std::fopen(file, "a")) {
            std::fprintf(out, "%s\n", what.c_str());
            std::fclose(out);
        }
    }
}

void note(const std::string& what) {
    const std::lock_guard guard(lock());
    if (notes()[what]++ == 0) {
        say(what);
    }
}

std::string counts_as_json() {
    const std::lock_guard guard(lock());
    std::ostringstream out;
    out << "{\"kernels\":{";
    const char* comma = "";
    for (const auto& [name, kernel] : kernels()) {
        out << comma << quoted(name) << ":{\"launches\":" << kernel.launches << ",\"blocks\":" << kernel.blocks << ",\"threads\":" << kernel.threads;
        write(out, "globalLoads", kernel.sum.loads);
        write(out, "globalStores", kernel.sum.stores);
        out << ",\"sharedRequests\":" << kernel.sum.shared_requests << ",\"bankConflicts\":" << kernel.sum.bank_conflicts << ",\"atomics\":" << kernel.sum.atomics
            << ",\"divergentBranches\":" << kernel.sum.divergent_branches << ",\"barriers\":" << kernel.sum.barriers << ",\"warpInstructions\":{";
        const char* inner = "";
        for (const auto& [opcode, executed] : kernel.opcodes) {
            out << inner << quoted(opcode) << ':' << executed;
            inner = ",";
        }

        out << "},\"globalAccesses\":[";
        inner = "";
        for (const auto& [line, access] : kernel.accesses) {
            out << inner << "{\"line\":" << line << ",\"instruction\":" << quoted(access.first);
            write(out, "of", access.second);
            out << '}';
            inner = ",";
        }

        out << "]}";
        comma = ",\n";
    }

    out << "},\"notes\":{";
    comma = "";
    for (const auto& [text, times] : notes()) {
        out << comma << quoted(text) << ':' << times;
        comma = ",";
    }

    out << "}}\n";
    return out.str();
}

void reset_counts() {
    const std::lock_guard guard(lock());
    kernels().clear();
    notes().clear();
}

}
