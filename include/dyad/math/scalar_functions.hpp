// SPDX-License-Identifier: Apache-2.0
// exp, log, tanh, erf ... of every number type, found by argument-dependent lookup: `using std::exp; y = exp(x);` means
// the same for float and for float8_e4m3fn. f(x) = pack(f(unpack(x))): a wide function, then one rounding, in any mode.
//
// The result is rounded correctly unless the real value is nearer to a boundary of rounding than the error of the wide
// function: 2^-109 of the value at most, from 0, 1/2, 1, 2 and x on the right side at any distance. No operand of 16
// bits or fewer, and none of tfloat32, comes nearer than 2^-40 (scalar_functions_test, scalar_functions_slow_test); for
// wider types, such as fixed<64, F>, no operand is known that comes nearer than 2^-109.
// A NaN, and a result that does not exist, is what the type's pack makes of a NaN; log 0 is its -infinity. A wrapping
// type gets the low digits of results below 2^109 units.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <dyad/core/format.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/math/wide_error_functions.hpp>
#include <dyad/math/wide_exponentials.hpp>
#include <dyad/math/wide_logarithms.hpp>
#include <dyad/math/wide_powers.hpp>
#include <dyad/math/wide_trigonometric.hpp>

namespace dyad::inline v1 {

/// A function of an exact operand, to 108 digits or more.
using wide_function = unpacked_wide (*)(const unpacked_wide&) noexcept;

/// Types with functions: their numbers lie between 2^-65536 and 2^65536.
template <class T>
concept evaluable_format = format<T> &&(std::numeric_limits<T>::max().unpack().top_exponent() <= 65536) &&
                           (std::numeric_limits<T>::min().unpack().top_exponent() >= -65536);

/// Types whose functions are looked up.
template <class T>
concept tabulated_format = format<T> && T::width <= 8;

/// A wide result as a T, rounded once.
template <format T, rounding_rule Rule>
[[nodiscard]] DYAD_HD constexpr T packed_result(const unpacked_wide& result, Rule rule, saturation policy) noexcept {
    if constexpr (requires { T::pack(result, rule, policy); }) return T::pack(result, rule, policy);
    else return T::pack(resize<std::uint64_t>(result), rule, policy);
}

/// f(x) rounded once, without a table.
template <wide_function Function, format T, rounding_rule Rule>
[[nodiscard]] DYAD_HD constexpr T rounded_result(T x, Rule rule, saturation policy) noexcept {
    return packed_result<T>(Function(resize<uint128_t>(x.unpack())), rule, policy);
}

/// 256 results, each stored when it is first asked for: its code plus 256; 0 is "not yet". The entries are read and
/// written as relaxed atomics, and whoever comes first or second stores the same: no lock, no guard, no start-up.
/// (The same table as a constant costs 0.2 s of compilation for each exp or tanh of each type, 3 s for erf, whose 256
/// evaluations also pass clang's limit of 2^20 steps; here an entry costs 0.1 to 5 us, once.)
template <wide_function Function, tabulated_format T>
inline constinit std::array<std::uint16_t, 256> known_results{};

template <wide_function Function, tabulated_format T>
[[nodiscard]] T looked_up(T x) noexcept {
    constexpr std::uint16_t known = 256;
    std::uint16_t& entry = known_results<Function, T>[static_cast<std::size_t>(x.bits())];
    std::uint16_t code = __atomic_load_n(&entry, __ATOMIC_RELAXED);
    if (code == 0) {
        const T result = rounded_result<Function>(x, rounding::nearest_even, saturation::none);
        code = static_cast<std::uint16_t>(known | result.bits());
        __atomic_store_n(&entry, code, __ATOMIC_RELAXED);
    }
    return T::from_bits(static_cast<typename T::bits_type>(code & 0xffU));
}

/// f(x) rounded once by `rule`; from the table where there is one.
template <wide_function Function, format T, rounding_rule Rule>
[[nodiscard]] DYAD_HD constexpr T evaluated(T x, Rule rule, saturation policy) noexcept {
    if constexpr (tabulated_format<T> && std::same_as<Rule, rounding>) {
        const bool usual = rule == rounding::nearest_even && policy == saturation::none;
        if (usual && !std::is_constant_evaluated()) return looked_up<Function>(x);
    }
    return rounded_result<Function>(x, rule, policy);
}

/// Does 2 / pi have digits enough for all of T's operands?
template <class T>
concept turning_format = evaluable_format<T> &&
    (std::numeric_limits<T>::max().unpack().top_exponent() <= max_turn_exponent);

/// e^x.
template <evaluable_format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T exp(T x, Rule rule = rounding::nearest_even,
                                      saturation policy = saturation::none) noexcept {
    return evaluated<exp_wide>(x, rule, policy);
}
/// 2^x, exact for integers where it fits.
template <evaluable_format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T exp2(T x, Rule rule = rounding::nearest_even,
                                       saturation policy = saturation::none) noexcept {
    return evaluated<exp2_wide>(x, rule, policy);
}
/// e^x - 1.
template <evaluable_format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T expm1(T x, Rule rule = rounding::nearest_even,
                                        saturation policy = saturation::none) noexcept {
    return evaluated<expm1_wide>(x, rule, policy);
}
/// The natural logarithm; NaN below 0, -infinity at 0.
template <evaluable_format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T log(T x, Rule rule = rounding::nearest_even,
                                      saturation policy = saturation::none) noexcept {
    return evaluated<log_wide>(x, rule, policy);
}
/// The binary logarithm, exact for powers of two; NaN below 0, -infinity at 0.
template <evaluable_format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T log2(T x, Rule rule = rounding::nearest_even,
                                       saturation policy = saturation::none) noexcept {
    return evaluated<log2_wide>(x, rule, policy);
}
/// The decimal logarithm, exact for powers of ten; NaN below 0, -infinity at 0.
template <evaluable_format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T log10(T x, Rule rule = rounding::nearest_even,
                                        saturation policy = saturation::none) noexcept {
    return evaluated<log10_wide>(x, rule, policy);
}
/// log(1 + x); NaN below -1, -infinity at -1.
template <evaluable_format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T log1p(T x, Rule rule = rounding::nearest_even,
                                        saturation policy = saturation::none) noexcept {
    return evaluated<log1p_wide>(x, rule, policy);
}
/// (e^x - e^-x) / 2.
template <evaluable_format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T sinh(T x, Rule rule = rounding::nearest_even,
                                       saturation policy = saturation::none) noexcept {
    return evaluated<sinh_wide>(x, rule, policy);
}
/// (e^x + e^-x) / 2.
template <evaluable_format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T cosh(T x, Rule rule = rounding::nearest_even,
                                       saturation policy = saturation::none) noexcept {
    return evaluated<cosh_wide>(x, rule, policy);
}
/// sinh x / cosh x; 1 at infinity.
template <evaluable_format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T tanh(T x, Rule rule = rounding::nearest_even,
                                       saturation policy = saturation::none) noexcept {
    return evaluated<tanh_wide>(x, rule, policy);
}
/// The sine of x radians; NaN at infinity.
template <turning_format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T sin(T x, Rule rule = rounding::nearest_even,
                                      saturation policy = saturation::none) noexcept {
    return evaluated<sin_wide>(x, rule, policy);
}
/// The cosine of x radians; NaN at infinity.
template <turning_format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T cos(T x, Rule rule = rounding::nearest_even,
                                      saturation policy = saturation::none) noexcept {
    return evaluated<cos_wide>(x, rule, policy);
}
/// 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x.
template <evaluable_format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T erf(T x, Rule rule = rounding::nearest_even,
                                      saturation policy = saturation::none) noexcept {
    return evaluated<erf_wide>(x, rule, policy);
}
/// 1 - erf x, without cancellation.
template <evaluable_format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T erfc(T x, Rule rule = rounding::nearest_even,
                                       saturation policy = saturation::none) noexcept {
    return evaluated<erfc_wide>(x, rule, policy);
}
/// The logistic function 1 / (1 + e^-x).
template <evaluable_format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T sigmoid(T x, Rule rule = rounding::nearest_even,
                                          saturation policy = saturation::none) noexcept {
    return evaluated<sigmoid_wide>(x, rule, policy);
}
/// 1 / sqrt(x); NaN below 0, the infinity of its sign at a zero.
template <evaluable_format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T rsqrt(T x, Rule rule = rounding::nearest_even,
                                        saturation policy = saturation::none) noexcept {
    return evaluated<rsqrt_wide>(x, rule, policy);
}
/// x^y with the special values of IEEE 754: 1 for y = 0 and for x = 1, NaN for x < 0 unless y is an integer. Exact
/// where it is a number of T.
template <evaluable_format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T pow(T x, T y, Rule rule = rounding::nearest_even,
                                      saturation policy = saturation::none) noexcept {
    return packed_result<T>(pow_wide(resize<uint128_t>(x.unpack()), resize<uint128_t>(y.unpack())), rule, policy);
}

}  // namespace dyad::inline v1
