// SPDX-License-Identifier: Apache-2.0
// Floats divided or multiplied by scales with AVX-512: the steps of kernels/scalar/scale.hpp on eight doubles at a
// time.
#pragma once

#if defined(__x86_64__)

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/scale.hpp>

namespace dyad::inline v1::avx512 {

using doubles [[gnu::vector_size(64)]] = double;
using floats [[gnu::vector_size(64)]] = float;
using eight_floats [[gnu::vector_size(32)]] = float;

[[gnu::target("avx512f"), gnu::always_inline]] inline doubles eight_factors(scalar::same_factor f,
                                                                            std::size_t) noexcept {
    return f.value - doubles{};  // keeps minus zero
}
[[gnu::target("avx512f"), gnu::always_inline]] inline doubles eight_factors(scalar::own_factors f,
                                                                            std::size_t i) noexcept {
    doubles x;
    __builtin_memcpy(&x, f.values + i, sizeof x);
    return x;
}
[[gnu::target("avx512f"), gnu::always_inline]] inline doubles eight_doubles(const float* from) noexcept {
    eight_floats x;
    __builtin_memcpy(&x, from, sizeof x);
    return __builtin_convertvector(x, doubles);
}
/// Sixteen floats of sixteen doubles.
[[gnu::target("avx512f"), gnu::always_inline]] inline words narrowed(doubles x, doubles y) noexcept {
    const eight_floats low = __builtin_convertvector(x, eight_floats);
    const eight_floats high = __builtin_convertvector(y, eight_floats);
    return reinterpret_cast<words>(
        __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

/// |x / divisor|, cut to 24 bits, a rest in the last one.
[[gnu::target("avx512f"), gnu::always_inline]] inline doubles quotient_to_odd(doubles x, doubles divisor) noexcept {
    constexpr std::uint64_t tail = (std::uint64_t{1} << 29) - 1;
    __asm__("vdivpd %1, %0, %0" : "+v"(x) : "v"(divisor));  // (-ffast-math would multiply by inverses)
    const longs q = reinterpret_cast<longs>(x);
    return reinterpret_cast<doubles>((q | ((q & tail) + tail)) & (~tail & (~std::uint64_t{0} >> 1)));
}

/// scalar::finish_quotient of sixteen.
[[gnu::target("avx512f"), gnu::always_inline]] inline words finish_quotients(words found, words x,
                                                                             words divisor_sign) noexcept {
    const words least = words{} + scalar::least_quotient;
    const words most = words{} + scalar::most_quotient;
    const words magnitude = x & 0x7fff'ffffU;
    found = found > least ? found : least;
    found = found < most ? found : most;
    found = magnitude - 1U < 0x7f7f'ffffU ? found : magnitude;
    const words sign = magnitude > 0x7f80'0000U ? x : x ^ divisor_sign;
    return found | (sign & 0x8000'0000U);
}

template <class Factors>
[[gnu::target("avx512f,avx512dq"), gnu::noinline]] inline void divide_blocks(const float* src, Factors divisors,
                                                                             float* dst, std::size_t n) noexcept {
    for (std::size_t i = 0; i < n * scalar::lanes; i += 16) {
        const doubles low = eight_factors(divisors, i);
        const doubles high = eight_factors(divisors, i + 8);
        const words q =
            narrowed(quotient_to_odd(eight_doubles(src + i), low), quotient_to_odd(eight_doubles(src + i + 8), high));
        const words upper = __builtin_shufflevector(reinterpret_cast<words>(low), reinterpret_cast<words>(high), 1, 3,
                                                    5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
        const words y = finish_quotients(q, load(src + i), upper);
        __builtin_memcpy(dst + i, &y, sizeof y);
    }
}

[[gnu::target("avx512f"), gnu::always_inline]] inline floats sixteen_inverses(scalar::same_value<float> f,
                                                                              std::size_t) noexcept {
    return floats{} + f.value;
}
[[gnu::target("avx512f"), gnu::always_inline]] inline floats sixteen_inverses(scalar::own_values<float> f,
                                                                              std::size_t i) noexcept {
    floats x;
    __builtin_memcpy(&x, f.values + i, sizeof x);
    return x;
}

template <class Inverses>
[[gnu::target("avx512f"), gnu::noinline]] inline void shift_blocks(const float* src, Inverses inverses, float* dst,
                                                                   std::size_t n) noexcept {
    for (std::size_t i = 0; i < n * scalar::lanes; i += 16) {
        const words x = load(src + i);
        const floats inverse = sixteen_inverses(inverses, i);
        const words q = reinterpret_cast<words>(reinterpret_cast<floats>(x) * inverse) & 0x7fff'ffffU;
        const words y = finish_quotients(q, x, reinterpret_cast<words>(inverse));
        __builtin_memcpy(dst + i, &y, sizeof y);
    }
}

template <class Factors>
[[gnu::target("avx512f,avx512dq"), gnu::noinline]] inline void multiply_blocks(const float* src, Factors factors,
                                                                               float* dst, std::size_t n) noexcept {
    const words infinity = words{} + 0x7f80'0000U;
    const words nan = words{} + 0x7fc0'0000U;
    for (std::size_t i = 0; i < n * scalar::lanes; i += 16) {
        const words x = load(src + i);
        words y = narrowed(eight_doubles(src + i) * eight_factors(factors, i),
                           eight_doubles(src + i + 8) * eight_factors(factors, i + 8));
        y = (y & 0x7fff'ffffU) > infinity ? nan : y;
        y = (x & 0x7fff'ffffU) > infinity ? x | 0x0040'0000U : y;
        __builtin_memcpy(dst + i, &y, sizeof y);
    }
}

}  // namespace dyad::inline v1::avx512

#endif
