// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite's softmax and log-softmax of integer codes: against the results of its two runtimes, and their
// errors.
#include <dyad/array/tflite_softmax.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"
#include "support/tflite_check.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

namespace tflite = dyad::tflite;
using dyad::index;
using dyad::int16;
using dyad::int8;
using dyad::requantization;
using dyad::status;
using dyad::uint8;
using dyad_test::code_matrix;
using dyad_test::is_of;
using dyad_test::is_row;
using dyad_test::shape;
using dyad_test::tally;

static_assert([] {
    tflite::softmax_parameters p;
    return p.set(1.0f / 16) == status::ok && p.exponentials[0] == 2147483647 && p.exponentials[16] / 790015084 == 1;
}());

template <class In, class Out, class Parameters>
code_matrix<Out> softmax_of(const code_matrix<In>& x, const Parameters& p) {
    code_matrix<Out> y{x.rows, x.columns};
    REQUIRE(tflite::softmax(x.view(), p, y.view()) == status::ok);
    return y;
}

template <class In, class Out, class Parameters>
std::uint64_t hash_over(const std::vector<shape>& shapes, const Parameters& p) {
    std::uint64_t hash = 0;
    for (const auto& [rows, columns] : shapes)
        hash += dyad_test::tflite_hash(softmax_of<In, Out>(dyad_test::tflite_inputs<In>(rows, columns), p).codes);
    return hash;
}

template <class In, class Out>
void check_softmax8(const std::string& source, const std::string& target) {
    tally cases("softmax, " + source + " to " + target);
    for (const auto& row : reference::tflite_rows) {
        if (!is_row(row, "SOFTMAX", source, target)) continue;
        tflite::softmax_parameters p;
        REQUIRE(p.set(row.scale, row.beta) == status::ok);
        const auto shapes = row.scale == 1.0f / 32 ? std::vector<shape>{{4, 1024}} : dyad_test::short_rows;
        cases.check(hash_over<In, Out>(shapes, p) == row.hash, row.scale, " ", row.runtime);
    }
}

TEST_CASE("tflite softmax: the reference kernels of both runtimes, 8 bits") {
    check_softmax8<int8, int8>("int8", "int8");
    check_softmax8<uint8, uint8>("uint8", "uint8");
    check_softmax8<int8, int16>("int8", "int16");
    check_softmax8<uint8, int16>("uint8", "int16");
}

TEST_CASE("tflite softmax: the kernels of both runtimes, 16 bits") {
    tally cases("softmax, int16");
    for (const auto& row : reference::tflite_rows) {
        if (!is_row(row, "SOFTMAX", "int16", "int16")) continue;
        for (const auto& [name, runtime] :
             {std::pair{"reference", tflite::runtime::desktop}, std::pair{"micro", tflite::runtime::micro}}) {
            if (!is_of(row, name)) continue;
            tflite::softmax16_parameters p;
            REQUIRE(p.set(row.scale, row.beta, runtime) == status::ok);
            cases.check(hash_over<int16, int16>(dyad_test::all_rows, p) == row.hash, row.scale, " ", name);
        }
    }
}

TEST_CASE("tflite log_softmax: the reference kernels of both runtimes") {
    tally cases("log_softmax, int8");
    for (const auto& row : reference::tflite_rows) {
        if (!is_row(row, "LOG_SOFTMAX", "int8", "int8")) continue;
        tflite::log_softmax_parameters p;
        REQUIRE(p.set(row.scale) == status::ok);
        std::uint64_t hash = 0;
        for (const auto& [rows, columns] : dyad_test::all_rows) {
            code_matrix<int8> y{rows, columns};
            const auto x = dyad_test::tflite_inputs<int8>(rows, columns);
            REQUIRE(tflite::log_softmax(x.view(), p, y.view()) == status::ok);
            hash += dyad_test::tflite_hash(y.codes);
        }
        cases.check(hash == row.hash, row.scale, " ", row.runtime);
    }
}

// --- errors ---

/// The largest and mean error in codes, 1 counting as the last code, and the mean distance of a row's sum to 1.
struct softmax_error {
    double largest = 0;
    double mean = 0;
    double defect = 0;
};

