// expect: constraint
// SPDX-License-Identifier: Apache-2.0
// There is no fraction to add.
#include <dyad/number.hpp>

auto product(int x, int y) { return dyad::lmul(x, y); }
