// SPDX-License-Identifier: Apache-2.0
// Views of images: the place of every element in each layout; overlaps of four dimensions against all pairs of
// elements.
#include <dyad/array/image_view.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"

#include <array>
#include <cstddef>
#include <set>
#include <vector>

#include <dyad/array/overlap.hpp>

namespace {

using dyad::image_view;
using dyad::index;

TEST_CASE("image views: the element of every place") {
    std::vector<int> memory(2 * 3 * 4 * 5);
    for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<int>(i);
    const auto nhwc = dyad::make_image_nhwc(memory.data(), 2, 3, 4, 5);
    const auto nchw = dyad::make_image_nchw(memory.data(), 2, 3, 4, 5);
    const auto ohwi = dyad::make_weights_ohwi(memory.data(), 2, 3, 4, 5);
    const auto oihw = dyad::make_weights_oihw(memory.data(), 2, 3, 4, 5);
    int places = 0;
    for (index b = 0; b < 2; ++b) {
        for (index y = 0; y < 3; ++y) {
            for (index x = 0; x < 4; ++x) {
                for (index c = 0; c < 5; ++c, ++places) {
                    REQUIRE(nhwc(b, y, x, c) == ((b * 3 + y) * 4 + x) * 5 + c);
                    REQUIRE(nchw(b, y, x, c) == ((b * 5 + c) * 3 + y) * 4 + x);
                    REQUIRE(ohwi(b, y, x, c) == nhwc(b, y, x, c));
                    REQUIRE(oihw(b, y, x, c) == nchw(b, y, x, c));
                    if (c >= 2 && c < 4) REQUIRE(dyad::channel_block(nchw, 2, 2)(b, y, x, c - 2) == nchw(b, y, x, c));
                    if (b == 1) REQUIRE(dyad::outer_block(nchw, 1, 1)(0, y, x, c) == nchw(b, y, x, c));
                }
            }
        }
    }
    CHECK(places == 120);
    CHECK(dyad::memory_of(nchw).last - dyad::memory_of(nchw).first == memory.size() * sizeof(int));
    CHECK(dyad::channel_block(image_view<int>{}, 1, 0).data == nullptr);
}

/// Two different elements at one address?
bool shares_memory(const std::array<index, 4>& extent, const std::array<index, 4>& stride) {
    std::set<index> addresses;
    for (index b = 0; b < extent[0]; ++b)
        for (index y = 0; y < extent[1]; ++y)
            for (index x = 0; x < extent[2]; ++x)
                for (index c = 0; c < extent[3]; ++c)
                    if (!addresses.insert(b * stride[0] + y * stride[1] + x * stride[2] + c * stride[3]).second)
                        return true;
    return false;
}

TEST_CASE("overlaps_itself in four dimensions: never misses, exact for dimensions laid end to end or apart") {
    dyad_test::tally cases("four dimensions");
    constexpr index steps[]{0, 1, 2, 3, 5, 6, 8, 12, -1, -4, -6, -24};
    for (const auto& extent : {std::array<index, 4>{2, 3, 2, 2}, {1, 3, 1, 2}, {2, 2, 0, 3}, {3, 1, 1, 1}}) {
        for (const index a : steps) {
            for (const index b : steps) {
                for (const index c : steps) {
                    for (const index d : steps) {
                        const image_view<int> v{nullptr, extent, {a, b, c, d}};
                        // Conservative: what shares memory is always found.
                        if (shares_memory(extent, v.stride)) cases.check(overlaps_itself(v), a, " ", b, " ", c, " ", d);
                    }
                }
            }
        }
    }
    for (const index gap : {0, 1, 7}) {
        for (const index c : {1, 3}) {
            const index x = 2 * c + gap;
            const index y = 3 * x + gap;
            const index b = 4 * y + gap;
            for (const auto& stride :
                 {std::array<index, 4>{b, y, x, c}, std::array<index, 4>{-b, y, -x, c}, {b, -y, x, -c}}) {
                CHECK(!overlaps_itself(image_view<int>{nullptr, {2, 4, 3, 2}, stride}));
                // A row, or a column, more of each.
                if (gap != 0) continue;
                CHECK(overlaps_itself(image_view<int>{nullptr, {2, 5, 3, 2}, stride}));
                CHECK(overlaps_itself(image_view<int>{nullptr, {2, 4, 4, 2}, stride}));
            }
        }
    }
    CHECK(!overlaps_itself(image_view<int>{nullptr, {0, 4, 3, 2}, {0, 0, 0, 0}}));
    CHECK(!overlaps_itself(image_view<int>{nullptr, {1, 1, 1, 1}, {0, 0, 0, 0}}));
}

}  // namespace
