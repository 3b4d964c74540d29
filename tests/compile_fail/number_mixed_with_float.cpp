// expect: no match for .operator\*.|invalid operands to binary expression
// SPDX-License-Identifier: Apache-2.0
// A minifloat times a float would have to round one of them silently.
#include <dyad/number.hpp>

auto product(dyad::bfloat16 x, float y) { return x * y; }
