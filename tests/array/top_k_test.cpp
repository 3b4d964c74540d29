// SPDX-License-Identifier: Apache-2.0
// argmax and top_k against a stable sort by value, for every kind of number, on every instruction set.
#include <dyad/array/top_k.hpp>

#include <doctest/doctest.h>

#include <dyad/number/minifloat.hpp>
#include <dyad/number/named_formats.hpp>

#include "support/instruction_sets.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace {

using dyad::index;
using dyad::integer;
using dyad::matrix_view;
using dyad::row_options;
using dyad::status;
using dyad::vector_view;
using dyad_test::tally;

/// A number as a long double, which holds those of all formats here, NaN above infinity.
struct sort_value {
    bool is_nan = false;
    long double number = 0;

    [[nodiscard]] bool above(const sort_value& y) const { return is_nan != y.is_nan ? is_nan : number > y.number; }
};
template <class T>
sort_value value_of(T x) {
    const auto u = dyad::unpack(x);
    if (u.kind == dyad::number_class::nan) return {true, 0};
    long double number = u.kind == dyad::number_class::infinity ? std::numeric_limits<long double>::infinity() : 0.0L;
    if (u.kind == dyad::number_class::finite) number = std::ldexp(static_cast<long double>(u.significand), u.exponent);
    return {false, u.negative ? -number : number};
}

std::vector<index> sorted(const std::vector<sort_value>& values) {
    std::vector<index> order(values.size());
    std::iota(order.begin(), order.end(), index{0});
    std::stable_sort(order.begin(), order.end(), [&](index i, index j) {
        return values[static_cast<std::size_t>(i)].above(values[static_cast<std::size_t>(j)]);
    });
    return order;
}
template <class T>
std::vector<index> sorted(const std::vector<T>& x) {
    std::vector<sort_value> values;
    for (const T y : x) values.push_back(value_of(y));
    return sorted(values);
}

template <class T>
T from_word(std::uint64_t r) {
    if constexpr (std::same_as<T, float>) return std::bit_cast<float>(static_cast<std::uint32_t>(r));
    else if constexpr (std::same_as<T, double>) return std::bit_cast<double>(r);
    else if constexpr (dyad::native_integer<T>) return static_cast<T>(r);
    else return T::from_bits(static_cast<typename T::bits_type>(r & dyad::low_mask<std::uint64_t>(T::width)));
}

/// Rows of all sorts: any codes, few different ones, rising, falling, equal; NaN, infinities and zeros of both signs.
template <class T>
std::vector<T> test_row(std::size_t n, int kind, std::mt19937_64& random) {
    std::vector<T> x;
    const std::uint64_t same = random();
    for (std::size_t i = 0; i < n; ++i) {
        const std::uint64_t r = random();
        x.push_back(from_word<T>(kind == 0 ? r : kind == 1 ? same : r % 3));
        if constexpr (dyad::native_float<T>) {
            constexpr T inf = std::numeric_limits<T>::infinity();
            constexpr T nan = std::numeric_limits<T>::quiet_NaN();
            constexpr T specials[] = {inf, -inf, T(0), -T(0), nan, -nan, T(1), -T(1)};
            // 2: no NaN; 3: all of them; 4: negative numbers and zeros; 5: -infinity, and NaN of negative sign.
            const auto choice = static_cast<std::size_t>(r >> 32);
            if (kind == 2) x.back() = static_cast<T>(static_cast<std::int64_t>(r % 2001) - 1000);
            if (kind == 3) x.back() = specials[choice % 8];
            if (kind == 4) x.back() = choice % 2 == 0 ? specials[2 + choice / 2 % 2] : -static_cast<T>(r % 7);
            if (kind == 5) x.back() = choice % 40 == 0 ? -nan : -inf;
        }
    }
    return x;
}

