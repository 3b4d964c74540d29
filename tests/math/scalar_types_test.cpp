// SPDX-License-Identifier: Apache-2.0
// One softmax, one GELU in two forms and one network of three layers, templated on a number, with every number type:
// each code they give is the one that exact arithmetic and one rounding in each step give.
#include <dyad/math/scalar_functions.hpp>

#include <dyad/number.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/shadow.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace {

// --- code as a user writes it: nothing here knows a number type ---

template <class T>
std::vector<T> numbers(const std::vector<double>& values) {
    std::vector<T> result;
    for (const double x : values) result.push_back(T(x));
    return result;
}

/// e^(x_i - max) / sum.
template <class T>
std::vector<T> softmax(std::vector<T> x) {
    using std::exp, std::max;
    T top = x[0];
    for (const T& v : x) top = max(top, v);
    for (T& v : x) v = exp(v - top);
    T sum = x[0];
    for (std::size_t i = 1; i < x.size(); ++i) sum += x[i];
    for (T& v : x) v = v / sum;
    return x;
}

/// x Phi(x) by the error function.
template <class T>
T gelu(T x) {
    using std::erf;
    return x * (T(1.0) + erf(x / T(1.4142135623730951))) / T(2.0);
}

/// Its approximation by the hyperbolic tangent.
template <class T>
T gelu_by_tanh(T x) {
    using std::tanh;
    return x * (T(1.0) + tanh(T(0.7978845608028654) * (x + T(0.044715) * x * x * x))) / T(2.0);
}

/// (x - mean) / sqrt(mean square deviation + eps).
template <class T>
std::vector<T> normalised(std::vector<T> x) {
    using std::sqrt;
    const T count = T(static_cast<double>(x.size()));
    T sum = x[0];
    for (std::size_t i = 1; i < x.size(); ++i) sum += x[i];
    const T mean = sum / count;
    for (T& v : x) v = v - mean;
    T squares = x[0] * x[0];
    for (std::size_t i = 1; i < x.size(); ++i) squares += x[i] * x[i];
    const T deviation = sqrt(squares / count + T(0.0625));
    for (T& v : x) v = v / deviation;
    return x;
}

/// Rows of weights, each with its bias behind it.
using matrix = std::vector<std::vector<double>>;
inline const matrix first_layer{{0.5, -1.25, 0.75, 2.0, 0.25},
                                {-0.7, 0.3, 1.1, -0.4, -0.5},
                                {1.5, 0.9, -0.2, 0.6, 0.1},
                                {-0.3, 1.7, 0.8, -1.6, 0.0}};
inline const matrix second_layer{{0.8, -0.6, 0.4, 1.2, 0.3},
                                 {1.3, 0.2, -0.9, 0.5, -0.2},
                                 {-1.1, 0.7, 1.4, -0.1, 0.6},
                                 {0.05, 1.0, -0.45, 0.35, 0.15}};
inline const matrix third_layer{{1.0, -0.5, 0.25, 0.75, 0.1}, {-0.8, 1.2, 0.6, -0.3, 0.0}, {0.4, 0.3, -1.5, 0.9, -0.2}};

template <class T>
std::vector<T> linear(const matrix& weights, const std::vector<T>& x) {
    std::vector<T> y;
    for (const auto& row : weights) {
        T sum = T(row.back());
        for (std::size_t i = 0; i < x.size(); ++i) sum += T(row[i]) * x[i];
        y.push_back(sum);
    }
    return y;
}

/// softmax(W3 normalised(clamped tanh(W2 gelu(W1 x)))), with |floor(first logit + 1/2)| added to the last logit: every
/// name of <cmath> that a network uses.
template <class T>
std::vector<T> network(const std::vector<T>& x) {
    using std::abs, std::floor, std::max, std::min, std::tanh;
    std::vector<T> hidden = linear(first_layer, x);
    for (T& v : hidden) v = gelu(v);
    hidden = linear(second_layer, hidden);
    for (T& v : hidden) v = min(max(tanh(v), T(-0.75)), T(0.875));
    std::vector<T> logits = linear(third_layer, normalised(hidden));
    logits.back() = logits.back() + abs(floor(logits.front() + T(0.5)));
    return softmax(logits);
}

/// Cross entropy of a label.
template <class T>
T loss(const std::vector<T>& probabilities, std::size_t label) {
    using std::log;
    return T(0.0) - log(probabilities[label]);
}

