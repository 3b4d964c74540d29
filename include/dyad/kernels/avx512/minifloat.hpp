// SPDX-License-Identifier: Apache-2.0
// float to and from minifloats with AVX-512 (VL, BW, VBMI), 64 elements at a time.
// Written with the compilers' vector types and three instructions by name: <immintrin.h> would more than double the
// time that the library takes to parse.
#pragma once

#if defined(__x86_64__)

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/scalar/minifloat.hpp>

namespace dyad::inline v1::avx512 {

using words [[gnu::vector_size(64)]] = std::uint32_t;
using halves [[gnu::vector_size(64)]] = std::uint16_t;
using bytes [[gnu::vector_size(64)]] = std::uint8_t;
using signed_bytes [[gnu::vector_size(64)]] = std::int8_t;

/// x * y + z on floats, one rounding.
[[gnu::target("avx512f"), gnu::always_inline]] inline words fused_multiply_add(words x, words y, words z) noexcept {
    __asm__("vfmadd213ps %2, %1, %0" : "+v"(x) : "v"(y), "v"(z));
    return x;
}

/// NaN becomes the largest float; all else stays.
[[gnu::target("avx512f"), gnu::always_inline]] inline words without_nan(words x, words rules) noexcept {
    words y = x;
    __asm__("vfixupimmps $0, %2, %1, %0" : "+v"(y) : "v"(x), "v"(rules));
    return y;
}
/// Four bits for each class of float, quiet and signalling NaN first: 1110 is the largest float, 0 leaves it alone.
inline constexpr std::uint32_t nan_to_largest = 0x0000'00ee;

/// Each byte of `index` chooses by its low seven bits among the 128 bytes of low and high.
[[gnu::target("avx512vbmi"), gnu::always_inline]] inline bytes look_up(bytes index, bytes low, bytes high) noexcept {
    __asm__("vpermi2b %2, %1, %0" : "+v"(index) : "v"(low), "v"(high));
    return index;
}

/// The numbers of a conversion, one vector each.
struct nearest_words {
    words bound, smallest, factor, offset, low, shift, infinity, nan, nan_digits, sign_shift, sign_bit, below, nan_code,
        code_mask;
};
[[gnu::target("avx512f"), gnu::always_inline]] inline void spread(const nearest_constants& c,
                                                                  nearest_words& out) noexcept {
    const words zero{};
    out.bound = zero + c.bound;
    out.smallest = zero + c.smallest;
    out.factor = zero + std::bit_cast<std::uint32_t>(c.factor);
    out.offset = zero + c.offset;
    out.low = zero + c.low;
    out.shift = zero + static_cast<std::uint32_t>(c.shift);
    out.infinity = zero + c.infinity;
    out.nan = zero + c.nan;
    out.nan_digits = zero + c.nan_digits;
    out.sign_shift = zero + static_cast<std::uint32_t>(c.sign_shift);
    out.sign_bit = zero + c.sign_bit;
    out.below = zero + c.below;
    out.nan_code = zero + c.nan_code;
    out.code_mask = zero + c.code_mask;
}

/// Sixteen codes in the low 16 bits of each word (or all 32, if `shifted`): the steps of scalar::encode_nearest. What
/// stands above a code of 8 bits is left there for the narrowing to drop.
template <nearest_shape S>
[[gnu::target("avx512f"), gnu::always_inline]] inline words encode_nearest(words x, const nearest_words& c) noexcept {
    const words infinity = words{} + 0x7f80'0000U;
    if constexpr (S.nan == nan_rule::positive) x = without_nan(x, words{} + nan_to_largest);
    const words magnitude = x & 0x7fff'ffffU;
    words a = magnitude < c.bound ? magnitude : c.bound;
    if constexpr (S.infinity == infinity_rule::kept) a = magnitude == infinity ? c.infinity : a;
    if constexpr (S.nan == nan_rule::replaced) a = magnitude > infinity ? c.nan : a;
    if constexpr (S.nan == nan_rule::payload) a = magnitude > infinity ? c.nan | (magnitude & c.nan_digits) : a;
    words code;
    if constexpr (S.core == nearest_core::summed) {
        const words own = a & infinity;
        const words e = own > c.smallest ? own : c.smallest;
        code = fused_multiply_add(e, c.factor, a) + (e >> c.shift);
    } else {
        if constexpr (S.core == nearest_core::powers) a -= c.offset;
        const words half = ((words{} + 1U) << (c.shift - 1U)) - 1U;
        code = (a + half + ((a >> c.shift) & 1U)) >> c.shift;
        if constexpr (S.core == nearest_core::powers) {
            const words below = magnitude >= c.low ? words{} + 1U : words{};
            code = magnitude >= c.smallest ? code : below;
        }
    }
    const words sign = (x >> c.sign_shift) & c.sign_bit;
    if constexpr (S.sign == sign_rule::plain) return code | sign;
    code &= c.code_mask;
    if constexpr (S.sign == sign_rule::of_nonzero) return code != 0U ? code | sign : code;
    if constexpr (S.sign == sign_rule::positive_only) {
        code = x - 1U < infinity ? code : c.below;
        return magnitude > infinity ? c.nan_code : code;
    }
    const words if_negative = code != 0U ? c.below : code;
    return (x ^ 0x8000'0000U) <= infinity ? if_negative : code;  // minus zero to minus infinity
}

[[gnu::target("avx512f"), gnu::always_inline]] inline words load(const void* from) noexcept {
    words x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}

[[gnu::target("avx512f"), gnu::always_inline]] inline bytes load_bytes(const void* from) noexcept {
    return reinterpret_cast<bytes>(load(from));
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

/// 64 n codes: scalar::encode_nearest_block, n times.
template <nearest_shape S, class Code>
[[gnu::target("avx512vbmi,avx512vl"), gnu::noinline]] inline void encode_nearest_blocks(
    const float* src, Code* dst, std::size_t n, const nearest_constants& constants) noexcept {
    nearest_words c;
    spread(constants, c);
    for (; n != 0; --n, src += 64, dst += 64) {
        const words w = encode_nearest<S>(load(src), c);
        const words x = encode_nearest<S>(load(src + 16), c);
        const words y = encode_nearest<S>(load(src + 32), c);
        const words z = encode_nearest<S>(load(src + 48), c);
        store_codes(w, x, y, z, dst);
    }
}

/// The two upper bytes of the floats of 256 codes; their two lower bytes are zero.
struct float_planes {
    alignas(64) std::uint8_t low[256];
    alignas(64) std::uint8_t high[256];
};
template <float_format F>
inline constexpr float_planes planes_of = [] {
    float_planes planes{};
    for (std::size_t code = 0; code < 256; ++code) {
        const auto bits = std::bit_cast<std::uint32_t>(float_table<F>[code]);
        planes.low[code] = static_cast<std::uint8_t>(bits >> 16);
        planes.high[code] = static_cast<std::uint8_t>(bits >> 24);
    }
    return planes;
}();
template <float_format F>
inline constexpr bool has_float_planes = [] {
    for (const float x : float_table<F>) {
        if ((std::bit_cast<std::uint32_t>(x) & 0xffff) != 0) return false;
    }
    return true;
}();

/// Byte planes of 64 floats to floats. The words of x were ordered so that unpacking within 128 bits puts them right.
[[gnu::target("avx512bw"), gnu::always_inline]] inline void store_planes(bytes low, bytes high, float* dst) noexcept {
    const words zero{};
    bytes first;
    bytes second;
    words r[4];
    __asm__("vpunpcklbw %2, %1, %0" : "=v"(first) : "v"(low), "v"(high));
    __asm__("vpunpckhbw %2, %1, %0" : "=v"(second) : "v"(low), "v"(high));
    __asm__("vpunpcklwd %2, %1, %0" : "=v"(r[0]) : "v"(zero), "v"(first));
    __asm__("vpunpckhwd %2, %1, %0" : "=v"(r[1]) : "v"(zero), "v"(first));
    __asm__("vpunpcklwd %2, %1, %0" : "=v"(r[2]) : "v"(zero), "v"(second));
    __asm__("vpunpckhwd %2, %1, %0" : "=v"(r[3]) : "v"(zero), "v"(second));
    for (int i = 0; i < 4; ++i) __builtin_memcpy(dst + 16 * i, &r[i], 64);
}

/// 64 n floats of codes of at most 8 bits.
template <float_format F>
[[gnu::target("avx512vbmi,avx512vl"), gnu::noinline]] inline void decode_table_blocks(const std::uint8_t* src,
                                                                                      float* dst,
                                                                                      std::size_t n) noexcept {
    const float_planes& planes = planes_of<F>;
    const bytes low0 = load_bytes(planes.low);
    const bytes low1 = load_bytes(planes.low + 64);
    const bytes high0 = load_bytes(planes.high);
    const bytes high1 = load_bytes(planes.high + 64);
    const bytes low2 = load_bytes(planes.low + 128);
    const bytes low3 = load_bytes(planes.low + 192);
    const bytes high2 = load_bytes(planes.high + 128);
    const bytes high3 = load_bytes(planes.high + 192);
    for (; n != 0; --n, src += 64, dst += 64) {
        const words ordered = load(src);
        const bytes x = reinterpret_cast<bytes>(
            __builtin_shufflevector(ordered, ordered, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
        bytes low = look_up(x, low0, low1);
        bytes high = look_up(x, high0, high1);
        if constexpr (F.width() == 8) {
            const signed_bytes upper = reinterpret_cast<signed_bytes>(x);
            low = upper < 0 ? look_up(x, low2, low3) : low;
            high = upper < 0 ? look_up(x, high2, high3) : high;
        }
        store_planes(low, high, dst);
    }
}

/// 64 n bytes dst[i] = table[src[i]].
[[gnu::target("avx512vbmi,avx512vl"), gnu::noinline]] inline void look_up_blocks(const std::uint8_t* table,
                                                                                 const std::uint8_t* src,
                                                                                 std::uint8_t* dst,
                                                                                 std::size_t n) noexcept {
    const bytes low0 = load_bytes(table);
    const bytes low1 = load_bytes(table + 64);
    const bytes high0 = load_bytes(table + 128);
    const bytes high1 = load_bytes(table + 192);
    for (; n != 0; --n, src += 64, dst += 64) {
        const bytes x = load_bytes(src);
        const bytes low = look_up(x, low0, low1);
        const bytes high = look_up(x, high0, high1);
        const bytes y = reinterpret_cast<signed_bytes>(x) < 0 ? high : low;
        __builtin_memcpy(dst, &y, 64);
    }
}

using half_size [[gnu::vector_size(32)]] = std::uint16_t;

/// float16 by AVX-512's own conversions: nearest even, NaN made quiet, payload cut.
[[gnu::target("avx512vl"), gnu::noinline]] inline void encode_float16_blocks(const float* src, std::uint16_t* dst,
                                                                             std::size_t n) noexcept {
    for (std::size_t i = 0; i < n * 64; i += 16) {
        half_size y;
        __asm__("vcvtps2ph $0, %1, %0" : "=v"(y) : "v"(load(src + i)));
        __builtin_memcpy(dst + i, &y, sizeof y);
    }
}
[[gnu::target("avx512vl"), gnu::noinline]] inline void decode_float16_blocks(const std::uint16_t* src, float* dst,
                                                                             std::size_t n) noexcept {
    for (std::size_t i = 0; i < n * 64; i += 16) {
        half_size x;
        words y;
        __builtin_memcpy(&x, src + i, sizeof x);
        __asm__("vcvtph2ps %1, %0" : "=v"(y) : "v"(x));
        __builtin_memcpy(dst + i, &y, sizeof y);
    }
}

}  // namespace dyad::inline v1::avx512

#endif
