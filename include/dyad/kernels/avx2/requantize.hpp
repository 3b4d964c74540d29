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
template <lanes_used Used>
[[gnu::target("avx2"), gnu::always_inline]] inline eight_signed load_first(const std::int32_t* from,
                                                                           std::ptrdiff_t n) noexcept {
    if constexpr (Used == lanes_used::all) return load_eight(from);
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

/// min(high, max(low, x)), as instructions: compilers make comparisons and blends of constant bounds.
[[gnu::target("avx2"), gnu::always_inline]] inline eight_signed within(eight_signed x, std::int32_t low,
                                                                       std::int32_t high) noexcept {
    __asm__("vpmaxsd %1, %0, %0" : "+x"(x) : "x"(eight_signed{} + low));
    __asm__("vpminsd %1, %0, %0" : "+x"(x) : "x"(eight_signed{} + high));
    return x;
}

/// Stores n <= 8 words as codes from Low to High.
template <lanes_used Used, std::int32_t Low, std::int32_t High, class Code>
[[gnu::target("avx2"), gnu::always_inline]] inline void store_clamped(eight_signed y, Code* dst,
                                                                      std::ptrdiff_t n) noexcept {
    using eight_halves [[gnu::vector_size(16)]] = std::uint16_t;
    // (the packing saturates to the range of Code)
    constexpr bool is_whole = Low == std::int32_t{word_min<Code>()} && High == std::int32_t{word_max<Code>()};
    if constexpr (!is_whole) y = within(y, Low, High);
    if constexpr (sizeof(Code) == 4) {
        if constexpr (Used == lanes_used::all) __builtin_memcpy(dst, &y, sizeof y);
        else __builtin_memcpy(dst, &y, static_cast<std::size_t>(n) * sizeof(Code));
        return;
    }
    eight_halves codes;
    __asm__("vextracti128 $1, %1, %0" : "=x"(codes) : "x"(y));
    if constexpr (signed_word<Code> || sizeof(Code) == 1) __asm__("vpackssdw %0, %x1, %0" : "+x"(codes) : "x"(y));
    else __asm__("vpackusdw %0, %x1, %0" : "+x"(codes) : "x"(y));
    if constexpr (sizeof(Code) == 1) {
        if constexpr (signed_word<Code>) __asm__("vpacksswb %0, %0, %0" : "+x"(codes));
        else __asm__("vpackuswb %0, %0, %0" : "+x"(codes));
    }
    if constexpr (Used == lanes_used::all) __builtin_memcpy(dst, &codes, 8 * sizeof(Code));
    else __builtin_memcpy(dst, &codes, static_cast<std::size_t>(n) * sizeof(Code));
}

/// The numbers of eight columns.
struct multiplier_lanes {
    eight_signed bias;
    four_signed_longs even;  // significands of the columns 0, 2, 4, 6
    four_signed_longs odd;
    eight_signed exponents;
};

/// Eight words at a stride, of which count are there.
template <class Word>
[[gnu::target("avx2"), gnu::always_inline]] inline eight_signed words_at(const Word* from, std::ptrdiff_t stride,
                                                                         std::ptrdiff_t count) noexcept {
    static_assert(sizeof(Word) == 4);
    if (stride == 0) {
        std::int32_t one;
        __builtin_memcpy(&one, from, sizeof one);
        return eight_signed{} + one;
    }
    Word own[8];
    return load_eight(in_a_row<8>(from, stride, count, own));
}
[[gnu::target("avx2"), gnu::always_inline]] inline multiplier_lanes load_multipliers(const requantize_columns_of& c,
                                                                                     std::ptrdiff_t first,
                                                                                     std::ptrdiff_t count) noexcept {
    const multiplier* from = c.multipliers + first * c.multiplier_stride;
    four_signed_longs low;
    four_signed_longs high;
    if (c.multiplier_stride == 0) {
        std::int64_t one;
        __builtin_memcpy(&one, from, sizeof one);
        low = one - four_signed_longs{};
        high = low;
    } else {
        multiplier own[8];
        from = in_a_row<8>(from, c.multiplier_stride, count, own);
        low = reinterpret_cast<four_signed_longs>(load_eight(from));
        high = reinterpret_cast<four_signed_longs>(load_eight(from + 4));
    }
    return {words_at(c.bias + first * c.bias_stride, c.bias_stride, count),
            __builtin_shufflevector(low, high, 0, 2, 4, 6), __builtin_shufflevector(low, high, 1, 3, 5, 7),
            __builtin_shufflevector(reinterpret_cast<eight_signed>(low), reinterpret_cast<eight_signed>(high), 1, 3, 5,
                                    7, 9, 11, 13, 15)};
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

/// Stores the codes of requantized words.
template <lanes_used Used, code_ends Ends, class Code, class Mask>
[[gnu::target("avx2"), gnu::always_inline]] inline void store_in_range(eight_signed y, const code_range& range,
                                                                       Code* dst, Mask mask) noexcept {
    if constexpr (Ends == code_ends::given) y = within(y, range.low, range.high) + range.offset;
    store_clamped<Used, std::int32_t{word_min<Code>()}, std::int32_t{word_max<Code>()}>(y, dst, mask);
}

/// Columns first to first + count - 1, count <= 8.
template <requantization Mode, lanes_used Used, code_ends Ends, class Code>
[[gnu::target("avx2"), gnu::always_inline]] inline void requantize_part(const sum_tile<std::int32_t, Code>& t,
                                                                        const requantize_columns_of& columns,
                                                                        std::ptrdiff_t first,
                                                                        std::ptrdiff_t count) noexcept {
    const multiplier_lanes c = load_multipliers(columns, first, count);
    if (!all_within(c.exponents, requantize_places<Mode>::fewest, requantize_places<Mode>::most))
        return scalar::requantize_part<Code>(t, columns, first, count);
    const rounding_lanes r = make_rounding<Mode>(c.exponents);
    const std::int32_t* src = t.sums + first;
    Code* dst = t.dst + first;
    const std::ptrdiff_t src_stride = t.sum_stride;
    const std::ptrdiff_t dst_stride = t.dst_stride;
    for (std::ptrdiff_t rows = t.rows; rows != 0; --rows, src += src_stride, dst += dst_stride)
        store_in_range<Used, Ends>(requantized<Mode>(load_first<Used>(src, count), c, r), columns.range, dst, count);
}

template <requantization Mode, class Code, code_ends Ends>
[[gnu::target("avx2"), gnu::noinline]] inline void requantize_tile(const sum_tile<std::int32_t, Code>& t,
                                                                   const requantize_columns_of& columns) noexcept {
    std::ptrdiff_t j = 0;
    for (; t.columns - j >= 8; j += 8) requantize_part<Mode, lanes_used::all, Ends>(t, columns, j, 8);
    if (j < t.columns) requantize_part<Mode, lanes_used::some, Ends>(t, columns, j, t.columns - j);
}

}  // namespace dyad::inline v1::avx2

#endif
