// SPDX-License-Identifier: Apache-2.0
// arena: memory of the caller, given out from the front. How layers get room for parameters and intermediate tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>

namespace dyad::inline v1 {

/// Never frees single objects: `used` and `rewind` mark and release everything taken since. Pieces are uninitialised,
/// aligned to 64 bytes.
class arena {
public:
    static constexpr std::size_t alignment = 64;

    constexpr explicit arena(std::span<std::byte> memory) noexcept : first_(memory.data()), size_(memory.size()) {}
    /// An arena without memory that only counts: every piece succeeds with a null pointer, `used` tells the need.
    [[nodiscard]] static constexpr arena measuring() noexcept {
        arena a{{}};
        a.size_ = std::numeric_limits<std::size_t>::max();
        return a;
    }

    [[nodiscard]] constexpr bool is_measuring() const noexcept {
        return first_ == nullptr && size_ == std::numeric_limits<std::size_t>::max();
    }

    /// Bytes given out at present, with the padding for alignment in the worst case; and the most there ever were.
    [[nodiscard]] constexpr std::size_t used() const noexcept { return used_; }
    [[nodiscard]] constexpr std::size_t peak() const noexcept { return peak_; }
    constexpr void rewind(std::size_t used) noexcept { used_ = used; }

    template <class T>
    status take(index rows, index columns, matrix_view<T>& piece) noexcept {
        static_assert(std::is_trivially_copyable_v<T>, "dyad::arena holds trivially copyable types only.");
        if (rows < 0 || columns < 0) return status::negative_extent;
        constexpr std::size_t largest = std::numeric_limits<std::size_t>::max() / 4;
        const auto r = static_cast<std::size_t>(rows);
        const auto c = static_cast<std::size_t>(columns);
        if (c != 0 && r > largest / sizeof(T) / c) return status::arena_too_small;
        const std::size_t bytes = (r * c * sizeof(T) + alignment - 1) / alignment * alignment;
        // The memory need not be aligned: up to alignment - 1 bytes are lost once, at the front.
        const std::size_t skew = first_ == nullptr ? 0 : (0 - reinterpret_cast<std::uintptr_t>(first_)) % alignment;
        const std::size_t start = used_ == 0 ? alignment : used_;
        if (start > size_ || bytes > size_ - start) return status::arena_too_small;
        used_ = start + bytes;
        peak_ = used_ > peak_ ? used_ : peak_;
        auto* const data = first_ == nullptr ? nullptr : reinterpret_cast<T*>(first_ + start - alignment + skew);
        piece = make_matrix(data, rows, columns);
        return status::ok;
    }
    template <class T>
    status take(index n, vector_view<T>& piece) noexcept {
        matrix_view<T> matrix;
        const status s = take(1, n, matrix);
        if (s == status::ok) piece = make_vector(matrix.data, n);
        return s;
    }

private:
    std::byte* first_ = nullptr;
    std::size_t size_ = 0;
    std::size_t used_ = 0;
    std::size_t peak_ = 0;
};

}  // namespace dyad::inline v1
