// SPDX-License-Identifier: Apache-2.0
// block_gemm: dst[m][n] = epilogue(sum_k lhs[m][k] * rhs[k][n]) of matrices with shared scales, of which plain matrices
// are those with the scale 1. linalg/block_path.hpp says what the sum is.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include <dyad/array/arena.hpp>
#include <dyad/array/block_dot.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/quantize.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/matrix.hpp>
#include <dyad/linalg/block_check.hpp>
#include <dyad/linalg/block_choice.hpp>
#include <dyad/linalg/block_lines.hpp>
#include <dyad/linalg/block_panels.hpp>
#include <dyad/linalg/block_path.hpp>
#include <dyad/linalg/block_scan.hpp>
#include <dyad/linalg/block_sum.hpp>
#include <dyad/linalg/block_tables.hpp>
#include <dyad/linalg/block_tiles.hpp>
#include <dyad/linalg/packed_operand.hpp>

namespace dyad::inline v1 {

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
        const std::size_t main = bytes_of(main_product(), rule != block_rule::folded);
        std::size_t other = 0;
        if constexpr (may_align) other = bytes_of(aligned_product(), true);
        return main > other ? main : other;
    }

    /// What run would take for these operands, and why: the rule follows from the types, the path from the scales.
    [[nodiscard]] block_description describe(const Lhs& lhs, const Rhs& rhs) const noexcept {
        block_choice c{plain_path, 0, 0};
        if constexpr (rule == block_rule::folded)
            c = chooser().choose(with_scales(lhs), transposed(with_scales(rhs)), nullptr, nullptr);
        return {rule,        c.path,      kernel_name(c.path), is_flushed(c.path) ? steps(64).runs() : 1,
                c.lhs_power, c.rhs_power, workspace_bytes()};
    }

    /// Bytes of a packed rhs.
    [[nodiscard]] std::size_t packed_bytes() const noexcept {
        arena need = arena::measuring();
        prepared_rhs_lines parts;
        std::byte* header = nullptr;
        return take_packed(need, header, parts) ? need.used() : static_cast<std::size_t>(-1);
    }
    /// Packs a constant rhs into 64-byte aligned memory: as bfloat16, where its scales allow it as int8 as well.
    template <executor Executor = serial>
    status pack(const Rhs& rhs, std::span<std::byte> to, Executor&& execute = {}) const noexcept {
        const C b = transposed(with_scales(rhs));
        if (const status s = check_rhs(b); s != status::ok) return s;
        if (to.size() < packed_bytes() || reinterpret_cast<std::uintptr_t>(to.data()) % 64 != 0)
            return status::packed_memory_too_small;
        if (meets(memory_of(to), b)) return status::workspace_overlaps_operand;
        arena memory(to);
        std::byte* header = nullptr;
        prepared_rhs_lines parts;
        if (!take_packed(memory, header, parts)) return status::packed_memory_too_small;
        block_packed_form form{sealed(make_header()), {}};
        if constexpr (rule == block_rule::folded) {
            if constexpr (may_align) {
                // (the units stand where their powers of two will)
                auto* const units = reinterpret_cast<std::int32_t*>(parts.aligned_tables.scales.data);
                if (alignment_ == block_alignment::automatic)
                    form.numbers.aligned = align_lines(b, chooser_type::template room_of<C>, units);
                if (form.numbers.aligned.exists) {
                    aligned_product().pack_all_rhs(aligned_lines<C, std::int8_t>{b, isa_, units}, parts.aligned,
                                                   execute);
                    units_to_scales<C>(units, n_, parts.aligned_tables.scales.data);
                }
            }
            form.numbers.span = span_of_view(b);
            form.numbers.power = chooser_type::power_to_take_out(form.numbers.span);
            main_product().pack_all_rhs(folded_lines<C>{b, isa_, form.numbers.power}, parts.main, execute);
        } else {
            const auto source = flushed_source(b);
            fill_all(b, source, main_product().steps, parts.main_tables, execute);
            main_product().pack_all_rhs(source, parts.main, execute);
        }
        __builtin_memcpy(header, &form, sizeof form);
        return status::ok;
    }

    /// Runs the plan. Any strides; dst may not overlap itself, the operands or the workspace. epilogue(sum, row,
    /// column) gives dst's element. The same bits for every executor and instruction set. Nothing is written unless the
    /// status is ok.
    template <class D, class Epilogue, executor Executor = serial>
    status run(const Lhs& lhs, const Rhs& rhs, matrix_view<D> dst, const Epilogue& epilogue,
               std::span<std::byte> workspace, Executor&& execute = {}) const noexcept {
        return run_with(lhs, rhs, nullptr, dst, epilogue, workspace, execute);
    }
    /// The same with rhs packed by this plan, or one like it. rhs itself is read only where exponents are so far apart
    /// that no float path serves.
    template <class D, class Epilogue, executor Executor = serial>
    status run(const Lhs& lhs, const Rhs& rhs, packed_operand packed, matrix_view<D> dst, const Epilogue& epilogue,
               std::span<std::byte> workspace, Executor&& execute = {}) const noexcept {
        block_packed_form form;
        if (packed.bytes.data() == nullptr || packed.bytes.size() < sizeof form) return status::rhs_packed_too_short;
        packed_header found;
        if (const status s = check_packed(packed.bytes, make_header(), found); s != status::ok) return s;
        if (overlap(memory_of(dst), memory_of(packed.bytes))) return status::dst_overlaps_rhs;
        if (overlap(memory_of(workspace), memory_of(packed.bytes))) return status::workspace_overlaps_operand;
        return run_with(lhs, rhs, &packed, dst, epilogue, workspace, execute);
    }

