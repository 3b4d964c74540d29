// SPDX-License-Identifier: Apache-2.0
// kernels/scalar/requantize.hpp with AVX2: eight columns at a time, by the arithmetic on 32 bits of
// kernels/avx512/requantize.hpp; shifts that this does not cover by scalar code.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/scalar/requantize.hpp>

namespace dyad::inline v1::avx2 {

using eight_signed [[gnu::vector_size(32)]] = std::int32_t;
using eight_unsigned [[gnu::vector_size(32)]] = std::uint32_t;
using four_signed_longs [[gnu::vector_size(32)]] = std::int64_t;
using four_unsigned_longs [[gnu::vector_size(32)]] = std::uint64_t;

[[gnu::target("avx2"), gnu::always_inline]] inline eight_signed load_eight(const void* from) noexcept {
    eight_signed x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}
/// The first n words, n <= 8, and 0.
[[gnu::target("avx2"), gnu::always_inline]] inline eight_signed load_eight(const std::int32_t* from,
                                                                           std::ptrdiff_t n) noexcept {
    if (n == 8) return load_eight(static_cast<const void*>(from));
    const eight_signed lane{0, 1, 2, 3, 4, 5, 6, 7};
    const eight_signed mask = lane < static_cast<std::int32_t>(n);
    eight_signed x;
    __asm__("vpmaskmovd (%2), %1, %0" : "=x"(x) : "x"(mask), "r"(from) : "memory");
    return x;
}
/// The products of the signed lower halves of the lanes.
[[gnu::target("avx2"), gnu::always_inline]] inline four_signed_longs multiply_halves(four_signed_longs x,
                                                                                     four_signed_longs y) noexcept {
    four_signed_longs product;
    __asm__("vpmuldq %2, %1, %0" : "=x"(product) : "x"(x), "x"(y));
    return product;
}
/// Word 2i is the upper half of even[i], word 2i + 1 that of odd[i]; and the lower halves.
[[gnu::target("avx2"), gnu::always_inline]] inline eight_signed upper_words(four_signed_longs even,
                                                                            four_signed_longs odd) noexcept {
    eight_signed y;
    const auto upper = reinterpret_cast<four_unsigned_longs>(even) >> 32U;
    __asm__("vpblendd $0xaa, %2, %1, %0" : "=x"(y) : "x"(upper), "x"(odd));
    return y;
}
[[gnu::target("avx2"), gnu::always_inline]] inline eight_signed lower_words(four_signed_longs even,
                                                                            four_signed_longs odd) noexcept {
    eight_signed y;
    const auto upper = reinterpret_cast<four_unsigned_longs>(odd) << 32U;
    __asm__("vpblendd $0xaa, %2, %1, %0" : "=x"(y) : "x"(even), "x"(upper));
    return y;
}

/// Stores n <= 8 words as codes from Low to High.
template <class Code, std::int32_t Low, std::int32_t High>
[[gnu::target("avx2"), gnu::always_inline]] inline void store_clamped(eight_signed y, Code* dst,
                                                                      std::ptrdiff_t n) noexcept {
    using eight_halves [[gnu::vector_size(16)]] = std::uint16_t;
    y = y > Low ? y : eight_signed{} + Low;
    y = y < High ? y : eight_signed{} + High;
    if constexpr (sizeof(Code) == 4) {
        if (n == 8) __builtin_memcpy(dst, &y, sizeof y);
        else __builtin_memcpy(dst, &y, static_cast<std::size_t>(n) * sizeof(Code));
        return;
    }
    // (all in range, so the packing saturates nothing)
    eight_halves codes;
    __asm__("vextracti128 $1, %1, %0" : "=x"(codes) : "x"(y));
    if constexpr (signed_word<Code> || sizeof(Code) == 1) __asm__("vpackssdw %0, %x1, %0" : "+x"(codes) : "x"(y));
    else __asm__("vpackusdw %0, %x1, %0" : "+x"(codes) : "x"(y));
    if constexpr (sizeof(Code) == 1) {
        if constexpr (signed_word<Code>) __asm__("vpacksswb %0, %0, %0" : "+x"(codes));
        else __asm__("vpackuswb %0, %0, %0" : "+x"(codes));
    }
    if (n == 8) __builtin_memcpy(dst, &codes, 8 * sizeof(Code));
    else __builtin_memcpy(dst, &codes, static_cast<std::size_t>(n) * sizeof(Code));
}

/// The numbers of eight columns.
struct multiplier_lanes {
    eight_signed bias;
    four_signed_longs even;  // significands of the columns 0, 2, 4, 6
    four_signed_longs odd;
    eight_signed exponents;
};

[[gnu::target("avx2"), gnu::always_inline]] inline multiplier_lanes load_multipliers(const requantize_columns_of& c,
                                                                                     std::ptrdiff_t first,
                                                                                     std::ptrdiff_t count) noexcept {
    std::int32_t biases[8];
    multiplier own[8];
    const std::int32_t* bias = c.bias + first * c.bias_stride;
    const multiplier* from = c.multipliers + first * c.multiplier_stride;
    if (c.bias_stride != 1 || count < 8) {
        for (std::ptrdiff_t j = 0; j < 8; ++j) biases[j] = bias[(j < count ? j : 0) * c.bias_stride];
        bias = biases;
    }
    if (c.multiplier_stride != 1 || count < 8) {
        for (std::ptrdiff_t j = 0; j < 8; ++j) own[j] = from[(j < count ? j : 0) * c.multiplier_stride];
        from = own;
    }
    const eight_signed low = load_eight(static_cast<const void*>(from));
    const eight_signed high = load_eight(static_cast<const void*>(from + 4));
    const auto first_four = reinterpret_cast<four_signed_longs>(low);
    const auto last_four = reinterpret_cast<four_signed_longs>(high);
    return {load_eight(static_cast<const void*>(bias)), __builtin_shufflevector(first_four, last_four, 0, 2, 4, 6),
            __builtin_shufflevector(first_four, last_four, 1, 3, 5, 7),
            __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15)};
}

