// SPDX-License-Identifier: Apache-2.0
// conv2d: formats of every carrier, shapes and layouts at random, against loops over a padded copy.
#include <dyad/linalg/conv2d.hpp>

#include <doctest/doctest.h>

#include "support/convolutions.hpp"

namespace {

using dyad::bfloat16;
using dyad::chained;
using dyad::float8_e4m3fn;
using dyad::float8_e5m2;
using dyad::float_ordered;
using dyad::integer;
using dyad::proven;
using dyad::uinteger;
using dyad_test::check_formats;
using dyad_test::sum_order;

TEST_CASE("conv2d: integer formats") {
    check_formats<uinteger<8>, integer<8>, proven<std::int32_t>>("uint8 x int8 conv2d", sum_order::exact);
    check_formats<integer<8>, integer<4>, proven<std::int32_t>>("int8 x int4 conv2d", sum_order::exact);
    check_formats<integer<16>, integer<8>, proven<std::int64_t>>("int16 x int8 conv2d", sum_order::exact);
    check_formats<integer<8>, integer<8>, chained<std::int32_t, 16, std::int64_t>>("int8 chains conv2d",
                                                                                   sum_order::exact);
}

TEST_CASE("conv2d: float formats") {
    check_formats<float8_e4m3fn, float8_e5m2, float_ordered>("e4m3 x e5m2 conv2d", sum_order::bf16);
    check_formats<bfloat16, bfloat16, float_ordered>("bfloat16 conv2d", sum_order::bf16);
    check_formats<float, float, float_ordered>("float conv2d", sum_order::f32);
}

TEST_CASE("conv2d: without a kernel, and without room") {
    check_formats<integer<24>, integer<8>, proven<std::int64_t>>("int24 x int8 conv2d", sum_order::exact);
}

}  // namespace
