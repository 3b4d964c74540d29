// SPDX-License-Identifier: Apache-2.0
// Vectors of 128 bits and the multiply-adds by one lane of a vector, one instruction each: no compiler flag changes
// their results. <arm_neon.h> would take longer to parse than the kernels.
#pragma once

#if defined(__aarch64__)

#include <cstddef>
#include <cstdint>
#include <utility>

namespace dyad::inline v1::neon {

using floats [[gnu::vector_size(16)]] = float;
using words [[gnu::vector_size(16)]] = std::uint32_t;
using signed_words [[gnu::vector_size(16)]] = std::int32_t;
using signed_halves [[gnu::vector_size(16)]] = std::int16_t;
using eight_bytes [[gnu::vector_size(8)]] = std::uint8_t;

template <class Vector>
[[gnu::always_inline]] inline Vector load(const void* from) noexcept {
    Vector x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}
template <class Vector>
[[gnu::always_inline]] inline void store(void* to, Vector x) noexcept {
    __builtin_memcpy(to, &x, sizeof x);
}

/// Signed bytes, unsigned bytes as halves. (g++ 12 converts vectors lane by lane.)
[[gnu::always_inline]] inline signed_halves widen_signed(eight_bytes x) noexcept {
    signed_halves y;
    __asm__("sshll %0.8h, %1.8b, #0" : "=w"(y) : "w"(x));
    return y;
}
[[gnu::always_inline]] inline signed_halves widen_unsigned(eight_bytes x) noexcept {
    signed_halves y;
    __asm__("ushll %0.8h, %1.8b, #0" : "=w"(y) : "w"(x));
    return y;
}
/// Four halves as the upper halves of words: bfloat16 as float.
[[gnu::always_inline]] inline words widen_upwards(eight_bytes x) noexcept {
    words y;
    __asm__("shll %0.4s, %1.4h, #16" : "=w"(y) : "w"(x));
    return y;
}

/// sum[l] + x[l] * y[Lane], rounded once.
template <int Lane>
[[gnu::always_inline]] inline void add_products(floats& sum, floats x, floats y) noexcept {
    __asm__("fmla %0.4s, %1.4s, %2.s[%c3]" : "+w"(sum) : "w"(x), "w"(y), "i"(Lane));
}
/// sum[l] + x[l] * y[Lane] for the lower (upper) four lanes of x, modulo 2^32. (Lanes of halves are in v0 to v15.)
template <int Lane>
[[gnu::always_inline]] inline void add_low_products(signed_words& sum, signed_halves x, signed_halves y) noexcept {
    __asm__("smlal %0.4s, %1.4h, %2.h[%c3]" : "+w"(sum) : "w"(x), "x"(y), "i"(Lane));
}
template <int Lane>
[[gnu::always_inline]] inline void add_high_products(signed_words& sum, signed_halves x, signed_halves y) noexcept {
    __asm__("smlal2 %0.4s, %1.8h, %2.h[%c3]" : "+w"(sum) : "w"(x), "x"(y), "i"(Lane));
}

[[gnu::always_inline]] inline floats add(floats x, floats y) noexcept {
    floats sum;
    __asm__("fadd %0.4s, %1.4s, %2.4s" : "=w"(sum) : "w"(x), "w"(y));
    return sum;
}

/// A NaN has one pattern. By integers: a compiler told of finite numbers only would drop a comparison of floats.
[[gnu::always_inline]] inline floats one_nan(floats x) noexcept {
    const auto bits = reinterpret_cast<words>(x);
    const auto is_nan = reinterpret_cast<words>((bits & 0x7fff'ffffU) > 0x7f80'0000U);
    return reinterpret_cast<floats>((bits & ~is_nan) | (is_nan & 0x7fc0'0000U));
}

}  // namespace dyad::inline v1::neon

#endif
