// SPDX-License-Identifier: Apache-2.0
// shift_exp2 over its whole domain against 50 digits; the sigmoid, GELU and exponents made of it.
#include <dyad/math/shift_exp.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"
#include "support/words.hpp"

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

namespace {

using boost::multiprecision::cpp_bin_float_50;
using dyad::multiplier;
using dyad_test::cpp_int;
using dyad_test::tally;

constexpr std::uint32_t unit = 1u << dyad::exponent_fraction;
constexpr double one = 1 << dyad::exp_fraction;
constexpr std::uint32_t domain = 31 * unit;

static_assert(dyad::shift_exp2(0) == 1u << 30 && dyad::shift_exp2(unit) == 1u << 29);
static_assert(dyad::shift_sigmoid(0, false) == 1u << 29 && dyad::shift_sigmoid(0, true) == 1u << 29);
static_assert(dyad::shift_gelu(0, dyad::log2_multiplier(0.1)) == 0);

/// 2^-(f / 2^16) for each f, by repeated multiplication in 50 digits: 2^16 steps lose five of them.
const std::vector<double>& fractional_powers() {
    static const std::vector<double> table = [] {
        cpp_bin_float_50 step = 0.5;
        for (int i = 0; i < dyad::exponent_fraction; ++i) step = sqrt(step);
        std::vector<double> powers;
        cpp_bin_float_50 power = 1;
        for (std::uint32_t f = 0; f < unit; ++f, power *= step) powers.push_back(static_cast<double>(power));
        return powers;
    }();
    return table;
}

double exact_power(std::uint32_t t) { return std::ldexp(fractional_powers()[t % unit], -static_cast<int>(t / unit)); }

TEST_CASE("shift_exp2: largest error over all exponents with a result that is not 0") {
    double worst = 0;
    double worst_relative = 0;
    std::uint32_t at = 0;
    for (std::uint32_t t = 0; t < domain; ++t) {
        const double exact = exact_power(t);
        const double error = std::fabs(dyad::shift_exp2(t) / one - exact);
        if (t < 8 * unit) worst_relative = std::max(worst_relative, error / exact);
        if (error <= worst) continue;
        worst = error;
        at = t;
    }
    MESSAGE("largest error " << worst << " at t = " << at << " * 2^-16; relative, t < 8: " << worst_relative);
    CHECK(worst <= 1.96e-3);
    CHECK(worst >= 1.9e-3);
    CHECK(worst_relative <= 3.3e-3);
}

TEST_CASE("shift_exp2: falls all the way, exact at integers, 0 from 31 on") {
    tally cases("monotone");
    for (std::uint32_t t = 1; t <= domain; ++t)
        cases.check(dyad::shift_exp2(t) <= dyad::shift_exp2(t - 1), "rises at ", t);
    for (std::uint32_t q = 0; q <= 30; ++q) CHECK(dyad::shift_exp2(q * unit) == 1u << (30 - q));
    CHECK(dyad::shift_exp2(domain - 1) == 1);  // 2^-30.99 rounds up from half
    std::mt19937_64 random(1);
    for (int i = 0; i < 100'000; ++i) {
        const auto beyond = static_cast<std::uint32_t>(domain + random() % (0x1'0000'0000u - domain));
        cases.check(dyad::shift_exp2(beyond) == 0, beyond);
    }
    CHECK(dyad::shift_exp2(domain) == 0);
    CHECK(dyad::shift_exp2(0xffff'ffff) == 0);
}

TEST_CASE("shift_exp2: I-ViT's 1 - f/2 is up to 6.1 % high, never low") {
    double most = 0;
    double least = 1;
    for (std::uint32_t f = 0; f < unit; ++f) {
        const double relative = (1 - f / (2.0 * unit)) / fractional_powers()[f] - 1;
        most = std::max(most, relative);
        least = std::min(least, relative);
    }
    MESSAGE("1 - f/2: relative error " << least << " to " << most);
    CHECK(most == doctest::Approx(0.0615).epsilon(0.005));
    CHECK(least >= 0);
}

// --- exponents ---

TEST_CASE("scaled_exponent: the exact product rounded half up, clamped to 32 bits") {
    tally cases("scaled_exponent");
    const std::vector<std::uint32_t> words = dyad_test::boundary_words<std::uint32_t>();
    const cpp_int limit = std::numeric_limits<std::uint32_t>::max();
    const auto check = [&](std::uint32_t x, multiplier m) {
        const cpp_int product = cpp_int(x) * m.significand;
        cpp_int t;
        if (m.exponent >= 0) {
            t = product << static_cast<unsigned>(m.exponent);
        } else {
            const auto shift = static_cast<unsigned>(-m.exponent);
            t = (product + (cpp_int(1) << (shift - 1))) >> shift;  // not negative: a floor
        }
        const cpp_int expected = std::min(t, limit);
        const std::uint32_t got = dyad::scaled_exponent(x, m);
        cases.check(got == expected, x, " * ", m.significand, " * 2^", m.exponent, ": ", got);
    };
    std::mt19937_64 random(2);
    for (int exponent = -100; exponent < 64; ++exponent) {
        for (const std::int32_t b : {0, 1, 3, 1 << 30, (1 << 30) + 1, 0x5555'5555, 0x7fff'ffff}) {
            for (const std::uint32_t x : words) check(x, {b, exponent});
            for (int i = 0; i < 20; ++i) check(dyad_test::random_word<std::uint32_t>(random), {b, exponent});
        }
    }
}

/// Is scaled_exponent(X, 2^30 * 2^Exponent) free of undefined behaviour? A constant expression has none.
template <std::uint32_t X, int Exponent>
concept defined = requires {
    typename std::integral_constant<std::uint32_t, dyad::scaled_exponent(X, multiplier{1 << 30, Exponent})>;
};

TEST_CASE("scaled_exponent: any multiplier of a double, and any code") {
    CHECK(defined<0, 0>);
    CHECK(defined<0, 63>);
    CHECK(defined<0, 64>);
    CHECK(defined<0, 993>);
    CHECK(defined<1, 993>);
    CHECK(defined<0, -1104>);
    CHECK(defined<0xffff'ffff, -1104>);
    CHECK(defined<0xffff'ffff, std::numeric_limits<std::int32_t>::min()>);
    CHECK(defined<0xffff'ffff, std::numeric_limits<std::int32_t>::max()>);
    CHECK(dyad::scaled_exponent(0xffff'ffff, {0x7fff'ffff, -63}) == 1);
    CHECK(dyad::scaled_exponent(0xffff'ffff, {0x7fff'ffff, -64}) == 0);
    CHECK(dyad::scaled_exponent(0xffff'ffff, {0x7fff'ffff, -65}) == 0);
    CHECK(dyad::scaled_exponent(1, {1 << 30, 993}) == 0xffff'ffff);
    CHECK(dyad::scaled_exponent(0xffff'ffff, {1 << 30, -1104}) == 0);
}

TEST_CASE("log2_multiplier: scale log2 e 2^16 in 31 bits") {
    const cpp_bin_float_50 log2_e = 1 / log(cpp_bin_float_50(2));
    double worst = 0;
    std::mt19937_64 random(3);
    for (int i = 0; i < 20'000; ++i) {
        const double scale =
            std::ldexp(1 + static_cast<double>(random() >> 12) * 0x1p-52, static_cast<int>(random() % 200) - 150);
        const multiplier m = dyad::log2_multiplier(scale);
        REQUIRE(m.significand >= 1 << 30);
        const cpp_bin_float_50 exact = scale * log2_e * unit;
        worst = std::max(
            worst, std::fabs(static_cast<double>(ldexp(cpp_bin_float_50(m.significand), m.exponent) / exact - 1)));
    }
    MESSAGE("relative error " << worst << " = 2^" << std::log2(worst));
    CHECK(worst <= 0x1p-31 * (1 + 1e-6));
    CHECK(worst >= 0x1p-32);
    CHECK(dyad::log2_multiplier(0.0).significand == 0);
}

TEST_CASE("shift_exp2 of scaled_exponent: e^(-s x)") {
    for (const double scale : {1.0 / 4, 1.0 / 10, 1.0 / 64, 3e-4}) {
        const multiplier m = dyad::log2_multiplier(scale);
        double worst = 0;
        for (std::uint32_t x = 0; x < 1u << 16; ++x) {
            const double got = dyad::shift_exp2(dyad::scaled_exponent(x, m)) / one;
            worst = std::max(worst, std::fabs(got - std::exp(-scale * x)));
        }
        MESSAGE("scale " << scale << ": largest error " << worst);
        // Half a unit of t, 2^-17, moves the result by at most 2^-17 ln 2.
        CHECK(worst <= 1.96e-3 + 0x1p-17 * 0.694);
    }
}

// --- the sigmoid ---

TEST_CASE("shift_sigmoid: symmetric, the nearest quotient, and its error") {
    tally symmetric("shift_sigmoid is symmetric");
    tally rounded("shift_sigmoid is the nearest quotient");
    double worst = 0;
    std::uint32_t at = 0;
    constexpr std::uint64_t whole = std::uint64_t{1} << 30;
    const auto is_nearest = [](std::uint64_t y, std::uint64_t numerator, std::uint64_t denominator) {
        const auto rest = static_cast<std::int64_t>(numerator * whole - y * denominator);
        return 2 * static_cast<std::uint64_t>(std::abs(rest)) <= denominator;
    };
    for (std::uint32_t t = 0; t < domain + 100; ++t) {
        const std::uint64_t plus = dyad::shift_sigmoid(t, false);
        const std::uint64_t minus = dyad::shift_sigmoid(t, true);
        symmetric.check(plus + minus >= whole - 1 && plus + minus <= whole + 1, t, ": ", plus, " + ", minus);
        const std::uint64_t e = dyad::shift_exp2(t);
        rounded.check(is_nearest(plus, whole, whole + e) && is_nearest(minus, e, whole + e), t, ": ", plus, " ", minus);
        const double error =
            std::fabs(static_cast<double>(plus) / one - 1 / (1 + exact_power(std::min(t, domain - 1))));
        if (error > worst) {
            worst = error;
            at = t;
        }
    }
    MESSAGE("shift_sigmoid: largest error " << worst << " at t = " << at << " * 2^-16");
    CHECK(worst <= 7.6e-4);
    CHECK(worst >= 7e-4);
    for (const std::uint32_t t : {domain, 1u << 25, 0xffff'ffffu}) {
        CHECK(dyad::shift_sigmoid(t, false) == 1u << 30);
        CHECK(dyad::shift_sigmoid(t, true) == 0);
    }
}

// --- GELU ---

double gelu(double x) { return x / 2 * std::erfc(-x / std::sqrt(2.0)); }

TEST_CASE("shift_gelu: error against x Phi(x) on 8-bit and 16-bit codes") {
    double form = 0;
    for (int i = -100'000; i <= 100'000; ++i) {
        const double x = i * 1e-4;
        form = std::max(form, std::fabs(x / (1 + std::exp(-1.702 * x)) - gelu(x)));
    }
    MESSAGE("the sigmoid form itself: " << form);
    CHECK(form <= 0.0204);
    CHECK(form >= 0.0202);
    for (const double scale : {1.0 / 16, 1.0 / 40, 4.0 / 127, 10.0 / 127, 1.0 / 4, 1.0 / 4096}) {
        const multiplier m = dyad::log2_multiplier(1.702 * scale);
        double worst = 0;
        std::int32_t at = 0;
        for (std::int32_t x = -32768; x <= 32767; ++x) {
            const double got = static_cast<double>(dyad::shift_gelu(x, m)) / one * scale;
            const double error = std::fabs(got - gelu(x * scale));
            if (error <= worst) continue;
            worst = error;
            at = x;
        }
        MESSAGE("shift_gelu, scale " << scale << ": largest error " << worst << " at code " << at);
        CHECK(worst <= 0.0205);
        CHECK(worst >= 0.0150);
    }
}

TEST_CASE("scaled_exponent: exponents at the ends of 32 bits") {
    constexpr auto largest = std::numeric_limits<std::uint32_t>::max();
    CHECK(dyad::scaled_exponent(largest, {1 << 30, std::numeric_limits<std::int32_t>::min()}) == 0);
    CHECK(dyad::scaled_exponent(1, {1 << 30, std::numeric_limits<std::int32_t>::max()}) == largest);
    CHECK(dyad::scaled_exponent(0, {1 << 30, std::numeric_limits<std::int32_t>::max()}) == 0);
}

TEST_CASE("shift_gelu: extreme codes") {
    constexpr std::int32_t lowest = std::numeric_limits<std::int32_t>::min();
    constexpr std::int32_t largest = std::numeric_limits<std::int32_t>::max();
    const multiplier m = dyad::log2_multiplier(1.702 / 16);
    CHECK(dyad::shift_gelu(largest, m) == std::int64_t{largest} << 30);
    CHECK(dyad::shift_gelu(lowest, m) == 0);
    CHECK(dyad::shift_gelu(lowest, {0, 0}) == std::int64_t{lowest} * (1 << 29));
    CHECK(dyad::shift_gelu(0, m) == 0);
}

}  // namespace
