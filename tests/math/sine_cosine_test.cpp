// SPDX-License-Identifier: Apache-2.0
// Sines and cosines of p base^(-2i/d): correctly rounded against 60 digits, up to p = 2^32 - 1; angles within their
// bound; the short way the same as the wide one.
#include <dyad/math/sine_cosine.hpp>

#include <doctest/doctest.h>

#include <dyad/number/fixed.hpp>
#include <dyad/number/minifloat.hpp>
#include <dyad/number/named_formats.hpp>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <boost/math/constants/constants.hpp>
#include <boost/multiprecision/cpp_bin_float.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>

namespace {

using dyad::uint128_t;
using dyad_test::tally;
using q1_14 = dyad::fixed<16, 14>;
using q0_15 = dyad::fixed<16, 15>;
/// 60 digits and more: 224 bits.
using big =
    boost::multiprecision::number<boost::multiprecision::cpp_bin_float<224, boost::multiprecision::digit_base_2>,
                                  boost::multiprecision::et_off>;

struct place {
    std::uint32_t p, base, i, d;
};

big exact_theta(const place& x) { return exp(-log(big(x.base)) * big(2 * std::uint64_t{x.i}) / big(x.d)); }

/// floor(|x| 2^k) as a number of the library, with what is cut off sticking to the last digit.
dyad::unpacked_wide unpacked_of(const big& x) {
    if (x == 0) return dyad::unpacked_wide::zero(false);
    int exponent = 0;
    const big m = ldexp(frexp(abs(x), &exponent), 120);
    const auto words = static_cast<boost::multiprecision::uint128_t>(m);
    auto digits = (static_cast<uint128_t>(static_cast<std::uint64_t>(words >> 64)) << 64) |
                  static_cast<std::uint64_t>(words & ~std::uint64_t{0});
    if (big(words) != m) digits |= 1;
    return dyad::unpacked_wide::finite(x < 0, digits, exponent - 120);
}
template <class T>
T rounded(const big& x) {
    return dyad::pack_as<T>(dyad::resize<std::uint64_t>(unpacked_of(x)), dyad::rounding::nearest_even,
                            dyad::saturation::finite);
}

template <class T>
void check_place(tally& cases, const place& x, const big& sine, const big& cosine) {
    const auto got = dyad::rotary_sine_and_cosine<T>(x.p, x.base, x.i, x.d);
    cases.check(got.sine == rounded<T>(sine) && got.cosine == rounded<T>(cosine), reference::name_of<T>(), ", p ", x.p,
                ", base ", x.base, ", i ", x.i, " of ", x.d);
}
void check_formats(tally& cases, const place& x) {
    const big angle = exact_theta(x) * x.p;
    const big sine = sin(angle);
    const big cosine = cos(angle);
    check_place<q1_14>(cases, x, sine, cosine);
    check_place<q0_15>(cases, x, sine, cosine);
    check_place<dyad::fixed<8, 6>>(cases, x, sine, cosine);
    check_place<dyad::fixed<32, 30>>(cases, x, sine, cosine);
    check_place<dyad::bfloat16>(cases, x, sine, cosine);
    check_place<dyad::float16>(cases, x, sine, cosine);
    check_place<float>(cases, x, sine, cosine);
    check_place<double>(cases, x, sine, cosine);
}

TEST_CASE("sine and cosine of rotary positions: correctly rounded") {
    tally cases("rotary sines and cosines");
    std::mt19937_64 random(1);
    for (const std::uint32_t base : {10000U, 500000U, 1000000U, 2U, 65536U, 1U, 4294967295U, 1234567U}) {
        for (const std::uint32_t d : {128U, 64U, 80U, 2U, 256U}) {
            for (int round = 0; round < 12; ++round) {
                const auto i = static_cast<std::uint32_t>(random() % (d / 2));
                const auto p = static_cast<std::uint32_t>(random() >> (32 + random() % 28));
                check_formats(cases, {p, base, i, d});
            }
        }
    }
    for (const std::uint32_t p : {0U, 1U, 2U, 1U << 20, 0xffff'ffffU}) {
        check_formats(cases, {p, 10000, 0, 128});
        check_formats(cases, {p, 10000, 63, 128});
    }
    // Integers next to multiples of pi / 2: the smallest sines and cosines.
    for (const std::uint32_t p : {11U, 22U, 355U, 710U, 51819U, 103638U, 52174U, 573204U, 4272943U, 245850922U})
        check_formats(cases, {p, 10000, 0, 64});
}

TEST_CASE("turns: within 2^-115 of theta / (2 pi)") {
    const big two_pi = 2 * boost::math::constants::pi<big>();
    double worst = -1000;
    std::mt19937_64 random(2);
    for (int round = 0; round < 400; ++round) {
        const std::uint32_t d = 2 * (1 + static_cast<std::uint32_t>(random() % 200));
        const place x{1, 1 + static_cast<std::uint32_t>(random() >> (32 + random() % 32)),
                      static_cast<std::uint32_t>(random() % (d / 2)), d};
        const uint128_t turn = dyad::rotary_turn(x.base, x.i, x.d);
        const big got =
            ldexp(ldexp(big(static_cast<std::uint64_t>(turn >> 64)), 64) + big(static_cast<std::uint64_t>(turn)), -128);
        const big off = abs(big(got - exact_theta(x) / two_pi));
        worst = std::max(worst, off == 0 ? -1000.0 : static_cast<double>(log2(off)));
    }
    MESSAGE("turns are off by at most 2^" << worst << ", bound 2^-115");
    CHECK(worst < -115);
    CHECK(worst > -129);
}

TEST_CASE("the short series: within its bound, and the wide way gives the same") {
    std::mt19937_64 random(3);
    double worst = 0;
    const auto unit = [](uint128_t m) {
        return ldexp(ldexp(big(static_cast<std::uint64_t>(m >> 64)), 64) + big(static_cast<std::uint64_t>(m)), -64);
    };
    const auto most = static_cast<std::uint64_t>(dyad::wide_half_pi.significand >> 64);  // pi / 4, cut
    for (int round = 0; round < 1000; ++round) {
        const std::uint64_t r = round == 0   ? 0
                                : round == 1 ? most
                                             : random() % most >> (round % 3 == 0 ? random() % 64 : 0);
        const auto got = dyad::short_series(r);
        const big angle = unit(r);
        worst = std::max(worst, static_cast<double>(ldexp(abs(big(unit(got.sine) - sin(angle))), 64)));
        worst = std::max(worst, static_cast<double>(ldexp(abs(big(unit(got.cosine) - cos(angle))), 64)));
    }
    MESSAGE("short series off by at most " << worst << " * 2^-64 for an exact operand");
    // The operand itself is off by up to 4 units.
    CHECK(worst <= dyad::short_series_error - 4);
    CHECK(worst > 0.4);

    // Doubles have 53 digits: many go the wide way. The short operand is the wide one, cut.
    tally cases("turns as doubles");
    for (int round = 0; round < 400; ++round) {
        uint128_t turn = dyad::join_words(random(), random());
        if (round % 4 == 1) turn >>= random() % 120;
        if (round % 4 == 2) turn = (uint128_t{random() % 4} << 126) + (turn >> (1 + random() % 120));
        if (round % 4 == 3) turn = (uint128_t{1 + random() % 3} << 126) - (turn >> (1 + random() % 120));
        const big angle =
            ldexp(ldexp(big(static_cast<std::uint64_t>(turn >> 64)), 64) + big(static_cast<std::uint64_t>(turn)),
                  -127) *
            boost::math::constants::pi<big>();
        const auto got = dyad::sine_and_cosine_of_turn<double>(turn);
        cases.check(got.sine == rounded<double>(sin(angle)) && got.cosine == rounded<double>(cos(angle)), "turn ",
                    turn);
    }
}

TEST_CASE("whole quarters are exact") {
    for (unsigned quarter = 0; quarter < 4; ++quarter) {
        const auto got = dyad::sine_and_cosine_of_turn<float>(uint128_t{quarter} << 126);
        CHECK(got.sine == (quarter == 1 ? 1.0f : quarter == 3 ? -1.0f : 0.0f));
        CHECK(got.cosine == (quarter == 0 ? 1.0f : quarter == 2 ? -1.0f : 0.0f));
        const auto codes = dyad::sine_and_cosine_of_turn<q0_15>(uint128_t{quarter} << 126);
        CHECK(codes.sine.raw() == (quarter == 1 ? 32767 : quarter == 3 ? -32768 : 0));
    }
    constexpr auto constant = dyad::rotary_sine_and_cosine<q1_14>(1, 10000, 0, 128);
    static_assert(constant.sine.raw() == 13787 && constant.cosine.raw() == 8852);  // 0.841471, 0.540302 * 16384
    CHECK(dyad::rotary_sine_and_cosine<q1_14>(0, 10000, 5, 128).cosine.raw() == 16384);
}

}  // namespace
