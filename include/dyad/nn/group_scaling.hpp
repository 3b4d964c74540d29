// SPDX-License-Identifier: Apache-2.0
// Group scaling: weights of a few bits in groups along the inputs, each group with a scale; activations with a scale
// for each token, or for each group of a token. A linear layer's sum is that of linalg/block_path.hpp's integers: exact
// within a group, then
//   total = fma(float(sum of the group), token's scale * weights' scale, total), groups in order from +0.
// Sources: Zhang et al., "FlexQ: efficient post-training INT6 quantization for LLM serving", arXiv 2508.04405 (groups
// of 128, both operands); Nagel et al., "A white paper on neural network quantization", arXiv 2106.08295, section 3.1
// (ranges by least squares).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/quantize.hpp>
#include <dyad/array/scale_map.hpp>
#include <dyad/array/scale_rule.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/fused.hpp>
#include <dyad/nn/archive.hpp>
#include <dyad/nn/block_product.hpp>
#include <dyad/nn/scaling.hpp>
#include <dyad/nn/tensor.hpp>
#include <dyad/nn/token_scaling.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1::nn {

/// How the scale of a group of weights is found.
enum class group_range : std::uint8_t {
    min_max,       ///< the largest magnitude becomes the largest code
    least_squares  ///< of 51 shares of it, 1 to 0.5, the one with the least squared error; the largest such
};
enum class activation_scales : std::uint8_t {
    by_token,  ///< one for each token: a factor of a row of sums, so that attention's products have it as well
    by_group   ///< one for each group of a token: linear layers only, attention's products need a part of the recipe
};

/// The scale of n weights by least squares: of S(share * largest / max W).
template <number W, number S>
[[nodiscard]] S least_squares_scale(vector_view<const float> weights) noexcept {
    double largest = 0;
    for (index i = 0; i < weights.extent[0]; ++i) {
        const double x = static_cast<double>(weights(i));
        largest = x > largest ? x : -x > largest ? -x : largest;
    }
    const double full = largest / convert<double>(std::numeric_limits<W>::max());
    S best = convert<S>(full, rounding::nearest_even, saturation::finite);
    double least = std::numeric_limits<double>::max();
    for (int percent = 100; percent >= 50; --percent) {
        const S scale = convert<S>(full * percent / 100, rounding::nearest_even, saturation::finite);
        const double s = convert<double>(scale);
        if (!(s > 0)) break;
        double error = 0;
        for (index i = 0; i < weights.extent[0]; ++i) {
            const double x = static_cast<double>(weights(i));
            const double code = convert<double>(convert<W>(x / s, rounding::nearest_even, saturation::finite));
            const double rest = fused(-s, code, x);
            error = fused(rest, rest, error);
        }
        if (error < least) best = scale;
        least = error < least ? error : least;
    }
    return best;
}

/// A scale for each group of elements that a product sums.
struct group_scales {
    scale_map<const float> values;
};

/// Codes and the scales of their groups, and both as panels for block_gemm.
template <number W, int Group, number Scale, group_range Range, activation_scales Activations>
class group_weights {
    static_assert(Group >= 1, "dyad::nn::group_scaling's Group must be at least 1 weight.");
    static constexpr bool groups_of_tokens = Activations == activation_scales::by_group;

public:
    static constexpr double bits_per_weight = width_of<W> + static_cast<double>(width_of<Scale>) / Group;

    status shape(arena& memory, index rows, index columns) noexcept {
        if (const status s = memory.take(rows, columns, codes_); s != status::ok) return s;
        if (const status s = memory.take(rows, tiles_of(columns, Group), scales_); s != status::ok) return s;
        return shape_panels(memory, any_lhs(), rhs(), panels_);
    }
    [[nodiscard]] std::array<index, 2> extent() const noexcept { return codes_.extent; }

    /// Tells each(row, 1): the scales are in the sums.
    template <class IfZero, class Each>
    status prepare(matrix_view<const float> w, const IfZero&, const Each& each) noexcept {
        if (!is_finite(w)) return status::parameter_not_finite;
        const index columns = codes_.extent[1];
        const quantized_view codes{codes_, per_row_block(scales_.data, Group, columns)};
        if constexpr (Range == group_range::least_squares) {
            for (index i = 0; i < codes_.extent[0]; ++i) {
                for (index first = 0; first < columns; first += Group) {
                    const index n = columns - first < Group ? columns - first : Group;
                    scales_(i, first / Group) =
                        least_squares_scale<W, Scale>(row(column_block(row_block(w, i, 1), first, n), 0));
                }
            }
            if (const status s = quantize_with_scales(w, codes); s != status::ok) return s;
        } else {
            if (const status s = quantize(w, codes, scale_rule::nearest); s != status::ok) return s;
        }
        for (index i = 0; i < codes_.extent[0]; ++i) {
            if (const status s = each(i, 1.0); s != status::ok) return s;
        }
        return pack();
    }

