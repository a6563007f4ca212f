#include "bits.h"
#include "warp.h"

// Fields of bits (PTX ISA 9.7.1) and of bytes (9.7.8).

namespace standin {

namespace {

/// PTX ISA 9.7.1.18: bits above the operand are its sign, or that of the field's last bit.
template <class T>
void field_extract(Warp& w, const Instruction& i, uint32_t mask) {
    const T* a = w.at<T>(i.slot[1]);
    const uint32_t *b = w.at<uint32_t>(i.slot[2]), *c = w.at<uint32_t>(i.slot[3]);
    each_lane(w.at<T>(i.slot[0]), mask, [=](int l) {
        const int top = static_cast<int>(sizeof(T)) * 8 - 1;
        const int pos = static_cast<int>(b[l] & 0xff), length = static_cast<int>(c[l] & 0xff);
        const bool sign = std::is_signed_v<T> && length != 0 && (a[l] >> std::min(pos + length - 1, top) & 1);
        T made = 0;
        for (int bit = 0; bit <= top; bit++) {
            const bool set = bit < length && pos + bit <= top ? a[l] >> (pos + bit) & 1 : sign;
            made |= static_cast<T>(static_cast<std::make_unsigned_t<T>>(set) << bit);
        }

        return made;
    });
}

/// PTX ISA 9.7.1.19: a goes into b.
template <class T>
void field_insert(Warp& w, const Instruction& i, uint32_t mask) {
    const T *a = w.at<T>(i.slot[1]), *b = w.at<T>(i.slot[2]);
    const uint32_t *c = w.at<uint32_t>(i.slot[3]), *d = w.at<uint32_t>(i.slot[4]);
    each_lane(w.at<T>(i.slot[0]), mask, [=](int l) {
        const int top = static_cast<int>(sizeof(T)) * 8 - 1;
        const int pos = static_cast<int>(c[l] & 0xff), length = static_cast<int>(d[l] & 0xff);
        T made = b[l];
        for (int bit = 0; bit < length && pos + bit <= top; bit++) {
            const T at = T{1} << (pos + bit);
            made = a[l] >> bit & 1 ? made | at : made & ~at;
        }

        return made;
    });
}

/// PTX ISA 9.7.8.7, default mode: four bytes out of eight; the top bit of a selector spreads the byte's sign.
void permute(Warp& w, const Instruction& i, uint32_t mask) {
    const uint32_t *a = w.at<uint32_t>(i.slot[1]), *b = w.at<uint32_t>(i.slot[2]), *c = w.at<uint32_t>(i.slot[3]);
    each_lane(w.at<uint32_t>(i.slot[0]), mask, [=](int l) {
        const uint64_t bytes = uint64_t{b[l]} << 32 | a[l];
        uint32_t made = 0;
        for (int n = 0; n < 4; n++) {
            const uint32_t selector = c[l] >> (4 * n) & 0xf;
            const uint32_t byte = bytes >> (8 * (selector & 7)) & 0xff;
            made |= (selector & 8 ? (byte & 0x80 ? 0xffu : 0u) : byte) << (8 * n);
        }

        return made;
    });
}

void decode_bfe(Coder& c) {
    const Type type = c.type();
    take_slots(c, {type, type, B32, B32});
    if (type.is_float() || type.kind == Kind::Bits || type.bits < 32) {
        c.refuse("its type is another one");
    }

    c.made.run = type.bits == 32 ? (type.is_signed() ? field_extract<int32_t> : field_extract<uint32_t>) : (type.is_signed() ? field_extract<int64_t> : field_extract<uint64_t>);
}

void decode_bfi(Coder& c) {
    const Type type = bits_type(c, {32, 64});
    take_slots(c, {type, type, type, B32, B32});
    c.made.run = type.bits == 32 ? field_insert<uint32_t> : field_insert<uint64_t>;
}

void decode_prmt(Coder& c) {
    bits_type(c, {32});
    take_slots(c, {B32, B32, B32, B32});
    c.made.run = permute;
}

}

void add_field_instructions(Decoders& all) {
    all["bfe"] = decode_bfe;
    all["bfi"] = decode_bfi;
    all["prmt"] = decode_prmt;
}

}
