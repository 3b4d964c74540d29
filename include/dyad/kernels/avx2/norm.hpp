// SPDX-License-Identifier: Apache-2.0
// Normalizations of rows of integers with AVX2: the bits of kernels/scalar/norm.hpp, four lanes of 64 bits a vector.
#pragma once

#if defined(__x86_64__)

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <dyad/kernels/scalar/norm.hpp>

namespace dyad::inline v1::avx2::norms {

using norm_longs [[gnu::vector_size(32)]] = std::int64_t;
using norm_counts [[gnu::vector_size(32)]] = std::uint64_t;
using norm_words [[gnu::vector_size(32)]] = std::int32_t;
using norm_half [[gnu::vector_size(16)]] = std::int32_t;

template <class T, std::size_t Count>
struct norm_memory {
    T values[Count];
};

/// Four integers, widened.
template <class T>
[[gnu::target("avx2"), gnu::always_inline]] inline norm_longs widened_four(const T* from) noexcept {
    const auto& source = *reinterpret_cast<const norm_memory<T, 4>*>(from);
    norm_longs x;
    if constexpr (std::same_as<T, std::int8_t>) __asm__("vpmovsxbq %1, %0" : "=x"(x) : "m"(source));
    else if constexpr (std::same_as<T, std::uint8_t>) __asm__("vpmovzxbq %1, %0" : "=x"(x) : "m"(source));
    else if constexpr (std::same_as<T, std::int16_t>) __asm__("vpmovsxwq %1, %0" : "=x"(x) : "m"(source));
    else if constexpr (std::same_as<T, std::uint16_t>) __asm__("vpmovzxwq %1, %0" : "=x"(x) : "m"(source));
    else __asm__("vpmovsxdq %1, %0" : "=x"(x) : "m"(source));
    return x;
}
/// Eight integers, widened.
template <class T>
[[gnu::target("avx2"), gnu::always_inline]] inline norm_words widened_eight(const T* from) noexcept {
    const auto& source = *reinterpret_cast<const norm_memory<T, 8>*>(from);
    norm_words x;
    if constexpr (std::same_as<T, std::int8_t>) __asm__("vpmovsxbd %1, %0" : "=x"(x) : "m"(source));
    else if constexpr (std::same_as<T, std::uint8_t>) __asm__("vpmovzxbd %1, %0" : "=x"(x) : "m"(source));
    else if constexpr (std::same_as<T, std::int16_t>) __asm__("vpmovsxwd %1, %0" : "=x"(x) : "m"(source));
    else __asm__("vpmovzxwd %1, %0" : "=x"(x) : "m"(source));
    return x;
}
/// Sixteen bytes as halves, or sixteen halves; unsigned halves less 2^15.
template <class T>
[[gnu::target("avx2"), gnu::always_inline]] inline norm_words sixteen_halves(const T* from) noexcept {
    const auto& source = *reinterpret_cast<const norm_memory<T, 16>*>(from);
    norm_words x;
    if constexpr (std::same_as<T, std::int8_t>) __asm__("vpmovsxbw %1, %0" : "=x"(x) : "m"(source));
    else if constexpr (std::same_as<T, std::uint8_t>) __asm__("vpmovzxbw %1, %0" : "=x"(x) : "m"(source));
    else __builtin_memcpy(&x, from, sizeof x);
    if constexpr (std::same_as<T, std::uint16_t>) x ^= static_cast<std::int32_t>(0x8000'8000U);
    return x;
}
/// The sums of the two products of signed halves in each word.
[[gnu::target("avx2"), gnu::always_inline]] inline norm_words multiply_pairs(norm_words x, norm_words y) noexcept {
    __asm__("vpmaddwd %1, %0, %0" : "+x"(x) : "x"(y));
    return x;
}
/// The products of the lower halves of the lanes.
[[gnu::target("avx2"), gnu::always_inline]] inline norm_longs multiply_low(norm_longs x, norm_longs y) noexcept {
    __asm__("vpmuldq %1, %0, %0" : "+x"(x) : "x"(y));
    return x;
}
[[gnu::target("avx2"), gnu::always_inline]] inline std::int64_t total(norm_words x) noexcept {
    x += __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3);
    x += __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5);
    return std::int64_t{x[0]} + x[1];
}

