// SPDX-License-Identifier: Apache-2.0
// The loops of kernels/scalar/scale.hpp compiled for AVX2.
#pragma once

#if defined(__x86_64__)

#include <cstddef>

#include <dyad/kernels/scalar/scale.hpp>

namespace dyad::inline v1::avx2 {

template <class Factors>
[[gnu::target("avx2"), gnu::noinline]] inline void divide_blocks(const float* src, Factors divisors, float* dst,
                                                                 std::size_t n) noexcept {
    for (std::size_t i = 0; i < n * scalar::lanes; i += scalar::lanes)
        scalar::divide_block(src + i, divisors.from(i), dst + i);
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
