// SPDX-License-Identifier: Apache-2.0
// All 2^32 floats: the activations against double, and the exponential of a softmax against double.
#include <dyad/array/float_activations.hpp>
#include <dyad/array/float_softmax.hpp>

#include <doctest/doctest.h>

#include "support/activation_check.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace {

TEST_CASE("float activations: within their bounds for all floats") {
    constexpr std::size_t piece = std::size_t{1} << 20;
    std::vector<float> x(piece);
    std::vector<float> y(piece);
    for (const dyad::float_activation f : dyad_test::all_activations) {
        double worst = 0;
        float at = 0;
        for (std::uint64_t first = 0; first < (std::uint64_t{1} << 32); first += piece) {
            for (std::size_t i = 0; i < piece; ++i) x[i] = std::bit_cast<float>(static_cast<std::uint32_t>(first + i));
            activate_floats(f, dyad::best_instruction_set(), x.data(), y.data(), piece);
            for (std::size_t i = 0; i < piece; ++i) {
                if (std::isnan(x[i])) continue;
                const double exact = dyad_test::exact_activation(f, static_cast<double>(x[i]));
                const double off = dyad_test::ulps_off(y[i], exact);
                if (off > worst) worst = off, at = x[i];
            }
        }
        MESSAGE(std::string(to_string(f)) << ": " << worst << " ulp at " << at);
        CHECK(worst <= dyad_test::activation_bound(f));
        CHECK(worst >= dyad_test::activation_bound(f) / 2);
    }
}

TEST_CASE("float_softmax: every term is within 2.3 * 2^-24") {
    constexpr std::size_t piece = std::size_t{1} << 20;
    const auto e = dyad::softmax_exponent::of(1);
    std::vector<float> x(piece);
    std::vector<float> y(piece);
    double worst = 0;
    float at = 0;
    const auto last = std::bit_cast<std::uint32_t>(87.0f);
    for (std::uint32_t first = 0; first < last; first += piece) {
        for (std::size_t i = 0; i < piece; ++i)
            x[i] = -std::bit_cast<float>(
                first + static_cast<std::uint32_t>(i) < last ? first + static_cast<std::uint32_t>(i) : last);
        softmax_shares(dyad::best_instruction_set(), x.data(), piece, e.to(0), 0x1p-64f, y.data());
        for (std::size_t i = 0; i < piece; ++i) {
            const double exact = std::exp(static_cast<double>(x[i]));
            const double off = std::abs(static_cast<double>(y[i]) - exact) / exact;
            if (!(off <= worst)) worst = off, at = x[i];
        }
    }
    MESSAGE("largest relative error " << worst * 0x1p24 << " * 2^-24 at " << at);
    CHECK(worst <= 2.3 * 0x1p-24);
    CHECK(worst >= 1.15 * 0x1p-24);
}

}  // namespace
