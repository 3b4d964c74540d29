// SPDX-License-Identifier: Apache-2.0
// softmax, gelu and layer_norm of both families, between formats, against doubles.
#include <dyad/nn/functions.hpp>
#include <dyad/nn/published_functions.hpp>

#include <doctest/doctest.h>

#include "nn/reference_layers.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace dyad_test {
namespace {

using dyad::integer;
using dyad::uinteger;
using dyad::nn::float_functions;
using dyad::nn::integer_functions;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr float float_infinity = std::numeric_limits<float>::infinity();

/// f.run on one row, of a function of rows or of matrices.
template <class F, class In, class Out>
status run_one(const F& f, dyad::vector_view<const In> in, dyad::vector_view<Out> out) {
    const auto matrix = []<class T>(dyad::vector_view<T> v) { return dyad::make_matrix(v.data, 1, v.extent[0]); };
    if constexpr (requires { f.run(in, out); }) return f.run(in, out);
    else return f.run(matrix(in), matrix(out));
}
/// f.run on a row of codes.
template <class Out, class F, class In>
std::vector<Out> run_row(const F& f, const std::vector<In>& in) {
    std::vector<Out> out(in.size());
    const auto n = static_cast<index>(in.size());
    REQUIRE(run_one(f, dyad::make_vector(in.data(), n), dyad::make_vector(out.data(), n)) == status::ok);
    return out;
}
template <class Out, class F, class In>
status status_of(const F& f, const std::vector<In>& in, index n) {
    std::vector<Out> out(in.size() + 1);
    return run_one(f, dyad::make_vector(in.data(), static_cast<index>(in.size())), dyad::make_vector(out.data(), n));
}

/// The largest error in units of `unit`.
double worst_error(const std::vector<double>& expected, const std::vector<double>& got, double unit) {
    double worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const double e = std::fabs(got[i] - expected[i]) / unit;
        worst = e <= worst ? worst : e;  // keeps NaN
    }
    return worst;
}
template <class T>
std::vector<double> values_of(const std::vector<T>& codes, double scale) {
    std::vector<double> values;
    for (const T c : codes) values.push_back(dyad::convert<double>(c) * scale);
    return values;
}
template <class T>
std::vector<T> random_codes(std::size_t n, double absmax, double scale, std::uint64_t seed) {
    return encode<T>(random_matrix(1, static_cast<index>(n), absmax, seed), scale);
}

/// Errors of softmax rows of several lengths; `unit` is one code of the output, or 2^-24 of the share for floats.
template <class F, class In, class Out>
double softmax_error(double in_scale, double out_scale, double absmax) {
    F f;
    REQUIRE(f.set(in_scale, out_scale) == status::ok);
    double worst = 0;
    for (const std::size_t n : {1U, 2U, 5U, 16U, 100U, 1000U}) {
        const auto in = random_codes<In>(n, absmax, in_scale, 100 + n);
        const std::vector<double> expected = softmax_of(values_of(in, in_scale));
        const std::vector<double> got = values_of(run_row<Out>(f, in), out_scale);
        worst = std::max(worst, worst_error(expected, got, out_scale));
    }
    return worst;
}

TEST_CASE("softmax: float functions round once into the output") {
    // Half a code, and what the float on the way adds.
    const double to_int8 =
        softmax_error<float_functions::softmax<float, uinteger<8>>, float, uinteger<8>>(1, 1 / 255.0, 8);
    const double between = softmax_error<float_functions::softmax<integer<16>, integer<8>>, integer<16>, integer<8>>(
        20 / 32767.0, 1 / 127.0, 20);
    const double to_float = softmax_error<float_functions::softmax<float, float>, float, float>(1, 1, 8);
    MESSAGE("codes: " << to_int8 << ", " << between << "; float: " << to_float);
    CHECK(to_int8 <= 0.5001);
    CHECK(between <= 0.5001);
    CHECK(to_float <= 1.6e-7);
}

