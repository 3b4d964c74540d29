// SPDX-License-Identifier: Apache-2.0
// view: which element an index names, for strides of either sign and zero, and the views made of views.
#include <dyad/array/view.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <numeric>
#include <type_traits>

namespace {

using dyad::index;
using dyad::matrix_view;
using dyad::vector_view;

static_assert(std::is_same_v<index, std::ptrdiff_t>);
static_assert(std::is_trivially_copyable_v<matrix_view<float>>);
static_assert(std::is_convertible_v<matrix_view<int>, matrix_view<const int>>);
static_assert(!std::is_convertible_v<matrix_view<const int>, matrix_view<int>>);
static_assert(!std::is_convertible_v<matrix_view<int>, vector_view<int>>);
static_assert(matrix_view<int>{}.size() == 0 && matrix_view<int>{}.data == nullptr);

constexpr int sum_of_row() {
    std::array<int, 6> memory{1, 2, 3, 4, 5, 6};
    const auto m = dyad::make_matrix(memory.data(), 2, 3);
    const auto r = dyad::row(m, 1);
    return r(0) + r(1) + r(2) + dyad::transposed(m)(2, 0);
}
static_assert(sum_of_row() == 4 + 5 + 6 + 3);

struct numbered {
    std::array<int, 60> memory;
    numbered() { std::iota(memory.begin(), memory.end(), 0); }
};

TEST_CASE_FIXTURE(numbered, "view: elements in a row, every third, backwards, and one for all") {
    const auto plain = dyad::make_vector(memory.data(), 7);
    CHECK(plain.size() == 7);
    for (index i = 0; i < 7; ++i) CHECK(plain(i) == i);
    const vector_view<int> third{memory.data() + 1, {5}, {3}};
    for (index i = 0; i < 5; ++i) CHECK(third(i) == 1 + 3 * i);
    const vector_view<int> backwards{memory.data() + 20, {7}, {-3}};
    for (index i = 0; i < 7; ++i) CHECK(backwards(i) == 20 - 3 * i);
    const vector_view<int> repeated{memory.data() + 9, {4}, {0}};
    for (index i = 0; i < 4; ++i) CHECK(repeated(i) == 9);
}

TEST_CASE_FIXTURE(numbered, "view: writes reach the memory") {
    const auto m = dyad::make_matrix(memory.data(), 4, 5);
    m(3, 2) = -1;
    CHECK(memory[17] == -1);
    dyad::transposed(m)(4, 1) = -2;
    CHECK(memory[9] == -2);
}

/// m(i, j) is `first + i * down + j * across` for each element of rows x columns.
void check_elements(matrix_view<const int> m, index rows, index columns, index first, index down, index across) {
    REQUIRE(m.extent[0] == rows);
    REQUIRE(m.extent[1] == columns);
    CHECK(m.size() == rows * columns);
    for (index i = 0; i < rows; ++i)
        for (index j = 0; j < columns; ++j) CHECK(m(i, j) == first + i * down + j * across);
}

TEST_CASE_FIXTURE(numbered, "view: matrices, transposed, rows, blocks of rows and of columns") {
    for (const auto& [offset, down, across] : {std::array<index, 3>{0, 6, 1},
                                               {0, 7, 1},
                                               {0, 1, 7},
                                               {59, -7, -2},
                                               {42, -7, 3},
                                               {40, 0, 2},
                                               {11, 8, 0},
                                               {5, 0, 0}}) {
        const matrix_view<int> m{memory.data() + offset, {6, 6}, {down, across}};
        check_elements(m, 6, 6, offset, down, across);
        check_elements(dyad::transposed(m), 6, 6, offset, across, down);
        check_elements(dyad::row_block(m, 2, 3), 3, 6, offset + 2 * down, down, across);
        check_elements(dyad::row_block(m, 6, 0), 0, 6, offset + 6 * down, down, across);
        check_elements(dyad::column_block(m, 1, 4), 6, 4, offset + across, down, across);
        check_elements(dyad::transposed(dyad::row_block(dyad::column_block(m, 1, 4), 2, 3)), 4, 3,
                       offset + 2 * down + across, across, down);
        for (index i = 0; i < 6; ++i) {
            const vector_view<int> r = dyad::row(m, i);
            REQUIRE(r.size() == 6);
            for (index j = 0; j < 6; ++j) CHECK(r(j) == offset + i * down + j * across);
        }
    }
    const auto m = dyad::make_matrix(memory.data(), 3, 20);
    check_elements(m, 3, 20, 0, 20, 1);
    check_elements(dyad::as_const(m), 3, 20, 0, 20, 1);
    static_assert(std::is_same_v<decltype(dyad::as_const(m)), matrix_view<const int>>);
    static_assert(std::is_same_v<decltype(dyad::as_const(dyad::as_const(m))), matrix_view<const int>>);
}

TEST_CASE_FIXTURE(numbered, "view: three ranks count their elements; an empty extent leaves none") {
    CHECK(dyad::view<int, 3>{memory.data(), {3, 4, 5}, {20, 5, 1}}.size() == 60);
    CHECK(dyad::view<int, 3>{memory.data(), {3, 0, 5}, {20, 5, 1}}.size() == 0);
    CHECK(dyad::make_matrix(memory.data(), 0, 5).size() == 0);
    CHECK(dyad::make_vector(memory.data(), 0).size() == 0);
}

}  // namespace
