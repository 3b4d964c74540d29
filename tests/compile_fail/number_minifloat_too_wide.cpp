// expect: dyad::minifloat.s format must have 1 to 16 exponent bits, at most 64 bits in all
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

dyad::minifloat<dyad::float_format{.exponent_bits = 16, .significand_bits = 48}> x;