TEST_CASE("softmax: integer functions round once") {
    const double to_int8 =
        softmax_error<integer_functions::softmax<integer<16>, uinteger<8>>, integer<16>, uinteger<8>>(20 / 32767.0,
                                                                                                      1 / 255.0, 20);
    const double to_int16 =
        softmax_error<integer_functions::softmax<integer<16>, uinteger<16>>, integer<16>, uinteger<16>>(
            20 / 32767.0, 1 / 65535.0, 20);
    MESSAGE("codes of 8 bits: " << to_int8 << "; of 16 bits: " << to_int16);
    CHECK(to_int8 <= 0.5 + 0x1p-10);
    CHECK(to_int16 <= 0.5 + 0x1p-10);
}

TEST_CASE("softmax: one element is 1, equal elements are equal shares, a far maximum takes all") {
    integer_functions::softmax<integer<16>, uinteger<8>> whole;
    float_functions::softmax<float, uinteger<8>> real;
    REQUIRE(whole.set(0.01, 1 / 255.0) == status::ok);
    REQUIRE(real.set(1, 1 / 255.0) == status::ok);
    const auto code = [](int raw) { return integer<16>::from_raw(static_cast<std::int16_t>(raw)); };
    const auto u = [](int raw) { return uinteger<8>::from_raw(static_cast<std::uint8_t>(raw)); };
    CHECK(run_row<uinteger<8>>(whole, std::vector{code(-32768)}) == std::vector{u(255)});
    CHECK(run_row<uinteger<8>>(whole, std::vector{code(5), code(5), code(5)}) == std::vector{u(85), u(85), u(85)});
    CHECK(run_row<uinteger<8>>(whole, std::vector{code(-32768), code(32767)}) == std::vector{u(0), u(255)});
    CHECK(run_row<uinteger<8>>(real, std::vector{-3.0F}) == std::vector{u(255)});
    CHECK(run_row<uinteger<8>>(real, std::vector{2.0F, 2.0F, 2.0F}) == std::vector{u(85), u(85), u(85)});
    CHECK(run_row<uinteger<8>>(real, std::vector{-3e38F, 3e38F}) == std::vector{u(0), u(255)});
}

TEST_CASE("gelu: the float family is the tanh form") {
    float_functions::gelu<float, float> f;
    REQUIRE(f.set(1, 1) == status::ok);
    std::vector<float> in;
    for (int i = -4000; i <= 4000; ++i) in.push_back(static_cast<float>(i) / 512);
    const auto got = run_row<float>(f, in);
    double worst = 0;
    for (std::size_t i = 0; i < in.size(); ++i) {
        const double expected = gelu_by_tanh(static_cast<double>(in[i]));
        // Relative where the result is not tiny: x 2^-24 otherwise.
        const double unit = std::max(std::fabs(expected), 1e-3) * 0x1p-24;
        worst = std::max(worst, std::fabs(static_cast<double>(got[i]) - expected) / unit);
    }
    MESSAGE("units of 2^-24: " << worst);
    CHECK(worst <= 8);
    CHECK(run_row<float>(f, std::vector{-float_infinity, float_infinity, -0.0F}) ==
          std::vector{0.0F, float_infinity, 0.0F});
}

TEST_CASE("gelu: between codes, both families") {
    for (const double in_scale : {6 / 127.0, 3 / 127.0}) {
        const double out_scale = in_scale;
        float_functions::gelu<integer<8>, integer<8>> real;
        integer_functions::gelu<integer<8>, integer<8>> whole;
        integer_functions::gelu<integer<8>, integer<16>> wide;
        REQUIRE(real.set(in_scale, out_scale) == status::ok);
        REQUIRE(whole.set(in_scale, out_scale) == status::ok);
        REQUIRE(wide.set(in_scale, out_scale / 256) == status::ok);
        std::vector<integer<8>> in;
        std::vector<double> expected;
        for (int i = -128; i < 128; ++i) {
            in.push_back(integer<8>::from_raw(static_cast<std::int8_t>(i)));
            expected.push_back(std::min(gelu_by_tanh(i * in_scale), 127 * out_scale));  // there is no larger code
        }
        CHECK(worst_error(expected, values_of(run_row<integer<8>>(real, in), out_scale), out_scale) <= 0.5001);
        CHECK(worst_error(expected, values_of(run_row<integer<8>>(whole, in), out_scale), out_scale) <= 0.5 + 1e-9);
        for (double& y : expected) y = std::min(y, 32767 * out_scale / 256);
        const double fine = out_scale / 256;
        CHECK(worst_error(expected, values_of(run_row<integer<16>>(wide, in), fine), fine) <= 0.5 + 1e-9);
    }
}

