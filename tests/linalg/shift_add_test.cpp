// SPDX-License-Identifier: Apache-2.0
// shift_add: tables against the definition, and this against sums in exact integers; extreme codes and exponents; bad
// calls.
#include <dyad/linalg/shift_add.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace {

using dyad::binary_coded_weights;
using dyad::index;
using dyad::integer;
using dyad::shift_add_plan;
using dyad::signed_power;
using dyad::status;
using dyad_test::cpp_int;
using dyad_test::tally;

struct backwards {
    template <class F>
    void operator()(index n, F&& f) const {
        for (index i = n - 1; i >= 0; --i) f(i);
    }
};

enum class contents { random, extremes };

struct problem {
    std::vector<integer<8>> x;
    std::vector<std::uint8_t> codes;
    std::vector<signed_power> powers;
    binary_coded_weights weights;

    problem(index m, index k, index n, index bases, index group, int spread, contents c, std::mt19937_64& random) {
        weights = {n, k, bases, group, nullptr, nullptr};
        for (index i = 0; i < m * k; ++i)
            x.push_back(
                integer<8>::from_raw(c == contents::extremes ? std::int8_t{-128} : static_cast<std::int8_t>(random())));
        for (index i = 0; i < n * bases * weights.row_bytes(); ++i)
            codes.push_back(c == contents::extremes ? std::uint8_t{255} : static_cast<std::uint8_t>(random()));
        for (index i = 0; i < n * bases * weights.groups(); ++i) {
            const int e =
                c == contents::extremes ? spread : static_cast<int>(random() % static_cast<unsigned>(spread + 1));
            powers.push_back({static_cast<std::int8_t>(e - 20), static_cast<std::uint8_t>(random() % 2)});
        }
        if (!powers.empty()) powers[0].exponent = -20;
        weights.codes = codes.data();
        weights.powers = powers.data();
    }
};

/// y * 2^-unit, in exact integers.
cpp_int exact(const problem& p, index r, index j, int unit) {
    cpp_int sum = 0;
    for (index i = 0; i < p.weights.bases; ++i) {
        for (index l = 0; l < p.weights.k; ++l) {
            const auto power = p.weights.power(j, i, l / p.weights.group_k());
            const bool set =
                (p.codes[static_cast<std::size_t>((j * p.weights.bases + i) * p.weights.row_bytes() + l / 8)] >>
                     (l % 8) &
                 1) != 0;
            cpp_int term = p.x[static_cast<std::size_t>(r * p.weights.k + l)].raw();
            term <<= power.exponent - unit;
            if (set != (power.negative == 0)) term = -term;
            sum += term;
        }
    }
    return sum;
}

void compare(tally& t, index m, index k, index n, index bases, index group, int spread, contents c,
             std::mt19937_64& random) {
    const problem p(m, k, n, bases, group, spread, c, random);
    shift_add_plan plan;
    auto s = shift_add_plan::make(m, p.weights, plan);
    std::vector<std::byte> workspace(plan.workspace_bytes());
    std::vector<std::int64_t> y(static_cast<std::size_t>(m * n), -7);
    auto plain = y;
    const auto x = dyad::make_matrix(p.x.data(), m, k);
    if (s == status::ok) s = plan.run(x, dyad::make_matrix(y.data(), m, n), workspace, backwards{});
    dyad::shift_add_plain(x, p.weights, plan.range(), dyad::make_matrix(plain.data(), m, n));
    bool right = s == status::ok && y == plain;
    for (index r = 0; r < m && right; ++r) {
        for (index j = 0; j < n && right; ++j)
            right = exact(p, r, j, plan.range().unit) == plain[static_cast<std::size_t>(r * n + j)];
    }
    t.check(right, dyad::to_string(s), " m ", m, " k ", k, " n ", n, " bases ", bases, " group ", group, " spread ",
            spread);
}

