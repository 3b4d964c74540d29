// SPDX-License-Identifier: Apache-2.0
// Functions of one fixed-point number in integers only: the code of f(x * in) * out, rounded correctly.
//
//   dyad::function_scales s = dyad::function_scales::from(0.05, 1.0 / 128);
//   dyad::integer<8> y = dyad::gelu<dyad::integer<8>>(x, s);
//
// The fast way is 64 digits with a bound of their error (narrow_functions.hpp); where a boundary of rounding lies
// within it, for one operand in 2^40 or so with results of 16 bits, and at ties, the plain way decides. Every result is
// the exact real value rounded once to nearest even, then brought into Out's range (whatever Out's own overflow says):
// the largest error is 1/2 ulp. The real value is compared with the boundaries of rounding exactly for reciprocal,
// sqrt, rsqrt and all rational results, and to a relative 2^-104 for the others, whose values are irrational; no
// operand is known that comes nearer. An infinite value is the end of the range on its side, and a factor `out` of 0
// makes every result 0.
#pragma once

#include <cstdint>

#include <dyad/core/assert.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/math/function_scales.hpp>
#include <dyad/math/narrow_functions.hpp>
#include <dyad/math/narrow_real.hpp>
#include <dyad/math/scalar_function.hpp>
#include <dyad/math/scaled_functions.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/fixed.hpp>