template <class In, class Out>
softmax_error error_of(const code_matrix<In>& x, const code_matrix<Out>& y, double scale, double unit, double lowest) {
    softmax_error e;
    for (index i = 0; i < x.rows; ++i) {
        double sum = 0;
        double codes = 0;
        std::vector<double> shares;
        std::int32_t max = x.view()(i, 0).raw();
        for (index j = 0; j < x.columns; ++j) max = std::max<std::int32_t>(max, x.view()(i, j).raw());
        for (index j = 0; j < x.columns; ++j) {
            shares.push_back(std::exp(scale * (x.view()(i, j).raw() - max)));
            sum += shares.back();
        }
        for (index j = 0; j < x.columns; ++j) {
            const double wanted = std::min(shares[static_cast<std::size_t>(j)] / sum * unit, unit - 1);
            const double code = y.view()(i, j).raw() - lowest;
            e.largest = std::max(e.largest, std::fabs(code - wanted));
            e.mean += std::fabs(code - wanted) / static_cast<double>(x.rows * x.columns);
            codes += code;
        }
        e.defect += std::fabs(codes / unit - 1) / static_cast<double>(x.rows);
    }
    return e;
}

TEST_CASE("tflite softmax, int8: half a code, and the sums of long rows") {
    struct figure {
        float scale;
        index rows;
        index columns;
        double defect;
    };
    for (const auto mode : {requantization::gemmlowp_double, requantization::single_half_up}) {
        for (const auto& [scale, rows, columns, defect] : {figure{0.1f, 65536, 2, 0.01},
                                                           {1.0f / 16, 65536, 2, 0.01},
                                                           {1.0f / 64, 65536, 2, 0.01},
                                                           {1.0f / 16, 1000, 16, 0.01},
                                                           {1.0f / 16, 500, 197, 0.06},
                                                           {1.0f / 32, 100, 1024, 0.45}}) {
            tflite::softmax_parameters p;
            REQUIRE(p.set(scale, 1.0f, mode) == status::ok);
            auto x = dyad_test::tflite_inputs<int8>(rows, columns);
            if (columns == 2) {  // all pairs
                for (std::size_t k = 0; k < 65536; ++k) {
                    x.codes[2 * k] = int8::from_bits(static_cast<std::uint8_t>(k >> 8));
                    x.codes[2 * k + 1] = int8::from_bits(static_cast<std::uint8_t>(k));
                }
            }
            const auto e = error_of(x, softmax_of<int8, int8>(x, p), static_cast<double>(scale), 256, -128);
            MESSAGE("scale " << scale << ", " << rows << " rows of " << columns << ": largest error " << e.largest
                             << " codes, mean " << e.mean << ", sum off by " << e.defect);
            CHECK(e.largest <= 0.501);
            CHECK(e.largest > 0.49);
            CHECK(e.defect <= defect);
        }
    }
}

TEST_CASE("tflite softmax, int16: errors, and elements far below the maximum") {
    for (const auto& [columns, most] : {std::pair<index, double>{2, 2.13}, {16, 1.87}, {197, 0.63}}) {
        tflite::softmax16_parameters p;
        REQUIRE(p.set(1e-4f) == status::ok);
        const auto x = dyad_test::tflite_inputs<int16>(2000, columns);
        const auto e = error_of(x, softmax_of<int16, int16>(x, p), static_cast<double>(1e-4f), 32768, 0);
        MESSAGE("rows of " << columns << ": largest error " << e.largest << " codes, mean " << e.mean << ", sum off by "
                           << e.defect);
        CHECK(e.largest <= most);
    }
    // One at the top and 32767 at -65.5: the table ends at -10 with 2 of 32768, so they add up to twice the maximum.
    tflite::softmax16_parameters p;
    REQUIRE(p.set(1e-3f) == status::ok);
    code_matrix<int16> row{1, 32768};
    std::fill(row.codes.begin() + 1, row.codes.end(), int16::from_raw(-32768));
    row.codes[0] = int16::from_raw(32767);
    const auto y = softmax_of<int16, int16>(row, p);
    MESSAGE("one of 32768, the others e^-65.5 of it: " << y.codes[0].raw() << " / 32768");
    CHECK(y.codes[0].raw() / 32768.0 == doctest::Approx(1.0 / 3).epsilon(1e-3));
}

