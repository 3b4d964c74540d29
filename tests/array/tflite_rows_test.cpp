// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite's logistic, tanh, L2 normalization and tabulated functions: against the results of its two runtimes,
// and their errors.
#include <dyad/array/tflite_rows.hpp>

#include <doctest/doctest.h>

#include <dyad/math/float_functions.hpp>

#include "support/tally.hpp"
#include "support/tflite_check.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace {

namespace tflite = dyad::tflite;
using dyad::int16;
using dyad::int8;
using dyad::requantization;
using dyad::status;
using dyad::uint8;
using dyad_test::code_matrix;
using dyad_test::is_of;
using dyad_test::is_row;
using dyad_test::tally;

constexpr bool accepts(float scale) {
    tflite::activation_parameters p;
    return p.set(scale, 0) == status::ok;
}
static_assert(accepts(0.05f) && !accepts(0.0f) && !accepts(-1.0f));
static_assert(tflite::logistic(std::int8_t{0}, [] {
                  tflite::activation_parameters p;
                  static_cast<void>(p.set(0.05f, 0));
                  return p;
              }()) == 0);

/// Sum of the hashes over the script's zero points.
template <class Run>
std::uint64_t hash_over(const std::vector<int>& zeros, const Run& run) {
    std::uint64_t hash = 0;
    for (const int zero : zeros) hash += run(zero);
    return hash;
}

std::uint64_t hash_int8(bool is_tanh, float scale, int zero) {
    const auto x = dyad_test::tflite_inputs<int8>(1, 256);
    code_matrix<int8> y{1, 256};
    tflite::activation_parameters p;
    REQUIRE(p.set(scale, static_cast<std::int8_t>(zero)) == status::ok);
    REQUIRE((is_tanh ? tflite::tanh(x.view(), p, y.view()) : tflite::logistic(x.view(), p, y.view())) == status::ok);
    return dyad_test::tflite_hash(y.codes);
}

TEST_CASE("tflite logistic and tanh, int8: the integer kernels of TensorFlow Lite Micro") {
    tally cases("scales");
    for (const auto& row : reference::tflite_rows) {
        for (const bool is_tanh : {false, true}) {
            if (!is_row(row, is_tanh ? "TANH" : "LOGISTIC", "int8", "int8") || !is_of(row, "micro")) continue;
            const auto hash =
                hash_over({0, 3, -128, 127}, [&](int zero) { return hash_int8(is_tanh, row.scale, zero); });
            cases.check(hash == row.hash, row.op, " ", row.scale);
        }
    }
}

template <class Code, class Function>
std::uint64_t hash_table(float scale, int zero, float out_scale, int out_zero, const Function& f) {
    auto x = dyad_test::tflite_inputs<Code>(1, 256);
    for (Code& c : x.codes) c = Code::from_raw(tflite::float_activation(c.raw(), scale, zero, out_scale, out_zero, f));
    return dyad_test::tflite_hash(x.codes);
}

/// What the desktop tabulates, by its formulas.
float float_logistic(float x) { return 1.0f / (1.0f + dyad::exp_float(-x)); }
float float_tanh(float x) { return static_cast<float>(std::tanh(static_cast<double>(x))); }
float float_gelu(float x) {
    return 0.5f * x * (1.0f + static_cast<float>(std::erf(static_cast<double>(x * 0.70710678f))));
}
float float_gelu_tanh(float x) { return 0.5f * x * (1.0f + float_tanh(0.79788456f * (x + 0.044715f * x * x * x))); }

