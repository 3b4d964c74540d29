// SPDX-License-Identifier: Apache-2.0
// Arrays of OCP MX blocks of 4 and 6 bits, quantized and dequantized, against the reference on every boundary.
#include <dyad/array/quantize.hpp>

#include <doctest/doctest.h>

#include "support/quantize_check.hpp"

namespace {

using dyad_test::check_boundary_blocks;

TEST_CASE("quantize: MXFP6") {
    check_boundary_blocks<dyad::mxfp6_e2m3>("mxfp6_e2m3");
    check_boundary_blocks<dyad::mxfp6_e3m2>("mxfp6_e3m2");
}
TEST_CASE("quantize: MXFP4") { check_boundary_blocks<dyad::mxfp4>("mxfp4"); }

}  // namespace
