// SPDX-License-Identifier: Apache-2.0
// The keyword-spotting network, written once for every arithmetic: a convolution, four pairs of a depthwise and a 1 x 1
// convolution, a mean over the image, a fully connected layer, softmax. Extents, paddings and activations come from the
// graph; that it has these operations in this order is checked.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include <dyad/nn/conv2d.hpp>
#include <dyad/nn/depthwise_conv2d.hpp>
#include <dyad/nn/layer_steps.hpp>
#include <dyad/nn/pool2d.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/sequential.hpp>
#include <dyad/nn/softmax_step.hpp>

#include "graph.hpp"

namespace keyword_spotting {

using dyad::index;

/// What a tensor between layers is made of, and the scores and shares at the end.
template <class R>
using activations = dyad::nn::produced<R, typename R::operand>;

template <dyad::nn::recipe R>
using network = dyad::nn::sequential<R, dyad::nn::conv2d<R>,                              // 49 x 10 x 1 -> 25 x 5 x 64
                                     dyad::nn::depthwise_conv2d<R>, dyad::nn::conv2d<R>,  // four times 25 x 5 x 64
                                     dyad::nn::depthwise_conv2d<R>, dyad::nn::conv2d<R>,  //
                                     dyad::nn::depthwise_conv2d<R>, dyad::nn::conv2d<R>,  //
                                     dyad::nn::depthwise_conv2d<R>, dyad::nn::conv2d<R>,  //
                                     dyad::nn::average_pool2d<R>,                         // 1 x 1 x 64
                                     dyad::nn::reshape<activations<R>>,                   // 64
                                     dyad::nn::linear_step<R, typename R::value>,         // 12
                                     dyad::nn::softmax_step<R, typename R::value, activations<R>>>;

inline constexpr std::array<operator_kind, 13> operators = {
    operator_kind::conv_2d, operator_kind::depthwise_conv_2d, operator_kind::conv_2d, operator_kind::depthwise_conv_2d,
    operator_kind::conv_2d, operator_kind::depthwise_conv_2d, operator_kind::conv_2d, operator_kind::depthwise_conv_2d,
    operator_kind::conv_2d, operator_kind::average_pool_2d,   operator_kind::reshape, operator_kind::fully_connected,
    operator_kind::softmax};

namespace shaping {

[[nodiscard]] inline dyad::nn::fused_activation activation(const operation& o) {
    using dyad::nn::fused_activation;
    constexpr std::array<fused_activation, 4> all = {fused_activation::none, fused_activation::relu,
                                                     fused_activation::relu6, fused_activation::relu_n1_to_1};
    return all[static_cast<std::size_t>(o.activation)];
}
[[nodiscard]] inline dyad::nn::image_padding padding_of(const operation& o) {
    return o.padding == padding::same ? dyad::nn::same_padding : dyad::nn::valid_padding;
}
[[nodiscard]] inline index extent(const tensor& t, std::size_t axis) { return static_cast<index>(t.shape.at(axis)); }

/// Geometries of the steps, each of its own type, from the operation that it is.
inline void read(const graph& g, const operation& o, index batch, dyad::nn::conv2d_geometry& to) {
    const tensor& in = g.tensors[o.inputs[0]];
    const tensor& w = g.tensors[o.inputs[1]];
    to = {.batch = batch,
          .height = extent(in, 1),
          .width = extent(in, 2),
          .channels = extent(in, 3),
          .out_channels = extent(w, o.kind == operator_kind::conv_2d ? 0 : 3),
          .kernel_height = extent(w, 1),
          .kernel_width = extent(w, 2),
          .step_down = static_cast<index>(o.stride[0]),
          .step_across = static_cast<index>(o.stride[1]),
          .padding = padding_of(o),
          .activation = activation(o)};
}
inline void read(const graph& g, const operation& o, index batch, dyad::nn::pool2d_geometry& to) {
    const tensor& in = g.tensors[o.inputs[0]];
    to = {.batch = batch,
          .height = extent(in, 1),
          .width = extent(in, 2),
          .channels = extent(in, 3),
          .kernel_height = static_cast<index>(o.filter[0]),
          .kernel_width = static_cast<index>(o.filter[1]),
          .step_down = static_cast<index>(o.stride[0]),
          .step_across = static_cast<index>(o.stride[1]),
          .padding = padding_of(o)};
}
inline void read(const graph& g, const operation& o, index, dyad::nn::reshape_geometry& to) {
    to = {extent(g.tensors[o.output], 1)};
}
inline void read(const graph& g, const operation& o, index, dyad::nn::linear_geometry& to) {
    const tensor& w = g.tensors[o.inputs[1]];
    to = {.out = extent(w, 0), .in = extent(w, 1), .activation = activation(o)};
}
inline void read(const graph&, const operation&, index, dyad::nn::no_geometry&) {}

[[nodiscard]] inline dyad::io::io_error fault(const graph& g, std::size_t number, const std::string& what) {
    return {g.file, "operation " + std::to_string(number) + " " + what};
}

/// io_error unless the weights of an operation have the axes, the channels and the scales that it needs.
inline void require_weights(const graph& g, std::size_t number) {
    const operation& o = g.operations[number];
    const tensor& in = g.tensors[o.inputs[0]];
    const tensor& w = g.tensors[o.inputs[1]];
    const bool depthwise = o.kind == operator_kind::depthwise_conv_2d;
    if (!w.is_constant() || w.shape.size() != in.shape.size())
        throw fault(g, number, "must have constant weights of " + std::to_string(in.shape.size()) + " axes");
    if (w.shape.back() != in.shape.back() || (depthwise && w.shape[0] != 1))
        throw fault(g, number, "has weights for other inputs");
    if (w.scales.size() > 1 && w.channel_axis != (depthwise ? 3 : 0))
        throw fault(g, number, "must have a scale for each of its outputs");
}

/// io_error unless the graph is a chain of the operators above on tensors of as many axes as they need.
inline void require_operators(const graph& g) {
    if (g.operations.size() != operators.size())
        throw dyad::io::io_error(g.file, "has " + std::to_string(g.operations.size()) + " operations and must have " +
                                             std::to_string(operators.size()));
    std::size_t value = g.input;
    for (std::size_t i = 0; i < operators.size(); ++i) {
        const operation& o = g.operations[i];
        const auto name = [](operator_kind k) {
            return std::string(reading::operator_names[static_cast<std::size_t>(k)]);
        };
        if (o.kind != operators[i]) throw fault(g, i, "is " + name(o.kind) + " and must be " + name(operators[i]));
        if (o.inputs[0] != std::exchange(value, o.output)) throw fault(g, i, "does not read what the one before gives");
        for (const std::size_t t : {o.inputs[0], o.output}) {
            const tensor& one = g.tensors[t];
            if (one.type != element::int8 || one.is_constant() || one.scales.size() != 1)
                throw fault(g, i, "must have tensors of int8 with one scale between operations");
        }
        const std::size_t in_axes = i < 11 ? 4 : 2;
        const std::size_t out_axes = i < 10 ? 4 : 2;
        if (g.tensors[o.inputs[0]].shape.size() != in_axes || g.tensors[o.output].shape.size() != out_axes)
            throw fault(g, i, "must go from " + std::to_string(in_axes) + " axes to " + std::to_string(out_axes));
        if (o.inputs.size() == 3) require_weights(g, i);
    }
    if (value != g.output) throw dyad::io::io_error(g.file, "ends with another tensor than its output");
}

/// io_error unless a step makes `made` of one image, as the graph says.
inline void require_extent(const graph& g, std::size_t number, const std::array<index, 2>& made, index batch) {
    const tensor& t = g.tensors[g.operations[number].output];
    const auto columns = static_cast<index>(t.shape.back());
    const index rows = static_cast<index>(t.size()) / columns * batch;
    if (made != std::array<index, 2>{rows, columns})
        throw fault(g, number,
                    "gives " + std::to_string(made[0] / batch) + " x " + std::to_string(made[1]) +
                        " numbers and should give " + std::to_string(rows / batch) + " x " + std::to_string(columns));
}

}  // namespace shaping

/// Rows and columns of an input of `batch` images.
[[nodiscard]] inline std::array<index, 2> input_extent(const graph& g, index batch) {
    const tensor& in = g.tensors[g.input];
    return {batch * static_cast<index>(in.shape[1] * in.shape[2]), static_cast<index>(in.shape[3])};
}

/// Geometry of the whole network for `batch` images at once; io_error where the graph is another network.
template <dyad::nn::recipe R>
[[nodiscard]] typename network<R>::geometry geometry_of(const graph& g, index batch) {
    shaping::require_operators(g);
    typename network<R>::geometry whole{input_extent(g, batch), {}};
    std::size_t i = 0;
    const auto read_next = [&](auto& step) { shaping::read(g, g.operations[i++], batch, step); };
    std::apply([&](auto&... step) { (read_next(step), ...); }, whole.steps);
    return whole;
}

/// io_error unless every step of a network that has its shape makes a tensor as large as the graph says.
template <dyad::nn::recipe R>
void require_extents(const network<R>& n, const graph& g, index batch) {
    std::array<index, 2> extent = input_extent(g, batch);
    const auto check = [&](std::size_t number, const auto& step) {
        std::array<index, 2> made = {};
        if (step.out_extent(extent, made) == dyad::status::ok) shaping::require_extent(g, number, made, batch);
        extent = made;
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) { (check(I, n.template at<I>()), ...); }
    (std::make_index_sequence<operators.size()>{});
}

}  // namespace keyword_spotting
