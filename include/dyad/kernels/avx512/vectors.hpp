// SPDX-License-Identifier: Apache-2.0
// Vectors of 512 bits, and the few operations on them that the compilers' vector types lack. <immintrin.h> would more
// than double the time that the library takes to parse.
#pragma once

#if defined(__x86_64__)

#include <array>
#include <cstddef>
#include <cstdint>

namespace dyad::inline v1::avx512 {

using words [[gnu::vector_size(64)]] = std::uint32_t;
using halves [[gnu::vector_size(64)]] = std::uint16_t;
using signed_halves [[gnu::vector_size(64)]] = std::int16_t;
using bytes [[gnu::vector_size(64)]] = std::uint8_t;
using signed_bytes [[gnu::vector_size(64)]] = std::int8_t;
using half_size [[gnu::vector_size(32)]] = std::uint16_t;
using longs [[gnu::vector_size(64)]] = std::uint64_t;
using signed_words [[gnu::vector_size(64)]] = std::int32_t;
using signed_longs [[gnu::vector_size(64)]] = std::int64_t;

/// Each byte of `index` chooses by its low seven bits among the 128 bytes of low and high.
[[gnu::target("avx512vbmi"), gnu::always_inline]] inline bytes look_up(bytes index, bytes low, bytes high) noexcept {
    __asm__("vpermi2b %2, %1, %0" : "+v"(index) : "v"(low), "v"(high));
    return index;
}

[[gnu::target("avx512f"), gnu::always_inline]] inline words load(const void* from) noexcept {
    words x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}

[[gnu::target("avx512f"), gnu::always_inline]] inline bytes load_bytes(const void* from) noexcept {
    return reinterpret_cast<bytes>(load(from));
}

/// sum[l] + x[4l] y[4l] + ... + x[4l+3] y[4l+3] for unsigned x and signed y.
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_words add_products(signed_words sum, bytes x,
                                                                                bytes y) noexcept {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(y));
    return sum;
}

/// The low bytes of the 32 words of x and y, in order, in the low half.
[[gnu::target("avx512vbmi"), gnu::always_inline]] inline bytes low_bytes(words x, words y) noexcept {
    alignas(64) static constexpr std::array<std::uint8_t, 64> places = [] {
        std::array<std::uint8_t, 64> every_fourth{};
        for (std::uint8_t i = 0; i < 64; ++i) every_fourth[i] = static_cast<std::uint8_t>(4 * i);
        return every_fourth;
    }();
    return look_up(load_bytes(places.data()), reinterpret_cast<bytes>(x), reinterpret_cast<bytes>(y));
}
/// The low halves of the 32 words of x and y, in order.
[[gnu::target("avx512bw"), gnu::always_inline]] inline halves low_halves(words x, words y) noexcept {
    return __builtin_shufflevector(reinterpret_cast<halves>(x), reinterpret_cast<halves>(y), 0, 2, 4, 6, 8, 10, 12, 14,
                                   16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 42, 44, 46, 48, 50, 52, 54, 56,
                                   58, 60, 62);
}

/// Stores 64 codes.
template <class Code>
[[gnu::target("avx512vbmi"), gnu::always_inline]] inline void store_codes(words w, words x, words y, words z,
                                                                          Code* dst) noexcept {
    if constexpr (sizeof(Code) == 1) {
        const bytes first = low_bytes(w, x);
        const bytes second = low_bytes(y, z);
        __builtin_memcpy(dst, &first, 32);
        __builtin_memcpy(dst + 32, &second, 32);
    } else if constexpr (sizeof(Code) == 2) {
        const halves first = low_halves(w, x);
        const halves second = low_halves(y, z);
        __builtin_memcpy(dst, &first, 64);
        __builtin_memcpy(dst + 32, &second, 64);
    } else {
        __builtin_memcpy(dst, &w, 64);
        __builtin_memcpy(dst + 16, &x, 64);
        __builtin_memcpy(dst + 32, &y, 64);
        __builtin_memcpy(dst + 48, &z, 64);
    }
}

}  // namespace dyad::inline v1::avx512

#endif
