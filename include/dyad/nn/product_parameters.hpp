// SPDX-License-Identifier: Apache-2.0
// Preparing a product with weights: the weights of each output, as the recipe keeps them, and what turns its sum into a
// code. For linear layers and convolutions alike: an output is a row of weights.
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>

namespace dyad::inline v1::nn {

enum class bias_kind : std::uint8_t { given, none };
/// How a source holds the weights of n outputs of m weights each: n x m, or m x n (depthwise convolutions).
enum class weight_order : std::uint8_t { outputs_first, outputs_last };

/// name.bias as real numbers: floats, or codes of a product's sums.
template <preparation_source Source>
class bias_of {
public:
    layer_status find(Source& source, const path& name, index outputs, bias_kind kind, prescribed files) noexcept {
        if (kind == bias_kind::none) return status::ok;
        if constexpr (quantized_source<Source>) {
            if (files == prescribed::taken) {
                const status s = source.given_bias((name / "bias").text(), outputs, codes_);
                if (s != status::parameter_missing) return {s, layer_kind::none, operand_kind::bias};
            }
        }
        const status s = source.parameter((name / "bias").text(), 1, outputs, values_);
        const bool usable = s != status::ok || nn::is_finite(values_);
        return {usable ? s : status::parameter_not_finite, layer_kind::none, operand_kind::bias};
    }
    [[nodiscard]] double at(index i, double sum_scale) const noexcept {
        if (codes_.data != nullptr) return codes_(i) * sum_scale;
        return values_.data != nullptr ? static_cast<double>(values_(0, i)) : 0;
    }

private:
    vector_view<const std::int32_t> codes_;
    matrix_view<const float> values_;
};

namespace product_rules {

/// The operand that a scale belongs to, where those of input and output are positive numbers by themselves.
[[nodiscard]] constexpr layer_status about(status s) noexcept {
    const bool is_weight = s == status::scale_not_positive || s == status::scale_out_of_range;
    if (is_weight) return {s, layer_kind::none, operand_kind::weight_scale};
    return s == status::scale_unsupported ? layer_status{s, layer_kind::none, operand_kind::output_scale}
                                          : layer_status{s};
}

}  // namespace product_rules

/// Reads name.weight and name.bias for a layer whose `weights` and `columns` have their shape: codes as the file
/// prescribes them where the recipe takes those, else floats, quantized. `in`: what the operand's codes mean; out(j):
/// what those of output j do. Weights that cannot sum their rows need an operand without a zero point. `single`: what
/// one scale in a file stands for: TensorFlow Lite's FULLY_CONNECTED makes its multiplier of it as a float, its
/// convolutions as if each row had it.
template <recipe R, class Weights, class Columns, preparation_source Source, std::invocable<index> Out>
layer_status prepare_product(Source& source, const path& name, weight_order order, bias_kind kind, const affine& in,
                             const Out& out, Weights& weights, Columns& columns,
                             weight_scales single = weight_scales::by_row) noexcept {
    using scaling = typename R::scaling;
    const auto [outputs, terms] = weights.extent();
    if (!is_positive_finite(in.scale)) return {status::scale_not_positive, layer_kind::none, operand_kind::input_scale};
    if constexpr (!requires { weights.row_sum(index{}); }) {
        if (in.zero_point != 0) return {status::scale_unsupported, layer_kind::none, operand_kind::input_scale};
    }
    for (index i = 0; i < outputs; ++i) {
        if (!is_positive_finite(affine(out(i)).scale))
            return {status::scale_not_positive, layer_kind::none, operand_kind::output_scale};
    }
    bias_of<Source> bias;
    if (const layer_status s = bias.find(source, name, outputs, kind, scaling::file_scales); s != status::ok) return s;
    auto scales = weight_scales::by_row;
    const auto set = [&](index i, double scale) -> status {
        const double sum_scale = scaling::sum_scale(in.scale, scale, scales);
        column_terms terms_of{bias.at(i, sum_scale), sum_scale, 0};
        if (in.zero_point != 0) {
            if constexpr (requires { weights.row_sum(i); })
                terms_of.offset = -std::int64_t{in.zero_point} * weights.row_sum(i);
        }
        return columns.set(i, terms_of, affine(out(i)));
    };
    const bool turned = order == weight_order::outputs_last;
    const index rows = turned ? terms : outputs;
    const index lines = turned ? outputs : terms;
    const auto weight_name = name / "weight";
    if constexpr (quantized_source<Source> && takes_given<scaling> &&
                  requires(given_codes g) { weights.take(g, set); }) {
        given_codes g;
        const status found = source.given_weight(weight_name.text(), rows, lines, g);
        if (found == status::ok) {
            if (g.scales.extent[0] == 1) scales = single;
            if (turned) g.codes = transposed(g.codes);
            return product_rules::about(weights.take(g, set));
        }
        if (found != status::parameter_missing) return {found, layer_kind::none, operand_kind::weight};
    }
    matrix_view<const float> w;
    const status found = source.parameter(weight_name.text(), rows, lines, w);
    if (found != status::ok) return {found, layer_kind::none, operand_kind::weight};
    if (!nn::is_finite(w)) return {status::parameter_not_finite, layer_kind::none, operand_kind::weight};
    // A row of zeros leaves its bias: in a thousandth of the output's unit it is as good as exact.
    const auto fine = [&](index i) { return affine(out(i)).scale / in.scale / 1024; };
    return product_rules::about(weights.prepare(turned ? transposed(w) : w, fine, set));
}

}  // namespace dyad::inline v1::nn
