// SPDX-License-Identifier: Apache-2.0
// Arrays of NVFP4's and ggml's blocks against the reference on every boundary.
#include <dyad/array/quantize.hpp>

#include <doctest/doctest.h>

#include "support/quantize_check.hpp"

namespace {

using dyad_test::check_boundary_blocks;

TEST_CASE("quantize: NVFP4") { check_boundary_blocks<dyad::nvfp4>("nvfp4"); }
TEST_CASE("quantize: ggml's blocks") {
    check_boundary_blocks<dyad::q8_0>("q8_0");
    check_boundary_blocks<dyad::q4_0>("q4_0");
    check_boundary_blocks<dyad::ggml_mxfp4>("ggml_mxfp4");
}

}  // namespace
