// SPDX-License-Identifier: Apache-2.0
// Softmax of attention's scores, heads one below the other, of which each row sees only some keys: the others count as
// if they were not there, and get 0. By the function's own run_causal and run_masked where it has them; else row by row
// on the keys that are seen, moved together, so that every softmax of rows can be masked.
#pragma once

#include <cstdint>

#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/linalg/attention_products.hpp>
#include <dyad/nn/attention_scores.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1::nn {

namespace attention_steps {

/// Rows of scores that one task takes.
inline constexpr index softmax_rows = 16;

/// One row: the scores that are seen move to its front, their shares to their places, from behind.
template <class F, number In, number Out>
status softmax_of_seen(const F& f, matrix_view<In> scores, matrix_view<Out> shares, index r, index i,
                       const seen_keys& seen) noexcept {
    const index keys = scores.extent[1];
    index n = 0;
    for (index j = 0; j < keys; ++j) {
        if (seen.sees(i, j)) scores(r, n++) = scores(r, j);
    }
    if (n != 0) {
        const auto from = as_const(row_block(column_block(scores, 0, n), r, 1));
        const auto to = row_block(column_block(shares, 0, n), r, 1);
        status s = status::ok;
        if constexpr (requires { f.run(from, to); }) s = f.run(from, to);
        else s = f.run(row(from, 0), row(to, 0));
        if (s != status::ok) return s;
    }
    for (index j = keys - 1; j >= 0; --j) shares(r, j) = seen.sees(i, j) ? shares(r, --n) : Out{};
    return status::ok;
}

/// `count` rows of one head, the first that of token i.
template <class F, number In, number Out, class Context>
status softmax_part(const F& f, matrix_view<In> scores, matrix_view<Out> shares, index first, index i, index count,
                    const seen_keys& seen, const Context& context) noexcept {
    const auto from = as_const(row_block(scores, first, count));
    const auto to = row_block(shares, first, count);
    const row_options options{context.cap};
    if constexpr (requires { f.run_causal(from, index{}, to, options); }) {
        if (!seen.has_mask()) return f.run_causal(from, seen.offset + i, to, options);
    }
    if constexpr (requires { f.run_masked(from, seen.mask, to, options); }) {
        if (seen.rule == attention_mask::none) return f.run_masked(from, row_block(seen.mask, i, count), to, options);
    }
    for (index r = 0; r < count; ++r) {
        const status s = softmax_of_seen(f, scores, shares, first + r, i + r, seen);
        if (s != status::ok) return s;
    }
    return status::ok;
}

/// Causality as a part of the mask, in scratch memory, for functions that take masks.
template <class F, number In, number Out, class Context>
status join_masks(index tokens, matrix_view<const In> scores, matrix_view<Out> shares, seen_keys& seen,
                  const Context& context) noexcept {
    if constexpr (requires(const F& f) { f.run_masked(scores, seen.mask, shares, row_options{}); }) {
        if (seen.rule == attention_mask::none || !seen.has_mask()) return status::ok;
        matrix_view<std::uint8_t> both;
        if (const status s = context.scratch.take(tokens, scores.extent[1], both); s != status::ok) return s;
        if (!context.measuring()) {
            for (index i = 0; i < both.extent[0]; ++i) {
                for (index j = 0; j < both.extent[1]; ++j) both(i, j) = seen.sees(i, j) ? 1 : 0;
            }
        }
        seen = {attention_mask::none, 0, as_const(both)};
    }
    return status::ok;
}

}  // namespace attention_steps

/// shares = softmax of scores, heads * tokens rows each. The scores may be changed; scratch memory is left to the
/// caller to rewind.
template <class F, number In, number Out, class Context>
status softmax_of_heads(const F& f, matrix_view<In> scores, index tokens, seen_keys seen, matrix_view<Out> shares,
                        const Context& context) noexcept {
    if (seen.all()) return for_each_row(f, as_const(scores), shares, context);
    if (scores.extent != shares.extent) return status::extents_differ;
    if (const status s = attention_steps::join_masks<F>(tokens, as_const(scores), shares, seen, context);
        s != status::ok)
        return s;
    if (scores.is_empty() || context.measuring()) return status::ok;
    const index pieces = (tokens + attention_steps::softmax_rows - 1) / attention_steps::softmax_rows;
    const auto run = [&](index task) {
        const index i = task % pieces * attention_steps::softmax_rows;
        const index rest = tokens - i;
        const index count = rest < attention_steps::softmax_rows ? rest : attention_steps::softmax_rows;
        return attention_steps::softmax_part(f, scores, shares, task / pieces * tokens + i, i, count, seen, context);
    };
    // What can fail, fails for the last rows of the first head: under causality they see most.
    const index first = pieces - 1;
    if (const status s = run(first); s != status::ok) return s;
    context.execute(scores.extent[0] / tokens * pieces - 1,
                    [&](index t) { static_cast<void>(run(t < first ? t : t + 1)); });
    return status::ok;
}

}  // namespace dyad::inline v1::nn
