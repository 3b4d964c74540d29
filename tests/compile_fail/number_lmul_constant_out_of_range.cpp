// expect: dyad::lmul_number.s constant units \* 2\^-digits must lie between -1 and 1
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

dyad::lmul_number<float, dyad::lmul_variant::adder, dyad::lmul_constant{16, 4}> x;
