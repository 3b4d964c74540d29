// expect: dyad::multiply_exact has no type of at most 64 bits for the product\.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

using binary64 = dyad::minifloat<dyad::binary64_format>;
auto product(binary64 x, binary64 y) { return multiply_exact(x, y); }
