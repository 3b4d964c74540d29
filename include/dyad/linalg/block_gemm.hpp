// SPDX-License-Identifier: Apache-2.0
// block_gemm: dst[m][n] = epilogue(sum_k lhs[m][k] * rhs[k][n]) of matrices with shared scales, of which plain matrices
// are those with the scale 1. linalg/block_path.hpp says what the sum is.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/block_dot.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/quantize.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/flush.hpp>
#include <dyad/kernels/matrix.hpp>
#include <dyad/linalg/block_check.hpp>
#include <dyad/linalg/block_lines.hpp>
#include <dyad/linalg/block_panels.hpp>
#include <dyad/linalg/block_path.hpp>
#include <dyad/linalg/block_scan.hpp>
#include <dyad/linalg/block_sum.hpp>
#include <dyad/linalg/block_tables.hpp>
#include <dyad/linalg/emit.hpp>

namespace dyad::inline v1 {

/// What happens to a finished tile: scaled, and given to the epilogue.
template <class Dst, class Epilogue>
struct block_output {
    matrix_view<Dst> dst;
    const Epilogue& epilogue;
    instruction_set isa;
    float unit;  ///< of the totals: a power of two
    float lhs_scale;
    float rhs_scale;

    void finish(index row, index column, index rows, index columns, float* totals, index stride) const noexcept {
        for (index i = 0; i < rows; ++i) {
            float* const x = totals + i * stride;
            if (unit != 1) finish_totals(isa, x, columns, unit, 1);
            finish_totals(isa, x, columns, lhs_scale, rhs_scale);
            emit_row(isa, static_cast<const float*>(x), as_summed{}, epilogue, row + i, column, columns,
                     &dst(row + i, column), dst.stride[1]);
        }
    }
};

/// Tiles whose runs are flushed.
template <class Output>
struct flushed_tiles {
    const Output& output;
    line_tables lhs;
    line_tables rhs;

    template <class Sum>
    void flush(index run, index row, index column, index rows, index columns, const Sum* sums, float* totals,
               index stride) const noexcept {
        flush_lines lines;
        lines.lhs_scales = &lhs.scales(run, row);
        lines.rhs_scales = &rhs.scales(run, column);
        if (lhs.zeros.data != nullptr) {
            lines.lhs_zeros = &lhs.zeros(run, row);
            lines.rhs_sums = &rhs.sums(run, column);
        }
        if (rhs.zeros.data != nullptr) {
            lines.rhs_zeros = &rhs.zeros(run, column);
            lines.lhs_rests = &lhs.sums(run, row);
        }
        flush_sums(output.isa, sums, stride, rows, columns, lines, run == 0 ? tile_start::zero : tile_start::sums,
                   totals, stride);
    }
    template <class Sum>
    void finish(index row, index column, index rows, index columns, const Sum*, float* totals,
                index stride) const noexcept {
        output.finish(row, column, rows, columns, totals, stride);
    }
};

/// Tiles whose float sums are the result but for a power of two.
template <class Output>
struct folded_tiles {
    const Output& output;
    int power;

