// expect: dyad::dyadic.s Width must be 2 to 64 bits, the sign included\.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

dyad::dyadic<65> x;
