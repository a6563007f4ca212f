#include <cstring>

#include "context.h"
#include "device.h"
#include "fault.h"
#include "grid.h"
#include "memory.h"

// cuLaunchKernel (CUDA driver API 6.22).

using namespace standin;

namespace {

/// CU_LAUNCH_PARAM_*: a buffer with all parameters as the kernel has them.
constexpr uintptr_t End = 0, Buffer = 1, BufferSize = 2;

std::vector<uint8_t> parameters_of(const Function& function, void** one_by_one, void** extra) {
    std::vector<uint8_t> made(function.parameter_bytes);
    if (one_by_one != nullptr && extra != nullptr) {
        throw ApiError{InvalidValue};
    }

    if (extra != nullptr) {
        const void* buffer = nullptr;
        size_t size = 0;
        for (; reinterpret_cast<uintptr_t>(*extra) != End; extra += 2) {
            const auto option = reinterpret_cast<uintptr_t>(extra[0]);
            if (option == Buffer) {
                buffer = extra[1];
            } else if (option == BufferSize) {
                size = *static_cast<const size_t*>(extra[1]);
            } else {
                throw ApiError{InvalidValue};
            }
        }

        if ((buffer == nullptr && !made.empty()) || size < made.size()) {
            throw ApiError{InvalidValue};
        }

        std::memcpy(made.data(), buffer, made.size());
        return made;
    }

    if (one_by_one == nullptr && !made.empty()) {
        throw ApiError{InvalidValue};
    }

    for (size_t i = 0; i < function.parameters.size(); i++) {
        std::memcpy(made.data() + function.parameters[i].offset, one_by_one[i], function.parameters[i].size);
    }

    return made;
}

/// Each parameter of 64 bits that is the address of an allocation: the kernel may touch all of it.
std::vector<Touched> touched_by(const std::vector<uint8_t>& parameters) {
    std::vector<Touched> made;
    for (size_t at = 0; at + 8 <= parameters.size(); at += 8) {
        uint64_t address;
        std::memcpy(&address, parameters.data() + at, 8);
        if (const auto* found = Memory::all().around(address)) {
            made.push_back({found->address, found->bytes});
        }
    }

    return made;
}

}

STANDIN_EXPORT int cuLaunchKernel(void* handle, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y, unsigned block_z, unsigned dynamic, void* into, void** parameters,
                                  void** extra) {
    return enter("cuLaunchKernel", Needs::Context, [&](Guard& guard) -> int {
        auto& context = current_context();
        const auto* found = handles().functions.find(handle);
        auto& stream = stream_of(into);
        if (found == nullptr || found->module->is_unloaded || found->module->context != &context || &stream.context != &context) {
            return InvalidHandle;
        }

        const auto& function = *found->code;
        const Dimensions grid{grid_x, grid_y, grid_z}, block{block_x, block_y, block_z};
        if (grid.x < 1 || grid.y < 1 || grid.z < 1 || grid.x > 2147483647u || grid.y > 65535 || grid.z > 65535 || block.x < 1 || block.y < 1 || block.z < 1 || block.x > 1024 || block.y > 1024 ||
            block.z > 64 || block.volume() > Device::ThreadsPerBlock) {
            return InvalidValue;
        }

        if (block.volume() > function.most_threads) {
            return LaunchOutOfResources;
        }

        // More than 48 KiB must be opted in to by an attribute of the function.
        if (function.shared_bytes - SharedStart + uint64_t{dynamic} > Device::StaticShared) {
            return InvalidValue;
        }

        const int fault = fault_due("cuLaunchKernel");
        if (fault > 0 && !is_lasting(fault)) {
            return fault;
        }

        Operation operation;
        operation.name = "cuLaunchKernel " + function.name;
        operation.fault = fault;
        auto launch = std::make_shared<Launch>(Launch{&function, grid, block, dynamic, parameters_of(function, parameters, extra)});
        operation.touched = touched_by(launch->parameters);
        operation.run = [launch, &context] { run_grid(*launch, Memory::all().space_of(context)); };
        enqueue(guard, stream, std::move(operation));
        return Success;
    });
}
