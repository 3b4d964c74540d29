// SPDX-License-Identifier: Apache-2.0
// Bulk add and multiply: the bits of the scalar operators, all pairs of codes of 8-bit formats, on every instruction
// set and in every floating-point environment.
#include <dyad/array/arithmetic.hpp>

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <dyad/number/fixed.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>

#include <bit>
#include <cfenv>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace {

using dyad::float_operation;
using dyad::status;
using dyad_test::tally;

template <float_operation Operation, class T>
void check_by_float(tally& cases, const std::vector<T>& lhs, const std::vector<T>& rhs) {
    std::vector<T> dst(lhs.size());
    std::vector<T> expected(lhs.size());
    for (std::size_t i = 0; i < lhs.size(); ++i) expected[i] = dyad::operate<Operation>(lhs[i], rhs[i]);
    for (const dyad::instruction_set isa : dyad_test::instruction_sets()) {
        dyad::operate_by_float<Operation>(isa, lhs.data(), rhs.data(), dst.data(), lhs.size());
        for (std::size_t i = 0; i < lhs.size(); ++i)
            cases.check(dst[i].bits() == expected[i].bits(), reference::name_of<T>(), " on ", to_string(isa),
                        Operation == float_operation::sum ? ", sum of " : ", product of ", lhs[i].bits(), " and ",
                        rhs[i].bits(), ": ", dst[i].bits(), ", expected ", expected[i].bits());
    }
}

template <class T>
void check_all_pairs(tally& cases) {
    std::vector<T> lhs;
    std::vector<T> rhs;
    for (const T x : reference::all_codes<T>()) {
        for (const T y : reference::all_codes<T>()) {
            lhs.push_back(x);
            rhs.push_back(y);
        }
    }
    check_by_float<float_operation::sum>(cases, lhs, rhs);
    check_by_float<float_operation::product>(cases, lhs, rhs);
}

/// Random codes, and pairs whose sums and products are near each other's ties and the bounds of the range.
template <class T>
void check_random_pairs(tally& cases) {
    static_assert(dyad::operates_by_float<T>);
    std::mt19937 random(11);
    std::vector<T> lhs;
    std::vector<T> rhs;
    for (int i = 0; i < 400'000; ++i) {
        const auto bits = static_cast<std::uint32_t>(random());
        lhs.push_back(T::from_bits(static_cast<typename T::bits_type>(bits & dyad::low_mask<std::uint32_t>(T::width))));
        const auto other = static_cast<std::uint32_t>(random());
        const std::uint32_t near = bits ^ (other & 0x83ff & dyad::low_mask<std::uint32_t>(T::width));
        rhs.push_back(T::from_bits(
            static_cast<typename T::bits_type>((i % 2 == 0 ? other : near) & dyad::low_mask<std::uint32_t>(T::width))));
    }
    check_by_float<float_operation::sum>(cases, lhs, rhs);
    check_by_float<float_operation::product>(cases, lhs, rhs);
    // Magnitudes near 1: every digit of the products counts, and none is too small for float.
    for (std::size_t i = 0; i < lhs.size(); ++i) {
        const auto wide = static_cast<std::int64_t>(random()) * static_cast<std::int64_t>(i % 2 == 0 ? 1 : -1);
        lhs[i] = dyad::convert<T>(static_cast<double>(wide) * 0x1p-31);
        rhs[i] = dyad::convert<T>(static_cast<double>(random()) * (i % 3 == 0 ? 0x1p-39 : 0x1p-30));
    }
    check_by_float<float_operation::sum>(cases, lhs, rhs);
    check_by_float<float_operation::product>(cases, lhs, rhs);
}

TEST_CASE("add and multiply: all pairs of 8-bit codes") {
    tally cases("sums and products");
    check_all_pairs<dyad::float8_e4m3fn>(cases);
    check_all_pairs<dyad::float8_e5m2>(cases);
    check_all_pairs<dyad::float8_e3m4>(cases);
    check_all_pairs<dyad::float8_e4m3fnuz>(cases);
    check_all_pairs<dyad::float8_e8m0fnu>(cases);
    check_all_pairs<dyad::float8_e5m3fnu>(cases);
    check_all_pairs<dyad::float6_e3m2fn>(cases);
    check_all_pairs<dyad::float4_e2m1fn>(cases);
    check_all_pairs<dyad::binary8p4se>(cases);
    check_all_pairs<dyad::binary8p1ue>(cases);
    check_all_pairs<dyad::minifloat<reference::float8_e4m3_flushed>>(cases);
}

