// SPDX-License-Identifier: Apache-2.0
// Families of nonlinear functions that a recipe names: each has softmax, gelu and layer_norm from In to Out.
// `set` prepares one from the scales of its input and output (values of one code); `run` applies it to a row, or to the
// rows of a matrix.
#pragma once

#include <cstdint>

#include <dyad/array/arena.hpp>
#include <dyad/array/function_table.hpp>
#include <dyad/array/integer_norms.hpp>
#include <dyad/array/integer_softmax.hpp>
#include <dyad/array/layer_norm.hpp>
#include <dyad/array/softmax.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/math/float_functions.hpp>
#include <dyad/math/function_scales.hpp>
#include <dyad/math/integer_functions.hpp>
#include <dyad/nn/scaling.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1::nn {

/// Computed in float on the decoded values; the same bits everywhere (math/float_functions.hpp).
struct float_functions {
    /// Scales of input and output: what all three need.
    struct scales {
        float in = 1;
        float out = 1;

        status set(double in_scale, double out_scale) noexcept {
            if (!is_positive_finite(in_scale) || !is_positive_finite(out_scale)) return status::scale_not_positive;
            in = static_cast<float>(in_scale);
            out = static_cast<float>(out_scale);
            return status::ok;
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            const status s = v.scalar(in);
            return s == status::ok ? v.scalar(out) : s;
        }
    };

    template <number In, number Out>
    struct softmax : scales {
        status run(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            return softmax_float(src, static_cast<double>(in), static_cast<double>(out), dst);
        }
    };

    /// The tanh form.
    template <number In, number Out>
    struct gelu : scales {
        status shape(arena&) noexcept { return status::ok; }
        status run(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            if (src.extent[0] != dst.extent[0]) return status::extents_differ;
            for (index i = 0; i < src.extent[0]; ++i) {
                const float x = static_cast<float>(convert<double>(src(i)) * static_cast<double>(in));
                dst(i) = convert<Out>(gelu_tanh_float(x) / out, rounding::nearest_even, saturation::finite);
            }
            return status::ok;
        }
    };

    template <number In, number Out>
    struct layer_norm {
        scales factors;
        vector_view<float> gamma;
        vector_view<float> beta;
        float epsilon = 0;

        status shape(arena& memory, index n) noexcept {
            const status s = memory.take(n, gamma);
            return s == status::ok ? memory.take(n, beta) : s;
        }
        status set(vector_view<const float> gains, vector_view<const float> offsets, double eps, double in_scale,
                   double out_scale) noexcept {
            for (index i = 0; i < gamma.extent[0]; ++i) {
                gamma(i) = gains(i);
                beta(i) = offsets(i);
            }
            epsilon = static_cast<float>(eps);
            return factors.set(in_scale, out_scale);
        }
        status run(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            return layer_norm_float(src, as_const(gamma), as_const(beta), static_cast<double>(epsilon),
                                    static_cast<double>(factors.in), static_cast<double>(factors.out), dst);
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            if (const status s = v.array(gamma); s != status::ok) return s;
            if (const status s = v.array(beta); s != status::ok) return s;
            if (const status s = v.scalar(epsilon); s != status::ok) return s;
            return factors.visit(v);
        }
    };
};

/// The library's own, in integers: every code rounded correctly, or within the bound that its header states
/// (array/integer_softmax.hpp, array/function_table.hpp, array/integer_norms.hpp). In and Out must be fixed-point
/// formats of at most 16 bits; scales are real numbers only while `set` runs. Tables are made from scales in integers,
/// so an archive holds scales only.
struct integer_functions {
    template <fixed_point In, fixed_point Out>
    class softmax {
    public:
        status set(double in_scale, double out_scale) noexcept {
            if (!is_positive_finite(in_scale) || !is_positive_finite(out_scale)) return status::scale_not_positive;
            scale_ = multiplier::from_scale(in_scale);
            unit_ = convert<std::uint32_t>(1 / out_scale);
            return plan_.set(scale_, unit_);
        }
        status run(matrix_view<const In> src, matrix_view<Out> dst) const noexcept { return plan_.run(src, dst); }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            const multiplier old_scale = scale_;
            const std::uint32_t old_unit = unit_;
            if (const status s = v.scalar(scale_); s != status::ok) return s;
            if (const status s = v.scalar(unit_); s != status::ok) return s;
            return scale_ == old_scale && unit_ == old_unit ? status::ok : plan_.set(scale_, unit_);
        }

    private:
        multiplier scale_ = {0, 0};
        std::uint32_t unit_ = 0;
        integer_softmax<In, Out> plan_;
    };

    /// The tanh form, as a table of all codes of In.
    template <fixed_point In, fixed_point Out>
    class gelu {
    public:
        status shape(arena& memory) noexcept { return memory.take(function_table<In, Out>::memory_entries, memory_); }
        status set(double in_scale, double out_scale) noexcept {
            if (!is_positive_finite(in_scale) || !is_positive_finite(out_scale)) return status::scale_not_positive;
            scales_ = function_scales::from(in_scale, out_scale);
            return fill();
        }
        status run(matrix_view<const In> src, matrix_view<Out> dst) const noexcept { return table_.run(src, dst); }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            const function_scales old = scales_;
            if (const status s = v.scalar(scales_.in); s != status::ok) return s;
            if (const status s = v.scalar(scales_.out); s != status::ok) return s;
            return scales_.in == old.in && scales_.out == old.out ? status::ok : fill();
        }

    private:
        status fill() noexcept { return table_.set(scalar_function::gelu_tanh, scales_, memory_); }

        function_scales scales_ = {{0, 0}, {0, 0}};
        vector_view<Out> memory_;
        function_table<In, Out> table_;
    };

    template <fixed_point In, fixed_point Out>
    using layer_norm = integer_layer_norm<In, Out>;
};

}  // namespace dyad::inline v1::nn
