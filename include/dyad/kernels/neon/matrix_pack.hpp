// SPDX-License-Identifier: Apache-2.0
// Packing into panels that hold one k after the other, `Lines` elements of each. Lines whose k are neighbours in memory
// are transposed in registers, neighbouring lines copied; all else goes one element at a time.
#pragma once

#if defined(__aarch64__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/matrix_kernel.hpp>
#include <dyad/kernels/neon/vectors.hpp>

namespace dyad::inline v1::neon {

/// The element (line, k) of `lines` lines, T{} beyond them.
template <class T>
[[nodiscard, gnu::always_inline]] inline T element_or_zero(const lines_view<T>& from, std::ptrdiff_t lines,
                                                           std::ptrdiff_t line, std::ptrdiff_t k) noexcept {
    return line < lines ? from.data[line * from.line_stride + k * from.k_stride] : T{};
}

/// x[i][j] becomes x[j][i]. (By name: compilers keep an array in memory unless its loops are unrolled.)
[[gnu::always_inline]] inline void transpose(words& x0, words& x1, words& x2, words& x3) noexcept {
    const words low = __builtin_shufflevector(x0, x1, 0, 4, 1, 5);
    const words high = __builtin_shufflevector(x0, x1, 2, 6, 3, 7);
    const words low_next = __builtin_shufflevector(x2, x3, 0, 4, 1, 5);
    const words high_next = __builtin_shufflevector(x2, x3, 2, 6, 3, 7);
    x0 = __builtin_shufflevector(low, low_next, 0, 1, 4, 5);
    x1 = __builtin_shufflevector(low, low_next, 2, 3, 6, 7);
    x2 = __builtin_shufflevector(high, high_next, 0, 1, 4, 5);
    x3 = __builtin_shufflevector(high, high_next, 2, 3, 6, 7);
}

/// store_row(j, row j) of the transpose of the rows 0 to 3 that load_row(i) gives.
template <class Load, class Store>
[[gnu::always_inline]] inline void transpose_four(const Load& load_row, const Store& store_row) noexcept {
    words x0 = load_row(0);
    words x1 = load_row(1);
    words x2 = load_row(2);
    words x3 = load_row(3);
    transpose(x0, x1, x2, x3);
    store_row(0, x0);
    store_row(1, x1);
    store_row(2, x2);
    store_row(3, x3);
}

/// Two rows of eight halves as words of two, a column each: the first four and the others.
struct column_pairs {
    words low;
    words high;
    [[gnu::always_inline]] column_pairs(signed_halves x, signed_halves y) noexcept
        : low(reinterpret_cast<words>(__builtin_shufflevector(x, y, 0, 8, 1, 9, 2, 10, 3, 11))),
          high(reinterpret_cast<words>(__builtin_shufflevector(x, y, 4, 12, 5, 13, 6, 14, 7, 15))) {}
};
/// The same of eight rows of eight halves.
template <class Load, class Store>
[[gnu::always_inline]] inline void transpose_eight(const Load& load_row, const Store& store_row) noexcept {
    column_pairs a(load_row(0), load_row(1));
    column_pairs b(load_row(2), load_row(3));
    column_pairs c(load_row(4), load_row(5));
    column_pairs d(load_row(6), load_row(7));
    transpose(a.low, b.low, c.low, d.low);
    transpose(a.high, b.high, c.high, d.high);
    store_row(0, a.low);
    store_row(1, b.low);
    store_row(2, c.low);
    store_row(3, d.low);
    store_row(4, a.high);
    store_row(5, b.high);
    store_row(6, c.high);
    store_row(7, d.high);
}

template <std::ptrdiff_t Lines, class From, class To>
void pack_slowly(lines_view<From> from, std::ptrdiff_t lines, std::ptrdiff_t first, std::ptrdiff_t end,
                 To* to) noexcept {
    for (std::ptrdiff_t i = first; i < end; ++i) {
        for (std::ptrdiff_t line = 0; line < Lines; ++line)
            to[i * Lines + line] = static_cast<To>(element_or_zero(from, lines, line, i));
    }
}

/// Panels of floats.
template <std::ptrdiff_t Lines>
void pack_floats(lines_view<float> from, std::ptrdiff_t lines, std::ptrdiff_t k, float* to) noexcept {
    std::ptrdiff_t done = 0;
    if (lines == Lines && from.line_stride == 1) {
        for (; done < k; ++done) __builtin_memcpy(to + done * Lines, from.data + done * from.k_stride, 4 * Lines);
    } else if (lines == Lines && from.k_stride == 1) {
        for (; done + 4 <= k; done += 4) {
            for (std::ptrdiff_t line = 0; line < Lines; line += 4) {
                transpose_four([&](int i) { return load<words>(from.data + (line + i) * from.line_stride + done); },
                               [&](int i, words x) { store(to + (done + i) * Lines + line, x); });
            }
        }
    }
    pack_slowly<Lines>(from, lines, done, k, to);
}

/// Eight neighbours as halves.
[[gnu::always_inline]] inline signed_halves load_halves(const std::int16_t* from) noexcept {
    return load<signed_halves>(from);
}
[[gnu::always_inline]] inline signed_halves load_halves(const std::int8_t* from) noexcept {
    return widen_signed(load<eight_bytes>(from));
}
[[gnu::always_inline]] inline signed_halves load_halves(const std::uint8_t* from) noexcept {
    return widen_unsigned(load<eight_bytes>(from));
}

/// Panels of int16, of eight lines.
template <class From>
void pack_halves(lines_view<From> from, std::ptrdiff_t lines, std::ptrdiff_t k, std::int16_t* to) noexcept {
    std::ptrdiff_t done = 0;
    if (lines == 8 && from.line_stride == 1) {
        for (; done < k; ++done) store(to + done * 8, load_halves(from.data + done * from.k_stride));
    } else if (lines == 8 && from.k_stride == 1) {
        for (; done + 8 <= k; done += 8) {
            transpose_eight([&](int i) { return load_halves(from.data + i * from.line_stride + done); },
                            [&](int i, words x) { store(to + (done + i) * 8, x); });
        }
    }
    pack_slowly<8>(from, lines, done, k, to);
}

}  // namespace dyad::inline v1::neon

#endif
