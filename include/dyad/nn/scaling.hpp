// SPDX-License-Identifier: Apache-2.0
// Scaling policies of recipes: what one code of a tensor is worth, and how sums become codes of the next tensor.
// real value = code * scale (static scales, known when the layer is prepared) * the token's factor (dynamic ones).
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/real_residual_sum.hpp>
#include <dyad/array/residual_sum.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/assert.hpp>
#include <dyad/core/fused.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/linalg/epilogue.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/tensor.hpp>
#include <dyad/nn/weights.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/dyadic.hpp>

namespace dyad::inline v1::nn {

/// Largest |x| of a matrix; 0 for an empty one, NaN where an element is.
[[nodiscard]] constexpr double largest_magnitude(matrix_view<const float> m) noexcept {
    double largest = 0;
    for (index i = 0; i < m.extent[0]; ++i) {
        for (index j = 0; j < m.extent[1]; ++j) {
            const double x = static_cast<double>(m(i, j) < 0 ? -m(i, j) : m(i, j));
            if (x != x) return x;
            largest = x > largest ? x : largest;
        }
    }
    return largest;
}

/// Is every element of a matrix a finite number?
[[nodiscard]] constexpr bool is_finite(matrix_view<const float> m) noexcept {
    return largest_magnitude(m) <= static_cast<double>(std::numeric_limits<float>::max());
}

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

/// narrow<T>(x * x_factor + y * y_factor): a residual sum.
template <number T>
struct real_sum {
    float x_factor = 1;
    float y_factor = 1;

    /// Without zero points: status::scale_unsupported.
    status set(const affine& x, const affine& y, const affine& out) noexcept {
        if (!is_positive_finite(x.scale / out.scale) || !is_positive_finite(y.scale / out.scale)) {
            return status::scale_not_positive;
        }
        if (x.zero_point != 0 || y.zero_point != 0 || out.zero_point != 0) return status::scale_unsupported;
        x_factor = static_cast<float>(x.scale / out.scale);
        y_factor = static_cast<float>(y.scale / out.scale);
        return status::ok;
    }
    [[nodiscard]] T operator()(T x, T y) const noexcept { return real_residual_sum<T>{x_factor, y_factor}(x, y); }
    status run(matrix_view<const T> x, matrix_view<const T> y, matrix_view<T> out, row_options options) const noexcept {
        return real_residual_sum<T>{x_factor, y_factor}.run(x, y, out, options);
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        const status s = v.scalar(x_factor);
        return s == status::ok ? v.scalar(y_factor) : s;
    }
};

/// Formats that need a scale to use their range: fixed-point, and floats of at most 8 bits.
template <number T>
[[nodiscard]] constexpr bool wants_scale() noexcept {
    if constexpr (native_float<T>) return false;
    else if constexpr (carrier_rules::is_fixed<T>) return true;
    else return T::width <= 8;
}

/// Static real scales, symmetric: one for each row of weights, one for each activation tensor, absmax on the largest
/// code. Formats that do not want a scale have scale 1.
struct real_scaling {
    using token = static_scale;
    /// What a layer writes where a product will read a T.
    template <number T>
    using produced = T;
    /// What a product reads where the recipe says T.
    template <number T>
    using carried = T;
    /// How weights are kept; Self is the recipe's own policy.
    template <class Self, number W>
    using weights = row_weights<Self, W>;
    template <class Sum, number Out>
    using columns = real_columns<Out>;
    template <number T>
    using sum = real_sum<T>;

    /// Value of one code of T, for values up to absmax.
    template <number T>
    [[nodiscard]] static constexpr double scale(double absmax) noexcept {
        if constexpr (wants_scale<T>()) {
            return absmax > 0 ? absmax / convert<double>(std::numeric_limits<T>::max()) : 1;
        } else {
            return 1;
        }
    }
    /// What is left to a file's scales, and of codes of T for values that calibration saw.
    static constexpr prescribed file_scales = prescribed::ignored;
    template <number T>
    [[nodiscard]] static constexpr affine quantization(const value_interval& seen) noexcept {
        return scale<T>(seen.largest_magnitude());
    }
    /// Value of one unit of a sum of products.
    [[nodiscard]] static constexpr double sum_scale(double in_scale, double weight_scale, weight_scales) noexcept {
        return weight_scale * in_scale;
    }
    /// Value of one code of a row of weights; `if_zero` for a row without any, where every scale is right.
    template <number W>
    [[nodiscard]] static constexpr double weight_scale(matrix_view<const float> weights, index row,
                                                       double if_zero) noexcept {
        const double largest = largest_magnitude(row_block(weights, row, 1));
        return wants_scale<W>() && largest == 0 ? if_zero : scale<W>(largest);
    }
    /// The produced tensor as an operand of a product that sums as it says: here the same memory.
    template <number T, class Context>
    static status operand(matrix_view<const T> in, const contraction&, const Context&, tensor<T, token>& out) noexcept {
        out = {in, {}};
        return status::ok;
    }
};

/// No scales: every tensor holds its values.
struct unit_scaling : real_scaling {
    template <class Sum, number Out>
    using columns = unit_columns<Out>;

