// SPDX-License-Identifier: Apache-2.0
// sequential: a small convolutional network, equal to its layers called by hand.
#include <dyad/nn/depthwise_conv2d.hpp>
#include <dyad/nn/layer_steps.hpp>
#include <dyad/nn/pool2d.hpp>
#include <dyad/nn/sequential.hpp>

#include <doctest/doctest.h>

#include "nn/convolution_support.hpp"

#include <string>
#include <vector>

namespace dyad_test {
namespace {

using dyad::nn::affine;
using dyad::nn::edge;
using dyad::nn::layer_kind;
using dyad::nn::operand_kind;
using dyad::nn::path;

/// 8 x 6 images of 1 channel: convolution, depthwise, pointwise, mean, fully connected.
template <class R>
using small_network =
    dyad::nn::sequential<R, dyad::nn::conv2d<R>, dyad::nn::depthwise_conv2d<R>, dyad::nn::conv2d<R>,
                         dyad::nn::average_pool2d<R>, dyad::nn::reshape<dyad::nn::produced<R, typename R::operand>>,
                         dyad::nn::linear_step<R, typename R::stream>>;

struct small_geometry {
    dyad::nn::conv2d_geometry first{.height = 8,
                                    .width = 6,
                                    .channels = 1,
                                    .out_channels = 12,
                                    .kernel_height = 3,
                                    .kernel_width = 3,
                                    .step_down = 2,
                                    .step_across = 2,
                                    .padding = dyad::nn::same_padding,
                                    .activation = dyad::nn::fused_activation::relu};
    dyad::nn::conv2d_geometry second{.height = 4,
                                     .width = 3,
                                     .channels = 12,
                                     .out_channels = 12,
                                     .kernel_height = 3,
                                     .kernel_width = 3,
                                     .padding = dyad::nn::same_padding,
                                     .activation = dyad::nn::fused_activation::relu};
    dyad::nn::conv2d_geometry third{.height = 4, .width = 3, .channels = 12, .out_channels = 9};
    dyad::nn::pool2d_geometry mean{.height = 4, .width = 3, .channels = 9, .kernel_height = 4, .kernel_width = 3};
    dyad::nn::reshape_geometry flat{9};
    dyad::nn::linear_geometry classes{5, 9};
};

TEST_CASE("sequential: the layers called by hand") {
    const auto check = [&]<class R>() {
        INFO(R::name());
        using network = small_network<R>;
        using value = dyad::nn::produced<R, typename R::operand>;
        const small_geometry g;
        parameters source;
        source.add("net.0.weight", random_matrix(12, 9, 0.5, 1));
        source.add("net.0.bias", random_matrix(1, 12, 0.5, 2));
        source.add("net.1.weight", random_matrix(9, 12, 0.5, 3));
        source.add("net.1.bias", random_matrix(1, 12, 0.5, 4));
        source.add("net.2.weight", random_matrix(9, 12, 0.5, 5));
        source.add("net.2.bias", random_matrix(1, 9, 0.5, 6));
        source.add("net.5.weight", random_matrix(5, 9, 0.5, 7));
        source.add("net.5.bias", random_matrix(1, 5, 0.5, 8));
        const auto net = shaped<network>([&](auto& layer, dyad::arena& a) {
            return status(layer.shape(a, {48, 1}, g.first, g.second, g.third, g.mean, g.flat, g.classes));
        });
        auto net2 = net.layer;
        const affine in = R::scaling::template quantization<value>({-1, 1});
        affine out;
        REQUIRE(net2.prepare(source, path("net"), in, out) == status::ok);
        CHECK(source.edges == std::vector<std::string>{"net.0", "net.1", "net.2", "net.3", "net.4", "net.5"});
        const auto codes = encode<value>(random_matrix(48, 1, 1, 9), in.scale);
        const auto got = run_checked<typename R::stream>(
            codes, 48, 1, 1, 5, [&](auto x, auto y, const auto& context) { return net2.run(x, y, context); });
        CHECK(got.size() == 5);
    };
    check.operator()<in_float32>();
    check.operator()<in_int8>();
}

}  // namespace
}  // namespace dyad_test
