// SPDX-License-Identifier: Apache-2.0
// Products in steps of k: panels of both operands, each panel its steps one after the other, and tiles of sums that are
// flushed where a run of k ends. A run is the columns within which neither operand changes its scale; long runs are
// several steps, so that packing needs a small buffer only.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/array/arena.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/array/scale_map.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/flush.hpp>
#include <dyad/kernels/matrix_kernel.hpp>

namespace dyad::inline v1 {

struct block_step {
    index k0;
    index length;
    index run;      ///< number of the run
    bool ends_run;  ///< the last step of it
    bool begins_run;
};

/// The steps of k columns, tiles of lhs and rhs along k, steps of at most `most`, a multiple of 64.
struct block_steps {
    index k = 0;
    index lhs_tile = whole_extent;
    index rhs_tile = whole_extent;
    index most = 64;

    template <class F>
    void for_each(F&& f) const noexcept {
        index run = 0;
        for (index first = 0; first < k; ++run) {
            const index last = end_of_run(first);
            for (index k0 = first; k0 < last; k0 += most) {
                const index length = last - k0 < most ? last - k0 : most;
                f(block_step{k0, length, run, k0 + length == last, k0 == first});
            }
            first = last;
        }
    }
    [[nodiscard]] index runs() const noexcept {
        index n = 0;
        for (index first = 0; first < k; ++n) first = end_of_run(first);
        return n;
    }
    [[nodiscard]] index longest_run() const noexcept {
        index longest = 0;
        for (index first = 0; first < k;) {
            const index last = end_of_run(first);
            longest = last - first > longest ? last - first : longest;
            first = last;
        }
        return longest;
    }

private:
    [[nodiscard]] index end_of_run(index first) const noexcept {
        const index a = lhs_tile - first % lhs_tile;
        const index b = rhs_tile - first % rhs_tile;
        const index n = a < b ? a : b;
        return n < k - first ? first + n : k;
    }
};

/// Panels of one operand in memory.
struct block_panels {
    std::byte* data = nullptr;
    index bytes = 0;  ///< of one panel, all steps
};

/// Everything of one product but its operands' values.
template <class Lhs, class Rhs, class Sum>
struct panel_product {
    const matrix_kernel<Lhs, Rhs, Sum>* kernel;
    block_steps steps;
    index rows;
    index columns;

    /// Elements of a tile of sums, and carriers of a buffer for packing, on the stack.
    static constexpr index tile_elements = 4096;
    static constexpr index buffer_bytes = 32768;
    /// Rows that a task takes, at most.
    static constexpr index task_rows = 96;

    /// The longest step for which the lines of a panel fit the buffer.
    [[nodiscard]] static index longest_step(const matrix_kernel<Lhs, Rhs, Sum>& kernel) noexcept {
        const index lines = kernel.lhs_lines > kernel.rhs_lines ? kernel.lhs_lines : kernel.rhs_lines;
        constexpr index size = sizeof(Lhs) > sizeof(Rhs) ? sizeof(Lhs) : sizeof(Rhs);
        const index fits = buffer_bytes / (lines * size) / 64 * 64;
        return fits < 64 ? 64 : fits;
    }

    [[nodiscard]] index lhs_panels() const noexcept { return tiles_of(rows, kernel->lhs_lines); }
    [[nodiscard]] index rhs_panels() const noexcept { return tiles_of(columns, kernel->rhs_lines); }
    [[nodiscard]] index lhs_panel_bytes() const noexcept {
        index bytes = 0;
        steps.for_each([&](const block_step& s) { bytes += kernel->lhs_bytes(s.length); });
        return bytes;
    }
    [[nodiscard]] index rhs_panel_bytes() const noexcept {
        index bytes = 0;
        steps.for_each([&](const block_step& s) { bytes += kernel->rhs_bytes(s.length); });
        return bytes;
    }
    /// Panels of rhs in one call of the kernel: as many as it takes and a tile has room for.
    [[nodiscard]] index panels_at_once() const noexcept {
        const index room = tile_elements / (kernel->lhs_lines * kernel->rhs_lines);
        const index n = kernel->rhs_panels < room ? kernel->rhs_panels : room;
        return n < 1 ? 1 : n;
    }

