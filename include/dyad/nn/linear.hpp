// SPDX-License-Identifier: Apache-2.0
// linear: y = x W^T + b, W out x in row-major, W kept as the recipe keeps weights.
#pragma once

#include <concepts>
#include <cstddef>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>

namespace dyad::inline v1::nn {

/// A fully connected layer from operands to Out.
template <recipe R, number Out>
class linear {
public:
    using weight = typename R::weight;
    using operand = typename R::operand;

    /// Takes memory for `out` rows of `in` weights.
    status shape(arena& memory, index out, index in) noexcept {
        if (const status s = weights_.shape(memory, out, in); s != status::ok) return s;
        if (const status s = columns_.shape(memory, out); s != status::ok) return s;
        if constexpr (packs) {
            plan_type plan;
            if (const status s = plan_type::make(1, in, out, {}, plan); s != status::ok) return s;
            return memory.take(static_cast<index>(plan.packed_bytes()), panels_);
        } else {
            return status::ok;
        }
    }
    /// Reads name.weight [out, in] and name.bias [out]. `out_scale(j)` is the scale of output column j.
    template <preparation_source Source, std::invocable<index> OutScale>
    status prepare(Source& source, const path& name, double in_scale, const OutScale& out_scale) noexcept {
        matrix_view<const float> w;
        matrix_view<const float> b;
        const auto [out, in] = weights_.extent();
        if (const status s = source.parameter((name / "weight").text(), out, in, w); s != status::ok) return s;
        if (const status s = source.parameter((name / "bias").text(), 1, out, b); s != status::ok) return s;
        // A row of zeros leaves its bias: in a thousandth of the output's unit it is as good as exact.
        const auto fine = [&](index i) { return out_scale(i) / in_scale / 1024; };
        const status s = weights_.prepare(w, fine, [&](index i, double scale) {
            return columns_.set(i, static_cast<double>(b(0, i)), scale * in_scale, out_scale(i));
        });
        return s == status::ok ? pack() : s;
    }

    /// in: tokens x in; out: tokens x out.
    template <class Context>
    status run(const tensor_of<R, operand>& in, matrix_view<Out> out, const Context& context) const noexcept {
        const auto epilogue = columns_.epilogue(in.token);
        if constexpr (packs) {
            const packed_operand panels{{panels_.data, static_cast<std::size_t>(panels_.extent[0])}};
            const index n = weights_.extent()[0];
            return multiply_by<R, carried<R, weight>>(in.codes, panels, n, out, columns_.max_bias(), epilogue, context);
        } else {
            const std::size_t mark = context.scratch.used();
            matrix_view<const carried<R, weight>> w;
            status s = weights_.operand(context, w);
            if (s == status::ok) s = multiply<R>(in.codes, transposed(w), out, columns_.max_bias(), epilogue, context);
            context.scratch.rewind(mark);
            return s;
        }
    }

    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = weights_.visit(v); s != status::ok) return s;
        if (const status s = columns_.visit(v); s != status::ok) return s;
        return pack();
    }

private:
    using plan_type = gemm_plan<carried<R, operand>, carried<R, weight>, typename R::accumulator, R::product>;
    /// Weights that are codes lie in panels as well, as the product's kernel reads them.
    static constexpr bool packs = plan_type::has_kernel && requires(const weights_of<R> w) { w.codes(); };

    status pack() noexcept {
        if constexpr (packs) {
            const auto [out, in] = weights_.extent();
            plan_type plan;
            if (const status s = plan_type::make(1, in, out, {}, plan); s != status::ok) return s;
            return plan.pack(transposed(weights_.codes()), {panels_.data, static_cast<std::size_t>(panels_.extent[0])});
        } else {
            return status::ok;
        }
    }

    weights_of<R> weights_;
    columns_of<R, Out> columns_;
    vector_view<std::byte> panels_;
};

}  // namespace dyad::inline v1::nn
