// expect: dyad::quantize stores zero points: their type must hold every raw number
// SPDX-License-Identifier: Apache-2.0
#include <dyad/dyad.hpp>

dyad::status f(dyad::matrix_view<const float> x, dyad::matrix_view<dyad::uinteger<8>> codes, float* scales,
               std::int8_t* zeros) {
    return quantize(x, dyad::quantized_view{codes, dyad::per_row(scales), dyad::zero_points<std::int8_t>{zeros}},
                    dyad::scale_rule::min_max);
}
