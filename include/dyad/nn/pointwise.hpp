// SPDX-License-Identifier: Apache-2.0
// Functions of one number that an activation layer may apply: those of math/scalar_function.hpp, and some of straight
// pieces. Exactly, for codes; and for floats.
//
//   relu max(x, 0)    relu6 min(max(x, 0), 6)    leaky_relu x, or slope x below 0
//   hard_sigmoid relu6(x + 3) / 6    hard_swish x hard_sigmoid(x)     (Howard et al., arXiv 1905.02244)
#pragma once

#include <bit>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/math/float_functions.hpp>
#include <dyad/math/function_scales.hpp>
#include <dyad/math/integer_functions.hpp>
#include <dyad/math/scalar_function.hpp>
#include <dyad/math/scaled_functions.hpp>
#include <dyad/math/wide_real.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1::nn {

enum class straight_function : std::uint8_t { identity, relu, relu6, leaky_relu, hard_sigmoid, hard_swish };

/// A function as a template argument: nn::activation<R, In, Out, scalar_function::silu>, leaky_relu(100'000) ...
struct pointwise {
    enum class shape : std::uint8_t { smooth, straight };
    shape kind = shape::straight;
    scalar_function smooth = {};
    straight_function straight = straight_function::identity;
    std::int32_t slope_millionths = 0;  ///< of leaky_relu

    constexpr pointwise(scalar_function f) noexcept : kind(shape::smooth), smooth(f) {}  // NOLINT: on purpose
    constexpr pointwise(straight_function f) noexcept : straight(f) {                    // NOLINT: on purpose
        if (f == straight_function::leaky_relu) slope_millionths = 10'000;
    }
    [[nodiscard]] friend constexpr bool operator==(const pointwise&, const pointwise&) = default;
};
/// Slope in millionths: 10'000 is 0.01.
[[nodiscard]] constexpr pointwise leaky_relu(std::int32_t slope_millionths) noexcept {
    pointwise f = straight_function::leaky_relu;
    f.slope_millionths = slope_millionths;
    return f;
}
[[nodiscard]] constexpr const char* to_string(const pointwise& f) noexcept {
    if (f.kind == pointwise::shape::smooth) return dyad::to_string(f.smooth);
    switch (f.straight) {
        case straight_function::identity: return "identity";
        case straight_function::relu: return "relu";
        case straight_function::relu6: return "relu6";
        case straight_function::leaky_relu: return "leaky_relu";
        case straight_function::hard_sigmoid: return "hard_sigmoid";
        case straight_function::hard_swish: return "hard_swish";
    }
    return "unknown";
}

/// A whole number.
[[nodiscard]] constexpr unpacked_wide wide_integer(std::int64_t x) noexcept {
    return unpacked_wide::finite(x < 0, magnitude(x), 0);
}
/// min(max(x, 0), 6).
[[nodiscard]] constexpr unpacked_wide held_to_six(const unpacked_wide& x) noexcept {
    if (x.kind != number_class::finite || x.negative) return unpacked_wide::zero(false);
    return compare_magnitudes(x, wide_integer(6)) > 0 ? wide_integer(6) : x;
}

/// f(x) * b for an x that is finite or zero and a finite b: to odd, exactly for straight pieces of at most 64 digits (a
/// sum x + 3 is to odd where x is tiny).
[[nodiscard]] constexpr unpacked_wide scaled_pointwise(const pointwise& f, const unpacked_wide& x,
                                                       const unpacked_wide& b) noexcept {
    if (f.kind == pointwise::shape::smooth) return scaled_function(f.smooth, x, b);
    const bool below = x.negative;
    const auto shifted = [&] { return held_to_six(exact_sum(x, wide_integer(3))); };
    switch (f.straight) {
        case straight_function::identity: return wide_product(x, b);
        case straight_function::relu: return below ? unpacked_wide::zero(false) : wide_product(x, b);
        case straight_function::relu6: return wide_product(held_to_six(x), b);
        case straight_function::leaky_relu:
            if (!below) return wide_product(x, b);
            return quotient(exact_product(exact_product(x, wide_integer(f.slope_millionths)), b),
                            wide_integer(1'000'000));
        case straight_function::hard_sigmoid: return quotient(wide_product(shifted(), b), wide_integer(6));
        case straight_function::hard_swish:
            return quotient(wide_product(wide_product(x, shifted()), b), wide_integer(6));
    }
    return unpacked_wide::zero(false);
}

/// The code of f((x - in_zero) * s.in) * s.out + out_zero: one rounding to nearest even before the zero point is added,
/// then saturated. For |zero points| < 2^16.
template <fixed_point Out, fixed_point In>
[[nodiscard]] constexpr Out evaluate_pointwise(const pointwise& f, In x, std::int32_t in_zero, std::int32_t out_zero,
                                               const function_scales& s) noexcept {
    using wide_in = fixed<32, In::fraction>;
    using wide_out = fixed<32, Out::fraction>;
    const auto above_zero = wide_in::from_raw(static_cast<std::int32_t>(std::int64_t{x.raw()} - in_zero));
    if (f.kind == pointwise::shape::smooth) {
        const wide_out y = evaluate<wide_out>(f.smooth, above_zero, s);
        return Out::saturating_from_raw(std::int64_t{y.raw()} + out_zero);
    }
    const unpacked_wide real = exact_product(resize<uint128_t>(above_zero.unpack()), wide_number(s.in));
    const wide_out y = saturated<wide_out>(scaled_pointwise(f, real, wide_number(s.out)));
    return Out::saturating_from_raw(std::int64_t{y.raw()} + out_zero);
}

/// f(+-infinity).
[[nodiscard]] constexpr float pointwise_limit(const pointwise& f, bool below) noexcept {
    constexpr auto infinite = std::bit_cast<float>(0x7f80'0000U);
    const float linear = below ? 0.0f : infinite;
    if (f.kind == pointwise::shape::straight) {
        switch (f.straight) {
            case straight_function::identity: return below ? -infinite : infinite;
            case straight_function::relu6: return below ? 0.0f : 6.0f;
            case straight_function::hard_sigmoid: return below ? 0.0f : 1.0f;
            case straight_function::leaky_relu:
                return !below || f.slope_millionths < 0 ? infinite : f.slope_millionths == 0 ? 0.0f : -infinite;
            default: return linear;
        }
    }
    switch (f.smooth) {
        case scalar_function::exp_nonpositive:
        case scalar_function::sigmoid: return below ? 0.0f : 1.0f;
        case scalar_function::erf:
        case scalar_function::tanh: return below ? -1.0f : 1.0f;
        case scalar_function::log2: return below ? -infinite : infinite;
        case scalar_function::reciprocal: return below ? -0.0f : 0.0f;
        case scalar_function::rsqrt: return below ? infinite : 0.0f;
        case scalar_function::gelu:
        case scalar_function::gelu_tanh:
        case scalar_function::silu: return below ? -0.0f : infinite;
        default: return linear;
    }
}

/// f of a float, rounded correctly (to 104 digits; scalar_function's poles as infinities); a NaN stays. By integers:
/// the same bits with every flag and environment.
[[nodiscard]] constexpr float pointwise_float(const pointwise& f, float x) noexcept {
    const auto u = unpack(x);
    if (u.kind == number_class::nan) return x;
    if (u.kind == number_class::infinity) return pointwise_limit(f, u.negative);
    const auto y = scaled_pointwise(f, resize<uint128_t>(u), wide_one);
    return pack_as<float>(resize<std::uint64_t>(y), rounding::nearest_even, saturation::none);
}

}  // namespace dyad::inline v1::nn
