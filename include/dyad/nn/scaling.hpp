// SPDX-License-Identifier: Apache-2.0
// Scaling policies of recipes: what one code of a tensor is worth, and how sums become codes of the next tensor.
// real value = code * scale (static scales, known when the layer is prepared) * the token's factor (dynamic ones).
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/assert.hpp>
#include <dyad/core/fused.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/linalg/epilogue.hpp>
#include <dyad/math/requantize.hpp>
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
    /// Column j: out = (sum * sum_scale + bias) / out_scale.
    status set(index j, double bias, double sum_scale, double out_scale) noexcept {
        if (!is_positive_finite(sum_scale / out_scale)) return status::scale_not_positive;
        factors(j) = static_cast<float>(sum_scale / out_scale);
        offsets(j) = static_cast<float>(bias / out_scale);
        return status::ok;
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
        const status s = v.array(stored(factors));
        return s == status::ok ? v.array(stored(offsets)) : s;
    }
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

    status set(double x_scale, double y_scale, double out_scale) noexcept {
        if (!is_positive_finite(x_scale / out_scale) || !is_positive_finite(y_scale / out_scale)) {
            return status::scale_not_positive;
        }
        x_factor = static_cast<float>(x_scale / out_scale);
        y_factor = static_cast<float>(y_scale / out_scale);
        return status::ok;
    }
    [[nodiscard]] T operator()(T x, T y) const noexcept {
        const double scaled = convert<double>(y) * static_cast<double>(y_factor);
        const double sum = fused(convert<double>(x), static_cast<double>(x_factor), scaled);
        return narrow<T>(sum);
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
    template <number W>
    [[nodiscard]] static constexpr double weight_scale(matrix_view<const float>, index, double) noexcept {
        return 1;
    }
};

/// Parameters of `requantize_columns`: integer biases in the sum's units and 31-bit multipliers.
template <format Out>
struct dyadic_columns {
    vector_view<std::int32_t> bias;
    vector_view<multiplier> multipliers;
    std::uint32_t largest_bias = 0;

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
    status set(index j, double real_bias, double sum_scale, double out_scale) noexcept {
        if (!is_positive_finite(sum_scale / out_scale)) return status::scale_not_positive;
        const double in_units = real_bias / sum_scale;
        if (!(in_units > -0x1p30 && in_units < 0x1p30)) return status::bias_exceeds_accumulator;
        bias(j) = convert<std::int32_t>(in_units);
        if (j == 0) largest_bias = 0;  // columns are set in order: a new beginning
        largest_bias = largest_bias > magnitude(bias(j)) ? largest_bias : magnitude(bias(j));
        multipliers(j) = multiplier::from_ratio(sum_scale, out_scale);
        return status::ok;
    }
    [[nodiscard]] constexpr std::uint64_t max_bias() const noexcept { return largest_bias; }
    template <std::same_as<static_scale>... Token>
    [[nodiscard]] requantize_columns<Out> epilogue(const Token&...) const noexcept {
        return {as_const(bias), as_const(multipliers), requantization::single_half_up};
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = v.array(stored(bias)); s != status::ok) return s;
        if (const status s = v.array(stored(multipliers)); s != status::ok) return s;
        return v.scalar(largest_bias);
    }
};

/// Both branches of a residual to the sum's scale, each rounded, then added and clamped (HAWQ-V3, ICML 2021).
template <format T>
struct dyadic_sum {
    multiplier x_factor = {0, 0};
    multiplier y_factor = {0, 0};

    status set(double x_scale, double y_scale, double out_scale) noexcept {
        if (!is_positive_finite(x_scale / out_scale) || !is_positive_finite(y_scale / out_scale)) {
            return status::scale_not_positive;
        }
        x_factor = multiplier::from_ratio(x_scale, out_scale);
        y_factor = multiplier::from_ratio(y_scale, out_scale);
        return status::ok;
    }
    [[nodiscard]] T operator()(T x, T y) const noexcept {
        const std::int64_t a = requantize(std::int32_t{x.raw()}, x_factor, requantization::single_half_up);
        const std::int64_t b = requantize(std::int32_t{y.raw()}, y_factor, requantization::single_half_up);
        return T::saturating_from_raw(a + b);
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        const status s = v.scalar(x_factor);
        return s == status::ok ? v.scalar(y_factor) : s;
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
