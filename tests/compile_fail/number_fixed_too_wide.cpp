// expect: dyad::fixed.s Width must be 1 to 64 bits, the sign included; dyad/number/wide_fixed.hpp has wider
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

dyad::fixed<65, 0> x;
