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
#include <dyad/linalg/packed_operand.hpp>

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
        const std::size_t main = bytes_of(main_product(), rule != block_rule::folded);
        std::size_t other = 0;
        if constexpr (may_align) other = bytes_of(aligned_product(), true);
        return main > other ? main : other;
    }

    /// What run would take for these operands, and why: the rule follows from the types, the path from the scales.
    [[nodiscard]] block_description describe(const Lhs& lhs, const Rhs& rhs) const noexcept {
        const choice c = choose(with_scales(lhs), transposed(with_scales(rhs)), nullptr, nullptr);
        return {rule,        c.path,      kernel_name(c.path), is_flushed(c.path) ? steps(64).runs() : 1,
                c.lhs_power, c.rhs_power, workspace_bytes()};
    }

    /// Bytes of a packed rhs.
    [[nodiscard]] std::size_t packed_bytes() const noexcept {
        arena need = arena::measuring();
        prepared_rhs parts;
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
        prepared_rhs parts;
        if (!take_packed(memory, header, parts)) return status::packed_memory_too_small;
        packed_form form{make_header(), {}};
        if constexpr (rule == block_rule::folded) {
            if constexpr (may_align) {
                // (the units stand where their powers of two will)
                auto* const units = reinterpret_cast<std::int32_t*>(parts.aligned_tables.scales.data);
                if (alignment_ == block_alignment::automatic) form.numbers.aligned = align_lines(b, room_of<C>, units);
                if (form.numbers.aligned.exists) {
                    aligned_product().pack_all_rhs(aligned_lines<C, std::int8_t>{b, isa_, units}, parts.aligned,
                                                   execute);
                    units_to_scales<C>(units, n_, parts.aligned_tables.scales.data);
                }
            }
            form.numbers.span = span_of_view(b);
            form.numbers.power = power_to_take_out(form.numbers.span);
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
        packed_form form;
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
    /// Places that the integers of a view can move up within int8; -1 where it has none or scales are no powers of two.
    template <class View>
    static constexpr int room_of = [] {
        constexpr auto integers = block_rules::integers_carried<View>();
        if (!integers.exist || integers.bits != 8 || !block_rules::is_power<typename View::scale>) return -1;
        int room = 0;
        while ((integers.largest << (room + 1)) <= 127) ++room;
        return room;
    }();
    static constexpr auto lhs_integers = block_rules::integers_carried<A>();
    static constexpr auto rhs_integers = block_rules::integers_carried<C>();
    static constexpr std::int64_t exact_limit = std::int64_t{1} << 24;  ///< integers up to this are floats
    static constexpr bool may_align = rule == block_rule::folded && room_of<A> >= 0 && room_of<C> >= 0;

    using bytes_product = panel_product<std::int8_t, std::int8_t, std::int32_t>;
    using halves_product = panel_product<std::int16_t, std::int16_t, std::int64_t>;
    using bf16_product = panel_product<bfloat16, bfloat16, float>;
    using float_product = panel_product<float, float, float>;

    /// What a packed rhs knows of its scales.
    struct rhs_numbers {
        alignment aligned;
        exponent_span span;
        int power = 0;
    };
    struct packed_form {
        packed_header header;
        rhs_numbers numbers;
    };
    /// rhs as it lies in memory: what the rule needs, and of `folded` the form in int8.
    struct prepared_rhs {
        line_tables main_tables;
        block_panels main;
        line_tables aligned_tables;
        block_panels aligned;
    };

    /// Of totals: raw integers count in units.
    static constexpr float unit = [] {
        const int e =
            is_integer ? block_rules::integers_carried<A>().unit + block_rules::integers_carried<C>().unit : 0;
        return pack_as<float>(unpacked::finite(false, 1, e), rounding::nearest_even, saturation::none);
    }();

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

    [[nodiscard]] choice choose(const A& a, const C& b, std::int32_t* lhs_units,
                                std::int32_t* rhs_units) const noexcept {
        if constexpr (rule != block_rule::folded) {
            return {};
        } else {
            if (k_ == 0 || m_ == 0 || n_ == 0) return {block_path::folded_bf16, 0, 0};
            if constexpr (may_align) {
                if (aligns_at_all() && is_alignable(a, align_lines(b, room_of<C>, rhs_units), lhs_units))
                    return {block_path::aligned_int8, 0, 0};
            }
            const exponent_span lhs = span_of_view(a);
            const exponent_span rhs = span_of_view(b);
            if (fits(lhs, 0, rhs, 0)) return {block_path::folded_bf16, 0, 0};
            return choose_power(lhs, rhs, power_to_take_out(rhs));
        }
    }
    /// The same of a rhs that is packed.
    [[nodiscard]] choice choose(const A& a, const rhs_numbers& b, std::int32_t* lhs_units) const noexcept {
        if constexpr (rule != block_rule::folded) {
            return {};
        } else {
            if (k_ == 0 || m_ == 0 || n_ == 0) return {block_path::folded_bf16, 0, b.power};
            if constexpr (may_align) {
                if (aligns_at_all() && is_alignable(a, b.aligned, lhs_units)) return {block_path::aligned_int8, 0, 0};
            }
            return choose_power(span_of_view(a), b.span, b.power);
        }
    }
    [[nodiscard]] bool aligns_at_all() const noexcept {
        if constexpr (may_align) {
            return alignment_ == block_alignment::automatic &&
                   k_ <= exact_limit / (lhs_integers.largest * rhs_integers.largest);
        } else {
            return false;
        }
    }
    /// Do all integers fit int8, all sums of magnitudes float's 24 digits, so that no sum rounds, and all results the
    /// normal floats? Fills the units of lhs.
    [[nodiscard]] bool is_alignable(const A& a, const alignment& rhs, std::int32_t* lhs_units) const noexcept {
        const std::int64_t sum = k_ * lhs_integers.largest * rhs_integers.largest;
        if (!rhs.exists || sum << rhs.up > exact_limit) return false;
        const alignment lhs = align_lines(a, room_of<A>, lhs_units);
        if (!lhs.exists || sum << (rhs.up + lhs.up) > exact_limit) return false;
        if (lhs.units.is_empty() || rhs.units.is_empty()) return true;
        const exponent_span x{lhs.units.low + lhs_integers.unit, lhs.units.high + lhs_integers.unit};
        const exponent_span y{rhs.units.low + rhs_integers.unit, rhs.units.high + rhs_integers.unit};
        return x.low >= -126 && x.high <= 127 && y.low >= -126 && y.high <= 127 && x.low + y.low >= -126 &&
               x.high + y.high <= 127 - 24;
    }
    /// With 2^-p and 2^-q times the operands: are these normal in bfloat16, products multiples of 2^-126 (so that a sum
    /// that is not 0 is normal, rounded or not), and sums of k of them floats?
    [[nodiscard]] bool fits(exponent_span a, int p, exponent_span b, int q) const noexcept {
        if (a.is_empty()) a = {p, p};
        if (b.is_empty()) b = {q, q};
        const int terms = bit_width(static_cast<std::uint64_t>(k_)) + 1;
        return a.low - p >= -126 && b.low - q >= -126 && a.high - p <= 128 && b.high - q <= 128 &&
               a.low - p + b.low - q >= -126 && a.high - p + b.high - q + terms <= 127;
    }
    /// 0 where this leaves the other operand room, else what makes the smallest unit 2^-63.
    [[nodiscard]] static int power_to_take_out(const exponent_span& x) noexcept {
        return x.is_empty() || (x.low >= -63 && x.high <= 63) ? 0 : x.low + 63;
    }
    /// 2^-q is taken out of rhs: of lhs nothing, or as much as leaves products multiples of 2^-126.
    [[nodiscard]] choice choose_power(const exponent_span& a, const exponent_span& b, int q) const noexcept {
        if (fits(a, 0, b, q)) return {block_path::folded_bf16, 0, q};
        const int p = a.is_empty() || b.is_empty() ? 0 : a.low + b.low - q + 126;
        if (fits(a, p, b, q)) return {block_path::folded_bf16, p, q};
        return {block_path::unbounded, 0, 0};
    }

    // --- memory ---

    [[nodiscard]] static constexpr table_kinds kinds(table_kinds all) noexcept {
        return rule == block_rule::integers8 ? all : table_kinds::scales;
    }
    /// lhs' part of the workspace, in whatever path.
    struct prepared_lhs {
        matrix_view<std::int32_t> units;
        line_tables tables;
        block_panels panels;
    };
    template <class Product>
    [[nodiscard]] bool take_lhs(arena& memory, const Product& product, bool flushed, prepared_lhs& lhs) const noexcept {
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
    [[nodiscard]] bool take_packed(arena& memory, std::byte*& header, prepared_rhs& rhs) const noexcept {
        matrix_view<std::byte> first;
        if (memory.take(1, sizeof(packed_form), first) != status::ok) return false;
        header = first.data;
        if constexpr (may_align) {
            if (!take_rhs(memory, aligned_product(), true, rhs.aligned_tables, rhs.aligned)) return false;
        }
        return take_rhs(memory, main_product(), rule != block_rule::folded, rhs.main_tables, rhs.main);
    }
    template <class Product>
    [[nodiscard]] std::size_t bytes_of(const Product& product, bool flushed) const noexcept {
        arena need = arena::measuring();
        prepared_lhs lhs;
        line_tables tables;
        block_panels panels;
        const bool fits = take_lhs(need, product, flushed, lhs) && take_rhs(need, product, flushed, tables, panels);
        return fits ? need.used() : static_cast<std::size_t>(-1);
    }
    [[nodiscard]] packed_header make_header() const noexcept {
        packed_header h;
        fingerprint mark;
        mark.add("blocks").add(main_product().kernel->name).add(std::int64_t{sizeof(packed_form)});
        mark.add(static_cast<std::int64_t>(rule)).add(rhs_tile_).add(value_range_of<typename C::element>().low);
        mark.add(value_range_of<typename C::element>().top).add(value_range_of<typename C::scale>().top);
        mark.add(static_cast<std::int64_t>(kinds(tables_of<C, A>))).add(may_align ? room_of<C> : -1);
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
        prepared_rhs ready;
        packed_form form;
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
    status run_folded_or_aligned(const A& a, const C& b, const rhs_numbers* packed, prepared_rhs& rhs,
                                 const Output& output, arena& memory, Executor& execute) const {
        // The units of the lines are found while the path is chosen, where the int8 path has them.
        arena first = memory;
        prepared_lhs lhs;
        std::int32_t* rhs_units = nullptr;
        if constexpr (may_align) {
            if (!take_lhs(memory, aligned_product(), true, lhs)) return status::workspace_too_small;
            if (packed == nullptr) {
                if (!take_rhs(memory, aligned_product(), true, rhs.aligned_tables, rhs.aligned))
                    return status::workspace_too_small;
                rhs_units = reinterpret_cast<std::int32_t*>(rhs.aligned_tables.scales.data);
            }
        }
        const choice c =
            packed != nullptr ? choose(a, *packed, lhs.units.data) : choose(a, b, lhs.units.data, rhs_units);
        if (c.path == block_path::unbounded) return run_unbounded(a, b, output, execute);
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
    /// scales[i] = 2^units[i] times the integers' unit; in place.
    template <class View>
    static void units_to_scales(const std::int32_t* units, index n, float* scales) noexcept {
        constexpr int integer_unit = block_rules::integers_carried<View>().unit;
        for (index i = 0; i < n; ++i) {
            std::int32_t e = 0;
            __builtin_memcpy(&e, units + i, sizeof e);
            scales[i] =
                pack_as<float>(unpacked::finite(false, 1, e + integer_unit), rounding::nearest_even, saturation::none);
        }
    }
    template <class View>
    [[nodiscard]] auto flushed_source(const View& view) const noexcept {
        if constexpr (rule == block_rule::integers8) return integer_lines<View, std::int8_t>{view, isa_};
        else if constexpr (rule == block_rule::integers16) return integer_lines<View, std::int16_t>{view, isa_};
        else if constexpr (rule == block_rule::floats_f32) return element_lines<View, float>{view, isa_};
        else return element_lines<View, bfloat16>{view, isa_};
    }
    template <class Output, class Executor>
    status run_flushed(const A& a, const C& b, bool is_packed, prepared_rhs& rhs, const Output& output, arena& memory,
                       Executor& execute) const {
        const auto product = main_product();
        prepared_lhs lhs;
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
    [[nodiscard]] status check_rhs(const C& b) const noexcept {
        if (b.codes.extent[1] != k_) return status::rhs_rows_differ;
        if (b.codes.extent[0] != n_) return status::rhs_columns_differ;
        if (const status s = check_operand(b, status::rhs_null); s != status::ok) return s;
        if (b.scales.tile[1] != rhs_tile_) return status::rhs_scales_differ;
        return check_exponents(b) ? status::ok : status::exponent_out_of_range;
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
