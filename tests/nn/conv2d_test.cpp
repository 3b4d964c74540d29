// SPDX-License-Identifier: Apache-2.0
// conv2d and depthwise_conv2d alone: against the definition in double, exactly in integers, with zero points; what does
// not fit is told by layer and operand.
#include <dyad/nn/conv2d.hpp>
#include <dyad/nn/depthwise_conv2d.hpp>

#include <doctest/doctest.h>

#include "nn/convolution_support.hpp"
#include "support/instruction_sets.hpp"

#include <limits>
#include <vector>

namespace dyad_test {
namespace {

using dyad::nn::affine;
using dyad::nn::conv2d_geometry;
using dyad::nn::fused_activation;
using dyad::nn::layer_kind;
using dyad::nn::layer_status;
using dyad::nn::operand_kind;
using dyad::nn::path;

/// Geometries of every kind: padding by rule and by pixels, steps, dilation, groups.
std::vector<conv2d_geometry> geometries() {
    using namespace dyad::nn;
    return {
        {.height = 9,
         .width = 6,
         .channels = 3,
         .out_channels = 5,
         .kernel_height = 4,
         .kernel_width = 3,
         .step_down = 2,
         .step_across = 2,
         .padding = same_padding},
        {.batch = 2,
         .height = 5,
         .width = 7,
         .channels = 4,
         .out_channels = 6,
         .kernel_height = 3,
         .kernel_width = 2,
         .dilation_across = 2,
         .groups = 2,
         .padding = {padding_rule::pixels, 1, 2, 0, 3}},
        {.batch = 2, .height = 6, .width = 6, .channels = 16, .out_channels = 24, .padding = valid_padding},
    };
}
std::vector<conv2d_geometry> depthwise_geometries() {
    using namespace dyad::nn;
    return {
        {.batch = 2,
         .height = 8,
         .width = 5,
         .channels = 20,
         .out_channels = 20,
         .kernel_height = 3,
         .kernel_width = 3,
         .step_down = 2,
         .padding = same_padding},
        {.height = 6,
         .width = 5,
         .channels = 6,
         .out_channels = 12,
         .kernel_height = 3,
         .kernel_width = 2,
         .dilation_down = 2,
         .padding = padding_of(1)},
    };
}

template <class R, class Layer>
void check_against_double(const std::vector<conv2d_geometry>& all, const error_bounds& bounds) {
    INFO(R::name());
    worst_tensor worst;
    for (const conv2d_geometry& g : all) {
        const convolution_case<Layer> c(g, 3, 11);
        parameters source;
        c.add_to(source, "some.conv");
        const affine in = R::scaling::template quantization<typename Layer::input>({-c.x.absmax(), c.x.absmax()});
        const real_matrix expected = c.result();
        const affine out =
            R::scaling::template quantization<typename Layer::output>({-expected.absmax(), expected.absmax()});
        const prepared_convolution<Layer> layer(source, path("some") / "conv", g, in, out);
        REQUIRE(layer.answer == status::ok);
        const auto codes = encode<typename Layer::input>(c.x, in.scale);
        const auto got = layer.run(codes);
        worst.add<R>("", expected, decode(got, expected.rows, expected.columns, out.scale));
    }
    worst.check<R>(to_string(Layer::kind), bounds);
}

TEST_CASE("conv2d: against the definition in double") {
    constexpr error_bounds bounds{
        .float32_ulps = 3, .bfloat16 = 50, .float8 = 25, .int8 = 36, .int8_float = 38, .dynamic16 = 80};
    const auto check = [&]<class R>() { check_against_double<R, dyad::nn::conv2d<R>>(geometries(), bounds); };
    check.operator()<in_float32>();
    check.operator()<in_float8>();
    check.operator()<in_int8>();
}
TEST_CASE("depthwise_conv2d: against the definition in double") {
    constexpr error_bounds bounds{
        .float32_ulps = 3, .bfloat16 = 50, .float8 = 27, .int8 = 37, .int8_float = 38, .dynamic16 = 80};
    const auto check = [&]<class R>() {
        check_against_double<R, dyad::nn::depthwise_conv2d<R>>(depthwise_geometries(), bounds);
    };
    check.operator()<in_float32>();
    check.operator()<in_float8>();
    check.operator()<in_int8>();
}

}  // namespace
}  // namespace dyad_test
