// SPDX-License-Identifier: Apache-2.0
// The driver of all matrix products: lines of two sources are packed into panels, a kernel multiplies panels, an
// epilogue takes the sums. One task is some rows by some columns; results do not depend on how tasks are cut or run.
//   sums[i][j] = sum over k of lhs line i times rhs line j;  dst[i][j] = epilogue(finish(sums[i][j]), i, j)
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/array/executor.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/matrix_kernel.hpp>
#include <dyad/kernels/smallest_magnitude.hpp>
#include <dyad/linalg/epilogue.hpp>
#include <dyad/linalg/epilogue_form.hpp>
#include <dyad/linalg/product_blocks.hpp>
#include <dyad/linalg/sources.hpp>

namespace dyad::inline v1 {

/// What a float sum becomes before the epilogue sees it: the same.
struct as_summed {
    template <class Total>
    [[nodiscard]] constexpr Total operator()(Total total) const noexcept {
        return total;
    }
};
/// An exact integer sum, times a power of two, rounded once to float.
struct in_units {
    float unit;
    template <class Total>
    [[nodiscard]] constexpr float operator()(Total total) const noexcept {
        return static_cast<float>(total) * unit;
    }
};
/// An exact integer sum in the type that the caller asked for, in which it is known to fit.
template <class Sum>
struct as_type {
    template <class Total>
    [[nodiscard]] constexpr Sum operator()(Total total) const noexcept {
        return static_cast<Sum>(total);
    }
};

/// Are a product's operands known to keep bf16 kernels away from subnormals?
enum class subnormals : std::uint8_t {
    excluded,  ///< by the formats
    possible   ///< the numbers decide
};

/// One operand's lines into panels, all blocks of k. Gives the smallest magnitude where it decides how to multiply: the
/// kernel flushes subnormals, and they are possible.
template <operand_side Side, class L, class R, class S, line_source Source>
[[gnu::noinline]] std::uint16_t pack_panel(const product_blocks<L, R, S>& blocks, const Source& source, index panel,
                                           std::byte* panels, subnormals expected) noexcept {
    using carrier_type = typename Source::carrier_type;
    const auto& kernel = blocks.kernel();
    constexpr bool is_lhs = Side == operand_side::lhs;
    const index lines = is_lhs ? kernel.lhs_lines : kernel.rhs_lines;
    const index first = panel * lines;
    const index count = source.lines() - first < lines ? source.lines() - first : lines;
    alignas(64) std::byte memory[32 * largest_line_bytes];
    auto* const buffer = reinterpret_cast<carrier_type*>(memory);
    std::uint16_t smallest = no_magnitude;
    for (index b = 0; b < blocks.depth().count(); ++b) {
        const auto part = blocks.depth().at(b);
        const auto from = source.read(first, count, part.first, part.length, buffer);
        if constexpr (std::same_as<carrier_type, bfloat16>) {
            if (kernel.multiply_gradual != nullptr && expected == subnormals::possible)
                smallest = smallest_magnitude(from, count, part.length, smallest);
        }
        if constexpr (is_lhs) kernel.pack_lhs(from, count, part.length, panels + blocks.lhs_place(b, panel));
        else kernel.pack_rhs(from, count, part.length, panels + blocks.rhs_place(b, panel));
    }
    return smallest;
}

/// target = the smaller of target and x, from any thread.
inline void lower_to(std::uint16_t& target, std::uint16_t x) noexcept {
    std::uint16_t seen = __atomic_load_n(&target, __ATOMIC_RELAXED);
    while (x < seen && !__atomic_compare_exchange_n(&target, &seen, x, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

/// What all tasks of one product share.
template <class L, class R, class S, class Total, class Finish, class D, class Epilogue>
class product_task {
    using sum_type = std::invoke_result_t<Finish, Total>;
    static constexpr bool flushes = !std::same_as<S, Total>;

public:
    const product_blocks<L, R, S>& blocks;
    const std::byte* lhs;
    const std::byte* rhs;
    matrix_view<D> dst;
    const Epilogue& epilogue;
    Finish finish;

    /// Rows and columns of one task; `multiply` is one of the kernel's two ways.
    void run(index task_row, index task_column,
             typename matrix_kernel<L, R, S>::multiply_function multiply) const noexcept {
        const index first_row = task_row * blocks.task_rows();
        const index end_row = smaller(blocks.m(), first_row + blocks.task_rows());
        const index first_column = task_column * blocks.task_columns();
        const index end_column = smaller(blocks.n(), first_column + blocks.task_columns());
        run_part(first_row, end_row, first_column, end_column, blocks.depth().count(), multiply);
    }
    /// At most task_rows() rows, from a multiple of the kernel's lhs_lines on; columns from a multiple of
    /// tile_columns() on; the first `parts` blocks of k, which end a chain.
    [[gnu::noinline]] void run_part(index first_row, index end_row, index first_column, index end_column, index parts,
                                    typename matrix_kernel<L, R, S>::multiply_function multiply) const noexcept {
        const auto& kernel = blocks.kernel();
        if (kernel.begin != nullptr) kernel.begin();
        if (parts == 1) {
            run_whole(first_row, end_row, first_column, end_column, multiply);
        } else {
            const index strip = blocks.tile_columns();
            for (index j = first_column; j < end_column; j += strip)
                run_strip(first_row, end_row, j, smaller(end_column - j, strip), parts, multiply);
        }
        if (kernel.end != nullptr) kernel.end();
    }

private:
    static constexpr index smaller(index x, index y) noexcept { return x < y ? x : y; }

    /// With one block of k: for each panel of lhs all strips of some columns whose panels take half of the second
    /// cache, so that the panel stays in the first one, and so do the sums on their way to the epilogue.
    void run_whole(index first_row, index end_row, index first_column, index end_column,
                   typename matrix_kernel<L, R, S>::multiply_function multiply) const noexcept {
        const auto& kernel = blocks.kernel();
        const index k = blocks.depth().at(0).length;
        const index strip = blocks.tile_columns();
        const index together = strip * blocks.strips_together();
        const std::ptrdiff_t lhs_step = kernel.lhs_bytes(k);
        const std::ptrdiff_t rhs_step = kernel.rhs_bytes(k) * kernel.rhs_panels;
        for (index j0 = first_column; j0 < end_column; j0 += together) {
            const index j1 = smaller(end_column, j0 + together);
            const std::byte* left = lhs + blocks.lhs_place(0, first_row / kernel.lhs_lines);
            for (index i = first_row; i < end_row; i += kernel.lhs_lines, left += lhs_step) {
                const index rows = smaller(end_row - i, kernel.lhs_lines);
                const std::byte* right = rhs + blocks.rhs_place(0, j0 / kernel.rhs_lines);
                for (index j = j0; j < j1; j += strip, right += rhs_step)
                    run_tile(left, right, k, i, j, rows, smaller(j1 - j, strip), multiply);
            }
        }
    }
    void run_tile(const std::byte* left, const std::byte* right, index k, index i, index j, index rows, index columns,
                  typename matrix_kernel<L, R, S>::multiply_function multiply) const noexcept {
        if constexpr (std::same_as<D, S>) {
            if (stores_directly())
                return multiply(left, right, k, rows, columns, &dst(i, j), dst.stride[0], tile_start::zero);
        }
        const index stride = blocks.tile_columns();
        alignas(64) S sums[largest_tile_sums];
        multiply(left, right, k, rows, columns, sums, stride, tile_start::zero);
        if constexpr (flushes) {
            alignas(64) Total totals[largest_tile_sums];
            flush(sums, totals, rows, columns, true);
            emit(totals, i, j, rows, columns, stride);
        } else {
            emit(sums, i, j, rows, columns, stride);
        }
    }

    /// With several blocks of k: one strip of columns for all rows of the task, block after block.
    void run_strip(index first_row, index end_row, index j, index columns, index parts,
                   typename matrix_kernel<L, R, S>::multiply_function multiply) const noexcept {
        const auto& kernel = blocks.kernel();
        alignas(64) S sums[largest_task_sums];
        alignas(64) Total totals[flushes ? largest_task_sums : 1];
        const index stride = blocks.tile_columns();
        const bool direct = stores_directly();
        for (index b = 0; b < parts; ++b) {
            const auto part = blocks.depth().at(b);
            const auto start = part.begins_chain ? tile_start::zero : tile_start::sums;
            const std::byte* const right = rhs + blocks.rhs_place(b, j / kernel.rhs_lines);
            const std::byte* left = lhs + blocks.lhs_place(b, first_row / kernel.lhs_lines);
            const std::ptrdiff_t panel_bytes = kernel.lhs_bytes(part.length);
            for (index i = first_row; i < end_row; i += kernel.lhs_lines, left += panel_bytes) {
                const index rows = smaller(end_row - i, kernel.lhs_lines);
                S* const tile = sums + (i - first_row) * stride;
                if constexpr (std::same_as<D, S>) {
                    if (direct) {
                        multiply(left, right, part.length, rows, columns, &dst(i, j), dst.stride[0], start);
                        continue;
                    }
                }
                multiply(left, right, part.length, rows, columns, tile, stride, start);
                if constexpr (flushes) {
                    Total* const total = totals + (tile - sums);
                    if (part.ends_chain) flush(tile, total, rows, columns, part.in_first_chain);
                    if (b + 1 == parts) emit(total, i, j, rows, columns, stride);
                } else {
                    if (b + 1 == parts) emit(tile, i, j, rows, columns, stride);
                }
            }
        }
    }

    /// May the kernel write dst itself?
    [[nodiscard]] bool stores_directly() const noexcept {
        constexpr bool same = std::same_as<D, S> && std::same_as<Epilogue, keep_sum> && std::same_as<Finish, as_summed>;
        return same && !flushes && dst.stride[1] == 1;
    }

    /// The sums of one chain to the totals.
    void flush(const S* tile, Total* total, index rows, index columns, bool begins) const noexcept {
        const index stride = blocks.tile_columns();
        for (index r = 0; r < rows; ++r) {
            for (index c = 0; c < columns; ++c) {
                const auto chain = static_cast<Total>(tile[r * stride + c]);
                total[r * stride + c] = begins ? chain : total[r * stride + c] + chain;
            }
        }
    }

    /// Totals through the epilogue to dst, from element (i, j) on.
    void emit(const Total* totals, index i, index j, index rows, index columns, index stride) const noexcept {
        if (dst.stride[1] != 1) return emit_each(totals, i, j, rows, columns, stride);
        const instruction_set isa = blocks.kernel().isa;
        if constexpr (std::same_as<Finish, as_summed>) {
            run_epilogue(epilogue, isa, sum_tile<sum_type, D>{totals, stride, rows, columns, &dst(i, j), dst.stride[0]},
                         i, j);
        } else {
            alignas(64) sum_type finished[largest_tile_columns];
            for (index r = 0; r < rows; ++r) {
                for (index c = 0; c < columns; ++c) finished[c] = finish(totals[r * stride + c]);
                run_epilogue(epilogue, isa, sum_tile<sum_type, D>{finished, columns, 1, columns, &dst(i + r, j), 1},
                             i + r, j);
            }
        }
    }
    void emit_each(const Total* totals, index i, index j, index rows, index columns, index stride) const noexcept {
        for (index r = 0; r < rows; ++r) {
            for (index c = 0; c < columns; ++c)
                dst(i + r, j + c) = epilogue(finish(totals[r * stride + c]), i + r, j + c);
        }
    }
};

/// Packs all of rhs. Gives the smallest magnitude, as pack_panel does.
template <class L, class R, class S, line_source Source, executor Executor>
std::uint16_t pack_rhs(const product_blocks<L, R, S>& blocks, const Source& source, std::byte* panels,
                       subnormals expected, Executor&& execute) noexcept {
    std::uint16_t smallest = no_magnitude;
    const index panels_together = blocks.kernel().rhs_panels;
    execute(pieces_of(blocks.rhs_panels(), panels_together), [&](index task) {
        const default_float_environment environment;
        const index first = task * panels_together;
        const index rest = blocks.rhs_panels() - first;
        for (index p = first; p < first + (rest < panels_together ? rest : panels_together); ++p) {
            lower_to(smallest, pack_panel<operand_side::rhs>(blocks, source, p, panels, expected));
        }
    });
    return smallest;
}

/// The whole product from a packed rhs; lhs_panels: room for blocks.lhs_bytes().
template <class Total, class L, class R, class S, line_source Source, class Finish, class D, class Epilogue,
          executor Executor>
void multiply_packed(const product_blocks<L, R, S>& blocks, const Source& lhs, std::byte* lhs_panels,
                     const std::byte* rhs_panels, std::uint16_t smallest_rhs, subnormals expected, matrix_view<D> dst,
                     const Epilogue& epilogue, Finish finish, Executor&& execute) noexcept {
    const auto& kernel = blocks.kernel();
    const product_task<L, R, S, Total, Finish, D, Epilogue> task{blocks, lhs_panels, rhs_panels, dst, epilogue, finish};
    const auto pack = [&](index first_row, index end_row) {
        std::uint16_t smallest = no_magnitude;
        for (index i = first_row; i < end_row; i += kernel.lhs_lines) {
            const auto s = pack_panel<operand_side::lhs>(blocks, lhs, i / kernel.lhs_lines, lhs_panels, expected);
            smallest = s < smallest ? s : smallest;
        }
        return smallest;
    };
    const auto way = [&](std::uint16_t smallest) {
        const bool gradual = kernel.multiply_gradual != nullptr && expected == subnormals::possible &&
                             !never_subnormal(smallest, smallest_rhs);
        return gradual ? kernel.multiply_gradual : kernel.multiply;
    };
    const index down = blocks.tasks_down();
    const index across = blocks.tasks_across();
    const auto end_of = [&](index first, index size) { return blocks.m() - first < size ? blocks.m() : first + size; };
    if (across == 1) {
        // A task packs its own rows: they are in its cache when it multiplies them.
        execute(down, [&](index t) {
            const default_float_environment environment;
            const index first = t * blocks.task_rows();
            const std::uint16_t smallest = pack(first, end_of(first, blocks.task_rows()));
            task.run(t, 0, way(smallest));
        });
        return;
    }
    std::uint16_t smallest = no_magnitude;
    const index rows_together = 4 * kernel.lhs_lines;
    execute(pieces_of(blocks.m(), rows_together), [&](index t) {
        const default_float_environment environment;
        const index first = t * rows_together;
        lower_to(smallest, pack(first, end_of(first, rows_together)));
    });
    execute(down * across, [&](index t) {
        const default_float_environment environment;
        task.run(t / across, t % across, way(smallest));
    });
}

}  // namespace dyad::inline v1