[[gnu::target("avx2"), gnu::always_inline]] inline bool all_within(eight_signed exponents, std::int32_t fewest,
                                                                   std::int32_t most) noexcept {
    const auto above = reinterpret_cast<eight_unsigned>(exponents) + static_cast<std::uint32_t>(most);
    const auto outside = above > static_cast<std::uint32_t>(most - fewest);
    int bits = 0;
    __asm__("vmovmskps %1, %0" : "=r"(bits) : "x"(outside));
    return bits == 0;
}

struct rounding_lanes {
    eight_signed half;
    eight_signed places;
};
template <requantization Mode>
[[gnu::target("avx2"), gnu::always_inline]] inline rounding_lanes make_rounding(eight_signed exponents) noexcept {
    constexpr std::int32_t taken = Mode == requantization::gemmlowp_double ? 31 : 32;
    const eight_signed places = -taken - exponents;
    const eight_signed one = eight_signed{} + 1;
    if constexpr (Mode == requantization::nearest_even) return {(one << (places - 1)) - 1, places};
    if constexpr (Mode == requantization::single_half_up) return {one << (places - 1), places};
    return {places != 0 ? one << ((places - 1) & 31) : eight_signed{}, places};
}

template <requantization Mode>
[[gnu::target("avx2"), gnu::always_inline]] inline eight_signed requantized(eight_signed x, const multiplier_lanes& c,
                                                                            const rounding_lanes& r) noexcept {
    const auto biased = reinterpret_cast<eight_unsigned>(x) + reinterpret_cast<eight_unsigned>(c.bias);
    const auto upper =
        reinterpret_cast<four_signed_longs>(reinterpret_cast<four_unsigned_longs>(biased) >> 32U);  // odd columns
    four_signed_longs even = multiply_halves(reinterpret_cast<four_signed_longs>(biased), c.even);
    four_signed_longs odd = multiply_halves(upper, c.odd);
    if constexpr (Mode == requantization::single_half_up) {
        return (upper_words(even, odd) + r.half) >> r.places;
    } else if constexpr (Mode == requantization::nearest_even) {
        const eight_signed rest = (lower_words(even, odd) != 0) & 1;
        const eight_signed h = upper_words(even, odd) | rest;
        return (h + r.half + ((h >> r.places) & 1)) >> r.places;
    } else {
        constexpr std::int64_t half = std::int64_t{1} << 31;
        const eight_signed h = upper_words(even + even + half, odd + odd + half);
        const eight_signed negative = h >> 31;
        const auto magnitude = reinterpret_cast<eight_unsigned>((h ^ negative) - negative);
        const auto y = reinterpret_cast<eight_signed>((magnitude + reinterpret_cast<eight_unsigned>(r.half)) >>
                                                      reinterpret_cast<eight_unsigned>(r.places));
        return (y ^ negative) - negative;
    }
}

template <requantization Mode, class Code, std::int32_t Low, std::int32_t High>
[[gnu::target("avx2"), gnu::noinline]] inline void requantize_tile(const sum_tile<std::int32_t, Code>& t,
                                                                   const requantize_columns_of& columns) noexcept {
    for (std::ptrdiff_t j = 0; j < t.columns; j += 8) {
        const std::ptrdiff_t count = t.columns - j < 8 ? t.columns - j : 8;
        const multiplier_lanes c = load_multipliers(columns, j, count);
        if (__builtin_expect(all_within(c.exponents, requantize_places<Mode>::fewest, requantize_places<Mode>::most),
                             1)) {
            const rounding_lanes r = make_rounding<Mode>(c.exponents);
            for (std::ptrdiff_t i = 0; i < t.rows; ++i) {
                const eight_signed x = load_eight(t.sums + i * t.sum_stride + j, count);
                store_clamped<Code, Low, High>(requantized<Mode>(x, c, r), t.dst + i * t.dst_stride + j, count);
            }
        } else {
            scalar::requantize_part<Code, Low, High>(t, columns, j, count);
        }
    }
}

}  // namespace dyad::inline v1::avx2

#endif
