// expect: dyad::gemm_plan.s float_ordered accumulator needs formats that float holds exactly
// SPDX-License-Identifier: Apache-2.0
#include <dyad/dyad.hpp>

dyad::gemm_plan<dyad::lmul_number<dyad::bfloat16>, dyad::bfloat16, dyad::float_ordered> plan;
