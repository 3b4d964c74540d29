// expect: no match for .operator\+.|invalid operands to binary expression
// SPDX-License-Identifier: Apache-2.0
// Mixed types do not calculate: one of them has to be converted by name.
#include <dyad/number.hpp>

auto sum(dyad::float8_e4m3fn x, dyad::float8_e5m2 y) { return x + y; }