TEST_CASE("tflite softmax: long rows, where the published code ends the program") {
    tflite::softmax_parameters p;
    REQUIRE(p.set(0.1f) == status::ok);
    const auto equal = [&](index n) { return softmax_of<int8, int8>(code_matrix<int8>{1, n}, p).codes.back().raw(); };
    CHECK(equal(511) == -127);
    CHECK(equal(512) == -128);  // 1/512 is half a code, and the words are just below
    CHECK(equal(8191) == -128);
    const auto narrow = softmax_of<int8, int16>(code_matrix<int8>{1, 8191}, p);
    CHECK(narrow.codes[0].raw() == 8 - 32768);
    code_matrix<int8> x{1, 8192};
    code_matrix<int8> y{1, 8192};
    CHECK(tflite::softmax(dyad::as_const(x.view()), p, y.view()) == status::k_exceeds_accumulator);
    x.codes[0] = int8::from_raw(127);  // the others are e^-12.7 of it
    CHECK(tflite::softmax(dyad::as_const(x.view()), p, y.view()) == status::ok);
    CHECK(y.codes[0].raw() == 120);
    tflite::log_softmax_parameters q;
    REQUIRE(q.set(0.1f) == status::ok);
    CHECK(tflite::log_softmax(dyad::as_const(x.view()), q, y.view()) == status::ok);
    x.codes[0] = int8::from_raw(0);
    CHECK(tflite::log_softmax(dyad::as_const(x.view()), q, y.view()) == status::k_exceeds_accumulator);
    code_matrix<int16> z{1, 65537};
    code_matrix<int16> w{1, 65537};
    tflite::softmax16_parameters r;
    REQUIRE(r.set(0.1f) == status::ok);
    CHECK(tflite::softmax(dyad::as_const(z.view()), r, w.view()) == status::k_exceeds_accumulator);
}

TEST_CASE("tflite log_softmax: errors") {
    for (const float scale : {1.0f / 256, 0.0472f, 0.1f}) {
        tflite::log_softmax_parameters p;
        REQUIRE(p.set(scale) == status::ok);
        const auto x = dyad_test::tflite_inputs<int8>(500, 64);
        code_matrix<int8> y{500, 64};
        REQUIRE(tflite::log_softmax(x.view(), p, y.view()) == status::ok);
        double largest = 0;
        for (index i = 0; i < 500; ++i) {
            double sum = 0;
            for (index j = 0; j < 64; ++j) sum += std::exp(static_cast<double>(scale) * x.view()(i, j).raw());
            for (index j = 0; j < 64; ++j) {
                const double wanted = 127 + 16 * (static_cast<double>(scale) * x.view()(i, j).raw() - std::log(sum));
                largest = std::max(largest, std::fabs(y.view()(i, j).raw() - std::max(wanted, -128.0)));
            }
        }
        MESSAGE("scale " << scale << ": largest error " << largest << " codes");
        CHECK(largest <= 0.501);
    }
}

// --- parameters and operands ---

