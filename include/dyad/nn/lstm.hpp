// SPDX-License-Identifier: Apache-2.0
// Long short-term memory over sequences: for each step, with the gates of input x and of the state h
//   i = sigmoid(W_i x + U_i h + b_i)   f, o alike   g = tanh(W_g x + U_g h + b_g)
//   c = f c + i g                      h = o tanh(c)
// Source: Hochreiter and Schmidhuber, 1997; the forget gate: Gers et al., 2000.
//
// Recipes whose sums are integers and whose `value` is one: TensorFlow Lite's contract (micro/kernels/lstm_eval), with
// the recipe's own rounding. W x + b and U h are each requantized to codes of 2^-12 in 16 bits and added, saturating;
// sigmoid and tanh by its table in steps of 1/24 (math/tflite_tables.hpp), codes of 2^-15; c has 16 bits and a power of
// two as its scale: c = sat(round(f c) + round(i g)), clipped; h = round(o tanh(c)) in the operand's codes. The state h
// begins at its zero point. All others: gates, c and functions in float, h rounded to the operand.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/convert.hpp>
#include <dyad/array/float_activations.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/core/fused.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/math/tflite_tables.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/linear.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1::nn {

/// Are gates and cell 16-bit integers?
template <recipe R>
inline constexpr bool lstm_in_integers =
    carrier_rules::is_fixed<typename R::value>&& std::same_as<sum_of<R>, std::int32_t>;

/// What is carried from step to step, a row for each sequence of a batch: h in the codes of what the layer gives, c in
/// its own.
template <recipe R>
struct lstm_state {
    matrix_view<produced<R, typename R::operand>> hidden;
    matrix_view<std::conditional_t<lstm_in_integers<R>, integer<16>, float>> cell;
};

template <recipe R>
class lstm {
public:
    using operand = typename R::operand;
    using output = produced<R, operand>;
    using gate_type = std::conditional_t<lstm_in_integers<R>, integer<16>, float>;
    using state_type = lstm_state<R>;
    static constexpr auto kind = layer_kind::lstm;
    static constexpr bool in_integers = lstm_in_integers<R>;

    layer_status shape(arena& memory, index inputs, index units) noexcept {
        if (inputs < 0 || units < 0) return {status::negative_extent, kind, operand_kind::geometry};
        inputs_ = inputs;
        ready_.forget();
        units_ = units;
        for (auto& gate : gates_) {
            if (const layer_status s = gate.of_input.shape(memory, units, inputs); s != status::ok)
                return in_own_name(s);
            if (const layer_status s = gate.of_state.shape(memory, units, units); s != status::ok)
                return in_own_name(s);
        }
        if constexpr (in_integers) {
            if (const status s = kept_.shape_uniform(memory, 1); s != status::ok) return in_layer(kind, s);
            if (const status s = added_.shape_uniform(memory, 1); s != status::ok) return in_layer(kind, s);
            if (const status s = shown_.shape_uniform(memory, 1); s != status::ok) return in_layer(kind, s);
        }
        return status::ok;
    }
    /// Reads name.G.x.weight [units, inputs], name.G.x.bias and name.G.h.weight [units, units] for G of input, forget,
    /// cell, output; edges cell, hidden. Gives what the codes of h mean. `clip`: the largest |c|; 0: none.
    template <preparation_source Source>
    layer_status prepare(Source& source, const path& name, const path& label, const affine& in, affine& out,
                         double clip = 0) noexcept {
        ready_.forget();
        if (!(clip >= 0)) return {status::parameter_out_of_range, kind, operand_kind::state};
        affine gate_scale;
        affine cell;
        if constexpr (in_integers) {
            gate_scale = 0x1p-12;
            if (const layer_status s = prepare_cell(source, label / "cell", cell); s != status::ok) return s;
        } else {
            cell = cell_edge_.prepare_as(source, label / "cell", affine());
        }
        out = hidden_edge_.prepare(source, label / "hidden");
        hidden_ = out;
        for (std::size_t g = 0; g < 4; ++g) {
            const path gate = name / gate_names[g];
            layer_status s = gates_[g].of_input.prepare(source, gate / "x", in, gate_scale);
            if (s == status::ok) s = gates_[g].of_state.prepare(source, gate / "h", out, gate_scale, bias_kind::none);
            if (s != status::ok) return in_own_name(s);
        }
        clip_ = clip == 0 ? 0 : static_cast<float>(clip / cell.scale);
        if constexpr (in_integers) {
            if (clip_ >= 32767) clip_ = 0;
            return in_layer(kind, operand_kind::output_scale, ready_.ended(prepare_products(cell, out)));
        } else {
            return ready_.ended(layer_status(status::ok));
        }
    }