namespace dyad::inline v1 {

template <class T>
inline constexpr bool is_short_fixed = false;
template <int Width, int Fraction, signedness Sign, overflow Overflow>
inline constexpr bool is_short_fixed<fixed<Width, Fraction, Sign, Overflow>> = Width <= 32;

/// Any fixed of at most 32 bits.
template <class T>
concept fixed_point = is_short_fixed<T>;

/// The nearest T, ties to even; beyond the range its end.
template <fixed_point T>
[[nodiscard]] DYAD_HD constexpr T saturated(const unpacked_wide& x) noexcept {
    using saturating = fixed<T::width, T::fraction, T::is_signed ? signedness::is_signed : signedness::is_unsigned>;
    return T::from_raw(saturating::pack(x, rounding::nearest_even, saturation::none).raw());
}

[[nodiscard]] DYAD_HD constexpr unpacked_wide wide_number(multiplier m) noexcept {
    return unpacked_wide::finite(m.significand < 0, magnitude(m.significand), held_exponent(m));
}

/// The plain way: f to 104 digits and more, the exact product with `out`, one rounding.
template <fixed_point Out, fixed_point In>
[[nodiscard]] DYAD_HD constexpr Out evaluate_plainly(scalar_function f, In x, const function_scales& s) noexcept {
    const unpacked_wide out = wide_number(s.out);
    if (out.kind == number_class::zero) return Out::from_raw(0);
    const unpacked_wide real = exact_product(resize<uint128_t>(x.unpack()), wide_number(s.in));
    return saturated<Out>(scaled_function(f, real, out));
}

template <fixed_point T>
[[nodiscard]] DYAD_HD constexpr std::uint32_t raw_magnitude(T x) noexcept {
    if constexpr (T::is_signed) return magnitude(x.raw());
    else return x.raw();
}

/// Any of the functions below; exp_nonpositive of x > 0 is that of 0.
template <fixed_point Out, fixed_point In>
[[nodiscard]] DYAD_HD constexpr Out evaluate(scalar_function f, In x, const function_scales& s) noexcept {
    const std::uint64_t digits = std::uint64_t{raw_magnitude(x)} * magnitude(s.in.significand);
    if (digits == 0) return evaluate_plainly<Out>(f, x, s);
    const bool negative = (x < In::from_raw(0)) != (s.in.significand < 0);
    const narrow_result y = narrow_function(f, normalized(digits, held_exponent(s.in) - In::fraction), negative);
    const narrow_rounding code = round_narrow(y, magnitude(s.out.significand), held_exponent(s.out) + Out::fraction);
    if (!code.known) return evaluate_plainly<Out>(f, x, s);
    const auto size = static_cast<std::int64_t>(code.magnitude);
    return Out::saturating_from_raw(y.negative != (s.out.significand < 0) ? -size : size);
}

/// e^x for x <= 0.
template <fixed_point Out, fixed_point In>
[[nodiscard]] DYAD_HD constexpr Out exp_nonpositive(In x, const function_scales& s) noexcept {
    DYAD_ASSERT(x.raw() == 0 || s.in.significand == 0 || (x.raw() < 0) != (s.in.significand < 0));
    return evaluate<Out>(scalar_function::exp_nonpositive, x, s);
}
/// 2^x, exact for integers.
template <fixed_point Out, fixed_point In>
[[nodiscard]] DYAD_HD constexpr Out exp2(In x, const function_scales& s) noexcept {
    return evaluate<Out>(scalar_function::exp2, x, s);
}
/// The binary logarithm, exact for powers of two; the lowest code for x <= 0.
template <fixed_point Out, fixed_point In>
[[nodiscard]] DYAD_HD constexpr Out log2(In x, const function_scales& s) noexcept {
    return evaluate<Out>(scalar_function::log2, x, s);
}
/// 1 / x; the largest code for x = 0.
template <fixed_point Out, fixed_point In>
[[nodiscard]] DYAD_HD constexpr Out reciprocal(In x, const function_scales& s) noexcept {
    return evaluate<Out>(scalar_function::reciprocal, x, s);
}
/// The square root; 0 for x < 0.
template <fixed_point Out, fixed_point In>
[[nodiscard]] DYAD_HD constexpr Out sqrt(In x, const function_scales& s) noexcept {
    return evaluate<Out>(scalar_function::sqrt, x, s);
}
/// 1 / sqrt(x); the largest code for x <= 0.
template <fixed_point Out, fixed_point In>
[[nodiscard]] DYAD_HD constexpr Out rsqrt(In x, const function_scales& s) noexcept {
    return evaluate<Out>(scalar_function::rsqrt, x, s);
}
/// 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x.
template <fixed_point Out, fixed_point In>
[[nodiscard]] DYAD_HD constexpr Out erf(In x, const function_scales& s) noexcept {
    return evaluate<Out>(scalar_function::erf, x, s);
}
/// x Phi(x) = x erfc(-x / sqrt 2) / 2.
template <fixed_point Out, fixed_point In>
[[nodiscard]] DYAD_HD constexpr Out gelu(In x, const function_scales& s) noexcept {
    return evaluate<Out>(scalar_function::gelu, x, s);
}
/// x / (1 + e^(-2u)) with u = sqrt(2 / pi) (x + 0.044715 x^3), which is within 4.8e-4 of gelu.
template <fixed_point Out, fixed_point In>
[[nodiscard]] DYAD_HD constexpr Out gelu_tanh(In x, const function_scales& s) noexcept {
    return evaluate<Out>(scalar_function::gelu_tanh, x, s);
}
/// The logistic function 1 / (1 + e^-x).
template <fixed_point Out, fixed_point In>
[[nodiscard]] DYAD_HD constexpr Out sigmoid(In x, const function_scales& s) noexcept {
    return evaluate<Out>(scalar_function::sigmoid, x, s);
}
/// The hyperbolic tangent.
template <fixed_point Out, fixed_point In>
[[nodiscard]] DYAD_HD constexpr Out tanh(In x, const function_scales& s) noexcept {
    return evaluate<Out>(scalar_function::tanh, x, s);
}
/// x / (1 + e^-x).
template <fixed_point Out, fixed_point In>
[[nodiscard]] DYAD_HD constexpr Out silu(In x, const function_scales& s) noexcept {
    return evaluate<Out>(scalar_function::silu, x, s);
}
/// log(1 + e^x).
template <fixed_point Out, fixed_point In>
[[nodiscard]] DYAD_HD constexpr Out softplus(In x, const function_scales& s) noexcept {
    return evaluate<Out>(scalar_function::softplus, x, s);
}

}  // namespace dyad::inline v1
