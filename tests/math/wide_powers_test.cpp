// SPDX-License-Identifier: Apache-2.0
// rsqrt within its bound, and exact for even powers of two.
#include <dyad/math/wide_powers.hpp>

#include <doctest/doctest.h>

#include "support/wide_check.hpp"

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

TEST_CASE("zeros, negative numbers, infinities, NaN") {
    CHECK(dyad::rsqrt_wide(unpacked_wide::zero(false)) == unpacked_wide::infinity(false));
    CHECK(dyad::rsqrt_wide(unpacked_wide::zero(true)) == unpacked_wide::infinity(true));
    CHECK(dyad::rsqrt_wide(unpacked_wide::finite(true, 1, 0)) == dyad::invalid<dyad::uint128_t>());
    CHECK(dyad::rsqrt_wide(unpacked_wide::infinity(true)) == dyad::invalid<dyad::uint128_t>());
    CHECK(dyad::rsqrt_wide(unpacked_wide::infinity(false)) == unpacked_wide::zero(false));
    CHECK(dyad::rsqrt_wide(unpacked_wide::nan(true, 1)) == quieted(unpacked_wide::nan(true, 1)));
}

}  // namespace
