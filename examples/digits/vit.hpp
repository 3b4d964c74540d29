// SPDX-License-Identifier: Apache-2.0
// The digits vision transformer, written once for every arithmetic: 8x8 image -> 16 patches of 2x2 -> 4 blocks -> 10
// logits. Architecture and tensor names: README.md beside this file. It is a chain of segments, from one state of the
// residual stream to the next, that also run one by one.
#pragma once

#include <tuple>
#include <utility>

#include <dyad/nn.hpp>

namespace digits {

inline constexpr dyad::index image_side = 8;
inline constexpr dyad::index patch_side = 2;
inline constexpr dyad::index tokens = (image_side / patch_side) * (image_side / patch_side);
inline constexpr dyad::index patch_pixels = patch_side * patch_side;
inline constexpr dyad::index width = 64;
inline constexpr dyad::index heads = 4;
inline constexpr dyad::index hidden = 128;
inline constexpr int depth = 4;
inline constexpr dyad::index classes = 10;
inline constexpr double norm_epsilon = 1e-5;
inline constexpr int largest_pixel = 16;

/// Segments: embedding with positions; attention and MLP of each block; norm, mean and head.
inline constexpr int segments = 2 + 2 * depth;

/// Segment s in words: "embed", "block 0 attention", "block 0 mlp", ..., "head".
[[nodiscard]] inline dyad::nn::path segment_name(int s) noexcept {
    using dyad::nn::path;
    if (s == 0) return path("embed");
    if (s == segments - 1) return path("head");
    return path("block") / ((s - 1) / 2) / (s % 2 == 1 ? "attention" : "mlp");
}
/// The edge that it ends at.
[[nodiscard]] inline dyad::nn::path segment_edge(int s) noexcept {
    using dyad::nn::path;
    if (s == 0) return path("position");
    if (s == segments - 1) return path("logits");
    return path("block") / ((s - 1) / 2) / (s % 2 == 1 ? "sum1" : "sum2");
}

template <dyad::nn::recipe R>
class vit {
    using at_embed = dyad::nn::part_of<R, dyad::nn::part::embed>;
    using at_head = dyad::nn::part_of<R, dyad::nn::part::head>;
    using pooled_code = dyad::nn::produced<at_head, typename at_head::operand>;
    using layer_status = dyad::nn::layer_status;

public:
    using stream = typename R::stream;
    /// What an image is given as: codes of the scale that `prepare` reports for the edge "input".
    using input = dyad::nn::produced<at_embed, typename at_embed::operand>;

    layer_status shape(dyad::arena& memory) noexcept {
        using dyad::status;
        if (const layer_status s = embed_.shape(memory, width, patch_pixels); s != status::ok) return s;
        if (const layer_status s = position_.shape(memory, tokens, width); s != status::ok) return s;
        const auto shape_block = [&](auto& block, int) -> layer_status {
            return block.shape(memory, tokens, width, heads, hidden);
        };
        if (const layer_status s = each_block(blocks_, shape_block); s != status::ok) return s;
        if (const layer_status s = norm_.shape(memory, width); s != status::ok) return s;
        if (const layer_status s = mean_.shape(memory, tokens, width); s != status::ok) return s;
        return head_.shape(memory, classes, width);
    }

    template <dyad::nn::preparation_source Source>
    layer_status prepare(Source& source) noexcept {
        using dyad::status;
        using dyad::nn::affine;
        using dyad::nn::path;
        const affine in = input_edge_.prepare(source, path("input"));
        const affine embedded = embed_edge_.prepare(source, path("embed"));
        affine x = position_edge_.prepare(source, path("position"));
        if (const layer_status s = embed_.prepare(source, path("embed"), in, embedded); s != status::ok) return s;
        if (const layer_status s = position_.prepare(source, path("pos"), embedded, x); s != status::ok) return s;
        const auto prepare_block = [&](auto& block, int i) -> layer_status {
            return block.prepare(source, path("blocks") / i, path("block") / i, norm_epsilon, x);
        };
        if (const layer_status s = each_block(blocks_, prepare_block); s != status::ok) return s;
        const affine normalized = norm_edge_.prepare(source, path("norm"));
        const layer_status norm = norm_.prepare(source, path("norm"), norm_epsilon, x, normalized);
        if (norm != status::ok) return norm;
        const affine pooled = mean_edge_.prepare(source, path("mean"));
        if (const layer_status s = mean_.prepare(normalized, pooled); s != status::ok) return s;
        const affine logits = logit_edge_.prepare(source, path("logits"));
        return head_.prepare(source, path("head"), pooled, logits);
    }

