// expect: could not convert|no viable conversion|conversion from .* to non-scalar
// SPDX-License-Identifier: Apache-2.0
// Even where nothing is lost: which of two formats was meant is said by name.
#include <dyad/number.hpp>

dyad::bfloat16 implicit(dyad::float8_e4m3fn x) { return x; }
