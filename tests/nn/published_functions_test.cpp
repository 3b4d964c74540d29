// SPDX-License-Identifier: Apache-2.0
// The families of published functions: their rows, requantized as published; how far they are from the real functions;
// what they refuse.
#include <dyad/nn/published_functions.hpp>

#include <doctest/doctest.h>

#include "nn/reference_layers.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace dyad_test {
namespace {

using dyad::integer;
using dyad::make_vector;
using dyad::uinteger;
using dyad::nn::ibert_functions;
using dyad::nn::ivit_functions;
using dyad::nn::tflite_functions;
namespace hawq = dyad::hawq;

template <class T>
std::vector<T> random_codes(std::size_t n, double absmax, double scale, std::uint64_t seed) {
    return encode<T>(random_matrix(1, static_cast<index>(n), absmax, seed), scale);
}
template <class T>
std::vector<double> values_of(const std::vector<T>& codes, double scale) {
    std::vector<double> values;
    for (const T c : codes) values.push_back(static_cast<double>(c.raw()) * scale);
    return values;
}
template <class Out, class F, class In>
std::vector<Out> run_row(const F& f, const std::vector<In>& in) {
    std::vector<Out> out(in.size());
    const auto n = static_cast<index>(in.size());
    if constexpr (requires { f.run(make_vector(in.data(), n), make_vector(out.data(), n)); }) {
        REQUIRE(f.run(make_vector(in.data(), n), make_vector(out.data(), n)) == status::ok);
    } else {
        REQUIRE(f.run(dyad::make_matrix(in.data(), 1, n), dyad::make_matrix(out.data(), 1, n)) == status::ok);
    }
    return out;
}
double worst_error(const std::vector<double>& expected, const std::vector<double>& got) {
    double worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) worst = std::max(worst, std::fabs(got[i] - expected[i]));
    return worst;
}

TEST_CASE("results are requantized by the published multiplication") {
    constexpr double scale = 0.05;
    const auto in = random_codes<integer<8>>(197, 6, scale, 1);
    const index n = 197;
    std::vector<dyad::integer<32>> results(197);
    const auto check = [&](const auto& got, double result_scale, double out_scale) {
        const hawq::ratio r =
            hawq::ratio::from(dyad::carried64::from_float(result_scale), dyad::carried64::from_float(out_scale));
        for (std::size_t i = 0; i < got.size(); ++i) {
            CHECK(got[i].raw() == hawq::fixedpoint_mul(results[i].raw(), r, 8));
        }
    };
    ivit_functions::softmax<integer<8>, integer<8>> softmax;
    REQUIRE(softmax.set(scale, 1 / 127.0) == status::ok);
    REQUIRE(dyad::ivit::softmax(make_vector(in.data(), n),
                                dyad::ivit::softmax_parameters::from(dyad::ivit::arithmetic::pytorch, 0.05F),
                                make_vector(results.data(), n)) == status::ok);
    check(run_row<integer<8>>(softmax, in), 0x1p-15, 1 / 127.0);
    ivit_functions::gelu<integer<8>, integer<8>> gelu;
    REQUIRE(gelu.set(scale, 0.04) == status::ok);
    REQUIRE(dyad::ivit::gelu(make_vector(in.data(), n),
                             dyad::ivit::gelu_parameters::from(dyad::ivit::arithmetic::pytorch, 0.05F),
                             make_vector(results.data(), n)) == status::ok);
    check(run_row<integer<8>>(gelu, in), scale / 128, 0.04);
}

TEST_CASE("softmax: how far each family is from the real one, in shares") {
    const double scale = 0.1;
    const auto bytes = random_codes<integer<8>>(64, 12, scale, 2);
    const auto halves = random_codes<integer<16>>(64, 12, scale / 256, 2);
    ivit_functions::softmax<integer<8>, integer<8>> ivit;
    ibert_functions::softmax<integer<16>, uinteger<8>> ibert;
    tflite_functions::softmax<integer<8>, uinteger<8>> tflite;
    REQUIRE(ivit.set(scale, 1 / 127.0) == status::ok);
    REQUIRE(ibert.set(scale / 256, 1 / 255.0) == status::ok);
    REQUIRE(tflite.set(scale, 1 / 256.0) == status::ok);
    const auto of_bytes = softmax_of(values_of(bytes, scale));
    const double by_ivit = worst_error(of_bytes, values_of(run_row<integer<8>>(ivit, bytes), 1 / 127.0));
    const double by_ibert = worst_error(softmax_of(values_of(halves, scale / 256)),
                                        values_of(run_row<uinteger<8>>(ibert, halves), 1 / 255.0));
    const double by_tflite = worst_error(of_bytes, values_of(run_row<uinteger<8>>(tflite, bytes), 1 / 256.0));
    MESSAGE("I-ViT " << by_ivit << ", I-BERT " << by_ibert << ", TensorFlow Lite " << by_tflite);
    CHECK(by_tflite <= 0.5005 / 256);
    CHECK(by_ibert <= 2.5 / 255);
    CHECK(by_ivit <= 0.052 + 0.5 / 127);
}

