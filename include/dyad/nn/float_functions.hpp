// SPDX-License-Identifier: Apache-2.0
// The family of functions in float: on the decoded values, the same bits everywhere. Between floats without scales the
// routines of array/float_{activations,norms,softmax}.hpp; between other formats, value by value,
//   code = narrow(f(float((code of src - zero point) * in)) / out + zero point of dst).
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/array/arena.hpp>
#include <dyad/array/convert.hpp>
#include <dyad/array/float_activations.hpp>
#include <dyad/array/float_norms.hpp>
#include <dyad/array/float_softmax.hpp>
#include <dyad/array/layer_norm.hpp>
#include <dyad/array/map_operands.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/softmax.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/norm_kind.hpp>
#include <dyad/math/float_functions.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/pointwise.hpp>
#include <dyad/nn/scaling.hpp>
#include <dyad/number/convert.hpp>

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
    /// Scales and zero points of input and output: what all functions need.
    struct scales {
        float in = 1;
        float out = 1;
        float in_zero = 0;
        float out_zero = 0;

        status set(const affine& from, const affine& to) noexcept {
            if (!is_positive_finite(from.scale) || !is_positive_finite(to.scale)) return status::scale_not_positive;
            in = static_cast<float>(from.scale);
            out = static_cast<float>(to.scale);
            in_zero = static_cast<float>(from.zero_point);
            out_zero = static_cast<float>(to.zero_point);
            return status::ok;
        }
        [[nodiscard]] bool are_one() const noexcept { return in == 1 && out == 1 && in_zero == 0 && out_zero == 0; }

        template <number In>
        [[nodiscard]] float value(In x) const noexcept {
            return static_cast<float>((convert<double>(x) - static_cast<double>(in_zero)) * static_cast<double>(in));
        }
        template <number Out>
        [[nodiscard]] Out code(float y) const noexcept {
            const float codes = y / out;
            if (out_zero == 0) return convert<Out>(codes, rounding::nearest_even, saturation::finite);
            const double shifted = static_cast<double>(codes) + static_cast<double>(out_zero);
            return convert<Out>(shifted, rounding::nearest_even, saturation::finite);
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            for (float* const x : {&in, &out, &in_zero, &out_zero}) {
                if (const status s = v.scalar(*x); s != status::ok) return s;
            }
            return status::ok;
        }
    };

    /// Blind to the zero point of its input; results are symmetric, or have the zero point of dst.
    template <number In, number Out>
    struct softmax : scales {
        status run(matrix_view<const In> src, matrix_view<Out> dst, row_options options = {}) const noexcept {
            if constexpr (between_floats) {
                float_softmax f;
                if (this->out == 1 && f.set(this->in) == status::ok) return f.run(src, dst, options);
            }
            if (const status s = check_map(src, dst); s != status::ok) return s;
            for (index i = 0; i < src.extent[0]; ++i) {
                if (const status s = run_row(row(src, i), row(dst, i)); s != status::ok) return s;
            }
            return status::ok;
        }
        /// Row i sees the columns j <= i + offset; the others are shares of 0.
        status run_causal(matrix_view<const In> src, index offset, matrix_view<Out> dst,
                          row_options options = {}) const noexcept {
            if constexpr (between_floats) {
                float_softmax f;
                if (this->out == 1 && f.set(this->in) == status::ok) return f.run_causal(src, offset, dst, options);
            }
            if (const status s = check_map(src, dst); s != status::ok) return s;
            const index columns = src.extent[1];
            for (index i = 0; i < src.extent[0]; ++i) {
                const index reach = offset >= columns - i - 1 ? columns : offset + i + 1;
                const index seen = reach < 0 ? 0 : reach;
                const auto from = row(column_block(src, 0, seen), i);
                if (const status s = run_row(from, row(column_block(dst, 0, seen), i)); s != status::ok) return s;
                for (index j = seen; j < columns; ++j) dst(i, j) = this->template code<Out>(0);
            }
            return status::ok;
        }
        /// An element is seen where its mask is not 0.
        status run_masked(matrix_view<const In> src, matrix_view<const std::uint8_t> mask, matrix_view<Out> dst,
                          row_options options = {}) const noexcept {
            if constexpr (between_floats) {
                float_softmax f;
                if (this->out == 1 && f.set(this->in) == status::ok) return f.run_masked(src, mask, dst, options);
            }
            if (const status s = check_map(src, dst); s != status::ok) return s;
            if (mask.extent != src.extent) return status::extents_differ;
            if (!src.is_empty() && mask.data == nullptr) return status::mask_null;
            if (overlap(memory_of(mask), memory_of(dst))) return status::dst_overlaps_mask;
            for (index i = 0; i < src.extent[0]; ++i) seen_row(row(src, i), row(mask, i), row(dst, i));
            return status::ok;
        }
        status run(vector_view<const In> src, vector_view<Out> dst, row_options options = {}) const noexcept {
            return run(as_row(src), as_row(dst), options);
        }

    private:
        static constexpr bool between_floats = std::same_as<In, float> && std::same_as<Out, float>;

        status run_row(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            if (this->out_zero == 0) {
                return softmax_float(src, static_cast<double>(this->in), static_cast<double>(this->out), dst);
            }
            if (src.extent[0] != dst.extent[0]) return status::extents_differ;
            constexpr std::uint8_t every = 1;
            seen_row(src, {&every, src.extent, {0}}, dst);
            return status::ok;
        }
        /// softmax_float of the elements that are seen.
        void seen_row(vector_view<const In> src, vector_view<const std::uint8_t> mask,
                      vector_view<Out> dst) const noexcept {
            const index n = src.extent[0];
            const auto real = [&](index i) {
                return static_cast<float>(convert<double>(src(i)) * static_cast<double>(this->in));
            };
            float max = 0;
            bool any = false;
            for (index i = 0; i < n; ++i) {
                if (mask(i) == 0) continue;
                const float x = real(i);
                if (!any || x > max || x != x) max = x;
                any = true;
            }
            const auto term = [&](index i) { return static_cast<double>(exp_float(real(i) - max)); };
            double sum = 0;
            for (index i = 0; i < n; ++i) {
                if (mask(i) != 0) sum += term(i);
            }
            for (index i = 0; i < n; ++i) {
                const double share = mask(i) != 0 ? term(i) / sum : 0;
                const double code = share / static_cast<double>(this->out);
                dst(i) = narrow<Out>(this->out_zero == 0 ? code : code + static_cast<double>(this->out_zero));
            }
        }
    };

    /// F of every element. Between floats of scale 1 by its vector routine, where it has one
    /// (array/float_activations.hpp states the errors); other formats by the same on pieces of a row, GELU's tanh form
    /// by gelu_tanh_float. Functions without a routine are rounded correctly.
    template <pointwise F, number In, number Out>
    struct activation : scales {
        status shape(arena&) noexcept { return status::ok; }
        status run(matrix_view<const In> src, matrix_view<Out> dst, row_options options = {}) const noexcept {
            if (const status s = check_map(src, dst); s != status::ok) return s;
            if constexpr (std::same_as<In, float> && std::same_as<Out, float> && routine.exists) {
                if (this->are_one()) return activate(routine.which, src, dst, options);
            }
            for (index i = 0; i < src.extent[0]; ++i) run_row(row(src, i), row(dst, i), options);
            return status::ok;
        }
        status run(vector_view<const In> src, vector_view<Out> dst, row_options options = {}) const noexcept {
            return run(as_row(src), as_row(dst), options);
        }

    private:
        static constexpr float_routine routine = routine_of(F);

        void run_row(vector_view<const In> src, vector_view<Out> dst, row_options options) const noexcept {
            const index n = src.extent[0];
            if constexpr (F == pointwise(scalar_function::gelu_tanh)) {
                for (index i = 0; i < n; ++i) dst(i) = this->template code<Out>(gelu_tanh_float(this->value(src(i))));
            } else if constexpr (routine.exists) {
                constexpr index piece = 256;
                float room[piece];
                for (index first = 0; first < n; first += piece) {
                    const index here = n - first < piece ? n - first : piece;
                    for (index j = 0; j < here; ++j) room[j] = this->value(src(first + j));
                    activate_floats(routine.which, options.chosen(), room, room, static_cast<std::size_t>(here));
                    for (index j = 0; j < here; ++j) dst(first + j) = this->template code<Out>(room[j]);
                }
            } else {
                for (index i = 0; i < n; ++i) dst(i) = this->template code<Out>(activate_one<F>(this->value(src(i))));
            }
        }
    };
    /// The tanh form.
    template <number In, number Out>
    using gelu = activation<scalar_function::gelu_tanh, In, Out>;

    template <norm_kind Kind, number In, number Out>
    struct norm {
        scales factors;
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
            if constexpr (std::same_as<In, float> && std::same_as<Out, float>) {
                if (factors.are_one()) return of_floats(src, dst, options);
            }
            for (index i = 0; i < src.extent[0]; ++i) {
                const status s =
                    norm_float<Kind>(row(src, i), as_const(gamma), as_const(beta), static_cast<double>(epsilon),
                                     static_cast<double>(factors.in), static_cast<double>(factors.out), row(dst, i),
                                     {static_cast<double>(factors.in_zero), static_cast<double>(factors.out_zero)});
                if (s != status::ok) return s;
            }
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
        status of_floats(matrix_view<const float> src, matrix_view<float> dst, row_options options) const noexcept {
            const auto eps = static_cast<double>(epsilon);
            if constexpr (Kind == norm_kind::layer)
                return dyad::layer_norm(src, as_const(gamma), as_const(beta), eps, dst, options);
            else if constexpr (Kind == norm_kind::rms)
                return dyad::rms_norm(src, as_const(gamma), as_const(beta), eps, dst, options);
            else return dyad::l1_norm(src, as_const(gamma), as_const(beta), eps, dst, options);
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
