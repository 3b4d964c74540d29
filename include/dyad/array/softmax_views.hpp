// SPDX-License-Identifier: Apache-2.0
// The views that a softmax of integer codes takes, checked and put together for its kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/scalar/softmax_plan.hpp>
#include <dyad/kernels/scalar/softmax_rows.hpp>
#include <dyad/number/dyadic.hpp>
#include <dyad/number/fixed.hpp>

namespace dyad::inline v1 {

template <class T>
inline constexpr bool is_softmax_code = false;
template <int Width, int Fraction, signedness Sign, overflow Overflow>
inline constexpr bool is_softmax_code<fixed<Width, Fraction, Sign, Overflow>> = Width >= 2 && Width <= 16;

/// Fixed-point numbers of 2 to 16 bits.
template <class T>
concept softmax_code = is_softmax_code<T>;

/// Tables for inputs of up to 8 bits, arithmetic for longer ones.
template <softmax_code In>
using softmax_plan_of = std::conditional_t<(In::width <= 8), softmax_bytes, softmax_halves>;

/// The real distance between two neighbouring codes whose values are multiplied by `scale`.
template <softmax_code In>
[[nodiscard]] constexpr unpacked softmax_step(multiplier scale) noexcept {
    unpacked step = scale.unpack_near();
    step.exponent -= In::fraction;
    return step;
}

/// Equal extents, memory where there are elements, rows of at most `longest`, and a dst whose elements share memory
/// neither with each other nor with src: unless they are src's own, in the same places.
template <softmax_code In, softmax_code Out>
[[nodiscard]] status check_softmax(matrix_view<const In> src, matrix_view<Out> dst, std::size_t longest) noexcept {
    if (src.extent[0] < 0 || src.extent[1] < 0 || dst.extent[0] < 0 || dst.extent[1] < 0)
        return status::negative_extent;
    if (src.extent != dst.extent) return status::extents_differ;
    if (src.is_empty()) return status::ok;
    if (src.data == nullptr) return status::src_null;
    if (dst.data == nullptr) return status::dst_null;
    if (static_cast<std::size_t>(src.extent[1]) > longest) return status::row_too_long;
    if (overlaps_itself(dst)) return status::dst_overlaps_itself;
    const bool in_place = static_cast<const void*>(src.data) == static_cast<const void*>(dst.data) &&
                          sizeof(In) == sizeof(Out) && src.stride == dst.stride;
    return !in_place && overlap(memory_of(src), memory_of(dst)) ? status::dst_overlaps_src : status::ok;
}

/// A mask of dst's extents that dst does not touch.
template <softmax_code Out>
[[nodiscard]] status check_softmax_mask(matrix_view<const std::uint8_t> mask, matrix_view<Out> dst) noexcept {
    if (mask.extent != dst.extent) return status::extents_differ;
    if (mask.is_empty()) return status::ok;
    if (mask.data == nullptr) return status::mask_null;
    return overlap(memory_of(mask), memory_of(dst)) ? status::dst_overlaps_mask : status::ok;
}

/// All columns of all rows seen.
template <softmax_code In, softmax_code Out>
[[nodiscard]] softmax_rows<typename In::raw_type, typename Out::raw_type> softmax_rows_of(
    matrix_view<const In> src, matrix_view<Out> dst) noexcept {
    static_assert(sizeof(In) == sizeof(typename In::raw_type) && sizeof(Out) == sizeof(typename Out::raw_type));
    softmax_rows<typename In::raw_type, typename Out::raw_type> rows;
    rows.src = reinterpret_cast<const typename In::raw_type*>(src.data);  // the only member
    rows.src_row = src.stride[0];
    rows.src_column = src.stride[1];
    rows.dst = reinterpret_cast<typename Out::raw_type*>(dst.data);
    rows.dst_row = dst.stride[0];
    rows.dst_column = dst.stride[1];
    rows.rows = static_cast<std::size_t>(src.extent[0]);
    rows.columns = static_cast<std::size_t>(src.extent[1]);
    rows.first_visible = src.extent[1];
    return rows;
}

/// Row i sees the columns j <= i + offset; any offset, also one that no row or every row is beyond.
template <class Rows>
[[nodiscard]] Rows with_causal_offset(Rows rows, index offset) noexcept {
    const auto columns = static_cast<index>(rows.columns);
    const auto none = -static_cast<index>(rows.rows);
    rows.first_visible = offset >= columns ? columns : offset < none ? none : offset + 1;
    rows.visible_step = 1;
    return rows;
}

template <class Rows>
[[nodiscard]] Rows with_mask(Rows rows, matrix_view<const std::uint8_t> mask) noexcept {
    rows.mask = mask.data;
    rows.mask_row = mask.stride[0];
    rows.mask_column = mask.stride[1];
    return rows;
}

/// A vector as a matrix of one row.
template <class T>
[[nodiscard]] constexpr matrix_view<T> as_row(vector_view<T> v) noexcept {
    return {v.data, {1, v.extent[0]}, {0, v.stride[0]}};
}

}  // namespace dyad::inline v1
