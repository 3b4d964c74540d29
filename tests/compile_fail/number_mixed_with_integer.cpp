// expect: no match for .operator\+.|invalid operands to binary expression
// SPDX-License-Identifier: Apache-2.0
// Not even with constants: say float16(1).
#include <dyad/number.hpp>

auto next(dyad::float16 x) { return x + 1; }
