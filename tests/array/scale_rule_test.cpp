// SPDX-License-Identifier: Apache-2.0
// scale_rule: what every rule gives on magnitudes around the places where it turns, and examples from elsewhere.
#include <dyad/array/scale_rule.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"

#include <cmath>
#include <limits>

#include <dyad/array/block.hpp>
#include <dyad/number/power_of_two.hpp>
#include <dyad/number/ternary.hpp>

namespace dyad_test {
namespace {

using dyad::choose_scale;
using dyad::scale_rule;
using e8m0 = dyad::float8_e8m0fnu;
using e2m1 = dyad::float4_e2m1fn;

/// Exponent of the E8M0 scale of a group whose largest magnitude is a.
template <class E>
int exponent(scale_rule rule, float a, int headroom = 0) {
    return static_cast<int>(choose_scale<E, e8m0>({rule, headroom}, dyad::unpack(a), 1).bits()) - 127;
}
float below(float x) { return std::nextafterf(x, 0); }
float above(float x) { return std::nextafterf(x, std::numeric_limits<float>::max()); }

TEST_CASE("largest element and its binade of the formats of OCP MX v1.0") {
    const auto emax = [](const dyad::unpacked& largest) { return largest.top_exponent(); };
    CHECK(emax(dyad::largest_element<dyad::float8_e5m2>) == 15);
    CHECK(emax(dyad::largest_element<dyad::float8_e4m3fn>) == 8);
    CHECK(emax(dyad::largest_element<dyad::float6_e3m2fn>) == 4);
    CHECK(emax(dyad::largest_element<dyad::float6_e2m3fn>) == 2);
    CHECK(emax(dyad::largest_element<e2m1>) == 2);
    CHECK(emax(dyad::largest_element<dyad::mxint8::element_type>) == 0);
    CHECK(emax(dyad::largest_element<dyad::integer<16>>) == 14);
    CHECK(dyad::element_precision<e2m1>() == 2);
    CHECK(dyad::element_precision<dyad::float8_e4m3fn>() == 4);
    CHECK(dyad::element_precision<dyad::mxint8::element_type>() == 7);
    CHECK(dyad::element_precision<dyad::uinteger<4>>() == 4);
    CHECK(dyad::element_precision<dyad::ternary>() == 1);
}

TEST_CASE("power-of-two rules turn where they should, in every binade") {
    tally t("turning points of E2M1's scales");
    // floor at 4 (the binade of 6), ceil above 4, even at 7 (the tie rounds to 8), rceil above 6.
    for (int e = -126; e <= 124; ++e) {
        const auto at = [e](float x) { return std::ldexp(x, e); };
        const auto check = [&](scale_rule rule, float a, int expected) {
            const int clamped = expected < -127 ? -127 : expected;
            t.check(exponent<e2m1>(rule, a) == clamped, static_cast<int>(rule), " ", a);
        };
        check(scale_rule::floor, below(at(4)), e - 1);
        check(scale_rule::floor, at(4), e);
        check(scale_rule::floor, below(at(8)), e);
        check(scale_rule::ceil, at(4), e);
        check(scale_rule::ceil, above(at(4)), e + 1);
        check(scale_rule::even, below(at(7)), e);
        check(scale_rule::even, at(7), e + 1);
        check(scale_rule::rceil, at(6), e);
        check(scale_rule::rceil, above(at(6)), e + 1);
        check(scale_rule::rceil, below(at(3)), e - 1);
    }
}

TEST_CASE("other element formats, at the places that others got wrong") {
    // Just below a power of two floor(log2f(x)) says too much.
    CHECK(exponent<dyad::float8_e4m3fn>(scale_rule::floor, below(8)) == 2 - 8);
    CHECK(exponent<dyad::float8_e4m3fn>(scale_rule::floor, 8) == 3 - 8);
    CHECK(exponent<dyad::float8_e4m3fn>(scale_rule::rceil, 448) == 0);
    CHECK(exponent<dyad::float8_e4m3fn>(scale_rule::rceil, above(448)) == 1);
    CHECK(exponent<dyad::float8_e4m3fn>(scale_rule::even, below(496)) == 0);
    CHECK(exponent<dyad::float8_e4m3fn>(scale_rule::even, 496) == 1);
    CHECK(exponent<dyad::float8_e5m2>(scale_rule::floor, 57344) == 0);
    using int8 = dyad::mxint8::element_type;
    CHECK(exponent<int8>(scale_rule::floor, below(2)) == 0);
    CHECK(exponent<int8>(scale_rule::rceil, 1.984375F) == 0);
    CHECK(exponent<int8>(scale_rule::rceil, below(2)) == 1);
    CHECK(exponent<int8>(scale_rule::even, below(1.9921875F)) == 0);
    CHECK(exponent<int8>(scale_rule::even, 1.9921875F) == 1);
    // Subnormal floats, and scales beyond E8M0.
    CHECK(exponent<int8>(scale_rule::ceil, 0x1.4p-128F) == -127);
    CHECK(exponent<int8>(scale_rule::ceil, 0x1.4p-127F) == -126);
    CHECK(exponent<int8>(scale_rule::floor, 0x1p-149F) == -127);
    CHECK(exponent<e2m1>(scale_rule::floor, std::numeric_limits<float>::max()) == 125);
    CHECK(exponent<int8>(scale_rule::ceil, std::numeric_limits<float>::max()) == 127);
    CHECK(exponent<e2m1>(scale_rule::floor, 0) == -127);
    CHECK(exponent<e2m1>(scale_rule::floor, 4, 3) == 3);
}

TEST_CASE("scales that are not powers of two, and two levels") {
    using dyad::unpack;
    using ue4m3 = dyad::float8_e4m3fn;
    // NVFP4: amax / (6 g), rounded to E4M3.
    CHECK(float(choose_scale<e2m1, ue4m3>(scale_rule::nearest, unpack(6.0F), 1)) == 1);
    CHECK(float(choose_scale<e2m1, ue4m3>(scale_rule::nearest, unpack(2688.0F), 1)) == 448);
    CHECK(float(choose_scale<e2m1, ue4m3>(scale_rule::nearest, unpack(1e9F), 1)) == 448);
    CHECK(float(choose_scale<e2m1, ue4m3>(scale_rule::nearest, unpack(6 * 1.0625F), 1)) == 1);
    CHECK(float(choose_scale<e2m1, ue4m3>(scale_rule::nearest, unpack(6 * 1.1875F), 1)) == 1.25);
    CHECK(float(choose_scale<e2m1, ue4m3>(scale_rule::nearest, unpack(0x1p-11F), 1)) == 0);
    CHECK(float(dyad::choose_wider_scale<e2m1, ue4m3>(unpack(4.0F), 1)) == 1);
    CHECK(dyad::choose_tensor_scale<e2m1, ue4m3>(unpack(2688.0F)) == 1);
    CHECK(dyad::choose_tensor_scale<e2m1, ue4m3>(unpack(1.0F)) == 1 / 2688.0F);
    CHECK(dyad::choose_tensor_scale<e2m1, ue4m3>(unpack(0.0F)) == 1);
    CHECK(dyad::choose_tensor_scale<e2m1, ue4m3>(unpack(0x1p-149F)) == 0x1p-149F);
    // P3109's scale is the largest magnitude itself.
    CHECK(choose_scale<dyad::float8_e4m3fn, float>(scale_rule::largest, unpack(3.7F), 1) == 3.7F);
    CHECK(float(choose_scale<dyad::float8_e4m3fn, dyad::float16>(scale_rule::largest, unpack(1e6F), 1)) == 65504);
    // INT8 with a float scale: the quotient rounded once.
    CHECK(choose_scale<dyad::integer<8>, float>(scale_rule::nearest, unpack(1.0F), 1) == 1 / 127.0F);
    CHECK(choose_scale<dyad::integer<8>, float>(scale_rule::nearest, unpack(0.0F), 1) == 0);
    // A tensor's scale under a power of two: A = 5 / 3 lies in [1, 2), A = 6 / 3 does not.
    CHECK(choose_scale<e2m1, e8m0>(scale_rule::floor, unpack(5.0F), 3).bits() == 127 - 2);
    CHECK(choose_scale<e2m1, e8m0>(scale_rule::floor, unpack(6.0F), 3).bits() == 127 - 1);
    // Dynamic fixed point: 14 bits below the sign for 1 <= |x| < 2, less headroom; zero has the smallest exponent.
    using shared = dyad::power_of_two<>;
    CHECK(choose_scale<dyad::integer<16>, shared>(scale_rule::floor, unpack(1.5F), 1).exponent() == -14);
    CHECK(choose_scale<dyad::integer<16>, shared>({scale_rule::floor, 2}, unpack(1.5F), 1).exponent() == -12);
    CHECK(choose_scale<dyad::integer<16>, shared>(scale_rule::floor, unpack(0.0F), 1).exponent() == -2048);
}

}  // namespace
}  // namespace dyad_test