TEST_CASE("add and multiply: 16-bit formats") {
    tally cases("sums and products of 16-bit formats");
    check_random_pairs<dyad::bfloat16>(cases);
    check_random_pairs<dyad::float16>(cases);
}

TEST_CASE("add and multiply: types that go one by one") {
    std::mt19937 random(12);
    std::vector<dyad::fixed<16, 8>> x(300);
    std::vector<dyad::fixed<16, 8>> y(300);
    std::vector<dyad::fixed<16, 8>> sum(300);
    std::vector<dyad::fixed<16, 8>> product(300);
    for (auto* numbers : {&x, &y}) {
        for (auto& number : *numbers) number = dyad::fixed<16, 8>::from_bits(static_cast<std::uint16_t>(random()));
    }
    using span = std::span<const dyad::fixed<16, 8>>;
    REQUIRE(dyad::add(span(x), span(y), std::span(sum)) == status::ok);
    REQUIRE(dyad::multiply(span(x), span(y), std::span(product)) == status::ok);
    for (std::size_t i = 0; i < x.size(); ++i) {
        CHECK(sum[i] == x[i] + y[i]);
        CHECK(product[i] == x[i] * y[i]);
    }
    const std::vector<double> third(5, 1.0 / 3);
    std::vector<double> doubled(5);
    REQUIRE(dyad::add(std::span<const double>(third), std::span<const double>(third), std::span(doubled)) ==
            status::ok);
    CHECK(doubled == std::vector<double>(5, 2.0 / 3));
}

TEST_CASE("add and multiply: in place, lengths, overlap") {
    using type = dyad::float8_e4m3fn;
    for (std::size_t n = 0; n < 200; ++n) {
        std::vector<type> x;
        std::vector<type> y;
        for (std::size_t i = 0; i < n + 1; ++i) {
            x.push_back(type::from_bits(static_cast<std::uint8_t>(i * 37)));
            y.push_back(type::from_bits(static_cast<std::uint8_t>(i * 91 + 5)));
        }
        std::vector<type> expected = y;
        for (std::size_t i = 0; i < n; ++i) expected[i] = x[i] * y[i];
        REQUIRE(dyad::multiply(std::span<const type>(x.data(), n), std::span<const type>(y.data(), n),
                               std::span(y.data(), n)) == status::ok);
        bool same = true;
        for (std::size_t i = 0; i <= n; ++i) same = same && y[i].bits() == expected[i].bits();
        CHECK(same);
    }
    std::vector<type> x(20, type(1.0f));
    const std::span<type> all(x);
    const std::span<const type> left(x.data(), 10);
    std::vector<type> other(10);
    CHECK(dyad::add(left, std::span<const type>(other), all) == status::extents_differ);
    CHECK(dyad::add(left, std::span<const type>(other), all.subspan(5, 10)) == status::dst_overlaps_lhs);
    CHECK(dyad::add(std::span<const type>(other), left, all.subspan(1, 10)) == status::dst_overlaps_rhs);
    CHECK(x[5].bits() == type(1.0f).bits());
}

TEST_CASE("add and multiply: any floating-point environment") {
    const auto run = [] {
        const std::vector<dyad::bfloat16> x = reference::all_codes<dyad::bfloat16>();
        std::vector<dyad::bfloat16> y = x;
        for (std::size_t i = 0; i < y.size(); ++i) y[i] = x[(i * 40503 + 7) % x.size()];
        std::vector<dyad::bfloat16> r(x.size());
        std::vector<std::uint16_t> codes;
        using span = std::span<const dyad::bfloat16>;
        REQUIRE(dyad::add(span(x), span(y), std::span(r)) == status::ok);
        for (const auto number : r) codes.push_back(number.bits());
        REQUIRE(dyad::multiply(span(x), span(y), std::span(r)) == status::ok);
        for (const auto number : r) codes.push_back(number.bits());
        return codes;
    };
    const auto expected = run();
    for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
        std::fesetround(mode);
        const bool same = run() == expected;
        std::fesetround(FE_TONEAREST);
        CHECK(same);
    }
}

}  // namespace
