// SPDX-License-Identifier: Apache-2.0
// The loops of kernels/scalar/scale.hpp compiled for AVX2.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/scalar/scale.hpp>

namespace dyad::inline v1::avx2 {

using four_floats [[gnu::vector_size(16)]] = float;
using four_words [[gnu::vector_size(16)]] = std::uint32_t;
using four_doubles [[gnu::vector_size(32)]] = double;
using four_longs [[gnu::vector_size(32)]] = std::uint64_t;

/// scalar::finish_quotient of four.
[[gnu::target("avx2"), gnu::always_inline]] inline four_words finish_four(four_words found, four_words bits,
                                                                          four_words divisor_high) noexcept {
    const four_words least = four_words{} + scalar::least_quotient;
    const four_words most = four_words{} + scalar::most_quotient;
    const four_words magnitude = bits & 0x7fff'ffffU;
    found = found > least ? found : least;
    found = found < most ? found : most;
    found = magnitude - 1U < 0x7f7f'ffffU ? found : magnitude;
    const four_words sign = magnitude > 0x7f80'0000U ? bits : bits ^ divisor_high;
    return found | (sign & 0x8000'0000U);
}

/// scalar::divide_lane of four.
template <class Factors>
[[gnu::target("avx2"), gnu::always_inline]] inline four_words divide_four(const float* src, Factors divisors) noexcept {
    constexpr std::uint64_t tail = (std::uint64_t{1} << 29) - 1;
    four_floats from;
    __builtin_memcpy(&from, src, sizeof from);
    const four_doubles divisor = {divisors[0], divisors[1], divisors[2], divisors[3]};
    four_doubles x = __builtin_convertvector(from, four_doubles);
    __asm__("vdivpd %1, %0, %0" : "+x"(x) : "x"(divisor));  // (-ffast-math would multiply by inverses)
    const four_longs q = reinterpret_cast<four_longs>(x) & (~std::uint64_t{0} >> 1);
    const four_longs odd = (q | ((q & tail) + tail)) & ~tail;
    const four_words found =
        reinterpret_cast<four_words>(__builtin_convertvector(reinterpret_cast<four_doubles>(odd), four_floats));
    // The upper halves of the divisors, which have their signs.
    const four_longs high = reinterpret_cast<four_longs>(divisor) >> 32U;
    return finish_four(found, reinterpret_cast<four_words>(from), __builtin_convertvector(high, four_words));
}
template <class Factors>
[[gnu::target("avx2"), gnu::noinline]] inline void divide_blocks(const float* src, Factors divisors, float* dst,
                                                                 std::size_t n) noexcept {
    for (std::size_t i = 0; i < n * scalar::lanes; i += 4) {
        const four_words y = divide_four(src + i, divisors.from(i));
        __builtin_memcpy(dst + i, &y, sizeof y);
    }
}
template <class Inverses>
[[gnu::target("avx2"), gnu::noinline]] inline void shift_blocks(const float* src, Inverses inverses, float* dst,
                                                                std::size_t n) noexcept {
    for (std::size_t i = 0; i < n * scalar::lanes; i += scalar::lanes)
        scalar::shift_block(src + i, inverses.from(i), dst + i);
}
template <class Factors>
[[gnu::target("avx2"), gnu::noinline]] inline void multiply_blocks(const float* src, Factors factors, float* dst,
                                                                   std::size_t n) noexcept {
    for (std::size_t i = 0; i < n * scalar::lanes; i += scalar::lanes)
        scalar::multiply_block(src + i, factors.from(i), dst + i);
}

template <std::size_t Size>
[[gnu::target("avx2"), gnu::noinline]] inline void divide_groups(const float* src, const double* divisors, float* dst,
                                                                 std::size_t n) noexcept {
    scalar::divide_each_group<Size>(src, divisors, dst, n);
}
template <std::size_t Size>
[[gnu::target("avx2"), gnu::noinline]] inline void multiply_groups(const float* src, const double* factors, float* dst,
                                                                   std::size_t n) noexcept {
    scalar::multiply_each_group<Size>(src, factors, dst, n);
}

}  // namespace dyad::inline v1::avx2

#endif
