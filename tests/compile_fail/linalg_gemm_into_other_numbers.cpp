// expect: dyad::gemm_plan.s epilogue must take its sums and give what dst's elements are
// SPDX-License-Identifier: Apache-2.0
#include <dyad/linalg/gemm.hpp>

using format = dyad::bfloat16;
using plan_type = dyad::gemm_plan<format, format, dyad::float_ordered>;

dyad::status run(const plan_type& plan, dyad::matrix_view<const format> x, dyad::matrix_view<format> y) {
    return plan.run(x, x, y, dyad::keep_sum{}, {});
}
