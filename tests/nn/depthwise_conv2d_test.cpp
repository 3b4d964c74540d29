// SPDX-License-Identifier: Apache-2.0
// depthwise_conv2d alone: against the definition in double, exactly in integers, with zero points and multipliers.
#include <dyad/nn/depthwise_conv2d.hpp>

#include <doctest/doctest.h>

#include "nn/convolution_support.hpp"

#include <vector>

namespace dyad_test {
namespace {

using dyad::nn::conv2d_geometry;
using dyad::nn::layer_kind;
using dyad::nn::operand_kind;

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

TEST_CASE("depthwise_conv2d: integers are those of the definition, with zero points and bounds, however it is run") {
    check_exactly<dyad::nn::depthwise_conv2d<in_int8>, in_int8>(depthwise_geometries());
    check_exactly<dyad::nn::depthwise_conv2d<in_int8_zero>, in_int8_zero>(depthwise_geometries());
}
TEST_CASE("depthwise_conv2d: floats have the same bits however it is run") {
    check_floats<dyad::nn::depthwise_conv2d<in_float32>>(depthwise_geometries()[0]);
}
TEST_CASE("depthwise_conv2d: outputs that are no multiple of the channels are told") {
    dyad::nn::depthwise_conv2d<in_int8> layer;
    dyad::arena memory = dyad::arena::measuring();
    const auto shape = [&](index channels, index outputs) {
        return layer.shape(memory, {.height = 4, .width = 4, .channels = channels, .out_channels = outputs});
    };
    CHECK(shape(3, 6) == status::ok);
    check_named(shape(3, 7), status::groups_do_not_divide, layer_kind::depthwise_conv2d, operand_kind::geometry);
    check_named(shape(0, 0), status::groups_do_not_divide, layer_kind::depthwise_conv2d, operand_kind::geometry);
}

}  // namespace
}  // namespace dyad_test