template <class T>
std::vector<T> everything() {
    const auto points =
        numbers<T>({-6,   -4,    -3,  -2.5, -2, -1.5, -1.25, -1, -0.75, -0.5, -0.25, -0.125, 0, 0.0625, 0.125,
                    0.25, 0.375, 0.5, 0.75, 1,  1.25, 1.5,   2,  2.5,   3,    3.5,   4,      5, 6});
    std::vector<T> all;
    for (const T& x : points) {
        all.push_back(gelu(x));
        all.push_back(gelu_by_tanh(x));
    }
    const auto append = [&all](const std::vector<T>& more) { all.insert(all.end(), more.begin(), more.end()); };
    append(softmax(numbers<T>({-1.5, 0.25, 2, 0.75, -0.5, 1.75})));
    append(softmax(numbers<T>({3, 3, 3, 3})));
    append(softmax(numbers<T>({-4, 6, 1})));
    for (const auto& x : {std::vector{0.5, -1.0, 0.25, 1.5}, {1.0, 1.0, 1.0, 1.0}, {-2.0, 0.75, 3.0, -0.5}}) {
        const auto probabilities = network(numbers<T>(x));
        append(probabilities);
        for (std::size_t i = 0; i < probabilities.size(); ++i) all.push_back(loss(probabilities, i));
    }
    return all;
}

// --- the checks ---

/// Every result, code for code.
template <class T>
void check_type() {
    dyad_test::tally cases("templated code with " + reference::name_of<T>());
    const std::vector<T> got = everything<T>();
    reference::shadow::become<T>();
    const std::vector<reference::shadow> expected = everything<reference::shadow>();
    REQUIRE(got.size() == expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        const auto a = reference::traits<T>::code(got[i]);
        const auto b = expected[i].code();
        cases.check(a == b, "result ", i, " has code ", a, ", not ", b);
    }
}
template <class... T>
void check_types() {
    (check_type<T>(), ...);
}

TEST_CASE("floating-point formats of 8 bits and fewer") {
    check_types<dyad::float8_e5m2, dyad::float8_e4m3fn, dyad::float8_e4m3, dyad::float8_e3m4, dyad::float8_e4m3fnuz,
                dyad::float8_e5m2fnuz, dyad::float8_e4m3b11fnuz, dyad::float8_e8m0fnu, dyad::float8_e5m3fnu,
                dyad::float6_e2m3fn, dyad::float6_e3m2fn, dyad::float4_e2m1fn>();
}
TEST_CASE("P3109") {
    check_types<dyad::binary8p4se, dyad::binary8p3se, dyad::binary8p1uf, dyad::binary4p2sf, dyad::binary6p3sf,
                dyad::binary<16, 8>>();
}
TEST_CASE("wider floating-point formats, float and double") {
    check_types<dyad::bfloat16, dyad::float16, dyad::tfloat32, float, double>();
}
TEST_CASE("fixed point and integers") {
    check_types<dyad::fixed<8, 4>, dyad::fixed<16, 8>, dyad::fixed<32, 16>, dyad::fixed<64, 32>, dyad::fixed<8, 7>,
                dyad::integer<4>, dyad::integer<8>, dyad::uinteger<8>>();
}

TEST_CASE("codes of squares, and ternary") { check_types<dyad::power<4, 2>, dyad::power<8, 2>, dyad::ternary>(); }
TEST_CASE("products by L-Mul") {
    using dyad::lmul_variant;
    check_types<dyad::lmul_number<dyad::bfloat16>, dyad::lmul_number<dyad::float8_e4m3fn>,
                dyad::lmul_number<dyad::float8_e5m2, lmul_variant::adder>,
                dyad::lmul_number<dyad::bfloat16, lmul_variant::mitchell>, dyad::lmul_number<float>>();
}

/// The largest difference from the real numbers, in units of 2^-digits.
template <class T>
double distance_from_real(int digits) {
    const std::vector<T> got = everything<T>();
    const std::vector<reference::many_digits> expected = everything<reference::many_digits>();
    double worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        // Not a number where the real result is one counts as infinitely far.
        const double distance = std::fabs(static_cast<double>(got[i]) - expected[i].get());
        worst = distance >= 0 ? std::max(worst, std::ldexp(distance, digits)) : HUGE_VAL;
    }
    return worst;
}

TEST_CASE("the results approximate those of the real numbers as the types' digits promise") {
    // Results up to 8, some thirty roundings deep, each of half a unit, and amplified by at most a few times.
    const std::pair<std::string, double> worst[]{{"bfloat16", distance_from_real<dyad::bfloat16>(8)},
                                                 {"float16", distance_from_real<dyad::float16>(11)},
                                                 {"tfloat32", distance_from_real<dyad::tfloat32>(11)},
                                                 {"float", distance_from_real<float>(24)},
                                                 {"double", distance_from_real<double>(53)},
                                                 {"fixed<16,8>", distance_from_real<dyad::fixed<16, 8>>(9)},
                                                 {"fixed<32,16>", distance_from_real<dyad::fixed<32, 16>>(17)}};
    for (const auto& [type, distance] : worst) {
        MESSAGE(type << ": at most " << distance << " half units away");
        CHECK(distance > 0);
        CHECK(distance < 64);
    }
}

}  // namespace