TEST_CASE("gelu: codes of 16 bits by a table in the arena") {
    std::vector<std::byte> memory(65536 + 64);
    dyad::arena arena(memory);
    integer_functions::gelu<integer<16>, integer<8>> whole;
    CHECK(whole.set(0.001, 0.1) == status::table_memory_differs);
    REQUIRE(whole.shape(arena) == status::ok);
    REQUIRE(whole.set(0.001, 0.1) == status::ok);
    std::vector<integer<16>> in;
    std::vector<double> expected;
    for (int i = -32768; i < 32768; i += 7) {
        in.push_back(integer<16>::from_raw(static_cast<std::int16_t>(i)));
        expected.push_back(std::min(gelu_by_tanh(i * 0.001), 12.7));
    }
    CHECK(worst_error(expected, values_of(run_row<integer<8>>(whole, in), 0.1), 0.1) <= 0.5 + 1e-9);
    dyad::arena small(std::span<std::byte>(memory).first(65535));
    CHECK(whole.shape(small) == status::arena_too_small);
}

TEST_CASE("layer_norm: both families, with gains and offsets") {
    constexpr index n = 64;
    constexpr double epsilon = 1e-5;
    const double in_scale = 8 / 32767.0;
    const double out_scale = 4 / 32767.0;
    real_matrix gamma = random_matrix(1, n, 1, 1);
    const real_matrix beta = random_matrix(1, n, 0.5, 2);
    for (double& g : gamma.values) g += 1;
    gamma(0, 3) = 0;
    std::vector<float> gains;
    std::vector<float> offsets;
    for (index i = 0; i < n; ++i) {
        gains.push_back(static_cast<float>(gamma(0, i)));
        offsets.push_back(static_cast<float>(beta(0, i)));
    }
    const auto check = [&]<class F, class In, class Out>(F f, double scale, double tolerance_in_codes) {
        std::vector<std::byte> memory(4096);
        dyad::arena arena(memory);
        REQUIRE(f.shape(arena, n) == status::ok);
        const double of_in = std::same_as<In, float> ? 1 : in_scale;
        REQUIRE(f.set(dyad::make_vector<const float>(gains.data(), n),
                      dyad::make_vector<const float>(offsets.data(), n), epsilon, of_in, scale) == status::ok);
        for (const double absmax : {8.0, 0.5, 0.01, 0.0}) {
            CAPTURE(absmax);
            const auto in = random_codes<In>(n, absmax, of_in, 5);
            const real_matrix x = decode(in, 1, n, of_in);
            const std::vector<double> got = values_of(run_row<Out>(f, in), scale);
            CHECK(worst_error(layer_norm_of(x, gamma, beta, epsilon).values, got, scale) <= tolerance_in_codes);
            // A gain of 0 leaves the offset alone.
            CHECK(std::fabs(got[3] - beta(0, 3)) <= 0.5001 * scale);
        }
    };
    check.operator()<float_functions::layer_norm<integer<16>, integer<16>>, integer<16>, integer<16>>({}, out_scale,
                                                                                                      0.501);
    check.operator()<float_functions::layer_norm<float, float>, float, float>({}, 1, 2.5e-7);
    check.operator()<float_functions::layer_norm<float, integer<8>>, float, integer<8>>({}, 4 / 127.0, 0.5001);
    check.operator()<integer_functions::layer_norm<integer<16>, integer<16>>, integer<16>, integer<16>>({}, out_scale,
                                                                                                        0.55);
    check.operator()<integer_functions::layer_norm<integer<16>, integer<8>>, integer<16>, integer<8>>({}, 4 / 127.0,
                                                                                                      0.501);
}

