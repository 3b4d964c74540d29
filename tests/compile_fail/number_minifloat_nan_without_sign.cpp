// expect: dyad::minifloat.s format must have 1 to 16 exponent bits
// SPDX-License-Identifier: Apache-2.0
// A NaN at the code of minus zero needs a sign.
#include <dyad/number.hpp>

dyad::minifloat<dyad::float_format{.exponent_bits = 5,
                                   .significand_bits = 3,
                                   .bias = 15,
                                   .is_signed = false,
                                   .infinity = dyad::infinity_codes::none,
                                   .nan = dyad::nan_codes::negative_zero,
                                   .has_negative_zero = false}>
    x;
