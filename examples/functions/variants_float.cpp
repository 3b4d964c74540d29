// SPDX-License-Identifier: Apache-2.0
// Variants in float and double, for comparison.

#include "registry.hpp"
#include "rows.hpp"
#include "scalar_variant.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <dyad/array/float_activations.hpp>
#include <dyad/array/float_softmax.hpp>
#include <dyad/math/autonumerics.hpp>
#include <dyad/math/float_functions.hpp>

namespace functions {
namespace {

float real_input(std::int64_t x, double s) { return static_cast<float>(static_cast<double>(x) * s); }

prepared exponential(double s) {
    return codes_of(0x1p-24, [s](std::int64_t x) { return dyad::exp_float(real_input(x, s)) * 0x1p24F; });
}
prepared evolved_exponential(double s) {
    constexpr double log2_e = 1.4426950408889634074;
    return codes_of(
        0x1p-53, [s](std::int64_t x) { return dyad::autonumerics_exp2(static_cast<double>(x) * s * log2_e) * 0x1p53; });
}
prepared gelu_tanh(double s) {
    return codes_of(0x1p-24, [s](std::int64_t x) { return dyad::gelu_tanh_float(real_input(x, s)) * 0x1p24F; });
}

/// activate() of one element; timed as a row of 4096.
template <dyad::float_activation F>
prepared activation(double s) {
    const auto value = [s](std::int64_t code) -> real {
        const float x = real_input(code, s);
        float y = 0;
        (void)dyad::activate(F, view_of(std::span(&x, 1)), view_of(std::span(&y, 1)));
        return {static_cast<double>(y), 0};
    };
    const auto time = [s](codes inputs) {
        std::vector<float> in(4096);
        std::vector<float> out(in.size());
        for (std::size_t i = 0; i < in.size(); ++i)
            in[i] = real_input(inputs.first + static_cast<std::int64_t>(i * 997 % inputs.size()), s);
        return median_nanoseconds(in.size(), [&] {
            (void)dyad::activate(F, view_of(std::span<const float>(in)), view_of(std::span<float>(out)));
            keep(out.data());
        });
    };
    return {0x1p-24, value, time};
}

prepared softmax(double s, bool sums) {
    dyad::float_softmax plan;
    if (plan.set(static_cast<float>(s)) != dyad::status::ok) return {};
    return rows_of<float, float>(0x1p-24, sums, [plan](auto src, auto dst) {
        (void)plan.run(view_of(src), view_of(dst));
        for (float& x : dst) x *= 0x1p24F;
    });
}

}  // namespace

std::vector<variant> float_variants() {
    using dyad::float_activation;
    std::vector<variant> all;
    // clang-format off
    all.push_back({"exp", "float", "exp_float: IEEE float, ulps of numbers below 1", exponential});
    all.push_back({"exp", "autonumerics", "AutoNumerics-Zero\u2019s 2^x in ten operations of double, ulps of numbers below 1", evolved_exponential});
    all.push_back({"sigmoid", "float", "activate: IEEE float, a row at a time, ulps of numbers below 1", activation<float_activation::sigmoid>});
    all.push_back({"tanh", "float", "activate: IEEE float, a row at a time, ulps of numbers below 1", activation<float_activation::tanh>});
    all.push_back({"gelu", "float", "activate: IEEE float, a row at a time, ulps of numbers below 1", activation<float_activation::gelu>});
    all.push_back({"gelu", "float_tanh", "gelu_tanh_float: the tanh form in IEEE float", gelu_tanh});
    all.push_back({"silu", "float", "activate: IEEE float, a row at a time, ulps of numbers below 1", activation<float_activation::silu>});
    all.push_back({"softplus", "float", "activate: IEEE float, a row at a time, ulps of numbers below 1", activation<float_activation::softplus>});
    add_softmax(all, "float", "float_softmax: IEEE float, ulps of numbers below 1", softmax);
    // clang-format on
    return all;
}

}  // namespace functions