    void flush(index, index, index, index, index, float*, float*, index) const noexcept {}
    void finish(index row, index column, index rows, index columns, float* sums, float*, index stride) const noexcept {
        if (power != 0) {
            // In double the product is exact, so that float rounds once.
            const double factor = power_of_two_as_double(power);
            for (index i = 0; i < rows; ++i) {
                for (index j = 0; j < columns; ++j) {
                    float& x = sums[i * stride + j];
                    x = static_cast<float>(static_cast<double>(x) * factor);
                }
            }
        }
        output.finish(row, column, rows, columns, sums, stride);
    }

private:
    [[nodiscard]] static double power_of_two_as_double(int e) noexcept {
        return pack_as<double>(unpacked::finite(false, 1, e), rounding::nearest_even, saturation::none);
    }
};

/// A checked product of an m x k and a k x n operand, quantized views or plain matrices (also block_codes; rhs' blocks
/// lie along k: transposed(view_of_blocks(weights, n, k))). Any layout and tiles; a plan is made for the tiles along k.
template <class Lhs, class Rhs>
class block_gemm_plan {
    static_assert(block_operand<Lhs> && block_operand<Rhs>,
                  "dyad::block_gemm_plan multiplies quantized views and plain matrices.");
    using A = scaled_operand<Lhs>;
    using B = scaled_operand<Rhs>;
    /// rhs' columns as rows.
    using C = decltype(transposed(std::declval<const B&>()));

public:
    static constexpr block_rule rule = block_rule_of<A, C>();
    static_assert(rule != block_rule::none,
                  "dyad::block_gemm_plan has no float sum for these elements, scales and zero points: take "
                  "dyad::exact_gemm_plan.");
    using sum_type = float;

    /// Plans products of operands with these extents and tiles along k; their memory is not looked at.
    static status make(const Lhs& lhs, const Rhs& rhs, const block_options& options, block_gemm_plan& plan) noexcept {
        const A a = with_scales(lhs);
        const C b = transposed(with_scales(rhs));
        if (const status s = check_planned(a, b); s != status::ok) return s;
        block_gemm_plan made;
        made.m_ = a.codes.extent[0];
        made.k_ = a.codes.extent[1];
        made.n_ = b.codes.extent[0];
        made.lhs_tile_ = a.scales.tile[1];
        made.rhs_tile_ = b.scales.tile[1];
        made.isa_ = at_most(options.cap);
        made.alignment_ = options.alignment;
        if (made.steps(64).longest_run() > max_run) return status::k_exceeds_accumulator;
        plan = made;
        return status::ok;
    }

    /// Longest run whose integer sums fit, whatever the codes and zero points.
    static constexpr index max_run = [] {
        if constexpr (rule == block_rule::integers8) {
            constexpr auto a = block_rules::integers_carried<A>();
            constexpr auto b = block_rules::integers_carried<C>();
            return static_cast<index>(word_max<std::int32_t>() / (a.largest * b.largest));
        } else {
            return whole_extent;  // (of int64, 2^33 products)
        }
    }();

    [[nodiscard]] std::size_t workspace_bytes() const noexcept {
        const std::size_t main = bytes_of(rule == block_rule::folded ? block_path::folded_bf16 : plain_path);
        const std::size_t other = may_align ? bytes_of(block_path::aligned_int8) : 0;
        return main > other ? main : other;
    }

    /// What run would take for these operands, and why: the rule follows from the types, the path from the scales.
    [[nodiscard]] block_description describe(const Lhs& lhs, const Rhs& rhs) const noexcept {
        const choice c = choose(with_scales(lhs), transposed(with_scales(rhs)), nullptr, nullptr);
        return {rule,        c.path,      kernel_name(c.path), is_flushed(c.path) ? steps(64).runs() : 1,
                c.lhs_power, c.rhs_power, workspace_bytes()};
    }

