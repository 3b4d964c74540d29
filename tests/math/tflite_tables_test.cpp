// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite's 16-bit tables: recomputed in floating point by the published steps; the sigmoid's entries (which
// tflite_rows_test compares with the runtimes), and the errors of the interpolations.
#include <dyad/math/tflite_tables.hpp>

#include <doctest/doctest.h>

#include <dyad/core/saturation.hpp>

#include "support/tally.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace {

namespace tflite = dyad::tflite;
using dyad_test::tally;

/// LUTPopulate: rounded samples, less half of the rounded error of the straight line in the middle. In Real arithmetic.
template <class Real, class Function>
tflite::table16 populate(Real in_scale, int in_zero, const Function& f) {
    const Real out_scale = static_cast<Real>(2.0 / 65535);
    const Real first = in_scale * static_cast<Real>(-32768 - in_zero);
    const Real last = in_scale * static_cast<Real>(32767 - in_zero);
    const Real step = (last - first) / 512;
    const Real inverse = 65536 / (out_scale * 32767 - out_scale * -32768);
    tflite::table16 table{};
    for (int i = 0; i <= 512; ++i) {
        const Real x = first + static_cast<Real>(i) * step;
        const Real sample = std::round(f(i == 512 ? last : x) * inverse);
        const Real next = f(first + static_cast<Real>(i + 1) * step) * inverse;
        const Real middle = std::round(f(x + step / 2) * inverse);
        const Real bias = i == 512 ? 0 : std::round((std::round((next + sample) / 2) - middle) / 2);
        table[static_cast<std::size_t>(i)] = static_cast<std::int16_t>(std::clamp<Real>(sample - bias, -32768, 32767));
    }
    return table;
}

TEST_CASE("tflite tables: the published steps in double precision, and in single precision") {
    const auto exp = [](auto x) { return std::exp(x); };
    const auto reciprocal = [](auto x) { return 1 / (1 + x); };
    CHECK(populate<double>(10.0 / 65535, 32767, exp) == tflite::exp_table);
    CHECK(populate<double>(1.0 / 65535, -32768, reciprocal) == tflite::reciprocal_table);
    CHECK(populate<float>(static_cast<float>(10.0 / 65535), 32767, exp) == tflite::exp_table);
    CHECK(populate<float>(static_cast<float>(1.0 / 65535), -32768, reciprocal) == tflite::micro_reciprocal_table);
}

TEST_CASE("tflite tables: errors of the interpolations") {
    double of_exp = 0;
    double of_reciprocal = 0;
    for (int c = -32768; c < 32768; ++c) {
        const auto code = static_cast<std::int16_t>(c);
        of_exp = std::max(of_exp, std::fabs(tflite::interpolate(tflite::exp_table, code) -
                                            32768 * std::exp((c - 32767) * 10.0 / 65535)));
        of_reciprocal = std::max(of_reciprocal, std::fabs(tflite::interpolate(tflite::reciprocal_table, code) -
                                                          32768 / (1 + (c + 32768) / 65535.0)));
    }
    MESSAGE("exp: " << of_exp << ", 1/(1+x): " << of_reciprocal << " of 2^-15");
    CHECK(of_exp <= 6.41);
    CHECK(of_exp >= 6.4);
    CHECK(of_reciprocal <= 1.43);
    // exp(0): the last code is one step of 1/128 short of the last entry.
    CHECK(tflite::interpolate(tflite::exp_table, 32767) == 32762);
}

TEST_CASE("tflite sigmoid_table: no rounding of the sigmoid") {
    double lowest = 0;
    double highest = 0;
    for (std::size_t i = 0; i < 256; ++i) {
        const double off = tflite::sigmoid_table[i] - 65536 / (1 + std::exp(-static_cast<double>(i) / 24));
        lowest = std::min(lowest, off);
        highest = std::max(highest, off);
    }
    MESSAGE("entries less exact values: " << lowest << " to " << highest);
    CHECK(lowest >= -0.5);
    CHECK(highest > 1.1);
    CHECK(highest < 1.12);
}

TEST_CASE("tflite sigmoid16 and tanh16: mirrored, and saturated") {
    tally cases("steps");
    for (std::int32_t x = 0; x < 1 << 18; ++x) {
        const int y = tflite::sigmoid16(x);
        cases.check(tflite::sigmoid16(-x) == 32768 - y || (x == 0 && y == 16384) || y == 32767, "sigmoid ", x);
        cases.check(tflite::tanh16(-x) == -tflite::tanh16(x), "tanh ", x);
    }
    CHECK(tflite::sigmoid16(255 << 9) == 32767);
    CHECK(tflite::sigmoid16(-(255 << 9)) == 1);
    CHECK(tflite::tanh16(255 << 8) == 32767);
    CHECK(tflite::tanh16(dyad::word_min<std::int32_t>()) == -32767);
    CHECK(tflite::sigmoid16(dyad::word_min<std::int32_t>()) == 1);
}

}  // namespace
