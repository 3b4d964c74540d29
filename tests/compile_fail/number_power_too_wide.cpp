// expect: dyad::power.s Bits must be 2 to 16, the sign included\.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

dyad::power<17, 2> x;
