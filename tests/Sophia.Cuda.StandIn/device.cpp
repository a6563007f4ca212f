#include "device.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "api.h"
#include "attributes.h"

namespace standin {

namespace {

constexpr uint64_t FirstAddress = 0x1000'0000'0000ull;
constexpr uint64_t AddressesOfDevice = 0x0800'0000'0000ull;
constexpr int DriverVersion = 12040;

uint64_t bytes_of(const std::string& text) {
    char* unit;
    const double number = std::strtod(text.c_str(), &unit);
    return static_cast<uint64_t>(number * (std::strcmp(unit, "GiB") == 0 ? 1ull << 30 : std::strcmp(unit, "MiB") == 0 ? 1ull << 20 : 1));
}

std::vector<std::unique_ptr<Device>> made() {
    std::vector<std::unique_ptr<Device>> all;
    const char* setting = std::getenv("STANDIN_CUDA_DEVICES");
    std::string rest = setting == nullptr || *setting == 0 ? "NVIDIA H200:2GiB" : setting;
    while (!rest.empty() && rest != "none") {
        const std::string one = rest.substr(0, rest.find(','));
        rest = one.size() == rest.size() ? "" : rest.substr(one.size() + 1);
        const size_t colon = one.rfind(':');
        const int ordinal = static_cast<int>(all.size());
        all.push_back(std::make_unique<Device>(Device{ordinal, one.substr(0, colon), colon == std::string::npos ? 2ull << 30 : bytes_of(one.substr(colon + 1)), 0,
                                                      FirstAddress + static_cast<uint64_t>(ordinal) * AddressesOfDevice}));
    }

    return all;
}

}

const std::vector<std::unique_ptr<Device>>& devices() {
    static auto& s_devices = *new std::vector<std::unique_ptr<Device>>(made());
    return s_devices;
}

Device& device_of(int ordinal) {
    if (ordinal < 0 || static_cast<size_t>(ordinal) >= devices().size()) {
        throw ApiError{InvalidDevice};
    }

    return *devices()[static_cast<size_t>(ordinal)];
}

}

using namespace standin;

STANDIN_EXPORT int cuInit(unsigned flags) {
    return enter("cuInit", Needs::Nothing, [&](Guard&) -> int {
        const char* setting = std::getenv("STANDIN_CUDA_INIT");
        const int answer = flags != 0 ? InvalidValue : setting != nullptr && *setting != 0 ? std::atoi(setting) : devices().empty() ? static_cast<int>(NoDevice) : Success;
        initialized() = initialized() || answer == Success;
        return answer;
    });
}

// May be called before cuInit.
STANDIN_EXPORT int cuDriverGetVersion(int* version) {
    return enter("cuDriverGetVersion", Needs::Nothing, [&](Guard&) -> int {
        if (version == nullptr) {
            return InvalidValue;
        }

        *version = DriverVersion;
        return Success;
    });
}

STANDIN_EXPORT int cuDeviceGetCount(int* count) {
    return enter("cuDeviceGetCount", Needs::Driver, [&](Guard&) -> int {
        if (count == nullptr) {
            return InvalidValue;
        }

        *count = static_cast<int>(devices().size());
        return Success;
    });
}

STANDIN_EXPORT int cuDeviceGet(int* device, int ordinal) {
    return enter("cuDeviceGet", Needs::Driver, [&](Guard&) -> int {
        device_of(ordinal);
        *device = ordinal;
        return Success;
    });
}

STANDIN_EXPORT int cuDeviceGetName(char* name, int length, int device) {
    return enter("cuDeviceGetName", Needs::Driver, [&](Guard&) -> int {
        if (name == nullptr || length < 1) {
            return InvalidValue;
        }

        std::snprintf(name, static_cast<size_t>(length), "%s", device_of(device).name.c_str());
        return Success;
    });
}

STANDIN_EXPORT int cuDeviceTotalMem_v2(size_t* bytes, int device) {
    return enter("cuDeviceTotalMem_v2", Needs::Driver, [&](Guard&) -> int {
        *bytes = device_of(device).total_bytes;
        return Success;
    });
}

STANDIN_EXPORT int cuDeviceGetUuid(unsigned char* uuid, int device) {
    return enter("cuDeviceGetUuid", Needs::Driver, [&](Guard&) -> int {
        device_of(device);
        const unsigned char stem[16] = {0x5a, 0x0f, 0x1a, 0x20, 0x57, 0xa0, 0x4d, 0x1e, 0x90, 0x09, 0x51, 0x4c, 0x6b, 0x3e, 0x77, 0};
        std::memcpy(uuid, stem, sizeof stem);
        uuid[15] = static_cast<unsigned char>(device + 1);
        return Success;
    });
}

STANDIN_EXPORT int cuDeviceGetUuid_v2(unsigned char* uuid, int device) { return cuDeviceGetUuid(uuid, device); }

STANDIN_EXPORT int cuDeviceGetAttribute(int* value, int attribute, int device) {
    return enter("cuDeviceGetAttribute", Needs::Driver, [&](Guard&) -> int {
        const int* known = attribute_of(attribute);
        const auto& of = device_of(device);
        if (value == nullptr || known == nullptr) {
            return InvalidValue;
        }

        // PCI bus, by which devices are told apart.
        *value = attribute == 33 ? 0x18 + of.ordinal : *known;
        return Success;
    });
}

STANDIN_EXPORT int cuDeviceCanAccessPeer(int* can, int device, int peer) {
    return enter("cuDeviceCanAccessPeer", Needs::Driver, [&](Guard&) -> int {
        device_of(device);
        device_of(peer);
        *can = device != peer;
        return Success;
    });
}

/// CUdevice_P2PAttribute: rank, access, native atomics, arrays: as over NVLink.
STANDIN_EXPORT int cuDeviceGetP2PAttribute(int* value, int attribute, int source, int target) {
    return enter("cuDeviceGetP2PAttribute", Needs::Driver, [&](Guard&) -> int {
        device_of(source);
        device_of(target);
        if (source == target) {
            return InvalidDevice;
        }

        if (attribute < 1 || attribute > 4) {
            return InvalidValue;
        }

        *value = attribute == 1 ? 0 : 1;
        return Success;
    });
}
