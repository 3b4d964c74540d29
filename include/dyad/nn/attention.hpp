// SPDX-License-Identifier: Apache-2.0
// Attention: softmax(q k^T / sqrt(d)) v for each head, between a linear layer that makes q, k and v and one that mixes
// the heads. One mechanism: multi-head, grouped queries, causal, masked, with rotary positions, over a cache.
// Source: Vaswani et al., "Attention is all you need", 2017; Ainslie et al., arXiv 2305.13245 (grouped queries).
#pragma once

#include <concepts>
#include <cstddef>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/nn/attention_geometry.hpp>
#include <dyad/nn/attention_products.hpp>
#include <dyad/nn/attention_scores.hpp>
#include <dyad/nn/attention_softmax.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/key_value_cache.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/linear.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/rotary.hpp>

namespace dyad::inline v1::nn {

/// The parts of R may have recipes of their own: attention_qkv, attention_products, attention_projection. q, k and v
/// are made as the products read them, their context as the projection does.
template <recipe R>
class attention {
    using first_recipe = part_of<R, part::attention_qkv>;
    using inner = part_of<R, part::attention_products>;
    using last = part_of<R, part::attention_projection>;
    static_assert(std::same_as<typename last::stream, typename R::stream>,
                  "dyad::nn::attention: all parts of a recipe must have its stream.");

public:
    using operand = typename first_recipe::operand;
    using probability = typename inner::probability;
    using value = typename inner::value;
    using stream = typename last::stream;
    /// What a cache of keys and values is given: key_value_cache<cached, Format>.
    using cached = produced<inner, typename inner::operand>;
    using input = tensor_of<first_recipe, operand>;
    using inputs = attention_inputs<value>;
    static constexpr auto kind = layer_kind::attention;

    layer_status shape(arena& memory, const attention_geometry& geometry) noexcept {
        attention_geometry g = geometry;
        if (const status s = complete(g); s != status::ok) return {s, kind, operand_kind::geometry};
        geometry_ = g;
        ready_.forget();
        const index inputs_of_qkv = g.query_columns() + 2 * g.key_columns();
        if (const layer_status s = qkv_.shape(memory, inputs_of_qkv, g.width); s != status::ok) return s;
        if (g.rotary.base != 0) {
            const rotary_geometry turn{g.rotary.base, g.head_width, g.rotary.positions, g.rotary.layout};
            if (const layer_status s = rotary_.shape(memory, turn); s != status::ok) return s;
        }
        if (const status s = scores_.shape_uniform(memory, g.capacity); s != status::ok) return in_layer(kind, s);
        if (const status s = context_.shape_uniform(memory, g.head_width); s != status::ok) return in_layer(kind, s);
        return projection_.shape(memory, g.width, g.query_columns());
    }
    /// Self-attention of `tokens` rows that all see each other.
    layer_status shape(arena& memory, index tokens, index width, index heads) noexcept {
        return shape(memory, {.tokens = tokens, .width = width, .heads = heads});
    }
    [[nodiscard]] const attention_geometry& geometry() const noexcept { return geometry_; }

    /// Reads name.qkv (rows: queries of all heads, keys, values) and name.proj; edges q, k, v, q_rotary and k_rotary
    /// with rotary positions, scores, softmax, context, proj. Gives what the codes of the output mean.
    template <preparation_source Source>
    layer_status prepare(Source& source, const path& name, const path& label, const affine& in, affine& out) noexcept {
        double scale[3] = {};
        ready_.forget();
        if (const layer_status s = prepare_qkv(source, name, label, in, scale); s != status::ok) return s;
        affine context_scale;
        if (const status s = prepare_products(source, label, scale, context_scale); s != status::ok)
            return in_layer(kind, operand_kind::output_scale, s);
        out = projection_edge_.prepare(source, label / "proj");
        return ready_.ended(projection_.prepare(source, name / "proj", context_scale, out));
    }
    /// The largest key and value that calibration saw, as numbers that a cache is given: what set_ranges of a cache
    /// with static scales takes. Known after `prepare`.
    [[nodiscard]] double key_range() const noexcept { return range_[1]; }
    [[nodiscard]] double value_range() const noexcept { return range_[2]; }

