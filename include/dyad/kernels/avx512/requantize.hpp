// SPDX-License-Identifier: Apache-2.0
// kernels/scalar/requantize.hpp with AVX-512: sixteen columns at a time, the rows of a tile one below the other, so
// that what belongs to the columns is made ready once.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/requantize.hpp>

namespace dyad::inline v1::avx512 {

/// Bits for the first n lanes, n <= 16.
[[nodiscard]] constexpr std::uint16_t lane_mask(std::ptrdiff_t n) noexcept {
    return static_cast<std::uint16_t>(n >= 16 ? 0xffffU : (1U << n) - 1U);
}
/// The words of the mask's lanes, 0 in the others.
template <lanes_used Used>
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_words load_lanes(const void* from,
                                                                              std::uint16_t mask) noexcept {
    signed_words x;
    if constexpr (Used == lanes_used::all) {
        __builtin_memcpy(&x, from, sizeof x);
        return x;
    }
    __asm__("vmovdqu32 (%2), %0%{%1%}%{z%}" : "=v"(x) : "Yk"(mask), "r"(from) : "memory");
    return x;
}
/// The products of the signed lower halves of the lanes.
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_longs multiply_halves(signed_longs x,
                                                                                   signed_longs y) noexcept {
    signed_longs product;
    __asm__("vpmuldq %2, %1, %0" : "=v"(product) : "v"(x), "v"(y));
    return product;
}
/// Word 2i is the upper half of even[i], word 2i + 1 that of odd[i]; and the lower halves.
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_words upper_words(signed_longs even,
                                                                               signed_longs odd) noexcept {
    constexpr std::uint16_t even_lanes = 0x5555;
    __asm__("vmovshdup %1, %0%{%2%}" : "+v"(odd) : "v"(even), "Yk"(even_lanes));
    return reinterpret_cast<signed_words>(odd);
}
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_words lower_words(signed_longs even,
                                                                               signed_longs odd) noexcept {
    constexpr std::uint16_t odd_lanes = 0xaaaa;
    __asm__("vmovsldup %1, %0%{%2%}" : "+v"(even) : "v"(odd), "Yk"(odd_lanes));
    return reinterpret_cast<signed_words>(even);
}

/// x + y modulo 2^32.
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_words wrapping_sum(signed_words x,
                                                                                signed_words y) noexcept {
    return reinterpret_cast<signed_words>(reinterpret_cast<words>(x) + reinterpret_cast<words>(y));
}

/// min(high, max(low, x)), as instructions: compilers make comparisons and blends of constant bounds.
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_words within(signed_words x, std::int32_t low,
                                                                          std::int32_t high) noexcept {
    __asm__("vpmaxsd %1, %0, %0" : "+v"(x) : "v"(signed_words{} + low));
    __asm__("vpminsd %1, %0, %0" : "+v"(x) : "v"(signed_words{} + high));
    return x;
}

/// Sixteen words as codes from Low to High.
template <lanes_used Used, std::int32_t Low, std::int32_t High, class Code>
[[gnu::target("avx512bw,avx512vl"), gnu::always_inline]] inline void store_clamped(signed_words y, Code* dst,
                                                                                   std::uint16_t mask) noexcept {
    constexpr bool is_whole = Low == std::int32_t{word_min<Code>()} && High == std::int32_t{word_max<Code>()};
    if constexpr (!is_whole) {
        y = within(y, Low, High);
    } else if constexpr (Low == 0) {
        y = y > 0 ? y : signed_words{};
    }
    if constexpr (sizeof(Code) == 4) {
        if constexpr (Used == lanes_used::all) __builtin_memcpy(dst, &y, sizeof y);
        else __asm__ volatile("vmovdqu32 %0, (%2)%{%1%}" : : "v"(y), "Yk"(mask), "r"(dst) : "memory");
        return;
    }
    if constexpr (sizeof(Code) == 1) {
        using sixteen_bytes [[gnu::vector_size(16)]] = std::uint8_t;
        sixteen_bytes codes;
        if constexpr (signed_word<Code>) __asm__("vpmovsdb %1, %0" : "=v"(codes) : "v"(y));
        else __asm__("vpmovusdb %1, %0" : "=v"(codes) : "v"(y));
        if constexpr (Used == lanes_used::all) __builtin_memcpy(dst, &codes, sizeof codes);
        else __asm__ volatile("vmovdqu8 %0, (%2)%{%1%}" : : "v"(codes), "Yk"(mask), "r"(dst) : "memory");
    } else if constexpr (sizeof(Code) == 2) {
        half_size codes;
        if constexpr (signed_word<Code>) __asm__("vpmovsdw %1, %0" : "=v"(codes) : "v"(y));
        else __asm__("vpmovusdw %1, %0" : "=v"(codes) : "v"(y));
        if constexpr (Used == lanes_used::all) __builtin_memcpy(dst, &codes, sizeof codes);
        else __asm__ volatile("vmovdqu16 %0, (%2)%{%1%}" : : "v"(codes), "Yk"(mask), "r"(dst) : "memory");
    }
}

/// The numbers of sixteen columns.
struct multiplier_lanes {
    signed_words bias;
    signed_longs even;       // significands of the columns 0, 2, ...
    signed_longs odd;        // and 1, 3, ...: lower halves of the lanes
    signed_words exponents;  // of m = b 2^e
};

/// Sixteen words at a stride, of which count are there.
template <class Word>
[[gnu::target("avx512f"), gnu::always_inline]] inline words words_at(const Word* from, std::ptrdiff_t stride,
                                                                     std::ptrdiff_t count) noexcept {
    static_assert(sizeof(Word) == 4);
    if (stride == 0) {
        std::uint32_t one;
        __builtin_memcpy(&one, from, sizeof one);
        return words{} + one;
    }
    Word own[16];
    return load(in_a_row<16>(from, stride, count, own));
}
[[gnu::target("avx512f"), gnu::always_inline]] inline multiplier_lanes load_multipliers(const requantize_columns_of& c,
                                                                                        std::ptrdiff_t first,
                                                                                        std::ptrdiff_t count) noexcept {
    static_assert(sizeof(multiplier) == 8);
    const multiplier* from = c.multipliers + first * c.multiplier_stride;
    signed_longs low;
    signed_longs high;
    if (c.multiplier_stride == 0) {
        std::int64_t one;
        __builtin_memcpy(&one, from, sizeof one);
        low = one - signed_longs{};
        high = low;
    } else {
        multiplier own[16];
        from = in_a_row<16>(from, c.multiplier_stride, count, own);
        low = reinterpret_cast<signed_longs>(load(from));
        high = reinterpret_cast<signed_longs>(load(from + 8));
    }
    const words bias = words_at(c.bias + first * c.bias_stride, c.bias_stride, count);
    return {reinterpret_cast<signed_words>(bias), __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14),
            __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15),
            __builtin_shufflevector(reinterpret_cast<signed_words>(low), reinterpret_cast<signed_words>(high), 1, 3, 5,
                                    7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)};
}

