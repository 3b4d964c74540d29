// SPDX-License-Identifier: Apache-2.0
// A pre-norm transformer block: x += attention(layer_norm(x)); x += fc2(gelu(fc1(layer_norm(x)))).
#pragma once

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/nn/attention.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/elementwise.hpp>
#include <dyad/nn/linear.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>

namespace dyad::inline v1::nn {

/// Two linear layers with the recipe's activation between them.
template <recipe R>
class mlp {
public:
    using operand = typename R::operand;
    using value = typename R::value;
    using stream = typename R::stream;

    status shape(arena& memory, index width, index hidden) noexcept {
        hidden_ = hidden;
        if (const status s = first_.shape(memory, hidden, width); s != status::ok) return s;
        if (const status s = gelu_.shape(memory); s != status::ok) return s;
        return second_.shape(memory, width, hidden);
    }
    /// Reads name.fc1 and name.fc2; edges fc1, gelu, fc2.
    template <preparation_source Source>
    status prepare(Source& source, const path& name, const path& label, const affine& in, affine& out) noexcept {
        const affine first_scale = first_edge_.prepare(source, label / "fc1");
        const affine gelu_scale = gelu_edge_.prepare(source, label / "gelu");
        out = second_edge_.prepare(source, label / "fc2");
        if (const status s = first_.prepare(source, name / "fc1", in, first_scale); s != status::ok) return s;
        if (const status s = gelu_.prepare(first_scale, gelu_scale); s != status::ok) return s;
        return second_.prepare(source, name / "fc2", gelu_scale, out);
    }
    template <class Context>
    status run(const tensor_of<R, operand>& in, matrix_view<stream> out, const Context& context) const noexcept {
        const index tokens = in.codes.extent[0];
        matrix_view<value> hidden;
        matrix_view<produced<R, operand>> active;
        if (const status s = context.scratch.take(tokens, hidden_, hidden); s != status::ok) return s;
        if (const status s = context.scratch.take(tokens, hidden_, active); s != status::ok) return s;
        if (const status s = first_.run(in, hidden, context); s != status::ok) return s;
        context.show(first_edge_.number, as_const(hidden), static_scale{});
        if (const status s = gelu_.run(as_const(hidden), active, context); s != status::ok) return s;
        tensor_of<R, operand> a;
        if (const status s = as_operand<R, operand>(as_const(active), a, gelu_edge_.number, context); s != status::ok) {
            return s;
        }
        if (const status s = second_.run(a, out, context); s != status::ok) return s;
        context.show(second_edge_.number, as_const(out), static_scale{});
        return status::ok;
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = first_.visit(v); s != status::ok) return s;
        if (const status s = gelu_.visit(v); s != status::ok) return s;
        return second_.visit(v);
    }

private:
    index hidden_ = 0;
    linear<R, value> first_;
    activation<R, value, produced<R, operand>> gelu_;
    linear<R, stream> second_;
    edge<R, value> first_edge_;
    edge<R, produced<R, operand>> gelu_edge_;
    edge<R, stream> second_edge_;
};

/// Normalization, then a layer (attention or mlp), then the sum with what came in.
template <recipe R, class Inner>
class residual_branch {
public:
    using operand = typename R::operand;
    using stream = typename R::stream;

    /// The inner layer is shaped by the caller through `inner`.
    status shape(arena& memory, index width) noexcept { return norm_.shape(memory, width); }
    [[nodiscard]] Inner& inner() noexcept { return inner_; }

    /// Norm parameters at `norm_name`, the inner layer's at `inner_name`; scale goes from that of x to that of the sum.
    template <preparation_source Source>
    status prepare(Source& source, const path& norm_name, const path& inner_name, const path& label,
                   const path& norm_label, const path& sum_label, double epsilon, affine& scale) noexcept {
        const affine norm_scale = norm_edge_.prepare(source, norm_label);
        if (const status s = norm_.prepare(source, norm_name, epsilon, scale, norm_scale); s != status::ok) return s;
        affine inner_scale;
        if (const status s = inner_.prepare(source, inner_name, label, norm_scale, inner_scale); s != status::ok)
            return s;
        const affine sum_scale = sum_edge_.prepare(source, sum_label);
        if (const status s = sum_.prepare(scale, inner_scale, sum_scale); s != status::ok) return s;
        scale = sum_scale;
        return status::ok;
    }
    /// x: tokens x width, replaced by the sum.
    template <class Context>
    status run(matrix_view<stream> x, const Context& context) const noexcept {
        const std::size_t mark = context.scratch.used();
        const status s = forward(x, context);
        context.scratch.rewind(mark);
        return s;
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = norm_.visit(v); s != status::ok) return s;
        if (const status s = inner_.visit(v); s != status::ok) return s;
        return sum_.visit(v);
    }

private:
    template <class Context>
    status forward(matrix_view<stream> x, const Context& context) const noexcept {
        matrix_view<produced<R, operand>> normalized;
        matrix_view<stream> branch;
        if (const status s = context.scratch.take(x.extent[0], x.extent[1], normalized); s != status::ok) return s;
        if (const status s = context.scratch.take(x.extent[0], x.extent[1], branch); s != status::ok) return s;
        if (const status s = norm_.run(as_const(x), normalized, context); s != status::ok) return s;
        tensor_of<R, operand> a;
        if (const status s = as_operand<R, operand>(as_const(normalized), a, norm_edge_.number, context);
            s != status::ok) {
            return s;
        }
        if (const status s = inner_.run(a, branch, context); s != status::ok) return s;
        if (const status s = sum_.run(as_const(x), as_const(branch), x, context); s != status::ok) return s;
        context.show(sum_edge_.number, as_const(x), static_scale{});
        return status::ok;
    }

    layer_norm<R, stream, produced<R, operand>> norm_;
    Inner inner_;
    residual<R> sum_;
    edge<R, produced<R, operand>> norm_edge_;
    edge<R, stream> sum_edge_;
};

/// One block of a vision transformer. Parameters: ln1, attn, ln2, mlp below `name`.
template <recipe R>
class transformer_block {
public:
    using stream = typename R::stream;

    status shape(arena& memory, index tokens, index width, index heads, index hidden) noexcept {
        if (const status s = attention_.shape(memory, width); s != status::ok) return s;
        if (const status s = attention_.inner().shape(memory, tokens, width, heads); s != status::ok) return s;
        if (const status s = mlp_.shape(memory, width); s != status::ok) return s;
        return mlp_.inner().shape(memory, width, hidden);
    }
    /// `scale`: of the residual stream, before and after.
    template <preparation_source Source>
    status prepare(Source& source, const path& name, const path& label, double epsilon, affine& scale) noexcept {
        const status s = attention_.prepare(source, name / "ln1", name / "attn", label, label / "ln1", label / "sum1",
                                            epsilon, scale);
        if (s != status::ok) return s;
        return mlp_.prepare(source, name / "ln2", name / "mlp", label, label / "ln2", label / "sum2", epsilon, scale);
    }
    /// x: tokens x width, in place.
    template <class Context>
    status run(matrix_view<stream> x, const Context& context) const noexcept {
        const status s = attention_.run(x, context);
        return s == status::ok ? mlp_.run(x, context) : s;
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        const status s = attention_.visit(v);
        return s == status::ok ? mlp_.visit(v) : s;
    }

private:
    residual_branch<R, attention<R>> attention_;
    residual_branch<R, mlp<R>> mlp_;
};

}  // namespace dyad::inline v1::nn