    /// in, out: rows x width, at most as many rows as the geometry has tokens; row i is token i.
    template <class Context>
    layer_status run(const input& in, matrix_view<stream> out, const Context& context) const noexcept {
        return run(in, inputs{}, out, context);
    }
    /// The same under a mask, or with a bias: rows x rows.
    template <class Context>
    layer_status run(const input& in, const inputs& more, matrix_view<stream> out,
                     const Context& context) const noexcept {
        no_cache none;
        return rewound(in, more, none, out, context);
    }
    /// Row i is the token after `cache.length() + i` others. The cache gets the keys and values of all rows, unless the
    /// status is not ok; a mask or a bias is rows x (length + rows). A measuring arena finds what any length needs.
    /// Under causality the rows' bits are those of one run over all tokens, where the cache holds what it is given
    /// (kept_as<cached>) and scales do not come from whole tensors at run time.
    template <class Format, class Context>
    layer_status run(const input& in, key_value_cache<cached, Format>& cache, matrix_view<stream> out,
                     const Context& context) const noexcept {
        return rewound(in, inputs{}, cache, out, context);
    }
    template <class Format, class Context>
    layer_status run(const input& in, const inputs& more, key_value_cache<cached, Format>& cache,
                     matrix_view<stream> out, const Context& context) const noexcept {
        return rewound(in, more, cache, out, context);
    }

    template <class Visitor>
    status visit(Visitor& v) noexcept {
        ready_.forget();
        if (const status s = qkv_.visit(v); s != status::ok) return s;
        if (const status s = scores_.visit(v); s != status::ok) return s;
        if (const status s = softmax_.visit(v); s != status::ok) return s;
        if (const status s = context_.visit(v); s != status::ok) return s;
        return ready_.ended(projection_.visit(v));
    }

private:
    using mixed_number = produced<last, typename last::operand>;
    struct no_cache {};
    template <class Cache>
    static constexpr bool caches = !std::same_as<Cache, no_cache>;
    [[nodiscard]] static layer_status fault(operand_kind operand, status s) noexcept { return {s, kind, operand}; }

    // --- Preparation ------------------------------------------------------------------------------------------------

    template <preparation_source Source>
    layer_status prepare_qkv(Source& source, const path& name, const path& label, const affine& in,
                             double (&scale)[3]) noexcept {
        constexpr const char* made[3] = {"q", "k", "v"};
        constexpr const char* turned[2] = {"q_rotary", "k_rotary"};
        double largest[3] = {};
        for (int i = 0; i < 3; ++i) {
            scale[i] = qkv_edges_[i].prepare_symmetric(source, label / made[i]).scale;
            largest[i] = seen_at(source, qkv_edges_[i].number).largest_magnitude();
        }
        for (int i = 0; i < 2 && geometry_.rotary.base != 0; ++i) {
            // A turn leaves the scale: one that holds both what comes in and what goes out.
            const double after = turned_edges_[i].prepare_symmetric(source, label / turned[i]).scale;
            const double seen = seen_at(source, turned_edges_[i].number).largest_magnitude();
            if (after > scale[i]) scale[i] = after;
            if (seen > largest[i]) largest[i] = seen;
            source.set_scale(qkv_edges_[i].number, affine(scale[i]));
            source.set_scale(turned_edges_[i].number, affine(scale[i]));
        }
        for (int i = 0; i < 3; ++i) range_[i] = largest[i] / scale[i];
        using columns = columns_of<first_recipe, cached>;
        if constexpr (std::derived_from<columns, unit_columns<cached>>) {
            // Its columns share one factor: only numbers without scales can follow.
            if (scale[0] != 1 || scale[1] != 1 || scale[2] != 1)
                return fault(operand_kind::output_scale, status::scale_unsupported);
        }
        const index queries = geometry_.query_columns();
        const index keys = queries + geometry_.key_columns();
        const auto scale_of_row = [&scale, queries, keys](index row) {
            return affine(scale[row < queries ? 0 : row < keys ? 1 : 2]);
        };
        return qkv_.prepare(source, name / "qkv", in, scale_of_row);
    }
    template <preparation_source Source>
    status prepare_products(Source& source, const path& label, const double (&scale)[3],
                            affine& context_scale) noexcept {
        const double root = __builtin_sqrt(static_cast<double>(geometry_.head_width));
        const affine score_scale = scores_edge_.prepare_symmetric(source, label / "scores");
        const double score_sum = scale[0] * scale[1] / root;
        if (const status s = scores_.set(0, {.sum_scale = score_sum}, score_scale); s != status::ok) return s;

        // A softmax ends at 1, whatever calibration saw; some have one scale only.
        softmax_edge_.number = source.edge((label / "softmax").text());
        double share_scale = inner::scaling::template scale<produced<inner, probability>>(1.0);
        if constexpr (requires { decltype(softmax_)::fixed_scale; }) share_scale = decltype(softmax_)::fixed_scale;
        source.set_scale(softmax_edge_.number, affine(share_scale));
        if (const status s = softmax_.set(score_scale.scale, share_scale); s != status::ok) return s;

        context_scale = context_edge_.prepare(source, label / "context");
        return context_.set(0, {.sum_scale = share_scale * scale[2]}, context_scale);
    }

    // --- A run ------------------------------------------------------------------------------------------------------