/// Are all exponents e, -e places, in the range?
[[gnu::target("avx512f"), gnu::always_inline]] inline bool all_within(signed_words exponents, std::int32_t fewest,
                                                                      std::int32_t most) noexcept {
    const words above = reinterpret_cast<words>(exponents) + static_cast<std::uint32_t>(most);
    const words limit = words{} + static_cast<std::uint32_t>(most - fewest);
    std::uint16_t outside;
    __asm__("vpcmpud $6, %2, %1, %0" : "=Yk"(outside) : "v"(above), "v"(limit));
    return outside == 0;
}

/// What is added to a word, and its shift.
struct rounding_lanes {
    signed_words half;
    signed_words places;
};
template <requantization Mode>
[[gnu::target("avx512f"), gnu::always_inline]] inline rounding_lanes make_rounding(signed_words exponents) noexcept {
    constexpr std::int32_t taken = Mode == requantization::gemmlowp_double ? 31 : 32;
    const signed_words places = -taken - exponents;
    const signed_words one = signed_words{} + 1;
    if constexpr (Mode == requantization::nearest_even) return {(one << (places - 1)) - 1, places};
    if constexpr (Mode == requantization::single_half_up) return {one << (places - 1), places};
    return {places != 0 ? one << ((places - 1) & 31) : signed_words{}, places};
}

/// requantize of sixteen sums, in the range of requantize_places.
template <requantization Mode>
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_words requantized(signed_words x,
                                                                               const multiplier_lanes& c,
                                                                               const rounding_lanes& r) noexcept {
    x = wrapping_sum(x, c.bias);
    const signed_longs upper =
        reinterpret_cast<signed_longs>(reinterpret_cast<longs>(x) >> 32U);  // the odd columns' sums
    signed_longs even = multiply_halves(reinterpret_cast<signed_longs>(x), c.even);
    signed_longs odd = multiply_halves(upper, c.odd);
    if constexpr (Mode == requantization::single_half_up) {
        return (upper_words(even, odd) + r.half) >> r.places;
    } else if constexpr (Mode == requantization::nearest_even) {
        const signed_words rest = lower_words(even, odd) != 0 ? signed_words{} + 1 : signed_words{};
        const signed_words h = upper_words(even, odd) | rest;
        return (h + r.half + ((h >> r.places) & 1)) >> r.places;
    } else {
        constexpr std::int64_t half = std::int64_t{1} << 31;
        const signed_words h = upper_words(even + even + half, odd + odd + half);
        const auto magnitude = reinterpret_cast<words>(h < 0 ? -h : h);
        const auto y = reinterpret_cast<signed_words>((magnitude + reinterpret_cast<words>(r.half)) >>
                                                      reinterpret_cast<words>(r.places));
        return h < 0 ? -y : y;
    }
}

