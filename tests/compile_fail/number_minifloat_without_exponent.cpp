// expect: dyad::minifloat.s format must have 1 to 16 exponent bits
// SPDX-License-Identifier: Apache-2.0
// That would be a fixed-point number.
#include <dyad/number.hpp>

dyad::minifloat<dyad::float_format{.exponent_bits = 0, .significand_bits = 7, .bias = 0}> x;
