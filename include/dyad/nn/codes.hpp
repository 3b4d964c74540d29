// SPDX-License-Identifier: Apache-2.0
// Real numbers as codes of a tensor, and back, where a model begins and ends: code = real / scale + zero point, once
// rounded to nearest even and saturated; real = scale * (code - zero point).
#pragma once

#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1::nn {

template <number T>
[[nodiscard]] constexpr T encode(double real, const affine& q) noexcept {
    const double code = real / q.scale;
    return convert<T>(q.zero_point == 0 ? code : code + q.zero_point, rounding::nearest_even, saturation::finite);
}
template <number T>
[[nodiscard]] constexpr double decode(T code, const affine& q) noexcept {
    const auto x = convert<double>(code);
    return (q.zero_point == 0 ? x : x - q.zero_point) * q.scale;
}

/// All elements. status::scale_not_positive, extents_differ, src_null, dst_null.
template <number From, number To, class Each>
constexpr status for_each_element(matrix_view<const From> src, matrix_view<To> dst, const affine& q,
                                  const Each& each) noexcept {
    if (!is_positive_finite(q.scale)) return status::scale_not_positive;
    if (src.extent != dst.extent) return status::extents_differ;
    if (dst.is_empty()) return status::ok;
    if (src.data == nullptr) return status::src_null;
    if (dst.data == nullptr) return status::dst_null;
    for (index i = 0; i < src.extent[0]; ++i) {
        for (index j = 0; j < src.extent[1]; ++j) dst(i, j) = each(src(i, j));
    }
    return status::ok;
}
template <number T>
constexpr status encode(matrix_view<const float> reals, const affine& q, matrix_view<T> codes) noexcept {
    return for_each_element(reals, codes, q, [&](float x) { return encode<T>(static_cast<double>(x), q); });
}
template <number T>
constexpr status decode(matrix_view<const T> codes, const affine& q, matrix_view<float> reals) noexcept {
    return for_each_element(codes, reals, q, [&](T x) { return static_cast<float>(decode(x, q)); });
}

}  // namespace dyad::inline v1::nn
