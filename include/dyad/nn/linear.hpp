// SPDX-License-Identifier: Apache-2.0
// linear: y = x W^T + b, W out x in row-major, W kept as the recipe keeps weights.
#pragma once

#include <concepts>
#include <cstddef>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/fused_activation.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/product_parameters.hpp>
#include <dyad/nn/recipe.hpp>

namespace dyad::inline v1::nn {

/// A fully connected layer from operands to Out.
template <recipe R, number Out = produced<R, typename R::operand>>
class linear {
public:
    using weight = typename R::weight;
    using operand = typename R::operand;
    static constexpr auto kind = layer_kind::linear;

    /// Takes memory for `out` rows of `in` weights.
    layer_status shape(arena& memory, index out, index in) noexcept {
        ready_.forget();
        return in_layer(kind, take(memory, out, in));
    }
    /// Reads name.weight [out, in] and name.bias [out]. `in`: what the operand's codes mean; out(j): what those of
    /// column j of the output do.
    template <preparation_source Source, std::invocable<index> OutScale>
    layer_status prepare(Source& source, const path& name, const affine& in, const OutScale& out,
                         bias_kind bias = bias_kind::given) noexcept {
        const layer_status s = prepare_product<R>(source, name, weight_order::outputs_first, bias, in, out, weights_,
                                                  columns_, weight_scales::one);
        return ready_.ended(in_layer(kind, s == status::ok ? layer_status(pack()) : s));
    }
    template <preparation_source Source>
    layer_status prepare(Source& source, const path& name, const affine& in, const affine& out,
                         bias_kind bias = bias_kind::given,
                         fused_activation activation = fused_activation::none) noexcept {
        columns_.clamp_to(bounds(activation), out);
        return prepare(
            source, name, in, [&](index) { return out; }, bias);
    }

    /// in: tokens x in; out: tokens x out.
    template <class Context>
    layer_status run(const tensor_of<R, operand>& in, matrix_view<Out> out, const Context& context) const noexcept {
        const auto [outputs, inputs] = weights_.extent();
        if (in.codes.extent[1] != inputs) return {status::lhs_columns_differ, kind, operand_kind::input};
        if (out.extent[0] != in.codes.extent[0]) return {status::dst_rows_differ, kind, operand_kind::output};
        if (out.extent[1] != outputs) return {status::dst_columns_differ, kind, operand_kind::output};
        if (!ready_ && !context.measuring()) return in_layer(kind, status::not_prepared);
        const status s = product(in, out, context);
        if (s == status::ok && !context.measuring()) columns_.finish(out);
        return in_layer(kind, s);
    }

    template <class Visitor>
    status visit(Visitor& v) noexcept {
        status s = weights_.visit(v);
        if (s == status::ok) s = columns_.visit(v);
        return ready_.ended(s == status::ok ? pack() : s);
    }

private:
    using plan_type = gemm_plan<carried<R, operand>, carried<R, weight>, typename R::accumulator, R::product>;
    /// Weights that are codes lie in panels as well, as the product's kernel reads them.
    static constexpr bool packs = plan_type::has_kernel && requires(const weights_of<R> w) { w.codes(); };

    status take(arena& memory, index out, index in) noexcept {
        if (const status s = weights_.shape(memory, out, in); s != status::ok) return s;
        if (const status s = columns_.shape(memory, out); s != status::ok) return s;
        if constexpr (packs) {
            plan_type plan;
            if (const status s = plan_type::make(1, in, out, {}, plan); s != status::ok) return s;
            return memory.take(static_cast<index>(plan.packed_bytes()), panels_);
        } else {
            return status::ok;
        }
    }
    template <class Context>
    status product(const tensor_of<R, operand>& in, matrix_view<Out> out, const Context& context) const noexcept {
        const auto epilogue = columns_.epilogue(in.token);
        if constexpr (requires { weights_.template multiply<operand>(in, out, epilogue, context); }) {
            return weights_.template multiply<operand>(in, out, epilogue, context);
        } else {
            if constexpr (packs) {
                const instruction_set best = best_instruction_set();
                if ((context.cap < best ? context.cap : best) == packed_for_) {
                    const packed_operand panels{{panels_.data, static_cast<std::size_t>(panels_.extent[0])}};
                    const index n = weights_.extent()[0];
                    return multiply_by<R, carried<R, weight>>(in.codes, panels, n, out, columns_.max_bias(), epilogue,
                                                              context);
                }
            }
            const std::size_t mark = context.scratch.used();
            matrix_view<const carried<R, weight>> w;
            status s = weights_.operand(context, w);
            if (s == status::ok) s = multiply<R>(in.codes, transposed(w), out, columns_.max_bias(), epilogue, context);
            context.scratch.rewind(mark);
            return s;
        }
    }
    /// Also: is there room for the biases beside the sums?
    status pack() noexcept {
        const auto [out, in] = weights_.extent();
        plan_type plan;
        const status s = plan_type::make(1, in, out, {.max_bias = columns_.max_bias()}, plan);
        if (s != status::ok) return s;
        if constexpr (packs) {
            packed_for_ = best_instruction_set();
            return plan.pack(transposed(weights_.codes()), {panels_.data, static_cast<std::size_t>(panels_.extent[0])});
        } else {
            return status::ok;
        }
    }

    weights_of<R> weights_;
    columns_of<R, Out> columns_;
    vector_view<std::byte> panels_;
    readiness ready_;
    instruction_set packed_for_ = instruction_set::scalar;  ///< the one whose kernels read the panels
};

}  // namespace dyad::inline v1::nn
