#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>

#include "module.h"
#include "queue.h"

namespace standin {

struct Device;

/// What a program holds is the address of one of these. None is ever freed: a handle that was destroyed is known as such.
struct Context {
    explicit Context(Device& on) : device(on), legacy(*this, false) {}

    Device& device;
    bool is_destroyed = false;
    /// The lasting error that a kernel has left.
    int error = 0;
    std::set<const Context*> peers;
    Stream legacy;
    std::set<Stream*> streams;
    int cache_config = 0;
    int shared_config = 0;
};

struct Module {
    Context* context;
    std::unique_ptr<Program> program;
    bool is_unloaded = false;
};

struct LoadedFunction {
    Module* module;
    const Function* code;
};

/// The addresses that were given out as handles of one kind.
template <class T>
class Handles {
public:
    T* add(std::unique_ptr<T> made) {
        auto* handle = made.get();
        made_[handle] = std::move(made);
        return handle;
    }

    T* find(const void* handle) const {
        const auto found = made_.find(handle);
        return found == made_.end() ? nullptr : found->second.get();
    }

private:
    std::map<const void*, std::unique_ptr<T>> made_;
};

struct AllHandles {
    Handles<Context> contexts;
    Handles<Stream> streams;
    Handles<Event> events;
    Handles<Module> modules;
    Handles<LoadedFunction> functions;
};

AllHandles& handles();

/// The one that is current to the calling thread; throws ApiError 201 or 709.
Context& current_context();

/// The stream of a handle: 0 and 1 are the legacy default stream of the current context. Throws ApiError 400.
Stream& stream_of(void* handle);
Event& event_of(void* handle);

void destroy(Context& context);

}
