// SPDX-License-Identifier: Apache-2.0
// The extents of a two-dimensional convolution, and where its windows lie.
//   out extent = floor((in + padding before + after - ((kernel - 1) * dilation + 1)) / step) + 1, 0 where that is less
//   input row of kernel row ky at output row oy = oy * step - padding before + ky * dilation
// (ONNX Conv, TensorFlow Lite CONV_2D: the same).
#pragma once

#include <cstdint>
#include <limits>

#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/core/saturation.hpp>

namespace dyad::inline v1 {

/// What a convolution is made for. Channels of group g: input g * channels / groups and on, outputs alike; a depthwise
/// convolution has as many groups as channels.
struct conv2d_shape {
    index batch = 1;
    index height = 0;
    index width = 0;
    index channels = 0;
    index out_channels = 0;
    index kernel_height = 1;
    index kernel_width = 1;
    index step_down = 1;
    index step_across = 1;
    index padding_top = 0;
    index padding_bottom = 0;
    index padding_left = 0;
    index padding_right = 0;
    index dilation_down = 1;
    index dilation_across = 1;
    index groups = 1;

    [[nodiscard]] constexpr index out_height() const noexcept {
        return steps(height, padding_top, padding_bottom, kernel_height, dilation_down, step_down);
    }
    [[nodiscard]] constexpr index out_width() const noexcept {
        return steps(width, padding_left, padding_right, kernel_width, dilation_across, step_across);
    }
    /// Output pixels: the rows of the product. The largest index where there are more.
    [[nodiscard]] constexpr index pixels() const noexcept { return product(product(batch, out_height()), out_width()); }
    [[nodiscard]] constexpr index group_channels() const noexcept { return channels / groups; }
    [[nodiscard]] constexpr index group_outputs() const noexcept { return out_channels / groups; }
    /// Products in a sum, likewise.
    [[nodiscard]] constexpr index depth() const noexcept {
        return product(product(kernel_height, kernel_width), group_channels());
    }

private:
    [[nodiscard]] static constexpr index product(index x, index y) noexcept { return saturating_mul(x, y); }
    [[nodiscard]] static constexpr index steps(index in, index before, index after, index kernel, index dilation,
                                               index step) noexcept {
        const int128_t window = static_cast<int128_t>(kernel - 1) * dilation + 1;
        const int128_t room = static_cast<int128_t>(in) + before + after - window;
        if (room < 0) return 0;
        const int128_t count = room / step + 1;
        constexpr index most = std::numeric_limits<index>::max();
        return count > most ? most : static_cast<index>(count);
    }
};

/// Can there be such a convolution?
[[nodiscard]] constexpr status check(const conv2d_shape& s) noexcept {
    if (s.batch < 0 || s.height < 0 || s.width < 0 || s.channels < 0 || s.out_channels < 0)
        return status::negative_extent;
    if (s.kernel_height <= 0 || s.kernel_width <= 0) return status::kernel_extent_not_positive;
    if (s.step_down <= 0 || s.step_across <= 0) return status::step_not_positive;
    if (s.padding_top < 0 || s.padding_bottom < 0 || s.padding_left < 0 || s.padding_right < 0)
        return status::padding_negative;
    if (s.dilation_down <= 0 || s.dilation_across <= 0) return status::dilation_not_positive;
    if (s.groups <= 0 || s.channels % s.groups != 0 || s.out_channels % s.groups != 0)
        return status::groups_do_not_divide;
    return status::ok;
}

/// One window: its image, and the input row and column under the kernel's first, which may be negative.
struct conv2d_window {
    index image = 0;
    index top = 0;
    index left = 0;
};
[[nodiscard]] constexpr conv2d_window window_of(const conv2d_shape& s, index pixel) noexcept {
    const index across = s.out_width();
    const index row = pixel / across;
    const index down = s.out_height();
    return {row / down, row % down * s.step_down - s.padding_top, pixel % across * s.step_across - s.padding_left};
}

}  // namespace dyad::inline v1
