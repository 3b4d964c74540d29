// SPDX-License-Identifier: Apache-2.0
// The two products of attention under a recipe, for all heads (linalg/attention_products.hpp has the formulas):
// operands of one scale by one batch of products, whose tasks are strips of heads; operands with a scale for each line,
// and products whose sums a probe wants to see, head by head. Every sum is the same either way.
//
// One buffer holds the scores of all heads, another their shares. Head by head (scores, softmax, values while a head is
// in the caches) was measured: at 197 tokens and 6 heads of 64 channels the same time with 8-bit and with 16-bit
// scores, as all of it stays in a cache of 1 MB, and fewer tasks for several threads.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/linalg/attention_products.hpp>
#include <dyad/linalg/batched_gemm.hpp>
#include <dyad/nn/attention_geometry.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/tensor.hpp>

namespace dyad::inline v1::nn {

/// dst[b] = epilogue(lhs[b] * rhs[b / options.share]) under a recipe's accumulator and product rule.
template <recipe R, number A, number B, class D, class Epilogue, class Context>
status multiply_batch(batch_view<const A> lhs, batch_view<const B> rhs, batch_view<D> dst, batched_gemm_options options,
                      const Epilogue& epilogue, const Context& context) noexcept {
    using plan_type = batched_gemm_plan<A, B, typename R::accumulator, R::product>;
    options.cap = context.cap;
    plan_type plan;
    status s = plan_type::make(lhs.extent[0], lhs.extent[1], lhs.extent[2], rhs.extent[2], options, plan);
    if (s != status::ok) return s;
    const std::size_t mark = context.scratch.used();
    vector_view<std::byte> bytes;
    s = context.scratch.take(static_cast<index>(plan.workspace_bytes()), bytes);
    if (s == status::ok && !context.measuring()) {
        const std::span<std::byte> workspace(bytes.data, static_cast<std::size_t>(bytes.extent[0]));
        s = plan.run(lhs, rhs, dst, epilogue, workspace, context.execute);
    }
    context.scratch.rewind(mark);
    return s;
}

namespace attention_steps {

template <class Context>
inline constexpr bool watches_sums = sums_probe<std::remove_cvref_t<decltype(std::declval<const Context&>().probe)>>;

/// Rows of one matrix as matrices of `rows` rows one below the other.
template <class T>
[[nodiscard]] constexpr batch_view<T> stacked(matrix_view<T> m, index count, index rows) noexcept {
    return {m.data, {count, rows, m.extent[1]}, {rows * m.stride[0], m.stride[0], m.stride[1]}};
}

[[nodiscard]] constexpr batched_gemm_options options_of(const attention_geometry& g, std::uint64_t max_bias,
                                                        causality causal, index offset) noexcept {
    return {.max_bias = max_bias,
            .share = g.heads / g.key_heads,
            .causal = g.mask == attention_mask::causal ? causal : causality::none,
            .offset = offset};
}

}  // namespace attention_steps

/// scores: heads * tokens rows of keys columns. Under a causal mask blocks of scores that no token sees stay as they
/// were.
template <recipe R, class Q, class K, class D, class Columns, class Context>
status multiply_scores(const attention_geometry& g, const Q& q, const K& k, matrix_view<D> scores, index offset,
                       const Columns& columns, const Context& context) noexcept {
    const index tokens = q.codes.extent[0];
    const index d = g.head_width;
    if constexpr (uniform_token<decltype(q.token)> && uniform_token<decltype(k.token)> &&
                  !attention_steps::watches_sums<Context>) {
        const auto options = attention_steps::options_of(g, columns.max_bias(), causality::columns, offset);
        return multiply_batch<R>(heads_of(q.codes, g.heads, d), transposed(heads_of(k.codes, g.key_heads, d)),
                                 attention_steps::stacked(scores, g.heads, tokens), options,
                                 columns.epilogue(q.token, k.token), context);
    } else {
        for (index h = 0; h < g.heads; ++h) {
            const auto lhs = column_block(q, h * d, d);
            const auto rhs = transposed(column_block(k, h / (g.heads / g.key_heads) * d, d));
            const status s = multiply<R>(lhs.codes, rhs.codes, row_block(scores, h * tokens, tokens),
                                         columns.max_bias(), columns.epilogue(lhs.token, rhs.token), context);
            if (s != status::ok) return s;
        }
        return status::ok;
    }
}

/// dst: tokens rows of heads * head_width columns. Under a causal mask the shares of keys that are not seen are 0.
template <recipe R, class P, class V, class D, class Columns, class Context>
status multiply_values(const attention_geometry& g, const P& p, const V& v, matrix_view<D> dst, index offset,
                       const Columns& columns, const Context& context) noexcept {
    const index tokens = dst.extent[0];
    const index d = g.head_width;
    if constexpr (uniform_token<decltype(p.token)> && uniform_token<decltype(v.token)> &&
                  !attention_steps::watches_sums<Context>) {
        const auto options = attention_steps::options_of(g, columns.max_bias(), causality::products, offset);
        return multiply_batch<R>(attention_steps::stacked(p.codes, g.heads, tokens), heads_of(v.codes, g.key_heads, d),
                                 heads_of(dst, g.heads, d), options, columns.epilogue(p.token, v.token), context);
    } else {
        for (index h = 0; h < g.heads; ++h) {
            const auto lhs = row_block(p, h * tokens, tokens);
            const auto rhs = column_block(v, h / (g.heads / g.key_heads) * d, d);
            const status s = multiply<R>(lhs.codes, rhs.codes, column_block(dst, h * d, d), columns.max_bias(),
                                         columns.epilogue(lhs.token, rhs.token), context);
            if (s != status::ok) return s;
        }
        return status::ok;
    }
}

}  // namespace dyad::inline v1::nn
