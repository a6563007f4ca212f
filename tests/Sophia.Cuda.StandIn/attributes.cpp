#include "attributes.h"

#include <map>

#include "device.h"

namespace standin {

// CUDA driver API, CUdevice_attribute; values: CUDA C++ Programming Guide 16.2 (compute capability 9.0) and deviceQuery of an H200.
const int* attribute_of(int attribute) {
    static const std::map<int, int> s_values = {
        {1, static_cast<int>(Device::ThreadsPerBlock)},
        {2, 1024}, {3, 1024}, {4, 64},                 // block
        {5, 2147483647}, {6, 65535}, {7, 65535},       // grid
        {8, static_cast<int>(Device::StaticShared)},
        {9, 65536},                                    // constant memory
        {10, 32},                                      // warp
        {11, 2147483647},                              // pitch
        {12, 65536},                                   // registers of a block
        {13, 1980000},                                 // clock, kHz
        {14, 512}, {15, 1},
        {16, Device::Multiprocessors},
        {17, 0}, {18, 0}, {19, 1}, {20, 0},            // timeout, integrated, maps host memory, compute mode
        {21, 131072}, {22, 131072}, {23, 65536}, {24, 16384}, {25, 16384}, {26, 16384}, {27, 32768}, {28, 32768}, {29, 2048}, {30, 512},
        {31, 1}, {32, 1},                              // concurrent kernels, ECC
        {33, 0x18}, {34, 0}, {35, 0},                  // PCI bus and device, TCC
        {36, 3201000}, {37, 6144}, {38, 62914560},     // memory clock and bus, level 2
        {39, static_cast<int>(Device::ThreadsPerMultiprocessor)},
        {40, 3}, {41, 1}, {42, 32768}, {43, 2048}, {50, 0}, {51, 32},
        {75, 9}, {76, 0},                              // compute capability
        {78, 1}, {79, 1}, {80, 1},
        {81, 233472}, {82, 65536},                     // shared memory and registers of a multiprocessor
        {83, 1}, {84, 0}, {85, 0}, {86, 0}, {87, 2}, {88, 0}, {89, 1}, {90, 1}, {91, 1}, {95, 1},
        {97, static_cast<int>(Device::MostShared)},
        {99, 1}, {100, 0}, {101, 0}, {102, 1}, {103, 1}, {106, 32}, {109, 134213632}, {111, 1024}, {113, 1}, {115, 1},
    };
    const auto found = s_values.find(attribute);
    return found == s_values.end() ? nullptr : &found->second;
}

}
