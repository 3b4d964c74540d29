// SPDX-License-Identifier: Apache-2.0
// The family of functions in integers: every code rounded correctly, or within the bound that its header states
// (array/integer_softmax.hpp, array/function_table.hpp, array/integer_norms.hpp). In and Out must be fixed-point
// formats of at most 16 bits; scales are real numbers only while `set` runs. Tables are made from scales in integers,
// so an archive holds scales only.
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/array/arena.hpp>
#include <dyad/array/function_table.hpp>
#include <dyad/array/integer_norms.hpp>
#include <dyad/array/integer_softmax.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/norm_kind.hpp>
#include <dyad/math/function_scales.hpp>
#include <dyad/math/integer_functions.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/pointwise.hpp>
#include <dyad/nn/scaling.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1::nn {

/// Zero points that are codes of their formats.
template <fixed_point In, fixed_point Out>
[[nodiscard]] constexpr bool are_codes(const affine& in, const affine& out) noexcept {
    const auto is_code = []<class T>(T, std::int32_t z) { return z >= T::min_raw && z <= T::max_raw; };
    return is_code(In{}, in.zero_point) && is_code(Out{}, out.zero_point);
}

struct integer_functions {
    /// code = round(share / out scale) + zero point, saturated. Blind to the zero point of its input.
    template <fixed_point In, fixed_point Out>
    class softmax {
    public:
        status set(const affine& in, const affine& out) noexcept {
            if (!is_positive_finite(in.scale) || !is_positive_finite(out.scale)) return status::scale_not_positive;
            if (!are_codes<In, Out>(in, out)) return status::parameter_out_of_range;
            scale_ = multiplier::from_scale(in.scale);
            unit_ = convert<std::uint32_t>(1 / out.scale);
            zero_ = out.zero_point;
            return fill();
        }
        status run(matrix_view<const In> src, matrix_view<Out> dst, row_options options = {}) const noexcept {
            return apply(dst, [&](const auto& plan, auto to) { return plan.run(src, to, options); });
        }
        /// Row i sees the columns j <= i + offset; the others are shares of 0.
        status run_causal(matrix_view<const In> src, index offset, matrix_view<Out> dst,
                          row_options options = {}) const noexcept {
            return apply(dst, [&](const auto& plan, auto to) { return plan.run_causal(src, offset, to, options); });
        }
        /// An element is seen where its mask is not 0.
        status run_masked(matrix_view<const In> src, matrix_view<const std::uint8_t> mask, matrix_view<Out> dst,
                          row_options options = {}) const noexcept {
            return apply(dst, [&](const auto& plan, auto to) { return plan.run_masked(src, mask, to, options); });
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            const multiplier old_scale = scale_;
            const std::uint32_t old_unit = unit_;
            const std::int32_t old_zero = zero_;
            if (const status s = v.scalar(scale_); s != status::ok) return s;
            if (const status s = v.scalar(unit_); s != status::ok) return s;
            if (const status s = v.scalar(zero_); s != status::ok) return s;
            return scale_ == old_scale && unit_ == old_unit && zero_ == old_zero ? status::ok : fill();
        }

    private:
        /// Shares before their zero point is added: from 0.
        using share = fixed<Out::width, Out::fraction, signedness::is_unsigned>;
        using share_plan = integer_softmax<In, share>;
        struct nothing {};
        using code_plan = std::conditional_t<Out::is_signed, integer_softmax<In, Out>, nothing>;

        [[nodiscard]] bool has_code_plan() const noexcept { return Out::is_signed && zero_ == 0; }
        status fill() noexcept {
            if constexpr (Out::is_signed) {
                if (zero_ == 0) return codes_.set(scale_, unit_);
            }
            return shares_.set(scale_, unit_);
        }
        template <class Run>
        status apply(matrix_view<Out> dst, const Run& run) const noexcept {
            if constexpr (Out::is_signed) {
                if (has_code_plan()) return run(codes_, dst);
            }
            // The codes of a share lie where those of Out will: words of the same size.
            static_assert(sizeof(share) == sizeof(Out));
            const matrix_view<share> shares{reinterpret_cast<share*>(dst.data), dst.extent, dst.stride};
            if (const status s = run(shares_, shares); s != status::ok || zero_ == 0) return s;
            for (index i = 0; i < dst.extent[0]; ++i) {
                for (index j = 0; j < dst.extent[1]; ++j) {
                    const auto code = static_cast<typename share::raw_type>(dst(i, j).raw());
                    dst(i, j) = Out::saturating_from_raw(std::int64_t{code} + zero_);
                }
            }
            return status::ok;
        }

