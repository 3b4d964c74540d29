// SPDX-License-Identifier: Apache-2.0
// exp and its family within their bounds, over all magnitudes; exact where they must be.
#include <dyad/math/wide_exponentials.hpp>

#include <doctest/doctest.h>

#include "support/wide_check.hpp"

namespace {

using dyad::unpacked_wide;
using dyad_test::check_wide;
using reference::function;

TEST_CASE("relative errors") {
    const auto both = dyad_test::operand_sign::both;
    const auto moderate = dyad_test::wide_operands(2000, -12, 9, both);
    const auto small = dyad_test::wide_operands(400, -140, -10, both);
    const auto large = dyad_test::wide_operands(200, 8, 15, both);
    for (const auto& operands : {moderate, small, large}) {
        check_wide(function::exp, dyad::exp_wide, operands, -122.0);
        check_wide(function::exp2, dyad::exp2_wide, operands, -122.0);
        check_wide(function::expm1, dyad::expm1_wide, operands, -120.0);
        check_wide(function::sinh, dyad::sinh_wide, operands, -120.0);
        check_wide(function::cosh, dyad::cosh_wide, operands, -121.0);
        check_wide(function::tanh, dyad::tanh_wide, operands, -119.0);
        check_wide(function::sigmoid, dyad::sigmoid_wide, operands, -121.0);
    }
}

TEST_CASE("exp2 of an integer is exact") {
    dyad_test::tally cases("exp2 of integers");
    for (int n = -2000; n <= 2000; ++n) {
        if (n == 0) continue;
        const auto magnitude = static_cast<dyad::uint128_t>(static_cast<unsigned>(n < 0 ? -n : n));
        const unpacked_wide got = dyad::exp2_wide(unpacked_wide::finite(n < 0, magnitude << 3, -3));
        cases.check(compare(got, unpacked_wide::finite(false, 1, n)) == 0, n, ": ", got);
    }
}

TEST_CASE("zeros, infinities, NaN") {
    const auto one = dyad::wide_one;
    const auto zero = unpacked_wide::zero(false);
    const auto minus_zero = unpacked_wide::zero(true);
    const auto infinity = unpacked_wide::infinity(false);
    const auto minus_infinity = unpacked_wide::infinity(true);
    for (const auto& x : {zero, minus_zero}) {
        CHECK(dyad::exp_wide(x) == one);
        CHECK(dyad::exp2_wide(x) == one);
        CHECK(dyad::cosh_wide(x) == one);
        CHECK(dyad::expm1_wide(x) == x);
        CHECK(dyad::sinh_wide(x) == x);
        CHECK(dyad::tanh_wide(x) == x);
        CHECK(dyad::sigmoid_wide(x) == unpacked_wide::finite(false, 1, -1));
    }
    CHECK(dyad::exp_wide(minus_infinity) == zero);
    CHECK(dyad::exp2_wide(infinity) == infinity);
    CHECK(dyad::expm1_wide(minus_infinity) == dyad::negated(one));
    CHECK(dyad::sinh_wide(minus_infinity) == minus_infinity);
    CHECK(dyad::cosh_wide(minus_infinity) == infinity);
    CHECK(dyad::tanh_wide(minus_infinity) == dyad::negated(one));
    CHECK(dyad::sigmoid_wide(minus_infinity) == zero);
    CHECK(dyad::sigmoid_wide(infinity) == one);
    const auto signalling = unpacked_wide::nan(true, 1);
    for (const auto f : {dyad::exp_wide, dyad::exp2_wide, dyad::expm1_wide, dyad::sinh_wide, dyad::cosh_wide,
                         dyad::tanh_wide, dyad::sigmoid_wide})
        CHECK(f(signalling) == quieted(signalling));
}

TEST_CASE("huge and tiny operands: what stands for the result is beyond every format, or on the right side") {
    for (const int exponent : {16, 100, 1000, 1 << 16}) {
        const auto x = unpacked_wide::finite(false, 1, exponent);
        CHECK(dyad::exp_wide(x).top_exponent() > 1 << 17);
        CHECK(dyad::exp_wide(dyad::negated(x)).top_exponent() < -(1 << 17));
        CHECK(dyad::exp2_wide(dyad::negated(x)).top_exponent() <= -(1 << 16));
        CHECK(dyad::sinh_wide(dyad::negated(x)).negative);
        const auto below_one = dyad::tanh_wide(x);
        CHECK(compare(below_one, dyad::wide_one) < 0);
        CHECK(below_one.top_exponent() == -1);
        CHECK(compare(dyad::expm1_wide(dyad::negated(x)), dyad::negated(dyad::wide_one)) > 0);
        const auto tiny = unpacked_wide::finite(false, 1, -exponent - 60);
        CHECK(compare(dyad::exp_wide(tiny), dyad::wide_one) > 0);
        CHECK(compare(dyad::exp_wide(dyad::negated(tiny)), dyad::wide_one) < 0);
        CHECK(compare(dyad::cosh_wide(tiny), dyad::wide_one) > 0);
        CHECK(compare(dyad::expm1_wide(tiny), tiny) > 0);
        CHECK(compare(dyad::sinh_wide(tiny), tiny) > 0);
        CHECK(compare(dyad::tanh_wide(tiny), tiny) < 0);
    }
}

}  // namespace
