// SPDX-License-Identifier: Apache-2.0
// Arrays of MSFP blocks (sign and magnitude under a power of two) against the reference on every boundary.
#include <dyad/array/quantize.hpp>

#include <doctest/doctest.h>

#include "support/quantize_check.hpp"

namespace {

using dyad_test::check_boundary_blocks;

TEST_CASE("quantize: MSFP") {
    check_boundary_blocks<dyad::msfp11>("msfp11");
    check_boundary_blocks<dyad::msfp12>("msfp12");
    check_boundary_blocks<dyad::msfp14>("msfp14");
    check_boundary_blocks<dyad::msfp16>("msfp16");
}

}  // namespace
