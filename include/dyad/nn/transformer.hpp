// SPDX-License-Identifier: Apache-2.0
// A transformer block of two residual branches, attention and an MLP, each normalized before or after:
//   pre-norm   x += f(norm(x))       post-norm   x = norm(x + f(x))
// Sources: Vaswani et al., 2017 (post-norm); Xiong et al., "On layer normalization in the transformer architecture",
// arXiv 2002.04745 (pre-norm).
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/kernels/norm_kind.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/attention.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/mlp.hpp>
#include <dyad/nn/norms.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/recode.hpp>
#include <dyad/nn/residual.hpp>

namespace dyad::inline v1::nn {

enum class norm_placement : std::uint8_t { before, after };

/// A normalization, a layer (attention, mlp), and the sum with what came in. InputRecipe is that of the inner layer's
/// first product.
template <recipe R, class Inner, recipe InputRecipe = R, norm_kind Norm = norm_kind::layer,
          norm_placement Placement = norm_placement::before>
class residual_branch {
public:
    using operand = typename InputRecipe::operand;
    using stream = typename R::stream;
    static constexpr auto kind = layer_kind::transformer_block;

    /// The inner layer is shaped by the caller through `inner`.
    layer_status shape(arena& memory, index width) noexcept {
        if constexpr (is_after) {
            if (const status s = input_.shape(memory); s != status::ok) return in_layer(kind, s);
        }
        return norm_.shape(memory, width);
    }
    [[nodiscard]] Inner& inner() noexcept { return inner_; }

    /// Norm parameters at `norm_name`, the inner layer's at `inner_name`; scale goes from that of x to that of the
    /// result. Edges: the norm, those of the inner layer, the sum; or the inner layer's input (label.in), its own, the
    /// sum, the norm.
    template <preparation_source Source>
    layer_status prepare(Source& source, const path& norm_name, const path& inner_name, const path& label,
                         const path& norm_label, const path& sum_label, double epsilon, affine& scale) noexcept {
        affine in;
        if constexpr (is_after) {
            in = input_edge_.prepare(source, norm_label / "in");
            if (const status s = input_.prepare(scale, in); s != status::ok)
                return {s, kind, operand_kind::input_scale};
        } else {
            in = norm_edge_.prepare(source, norm_label);
            const layer_status s = norm_.prepare(source, norm_name, epsilon, scale, in);
            if (s != status::ok) return s;
        }
        affine inner;
        if (const layer_status s = inner_.prepare(source, inner_name, label, in, inner); s != status::ok)
            return in_layer(kind, s);
        const affine sum = sum_edge_.prepare(source, sum_label);
        if (const layer_status s = sum_.prepare(scale, inner, sum); s != status::ok) return s;
        scale = sum;
        if constexpr (is_after) {
            scale = norm_edge_.prepare(source, norm_label);
            return norm_.prepare(source, norm_name, epsilon, sum, scale);
        } else {
            return status::ok;
        }
    }
    /// x: tokens x width, replaced by the result. `more`: what else the inner layer's run takes between its
    /// input and its output: masks, a cache.
    template <class Context, class... More>
    layer_status run(matrix_view<stream> x, const Context& context, More&&... more) const noexcept {
        const std::size_t mark = context.scratch.used();
        const layer_status s = forward(x, context, more...);
        context.scratch.rewind(mark);
        return in_layer(kind, s);
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = norm_.visit(v); s != status::ok) return s;
        if constexpr (is_after) {
            if (const status s = input_.visit(v); s != status::ok) return s;
        }
        if (const status s = inner_.visit(v); s != status::ok) return s;
        return sum_.visit(v);
    }

private:
    static constexpr bool is_after = Placement == norm_placement::after;
    using made = produced<InputRecipe, operand>;
    using normalized = std::conditional_t<is_after, stream, made>;

    template <class Context, class... More>
    layer_status forward(matrix_view<stream> x, const Context& context, More&... more) const noexcept {
        matrix_view<made> in;
        matrix_view<stream> branch;
        tensor_of<InputRecipe, operand> a;
        if (const status s = context.scratch.take(x.extent[0], x.extent[1], in); s != status::ok) return s;
        if (const status s = context.scratch.take(x.extent[0], x.extent[1], branch); s != status::ok) return s;
        if constexpr (is_after) {
            if (const status s = input_.run(as_const(x), in, context); s != status::ok) return s;
        } else {
            if (const layer_status s = norm_.run(as_const(x), in, context); s != status::ok) return s;
        }
        const int edge_of_input = is_after ? input_edge_.number : norm_edge_.number;
        if (const status s = as_operand<InputRecipe, operand>(as_const(in), a, edge_of_input, context);
            s != status::ok) {
            return s;
        }
        if (const layer_status s = inner_.run(a, more..., branch, context); s != status::ok) return s;
        if (const layer_status s = sum_.run(as_const(x), as_const(branch), x, context); s != status::ok) return s;
        context.show(sum_edge_.number, as_const(x), static_scale{});
        if constexpr (is_after) {
            if (const layer_status s = norm_.run(as_const(x), x, context); s != status::ok) return s;
            context.show(norm_edge_.number, as_const(x), static_scale{});
        }
        return status::ok;
    }

