// SPDX-License-Identifier: Apache-2.0
// max_pool2d and average_pool2d: each channel's largest number, or mean, in windows of an image; taps outside the image
// do not count. The codes keep their meaning (nn/affine.hpp): a mean of codes is the code of the mean.
#pragma once

#include <array>
#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/image_view.hpp>
#include <dyad/array/pool2d.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/linalg/conv2d_shape.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/code_clamp.hpp>
#include <dyad/nn/conv2d_geometry.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/step.hpp>

namespace dyad::inline v1::nn {

/// Padding is less than the kernel, so that every window has a pixel in the image: else status::window_empty.
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
    fused_activation activation = fused_activation::none;
};

/// Kind: layer_kind::max_pool2d or average_pool2d.
template <recipe R, poolable T, layer_kind Kind>
class pool2d {
    using pooling = std::conditional_t<Kind == layer_kind::max_pool2d, dyad::max_pool2d<T>, dyad::average_pool2d<T>>;
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
        clamp_.choose(g.activation);
        conv2d_shape s;
        if (const status fault = shape_of(whole, s); fault != status::ok) return in_layer(kind, fault);
        const pool2d_window window{s.kernel_height, s.kernel_width,   s.step_down,    s.step_across,
                                   s.padding_top,   s.padding_bottom, s.padding_left, s.padding_right};
        constexpr index most = Kind == layer_kind::average_pool2d && sizeof(T) == 2 && pooled_by_codes<T>
                                   ? most_pool_elements_of_16_bits
                                   : most_pool_elements;
        const status fault = pool_rules::check(window, most);
        if (fault == status::ok) shape_ = s;
        return in_layer(kind, operand_kind::geometry, fault);
    }
    [[nodiscard]] const conv2d_shape& extents() const noexcept { return shape_; }
    layer_status out_extent(const std::array<index, 2>& in, std::array<index, 2>& out) const noexcept {
        return extent_of_convolution(kind, shape_, in, out);
    }
    template <preparation_source Source>
    layer_status prepare(Source&, const path&, const affine& in, affine& out) noexcept {
        if (!is_positive_finite(in.scale)) return {status::scale_not_positive, kind, operand_kind::input_scale};
        out = in;
        clamp_.prepare(out);
        return status::ok;
    }
    template <class Context>
    layer_status run(matrix_view<const T> in, matrix_view<T> out, const Context& context) const noexcept {
        const auto data = context.measuring() ? with_data::no : with_data::yes;
        if (const layer_status s = check_convolution(kind, shape_, in, out, data); s != status::ok) return s;
        if (context.measuring() || out.is_empty()) return status::ok;
        if (!clamp_.is_ready()) return {status::not_prepared, kind, operand_kind::input_scale};
        if (in.is_empty()) return {status::window_empty, kind, operand_kind::geometry};
        const auto from = as_image(in, shape_.batch, shape_.height, shape_.width);
        const auto to = as_image(out, shape_.batch, shape_.out_height(), shape_.out_width());
        const index rows = shape_.out_height();
        // (Nothing is left that could fail: the views are checked, the windows by `shape`.)
        context.execute(shape_.batch * rows,
                        [&](index t) { static_cast<void>(pool_row(from, to, t / rows, t % rows, context.cap)); });
        clamp_.run(out);
        return status::ok;
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        return clamp_.visit(v);
    }

private:
    /// Row `y` of output image `b`, from the rows of the input that its windows have.
    status pool_row(image_view<const T> in, image_view<T> out, index b, index y, instruction_set isa) const noexcept {
        const index top = y * shape_.step_down - shape_.padding_top;
        const index first = top < 0 ? 0 : top;
        const index end = top + shape_.kernel_height;
        const index last = end < shape_.height ? end : shape_.height;
        pooling rows{{.height = last - first,
                      .width = shape_.kernel_width,
                      .step_across = shape_.step_across,
                      .padding_left = shape_.padding_left,
                      .padding_right = shape_.padding_right}};
        return rows.run(part_of_image(in, b, first, last - first), part_of_image(out, b, y, 1), {isa});
    }
    template <class Element>
    [[nodiscard]] static image_view<Element> part_of_image(image_view<Element> v, index b, index first,
                                                           index rows) noexcept {
        return {v.data + b * v.stride[0] + first * v.stride[1], {1, rows, v.extent[2], v.extent[3]}, v.stride};
    }

    conv2d_shape shape_;
    code_clamp<R, T> clamp_;
};

template <recipe R, number T = produced<R, typename R::operand>>
using max_pool2d = pool2d<R, T, layer_kind::max_pool2d>;
template <recipe R, number T = produced<R, typename R::operand>>
using average_pool2d = pool2d<R, T, layer_kind::average_pool2d>;

}  // namespace dyad::inline v1::nn
