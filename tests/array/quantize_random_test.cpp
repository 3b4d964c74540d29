// SPDX-License-Identifier: Apache-2.0
// Random blocks against the reference: wide and narrow spreads of exponents, exact multiples; the sweep over every kind
// of block is quantize_random_slow_test.cpp.
#include <dyad/array/quantize.hpp>

#include <doctest/doctest.h>

#include "support/random_blocks.hpp"

namespace {

using dyad_test::check_random_blocks;

TEST_CASE("quantize: random blocks") {
    check_random_blocks<dyad::mxfp4>("mxfp4", 30'000);
    check_random_blocks<dyad::nvfp4>("nvfp4", 60'000);
    check_random_blocks<dyad::mxfp8_e4m3>("mxfp8_e4m3", 20'000);
    check_random_blocks<dyad::mxint8>("mxint8", 20'000);
}

}  // namespace
