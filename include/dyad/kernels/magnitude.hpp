// SPDX-License-Identifier: Apache-2.0
// The largest magnitudes of groups of floats, by the best kernel of an instruction set: max |x_i| as the bits of a
// float without its sign, NaN > infinity > finite.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/magnitude.hpp>
#include <dyad/kernels/avx512/magnitude.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/magnitude.hpp>

namespace dyad::inline v1 {

/// bits[g] = the largest magnitude of the `size` floats from src + g * size on; 0 where size is 0.
inline void largest_magnitudes(instruction_set isa, const float* src, std::size_t groups, std::size_t size,
                               std::uint32_t* bits) noexcept {
#if defined(__x86_64__)
    if (isa >= instruction_set::avx512) return avx512::largest_magnitudes(src, groups, size, bits);
    if (isa >= instruction_set::avx2) return avx2::largest_magnitudes(src, groups, size, bits);
#endif
    static_cast<void>(isa);
    scalar::largest_magnitudes(src, groups, size, bits);
}

/// bits[j] = the larger of bits[j] and the magnitude of src[j], for n columns: one row of a maximum over rows. bits
/// holds magnitudes, 0 at first; src and bits apart.
inline void raise_magnitudes(instruction_set isa, const float* src, std::size_t n, std::uint32_t* bits) noexcept {
#if defined(__x86_64__)
    if (isa >= instruction_set::avx512) return avx512::raise_magnitudes(src, n, bits);
    if (isa >= instruction_set::avx2) return avx2::raise_magnitudes(src, n, bits);
#endif
    static_cast<void>(isa);
    scalar::raise_magnitudes(src, n, bits);
}

}  // namespace dyad::inline v1
