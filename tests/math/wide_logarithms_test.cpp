// SPDX-License-Identifier: Apache-2.0
// The logarithms within their bound, over all magnitudes and next to 1; exact for the powers of their base.
#include <dyad/math/wide_logarithms.hpp>

#include <doctest/doctest.h>

#include "support/wide_check.hpp"

namespace {

using dyad::unpacked_wide;
using dyad_test::check_wide;
using dyad_test::operand_sign;
using reference::function;

TEST_CASE("relative errors") {
    auto operands = dyad_test::wide_operands(2000, -3, 3, operand_sign::positive);
    for (const auto& x : dyad_test::wide_operands(500, -1100, 1100, operand_sign::positive)) operands.push_back(x);
    // 1 +- what 64 digits can hold.
    for (int k = 1; k < 63; ++k) {
        operands.push_back(unpacked_wide::finite(false, (dyad::uint128_t{1} << k) + 1, -k));
        operands.push_back(unpacked_wide::finite(false, (dyad::uint128_t{1} << k) - 1, -k));
    }
    std::erase_if(operands, [](const unpacked_wide& x) { return compare(x, dyad::wide_one) == 0; });
    check_wide(function::log, dyad::log_wide, operands, -120.0);
    check_wide(function::log2, dyad::log2_wide, operands, -120.0);
    check_wide(function::log10, dyad::log10_wide, operands, -120.0);
    check_wide(function::log1p, dyad::log1p_wide, operands, -120.0);
    check_wide(function::log1p, dyad::log1p_wide, dyad_test::wide_operands(2000, -30, -1, operand_sign::both), -120.0);
    check_wide(function::log1p, dyad::log1p_wide, dyad_test::wide_operands(200, -140, -30, operand_sign::both), -120.0);
}

TEST_CASE("powers of the base are exact") {
    for (int n = -1100; n <= 1100; ++n) {
        const auto got = dyad::log2_wide(unpacked_wide::finite(false, 4, n - 2));
        CHECK(got ==
              unpacked_wide::finite(n < 0, static_cast<dyad::uint128_t>(static_cast<unsigned>(n < 0 ? -n : n)), 0));
    }
    dyad::uint128_t five_to_n = 1;
    for (unsigned n = 0; n <= 27; ++n, five_to_n *= 5) {
        const auto power = unpacked_wide::finite(false, five_to_n, static_cast<int>(n));
        CHECK(dyad::log10_wide(power) == unpacked_wide::finite(false, n, 0));
        // 5^n times another power of two is no power of ten.
        if (n > 0) CHECK(dyad::log10_wide(dyad::scaled_by_power(power, 1)).exponent < 0);
    }
}

TEST_CASE("zeros, negative numbers, infinities, NaN") {
    const auto invalid = dyad::invalid<dyad::uint128_t>();
    const auto infinity = unpacked_wide::infinity(false);
    const auto minus_infinity = unpacked_wide::infinity(true);
    const auto minus_one = dyad::negated(dyad::wide_one);
    for (const auto f : {dyad::log_wide, dyad::log2_wide, dyad::log10_wide}) {
        CHECK(f(unpacked_wide::zero(false)) == minus_infinity);
        CHECK(f(unpacked_wide::zero(true)) == minus_infinity);
        CHECK(f(dyad::wide_one).kind == dyad::number_class::zero);
        CHECK(!f(dyad::wide_one).negative);
        CHECK(f(minus_one) == invalid);
        CHECK(f(infinity) == infinity);
        CHECK(f(minus_infinity) == invalid);
        CHECK(f(unpacked_wide::nan(false, 1)) == quieted(unpacked_wide::nan(false, 1)));
    }
    CHECK(dyad::log1p_wide(unpacked_wide::zero(true)) == unpacked_wide::zero(true));
    CHECK(dyad::log1p_wide(minus_one) == minus_infinity);
    CHECK(dyad::log1p_wide(unpacked_wide::finite(true, 3, -1)) == invalid);
    CHECK(dyad::log1p_wide(infinity) == infinity);
    CHECK(dyad::log1p_wide(minus_infinity) == invalid);
    for (const int exponent : {-40, -70, -120, -200, -2000}) {
        const auto tiny = unpacked_wide::finite(false, 3, exponent);
        CHECK(compare(dyad::log1p_wide(tiny), tiny) < 0);
        CHECK(compare(dyad::log1p_wide(dyad::negated(tiny)), dyad::negated(tiny)) < 0);
    }
}

}  // namespace
