// expect: dyad::power.s Exponent must be 2: only squares are exact in a small integer\.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

dyad::power<4, 3> x;
