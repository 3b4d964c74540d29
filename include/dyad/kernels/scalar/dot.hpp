// SPDX-License-Identifier: Apache-2.0
// Dot products of decoded rows in plain C++: the definition of every result, one routine for each order of sums.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/core/fused.hpp>

namespace dyad::inline v1::scalar {

/// sum_k lhs[k] * rhs[k] in Sum, any order: the caller has a bound that excludes overflow.
template <class Sum, class A, class B>
[[nodiscard]] constexpr Sum dot_integer(const A* lhs, const B* rhs, std::ptrdiff_t k) noexcept {
    Sum sum = 0;
    for (std::ptrdiff_t i = 0; i < k; ++i)
        sum = static_cast<Sum>(sum + static_cast<Sum>(lhs[i]) * static_cast<Sum>(rhs[i]));
    return sum;
}

/// Chains of `length` products in Chain, each then added to a Sum, in order.
template <class Chain, class Sum, class A, class B>
[[nodiscard]] constexpr Sum dot_chained(const A* lhs, const B* rhs, std::ptrdiff_t k, std::ptrdiff_t length) noexcept {
    Sum sum = 0;
    for (std::ptrdiff_t first = 0; first < k; first += length) {
        const std::ptrdiff_t n = k - first < length ? k - first : length;
        sum += static_cast<Sum>(dot_integer<Chain>(lhs + first, rhs + first, n));
    }
    return sum;
}

/// One fused multiply-add after the other, from +0.
[[nodiscard]] inline float dot_f32(const float* lhs, const float* rhs, std::ptrdiff_t k) noexcept {
    float sum = 0;
    for (std::ptrdiff_t i = 0; i < k; ++i) sum = fused(lhs[i], rhs[i], sum);
    return sum;
}

/// The order of AMX's bfloat16 product: in steps of 32, even and odd products form two fused chains from +0, and the
/// sum of the two is added to the accumulator. Operands are floats of bfloat16's precision.
[[nodiscard]] inline float dot_bf16(const float* lhs, const float* rhs, std::ptrdiff_t k) noexcept {
    float sum = 0;
    for (std::ptrdiff_t first = 0; first < k; first += 32) {
        const std::ptrdiff_t end = k - first < 32 ? k : first + 32;
        float even = 0;
        float odd = 0;
        for (std::ptrdiff_t i = first; i < end; i += 2) {
            even = fused(lhs[i], rhs[i], even);
            if (i + 1 < end) odd = fused(lhs[i + 1], rhs[i + 1], odd);
        }
        sum += even + odd;
    }
    return sum;
}

}  // namespace dyad::inline v1::scalar
