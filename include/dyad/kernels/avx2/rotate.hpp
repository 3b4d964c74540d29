// SPDX-License-Identifier: Apache-2.0
// kernels/scalar/rotate.hpp with AVX2: codes of 8 and 16 bits by tables of 16 bits, as kernels/avx512/rotate.hpp does.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/scalar/rotate.hpp>

namespace dyad::inline v1::avx2 {

using pair_words [[gnu::vector_size(32)]] = std::uint32_t;
using signed_pair_words [[gnu::vector_size(32)]] = std::int32_t;
using pair_longs [[gnu::vector_size(32)]] = std::uint64_t;
using sixteen_bytes [[gnu::vector_size(16)]] = std::uint8_t;

/// Sixteen codes as int16, and back, saturated.
[[gnu::target("avx2"), gnu::always_inline]] inline pair_words load_codes(const std::int16_t* from) noexcept {
    pair_words x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}
[[gnu::target("avx2"), gnu::always_inline]] inline pair_words load_codes(const std::int8_t* from) noexcept {
    sixteen_bytes x;
    pair_words y;
    __builtin_memcpy(&x, from, sizeof x);
    __asm__("vpmovsxbw %1, %0" : "=x"(y) : "x"(x));
    return y;
}
[[gnu::target("avx2"), gnu::always_inline]] inline void store_codes(pair_words x, std::int16_t* to) noexcept {
    __builtin_memcpy(to, &x, sizeof x);
}
[[gnu::target("avx2"), gnu::always_inline]] inline void store_codes(pair_words x, std::int8_t* to) noexcept {
    pair_longs eights;
    __asm__("vpacksswb %1, %1, %0" : "=x"(eights) : "x"(x));
    eights = __builtin_shufflevector(eights, eights, 0, 2, 0, 2);
    __builtin_memcpy(to, &eights, 16);
}

template <int Fraction>
[[gnu::target("avx2"), gnu::always_inline]] inline signed_pair_words round_words(signed_pair_words t) noexcept {
    return (t + ((1 << (Fraction - 1)) - 1) + ((t >> Fraction) & 1)) >> Fraction;
}
[[gnu::target("avx2"), gnu::always_inline]] inline signed_pair_words multiply_add(pair_words x, pair_words y) noexcept {
    signed_pair_words sum;
    __asm__("vpmaddwd %2, %1, %0" : "=x"(sum) : "x"(x), "x"(y));
    return sum;
}
[[gnu::target("avx2"), gnu::always_inline]] inline pair_words pack_words(signed_pair_words x,
                                                                         signed_pair_words y) noexcept {
    pair_words packed;
    __asm__("vpackssdw %2, %1, %0" : "=x"(packed) : "x"(x), "x"(y));
    return packed;
}

/// Both results of eight pairs.
struct turned_words {
    signed_pair_words a;
    signed_pair_words b;
};
template <int Fraction>
[[gnu::target("avx2"), gnu::always_inline]] inline turned_words turn(pair_words pairs, pair_words table) noexcept {
    const signed_pair_words sine = reinterpret_cast<signed_pair_words>(table) >> 16;
    const pair_words swapped = (pairs << 16U) | (pairs >> 16U);
    return {round_words<Fraction>(multiply_add(pairs ^ 0xffff'0000U, table) + sine),
            round_words<Fraction>(multiply_add(swapped, table))};
}

/// Eight pairs in a row.
template <int Fraction, class X>
[[gnu::target("avx2"), gnu::always_inline]] inline void turn_interleaved(const std::int16_t* table, const X* src,
                                                                         X* dst) noexcept {
    const turned_words y = turn<Fraction>(load_codes(src), load_codes(table));
    alignas(32) static constexpr std::uint8_t in_turn[32] = {0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15,
                                                             0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15};
    pair_words order;
    __builtin_memcpy(&order, in_turn, sizeof order);
    pair_words joined;
    __asm__("vpshufb %2, %1, %0" : "=x"(joined) : "x"(pack_words(y.a, y.b)), "x"(order));
    store_codes(joined, dst);
}

/// Sixteen pairs whose halves are `apart`.
template <int Fraction, class X>
[[gnu::target("avx2"), gnu::always_inline]] inline void turn_halves(const std::int16_t* table, const X* src, X* dst,
                                                                    std::ptrdiff_t apart) noexcept {
    const pair_words a = load_codes(src);
    const pair_words b = load_codes(src + apart);
    const auto t0 = reinterpret_cast<pair_longs>(load_codes(table));
    const auto t1 = reinterpret_cast<pair_longs>(load_codes(table + 16));
    const pair_longs t_low = __builtin_shufflevector(t0, t1, 0, 1, 4, 5);
    const pair_longs t_high = __builtin_shufflevector(t0, t1, 2, 3, 6, 7);
    pair_words low;
    pair_words high;
    __asm__("vpunpcklwd %2, %1, %0" : "=x"(low) : "x"(a), "x"(b));
    __asm__("vpunpckhwd %2, %1, %0" : "=x"(high) : "x"(a), "x"(b));
    const turned_words x = turn<Fraction>(low, reinterpret_cast<pair_words>(t_low));
    const turned_words y = turn<Fraction>(high, reinterpret_cast<pair_words>(t_high));
    store_codes(pack_words(x.a, y.a), dst);
    store_codes(pack_words(x.b, y.b), dst + apart);
}

/// `heads` of 2 * pairs codes in a row, by the same table. dst may be src.
template <int Fraction, class X>
[[gnu::target("avx2"), gnu::noinline]] inline void rotate(rotary_layout layout, const std::int16_t* table, const X* src,
                                                          X* dst, std::ptrdiff_t pairs, std::ptrdiff_t heads,
                                                          const scalar::raw_range<X>& range) noexcept {
    for (; heads != 0; --heads, src += 2 * pairs, dst += 2 * pairs) {
        std::ptrdiff_t i = 0;
        if (layout == rotary_layout::interleaved) {
            for (; pairs - i >= 8; i += 8) turn_interleaved<Fraction>(table + 2 * i, src + 2 * i, dst + 2 * i);
        } else {
            for (; pairs - i >= 16; i += 16) turn_halves<Fraction>(table + 2 * i, src + i, dst + i, pairs);
        }
        scalar::rotate_pairs<Fraction>(layout, table, src, 1, dst, 1, i, pairs, range);
    }
}
using four_words [[gnu::vector_size(16)]] = std::uint32_t;
using four_floats [[gnu::vector_size(16)]] = float;
using eight_floats [[gnu::vector_size(32)]] = float;
using four_doubles [[gnu::vector_size(32)]] = double;

[[gnu::target("avx2"), gnu::always_inline]] inline four_doubles widen(four_floats x) noexcept {
    four_doubles y;
    __asm__("vcvtps2pd %1, %0" : "=x"(y) : "x"(x));
    return y;
}
[[gnu::target("avx2"), gnu::always_inline]] inline four_doubles load_doubles(const float* from) noexcept {
    four_floats x;
    __builtin_memcpy(&x, from, sizeof x);
    return widen(x);
}
/// The first floats of four pairs, or the second ones, exactly.
template <int Half>
[[gnu::target("avx2"), gnu::always_inline]] inline four_doubles take_floats(eight_floats x) noexcept {
    return widen(__builtin_shufflevector(x, x, Half, 2 + Half, 4 + Half, 6 + Half));
}
/// scalar::finish_rotation of four.
[[gnu::target("avx2"), gnu::always_inline]] inline four_words finish_floats(four_doubles t) noexcept {
    four_words bits;
    __asm__("vcvtpd2ps %1, %0" : "=x"(bits) : "x"(t));
    const four_words magnitude = bits & 0x7fff'ffffU;
    return magnitude > 0x7f80'0000U ? four_words{} + 0x7fc0'0000U : bits;
}

/// The same for floats, four pairs at a time.
[[gnu::target("avx2"), gnu::noinline]] inline void rotate(rotary_layout layout, const float* table, const float* src,
                                                          float* dst, std::ptrdiff_t pairs,
                                                          std::ptrdiff_t heads) noexcept {
    const bool interleaved = layout == rotary_layout::interleaved;
    for (; heads != 0; --heads, src += 2 * pairs, dst += 2 * pairs) {
        std::ptrdiff_t i = 0;
        for (; pairs - i >= 4; i += 4) {
            eight_floats t;
            __builtin_memcpy(&t, table + 2 * i, sizeof t);
            const four_doubles c = take_floats<0>(t);
            const four_doubles s = take_floats<1>(t);
            eight_floats both{};
            if (interleaved) __builtin_memcpy(&both, src + 2 * i, sizeof both);
            const four_doubles a = interleaved ? take_floats<0>(both) : load_doubles(src + i);
            const four_doubles b = interleaved ? take_floats<1>(both) : load_doubles(src + pairs + i);
            const four_words x = finish_floats(a * c - b * s);
            const four_words y = finish_floats(a * s + b * c);
            if (interleaved) {
                const pair_words joined = __builtin_shufflevector(x, y, 0, 4, 1, 5, 2, 6, 3, 7);
                __builtin_memcpy(dst + 2 * i, &joined, sizeof joined);
            } else {
                __builtin_memcpy(dst + i, &x, sizeof x);
                __builtin_memcpy(dst + pairs + i, &y, sizeof y);
            }
        }
        scalar::rotate_pairs<0>(layout, table, src, 1, dst, 1, i, pairs, scalar::raw_range<float>{0, 0});
    }
}

}  // namespace dyad::inline v1::avx2

#endif
