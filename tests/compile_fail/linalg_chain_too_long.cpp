// expect: dyad::chained.s Length is so large that a chain of these formats can overflow\.
// SPDX-License-Identifier: Apache-2.0
// Two products of 16-bit integers can be 2^31.
#include <dyad/linalg/gemm.hpp>

using code = dyad::integer<16>;
using plan = dyad::gemm_plan<code, code, dyad::chained<std::int32_t, 2, float>>;
dyad::status make(plan& p) { return plan::make(1, 1, 1, {}, p); }