private:
    static constexpr std::uint64_t largest_product =
        static_cast<std::uint64_t>(block_rules::integers_carried<A>().largest) *
        static_cast<std::uint64_t>(block_rules::integers_carried<C>().largest);
    static constexpr bool is_integer = rule == block_rule::integers8 || rule == block_rule::integers16;
    static constexpr block_path plain_path = is_integer ? block_path::flushed_integers : block_path::flushed_floats;
    using chooser_type = block_chooser<A, C>;
    static constexpr bool may_align = rule == block_rule::folded && chooser_type::may_align;
    [[nodiscard]] chooser_type chooser() const noexcept { return {m_, k_, n_, alignment_}; }

    using bytes_product = panel_product<std::int8_t, std::int8_t, std::int32_t>;
    using halves_product = panel_product<std::int16_t, std::int16_t, std::int64_t>;
    using bf16_product = panel_product<bfloat16, bfloat16, float>;
    using float_product = panel_product<float, float, float>;

    /// Of totals: raw integers count in units.
    static constexpr float unit = [] {
        const int e =
            is_integer ? block_rules::integers_carried<A>().unit + block_rules::integers_carried<C>().unit : 0;
        return pack_as<float>(unpacked::finite(false, 1, e), rounding::nearest_even, saturation::none);
    }();

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

    // --- memory ---

    [[nodiscard]] static constexpr table_kinds kinds(table_kinds all) noexcept {
        return rule == block_rule::integers8 ? all : table_kinds::scales;
    }
    template <class Product>
    [[nodiscard]] bool take_lhs(arena& memory, const Product& product, bool flushed,
                                prepared_lhs_lines& lhs) const noexcept {
        if (rule == block_rule::folded && memory.take(1, m_, lhs.units) != status::ok) return false;
        const index runs = product.steps.runs();
        if (flushed && take_tables(memory, kinds(tables_of<A, C>), runs, m_, lhs.tables) != status::ok) return false;
        return take_lhs_panels(memory, product, lhs.panels) == status::ok;
    }
    template <class Product>
    [[nodiscard]] bool take_rhs(arena& memory, const Product& product, bool flushed, line_tables& tables,
                                block_panels& panels) const noexcept {
        const index runs = product.steps.runs();
        if (flushed && take_tables(memory, kinds(tables_of<C, A>), runs, n_, tables) != status::ok) return false;
        return take_rhs_panels(memory, product, panels) == status::ok;
    }
    [[nodiscard]] bool take_packed(arena& memory, std::byte*& header, prepared_rhs_lines& rhs) const noexcept {
        matrix_view<std::byte> first;
        if (memory.take(1, sizeof(block_packed_form), first) != status::ok) return false;
        header = first.data;
        if constexpr (may_align) {
            if (!take_rhs(memory, aligned_product(), true, rhs.aligned_tables, rhs.aligned)) return false;
        }
        return take_rhs(memory, main_product(), rule != block_rule::folded, rhs.main_tables, rhs.main);
    }
    template <class Product>
    [[nodiscard]] std::size_t bytes_of(const Product& product, bool flushed) const noexcept {
        arena need = arena::measuring();
        prepared_lhs_lines lhs;
        line_tables tables;
        block_panels panels;
        const bool fits = take_lhs(need, product, flushed, lhs) && take_rhs(need, product, flushed, tables, panels);
        return fits ? need.used() : static_cast<std::size_t>(-1);
    }
    [[nodiscard]] packed_header make_header() const noexcept {
        packed_header h;
        fingerprint mark;
        mark.add("blocks")
            .add(main_product().kernel->name)
            .add(aligned_product().kernel->name)
            .add(std::int64_t{sizeof(block_packed_form)});
        mark.add(static_cast<std::int64_t>(rule)).add(rhs_tile_).add(value_range_of<typename C::element>().low);
        mark.add(value_range_of<typename C::element>().top).add(value_range_of<typename C::scale>().top);
        mark.add(static_cast<std::int64_t>(kinds(tables_of<C, A>)))
            .add(may_align ? chooser_type::template room_of<C> : -1);
        h.kernel = mark.value();
        h.bytes = packed_bytes();
        h.k = k_;
        h.n = n_;
        h.block = main_product().steps.most;
        h.chain = rule == block_rule::folded ? 0 : lhs_tile_;
        return h;
    }

    // --- the paths ---

    template <class D, class Epilogue, class Executor>
    status run_with(const Lhs& lhs, const Rhs& rhs, const packed_operand* packed, matrix_view<D> dst,
                    const Epilogue& epilogue, std::span<std::byte> workspace, Executor& execute) const {
        const A a = with_scales(lhs);
        const C b = transposed(with_scales(rhs));
        if (const status s = check(a, b, dst, workspace); s != status::ok) return s;
        if (m_ == 0 || n_ == 0) return status::ok;
        const block_output<D, Epilogue> output{dst, epilogue, isa_, unit, a.scales.tensor_scale, b.scales.tensor_scale};
        arena memory(workspace);
        prepared_rhs_lines ready;
        block_packed_form form;
        if (packed != nullptr) {
            __builtin_memcpy(&form, packed->bytes.data(), sizeof form);
            // Panels are only read from here on.
            arena there({const_cast<std::byte*>(packed->bytes.data()), packed->bytes.size()});
            std::byte* header = nullptr;
            if (!take_packed(there, header, ready)) return status::rhs_packed_too_short;
        }
        if constexpr (rule == block_rule::folded) {
            return run_folded_or_aligned(a, b, packed != nullptr ? &form.numbers : nullptr, ready, output, memory,
                                         execute);
        } else {
            return run_flushed(a, b, packed != nullptr, ready, output, memory, execute);
        }
    }
    template <class Output, class Executor>
    status run_folded_or_aligned(const A& a, const C& b, const rhs_numbers* packed, prepared_rhs_lines& rhs,
                                 const Output& output, arena& memory, Executor& execute) const {
        // The units of the lines are found while the path is chosen, where the int8 path has them.
        arena first = memory;
        prepared_lhs_lines lhs;
        std::int32_t* rhs_units = nullptr;
        if constexpr (may_align) {
            if (!take_lhs(memory, aligned_product(), true, lhs)) return status::workspace_too_small;
            if (packed == nullptr) {
                if (!take_rhs(memory, aligned_product(), true, rhs.aligned_tables, rhs.aligned))
                    return status::workspace_too_small;
                rhs_units = reinterpret_cast<std::int32_t*>(rhs.aligned_tables.scales.data);
            }
        }
        const block_choice c = packed != nullptr ? chooser().choose(a, *packed, lhs.units.data)
                                                 : chooser().choose(a, b, lhs.units.data, rhs_units);
        if (c.path == block_path::unbounded) return multiply_unbounded(a, b, output, execute);
        if constexpr (may_align) {
            if (c.path == block_path::aligned_int8) {
                const auto product = aligned_product();
                if (packed == nullptr) {
                    product.pack_all_rhs(aligned_lines<C, std::int8_t>{b, isa_, rhs_units}, rhs.aligned, execute);
                    units_to_scales<C>(rhs_units, n_, rhs.aligned_tables.scales.data);
                }
                product.pack_all_lhs(aligned_lines<A, std::int8_t>{a, isa_, lhs.units.data}, lhs.panels, execute);
                units_to_scales<A>(lhs.units.data, m_, lhs.tables.scales.data);
                const flushed_tiles<Output> tiles{output, lhs.tables, rhs.aligned_tables};
                product.multiply(lhs.panels, rhs.aligned, tiles, false, execute);
                return status::ok;
            }
        }
        const auto product = main_product();
        memory = first;
        if (!take_lhs(memory, product, false, lhs)) return status::workspace_too_small;
        if (packed == nullptr) {
            if (!take_rhs(memory, product, false, rhs.main_tables, rhs.main)) return status::workspace_too_small;
            product.pack_all_rhs(folded_lines<C>{b, isa_, c.rhs_power}, rhs.main, execute);
        }
        product.pack_all_lhs(folded_lines<A>{a, isa_, c.lhs_power}, lhs.panels, execute);
        product.multiply(lhs.panels, rhs.main, folded_tiles<Output>{output, c.lhs_power + c.rhs_power}, false, execute);
        return status::ok;
    }
    template <class View>
    [[nodiscard]] auto flushed_source(const View& view) const noexcept {
        if constexpr (rule == block_rule::integers8) return integer_lines<View, std::int8_t>{view, isa_};
        else if constexpr (rule == block_rule::integers16) return integer_lines<View, std::int16_t>{view, isa_};
        else if constexpr (rule == block_rule::floats_f32) return element_lines<View, float>{view, isa_};
        else return element_lines<View, bfloat16>{view, isa_};
    }
    template <class Output, class Executor>
    status run_flushed(const A& a, const C& b, bool is_packed, prepared_rhs_lines& rhs, const Output& output,
                       arena& memory, Executor& execute) const {
        const auto product = main_product();
        prepared_lhs_lines lhs;
        if (!take_lhs(memory, product, true, lhs)) return status::workspace_too_small;
        if (!is_packed) {
            if (!take_rhs(memory, product, true, rhs.main_tables, rhs.main)) return status::workspace_too_small;
            const auto source = flushed_source(b);
            fill_all(b, source, product.steps, rhs.main_tables, execute);
            product.pack_all_rhs(source, rhs.main, execute);
        }
        const auto source = flushed_source(a);
        fill_all(a, source, product.steps, lhs.tables, execute);
        if (rhs.main_tables.zeros.data != nullptr) subtract_zeros(a, product.steps, lhs.tables);
        product.pack_all_lhs(source, lhs.panels, execute);
        // Products of normal numbers of these formats may be subnormal floats.
        constexpr bool gradual =
            rule == block_rule::floats_bf16 && span_of_elements<A>().low + span_of_elements<C>().low < -126;
        product.multiply(lhs.panels, rhs.main, flushed_tiles<Output>{output, lhs.tables, rhs.main_tables}, gradual,
                         execute);
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
        return rule == block_rule::folded || (has_float_scales(a) && has_float_scales(b))
                   ? status::ok
                   : status::exponent_out_of_range;
    }
    [[nodiscard]] status check_rhs(const C& b) const noexcept {
        if (b.codes.extent[1] != k_) return status::rhs_rows_differ;
        if (b.codes.extent[0] != n_) return status::rhs_columns_differ;
        if (const status s = check_operand(b, status::rhs_null); s != status::ok) return s;
        if (b.scales.tile[1] != rhs_tile_) return status::rhs_scales_differ;
        return rule == block_rule::folded || has_float_scales(b) ? status::ok : status::exponent_out_of_range;
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
