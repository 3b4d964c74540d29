// expect: turning_format
// SPDX-License-Identifier: Apache-2.0
#include <dyad/math/scalar_functions.hpp>
#include <dyad/number/minifloat.hpp>

// Its largest number is near 2^4096; 2 / pi has words for 2^1216.
constexpr dyad::float_format wide_range{.exponent_bits = 13, .significand_bits = 2, .bias = 4095};
const auto y = sin(dyad::minifloat<wide_range>(1.0f));
