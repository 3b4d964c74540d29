// SPDX-License-Identifier: Apache-2.0
// gathered_conv2d: what conv2d is for recipes that cannot sum over an image as it lies.
#include <dyad/nn/gathered_conv2d.hpp>

#include <doctest/doctest.h>

#include <dyad/nn/conv2d.hpp>
#include <dyad/nn/token_scaling.hpp>

#include "nn/convolution_support.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace dyad_test {
namespace {

using dyad::nn::conv2d_geometry;
using dyad::nn::fused_activation;
using dyad::nn::layer_kind;
using dyad::nn::operand_kind;
using dyad::nn::path;

/// A scale for every pixel, or products that are not exact: the windows are gathered first.
struct in_tokens
    : float_between<dyad::integer<8>, dyad::uinteger<8>, dyad::proven<std::int32_t>, dyad::nn::token_scaling<>> {
    static std::string name() { return "int8, a scale for each token"; }
};
struct in_lmul : float_between<dyad::float8_e4m3fn, dyad::float8_e4m3fn, dyad::float_ordered, dyad::nn::unit_scaling> {
    static std::string name() { return "L-Mul of float8"; }
    static constexpr auto product = dyad::product_rule::lmul;
};

constexpr conv2d_geometry stem{.height = 9,
                               .width = 6,
                               .channels = 3,
                               .out_channels = 5,
                               .kernel_height = 4,
                               .kernel_width = 3,
                               .step_down = 2,
                               .step_across = 2,
                               .padding = dyad::nn::same_padding};

TEST_CASE("gathered_conv2d: windows, where an image cannot be summed as it lies") {
    using layer_type = dyad::nn::conv2d<in_tokens>;
    static_assert(std::same_as<layer_type, dyad::nn::gathered_conv2d<in_tokens, float>>);
    conv2d_geometry g = stem;
    g.batch = 14;  // 14 * 21 pixels: more than one part of 256
    g.height = 13;
    g.activation = fused_activation::relu;
    const convolution_case<layer_type> c(g, 3, 21);
    parameters source;
    c.add_to(source, "c");
    const prepared_convolution<layer_type> layer(source, path("c"), g, 1, 1);
    REQUIRE(layer.answer == status::ok);
    real_matrix expected = c.result();
    CHECK(expected.rows > 256);
    for (double& y : expected.values) y = std::max(y, 0.0);
    const auto x = encode<float>(c.x, 1);
    CHECK(sqnr(expected, decode(layer.run(x), expected.rows, expected.columns, 1)) > 36);

    // L-Mul: each window as a product of matrices.
    using lmul_type = dyad::nn::conv2d<in_lmul>;
    const conv2d_geometry small = stem;
    const convolution_case<lmul_type> d(small, 3, 22);
    d.add_to(source, "d");
    const prepared_convolution<lmul_type> lmul(source, path("d"), small, 1, 1);
    REQUIRE(lmul.answer == status::ok);
    const auto codes = encode<dyad::float8_e4m3fn>(d.x, 1);
    const auto got = lmul.run(codes);
    dyad::nn::linear<in_lmul> line;
    std::vector<std::byte> memory(std::size_t{1} << 16);
    dyad::arena arena(memory);
    REQUIRE(line.shape(arena, 5, 36) == status::ok);
    REQUIRE(line.prepare(source, path("d"), 1, 1) == status::ok);
    for (index p = 0; p < d.shape.pixels(); ++p) {
        std::vector<dyad::float8_e4m3fn> window;
        for (index k = 0; k < 36; ++k) {
            const index across = d.shape.out_width();
            const index from = pixel_under(d.shape, 0, p / across, p % across, k / 9, k / 3 % 3);
            window.push_back(from < 0 ? dyad::float8_e4m3fn{} : codes[static_cast<std::size_t>(from * 3 + k % 3)]);
        }
        std::vector<dyad::float8_e4m3fn> y(5);
        REQUIRE(line.run({dyad::make_matrix<const dyad::float8_e4m3fn>(window.data(), 1, 36), {}},
                         dyad::make_matrix(y.data(), 1, 5), dyad::nn::quiet(arena)) == status::ok);
        for (index o = 0; o < 5; ++o) CHECK(y[static_cast<std::size_t>(o)] == got[static_cast<std::size_t>(p * 5 + o)]);
    }
    layer_type grouped;
    conv2d_geometry halves = stem;
    halves.channels = 4;
    halves.out_channels = 6;
    halves.groups = 2;
    check_named(grouped.shape(arena, halves), status::groups_do_not_divide, layer_kind::conv2d, operand_kind::geometry);
}

}  // namespace
}  // namespace dyad_test
