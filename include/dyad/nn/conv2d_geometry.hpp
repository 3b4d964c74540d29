// SPDX-License-Identifier: Apache-2.0
// The geometry of convolution layers: extents, steps, and padding as a number of pixels or as a rule.
//   same:  out = ceil(in / step), padding in all = max((out - 1) * step + (kernel - 1) * dilation + 1 - in, 0), half of
//          it, rounded down, before the image and the rest after it.
//   valid: no padding.
// Source: TensorFlow Lite, kernels/padding.h.
#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include <dyad/array/image_view.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/linalg/conv2d_shape.hpp>
#include <dyad/nn/fused_activation.hpp>
#include <dyad/nn/layer_status.hpp>

namespace dyad::inline v1::nn {

enum class padding_rule : std::uint8_t { pixels, same, valid };

/// Pixels around an image, or the rule that tells how many.
struct image_padding {
    padding_rule rule = padding_rule::pixels;
    index top = 0;
    index bottom = 0;
    index left = 0;
    index right = 0;
};
inline constexpr image_padding same_padding{.rule = padding_rule::same};
inline constexpr image_padding valid_padding{.rule = padding_rule::valid};
/// As many pixels on all sides.
[[nodiscard]] constexpr image_padding padding_of(index pixels) noexcept {
    return {padding_rule::pixels, pixels, pixels, pixels, pixels};
}

/// An image of batch x height x width x channels is a matrix of (batch * height * width) x channels.
struct conv2d_geometry {
    index batch = 1;
    index height = 0;
    index width = 0;
    index channels = 0;
    index out_channels = 0;
    index kernel_height = 1;
    index kernel_width = 1;
    index step_down = 1;
    index step_across = 1;
    index dilation_down = 1;
    index dilation_across = 1;
    index groups = 1;
    image_padding padding = {};
    fused_activation activation = fused_activation::none;
};

/// Pixels before and after the image along one axis under the rule `same`.
struct axis_padding {
    index before = 0;
    index after = 0;
};
[[nodiscard]] constexpr axis_padding same_axis_padding(index in, index kernel, index dilation, index step) noexcept {
    const int128_t steps = in == 0 ? 0 : (in - 1) / step;
    const int128_t all = steps * step + static_cast<int128_t>(kernel - 1) * dilation + 1 - in;
    constexpr index most = std::numeric_limits<index>::max();
    if (in == 0 || all <= 0) return {};
    const index total = all > most ? most : static_cast<index>(all);
    return {total / 2, total - total / 2};
}

/// The convolution that a geometry describes.
[[nodiscard]] constexpr status shape_of(const conv2d_geometry& g, conv2d_shape& shape) noexcept {
    conv2d_shape s{.batch = g.batch,
                   .height = g.height,
                   .width = g.width,
                   .channels = g.channels,
                   .out_channels = g.out_channels,
                   .kernel_height = g.kernel_height,
                   .kernel_width = g.kernel_width,
                   .step_down = g.step_down,
                   .step_across = g.step_across,
                   .dilation_down = g.dilation_down,
                   .dilation_across = g.dilation_across,
                   .groups = g.groups};
    if (g.padding.rule == padding_rule::pixels) {
        s.padding_top = g.padding.top;
        s.padding_bottom = g.padding.bottom;
        s.padding_left = g.padding.left;
        s.padding_right = g.padding.right;
    }
    if (const status fault = check(s); fault != status::ok) return fault;
    if (g.padding.rule == padding_rule::same) {
        const axis_padding down = same_axis_padding(s.height, s.kernel_height, s.dilation_down, s.step_down);
        const axis_padding across = same_axis_padding(s.width, s.kernel_width, s.dilation_across, s.step_across);
        s.padding_top = down.before;
        s.padding_bottom = down.after;
        s.padding_left = across.before;
        s.padding_right = across.after;
    }
    shape = s;
    return status::ok;
}

/// Rows and columns of the matrix that holds an image.
[[nodiscard]] constexpr index pixels_of(index batch, index height, index width) noexcept {
    return saturating_mul(saturating_mul(batch, height), width);
}

/// From (batch * height * width) x channels to (batch * out height * out width) x out channels.
[[nodiscard]] constexpr layer_status extent_of_convolution(layer_kind kind, const conv2d_shape& s,
                                                           const std::array<index, 2>& in,
                                                           std::array<index, 2>& out) noexcept {
    if (in[0] != pixels_of(s.batch, s.height, s.width)) return {status::lhs_rows_differ, kind, operand_kind::input};
    if (in[1] != s.channels) return {status::lhs_columns_differ, kind, operand_kind::input};
    out = {s.pixels(), s.out_channels};
    return status::ok;
}
/// Are there an input and an output of these extents, apart? Without data where only memory is measured.
enum class with_data : std::uint8_t { no, yes };
template <class In, class Out>
[[nodiscard]] layer_status check_convolution(layer_kind kind, const conv2d_shape& s, matrix_view<const In> in,
                                             matrix_view<Out> out, with_data data) noexcept {
    std::array<index, 2> expected = {};
    if (const layer_status fault = extent_of_convolution(kind, s, in.extent, expected); fault != status::ok)
        return fault;
    if (out.extent[0] != expected[0]) return {status::dst_rows_differ, kind, operand_kind::output};
    if (out.extent[1] != expected[1]) return {status::dst_columns_differ, kind, operand_kind::output};
    if (data == with_data::no) return status::ok;
    if (in.data == nullptr && !in.is_empty()) return {status::lhs_null, kind, operand_kind::input};
    if (out.data == nullptr && !out.is_empty()) return {status::dst_null, kind, operand_kind::output};
    if (overlaps_itself(out)) return {status::dst_overlaps_itself, kind, operand_kind::output};
    if (overlap(memory_of(in), memory_of(out))) return {status::dst_overlaps_lhs, kind, operand_kind::output};
    return status::ok;
}

/// The image that a matrix of pixels x channels is.
template <class T>
[[nodiscard]] constexpr image_view<T> as_image(matrix_view<T> m, index batch, index height, index width) noexcept {
    const index down = saturating_mul(width, m.stride[0]);
    return {
        m.data, {batch, height, width, m.extent[1]}, {saturating_mul(height, down), down, m.stride[0], m.stride[1]}};
}

}  // namespace dyad::inline v1::nn
