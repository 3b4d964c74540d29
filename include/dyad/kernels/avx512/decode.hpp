// SPDX-License-Identifier: Apache-2.0
// Minifloats to float with AVX-512: codes of at most 8 bits by tables of bytes, others by the steps of
// scalar::decode_lane on sixteen words; and tables of bytes for any other purpose.
#pragma once

#if defined(__x86_64__)

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/minifloat.hpp>

namespace dyad::inline v1::avx512 {

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

/// Sixteen floats of sixteen codes: the steps of scalar::decode_lane.
template <float_format F>
[[gnu::target("avx512f"), gnu::always_inline]] inline words decode_words(words code) noexcept {
    constexpr int m = F.significand_bits;
    constexpr auto top = static_cast<std::uint32_t>(F.top_code());
    constexpr auto last = static_cast<std::uint32_t>(F.max_finite_code());
    const words zero{};
    const words infinity = zero + 0x7f80'0000U;
    const words quiet_nan = zero + 0x7fc0'0000U;
    const words magnitude = code & top;
    if constexpr (is_float_cut_short<F>) {
        const words bits = code << static_cast<std::uint32_t>(32 - F.width());
        return (bits & 0x7fff'ffffU) > infinity ? bits | 0x0040'0000U : bits;
    }
    const words field = magnitude << static_cast<std::uint32_t>(23 - m);
    words bits = field + (static_cast<std::uint32_t>(127 - F.bias) << 23);
    if constexpr (F.bias != 127) {
        constexpr std::uint32_t unit = static_cast<std::uint32_t>(127 + F.min_exponent() - m) << 23;
        words subnormal = magnitude;
        __asm__("vcvtdq2ps %0, %0\n\tvmulps %1, %0, %0" : "+v"(subnormal) : "v"(zero + unit));
        bits = magnitude < (1U << m) ? subnormal : bits;
    }
    if constexpr (F.infinity == infinity_codes::ieee && F.nan == nan_codes::ieee) {
        const words fraction = field & 0x007f'ffffU;
        const words special = fraction != 0U ? fraction | 0x7fc0'0000U : infinity;
        bits = magnitude > last ? special : bits;
    } else if constexpr (last != top) {
        words special = quiet_nan;
        if constexpr (F.infinity != infinity_codes::none)
            special = magnitude == static_cast<std::uint32_t>(F.infinity_code()) ? infinity : quiet_nan;
        bits = magnitude > last ? special : bits;
    }
    if constexpr (F.is_signed) bits |= (code << static_cast<std::uint32_t>(32 - F.width())) & 0x8000'0000U;
    if constexpr (F.nan == nan_codes::negative_zero)
        bits = code == static_cast<std::uint32_t>(F.sign_bit()) ? quiet_nan : bits;
    return bits;
}

/// 64 n floats of codes of more than 8 bits.
template <float_format F>
[[gnu::target("avx512vbmi,avx512vl"), gnu::noinline]] inline void decode_blocks(const float_bits<F>* src, float* dst,
                                                                                std::size_t n) noexcept {
    for (std::size_t i = 0; i < n * 64; i += 16) {
        words code;
        if constexpr (sizeof(float_bits<F>) == 2) {
            half_size x;
            __builtin_memcpy(&x, src + i, sizeof x);
            code = __builtin_convertvector(x, words);
        } else {
            code = load(src + i);
        }
        const words bits = decode_words<F>(code);
        __builtin_memcpy(dst + i, &bits, sizeof bits);
    }
}

/// float16 by AVX-512's own conversion: NaN made quiet.
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

}  // namespace dyad::inline v1::avx512

#endif
