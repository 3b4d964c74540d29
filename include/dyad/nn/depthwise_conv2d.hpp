// SPDX-License-Identifier: Apache-2.0
// depthwise_conv2d: each channel by itself, out channels / channels outputs of each:
//   out(pixel, c * m + i) = sum over kernel rows, columns of in(b, y + ky, x + kx, c) * w(ky, kx, c * m + i) + bias.
// The mechanism is nn/conv2d.hpp's with as many groups as channels.
#pragma once

#include <dyad/nn/conv2d.hpp>

namespace dyad::inline v1::nn {

/// Weights [1, kernel height, kernel width, out channels], as TensorFlow Lite has them: columns of outputs.
struct hwo_weights {
    static constexpr auto kind = layer_kind::depthwise_conv2d;
    static constexpr auto order = weight_order::outputs_last;
    [[nodiscard]] static constexpr conv2d_geometry whole(conv2d_geometry g) noexcept {
        g.groups = g.channels;
        return g;
    }
};

/// Reads name.weight [kernel height * kernel width, out channels]; scales are the output channels'. The geometry's
/// groups are not looked at; its out_channels are a multiple of its channels.
template <recipe R, number Out = produced<R, typename R::operand>>
using depthwise_conv2d = convolution<R, Out, hwo_weights>;

}  // namespace dyad::inline v1::nn
