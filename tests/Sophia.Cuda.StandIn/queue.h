#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "api.h"

namespace standin {

struct Context;
struct Event;
struct Stream;

using Clock = std::chrono::steady_clock;

/// Bytes that an operation reads or writes while it waits in a stream.
struct Touched {
    uint64_t address;
    uint64_t bytes;
};

/// What a stream does in its turn.
struct Operation {
    std::string name;
    std::function<void()> run;
    std::vector<Touched> touched;
    /// In the order in which they were put into any stream of the process.
    uint64_t number = 0;
    /// Of a wait: the stream and the operation after which it may go on.
    Stream* after_stream = nullptr;
    uint64_t after_number = 0;
    /// An injected error of the device, or Hangs.
    int fault = 0;
    uint64_t hangs_since = 0;
};

struct Stream {
    Stream(Context& of, bool non_blocking) : context(of), is_non_blocking(non_blocking) {}

    Context& context;
    bool is_non_blocking;
    bool is_destroyed = false;
    std::deque<Operation> waiting;
};

struct Event {
    Context& context;
    bool has_time;
    bool is_destroyed = false;
    /// The newest record of it: where, which operation, and how many there were.
    Stream* stream = nullptr;
    uint64_t number = 0;
    uint64_t records = 0;
    bool is_done = true;
    Clock::time_point time{};
};

/// Puts work behind what the stream has. `late` leaves it there until somebody waits for it; `eager` does it at once (STANDIN_CUDA_TIMING).
/// Returns its number.
uint64_t enqueue(Guard& guard, Stream& stream, Operation operation);

/// The last operation that the stream was given, and has not done; 0 without one.
uint64_t last_of(const Stream& stream);

/// Does all that the stream must have done up to this operation. Throws ApiError with the context's lasting error.
void finish(Guard& guard, Stream& stream, uint64_t number);

/// One operation, if it may go on; what a device does while nobody waits for it.
void make_progress(Guard& guard, Stream& stream);

/// All of all streams of the context.
void finish_all(Guard& guard, Context& context);

/// The name of what still waits in some stream and touches these bytes; empty without one.
std::string pending_on(uint64_t address, uint64_t bytes);

/// All that is queued in the context will never run.
void drop_all(Context& context);

}
