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

/// rows[i][j] becomes rows[j][i].
[[gnu::always_inline]] inline void transpose(words (&rows)[4]) noexcept {
    const words low = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
    const words high = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
    const words low_next = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
    const words high_next = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
    rows[0] = __builtin_shufflevector(low, low_next, 0, 1, 4, 5);
    rows[1] = __builtin_shufflevector(low, low_next, 2, 3, 6, 7);
    rows[2] = __builtin_shufflevector(high, high_next, 0, 1, 4, 5);
    rows[3] = __builtin_shufflevector(high, high_next, 2, 3, 6, 7);
}
/// The same of halves: pairs of rows give words of two halves, whose upper and lower four rows are transposed.
[[gnu::always_inline]] inline void transpose(signed_halves (&rows)[8]) noexcept {
    words low[4];
    words high[4];
    for (int i = 0; i < 4; ++i) {
        low[i] =
            reinterpret_cast<words>(__builtin_shufflevector(rows[2 * i], rows[2 * i + 1], 0, 8, 1, 9, 2, 10, 3, 11));
        high[i] =
            reinterpret_cast<words>(__builtin_shufflevector(rows[2 * i], rows[2 * i + 1], 4, 12, 5, 13, 6, 14, 7, 15));
    }
    transpose(low);
    transpose(high);
    for (int i = 0; i < 4; ++i) {
        rows[i] = reinterpret_cast<signed_halves>(low[i]);
        rows[4 + i] = reinterpret_cast<signed_halves>(high[i]);
    }
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
                words rows[4];
                for (int i = 0; i < 4; ++i) rows[i] = load<words>(from.data + (line + i) * from.line_stride + done);
                transpose(rows);
                for (int i = 0; i < 4; ++i) store(to + (done + i) * Lines + line, rows[i]);
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
    return __builtin_convertvector(load<signed_bytes>(from), signed_halves);
}
[[gnu::always_inline]] inline signed_halves load_halves(const std::uint8_t* from) noexcept {
    return __builtin_convertvector(load<unsigned_bytes>(from), signed_halves);
}

/// Panels of int16, of eight lines.
template <class From>
void pack_halves(lines_view<From> from, std::ptrdiff_t lines, std::ptrdiff_t k, std::int16_t* to) noexcept {
    std::ptrdiff_t done = 0;
    if (lines == 8 && from.line_stride == 1) {
        for (; done < k; ++done) store(to + done * 8, load_halves(from.data + done * from.k_stride));
    } else if (lines == 8 && from.k_stride == 1) {
        for (; done + 8 <= k; done += 8) {
            signed_halves rows[8];
            for (int i = 0; i < 8; ++i) rows[i] = load_halves(from.data + i * from.line_stride + done);
            transpose(rows);
            for (int i = 0; i < 8; ++i) store(to + (done + i) * 8, rows[i]);
        }
    }
    pack_slowly<8>(from, lines, done, k, to);
}

}  // namespace dyad::inline v1::neon

#endif
