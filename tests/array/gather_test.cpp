// SPDX-License-Identifier: Apache-2.0
// Rows of a table by their numbers: types, strides, indices out of range, nothing written then.
#include <dyad/array/gather.hpp>

#include <doctest/doctest.h>

#include <dyad/number/fixed.hpp>

#include "support/tally.hpp"

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using dyad::index;
using dyad::status;
using dyad_test::tally;

template <class T, class I>
void check(tally& cases) {
    std::mt19937_64 random{4};
    struct layout {
        index down;
        index across;
    };
    constexpr index rows = 23;
    std::vector<T> memory(8000);
    for (auto& x : memory) x = static_cast<T>(static_cast<std::int8_t>(random()));
    for (const auto of_table : {layout{90, 1}, layout{1, 40}, layout{200, 2}, layout{0, 1}, layout{-90, 1}}) {
        for (const auto of_dst : {layout{90, 1}, layout{1, 40}, layout{200, 2}}) {
            for (index columns = 1; columns <= 80; columns += columns < 5 ? 1 : 25) {
                for (index n = 0; n < 30; n += 7) {
                    const dyad::matrix_view<const T> table{memory.data() + (of_table.down < 0 ? 2200 : 0),
                                                           {rows, columns},
                                                           {of_table.down, of_table.across}};
                    std::vector<I> indices(static_cast<std::size_t>(2 * n) + 1);
                    for (auto& i : indices) i = static_cast<I>(random() % rows);
                    const dyad::vector_view<const I> every_second{indices.data(), {n}, {2}};
                    std::vector<T> out(8000, T(77));
                    std::vector<T> expected = out;
                    for (index i = 0; i < n; ++i)
                        for (index j = 0; j < columns; ++j)
                            expected[static_cast<std::size_t>(i * of_dst.down + j * of_dst.across)] =
                                table(static_cast<index>(every_second(i)), j);
                    const status s =
                        dyad::gather_rows(table, every_second,
                                          dyad::matrix_view<T>{out.data(), {n, columns}, {of_dst.down, of_dst.across}});
                    cases.check(s == status::ok && out == expected, dyad::to_string(s), " columns ", columns, " rows ",
                                n);
                }
            }
        }
    }
}

TEST_CASE("gather_rows") {
    tally cases("rows of tables");
    check<std::int8_t, std::int32_t>(cases);
    check<std::int16_t, std::int64_t>(cases);
    check<float, std::int32_t>(cases);
    check<double, std::int64_t>(cases);
}

template <class I>
void check_refused() {
    float table[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    float out[8] = {};
    const auto of_table = dyad::make_matrix<const float>(table, 3, 4);
    const auto dst = dyad::make_matrix(out, 2, 4);
    for (const I bad : {I{-1}, I{3}, std::numeric_limits<I>::max(), std::numeric_limits<I>::min()}) {
        const I indices[] = {2, bad};
        const auto v = dyad::make_vector(indices, 2);
        CHECK(dyad::gather_rows(of_table, v, dst) == status::id_out_of_range);
        CHECK(dyad::first_out_of_range(v, 3) == 1);
        for (const float x : out) CHECK(x == 0.0f);
    }
    I indices[] = {2, 0};
    const auto v = dyad::make_vector<const I>(indices, 2);
    CHECK(dyad::first_out_of_range(v, 3) == 2);
    CHECK(dyad::gather_rows(of_table, v, dst) == status::ok);
    CHECK(out[0] == 9.0f);
    CHECK(out[7] == 4.0f);
    CHECK(dyad::gather_rows(of_table, v, dyad::make_matrix(out, 2, 3)) == status::extents_differ);
    CHECK(dyad::gather_rows(of_table, v, dyad::make_matrix(out, 1, 4)) == status::extents_differ);
    CHECK(dyad::gather_rows(dyad::make_matrix<const float>(nullptr, 3, 4), v, dst) == status::lhs_null);
    CHECK(dyad::gather_rows(of_table, dyad::make_vector<const I>(nullptr, 2), dst) == status::rhs_null);
    CHECK(dyad::gather_rows(of_table, v, dyad::make_matrix<float>(nullptr, 2, 4)) == status::dst_null);
    CHECK(dyad::gather_rows(of_table, v, {out, {2, 4}, {0, 1}}) == status::dst_overlaps_itself);
    CHECK(dyad::gather_rows(of_table, v, dyad::make_matrix(table + 4, 2, 4)) == status::dst_overlaps_lhs);
    CHECK(dyad::gather_rows(dyad::make_matrix<const float>(table, -3, 4), v, dst) == status::negative_extent);
    CHECK(dyad::gather_rows(dyad::make_matrix<const float>(nullptr, 0, 4), v, dst) == status::id_out_of_range);
    CHECK(dyad::gather_rows(dyad::make_matrix<const float>(nullptr, 0, 4), dyad::make_vector<const I>(nullptr, 0),
                            dyad::make_matrix<float>(nullptr, 0, 4)) == status::ok);
    // The indices' own memory as dst.
    I other[4] = {0, 1, 5, 6};
    CHECK(dyad::gather_rows(dyad::make_matrix<const I>(other, 4, 1), v, dyad::make_matrix(indices, 2, 1)) ==
          status::dst_overlaps_rhs);
    CHECK(indices[0] == 2);
}

TEST_CASE("gather_rows: what is refused, and nothing written") {
    check_refused<std::int32_t>();
    check_refused<std::int64_t>();
}

}  // namespace
