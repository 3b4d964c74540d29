// expect: no match for .operator\+.|invalid operands to binary expression
// SPDX-License-Identifier: Apache-2.0
// Ternary numbers and integers of two bits are different types.
#include <dyad/number.hpp>

auto sum(dyad::ternary x, dyad::int2 y) { return x + y; }
