// expect: no match for .operator\+=.|no viable overloaded .\+=.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

void add(dyad::float8_e4m3fn& sum, float x) { sum += x; }
