// SPDX-License-Identifier: Apache-2.0
// conv2d: out(pixel, o) = sum over kernel rows ky, columns kx, channels c of in(b, y + ky, x + kx, c) * w(o, ky, kx, c)
// + bias(o), as linalg/conv2d.hpp has it. What lies outside the image is worth 0: the input's zero point.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/image_view.hpp>
#include <dyad/array/status.hpp>
#include <dyad/linalg/conv2d.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/conv2d_geometry.hpp>
#include <dyad/nn/gathered_conv2d.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/product_parameters.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/step.hpp>

namespace dyad::inline v1::nn {

/// Can windows of an image be summed as they lie? Else see nn/gathered_conv2d.hpp.
template <class R>
concept sums_windows = recipe<R> && uniform_token<typename R::scaling::token> && R::product ==
                       product_rule::exact&& requires(const weights_of<R> w, const context<>& c,
                                                      matrix_view<const carried<R, typename R::weight>>& out) {
    w.operand(c, out);
};

/// Weights [out, kernel height, kernel width, channels of a group], channels side by side: rows of outputs.
struct ohwi_weights {
    static constexpr auto kind = layer_kind::conv2d;
    static constexpr auto order = weight_order::outputs_first;
    [[nodiscard]] static constexpr conv2d_geometry whole(const conv2d_geometry& g) noexcept { return g; }
};

/// A convolution from operands to Out. Weights says how they lie in the source.
template <recipe R, number Out, class Weights>
class convolution {
public:
    using weight = typename R::weight;
    using operand = typename R::operand;
    using input = produced<R, operand>;
    using output = Out;
    using geometry = conv2d_geometry;
    static constexpr auto kind = Weights::kind;
    static constexpr auto edge_of_output = output_edge::calibrated;
    static_assert(sums_windows<R>,
                  "dyad::nn::depthwise_conv2d needs a recipe with exact products and one scale for a whole tensor of "
                  "activations: windows cross lines and groups with scales of their own (token_scaling, "
                  "group_scaling). Give the layer another recipe.");

    /// Takes memory for the weights.
    layer_status shape(arena& memory, const geometry& g) noexcept {
        ready_.forget();
        return in_layer(kind, take(memory, g));
    }
    [[nodiscard]] const conv2d_shape& extents() const noexcept { return shape_; }
    layer_status out_extent(const std::array<index, 2>& in, std::array<index, 2>& out) const noexcept {
        return extent_of_convolution(kind, shape_, in, out);
    }

    /// Reads name.weight, a matrix of an output's weights in a row (conv2d) or in a column (depthwise_conv2d), and
    /// name.bias [out].
    template <preparation_source Source>
    layer_status prepare(Source& source, const path& name, const affine& in, const affine& out,
                         bias_kind bias = bias_kind::given) noexcept {
        if (!code_of_zero(in, padding_))
            return ready_.ended(layer_status(status::scale_unsupported, kind, operand_kind::input_scale));
        columns_.clamp_to(bounds(activation_), out);
        const auto same = [&](index) { return out; };
        const layer_status s = prepare_product<R>(source, name, Weights::order, bias, in, same, weights_, columns_);
        return ready_.ended(in_layer(kind, s == status::ok ? layer_status(pack()) : s));
    }

    template <class Context>
    layer_status run(matrix_view<const input> in, matrix_view<Out> out, const Context& context) const noexcept {
        const auto data = context.measuring() ? with_data::no : with_data::yes;
        if (const layer_status s = check_convolution(kind, shape_, in, out, data); s != status::ok) return s;
        const std::size_t mark = context.scratch.used();
        tensor_of<R, operand> codes;
        layer_status s = in_layer(
            kind, R::scaling::template operand<operand>(in, {contracted::columns, in.extent[1]}, context, codes));
        if (s == status::ok) s = run(codes, out, context);
        context.scratch.rewind(mark);
        return s;
    }
    /// The same where the operand is made already.
    template <class Context>
    layer_status run(const tensor_of<R, operand>& in, matrix_view<Out> out, const Context& context) const noexcept {
        const layer_status s = check_convolution(kind, shape_, in.codes, out, with_data::no);
        if (s != status::ok) return s;
        if (!ready_ && !context.measuring()) return in_layer(kind, status::not_prepared);
        const std::size_t mark = context.scratch.used();
        const status ran = product(in, out, context);
        context.scratch.rewind(mark);
        if (ran == status::ok && !context.measuring()) columns_.finish(out);
        return in_layer(kind, ran);
    }