    struct nothing {};
    norm<R, Norm, stream, normalized> norm_;
    Inner inner_;
    residual<R> sum_;
    [[no_unique_address]] std::conditional_t<is_after, recode<R, stream, made>, nothing> input_;
    edge<InputRecipe, made> input_edge_;
    edge<R, normalized> norm_edge_;
    edge<R, stream> sum_edge_;
};

/// One block. Parameters: ln1, attn, ln2, mlp below `name`. Attention and Mlp are layers from operands to the stream;
/// what attention's shape and run take beside the usual is passed through.
template <recipe R, norm_placement Placement = norm_placement::before, norm_kind Norm = norm_kind::layer,
          class Attention = attention<R>, class Mlp = mlp<R>>
class transformer_block {
public:
    using stream = typename R::stream;
    static constexpr auto kind = layer_kind::transformer_block;

    layer_status shape(arena& memory, index tokens, index width, index heads, index hidden) noexcept {
        const layer_status s = in_layer(kind, attention_.inner().shape(memory, tokens, width, heads));
        return s == status::ok ? shape_rest(memory, width, hidden) : s;
    }
    /// With what describes an attention of grouped queries, causal, with rotary positions (its width is the block's).
    template <class Geometry>
    layer_status shape(arena& memory, const Geometry& geometry, index hidden) noexcept {
        const layer_status s = in_layer(kind, attention_.inner().shape(memory, geometry));
        return s == status::ok ? shape_rest(memory, geometry.width, hidden) : s;
    }
    /// `scale`: of the residual stream, before and after.
    template <preparation_source Source>
    layer_status prepare(Source& source, const path& name, const path& label, double epsilon, affine& scale) noexcept {
        const layer_status s = attention_.prepare(source, name / "ln1", name / "attn", label, label / "ln1",
                                                  label / "sum1", epsilon, scale);
        if (s != status::ok) return s;
        return mlp_.prepare(source, name / "ln2", name / "mlp", label, label / "ln2", label / "sum2", epsilon, scale);
    }
    /// x: tokens x width, in place. `more` goes to attention's run: masks, a cache.
    template <class Context, class... More>
    layer_status run(matrix_view<stream> x, const Context& context, More&&... more) const noexcept {
        if (const layer_status s = check_room(x, context); s != status::ok) return s;
        const layer_status s = attention_.run(x, context, more...);
        return s == status::ok ? mlp_.run(x, context) : s;
    }
    /// The two halves, each from one state of x to the next.
    [[nodiscard]] const auto& attention_branch() const noexcept { return attention_; }
    [[nodiscard]] const auto& mlp_branch() const noexcept { return mlp_; }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        const status s = attention_.visit(v);
        return s == status::ok ? mlp_.visit(v) : s;
    }
    [[nodiscard]] Attention& attention_layer() noexcept { return attention_.inner(); }
    [[nodiscard]] Mlp& mlp_layer() noexcept { return mlp_.inner(); }

private:
    /// Before the first half changes x and a cache: is there room for the second?
    template <class Context>
    layer_status check_room(matrix_view<stream> x, const Context& context) const noexcept {
        if (context.measuring()) return status::ok;
        arena need = arena::measuring();
        const nn::context<const no_probe, const serial> counting{need, context_rules::nobody, context_rules::one_thread,
                                                                 context.cap};
        const matrix_view<stream> nowhere{nullptr, x.extent, x.stride};
        if (const layer_status s = mlp_.run(nowhere, counting); s != status::ok) return s;
        if (need.peak() == 0) return status::ok;
        const std::size_t mark = context.scratch.used();
        vector_view<std::byte> bytes;
        const status s = context.scratch.take(static_cast<index>(need.peak() - arena::alignment), bytes);
        context.scratch.rewind(mark);
        return in_layer(kind, s);
    }
    layer_status shape_rest(arena& memory, index width, index hidden) noexcept {
        if (const layer_status s = attention_.shape(memory, width); s != status::ok) return s;
        if (const layer_status s = mlp_.shape(memory, width); s != status::ok) return s;
        return mlp_.inner().shape(memory, width, hidden);
    }

    residual_branch<R, Attention, part_of<R, part::attention_qkv>, Norm, Placement> attention_;
    residual_branch<R, Mlp, part_of<R, part::mlp_first>, Norm, Placement> mlp_;
};

}  // namespace dyad::inline v1::nn