    /// Runs the plan. Any strides; dst may not overlap itself, the operands or the workspace. epilogue(sum, row,
    /// column) gives dst's element. The same bits for every executor and instruction set. Nothing is written unless the
    /// status is ok.
    template <class D, class Epilogue, executor Executor = serial>
    status run(const Lhs& lhs, const Rhs& rhs, matrix_view<D> dst, const Epilogue& epilogue,
               std::span<std::byte> workspace, Executor&& execute = {}) const noexcept {
        const A a = with_scales(lhs);
        const C b = transposed(with_scales(rhs));
        if (const status s = check(a, b, dst, workspace); s != status::ok) return s;
        if (m_ == 0 || n_ == 0) return status::ok;
        block_output<D, Epilogue> output{dst, epilogue, isa_, 1, a.scales.tensor_scale, b.scales.tensor_scale};
        if constexpr (rule == block_rule::folded) {
            arena memory(workspace);
            matrix_view<std::int32_t> units;
            if (memory.take(1, m_ + n_, units) != status::ok) return status::workspace_too_small;
            const choice c = choose(a, b, units.data, units.data + m_);
            if (c.path == block_path::unbounded) return run_unbounded(a, b, output, execute);
            if constexpr (may_align) {
                if (c.path == block_path::aligned_int8)
                    return run_aligned(a, b, output, units.data, units.data + m_, memory, execute);
            }
            return run_folded(a, b, output, c, memory, execute);
        } else {
            return run_flushed(a, b, output, workspace, execute);
        }
    }

private:
    static constexpr std::uint64_t largest_product =
        static_cast<std::uint64_t>(block_rules::integers_carried<A>().largest) *
        static_cast<std::uint64_t>(block_rules::integers_carried<C>().largest);
    static constexpr bool is_integer = rule == block_rule::integers8 || rule == block_rule::integers16;
    static constexpr block_path plain_path = is_integer ? block_path::flushed_integers : block_path::flushed_floats;
    /// Places that the integers of a view can move up within int8; -1 where it has none or scales are no powers of two.
    template <class View>
    static constexpr int room_of = [] {
        constexpr auto integers = block_rules::integers_carried<View>();
        if (!integers.exist || integers.bits != 8 || !block_rules::is_power<typename View::scale>) return -1;
        int room = 0;
        while ((integers.largest << (room + 1)) <= 127) ++room;
        return room;
    }();
    static constexpr bool may_align = rule == block_rule::folded && room_of<A> >= 0 && room_of<C> >= 0;

    using bytes_product = panel_product<std::int8_t, std::int8_t, std::int32_t>;
    using halves_product = panel_product<std::int16_t, std::int16_t, std::int64_t>;
    using bf16_product = panel_product<bfloat16, bfloat16, float>;
    using float_product = panel_product<float, float, float>;

    struct choice {
        block_path path = plain_path;
        int lhs_power = 0;
        int rhs_power = 0;
    };

    [[nodiscard]] static constexpr bool is_flushed(block_path path) noexcept {
        return path == block_path::flushed_integers || path == block_path::flushed_floats;
    }
    [[nodiscard]] block_steps steps(index most) const noexcept {
        if constexpr (rule == block_rule::folded) return {k_, whole_extent, whole_extent, most};
        else return {k_, lhs_tile_, rhs_tile_, most};
    }
    template <class Product, class Kernel>
    [[nodiscard]] Product product_of(const Kernel& kernel) const noexcept {
        return {&kernel, steps(Product::longest_step(kernel)), m_, n_};
    }
    /// The product that the rule asks for; of `folded` the one in bfloat16.
    [[nodiscard]] auto main_product() const noexcept {
        if constexpr (rule == block_rule::integers8)
            return product_of<bytes_product>(integer8_kernel<std::int8_t, std::int8_t>(isa_));
        else if constexpr (rule == block_rule::integers16)
            return product_of<halves_product>(integer16_kernel(isa_, largest_product));
        else if constexpr (rule == block_rule::floats_f32) return product_of<float_product>(f32_kernel(isa_));
        else return product_of<bf16_product>(bf16_kernel(isa_));
    }
    [[nodiscard]] bytes_product aligned_product() const noexcept {
        return product_of<bytes_product>(integer8_kernel<std::int8_t, std::int8_t>(isa_));
    }
    [[nodiscard]] const char* kernel_name(block_path path) const noexcept {
        if (path == block_path::unbounded) return "";
        return path == block_path::aligned_int8 ? aligned_product().kernel->name : main_product().kernel->name;
    }

    // --- which path ---

