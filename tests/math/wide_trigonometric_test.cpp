// SPDX-License-Identifier: Apache-2.0
// sin and cos within their bound, up to the largest doubles, next to multiples of pi / 2 too.
#include <dyad/math/wide_trigonometric.hpp>

#include <doctest/doctest.h>

#include "support/wide_check.hpp"

namespace {

using dyad::unpacked_wide;
using dyad_test::check_wide;
using dyad_test::operand_sign;
using reference::function;

TEST_CASE("relative errors up to 2^64") {
    const auto near = dyad_test::wide_operands(3000, -3, 8, operand_sign::both);
    const auto far = dyad_test::wide_operands(1000, 9, 127, operand_sign::both);
    const auto small = dyad_test::wide_operands(200, -140, -4, operand_sign::both);
    for (const auto& operands : {near, far, small}) {
        check_wide(function::sin, dyad::sin_wide, operands, -120.0);
        check_wide(function::cos, dyad::cos_wide, operands, -120.0);
    }
}

TEST_CASE("relative errors up to the last word of 2 / pi, and at the double nearest to a multiple of pi / 2") {
    using big = reference::big_float<2560>;
    auto operands = dyad_test::wide_operands(200, 128, dyad::max_turn_exponent - 1, operand_sign::both);
    for (int e = dyad::max_turn_exponent - 70; e <= dyad::max_turn_exponent; ++e)
        operands.push_back(unpacked_wide::finite(false, ~std::uint64_t{0}, e));
    for (int e = -64; e < 200; ++e) operands.push_back(unpacked_wide::finite(false, ~std::uint64_t{0}, e));
    // Found by Kahan's program: 2^-60.9 from a multiple of pi / 2.
    operands.push_back(unpacked_wide::finite(false, 6381956970095103, 797));
    // The convergents of pi / 2 give the nearest integers.
    for (const std::uint64_t n : {11u, 344u, 51819u, 52174u, 573204u})
        operands.push_back(unpacked_wide::finite(false, n, 0));
    check_wide<big>(function::sin, dyad::sin_wide, operands, -120.0);
    check_wide<big>(function::cos, dyad::cos_wide, operands, -120.0);
}

TEST_CASE("zeros, infinities, NaN, tiny operands") {
    CHECK(dyad::sin_wide(unpacked_wide::zero(true)) == unpacked_wide::zero(true));
    CHECK(dyad::cos_wide(unpacked_wide::zero(true)) == dyad::wide_one);
    const auto nan = unpacked_wide::nan(true, 1);
    for (const auto f : {dyad::sin_wide, dyad::cos_wide}) {
        CHECK(f(unpacked_wide::infinity(true)) == dyad::invalid<dyad::uint128_t>());
        CHECK(f(nan) == quieted(nan));
    }
    for (const int exponent : {-40, -70, -120, -2000}) {
        const auto tiny = unpacked_wide::finite(true, 5, exponent);
        CHECK(compare(dyad::sin_wide(tiny), tiny) > 0);
        CHECK(compare(dyad::cos_wide(tiny), dyad::wide_one) < 0);
    }
}

}  // namespace
