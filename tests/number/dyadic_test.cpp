// SPDX-License-Identifier: Apache-2.0
// dyadic: from_scale and from_ratio against rationals (nearest, ties away from zero), ordering, and back to double.
#include <dyad/number/dyadic.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

namespace {

using dyad::dyadic;
using dyad::multiplier;
using dyad_test::cpp_int;
using dyad_test::cpp_rational;
using dyad_test::tally;

/// The double as a rational, over its whole range.
cpp_rational rational_of(double x) {
    int exponent = 0;
    const double m = std::ldexp(std::frexp(x, &exponent), 53);
    return cpp_rational(static_cast<std::int64_t>(m)) * dyad_test::power_of_two(exponent - 53);
}

template <int Width>
cpp_rational value_of(dyadic<Width> x) {
    return cpp_rational(cpp_int(x.significand)) * dyad_test::power_of_two(x.exponent);
}

/// Right if it is the nearest of Width - 1 digits, ties away, and normalised.
template <int Width>
bool is_nearest(dyadic<Width> got, const cpp_rational& exact) {
    if (exact == 0) return got.significand == 0 && got.exponent == 0;
    const cpp_int m = abs(cpp_int(got.significand));
    const bool normalised = m >= cpp_int(1) << (Width - 2) && m < cpp_int(1) << (Width - 1);
    return normalised &&
           value_of(got) == dyad_test::reference_round_to_digits(exact, Width - 1, dyad::rounding::nearest_away);
}

std::vector<double> scales() {
    std::vector<double> all{0.0, -0.0, 1.0, 0.1, 1.0 / 3, 0x1.fffffffep0, 0x1.fffffffdp0, 0x1.fffffffcp0};
    for (const double x : {1.0, 0.5, 0x1p-20, 0x1p-1000, 0x1p900}) {
        // Around the point where 31 digits round up to 2^31, and around ties of 31 digits.
        for (const double y : {x * (2 - 0x1p-31), x * (2 - 0x1p-32), x * (1 + 0x1p-31), x * (1 + 0x1.8p-30)}) {
            all.push_back(y);
            all.push_back(-y);
            all.push_back(std::nextafter(y, 0.0));
            all.push_back(std::nextafter(y, HUGE_VAL));
        }
    }
    using limits = std::numeric_limits<double>;
    for (const double x : {limits::max(), limits::min(), limits::denorm_min(), 3 * limits::denorm_min(),
                           std::nextafter(limits::min(), 0.0)}) {
        all.push_back(x);
        all.push_back(-x);
    }
    std::mt19937_64 random(31);
    for (int i = 0; i < 3000; ++i) {
        const auto x = std::bit_cast<double>(random());
        if (std::isfinite(x)) all.push_back(x);
        all.push_back(std::ldexp(static_cast<double>(random() >> 11), -60));
        all.push_back(std::bit_cast<double>(random() >> 13));  // subnormal
    }
    return all;
}

template <int Width>
void check_width(tally& cases, const std::vector<double>& inputs) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const auto got = dyadic<Width>::from_scale(inputs[i]);
        cases.check(is_nearest(got, rational_of(inputs[i])), "width ", Width, ", scale ", inputs[i], ": ",
                    got.unpack());
        const double divisor = inputs[(i * 7 + 3) % inputs.size()];
        if (divisor == 0) continue;
        const auto ratio = dyadic<Width>::from_ratio(inputs[i], divisor);
        cases.check(is_nearest(ratio, rational_of(inputs[i]) / rational_of(divisor)), "width ", Width, ", ratio ",
                    inputs[i], " / ", divisor, ": ", ratio.unpack());
    }
}

TEST_CASE("dyadic: from_scale and from_ratio round once, to nearest, ties away from zero") {
    const std::vector<double> inputs = scales();
    tally cases("scales and ratios");
    check_width<2>(cases, inputs);
    check_width<8>(cases, inputs);
    check_width<16>(cases, inputs);
    check_width<32>(cases, inputs);
    check_width<33>(cases, inputs);
    check_width<63>(cases, inputs);
    check_width<64>(cases, inputs);
}

