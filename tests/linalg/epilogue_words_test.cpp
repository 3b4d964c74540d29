// SPDX-License-Identifier: Apache-2.0
// Integer stages of epilogues: their formulas, and their rows against their calls.
#include <dyad/linalg/epilogue_words.hpp>

#include <doctest/doctest.h>

#include <dyad/math/scalar_function.hpp>
#include <dyad/number/fixed.hpp>

#include "support/epilogue_check.hpp"
#include "support/tally.hpp"

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using dyad::index;
using dyad::integer;
using dyad::multiplier;
using dyad::requantization;
using dyad::status;
using dyad_test::strided;
using dyad_test::tally;

constexpr std::int32_t least = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max();

struct inputs {
    std::mt19937_64 random{5};
    [[nodiscard]] std::int32_t word() {
        switch (random() % 6) {
            case 0: return least;
            case 1: return most;
            default: return static_cast<std::int32_t>(static_cast<std::uint32_t>(random())) >> (random() % 30);
        }
    }
    [[nodiscard]] multiplier factor() {
        return {static_cast<std::int32_t>(random() & 0x7fff'ffff), -static_cast<int>(random() % 66)};
    }
};

/// Rows of every stage, for every number of columns and every kind of stride.
TEST_CASE("integer stages: rows are the calls") {
    tally cases("rows of integer stages");
    inputs in;
    const auto word = [&in] { return in.word(); };
    const auto factor = [&in] { return in.factor(); };
    const index rows = 2;
    for (index n = 0; n <= 70; ++n) {
        for (const index stride : {1, 0, 3, -2}) {
            const index column = n % 4;
            const index row = 1;
            std::vector<std::int32_t> sums(static_cast<std::size_t>(rows * n));
            for (auto& x : sums) x = word();
            const strided<std::int32_t> columns(n + column, stride, word);
            const strided<std::int32_t> of_rows(rows + row, stride, word);
            const strided<multiplier> by_columns(n + column, stride, factor);
            const strided<multiplier> by_rows(rows + row, stride, factor);
            const auto check = [&](const char* name, const auto& stage) {
                dyad_test::check_forms<std::int32_t>(cases, name, stage, sums, rows, n, row, column);
            };
            check("add_bias", dyad::add_bias{columns.view()});
            check("add_terms", dyad::add_terms{of_rows.view(), columns.view(), word()});
            check("add_row_products", dyad::add_row_products{of_rows.view(), columns.view()});
            check("clamp_words_between", dyad::clamp_words_between{-1000, 70'000});
            check("relu", dyad::clamp_words_between{0});
            const auto mode = static_cast<requantization>(in.random() % 3);
            check("scale_dyadic", dyad::scale_dyadic{by_columns.view(), mode});
            check("scale_rows_dyadic", dyad::scale_rows_dyadic{by_rows.view(), mode});
        }
    }
}

TEST_CASE("integer stages: formulas") {
    const std::int32_t columns[] = {10, -20, most};
    const std::int32_t rows[] = {3, -4};
    const auto of_columns = dyad::make_vector(columns, 3);
    const auto of_rows = dyad::make_vector(rows, 2);
    CHECK(dyad::add_bias{of_columns}(5, 0, 1) == -15);
    CHECK(dyad::add_bias{of_columns}(1, 0, 2) == least);  // modulo 2^32
    CHECK(dyad::add_terms{of_rows, of_columns, 100}(5, 1, 0) == 5 - 4 + 10 + 100);
    CHECK(dyad::add_row_products{of_rows, of_columns}(5, 1, 1) == 5 + 80);
    CHECK(dyad::shift_right_by{2}(6, 0, 0) == 2);
    CHECK(dyad::shift_right_by{2, dyad::rounding::nearest_away}(-6, 0, 0) == -2);
    CHECK(dyad::shift_right_by{31, dyad::rounding::toward_negative}(-1, 0, 0) == -1);
    CHECK(dyad::clamp_words_between{-3, 4}(5, 0, 0) == 4);
    CHECK(dyad::to_codes<dyad::uinteger<8>>{128}(-129, 0, 0).raw() == 0);
    CHECK(dyad::to_codes<integer<8>>{-3}(most, 0, 0).raw() == 127);
    const multiplier half{1 << 30, -31};
    CHECK(dyad::scale_dyadic{{&half, {1}, {0}}}(7, 0, 9) == 4);
}

TEST_CASE("zero points: the terms make the product of the codes less their zero points") {
    tally cases("zero points");
    std::mt19937_64 random(3);
    constexpr index m = 4;
    constexpr index n = 5;
    constexpr index k = 37;
    for (int repetition = 0; repetition < 50; ++repetition) {
        std::int32_t lhs[m][k];
        std::int32_t rhs[k][n];
        std::int32_t of_rows[m] = {};
        std::int32_t of_columns[n] = {};
        const std::int32_t a = static_cast<std::int32_t>(random() % 256) - 128;
        const std::int32_t b = static_cast<std::int32_t>(random() % 256) - 128;
        for (index p = 0; p < k; ++p) {
            for (index i = 0; i < m; ++i) lhs[i][p] = static_cast<std::int32_t>(random() % 256) - 128;
            for (index j = 0; j < n; ++j) rhs[p][j] = static_cast<std::int32_t>(random() % 256) - 128;
            for (index i = 0; i < m; ++i) of_rows[i] -= b * lhs[i][p];
            for (index j = 0; j < n; ++j) of_columns[j] -= a * rhs[p][j];
        }
        const dyad::add_terms stage{dyad::as_const(dyad::make_vector(of_rows, m)),
                                    dyad::as_const(dyad::make_vector(of_columns, n)), static_cast<int>(k) * a * b};
        for (index i = 0; i < m; ++i) {
            for (index j = 0; j < n; ++j) {
                std::int32_t codes = 0;
                std::int32_t expected = 0;
                for (index p = 0; p < k; ++p) {
                    codes += lhs[i][p] * rhs[p][j];
                    expected += (lhs[i][p] - a) * (rhs[p][j] - b);
                }
                cases.check(stage(codes, i, j) == expected, "zero points ", a, " and ", b);
            }
        }
    }
}

TEST_CASE("add_residual_dyadic: the residual in the sum's units, rounded once by itself") {
    tally cases("add_residual_dyadic");
    inputs in;
    integer<8> codes[6];
    for (int i = 0; i < 6; ++i) codes[i] = integer<8>::from_raw(static_cast<std::int8_t>(41 * i - 120));
    for (int i = 0; i < 2000; ++i) {
        const multiplier m{(1 << 30) + static_cast<std::int32_t>(in.random() % (1 << 30)),
                           -25 - static_cast<int>(in.random() % 20)};
        const std::int32_t zero = static_cast<std::int32_t>(in.random() % 20) - 10;
        const dyad::add_residual_dyadic<integer<8>> stage{
            {codes, {2, 3}, {3, 1}}, m, requantization::single_half_up, zero, 12};
        const auto row = static_cast<index>(in.random() % 2);
        const auto column = static_cast<index>(in.random() % 3);
        const std::int32_t x = static_cast<std::int32_t>(in.random() % 200'001) - 100'000;
        const std::int64_t raised = (std::int64_t{codes[3 * row + column].raw()} - zero) * 4096;
        const std::int64_t rounded = (raised * m.significand + (std::int64_t{1} << (-m.exponent - 1))) >> -m.exponent;
        cases.check(stage(x, row, column) == x + rounded, "x ", x, " raised ", raised);
    }
}

TEST_CASE("through_table: rows are the calls") {
    tally cases("through_table");
    const auto gelu =
        dyad::tabulate<integer<8>, integer<8>>(dyad::scalar_function::gelu, dyad::function_scales::from(0.05, 0.04));
    const dyad::through_table<integer<8>, integer<8>> stage{&gelu};
    for (index n = 0; n <= 70; ++n) {
        std::vector<integer<8>> codes(static_cast<std::size_t>(n));
        for (index j = 0; j < n; ++j)
            codes[static_cast<std::size_t>(j)] = integer<8>::from_raw(static_cast<std::int8_t>(37 * j));
        dyad_test::check_forms<integer<8>>(cases, "gelu", stage, codes, 1, n, 0, 0);
    }
    CHECK(stage.check(3, 4) == status::ok);
    const dyad::function_table<integer<8>, integer<8>> unset;
    CHECK(dyad::through_table<integer<8>, integer<8>>{&unset}.check(3, 4) == status::table_missing);
    CHECK(dyad::through_table<integer<8>, integer<8>>{}.check(3, 4) == status::table_missing);
}

TEST_CASE("integer stages: what their checks find") {
    const std::int32_t words[4] = {};
    const multiplier factors[4] = {};
    const auto four = dyad::make_vector(words, 4);
    const dyad::vector_view<const std::int32_t> none;
    CHECK(dyad::add_bias{four}.check(9, 4) == status::ok);
    CHECK(dyad::add_bias{four}.check(9, 5) == status::extents_differ);
    CHECK(dyad::add_bias{none}.check(9, 5) == status::bias_null);
    CHECK(dyad::add_terms{four, four}.check(4, 4) == status::ok);
    CHECK(dyad::add_terms{four, four}.check(5, 4) == status::extents_differ);
    CHECK(dyad::add_terms{none, four}.check(4, 4) == status::row_sums_null);
    CHECK(dyad::add_row_products{four, none}.check(4, 4) == status::row_sums_null);
    CHECK(dyad::shift_right_by{-1}.check(4, 4) == status::bits_out_of_range);
    CHECK(dyad::scale_dyadic{dyad::make_vector(factors, 4)}.check(9, 4) == status::ok);
    CHECK(dyad::scale_dyadic{dyad::make_vector(factors, 4)}.check(4, 9) == status::extents_differ);
    CHECK(dyad::scale_dyadic{}.check(4, 9) == status::scales_null);
    CHECK(dyad::scale_rows_dyadic{dyad::make_vector(factors, 4)}.check(4, 9) == status::ok);
    CHECK(dyad::scale_rows_dyadic{dyad::make_vector(factors, 4)}.check(9, 4) == status::extents_differ);
    const integer<8> codes[6] = {};
    using residual = dyad::add_residual_dyadic<integer<8>>;
    CHECK(residual{{codes, {2, 3}, {3, 1}}, {}}.check(2, 3) == status::ok);
    CHECK(residual{{codes, {2, 3}, {3, 1}}, {}}.check(3, 2) == status::residual_differs);
    CHECK(residual{{nullptr, {2, 3}, {3, 1}}, {}}.check(2, 3) == status::residual_null);
    CHECK(residual{{codes, {2, 3}, {3, 1}}, {}, {}, 0, 31}.check(2, 3) == status::bits_out_of_range);
}

}  // namespace