/// Rows of at most 2^14 elements: 2^10 sums of two squares of bytes, 2^17, stay below 2^31.
template <class In>
[[gnu::target("avx2"), gnu::noinline]] inline norm_sums sum_row(const In* src, std::ptrdiff_t n) noexcept {
    constexpr bool is_moved = std::same_as<In, std::uint16_t>;
    const norm_words ones = norm_words{} + 0x0001'0001;
    norm_words sum{};
    norm_words byte_squares{};
    norm_counts squares{};
    std::ptrdiff_t i = 0;
    for (; n - i >= 16; i += 16) {
        const norm_words x = sixteen_halves(src + i);
        sum += multiply_pairs(x, ones);
        const norm_words pairs = multiply_pairs(x, x);
        if constexpr (sizeof(In) == 1) {
            byte_squares += pairs;
        } else {
            // (-2^15)^2 twice is 2^31: right as an unsigned word.
            const norm_counts both = reinterpret_cast<norm_counts>(pairs);
            squares += (both & 0xffff'ffffU) + (both >> 32U);
        }
    }
    norm_sums s = scalar::norms::sum_row(src + i, 1, n - i);
    const std::int64_t found = total(sum);
    // x = moved + 2^15: sum x^2 = sum moved^2 + 2^16 sum moved + 2^30 i
    s.sum += found + (is_moved ? i << 15 : 0);
    s.squares += squares[0] + squares[1] + squares[2] + squares[3] + static_cast<std::uint64_t>(total(byte_squares));
    if (is_moved) s.squares += static_cast<std::uint64_t>(found * 65536 + (i << 30));
    return s;
}

template <class In>
[[gnu::target("avx2"), gnu::noinline]] inline norm_upper_sums sum_above(const In* src, std::ptrdiff_t n,
                                                                        std::int32_t threshold) noexcept {
    norm_words excess{};
    norm_words count{};
    std::ptrdiff_t i = 0;
    for (; n - i >= 8; i += 8) {
        const norm_words over = widened_eight(src + i) - threshold;
        excess += over > 0 ? over : norm_words{};
        count -= over > 0;
    }
    const norm_upper_sums rest = scalar::norms::sum_above(src + i, 1, n - i, threshold);
    return {rest.excess + total(excess), rest.count + total(count)};
}

/// What a row multiplies by, in all lanes.
struct row_lanes {
    norm_longs factor;
    norm_longs offset;
    norm_counts shift;
};

/// The four sums z gain + offset of four channels. The lower half of each lane is z: |z| < 2^31 and at most 32 places
/// are shifted.
template <class In>
[[gnu::target("avx2"), gnu::always_inline]] inline norm_words scaled_four(const In* src, const row_lanes& row,
                                                                          const std::int32_t* gains,
                                                                          const std::int64_t* offsets) noexcept {
    const norm_longs wide = multiply_low(widened_four(src), row.factor) + row.offset;
    const norm_longs z = reinterpret_cast<norm_longs>(reinterpret_cast<norm_counts>(wide) >> row.shift);
    norm_longs offset;
    __builtin_memcpy(&offset, offsets, sizeof offset);
    return reinterpret_cast<norm_words>(multiply_low(z, widened_four(gains)) + offset);
}
/// y of eight channels, the shift less the 32 that taking upper halves is.
template <class In>
[[gnu::target("avx2"), gnu::always_inline]] inline norm_words normalized_eight(const In* src, const row_lanes& row,
                                                                               const std::int32_t* gains,
                                                                               const std::int64_t* offsets,
                                                                               norm_words shift) noexcept {
    const norm_words low = scaled_four(src, row, gains, offsets);
    const norm_words high = scaled_four(src + 4, row, gains + 4, offsets + 4);
    return __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15) >> shift;
}

/// Eight codes, saturated.
template <class Out>
[[gnu::target("avx2"), gnu::always_inline]] inline void store_eight(norm_words y, Out* dst) noexcept {
    norm_half low = __builtin_shufflevector(y, y, 0, 1, 2, 3);
    const norm_half high = __builtin_shufflevector(y, y, 4, 5, 6, 7);
    if constexpr (std::same_as<Out, std::uint16_t>) __asm__("vpackusdw %1, %0, %0" : "+x"(low) : "x"(high));
    else __asm__("vpackssdw %1, %0, %0" : "+x"(low) : "x"(high));
    if constexpr (std::same_as<Out, std::int8_t>) __asm__("vpacksswb %0, %0, %0" : "+x"(low));
    if constexpr (std::same_as<Out, std::uint8_t>) __asm__("vpackuswb %0, %0, %0" : "+x"(low));
    __builtin_memcpy(dst, &low, 8 * sizeof *dst);
}

template <class In, class Out>
[[gnu::target("avx2"), gnu::noinline]] inline void normalize_row(const In* src, std::ptrdiff_t n,
                                                                 const norm_row_factor& factor,
                                                                 const norm_channel_factors& channels,
                                                                 Out* dst) noexcept {
    const row_lanes row{std::int64_t{factor.factor} - norm_longs{}, factor.offset - norm_longs{},
                        static_cast<std::uint64_t>(factor.shift) - norm_counts{}};
    const norm_words shift = (channels.shift - 32) - norm_words{};
    std::ptrdiff_t i = 0;
    for (; n - i >= 8; i += 8)
        store_eight(normalized_eight(src + i, row, channels.gains + i, channels.offsets + i, shift), dst + i);
    if (i == n) return;
    const auto rest = static_cast<std::size_t>(n - i);
    In from[8] = {};
    std::int32_t gains[8] = {};
    std::int64_t offsets[8] = {};
    Out to[8];
    std::memcpy(from, src + i, rest * sizeof *from);
    std::memcpy(gains, channels.gains + i, rest * sizeof *gains);
    std::memcpy(offsets, channels.offsets + i, rest * sizeof *offsets);
    store_eight(normalized_eight(from, row, gains, offsets, shift), to);
    std::memcpy(dst + i, to, rest * sizeof *to);
}

}  // namespace dyad::inline v1::avx2::norms

#endif
