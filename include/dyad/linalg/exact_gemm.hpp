// SPDX-License-Identifier: Apache-2.0
// exact_gemm: dst[m][n] = the sum over k of lhs[m][k] * rhs[k][n], exactly, rounded once: what every other product is
// an approximation of. Any pair of quantized views and plain matrices.
// Where both operands' lines are integers under one scale (as they are, or after shifts that align powers of two) the
// sums are those of integer kernels; else each is array/block_dot.hpp's.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/block_dot.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/array/quantize.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/matrix.hpp>
#include <dyad/linalg/block_check.hpp>
#include <dyad/linalg/block_lines.hpp>
#include <dyad/linalg/block_operand.hpp>
#include <dyad/linalg/block_panels.hpp>
#include <dyad/linalg/block_scan.hpp>

namespace dyad::inline v1 {

struct exact_options {
    instruction_set cap = instruction_set::amx;  ///< use at most this; the bits do not depend on it
    rounding rule = rounding::nearest_even;
    saturation policy = saturation::none;
};

enum class exact_path : std::uint8_t {
    integers8,   ///< int8 kernels, sums of 32 bits
    integers16,  ///< int16 kernels, sums of 64 bits
    numbers      ///< one sum after the other, in an exact accumulator
};

[[nodiscard]] constexpr const char* to_string(exact_path path) noexcept {
    switch (path) {
        case exact_path::integers8: return "exact int8 sums";
        case exact_path::integers16: return "exact int16 sums";
        case exact_path::numbers: return "exact accumulators";
    }
    return "unknown path";
}

/// How a sum times its scales is rounded once.
enum class exact_rounding : std::uint8_t {
    of_any,    ///< as a product of unpacked numbers
    of_double  ///< to float, nearest even: the product is a double exactly
};

/// Finished tiles of integer sums: times the scales of their line and column, rounded once.
template <class Out>
struct exact_tiles {
    matrix_view<Out> dst;
    const unpacked* lhs_scales;
    const unpacked* rhs_scales;
    exact_rounding way;
    rounding rule;
    saturation policy;

    template <class Sum>
    void flush(index, index, index, index, index, const Sum*, float*, index) const noexcept {}
    template <class Sum>
    void finish(index row, index column, index rows, index columns, const Sum* sums, float*,
                index stride) const noexcept {
        if constexpr (std::same_as<Out, float>) {
            if (way == exact_rounding::of_double) return finish_doubles(row, column, rows, columns, sums, stride);
        }
        for (index i = 0; i < rows; ++i) {
            for (index j = 0; j < columns; ++j) {
                const Sum s = sums[i * stride + j];
                const auto integer = unpacked_wide::finite(s < 0, static_cast<uint128_t>(magnitude(s)), 0);
                const auto scale =
                    exact_product(resize<uint128_t>(lhs_scales[row + i]), resize<uint128_t>(rhs_scales[column + j]));
                dst(row + i, column + j) = rounded(exact_product(integer, scale));
            }
        }
    }

private:
    template <class Sum>
    void finish_doubles(index row, index column, index rows, index columns, const Sum* sums,
                        index stride) const noexcept {
        constexpr index piece = 128;
        double scales[piece];
        for (index first = 0; first < columns; first += piece) {
            const index n = columns - first < piece ? columns - first : piece;
            for (index j = 0; j < n; ++j) scales[j] = as_double(rhs_scales[column + first + j]);
            for (index i = 0; i < rows; ++i) {
                const double scale = as_double(lhs_scales[row + i]);
                for (index j = 0; j < n; ++j) {
                    const Sum s = sums[i * stride + first + j];
                    const double x = s == 0 ? 0 : static_cast<double>(s) * (scale * scales[j]);
                    dst(row + i, column + first + j) = static_cast<float>(x);
                }
            }
        }
    }
    [[nodiscard]] static double as_double(const unpacked& x) noexcept {
        return pack_as<double>(x, rounding::nearest_even, saturation::none);
    }
    /// A sum that cancels is +0.
    [[nodiscard]] Out rounded(const unpacked_wide& x) const noexcept {
        return pack_as<Out>(x.kind == number_class::zero ? unpacked_wide::zero(false) : x, rule, policy);
    }
};

/// A checked exact product of an m x k and a k x n operand, as block_gemm_plan takes them. The result is +0 where the
/// sum is 0; infinities and NaN as exact_accumulator says.
template <class Lhs, class Rhs, number Out>
class exact_gemm_plan {
    static_assert(block_operand<Lhs> && block_operand<Rhs>,
                  "dyad::exact_gemm_plan multiplies quantized views and plain matrices.");
    using A = scaled_operand<Lhs>;
    using B = scaled_operand<Rhs>;
    using C = decltype(transposed(std::declval<const B&>()));

public:
    /// Plans products of operands with these extents; their memory is not looked at.
    static status make(const Lhs& lhs, const Rhs& rhs, const exact_options& options, exact_gemm_plan& plan) noexcept {
        const A a = with_scales(lhs);
        const C b = transposed(with_scales(rhs));
        if (const status s = check_planned(a, b); s != status::ok) return s;
        plan.extents_ = {a.codes.extent[0], a.codes.extent[1], b.codes.extent[0]};
        plan.options_ = options;
        plan.isa_ = at_most(options.cap);
        return status::ok;
    }

