// SPDX-License-Identifier: Apache-2.0
// float to minifloats, nearest even, with AVX-512: the steps of kernels/scalar/nearest.hpp on sixteen words, 64
// elements at a time.
#pragma once

#if defined(__x86_64__)

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/nearest.hpp>

namespace dyad::inline v1::avx512 {

/// x * y + z on floats, one rounding.
[[gnu::target("avx512f"), gnu::always_inline]] inline words fused_multiply_add(words x, words y, words z) noexcept {
    __asm__("vfmadd213ps %2, %1, %0" : "+v"(x) : "v"(y), "v"(z));
    return x;
}

/// NaN becomes the largest float; all else stays.
[[gnu::target("avx512f"), gnu::always_inline]] inline words without_nan(words x, words rules) noexcept {
    words y = x;
    __asm__("vfixupimmps $0, %2, %1, %0" : "+v"(y) : "v"(x), "v"(rules));
    return y;
}
/// Four bits for each class of float, quiet and signalling NaN first: 1110 is the largest float, 0 leaves it alone.
inline constexpr std::uint32_t nan_to_largest = 0x0000'00ee;

/// The numbers of a conversion, one vector each.
struct nearest_words {
    words bound, smallest, factor, offset, low, shift, infinity, nan, nan_digits, sign_shift, sign_bit, below, nan_code,
        code_mask;
};
[[gnu::target("avx512f"), gnu::always_inline]] inline void spread(const nearest_constants& c,
                                                                  nearest_words& out) noexcept {
    const words zero{};
    out.bound = zero + c.bound;
    out.smallest = zero + c.smallest;
    out.factor = zero + std::bit_cast<std::uint32_t>(c.factor);
    out.offset = zero + c.offset;
    out.low = zero + c.low;
    out.shift = zero + static_cast<std::uint32_t>(c.shift);
    out.infinity = zero + c.infinity;
    out.nan = zero + c.nan;
    out.nan_digits = zero + c.nan_digits;
    out.sign_shift = zero + static_cast<std::uint32_t>(c.sign_shift);
    out.sign_bit = zero + c.sign_bit;
    out.below = zero + c.below;
    out.nan_code = zero + c.nan_code;
    out.code_mask = zero + c.code_mask;
}

/// Sixteen codes in the low 16 bits of each word (or all 32, if `shifted`): the steps of scalar::encode_nearest. What
/// stands above a code of 8 bits is left there for the narrowing to drop.
template <nearest_shape S>
[[gnu::target("avx512f"), gnu::always_inline]] inline words encode_nearest(words x, const nearest_words& c) noexcept {
    const words infinity = words{} + 0x7f80'0000U;
    if constexpr (S.nan == nan_rule::positive) x = without_nan(x, words{} + nan_to_largest);
    const words magnitude = x & 0x7fff'ffffU;
    words a = magnitude < c.bound ? magnitude : c.bound;
    if constexpr (S.infinity == infinity_rule::kept) a = magnitude == infinity ? c.infinity : a;
    if constexpr (S.nan == nan_rule::replaced) a = magnitude > infinity ? c.nan : a;
    if constexpr (S.nan == nan_rule::payload) a = magnitude > infinity ? c.nan | (magnitude & c.nan_digits) : a;
    words code;
    if constexpr (S.core == nearest_core::summed) {
        const words own = a & infinity;
        const words e = own > c.smallest ? own : c.smallest;
        code = fused_multiply_add(e, c.factor, a) + (e >> c.shift);
    } else {
        if constexpr (S.core == nearest_core::powers) a -= c.offset;
        const words half = ((words{} + 1U) << (c.shift - 1U)) - 1U;
        code = (a + half + ((a >> c.shift) & 1U)) >> c.shift;
        if constexpr (S.core == nearest_core::powers) {
            const words below = magnitude >= c.low ? words{} + 1U : words{};
            code = magnitude >= c.smallest ? code : below;
        }
    }
    const words sign = (x >> c.sign_shift) & c.sign_bit;
    if constexpr (S.sign == sign_rule::plain) return code | sign;
    code &= c.code_mask;
    if constexpr (S.sign == sign_rule::of_nonzero) return code != 0U ? code | sign : code;
    if constexpr (S.sign == sign_rule::positive_only) {
        code = x - 1U < infinity ? code : c.below;
        return magnitude > infinity ? c.nan_code : code;
    }
    const words if_negative = code != 0U ? c.below : code;
    return (x ^ 0x8000'0000U) <= infinity ? if_negative : code;  // minus zero to minus infinity
}

/// 64 n codes: scalar::encode_nearest_block, n times.
template <nearest_shape S, class Code>
[[gnu::target("avx512vbmi,avx512vl"), gnu::noinline]] inline void encode_nearest_blocks(
    const float* src, Code* dst, std::size_t n, const nearest_constants& constants) noexcept {
    nearest_words c;
    spread(constants, c);
    for (; n != 0; --n, src += 64, dst += 64) {
        const words w = encode_nearest<S>(load(src), c);
        const words x = encode_nearest<S>(load(src + 16), c);
        const words y = encode_nearest<S>(load(src + 32), c);
        const words z = encode_nearest<S>(load(src + 48), c);
        store_codes(w, x, y, z, dst);
    }
}

/// float16 by AVX-512's own conversion: nearest even, NaN made quiet, payload cut.
[[gnu::target("avx512vl"), gnu::noinline]] inline void encode_float16_blocks(const float* src, std::uint16_t* dst,
                                                                             std::size_t n) noexcept {
    for (std::size_t i = 0; i < n * 64; i += 16) {
        half_size y;
        __asm__("vcvtps2ph $0, %1, %0" : "=v"(y) : "v"(load(src + i)));
        __builtin_memcpy(dst + i, &y, sizeof y);
    }
}

}  // namespace dyad::inline v1::avx512

#endif
