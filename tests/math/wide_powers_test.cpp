// SPDX-License-Identifier: Apache-2.0
// rsqrt and pow within their bounds, exact where they must be.
#include <dyad/math/wide_powers.hpp>

#include <doctest/doctest.h>

#include "support/wide_check.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using dyad::unpacked_wide;
using dyad_test::check_wide;
using dyad_test::operand_sign;
using reference::function;

TEST_CASE("relative error of rsqrt") {
    check_wide(function::rsqrt, dyad::rsqrt_wide, dyad_test::wide_operands(4000, -3, 4, operand_sign::positive),
               -121.0);
    check_wide(function::rsqrt, dyad::rsqrt_wide, dyad_test::wide_operands(1000, -1100, 1100, operand_sign::positive),
               -121.0);
}

TEST_CASE("rsqrt of an even power of two is exact") {
    for (int n = -1100; n <= 1100; n += 2)
        CHECK(dyad::rsqrt_wide(unpacked_wide::finite(false, 8, n - 3)) == unpacked_wide::finite(false, 1, -n / 2));
}

/// 2000 pairs with |y log2 x| between 2^(most - 8) and 2^most.
double worst_of_pow(int most) {
    using big = reference::big_float<640>;
    dyad_test::tally cases("pow with results in 2^+-2^" + std::to_string(most));
    const auto bases = dyad_test::wide_operands(2000, -40, 40, operand_sign::positive);
    const auto exponents = dyad_test::wide_operands(2000, most - 14, most - 1, operand_sign::both);
    double worst = -1000;
    for (std::size_t i = 0; i < bases.size(); ++i) {
        const big x = dyad_test::big_of<big>(bases[i]);
        const big y = dyad_test::big_of<big>(exponents[i]);
        const big digits = reference::log2_of(x) * y;
        if (abs(digits) >= ldexp(big(1), most) || digits == 0) continue;
        const big expected = exp(big(digits * log(big(2))));
        const big error = abs(big(dyad_test::big_of<big>(dyad::pow_wide(bases[i], exponents[i])) / expected - 1));
        const double off = error == 0 ? -1000 : static_cast<double>(log2(error));
        cases.check(off < most - 119, bases[i], " to ", exponents[i], " is off by 2^", off);
        worst = std::max(worst, off);
    }
    return worst;
}

TEST_CASE("relative error of pow") {
    for (const int most : {4, 10, 16}) {
        const double worst = worst_of_pow(most);
        MESSAGE("pow with results in 2^+-2^" << most << ": relative error at most 2^" << worst);
        CHECK(worst > -140);
    }
}

TEST_CASE("pow is exact where it has few digits") {
    const auto number = [](std::uint64_t m, int e) { return unpacked_wide::finite(false, m, e); };
    const auto is = [](const unpacked_wide& x, const unpacked_wide& y) { return compare(x, y) == 0; };
    CHECK(is(dyad::pow_wide(number(3, 0), number(39, 0)), number(4052555153018976267u, 0)));
    CHECK(is(dyad::pow_wide(number(81, -4), number(3, -2)), number(27, -3)));
    CHECK(is(dyad::pow_wide(number(1, 7), dyad::negated(number(5, 0))), number(1, -35)));
    CHECK(is(dyad::pow_wide(number(1, 6), number(5, -1)), number(1, 15)));
    CHECK(is(dyad::pow_wide(number(6561, -16), number(1, -3)), number(3, -2)));
    CHECK(is(dyad::pow_wide(dyad::negated(number(5, 0)), number(3, 0)), dyad::negated(number(125, 0))));
    CHECK(is(dyad::pow_wide(number(7, 0), number(1, -900)), dyad::wide_one) == false);
    CHECK(compare(dyad::pow_wide(number(7, 0), number(1, -900)), dyad::wide_one) > 0);
    CHECK(compare(dyad::pow_wide(number(7, -3), number(1, -900)), dyad::wide_one) < 0);
}

TEST_CASE("zeros, negative numbers, infinities, NaN") {
    CHECK(dyad::rsqrt_wide(unpacked_wide::zero(false)) == unpacked_wide::infinity(false));
    CHECK(dyad::rsqrt_wide(unpacked_wide::zero(true)) == unpacked_wide::infinity(true));
    CHECK(dyad::rsqrt_wide(unpacked_wide::finite(true, 1, 0)) == dyad::invalid<dyad::uint128_t>());
    CHECK(dyad::rsqrt_wide(unpacked_wide::infinity(true)) == dyad::invalid<dyad::uint128_t>());
    CHECK(dyad::rsqrt_wide(unpacked_wide::infinity(false)) == unpacked_wide::zero(false));
    CHECK(dyad::rsqrt_wide(unpacked_wide::nan(true, 1)) == quieted(unpacked_wide::nan(true, 1)));
}

}  // namespace