    [[nodiscard]] std::size_t workspace_bytes() const noexcept {
        std::size_t most = 0;
        if constexpr (may_take<std::int8_t>) most = bytes_of(product<std::int8_t>());
        if constexpr (may_take<std::int16_t>) {
            const std::size_t other = bytes_of(product<std::int16_t>());
            most = most > other ? most : other;
        }
        return most;
    }

    /// How run would compute these operands' product.
    [[nodiscard]] exact_path describe(const Lhs& lhs, const Rhs& rhs) const noexcept {
        const A a = with_scales(lhs);
        const C b = transposed(with_scales(rhs));
        int digits = 0;
        if constexpr (may_take<std::int8_t>) {
            if (are_integers<std::int8_t>(a, b, nullptr, nullptr, digits)) return exact_path::integers8;
        }
        if constexpr (may_take<std::int16_t>) {
            if (are_integers<std::int16_t>(a, b, nullptr, nullptr, digits)) return exact_path::integers16;
        }
        return exact_path::numbers;
    }

    /// Runs the plan. Any strides; dst may not overlap itself, the operands or the workspace. Nothing is written unless
    /// the status is ok.
    template <executor Executor = serial>
    status run(const Lhs& lhs, const Rhs& rhs, matrix_view<Out> dst, std::span<std::byte> workspace,
               Executor&& execute = {}) const noexcept {
        const A a = with_scales(lhs);
        const C b = transposed(with_scales(rhs));
        if (const status s = check_block_product(a, b, dst, extents_, workspace, workspace_bytes()); s != status::ok)
            return s;
        if (dst.is_empty()) return status::ok;
        if constexpr (may_take<std::int8_t>) {
            if (run_integers<std::int8_t>(a, b, dst, workspace, execute)) return status::ok;
        }
        if constexpr (may_take<std::int16_t>) {
            if (run_integers<std::int16_t>(a, b, dst, workspace, execute)) return status::ok;
        }
        execute(extents_.m, [&](index i) {
            for (index j = 0; j < extents_.n; ++j) {
                static_cast<void>(dot_product(a, i, b, j, dst(i, j), options_.rule, options_.policy));
            }
        });
        return status::ok;
    }

private:
    template <class Code>
    using product_type = panel_product<Code, Code, std::conditional_t<sizeof(Code) == 1, std::int32_t, std::int64_t>>;
    template <class Code>
    static constexpr std::int64_t limit = word_max<Code>();

    /// Integers that the carrier holds, without stored zero points.
    template <class View, class Code>
    static constexpr bool holds = [] {
        constexpr auto integers = block_rules::integers_carried<View>();
        return integers.exist && !stores_zero_points<decltype(View::zero)> &&
               integers.bits <= static_cast<int>(8 * sizeof(Code));
    }();
    /// Products of scales, with the tensors', lie well within double's exponents.
    template <class S>
    static constexpr bool is_double_scale = value_range_of<S>().low >= -160 && value_range_of<S>().top <= 160;
    static constexpr bool scales_are_doubles = is_double_scale<typename A::scale> && is_double_scale<typename C::scale>;
    template <class Code>
    static constexpr bool may_take = holds<A, Code>&& holds<C, Code>;
    template <class View, class Code>
    static constexpr int room_of = [] {
        constexpr auto integers = block_rules::integers_carried<View>();
        int room = 0;
        while ((integers.largest << (room + 1)) <= limit<Code>) ++room;
        return room;
    }();

    template <class Code>
    [[nodiscard]] product_type<Code> product() const noexcept {
        const auto make = [this](const auto& kernel) {
            using type = product_type<Code>;
            const block_steps steps{extents_.k, whole_extent, whole_extent, type::longest_step(kernel)};
            return type{&kernel, steps, extents_.m, extents_.n};
        };
        if constexpr (sizeof(Code) == 1) return make(integer8_kernel<Code, Code>(isa_));
        else return make(s16_wide_kernel(isa_));
    }
    struct memory_of_product {
        matrix_view<std::int32_t> units;
        matrix_view<unpacked> scales;
        block_panels lhs;
        block_panels rhs;
    };
    template <class Product>
    [[nodiscard]] status take(arena& memory, const Product& product, memory_of_product& m) const noexcept {
        const index lines = saturating_add<std::int64_t>(extents_.m, extents_.n);
        status s = memory.take(1, lines, m.units);
        if (s == status::ok) s = memory.take(1, lines, m.scales);
        return s == status::ok ? take_panels(memory, product, m.lhs, m.rhs) : s;
    }
    template <class Product>
    [[nodiscard]] std::size_t bytes_of(const Product& product) const noexcept {
        arena need = arena::measuring();
        memory_of_product m;
        return take(need, product, m) == status::ok ? need.used() : static_cast<std::size_t>(-1);
    }

