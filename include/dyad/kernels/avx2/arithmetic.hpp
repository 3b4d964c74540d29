// SPDX-License-Identifier: Apache-2.0
// The loops of kernels/scalar/arithmetic.hpp compiled for AVX2.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/scalar/arithmetic.hpp>

namespace dyad::inline v1::avx2 {

template <float_operation Operation>
[[gnu::target("avx2"), gnu::noinline]] inline std::uint32_t operate_blocks(const float* x, const float* y, float* r,
                                                                           std::size_t n) noexcept {
    std::uint32_t tiny = 0;
    for (; n != 0; --n, x += scalar::lanes, y += scalar::lanes, r += scalar::lanes)
        tiny |= scalar::operate_block<Operation>(x, y, r);
    return tiny;
}

}  // namespace dyad::inline v1::avx2

#endif
