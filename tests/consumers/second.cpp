// SPDX-License-Identifier: Apache-2.0
// The other one.
#include <dyad/dyad.hpp>

dyad::fixed<8, 4> twice(dyad::fixed<8, 4> x) { return x + x; }
const int* version_of_second() { return &dyad::version_minor; }
