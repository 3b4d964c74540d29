// SPDX-License-Identifier: Apache-2.0
// Token scaling: one float for each token of activations at run time (absmax on the largest code), one for a matrix of
// weights. Source: Ma et al., "The era of 1-bit LLMs", arXiv 2402.17764; Wang et al., "BitNet", arXiv 2310.11453.
#pragma once

#include <array>
#include <cstdint>

#include <dyad/array/arena.hpp>
#include <dyad/array/quantize.hpp>
#include <dyad/array/scale_rule.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/tile_scales.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/nn/archive.hpp>
#include <dyad/nn/scaling.hpp>
#include <dyad/nn/tensor.hpp>
#include <dyad/nn/weights.hpp>

namespace dyad::inline v1::nn {

/// Is every element a finite number? As is_finite, by a kernel.
[[nodiscard]] inline bool all_finite(matrix_view<const float> m) noexcept {
    std::uint32_t largest = 0;
    if (!m.is_empty()) find_magnitudes(best_instruction_set(), m, m.extent[1], &largest);
    return largest < 0x7f80'0000;
}

/// Codes that share one scale, chosen by Rule.
template <number W, scale_rule Rule>
class tensor_weights : public code_weights<W> {
    using code_weights<W>::codes_;

public:
    template <class IfZero, class Each>
    status prepare(matrix_view<const float> w, const IfZero& if_zero, const Each& each) noexcept {
        if (!is_finite(w)) return status::parameter_not_finite;
        float scale = 0;
        if (const status s = quantize(w, quantized_view{codes_, per_tensor(&scale)}, Rule); s != status::ok) return s;
        for (index i = 0; i < codes_.extent[0]; ++i) {
            const status s = each(i, scale > 0 ? static_cast<double>(scale) : if_zero(i));
            if (s != status::ok) return s;
        }
        return status::ok;
    }
};

/// A scale for each line of numbers that a product sums: a row of activations, a column of attention's v. Everything
/// between products is float.
template <scale_rule WeightRule = scale_rule::nearest>
struct token_scaling : unit_scaling {
    using token = line_scales;
    template <number T>
    using produced = float;
    template <class, number W>
    using weights = tensor_weights<W, WeightRule>;

    /// Heads that stand side by side share the scale of their token. status::value_not_finite for NaN or infinity.
    template <format T, class Context>
    static status operand(matrix_view<const float> in, const contraction& sums, const Context& context,
                          tensor<T, token>& out) noexcept {
        const bool along_rows = sums.over == contracted::columns;
        matrix_view<T> codes;
        vector_view<float> scales;
        if (const status s = context.scratch.take(in.extent[0], in.extent[1], codes); s != status::ok) return s;
        if (const status s = context.scratch.take(in.extent[along_rows ? 0 : 1], scales); s != status::ok) return s;
        out.codes = as_const(codes);
        out.token.values = {scales.data, in.extent, {along_rows ? 1 : 0, along_rows ? 0 : 1}};
        if (context.measuring()) return status::ok;
        if (!all_finite(in)) return status::value_not_finite;
        const auto map = along_rows ? per_row(scales.data) : per_column(scales.data);
        return quantize(in, quantized_view{codes, map}, scale_rule::nearest, rounding::nearest_even,
                        saturation::propagate, context.execute);
    }
};

}  // namespace dyad::inline v1::nn