    /// patches: tokens x patch_pixels; logits: 1 x classes.
    template <class Context>
    layer_status run(dyad::matrix_view<const input> patches, dyad::matrix_view<stream> logits,
                     const Context& context) const noexcept {
        const std::size_t mark = context.scratch.used();
        const layer_status s = forward(patches, logits, context);
        context.scratch.rewind(mark);
        return s;
    }
    /// The same without a probe, on this thread.
    layer_status run(dyad::matrix_view<const input> patches, dyad::matrix_view<stream> logits,
                     dyad::arena& scratch) const noexcept {
        return run(patches, logits, dyad::nn::quiet(scratch));
    }
    /// Segment s alone, 0 to segments - 1: the first reads the patches, the last writes the logits, all but the last
    /// change x, the residual stream (tokens x width), and leave it as segment_edge(s) says.
    template <class Context>
    layer_status run_segment(int s, dyad::matrix_view<const input> patches, dyad::matrix_view<stream> x,
                             dyad::matrix_view<stream> logits, const Context& context) const noexcept {
        const std::size_t mark = context.scratch.used();
        const auto run_half = [&](const auto& block, int i) -> layer_status {
            if (i != (s - 1) / 2) return dyad::status::ok;
            if (s % 2 == 1) return block.attention_branch().run(x, context);
            return block.mlp_branch().run(x, context);
        };
        const layer_status result = s == 0              ? begin(patches, x, context)
                                    : s == segments - 1 ? end(dyad::as_const(x), logits, context)
                                                        : each_block(blocks_, run_half);
        context.scratch.rewind(mark);
        return result;
    }
    /// Bytes of scratch memory that a run under this cap takes.
    [[nodiscard]] std::size_t scratch_bytes(dyad::instruction_set cap = dyad::instruction_set::amx) const noexcept {
        dyad::arena need = dyad::arena::measuring();
        const dyad::nn::no_probe nobody;
        const dyad::serial one_thread;
        const dyad::nn::context<const dyad::nn::no_probe, const dyad::serial> context{need, nobody, one_thread, cap};
        static_cast<void>(run(dyad::make_matrix<const input>(nullptr, tokens, patch_pixels),
                              dyad::make_matrix<stream>(nullptr, 1, classes), context));
        return need.peak();
    }

    /// Shows every stored parameter to v.array(view) or v.scalar(x), in network order.
    template <class Visitor>
    dyad::status visit(Visitor& v) noexcept {
        using dyad::status;
        if (const status s = embed_.visit(v); s != status::ok) return s;
        if (const status s = position_.visit(v); s != status::ok) return s;
        const auto visit_block = [&](auto& block, int) -> layer_status { return block.visit(v); };
        if (const status s = each_block(blocks_, visit_block); s != status::ok) return s;
        if (const status s = norm_.visit(v); s != status::ok) return s;
        if (const status s = mean_.visit(v); s != status::ok) return s;
        return head_.visit(v);
    }

private:
    /// f(block, number) of each block until one fails. Blocks may have recipes of their own, so types of their own.
    template <class Blocks, class F>
    static layer_status each_block(Blocks& blocks, const F& f) noexcept {
        layer_status s = dyad::status::ok;
        int i = 0;
        std::apply([&](auto&... block) { static_cast<void>((((s = f(block, i++)) == dyad::status::ok) && ...)); },
                   blocks);
        return s;
    }
    template <int... I>
    static auto blocks_of(std::integer_sequence<int, I...>)
        -> std::tuple<dyad::nn::transformer_block<dyad::nn::recipe_at<R, I>>...>;