    template <number T>
    [[nodiscard]] static constexpr double scale(double) noexcept {
        return 1;
    }
    template <number T>
    [[nodiscard]] static constexpr affine quantization(const value_interval&) noexcept {
        return {};
    }
    template <number W>
    [[nodiscard]] static constexpr double weight_scale(matrix_view<const float>, index, double) noexcept {
        return 1;
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

/// Both branches of a residual to the sum's scale, each rounded, then added and clamped (HAWQ-V3, ICML 2021).
template <format T>
struct dyadic_sum {
    static_assert(residual_code<T>, "dyad::nn::dyadic_sum adds fixed-point streams of at most 16 bits.");

    multiplier x_factor = {0, 0};
    multiplier y_factor = {0, 0};

    std::int32_t x_zero = 0;
    std::int32_t y_zero = 0;
    std::int32_t zero = 0;

    status set(const affine& x, const affine& y, const affine& out) noexcept {
        if (!is_positive_finite(x.scale / out.scale) || !is_positive_finite(y.scale / out.scale)) {
            return status::scale_not_positive;
        }
        for (const std::int32_t z : {x.zero_point, y.zero_point, out.zero_point}) {
            if (z < T::min_raw || z > T::max_raw) return status::scale_unsupported;
        }
        x_factor = multiplier::from_ratio(x.scale, out.scale);
        y_factor = multiplier::from_ratio(y.scale, out.scale);
        x_zero = x.zero_point;
        y_zero = y.zero_point;
        zero = out.zero_point;
        return status::ok;
    }
    [[nodiscard]] T operator()(T x, T y) const noexcept { return plan()(x, y); }
    status run(matrix_view<const T> x, matrix_view<const T> y, matrix_view<T> out, row_options options) const noexcept {
        return plan().run(x, y, out, options);
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = v.scalar(x_factor); s != status::ok) return s;
        if (const status s = v.scalar(y_factor); s != status::ok) return s;
        if (const status s = v.scalar(x_zero); s != status::ok) return s;
        if (const status s = v.scalar(y_zero); s != status::ok) return s;
        if (const status s = v.scalar(zero); s != status::ok) return s;
        const auto is_code = [](std::int32_t x) { return x >= T::min_raw && x <= T::max_raw; };
        const bool usable = x_factor.significand >= 0 && y_factor.significand >= 0 && is_code(x_zero) &&
                            is_code(y_zero) && is_code(zero);
        return usable ? status::ok : status::parameter_out_of_range;
    }

private:
    [[nodiscard]] dyadic_residual_sum<T> plan() const noexcept {
        return {.x_factor = x_factor,
                .y_factor = y_factor,
                .x_zero_point = x_zero,
                .y_zero_point = y_zero,
                .zero_point = zero};
    }
};

/// Static scales whose ratios are dyadic numbers: no floating-point operation once the layers are prepared. Every
/// format of the recipe must be fixed-point.
struct dyadic_scaling : real_scaling {
    template <class Sum, format Out>
    using columns = dyadic_columns<Out>;
    template <format T>
    using sum = dyadic_sum<T>;
};

/// Dynamic fixed point: one power of two for each tensor, from its largest magnitude at run time (weights: once).
/// Source: Das et al., "Mixed precision training of convolutional neural networks using integer operations", ICLR 2018.
struct dynamic_power_of_two_scaling : real_scaling {
    using token = dynamic_scale;
    /// Functions and sums give floats; the product's operand is quantized from the whole tensor.
    template <number T>
    using produced = float;

    /// Exponent of a code of T for values up to absmax: floor(log2 absmax) - (width - 2). A value that rounds up to
    /// 2^(width - 1) saturates.
    template <format T>
    [[nodiscard]] static constexpr int exponent(double absmax) noexcept {
        const auto u = unpack(absmax);
        return u.kind == number_class::finite ? u.top_exponent() - (T::width - 2) : 0;
    }
    template <number W>
    [[nodiscard]] static constexpr double weight_scale(matrix_view<const float> weights, index, double) noexcept {
        return dynamic_scale{exponent<W>(largest_magnitude(weights))}.factor();
    }
    template <format T, class Context>
    static status operand(matrix_view<const float> in, const contraction&, const Context& context,
                          tensor<T, token>& out) noexcept {
        matrix_view<T> codes;
        if (const status s = context.scratch.take(in.extent[0], in.extent[1], codes); s != status::ok) return s;
        out = {as_const(codes), {}};
        if (context.measuring()) return status::ok;
        const double largest = largest_magnitude(in);
        if (!(largest <= std::numeric_limits<double>::max())) return status::value_not_finite;
        const dynamic_scale scale{exponent<T>(largest)};
        const double inverse = dynamic_scale{-scale.exponent}.factor();
        for (index i = 0; i < in.extent[0]; ++i) {
            for (index j = 0; j < in.extent[1]; ++j) {
                codes(i, j) =
                    convert<T>(static_cast<double>(in(i, j)) * inverse, rounding::nearest_even, saturation::finite);
            }
        }
        out.token = scale;
        return status::ok;
    }
};

}  // namespace dyad::inline v1::nn