    template <class Source>
    void pack_lhs(const Source& source, index panel, std::byte* to) const noexcept {
        alignas(64) Lhs buffer[buffer_bytes / sizeof(Lhs)];
        const index first = panel * kernel->lhs_lines;
        const index lines = rows - first < kernel->lhs_lines ? rows - first : kernel->lhs_lines;
        steps.for_each([&](const block_step& s) {
            kernel->pack_lhs(source.read(first, lines, s.k0, s.length, static_cast<Lhs*>(buffer)), lines, s.length, to);
            to += kernel->lhs_bytes(s.length);
        });
    }
    /// Panels that one call of the kernel takes lie side by side, step by step.
    template <class Source>
    void pack_rhs(const Source& source, index panel, block_panels to) const noexcept {
        alignas(64) Rhs buffer[buffer_bytes / sizeof(Rhs)];
        const index first = panel * kernel->rhs_lines;
        const index lines = columns - first < kernel->rhs_lines ? columns - first : kernel->rhs_lines;
        const index group = panels_at_once();
        std::byte* at = to.data + panel / group * group * to.bytes;
        steps.for_each([&](const block_step& s) {
            const index bytes = kernel->rhs_bytes(s.length);
            kernel->pack_rhs(source.read(first, lines, s.k0, s.length, static_cast<Rhs*>(buffer)), lines, s.length,
                             at + panel % group * bytes);
            at += group * bytes;
        });
    }
    template <class Source, class Executor>
    void pack_all_lhs(const Source& source, block_panels to, Executor& execute) const {
        execute(lhs_panels(), [&](index p) {
            const default_float_environment environment;
            pack_lhs(source, p, to.data + p * to.bytes);
        });
    }
    template <class Source, class Executor>
    void pack_all_rhs(const Source& source, block_panels to, Executor& execute) const {
        execute(rhs_panels(), [&](index p) {
            const default_float_environment environment;
            pack_rhs(source, p, to);
        });
    }

    /// For every tile: flush(run, row, column, rows, columns, sums, totals, stride) at the end of each run, then
    /// finish(row, column, rows, columns, sums, totals, stride). Without columns of k both are 0.
    template <class Tile, class Executor>
    void multiply(block_panels lhs, block_panels rhs, const Tile& tile, bool gradual, Executor& execute) const {
        const index group = panels_at_once();
        const index groups = tiles_of(rhs_panels(), group);
        const index in_task = task_rows / kernel->lhs_lines < 1 ? 1 : task_rows / kernel->lhs_lines;
        const index row_tasks = tiles_of(lhs_panels(), in_task);
        const auto run = gradual && kernel->multiply_gradual != nullptr ? kernel->multiply_gradual : kernel->multiply;
        execute(groups * row_tasks, [&, run](index task) {
            const default_float_environment environment;
            if (kernel->begin != nullptr) kernel->begin();
            const index g = task / row_tasks;
            const index first = task % row_tasks * in_task;
            const index last = lhs_panels() - first < in_task ? lhs_panels() : first + in_task;
            for (index p = first; p < last; ++p) multiply_tile(lhs, rhs, p, g * group, group, tile, run);
            if (kernel->end != nullptr) kernel->end();
        });
    }

private:
    template <class Tile>
    void multiply_tile(block_panels lhs, block_panels rhs, index lhs_panel, index rhs_panel, index group,
                       const Tile& tile, typename matrix_kernel<Lhs, Rhs, Sum>::multiply_function run) const noexcept {
        const index row = lhs_panel * kernel->lhs_lines;
        const index column = rhs_panel * kernel->rhs_lines;
        const index m = rows - row < kernel->lhs_lines ? rows - row : kernel->lhs_lines;
        const index most = group * kernel->rhs_lines;
        const index n = columns - column < most ? columns - column : most;
        alignas(64) Sum sums[tile_elements];
        alignas(64) float totals[tile_elements];
        if (steps.k == 0) {
            for (index i = 0; i < m * most; ++i) sums[i] = 0;
            for (index i = 0; i < m * most; ++i) totals[i] = 0;
        }
        const std::byte* a = lhs.data + lhs_panel * lhs.bytes;
        const std::byte* b = rhs.data + rhs_panel * rhs.bytes;
        steps.for_each([&](const block_step& s) {
            run(a, b, s.length, m, n, static_cast<Sum*>(sums), most,
                s.begins_run ? tile_start::zero : tile_start::sums);
            a += kernel->lhs_bytes(s.length);
            b += group * kernel->rhs_bytes(s.length);
            if (s.ends_run) {
                tile.flush(s.run, row, column, m, n, static_cast<Sum*>(sums), static_cast<float*>(totals), most);
            }
        });
        tile.finish(row, column, m, n, static_cast<Sum*>(sums), static_cast<float*>(totals), most);
    }
};

/// Memory for the panels of an operand; of rhs whole groups.
template <class Product>
[[nodiscard]] status take_lhs_panels(arena& memory, const Product& product, block_panels& panels) noexcept {
    matrix_view<std::byte> m;
    const status s = memory.take(product.lhs_panels(), product.lhs_panel_bytes(), m);
    panels = {m.data, product.lhs_panel_bytes()};
    return s;
}
template <class Product>
[[nodiscard]] status take_rhs_panels(arena& memory, const Product& product, block_panels& panels) noexcept {
    matrix_view<std::byte> m;
    const index groups = tiles_of(product.rhs_panels(), product.panels_at_once());
    const status s = memory.take(groups * product.panels_at_once(), product.rhs_panel_bytes(), m);
    panels = {m.data, product.rhs_panel_bytes()};
    return s;
}
template <class Product>
[[nodiscard]] status take_panels(arena& memory, const Product& product, block_panels& lhs, block_panels& rhs) noexcept {
    const status s = take_lhs_panels(memory, product, lhs);
    return s == status::ok ? take_rhs_panels(memory, product, rhs) : s;
}

}  // namespace dyad::inline v1
