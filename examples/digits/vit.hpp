// SPDX-License-Identifier: Apache-2.0
// The digits vision transformer, written once for every arithmetic: 8x8 image -> 16 patches of 2x2 -> 4 blocks -> 10
// logits. Architecture and tensor names: README.md beside this file.
#pragma once

#include <array>

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

template <dyad::nn::recipe R>
class vit {
public:
    using operand = typename R::operand;
    using stream = typename R::stream;
    /// What an image is given as: codes of the scale that `prepare` reports for the edge "input".
    using input = dyad::nn::produced<R, operand>;

    dyad::status shape(dyad::arena& memory) noexcept {
        using dyad::status;
        if (const status s = embed_.shape(memory, width, patch_pixels); s != status::ok) return s;
        if (const status s = position_.shape(memory, tokens, width); s != status::ok) return s;
        for (auto& block : blocks_) {
            if (const status s = block.shape(memory, tokens, width, heads, hidden); s != status::ok) return s;
        }
        if (const status s = norm_.shape(memory, width); s != status::ok) return s;
        if (const status s = mean_.shape(memory, tokens, width); s != status::ok) return s;
        return head_.shape(memory, classes, width);
    }

    template <dyad::nn::preparation_source Source>
    dyad::status prepare(Source& source) noexcept {
        using dyad::status;
        using dyad::nn::path;
        const dyad::nn::affine input_scale = input_edge_.prepare(source, path("input"));
        const dyad::nn::affine embed_scale = embed_edge_.prepare(source, path("embed"));
        dyad::nn::affine scale = position_edge_.prepare(source, path("position"));
        if (const status s = embed_.prepare(source, path("embed"), input_scale, embed_scale); s != status::ok) {
            return s;
        }
        if (const status s = position_.prepare(source, path("pos"), embed_scale, scale); s != status::ok) return s;
        for (int i = 0; i < depth; ++i) {
            auto& block = blocks_[static_cast<std::size_t>(i)];
            const status s = block.prepare(source, path("blocks") / i, path("block") / i, norm_epsilon, scale);
            if (s != status::ok) return s;
        }
        const dyad::nn::affine norm_scale = norm_edge_.prepare(source, path("norm"));
        if (const status s = norm_.prepare(source, path("norm"), norm_epsilon, scale, norm_scale); s != status::ok)
            return s;
        const dyad::nn::affine mean_scale = mean_edge_.prepare(source, path("mean"));
        if (const status s = mean_.prepare(norm_scale, mean_scale); s != status::ok) return s;
        const dyad::nn::affine logit_scale = logit_edge_.prepare(source, path("logits"));
        return head_.prepare(source, path("head"), mean_scale, logit_scale);
    }

    /// patches: tokens x patch_pixels; logits: 1 x classes.
    template <class Context>
    dyad::status run(dyad::matrix_view<const input> patches, dyad::matrix_view<stream> logits,
                     const Context& context) const noexcept {
        const std::size_t mark = context.scratch.used();
        const dyad::status s = forward(patches, logits, context);
        context.scratch.rewind(mark);
        return s;
    }
    /// The same without a probe, on this thread.
    dyad::status run(dyad::matrix_view<const input> patches, dyad::matrix_view<stream> logits,
                     dyad::arena& scratch) const noexcept {
        const dyad::nn::no_probe nobody;
        const dyad::serial one_thread;
        return run(patches, logits,
                   dyad::nn::context<const dyad::nn::no_probe, const dyad::serial>{scratch, nobody, one_thread});
    }
    /// Bytes of scratch memory that a run takes.
    [[nodiscard]] std::size_t scratch_bytes() const noexcept {
        dyad::arena need = dyad::arena::measuring();
        static_cast<void>(run(dyad::make_matrix<const input>(nullptr, tokens, patch_pixels),
                              dyad::make_matrix<stream>(nullptr, 1, classes), need));
        return need.peak();
    }

