// SPDX-License-Identifier: Apache-2.0
// Arrays of NVFP4's and ggml's blocks against the reference on every boundary.
#include <dyad/array/quantize.hpp>

#include <doctest/doctest.h>

#include "support/quantize_check.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <random>
#include <vector>

namespace {

using dyad_test::check_boundary_blocks;
using dyad_test::tally;

TEST_CASE("quantize: NVFP4") { check_boundary_blocks<dyad::nvfp4>("nvfp4"); }

/// Under the scales 1 and 3/2 that 6 gives, 1 - h and 3/4 + h have the errors h and 1/4 - h, and 1/4 - h and h: pairs
/// of them make an exact tie, whose sums in floating point differ by their order. Beside it the last places decide.
TEST_CASE("quantize: four over six, ties and what is next to them") {
    tally cases("ties of four over six");
    dyad_test::block_check<dyad::nvfp4> check(cases);
    std::mt19937_64 random(64);
    for (int block = 0; block < 20'000; ++block) {
        std::vector<float> x{6};
        for (int pair = 0; pair < 5; ++pair) {
            const auto h = static_cast<float>(random() % 0x40'0000) * 0x1p-25f;
            x.push_back(1 - h);
            x.push_back(0.75f + h);
        }
        // Small ones, zeros under both scales, fill the last places.
        while (x.size() < 16) x.push_back(static_cast<float>(random() % 0x80'0000) * 0x1p-32f);
        if (block % 2 != 0) x[1 + random() % 10] += random() % 2 == 0 ? 0x1p-24f : -0x1p-24f;
        std::shuffle(x.begin(), x.end(), random);
        const float g = block % 3 == 0 ? 0x1p-100f : 1;
        for (float& y : x) y *= random() % 2 == 0 ? g : -g;
        check.run(x, dyad_test::request<dyad::rounding>{dyad::scale_rule::four_over_six, dyad::rounding::nearest_even,
                                                        dyad::saturation::finite, g});
    }
}
TEST_CASE("quantize: ggml's blocks") {
    check_boundary_blocks<dyad::q8_0>("q8_0");
    check_boundary_blocks<dyad::q4_0>("q4_0");
    check_boundary_blocks<dyad::ggml_mxfp4>("ggml_mxfp4");
}

}  // namespace
