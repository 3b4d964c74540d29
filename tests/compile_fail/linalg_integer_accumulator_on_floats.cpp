// expect: dyad::gemm_plan.s integer accumulators need formats of integers times one power of two on both sides
// SPDX-License-Identifier: Apache-2.0
#include <dyad/linalg/gemm.hpp>

dyad::gemm_plan<dyad::bfloat16, dyad::integer<8>, dyad::proven<std::int32_t>> plan;