TEST_CASE("tables give the definition") {
    tally t("shift and add");
    std::mt19937_64 random(1);
    for (index i = 0; i <= 70; ++i) {
        compare(t, 1 + i % 8, i, 1 + i * 37 % 23, 1 + i % 4, 0, 12, contents::random, random);
        compare(t, 1, 1 + i * 29 % 70, i % 5, 3, 8, 30, contents::random, random);
    }
    for (const index k : {127, 128, 129, 130, 257}) {
        compare(t, 2, k, 3, 2, 128, 20, contents::random, random);
        compare(t, 2, k, 3, 3, 32, 20, contents::random, random);
    }
    // The largest sums of the bound: 2 * 127 terms, spread + 7 + 8 = 63.
    compare(t, 1, 127, 3, 2, 0, 48, contents::extremes, random);
    compare(t, 0, 5, 3, 2, 0, 4, contents::random, random);
}

TEST_CASE("exponents too far apart") {
    std::mt19937_64 random(1);
    problem p(1, 127, 1, 2, 0, 0, contents::extremes, random);
    shift_add_plan plan;
    p.powers[1].exponent = -20 + 48;
    CHECK(shift_add_plan::make(1, p.weights, plan) == status::ok);
    CHECK(plan.range().unit == -20);
    CHECK(plan.range().spread == 48);
    p.powers[1].exponent = -20 + 49;
    CHECK(shift_add_plan::make(1, p.weights, plan) == status::exponent_out_of_range);
    p.powers = {{-128, 0}, {127, 1}};
    p.weights.powers = p.powers.data();
    CHECK(shift_add_plan::make(1, p.weights, plan) == status::exponent_out_of_range);
}

TEST_CASE("bad calls") {
    std::mt19937_64 random(1);
    problem p(2, 16, 3, 2, 8, 4, contents::random, random);
    shift_add_plan plan;
    auto bad = p.weights;
    bad.k = -1;
    CHECK(shift_add_plan::make(2, bad, plan) == status::negative_extent);
    bad = p.weights;
    bad.group = 12;
    CHECK(shift_add_plan::make(2, bad, plan) == status::tile_not_positive);
    bad = p.weights;
    bad.codes = nullptr;
    CHECK(shift_add_plan::make(2, bad, plan) == status::rhs_null);
    bad = p.weights;
    bad.powers = nullptr;
    CHECK(shift_add_plan::make(2, bad, plan) == status::scales_null);
    bad = p.weights;
    bad.n = index{1} << 60;
    CHECK(shift_add_plan::make(2, bad, plan) == status::k_exceeds_accumulator);

    REQUIRE(shift_add_plan::make(2, p.weights, plan) == status::ok);
    std::vector<std::byte> workspace(plan.workspace_bytes());
    std::vector<std::int64_t> y(6, -7);
    const auto x = dyad::make_matrix(static_cast<const integer<8>*>(p.x.data()), 2, 16);
    const auto dst = dyad::make_matrix(y.data(), 2, 3);
    CHECK(plan.run(dyad::row_block(x, 0, 1), dst, workspace) == status::lhs_rows_differ);
    CHECK(plan.run(dyad::column_block(x, 0, 8), dst, workspace) == status::lhs_columns_differ);
    CHECK(plan.run(x, dyad::row_block(dst, 0, 1), workspace) == status::dst_rows_differ);
    CHECK(plan.run(x, dyad::column_block(dst, 0, 1), workspace) == status::dst_columns_differ);
    CHECK(plan.run({nullptr, {2, 16}, {16, 1}}, dst, workspace) == status::lhs_null);
    CHECK(plan.run(x, {nullptr, {2, 3}, {3, 1}}, workspace) == status::dst_null);
    CHECK(plan.run(x, {y.data(), {2, 3}, {0, 1}}, workspace) == status::dst_overlaps_itself);
    CHECK(plan.run(x, dst, std::span(workspace).first(100)) == status::workspace_too_small);
    const auto of_y = std::as_writable_bytes(std::span(y));
    CHECK(plan.run({reinterpret_cast<const integer<8>*>(y.data()), {2, 16}, {16, 1}}, dst, workspace) ==
          status::dst_overlaps_lhs);
    CHECK(of_y.size() == 48);
    for (const auto sum : y) CHECK(sum == -7);
    CHECK(plan.run(x, dst, workspace) == status::ok);
}

}  // namespace
