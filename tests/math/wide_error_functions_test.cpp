// SPDX-License-Identifier: Apache-2.0
// erf and erfc within their bounds, on both sides of where the method changes.
#include <dyad/math/wide_error_functions.hpp>

#include <doctest/doctest.h>

#include "support/wide_check.hpp"

namespace {

using dyad::unpacked_wide;
using dyad_test::check_wide;
using dyad_test::operand_sign;
using reference::function;

TEST_CASE("relative errors where the results are not all but 0 or 1") {
    auto operands = dyad_test::wide_operands(500, -6, 2, operand_sign::both);
    for (const auto& x : dyad_test::wide_operands(200, -140, -7, operand_sign::both)) operands.push_back(x);
    // 2 - 2^-62, 2, 2 + 2^-61, of both signs.
    for (const bool negative : {false, true}) {
        operands.push_back(unpacked_wide::finite(negative, (std::uint64_t{1} << 63) - 1, -62));
        operands.push_back(unpacked_wide::finite(negative, 1, 1));
        operands.push_back(unpacked_wide::finite(negative, (std::uint64_t{1} << 62) + 1, -61));
    }
    check_wide(function::erf, dyad::erf_wide, operands, -117.0);
    check_wide(function::erfc, dyad::erfc_wide, operands, -109.0);
}

TEST_CASE("erfc down to 2^-1074, the smallest double") {
    std::vector<unpacked_wide> operands;
    for (unsigned i = 0; i < 40; ++i)
        operands.push_back(unpacked_wide::finite(false, 0x8000'0001u + 0x1235'4321u * i, -28));
    std::erase_if(operands, [](const unpacked_wide& x) { return compare(x, unpacked_wide::finite(false, 29, 0)) > 0; });
    REQUIRE(operands.size() > 10);
    check_wide<reference::big_float<4096>>(function::erfc, dyad::erfc_wide, operands, -112.0);
}

TEST_CASE("zeros, infinities, NaN, huge and tiny operands") {
    const auto zero = unpacked_wide::zero(false);
    const auto minus_zero = unpacked_wide::zero(true);
    const auto two = unpacked_wide::finite(false, 1, 1);
    CHECK(dyad::erf_wide(minus_zero) == minus_zero);
    CHECK(compare(dyad::erfc_wide(zero), dyad::wide_one) == 0);
    CHECK(dyad::erf_wide(unpacked_wide::infinity(true)) == dyad::negated(dyad::wide_one));
    CHECK(dyad::erfc_wide(unpacked_wide::infinity(false)) == zero);
    CHECK(compare(dyad::erfc_wide(unpacked_wide::infinity(true)), two) == 0);
    const auto nan = unpacked_wide::nan(true, 1);
    CHECK(dyad::erf_wide(nan) == quieted(nan));
    CHECK(dyad::erfc_wide(nan) == quieted(nan));
    for (const int exponent : {5, 8, 100, 1100}) {
        const auto x = unpacked_wide::finite(false, 1, exponent);
        CHECK(compare(dyad::erf_wide(x), dyad::wide_one) < 0);
        CHECK(compare(dyad::erf_wide(dyad::negated(x)), dyad::negated(dyad::wide_one)) > 0);
        CHECK(compare(dyad::erfc_wide(dyad::negated(x)), two) < 0);
        CHECK(compare(dyad::erfc_wide(x), zero) > 0);
        CHECK(dyad::erfc_wide(x).top_exponent() < -1400);
        const auto tiny = unpacked_wide::finite(true, 1, -30 * exponent);
        CHECK(compare(dyad::erfc_wide(tiny), dyad::wide_one) > 0);
    }
}

}  // namespace
