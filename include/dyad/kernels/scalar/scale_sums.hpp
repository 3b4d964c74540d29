// SPDX-License-Identifier: Apache-2.0
// Tiles of sums times real factors: y[i][j] = fma(sums[i][j], factors[j] * factor, offsets[j]) in double, then a float
// or a code. What the vector kernels of this are given; the plain loop is the epilogue's own call.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/scalar/requantize.hpp>

namespace dyad::inline v1 {

/// What each column of a tile is multiplied by and what is added; strides 0 where all columns share one.
struct scale_columns_of {
    const float* factors;
    std::ptrdiff_t factor_stride;
    const float* offsets;
    std::ptrdiff_t offset_stride;
    double factor;
};

/// How a float is made of a double: to nearest even, or to odd, so that it can be rounded again to a format with two
/// digits less. NaN becomes 0x7fc00000.
enum class float_narrowing : std::uint8_t { nearest_even, to_odd };

/// How a code is made of a double: y 2^Fraction to nearest even, clamped to Low ... High; 0 of NaN.
template <class Code, std::int32_t Low, std::int32_t High>
struct code_narrowing {
    double unit;  ///< 2^Fraction
};

}  // namespace dyad::inline v1