    template <class Context>
    layer_status forward(dyad::matrix_view<const input> patches, dyad::matrix_view<stream> logits,
                         const Context& context) const noexcept {
        using dyad::status;
        dyad::matrix_view<stream> x;
        if (const status s = context.scratch.take(tokens, width, x); s != status::ok) return s;
        for (int i = 0; i < segments; ++i) {
            if (const layer_status s = run_segment(i, patches, x, logits, context); s != status::ok) return s;
        }
        return status::ok;
    }
    /// Patches to tokens, each with its position.
    template <class Context>
    layer_status begin(dyad::matrix_view<const input> patches, dyad::matrix_view<stream> x,
                       const Context& context) const noexcept {
        using dyad::as_const;
        using dyad::status;
        using operand = typename at_embed::operand;
        constexpr dyad::nn::static_scale fixed_scale;
        dyad::nn::tensor_of<at_embed, operand> in;
        const status made = dyad::nn::as_operand<at_embed, operand>(patches, in, input_edge_.number, context);
        if (made != status::ok) return made;
        if (const layer_status s = embed_.run(in, x, context); s != status::ok) return s;
        context.show(embed_edge_.number, as_const(x), fixed_scale);
        if (const layer_status s = position_.run(as_const(x), x, context); s != status::ok) return s;
        context.show(position_edge_.number, as_const(x), fixed_scale);
        return status::ok;
    }
    /// Mean of the normalized tokens, and the classes.
    template <class Context>
    layer_status end(dyad::matrix_view<const stream> x, dyad::matrix_view<stream> logits,
                     const Context& context) const noexcept {
        using dyad::as_const;
        using dyad::status;
        using dyad::nn::as_operand;
        using operand = typename at_head::operand;
        constexpr dyad::nn::contraction over_tokens{dyad::nn::contracted::rows, tokens};
        dyad::matrix_view<pooled_code> normalized;
        dyad::matrix_view<pooled_code> pooled;
        dyad::nn::tensor_of<at_head, operand> n;
        dyad::nn::tensor_of<at_head, operand> m;
        if (const status s = context.scratch.take(tokens, width, normalized); s != status::ok) return s;
        if (const status s = context.scratch.take(1, width, pooled); s != status::ok) return s;
        if (const layer_status s = norm_.run(x, normalized, context); s != status::ok) return s;
        status made = as_operand<at_head, operand>(as_const(normalized), over_tokens, n, norm_edge_.number, context);
        if (made != status::ok) return made;
        if (const layer_status s = mean_.run(n, pooled, context); s != status::ok) return s;
        made = as_operand<at_head, operand>(as_const(pooled), m, mean_edge_.number, context);
        if (made != status::ok) return made;
        if (const layer_status s = head_.run(m, logits, context); s != status::ok) return s;
        context.show(logit_edge_.number, as_const(logits), dyad::nn::static_scale{});
        return status::ok;
    }

    dyad::nn::linear<at_embed, stream> embed_;
    dyad::nn::add_constant<R> position_;
    decltype(blocks_of(std::make_integer_sequence<int, depth>{})) blocks_;
    dyad::nn::layer_norm<at_head, stream, pooled_code> norm_;
    dyad::nn::mean_rows<at_head, pooled_code> mean_;
    dyad::nn::linear<at_head, stream> head_;
    dyad::nn::edge<at_embed, input> input_edge_;
    dyad::nn::edge<R, stream> embed_edge_;
    dyad::nn::edge<R, stream> position_edge_;
    dyad::nn::edge<at_head, pooled_code> norm_edge_;
    dyad::nn::edge<at_head, pooled_code> mean_edge_;
    dyad::nn::edge<R, stream> logit_edge_;
};

/// Which pixel of an image (row-major) is element j of patch i.
[[nodiscard]] constexpr dyad::index patch_pixel(dyad::index i, dyad::index j) noexcept {
    constexpr dyad::index across = image_side / patch_side;
    const dyad::index row = i / across * patch_side + j / patch_side;
    return row * image_side + i % across * patch_side + j % patch_side;
}

}  // namespace digits
