// SPDX-License-Identifier: Apache-2.0
// 600 000 random OCP MX blocks against the reference; quantize_random_kinds_slow_test.cpp has the other kinds.
#include <dyad/array/quantize.hpp>

#include <doctest/doctest.h>

#include "support/random_blocks.hpp"

namespace {

using dyad_test::check_random_blocks;

TEST_CASE("quantize: random OCP MX blocks, many") {
    check_random_blocks<dyad::mxfp8_e4m3>("mxfp8_e4m3", 100'000);
    check_random_blocks<dyad::mxfp8_e5m2>("mxfp8_e5m2", 100'000);
    check_random_blocks<dyad::mxfp6_e2m3>("mxfp6_e2m3", 100'000);
    check_random_blocks<dyad::mxfp6_e3m2>("mxfp6_e3m2", 100'000);
    check_random_blocks<dyad::mxfp4>("mxfp4", 100'000);
    check_random_blocks<dyad::mxint8>("mxint8", 100'000);
}

}  // namespace
