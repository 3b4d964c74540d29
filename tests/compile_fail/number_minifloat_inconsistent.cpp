// expect: dyad::minifloat.s format must have 1 to 16 exponent bits
// SPDX-License-Identifier: Apache-2.0
// An IEEE NaN needs a significand field.
#include <dyad/number.hpp>

dyad::minifloat<dyad::float_format{.exponent_bits = 7, .significand_bits = 0, .bias = 63}> x;
