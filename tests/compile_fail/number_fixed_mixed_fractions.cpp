// expect: no match for .operator\+.|invalid operands to binary expression
// SPDX-License-Identifier: Apache-2.0
// Fixed-point numbers with different fractions are different types.
#include <dyad/number.hpp>

auto sum(dyad::fixed<8, 4> x, dyad::fixed<8, 3> y) { return x + y; }
