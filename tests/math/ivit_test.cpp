// SPDX-License-Identifier: Apache-2.0
// I-ViT's functions: the published errors reproduced, the two codes' differences, and the mended forms beside them.
#include <dyad/math/ivit.hpp>

#include <doctest/doctest.h>

#include "support/published_vectors.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

namespace {

namespace ivit = dyad::ivit;
namespace hawq = dyad::hawq;
using dyad::carried32;
using dyad::carried64;
using dyad_test::tally;
using ivit::arithmetic;

constexpr std::int32_t lowest = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t largest = std::numeric_limits<std::int32_t>::max();

// A constant expression has no undefined behaviour: the ends of int32, sums that wrap, divisors of 0, long shifts.
constexpr auto tvm16 = ivit::exp_parameters_for(arithmetic::tvm, 0.0625f, 16);
static_assert(ivit::shift_exp_tvm(0, tvm16) == 17 << 16);
static_assert(ivit::shift_exp_tvm(lowest, tvm16) == 0);    // -1.4375 * 2^31 wraps to a positive code
static_assert(ivit::shift_exp_tvm(largest, tvm16) == 17);  // 1.4375 (2^31 - 1) wraps to a negative code
static_assert(ivit::shift_exp_tvm(1 << 20, tvm16) == 0);   // a shift of 88675
static_assert(ivit::shift_exp_tvm(178, tvm16) == lowest);  // 17 << 31
static_assert(ivit::shift_exp_tvm(190, tvm16) == 0);       // 17 << 32
static_assert(ivit::wrapped(std::int64_t{largest} + 1) == lowest);
static_assert(ivit::truncated_quotient(5, 0) == 0 && ivit::truncated_quotient(lowest, -1) == lowest);
static_assert(ivit::share_tvm(lowest, largest) == -128);
static_assert(ivit::newton_sqrt_tvm(0xffff'ffff) == 65536 && ivit::newton_sqrt_tvm(0) == 64);
static_assert(ivit::shift_gelu(lowest, largest, ivit::gelu_parameters::from(arithmetic::tvm, 0.1f)) != 1);
static_assert(ivit::normalized(arithmetic::tvm, largest, largest, std::int64_t{1} << 40) == 0);
static_assert(ivit::normalized_mended(-5, 0, 7) == 7);

TEST_CASE("ivit: x0 of the two codes differs where 1 / S is whole") {
    const auto x0 = [](arithmetic a, float scale) { return ivit::exp_parameters_for(a, scale, 15).x0; };
    CHECK(x0(arithmetic::pytorch, 0.0625f) == -16);
    CHECK(x0(arithmetic::tvm, 0.0625f) == -17);
    CHECK(x0(arithmetic::pytorch, 0.0472f) == -22);
    CHECK(x0(arithmetic::tvm, 0.0472f) == -22);
    // 1 / 0.1f is below 10, and 10 in float32: the codes agree on neither side of it.
    CHECK(x0(arithmetic::pytorch, 0.1f) == -10);
    CHECK(x0(arithmetic::tvm, 0.1f) == -10);
    CHECK(x0(arithmetic::pytorch, 3.0f) == -1);
    CHECK(x0(arithmetic::tvm, 3.0f) == -1);
    CHECK(ivit::exp_parameters_for(arithmetic::pytorch, 0.0625f, 23, 1.702).x0 == -10);
    CHECK(x0(arithmetic::pytorch, 0x1p-19f) == -(1 << 19));
    CHECK(x0(arithmetic::pytorch, 0x1p-20f) == 0);
    CHECK(x0(arithmetic::tvm, 0x1p-19f) == 0);
    for (const float bad : {0.0f, -1.0f, std::nanf(""), INFINITY}) CHECK(x0(arithmetic::tvm, bad) == 0);
}

double value(carried32 x) { return dyad::to_double(x); }

TEST_CASE("ShiftExp: the published errors by scale") {
    struct expected {
        double scale;
        double error;
    };
    for (const auto& e : {expected{1.0 / 4, .143}, expected{1.0 / 8, .096}, expected{1.0 / 10, .081},
                          expected{1.0 / 16, .064}, expected{.0472, .096}, expected{1.0 / 32, .050},
                          expected{1.0 / 64, .050}, expected{1.0 / 128, .046}, expected{1.0 / 1024, .044}}) {
        const auto p = ivit::exp_parameters_for(arithmetic::pytorch, static_cast<float>(e.scale), 15);
        const auto t = ivit::exp_parameters_for(arithmetic::tvm, static_cast<float>(e.scale), 16);
        const auto m = dyad::log2_multiplier(e.scale);
        double torch = 0;
        double tvm = 0;
        double mended = 0;
        for (std::int32_t x = 0; - x * e.scale <= 16; --x) {
            const double exact = std::exp(x * e.scale);
            CHECK(value(ivit::shift_exp_pytorch(x, p)) == std::floor(value(ivit::shift_exp_pytorch(x, p))));
            torch = std::max(torch, std::fabs(value(ivit::shift_exp_pytorch(x, p)) * e.scale * 0x1p-15 - exact));
            tvm = std::max(tvm, std::fabs(ivit::shift_exp_tvm(x, t) * e.scale * 0x1p-16 - exact));
            mended = std::max(mended, std::fabs(ivit::shift_exp_mended(x, m) * 0x1p-30 - exact));
        }
        MESSAGE("scale " << e.scale << ": ShiftExp " << torch << ", tvm " << tvm << ", mended " << mended);
        CHECK(torch == doctest::Approx(e.error).epsilon(0.035));
        CHECK(mended <= 1.97e-3);
    }
}

TEST_CASE("ShiftExp: where its errors come from") {
    double linear = 0;
    double linear_relative = 0;
    double parabola = 0;
    for (int i = 0; i < 1'000'000; ++i) {
        const double f = i * 1e-6;
        const double exact = std::exp2(-f);
        linear = std::max(linear, std::fabs(1 - f / 2 - exact));
        linear_relative = std::max(linear_relative, std::fabs((1 - f / 2) / exact - 1));
        parabola = std::max(parabola, std::fabs(1 - f / 2 - 11.0 / 64 * f * (1 - f) - exact));
    }
    double whole = 0;
    double whole_relative = 0;
    for (int i = 0; i <= 1'600'000; ++i) {
        const double x = -i * 1e-5;
        const double t = -x * 1.4375;
        const double q = std::floor(t);
        const double got = std::ldexp(1 - (t - q) / 2, static_cast<int>(-q));
        whole = std::max(whole, std::fabs(got - std::exp(x)));
        whole_relative = std::max(whole_relative, std::fabs(got / std::exp(x) - 1));
    }
    MESSAGE("1 - f/2: " << linear << ", relative " << linear_relative << "; with 1.4375: " << whole << ", relative "
                        << whole_relative << "; 1 - f/2 - 11/64 f (1 - f): " << parabola);
    CHECK(linear == doctest::Approx(.0430).epsilon(.002));
    CHECK(linear_relative == doctest::Approx(.0615).epsilon(.002));
    CHECK(whole == doctest::Approx(.0439).epsilon(.002));
    CHECK(whole_relative == doctest::Approx(.123).epsilon(.005));
    CHECK(parabola == doctest::Approx(1.95e-3).epsilon(.005));
}

TEST_CASE("I-LayerNorm's root: ten steps from 2^16, sixteen, and both codes") {
    tally same("both codes' steps up to 2^20");
    std::int64_t below_4096 = 0;
    std::int64_t below_65536 = 0;
    std::int64_t above = 0;
    std::int64_t sixteen = 0;
    std::uint32_t last_bad = 0;
    const auto excess = [](std::uint32_t v, int steps) {
        return std::int64_t{ivit::newton_sqrt_tvm(v, steps)} - dyad::integer_sqrt(v);
    };
    for (std::uint32_t v = 0; v < 1u << 20; ++v) {
        const std::int64_t e = excess(v, 10);
        CHECK_MESSAGE(e >= 0, v);
        std::int64_t& most = v < 4096 ? below_4096 : v < 65536 ? below_65536 : above;
        most = std::max(most, e);
        if (e > 1) last_bad = v;
        if (v > 0) sixteen = std::max(sixteen, excess(v, 16));
        same.check(ivit::newton_sqrt_pytorch(carried32::from(v)) == ivit::newton_sqrt_tvm(v), v);
    }
    std::mt19937_64 random(5);
    for (int i = 0; i < 200'000; ++i) {
        const auto v = static_cast<std::uint32_t>(random() | 1u << 20);
        above = std::max(above, excess(v, 10));
        sixteen = std::max(sixteen, excess(v, 16));
    }
    MESSAGE("ten steps too large by " << below_4096 << " below 2^12, " << below_65536 << " below 2^16, " << above
                                      << " from there on; last by more than 1: " << last_bad
                                      << "; sixteen steps: " << sixteen);
    CHECK(below_4096 == 64);
    CHECK(below_65536 == 20);
    CHECK(above == 1);
    CHECK(sixteen == 1);
    CHECK(ivit::newton_sqrt_tvm(26244) - dyad::integer_sqrt(26244) <= 1);
}

TEST_CASE("the factor of 31 bits keeps few digits over a large sum") {
    const auto digits = [](std::int64_t f) { return dyad::bit_width(static_cast<std::uint64_t>(f)); };
    // ShiftGELU at S = 4/127: E of 19 * 2^23; and Shiftmax of 197 columns at S = 1/16, half of them near the maximum.
    const auto e = ivit::shift_exp_pytorch(0, ivit::exp_parameters_for(arithmetic::pytorch, 4.0f / 127, 23, 1.702));
    CHECK(value(e) == 19.0 * (1 << 23));
    CHECK(digits(ivit::factor_pytorch(e)) == 4);
    CHECK(digits(ivit::factor_pytorch(carried32::from(98 * (16 << 15)))) == 6);
    CHECK(ivit::factor_pytorch(carried32::from(std::int64_t{1} << 40)) == 1);
    // 2^31 - 1 is 2^31 in float32, so powers of two divide it; in integers they do not.
    CHECK(ivit::factor_pytorch(carried32::from(1 << 19)) == 4096);
    CHECK(ivit::truncated_quotient(largest, 1 << 19) == 4095);
}

TEST_CASE("hawq::ratio: Decimal's round half up of numpy's frexp") {
    for (const auto& c : reference::ratio_cases) {
        const auto r = hawq::ratio::from(carried64::from_float(c.ratio), carried64::from(1));
        CHECK(r == hawq::ratio{c.b, c.c});
        const auto m = r.mended();
        CHECK(m.significand >= 1 << 30);
        CHECK(std::ldexp(m.significand, m.exponent) == std::ldexp(static_cast<double>(c.b), -c.c));
    }
    const auto over = hawq::ratio::from(carried64::from_float(1 - 0x1p-33), carried64::from(1));
    CHECK(over.b == std::int64_t{1} << 31);  // no int32
    CHECK(hawq::ratio::from(0.0f, 1.0f).b == 0);
    CHECK(hawq::ratio::from(1.0f, std::nanf("")).b == 0);
}

TEST_CASE("hawq::fixedpoint_mul: exact up to 2^22, and then rounded twice") {
    tally exact("fixedpoint_mul up to 2^22");
    std::mt19937_64 random(6);
    int met = 0;
    int differ = 0;
    constexpr int many = 200'000;
    for (int i = 0; i < many; ++i) {
        const auto z = static_cast<std::int32_t>(random() % (1u << 23)) - (1 << 22);
        const auto b = static_cast<std::int64_t>(random() % (1u << 30)) + (1 << 30);
        const hawq::ratio r{b, 31 + static_cast<int>(random() % 20)};
        exact.check(hawq::fixedpoint_mul(z, r, 24) == hawq::fixedpoint_mul_mended(z, r, 24), z, " * ", b, " >> ", r.c);
        // z b = 2^30 + 1 modulo 2^31: just above a tie, by a digit that float64 drops of products of 55 digits.
        const std::uint32_t large = static_cast<std::uint32_t>(random() % (1u << 23)) | (1u << 23) | 1;
        std::uint32_t inverse = large;  // modulo 2^32, by Newton: 3, 6, 12, 24, 48 digits
        for (int step = 0; step < 4; ++step) inverse *= 2 - large * inverse;
        const std::uint32_t odd = (((1u << 30) + 1) * inverse) & 0x7fff'ffff;
        if (odd < 1u << 30) continue;
        const hawq::ratio tie{odd, 31};
        const auto code = static_cast<std::int32_t>(large);
        const std::int64_t once = dyad::requantize(code, tie.mended(), dyad::requantization::nearest_even);
        ++met;
        differ += hawq::fixedpoint_mul(code, tie) == once - 1;
    }
    MESSAGE("codes of 24 bits just above a tie: " << differ << " of " << met
                                                  << " are one less than the exact product rounded once");
    CHECK(differ > met / 10);
    CHECK(differ < met);
    CHECK(hawq::fixedpoint_mul(100, {1 << 30, 30}, -100, {1 << 30, 31}, 8) == 50);
    CHECK(hawq::fixedpoint_mul(100, {1 << 30, 30}, 100, {1 << 30, 30}, 8) == 127);
    CHECK(hawq::fixedpoint_mul(-5, {1 << 30, 31}) == -2);  // -2.5 to even
    // 24 digits of z: 2^24 + 1 is 2^24.
    CHECK(hawq::fixedpoint_mul((1 << 24) + 1, {1 << 30, 30}) == 1 << 24);
}

TEST_CASE("layer_norm_bias: floor in float32, 0 where the published quotient is not finite") {
    CHECK(hawq::layer_norm_bias(1.0f, 2.0f, 64) == 1 << 26);
    CHECK(hawq::layer_norm_bias(-1.0f, 3.0f, 64) == std::int64_t{-44739244});  // rn(1 / 3) 2^27 to 24 digits
    CHECK(hawq::layer_norm_bias(1.0f, 0.0f, 64) == 0);
    CHECK(hawq::layer_norm_bias(std::nanf(""), 1.0f, 64) == 0);
    CHECK(hawq::layer_norm_bias(1.0f, INFINITY, 64) == 0);
    CHECK(hawq::layer_norm_scale(-2.0f, 64) == -0x1p-26);
    CHECK(hawq::layer_norm_scale(0.7f, 192) == std::sqrt(192.0f) * 0x1p-30f * 0.7f);
    CHECK(hawq::layer_norm_scale(INFINITY, 192) == 0);
    CHECK(hawq::layer_norm_bias(1e30f, 1e-30f, 64) == std::numeric_limits<std::int64_t>::max());
}

}  // namespace
