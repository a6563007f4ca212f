#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>

/// What is written once for all functions of the driver.
#define STANDIN_EXPORT extern "C" __attribute__((visibility("default")))

namespace standin {

/// CUresult (CUDA driver API, 6.1 data types).
enum Result : int {
    Success = 0,
    InvalidValue = 1,
    OutOfMemory = 2,
    NotInitialized = 3,
    NoDevice = 100,
    InvalidDevice = 101,
    InvalidContext = 201,
    NoBinaryForGpu = 209,
    InvalidPtx = 218,
    NotFound = 500,
    InvalidHandle = 400,
    NotReady = 600,
    IllegalAddress = 700,
    LaunchOutOfResources = 701,
    PeerAccessAlreadyEnabled = 704,
    PeerAccessNotEnabled = 705,
    ContextIsDestroyed = 709,
    HostMemoryAlreadyRegistered = 712,
    HostMemoryNotRegistered = 713,
    MisalignedAddress = 716,
    LaunchFailed = 719,
    NotSupported = 801,
};

/// What a function of the driver answers, from within.
struct ApiError {
    int code;
};

struct Context;

/// One for the whole driver: work on the device is done under it, too.
using Guard = std::unique_lock<std::mutex>;

enum class Needs {
    Nothing,
    /// cuInit has succeeded.
    Driver,
    /// And the calling thread has a current context that no error has spoilt.
    Context,
};

/// Runs what a function of the driver does, after what each of them checks: injected faults, cuInit, the context and its lasting error.
int enter(const char* function, Needs needs, const std::function<int(Guard&)>& body);

/// Waits until somebody calls `standin_heal`.
void wait_for_healing(Guard& guard);

bool& initialized();

}
