// SPDX-License-Identifier: Apache-2.0
// Sums of two tensors of codes with scales of their own, in integers: the residual connections of quantized networks.
//   dyadic_residual_sum    out = clamp(round((x - x0) m_x) + round((y - y0) m_y) + z)
//   tflite::residual_sum   out = clamp(round((round((x - x0) 2^L m_x) +- round((y - y0) 2^L m_y)) m) + z)
// Sources: Yao et al., "HAWQ-V3: dyadic neural network quantization", ICML 2021; TensorFlow Lite, kernels/add.cc,
// kernels/internal/reference/{add,sub}.h.
//
// Error, with exact factors: dyadic 1/2 for each operand, together 1 code. TensorFlow Lite: L is 20 (15 for 16-bit
// codes), so the operands' roundings are 2^-20 of the coarser input's code and less: together little more than 1/2.
#pragma once

#include <cstdint>
#include <type_traits>

#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/sum_operands.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/kernels/residual_sum.hpp>
#include <dyad/math/integer_functions.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/dyadic.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// Fixed-point codes of at most 16 bits that are nothing in memory but their raw number.
template <class T>
concept residual_code = fixed_point<T> && T::width <= 16 && sizeof(T) == sizeof(typename T::raw_type);

namespace residual_rules {

/// Can real zero be this code?
template <residual_code T>
[[nodiscard]] constexpr bool is_code(std::int32_t zero_point) noexcept {
    return zero_point >= T::min_raw && zero_point <= T::max_raw;
}
/// The largest distance of a raw number from the zero point: of any that its memory can hold.
template <residual_code T>
[[nodiscard]] constexpr std::int32_t reach(std::int32_t zero_point) noexcept {
    const std::int32_t below = zero_point - word_min<typename T::raw_type>();
    const std::int32_t above = word_max<typename T::raw_type>() - zero_point;
    return below > above ? below : above;
}
[[nodiscard]] constexpr bool is_scale(double scale) noexcept {
    const unpacked x = unpack(scale);  // by its bits: no compiler flag takes this away
    return x.kind == number_class::finite && !x.negative;
}

/// The checked rows of a sum. `one` gives dst's element of two.
template <residual_form Form, residual_code X, residual_code Y, residual_code Out, class One>
void run(matrix_view<const X> x, matrix_view<const Y> y, matrix_view<Out> dst, const residual_terms& terms,
         instruction_set isa, const One& one) noexcept {
    using raw_x = typename X::raw_type;
    using raw_y = typename Y::raw_type;
    using raw_out = typename Out::raw_type;
    const auto m = summed_rows<X, Y, Out>::of(x, y, dst);
    if (!m.in_rows) return m.for_each([&](const X* from_x, const Y* from_y, Out* to) { *to = one(*from_x, *from_y); });
    residual_rows<Form>(
        isa,
        residual_matrices<raw_x, raw_y, raw_out>{
            reinterpret_cast<const raw_x*>(m.lhs.data), m.lhs.stride[0], reinterpret_cast<const raw_y*>(m.rhs.data),
            m.rhs.stride[0], reinterpret_cast<raw_out*>(m.dst.data), m.dst.stride[0], m.dst.extent[0], m.dst.extent[1]},
        terms);
}

}  // namespace residual_rules

/// Both operands to the sum's scale, each rounded, then added and clamped to codes from low to high (HAWQ-V3). The
/// fractions of the formats do not matter: the factors say what a code is worth in codes of Out. Trivially copyable;
/// run needs no float.
template <residual_code X, residual_code Y = X, residual_code Out = X>
struct dyadic_residual_sum {
    multiplier x_factor{};
    multiplier y_factor{};
    std::int32_t x_zero_point = 0;
    std::int32_t y_zero_point = 0;
    std::int32_t zero_point = 0;
    std::int32_t low = Out::min_raw;
    std::int32_t high = Out::max_raw;
    requantization mode = requantization::single_half_up;

    /// The factors x_scale / out_scale and y_scale / out_scale, rounded to 31 bits.
    status set(double x_scale, double y_scale, double out_scale) noexcept {
        for (const double scale : {x_scale, y_scale, out_scale}) {
            if (!residual_rules::is_scale(scale)) return status::scale_not_positive;
        }
        x_factor = multiplier::from_ratio(x_scale, out_scale);
        y_factor = multiplier::from_ratio(y_scale, out_scale);
        return status::ok;
    }
    /// Zero points are codes of their formats, low <= high too, and factors are not negative.
    [[nodiscard]] constexpr status check() const noexcept {
        const bool zeros = residual_rules::is_code<X>(x_zero_point) && residual_rules::is_code<Y>(y_zero_point) &&
                           residual_rules::is_code<Out>(zero_point);
        const bool ends = residual_rules::is_code<Out>(low) && residual_rules::is_code<Out>(high) && low <= high;
        if (!zeros || !ends) return status::parameter_out_of_range;
        return x_factor.significand >= 0 && y_factor.significand >= 0 ? status::ok : status::scale_not_positive;
    }
    /// One sum, of a plan that passes check.
    [[nodiscard]] constexpr Out operator()(X x, Y y) const noexcept {
        return Out::saturating_from_raw(scalar::residual_code<residual_form::sum>(x.raw(), y.raw(), terms()));
    }
    /// dst = x + y, element by element. dst is x, or y, or apart from both. Any strides; rows are fastest.
    status run(matrix_view<const X> x, matrix_view<const Y> y, matrix_view<Out> dst,
               row_options options = {}) const noexcept {
        if (const status s = check(); s != status::ok) return s;
        if (const status s = check_sum(x, y, dst); s != status::ok || dst.is_empty()) return s;
        residual_rules::run<residual_form::sum>(x, y, dst, terms(), options.chosen(), *this);
        return status::ok;
    }
    status run(vector_view<const X> x, vector_view<const Y> y, vector_view<Out> dst,
               row_options options = {}) const noexcept {
        return run(as_row(x), as_row(y), as_row(dst), options);
    }

private:
    [[nodiscard]] constexpr residual_terms terms() const noexcept {
        return {{x_zero_point, residual_rules::reach<X>(x_zero_point), 0, x_factor},
                {y_zero_point, residual_rules::reach<Y>(y_zero_point), 0, y_factor},
                mode,
                code_range::from(zero_point, low, high),
                0,
                {}};
    }
};

