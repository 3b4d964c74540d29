// SPDX-License-Identifier: Apache-2.0
// mlp: fc2(f(fc1(x))), and gated_mlp: down(f(gate(x)) * up(x)), SwiGLU with f = SiLU, GeGLU with GELU.
// Source: Shazeer, "GLU variants improve transformer", arXiv 2002.05202.
#pragma once

#include <cstddef>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/nn/activation.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/linear.hpp>
#include <dyad/nn/pointwise.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/recode.hpp>

namespace dyad::inline v1::nn {

/// The name of the edge behind an activation.
[[nodiscard]] constexpr const char* edge_name(const pointwise& f) noexcept {
    return f == pointwise(scalar_function::gelu_tanh) ? "gelu" : to_string(f);
}

/// Two linear layers with an activation between them: the recipe's GELU if nothing else is named. The layers have the
/// recipes of R's parts mlp_first and mlp_second.
template <recipe R, pointwise F = scalar_function::gelu_tanh>
class mlp {
public:
    using first_recipe = part_of<R, part::mlp_first>;
    using second_recipe = part_of<R, part::mlp_second>;
    using input_recipe = first_recipe;
    using operand = typename first_recipe::operand;
    using hidden_operand = typename second_recipe::operand;
    using value = typename R::value;
    using stream = typename R::stream;
    static constexpr auto kind = layer_kind::mlp;

    layer_status shape(arena& memory, index width, index hidden) noexcept {
        hidden_ = hidden;
        if (const layer_status s = first_.shape(memory, hidden, width); s != status::ok) return s;
        if (const layer_status s = activation_.shape(memory); s != status::ok) return s;
        return second_.shape(memory, width, hidden);
    }
    /// Reads name.fc1 and name.fc2; edges fc1, gelu (or what the function is called), fc2.
    template <preparation_source Source>
    layer_status prepare(Source& source, const path& name, const path& label, const affine& in, affine& out,
                         bias_kind bias = bias_kind::given) noexcept {
        const affine first = first_edge_.prepare(source, label / "fc1");
        const affine active = active_edge_.prepare(source, label / edge_name(F));
        out = second_edge_.prepare(source, label / "fc2");
        if (const layer_status s = first_.prepare(source, name / "fc1", in, first, bias); s != status::ok) return s;
        if (const layer_status s = activation_.prepare(first, active); s != status::ok) return s;
        return second_.prepare(source, name / "fc2", active, out, bias);
    }
    /// in, out: tokens x width.
    template <class Context>
    layer_status run(const tensor_of<first_recipe, operand>& in, matrix_view<stream> out,
                     const Context& context) const noexcept {
        const std::size_t mark = context.scratch.used();
        const layer_status s = forward(in, out, context);
        context.scratch.rewind(mark);
        return in_layer(kind, s);
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = first_.visit(v); s != status::ok) return s;
        if (const status s = activation_.visit(v); s != status::ok) return s;
        return second_.visit(v);
    }

private:
    using made = produced<second_recipe, hidden_operand>;

    template <class Context>
    layer_status forward(const tensor_of<first_recipe, operand>& in, matrix_view<stream> out,
                         const Context& context) const noexcept {
        const index tokens = in.codes.extent[0];
        matrix_view<value> hidden;
        matrix_view<made> active;
        if (const status s = context.scratch.take(tokens, hidden_, hidden); s != status::ok) return s;
        if (const status s = context.scratch.take(tokens, hidden_, active); s != status::ok) return s;
        if (const layer_status s = first_.run(in, hidden, context); s != status::ok) return s;
        context.show(first_edge_.number, as_const(hidden), static_scale{});
        if (const layer_status s = activation_.run(as_const(hidden), active, context); s != status::ok) return s;
        tensor_of<second_recipe, hidden_operand> a;
        if (const status s =
                as_operand<second_recipe, hidden_operand>(as_const(active), a, active_edge_.number, context);
            s != status::ok) {
            return s;
        }
        if (const layer_status s = second_.run(a, out, context); s != status::ok) return s;
        context.show(second_edge_.number, as_const(out), static_scale{});
        return status::ok;
    }

    index hidden_ = 0;
    linear<first_recipe, value> first_;
    activation<R, value, made, F> activation_;
    linear<second_recipe, stream> second_;
    edge<first_recipe, value> first_edge_;
    edge<second_recipe, made> active_edge_;
    edge<second_recipe, stream> second_edge_;
};