TEST_CASE("tflite float_activation: logistic, tanh and GELU of 8 bits as the desktop tabulates them") {
    tally cases("scales");
    for (const auto& row : reference::tflite_rows) {
        if (!is_of(row, "reference")) continue;
        const auto check = [&](const std::vector<int>& zeros, const auto& run) {
            cases.check(hash_over(zeros, run) == row.hash, row.op, " ", row.source, " ", row.scale);
        };
        if (is_row(row, "LOGISTIC", "int8", "int8"))
            check({0, 3, -128, 127},
                  [&](int z) { return hash_table<int8>(row.scale, z, 1.0f / 256, -128, float_logistic); });
        if (is_row(row, "TANH", "int8", "int8"))
            check({0, 3, -128, 127}, [&](int z) { return hash_table<int8>(row.scale, z, 1.0f / 128, 0, float_tanh); });
        if (is_row(row, "LOGISTIC", "uint8", "uint8"))
            check({0, 130}, [&](int z) { return hash_table<uint8>(row.scale, z, 1.0f / 256, 0, float_logistic); });
        if (is_row(row, "TANH", "uint8", "uint8"))
            check({0, 130}, [&](int z) { return hash_table<uint8>(row.scale, z, 1.0f / 128, 128, float_tanh); });
        if (is_row(row, "GELU", "int8", "int8"))
            check({0, -10}, [&](int z) { return hash_table<int8>(row.scale, z, 1.0f / 32, -100, float_gelu); });
        if (is_row(row, "GELU_TANH", "int8", "int8"))
            check({0, -10}, [&](int z) { return hash_table<int8>(row.scale, z, 1.0f / 32, -100, float_gelu_tanh); });
    }
}

TEST_CASE("tflite logistic and tanh, int16: both runtimes, all codes") {
    tally cases("scales");
    const auto x = dyad_test::tflite_inputs<int16>(1, 65536);
    for (const auto& row : reference::tflite_rows) {
        for (const bool is_tanh : {false, true}) {
            if (!is_row(row, is_tanh ? "TANH" : "LOGISTIC", "int16", "int16") || is_of(row, "optimized")) continue;
            code_matrix<int16> y{1, 65536};
            tflite::activation16_parameters p;
            REQUIRE((is_tanh ? p.set_tanh(row.scale) : p.set_logistic(row.scale)) == status::ok);
            REQUIRE((is_tanh ? tflite::tanh(x.view(), p, y.view()) : tflite::logistic(x.view(), p, y.view())) ==
                    status::ok);
            cases.check(dyad_test::tflite_hash(y.codes) == row.hash, row.op, " ", row.scale);
        }
    }
}

TEST_CASE("tflite logistic and tanh, int16: the desktop's optimized kernels are gemmlowp's on 16 bits") {
    tally cases("scales");
    for (const auto& row : reference::tflite_rows) {
        if (!is_of(row, "optimized")) continue;
        auto x = dyad_test::tflite_inputs<int16>(1, 65536);
        const int left = row.scale > 0x1p-12f ? 1 : 0;
        for (int16& c : x.codes) {
            const std::int16_t word = dyad::gemmlowp::saturating_shift_left(c.raw(), left);
            c = int16::from_raw(row.op == std::string("TANH") ? dyad::gemmlowp::tanh<3>(word)
                                                              : dyad::gemmlowp::logistic<3>(word));
        }
        cases.check(dyad_test::tflite_hash(x.codes) == row.hash, row.op, " ", row.scale);
    }
}

TEST_CASE("tflite l2_normalization: both runtimes") {
    tally cases("runtimes");
    for (const auto& row : reference::tflite_rows) {
        if (!is_row(row, "L2_NORMALIZATION", "int8", "int8")) continue;
        std::uint64_t hash = 0;
        auto shapes = dyad_test::all_rows;
        shapes.push_back({4096, 1});
        for (const int zero : {0, 5, -128}) {
            for (const auto& [rows, columns] : shapes) {
                const auto x = dyad_test::tflite_inputs<int8>(rows, columns);
                code_matrix<int8> y{rows, columns};
                REQUIRE(tflite::l2_normalization(x.view(), static_cast<std::int8_t>(zero), y.view()) == status::ok);
                hash += dyad_test::tflite_hash(y.codes);
            }
        }
        cases.check(hash == row.hash, row.runtime);
    }
}

// --- errors ---

double exact(bool is_tanh, double x) { return is_tanh ? std::tanh(x) : 1 / (1 + std::exp(-x)); }

/// The largest error of the int8 kernels in codes, results beyond the last code aside.
double error_int8(bool is_tanh, float scale, requantization mode) {
    tflite::activation_parameters p;
    REQUIRE(p.set(scale, 0, mode) == status::ok);
    double largest = 0;
    for (int c = -128; c < 128; ++c) {
        const auto code = static_cast<std::int8_t>(c);
        const double x = c * static_cast<double>(scale);
        const double wanted = is_tanh ? 128 * exact(true, x) : 256 * exact(false, x) - 128;
        const int y = is_tanh ? tflite::tanh(code, p) : tflite::logistic(code, p);
        largest = std::max(largest, std::fabs(y - std::min(wanted, 127.0)));
    }
    return largest;
}

