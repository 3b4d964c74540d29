// expect: no match for .operator\*.|invalid operands to binary expression
// SPDX-License-Identifier: Apache-2.0
// Two arithmetics do not mix.
#include <dyad/number.hpp>

auto product(dyad::lmul_number<dyad::bfloat16> x, dyad::bfloat16 y) { return x * y; }