TEST_CASE("dyadic: from_ratio at and near ties of its digits") {
    tally cases("ties");
    std::mt19937_64 random(32);
    for (int i = 0; i < 20000; ++i) {
        // d (2 m + 1) / 2 d is a tie; neighbours of either operand are next to one.
        const auto m = static_cast<double>((random() >> 34) | (1u << 30));
        const auto d = static_cast<double>(random() >> 44);
        if (d == 0 || m >= 0x1p31) continue;
        const double numerator = (m + 0.5) * d;
        for (const double n : {numerator, std::nextafter(numerator, 0.0), std::nextafter(numerator, HUGE_VAL)}) {
            const auto got = multiplier::from_ratio(n, d);
            cases.check(is_nearest(got, rational_of(n) / rational_of(d)), n, " / ", d, ": ", got.unpack());
        }
    }
}

TEST_CASE("dyadic: the carry to 2^31 is renormalised") {
    constexpr auto x = multiplier::from_scale(2 - 0x1p-31);
    static_assert(x.significand == 0x4000'0000 && x.exponent == -29);
    constexpr auto y = multiplier::from_scale(-(2 - 0x1p-40));
    static_assert(y.significand == -0x4000'0000 && y.exponent == -29);
    static_assert(multiplier::from_scale(1 + 0x1p-31).significand == 0x4000'0001);  // a tie
    static_assert(multiplier::from_scale(-1 - 0x1p-31).significand == -0x4000'0001);
    static_assert(multiplier::from_scale(1.0).significand == 0x4000'0000 &&
                  multiplier::from_scale(1.0).exponent == -30);
    // 1 / 3 through a double and directly differ in the 63rd digit.
    CHECK(dyadic<64>::from_scale(1.0 / 3) != dyadic<64>::from_ratio(1.0, 3.0));
}

TEST_CASE("dyadic: what is no scale gives significand 0") {
    for (const double x : {HUGE_VAL, -HUGE_VAL, std::numeric_limits<double>::quiet_NaN(), 0.0, -0.0}) {
        CHECK(multiplier::from_scale(x).significand == 0);
        CHECK(multiplier::from_scale(x).exponent == 0);
    }
    CHECK(multiplier::from_ratio(1.0, 0.0).significand == 0);
    CHECK(multiplier::from_ratio(0.0, 0.0).significand == 0);
    CHECK(multiplier::from_ratio(HUGE_VAL, 2.0).significand == 0);
    CHECK(multiplier::from_ratio(2.0, HUGE_VAL).significand == 0);
}

TEST_CASE("dyadic: to float and double, rounded once") {
    tally cases("to native");
    std::mt19937_64 random(33);
    for (int i = 0; i < 20000; ++i) {
        const dyadic<64> x{static_cast<std::int64_t>(random()), static_cast<int>(random() % 300) - 200};
        const auto check = [&]<class T>(T got) {
            const auto target = reference::traits<T>::make();
            target->take(reference::real_of(x.unpack()));
            const auto expected = target->code(dyad::rounding::nearest_even, dyad::saturation::none);
            cases.check(reference::traits<T>::code(got) == expected, x.unpack(), ": got ", got);
        };
        check(static_cast<float>(x));
        check(static_cast<double>(x));
    }
    CHECK(static_cast<double>(multiplier{std::numeric_limits<std::int32_t>::min(), 3}) == -0x1p34);
}

TEST_CASE("dyadic: order of the values, whatever their form") {
    tally cases("order");
    std::mt19937_64 random(34);
    for (int i = 0; i < 30000; ++i) {
        const dyadic<16> x{static_cast<std::int16_t>(random() >> (random() % 63)), static_cast<int>(random() % 9) - 4};
        const dyadic<16> y{static_cast<std::int16_t>(random() >> (random() % 63)), static_cast<int>(random() % 9) - 4};
        const cpp_rational a = value_of(x);
        const cpp_rational b = value_of(y);
        cases.check((x == y) == (a == b) && (x != y) == (a != b) && (x < y) == (a < b) && (x > y) == (a > b) &&
                        (x <= y) == (a <= b),
                    x.unpack(), " and ", y.unpack());
    }
    static_assert(multiplier{1, 1} == multiplier{2, 0} && multiplier{0, 5} == multiplier{0, -7});
    static_assert(multiplier{-1, 1} < multiplier{0, 100} && multiplier{1, -2000} > multiplier{0, 0});
    static_assert(std::is_trivially_copyable_v<multiplier> && sizeof(multiplier) == 8);
}

}  // namespace