TEST_CASE("tflite logistic and tanh, int8: half a code, and where the radius goes wrong") {
    for (const auto mode : {requantization::gemmlowp_double, requantization::single_half_up}) {
        for (const bool is_tanh : {false, true}) {
            double largest = 0;
            for (int k = 1; k <= 512; ++k)
                largest = std::max(largest, error_int8(is_tanh, static_cast<float>(k) / 512.0f, mode));
            MESSAGE(std::string(is_tanh ? "tanh" : "logistic") << ", scales up to 1: " << largest);
            CHECK(largest > 0.49);
            CHECK(largest <= 0.50005);
        }
        // Radius 1 from 4 on: the code next to zero, sigmoid(4) = 251.4 / 256, becomes 255 / 256.
        MESSAGE("logistic, scale 4: " << error_int8(false, 4.0f, mode));
        CHECK(error_int8(false, 4.0f, mode) > 4.4);
        CHECK(error_int8(false, 3.9f, mode) < 1);
        // Radius 0 from 8 on: logistic(0) is 0 and tanh(0) is -1.
        CHECK(error_int8(false, 8.0f, mode) == 128);
        CHECK(error_int8(true, 8.0f, mode) == 128);
        CHECK(error_int8(true, 7.9f, mode) < 1);
    }
}

double error_int16(bool is_tanh, float scale) {
    tflite::activation16_parameters p;
    REQUIRE((is_tanh ? p.set_tanh(scale) : p.set_logistic(scale)) == status::ok);
    double largest = 0;
    for (int c = -32768; c < 32768; ++c) {
        const auto code = static_cast<std::int16_t>(c);
        const double wanted = 32768 * exact(is_tanh, c * static_cast<double>(scale));
        const int y = is_tanh ? tflite::tanh(code, p) : tflite::logistic(code, p);
        largest = std::max(largest, std::fabs(y - wanted));
    }
    return largest;
}

TEST_CASE("tflite logistic and tanh, int16: errors by scale") {
    struct figure {
        float scale;
        double logistic;
        double tanh;
    };
    // Exact multipliers, cut ones, and one taken for a power of two.
    for (const auto& [scale, most_logistic, most_tanh] : {figure{0x1p-12f, 1.02, 1.48},
                                                          {0x1p-15f, 1.2, 2.45},
                                                          {1e-4f, 1.34, 2.74},
                                                          {3e-4f, 1.34, 2.74},
                                                          {0x1p-12f * 1.0005f, 4.6, 8.63}}) {
        const double of_logistic = error_int16(false, scale);
        const double of_tanh = error_int16(true, scale);
        MESSAGE("scale " << scale << ": logistic " << of_logistic << ", tanh " << of_tanh);
        CHECK(of_logistic <= most_logistic);
        CHECK(of_tanh <= most_tanh);
    }
}

// --- parameters and operands ---

TEST_CASE("tflite parameters: scales at the ends") {
    tflite::activation_parameters p;
    const float infinity = std::numeric_limits<float>::infinity();
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const float bad : {0.0f, -0.0f, -0.05f, infinity, -infinity, nan})
        CHECK(p.set(bad, 0) == status::scale_not_positive);
    CHECK(p.set(0x1p-29f, 0) == status::scale_unsupported);
    CHECK(p.set(0x1p-28f, 0) == status::ok);
    CHECK(p.set(0.05f, 3) == status::ok);
    // 0.05 * 2^27 = 0.8 * 2^23: floor(15 * 2^27 / 2^23) = 240, though 15 / 0.05 = 300.
    CHECK(p.radius == 240);
    CHECK(p.input.exponent == 23 - 31);
    CHECK(p.zero_point == 3);
    CHECK(p.set(std::numeric_limits<float>::max(), 0) == status::ok);
    CHECK(p.radius == 0);
    tflite::activation16_parameters q;
    for (const float bad : {0.0f, -0.05f, infinity, nan}) {
        CHECK(q.set_logistic(bad) == status::scale_not_positive);
        CHECK(q.set_tanh(bad) == status::scale_not_positive);
    }
    CHECK(q.set_logistic(3.0f) == status::scale_unsupported);
    CHECK(q.set_logistic(0x1p-50f) == status::scale_unsupported);
    CHECK(q.set_logistic(0x1p-12f) == status::ok);
    CHECK((q.multiplier == 3 && q.shift == 0));
    CHECK(q.set_tanh(0x1.0001p-11f) == status::ok);
    CHECK((q.multiplier == 6 && q.shift == 0));
    CHECK(q.set_logistic(0x1p-11f) == status::ok);
    CHECK((q.multiplier == 24576 && q.shift == 12));
    CHECK(q.set_logistic(1e-4f) == status::ok);
    CHECK((q.multiplier == 20132 && q.shift == 14));  // 20132.66 cut
}

