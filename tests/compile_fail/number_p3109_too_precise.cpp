// expect: dyad::binary.s P must be 1 to K - 1 digits in a signed format, 1 to K in an unsigned one\.
// SPDX-License-Identifier: Apache-2.0
// A signed format without an exponent bit.
#include <dyad/number.hpp>

dyad::binary<8, 8> x;
