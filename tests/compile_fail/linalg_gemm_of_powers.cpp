// expect: dyad::gemm_plan.s integer accumulators need fixed-point formats on both sides
// SPDX-License-Identifier: Apache-2.0
#include <dyad/dyad.hpp>

dyad::gemm_plan<dyad::power<4, 2>, dyad::integer<8>, dyad::proven<std::int32_t>> plan;
