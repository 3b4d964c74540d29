// expect: dyad::quantized_view.s zero points need fixed-point elements
// SPDX-License-Identifier: Apache-2.0
#include <dyad/dyad.hpp>

using view = dyad::quantized_view<dyad::matrix_view<dyad::float4_e2m1fn>, float, dyad::zero_points<std::int8_t>>;
view v;
