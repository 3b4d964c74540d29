// SPDX-License-Identifier: Apache-2.0
// What an epilogue may have beside its call out = e(sum, row, column), which is its definition:
//   e.run(isa, sums, row, column, count, dst)   dst[j] = e(sums[j], row, column + j), j < count
//   e.run(isa, tile, row, column)               the same for the rows of a sum_tile, the first of which is `row`
//   e.check(m, n)                               a status, before anything of an m x n product is written
// The run forms give the bits of the call with every instruction set, are called from several tasks at once for
// different elements, and write nothing but dst, which lies apart from the sums. A driver prefers the tile, where what
// belongs to the columns is made ready once for all rows. Forms in floating point need the default environment
// (kernels/float_environment.hpp), which the driver sets once in a task.
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/format.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/requantize.hpp>

namespace dyad::inline v1 {

template <class E, class Sum, class Out>
concept row_epilogue = requires(const E& e, instruction_set isa, const Sum* sums, index at, Out* dst) {
    e.run(isa, sums, at, at, at, dst);
};
template <class E, class Sum, class Out>
concept tile_epilogue = requires(const E& e, instruction_set isa, const sum_tile<Sum, Out>& tile, index at) {
    e.run(isa, tile, at, at);
};
template <class E>
concept checked_epilogue = requires(const E& e, index extent) {
    { e.check(extent, extent) } -> std::same_as<status>;
};

/// May what an epilogue makes of a sum be an element of dst?
template <class E, class Sum, class Out>
concept epilogue_for = requires(const E& e, const Sum& sum, index at, Out& dst) {
    dst = e(sum, at, at);
};

/// The epilogue's own check; ok where it has none.
template <class E>
[[nodiscard]] constexpr status check_epilogue(const E& e, index m, index n) noexcept {
    if constexpr (checked_epilogue<E>) return e.check(m, n);
    else return status::ok;
}

/// A tile by calls.
template <class E, class Sum, class Out>
void run_each(const E& e, const sum_tile<Sum, Out>& t, index row, index column) noexcept {
    for (index i = 0; i < t.rows; ++i) {
        for (index j = 0; j < t.columns; ++j)
            t.dst[i * t.dst_stride + j] = e(t.sums[i * t.sum_stride + j], row + i, column + j);
    }
}

/// A tile by the best form that the epilogue has.
template <class E, class Sum, class Out>
void run_epilogue(const E& e, instruction_set isa, const sum_tile<Sum, Out>& t, index row, index column) noexcept {
    if constexpr (tile_epilogue<E, Sum, Out>) {
        e.run(isa, t, row, column);
    } else if constexpr (row_epilogue<E, Sum, Out>) {
        for (index i = 0; i < t.rows; ++i)
            e.run(isa, t.sums + i * t.sum_stride, row + i, column, t.columns, t.dst + i * t.dst_stride);
    } else {
        run_each(e, t, row, column);
    }
}

/// Fixed-point formats that are nothing in memory but a raw number of at most 16 bits.
template <class T>
concept narrow_fixed = format<T> && T::width <= 16 && sizeof(T) == sizeof(typename T::raw_type) &&
                       requires(const T& x) {
    { x.raw() } -> std::same_as<typename T::raw_type>;
    T::saturating_from_raw(0);
};

/// The same tile of raw numbers.
template <class Sum, narrow_fixed Out>
[[nodiscard]] inline sum_tile<Sum, typename Out::raw_type> raw_tile(const sum_tile<Sum, Out>& t) noexcept {
    return {t.sums, t.sum_stride, t.rows, t.columns, reinterpret_cast<typename Out::raw_type*>(t.dst), t.dst_stride};
}

/// Has a view of parameters one for each of n lines, or one for all?
template <class T>
[[nodiscard]] constexpr bool serves(vector_view<T> v, index n) noexcept {
    return v.stride[0] == 0 ? v.extent[0] != 0 : v.extent[0] >= n;
}

}  // namespace dyad::inline v1
