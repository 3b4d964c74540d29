// expect: dyad::power_of_two.s Bits must be 2 to 12
// SPDX-License-Identifier: Apache-2.0
#include <dyad/dyad.hpp>

dyad::power_of_two<13> x;
