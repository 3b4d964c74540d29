// SPDX-License-Identifier: Apache-2.0
// Columns: how the sums of a product become codes of the next tensor, each output channel with parameters of its own
// (nn/affine.hpp says what they are): in float, or in integers only.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/assert.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/linalg/epilogue.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/tensor.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/dyadic.hpp>

namespace dyad::inline v1::nn {

/// The elements of a vector that are stored: one where a stride of 0 repeats it.
template <class T>
[[nodiscard]] constexpr vector_view<T> stored(vector_view<T> v) noexcept {
    return v.stride[0] == 0 ? make_vector(v.data, 1) : v;
}

/// scale_columns where a line of an operand has a factor of its own: a row of lhs, a column of rhs.
template <number Out, class Lhs, class Rhs>
struct scale_lines {
    vector_view<const float> factors;
    vector_view<const float> offsets;
    Lhs lhs;
    Rhs rhs;

    template <class Sum>
    [[nodiscard]] constexpr Out operator()(Sum sum, index row, index column) const noexcept {
        const double at_run_time = factor_at(lhs, row, 0) * factor_at(rhs, 0, column);
        return scale_columns<Out>{factors, offsets, at_run_time}(sum, row, column);
    }
    /// A row of sums: the same bits.
    template <class Sum>
        requires uniform_token<Rhs>
    void run(instruction_set isa, const Sum* sums, index row, index column, index count, Out* dst) const noexcept {
        const double at_run_time = factor_at(lhs, row, 0) * factor_at(rhs, 0, 0);
        scale_columns<Out>{factors, offsets, at_run_time}.run(isa, sums, row, column, count, dst);
    }
};

/// Parameters of `scale_columns`: real factors and offsets in float, one for each column or one for all.
template <class Out>
struct real_columns {
    vector_view<float> factors;
    vector_view<float> offsets;

    status shape(arena& memory, index n) noexcept {
        const status s = memory.take(n, factors);
        return s == status::ok ? memory.take(n, offsets) : s;
    }
    /// One factor and no bias for all n columns.
    status shape_uniform(arena& memory, index n) noexcept {
        const status s = shape(memory, 1);
        factors = {factors.data, {n}, {0}};
        offsets = {offsets.data, {n}, {0}};
        return s;
    }
    /// Column j (nn/affine.hpp).
    status set(index j, const column_terms& t, const affine& out) noexcept {
        if (!is_positive_finite(t.sum_scale / out.scale)) return status::scale_not_positive;
        if (t.sum_scale / out.scale > static_cast<double>(std::numeric_limits<float>::max()))
            return status::scale_out_of_range;
        if constexpr (carrier_rules::is_fixed<Out>) {
            if (out.zero_point < Out::min_raw || out.zero_point > Out::max_raw) return status::scale_unsupported;
        }
        const double bias = t.offset == 0 ? t.bias : t.bias + static_cast<double>(t.offset) * t.sum_scale;
        const double offset = out.zero_point == 0 ? bias / out.scale : bias / out.scale + out.zero_point;
        factors(j) = static_cast<float>(t.sum_scale / out.scale);
        offsets(j) = static_cast<float>(offset);
        return status::ok;
    }
    /// Real bounds of what follows.
    void clamp_to(const value_interval& bounds, const affine& out) noexcept {
        bounds_ = {bounds.low / out.scale + out.zero_point, bounds.high / out.scale + out.zero_point};
    }
    /// Clamps what the epilogue wrote: rounding is monotone, so this is as if the sums had been.
    void finish(matrix_view<Out> dst) const noexcept {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        if (bounds_.low == -infinity && bounds_.high == infinity) return;
        const Out low = convert<Out>(bounds_.low, rounding::nearest_even, saturation::finite);
        const Out high = convert<Out>(bounds_.high, rounding::nearest_even, saturation::finite);
        for (index i = 0; i < dst.extent[0]; ++i) {
            for (index j = 0; j < dst.extent[1]; ++j) {
                Out& x = dst(i, j);
                x = x < low ? low : high < x ? high : x;
            }
        }
    }
    [[nodiscard]] constexpr std::uint64_t max_bias() const noexcept { return 0; }  // added after the sum is scaled
    /// For a product of operands with these tokens. Line scales must be those of the lines that are summed.
    template <class Lhs, class Rhs = static_scale>
    [[nodiscard]] auto epilogue(const Lhs& lhs, const Rhs& rhs = {}) const noexcept {
        if constexpr (uniform_token<Lhs> && uniform_token<Rhs>) {
            return scale_columns<Out>{as_const(factors), as_const(offsets), lhs.factor() * rhs.factor()};
        } else {
            if constexpr (!uniform_token<Lhs>) DYAD_ASSERT(lhs.values.stride[1] == 0);
            if constexpr (!uniform_token<Rhs>) DYAD_ASSERT(rhs.values.stride[0] == 0);
            return scale_lines<Out, Lhs, Rhs>{as_const(factors), as_const(offsets), lhs, rhs};
        }
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = v.array(stored(factors)); s != status::ok) return s;
        if (const status s = v.array(stored(offsets)); s != status::ok) return s;
        return v.scalar(bounds_);
    }

private:
    value_interval bounds_ = {-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
};

/// The same where every scale is 1: only the biases differ from column to column.
template <class Out>
struct unit_columns : real_columns<Out> {
    status shape(arena& memory, index n) noexcept {
        const status s = this->shape_uniform(memory, n);
        return s == status::ok ? memory.take(n, this->offsets) : s;
    }
};

/// Parameters of `requantize_columns`: integer biases in the sum's units, 31-bit multipliers, the zero point and the
/// bounds of what follows. Mode: how a sum is rounded.
template <format Out, requantization Mode = requantization::single_half_up>
struct dyadic_columns {
    vector_view<std::int32_t> bias;
    vector_view<multiplier> multipliers;
    std::uint32_t largest_bias = 0;
    std::int32_t zero_point = 0;
    std::int32_t low = Out::min_raw;
    std::int32_t high = Out::max_raw;