TEST_CASE("gelu: how far each family is from the real one") {
    ivit_functions::gelu<integer<8>, integer<8>> ivit;
    ibert_functions::gelu<integer<16>, integer<8>> ibert;
    tflite_functions::gelu<integer<8>, integer<8>> tflite;
    constexpr double scale = 4 / 127.0;
    REQUIRE(ivit.set(scale, scale) == status::ok);
    REQUIRE(ibert.set(4 / 32767.0, scale) == status::ok);
    REQUIRE(tflite.set(scale, scale) == status::ok);
    std::vector<integer<8>> bytes;
    std::vector<integer<16>> halves;
    std::vector<double> of_bytes;
    std::vector<double> of_halves;
    for (int i = -128; i < 128; ++i) {
        bytes.push_back(integer<8>::from_raw(static_cast<std::int8_t>(i)));
        halves.push_back(integer<16>::from_raw(static_cast<std::int16_t>(255 * i)));
        of_bytes.push_back(std::min(gelu_by_tanh(i * scale), 127 * scale));
        of_halves.push_back(std::min(gelu_by_tanh(255 * i * (4 / 32767.0)), 127 * scale));
    }
    const double by_ivit = worst_error(of_bytes, values_of(run_row<integer<8>>(ivit, bytes), scale));
    const double by_ibert = worst_error(of_halves, values_of(run_row<integer<8>>(ibert, halves), scale));
    const double by_tflite = worst_error(of_bytes, values_of(run_row<integer<8>>(tflite, bytes), scale));
    MESSAGE("I-ViT " << by_ivit << ", I-BERT " << by_ibert << ", TensorFlow Lite " << by_tflite);
    CHECK(by_tflite <= 0.501 * scale);
    CHECK(by_ibert <= 0.0187 + 0.5 * scale);  // 0.01815 from x Phi(x), which is 4.7e-4 from the tanh form
    CHECK(by_ivit <= 0.25 + 0.5 * scale);
}

TEST_CASE("layer_norm: the published norms with negative gains, and a gain of 0") {
    constexpr index n = 64;
    constexpr double in_scale = 0.002;
    constexpr double out_scale = 4 / 127.0;
    real_matrix gamma = random_matrix(1, n, 1, 1);
    const real_matrix beta = random_matrix(1, n, 0.5, 2);
    gamma(0, 3) = 0;
    std::vector<float> gains;
    std::vector<float> offsets;
    for (index i = 0; i < n; ++i) {
        gains.push_back(static_cast<float>(gamma(0, i)));
        offsets.push_back(static_cast<float>(beta(0, i)));
    }
    const auto in = random_codes<integer<16>>(static_cast<std::size_t>(n), 8, in_scale, 5);
    const auto expected = layer_norm_of(decode(in, 1, n, in_scale), gamma, beta, 0).values;
    const auto check = [&]<class F>(F f) {
        std::vector<std::byte> memory(4096);
        dyad::arena arena(memory);
        REQUIRE(f.shape(arena, n) == status::ok);
        const auto of = [](const std::vector<float>& v) { return make_vector(v.data(), index{64}); };
        CHECK(f.set(of(gains), of(offsets), 0, 0.0, out_scale) == status::scale_not_positive);
        REQUIRE(f.set(of(gains), of(offsets), 0, in_scale, out_scale) == status::ok);
        auto got = values_of(run_row<integer<8>>(f, in), out_scale);
        CHECK(got[3] == 0);  // its offset is lost
        got[3] = expected[3];
        const double worst = worst_error(expected, got);
        MESSAGE("largest error in codes: " << worst / out_scale);
        CHECK(worst <= 0.6 * out_scale);
    };
    check(ivit_functions::layer_norm<integer<16>, integer<8>>{});
    check(ibert_functions::layer_norm<integer<16>, integer<8>>{});
}

template <class F>
void check_refused(double good_in, double good_out) {
    F f;
    CHECK(f.set(good_in, good_out) == status::ok);
    for (const double bad : {0.0, -1.0, std::numeric_limits<double>::infinity(), std::nan("")}) {
        CHECK(f.set(bad, good_out) != status::ok);
        CHECK(f.set(good_in, bad) != status::ok);
    }
}

TEST_CASE("scales that no published parameters exist for are refused") {
    check_refused<ivit_functions::softmax<integer<8>, integer<8>>>(0.05, 1 / 127.0);
    check_refused<ivit_functions::gelu<integer<8>, integer<8>>>(0.05, 0.04);
    check_refused<ibert_functions::softmax<integer<16>, uinteger<8>>>(0.001, 1 / 255.0);
    check_refused<ibert_functions::gelu<integer<16>, integer<8>>>(0.001, 0.04);
    check_refused<tflite_functions::softmax<integer<8>, uinteger<8>>>(0.05, 1 / 256.0);
    check_refused<tflite_functions::gelu<integer<8>, integer<8>>>(0.05, 0.04);
    ivit_functions::softmax<integer<8>, integer<8>> fine;
    CHECK(fine.set(0x1p-30, 1 / 127.0) == status::parameters_not_usable);
    tflite_functions::softmax<integer<8>, uinteger<8>> other;
    CHECK(other.set(0.05, 1 / 255.0) == status::scale_unsupported);
}

}  // namespace
}  // namespace dyad_test
