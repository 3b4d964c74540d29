// SPDX-License-Identifier: Apache-2.0
// Multi-head self-attention: softmax(q k^T / sqrt(d)) v for each head, then an output projection.
// Source: Vaswani et al., "Attention is all you need", 2017. One linear makes q, k and v: rows 0..C-1, C..2C-1,
// 2C..3C-1.
#pragma once

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/elementwise.hpp>
#include <dyad/nn/linear.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>

namespace dyad::inline v1::nn {

template <recipe R>
class attention {
public:
    using operand = typename R::operand;
    using probability = typename R::probability;
    using value = typename R::value;
    using stream = typename R::stream;

    /// For `tokens` rows of `width` channels in `heads` heads.
    status shape(arena& memory, index tokens, index width, index heads) noexcept {
        if (heads < 1 || width % heads != 0) return status::heads_do_not_divide_width;
        tokens_ = tokens;
        width_ = width;
        heads_ = heads;
        if (const status s = qkv_.shape(memory, 3 * width, width); s != status::ok) return s;
        if (const status s = scores_.shape_uniform(memory, tokens); s != status::ok) return s;
        if (const status s = context_.shape_uniform(memory, width / heads); s != status::ok) return s;
        return projection_.shape(memory, width, width);
    }

    /// Reads name.qkv and name.proj; edges q, k, v, scores, softmax, context, proj. Gives the scale of the output.
    template <preparation_source Source>
    status prepare(Source& source, const path& name, const path& label, const affine& in, affine& out) noexcept {
        affine scale[3];
        constexpr const char* part[3] = {"q", "k", "v"};
        for (int i = 0; i < 3; ++i) scale[i] = qkv_edges_[i].prepare_symmetric(source, label / part[i]);
        const index width = width_;
        const auto qkv_scale = [&scale, width](index row) { return scale[row / width]; };
        if (const status s = qkv_.prepare(source, name / "qkv", in, qkv_scale); s != status::ok) return s;

        const double head_width = static_cast<double>(width_ / heads_);
        const affine score_scale = scores_edge_.prepare_symmetric(source, label / "scores");
        const double score_sum = scale[0].scale * scale[1].scale / __builtin_sqrt(head_width);
        if (const status s = scores_.set(0, {.sum_scale = score_sum}, score_scale); s != status::ok) return s;

        // A softmax ends at 1, whatever calibration saw; some have one scale only.
        softmax_edge_.number = source.edge((label / "softmax").text());
        double share_scale = R::scaling::template scale<produced<R, probability>>(1.0);
        if constexpr (requires { decltype(softmax_)::fixed_scale; }) share_scale = decltype(softmax_)::fixed_scale;
        source.set_scale(softmax_edge_.number, affine(share_scale));
        if (const status s = softmax_.set(score_scale.scale, share_scale); s != status::ok) return s;

        const affine context_scale = context_edge_.prepare(source, label / "context");
        if (const status s = context_.set(0, {.sum_scale = share_scale * scale[2].scale}, context_scale);
            s != status::ok)
            return s;
        out = projection_edge_.prepare(source, label / "proj");
        return projection_.prepare(source, name / "proj", context_scale, out);
    }

