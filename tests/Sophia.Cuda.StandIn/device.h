#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace standin {

/// A GPU as an H200 is, of the name and the memory that STANDIN_CUDA_DEVICES says.
struct Device {
    int ordinal;
    std::string name;
    uint64_t total_bytes;
    uint64_t used_bytes = 0;
    /// Addresses are given once and never again, so that what was freed is seen to be touched. No page of the process is there.
    uint64_t next_address;

    static constexpr int Multiprocessors = 132;
    static constexpr uint32_t ThreadsPerBlock = 1024;
    static constexpr uint32_t ThreadsPerMultiprocessor = 2048;
    static constexpr uint32_t StaticShared = 48 << 10;
    static constexpr uint32_t MostShared = 227 << 10;
};

const std::vector<std::unique_ptr<Device>>& devices();

/// Throws ApiError 101.
Device& device_of(int ordinal);

}
