// expect: no match for .operator==.|invalid operands to binary expression
// SPDX-License-Identifier: Apache-2.0
// The order of two formats is a question for their exact values: convert one of them by name.
#include <dyad/number.hpp>

bool equal(dyad::float8_e4m3fn x, dyad::float8_e5m2 y) { return x == y; }
