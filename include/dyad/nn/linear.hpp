// SPDX-License-Identifier: Apache-2.0
// linear: y = x W^T + b, W out x in row-major, each row of W with its own scale.
#pragma once

#include <cstddef>
#include <span>

#include <dyad/array/arena.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/array/status.hpp>
#include <dyad/linalg/gemm.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1::nn {

/// dst = epilogue(lhs * rhs) under a recipe's accumulator and product, with workspace from `scratch`.
template <recipe R, number A, number B, class D, class Epilogue, executor Executor>
status product(matrix_view<const A> lhs, matrix_view<const B> rhs, matrix_view<D> dst, std::uint64_t max_bias,
               const Epilogue& epilogue, arena& scratch, Executor& execute) noexcept {
    using plan_type = gemm_plan<A, B, typename R::accumulator, R::product>;
    plan_type plan;
    const std::size_t mark = scratch.used();
    if (const status s = plan_type::make(lhs.extent[0], lhs.extent[1], rhs.extent[1], max_bias, plan); s != status::ok) {
        return s;
    }
    vector_view<std::byte> workspace;
    if (const status s = scratch.take(static_cast<index>(plan.workspace_bytes()), workspace); s != status::ok) return s;
    const status s = plan.run(lhs, rhs, dst, epilogue,
                              std::span<std::byte>(workspace.data, static_cast<std::size_t>(workspace.extent[0])), execute);
    scratch.rewind(mark);
    return s;
}

/// A fully connected layer from operands to Out.
template <recipe R, number Out>
class linear {
public:
    using weight = typename R::weight;
    using operand = typename R::operand;

    /// Takes memory for `out` rows of `in` weights.
    status shape(arena& memory, index out, index in) noexcept {
        const status s = memory.take(out, in, weights_);
        return s == status::ok ? columns_.shape(memory, out) : s;
    }
    /// Reads name.weight [out, in] and name.bias [out]. `out_scale(j)` is the scale of output column j.
    template <preparation_source Source, std::invocable<index> OutScale>
    status prepare(Source& source, const path& name, double in_scale, const OutScale& out_scale) noexcept {
        matrix_view<const float> w;
        matrix_view<const float> b;
        const index out = weights_.extent[0];
        const index in = weights_.extent[1];
        if (const status s = source.parameter((name / "weight").text(), out, in, w); s != status::ok) return s;
        if (const status s = source.parameter((name / "bias").text(), 1, out, b); s != status::ok) return s;
        for (index i = 0; i < out; ++i) {
            const double scale = R::scaling::template weight_scale<weight>(w, i);
            for (index j = 0; j < in; ++j) {
                const double code = static_cast<double>(w(i, j)) / scale;
                weights_(i, j) = convert<weight>(code, rounding::nearest_even, saturation::finite);
            }
            const status s = columns_.set(i, static_cast<double>(b(0, i)), scale * in_scale, out_scale(i));
            if (s != status::ok) return s;
        }
        return status::ok;
    }

    /// in: tokens x in; out: tokens x out.
    template <executor Executor>
    status run(const tensor_of<R, operand>& in, matrix_view<Out> out, arena& scratch, Executor& execute) const noexcept {
        return product<R>(in.codes, transposed(as_const(weights_)), out, columns_.max_bias(), columns_.epilogue(in.token),
                          scratch, execute);
    }

    template <class Visitor>
    status visit(Visitor& v) noexcept {
        const status s = v.array(weights_);
        return s == status::ok ? columns_.visit(v) : s;
    }

private:
    matrix_view<weight> weights_;
    columns_of<R, Out> columns_;
};

}  // namespace dyad::inline v1::nn
