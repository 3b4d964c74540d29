// SPDX-License-Identifier: Apache-2.0
// The family of functions in float: on the decoded values, the same bits everywhere. The routines of
// array/float_{activations,norms,softmax}.hpp, between floats without scales directly; between other formats on pieces
// of rows,
//   code of dst = narrow(f((code of src - zero point) * in) / out + zero point of dst)     nn/float_pieces.hpp
// where a softmax has `in` in its exponent, and a norm in its epsilon.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/array/arena.hpp>
#include <dyad/array/float_activations.hpp>
#include <dyad/array/float_softmax.hpp>
#include <dyad/array/float_softmax_row.hpp>
#include <dyad/array/map_operands.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/float_norm.hpp>
#include <dyad/kernels/norm_kind.hpp>
#include <dyad/kernels/scalar/float_norm.hpp>
#include <dyad/math/float_functions.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/float_pieces.hpp>
#include <dyad/nn/pointwise.hpp>
#include <dyad/nn/scaling.hpp>

namespace dyad::inline v1::nn {

/// The vector routine of a function, where there is one.
struct float_routine {
    bool exists = false;
    float_activation which = {};
};
[[nodiscard]] constexpr float_routine routine_of(const pointwise& f) noexcept {
    if (f.kind == pointwise::shape::straight) return {};
    switch (f.smooth) {
        case scalar_function::gelu: return {true, float_activation::gelu};
        case scalar_function::gelu_tanh: return {true, float_activation::gelu_tanh};
        case scalar_function::sigmoid: return {true, float_activation::sigmoid};
        case scalar_function::tanh: return {true, float_activation::tanh};
        case scalar_function::silu: return {true, float_activation::silu};
        case scalar_function::softplus: return {true, float_activation::softplus};
        default: return {};
    }
}

/// One float where no vector routine is: rounded correctly.
template <pointwise F>
[[nodiscard]] constexpr float activate_one(float x) noexcept {
    if constexpr (F == pointwise(straight_function::identity)) return x;
    else if constexpr (F == pointwise(straight_function::relu) || F == pointwise(straight_function::relu6)) {
        // By their bits floats above 0 are ordered as integers; NaNs are above 0x7f800000.
        const auto bits = std::bit_cast<std::uint32_t>(x);
        constexpr auto six = std::bit_cast<std::uint32_t>(6.0f);
        const bool is_nan = (bits & 0x7fff'ffffU) > 0x7f80'0000U;
        const std::uint32_t above = bits >> 31 != 0 ? 0 : bits;
        const bool holds = F == pointwise(straight_function::relu6) && above > six;
        return std::bit_cast<float>(is_nan ? bits : holds ? six : above);
    } else if constexpr (F == pointwise(scalar_function::exp_nonpositive)) {
        return std::bit_cast<std::uint32_t>(x) <= 0x7f80'0000U ? 1.0f : exp_float(x);
    } else {
        return pointwise_float(F, x);
    }
}

struct float_functions {
    /// Blind to the zero point of its input; results are symmetric, or have the zero point of dst. NaN in a whole row
    /// that holds NaN or infinity; a row in which nothing is seen, or -infinity only, has shares of 0.
    template <number In, number Out>
    struct softmax : float_scales {
        status run(matrix_view<const In> src, matrix_view<Out> dst, row_options options = {}) const noexcept {
            if constexpr (between_floats) {
                float_softmax f;
                if (is_of_floats(f)) return f.run(src, dst, options);
            }
            return run_rows(src, {}, src.extent[1], 0, dst, options);
        }
        /// Row i sees the columns j <= i + offset; the others are shares of 0.
        status run_causal(matrix_view<const In> src, index offset, matrix_view<Out> dst,
                          row_options options = {}) const noexcept {
            if constexpr (between_floats) {
                float_softmax f;
                if (is_of_floats(f)) return f.run_causal(src, offset, dst, options);
            }
            return run_rows(src, {}, offset, 1, dst, options);
        }
        /// An element is seen where its mask is not 0.
        status run_masked(matrix_view<const In> src, matrix_view<const std::uint8_t> mask, matrix_view<Out> dst,
                          row_options options = {}) const noexcept {
            if constexpr (between_floats) {
                float_softmax f;
                if (is_of_floats(f)) return f.run_masked(src, mask, dst, options);
            }
            if (const status s = check_map(src, dst); s != status::ok) return s;
            if (mask.extent != src.extent) return status::extents_differ;
            if (!src.is_empty() && mask.data == nullptr) return status::mask_null;
            if (overlap(memory_of(mask), memory_of(dst))) return status::dst_overlaps_mask;
            return run_rows(src, mask, src.extent[1], 0, dst, options);
        }
        status run(vector_view<const In> src, vector_view<Out> dst, row_options options = {}) const noexcept {
            return run(as_row(src), as_row(dst), options);
        }

    private:
        static constexpr bool between_floats = std::same_as<In, float> && std::same_as<Out, float>;

        [[nodiscard]] bool is_of_floats(float_softmax& f) const noexcept {
            return this->out == 1 && this->out_zero == 0 && f.set(this->in) == status::ok;
        }

        /// The source of a row of codes: floats block by block.
        struct codes {
            vector_view<const In> elements;
            vector_view<const std::uint8_t> mask;
            float_scales scales;  ///< of `in` what the exponent does not hold
            instruction_set isa;
            float shift = 0;
            const float* next = nullptr;

            [[nodiscard]] index size() const noexcept { return elements.extent[0]; }
            [[nodiscard]] bool is_plain() const noexcept { return false; }
            [[nodiscard]] const float* block(index first, index n, float* room) const noexcept {
                const auto here = piece_of(elements, first, n);
                const float* x = room;
                if (scales.in == 1) x = scales.decode(isa, here, room);
                else scales.values(isa, here, room);
                const vector_view<const std::uint8_t> seen{
                    shifted(mask.data, first * mask.stride[0]), {n}, mask.stride};
                return softmax_source{{x, {n}, {1}}, seen, shift}.block(0, n, room);
            }
        };

        /// Row i sees its first seen + i * more columns, as many as there are.
        status run_rows(matrix_view<const In> src, matrix_view<const std::uint8_t> mask, index seen, index more,
                        matrix_view<Out> dst, row_options options) const noexcept {
            if (const status s = check_map(src, dst); s != status::ok || src.is_empty()) return s;
            const default_float_environment environment;
            run_in_environment(src, mask, seen, more, dst, options.chosen());
            return status::ok;
        }
        /// (Not inlined, so that none of its arithmetic moves out of the environment.)
        [[gnu::noinline]] void run_in_environment(matrix_view<const In> src, matrix_view<const std::uint8_t> mask,
                                                  index seen, index more, matrix_view<Out> dst,
                                                  instruction_set isa) const noexcept {
            // The scale is a part of the exponent, but for those that are beyond its range.
            float_scales scales;
            float_softmax range;
            const bool fits = range.set(this->in) == status::ok;
            if (!fits) scales.in = this->in;
            const softmax_exponent e = softmax_exponent::of(fits ? this->in : 1.0f);
            const index columns = src.extent[1];
            for (index i = 0; i < src.extent[0]; ++i) {
                const index reach = more == 0 ? seen : seen >= columns - i - 1 ? columns : seen + i + 1;
                const index n = reach < 0 ? 0 : reach;
                const vector_view<Out> to = row(dst, i);
                softmax_by_blocks(
                    isa, codes{row(column_block(src, 0, n), i), row(column_block(mask, 0, n), i), scales, isa}, e,
                    [&](index first, float* y, index here) { this->encode(isa, y, piece_of(to, first, here)); });
                for (index j = n; j < columns; ++j) to(j) = this->template code<Out>(0);
            }
        }
    };

    /// F of every element: by its vector routine, where it has one (array/float_activations.hpp states the errors),
    /// else rounded correctly to float.
    template <pointwise F, number In, number Out>
    struct activation : float_scales {
        status shape(arena&) noexcept { return status::ok; }
        status run(matrix_view<const In> src, matrix_view<Out> dst, row_options options = {}) const noexcept {
            if (const status s = check_map(src, dst); s != status::ok) return s;
            if constexpr (std::same_as<In, float> && std::same_as<Out, float> && routine.exists) {
                if (this->are_one()) return activate(routine.which, src, dst, options);
            }
            for (index i = 0; i < src.extent[0]; ++i) run_row(row(src, i), row(dst, i), options.chosen());
            return status::ok;
        }
        status run(vector_view<const In> src, vector_view<Out> dst, row_options options = {}) const noexcept {
            return run(as_row(src), as_row(dst), options);
        }

    private:
        static constexpr float_routine routine = routine_of(F);

        void run_row(vector_view<const In> src, vector_view<Out> dst, instruction_set isa) const noexcept {
            for_each_piece(src.extent[0], float_piece, [&](index first, index here) {
                alignas(64) float room[float_piece];
                this->values(isa, piece_of(src, first, here), room);
                if constexpr (routine.exists) {
                    activate_floats(routine.which, isa, room, room, static_cast<std::size_t>(here));
                } else {
                    for (index j = 0; j < here; ++j) room[j] = activate_one<F>(room[j]);
                }
                this->encode(isa, room, piece_of(dst, first, here));
            });
        }
    };
    /// The tanh form.
    template <number In, number Out>
    using gelu = activation<scalar_function::gelu_tanh, In, Out>;

    /// Of the codes themselves, less their zero point: the scale of the input is in epsilon.
    template <norm_kind Kind, number In, number Out>
    struct norm {
        float_scales factors;
        vector_view<float> gamma;
        vector_view<float> beta;
        float epsilon = 0;

        status shape(arena& memory, index n) noexcept {
            const status s = memory.take(n, gamma);
            return s == status::ok ? memory.take(n, beta) : s;
        }
        /// A beta without elements: none.
        status set(vector_view<const float> gains, vector_view<const float> offsets, double eps, const affine& in,
                   const affine& out) noexcept {
            const index n = gamma.extent[0];
            if (gains.extent[0] != n || (offsets.extent[0] != n && offsets.extent[0] != 0))
                return status::extents_differ;
            for (index i = 0; i < n; ++i) {
                const float offset = offsets.extent[0] == 0 ? 0.0f : offsets(i);
                if (!dyad::is_finite(gains(i)) || !dyad::is_finite(offset)) return status::parameter_not_finite;
            }
            if (!dyad::is_finite(eps)) return status::parameter_not_finite;
            if (eps < 0) return status::parameter_out_of_range;
            if (const status s = factors.set(in, out); s != status::ok) return s;
            for (index i = 0; i < n; ++i) {
                gamma(i) = gains(i);
                beta(i) = offsets.extent[0] == 0 ? 0.0f : offsets(i);
            }
            epsilon = static_cast<float>(eps);
            return status::ok;
        }
        status run(matrix_view<const In> src, matrix_view<Out> dst, row_options options = {}) const noexcept {
            if (src.extent[1] != gamma.extent[0]) return status::extents_differ;
            if (const status s = check_map(src, dst); s != status::ok || src.is_empty()) return s;
            const default_float_environment environment;
            run_in_environment(src, dst, options.chosen());
            return status::ok;
        }
        status run(vector_view<const In> src, vector_view<Out> dst, row_options options = {}) const noexcept {
            return run(as_row(src), as_row(dst), options);
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            if (const status s = v.array(gamma); s != status::ok) return s;
            if (const status s = v.array(beta); s != status::ok) return s;
            if (const status s = v.scalar(epsilon); s != status::ok) return s;
            return factors.visit(v);
        }

    private:
        static constexpr index room_size = 8192;  // floats: rows longer than this are done in pieces
        static constexpr index together = 4;      // rows: each waits long for its sums and its root

        /// (Not inlined, so that none of its arithmetic moves out of the environment.)
        [[gnu::noinline]] void run_in_environment(matrix_view<const In> src, matrix_view<Out> dst,
                                                  instruction_set isa) const noexcept {
            const index n = src.extent[1];
            if constexpr (std::same_as<In, float> && std::same_as<Out, float>) {
                if (factors.in_zero == 0 && factors.out == 1 && factors.out_zero == 0)
                    return normalize_floats<Kind>(isa, {src.data, src.stride[0], src.stride[1]}, src.extent[0], n,
                                                  {gamma.data, 1}, {beta.data, 1}, code_epsilon(),
                                                  {dst.data, dst.stride[0], dst.stride[1]});
            }
            const index block = n <= room_size / together ? together : 1;
            for_each_piece(src.extent[0], block, [&](index first, index here) {
                if (n <= room_size) short_rows(row_block(src, first, here), row_block(dst, first, here), isa);
                else long_row(row(src, first), row(dst, first), isa);
            });
        }
        /// epsilon of codes: (x - mean) / sqrt(v + epsilon) with x = in * c is (c - mean) / sqrt(v_c + epsilon / in^2).
        [[nodiscard]] double code_epsilon() const noexcept {
            const auto in = static_cast<double>(factors.in);
            return scalar::divided(static_cast<double>(epsilon), Kind == norm_kind::l1 ? in : in * in);
        }
        void short_rows(matrix_view<const In> src, matrix_view<Out> dst, instruction_set isa) const noexcept {
            alignas(64) float room[room_size];
            const index rows = src.extent[0];
            const index n = src.extent[1];
            norm_rows<const float> from{room, n, 1};
            for (index i = 0; i < rows; ++i) {
                const float* x = factors.decode(isa, row(src, i), room + i * n);
                if (i == 0 && x != room) from.data = x;
            }
            if constexpr (std::same_as<In, float>) {
                if (from.data != room) from.stride = src.stride[0];
            }
            normalize_floats<Kind>(isa, from, rows, n, {gamma.data, 1}, {beta.data, 1}, code_epsilon(), {room, n, 1});
            for (index i = 0; i < rows; ++i) factors.encode(isa, room + i * n, row(dst, i));
        }
        /// The bits of normalize_floats: sums by lanes over pieces.
        void long_row(vector_view<const In> src, vector_view<Out> dst, instruction_set isa) const noexcept {
            using namespace scalar::float_norms;
            static_assert(float_piece % norm_lanes == 0);
            alignas(64) float room[float_piece];
            const index n = src.extent[0];
            const auto sums = [&](auto add) {
                double lanes[norm_lanes] = {};
                for_each_piece(n, float_piece, [&](index first, index here) {
                    add(norm_elements<const float>{factors.decode(isa, piece_of(src, first, here), room), 1}, here,
                        static_cast<double*>(lanes));
                });
                return fold_lanes(lanes);
            };
            double mean = 0;
            if (Kind != norm_kind::rms) mean = scalar::divided(sums(sum_elements), static_cast<double>(n));
            const double s = sums([&](norm_elements<const float> x, index here, double* lanes) {
                sum_deviations<Kind>(x, here, mean, lanes);
            });
            const row_numbers numbers{mean, norm_inverse<Kind>(s, static_cast<double>(n), code_epsilon())};
            for_each_piece(n, float_piece, [&](index first, index here) {
                const float* x = factors.decode(isa, piece_of(src, first, here), room);
                if (is_finite_sum(s))
                    scale_row({x, 1}, here, numbers, {gamma.data + first, 1}, {beta.data + first, 1}, {room, 1});
                else fill_with_nan({room, 1}, here);
                factors.encode(isa, room, piece_of(dst, first, here));
            });
        }
    };
    template <number In, number Out>
    using layer_norm = norm<norm_kind::layer, In, Out>;
    template <number In, number Out>
    using rms_norm = norm<norm_kind::rms, In, Out>;
    template <number In, number Out>
    using l1_norm = norm<norm_kind::l1, In, Out>;
};

}  // namespace dyad::inline v1::nn