TEST_CASE("layer_norm: gains and offsets of zero, and offsets beyond the largest code") {
    constexpr index n = 4;
    const std::vector<integer<16>> in{integer<16>::from_raw(1), integer<16>::from_raw(-7), integer<16>::from_raw(90),
                                      integer<16>::from_raw(0)};
    const auto run = [&]<class F>(F f, float gain, float offset) {
        std::vector<std::byte> memory(1024);
        dyad::arena arena(memory);
        REQUIRE(f.shape(arena, n) == status::ok);
        const std::vector<float> gains(n, gain);
        const std::vector<float> offsets(n, offset);
        REQUIRE(f.set(dyad::make_vector(gains.data(), n), dyad::make_vector(offsets.data(), n), 1e-5, 0.01, 0.125) ==
                status::ok);
        std::vector<int> raw;
        for (const auto y : run_row<integer<8>>(f, in)) raw.push_back(y.raw());
        return raw;
    };
    using raw = std::vector<int>;
    const integer_functions::layer_norm<integer<16>, integer<8>> whole;
    const float_functions::layer_norm<integer<16>, integer<8>> real;
    CHECK(run(whole, 0, 0) == raw{0, 0, 0, 0});
    CHECK(run(real, 0, 0) == raw{0, 0, 0, 0});
    CHECK(run(whole, 0, 1.5F) == raw{12, 12, 12, 12});
    CHECK(run(real, 0, 1.5F) == raw{12, 12, 12, 12});
    CHECK(run(whole, 0, -1e6F) == raw{-128, -128, -128, -128});
    CHECK(run(real, 0, -1e6F) == raw{-128, -128, -128, -128});
    CHECK(run(whole, 1, 1e6F) == raw{127, 127, 127, 127});
    CHECK(run(real, 1, 1e6F) == raw{127, 127, 127, 127});
}

TEST_CASE("layer_norm: a gain beyond the plan's integers is refused, an offset saturates") {
    std::vector<std::byte> memory(1024);
    dyad::arena arena(memory);
    integer_functions::layer_norm<integer<16>, integer<8>> whole;
    REQUIRE(whole.shape(arena, 4) == status::ok);
    const std::vector<float> ones(4, 1.0F);
    const std::vector<float> huge(4, 1e30F);
    const auto four = [](const std::vector<float>& v) { return dyad::make_vector(v.data(), 4); };
    CHECK(whole.set(four(huge), four(ones), 1e-5, 0.01, 0.125) == status::parameter_out_of_range);
    CHECK(whole.set(four(ones), four(huge), 1e-5, 0.01, 0.125) == status::ok);
    const std::vector<integer<16>> in(4, integer<16>::from_raw(-7));
    for (const auto y : run_row<integer<8>>(whole, in)) CHECK(y.raw() == 127);
}

TEST_CASE("layer_norm: gains and offsets that are not finite are refused, by the published families too") {
    const std::vector<float> ones(4, 1.0F);
    const auto four = [](const std::vector<float>& v) { return dyad::make_vector(v.data(), 4); };
    const auto check = [&]<class F>(F norm) {
        std::vector<std::byte> memory(1024);
        dyad::arena arena(memory);
        REQUIRE(norm.shape(arena, 4) == status::ok);
        CHECK(norm.set(four(ones), four(ones), 0, 0.01, 0.125) == status::ok);
        for (const double bad : {infinity, -infinity, nan}) {
            const std::vector<float> values{1.0F, 1.0F, 1.0F, static_cast<float>(bad)};
            CHECK(norm.set(four(values), four(ones), 0, 0.01, 0.125) == status::parameter_not_finite);
            CHECK(norm.set(four(ones), four(values), 0, 0.01, 0.125) == status::parameter_not_finite);
        }
    };
    check(integer_functions::layer_norm<integer<16>, integer<8>>{});
    check(dyad::nn::ivit_functions::layer_norm<integer<16>, integer<8>>{});
    check(dyad::nn::ibert_functions::layer_norm<integer<16>, integer<8>>{});
}