/// The same on 64 bits: from 1 to 62 places, rounded once.
template <requantization Mode>
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_longs requantized_wide(signed_longs product,
                                                                                    signed_longs places) noexcept {
    signed_longs half = (signed_longs{} + 1) << (places - 1);
    if constexpr (Mode == requantization::nearest_even) half += ((product >> places) & 1) - 1;
    signed_longs y = (product + half) >> places;
    y = y > word_min<std::int32_t>() ? y : signed_longs{} + word_min<std::int32_t>();
    return y < word_max<std::int32_t>() ? y : signed_longs{} + word_max<std::int32_t>();
}
template <requantization Mode>
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_words requantized_wide(
    signed_words x, const multiplier_lanes& c) noexcept {
    x = wrapping_sum(x, c.bias);
    const signed_longs upper = reinterpret_cast<signed_longs>(reinterpret_cast<longs>(x) >> 32U);
    const auto exponents = reinterpret_cast<signed_longs>(c.exponents);
    const signed_longs even_places = -((exponents << 32) >> 32);
    const signed_longs odd_places = -(exponents >> 32);
    return lower_words(requantized_wide<Mode>(multiply_halves(reinterpret_cast<signed_longs>(x), c.even), even_places),
                       requantized_wide<Mode>(multiply_halves(upper, c.odd), odd_places));
}

/// Stores the codes of requantized words.
template <lanes_used Used, code_ends Ends, class Code, class Mask>
[[gnu::target("avx512bw,avx512vl"), gnu::always_inline]] inline void store_in_range(signed_words y,
                                                                                    const code_range& range, Code* dst,
                                                                                    Mask mask) noexcept {
    if constexpr (Ends == code_ends::given) y = within(y, range.low, range.high) + range.offset;
    store_clamped<Used, std::int32_t{word_min<Code>()}, std::int32_t{word_max<Code>()}>(y, dst, mask);
}

/// Columns first to first + count - 1, count <= 16.
template <requantization Mode, lanes_used Used, code_ends Ends, class Code>
[[gnu::target("avx512bw,avx512vl"), gnu::always_inline]] inline void requantize_part(
    const sum_tile<std::int32_t, Code>& t, const requantize_columns_of& columns, std::ptrdiff_t first,
    std::ptrdiff_t count) noexcept {
    const std::uint16_t mask = lane_mask(count);
    const multiplier_lanes c = load_multipliers(columns, first, count);
    const std::int32_t* src = t.sums + first;
    Code* dst = t.dst + first;
    const std::ptrdiff_t src_stride = t.sum_stride;
    const std::ptrdiff_t dst_stride = t.dst_stride;
    std::ptrdiff_t rows = t.rows;
    if (__builtin_expect(all_within(c.exponents, requantize_places<Mode>::fewest, requantize_places<Mode>::most), 1)) {
        const rounding_lanes r = make_rounding<Mode>(c.exponents);
        for (; rows != 0; --rows, src += src_stride, dst += dst_stride)
            store_in_range<Used, Ends>(requantized<Mode>(load_lanes<Used>(src, mask), c, r), columns.range, dst, mask);
    } else if (Mode != requantization::gemmlowp_double && all_within(c.exponents, 1, 62)) {
        for (; rows != 0; --rows, src += src_stride, dst += dst_stride)
            store_in_range<Used, Ends>(requantized_wide<Mode>(load_lanes<Used>(src, mask), c), columns.range, dst,
                                       mask);
    } else {
        scalar::requantize_part<Code>(t, columns, first, count);
    }
}

template <requantization Mode, class Code, code_ends Ends>
[[gnu::target("avx512bw,avx512vl"), gnu::noinline]] inline void requantize_tile(
    const sum_tile<std::int32_t, Code>& t, const requantize_columns_of& columns) noexcept {
    std::ptrdiff_t j = 0;
    for (; t.columns - j >= 16; j += 16) requantize_part<Mode, lanes_used::all, Ends>(t, columns, j, 16);
    if (j < t.columns) requantize_part<Mode, lanes_used::some, Ends>(t, columns, j, t.columns - j);
}

}  // namespace dyad::inline v1::avx512

#endif