    template <class Cache, class Context>
    layer_status rewound(const input& in, const inputs& more, Cache& cache, matrix_view<stream> out,
                         const Context& context) const noexcept {
        const std::size_t mark = context.scratch.used();
        index before = 0;
        if constexpr (caches<Cache>) before = cache.length();
        const layer_status s = forward(in, more, cache, out, context);
        if constexpr (caches<Cache>) {
            if (s != status::ok) static_cast<void>(cache.truncate(before));
        }
        context.scratch.rewind(mark);
        return in_layer(kind, s);
    }

    template <class Cache, class Context>
    layer_status forward(const input& in, const inputs& more, Cache& cache, matrix_view<stream> out,
                         const Context& context) const noexcept {
        const index rows = in.codes.extent[0];
        if (const layer_status s = check(rows, more, cache, out, context); s != status::ok) return s;
        // 1. q, k, v side by side, q and k turned by their positions.
        const index queries = geometry_.query_columns();
        const index keys = geometry_.key_columns();
        matrix_view<cached> qkv;
        matrix_view<mixed_number> mixed;
        if (const status s = context.scratch.take(rows, queries, mixed); s != status::ok) return s;
        if (const status s = context.scratch.take(rows, queries + 2 * keys, qkv); s != status::ok) return s;
        if (const layer_status s = qkv_.run(in, qkv, context); s != status::ok) return s;
        const matrix_view<cached> q = column_block(qkv, 0, queries);
        const matrix_view<cached> k = column_block(qkv, queries, keys);
        const auto v = as_const(column_block(qkv, queries + keys, keys));
        index before = 0;
        if constexpr (caches<Cache>) before = context.measuring() ? 0 : cache.length();
        if (geometry_.rotary.base != 0) {
            context.show(qkv_edges_[0].number, as_const(q), static_scale{});
            context.show(qkv_edges_[1].number, as_const(k), static_scale{});
            if (const layer_status s = rotary_.run(as_const(q), before, q, context); s != status::ok) return s;
            if (const layer_status s = rotary_.run(as_const(k), before, k, context); s != status::ok) return s;
        }
        // 2. Attention of each head, heads side by side again.
        if (const layer_status s = attend(as_const(q), as_const(k), v, more, cache, mixed, context); s != status::ok)
            return s;
        // 3. The projection.
        tensor_of<last, typename last::operand> mixture;
        const auto made = as_const(mixed);
        if (const status s = as_operand<last, typename last::operand>(made, mixture, context_edge_.number, context);
            s != status::ok)
            return s;
        if (const layer_status s = projection_.run(mixture, out, context); s != status::ok) return s;
        context.show(projection_edge_.number, as_const(out), static_scale{});
        return status::ok;
    }

    template <class Cache, class Context>
    layer_status check(index rows, const inputs& more, const Cache& cache, matrix_view<stream> out,
                       const Context& context) const noexcept {
        if (!ready_ && !context.measuring()) return in_layer(kind, status::not_prepared);
        if (rows > geometry_.tokens) return fault(operand_kind::input, status::lhs_rows_differ);
        if (out.extent[0] != rows) return fault(operand_kind::output, status::dst_rows_differ);
        if (out.extent[1] != geometry_.width) return fault(operand_kind::output, status::dst_columns_differ);
        index keys = rows;
        if constexpr (caches<Cache>) {
            if (cache.heads() != geometry_.key_heads || cache.head_width() != geometry_.head_width ||
                cache.capacity() > geometry_.capacity)
                return fault(operand_kind::state, status::extents_differ);
            if (rows > cache.capacity() - cache.length())
                return {status::cache_full, layer_kind::key_value_cache, operand_kind::state};
            keys += cache.length();
            if (context.measuring()) return status::ok;
        }
        const auto fits = [&](const auto& m) {
            const bool absent = m.extent[0] == 0 && m.extent[1] == 0;
            return absent || (m.extent[0] == rows && m.extent[1] == keys);
        };
        if (!fits(more.mask)) return fault(operand_kind::mask, status::extents_differ);
        if (!fits(more.bias)) return fault(operand_kind::bias, status::extents_differ);
        if (context.measuring()) return status::ok;
        if (more.mask.data == nullptr && !more.mask.is_empty()) return fault(operand_kind::mask, status::mask_null);
        if (more.bias.data == nullptr && !more.bias.is_empty()) return fault(operand_kind::bias, status::bias_null);
        return status::ok;
    }

