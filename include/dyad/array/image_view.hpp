// SPDX-License-Identifier: Apache-2.0
// Images and the weights of convolutions as views of four extents.
//   image(b, y, x, c): batch, row, column, channel.  weights(o, y, x, c): output channel, kernel row, kernel column,
//   input channel within its group.
// Layouts differ in their strides only: NHWC and OHWI have the channels side by side, NCHW and OIHW have whole planes.
#pragma once

#include <dyad/array/view.hpp>

namespace dyad::inline v1 {

template <class T>
using image_view = view<T, 4>;

/// Batch x height x width x channels, channels side by side.
template <class T>
[[nodiscard]] constexpr image_view<T> make_image_nhwc(T* data, index batch, index height, index width,
                                                      index channels) noexcept {
    return {data, {batch, height, width, channels}, {height * width * channels, width * channels, channels, 1}};
}
/// The same extents in the same order, one plane after the other in memory.
template <class T>
[[nodiscard]] constexpr image_view<T> make_image_nchw(T* data, index batch, index height, index width,
                                                      index channels) noexcept {
    return {data, {batch, height, width, channels}, {channels * height * width, width, 1, height * width}};
}
/// Out x kernel height x kernel width x channels of a group, channels side by side.
template <class T>
[[nodiscard]] constexpr image_view<T> make_weights_ohwi(T* data, index out, index height, index width,
                                                        index channels) noexcept {
    return make_image_nhwc(data, out, height, width, channels);
}
/// The same extents in the same order, one plane after the other in memory.
template <class T>
[[nodiscard]] constexpr image_view<T> make_weights_oihw(T* data, index out, index height, index width,
                                                        index channels) noexcept {
    return make_image_nchw(data, out, height, width, channels);
}
/// Channels first .. first + count - 1 of all pixels.
template <class T>
[[nodiscard]] constexpr image_view<T> channel_block(image_view<T> v, index first, index count) noexcept {
    return {shifted(v.data, first * v.stride[3]), {v.extent[0], v.extent[1], v.extent[2], count}, v.stride};
}
/// Outputs (or images) first .. first + count - 1.
template <class T>
[[nodiscard]] constexpr image_view<T> outer_block(image_view<T> v, index first, index count) noexcept {
    return {shifted(v.data, first * v.stride[0]), {count, v.extent[1], v.extent[2], v.extent[3]}, v.stride};
}

}  // namespace dyad::inline v1
