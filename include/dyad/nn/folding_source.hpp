// SPDX-License-Identifier: Apache-2.0
// folding_source: a source of parameters (nn/preparation.hpp) in front of another, in which layers are followed by
// batch norms: NAME.weight and NAME.bias with NAME.bn.weight, .bias, .mean and .variance folded in (nn/batch_norm.hpp).
#pragma once

#include <span>
#include <string_view>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/batch_norm.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/product_parameters.hpp>

namespace dyad::inline v1::nn {

/// Layers without NAME.bn.variance stay as they are; a norm's weight and bias, and the layer's bias, may be missing.
/// Folded parameters lie in `memory`, for which an arena of as many floats as the model has parameters is enough.
template <preparation_source Source>
class folding_source {
public:
    /// `depthwise` names the layers whose weights have a column, not a row, for each output.
    folding_source(Source& source, arena& memory, double epsilon,
                   std::span<const std::string_view> depthwise = {}) noexcept
        : source_(source), memory_(memory), epsilon_(epsilon), depthwise_(depthwise) {}

    status parameter(std::string_view name, index rows, index columns, matrix_view<const float>& m) noexcept {
        if (const auto layer = without(name, ".weight"); !layer.empty()) {
            const weight_order order = order_of(layer);
            batch_norm norm;
            const status found = find(layer, order == weight_order::outputs_last ? columns : rows, norm);
            if (found == status::parameter_missing) return source_.parameter(name, rows, columns, m);
            if (found != status::ok) return found;
            return fold_weight(name, norm, rows, columns, order, m);
        }
        if (const auto layer = without(name, ".bias"); !layer.empty()) {
            batch_norm norm;
            const status found = find(layer, columns, norm);
            if (found == status::parameter_missing) return source_.parameter(name, rows, columns, m);
            return found == status::ok ? fold_bias(name, norm, rows, columns, m) : found;
        }
        return source_.parameter(name, rows, columns, m);
    }
    int edge(std::string_view name) noexcept { return source_.edge(name); }
    [[nodiscard]] double absmax(int edge) noexcept { return static_cast<double>(source_.absmax(edge)); }
    [[nodiscard]] value_interval range(int edge) noexcept requires(range_source<Source>) { return source_.range(edge); }
    void set_scale(int edge, const affine& q) noexcept { source_.set_scale(edge, q); }

private:
    /// What stands before `ending`; nothing where the name has another one.
    [[nodiscard]] static std::string_view without(std::string_view name, std::string_view ending) noexcept {
        return name.ends_with(ending) ? name.substr(0, name.size() - ending.size()) : std::string_view{};
    }
    [[nodiscard]] weight_order order_of(std::string_view layer) const noexcept {
        for (const std::string_view d : depthwise_) {
            if (d == layer) return weight_order::outputs_last;
        }
        return weight_order::outputs_first;
    }
    /// The norm behind a layer; parameter_missing where there is none.
    status find(std::string_view layer, index channels, batch_norm& norm) noexcept {
        const path bn = path(layer) / "bn";
        const auto read = [&](std::string_view what, vector_view<const float>& v) -> status {
            matrix_view<const float> m;
            const status s = source_.parameter((bn / what).text(), 1, channels, m);
            if (s == status::ok) v = row(m, 0);
            return s;
        };
        norm.epsilon = epsilon_;
        if (const status s = read("variance", norm.variance); s != status::ok) return s;
        // (What is null now, fold_batch_norm misses.)
        if (const status s = read("mean", norm.mean); s != status::ok && s != status::parameter_missing) return s;
        if (const status s = read("weight", norm.gain); s != status::ok && s != status::parameter_missing) return s;
        const status s = read("bias", norm.offset);
        return s == status::parameter_missing ? status::ok : s;
    }
    status fold_weight(std::string_view name, const batch_norm& norm, index rows, index columns, weight_order order,
                       matrix_view<const float>& m) noexcept {
        matrix_view<const float> w;
        if (const status s = source_.parameter(name, rows, columns, w); s != status::ok) return s;
        matrix_view<float> folded;
        if (const status s = memory_.take(rows, columns, folded); s != status::ok) return s;
        m = as_const(folded);
        if (order == weight_order::outputs_last) return fold_batch_norm(norm, transposed(w), transposed(folded));
        return fold_batch_norm(norm, w, folded);
    }
    status fold_bias(std::string_view name, const batch_norm& norm, index rows, index columns,
                     matrix_view<const float>& m) noexcept {
        matrix_view<const float> b;
        const status s = source_.parameter(name, rows, columns, b);
        if (s != status::ok && s != status::parameter_missing) return s;
        if (rows != 1) return status::parameter_shape_differs;
        matrix_view<float> folded;
        if (const status taken = memory_.take(rows, columns, folded); taken != status::ok) return taken;
        m = as_const(folded);
        return fold_batch_norm(norm, s == status::ok ? row(b, 0) : vector_view<const float>{}, row(folded, 0));
    }

    Source& source_;
    arena& memory_;
    double epsilon_;
    std::span<const std::string_view> depthwise_;
};

}  // namespace dyad::inline v1::nn
