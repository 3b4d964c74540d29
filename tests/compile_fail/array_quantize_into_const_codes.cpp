// expect: dyad::quantize writes codes: those of dst must not be const
// SPDX-License-Identifier: Apache-2.0
#include <dyad/dyad.hpp>

dyad::status f(dyad::matrix_view<const float> x, dyad::matrix_view<const dyad::int8> codes, float* scales) {
    return quantize(x, dyad::quantized_view{codes, dyad::per_row(scales)}, dyad::scale_rule::nearest);
}