    template <class Visitor>
    status visit(Visitor& v) noexcept {
        status s = weights_.visit(v);
        if (s == status::ok) s = columns_.visit(v);
        if (s == status::ok) s = v.scalar(padding_);
        return ready_.ended(s == status::ok ? pack() : s);
    }

private:
    using A = carried<R, operand>;
    using B = carried<R, weight>;
    using plan_type = conv2d_plan<A, B, typename R::accumulator>;
    static constexpr bool has_kernel = requires(const plan_type p, image_view<const B> w, std::span<std::byte> m) {
        p.pack(w, m);
    };
    /// Weights that are codes lie in panels as well, as the product's kernel reads them.
    static constexpr bool packs = has_kernel && requires(const weights_of<R> w) { w.codes(); };

    status take(arena& memory, const geometry& g) noexcept {
        conv2d_shape shape;
        if (const status s = shape_of(Weights::whole(g), shape); s != status::ok) return s;
        plan_type plan;
        if (const status s = plan_type::make(shape, {}, plan); s != status::ok) return s;
        shape_ = shape;
        activation_ = g.activation;
        if (const status s = weights_.shape(memory, shape.out_channels, shape.depth()); s != status::ok) return s;
        if (const status s = columns_.shape(memory, shape.out_channels); s != status::ok) return s;
        if constexpr (packs) return memory.take(static_cast<index>(plan.packed_bytes()), panels_);
        else return status::ok;
    }
    /// Also: is there room for the biases beside the sums?
    status pack() noexcept {
        plan_type plan;
        const status s = plan_type::make(shape_, {.max_bias = columns_.max_bias()}, plan);
        if constexpr (packs) {
            if (s != status::ok) return s;
            packed_for_ = best_instruction_set();
            return plan.pack(as_weights(weights_.codes()), {panels_.data, static_cast<std::size_t>(panels_.extent[0])});
        } else {
            return s;
        }
    }
    [[nodiscard]] image_view<const B> as_weights(matrix_view<const B> w) const noexcept {
        const index channels = shape_.group_channels();
        const index line = shape_.kernel_width * channels;
        return {w.data,
                {w.extent[0], shape_.kernel_height, shape_.kernel_width, channels},
                {w.stride[0], line * w.stride[1], channels * w.stride[1], w.stride[1]}};
    }
    template <class Context>
    status product(const tensor_of<R, operand>& in, matrix_view<Out> out, const Context& context) const noexcept {
        plan_type plan;
        const conv2d_options<A> options{.padding = padding_, .max_bias = columns_.max_bias(), .cap = context.cap};
        if (const status s = plan_type::make(shape_, options, plan); s != status::ok) return s;
        const auto image = as_image(in.codes, shape_.batch, shape_.height, shape_.width);
        const auto to = as_image(out, shape_.batch, shape_.out_height(), shape_.out_width());
        if constexpr (packs) {
            const instruction_set best = best_instruction_set();
            if ((context.cap < best ? context.cap : best) == packed_for_) {
                const packed_operand panels{{panels_.data, static_cast<std::size_t>(panels_.extent[0])}};
                return convolve(plan, plan.packed_workspace_bytes(), image, panels, in.token, to, context);
            }
        }
        matrix_view<const B> w;
        if (const status s = weights_.operand(context, w); s != status::ok) return s;
        return convolve(plan, plan.workspace_bytes(), image, as_weights(w), in.token, to, context);
    }
    template <class W, class Token, class Context>
    status convolve(const plan_type& plan, std::size_t bytes, image_view<const A> image, const W& weights,
                    const Token& token, image_view<Out> out, const Context& context) const noexcept {
        vector_view<std::byte> memory;
        if (const status s = context.scratch.take(static_cast<index>(bytes), memory); s != status::ok) return s;
        if (context.measuring()) return status::ok;
        const std::span<std::byte> workspace(memory.data, bytes);
        const auto epilogue = columns_.epilogue(token);
        if constexpr (sums_probe<std::remove_cvref_t<decltype(context.probe)>>) {
            const auto terms = static_cast<std::uint64_t>(shape_.depth());
            sum_report report{terms, context_rules::bits_of_sums<A, B>(terms, columns_.max_bias()), 0};
            const context_rules::observed<std::remove_cvref_t<decltype(epilogue)>> watched{epilogue, &report.largest};
            const status s = plan.run(image, weights, out, watched, workspace, serial{});
            context.probe.sums(report);
            return s;
        } else {
            return plan.run(image, weights, out, epilogue, workspace, context.execute);
        }
    }

    conv2d_shape shape_;
    fused_activation activation_ = fused_activation::none;
    instruction_set packed_for_ = instruction_set::scalar;
    A padding_ = {};
    weights_of<R> weights_;
    columns_of<R, Out> columns_;
    vector_view<std::byte> panels_;
    readiness ready_;
};

/// Reads name.weight [out, kernel height, kernel width, channels of a group] as a matrix with a row for each output.
/// Recipes that do not sum windows of an image have one group of channels only.
template <recipe R, number Out = produced<R, typename R::operand>>
using conv2d = std::conditional_t<sums_windows<R>, convolution<R, Out, ohwi_weights>, gathered_conv2d<R, Out>>;

}  // namespace dyad::inline v1::nn
