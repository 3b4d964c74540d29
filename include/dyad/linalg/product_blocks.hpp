// SPDX-License-Identifier: Apache-2.0
// How one product with one kernel is cut: blocks of k, panels and where they lie, tasks of some rows by some columns.
// Follows from the extents and the kernel alone, so that results and layouts do not depend on who runs the tasks.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/array/view.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/kernels/matrix_kernel.hpp>
#include <dyad/linalg/k_blocks.hpp>

namespace dyad::inline v1 {

/// Most columns that one call of a kernel writes: rhs_lines * rhs_panels.
inline constexpr index largest_tile_columns = 128;
/// Most sums of one tile: 32 lines by 64 columns of AMX are the largest.
inline constexpr index largest_tile_sums = 2048;
/// Sums that a task keeps on the stack while k is not at its end.
inline constexpr index largest_task_sums = 6144;
/// Bytes of the lines of one panel while they are decoded: on the stack.
inline constexpr index largest_line_bytes = 2048;

/// Extents, blocks and tasks of one product with one kernel.
template <class L, class R, class S>
class product_blocks {
public:
    using kernel_type = matrix_kernel<L, R, S>;

    constexpr product_blocks() noexcept = default;
    /// chain: length of chains whose sums are flushed, 0 for one chain.
    product_blocks(const kernel_type& kernel, index m, index k, index n, index chain) noexcept
        : kernel_(&kernel), m_(m), n_(n) {
        constexpr index wide = sizeof(L) > sizeof(R) ? sizeof(L) : sizeof(R);
        depth_ = k_blocks(k, chain, largest_line_bytes / wide);
        const index columns = tile_columns();
        const index most = largest_task_sums / columns < 128 ? largest_task_sums / columns : 128;
        task_rows_ = most / kernel.lhs_lines * kernel.lhs_lines;
        const index down = pieces_of(m, task_rows_);
        // Enough tasks for a few threads, if each has something to do.
        constexpr std::size_t least_work = std::size_t{1} << 21;
        const std::size_t area = saturating_product(static_cast<std::size_t>(m), static_cast<std::size_t>(n));
        const std::size_t worthwhile = saturating_product(area, static_cast<std::size_t>(k)) / least_work;
        const index tiles = pieces_of(n, columns);
        index across = down >= 8 || down == 0 ? 1 : 8 / down;
        if (static_cast<std::size_t>(across * down) > worthwhile) across = 1;
        if (across > tiles) across = tiles < 1 ? 1 : tiles;
        task_columns_ = saturating_mul<std::int64_t>(pieces_of(tiles < 1 ? 1 : tiles, across), columns);
    }

    [[nodiscard]] const kernel_type& kernel() const noexcept { return *kernel_; }
    [[nodiscard]] const k_blocks& depth() const noexcept { return depth_; }
    [[nodiscard]] index m() const noexcept { return m_; }
    [[nodiscard]] index n() const noexcept { return n_; }
    [[nodiscard]] index tile_columns() const noexcept { return kernel_->rhs_lines * kernel_->rhs_panels; }
    [[nodiscard]] index task_rows() const noexcept { return task_rows_; }
    [[nodiscard]] index task_columns() const noexcept { return task_columns_; }
    /// Strips of tile_columns() columns whose panels of one block fit in half of the second cache.
    [[nodiscard]] index strips_together() const noexcept {
        constexpr index half_of_cache = index{3} << 17;
        const index strip = kernel_->rhs_panels * kernel_->rhs_bytes(depth_.largest());
        return strip == 0 || strip > half_of_cache ? 1 : half_of_cache / strip;
    }
    [[nodiscard]] index tasks_down() const noexcept { return pieces_of(m_, task_rows_); }
    [[nodiscard]] index tasks_across() const noexcept { return pieces_of(n_, task_columns_); }
    [[nodiscard]] index lhs_panels() const noexcept { return pieces_of(m_, kernel_->lhs_lines); }
    [[nodiscard]] index rhs_panels() const noexcept { return pieces_of(n_, kernel_->rhs_lines); }
    [[nodiscard]] std::size_t lhs_bytes() const noexcept {
        return saturating_product(static_cast<std::size_t>(lhs_panels()), depth_.bytes(kernel_->lhs_bytes));
    }
    [[nodiscard]] std::size_t rhs_bytes() const noexcept {
        return saturating_product(static_cast<std::size_t>(rhs_panels()), depth_.bytes(kernel_->rhs_bytes));
    }
    /// Bytes from the first panel to the one of this number in this block of k.
    [[nodiscard]] std::size_t lhs_place(index block, index panel) const noexcept {
        return place(block, panel, lhs_panels(), kernel_->lhs_bytes);
    }
    [[nodiscard]] std::size_t rhs_place(index block, index panel) const noexcept {
        return place(block, panel, rhs_panels(), kernel_->rhs_bytes);
    }

private:
    [[nodiscard]] std::size_t place(index block, index panel, index panels,
                                    typename kernel_type::bytes_function bytes) const noexcept {
        const auto size = static_cast<std::size_t>(bytes(depth_.at(block).length));
        return static_cast<std::size_t>(panels) * depth_.bytes_before(block, bytes) +
               static_cast<std::size_t>(panel) * size;
    }

    const kernel_type* kernel_ = nullptr;
    k_blocks depth_;
    index m_ = 0;
    index n_ = 0;
    index task_rows_ = 1;
    index task_columns_ = 1;
};

}  // namespace dyad::inline v1
