// SPDX-License-Identifier: Apache-2.0
// Families of nonlinear functions that a recipe names: each has softmax, gelu and layer_norm from In to Out.
// `set` prepares one from the scales of its input and output (values of one code); `run` applies it to a row.
#pragma once

#include <cstdint>

#include <dyad/array/arena.hpp>
#include <dyad/array/layer_norm.hpp>
#include <dyad/array/softmax.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/math/float_functions.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/math/shift_exp.hpp>
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

/// Integer-only, after I-ViT (Li and Gu, ICCV 2023), mended: math/shift_exp.hpp, array/softmax.hpp,
/// array/layer_norm.hpp. In and Out must be fixed-point formats; scales are real numbers only while `set` runs.
struct shift_functions {
    template <format In, format Out>
    struct softmax {
        multiplier exponent = {0, 0};
        std::uint32_t unit = 0;

        status set(double in_scale, double out_scale) noexcept {
            if (!is_positive_finite(in_scale) || !is_positive_finite(out_scale)) return status::scale_not_positive;
            exponent = log2_multiplier(in_scale);
            unit = convert<std::uint32_t>(1 / out_scale);
            return status::ok;
        }
        status run(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            return shiftmax(src, exponent, unit, dst);
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            const status s = v.scalar(exponent);
            return s == status::ok ? v.scalar(unit) : s;
        }
    };

    /// x * sigmoid(1.702 x).
    template <format In, format Out>
    struct gelu {
        multiplier exponent = {0, 0};
        multiplier to_out = {0, 0};

        status set(double in_scale, double out_scale) noexcept {
            if (!is_positive_finite(in_scale / out_scale)) return status::scale_not_positive;
            exponent = log2_multiplier(1.702 * in_scale);
            to_out = multiplier::from_ratio(in_scale, out_scale);
            to_out.exponent -= exp_fraction;
            return status::ok;
        }
        status run(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            if (src.extent[0] != dst.extent[0]) return status::extents_differ;
            for (index i = 0; i < src.extent[0]; ++i) {
                dst(i) = Out::saturating_from_raw(requantize(shift_gelu(src(i).raw(), exponent), to_out));
            }
            return status::ok;
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            const status s = v.scalar(exponent);
            return s == status::ok ? v.scalar(to_out) : s;
        }
    };

    template <format In, format Out>
    struct layer_norm {
        vector_view<std::int32_t> gains;
        vector_view<std::int64_t> offsets;
        std::int32_t gain_fraction = 0;
        std::uint64_t epsilon = 0;

        status shape(arena& memory, index n) noexcept {
            const status s = memory.take(n, gains);
            return s == status::ok ? memory.take(n, offsets) : s;
        }
        status set(vector_view<const float> gamma, vector_view<const float> beta, double eps, double in_scale,
                   double out_scale) noexcept {
            if (!is_positive_finite(in_scale) || !is_positive_finite(out_scale)) return status::scale_not_positive;
            const index n = gains.extent[0];
            const auto largest = [n, out_scale](vector_view<const float> v) {
                return largest_magnitude(make_matrix(v.data, 1, n)) / out_scale;
            };
            gain_fraction = norm_gain_fraction(largest(gamma), largest(beta));
            for (index i = 0; i < n; ++i) {
                gains(i) = norm_gain(static_cast<double>(gamma(i)) / out_scale, gain_fraction);
                offsets(i) = norm_offset(static_cast<double>(beta(i)) / out_scale, gain_fraction);
            }
            const double cubed = static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n);
            epsilon = convert<std::uint64_t>(eps * cubed / (in_scale * in_scale));
            return status::ok;
        }
        status run(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            return layer_norm_integer(src, as_const(gains), as_const(offsets), gain_fraction, epsilon, dst);
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            if (const status s = v.array(gains); s != status::ok) return s;
            if (const status s = v.array(offsets); s != status::ok) return s;
            if (const status s = v.scalar(gain_fraction); s != status::ok) return s;
            return v.scalar(epsilon);
        }
    };
};

}  // namespace dyad::inline v1::nn