    status shape(arena& memory, index n) noexcept {
        const status s = memory.take(n, bias);
        return s == status::ok ? memory.take(n, multipliers) : s;
    }
    status shape_uniform(arena& memory, index n) noexcept {
        const status s = shape(memory, 1);
        bias = {bias.data, {n}, {0}};
        multipliers = {multipliers.data, {n}, {0}};
        return s;
    }
    /// Column j (nn/affine.hpp): the bias and the offset together must be below 2^30 units.
    status set(index j, const column_terms& t, const affine& out) noexcept {
        if (!is_positive_finite(t.sum_scale / out.scale)) return status::scale_not_positive;
        if (out.zero_point < Out::min_raw || out.zero_point > Out::max_raw) return status::scale_unsupported;
        constexpr double limit = 0x1p30;
        const double in_units = t.bias / t.sum_scale;
        if (!(in_units > -limit && in_units < limit)) return status::bias_exceeds_accumulator;
        const std::int64_t all = convert<std::int32_t>(in_units) + t.offset;
        if (all <= -(std::int64_t{1} << 30) || all >= std::int64_t{1} << 30) return status::bias_exceeds_accumulator;
        bias(j) = static_cast<std::int32_t>(all);
        if (j == 0) largest_bias = 0;  // columns are set in order: a new beginning
        largest_bias = largest_bias > magnitude(bias(j)) ? largest_bias : magnitude(bias(j));
        multipliers(j) = multiplier::from_ratio(t.sum_scale, out.scale);
        zero_point = out.zero_point;
        return status::ok;
    }
    /// Real bounds of what follows.
    void clamp_to(const value_interval& bounds, const affine& out) noexcept {
        low = code_of(bounds.low, out);
        high = code_of(bounds.high, out);
    }
    void finish(matrix_view<Out>) const noexcept {}
    [[nodiscard]] constexpr std::uint64_t max_bias() const noexcept { return largest_bias; }
    template <std::same_as<static_scale>... Token>
    [[nodiscard]] requantize_columns<Out> epilogue(const Token&...) const noexcept {
        return {as_const(bias), as_const(multipliers), Mode, zero_point, low, high};
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = v.array(stored(bias)); s != status::ok) return s;
        if (const status s = v.array(stored(multipliers)); s != status::ok) return s;
        if (const status s = v.scalar(largest_bias); s != status::ok) return s;
        if (const status s = v.scalar(zero_point); s != status::ok) return s;
        if (const status s = v.scalar(low); s != status::ok) return s;
        if (const status s = v.scalar(high); s != status::ok) return s;
        return are_usable() ? status::ok : status::parameter_out_of_range;
    }

private:
    /// Could `set` have made them? An archive may be of another model.
    [[nodiscard]] bool are_usable() const noexcept {
        const auto is_code = [](std::int32_t x) { return x >= Out::min_raw && x <= Out::max_raw; };
        if (!is_code(zero_point) || !is_code(low) || !is_code(high) || low > high) return false;
        if (largest_bias >= std::uint32_t{1} << 30) return false;
        const auto b = stored(bias);
        const auto m = stored(multipliers);
        for (index j = 0; j < b.extent[0] && b.data != nullptr; ++j) {
            if (magnitude(b(j)) > largest_bias || m(j).significand < 0) return false;
        }
        return true;
    }
    [[nodiscard]] static std::int32_t code_of(double x, const affine& out) noexcept {
        return Out::saturating_from_raw(
                   std::int64_t{convert<std::int32_t>(x / out.scale, rounding::nearest_away, saturation::finite)} +
                   out.zero_point)
            .raw();
    }
};

}  // namespace dyad::inline v1::nn