/// Three linear layers: gate and up have the recipe of R's part mlp_first, down that of mlp_second. In a recipe of
/// integers the product of the two branches is exact and rounded once, by a dyadic number.
template <recipe R, pointwise F = scalar_function::silu>
class gated_mlp {
public:
    using first_recipe = part_of<R, part::mlp_first>;
    using second_recipe = part_of<R, part::mlp_second>;
    using input_recipe = first_recipe;
    using operand = typename first_recipe::operand;
    using hidden_operand = typename second_recipe::operand;
    using value = typename R::value;
    using stream = typename R::stream;
    static constexpr auto kind = layer_kind::gated_mlp;

    layer_status shape(arena& memory, index width, index hidden) noexcept {
        hidden_ = hidden;
        if (const layer_status s = gate_.shape(memory, hidden, width); s != status::ok) return s;
        if (const layer_status s = activation_.shape(memory); s != status::ok) return s;
        if (const layer_status s = up_.shape(memory, hidden, width); s != status::ok) return s;
        if (const status s = product_.shape(memory); s != status::ok) return in_layer(kind, s);
        return down_.shape(memory, width, hidden);
    }
    /// Reads name.gate, name.up, name.down (biases only if told); edges gate, silu (or what the function is called),
    /// up, product, down.
    template <preparation_source Source>
    layer_status prepare(Source& source, const path& name, const path& label, const affine& in, affine& out,
                         bias_kind bias = bias_kind::none) noexcept {
        const affine gate = gate_edge_.prepare_symmetric(source, label / "gate");
        const affine active = active_edge_.prepare_symmetric(source, label / edge_name(F));
        const affine up = up_edge_.prepare_symmetric(source, label / "up");
        const affine product = product_edge_.prepare(source, label / "product");
        out = down_edge_.prepare(source, label / "down");
        if (const layer_status s = gate_.prepare(source, name / "gate", in, gate, bias); s != status::ok) return s;
        if (const layer_status s = activation_.prepare(gate, active); s != status::ok) return s;
        if (const layer_status s = up_.prepare(source, name / "up", in, up, bias); s != status::ok) return s;
        if (const status s = product_.prepare(active, up, product); s != status::ok)
            return {s, kind, operand_kind::output_scale};
        return down_.prepare(source, name / "down", product, out, bias);
    }
    /// in, out: tokens x width.
    template <class Context>
    layer_status run(const tensor_of<first_recipe, operand>& in, matrix_view<stream> out,
                     const Context& context) const noexcept {
        const std::size_t mark = context.scratch.used();
        const layer_status s = forward(in, out, context);
        context.scratch.rewind(mark);
        return in_layer(kind, s);
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = gate_.visit(v); s != status::ok) return s;
        if (const status s = activation_.visit(v); s != status::ok) return s;
        if (const status s = up_.visit(v); s != status::ok) return s;
        if (const status s = product_.visit(v); s != status::ok) return s;
        return down_.visit(v);
    }

private:
    using made = produced<second_recipe, hidden_operand>;

    template <class Context>
    layer_status forward(const tensor_of<first_recipe, operand>& in, matrix_view<stream> out,
                         const Context& context) const noexcept {
        const index tokens = in.codes.extent[0];
        matrix_view<value> gate;
        matrix_view<value> up;
        matrix_view<made> product;
        for (auto* const m : {&gate, &up}) {
            if (const status s = context.scratch.take(tokens, hidden_, *m); s != status::ok) return s;
        }
        if (const status s = context.scratch.take(tokens, hidden_, product); s != status::ok) return s;
        if (const layer_status s = gate_.run(in, gate, context); s != status::ok) return s;
        context.show(gate_edge_.number, as_const(gate), static_scale{});
        if (const layer_status s = activation_.run(as_const(gate), gate, context); s != status::ok) return s;
        context.show(active_edge_.number, as_const(gate), static_scale{});
        if (const layer_status s = up_.run(in, up, context); s != status::ok) return s;
        context.show(up_edge_.number, as_const(up), static_scale{});
        if (const status s = product_.run(as_const(gate), as_const(up), product, context); s != status::ok) return s;
        tensor_of<second_recipe, hidden_operand> a;
        if (const status s =
                as_operand<second_recipe, hidden_operand>(as_const(product), a, product_edge_.number, context);
            s != status::ok) {
            return s;
        }
        if (const layer_status s = down_.run(a, out, context); s != status::ok) return s;
        context.show(down_edge_.number, as_const(out), static_scale{});
        return status::ok;
    }

    index hidden_ = 0;
    linear<first_recipe, value> gate_;
    activation<R, value, value, F> activation_;
    linear<first_recipe, value> up_;
    elementwise_product<second_recipe, value, made> product_;
    linear<second_recipe, stream> down_;
    edge<first_recipe, value> gate_edge_;
    edge<R, value> active_edge_;
    edge<first_recipe, value> up_edge_;
    edge<second_recipe, made> product_edge_;
    edge<second_recipe, stream> down_edge_;
};

}  // namespace dyad::inline v1::nn