static_assert(std::is_trivially_copyable_v<dyadic_residual_sum<int8>>);

}  // namespace dyad::inline v1

namespace dyad::inline v1::tflite {

enum class residual_operation : std::uint8_t { add, subtract };

/// ADD and SUB of 8-bit and 16-bit codes, bit for bit. 16-bit codes have zero points 0.
template <residual_code Code>
    requires(Code::width == 8 || (Code::width == 16 && Code::is_signed))
struct residual_sum {
    static constexpr int left_shift = Code::width == 8 ? 20 : 15;
    multiplier x_factor{};
    multiplier y_factor{};
    multiplier factor{};
    std::int32_t x_zero_point = 0;
    std::int32_t y_zero_point = 0;
    std::int32_t zero_point = 0;
    std::int32_t low = Code::min_raw;
    std::int32_t high = Code::max_raw;
    requantization mode = requantization::gemmlowp_double;  ///< single_half_up: TFLITE_SINGLE_ROUNDING
    residual_operation operation = residual_operation::add;

    /// What Prepare makes of the scales: T = 2 max(x_scale, y_scale), the factors x_scale / T, y_scale / T and
    /// T / (2^L out_scale), each rounded to a double first. Scales of a file are floats.
    status set(double x_scale, double y_scale, double out_scale) noexcept {
        for (const double scale : {x_scale, y_scale, out_scale}) {
            if (!residual_rules::is_scale(scale)) return status::scale_not_positive;
        }
        unpacked twice = unpack(x_scale > y_scale ? x_scale : y_scale);
        ++twice.exponent;
        unpacked out = unpack(out_scale);
        out.exponent += left_shift;
        x_factor = rounded_twice(unpack(x_scale), twice);
        y_factor = rounded_twice(unpack(y_scale), twice);
        factor = rounded_twice(twice, out);
        return status::ok;
    }
    /// As in dyadic_residual_sum; no input's factor is above 1/2.
    [[nodiscard]] constexpr status check() const noexcept {
        const bool zeros = residual_rules::is_code<Code>(x_zero_point) && residual_rules::is_code<Code>(y_zero_point) &&
                           residual_rules::is_code<Code>(zero_point);
        const bool none = Code::width == 8 || (x_zero_point == 0 && y_zero_point == 0 && zero_point == 0);
        const bool ends = residual_rules::is_code<Code>(low) && residual_rules::is_code<Code>(high) && low <= high;
        if (!zeros || !none || !ends) return status::parameter_out_of_range;
        const auto is_input_factor = [](multiplier m) { return m.significand >= 0 && m.exponent <= -31; };
        if (!is_input_factor(x_factor) || !is_input_factor(y_factor) || factor.significand < 0)
            return status::parameters_not_usable;
        return status::ok;
    }
    /// One sum, of parameters that pass check.
    [[nodiscard]] constexpr Code operator()(Code x, Code y) const noexcept {
        return Code::saturating_from_raw(scalar::residual_code<residual_form::rescaled>(x.raw(), y.raw(), terms()));
    }
    /// dst = x +- y, element by element. dst is x, or y, or apart from both. Any strides; rows are fastest.
    status run(matrix_view<const Code> x, matrix_view<const Code> y, matrix_view<Code> dst,
               row_options options = {}) const noexcept {
        if (const status s = check(); s != status::ok) return s;
        if (const status s = check_sum(x, y, dst); s != status::ok || dst.is_empty()) return s;
        residual_rules::run<residual_form::rescaled>(x, y, dst, terms(), options.chosen(), *this);
        return status::ok;
    }
    status run(vector_view<const Code> x, vector_view<const Code> y, vector_view<Code> dst,
               row_options options = {}) const noexcept {
        return run(as_row(x), as_row(y), as_row(dst), options);
    }

private:
    [[nodiscard]] static constexpr multiplier rounded_twice(const unpacked& x, const unpacked& y) noexcept {
        const auto q = quotient(resize<uint128_t>(x), resize<uint128_t>(y));
        const multiplier m = multiplier::from_scale(pack_as<double>(q, rounding::nearest_even, saturation::none));
        return m.exponent < -62 ? multiplier{0, -31} : m;  // QuantizeMultiplier
    }
    [[nodiscard]] constexpr residual_terms terms() const noexcept {
        return {{x_zero_point, residual_rules::reach<Code>(x_zero_point), left_shift, x_factor},
                {y_zero_point, residual_rules::reach<Code>(y_zero_point), left_shift, y_factor},
                mode,
                code_range::from(zero_point, low, high),
                operation == residual_operation::add ? 0 : -1,
                factor};
    }
};

static_assert(std::is_trivially_copyable_v<residual_sum<int8>>);

}  // namespace dyad::inline v1::tflite
