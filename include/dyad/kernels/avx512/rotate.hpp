// SPDX-License-Identifier: Apache-2.0
// kernels/scalar/rotate.hpp with AVX-512, sixteen pairs of integers or eight of floats at a time.
//
// A pair is a word (a low, b high), its table entry a word (c, s). vpmaddwd adds the products of both halves, so
//   a s + b c = (b, a) . (c, s)   and   a c - b s = (a, ~b) . (c, s) + s,   since -b = ~b + 1 where -b may not fit.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/rotate.hpp>

namespace dyad::inline v1::avx512 {

using word_halves [[gnu::vector_size(32)]] = std::int16_t;
using word_quarters [[gnu::vector_size(16)]] = std::int8_t;
using half_bytes [[gnu::vector_size(32)]] = std::int8_t;

[[gnu::target("avx512bw"), gnu::always_inline]] inline signed_words multiply_add(words x, words y) noexcept {
    signed_words sum;
    __asm__("vpmaddwd %2, %1, %0" : "=v"(sum) : "v"(x), "v"(y));
    return sum;
}

/// Sixteen words of int16 or int8, sign-extended.
[[gnu::target("avx512bw"), gnu::always_inline]] inline signed_words load_words(const std::int16_t* from) noexcept {
    word_halves x;
    __builtin_memcpy(&x, from, sizeof x);
    return __builtin_convertvector(x, signed_words);
}
[[gnu::target("avx512bw"), gnu::always_inline]] inline signed_words load_words(const std::int8_t* from) noexcept {
    word_quarters x;
    __builtin_memcpy(&x, from, sizeof x);
    return __builtin_convertvector(x, signed_words);
}
/// Sixteen words, saturated.
[[gnu::target("avx512bw,avx512vl"), gnu::always_inline]] inline void store_words(signed_words x,
                                                                                 std::int16_t* to) noexcept {
    word_halves y;
    __asm__("vpmovsdw %1, %0" : "=v"(y) : "v"(x));
    __builtin_memcpy(to, &y, sizeof y);
}
[[gnu::target("avx512bw,avx512vl"), gnu::always_inline]] inline void store_words(signed_words x,
                                                                                 std::int8_t* to) noexcept {
    word_quarters y;
    __asm__("vpmovsdb %1, %0" : "=v"(y) : "v"(x));
    __builtin_memcpy(to, &y, sizeof y);
}
/// Sixteen pairs in a row as pairs of int16.
[[gnu::target("avx512bw"), gnu::always_inline]] inline words load_pairs(const std::int16_t* from) noexcept {
    return load(from);
}
[[gnu::target("avx512bw"), gnu::always_inline]] inline words load_pairs(const std::int8_t* from) noexcept {
    half_bytes x;
    words y;
    __builtin_memcpy(&x, from, sizeof x);
    __asm__("vpmovsxbw %1, %0" : "=v"(y) : "v"(x));
    return y;
}
/// The two words of sixteen pairs, saturated to int16, in turn.
[[gnu::target("avx512bw"), gnu::always_inline]] inline words join_pairs(signed_words a, signed_words b) noexcept {
    constexpr int lowest = -32768;
    constexpr int largest = 32767;
    const signed_words zero{};
    a = a < zero + lowest ? zero + lowest : a;
    a = a > zero + largest ? zero + largest : a;
    b = b < zero + lowest ? zero + lowest : b;
    b = b > zero + largest ? zero + largest : b;
    return (reinterpret_cast<words>(a) & 0xffffU) | (reinterpret_cast<words>(b) << 16U);
}
[[gnu::target("avx512bw,avx512vl"), gnu::always_inline]] inline void store_pairs(words x, std::int16_t* to) noexcept {
    __builtin_memcpy(to, &x, sizeof x);
}
[[gnu::target("avx512bw,avx512vl"), gnu::always_inline]] inline void store_pairs(words x, std::int8_t* to) noexcept {
    half_bytes y;
    __asm__("vpmovswb %1, %0" : "=v"(y) : "v"(x));
    __builtin_memcpy(to, &y, sizeof y);
}

/// t 2^-Fraction to nearest even.
template <int Fraction>
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_words round_words(signed_words t) noexcept {
    return (t + ((1 << (Fraction - 1)) - 1) + ((t >> Fraction) & 1)) >> Fraction;
}

/// A row of 2 * pairs elements in a row, whose table is int16. dst may be src.
template <int Fraction, class X>
[[gnu::target("avx512bw,avx512vl"), gnu::noinline]] inline void rotate(rotary_layout layout, const std::int16_t* table,
                                                                       const X* src, X* dst, std::ptrdiff_t pairs,
                                                                       const scalar::raw_range<X>& range) noexcept {
    std::ptrdiff_t i = 0;
    if (layout == rotary_layout::interleaved) {
        for (; pairs - i >= 16; i += 16) {
            const words x = load_pairs(src + 2 * i);
            const words t = load(table + 2 * i);
            const signed_words s = reinterpret_cast<signed_words>(t) >> 16;
            const signed_words a = multiply_add(x ^ 0xffff'0000U, t) + s;
            const signed_words b = multiply_add((x << 16U) | (x >> 16U), t);
            store_pairs(join_pairs(round_words<Fraction>(a), round_words<Fraction>(b)), dst + 2 * i);
        }
    } else {
        for (; pairs - i >= 16; i += 16) {
            const auto first = reinterpret_cast<words>(load_words(src + i));
            const auto second = reinterpret_cast<words>(load_words(src + pairs + i));
            const words t = load(table + 2 * i);
            const signed_words s = reinterpret_cast<signed_words>(t) >> 16;
            const words x = (first & 0xffffU) | (second << 16U);
            const signed_words a = multiply_add(x ^ 0xffff'0000U, t) + s;
            const signed_words b = multiply_add((second & 0xffffU) | (first << 16U), t);
            store_words(round_words<Fraction>(a), dst + i);
            store_words(round_words<Fraction>(b), dst + pairs + i);
        }
    }
    scalar::rotate_pairs<Fraction>(layout, table, src, 1, dst, 1, i, pairs, range);
}

}  // namespace dyad::inline v1::avx512

#endif
