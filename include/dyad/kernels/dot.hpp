// SPDX-License-Identifier: Apache-2.0
// The run-time choice among dot product kernels: the same bits from each.
#pragma once

#include <cstddef>

#include <dyad/kernels/avx2/dot.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/dot.hpp>

namespace dyad::inline v1 {

/// Right-hand rows that one call takes.
inline constexpr std::ptrdiff_t dot_block = 8;

/// sums[c] = scalar::dot_f32(lhs, rhs + c * stride, k) for c < dot_block.
inline void dot_f32_block(instruction_set isa, const float* lhs, const float* rhs, std::ptrdiff_t stride,
                          std::ptrdiff_t k, float* sums) noexcept {
#if defined(__x86_64__)
    if (isa >= instruction_set::avx2) return avx2::dot_f32_x8(lhs, rhs, stride, k, sums);
#endif
    static_cast<void>(isa);
    for (std::ptrdiff_t c = 0; c < dot_block; ++c) sums[c] = scalar::dot_f32(lhs, rhs + c * stride, k);
}

/// sums[c] = scalar::dot_bf16(lhs, rhs + c * stride, k) for c < dot_block.
inline void dot_bf16_block(instruction_set isa, const float* lhs, const float* rhs, std::ptrdiff_t stride,
                           std::ptrdiff_t k, float* sums) noexcept {
#if defined(__x86_64__)
    if (isa >= instruction_set::avx2) return avx2::dot_bf16_x8(lhs, rhs, stride, k, sums);
#endif
    static_cast<void>(isa);
    for (std::ptrdiff_t c = 0; c < dot_block; ++c) sums[c] = scalar::dot_bf16(lhs, rhs + c * stride, k);
}

}  // namespace dyad::inline v1
