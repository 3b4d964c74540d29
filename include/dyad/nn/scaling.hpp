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
#include <dyad/linalg/carrier.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/columns.hpp>
#include <dyad/nn/sums.hpp>
#include <dyad/nn/tensor.hpp>
#include <dyad/nn/weights.hpp>
#include <dyad/number/convert.hpp>

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