// SPDX-License-Identifier: Apache-2.0
// Where the largest numbers of a row are: argmax, and the k largest in falling order.
//
// Numbers compare by value, exactly: -0 equals +0, and every NaN stands above all numbers and equals every other NaN
// (as in NumPy and PyTorch). Among equals the lower index comes first. So the answer is one, whatever computes it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/array/overlap.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/largest.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// Numbers that the kernels read as words: int8_t, uint8_t, int16_t, uint16_t, fixed-point numbers that are one of them
/// in memory, and float.
template <class T>
struct rank_word_of {
    using type = std::conditional_t<rank_word<T>, T, void>;
};
template <int Width, int Fraction, signedness Sign, overflow Overflow>
    requires(Width <= 16)
struct rank_word_of<fixed<Width, Fraction, Sign, Overflow>> {
    using type = typename fixed<Width, Fraction, Sign, Overflow>::raw_type;
};
template <class T>
concept ranked_in_bulk = rank_word<typename rank_word_of<T>::type>;

/// Does x stand above y?
template <number T>
[[nodiscard]] constexpr bool outranks(T x, T y) noexcept {
    if constexpr (std::same_as<T, float>) return rank_of_word(x) > rank_of_word(y);
    else if constexpr (native_integer<T> || requires { x.raw(); }) return x > y;
    else {
        const auto a = unpack(x);
        const auto b = unpack(y);
        if (a.kind == number_class::nan || b.kind == number_class::nan) {
            return a.kind == number_class::nan && b.kind != number_class::nan;
        }
        return compare(a, b) > 0;
    }
}

/// One row of at least one number.
template <number T>
[[nodiscard]] index argmax_of_row(instruction_set isa, vector_view<const T> src) noexcept {
    const index n = src.extent[0];
    if constexpr (ranked_in_bulk<T>) {
        using word = typename rank_word_of<T>::type;
        if (src.stride[0] == 1 || n == 1) {
            const auto* words = reinterpret_cast<const word*>(src.data);
            return static_cast<index>(first_largest(isa, words, static_cast<std::size_t>(n)));
        }
    }
    index at = 0;
    for (index i = 1; i < n; ++i) at = outranks(src(i), src(at)) ? i : at;
    return at;
}

/// The k best so far as a heap in `where`: the worst of them, the highest index among equals, on top.
template <number T>
class best_of_row {
public:
    best_of_row(vector_view<const T> src, vector_view<index> where) noexcept : src_(src), where_(where) {}

    /// The worst that is kept; only of a full heap.
    [[nodiscard]] index worst() const noexcept { return where_(0); }
    /// The next index, higher than all before.
    void add(index i) noexcept {
        if (count_ < where_.extent[0]) {
            where_(count_) = i;
            for (index at = count_++; at != 0 && is_worse(where_(at), where_((at - 1) / 2)); at = (at - 1) / 2)
                swap(at, (at - 1) / 2);
        } else if (outranks(src_(i), src_(worst()))) {
            where_(0) = i;
            sink(count_);
        }
    }
    /// The heap as a row, best first.
    void sort() noexcept {
        for (index left = count_ - 1; left > 0; --left) {
            swap(0, left);
            sink(left);
        }
    }

private:
    [[nodiscard]] bool is_worse(index i, index j) const noexcept {
        const T x = src_(i);
        const T y = src_(j);
        return outranks(y, x) || (!outranks(x, y) && i > j);
    }
    void swap(index at, index other) noexcept {
        const index kept = where_(at);
        where_(at) = where_(other);
        where_(other) = kept;
    }
    /// Lets the top of the first `count` fall to its place.
    void sink(index count) noexcept {
        for (index at = 0;;) {
            index worst = at;
            for (const index child : {2 * at + 1, 2 * at + 2})
                worst = child < count && is_worse(where_(child), where_(worst)) ? child : worst;
            if (worst == at) return;
            swap(at, worst);
            at = worst;
        }
    }

    vector_view<const T> src_;
    vector_view<index> where_;
    index count_ = 0;
};

/// One row with at least as many numbers as `where` has elements. The kernels skip numbers that do not stand above the
/// worst that is kept.
template <number T>
void top_k_of_row(instruction_set isa, vector_view<const T> src, vector_view<index> where) noexcept {
    const index n = src.extent[0];
    const index k = where.extent[0];
    if (k == 0) return;
    best_of_row<T> best(src, where);
    index i = 0;
    for (; i < k; ++i) best.add(i);
    if constexpr (ranked_in_bulk<T>) {
        if (src.stride[0] == 1) {
            const auto* words = reinterpret_cast<const typename rank_word_of<T>::type*>(src.data);
            for (; i < n; ++i) {
                const auto worst = rank_of_word(words[best.worst()]);
                i += static_cast<index>(first_above(isa, words + i, static_cast<std::size_t>(n - i), worst));
                if (i < n) best.add(i);
            }
        }
    }
    for (; i < n; ++i) best.add(i);
    best.sort();
}

/// Rows of src against rows of `where`, k = where.extent[1] elements each.
template <number T>
[[nodiscard]] status check_top_k(matrix_view<const T> src, matrix_view<index> where) noexcept {
    if (src.extent[0] < 0 || src.extent[1] < 0 || where.extent[0] < 0 || where.extent[1] < 0) {
        return status::negative_extent;
    }
    if (src.extent[0] != where.extent[0]) return status::extents_differ;
    if (where.is_empty()) return status::ok;
    if (where.extent[1] > src.extent[1]) return status::elements_too_few;
    if (src.data == nullptr) return status::src_null;
    if (where.data == nullptr) return status::dst_null;
    if (overlaps_itself(where)) return status::dst_overlaps_itself;
    return overlap(memory_of(src), memory_of(where)) ? status::dst_overlaps_src : status::ok;
}

/// where(r, 0), where(r, 1) ... = the columns of the k = where.extent[1] largest numbers of row r, best first. Any
/// strides; nothing is allocated. status::elements_too_few if k exceeds the columns.
template <number T>
status top_k(matrix_view<const T> src, matrix_view<index> where, row_options options = {}) noexcept {
    if (const status s = check_top_k(src, where); s != status::ok || where.is_empty()) return s;
    const instruction_set isa = options.chosen();
    for (index r = 0; r < where.extent[0]; ++r) top_k_of_row(isa, row(src, r), row(where, r));
    return status::ok;
}
/// One row.
template <number T>
status top_k(vector_view<const T> src, vector_view<index> where, row_options options = {}) noexcept {
    return top_k(matrix_view<const T>{src.data, {1, src.extent[0]}, {0, src.stride[0]}},
                 matrix_view<index>{where.data, {1, where.extent[0]}, {0, where.stride[0]}}, options);
}

/// where(r) = the first column of row r with its largest number. status::elements_too_few if there are no columns.
template <number T>
status argmax(matrix_view<const T> src, vector_view<index> where, row_options options = {}) noexcept {
    const matrix_view<index> column{where.data, {where.extent[0], 1}, {where.stride[0], 0}};
    if (const status s = check_top_k(src, column); s != status::ok) return s;
    const instruction_set isa = options.chosen();
    for (index r = 0; r < where.extent[0]; ++r) where(r) = argmax_of_row(isa, row(src, r));
    return status::ok;
}
/// One row.
template <number T>
status argmax(vector_view<const T> src, index& where, row_options options = {}) noexcept {
    return argmax(matrix_view<const T>{src.data, {1, src.extent[0]}, {0, src.stride[0]}},
                  vector_view<index>{&where, {1}, {1}}, options);
}

}  // namespace dyad::inline v1
