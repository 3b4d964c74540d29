// SPDX-License-Identifier: Apache-2.0
// A convolution as a fully connected layer of its windows, for recipes that cannot sum over an image as it lies: those
// with a scale for each line or group of numbers that a product sums (token_scaling, group_scaling), and products that
// are not exact (L-Mul). Windows are written down some at a time and then are the operand of a product:
//   line(pixel) = (kernel row, kernel column, channel) of in under the window of `pixel`.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/linalg/conv2d_shape.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/conv2d_geometry.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/linear.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/product_parameters.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/step.hpp>

namespace dyad::inline v1::nn {

/// The code of real 0 where tensors have a zero point; false where T has no such code.
template <number T>
[[nodiscard]] constexpr bool code_of_zero(const affine& q, T& code) noexcept {
    code = {};
    if (q.zero_point == 0) return true;
    if constexpr (carrier_rules::is_fixed<T>) {
        code = T::saturating_from_raw(q.zero_point);
        return code.raw() == q.zero_point;
    } else {
        return false;
    }
}

/// Reads name.weight [out, kernel height * kernel width * channels], name.bias. One group only.
template <recipe R, number Out>
class gathered_conv2d {
public:
    using operand = typename R::operand;
    using input = produced<R, operand>;
    using output = Out;
    using geometry = conv2d_geometry;
    static constexpr auto kind = layer_kind::conv2d;
    static constexpr auto edge_of_output = output_edge::calibrated;

    layer_status shape(arena& memory, const geometry& g) noexcept {
        conv2d_shape s;
        if (const status fault = shape_of(g, s); fault != status::ok) return in_layer(kind, fault);
        if (s.groups != 1) return {status::groups_do_not_divide, kind, operand_kind::geometry};
        shape_ = s;
        activation_ = g.activation;
        return named(layer_.shape(memory, s.out_channels, s.depth()));
    }
    [[nodiscard]] const conv2d_shape& extents() const noexcept { return shape_; }
    layer_status out_extent(const std::array<index, 2>& in, std::array<index, 2>& out) const noexcept {
        return extent_of_convolution(kind, shape_, in, out);
    }
    template <preparation_source Source>
    layer_status prepare(Source& source, const path& name, const affine& in, const affine& out,
                         bias_kind bias = bias_kind::given) noexcept {
        if (!code_of_zero(in, padding_)) return {status::scale_unsupported, kind, operand_kind::input_scale};
        return named(layer_.prepare(source, name, in, out, bias, activation_));
    }
    template <class Context>
    layer_status run(matrix_view<const input> in, matrix_view<Out> out, const Context& context) const noexcept {
        const auto data = context.measuring() ? with_data::no : with_data::yes;
        if (const layer_status s = check_convolution(kind, shape_, in, out, data); s != status::ok) return s;
        const std::size_t mark = context.scratch.used();
        const index pixels = shape_.pixels();
        // A scale for a whole tensor is that of all windows.
        constexpr bool in_parts =
            !uniform_token<typename R::scaling::token> || std::same_as<typename R::scaling::token, static_scale>;
        const index most = in_parts && pixels > 256 ? 256 : pixels;
        matrix_view<input> windows;
        layer_status s = in_layer(kind, context.scratch.take(most, shape_.depth(), windows));
        for (index first = 0; first < pixels && s == status::ok; first += most) {
            const index count = pixels - first < most ? pixels - first : most;
            const auto lines = row_block(windows, 0, count);
            if (!context.measuring()) {
                context.execute(count, [&](index i) { gather(in, first + i, row(lines, i)); });
            }
            const std::size_t inner = context.scratch.used();
            tensor_of<R, operand> codes;
            s = in_layer(kind, R::scaling::template operand<operand>(
                                   as_const(lines), {contracted::columns, shape_.depth()}, context, codes));
            if (s == status::ok) s = named(layer_.run(codes, row_block(out, first, count), context));
            context.scratch.rewind(inner);
        }
        context.scratch.rewind(mark);
        return s;
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        const status s = layer_.visit(v);
        return s == status::ok ? v.scalar(padding_) : s;
    }

private:
    [[nodiscard]] static layer_status named(const layer_status& s) noexcept {
        return s == status::ok ? s : layer_status{s.code(), kind, s.operand()};
    }
    void gather(matrix_view<const input> in, index pixel, vector_view<input> to) const noexcept {
        const conv2d_window w = window_of(shape_, pixel);
        index k = 0;
        for (index ky = 0; ky < shape_.kernel_height; ++ky) {
            for (index kx = 0; kx < shape_.kernel_width; ++kx) {
                const index y = w.top + ky * shape_.dilation_down;
                const index x = w.left + kx * shape_.dilation_across;
                const bool inside = y >= 0 && y < shape_.height && x >= 0 && x < shape_.width;
                const index from = inside ? (w.image * shape_.height + y) * shape_.width + x : 0;
                for (index c = 0; c < shape_.channels; ++c) to(k++) = inside ? in(from, c) : padding_;
            }
        }
    }

    conv2d_shape shape_;
    fused_activation activation_ = fused_activation::none;
    input padding_ = {};
    linear<R, Out> layer_;
};

}  // namespace dyad::inline v1::nn
