// SPDX-License-Identifier: Apache-2.0
// power_scaling: PowerQuant's codes round in the power's domain; linear layers on them against integer sums and double.
#include <dyad/nn/power_scaling.hpp>

#include <doctest/doctest.h>

#include <dyad/nn/functions.hpp>
#include <dyad/nn/linear.hpp>
#include <dyad/number/accumulator.hpp>

#include "nn/reference_layers.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace dyad_test {
namespace {

using namespace dyad::nn;
using dyad::make_matrix;
using dyad::power;

template <int WeightBits, int OperandBits>
struct in_powers {
    using weight = power<WeightBits, 2>;
    using operand = power<OperandBits, 2>;
    using probability = power<OperandBits, 2>;
    using value = float;
    using stream = float;
    using accumulator = dyad::float_ordered;
    using scaling = power_scaling;
    using functions = float_functions;
    static constexpr auto product = dyad::product_rule::exact;
};
static_assert(recipe<in_powers<8, 8>> && weights_of<in_powers<4, 8>>::bits_per_weight == 4);

TEST_CASE("power_scaling: a code is the rounded root, ties to even") {
    using T = power<4, 2>;
    // Thresholds (n - 1/2)^2: 1/4, 9/4, 25/4, 49/4, ...
    CHECK(power_code<T>(0.25F, 1).raw() == 0);
    CHECK(power_code<T>(0.2500001F, 1).raw() == 1);
    CHECK(power_code<T>(2.25F, 1).raw() == 2);
    CHECK(power_code<T>(2.2499998F, 1).raw() == 1);
    CHECK(power_code<T>(-6.25F, 1).raw() == -2);
    CHECK(power_code<T>(-6.2500005F, 1).raw() == -3);
    CHECK(power_code<T>(1e30F, 1).raw() == 7);
    CHECK(power_code<T>(1, 0).raw() == 0);
    CHECK(power_scale<T>(98) == 2);
    std::mt19937_64 random(1);
    const auto check = [&]<class P>() {
        for (int i = 0; i < 20000; ++i) {
            const auto x = static_cast<float>(static_cast<double>(random() >> 11) * 0x1p-52 - 1);
            const float scale = power_scale<P>(1 + static_cast<double>(random() % 100) / 64);
            const double root = std::sqrt(std::fabs(static_cast<double>(x)) / static_cast<double>(scale));
            const double code = std::min(std::nearbyint(root), static_cast<double>(P::max_raw));
            CHECK(power_code<P>(x, scale).raw() == (x < 0 ? -code : code));
        }
    };
    check.template operator()<power<2, 2>>();
    check.template operator()<power<8, 2>>();
    check.template operator()<power<12, 2>>();
}

/// A line of numbers as the values of its codes.
template <class P>
void in_powers_plainly(real_matrix& m, index i, std::vector<int>& codes, std::vector<double>& scales) {
    double largest = 0;
    for (index j = 0; j < m.columns; ++j) largest = std::max(largest, std::fabs(m(i, j)));
    const auto scale = static_cast<float>(largest / (double{P::max_raw} * double{P::max_raw}));
    for (index j = 0; j < m.columns; ++j) {
        const double root = std::nearbyint(std::sqrt(std::fabs(m(i, j)) / static_cast<double>(scale)));
        const int c = static_cast<int>(root);
        codes.push_back(m(i, j) < 0 ? -c * c : c * c);
    }
    scales.push_back(static_cast<double>(scale));
}

template <class R>
void check_linear(index rows, index in, index out, double least) {
    parameters source;
    add_linear(source, "l", out, in, 7);
    real_matrix x = random_matrix(rows, in, 3, 9);
    auto held = shaped<linear<R, float>>([=](auto& layer, dyad::arena& a) { return layer.shape(a, out, in); });
    REQUIRE(held.layer.prepare(source, path("l"), affine{}, affine{}) == status::ok);
    const auto got =
        run_checked<float>(encode<float>(x, 1), rows, in, rows, out, [&](auto from, auto to, const auto& context) {
            tensor_of<R, typename R::operand> t;
            const status s = as_operand<R, typename R::operand>(from, t, 0, context);
            return s == status::ok ? status(held.layer.run(t, to, context)) : s;
        });
    real_matrix weights = source.get("l.weight");
    const real_matrix bias = source.get("l.bias");
    const double decibels = sqnr(linear_of(x, weights, bias), decode(got, rows, out, 1));
    MESSAGE("power codes of " << R::weight::width << " and " << R::operand::width << " bits: " << decibels << " dB");
    CHECK(decibels > least);
    CHECK(decibels < least + 3);
    std::vector<int> a;
    std::vector<int> w;
    std::vector<double> a_scales;
    std::vector<double> w_scales;
    for (index i = 0; i < rows; ++i) in_powers_plainly<typename R::operand>(x, i, a, a_scales);
    for (index j = 0; j < out; ++j) in_powers_plainly<typename R::weight>(weights, j, w, w_scales);
    for (index i = 0; i < rows; ++i) {
        for (index j = 0; j < out; ++j) {
            std::int64_t sum = 0;
            for (index k = 0; k < in; ++k) {
                sum += std::int64_t{a[static_cast<std::size_t>(i * in + k)]} * w[static_cast<std::size_t>(j * in + k)];
            }
            const double factor = w_scales[static_cast<std::size_t>(j)] * a_scales[static_cast<std::size_t>(i)];
            const double y = std::fma(static_cast<double>(static_cast<float>(sum)), factor, bias(0, j));
            CHECK(got[static_cast<std::size_t>(i * out + j)] == static_cast<float>(y));
        }
    }
}

TEST_CASE("power_scaling: linear layers are integer sums, scaled once") {
    check_linear<in_powers<8, 8>>(5, 100, 9, 41);
    check_linear<in_powers<4, 8>>(5, 100, 9, 18);
    check_linear<in_powers<4, 4>>(5, 100, 9, 17);
}

}  // namespace
}  // namespace dyad_test
