// expect: constraint
// SPDX-License-Identifier: Apache-2.0
// bool is no number.
#include <dyad/number.hpp>

auto truth(bool x) { return dyad::convert<dyad::float16>(x); }
