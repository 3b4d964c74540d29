// expect: a negative zero only beside a zero and a sign\.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

dyad::minifloat<dyad::float_format{.exponent_bits = 5,
                                   .significand_bits = 3,
                                   .bias = 15,
                                   .is_signed = false,
                                   .infinity = dyad::infinity_codes::none,
                                   .nan = dyad::nan_codes::top}>
    x;
