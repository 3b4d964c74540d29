// expect: cannot convert|no viable conversion
// SPDX-License-Identifier: Apache-2.0
// And C++ numbers from them likewise.
#include <dyad/number.hpp>

float implicit(dyad::fixed<8, 4> x) { return x; }
