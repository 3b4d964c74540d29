// expect: contract_violated
// SPDX-License-Identifier: Apache-2.0
// A trapping type ends the compilation where it overflows in a constant expression.
#include <dyad/number.hpp>

using trapping = dyad::fixed<8, 4, dyad::signedness::is_signed, dyad::overflow::trap>;
constexpr trapping x = trapping(5) + trapping(4);
