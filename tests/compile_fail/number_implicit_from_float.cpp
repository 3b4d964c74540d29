// expect: could not convert|no viable conversion|conversion from .float. to non-scalar
// SPDX-License-Identifier: Apache-2.0
// Numbers are made from C++ numbers explicitly: the conversion rounds.
#include <dyad/number.hpp>

dyad::float8_e4m3fn implicit(float x) { return x; }
