// SPDX-License-Identifier: Apache-2.0
// Codes of 1 to 7 bits, a byte each, to and from a string of bits: element i has the bits [i b, (i + 1) b), from each
// byte's lowest up, so the low nibble is the even element. Eight codes are one 64-bit word and become b bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>

namespace dyad::inline v1::scalar {

/// Ones in the low `count` bits of each field of `field` bits.
[[nodiscard]] constexpr std::uint64_t field_mask(int field, int count) noexcept {
    std::uint64_t mask = 0;
    for (int at = 0; at < 64; at += field) mask |= low_mask<std::uint64_t>(count) << at;
    return mask;
}

/// Bytes of `Bits` bits each to 8 * Bits bits at the low end: pairs join, then pairs of pairs, then the halves.
template <int Bits>
[[nodiscard]] constexpr std::uint64_t join(std::uint64_t x) noexcept {
    x = (x & field_mask(16, Bits)) | ((x >> (8 - Bits)) & (field_mask(16, Bits) << Bits));
    x = (x & field_mask(32, 2 * Bits)) | ((x >> (16 - 2 * Bits)) & (field_mask(32, 2 * Bits) << (2 * Bits)));
    return (x & low_mask<std::uint64_t>(4 * Bits)) |
           ((x >> (32 - 4 * Bits)) & (low_mask<std::uint64_t>(4 * Bits) << (4 * Bits)));
}
/// And back.
template <int Bits>
[[nodiscard]] constexpr std::uint64_t part(std::uint64_t x) noexcept {
    x = (x & low_mask<std::uint64_t>(4 * Bits)) |
        ((x & (low_mask<std::uint64_t>(4 * Bits) << (4 * Bits))) << (32 - 4 * Bits));
    x = (x & field_mask(32, 2 * Bits)) | ((x & (field_mask(32, 2 * Bits) << (2 * Bits))) << (16 - 2 * Bits));
    return (x & field_mask(16, Bits)) | ((x & (field_mask(16, Bits) << Bits)) << (8 - Bits));
}

/// 8 n codes to Bits * n bytes. Bytes are put together by shifts, so that the order of bytes in words does not matter.
template <int Bits>
inline void pack(const std::uint8_t* codes, std::size_t n, std::uint8_t* packed) noexcept {
    for (; n != 0; --n, codes += 8, packed += Bits) {
        std::uint64_t x = 0;
        for (int i = 0; i < 8; ++i) x |= std::uint64_t{codes[i]} << (8 * i);
        x = join<Bits>(x);
        for (int i = 0; i < Bits; ++i) packed[i] = static_cast<std::uint8_t>(x >> (8 * i));
    }
}
template <int Bits>
inline void unpack(const std::uint8_t* packed, std::size_t n, std::uint8_t* codes) noexcept {
    for (; n != 0; --n, codes += 8, packed += Bits) {
        std::uint64_t x = 0;
        for (int i = 0; i < Bits; ++i) x |= std::uint64_t{packed[i]} << (8 * i);
        x = part<Bits>(x);
        for (int i = 0; i < 8; ++i) codes[i] = static_cast<std::uint8_t>(x >> (8 * i));
    }
}

}  // namespace dyad::inline v1::scalar
