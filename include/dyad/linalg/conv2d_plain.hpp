// SPDX-License-Identifier: Apache-2.0
// The definition of a two-dimensional convolution:
//   dst(b, oy, ox, o) = epilogue(sum over kernel rows ky, kernel columns kx, channels c of o's group, in this order, of
//       input(b, oy * step - top + ky * dilation, ox * step - left + kx * dilation, c) * weights(o, ky, kx, c),
//       (b * out height + oy) * out width + ox, o),
// where the input reads as `padding` outside the image, products of padding included.
#pragma once

#include <dyad/array/image_view.hpp>
#include <dyad/linalg/conv2d_shape.hpp>
#include <dyad/linalg/running_sum.hpp>

namespace dyad::inline v1 {

/// The sum of one output pixel and channel.
template <number In, number Weight, class Accumulator>
[[nodiscard]] typename Accumulator::sum_type conv2d_plain_sum(const conv2d_shape& s, image_view<const In> input,
                                                              image_view<const Weight> weights, In padding, index pixel,
                                                              index output) noexcept {
    running_sum<In, Weight, Accumulator> sum;
    const conv2d_window window = window_of(s, pixel);
    const index first = s.out_channels == 0 ? 0 : output / s.group_outputs() * s.group_channels();
    for (index ky = 0; ky < s.kernel_height; ++ky) {
        for (index kx = 0; kx < s.kernel_width; ++kx) {
            const index y = window.top + ky * s.dilation_down;
            const index x = window.left + kx * s.dilation_across;
            const bool inside = y >= 0 && y < s.height && x >= 0 && x < s.width;
            for (index c = 0; c < s.group_channels(); ++c) {
                const In value = inside ? input(window.image, y, x, first + c) : padding;
                sum.add(value, weights(output, ky, kx, c));
            }
        }
    }
    return sum.value();
}

/// All of them. The views have the shape's extents.
template <class Accumulator, number In, number Weight, class D, class Epilogue>
void conv2d_plain(const conv2d_shape& s, image_view<const In> input, image_view<const Weight> weights, In padding,
                  image_view<D> dst, const Epilogue& epilogue) noexcept {
    for (index pixel = 0; pixel < s.pixels(); ++pixel) {
        const index row = pixel / s.out_width();
        for (index o = 0; o < s.out_channels; ++o) {
            const auto sum = conv2d_plain_sum<In, Weight, Accumulator>(s, input, weights, padding, pixel, o);
            dst(row / s.out_height(), row % s.out_height(), pixel % s.out_width(), o) = epilogue(sum, pixel, o);
        }
    }
}

}  // namespace dyad::inline v1
