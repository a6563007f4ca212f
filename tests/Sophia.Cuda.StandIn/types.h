#pragma once
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace standin {

constexpr int Lanes = 32;
constexpr uint32_t AllLanes = 0xffffffffu;

/// The fundamental types of PTX (PTX ISA 5.2.1).
enum class Kind : uint8_t { Bits, Signed, Unsigned, Float, Predicate };

struct Type {
    Kind kind;
    uint8_t bits;

    int bytes() const { return bits / 8; }
    bool is_float() const { return kind == Kind::Float; }
    bool is_signed() const { return kind == Kind::Signed; }
    bool operator==(Type other) const { return kind == other.kind && bits == other.bits; }
    bool operator!=(Type other) const { return !(*this == other); }
};

constexpr Type Predicate{Kind::Predicate, 1};
constexpr Type B32{Kind::Bits, 32};
constexpr Type B64{Kind::Bits, 64};

inline std::optional<Type> type_named(std::string_view name) {
    if (name == "pred") {
        return Predicate;
    }

    if (name.size() < 2 || name.size() > 3) {
        return std::nullopt;
    }

    const auto digits = name.substr(1);
    const int bits = digits == "8" ? 8 : digits == "16" ? 16 : digits == "32" ? 32 : digits == "64" ? 64 : 0;
    const Kind kind = name[0] == 'b' ? Kind::Bits : name[0] == 's' ? Kind::Signed : name[0] == 'u' ? Kind::Unsigned : Kind::Float;
    if (bits == 0 || std::string_view("bsuf").find(name[0]) == std::string_view::npos || (kind == Kind::Float && bits == 8)) {
        return std::nullopt;
    }

    return Type{kind, static_cast<uint8_t>(bits)};
}

/// The text is no PTX that the stand-in knows: CUDA_ERROR_INVALID_PTX.
struct PtxError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What ends a kernel: the driver's error code, and where and why.
struct KernelFault : std::runtime_error {
    KernelFault(int code, const std::string& why) : std::runtime_error(why), code(code) {}
    int code;
};

}
