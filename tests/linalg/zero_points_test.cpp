// SPDX-License-Identifier: Apache-2.0
// Zero points: sums of codes on every instruction set, corrections by vectors and by epilogue against loops over
// differences.
#include <dyad/linalg/zero_points.hpp>

#include <doctest/doctest.h>

#include "support/convolutions.hpp"
#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include <dyad/linalg/gemm.hpp>

namespace {

/// Asked once: it says what is left out.
const std::vector<dyad::instruction_set>& all_instruction_sets() {
    static const auto all = dyad_test::instruction_sets();
    return all;
}

using dyad::index;
using dyad::integer;
using dyad::make_vector;
using dyad::matrix_view;
using dyad::proven;
using dyad::status;
using dyad::uinteger;
using dyad::vector_view;
using dyad::zero_point_terms;
using dyad_test::random_code;
using dyad_test::shuffled_tasks;
using dyad_test::tally;

template <class T>
std::vector<T> random_codes(std::mt19937_64& random, index n) {
    std::vector<T> codes;
    for (index i = 0; i < n; ++i) codes.push_back(random_code<T>(random));
    return codes;
}
template <class T>
T number_among(std::mt19937_64& random, const std::vector<T>& all) {
    return all[random() % all.size()];
}

/// Rows of 0 to 200 codes, side by side, with gaps, across, and backwards.
template <class T>
void check_sums(tally& cases) {
    std::mt19937_64 random(5);
    for (const index rows : {0, 1, 3, 8, 9, 65, 130}) {
        for (const index columns : {0, 1, 2, 15, 16, 17, 31, 63, 64, 65, 128, 200, 700}) {
            for (int layout = 0; layout < 4; ++layout) {
                const index line = columns + layout % 2 * 3;
                auto codes = random_codes<T>(random, (rows + 1) * (line + 1));
                if (rows == 3) std::fill(codes.begin(), codes.end(), T::from_raw(T::min_raw));
                matrix_view<const T> m{codes.data(), {rows, columns}, {line, 1}};
                if (layout == 2) m.stride = {1, rows};
                if (layout == 3 && rows * columns != 0) m = {&m(rows - 1, columns - 1), m.extent, {-line, -1}};
                for (const auto isa : all_instruction_sets()) {
                    std::vector<std::int32_t> sums(static_cast<std::size_t>(2 * rows + 1), 77);
                    REQUIRE(dyad::sum_rows(m, vector_view<std::int32_t>{sums.data(), {rows}, {2}}, shuffled_tasks{3},
                                           isa) == status::ok);
                    for (index i = 0; i < rows; ++i) {
                        std::int64_t expected = 0;
                        for (index k = 0; k < columns; ++k) expected += m(i, k).raw();
                        const auto place = static_cast<std::size_t>(2 * i);
                        cases.check(sums[place] == expected && sums[place + 1] == 77, to_string(isa), ", row ", i,
                                    " of ", rows, " x ", columns, ": got ", sums[place], ", expected ", expected);
                    }
                }
            }
        }
    }
}

TEST_CASE("sum_rows: every instruction set, layout and format") {
    tally cases("sums of codes");
    check_sums<integer<8>>(cases);
    check_sums<uinteger<8>>(cases);
    check_sums<integer<4>>(cases);
    check_sums<integer<16>>(cases);
    check_sums<uinteger<12>>(cases);
}

enum class zeros { none, one, each };

/// A product of m x k and k x n codes less their zero points, three ways.
template <class A, class B>
void check_product(tally& cases, std::mt19937_64& random, std::array<index, 3> size, zeros left, zeros right) {
    const auto [m, k, n] = size;
    const auto a = random_codes<A>(random, m * k);
    const auto b = random_codes<B>(random, k * n);
    const auto lhs = dyad::make_matrix(a.data(), m, k);
    const auto rhs = dyad::make_matrix(b.data(), k, n);
    const auto zeros_of = [&]<class T>(T, index count, zeros kind) {
        std::vector<std::int32_t> z(static_cast<std::size_t>(count) + 1);
        for (auto& x : z) x = kind == zeros::none ? 0 : kind == zeros::one ? 7 : random_code<T>(random).raw();
        return z;
    };
    const auto z = zeros_of(A{}, m, left);
    const auto w = zeros_of(B{}, n, right);
    std::vector<std::int32_t> row_sums(static_cast<std::size_t>(m) + 1);
    std::vector<std::int32_t> column_sums(static_cast<std::size_t>(n) + 1);
    REQUIRE(dyad::sum_rows(lhs, make_vector(row_sums.data(), m)) == status::ok);
    REQUIRE(dyad::sum_rows(dyad::transposed(rhs), make_vector(column_sums.data(), n)) == status::ok);
    const auto view_of = [](const std::vector<std::int32_t>& v, index count, zeros kind) {
        return vector_view<const std::int32_t>{v.data(), {count}, {kind == zeros::each ? 1 : 0}};
    };
    zero_point_terms terms{k, view_of(z, m, left), {}, view_of(w, n, right), {}};
    if (right != zeros::none) terms.row_sums = make_vector<const std::int32_t>(row_sums.data(), m);
    if (left != zeros::none) terms.column_sums = make_vector<const std::int32_t>(column_sums.data(), n);

    using plan_type = dyad::gemm_plan<A, B, proven<std::int32_t>>;
    plan_type plan;
    REQUIRE(plan_type::make(m, k, n, {}, plan) == status::ok);
    std::vector<std::byte> workspace(plan.workspace_bytes());
    std::vector<std::int32_t> corrected(static_cast<std::size_t>(m * n));
    std::vector<std::int32_t> sums(corrected.size());
    REQUIRE(plan.run(lhs, rhs, dyad::make_matrix(corrected.data(), m, n),
                     dyad::with_zero_points<dyad::keep_sum>{terms, {}}, workspace) == status::ok);
    REQUIRE(plan.run(lhs, rhs, dyad::make_matrix(sums.data(), m, n), dyad::keep_sum{}, workspace) == status::ok);
    // With one zero point on the left, and one on the right: two vectors.
    std::vector<std::int32_t> rows = row_sums;
    std::vector<std::int32_t> columns = column_sums;
    dyad::zero_point_rows(make_vector<const std::int32_t>(rows.data(), m), w[0], make_vector(rows.data(), m));
    dyad::zero_point_columns(make_vector<const std::int32_t>(columns.data(), n), z[0], terms.rhs_zeros, k,
                             make_vector(columns.data(), n));
    for (index i = 0; i < m; ++i) {
        for (index j = 0; j < n; ++j) {
            std::int64_t expected = 0;
            for (index p = 0; p < k; ++p)
                expected += std::int64_t{lhs(i, p).raw() - terms.lhs_zeros(i)} * (rhs(p, j).raw() - terms.rhs_zeros(j));
            const auto at = static_cast<std::size_t>(i * n + j);
            cases.check(corrected[at] == expected, m, " x ", k, " x ", n, ": got ", corrected[at], ", expected ",
                        expected);
            if (left == zeros::each || right == zeros::each) continue;
            const auto by_vectors =
                std::int64_t{sums[at]} + rows[static_cast<std::size_t>(i)] + columns[static_cast<std::size_t>(j)];
            cases.check(by_vectors == expected, m, " x ", k, " x ", n, " by vectors: got ", by_vectors);
        }
    }
}

template <class A, class B>
void check_products(tally& cases) {
    std::mt19937_64 random(9);
    for (const std::array<index, 3> size : {std::array<index, 3>{1, 1, 1}, {3, 0, 2}, {5, 70, 33}, {17, 64, 150}})
        for (const zeros left : {zeros::none, zeros::one, zeros::each})
            for (const zeros right : {zeros::none, zeros::one, zeros::each})
                check_product<A, B>(cases, random, size, left, right);
}

TEST_CASE("zero points: one for all, one for each row and column") {
    tally cases("zero points");
    check_products<uinteger<8>, uinteger<8>>(cases);
    check_products<uinteger<8>, integer<8>>(cases);
    check_products<integer<8>, uinteger<8>>(cases);
    check_products<integer<8>, integer<8>>(cases);
}

/// An epilogue with a row form, which must give the same.
struct by_rows {
    [[nodiscard]] std::int32_t operator()(std::int32_t sum, index i, index j) const noexcept {
        return static_cast<std::int32_t>(sum + 1000 * i + j);
    }
    void run(dyad::instruction_set, const std::int32_t* sums, index i, index j, index count,
             std::int32_t* dst) const noexcept {
        for (index c = 0; c < count; ++c) dst[c] = (*this)(sums[c], i, j + c);
    }
};

TEST_CASE("with_zero_points: the row form gives the bits of the callable") {
    std::mt19937_64 random(3);
    constexpr index n = 128;
    std::vector<std::int32_t> numbers;
    for (index i = 0; i < 6 * n; ++i) numbers.push_back(static_cast<std::int32_t>(random()) / 2);
    const auto at = [&](index i) { return make_vector<const std::int32_t>(numbers.data() + i * n, n); };
    const dyad::with_zero_points<by_rows> epilogue{{100, at(0), at(1), at(2), at(3)}, {}};
    tally cases("rows of corrected sums");
    for (const index count : {0, 1, 7, 64, 128}) {
        std::vector<std::int32_t> dst(n, 5);
        epilogue.run(dyad::instruction_set::scalar, at(4).data, 3, n - count, count, dst.data());
        for (index c = 0; c < n; ++c) {
            const std::int32_t expected = c < count ? epilogue(at(4)(c), 3, n - count + c) : 5;
            cases.check(dst[static_cast<std::size_t>(c)] == expected, count, " sums, at ", c);
        }
    }
}

TEST_CASE("zero points: bounds and bad input") {
    static_assert(dyad::max_terms_of_differences<std::int32_t, integer<8>, integer<8>>() == 33025);
    static_assert(dyad::max_terms_of_differences<std::int32_t, uinteger<8>, integer<4>>(1000) ==
                  (0x7fff'ffffU - 1000U) / (255U * 15U));
    std::vector<integer<8>> codes(12);
    std::vector<std::int32_t> sums(4, 42);
    const auto m = dyad::make_matrix<const integer<8>>(codes.data(), 3, 4);
    const auto out = make_vector(sums.data(), 3);
    CHECK(dyad::sum_rows(matrix_view<const integer<8>>{codes.data(), {-1, 4}, {4, 1}}, out) == status::negative_extent);
    CHECK(dyad::sum_rows(m, make_vector(sums.data(), 4)) == status::extents_differ);
    CHECK(dyad::sum_rows(matrix_view<const integer<8>>{nullptr, {3, 4}, {4, 1}}, out) == status::src_null);
    CHECK(dyad::sum_rows(m, vector_view<std::int32_t>{nullptr, {3}, {1}}) == status::dst_null);
    CHECK(dyad::sum_rows(m, vector_view<std::int32_t>{sums.data(), {3}, {0}}) == status::dst_overlaps_itself);
    for (const std::int32_t x : sums) CHECK(x == 42);
    const auto vector = make_vector<const std::int32_t>(sums.data(), 3);
    const vector_view<const std::int32_t> none{nullptr, {3}, {1}};
    const auto check = [](const zero_point_terms& t) {
        return dyad::with_zero_points<dyad::keep_sum>{t, {}}.check(3, 3);
    };
    CHECK(check({4, vector, vector, vector, vector}) == status::ok);
    CHECK(check({4, none, vector, vector, vector}) == status::zero_points_null);
    CHECK(check({4, vector, vector, none, vector}) == status::zero_points_null);
    CHECK(check({4, vector, none, vector, vector}) == status::row_sums_null);
    CHECK(check({4, vector, vector, vector, none}) == status::row_sums_null);
    CHECK(check({4, make_vector<const std::int32_t>(sums.data(), 2), vector, vector, vector}) ==
          status::extents_differ);
    CHECK(check({4, vector, make_vector<const std::int32_t>(sums.data(), 2), vector, vector}) ==
          status::extents_differ);
    sums.assign(4, 0);
    CHECK(check({4, vector, none, vector, none}) == status::ok);  // nothing to correct
    // Without elements of dst nothing is looked at.
    const dyad::with_zero_points<dyad::keep_sum> nothing{{4, {}, {}, none, {}}, {}};
    CHECK(nothing.check(0, 3) == status::ok);
    const dyad::with_zero_points<dyad::keep_sum> nowhere{{4, none, {}, {}, {}}, {}};
    CHECK(nowhere.check(3, 0) == status::ok);
}

}  // namespace
