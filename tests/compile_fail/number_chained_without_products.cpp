// expect: dyad::chained.s Length must be at least 1 product\.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include <dyad/number.hpp>

dyad::chained<std::int32_t, 0, float>::sum_type x;