    /// Fills the units of lines, where there is room for them, for aligned_int8.
    [[nodiscard]] choice choose(const A& a, const C& b, std::int32_t* lhs_units,
                                std::int32_t* rhs_units) const noexcept {
        if constexpr (rule != block_rule::folded) {
            return {};
        } else {
            if (k_ == 0 || m_ == 0 || n_ == 0) return {block_path::folded_bf16, 0, 0};
            if constexpr (may_align) {
                if (alignment_ == block_alignment::automatic && is_alignable(a, b, lhs_units, rhs_units))
                    return {block_path::aligned_int8, 0, 0};
            }
            return choose_powers(span_of_view(a), span_of_view(b));
        }
    }
    /// Do all integers fit int8, all sums of magnitudes float's 24 digits, so that no sum rounds, and all results the
    /// normal floats?
    [[nodiscard]] bool is_alignable(const A& a, const C& b, std::int32_t* lhs_units,
                                    std::int32_t* rhs_units) const noexcept {
        constexpr auto x = block_rules::integers_carried<A>();
        constexpr auto y = block_rules::integers_carried<C>();
        constexpr std::int64_t limit = std::int64_t{1} << 24;
        if (k_ > limit / (x.largest * y.largest)) return false;
        const alignment rhs = align_lines(b, room_of<C>, rhs_units);
        if (!rhs.exists || (k_ * x.largest * y.largest) << rhs.up > limit) return false;
        const alignment lhs = align_lines(a, room_of<A>, lhs_units);
        if (!lhs.exists || (k_ * x.largest * y.largest) << (rhs.up + lhs.up) > limit) return false;
        if (lhs.units.is_empty() || rhs.units.is_empty()) return true;
        const int low = lhs.units.low + x.unit;
        const int high = lhs.units.high + x.unit;
        return low >= -126 && high <= 127 && rhs.units.low + y.unit >= -126 && rhs.units.high + y.unit <= 127 &&
               low + rhs.units.low + y.unit >= -126 && high + rhs.units.high + y.unit <= 127 - 24;
    }
    /// Powers of two to take out, so that operands are normal in bfloat16, products multiples of 2^-126 (a sum that is
    /// not 0 is normal then, rounded or not) and sums of k of them floats.
    [[nodiscard]] choice choose_powers(exponent_span a, exponent_span b) const noexcept {
        if (a.is_empty()) a = {0, 1};
        if (b.is_empty()) b = {0, 1};
        const int terms = bit_width(static_cast<std::uint64_t>(k_)) + 1;
        const auto fits = [&](int p, int q) {
            return a.low - p >= -126 && b.low - q >= -126 && a.high - p <= 128 && b.high - q <= 128 &&
                   a.low - p + b.low - q >= -126 && a.high - p + b.high - q + terms <= 127;
        };
        if (fits(0, 0)) return {block_path::folded_bf16, 0, 0};
        if (fits(a.low + 63, b.low + 63)) return {block_path::folded_bf16, a.low + 63, b.low + 63};
        return {block_path::unbounded, 0, 0};
    }

    // --- memory ---

    [[nodiscard]] std::size_t bytes_of(block_path path) const noexcept {
        arena need = arena::measuring();
        matrix_view<std::int32_t> units;
        bool fits = true;
        if (rule == block_rule::folded) fits = need.take(1, saturating_add<std::int64_t>(m_, n_), units) == status::ok;
        line_tables lhs;
        line_tables rhs;
        block_panels a;
        block_panels b;
        if (path == block_path::aligned_int8) {
            fits = fits && take_tables(need, table_kinds::scales, 1, m_, lhs) == status::ok &&
                   take_tables(need, table_kinds::scales, 1, n_, rhs) == status::ok &&
                   take_panels(need, aligned_product(), a, b) == status::ok;
        } else {
            if (is_flushed(path)) fits = fits && take_flush_tables(need, lhs, rhs) == status::ok;
            fits = fits && take_panels(need, main_product(), a, b) == status::ok;
        }
        return fits ? need.used() : static_cast<std::size_t>(-1);
    }
    [[nodiscard]] status take_flush_tables(arena& memory, line_tables& lhs, line_tables& rhs) const noexcept {
        const index runs = steps(64).runs();
        const status s =
            take_tables(memory, rule == block_rule::integers8 ? tables_of<A, C> : table_kinds::scales, runs, m_, lhs);
        return s == status::ok
                   ? take_tables(memory, rule == block_rule::integers8 ? tables_of<C, A> : table_kinds::scales, runs,
                                 n_, rhs)
                   : s;
    }

