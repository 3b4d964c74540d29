// expect: dyad::chained.s Flush must be float or std::int64_t\.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include <dyad/number.hpp>

dyad::chained<std::int32_t, 256, double>::sum_type x;
