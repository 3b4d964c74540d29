// SPDX-License-Identifier: Apache-2.0
// Normalizations of rows of integers with AVX-512 and VNNI: the bits of kernels/scalar/norm.hpp. Elements stand in
// lanes of 64 bits, so that gains and offsets are read in order; vpmuldq multiplies their lower halves.
#pragma once

#if defined(__x86_64__)

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/norm.hpp>

namespace dyad::inline v1::avx512::norms {

using signed_longs [[gnu::vector_size(64)]] = std::int64_t;
using eight_words [[gnu::vector_size(32)]] = std::int32_t;

/// Eight integers, widened.
template <class T>
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_longs widened_eight(const T* from) noexcept {
    struct eight {
        T values[8];
    };
    const auto& source = *reinterpret_cast<const eight*>(from);
    signed_longs x;
    if constexpr (std::same_as<T, std::int8_t>) __asm__("vpmovsxbq %1, %0" : "=v"(x) : "m"(source));
    else if constexpr (std::same_as<T, std::uint8_t>) __asm__("vpmovzxbq %1, %0" : "=v"(x) : "m"(source));
    else if constexpr (std::same_as<T, std::int16_t>) __asm__("vpmovsxwq %1, %0" : "=v"(x) : "m"(source));
    else if constexpr (std::same_as<T, std::uint16_t>) __asm__("vpmovzxwq %1, %0" : "=v"(x) : "m"(source));
    else __asm__("vpmovsxdq %1, %0" : "=v"(x) : "m"(source));
    return x;
}
/// Sixteen integers, widened.
template <class T>
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_words widened_sixteen(const T* from) noexcept {
    struct sixteen {
        T values[16];
    };
    const auto& source = *reinterpret_cast<const sixteen*>(from);
    signed_words x;
    if constexpr (std::same_as<T, std::int8_t>) __asm__("vpmovsxbd %1, %0" : "=v"(x) : "m"(source));
    else if constexpr (std::same_as<T, std::uint8_t>) __asm__("vpmovzxbd %1, %0" : "=v"(x) : "m"(source));
    else if constexpr (std::same_as<T, std::int16_t>) __asm__("vpmovsxwd %1, %0" : "=v"(x) : "m"(source));
    else __asm__("vpmovzxwd %1, %0" : "=v"(x) : "m"(source));
    return x;
}
/// The products of the lower halves of the lanes.
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_longs multiply_low(signed_longs x,
                                                                                signed_longs y) noexcept {
    __asm__("vpmuldq %1, %0, %0" : "+v"(x) : "v"(y));
    return x;
}
/// Each word of `sums` + the four products of unsigned and signed bytes.
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_words add_products(signed_words sums, bytes x,
                                                                                bytes y) noexcept {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(x), "v"(y));
    return sums;
}
/// The sums of the two products of signed halves in each word.
[[gnu::target("avx512bw"), gnu::always_inline]] inline words multiply_pairs(words x, words y) noexcept {
    __asm__("vpmaddwd %1, %0, %0" : "+v"(x) : "v"(y));
    return x;
}
[[gnu::target("avx512f"), gnu::always_inline]] inline std::int64_t total(signed_words x) noexcept {
    x += __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    x += __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
    x += __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    return std::int64_t{x[0]} + x[1];
}
[[gnu::target("avx512f"), gnu::always_inline]] inline std::uint64_t total(longs x) noexcept {
    x += __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3);
    x += __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5);
    return x[0] + x[1];
}

/// Rows of at most 2^14 elements: four products of a byte and a byte, 2^17, in 2^8 vectors stay below 2^31.
template <class In>
    requires(sizeof(In) == 1)
[[gnu::target("avx512f,avx512bw"), gnu::noinline]] inline norm_sums sum_row(const In* src, std::ptrdiff_t n) noexcept {
    constexpr bool is_signed = std::same_as<In, std::int8_t>;
    const bytes ones = bytes{} + std::uint8_t{1};
    signed_words sum{};
    signed_words squares{};
    alignas(64) std::uint8_t rest[64];
    for (std::ptrdiff_t i = 0; i < n; i += 64) {
        const void* from = src + i;
        if (n - i < 64) {
            std::memset(rest, 0, sizeof rest);
            std::memcpy(rest, from, static_cast<std::size_t>(n - i));
            from = rest;
        }
        // x^2 = (x + 128) x - 128 x for signed, x (x - 128) + 128 x for unsigned bytes: one factor of each kind.
        const bytes x = load_bytes(from);
        const bytes moved = x ^ std::uint8_t{0x80};
        sum = is_signed ? add_products(sum, ones, x) : add_products(sum, x, ones);
        squares = is_signed ? add_products(squares, moved, x) : add_products(squares, x, moved);
    }
    const std::int64_t s = total(sum);
    return {s, static_cast<std::uint64_t>(total(squares) + (is_signed ? -128 : 128) * s)};
}

template <class In>
    requires(sizeof(In) == 2)