    // --- the paths ---

    template <class Product, class LhsSource, class RhsSource, class Tiles, class Executor>
    static status multiply(const Product& product, const LhsSource& lhs, const RhsSource& rhs, const Tiles& tiles,
                           arena& memory, bool gradual, Executor& execute) {
        block_panels a;
        block_panels b;
        if (take_panels(memory, product, a, b) != status::ok) return status::workspace_too_small;
        product.pack_all_rhs(rhs, b, execute);
        product.pack_all_lhs(lhs, a, execute);
        product.multiply(a, b, tiles, gradual, execute);
        return status::ok;
    }
    template <class Output, class Executor>
    status run_folded(const A& a, const C& b, const Output& output, const choice& c, arena& memory,
                      Executor& execute) const {
        const folded_tiles<Output> tiles{output, c.lhs_power + c.rhs_power};
        return multiply(main_product(), folded_lines<A>{a, isa_, c.lhs_power}, folded_lines<C>{b, isa_, c.rhs_power},
                        tiles, memory, false, execute);
    }
    template <class Output, class Executor>
    status run_aligned(const A& a, const C& b, const Output& output, const std::int32_t* lhs_units,
                       const std::int32_t* rhs_units, arena& memory, Executor& execute) const {
        line_tables lhs;
        line_tables rhs;
        if (take_tables(memory, table_kinds::scales, 1, m_, lhs) != status::ok ||
            take_tables(memory, table_kinds::scales, 1, n_, rhs) != status::ok)
            return status::workspace_too_small;
        const auto power = [](int e) {
            return pack_as<float>(unpacked::finite(false, 1, e), rounding::nearest_even, saturation::none);
        };
        constexpr int lhs_unit = block_rules::integers_carried<A>().unit;
        constexpr int rhs_unit = block_rules::integers_carried<C>().unit;
        for (index i = 0; i < m_; ++i) lhs.scales(0, i) = power(lhs_units[i] + lhs_unit);
        for (index j = 0; j < n_; ++j) rhs.scales(0, j) = power(rhs_units[j] + rhs_unit);
        const flushed_tiles<Output> tiles{output, lhs, rhs};
        return multiply(aligned_product(), aligned_lines<A, std::int8_t>{a, isa_, lhs_units},
                        aligned_lines<C, std::int8_t>{b, isa_, rhs_units}, tiles, memory, false, execute);
    }
    template <class Output, class Executor>
    status run_flushed(const A& a, const C& b, Output& output, std::span<std::byte> workspace,
                       Executor& execute) const {
        arena memory(workspace);
        line_tables lhs;
        line_tables rhs;
        if (take_flush_tables(memory, lhs, rhs) != status::ok) return status::workspace_too_small;
        const auto product = main_product();
        const auto run = [&](const auto& x, const auto& y, bool gradual) {
            fill_all(a, x, product.steps, lhs, execute);
            fill_all(b, y, product.steps, rhs, execute);
            if (rhs.zeros.data != nullptr) subtract_zeros(a, product.steps, lhs);
            return multiply(product, x, y, flushed_tiles<Output>{output, lhs, rhs}, memory, gradual, execute);
        };
        if constexpr (is_integer) {
            using code = std::conditional_t<rule == block_rule::integers8, std::int8_t, std::int16_t>;
            constexpr int unit = block_rules::integers_carried<A>().unit + block_rules::integers_carried<C>().unit;
            output.unit = pack_as<float>(unpacked::finite(false, 1, unit), rounding::nearest_even, saturation::none);
            return run(integer_lines<A, code>{a, isa_}, integer_lines<C, code>{b, isa_}, false);
        } else {
            using code = std::conditional_t<rule == block_rule::floats_bf16, bfloat16, float>;
            // Products of normal numbers of these formats may be subnormal floats.
            constexpr bool gradual = span_of_elements<A>().low + span_of_elements<C>().low < -126;
            return run(element_lines<A, code>{a, isa_}, element_lines<C, code>{b, isa_}, gradual);
        }
    }
    template <class View, class Source, class Executor>
    static void fill_all(const View& view, const Source& source, const block_steps& steps, const line_tables& tables,
                         Executor& execute) {
        constexpr index lines_of_task = 16;
        const index lines = view.codes.extent[0];
        execute(tiles_of(lines, lines_of_task), [&](index task) {
            const default_float_environment environment;
            const index first = task * lines_of_task;
            const index last = lines - first < lines_of_task ? lines : first + lines_of_task;
            for (index l = first; l < last; ++l) fill_tables(view, source, steps, tables, l);
        });
    }
    /// Sums of the rows' carriers less k times their zero point.
    void subtract_zeros(const A& a, const block_steps& steps, const line_tables& lhs) const noexcept {
        if constexpr (stores_zero_points<decltype(A::zero)>) {
            steps.for_each([&](const block_step& s) {
                for (index i = 0; i < a.codes.extent[0]; ++i) {
                    auto& sum = lhs.sums(s.run, i);
                    const auto zeros =
                        static_cast<std::uint32_t>(lhs.zeros(s.run, i)) * static_cast<std::uint32_t>(s.length);
                    sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) - zeros);
                }
            });
        }
    }
    template <class Output, class Executor>
    status run_unbounded(const A& a, const C& b, const Output& output, Executor& execute) const {
        execute(m_, [&](index i) {
            const default_float_environment environment;
            for (index j = 0; j < n_; ++j) {
                float sum = unbounded_sum(a, i, b, j);
                output.finish(i, j, 1, 1, &sum, 1);
            }
        });
        return status::ok;
    }

    // --- checks ---

    template <class D>
    [[nodiscard]] status check(const A& a, const C& b, matrix_view<D> dst,
                               std::span<std::byte> workspace) const noexcept {
        const block_extents extents{m_, k_, n_};
        if (const status s = check_block_product(a, b, dst, extents, workspace, workspace_bytes()); s != status::ok)
            return s;
        if (a.scales.tile[1] != lhs_tile_) return status::lhs_scales_differ;
        if (b.scales.tile[1] != rhs_tile_) return status::rhs_scales_differ;
        return check_exponents(a) && check_exponents(b) ? status::ok : status::exponent_out_of_range;
    }
    /// Scales that a flush takes must be floats.
    template <class View>
    [[nodiscard]] static bool check_exponents(const View& view) noexcept {
        if constexpr (rule == block_rule::folded || value_range_of<typename View::scale>().top <= 127) {
            return true;
        } else {
            if (view.codes.is_empty()) return true;
            const auto scales = scales_of(view.scales, view.codes.extent[0], view.codes.extent[1]);
            for (index i = 0; i < scales.extent[0]; ++i) {
                for (index j = 0; j < scales.extent[1]; ++j) {
                    const exponent_span span = span_of_number(dyad::unpack(scales(i, j)));
                    if (!span.is_empty() && (span.low < -149 || span.high > 128)) return false;
                }
            }
            return true;
        }
    }

    index m_ = 0;
    index k_ = 0;
    index n_ = 0;
    index lhs_tile_ = 1;
    index rhs_tile_ = 1;
    instruction_set isa_ = instruction_set::scalar;
    block_alignment alignment_ = block_alignment::automatic;
};

}  // namespace dyad::inline v1
