// SPDX-License-Identifier: Apache-2.0
// What the rows of published functions share: the check of a source and a destination, the largest code.
#pragma once

#include <cstdint>

#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>

namespace dyad::inline v1::published {

/// Extents, pointers, memory: ok for rows that agree, src and dst being the same elements in the same places, or apart.
template <class In, class Out>
[[nodiscard]] status check_row(vector_view<const In> src, vector_view<Out> dst) noexcept {
    const index n = src.extent[0];
    if (dst.extent[0] != n) return status::extents_differ;
    if (n < 0) return status::negative_extent;
    if (n == 0) return status::ok;
    if (src.data == nullptr) return status::src_null;
    if (dst.data == nullptr) return status::dst_null;
    if (n > 1 && dst.stride[0] == 0) return status::dst_overlaps_itself;
    const void* from = src.data;
    const void* to = dst.data;
    const bool same = from == to && src.stride[0] == dst.stride[0] && sizeof(In) == sizeof(Out);
    if (!same && overlap(memory_of(src), memory_of(dst))) return status::dst_overlaps_src;
    return status::ok;
}

/// A row of parameters beside them: as long, there, and apart from dst.
template <class T, class Out>
[[nodiscard]] status check_parameters(vector_view<const T> parameters, vector_view<Out> dst) noexcept {
    if (parameters.extent[0] != dst.extent[0]) return status::extents_differ;
    if (dst.extent[0] == 0) return status::ok;
    if (parameters.data == nullptr) return status::parameter_missing;
    return overlap(memory_of(parameters), memory_of(dst)) ? status::dst_overlaps_rhs : status::ok;
}

/// Codes of fixed-point numbers that have an exact float32 and exact differences.
template <class T>
concept narrow_codes = T::width <= 16 && requires(T x) {
    x.raw();
};

/// The largest code of a row that is not empty.
template <class In>
[[nodiscard]] std::int32_t largest_code(vector_view<const In> src) noexcept {
    std::int32_t max = src(0).raw();
    for (index i = 1; i < src.extent[0]; ++i) max = src(i).raw() > max ? src(i).raw() : max;
    return max;
}

}  // namespace dyad::inline v1::published
