// SPDX-License-Identifier: Apache-2.0
// Arrays of OCP MX blocks of 8 bits, quantized and dequantized, against the reference on every boundary.
#include <dyad/array/quantize.hpp>

#include <doctest/doctest.h>

#include "support/quantize_check.hpp"

namespace {

using dyad_test::check_boundary_blocks;

TEST_CASE("quantize: MXFP8") {
    check_boundary_blocks<dyad::mxfp8_e4m3>("mxfp8_e4m3");
    check_boundary_blocks<dyad::mxfp8_e5m2>("mxfp8_e5m2");
}
TEST_CASE("quantize: MXINT8") { check_boundary_blocks<dyad::mxint8>("mxint8"); }

}  // namespace