template <class T>
void check_rows(tally& cases, std::size_t longest) {
    std::mt19937_64 random(longest);
    for (const std::size_t n : {std::size_t{1}, std::size_t{2}, std::size_t{15}, std::size_t{16}, std::size_t{33},
                                std::size_t{64}, std::size_t{129}, std::size_t{300}, longest}) {
        for (int kind = 0; kind < 6; ++kind) {
            const std::vector<T> x = test_row<T>(n, kind, random);
            const std::vector<index> expected = sorted(x);
            const auto src = dyad::make_vector(x.data(), static_cast<index>(n));
            for (const auto isa : dyad_test::instruction_sets()) {
                index at = -1;
                REQUIRE(dyad::argmax(src, at, row_options{isa}) == status::ok);
                cases.check(at == expected[0], "argmax of ", n, " ", reference::name_of<T>(), " kind ", kind, ", ",
                            dyad::to_string(isa), ": ", at, " instead of ", expected[0]);
                for (const std::size_t k : {std::size_t{0}, std::size_t{1}, std::size_t{5}, n / 2, n}) {
                    if (k > n || (k > 5 && isa != dyad::instruction_set::avx2)) continue;
                    std::vector<index> where(k, -1);
                    REQUIRE(dyad::top_k(src, dyad::make_vector(where.data(), static_cast<index>(k)),
                                        row_options{isa}) == status::ok);
                    cases.check(std::equal(where.begin(), where.end(), expected.begin()), "top ", k, " of ", n, " ",
                                reference::name_of<T>(), " kind ", kind, ", ", dyad::to_string(isa));
                }
            }
        }
    }
}

TEST_CASE("argmax and top_k: a stable sort by value, NaN above all") {
    tally cases("rows");
    check_rows<integer<8>>(cases, 5000);
    check_rows<dyad::uinteger<8>>(cases, 2000);
    check_rows<integer<5>>(cases, 600);
    check_rows<dyad::fixed<16, 3>>(cases, 9000);
    check_rows<dyad::uinteger<16>>(cases, 2000);
    check_rows<float>(cases, 9000);
    check_rows<double>(cases, 700);
    check_rows<dyad::uinteger<64>>(cases, 700);
    check_rows<dyad::float8_e4m3fn>(cases, 700);
    check_rows<dyad::float8_e5m2fnuz>(cases, 700);
    check_rows<dyad::bfloat16>(cases, 700);
    check_rows<dyad::float8_e8m0fnu>(cases, 700);
}

TEST_CASE("argmax: every place of every length, beyond one piece") {
    tally cases("places");
    for (const auto isa : dyad_test::instruction_sets()) {
        for (std::size_t n = 1; n < 200; ++n) {
            std::vector<integer<8>> x(n, integer<8>::from_raw(-128));
            std::vector<float> y(n, -1.0f);
            for (std::size_t at = n; at-- > 0;) {
                // Falling indices: what was set before stays as an equal behind.
                x[at] = integer<8>::from_raw(-127);
                y[at] = -0.5f;
                index first = -1;
                index second = -1;
                REQUIRE(dyad::argmax(dyad::make_vector<const integer<8>>(x.data(), static_cast<index>(n)), first,
                                     row_options{isa}) == status::ok);
                REQUIRE(dyad::argmax(dyad::make_vector<const float>(y.data(), static_cast<index>(n)), second,
                                     row_options{isa}) == status::ok);
                const auto right = static_cast<index>(at);
                cases.check(first == right && second == right, "length ", n, ", place ", at, ", ",
                            dyad::to_string(isa));
            }
        }
        std::vector<float> large(20000, -std::numeric_limits<float>::infinity());
        for (const std::size_t at : {19999u, 16384u, 8192u, 4097u, 4096u, 4095u, 77u}) {
            large[at] = 3;
            index where = -1;
            REQUIRE(dyad::argmax(dyad::make_vector<const float>(large.data(), 20000), where, row_options{isa}) ==
                    status::ok);
            cases.check(where == static_cast<index>(at), "place ", at, " of 20000, ", dyad::to_string(isa));
        }
    }
}