TEST_CASE("published families: scales that they cannot take are refused") {
    using byte = integer<8>;
    dyad::nn::ivit_functions::softmax<byte, byte> ivit;
    dyad::nn::ivit_functions::gelu<byte, byte> ivit_gelu;
    dyad::nn::ibert_functions::softmax<byte, byte> ibert;
    dyad::nn::ibert_functions::gelu<integer<16>, byte> ibert_gelu;
    dyad::nn::tflite_functions::softmax<byte, dyad::uinteger<8>> tflite;
    dyad::nn::tflite_functions::gelu<byte, byte> tflite_gelu;
    const auto check = [](auto& f) {
        CHECK(f.set(0.05, 0x1p-8) == status::ok);
        for (const double bad : {0.0, -1.0, infinity, nan}) CHECK(f.set(bad, 0x1p-8) == status::scale_not_positive);
    };
    check(ivit);
    check(ivit_gelu);
    check(ibert);
    check(ibert_gelu);
    check(tflite);
    check(tflite_gelu);
    for (const double small : {1e-12, 1e-300}) {
        CHECK(ivit.set(small, 0x1p-8) == status::parameters_not_usable);
        CHECK(ivit_gelu.set(small, 0x1p-8) == status::parameters_not_usable);
        CHECK(ibert.set(small, 0x1p-8) == status::parameters_not_usable);
        CHECK(ibert_gelu.set(small, 0x1p-8) == status::parameters_not_usable);
    }
    CHECK(tflite.set(0.05, 0x1p-7) == status::scale_unsupported);
}

template <class F>
void check_refused() {
    F f;
    CHECK(f.set(1, 1) == status::ok);
    for (const double bad : {0.0, -1.0, infinity, nan}) {
        CHECK(f.set(bad, 1) == status::scale_not_positive);
        CHECK(f.set(1, bad) == status::scale_not_positive);
    }
}

TEST_CASE("functions: scales that are not positive and finite are refused, and rows of unequal length") {
    check_refused<float_functions::softmax<float, float>>();
    check_refused<float_functions::gelu<float, float>>();
    check_refused<integer_functions::softmax<integer<16>, uinteger<8>>>();
    check_refused<integer_functions::gelu<integer<8>, integer<8>>>();
    const std::vector<float> x(3, 1.0F);
    const std::vector<integer<16>> codes(3, integer<16>::from_raw(1));
    CHECK(status_of<float>(float_functions::softmax<float, float>{}, x, 4) == status::extents_differ);
    CHECK(status_of<float>(float_functions::gelu<float, float>{}, x, 4) == status::extents_differ);
    integer_functions::softmax<integer<16>, integer<8>> softmax;
    CHECK(status_of<integer<8>>(softmax, codes, 3) == status::scale_not_positive);
    REQUIRE(softmax.set(0.01, 1 / 127.0) == status::ok);
    CHECK(status_of<integer<8>>(softmax, codes, 2) == status::extents_differ);
    integer_functions::gelu<integer<8>, integer<8>> gelu;
    const std::vector<integer<8>> bytes(3, integer<8>::from_raw(1));
    CHECK(status_of<integer<8>>(gelu, bytes, 3) == status::table_missing);
    REQUIRE(gelu.set(0.01, 0.01) == status::ok);
    CHECK(status_of<integer<8>>(gelu, bytes, 2) == status::extents_differ);
    const auto norm = [&]<class F, class In, class Out>(F f, const std::vector<In>& in, Out) {
        std::vector<std::byte> memory(1024);
        dyad::arena arena(memory);
        REQUIRE(f.shape(arena, 3) == status::ok);
        const auto three = dyad::make_vector(x.data(), 3);
        CHECK(f.set(three, three, 1e-5, 1, 1) == status::ok);
        CHECK(status_of<Out>(f, in, 4) == status::extents_differ);
        CHECK(status_of<Out>(f, in, 2) == status::extents_differ);
        for (const double bad : {0.0, -1.0, infinity, nan}) {
            CHECK(f.set(three, three, 1e-5, bad, 1) == status::scale_not_positive);
            CHECK(f.set(three, three, 1e-5, 1, bad) == status::scale_not_positive);
        }
        dyad::arena small(std::span<std::byte>(memory).first(64 + 63));
        CHECK(f.shape(small, 3) == status::arena_too_small);
    };
    norm(float_functions::layer_norm<float, float>{}, x, 0.0F);
    norm(integer_functions::layer_norm<integer<16>, integer<8>>{}, codes, integer<8>{});
}

}  // namespace
}  // namespace dyad_test
