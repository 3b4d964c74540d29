// SPDX-License-Identifier: Apache-2.0
// 550 000 random blocks that are not OCP's, against the reference.
#include <dyad/array/quantize.hpp>

#include <doctest/doctest.h>

#include "support/random_blocks.hpp"

namespace {

using dyad_test::check_random_blocks;

TEST_CASE("quantize: random blocks of other kinds, many") {
    check_random_blocks<dyad::nvfp4>("nvfp4", 200'000);
    check_random_blocks<dyad::msfp12>("msfp12", 100'000);
    check_random_blocks<dyad::msfp16>("msfp16", 100'000);
    check_random_blocks<dyad::q8_0>("q8_0", 100'000);
    check_random_blocks<dyad::q4_0>("q4_0", 50'000);
}

}  // namespace
