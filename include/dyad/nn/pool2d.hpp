// SPDX-License-Identifier: Apache-2.0
// max_pool2d and average_pool2d: each channel's largest number, or mean, in windows of an image; taps outside the image
// do not count. The codes keep their meaning (nn/affine.hpp): a mean of codes is the code of the mean.
#pragma once

#include <array>
#include <cstdint>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/linalg/conv2d_shape.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/conv2d_geometry.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/step.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1::nn {

/// Padding is at most less than the kernel: every window has a pixel in the image.
struct pool2d_geometry {
    index batch = 1;
    index height = 0;
    index width = 0;
    index channels = 0;
    index kernel_height = 1;
    index kernel_width = 1;
    index step_down = 1;
    index step_across = 1;
    image_padding padding = {};
};

/// Kind: layer_kind::max_pool2d or average_pool2d.
template <number T, layer_kind Kind>
class pool2d {
    static_assert(Kind == layer_kind::max_pool2d || Kind == layer_kind::average_pool2d,
                  "dyad::nn::pool2d is layer_kind::max_pool2d or average_pool2d.");

public:
    using input = T;
    using output = T;
    using geometry = pool2d_geometry;
    static constexpr auto kind = Kind;
    static constexpr auto edge_of_output = output_edge::told;

    layer_status shape(arena&, const geometry& g) noexcept {
        const conv2d_geometry whole{.batch = g.batch,
                                    .height = g.height,
                                    .width = g.width,
                                    .channels = g.channels,
                                    .out_channels = g.channels,
                                    .kernel_height = g.kernel_height,
                                    .kernel_width = g.kernel_width,
                                    .step_down = g.step_down,
                                    .step_across = g.step_across,
                                    .padding = g.padding};
        return in_layer(kind, shape_of(whole, shape_));
    }
    [[nodiscard]] const conv2d_shape& extents() const noexcept { return shape_; }
    layer_status out_extent(const std::array<index, 2>& in, std::array<index, 2>& out) const noexcept {
        if (in[0] != pixels_of(shape_.batch, shape_.height, shape_.width))
            return {status::lhs_rows_differ, kind, operand_kind::input};
        if (in[1] != shape_.channels) return {status::lhs_columns_differ, kind, operand_kind::input};
        out = {shape_.pixels(), shape_.channels};
        return status::ok;
    }
    template <preparation_source Source>
    layer_status prepare(Source&, const path&, const affine& in, affine& out) noexcept {
        out = in;
        return status::ok;
    }
    template <class Context>
    layer_status run(matrix_view<const T> in, matrix_view<T> out, const Context& context) const noexcept {
        std::array<index, 2> expected = {};
        if (const layer_status s = out_extent(in.extent, expected); s != status::ok) return s;
        if (out.extent[0] != expected[0]) return {status::dst_rows_differ, kind, operand_kind::output};
        if (out.extent[1] != expected[1]) return {status::dst_columns_differ, kind, operand_kind::output};
        if (context.measuring() || out.is_empty()) return status::ok;
        if (in.data == nullptr) return {status::lhs_null, kind, operand_kind::input};
        if (out.data == nullptr) return {status::dst_null, kind, operand_kind::output};
        context.execute(expected[0], [&](index pixel) {
            for (index c = 0; c < shape_.channels; ++c) out(pixel, c) = pooled(in, pixel, c);
        });
        return status::ok;
    }
    template <class Visitor>
    status visit(Visitor&) noexcept {
        return status::ok;
    }

private:
    static constexpr bool is_fixed = carrier_rules::is_fixed<T>;

    [[nodiscard]] T pooled(matrix_view<const T> in, index pixel, index c) const noexcept {
        const conv2d_window w = window_of(shape_, pixel);
        T most{};
        std::int64_t codes = 0;
        double values = 0;
        index n = 0;
        for (index y = w.top; y < w.top + shape_.kernel_height; ++y) {
            for (index x = w.left; x < w.left + shape_.kernel_width; ++x) {
                if (y < 0 || y >= shape_.height || x < 0 || x >= shape_.width) continue;
                const T v = in((w.image * shape_.height + y) * shape_.width + x, c);
                if (n == 0 || most < v) most = v;
                if constexpr (is_fixed) codes += v.raw();
                else values += convert<double>(v);
                ++n;
            }
        }
        if constexpr (Kind == layer_kind::max_pool2d) return most;
        else if constexpr (is_fixed) return T::saturating_from_raw((codes > 0 ? codes + n / 2 : codes - n / 2) / n);
        else return convert<T>(values / static_cast<double>(n), rounding::nearest_even, saturation::finite);
    }

    conv2d_shape shape_;
};

template <recipe R, number T = produced<R, typename R::operand>>
using max_pool2d = pool2d<T, layer_kind::max_pool2d>;
template <recipe R, number T = produced<R, typename R::operand>>
using average_pool2d = pool2d<T, layer_kind::average_pool2d>;

}  // namespace dyad::inline v1::nn
