#include "queue.h"

#include <cstdlib>
#include <cstring>
#include <set>

#include "context.h"
#include "fault.h"
#include "tally.h"

namespace standin {

namespace {

uint64_t s_last_number = 0;

bool is_eager() {
    static const char* s_setting = std::getenv("STANDIN_CUDA_TIMING");
    return s_setting != nullptr && std::strcmp(s_setting, "eager") == 0;
}

std::set<Stream*>& busy() {
    static auto& s_busy = *new std::set<Stream*>;
    return s_busy;
}

/// Streams whose work the next operation of this one has to follow, and up to which operation (CUDA driver API, 2 stream synchronization behavior:
/// the legacy default stream waits for all blocking streams of its context, and they wait for it).
std::vector<std::pair<Stream*, uint64_t>> before(const Stream& stream) {
    std::vector<std::pair<Stream*, uint64_t>> all;
    const auto& next = stream.waiting.front();
    auto& context = stream.context;
    const auto older = [&](Stream& other) {
        uint64_t last = 0;
        for (const auto& each : other.waiting) {
            last = each.number < next.number ? each.number : last;
        }

        if (last != 0) {
            all.emplace_back(&other, last);
        }
    };
    if (&stream == &context.legacy) {
        for (auto* other : context.streams) {
            if (!other->is_non_blocking) {
                older(*other);
            }
        }
    } else if (!stream.is_non_blocking) {
        older(context.legacy);
    }

    if (next.after_stream != nullptr && !next.after_stream->waiting.empty() && next.after_stream->waiting.front().number <= next.after_number) {
        all.emplace_back(next.after_stream, next.after_number);
    }

    return all;
}

void spoil(Context& context, int code, const std::string& why) {
    context.error = code;
    say("error " + std::to_string(code) + ": " + why);
    drop_all(context);
}

bool hangs(const Operation& operation) { return operation.fault == Hangs && operation.hangs_since == healings(); }

/// The first operation of the stream; all that it follows is done.
void run_first(Stream& stream) {
    auto operation = std::move(stream.waiting.front());
    stream.waiting.pop_front();
    if (stream.waiting.empty()) {
        busy().erase(&stream);
    }

    if (operation.fault > 0) {
        spoil(stream.context, operation.fault, operation.name + ": asked for");
        return;
    }

    try {
        operation.run();
    } catch (const KernelFault& e) {
        spoil(stream.context, e.code, e.what());
    }
}

void throw_error(const Context& context) {
    if (context.is_destroyed) {
        throw ApiError{ContextIsDestroyed};
    }

    if (context.error != 0) {
        throw ApiError{context.error};
    }
}

/// One step towards the end of the first operation: false if something hangs, which `waits` waits for.
bool step(Guard& guard, Stream& stream, bool waits) {
    for (const auto& [other, number] : before(stream)) {
        while (!other->waiting.empty() && other->waiting.front().number <= number) {
            if (!step(guard, *other, waits)) {
                return false;
            }
        }

        if (stream.waiting.empty()) {
            return true;
        }
    }

    if (hangs(stream.waiting.front())) {
        if (waits) {
            wait_for_healing(guard);
        }

        return waits;
    }

    run_first(stream);
    return true;
}

}

uint64_t enqueue(Guard& guard, Stream& stream, Operation operation) {
    const uint64_t number = operation.number = ++s_last_number;
    operation.hangs_since = healings();
    stream.waiting.push_back(std::move(operation));
    busy().insert(&stream);
    if (is_eager()) {
        while (!stream.waiting.empty() && step(guard, stream, false)) {
        }
    }

    return number;
}

uint64_t last_of(const Stream& stream) { return stream.waiting.empty() ? 0 : stream.waiting.back().number; }

void finish(Guard& guard, Stream& stream, uint64_t number) {
    throw_error(stream.context);
    while (!stream.waiting.empty() && stream.waiting.front().number <= number) {
        step(guard, stream, true);
        throw_error(stream.context);
    }
}

void make_progress(Guard& guard, Stream& stream) {
    if (!stream.waiting.empty()) {
        step(guard, stream, false);
    }

    throw_error(stream.context);
}

void finish_all(Guard& guard, Context& context) {
    finish(guard, context.legacy, last_of(context.legacy));
    const auto streams = context.streams;
    for (auto* stream : streams) {
        finish(guard, *stream, last_of(*stream));
    }
}

std::string pending_on(uint64_t address, uint64_t bytes) {
    for (const auto* stream : busy()) {
        for (const auto& operation : stream->waiting) {
            for (const auto& each : operation.touched) {
                if (each.address < address + bytes && address < each.address + each.bytes) {
                    return operation.name;
                }
            }
        }
    }

    return "";
}

void drop_all(Context& context) {
    const auto drop = [](Stream& stream) {
        stream.waiting.clear();
        busy().erase(&stream);
    };
    drop(context.legacy);
    for (auto* stream : context.streams) {
        drop(*stream);
    }
}

}
