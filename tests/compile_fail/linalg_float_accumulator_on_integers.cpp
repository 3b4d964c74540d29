// expect: dyad::gemm_plan.s float_ordered accumulator needs formats that float holds exactly
// SPDX-License-Identifier: Apache-2.0
#include <dyad/linalg/gemm.hpp>

dyad::gemm_plan<dyad::integer<17>, dyad::integer<8>, dyad::float_ordered> plan;