    /// Shows every stored parameter to v.array(view) or v.scalar(x), in network order.
    template <class Visitor>
    dyad::status visit(Visitor& v) noexcept {
        using dyad::status;
        if (const status s = embed_.visit(v); s != status::ok) return s;
        if (const status s = position_.visit(v); s != status::ok) return s;
        for (auto& block : blocks_) {
            if (const status s = block.visit(v); s != status::ok) return s;
        }
        if (const status s = norm_.visit(v); s != status::ok) return s;
        if (const status s = mean_.visit(v); s != status::ok) return s;
        return head_.visit(v);
    }

private:
    template <class T>
    using tensor = dyad::nn::tensor_of<R, T>;

    template <class Context>
    dyad::status forward(dyad::matrix_view<const input> patches, dyad::matrix_view<stream> logits,
                         const Context& context) const noexcept {
        using dyad::as_const;
        using dyad::status;
        using dyad::nn::as_operand;
        constexpr dyad::nn::static_scale fixed_scale;
        // 1. Patches to tokens, each with its position.
        tensor<operand> in;
        dyad::matrix_view<stream> x;
        if (const status s = as_operand<R, operand>(patches, in, input_edge_.number, context); s != status::ok)
            return s;
        if (const status s = context.scratch.take(tokens, width, x); s != status::ok) return s;
        if (const status s = embed_.run(in, x, context); s != status::ok) return s;
        context.show(embed_edge_.number, as_const(x), fixed_scale);
        if (const status s = position_.run(as_const(x), x, context); s != status::ok) return s;
        context.show(position_edge_.number, as_const(x), fixed_scale);
        // 2. The blocks.
        for (const auto& block : blocks_) {
            if (const status s = block.run(x, context); s != status::ok) return s;
        }
        // 3. Mean of the normalized tokens, and the classes.
        dyad::matrix_view<input> normalized;
        dyad::matrix_view<input> pooled;
        tensor<operand> n;
        tensor<operand> m;
        if (const status s = context.scratch.take(tokens, width, normalized); s != status::ok) return s;
        if (const status s = context.scratch.take(1, width, pooled); s != status::ok) return s;
        if (const status s = norm_.run(as_const(x), normalized, context); s != status::ok) return s;
        constexpr dyad::nn::contraction over_tokens{dyad::nn::contracted::rows, tokens};
        if (const status s = as_operand<R, operand>(as_const(normalized), over_tokens, n, norm_edge_.number, context);
            s != status::ok) {
            return s;
        }
        if (const status s = mean_.run(n, pooled, context); s != status::ok) return s;
        if (const status s = as_operand<R, operand>(as_const(pooled), m, mean_edge_.number, context); s != status::ok) {
            return s;
        }
        if (const status s = head_.run(m, logits, context); s != status::ok) return s;
        context.show(logit_edge_.number, as_const(logits), fixed_scale);
        return status::ok;
    }

    dyad::nn::linear<R, stream> embed_;
    dyad::nn::add_constant<R> position_;
    std::array<dyad::nn::transformer_block<R>, depth> blocks_;
    dyad::nn::layer_norm<R, stream, input> norm_;
    dyad::nn::mean_rows<R, input> mean_;
    dyad::nn::linear<R, stream> head_;
    dyad::nn::edge<R, input> input_edge_;
    dyad::nn::edge<R, stream> embed_edge_;
    dyad::nn::edge<R, stream> position_edge_;
    dyad::nn::edge<R, input> norm_edge_;
    dyad::nn::edge<R, input> mean_edge_;
    dyad::nn::edge<R, stream> logit_edge_;
};

/// Which pixel of an image (row-major) is element j of patch i.
[[nodiscard]] constexpr dyad::index patch_pixel(dyad::index i, dyad::index j) noexcept {
    constexpr dyad::index across = image_side / patch_side;
    const dyad::index row = i / across * patch_side + j / patch_side;
    return row * image_side + i % across * patch_side + j % patch_side;
}

}  // namespace digits
