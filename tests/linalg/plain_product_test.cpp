// SPDX-License-Identifier: Apache-2.0
// plain_product: dyadic numbers, multiprecision, wide fixed-point; bad input.
#include <dyad/linalg/plain_product.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <vector>

#include <dyad/linalg/epilogue.hpp>
#include <dyad/number/dyadic.hpp>
#include <dyad/number/wide_fixed.hpp>

#include <boost/multiprecision/cpp_int.hpp>

namespace {

using boost::multiprecision::cpp_int;
using boost::multiprecision::cpp_rational;
using dyad::index;
using dyad::status;
using number = dyad::dyadic<40>;

cpp_rational value(const number& x) {
    const cpp_int power = cpp_int(1) << (x.exponent < 0 ? -x.exponent : x.exponent);
    return x.exponent < 0 ? cpp_rational(x.significand, power) : cpp_rational(cpp_int(x.significand) * power);
}

TEST_CASE("plain_product: dyadic numbers, each product and sum rounded by the caller's own step") {
    constexpr index m = 3;
    constexpr index k = 7;
    constexpr index n = 4;
    std::vector<number> lhs;
    std::vector<number> rhs;
    for (int i = 0; i < m * k; ++i) lhs.push_back({1000003 * (i - 9), -10 + i % 5});
    for (int i = 0; i < k * n; ++i) rhs.push_back({777767 * (12 - i), -4 - i % 3});
    std::vector<cpp_rational> dst(m * n, cpp_rational(99));
    // Exactly: products of dyadics in rationals.
    const auto step = [](const cpp_rational& sum, const number& a, const number& b) {
        return cpp_rational(sum + value(a) * value(b));
    };
    REQUIRE(dyad::plain_product(dyad::as_const(dyad::make_matrix(lhs.data(), m, k)),
                                dyad::as_const(dyad::make_matrix(rhs.data(), k, n)), cpp_rational(0),
                                dyad::make_matrix(dst.data(), m, n), dyad::keep_sum{}, step) == status::ok);
    for (index i = 0; i < m; ++i) {
        for (index j = 0; j < n; ++j) {
            cpp_rational sum = 0;
            for (index l = 0; l < k; ++l)
                sum +=
                    value(lhs[static_cast<std::size_t>(i * k + l)]) * value(rhs[static_cast<std::size_t>(l * n + j)]);
            CHECK(dst[static_cast<std::size_t>(i * n + j)] == sum);
        }
    }
}

TEST_CASE("plain_product: multiprecision and wide fixed-point by their operators, rows in any order") {
    using wide = dyad::fixed<200, 100>;
    const std::vector<wide> lhs{wide(1.5), wide(-2.25), wide(0x1p-60), wide(3)};
    const std::vector<wide> rhs{wide(4), wide(-1), wide(0x1p-40), wide(8)};
    std::vector<wide> dst(4, wide(7));
    const auto backwards = [](index tasks, const std::function<void(index)>& task) {
        for (index t = tasks - 1; t >= 0; --t) task(t);
    };
    REQUIRE(dyad::plain_product(dyad::make_matrix(lhs.data(), 2, 2), dyad::make_matrix(rhs.data(), 2, 2), wide(0),
                                dyad::make_matrix(dst.data(), 2, 2), dyad::keep_sum{}, dyad::add_product{},
                                backwards) == status::ok);
    CHECK(dst[0] == wide(1.5) * wide(4) + wide(-2.25) * wide(0x1p-40));
    CHECK(dst[3] == wide(0x1p-60) * wide(-1) + wide(3) * wide(8));

    const std::vector<cpp_int> row{cpp_int(1) << 300, 5};
    const std::vector<cpp_int> column{3, cpp_int(-1) << 200};
    std::vector<cpp_int> one(1);
    REQUIRE(dyad::plain_product(dyad::make_matrix(row.data(), 1, 2), dyad::make_matrix(column.data(), 2, 1), cpp_int(0),
                                dyad::make_matrix(one.data(), 1, 1), dyad::keep_sum{},
                                [](const cpp_int& sum, const cpp_int& a, const cpp_int& b) {
                                    return cpp_int(sum + a * b);
                                }) == status::ok);
    CHECK(one[0] == (cpp_int(3) << 300) - (cpp_int(5) << 200));
}

TEST_CASE("plain_product: each fault has its status, and nothing is written") {
    std::vector<std::int64_t> x(20, 1);
    std::vector<std::int64_t> out(20, 42);
    const auto run = [&](dyad::matrix_view<const std::int64_t> lhs, dyad::matrix_view<const std::int64_t> rhs,
                         dyad::matrix_view<std::int64_t> dst) {
        return dyad::plain_product(lhs, rhs, std::int64_t{0}, dst, dyad::keep_sum{});
    };
    const auto a = dyad::as_const(dyad::make_matrix(x.data(), 2, 3));
    const auto b = dyad::as_const(dyad::make_matrix(x.data(), 3, 4));
    const auto c = dyad::make_matrix(out.data(), 2, 4);
    CHECK(run(a, dyad::row_block(b, 0, 2), c) == status::rhs_rows_differ);
    CHECK(run(a, b, dyad::row_block(c, 0, 1)) == status::dst_rows_differ);
    CHECK(run(a, b, dyad::column_block(c, 0, 3)) == status::dst_columns_differ);
    CHECK(run({nullptr, {2, 3}, {3, 1}}, b, c) == status::lhs_null);
    CHECK(run(a, {nullptr, {3, 4}, {4, 1}}, c) == status::rhs_null);
    CHECK(run(a, b, {nullptr, {2, 4}, {4, 1}}) == status::dst_null);
    CHECK(run(a, b, {out.data(), {2, 4}, {0, 1}}) == status::dst_overlaps_itself);
    CHECK(run(dyad::as_const(dyad::make_matrix(out.data(), 2, 3)), b, c) == status::dst_overlaps_lhs);
    CHECK(run(a, dyad::as_const(dyad::make_matrix(out.data(), 3, 4)), c) == status::dst_overlaps_rhs);
    CHECK(run({x.data(), {-1, 3}, {3, 1}}, b, c) == status::negative_extent);
    CHECK(out == std::vector<std::int64_t>(20, 42));
    CHECK(run(a, b, c) == status::ok);
    CHECK(out[7] == 3);
    CHECK(out[8] == 42);
}

}  // namespace
