// SPDX-License-Identifier: Apache-2.0
// linear: y = x W^T + b, W out x in row-major, each row of W with its own scale.
#pragma once

#include <concepts>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1::nn {

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
            // A row of zeros leaves its bias: in a thousandth of the output's unit it is as good as exact.
            const double fine = out_scale(i) / in_scale / 1024;
            const double scale = R::scaling::template weight_scale<weight>(w, i, fine);
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
    template <class Context>
    status run(const tensor_of<R, operand>& in, matrix_view<Out> out, const Context& context) const noexcept {
        return multiply<R>(in.codes, transposed(as_const(weights_)), out, columns_.max_bias(),
                           columns_.epilogue(in.token), context);
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