[[gnu::target("avx512f,avx512bw"), gnu::noinline]] inline norm_sums sum_row(const In* src, std::ptrdiff_t n) noexcept {
    constexpr bool is_signed = std::same_as<In, std::int16_t>;
    const words ones = words{} + 0x0001'0001U;
    signed_words sum{};
    longs squares{};
    std::ptrdiff_t i = 0;
    for (; n - i >= 32; i += 32) {
        words x = load(src + i);
        if (!is_signed) x ^= 0x8000'8000U;
        sum += reinterpret_cast<signed_words>(multiply_pairs(x, ones));
        // (-2^15)^2 twice is 2^31: right as an unsigned word.
        const longs pairs = reinterpret_cast<longs>(multiply_pairs(x, x));
        squares += (pairs & 0xffff'ffffU) + (pairs >> 32U);
    }
    norm_sums s = scalar::norms::sum_row(src + i, 1, n - i);
    const std::int64_t found = total(sum);
    // x = moved + 2^15: sum x^2 = sum moved^2 + 2^16 sum moved + 2^30 i
    s.sum += found + (is_signed ? 0 : i << 15);
    s.squares += total(squares) + (is_signed ? 0 : static_cast<std::uint64_t>((found << 16) + (i << 30)));
    return s;
}

template <class In>
[[gnu::target("avx512f,avx512bw"), gnu::noinline]] inline norm_upper_sums sum_above(const In* src, std::ptrdiff_t n,
                                                                                    std::int32_t threshold) noexcept {
    signed_words excess{};
    signed_words count{};
    std::ptrdiff_t i = 0;
    for (; n - i >= 16; i += 16) {
        const signed_words over = widened_sixteen(src + i) - threshold;
        excess += over > 0 ? over : signed_words{};
        count -= over > 0;
    }
    const norm_upper_sums rest = scalar::norms::sum_above(src + i, 1, n - i, threshold);
    return {rest.excess + total(excess), rest.count + total(count)};
}

/// What a row multiplies by, in all lanes.
struct row_lanes {
    signed_longs factor;
    signed_longs offset;
    longs shift;
};
/// Gains and offsets of sixteen channels, and their shift less the 32 that taking upper halves is.
struct channel_lanes {
    signed_longs gains[2];
    signed_longs offsets[2];
    signed_words shift;
};

[[gnu::target("avx512f"), gnu::always_inline]] inline row_lanes in_all_lanes(const norm_row_factor& row) noexcept {
    return {std::int64_t{row.factor} - signed_longs{}, row.offset - signed_longs{},
            static_cast<std::uint64_t>(row.shift) - longs{}};
}
[[gnu::target("avx512f"), gnu::always_inline]] inline channel_lanes sixteen_channels(const std::int32_t* gains,
                                                                                     const std::int64_t* offsets,
                                                                                     std::int32_t shift) noexcept {
    return {{widened_eight(gains), widened_eight(gains + 8)},
            {reinterpret_cast<signed_longs>(load(offsets)), reinterpret_cast<signed_longs>(load(offsets + 8))},
            (shift - 32) - signed_words{}};
}
/// The lower half of each lane is z: |z| < 2^31 and at most 32 places are shifted.
template <class In>
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_longs normalized_eight(const In* src,
                                                                                    const row_lanes& row) noexcept {
    const signed_longs wide = multiply_low(widened_eight(src), row.factor) + row.offset;
    return reinterpret_cast<signed_longs>(reinterpret_cast<longs>(wide) >> row.shift);
}
template <class In>
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_words normalized_sixteen(const In* src,
                                                                                      const row_lanes& row,
                                                                                      const channel_lanes& c) noexcept {
    const signed_longs low = multiply_low(normalized_eight(src, row), c.gains[0]) + c.offsets[0];
    const signed_longs high = multiply_low(normalized_eight(src + 8, row), c.gains[1]) + c.offsets[1];
    const signed_words upper =
        __builtin_shufflevector(reinterpret_cast<signed_words>(low), reinterpret_cast<signed_words>(high), 1, 3, 5, 7,
                                9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    return upper >> c.shift;
}

/// Sixteen codes, saturated.
template <class Out>
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline void store_sixteen(signed_words y, Out* dst) noexcept {
    struct sixteen {
        Out values[16];
    };
    auto& to = *reinterpret_cast<sixteen*>(dst);
    if constexpr (std::unsigned_integral<Out>) y = y > 0 ? y : signed_words{};
    if constexpr (std::same_as<Out, std::int8_t>) __asm__("vpmovsdb %1, %0" : "=m"(to) : "v"(y));
    else if constexpr (std::same_as<Out, std::uint8_t>) __asm__("vpmovusdb %1, %0" : "=m"(to) : "v"(y));
    else if constexpr (std::same_as<Out, std::int16_t>) __asm__("vpmovsdw %1, %0" : "=m"(to) : "v"(y));
    else __asm__("vpmovusdw %1, %0" : "=m"(to) : "v"(y));
}

template <class In, class Out>
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline void normalize_rest(
    const In* src, std::size_t n, const row_lanes& row, const std::int32_t* gains, const std::int64_t* offsets,
    std::int32_t shift, Out* dst) noexcept {
    In from[16] = {};
    std::int32_t own_gains[16] = {};
    alignas(64) std::int64_t own_offsets[16] = {};
    Out to[16];
    std::memcpy(from, src, n * sizeof *from);
    std::memcpy(own_gains, gains, n * sizeof *gains);
    std::memcpy(own_offsets, offsets, n * sizeof *offsets);
    store_sixteen(normalized_sixteen(from, row, sixteen_channels(own_gains, own_offsets, shift)), to);
    std::memcpy(dst, to, n * sizeof *to);
}

template <class In, class Out>
[[gnu::target("avx512f,avx512bw"), gnu::noinline]] inline void normalize_row(const In* src, std::ptrdiff_t n,
                                                                             const norm_row_factor& factor,
                                                                             const norm_channel_factors& channels,
                                                                             Out* dst) noexcept {
    const row_lanes row = in_all_lanes(factor);
    std::ptrdiff_t i = 0;
    for (; n - i >= 16; i += 16)
        store_sixteen(normalized_sixteen(src + i, row,
                                         sixteen_channels(channels.gains + i, channels.offsets + i, channels.shift)),
                      dst + i);
    if (i < n)
        normalize_rest(src + i, static_cast<std::size_t>(n - i), row, channels.gains + i, channels.offsets + i,
                       channels.shift, dst + i);
}

}  // namespace dyad::inline v1::avx512::norms

#endif
