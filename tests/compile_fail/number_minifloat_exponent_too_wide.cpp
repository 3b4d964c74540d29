// expect: dyad::minifloat.s format must have 1 to 16 exponent bits
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

dyad::minifloat<dyad::float_format{.exponent_bits = 17, .significand_bits = 3, .bias = 65535}> x;
