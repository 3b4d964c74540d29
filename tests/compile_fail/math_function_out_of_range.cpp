// expect: evaluable_format
// SPDX-License-Identifier: Apache-2.0
#include <dyad/math/scalar_functions.hpp>
#include <dyad/number/minifloat.hpp>

// Its numbers lie around 2^100000, beyond what stands for an overflow.
constexpr dyad::float_format far_away{.exponent_bits = 4, .significand_bits = 3, .bias = -100'000};
const auto y = exp(dyad::minifloat<far_away>(1.0f));