TEST_CASE("argmax and top_k: matrices and strides") {
    std::mt19937_64 random(5);
    std::vector<integer<16>> memory;
    for (int i = 0; i < 4000; ++i) memory.push_back(from_word<integer<16>>(random() % 50));
    for (const matrix_view<const integer<16>> src :
         {matrix_view<const integer<16>>{memory.data(), {7, 90}, {90, 1}},
          matrix_view<const integer<16>>{memory.data(), {7, 90}, {500, 3}},
          matrix_view<const integer<16>>{memory.data(), {7, 90}, {1, 7}},
          matrix_view<const integer<16>>{memory.data() + 3999, {7, 90}, {-90, -1}},
          matrix_view<const integer<16>>{memory.data(), {7, 90}, {0, 1}}}) {
        std::vector<index> first(21, -1);
        std::vector<index> best(7 * 20, -1);
        REQUIRE(dyad::argmax(src, vector_view<index>{first.data(), {7}, {3}}) == status::ok);
        const matrix_view<index> where{best.data(), {7, 10}, {20, 2}};
        REQUIRE(dyad::top_k(src, where) == status::ok);
        for (index r = 0; r < 7; ++r) {
            std::vector<integer<16>> x;
            for (index j = 0; j < 90; ++j) x.push_back(src(r, j));
            const auto expected = sorted(x);
            CHECK(first[static_cast<std::size_t>(3 * r)] == expected[0]);
            for (index j = 0; j < 10; ++j) CHECK(where(r, j) == expected[static_cast<std::size_t>(j)]);
        }
        CHECK(first[1] == -1);
        CHECK(best[1] == -1);
    }
}

TEST_CASE("argmax and top_k: bad input") {
    std::vector<float> x(32, 1.0f);
    std::vector<index> where(32, -7);
    const auto src = dyad::make_vector<const float>(x.data(), 32);
    const auto matrix = dyad::make_matrix<const float>(x.data(), 4, 8);
    const auto view = dyad::make_vector(where.data(), index{32});
    index at = -7;
    CHECK(dyad::argmax(dyad::make_vector<const float>(x.data(), 0), at) == status::elements_too_few);
    CHECK(dyad::argmax(dyad::make_vector<const float>(x.data(), -1), at) == status::negative_extent);
    CHECK(dyad::argmax(dyad::make_vector<const float>(nullptr, 3), at) == status::src_null);
    CHECK(dyad::argmax(matrix, dyad::make_vector(where.data(), index{3})) == status::extents_differ);
    CHECK(dyad::argmax(matrix, vector_view<index>{where.data(), {4}, {0}}) == status::dst_overlaps_itself);
    CHECK(dyad::argmax(matrix, dyad::make_vector<index>(nullptr, 4)) == status::dst_null);
    CHECK(dyad::top_k(dyad::make_vector<const float>(x.data(), 31), view) == status::elements_too_few);
    CHECK(dyad::top_k(matrix, dyad::make_matrix(where.data(), index{4}, index{-1})) == status::negative_extent);
    CHECK(dyad::top_k(matrix, dyad::make_matrix(where.data(), index{3}, index{2})) == status::extents_differ);
    CHECK(dyad::top_k(matrix, matrix_view<index>{where.data(), {4, 2}, {1, 1}}) == status::dst_overlaps_itself);
    CHECK(dyad::top_k(src, dyad::make_vector<index>(nullptr, 3)) == status::dst_null);
    CHECK(dyad::top_k(src, dyad::make_vector<index>(nullptr, 0)) == status::ok);
    // None of each of very many rows: at once.
    constexpr index many = index{1} << 62;
    CHECK(dyad::top_k(matrix_view<const float>{x.data(), {many, 8}, {0, 1}},
                      matrix_view<index>{where.data(), {many, 0}, {1, 1}}) == status::ok);
    CHECK(dyad::top_k(dyad::make_vector<const std::int8_t>(reinterpret_cast<const std::int8_t*>(where.data()), 64),
                      view) == status::dst_overlaps_src);
    CHECK(at == -7);
    for (const index i : where) CHECK(i == -7);
}

}  // namespace
