// expect: no matching (function|constructor)|no matching conversion|cannot convert
// SPDX-License-Identifier: Apache-2.0
// A truth value is no number: neither by convert nor by a constructor.
#include <dyad/number.hpp>

auto number(bool x) { return dyad::float8_e4m3fn(x); }