    /// The state before the first step: h is 0, which is the code of its zero point, c is 0.
    layer_status reset(const state_type& state) const noexcept {
        if (const layer_status s = check_state(state); s != status::ok) return s;
        const double zero = hidden_.zero_point;
        for (index b = 0; b < state.hidden.extent[0]; ++b) {
            for (index j = 0; j < units_; ++j) {
                state.hidden(b, j) = convert<output>(zero, rounding::nearest_even, saturation::finite);
                state.cell(b, j) = gate_type{};
            }
        }
        return status::ok;
    }

    /// in: steps * batch rows, those of one step together; out as many rows of h. The batch is that of the state, which
    /// goes on from where it is: step by step gives the bits of all steps at once.
    template <class Context>
    layer_status run(const tensor_of<R, operand>& in, const state_type& state, matrix_view<output> out,
                     const Context& context) const noexcept {
        const index rows = in.codes.extent[0];
        const index batch = state.hidden.extent[0];
        if (in.codes.extent[1] != inputs_) return {status::lhs_columns_differ, kind, operand_kind::input};
        if (batch < 1 || rows % batch != 0) return {status::lhs_rows_differ, kind, operand_kind::state};
        if (out.extent[0] != rows) return {status::dst_rows_differ, kind, operand_kind::output};
        if (out.extent[1] != units_) return {status::dst_columns_differ, kind, operand_kind::output};
        if (state.hidden.extent != state.cell.extent || state.hidden.extent[1] != units_)
            return {status::extents_differ, kind, operand_kind::state};
        if (!context.measuring() && !out.is_empty()) {
            if (!ready_) return in_layer(kind, status::not_prepared);
            if (overlaps_itself(out)) return {status::dst_overlaps_itself, kind, operand_kind::output};
            if (in.codes.data == nullptr && inputs_ != 0) return {status::lhs_null, kind, operand_kind::input};
            if (out.data == nullptr) return {status::dst_null, kind, operand_kind::output};
            if (const layer_status s = check_state(state); s != status::ok) return s;
            const byte_range to = memory_of(out);
            if (overlap(to, memory_of(in.codes))) return {status::dst_overlaps_lhs, kind, operand_kind::output};
            if (overlap(to, memory_of(state.hidden)) || overlap(to, memory_of(state.cell)) ||
                overlap(memory_of(state.hidden), memory_of(state.cell)))
                return {status::workspace_overlaps_operand, kind, operand_kind::state};
        }
        const std::size_t mark = context.scratch.used();
        const layer_status s = forward(in, state, out, context);
        context.scratch.rewind(mark);
        return in_own_name(s);
    }

    template <class Visitor>
    status visit(Visitor& v) noexcept {
        ready_.forget();
        for (auto& gate : gates_) {
            if (const status s = gate.of_input.visit(v); s != status::ok) return s;
            if (const status s = gate.of_state.visit(v); s != status::ok) return s;
        }
        if (const status s = v.scalar(hidden_); s != status::ok) return s;
        if (const status s = v.scalar(clip_); s != status::ok) return s;
        if (!is_positive_finite(hidden_.scale) || !(clip_ >= 0) || (in_integers && clip_ >= 32767))
            return status::parameter_out_of_range;
        if constexpr (in_integers) {
            if (const status s = v.scalar(cell_power_); s != status::ok) return s;
            if (cell_power_ < least_power || cell_power_ > most_power) return status::parameter_out_of_range;
            if (const status s = kept_.visit(v); s != status::ok) return s;
            if (const status s = added_.visit(v); s != status::ok) return s;
            return ready_.ended(shown_.visit(v));
        } else {
            return ready_.ended(status::ok);
        }
    }

private:
    enum gate_index : std::size_t { input_gate, forget_gate, cell_gate, output_gate };
    static constexpr std::array<const char*, 4> gate_names{"input", "forget", "cell", "output"};
    /// tanh's argument in steps of 1/(24 * 512) is 3 c 2^(12 + power), of 31 bits.
    static constexpr std::int32_t least_power = -28;
    static constexpr std::int32_t most_power = 1;
    struct nothing {
        constexpr nothing() noexcept = default;
    };
    struct gate_layers {
        linear<R, gate_type> of_input;
        linear<R, gate_type> of_state;
    };

