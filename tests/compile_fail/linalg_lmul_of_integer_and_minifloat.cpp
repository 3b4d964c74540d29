// expect: dyad::gemm_plan multiplies by L-Mul on minifloats only
// SPDX-License-Identifier: Apache-2.0
#include <dyad/linalg/gemm.hpp>

dyad::gemm_plan<dyad::integer<8>, dyad::bfloat16, dyad::float_ordered, dyad::product_rule::lmul> plan;
