// SPDX-License-Identifier: Apache-2.0
// Codes of 1 to 7 bits to and from a string of bits with AVX-512 VBMI: the words of kernels/scalar/pack.hpp, eight at a
// time, and one permutation of bytes.
#pragma once

#if defined(__x86_64__)

#include <array>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/pack.hpp>

namespace dyad::inline v1::avx512 {

/// Where each byte comes from when the low Bits bytes of every word move together, or apart again.
template <int Bits>
inline constexpr std::array<std::uint8_t, 64> places_together = [] {
    std::array<std::uint8_t, 64> places{};
    for (std::size_t i = 0; i < 8 * Bits; ++i) places[i] = static_cast<std::uint8_t>(i / Bits * 8 + i % Bits);
    return places;
}();
template <int Bits>
inline constexpr std::array<std::uint8_t, 64> places_apart = [] {
    std::array<std::uint8_t, 64> places{};
    for (std::size_t i = 0; i < 64; ++i)
        places[i] = static_cast<std::uint8_t>(i / 8 * Bits + (i % 8 < Bits ? i % 8 : 0));
    return places;
}();

[[gnu::target("avx512vbmi"), gnu::always_inline]] inline longs permute_bytes(bytes places, longs x) noexcept {
    longs y;
    __asm__("vpermb %2, %1, %0" : "=v"(y) : "v"(places), "v"(x));
    return y;
}

/// 64 n codes to 8 * Bits * n bytes.
template <int Bits>
[[gnu::target("avx512vbmi,avx512vl"), gnu::noinline]] inline void pack_blocks(const std::uint8_t* codes, std::size_t n,
                                                                              std::uint8_t* packed) noexcept {
    constexpr std::uint64_t quarter = scalar::field_mask(16, Bits);
    constexpr std::uint64_t half = scalar::field_mask(32, 2 * Bits);
    constexpr std::uint64_t whole = low_mask<std::uint64_t>(4 * Bits);
    const bytes places = load_bytes(places_together<Bits>.data());
    for (; n != 0; --n, codes += 64, packed += 8 * Bits) {
        longs x = reinterpret_cast<longs>(load(codes));
        x = (x & quarter) | ((x >> (8 - Bits)) & (quarter << Bits));
        x = (x & half) | ((x >> (16 - 2 * Bits)) & (half << (2 * Bits)));
        x = (x & whole) | ((x >> (32 - 4 * Bits)) & (whole << (4 * Bits)));
        x = permute_bytes(places, x);
        __builtin_memcpy(packed, &x, 8 * Bits);
    }
}

/// And back. Reads 64 bytes for each block.
template <int Bits>
[[gnu::target("avx512vbmi,avx512vl"), gnu::noinline]] inline void unpack_blocks(const std::uint8_t* packed,
                                                                                std::size_t n,
                                                                                std::uint8_t* codes) noexcept {
    constexpr std::uint64_t quarter = scalar::field_mask(16, Bits);
    constexpr std::uint64_t half = scalar::field_mask(32, 2 * Bits);
    constexpr std::uint64_t whole = low_mask<std::uint64_t>(4 * Bits);
    const bytes places = load_bytes(places_apart<Bits>.data());
    for (; n != 0; --n, codes += 64, packed += 8 * Bits) {
        longs x = permute_bytes(places, reinterpret_cast<longs>(load(packed)));
        x = (x & whole) | ((x & (whole << (4 * Bits))) << (32 - 4 * Bits));
        x = (x & half) | ((x & (half << (2 * Bits))) << (16 - 2 * Bits));
        x = (x & quarter) | ((x & (quarter << Bits)) << (8 - Bits));
        __builtin_memcpy(codes, &x, 64);
    }
}

}  // namespace dyad::inline v1::avx512

#endif
