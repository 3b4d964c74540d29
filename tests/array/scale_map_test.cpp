// SPDX-License-Identifier: Apache-2.0
// scale_map: every granularity, by the place it names for each element.
#include <dyad/array/scale_map.hpp>

#include <doctest/doctest.h>

#include <vector>

namespace {

using dyad::index;

TEST_CASE("scale_map: the scale of every element of a 5 x 7 matrix") {
    constexpr index rows = 5;
    constexpr index columns = 7;
    std::vector<int> scales(35);
    for (std::size_t i = 0; i < scales.size(); ++i) scales[i] = static_cast<int>(i);
    int* const s = scales.data();
    const auto all = [&](const dyad::scale_map<int>& map, auto&& expected, index tiles_down, index tiles_across) {
        for (index i = 0; i < rows; ++i) {
            for (index j = 0; j < columns; ++j) {
                CHECK(map(i, j) == expected(i, j));
                CHECK(transposed(map)(j, i) == expected(i, j));
            }
        }
        const auto matrix = scales_of(map, rows, columns);
        CHECK(matrix.extent[0] == tiles_down);
        CHECK(matrix.extent[1] == tiles_across);
        CHECK(&matrix(tiles_down - 1, tiles_across - 1) == &map(rows - 1, columns - 1));
    };
    all(
        dyad::per_tensor(s), [](index, index) { return 0; }, 1, 1);
    all(
        dyad::per_row(s), [](index i, index) { return i; }, 5, 1);
    all(
        dyad::per_column(s), [](index, index j) { return j; }, 1, 7);
    all(
        dyad::per_row_block(s, 3, columns), [](index i, index j) { return 3 * i + j / 3; }, 5, 3);
    all(
        dyad::per_column_block(s, 2, columns), [](index i, index j) { return i / 2 * 7 + j; }, 3, 7);
    all(
        dyad::per_tile(s, 2, 4, columns), [](index i, index j) { return i / 2 * 2 + j / 4; }, 3, 2);
    // Scales of any stride: every third one, from the end.
    all(
        {s + 34, {1, dyad::whole_extent}, {-3, 0}}, [](index i, index) { return 34 - 3 * i; }, 5, 1);
}

TEST_CASE("tiles_of: rounded up") {
    CHECK(dyad::tiles_of(0, 32) == 0);
    CHECK(dyad::tiles_of(1, 32) == 1);
    CHECK(dyad::tiles_of(32, 32) == 1);
    CHECK(dyad::tiles_of(33, 32) == 2);
    CHECK(dyad::tiles_of(7, dyad::whole_extent) == 1);
}

}  // namespace
