// expect: could not convert|no viable conversion|conversion from .* to non-scalar
// SPDX-License-Identifier: Apache-2.0
// The same between formats: float16 to float8 rounds.
#include <dyad/number.hpp>

dyad::float8_e5m2 implicit(dyad::float16 x) { return x; }
