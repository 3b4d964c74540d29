// SPDX-License-Identifier: Apache-2.0
// float to minifloats in every rounding mode, and stochastic, with AVX-512: the steps of kernels/scalar/rounding.hpp on
// sixteen words, and Philox on eight counters.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/minifloat.hpp>
#include <dyad/kernels/scalar/rounding.hpp>

namespace dyad::inline v1::avx512 {

using scalar::rounding_constants;
using scalar::tail_rule;

/// A word where its lane is chosen, else another: constants by sign.
[[gnu::target("avx512f"), gnu::always_inline]] inline words by_sign(words x, const std::uint32_t (&c)[2]) noexcept {
    const words positive = words{} + c[0];
    const words negative = words{} + c[1];
    return reinterpret_cast<signed_words>(x) < 0 ? negative : positive;
}

/// Exact float of whole numbers below 2^24.
[[gnu::target("avx512f"), gnu::always_inline]] inline words to_float(words x) noexcept {
    words y;
    __asm__("vcvtdq2ps %1, %0" : "=v"(y) : "v"(x));
    return y;
}

/// scalar::encode_rounded on sixteen floats.
template <float_format F, tail_rule Tail>
[[gnu::target("avx512f"), gnu::always_inline]] inline words encode_rounded(words x, words random,
                                                                           const rounding_constants& c) noexcept {
    constexpr int m = F.significand_bits;
    constexpr std::int32_t smallest = F.min_exponent() + 127;
    const words zero{};
    const words one = zero + 1U;
    const words infinity = zero + 0x7f80'0000U;
    const words a = x & 0x7fff'ffffU;
    // 1. Significand and biased exponent.
    words field = a >> 23U;
    words significand = (a & 0x007f'ffffU) | (field != 0U ? zero + 0x0080'0000U : zero);
    if constexpr (smallest < 1) {
        const words wide = to_float(significand);
        const words normalised = a != 0U ? (wide & 0x007f'ffffU) | 0x0080'0000U : zero;
        significand = field != 0U ? significand : normalised;
        field = field != 0U ? field : (wide >> 23U) - 149U;
    } else {
        field = field > one ? field : one;
    }
    // 2. Cut at the last place.
    const signed_words e = reinterpret_cast<signed_words>(field);
    const signed_words least = signed_words{} + smallest;
    const words larger = reinterpret_cast<words>(e > least ? e : least);
    const words shift = larger - field + static_cast<std::uint32_t>(23 - m);
    const words limit = zero + 31U;
    const words within = shift < limit ? shift : limit;
    const words to_left = zero + 32U - shift;
    const words left = significand << (to_left & 31U);
    words far = significand != 0U ? one : zero;
    if constexpr (Tail != tail_rule::sticky) {
        const words beyond = shift - 33U;
        const words digits = significand >> (beyond < limit ? beyond : limit);
        far = (shift >= 33U ? (Tail == tail_rule::half_up ? digits + 1U : digits) : zero) >> 1U;
    }
    const words f = shift <= 32U ? left : far;
    // 3. Round on the grid of codes.
    constexpr std::uint32_t base = F.has_zero ? 0 : 1U << m;
    words code = ((larger - static_cast<std::uint32_t>(smallest)) << static_cast<std::uint32_t>(m)) +
                 (significand >> within) - base;
    words addend = random;
    if constexpr (Tail == tail_rule::sticky) {
        addend = by_sign(x, c.addend) ^ ((code & 1U) != 0U ? zero + c.flip_if_odd : zero);
    }
    code = f + addend < f ? code + 1U : code;
    if constexpr (!F.has_zero) code = reinterpret_cast<signed_words>(code) < 0 ? zero : code;
    // 4. Flushing, sign, and what is out of range.
    const words largest = zero + static_cast<std::uint32_t>(F.max_finite_code());
    words signed_code = code;
    if constexpr (F.subnormals == subnormal_codes::flushed) signed_code = code < (1U << m) ? zero : code;
    if constexpr (F.is_signed) {
        const words sign = (x >> static_cast<std::uint32_t>(32 - F.width())) & static_cast<std::uint32_t>(F.sign_bit());
        if constexpr (F.has_negative_zero) signed_code |= sign;
        else signed_code = signed_code != 0U ? signed_code | sign : signed_code;
    }
    words result = code > largest ? by_sign(x, c.overflow) : signed_code;
    if constexpr (!F.is_signed) {
        const words nonzero = F.has_zero ? code : a;
        const words if_negative = nonzero != 0U ? zero + c.below : result;
        result = (x ^ 0x8000'0000U) <= infinity ? if_negative : result;
    }
    if constexpr (!F.has_zero) result = a == 0U ? zero + c.below : result;
    result = a == infinity ? by_sign(x, c.infinite) : result;
    // 5. NaN.
    constexpr std::uint32_t nan[2] = {static_cast<std::uint32_t>(encode_nan<F>(false, quiet_bit<std::uint64_t>)),
                                      static_cast<std::uint32_t>(encode_nan<F>(true, quiet_bit<std::uint64_t>))};
    words not_a_number = by_sign(x, nan);
    if constexpr (F.nan == nan_codes::ieee)
        not_a_number |= ((a | 0x0040'0000U) & 0x007f'ffffU) >> static_cast<std::uint32_t>(23 - m);
    return a > infinity ? not_a_number : result;
}

/// The product of the low words of each pair.
[[gnu::target("avx512f"), gnu::always_inline]] inline longs multiply_low(longs x, longs y) noexcept {
    __asm__("vpmuludq %1, %0, %0" : "+v"(x) : "v"(y));
    return x;
}

/// 32 random words from element 4 * block on, block a multiple of 8 below 2^64 - 8: one counter a lane, in whose upper
/// half stands what the next products ignore.
[[gnu::target("avx512f"), gnu::always_inline]] inline void random_words(const random_stream& stream,
                                                                        std::uint64_t block, words& low,
                                                                        words& high) noexcept {
    const longs lanes = {0, 1, 2, 3, 4, 5, 6, 7};
    const longs counter = lanes + block;
    const longs first_factor = longs{} + std::uint64_t{0xD2511F53};
    const longs second_factor = longs{} + std::uint64_t{0xCD9E8D57};
    longs x0 = counter;
    longs x1 = counter >> 32;
    longs x2 = longs{} + (stream.tensor_id & 0xffff'ffff);
    longs x3 = longs{} + (stream.tensor_id >> 32);
    auto key0 = static_cast<std::uint32_t>(stream.seed);
    auto key1 = static_cast<std::uint32_t>(stream.seed >> 32);
    for (int round = 0; round < 10; ++round) {
        const longs p = multiply_low(x0, first_factor);
        const longs q = multiply_low(x2, second_factor);
        x0 = (q >> 32) ^ x1 ^ std::uint64_t{key0};
        x1 = q;
        x2 = (p >> 32) ^ x3 ^ std::uint64_t{key1};
        x3 = p;
        key0 += 0x9E3779B9;
        key1 += 0xBB67AE85;
    }
    const longs even = (x0 & 0xffff'ffffU) | (x1 << 32);
    const longs odd = (x2 & 0xffff'ffffU) | (x3 << 32);
    low = reinterpret_cast<words>(__builtin_shufflevector(even, odd, 0, 8, 1, 9, 2, 10, 3, 11));
    high = reinterpret_cast<words>(__builtin_shufflevector(even, odd, 4, 12, 5, 13, 6, 14, 7, 15));
}

/// scalar::encode_rounded_blocks.
template <float_format F>
[[gnu::target("avx512vbmi,avx512vl"), gnu::noinline]] inline void encode_rounded_blocks(
    const float* src, float_bits<F>* dst, std::size_t n, const rounding_constants& constants) noexcept {
    const rounding_constants c = constants;
    for (; n != 0; --n, src += 64, dst += 64) {
        const words w = encode_rounded<F, tail_rule::sticky>(load(src), words{}, c);
        const words x = encode_rounded<F, tail_rule::sticky>(load(src + 16), words{}, c);
        const words y = encode_rounded<F, tail_rule::sticky>(load(src + 32), words{}, c);
        const words z = encode_rounded<F, tail_rule::sticky>(load(src + 48), words{}, c);
        store_codes(w, x, y, z, dst);
    }
}

/// scalar::encode_stochastic_blocks.
template <float_format F, tail_rule Tail>
[[gnu::target("avx512vbmi,avx512vl"), gnu::noinline]] inline void encode_stochastic_blocks(
    const float* src, float_bits<F>* dst, std::size_t n, const random_stream& stream, std::uint64_t first,
    const rounding_constants& constants) noexcept {
    const rounding_constants c = constants;
    const auto up = static_cast<std::uint32_t>(32 - stream.n);
    const std::uint32_t half = stream.variant == stochastic_variant::b && up > 0 ? 1U << (up - 1) : 0;
    for (; n != 0; --n, src += 64, dst += 64, first += 64) {
        words r[4];
        random_words(stream, first / 4, r[0], r[1]);
        random_words(stream, first / 4 + 8, r[2], r[3]);
        words code[4];
        for (int i = 0; i < 4; ++i) code[i] = encode_rounded<F, Tail>(load(src + 16 * i), (r[i] << up) + half, c);
        store_codes(code[0], code[1], code[2], code[3], dst);
    }
}

}  // namespace dyad::inline v1::avx512

#endif
