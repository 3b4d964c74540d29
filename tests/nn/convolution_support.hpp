// SPDX-License-Identifier: Apache-2.0
// Convolution layers for tests: random parameters, the definition in double, a layer with its memory.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include <dyad/nn/conv2d_geometry.hpp>
#include <dyad/nn/layer_status.hpp>

#include "nn/layer_support.hpp"

namespace dyad_test {

/// Input pixel under kernel position (ky, kx) at output (y, x), or -1 outside the image.
[[nodiscard]] inline index pixel_under(const dyad::conv2d_shape& s, index b, index y, index x, index ky, index kx) {
    const index iy = y * s.step_down - s.padding_top + ky * s.dilation_down;
    const index ix = x * s.step_across - s.padding_left + kx * s.dilation_across;
    return iy < 0 || iy >= s.height || ix < 0 || ix >= s.width ? -1 : (b * s.height + iy) * s.width + ix;
}

/// sum(pixel, o) of at(input pixel, channel, weight row, weight column) over the taps inside the image, as matrices:
/// weights are out x (kernel row, kernel column, channel of the group).
template <class Sum, class At>
[[nodiscard]] Sum window_sum(const dyad::conv2d_shape& s, index pixel, index o, const At& at) {
    const index w = s.out_width();
    const index h = s.out_height();
    const index first = o / s.group_outputs() * s.group_channels();
    Sum sum = 0;
    for (index ky = 0; ky < s.kernel_height; ++ky) {
        for (index kx = 0; kx < s.kernel_width; ++kx) {
            const index p = pixel_under(s, pixel / w / h, pixel / w % h, pixel % w, ky, kx);
            for (index c = 0; c < s.group_channels() && p >= 0; ++c)
                sum += at(p, first + c, o, (ky * s.kernel_width + kx) * s.group_channels() + c);
        }
    }
    return sum;
}

/// The shape by which a Layer sees a geometry.
template <class Layer>
[[nodiscard]] dyad::conv2d_shape shape_seen(dyad::nn::conv2d_geometry g) {
    if (Layer::kind == dyad::nn::layer_kind::depthwise_conv2d) g.groups = g.channels;
    dyad::conv2d_shape s;
    REQUIRE(dyad::nn::shape_of(g, s) == status::ok);
    return s;
}
[[nodiscard]] inline real_matrix transpose_of(const real_matrix& m) {
    real_matrix t(m.columns, m.rows);
    for (index i = 0; i < m.rows; ++i) {
        for (index j = 0; j < m.columns; ++j) t(j, i) = m(i, j);
    }
    return t;
}

/// A random image, weights (a row for each output) and biases for a Layer of geometry g.
template <class Layer>
struct convolution_case {
    dyad::conv2d_shape shape;
    real_matrix x;
    real_matrix w;
    real_matrix b;

    convolution_case(const dyad::nn::conv2d_geometry& g, double absmax, std::uint64_t seed)
        : shape(shape_seen<Layer>(g)),
          x(random_matrix(shape.batch * shape.height * shape.width, shape.channels, absmax, seed)),
          w(random_matrix(shape.out_channels, shape.depth(), 0.5, seed + 1)),
          b(random_matrix(1, shape.out_channels, 0.5, seed + 2)) {}

    /// As the layer's source holds them.
    void add_to(parameters& source, const std::string& name) const {
        const bool depthwise = Layer::kind == dyad::nn::layer_kind::depthwise_conv2d;
        source.add(name + ".weight", depthwise ? transpose_of(w) : w);
        source.add(name + ".bias", b);
    }
    [[nodiscard]] real_matrix result() const {
        real_matrix y(shape.pixels(), shape.out_channels);
        for (index p = 0; p < y.rows; ++p) {
            for (index o = 0; o < y.columns; ++o) {
                const auto at = [&](index i, index c, index r, index k) { return x(i, c) * w(r, k); };
                y(p, o) = b(0, o) + window_sum<double>(shape, p, o, at);
            }
        }
        return y;
    }
};

/// A layer, shaped and prepared, with its memory.
template <class Layer>
struct prepared_convolution {
    with_memory<Layer> held;
    dyad::nn::layer_status answer;

    template <class Source>
    prepared_convolution(Source& source, const dyad::nn::path& name, const dyad::nn::conv2d_geometry& g,
                         const dyad::nn::affine& in, const dyad::nn::affine& out)
        : held(shaped<Layer>([&](auto& layer, dyad::arena& a) { return layer.shape(a, g); })),
          answer(held.layer.prepare(source, name, in, out)) {}

    [[nodiscard]] std::vector<typename Layer::output> run(const std::vector<typename Layer::input>& codes) const {
        const dyad::conv2d_shape& s = held.layer.extents();
        return run_checked<typename Layer::output>(
            codes, s.batch * s.height * s.width, s.channels, s.pixels(), s.out_channels,
            [this](auto in, auto out, const auto& context) { return held.layer.run(in, out, context); });
    }
};

}  // namespace dyad_test