    /// out = epilogue(in * weights transposed).
    template <number T, class Token, class D, class Epilogue, class Context>
    status multiply(const tensor<T, Token>& in, matrix_view<D> out, const Epilogue& epilogue,
                    const Context& context) const noexcept {
        static_assert(
            requires { T::max_raw; } && T::width <= 8 && std::is_signed_v<typename T::raw_type>,
            "dyad::nn::group_scaling needs operands that are integers of at most 8 bits with their sign.");
        return multiply_packed_blocks(lhs(in), rhs(), panels_, out, epilogue, context);
    }

    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = v.array(codes_); s != status::ok) return s;
        if (const status s = v.array(scales_); s != status::ok) return s;
        return pack();
    }

private:
    status pack() noexcept { return pack_panels(any_lhs(), rhs(), panels_); }

    [[nodiscard]] auto rhs() const noexcept {
        const Scale* const scales = scales_.data;
        return transposed(quantized_view{as_const(codes_), per_row_block(scales, Group, codes_.extent[1])});
    }
    template <number T, class Token>
    [[nodiscard]] static auto lhs(const tensor<T, Token>& in) noexcept {
        if constexpr (groups_of_tokens) return quantized_view{in.codes, in.token.values};
        else return in.codes;
    }
    /// Weights are packed the same for all operands.
    [[nodiscard]] auto any_lhs() const noexcept {
        const auto codes = make_matrix(static_cast<const integer<8>*>(nullptr), 1, codes_.extent[1]);
        const scale_map<const float> scales{nullptr, {1, Group}, {0, 1}};
        if constexpr (groups_of_tokens) return lhs(tensor<integer<8>, group_scales>{codes, {scales}});
        else return lhs(tensor<integer<8>, static_scale>{codes, {}});
    }

    matrix_view<W> codes_;
    matrix_view<Scale> scales_;
    vector_view<std::byte> panels_;
};

/// real_columns where the scales of lhs's groups are in the sums already. (A mean over tokens has one for each column.)
template <number Out>
struct group_columns : unit_columns<Out> {
    template <class Lhs, class Rhs = static_scale>
    [[nodiscard]] auto epilogue(const Lhs& lhs, const Rhs& rhs = {}) const noexcept {
        static_assert(std::same_as<Rhs, static_scale> || uniform_token<Lhs>,
                      "dyad::nn::group_scaling with scales by group is for linear layers: give the recipe another "
                      "recipe as part<nn::part::attention_products>.");
        if constexpr (!uniform_token<Lhs>) {
            return unit_columns<Out>::epilogue(static_scale{});
        } else if constexpr (std::same_as<Rhs, group_scales>) {
            return scale_lines<Out, Lhs, Rhs>{as_const(this->factors), as_const(this->offsets), lhs, rhs};
        } else {
            return unit_columns<Out>::epilogue(lhs, rhs);
        }
    }
};

/// Activations: a scale for each token is what token_scaling has.
template <int Group, activation_scales Activations>
struct group_activations : token_scaling<> {};
template <int Group>
struct group_activations<Group, activation_scales::by_group> : unit_scaling {
    using token = group_scales;
    template <number T>
    using produced = float;
    template <class Sum, number Out>
    using columns = group_columns<Out>;

    /// Groups along the channels of a token, the last one may be short; one scale where a sum is over tokens or over
    /// some of the channels. status::value_not_finite for NaN or infinity.
    template <format T, class Context>
    static status operand(matrix_view<const float> in, const contraction& sums, const Context& context,
                          tensor<T, token>& out) noexcept {
        const bool along_rows = sums.over == contracted::columns;
        const index length = sums.length < 1 ? 1 : sums.length;
        const index group = along_rows && sums.length == in.extent[1] && length > Group ? Group : length;
        const index down = along_rows ? in.extent[0] : tiles_of(in.extent[0], group);
        const index across = along_rows ? tiles_of(in.extent[1], group) : in.extent[1];
        matrix_view<T> codes;
        matrix_view<float> scales;
        if (const status s = context.scratch.take(in.extent[0], in.extent[1], codes); s != status::ok) return s;
        if (const status s = context.scratch.take(down, across, scales); s != status::ok) return s;
        const scale_map<float> map{scales.data, {along_rows ? 1 : group, along_rows ? group : 1}, {across, 1}};
        out = {as_const(codes), {map}};
        if (context.measuring()) return status::ok;
        if (!all_finite(in)) return status::value_not_finite;
        return quantize(in, quantized_view{codes, map}, scale_rule::nearest, rounding::nearest_even,
                        saturation::propagate, context.execute);
    }
};

/// Weights in groups of `Group` inputs with scales in the format Scale. Everything between products is float.
template <int Group, activation_scales Activations = activation_scales::by_token,
          group_range Range = group_range::min_max, number Scale = float>
struct group_scaling : group_activations<Group, Activations> {
    template <class, number W>
    using weights = group_weights<W, Group, Scale, Range, Activations>;
};

}  // namespace dyad::inline v1::nn
