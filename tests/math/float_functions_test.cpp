// SPDX-License-Identifier: Apache-2.0
// exp_float is the correctly rounded exponential, gelu_tanh_float within its stated error: both against 50 digits.
#include <dyad/math/float_functions.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using boost::multiprecision::cpp_bin_float_50;
using dyad_test::tally;
using limits = std::numeric_limits<float>;

static_assert(dyad::exp_float(0.0f) == 1.0f && dyad::exp_float(-0.0f) == 1.0f);
static_assert(dyad::exp_float(1.0f) == 0x1.5bf0a8p+1f);
static_assert(dyad::exp_float(-1.0f) == 0x1.78b564p-2f);
static_assert(dyad::exp_float(limits::infinity()) == limits::infinity());
static_assert(dyad::exp_float(-limits::infinity()) == 0.0f);
static_assert(dyad::multiply_high(~std::uint64_t{0}, ~std::uint64_t{0}) == ~std::uint64_t{0} - 1);

/// The real numbers that round to y >= 0 lie between these two, which are exact in double.
double lower_end(float y) {
    if (y == 0) return 0;
    if (std::isinf(y)) return 0x1.ffffffp+127;
    return (static_cast<double>(y) + static_cast<double>(std::nextafter(y, 0.0f))) / 2;
}
double upper_end(float y) {
    if (std::isinf(y)) return std::numeric_limits<double>::infinity();
    if (y == limits::max()) return 0x1.ffffffp+127;
    return (static_cast<double>(y) + static_cast<double>(std::nextafter(y, limits::infinity()))) / 2;
}

/// Is got = e^x rounded to nearest? No e^x but e^0 is a tie.
bool is_rounded_exp(float got, float x) {
    const cpp_bin_float_50 exact = exp(cpp_bin_float_50(x));
    return got == got && !std::signbit(got) && lower_end(got) <= exact && exact <= upper_end(got);
}

/// x and the floats near it.
void check_around(tally& cases, float x) {
    float near = x;
    for (int i = 0; i < 8; ++i) near = std::nextafter(near, -limits::infinity());
    for (int i = -8; i <= 8; ++i, near = std::nextafter(near, limits::infinity()))
        cases.check(is_rounded_exp(dyad::exp_float(near), near), near, ": ", dyad::exp_float(near));
}

