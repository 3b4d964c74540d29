// SPDX-License-Identifier: Apache-2.0
// The loops of kernels/scalar/fixed.hpp compiled for AVX2: eight elements a vector.
#pragma once

#if defined(__x86_64__)

#include <cstddef>

#include <dyad/kernels/scalar/fixed.hpp>

namespace dyad::inline v1::avx2 {

template <class Raw>
[[gnu::target("avx2"), gnu::noinline]] inline void encode_fixed_blocks(
    const float* src, Raw* dst, std::size_t n, const scalar::fixed_constants& constants) noexcept {
    for (; n != 0; --n, src += scalar::lanes, dst += scalar::lanes) scalar::encode_fixed_block(src, dst, constants);
}
template <class Raw>
[[gnu::target("avx2"), gnu::noinline]] inline void decode_fixed_blocks(const Raw* src, float* dst, std::size_t n,
                                                                       float scale) noexcept {
    for (; n != 0; --n, src += scalar::lanes, dst += scalar::lanes) scalar::decode_fixed_block(src, dst, scale);
}

}  // namespace dyad::inline v1::avx2

#endif
