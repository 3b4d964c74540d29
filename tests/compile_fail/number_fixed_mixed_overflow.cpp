// expect: no match for .operator-.|invalid operands to binary expression
// SPDX-License-Identifier: Apache-2.0
// A wrapping and a saturating number have no common difference.
#include <dyad/number.hpp>

using wrapping = dyad::fixed<8, 4, dyad::signedness::is_signed, dyad::overflow::wrap>;
auto difference(dyad::fixed<8, 4> x, wrapping y) { return x - y; }