TEST_CASE("exp_float: 2^16 random floats, uniform codes over the whole useful range") {
    tally cases("exp_float is rounded correctly");
    std::mt19937_64 random(1);
    const std::uint32_t first = std::bit_cast<std::uint32_t>(0x1p-27f);
    const std::uint32_t last = std::bit_cast<std::uint32_t>(106.0f);
    for (int i = 0; i < 1 << 16; ++i) {
        const auto code = static_cast<std::uint32_t>(first + random() % (last - first));
        const float x = std::bit_cast<float>(code | (random() % 2 != 0 ? 0x8000'0000u : 0u));
        cases.check(is_rounded_exp(dyad::exp_float(x), x), x, ": ", dyad::exp_float(x));
    }
}

TEST_CASE("exp_float: around overflow, underflow, subnormal results, and 0") {
    tally cases("exp_float near its turning points");
    // ln of the largest float, of the smallest normal, the smallest subnormal, and half of that.
    for (const float x : {88.72284f, -87.336544f, -103.27893f, -103.97208f, -95.0f, 127.9f, 128.0f, 256.0f, 511.0f,
                          512.0f, 1e10f, limits::max() * 0.5f}) {
        check_around(cases, x);
        check_around(cases, -x);
    }
    for (const float x : {0.0f, 0x1p-149f, 0x1p-126f, 0x1p-64f, 0x1p-26f, 0x1p-25f, 0x1p-24f, 0x1p-23f, 0x1p-12f, 1.0f,
                          0.6931472f, 0.010830425f}) {
        check_around(cases, x);
        check_around(cases, -x);
    }
    cases.check(dyad::exp_float(limits::max()) == limits::infinity(), "largest");
    cases.check(dyad::exp_float(limits::lowest()) == 0 && !std::signbit(dyad::exp_float(limits::lowest())), "lowest");
}

TEST_CASE("exp_float: the hardest floats, whose exponentials come nearest to a midpoint") {
    tally cases("hard cases of exp_float");
    // The 24 hardest of all floats with a normal result; the first is 2^-52.6 of the result away from its midpoint.
    for (const float x :
         {-0x1.d2259ap+3f, -0x1.e1dbe2p-8f, -0x1.c1c4b8p-10f, -0x1p-25f,       0x1.fdff02p-17f, 0x1.62b666p+1f,
          0x1.036492p+1f,  0x1.8d7cb6p-12f, 0x1.cd3982p-14f,  0x1.747de2p-15f, -0x1.548c34p-7f, 0x1.344e9cp-5f,
          0x1.112856p+6f,  -0x1.6e1ddp-8f,  0x1.cce332p+0f,   -0x1.7acc62p+3f, 0x1.cb763ap-12f, 0x1.97f0f6p+4f,
          0x1.fbff82p-18f, 0x1.f7ffc2p-19f, 0x1.efffe2p-20f,  0x1.dffff2p-21f, 0x1.bffffap-22f, 0x1.7ffffep-23f})
        cases.check(is_rounded_exp(dyad::exp_float(x), x), x, ": ", dyad::exp_float(x));
}

TEST_CASE("exp_float: two million floats against long double, 50 digits where that is too coarse") {
    if constexpr (std::numeric_limits<long double>::digits >= 64) {
        tally cases("exp_float against long double");
        std::mt19937_64 random(2);
        for (int i = 0; i < 1 << 21; ++i) {
            const auto x = static_cast<float>(static_cast<double>(random() >> 11) * 0x1p-53 * 194 - 105);
            const float got = dyad::exp_float(x);
            const long double y = std::exp(static_cast<long double>(x));
            const long double slack = y * 0x1p-60L;
            const bool clear = y - slack > static_cast<long double>(lower_end(got)) &&
                               y + slack < static_cast<long double>(upper_end(got));
            cases.check(clear || is_rounded_exp(got, x), x, ": ", got);
        }
    }
}

TEST_CASE("exp_float: infinities and NaN") {
    CHECK(dyad::exp_float(limits::infinity()) == limits::infinity());
    CHECK(dyad::exp_float(-limits::infinity()) == 0.0f);
    CHECK_FALSE(std::signbit(dyad::exp_float(-limits::infinity())));
    CHECK(std::isnan(dyad::exp_float(limits::quiet_NaN())));
    CHECK(std::isnan(dyad::exp_float(-limits::quiet_NaN())));
}

TEST_CASE("exp_float: its constants, its table and its series") {
    using boost::multiprecision::ldexp;
    const cpp_bin_float_50 ln2 = log(cpp_bin_float_50(2));
    CHECK(dyad::ln2_q64 == static_cast<std::uint64_t>(round(ldexp(ln2, 64))));
    CHECK(dyad::log2_e_q63 == static_cast<std::uint64_t>(round(ldexp(1 / ln2, 63))));
    // Beyond the seventh term of the series.
    cpp_bin_float_50 rest = 1;
    for (int k = 1; k <= 8; ++k) rest *= ln2 / 64 / k;
    CHECK(rest < ldexp(cpp_bin_float_50(1), -67));
    double worst = 0;
    for (std::size_t i = 0; i < 64; ++i) {
        const cpp_bin_float_50 exact = ldexp(exp(ln2 * i / 64), 63);
        worst = std::max(worst, std::fabs(static_cast<double>(dyad::exp2_table_q63[i] - exact)));
    }
    MESSAGE("table of 2^(i / 64): off by at most " << worst << " * 2^-63");
    CHECK(worst <= 16);
    worst = 0;
    std::mt19937_64 random(3);
    for (int i = 0; i < 2000; ++i) {
        const std::uint64_t f = random() >> 6;
        const cpp_bin_float_50 exact = ldexp(exp(ln2 * ldexp(cpp_bin_float_50(f), -64)), 63);
        worst = std::max(worst, std::fabs(static_cast<double>(dyad::exp2_series_q63(f, 7) - exact)));
    }
    MESSAGE("seven terms below 1 / 64: off by at most " << worst << " * 2^-63");
    CHECK(worst <= 8);
    // Together below 2^-56: 16 + 8 units of 2^-63, and |x| <= 2^7 times half a unit of log2 e, 2^-64.
    CHECK((16 + 8) * 0x1p-63 + 0x1p+7 * 0x1p-64 * 0.6932 < 0x1p-56);
}

// --- GELU ---

cpp_bin_float_50 exact_gelu(float x) {
    static const cpp_bin_float_50 factor = sqrt(2 / boost::math::constants::pi<cpp_bin_float_50>());
    const cpp_bin_float_50 v = x;
    // 0.044715 is the decimal number, not the double next to it.
    const cpp_bin_float_50 inner = factor * (v + v * v * v * 44715 / 1'000'000);
    return v / (1 + exp(-2 * inner));
}

/// |got - exact| in units in the last place of exact.
double error_in_ulp(float got, const cpp_bin_float_50& exact) {
    int exponent = 0;
    static_cast<void>(frexp(exact, &exponent));
    const int unit = std::max(exponent - 24, -149);
    return std::fabs(static_cast<double>(ldexp(cpp_bin_float_50(got) - exact, -unit)));
}

TEST_CASE("gelu_tanh_float: error in ulp, by the size of the result") {
    struct range {
        double above;  // |gelu| from here to the range before
        double bound;  // in ulp
        double worst = 0;
        float at = 0;
    };
    range positive{0, 1.8};
    // The exponential's argument is a float: half a unit of it in [2^k, 2^(k+1)) is 2^(k-1) units of the result.
    std::vector<range> negative{{0x1p-6, 5.5}, {0x1p-14, 9.5}, {1e-10, 18}, {1e-30, 66}};
    const auto take = [](range& r, double error, float x) {
        if (error <= r.worst) return;
        r.worst = error;
        r.at = x;
    };
    std::mt19937_64 random(4);
    for (int i = 0; i < 1 << 16; ++i) {
        const double uniform = static_cast<double>(random() >> 11) * 0x1p-53;
        // Uniform over where the function bends; every fourth of any magnitude.
        const double any_size = std::ldexp(1 + uniform, static_cast<int>(random() % 60) - 40);
        const auto x = static_cast<float>(i % 4 != 0 ? uniform * 24 - 11 : i % 8 == 0 ? any_size : -any_size);
        const cpp_bin_float_50 exact = exact_gelu(x);
        const double size = std::fabs(static_cast<double>(exact));
        if (!(size > 1e-30)) continue;
        const double error = error_in_ulp(dyad::gelu_tanh_float(x), exact);
        if (x > 0) take(positive, error, x);
        else
            for (range& r : negative) {
                if (size <= r.above) continue;
                take(r, error, x);
                break;
            }
    }
    MESSAGE("x > 0: at most " << positive.worst << " ulp, at " << positive.at);
    CHECK(positive.worst <= positive.bound);
    for (const range& r : negative) {
        MESSAGE("x < 0, |gelu| above " << r.above << ": at most " << r.worst << " ulp, at " << r.at);
        CHECK(r.worst <= r.bound);
        CHECK(r.worst >= r.bound / 2);
    }
}

TEST_CASE("gelu_tanh_float: zeros, infinities, NaN, and where the result vanishes") {
    CHECK(dyad::gelu_tanh_float(0.0f) == 0);
    CHECK_FALSE(std::signbit(dyad::gelu_tanh_float(0.0f)));
    CHECK(std::signbit(dyad::gelu_tanh_float(-0.0f)));
    CHECK(dyad::gelu_tanh_float(limits::infinity()) == limits::infinity());
    for (const float x :
         {-limits::infinity(), limits::lowest(), -1e30f, -10001.0f, -10000.0f, -9999.0f, -100.0f, -12.0f}) {
        CHECK(dyad::gelu_tanh_float(x) == 0);
        CHECK(std::signbit(dyad::gelu_tanh_float(x)));
    }
    for (const float x : {limits::max(), 1e30f, 10001.0f, 20.0f}) CHECK(dyad::gelu_tanh_float(x) == x);
    CHECK(dyad::gelu_tanh_float(limits::denorm_min() * 2) == limits::denorm_min());
    CHECK(std::isnan(dyad::gelu_tanh_float(limits::quiet_NaN())));
}

}  // namespace