    /// in, out: tokens x width.
    template <class Context>
    status run(const tensor_of<R, operand>& in, matrix_view<stream> out, const Context& context) const noexcept {
        // 1. q, k, v side by side.
        matrix_view<produced<R, operand>> qkv;
        if (const status s = context.scratch.take(tokens_, 3 * width_, qkv); s != status::ok) return s;
        if (const status s = qkv_.run(in, qkv, context); s != status::ok) return s;
        tensor_of<R, operand> part[3];
        const contraction over_head{contracted::columns, width_ / heads_};
        const contraction over_tokens{contracted::rows, tokens_};
        for (int i = 0; i < 3; ++i) {
            const auto made = as_const(column_block(qkv, i * width_, width_));
            const contraction& sums = i < 2 ? over_head : over_tokens;
            const status s = as_operand<R, operand>(made, sums, part[i], qkv_edges_[i].number, context);
            if (s != status::ok) return s;
        }
        // 2. Attention of each head, heads side by side again, and the projection.
        tensor_of<R, probability> p;
        if (const status s = share(part[0], part[1], p, context); s != status::ok) return s;
        tensor_of<R, operand> mixture;
        if (const status s = mix(p, part[2], mixture, context); s != status::ok) return s;
        if (const status s = projection_.run(mixture, out, context); s != status::ok) return s;
        context.show(projection_edge_.number, as_const(out), static_scale{});
        return status::ok;
    }

    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = qkv_.visit(v); s != status::ok) return s;
        if (const status s = scores_.visit(v); s != status::ok) return s;
        if (const status s = softmax_.visit(v); s != status::ok) return s;
        if (const status s = context_.visit(v); s != status::ok) return s;
        return projection_.visit(v);
    }

private:
    /// p = softmax(q k^T / sqrt(d)), the heads' tokens x tokens matrices one below the other.
    template <class Context>
    status share(const tensor_of<R, operand>& q, const tensor_of<R, operand>& k, tensor_of<R, probability>& p,
                 const Context& context) const noexcept {
        const index d = width_ / heads_;
        matrix_view<value> scores;
        matrix_view<produced<R, probability>> shares;
        if (const status s = context.scratch.take(heads_ * tokens_, tokens_, scores); s != status::ok) return s;
        if (const status s = context.scratch.take(heads_ * tokens_, tokens_, shares); s != status::ok) return s;
        for (index h = 0; h < heads_; ++h) {
            const auto lhs = column_block(q, h * d, d);
            const auto rhs = transposed(column_block(k, h * d, d));
            const status s = multiply<R>(lhs.codes, rhs.codes, row_block(scores, h * tokens_, tokens_),
                                         scores_.max_bias(), scores_.epilogue(lhs.token, rhs.token), context);
            if (s != status::ok) return s;
        }
        context.show(scores_edge_.number, as_const(scores), static_scale{});
        if (const status s = for_each_row(softmax_, as_const(scores), shares, context); s != status::ok) return s;
        return as_operand<R, probability>(as_const(shares), p, softmax_edge_.number, context);
    }
    /// p v of all heads side by side, tokens x width.
    template <class Context>
    status mix(const tensor_of<R, probability>& p, const tensor_of<R, operand>& v, tensor_of<R, operand>& mixture,
               const Context& context) const noexcept {
        const index d = width_ / heads_;
        matrix_view<produced<R, operand>> mixed;
        if (const status s = context.scratch.take(tokens_, width_, mixed); s != status::ok) return s;
        for (index h = 0; h < heads_; ++h) {
            const auto lhs = row_block(p, h * tokens_, tokens_);
            const auto rhs = column_block(v, h * d, d);
            const status s = multiply<R>(lhs.codes, rhs.codes, column_block(mixed, h * d, d), context_.max_bias(),
                                         context_.epilogue(lhs.token, rhs.token), context);
            if (s != status::ok) return s;
        }
        return as_operand<R, operand>(as_const(mixed), mixture, context_edge_.number, context);
    }

    index tokens_ = 0;
    index width_ = 0;
    index heads_ = 1;
    linear<R, produced<R, operand>> qkv_;
    columns_of<R, value> scores_;
    typename R::functions::template softmax<value, produced<R, probability>> softmax_;
    columns_of<R, produced<R, operand>> context_;
    linear<R, stream> projection_;
    edge<R, produced<R, operand>> qkv_edges_[3];
    edge<R, value> scores_edge_;
    edge<R, produced<R, probability>> softmax_edge_;
    edge<R, produced<R, operand>> context_edge_;
    edge<R, stream> projection_edge_;
};

}  // namespace dyad::inline v1::nn