TEST_CASE("tflite softmax: parameters") {
    tflite::softmax_parameters p;
    const float infinity = std::numeric_limits<float>::infinity();
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const float bad : {0.0f, -0.0f, -1.0f, infinity, nan}) {
        CHECK(p.set(bad) == status::scale_not_positive);
        CHECK(p.set(1.0f, bad) == status::scale_not_positive);
    }
    CHECK(p.set(0x1p-26f) == status::scale_unsupported);
    CHECK(p.set(0x1.000002p-26f) == status::ok);
    // 0.1 * 2^26 = 0.8 * 2^23: 2^31 * 0.8 and floor(31 * 2^26 / 2^23).
    CHECK(p.set(0.1f) == status::ok);
    CHECK((p.input.significand == static_cast<std::int32_t>(0x1p31 * 0.8000000119209290) && p.input.exponent == -8));
    CHECK(p.diff_min == -248);
    // The cap, in both roundings; then only the maximum counts.
    CHECK(p.set(32.0f) == status::ok);
    CHECK((p.input.significand == 2147483647 && p.input.exponent == 0 && p.diff_min == 0));
    CHECK(p.set(31.9f, 3.0f, requantization::single_half_up) == status::ok);
    CHECK((p.input.significand == 2147483646 && p.input.exponent == -1 && p.diff_min == -1));
    CHECK(p.exponentials[2] == 0);
    tflite::softmax16_parameters q;
    CHECK(q.set(0.0f) == status::scale_not_positive);
    CHECK(q.set(1.0f, nan) == status::scale_not_positive);
    CHECK(q.set(std::numeric_limits<float>::max(), 2.0f) == status::scale_unsupported);
    CHECK(q.set(0x1p-149f, 0.25f) == status::scale_unsupported);
    CHECK(q.set(static_cast<float>(10.0 / 65535)) == status::ok);
    CHECK(std::abs(q.input.significand / 0x1p31 * std::ldexp(1.0, q.input.exponent + 31) - 1) < 1e-7);
}

TEST_CASE("tflite softmax: operands, strides, and in place") {
    tflite::softmax_parameters p;
    REQUIRE(p.set(0.05f) == status::ok);
    auto x = dyad_test::tflite_inputs<int8>(6, 10);
    const auto expected = softmax_of<int8, int8>(x, p);
    code_matrix<int8> y{6, 10};
    const auto untouched = y.codes;
    const dyad::matrix_view<const int8> src = dyad::as_const(x.view());
    CHECK(tflite::softmax(src, p, dyad::matrix_view<int8>{y.codes.data(), {6, 9}, {10, 1}}) == status::extents_differ);
    CHECK(tflite::softmax(src, p, dyad::matrix_view<int8>{nullptr, {6, 10}, {10, 1}}) == status::dst_null);
    CHECK(tflite::softmax(src, tflite::softmax_parameters{}, y.view()) == status::parameters_not_usable);
    CHECK(tflite::log_softmax(src, tflite::log_softmax_parameters{}, y.view()) == status::parameters_not_usable);
    CHECK(tflite::softmax(dyad::matrix_view<const int8>{nullptr, {6, 10}, {10, 1}}, p, y.view()) == status::src_null);
    CHECK(tflite::softmax(dyad::matrix_view<const int8>{nullptr, {6, 0}, {10, 1}}, p,
                          dyad::matrix_view<int8>{nullptr, {6, 0}, {10, 1}}) == status::ok);
    CHECK(tflite::softmax(src, p, dyad::matrix_view<int8>{x.codes.data(), {6, 10}, {10, 1}}) == status::ok);
    CHECK(y.codes == untouched);
    CHECK(x.codes == expected.codes);
    // One row, backwards into every second place.
    auto z = dyad_test::tflite_inputs<int8>(6, 10);
    std::vector<int8> out(20, int8::from_raw(5));
    const dyad::vector_view<const int8> backwards{z.codes.data() + 9, {10}, {-1}};
    REQUIRE(tflite::softmax(backwards, p, dyad::vector_view<int8>{out.data(), {10}, {2}}) == status::ok);
    for (std::size_t j = 0; j < 10; ++j) {
        CHECK(out[2 * j] == expected.codes[9 - j]);
        CHECK(out[2 * j + 1].raw() == 5);
    }
    std::vector<int16> wide(10);
    CHECK(tflite::softmax(backwards, p, dyad::make_vector(wide.data(), 10)) == status::ok);
    tflite::softmax16_parameters q;
    REQUIRE(q.set(0.001f) == status::ok);
    const auto before = wide;
    std::vector<int16> other(10);
    REQUIRE(tflite::softmax(dyad::as_const(dyad::make_vector(wide.data(), 10)), q,
                            dyad::make_vector(other.data(), 10)) == status::ok);
    REQUIRE(tflite::softmax(dyad::as_const(dyad::make_vector(wide.data(), 10)), q,
                            dyad::make_vector(wide.data(), 10)) == status::ok);
    CHECK(wide == other);
    CHECK(wide != before);
}

}  // namespace
