// expect: dyad::power.s Exponent must be 2
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

dyad::power<4, 3> x;
