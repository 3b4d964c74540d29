// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite's integer helpers: multipliers against frexp, the reciprocal, inverse square root and logarithm
// against the real functions (their bits are checked with the kernels that use them: tflite_rows_test,
// tflite_softmax_test), and the two 64-bit requantizations against the runtimes.
#include <dyad/math/tflite_functions.hpp>

#include <doctest/doctest.h>

#include <dyad/number/fixed.hpp>

#include "support/tally.hpp"
#include "support/tflite_check.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>

namespace {

namespace tflite = dyad::tflite;
using dyad::multiplier;
using dyad::requantization;
using dyad_test::tally;

static_assert(tflite::quantize_multiplier(0.5) == multiplier{1 << 30, -31});
static_assert(tflite::inverse_sqrt(1) == multiplier{2147483647, -31});
static_assert(tflite::log_x_for_x_greater_than_or_equal_to_1<5, 12>(1 << 19) == 0);

/// The published steps: frexp, round half away, renormalise, flush, clamp.
multiplier by_frexp(double scale, bool single) {
    int shift = 0;
    const double q = std::frexp(scale, &shift);
    auto fixed = static_cast<std::int64_t>(std::round(q * 0x1p31));
    if (fixed == std::int64_t{1} << 31) {
        fixed /= 2;
        ++shift;
    }
    if (shift < -31) {
        shift = 0;
        fixed = 0;
    }
    if (single && shift > 30) {
        shift = 30;
        fixed = 0x7fff'ffff;
    }
    return {static_cast<std::int32_t>(fixed), shift - 31};
}

TEST_CASE("tflite quantize_multiplier: frexp and a rounding") {
    tally cases("multipliers");
    std::mt19937_64 random(1);
    const auto check = [&](double scale) {
        for (const bool single : {false, true}) {
            const auto mode = single ? requantization::single_half_up : requantization::gemmlowp_double;
            const multiplier m = tflite::quantize_multiplier(scale, mode);
            const multiplier expected = by_frexp(scale, single);
            cases.check(
                m.significand == expected.significand && (m.exponent == expected.exponent || m.significand == 0), scale,
                single ? " single" : " double");
        }
    };
    check(0.0);
    for (int e = -40; e <= 40; ++e) {
        check(std::ldexp(1.0, e));
        check(std::ldexp(1.0 - 0x1p-32, e));  // a tie that carries
        check(std::ldexp(1.0 - 0x1p-33, e));
        for (int i = 0; i < 200; ++i) check(std::ldexp(1.0 + static_cast<double>(random() >> 11) * 0x1p-53, e));
    }
}

TEST_CASE("tflite reciprocal_of: sums of 12 integer bits") {
    std::mt19937_64 random(2);
    double largest = 0;
    for (int i = 0; i < 1'000'000; ++i) {
        const auto x = static_cast<std::uint32_t>(random() >> (32 + random() % 12));
        if (x == 0) continue;
        const tflite::reciprocal r = tflite::reciprocal_of(x, 12);
        const double y = std::ldexp(r.scale, -31 - r.bits_over_unit);
        largest = std::max(largest, std::fabs(y * std::ldexp(x, -19) - 1));
    }
    MESSAGE("largest relative error " << largest);
    CHECK(largest <= 14 * 0x1p-31);
}

TEST_CASE("tflite inverse_sqrt: five steps are not enough") {
    double largest = 0;
    std::int32_t worst = 0;
    const auto check = [&](std::int32_t x) {
        const multiplier m = tflite::inverse_sqrt(x);
        const double e = std::fabs(std::ldexp(m.significand, m.exponent) * std::sqrt(static_cast<double>(x)) - 1);
        if (e > largest) worst = x;
        largest = std::max(largest, e);
    };
    for (std::int32_t x = 1; x < 300'000; ++x) check(x);
    for (std::int64_t x = 300'000; x < std::int64_t{1} << 31; x += 3331) check(static_cast<std::int32_t>(x));
    check(2147483647);
    check(536937897);
    MESSAGE("largest relative error " << largest << " at " << worst);
    CHECK(largest <= 1.25e-6);
    CHECK(largest >= 1.2e-6);
    CHECK(tflite::inverse_sqrt(0) == tflite::inverse_sqrt(1));
}

double log_error(std::int32_t x) {
    const std::int32_t y = tflite::log_x_for_x_greater_than_or_equal_to_1<5, 12>(x);
    return std::fabs(y - std::log(std::ldexp(x, -19)) * 0x1p26);
}

TEST_CASE("tflite log_x_for_x_greater_than_or_equal_to_1: 12 integer bits in, 5 out") {
    double largest = 0;
    for (std::int64_t x = 1 << 19; x < std::int64_t{1} << 31; x += 1999)
        largest = std::max(largest, log_error(static_cast<std::int32_t>(x)));
    MESSAGE("from 1 on: largest error " << largest << " * 2^-26");
    CHECK(largest <= 3);
    CHECK(largest >= 2);
    int wrong = 0;
    std::string which;
    for (std::int32_t x = 1; x < 1 << 19; ++x) {
        if (log_error(x) <= 3) continue;
        ++wrong;
        if (wrong < 20) which += " " + std::to_string(x) + " (" + std::to_string(log_error(x) * 0x1p-26) + ")";
    }
    MESSAGE("below 1: " << wrong << " words are wrong by more than 3 * 2^-26:" << which);
    CHECK(log_error(1) * 0x1p-26 == doctest::Approx(0.1617).epsilon(1e-3));
    CHECK(log_error(5) * 0x1p-26 == doctest::Approx(0.0225).epsilon(1e-2));
}

/// The script's FULLY_CONNECTED: 256 rows of 64 codes, 8 rows of weights, biases of 33 bits; scale 2^-19 / out.
template <class Requantize>
std::uint64_t fully_connected(float out_scale, const Requantize& requantize) {
    const auto x = dyad_test::tflite_inputs<dyad::int16>(256, 64);
    const multiplier m = tflite::quantize_multiplier(0x1p-19 / static_cast<double>(out_scale));
    std::vector<dyad::int16> y;
    for (dyad::index i = 0; i < 256; ++i) {
        for (std::uint64_t n = 0; n < 8; ++n) {
            const std::uint64_t bias = dyad_test::mixed(n + (std::uint64_t{1} << 34)) >> 31;
            std::int64_t sum = static_cast<std::int64_t>(bias) - (std::int64_t{1} << 32);
            for (std::uint64_t k = 0; k < 64; ++k) {
                const auto code = static_cast<std::int8_t>(dyad_test::mixed(n * 64 + k + (std::uint64_t{1} << 33)));
                sum += x.view()(i, static_cast<dyad::index>(k)).raw() * (code == -128 ? -127 : code);
            }
            y.push_back(dyad::int16::saturating_from_raw(requantize(sum, m)));
        }
    }
    return dyad_test::tflite_hash(y);
}

TEST_CASE("tflite 16x8 products: the reduced multiplier of TensorFlow Lite Micro, the full one of the desktop") {
    tally cases("output scales");
    for (const auto& row : reference::tflite_rows) {
        if (!dyad_test::is_row(row, "FULLY_CONNECTED", "int16", "int16")) continue;
        const auto full = [](std::int64_t sum, multiplier m) { return dyad::requantize(sum, m); };
        const auto reduced = [](std::int64_t sum, multiplier m) { return dyad::requantize_reduced(sum, m); };
        const std::uint64_t hash =
            dyad_test::is_of(row, "micro") ? fully_connected(row.scale, reduced) : fully_connected(row.scale, full);
        cases.check(hash == row.hash, row.scale, " ", row.runtime);
    }
}

}  // namespace