TEST_CASE("tflite rows: operands") {
    tflite::activation_parameters p;
    REQUIRE(p.set(0.05f, 0) == status::ok);
    auto x = dyad_test::tflite_inputs<int8>(4, 6);
    const auto source = x.codes;
    code_matrix<int8> y{4, 6};
    const auto run = [&](dyad::matrix_view<const int8> src, dyad::matrix_view<int8> dst) {
        const status s = tflite::logistic(src, p, dst);
        CHECK(tflite::l2_normalization(src, 0, dst) == s);
        return s;
    };
    const auto untouched = y.codes;
    CHECK(run({x.codes.data(), {4, 6}, {6, 1}}, {y.codes.data(), {4, 5}, {6, 1}}) == status::extents_differ);
    CHECK(run({x.codes.data(), {-1, 6}, {6, 1}}, {y.codes.data(), {-1, 6}, {6, 1}}) == status::negative_extent);
    CHECK(run({nullptr, {4, 6}, {6, 1}}, y.view()) == status::src_null);
    CHECK(run(x.view(), {nullptr, {4, 6}, {6, 1}}) == status::dst_null);
    CHECK(run({nullptr, {0, 6}, {6, 1}}, {nullptr, {0, 6}, {6, 1}}) == status::ok);
    CHECK(run(x.view(), {y.codes.data(), {4, 6}, {0, 1}}) == status::dst_overlaps_itself);
    CHECK(run({x.codes.data(), {2, 6}, {6, 1}}, {x.codes.data() + 1, {2, 6}, {6, 1}}) == status::dst_overlaps_src);
    CHECK(run({x.codes.data(), {1, 6}, {6, 1}}, {x.codes.data() + 5, {1, 6}, {6, -1}}) == status::dst_overlaps_src);
    CHECK(y.codes == untouched);
    CHECK(x.codes == source);
    code_matrix<int8> wide{1, 40000};
    code_matrix<int8> out{1, 40000};
    CHECK(tflite::l2_normalization(dyad::as_const(wide.view()), 0, out.view()) == status::k_exceeds_accumulator);
    // Transposed in, in place: the same codes.
    REQUIRE(tflite::logistic(dyad::transposed(dyad::as_const(x.view())), p, dyad::transposed(y.view())) == status::ok);
    REQUIRE(tflite::logistic(dyad::as_const(x.view()), p, x.view()) == status::ok);
    CHECK(x.codes == y.codes);
    // Parameters that were never set.
    CHECK(tflite::logistic(dyad::as_const(x.view()), tflite::activation_parameters{}, y.view()) ==
          status::parameters_not_usable);
    CHECK(tflite::tanh(dyad::as_const(x.view()), tflite::activation_parameters{}, y.view()) ==
          status::parameters_not_usable);
    CHECK(tflite::tanh(dyad::matrix_view<const dyad::integer<16>>{}, tflite::activation16_parameters{}, {}) ==
          status::parameters_not_usable);
    // Few codes are computed, many looked up.
    const auto many = dyad_test::tflite_inputs<int8>(16, 16);
    code_matrix<int8> tabulated{16, 16};
    REQUIRE(tflite::tanh(many.view(), p, tabulated.view()) == status::ok);
    for (std::size_t k = 0; k < 256; ++k) CHECK(tabulated.codes[k].raw() == tflite::tanh(many.codes[k].raw(), p));
}

}  // namespace
