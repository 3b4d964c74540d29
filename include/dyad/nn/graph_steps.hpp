// SPDX-License-Identifier: Apache-2.0
// Steps of several inputs, for nn/graph.hpp: the sum of two matrices, and matrices side by side.
#pragma once

#include <array>
#include <cstddef>

#include <dyad/array/arena.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/code_clamp.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/fused_activation.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/residual.hpp>
#include <dyad/nn/step.hpp>

namespace dyad::inline v1::nn {

namespace graph_step_rules {

/// R with another stream: nn::residual adds numbers of the stream.
template <recipe R, number T>
struct with_stream : R {
    using stream = T;
};
template <recipe R, number T>
struct residual_of {
    using type = residual<with_stream<R, T>>;
};
template <recipe R>
struct residual_of<R, typename R::stream> {
    using type = residual<R>;
};

}  // namespace graph_step_rules

struct sum_geometry {
    fused_activation activation = fused_activation::none;
};

/// x + y, each with a scale of its own, then a clamp: the end of a residual block.
template <recipe R, number T = produced<R, typename R::operand>>
class residual_step {
public:
    using input = T;
    using output = T;
    using geometry = sum_geometry;
    static constexpr auto kind = layer_kind::residual;
    static constexpr auto edge_of_output = output_edge::calibrated;

    layer_status shape(arena&, const geometry& g) noexcept {
        clamp_.choose(g.activation);
        return status::ok;
    }
    layer_status out_extent(const std::array<std::array<index, 2>, 2>& in, std::array<index, 2>& out) const noexcept {
        if (in[0] != in[1]) return {status::extents_differ, kind, operand_kind::residual};
        out = in[0];
        return status::ok;
    }
    template <preparation_source Source>
    layer_status prepare(Source&, const path&, const std::array<affine, 2>& in, const affine& out) noexcept {
        clamp_.prepare(out);
        return in_layer(kind, sum_.prepare(in[0], in[1], out));
    }
    template <class Context>
    layer_status run(const std::array<matrix_view<const T>, 2>& in, matrix_view<T> out,
                     const Context& context) const noexcept {
        const layer_status s = sum_.run(in[0], in[1], out, context);
        if (s == status::ok && !context.measuring()) clamp_.run(out);
        return in_layer(kind, s);
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        const status s = sum_.visit(v);
        return s == status::ok ? clamp_.visit(v) : s;
    }

private:
    typename graph_step_rules::residual_of<R, T>::type sum_;
    code_clamp<R, T> clamp_;
};

/// The columns of N matrices of the same rows side by side: channels of images. Where an input's scale is not the
/// output's its codes are rounded to that.
template <recipe R, std::size_t N = 2, number T = produced<R, typename R::operand>>
class concat_step {
public:
    using input = T;
    using output = T;
    using geometry = no_geometry;
    static constexpr auto edge_of_output = output_edge::calibrated;

    layer_status shape(arena&, const geometry&) noexcept { return status::ok; }
    layer_status out_extent(const std::array<std::array<index, 2>, N>& in, std::array<index, 2>& out) const noexcept {
        out = {in[0][0], 0};
        for (const auto& [rows, columns] : in) {
            if (rows != out[0]) return {status::extents_differ, layer_kind::none, operand_kind::input};
            out[1] = saturating_add(out[1], columns);
        }
        return status::ok;
    }
    template <preparation_source Source>
    layer_status prepare(Source&, const path&, const std::array<affine, N>& in, const affine& out) noexcept {
        ready_.forget();
        out_ = out;
        in_ = in;
        for (std::size_t i = 0; i < N; ++i) {
            const status s = to_out_[i].set(in[i], in[i], out);
            if (s != status::ok && in[i] != out) return {s, layer_kind::none, operand_kind::output_scale};
        }
        return ready_.ended(layer_status(status::ok));
    }
    template <class Context>
    layer_status run(const std::array<matrix_view<const T>, N>& in, matrix_view<T> out,
                     const Context& context) const noexcept {
        if (context.measuring()) return status::ok;
        if (!ready_) return {status::not_prepared, layer_kind::none, operand_kind::input_scale};
        if (overlaps_itself(out)) return {status::dst_overlaps_itself, layer_kind::none, operand_kind::output};
        for (const auto& x : in) {
            if (overlap(memory_of(x), memory_of(out)))
                return {status::dst_overlaps_src, layer_kind::none, operand_kind::output};
        }
        index first = 0;
        for (std::size_t i = 0; i < N; ++i) {
            const index columns = in[i].extent[1];
            const bool same = in_[i] == out_;
            const T zero = code_of_zero(in_[i]);
            for (index r = 0; r < out.extent[0]; ++r) {
                for (index c = 0; c < columns; ++c) {
                    const T x = in[i](r, c);
                    out(r, first + c) = same ? x : to_out_[i](x, zero);
                }
            }
            first += columns;
        }
        return status::ok;
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = v.scalar(out_); s != status::ok) return s;
        if (const status s = v.scalar(in_); s != status::ok) return s;
        for (auto& sum : to_out_) {
            if (const status s = sum.visit(v); s != status::ok) return s;
        }
        return ready_.ended(status::ok);
    }

private:
    [[nodiscard]] static T code_of_zero(const affine& q) noexcept {
        if constexpr (carrier_rules::is_fixed<T>) return T::saturating_from_raw(q.zero_point);
        else return T{};
    }

    /// A sum with zero changes the scale.
    std::array<typename R::scaling::template sum<T>, N> to_out_;
    std::array<affine, N> in_;
    affine out_;
    readiness ready_;
};

}  // namespace dyad::inline v1::nn