    /// The linear layers within are this layer's business: it answers in its own name.
    [[nodiscard]] static constexpr layer_status in_own_name(const layer_status& s) noexcept {
        return s == status::ok || s.layer() == kind ? s : in_layer(kind, {s.code(), layer_kind::none, s.operand()});
    }
    [[nodiscard]] layer_status check_state(const state_type& state) const noexcept {
        if (state.hidden.extent != state.cell.extent || state.hidden.extent[1] != units_)
            return {status::extents_differ, kind, operand_kind::state};
        if (!state.hidden.is_empty() && (state.hidden.data == nullptr || state.cell.data == nullptr))
            return {status::dst_null, kind, operand_kind::state};
        if (state.hidden.extent[0] < 0) return {status::negative_extent, kind, operand_kind::state};
        if (overlaps_itself(state.hidden) || overlaps_itself(state.cell))
            return {status::dst_overlaps_itself, kind, operand_kind::state};
        return status::ok;
    }

    /// The power of two that holds what calibration saw, or what the file prescribes.
    template <preparation_source Source>
    layer_status prepare_cell(Source& source, const path& label, affine& cell) noexcept requires(in_integers) {
        cell_edge_.number = source.edge(label.text());
        const double most = seen_at(source, cell_edge_.number).largest_magnitude();
        if (!(most >= 0)) return {status::scale_not_positive, kind, operand_kind::state};
        cell = 0x1p-15;
        while (cell.scale * 32767 < most && cell.scale < 0x1p1) cell.scale *= 2;
        while (cell.scale * 0.5 * 32767 >= most && cell.scale > 0x1p-28) cell.scale *= 0.5;
        if constexpr (quantized_source<Source> && takes_given<typename R::scaling>)
            source.given(cell_edge_.number, cell);
        source.set_scale(cell_edge_.number, cell);
        const auto u = unpack(cell.scale);
        const int power = u.kind == number_class::finite ? u.top_exponent() : 0;
        const bool is_power = u.kind == number_class::finite && !u.negative &&
                              u.significand == std::uint64_t{1} << (bit_width(u.significand) - 1);
        if (!is_power || cell.zero_point != 0 || power < least_power || power > most_power)
            return {status::scale_unsupported, kind, operand_kind::state};
        cell_power_ = power;
        return status::ok;
    }
    status prepare_products(const affine& cell, const affine& out) noexcept requires(in_integers) {
        if (const status s = kept_.set(0, {.sum_scale = 0x1p-15 * cell.scale}, cell); s != status::ok) return s;
        if (const status s = added_.set(0, {.sum_scale = 0x1p-30}, cell); s != status::ok) return s;
        return shown_.set(0, {.sum_scale = 0x1p-30}, out);
    }

    template <class Context>
    layer_status forward(const tensor_of<R, operand>& in, const state_type& state, matrix_view<output> out,
                         const Context& context) const noexcept {
        const index rows = in.codes.extent[0];
        const index batch = state.hidden.extent[0];
        // 1. What the input gives to all gates of all steps.
        std::array<matrix_view<gate_type>, 4> from_input;
        std::array<matrix_view<gate_type>, 4> from_state;
        for (std::size_t g = 0; g < 4; ++g) {
            if (const status s = context.scratch.take(rows, units_, from_input[g]); s != status::ok) return s;
            if (const status s = context.scratch.take(batch, units_, from_state[g]); s != status::ok) return s;
            if (const layer_status s = gates_[g].of_input.run(in, from_input[g], context); s != status::ok) return s;
        }
        // 2. Step by step. (Memory is the same for each.)
        const index steps = context.measuring() && rows > 0 ? 1 : rows / batch;
        for (index t = 0; t < steps; ++t) {
            const std::size_t mark = context.scratch.used();
            tensor_of<R, operand> h;
            if (const status s = R::scaling::template operand<operand>(as_const(state.hidden),
                                                                       {contracted::columns, units_}, context, h);
                s != status::ok) {
                return s;
            }
            for (std::size_t g = 0; g < 4; ++g) {
                const layer_status s = gates_[g].of_state.run(h, from_state[g], context);
                if (s != status::ok) return s;
            }
            context.scratch.rewind(mark);
            if (context.measuring()) continue;
            context.execute(batch, [&](index b) {
                std::array<vector_view<gate_type>, 4> x;
                std::array<vector_view<gate_type>, 4> u;
                for (std::size_t g = 0; g < 4; ++g) {
                    x[g] = row(from_input[g], t * batch + b);
                    u[g] = row(from_state[g], b);
                }
                const auto shown = row(out, t * batch + b);
                step(x, u, row(state.cell, b), row(state.hidden, b), row_options{context.cap});
                for (index j = 0; j < units_; ++j) shown(j) = state.hidden(b, j);
            });
        }
        context.show(cell_edge_.number, as_const(state.cell), static_scale{});
        context.show(hidden_edge_.number, as_const(out), static_scale{});
        return status::ok;
    }

