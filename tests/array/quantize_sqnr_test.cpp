// SPDX-License-Identifier: Apache-2.0
// Signal-to-noise ratios on the standard normal distribution, as the literature and exact integrals have them.
// Sources of the figures: integrals over the normal density of each cell for the formats with one scale; OCP MX v1.0's
// rule, NVIDIA's NVFP4 and "four over six" (arXiv 2512.02010) for blocks.
#include <dyad/array/quantize.hpp>
#include <dyad/number/ternary.hpp>

#include <doctest/doctest.h>

#include "support/normal_samples.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace {

using dyad::index;
using dyad::scale_rule;
using dyad::status;

const std::vector<float>& samples() {
    static const std::vector<float> x = dyad_test::normal_samples(std::size_t{1} << 20);
    return x;
}

void check_decibels(const std::string& name, double measured, double expected) {
    MESSAGE(name << ": " << measured << " dB, expected " << expected);
    CHECK(std::fabs(measured - expected) < 0.05);
}

template <class B>
double of_blocks(scale_rule rule) {
    const std::vector<float>& x = samples();
    std::vector<B> blocks((x.size() + B::size - 1) / B::size);
    std::vector<float> back(x.size());
    if constexpr (B::layout.levels == dyad::scale_levels::two) {
        float g = 0;
        REQUIRE(dyad::quantize(std::span<const float>(x), std::span<B>(blocks), &g, rule) == status::ok);
        REQUIRE(dyad::dequantize(std::span<const B>(blocks), g, std::span<float>(back)) == status::ok);
    } else {
        REQUIRE(dyad::quantize(std::span<const float>(x), std::span<B>(blocks), rule) == status::ok);
        REQUIRE(dyad::dequantize(std::span<const B>(blocks), std::span<float>(back)) == status::ok);
    }
    return dyad_test::decibels(x, back);
}

/// One scale, with which the largest element stands for `largest`.
template <class E>
double of_scale(const std::vector<float>& x, double largest) {
    float scale = static_cast<float>(largest / static_cast<double>(std::numeric_limits<E>::max()));
    std::vector<E> codes(x.size());
    std::vector<float> back(x.size());
    const auto n = static_cast<index>(x.size());
    const dyad::quantized_view view{dyad::make_matrix(codes.data(), 1, n), dyad::per_tensor(&scale)};
    REQUIRE(dyad::quantize_with_scales(dyad::make_matrix(x.data(), 1, n), view) == status::ok);
    REQUIRE(dyad::dequantize(view, dyad::make_matrix(back.data(), 1, n)) == status::ok);
    return dyad_test::decibels(x, back);
}

TEST_CASE("quantize: noise of MXFP4 on the normal distribution") {
    check_decibels("MXFP4 floor", of_blocks<dyad::mxfp4>(scale_rule::floor), 18.79);
    // The literature's "ceil", 18.757 dB: the scale with which nothing clamps.
    check_decibels("MXFP4 rceil", of_blocks<dyad::mxfp4>(scale_rule::rceil), 18.757);
    // By the exponent of the largest number alone a scale is often twice as large as it needs to be.
    check_decibels("MXFP4 ceil", of_blocks<dyad::mxfp4>(scale_rule::ceil), 16.82);
    check_decibels("MXFP4 even", of_blocks<dyad::mxfp4>(scale_rule::even), 19.03);
    using mxfp4_of_16 = dyad::block<dyad::float4_e2m1fn, dyad::float8_e8m0fnu, 16>;
    check_decibels("MXFP4 in 16, floor", of_blocks<mxfp4_of_16>(scale_rule::floor), 18.575);
    check_decibels("MXFP4 in 16, rceil", of_blocks<mxfp4_of_16>(scale_rule::rceil), 18.952);
}

TEST_CASE("quantize: noise of NVFP4 on the normal distribution") {
    check_decibels("NVFP4", of_blocks<dyad::nvfp4>(scale_rule::nearest), 20.43);
    check_decibels("NVFP4 four over six", of_blocks<dyad::nvfp4>(scale_rule::four_over_six), 21.22);
}

TEST_CASE("quantize: noise of one scale on the normal distribution") {
    check_decibels("E2M1, largest value 2.9225", of_scale<dyad::float4_e2m1fn>(samples(), 2.9225), 18.967);
    // The optimum of E4M3 is flat: octaves of the scale repeat it as long as neither end of the format is near.
    check_decibels("E4M3, largest value 4.6875", of_scale<dyad::float8_e4m3fn>(samples(), 4.6875), 31.557);
    // 255 codes are what the magnitudes see; -128 adds 0.03 dB.
    std::vector<float> magnitudes = samples();
    for (float& x : magnitudes) x = std::fabs(x);
    check_decibels("INT8 of 255 codes, clip 3.9205", of_scale<dyad::integer<8>>(magnitudes, 3.9205), 40.540);
    check_decibels("INT8, clip 3.9205", of_scale<dyad::integer<8>>(samples(), 3.9205), 40.569);
}

TEST_CASE("quantize: noise of BitNet's ternary weights on the normal distribution") {
    const std::vector<float>& x = samples();
    const auto n = static_cast<index>(x.size());
    float scale = 0;
    std::vector<dyad::ternary> codes(x.size());
    std::vector<float> back(x.size());
    const dyad::quantized_view view{dyad::make_matrix(codes.data(), 1024, n / 1024), dyad::per_tensor(&scale)};
    const auto src = dyad::make_matrix(x.data(), 1024, n / 1024);
    REQUIRE(dyad::quantize(src, view, scale_rule::absmean) == status::ok);
    REQUIRE(dyad::dequantize(view, dyad::make_matrix(back.data(), 1024, n / 1024)) == status::ok);
    CHECK(std::fabs(scale - std::sqrt(2 / 3.14159265f)) < 1e-5f);  // E|x|
    check_decibels("ternary absmean", dyad_test::decibels(x, back), 5.794);
}

}  // namespace