        multiplier scale_ = {0, 0};
        std::uint32_t unit_ = 0;
        std::int32_t zero_ = 0;
        share_plan shares_;
        [[no_unique_address]] code_plan codes_;
    };

    /// A table of all codes of In: F rounded correctly to a code, the zero point added, saturated.
    template <pointwise F, fixed_point In, fixed_point Out>
    class activation {
    public:
        status shape(arena& memory) noexcept { return memory.take(function_table<In, Out>::memory_entries, memory_); }
        status set(const affine& in, const affine& out) noexcept {
            if (!is_positive_finite(in.scale) || !is_positive_finite(out.scale)) return status::scale_not_positive;
            if (!are_codes<In, Out>(in, out)) return status::parameter_out_of_range;
            scales_ = function_scales::from(in.scale, out.scale);
            in_zero_ = in.zero_point;
            out_zero_ = out.zero_point;
            return fill();
        }
        status run(matrix_view<const In> src, matrix_view<Out> dst, row_options options = {}) const noexcept {
            return table_.run(src, dst, options);
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            const function_scales old = scales_;
            const std::int32_t old_zeros[] = {in_zero_, out_zero_};
            if (const status s = v.scalar(scales_.in); s != status::ok) return s;
            if (const status s = v.scalar(scales_.out); s != status::ok) return s;
            if (const status s = v.scalar(in_zero_); s != status::ok) return s;
            if (const status s = v.scalar(out_zero_); s != status::ok) return s;
            const bool same =
                scales_.in == old.in && scales_.out == old.out && in_zero_ == old_zeros[0] && out_zero_ == old_zeros[1];
            if (same) return status::ok;
            if (!are_codes<In, Out>({1, in_zero_}, {1, out_zero_})) return status::parameter_out_of_range;
            return fill();
        }

    private:
        status fill() noexcept {
            const auto f = [this](In x) { return evaluate_pointwise<Out>(F, x, in_zero_, out_zero_, scales_); };
            return table_.fill(f, memory_);
        }

        function_scales scales_ = {{0, 0}, {0, 0}};
        std::int32_t in_zero_ = 0;
        std::int32_t out_zero_ = 0;
        vector_view<Out> memory_;
        function_table<In, Out> table_;
    };
    /// The tanh form.
    template <fixed_point In, fixed_point Out>
    using gelu = activation<scalar_function::gelu_tanh, In, Out>;

    /// Blind to the zero point of the input, but for the RMS norm, which takes symmetric ones only. The offsets take
    /// the output's.
    template <norm_kind Kind, fixed_point In, fixed_point Out>
    class norm : public integer_norm<Kind, In, Out> {
    public:
        status set(vector_view<const float> gamma, vector_view<const float> beta, double epsilon, const affine& in,
                   const affine& out) noexcept {
            if (!are_codes<In, Out>(in, out)) return status::parameter_out_of_range;
            if (Kind == norm_kind::rms && in.zero_point != 0) return status::scale_unsupported;
            return integer_norm<Kind, In, Out>::set(gamma, beta, epsilon, in.scale, out.scale, out.zero_point);
        }
    };
    template <fixed_point In, fixed_point Out>
    using layer_norm = norm<norm_kind::layer, In, Out>;
    template <fixed_point In, fixed_point Out>
    using rms_norm = norm<norm_kind::rms, In, Out>;
    template <fixed_point In, fixed_point Out>
    using l1_norm = norm<norm_kind::l1, In, Out>;
};

}  // namespace dyad::inline v1::nn
