// expect: dyad::gemm_plan multiplies by L-Mul on minifloats only, with float_ordered sums\.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/linalg/gemm.hpp>

using code = dyad::integer<8>;
dyad::gemm_plan<code, code, dyad::proven<std::int32_t>, dyad::product_rule::lmul> plan;