    /// Is every line integers of the carrier under one scale? `units` as align_lines fills them; `digits` gets those of
    /// the scales and the tensor's scale, `up` how far integers move.
    template <class Code, class View>
    [[nodiscard]] static bool is_aligned(const View& view, std::int32_t* units, int& digits, int& up) noexcept {
        const unpacked g = dyad::unpack(view.scales.tensor_scale);
        digits = value_range_of<typename View::scale>().precision +
                 bit_width(g.significand >> trailing_zeros(g.significand));
        up = 0;
        if (view.scales.tile[1] >= view.codes.extent[1]) {  // one scale a line: finite ones do
            for (index i = 0; i < view.codes.extent[0]; ++i) {
                const auto kind = dyad::unpack(view.scales(i, 0)).kind;
                if (kind == number_class::nan || kind == number_class::infinity) return false;
                if (units != nullptr) units[i] = one_scale;
            }
            return true;
        }
        if constexpr (block_rules::is_power<typename View::scale>) {
            const alignment found = align_lines(view, room_of<View, Code>, units);
            up = found.up;
            return found.exists;
        } else {
            return false;
        }
    }
    template <class Code>
    [[nodiscard]] bool are_integers(const A& a, const C& b, std::int32_t* lhs_units, std::int32_t* rhs_units,
                                    int& digits) const noexcept {
        if (extents_.k == 0) return false;
        int of_lhs = 0;
        int of_rhs = 0;
        int lhs_up = 0;
        int rhs_up = 0;
        if (!is_aligned<Code>(b, rhs_units, of_rhs, rhs_up) || !is_aligned<Code>(a, lhs_units, of_lhs, lhs_up))
            return false;
        constexpr std::int64_t x = block_rules::integers_carried<A>().largest;
        constexpr std::int64_t y = block_rules::integers_carried<C>().largest;
        const std::int64_t product = (x << lhs_up) * (y << rhs_up);
        constexpr std::int64_t most = sizeof(Code) == 1 ? word_max<std::int32_t>() : word_max<std::int64_t>();
        if (extents_.k > most / product) return false;
        digits = of_lhs + of_rhs + bit_width(static_cast<std::uint64_t>(extents_.k * product));
        return digits <= 128;
    }

    /// units[i] of a line under one scale: above all of them, so that nothing moves.
    static constexpr std::int32_t one_scale = word_max<std::int32_t>();

    /// The scale of each line's integers, with the tensor's.
    template <class View>
    static void fill_scales(const View& view, const std::int32_t* units, unpacked* scales) noexcept {
        unpacked g = dyad::unpack(view.scales.tensor_scale);
        const int zeros = trailing_zeros(g.significand);
        g = unpacked::finite(false, g.significand >> zeros,
                             g.exponent + zeros + block_rules::integers_carried<View>().unit);
        for (index i = 0; i < view.codes.extent[0]; ++i) {
            const auto own =
                units[i] == one_scale
                    ? resize<std::uint64_t>(dyad::unpack(static_cast<typename View::scale>(view.scales(i, 0))))
                    : unpacked::finite(false, 1, units[i]);
            scales[i] = exact_product(own, g);
        }
    }

    template <class Code, class Executor>
    [[nodiscard]] bool run_integers(const A& a, const C& b, matrix_view<Out> dst, std::span<std::byte> workspace,
                                    Executor& execute) const {
        arena memory(workspace);
        memory_of_product m;
        const product_type<Code> p = product<Code>();
        if (take(memory, p, m) != status::ok) return false;
        std::int32_t* const rhs_units = m.units.data + extents_.m;
        unpacked* const rhs_scales = m.scales.data + extents_.m;
        int digits = 0;
        if (!are_integers<Code>(a, b, m.units.data, rhs_units, digits)) return false;
        fill_scales(a, m.units.data, m.scales.data);
        fill_scales(b, rhs_units, rhs_scales);
        const bool doubles = std::same_as<Out, float> && scales_are_doubles && digits <= 53 &&
                             options_.rule == rounding::nearest_even && options_.policy == saturation::none;
        const exact_tiles<Out> tiles{dst,           m.scales.data,
                                     rhs_scales,    doubles ? exact_rounding::of_double : exact_rounding::of_any,
                                     options_.rule, options_.policy};
        p.pack_all_rhs(aligned_lines<C, Code>{b, isa_, rhs_units}, m.rhs, execute);
        p.pack_all_lhs(aligned_lines<A, Code>{a, isa_, m.units.data}, m.lhs, execute);
        p.multiply(m.lhs, m.rhs, tiles, false, execute);
        return true;
    }

    block_extents extents_;
    exact_options options_;
    instruction_set isa_ = instruction_set::scalar;
};

}  // namespace dyad::inline v1
