// SPDX-License-Identifier: Apache-2.0
// Where the rows of a softmax lie, and which of their elements are seen.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dyad::inline v1 {

/// Raw numbers of src and dst, strides in elements. Without a mask all columns below `visible(i)` are seen, with one
/// those of them whose byte is not 0. dst is src's memory, with the same strides, or apart from it.
template <class In, class Out>
struct softmax_rows {
    const In* src = nullptr;
    std::ptrdiff_t src_row = 0;
    std::ptrdiff_t src_column = 0;
    Out* dst = nullptr;
    std::ptrdiff_t dst_row = 0;
    std::ptrdiff_t dst_column = 0;
    const std::uint8_t* mask = nullptr;
    std::ptrdiff_t mask_row = 0;
    std::ptrdiff_t mask_column = 0;
    std::size_t rows = 0;
    std::size_t columns = 0;
    /// visible(i) = first_visible + visible_step i, within 0 ... columns.
    std::ptrdiff_t first_visible = 0;
    std::ptrdiff_t visible_step = 0;

    [[nodiscard]] constexpr std::size_t visible(std::size_t i) const noexcept {
        const std::ptrdiff_t n = first_visible + visible_step * static_cast<std::ptrdiff_t>(i);
        return n <= 0 ? 0 : static_cast<std::size_t>(n) < columns ? static_cast<std::size_t>(n) : columns;
    }
    /// Elements side by side, a mask as well.
    [[nodiscard]] constexpr bool contiguous() const noexcept {
        const bool one = columns <= 1;
        return (one || (src_column == 1 && dst_column == 1)) && (one || mask == nullptr || mask_column == 1);
    }
    /// Row i by itself, its mask a byte for all: `mask` null, or nothing visible.
    [[nodiscard]] constexpr softmax_rows row(std::size_t i) const noexcept {
        softmax_rows r = *this;
        const auto at = static_cast<std::ptrdiff_t>(i);
        r.src = src + at * src_row;
        r.dst = dst + at * dst_row;
        r.rows = 1;
        r.first_visible = static_cast<std::ptrdiff_t>(visible(i));
        r.visible_step = 0;
        if (mask != nullptr) r.mask = mask + at * mask_row;
        return r;
    }
};

}  // namespace dyad::inline v1
