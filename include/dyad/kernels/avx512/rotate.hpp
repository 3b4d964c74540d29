// SPDX-License-Identifier: Apache-2.0
// kernels/scalar/rotate.hpp with AVX-512: codes of 8 and 16 bits by tables of 16 bits, and floats.
//
// A pair is a word (a low, b high), its table entry a word (c, s). vpmaddwd adds the products of both halves, so
//   a s + b c = (b, a) . (c, s)   and   a c - b s = (a, ~b) . (c, s) + s,   since -b = ~b + 1 where -b may not fit.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/byte_tables.hpp>
#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/rotate.hpp>

namespace dyad::inline v1::avx512 {

/// The first `count` of 32 codes as int16, zeros behind them; and back, saturated.
[[gnu::target("avx512bw"), gnu::always_inline]] inline words load_codes(const std::int16_t* from,
                                                                        std::size_t count) noexcept {
    return count == 32 ? load(from) : reinterpret_cast<words>(load_some(from, first_bytes(2 * count)));
}
[[gnu::target("avx512bw"), gnu::always_inline]] inline words load_codes(const std::int8_t* from,
                                                                        std::size_t count) noexcept {
    using half_bytes [[gnu::vector_size(32)]] = std::uint8_t;
    half_bytes x;
    if (count == 32) {
        __builtin_memcpy(&x, from, sizeof x);
    } else {
        const bytes first = load_some(from, first_bytes(count));
        __builtin_memcpy(&x, &first, sizeof x);
    }
    words y;
    __asm__("vpmovsxbw %1, %0" : "=v"(y) : "v"(x));
    return y;
}
[[gnu::target("avx512bw"), gnu::always_inline]] inline void store_codes(words x, std::int16_t* to,
                                                                        std::size_t count) noexcept {
    if (count == 32) __builtin_memcpy(to, &x, sizeof x);
    else store_some(reinterpret_cast<bytes>(x), first_bytes(2 * count), to);
}
[[gnu::target("avx512bw"), gnu::always_inline]] inline void store_codes(words x, std::int8_t* to,
                                                                        std::size_t count) noexcept {
    using half_bytes [[gnu::vector_size(32)]] = std::uint8_t;
    half_bytes y;
    __asm__("vpmovswb %1, %0" : "=v"(y) : "v"(x));
    if (count == 32) {
        __builtin_memcpy(to, &y, sizeof y);
    } else {
        bytes all{};
        __builtin_memcpy(&all, &y, sizeof y);
        store_some(all, first_bytes(count), to);
    }
}

/// t 2^-Fraction to nearest even.
template <int Fraction>
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_words round_words(signed_words t) noexcept {
    return (t + ((1 << (Fraction - 1)) - 1) + ((t >> Fraction) & 1)) >> Fraction;
}

[[gnu::target("avx512bw"), gnu::always_inline]] inline signed_words multiply_add(words x, words y) noexcept {
    signed_words sum;
    __asm__("vpmaddwd %2, %1, %0" : "=v"(sum) : "v"(x), "v"(y));
    return sum;
}
/// Within each 128 bits four words of x, then four of y, saturated to 16 bits.
[[gnu::target("avx512bw"), gnu::always_inline]] inline words pack_words(signed_words x, signed_words y) noexcept {
    words packed;
    __asm__("vpackssdw %2, %1, %0" : "=v"(packed) : "v"(x), "v"(y));
    return packed;
}

/// Both results of sixteen pairs.
struct turned_words {
    signed_words a;
    signed_words b;
};
template <int Fraction>
[[gnu::target("avx512bw"), gnu::always_inline]] inline turned_words turn(words pairs, words table) noexcept {
    const signed_words sine = reinterpret_cast<signed_words>(table) >> 16;
    words swapped;
    __asm__("vprold $16, %1, %0" : "=v"(swapped) : "v"(pairs));
    return {round_words<Fraction>(multiply_add(pairs ^ 0xffff'0000U, table) + sine),
            round_words<Fraction>(multiply_add(swapped, table))};
}

/// The first `count` of 16 pairs in a row.
template <int Fraction, class X>
[[gnu::target("avx512bw"), gnu::always_inline]] inline void turn_interleaved(const std::int16_t* table, const X* src,
                                                                             X* dst, std::size_t count) noexcept {
    const words t = load_codes(table, 2 * count);
    const turned_words y = turn<Fraction>(load_codes(src, 2 * count), t);
    alignas(64) static constexpr std::uint8_t in_turn[64] = {
        0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15, 0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15,
        0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15, 0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15};
    words joined;
    __asm__("vpshufb %2, %1, %0" : "=v"(joined) : "v"(pack_words(y.a, y.b)), "v"(load(in_turn)));
    store_codes(joined, dst, 2 * count);
}

/// The first `count` of 32 pairs whose halves are `apart`. Unpacking takes fours of each half, of which the table's are
/// put in the same order; packing brings all back.
template <int Fraction, class X>
[[gnu::target("avx512bw"), gnu::always_inline]] inline void turn_halves(const std::int16_t* table, const X* src, X* dst,
                                                                        std::ptrdiff_t apart,
                                                                        std::size_t count) noexcept {
    const words a = load_codes(src, count);
    const words b = load_codes(src + apart, count);
    const auto t0 = reinterpret_cast<longs>(load_codes(table, count < 16 ? 2 * count : 32));
    longs t1{};
    if (count > 16) t1 = reinterpret_cast<longs>(load_codes(table + 32, 2 * count - 32));
    const longs t_low = __builtin_shufflevector(t0, t1, 0, 1, 4, 5, 8, 9, 12, 13);
    const longs t_high = __builtin_shufflevector(t0, t1, 2, 3, 6, 7, 10, 11, 14, 15);
    words low;
    words high;
    __asm__("vpunpcklwd %2, %1, %0" : "=v"(low) : "v"(a), "v"(b));
    __asm__("vpunpckhwd %2, %1, %0" : "=v"(high) : "v"(a), "v"(b));
    const turned_words x = turn<Fraction>(low, reinterpret_cast<words>(t_low));
    const turned_words y = turn<Fraction>(high, reinterpret_cast<words>(t_high));
    store_codes(pack_words(x.a, y.a), dst, count);
    store_codes(pack_words(x.b, y.b), dst + apart, count);
}

/// `heads` of 2 * pairs codes in a row, by the same table. dst may be src.
template <int Fraction, class X>
[[gnu::target("avx512bw"), gnu::noinline]] inline void rotate(rotary_layout layout, const std::int16_t* table,
                                                              const X* src, X* dst, std::ptrdiff_t pairs,
                                                              std::ptrdiff_t heads) noexcept {
    for (; heads != 0; --heads, src += 2 * pairs, dst += 2 * pairs) {
        std::ptrdiff_t i = 0;
        if (layout == rotary_layout::interleaved) {
            for (; pairs - i >= 16; i += 16) turn_interleaved<Fraction>(table + 2 * i, src + 2 * i, dst + 2 * i, 16);
            const auto rest = static_cast<std::size_t>(pairs - i);
            if (rest != 0) turn_interleaved<Fraction>(table + 2 * i, src + 2 * i, dst + 2 * i, rest);
        } else {
            for (; pairs - i >= 32; i += 32) turn_halves<Fraction>(table + 2 * i, src + i, dst + i, pairs, 32);
            const auto rest = static_cast<std::size_t>(pairs - i);
            if (rest != 0) turn_halves<Fraction>(table + 2 * i, src + i, dst + i, pairs, rest);
        }
    }
}

using half_words [[gnu::vector_size(32)]] = std::uint32_t;
using half_floats [[gnu::vector_size(32)]] = float;
using doubles [[gnu::vector_size(64)]] = double;

/// The lower or the upper floats of eight pairs, exactly.
template <int Half>
[[gnu::target("avx512f"), gnu::always_inline]] inline doubles take_floats(longs pairs) noexcept {
    half_words x;
    doubles y;
    __asm__("vpmovqd %1, %0" : "=v"(x) : "v"(Half == 0 ? pairs : pairs >> 32));
    __asm__("vcvtps2pd %1, %0" : "=v"(y) : "v"(x));
    return y;
}
[[gnu::target("avx512f"), gnu::always_inline]] inline doubles load_doubles(const float* from) noexcept {
    half_words x;
    doubles y;
    __builtin_memcpy(&x, from, sizeof x);
    __asm__("vcvtps2pd %1, %0" : "=v"(y) : "v"(x));
    return y;
}
/// scalar::finish_rotation of eight.
[[gnu::target("avx512vl"), gnu::always_inline]] inline half_words finish_floats(doubles t) noexcept {
    half_words bits;
    __asm__("vcvtpd2ps %1, %0" : "=v"(bits) : "v"(t));
    return (bits & 0x7fff'ffffU) > 0x7f80'0000U ? half_words{} + 0x7fc0'0000U : bits;
}

/// The same for floats, eight pairs at a time.
[[gnu::target("avx512bw,avx512vl"), gnu::noinline]] inline void rotate(rotary_layout layout, const float* table,
                                                                       const float* src, float* dst,
                                                                       std::ptrdiff_t pairs,
                                                                       std::ptrdiff_t heads) noexcept {
    const bool interleaved = layout == rotary_layout::interleaved;
    for (; heads != 0; --heads, src += 2 * pairs, dst += 2 * pairs) {
        std::ptrdiff_t i = 0;
        for (; pairs - i >= 8; i += 8) {
            const auto t = reinterpret_cast<longs>(load(table + 2 * i));
            const doubles c = take_floats<0>(t);
            const doubles s = take_floats<1>(t);
            longs both{};
            if (interleaved) both = reinterpret_cast<longs>(load(src + 2 * i));
            const doubles a = interleaved ? take_floats<0>(both) : load_doubles(src + i);
            const doubles b = interleaved ? take_floats<1>(both) : load_doubles(src + pairs + i);
            const half_words x = finish_floats(a * c - b * s);
            const half_words y = finish_floats(a * s + b * c);
            if (interleaved) {
                both = __builtin_convertvector(x, longs) | (__builtin_convertvector(y, longs) << 32);
                __builtin_memcpy(dst + 2 * i, &both, sizeof both);
            } else {
                __builtin_memcpy(dst + i, &x, sizeof x);
                __builtin_memcpy(dst + pairs + i, &y, sizeof y);
            }
        }
        scalar::rotate_pairs<0>(layout, table, src, 1, dst, 1, i, pairs, scalar::raw_range<float>{0, 0});
    }
}

}  // namespace dyad::inline v1::avx512

#endif
