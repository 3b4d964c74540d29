// SPDX-License-Identifier: Apache-2.0
// The loops of kernels/scalar/magnitude.hpp compiled for AVX2.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/scalar/magnitude.hpp>

namespace dyad::inline v1::avx2 {

[[gnu::target("avx2"), gnu::noinline]] inline void largest_magnitudes(const float* src, std::size_t groups,
                                                                      std::size_t size, std::uint32_t* bits) noexcept {
    for (std::size_t g = 0; g < groups; ++g) bits[g] = scalar::largest_magnitude(src + g * size, size);
}
[[gnu::target("avx2"), gnu::noinline]] inline void raise_magnitudes(const float* src, std::size_t n,
                                                                    std::uint32_t* bits) noexcept {
    scalar::raise_magnitudes_by(src, n, bits);
}

}  // namespace dyad::inline v1::avx2

#endif