    /// Over the rows themselves, or over what a cache holds together with them.
    template <class Cache, class Context>
    layer_status attend(matrix_view<const cached> q, matrix_view<const cached> k, matrix_view<const cached> v,
                        const inputs& more, Cache& cache, matrix_view<mixed_number> mixed,
                        const Context& context) const noexcept {
        const std::size_t mark = context.scratch.used();
        layer_status s = status::ok;
        if constexpr (!caches<Cache>) {
            s = attend_to(q, k, v, more, mixed, context);
        } else if (context.measuring()) {
            // Workspaces of products need not grow with the number of keys: all that there may be are asked.
            for (index n = q.extent[0]; n <= cache.capacity() && s == status::ok; ++n) {
                s = attend_to_cache(q, cache, n, more, mixed, context);
                context.scratch.rewind(mark);
            }
        } else {
            s = cache.append(k, v);
            if (s == status::ok) s = attend_to_cache(q, cache, cache.length(), more, mixed, context);
        }
        context.scratch.rewind(mark);
        return s;
    }
    template <class Cache, class Context>
    layer_status attend_to_cache(matrix_view<const cached> q, const Cache& cache, index keys, const inputs& more,
                                 matrix_view<mixed_number> mixed, const Context& context) const noexcept {
        matrix_view<const cached> k;
        matrix_view<const cached> v;
        if (const layer_status s = cache.keys(keys, context, k); s != status::ok) return s;
        if (const layer_status s = cache.values(keys, context, v); s != status::ok) return s;
        return attend_to(q, k, v, more, mixed, context);
    }

    /// mixed = softmax(q k^T / sqrt(d)) v of all heads; q are the last rows of what k and v have.
    template <class Context>
    layer_status attend_to(matrix_view<const cached> q, matrix_view<const cached> k, matrix_view<const cached> v,
                           const inputs& more, matrix_view<mixed_number> mixed, const Context& context) const noexcept {
        using T = typename inner::operand;
        const index keys = k.extent[0];
        const contraction over_head{contracted::columns, geometry_.head_width};
        const contraction over_tokens{contracted::rows, keys};
        const bool turns = geometry_.rotary.base != 0;
        tensor_of<inner, T> queries;
        tensor_of<inner, T> from_keys;
        tensor_of<inner, T> values;
        status s = as_operand<inner, T>(q, over_head, queries, turns ? turned_edges_[0].number : qkv_edges_[0].number,
                                        context);
        if (s != status::ok) return s;
        s = as_operand<inner, T>(k, over_head, from_keys, turns ? turned_edges_[1].number : qkv_edges_[1].number,
                                 context);
        if (s != status::ok) return s;
        s = as_operand<inner, T>(v, over_tokens, values, qkv_edges_[2].number, context);
        if (s != status::ok) return s;
        const seen_keys seen{geometry_.mask, keys - q.extent[0], more.mask};
        tensor_of<inner, probability> p;
        if (s = share(queries, from_keys, seen, more, p, context); s != status::ok) return s;
        return multiply_values<inner>(geometry_, p, values, mixed, seen.offset, context_, context);
    }

    /// p = softmax(q k^T / sqrt(d)), the heads' matrices of queries x keys one below the other.
    template <class Context>
    status share(const tensor_of<inner, typename inner::operand>& q, const tensor_of<inner, typename inner::operand>& k,
                 const seen_keys& seen, const inputs& more, tensor_of<inner, probability>& p,
                 const Context& context) const noexcept {
        const index tokens = q.codes.extent[0];
        const index keys = k.codes.extent[0];
        const index rows = saturating_mul(geometry_.heads, tokens);
        matrix_view<value> scores;
        matrix_view<produced<inner, probability>> shares;
        if (const status s = context.scratch.take(rows, keys, scores); s != status::ok) return s;
        if (const status s = context.scratch.take(rows, keys, shares); s != status::ok) return s;
        if (const status s = multiply_scores<inner>(geometry_, q, k, scores, seen.offset, scores_, context);
            s != status::ok)
            return s;
        if (!context.measuring()) {
            if (!more.bias.is_empty()) add_to_scores(scores, tokens, more.bias, seen, context);
            show_scores(scores_edge_.number, scores, tokens, seen, context);
        }
        if (const status s = softmax_of_heads(softmax_, scores, tokens, seen, shares, context); s != status::ok)
            return s;
        const contraction over_keys{contracted::columns, keys};
        return as_operand<inner, probability>(as_const(shares), over_keys, p, softmax_edge_.number, context);
    }

    attention_geometry geometry_;
    linear<first_recipe, cached> qkv_;
    rotary<cached> rotary_;
    columns_of<inner, value> scores_;
    typename inner::functions::template softmax<value, produced<inner, probability>> softmax_;
    columns_of<inner, mixed_number> context_;
    linear<last, stream> projection_;
    edge<inner, cached> qkv_edges_[3];
    edge<inner, cached> turned_edges_[2];
    edge<inner, value> scores_edge_;
    edge<inner, produced<inner, probability>> softmax_edge_;
    edge<last, mixed_number> context_edge_;
    edge<last, stream> projection_edge_;
    double range_[3] = {};
    readiness ready_;
};

}  // namespace dyad::inline v1::nn
