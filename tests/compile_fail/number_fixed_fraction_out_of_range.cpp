// expect: dyad::fixed.s Fraction must be -1024 to 1024\.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

dyad::fixed<8, 1025> x;
