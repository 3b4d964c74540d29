// SPDX-License-Identifier: Apache-2.0
// Packing into panels that hold one k after the other, `Lines` elements of each.
#pragma once

#if defined(__aarch64__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/matrix_kernel.hpp>

namespace dyad::inline v1::neon {

/// The element (line, k) of `lines` lines, T{} beyond them.
template <class T>
[[nodiscard, gnu::always_inline]] inline T element_or_zero(const lines_view<T>& from, std::ptrdiff_t lines,
                                                           std::ptrdiff_t line, std::ptrdiff_t k) noexcept {
    return line < lines ? from.data[line * from.line_stride + k * from.k_stride] : T{};
}

template <std::ptrdiff_t Lines, class From, class To>
void pack_by_k(lines_view<From> from, std::ptrdiff_t lines, std::ptrdiff_t k, To* to) noexcept {
    for (std::ptrdiff_t i = 0; i < k; ++i) {
        for (std::ptrdiff_t line = 0; line < Lines; ++line)
            *to++ = static_cast<To>(element_or_zero(from, lines, line, i));
    }
}

}  // namespace dyad::inline v1::neon

#endif
