// SPDX-License-Identifier: Apache-2.0
// Float functions between formats, bit for bit: codes decoded one by one, the routines of floats with plain C++, codes
// made one by one. Rows of many lengths, strides, NaN and infinities, every instruction set, other rounding modes.
#include <dyad/nn/float_pieces.hpp>

#include <dyad/array/float_norms.hpp>
#include <dyad/nn/float_functions.hpp>

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace dyad_test {
namespace {

using dyad::bfloat16;
using dyad::float8_e4m3fn;
using dyad::index;
using dyad::instruction_set;
using dyad::integer;
using dyad::norm_kind;
using dyad::scalar_function;
using dyad::status;
using dyad::vector_view;
using dyad::nn::affine;
using dyad::nn::float_functions;
using dyad::nn::float_scales;

constexpr dyad::row_options plain_code{instruction_set::scalar};

const std::vector<instruction_set>& every_set() {
    static const std::vector<instruction_set> sets = instruction_sets();
    return sets;
}

// --- the definition

float decoded_by_hand(float code, const affine& q) { return code - static_cast<float>(q.zero_point); }
template <class In>
float value_by_hand(In c, const affine& q) {
    const float x = decoded_by_hand(dyad::convert<float>(c), q);
    return static_cast<float>(static_cast<double>(x) * static_cast<double>(static_cast<float>(q.scale)));
}
template <class Out>
Out code_by_hand(float y, const affine& q) {
    const float quotient = y / static_cast<float>(q.scale);
    constexpr auto even = dyad::rounding::nearest_even;
    if (q.zero_point == 0) return dyad::convert<Out>(quotient, even, dyad::saturation::finite);
    return dyad::convert<Out>(static_cast<double>(quotient) + q.zero_point, even, dyad::saturation::finite);
}

// --- rows

/// Codes of numbers of about `size`; with specials, NaN and infinities where the format has them.
template <class T>
std::vector<T> random_codes(index n, double size, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal(0, size);
    std::vector<T> codes(static_cast<std::size_t>(n));
    for (T& c : codes) c = dyad::convert<T>(normal(random), dyad::rounding::nearest_even, dyad::saturation::finite);
    return codes;
}
template <class T>
T coded(double x) {
    return dyad::convert<T>(x, dyad::rounding::nearest_even, dyad::saturation::none);
}

/// Elements `stride` apart, backwards where it is negative.
template <class T>
struct strided {
    index n;
    index stride;
    std::vector<T> memory;

    strided(const std::vector<T>& values, index step)
        : n(static_cast<index>(values.size())), stride(step), memory(values.size() * magnitude(step) + 1) {
        for (index i = 0; i < n; ++i) view()(i) = values[static_cast<std::size_t>(i)];
    }
    static std::size_t magnitude(index step) { return static_cast<std::size_t>(step < 0 ? -step : step); }
    vector_view<T> view() {
        const index first = stride < 0 ? (n - 1) * -stride : 0;
        return {memory.data() + first, {n}, {stride}};
    }
    vector_view<const T> read() { return dyad::as_const(view()); }
    std::vector<T> values() {
        std::vector<T> found;
        for (index i = 0; i < n; ++i) found.push_back(view()(i));
        return found;
    }
};

/// Equal bits; NaN of any bits is NaN.
template <class T>
bool same_codes(const std::vector<T>& x, const std::vector<T>& y) {
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double a = dyad::convert<double>(x[i]);
        const double b = dyad::convert<double>(y[i]);
        if (std::isnan(a) && std::isnan(b)) continue;
        if (std::memcmp(&x[i], &y[i], sizeof(T)) != 0) return false;
    }
    return x.size() == y.size();
}

template <class T>
std::vector<float> decode_all(const std::vector<T>& codes, const affine& q) {
    std::vector<float> x;
    for (const T c : codes) x.push_back(decoded_by_hand(dyad::convert<float>(c), q));
    return x;
}
template <class Out>
std::vector<Out> encode_all(const std::vector<float>& y, const affine& q) {
    std::vector<Out> codes;
    for (const float v : y) codes.push_back(code_by_hand<Out>(v, q));
    return codes;
}

/// f on `in`, at every instruction set and some strides: `expected`.
template <class F, class In, class Out>
void check_run(const F& f, const std::vector<In>& in, const std::vector<Out>& expected) {
    for (const instruction_set isa : every_set()) {
        for (const index step : {index{1}, index{3}, index{-2}}) {
            INFO(std::string(dyad::to_string(isa)));
            CAPTURE(step);
            CAPTURE(in.size());
            strided<In> from(in, step);
            strided<Out> to(std::vector<Out>(in.size()), step == 3 ? 1 : step);
            CHECK(f.run(from.read(), to.view(), dyad::row_options{isa}) == status::ok);
            CHECK(same_codes(to.values(), expected));
        }
    }
    if constexpr (std::same_as<In, Out>) {
        std::vector<In> both = in;
        const auto n = static_cast<index>(in.size());
        CHECK(f.run(dyad::make_vector<const In>(both.data(), n), dyad::make_vector(both.data(), n)) == status::ok);
        CHECK(same_codes(both, expected));
    }
}

template <class In, class Out>
void check_scales(const affine& in, const affine& out) {
    float_scales q;
    REQUIRE(q.set(in, out) == status::ok);
    for (const index n : {1, 2, 63, 64, 65, 511, 513, 1100}) {
        auto codes = random_codes<In>(n, 50, static_cast<unsigned>(n));
        if (n > 60) {
            codes[7] = coded<In>(std::numeric_limits<double>::quiet_NaN());
            codes[8] = coded<In>(std::numeric_limits<double>::infinity());
            codes[9] = coded<In>(-std::numeric_limits<double>::infinity());
            codes[10] = coded<In>(1e-40);
        }
        std::vector<float> values;
        for (const In c : codes) values.push_back(value_by_hand(c, in));
        const std::vector<Out> results = encode_all<Out>(values, out);
        for (std::size_t i = 0; i < codes.size(); ++i) {
            CHECK(same_codes(std::vector{q.value(codes[i])}, std::vector{values[i]}));
            CHECK(same_codes(std::vector{q.template code<Out>(values[i])}, std::vector{results[i]}));
        }
        for (const instruction_set isa : every_set()) {
            for (const index step : {1, 2, -3}) {
                CAPTURE(step);
                CAPTURE(n);
                strided<In> from(codes, step);
                std::vector<float> room(codes.size());
                const float* x = q.decode(isa, from.read(), room.data());
                const std::vector<float> exact = decode_all(codes, in);
                for (index i = 0; i < n; ++i)
                    CHECK(same_codes(std::vector{x[i]}, std::vector{exact[static_cast<std::size_t>(i)]}));
                q.values(isa, from.read(), room.data());
                CHECK(same_codes(room, values));
                strided<Out> to(std::vector<Out>(codes.size()), step);
                q.encode(isa, room.data(), to.view());
                CHECK(same_codes(to.values(), results));
            }
        }
    }
}

TEST_CASE("float_scales: many codes are what each is") {
    const affine odd{0.0117, 0};
    check_scales<float, float8_e4m3fn>(1, 1);
    check_scales<float, float8_e4m3fn>(3.7, odd);
    check_scales<float8_e4m3fn, integer<8>>(odd, {0.37, -7});
    check_scales<integer<8>, integer<8>>({0.0117, -128}, {0.02, 127});
    check_scales<bfloat16, bfloat16>(1, 3.7);
    check_scales<bfloat16, float>(3.7, {0.3, 5});
    check_scales<integer<16>, integer<16>>({0.01, 1000}, {0.0003, -30000});
}

template <class In, class Out>
void check_softmax(const affine& in, const affine& out, double size) {
    float_functions::softmax<In, Out> f;
    REQUIRE(f.set(in, out) == status::ok);
    dyad::float_softmax floats;
    const bool fits = floats.set(static_cast<float>(in.scale)) == status::ok;
    for (const index n : {1, 5, 197, 2048, 2049, 6001}) {
        auto codes = random_codes<In>(n, size, static_cast<unsigned>(n));
        for (int special = 0; special < 4; ++special) {
            const double there[] = {0, std::numeric_limits<double>::quiet_NaN(),
                                    std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
            if (special != 0) codes[static_cast<std::size_t>(n / 2)] = coded<In>(there[special]);
            std::vector<float> x;
            for (const In c : codes) x.push_back(fits ? dyad::convert<float>(c) : value_by_hand(c, affine(in.scale)));
            std::vector<float> y(codes.size());
            REQUIRE(floats.run(dyad::make_vector<const float>(x.data(), n), dyad::make_vector(y.data(), n),
                               plain_code) == status::ok);
            check_run(f, codes, encode_all<Out>(y, out));
        }
    }
}

TEST_CASE("softmax: that of the floats, then codes") {
    check_softmax<float, float8_e4m3fn>(1, 1 / 448.0, 3);
    check_softmax<float, float>(0.7, 0.3, 3);
    check_softmax<float, integer<8>>(1e-25, {1 / 255.0, -128}, 1e25);  // a scale that no exponent holds
    check_softmax<float, bfloat16>(1, 1, 1e20);                        // far from 0
    check_softmax<float8_e4m3fn, float8_e4m3fn>(0.3, 1 / 448.0, 10);
    check_softmax<integer<8>, integer<8>>({0.05, 3}, {1 / 255.0, -128}, 60);
}

TEST_CASE("softmax: masks and causality in rows of several blocks") {
    constexpr index rows = 4;
    constexpr index n = 4500;
    constexpr index offset = 2046;
    float_functions::softmax<float, float8_e4m3fn> f;
    const affine out{1 / 448.0};
    REQUIRE(f.set(0.5, out) == status::ok);
    const auto x = random_codes<float>(rows * n, 4, 3);
    std::vector<std::uint8_t> mask(x.size());
    for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = i / n == 2 ? 0 : i % 3 == 0;
    dyad::float_softmax floats;
    REQUIRE(floats.set(0.5F) == status::ok);
    const auto in = dyad::make_matrix(x.data(), rows, n);
    const auto seen = dyad::make_matrix<const std::uint8_t>(mask.data(), rows, n);
    std::vector<float> y(x.size());
    std::vector<float8_e4m3fn> codes(x.size());
    const auto to = dyad::make_matrix(codes.data(), rows, n);
    for (const instruction_set isa : every_set()) {
        REQUIRE(floats.run_masked(in, seen, dyad::make_matrix(y.data(), rows, n), plain_code) == status::ok);
        REQUIRE(f.run_masked(in, seen, to, {isa}) == status::ok);
        CHECK(same_codes(codes, encode_all<float8_e4m3fn>(y, out)));
        REQUIRE(floats.run_causal(in, offset, dyad::make_matrix(y.data(), rows, n), plain_code) == status::ok);
        REQUIRE(f.run_causal(in, offset, to, {isa}) == status::ok);
        CHECK(same_codes(codes, encode_all<float8_e4m3fn>(y, out)));
    }
}

template <dyad::nn::pointwise F, class In, class Out>
void check_activation(const affine& in, const affine& out) {
    float_functions::activation<F, In, Out> f;
    REQUIRE(f.set(in, out) == status::ok);
    constexpr auto routine = dyad::nn::routine_of(F);
    for (const index n : {1, 63, 511, 513, 1100}) {
        auto codes = random_codes<In>(n, 2 / in.scale, static_cast<unsigned>(n));
        codes[static_cast<std::size_t>(n / 2)] = coded<In>(std::numeric_limits<double>::quiet_NaN());
        codes[static_cast<std::size_t>(n / 3)] = coded<In>(-std::numeric_limits<double>::infinity());
        std::vector<float> x;
        for (const In c : codes) x.push_back(value_by_hand(c, in));
        std::vector<float> y(x.size());
        if constexpr (routine.exists) {
            const auto from = dyad::make_vector<const float>(x.data(), n);
            REQUIRE(dyad::activate(routine.which, from, dyad::make_vector(y.data(), n), plain_code) == status::ok);
        } else {
            for (std::size_t i = 0; i < x.size(); ++i) y[i] = dyad::nn::activate_one<F>(x[i]);
        }
        check_run(f, codes, encode_all<Out>(y, out));
    }
}

TEST_CASE("activation: that of the floats, then codes") {
    using dyad::nn::straight_function;
    check_activation<scalar_function::gelu, float, float8_e4m3fn>(1, 0.013);
    check_activation<scalar_function::gelu_tanh, float, float8_e4m3fn>(1, 0.013);
    check_activation<scalar_function::gelu_tanh, bfloat16, bfloat16>(1, 1);
    check_activation<scalar_function::silu, integer<8>, integer<8>>({0.05, 9}, {0.03, -100});
    check_activation<scalar_function::sigmoid, float8_e4m3fn, integer<8>>(0.1, {1 / 255.0, -128});
    check_activation<scalar_function::exp_nonpositive, float, bfloat16>(1, 0.7);
    check_activation<straight_function::relu6, float, float8_e4m3fn>(1, 0.02);
    check_activation<scalar_function::tanh, float, float>(0.7, 0.3);
}

template <norm_kind Kind>
std::vector<float> norm_of_floats(const std::vector<float>& x, const std::vector<float>& gamma,
                                  const std::vector<float>& beta, double epsilon, index rows) {
    std::vector<float> y(x.size());
    const auto n = static_cast<index>(gamma.size());
    const auto from = dyad::make_matrix(x.data(), rows, n);
    const auto to = dyad::make_matrix(y.data(), rows, n);
    const auto g = dyad::make_vector(gamma.data(), n);
    const auto b = dyad::make_vector(beta.data(), n);
    if constexpr (Kind == norm_kind::layer)
        REQUIRE(dyad::layer_norm(from, g, b, epsilon, to, plain_code) == status::ok);
    if constexpr (Kind == norm_kind::rms) REQUIRE(dyad::rms_norm(from, g, b, epsilon, to, plain_code) == status::ok);
    if constexpr (Kind == norm_kind::l1) REQUIRE(dyad::l1_norm(from, g, b, epsilon, to, plain_code) == status::ok);
    return y;
}

template <norm_kind Kind, class In, class Out>
void check_norm(const affine& in, const affine& out) {
    constexpr float epsilon = 1e-5F;
    for (const index n : {1, 33, 384, 2049, 8192, 8193, 9001}) {
        CAPTURE(n);
        const auto gamma = random_codes<float>(n, 1, 5);
        const auto beta = random_codes<float>(n, 1, 6);
        std::vector<std::byte> memory(2 * gamma.size() * sizeof(float) + 256);
        dyad::arena arena(memory);
        float_functions::norm<Kind, In, Out> f;
        REQUIRE(f.shape(arena, n) == status::ok);
        REQUIRE(f.set(dyad::make_vector(gamma.data(), n), dyad::make_vector(beta.data(), n),
                      static_cast<double>(epsilon), in, out) == status::ok);
        const auto s = static_cast<double>(static_cast<float>(in.scale));
        const double of_codes = static_cast<double>(epsilon) / (Kind == norm_kind::l1 ? s : s * s);
        auto codes = random_codes<In>(n, 30, static_cast<unsigned>(n));
        check_run(f, codes,
                  encode_all<Out>(norm_of_floats<Kind>(decode_all(codes, in), gamma, beta, of_codes, 1), out));
        codes[static_cast<std::size_t>(n / 2)] = coded<In>(std::numeric_limits<double>::infinity());
        check_run(f, codes,
                  encode_all<Out>(norm_of_floats<Kind>(decode_all(codes, in), gamma, beta, of_codes, 1), out));
        // Rows together, with columns that are left out.
        if (n > 400) continue;
        constexpr index rows = 7;
        const auto wide = random_codes<In>(rows * (n + 3), 30, 1);
        std::vector<float> x;
        for (index i = 0; i < rows; ++i) {
            for (index j = 0; j < n; ++j)
                x.push_back(decoded_by_hand(dyad::convert<float>(wide[static_cast<std::size_t>(i * (n + 3) + j)]), in));
        }
        const auto expected = encode_all<Out>(norm_of_floats<Kind>(x, gamma, beta, of_codes, rows), out);
        for (const instruction_set isa : every_set()) {
            std::vector<Out> got(expected.size());
            REQUIRE(f.run({wide.data(), {rows, n}, {n + 3, 1}}, dyad::make_matrix(got.data(), rows, n), {isa}) ==
                    status::ok);
            CHECK(same_codes(got, expected));
        }
    }
}

TEST_CASE("norms: those of the floats, then codes") {
    check_norm<norm_kind::layer, float, float8_e4m3fn>(1, 0.013);
    check_norm<norm_kind::layer, float, float>(1, 1);
    check_norm<norm_kind::layer, float, float>(0.3, 0.7);
    check_norm<norm_kind::rms, integer<8>, integer<8>>({0.05, 9}, {0.03, -10});
    check_norm<norm_kind::l1, float8_e4m3fn, bfloat16>(0.3, 1);
    check_norm<norm_kind::layer, bfloat16, bfloat16>(1, 1);
}

#if defined(__x86_64__)
TEST_CASE("float functions: other rounding modes of the caller change nothing") {
    const auto x = random_codes<float>(700, 3, 1);
    float_functions::softmax<float, float8_e4m3fn> softmax;
    float_functions::activation<scalar_function::gelu, float, integer<8>> gelu;
    REQUIRE(softmax.set(0.7, 1 / 448.0) == status::ok);
    REQUIRE(gelu.set(0.7, {0.013, 3}) == status::ok);
    const auto run = [&](const auto& f, auto out) {
        std::vector<decltype(out)> y(x.size());
        CHECK(f.run(dyad::make_vector(x.data(), 700), dyad::make_vector(y.data(), 700)) == status::ok);
        return y;
    };
    const auto shares = run(softmax, float8_e4m3fn{});
    const auto codes = run(gelu, integer<8>{});
    for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
        REQUIRE(std::fesetround(mode) == 0);
        const auto again = run(softmax, float8_e4m3fn{});
        const auto codes_again = run(gelu, integer<8>{});
        REQUIRE(std::fesetround(FE_TONEAREST) == 0);
        CHECK(same_codes(again, shares));
        CHECK(same_codes(codes_again, codes));
    }
}
#endif

}  // namespace
}  // namespace dyad_test
