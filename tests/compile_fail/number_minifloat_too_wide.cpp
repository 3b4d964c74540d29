// expect: dyad::minifloat.s format must be at most 32 bits wide
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

dyad::minifloat<dyad::binary64_format> x;
