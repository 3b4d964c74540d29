// SPDX-License-Identifier: Apache-2.0
// Float dot products of one row with eight others where the processor has FMA: the sums of kernels/scalar/dot.hpp, each
// in its own order, eight chains side by side so that the multiply-add's latency of four cycles is hidden.
#pragma once

#if defined(__x86_64__)

#include <cstddef>

namespace dyad::inline v1::avx2 {

/// sums[c] = scalar::dot_f32(lhs, rhs + c * stride, k) for c = 0 .. 7.
__attribute__((target("avx2,fma"))) inline void dot_f32_x8(const float* lhs, const float* rhs, std::ptrdiff_t stride,
                                                           std::ptrdiff_t k, float* sums) noexcept {
    float s[8] = {};
    for (std::ptrdiff_t i = 0; i < k; ++i) {
        for (std::ptrdiff_t c = 0; c < 8; ++c) s[c] = __builtin_fmaf(lhs[i], rhs[c * stride + i], s[c]);
    }
    for (std::ptrdiff_t c = 0; c < 8; ++c) sums[c] = s[c];
}

/// sums[c] = scalar::dot_bf16(lhs, rhs + c * stride, k) for c = 0 .. 7.
__attribute__((target("avx2,fma"))) inline void dot_bf16_x8(const float* lhs, const float* rhs, std::ptrdiff_t stride,
                                                            std::ptrdiff_t k, float* sums) noexcept {
    float s[8] = {};
    for (std::ptrdiff_t first = 0; first < k; first += 32) {
        const std::ptrdiff_t end = k - first < 32 ? k : first + 32;
        float even[8] = {};
        float odd[8] = {};
        std::ptrdiff_t i = first;
        for (; i + 1 < end; i += 2) {
            for (std::ptrdiff_t c = 0; c < 8; ++c) {
                even[c] = __builtin_fmaf(lhs[i], rhs[c * stride + i], even[c]);
                odd[c] = __builtin_fmaf(lhs[i + 1], rhs[c * stride + i + 1], odd[c]);
            }
        }
        for (std::ptrdiff_t c = 0; c < 8 && i < end; ++c)
            even[c] = __builtin_fmaf(lhs[i], rhs[c * stride + i], even[c]);
        for (std::ptrdiff_t c = 0; c < 8; ++c) s[c] += even[c] + odd[c];
    }
    for (std::ptrdiff_t c = 0; c < 8; ++c) sums[c] = s[c];
}

}  // namespace dyad::inline v1::avx2

#endif