    void step(const std::array<vector_view<gate_type>, 4>& x, const std::array<vector_view<gate_type>, 4>& u,
              vector_view<gate_type> cell, vector_view<output> hidden, row_options) const noexcept
        requires(in_integers) {
        const auto keep = kept_.epilogue(static_scale{});
        const auto add = added_.epilogue(static_scale{});
        const auto show = shown_.epilogue(static_scale{});
        const auto limit = static_cast<std::int16_t>(clip_);
        for (index j = 0; j < units_; ++j) {
            std::array<std::int32_t, 4> z{};
            for (std::size_t g = 0; g < 4; ++g) {
                const auto sum = saturating_cast<std::int16_t>(std::int32_t{x[g](j).raw()} + u[g](j).raw());
                z[g] = g == cell_gate ? tflite::tanh16(3 * sum) : tflite::sigmoid16(3 * sum);
            }
            const std::int32_t kept = keep(z[forget_gate] * cell(j).raw(), 0, 0).raw();
            const std::int32_t added = add(z[input_gate] * z[cell_gate], 0, 0).raw();
            auto c = saturating_cast<std::int16_t>(kept + added);
            if (limit > 0) c = c > limit ? limit : c < -limit ? static_cast<std::int16_t>(-limit) : c;
            cell(j) = integer<16>::from_raw(c);
            hidden(j) = show(z[output_gate] * std::int32_t{tflite::tanh16(table_steps(c))}, 0, 0);
        }
    }
    /// 3 c 2^(12 + power), rounded half up.
    [[nodiscard]] std::int32_t table_steps(std::int16_t c) const noexcept {
        const int left = 12 + cell_power_;
        if (left >= 0) return 3 * std::int32_t{c} * (std::int32_t{1} << left);
        return (3 * std::int32_t{c} + (std::int32_t{1} << (-left - 1))) >> -left;
    }

    void step(const std::array<vector_view<gate_type>, 4>& x, const std::array<vector_view<gate_type>, 4>& u,
              vector_view<gate_type> cell, vector_view<output> hidden, row_options options) const noexcept
        requires(!in_integers) {
        constexpr index piece = 64;
        for (index first = 0; first < units_; first += piece) {
            const index n = units_ - first < piece ? units_ - first : piece;
            float z[4][piece];
            float c[piece];
            for (std::size_t g = 0; g < 4; ++g) {
                for (index j = 0; j < n; ++j) z[g][j] = x[g](first + j) + u[g](first + j);
                const auto f = g == cell_gate ? float_activation::tanh : float_activation::sigmoid;
                activate_floats(f, options.chosen(), z[g], z[g], static_cast<std::size_t>(n));
            }
            for (index j = 0; j < n; ++j) {
                const double added = static_cast<double>(z[input_gate][j]) * static_cast<double>(z[cell_gate][j]);
                const double sum =
                    fused(static_cast<double>(z[forget_gate][j]), static_cast<double>(cell(first + j)), added);
                auto next = static_cast<float>(sum);
                if (clip_ > 0) next = next > clip_ ? clip_ : next < -clip_ ? -clip_ : next;
                cell(first + j) = next;
                c[j] = next;
            }
            activate_floats(float_activation::tanh, options.chosen(), c, c, static_cast<std::size_t>(n));
            for (index j = 0; j < n; ++j) {
                const double h = static_cast<double>(z[output_gate][j]) * static_cast<double>(c[j]);
                const double code = h / hidden_.scale;
                hidden(first + j) = narrow<output>(hidden_.zero_point == 0 ? code : code + hidden_.zero_point);
            }
        }
    }

    index inputs_ = 0;
    index units_ = 0;
    std::array<gate_layers, 4> gates_;
    affine hidden_;
    float clip_ = 0;
    std::int32_t cell_power_ = 0;
    using inner_columns = std::conditional_t<in_integers, columns_of<R, gate_type>, nothing>;
    using shown_columns = std::conditional_t<in_integers, columns_of<R, output>, nothing>;
    [[no_unique_address]] inner_columns kept_;
    [[no_unique_address]] inner_columns added_;
    [[no_unique_address]] shown_columns shown_;
    edge<R, gate_type> cell_edge_;
    edge<R, output> hidden_edge_;
    readiness ready_;
};

}  // namespace dyad::inline v1::nn
