#include "context.h"
#include "tally.h"

// Streams (CUDA driver API 6.18) and events (6.19).

using namespace standin;

namespace {

/// Waiting for a stream or an event works under any context (CUDA C++ Programming Guide, stream and event behavior of multi-device systems).
void note_other_context(const Context& own, const char* what) {
    if (&own != &current_context()) {
        note(std::string(what) + " while another context is current than its own");
    }
}

int create(const char* function, void** stream, unsigned flags) {
    return enter(function, Needs::Context, [&](Guard&) -> int {
        // CU_STREAM_DEFAULT 0, CU_STREAM_NON_BLOCKING 1.
        if (stream == nullptr || flags > 1) {
            return InvalidValue;
        }

        auto& context = current_context();
        auto* made = handles().streams.add(std::make_unique<Stream>(context, flags == 1));
        context.streams.insert(made);
        *stream = made;
        return Success;
    });
}

}

STANDIN_EXPORT int cuStreamCreate(void** stream, unsigned flags) { return create("cuStreamCreate", stream, flags); }

/// Priorities are hints.
STANDIN_EXPORT int cuStreamCreateWithPriority(void** stream, unsigned flags, int) { return create("cuStreamCreateWithPriority", stream, flags); }

/// "In case the device is still doing work in the stream [...], the function will return immediately and the resources [...] will be released
/// automatically once the device has completed all work in hStream."
STANDIN_EXPORT int cuStreamDestroy_v2(void* handle) {
    return enter("cuStreamDestroy_v2", Needs::Context, [&](Guard& guard) -> int {
        if (reinterpret_cast<uintptr_t>(handle) <= 2) {
            return InvalidHandle;
        }

        auto& stream = stream_of(handle);
        note_other_context(stream.context, "cuStreamDestroy");
        if (!stream.waiting.empty()) {
            note("a stream is destroyed while `" + stream.waiting.front().name + "` is still queued in it");
        }

        finish(guard, stream, last_of(stream));
        stream.is_destroyed = true;
        stream.context.streams.erase(&stream);
        return Success;
    });
}

STANDIN_EXPORT int cuStreamSynchronize(void* handle) {
    return enter("cuStreamSynchronize", Needs::Context, [&](Guard& guard) -> int {
        auto& stream = stream_of(handle);
        note_other_context(stream.context, "cuStreamSynchronize");
        // The default stream also waits for what the blocking streams have before its end.
        if (&stream == &stream.context.legacy) {
            for (auto* other : std::set<Stream*>(stream.context.streams)) {
                if (!other->is_non_blocking) {
                    finish(guard, *other, last_of(*other));
                }
            }
        }

        finish(guard, stream, last_of(stream));
        return Success;
    });
}

STANDIN_EXPORT int cuStreamQuery(void* handle) {
    return enter("cuStreamQuery", Needs::Context, [&](Guard& guard) -> int {
        auto& stream = stream_of(handle);
        if (stream.waiting.empty()) {
            return Success;
        }

        make_progress(guard, stream);
        return NotReady;
    });
}

STANDIN_EXPORT int cuStreamWaitEvent(void* handle, void* waited, unsigned) {
    return enter("cuStreamWaitEvent", Needs::Context, [&](Guard& guard) -> int {
        auto& stream = stream_of(handle);
        auto& event = event_of(waited);
        if (event.is_done) {
            return Success;
        }

        Operation operation;
        operation.name = "cuStreamWaitEvent";
        operation.run = [] {};
        operation.after_stream = event.stream;
        operation.after_number = event.number;
        enqueue(guard, stream, std::move(operation));
        return Success;
    });
}

STANDIN_EXPORT int cuEventCreate(void** event, unsigned flags) {
    return enter("cuEventCreate", Needs::Context, [&](Guard&) -> int {
        // BLOCKING_SYNC 1, DISABLE_TIMING 2, INTERPROCESS 4, which needs the one before.
        if (event == nullptr || flags > 7 || (flags & 6) == 4) {
            return InvalidValue;
        }

        *event = handles().events.add(std::make_unique<Event>(Event{current_context(), (flags & 2) == 0}));
        return Success;
    });
}

STANDIN_EXPORT int cuEventDestroy_v2(void* handle) {
    return enter("cuEventDestroy_v2", Needs::Context, [&](Guard&) -> int {
        event_of(handle).is_destroyed = true;
        return Success;
    });
}

STANDIN_EXPORT int cuEventRecord(void* handle, void* into) {
    return enter("cuEventRecord", Needs::Context, [&](Guard& guard) -> int {
        auto& event = event_of(handle);
        auto& stream = stream_of(into);
        // "hEvent and hStream must be from the same context."
        if (&event.context != &stream.context) {
            return InvalidHandle;
        }

        Operation operation;
        operation.name = "cuEventRecord";
        event.stream = &stream;
        event.is_done = false;
        // Events live on: a record that comes after another one is the one that counts.
        operation.run = [&event, record = ++event.records] {
            if (event.records == record) {
                event.is_done = true;
                event.time = Clock::now();
            }
        };
        event.number = enqueue(guard, stream, std::move(operation));
        return Success;
    });
}

STANDIN_EXPORT int cuEventQuery(void* handle) {
    return enter("cuEventQuery", Needs::Context, [&](Guard& guard) -> int {
        auto& event = event_of(handle);
        if (event.is_done) {
            return Success;
        }

        make_progress(guard, *event.stream);
        return NotReady;
    });
}

STANDIN_EXPORT int cuEventSynchronize(void* handle) {
    return enter("cuEventSynchronize", Needs::Context, [&](Guard& guard) -> int {
        auto& event = event_of(handle);
        note_other_context(event.context, "cuEventSynchronize");
        while (!event.is_done) {
            finish(guard, *event.stream, event.stream->waiting.empty() ? 0 : event.stream->waiting.front().number);
        }

        return Success;
    });
}

STANDIN_EXPORT int cuEventElapsedTime(float* milliseconds, void* first, void* last) {
    return enter("cuEventElapsedTime", Needs::Context, [&](Guard&) -> int {
        const auto &begin = event_of(first), &end = event_of(last);
        if (begin.stream == nullptr || end.stream == nullptr || !begin.has_time || !end.has_time || &begin.context != &end.context) {
            return InvalidHandle;
        }

        if (!begin.is_done || !end.is_done) {
            return NotReady;
        }

        *milliseconds = std::chrono::duration<float, std::milli>(end.time - begin.time).count();
        return Success;
    });
}
