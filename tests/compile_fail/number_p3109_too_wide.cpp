// expect: dyad::binary.s K must be 3 to 16 bits, the sign included\.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

dyad::binary<17, 8> x;
