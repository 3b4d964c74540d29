// SPDX-License-Identifier: Apache-2.0
// L-Mul as one integer addition, and Mitchell's multiplication: with x = (1 + xm) 2^xe, t = xm + ym + c, k = floor(t),
// lmul_adder(x, y) = sign * (1 + t - k) * 2^(xe + ye + k), mitchell(x, y) the same with c = 0.
// The fields of a code are the digits of bias + xe + xm, so this is code(x) + code(y) - code(1) + c 2^m on codes
// without their signs, the carry of the significand running into the exponent. The paper's equation (lmul.hpp) has no
// carry: the two agree where 0 <= t <= 1; beyond, the equation stays (t - 1) 2^(xe + ye) below. Sources: Luo and Sun,
// arXiv 2410.00907; Mitchell, "Computer multiplication and division using binary logarithms", IRE Transactions on
// Electronic Computers, 1962, whose product for xm + ym >= 1 is (xm + ym) 2^(xe + ye + 1).
#pragma once

#include <dyad/number/lmul.hpp>

namespace dyad::inline v1 {

/// All bits of the adder's result: m digits behind the point if c has no more. Zeros, infinities and NaN as in
/// lmul_exact; subnormals are normalised. Needs significands of at most word_width - 2 bits.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr basic_unpacked<T> lmul_adder_exact(const basic_unpacked<T>& x,
                                                                   const basic_unpacked<T>& y,
                                                                   lmul_constant c) noexcept {
    if (x.kind != number_class::finite || y.kind != number_class::finite) return exact_product(x, y);
    const auto fractions = add_fractions(x, y, c);
    const auto carry = static_cast<int>(fractions.sum >> fractions.digits);
    const T one = static_cast<T>(T{1} << fractions.digits);
    const T fraction = static_cast<T>(static_cast<T>(fractions.sum) & static_cast<T>(one - 1));
    return basic_unpacked<T>::finite(x.negative != y.negative, static_cast<T>(one | fraction),
                                     x.top_exponent() + y.top_exponent() + carry - fractions.digits);
}

/// The constant without the digits below 2^-m, for which an adder of m-bit fields has no place.
[[nodiscard]] DYAD_HD constexpr lmul_constant cut_constant(lmul_constant c, int significand_bits) noexcept {
    if (c.digits <= significand_bits) return c;
    return {c.units >> (c.digits - significand_bits), significand_bits};
}

/// The published implementation of L-Mul: the codes added as integers, minus the bias, plus c in units of the last
/// place (its digits below are cut off, toward negative). In the normal range nothing rounds. What the published code
/// leaves open: a zero gives a zero, infinities and NaN go as in a product, subnormal operands are normalised, a result
/// below the normal range is rounded once by `rule`, one above the largest finite value goes as `policy` says.
template <float_number T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T lmul_adder(T x, T y, lmul_constant c, Rule rule = rounding::nearest_even,
                                             saturation policy = saturation::none) noexcept {
    return pack_as<T>(lmul_adder_exact(unpack(x), unpack(y), cut_constant(c, stored_significand_bits<T>)), rule,
                      policy);
}

/// The same with the paper's constant 2^-l(m), 2^(m - l(m)) units.
template <float_number T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T lmul_adder(T x, T y, Rule rule = rounding::nearest_even,
                                             saturation policy = saturation::none) noexcept {
    return lmul_adder(x, y, lmul_constant::rule(stored_significand_bits<T>), rule, policy);
}

/// Mitchell's product, the adder without a constant: in the normal range never above the exact one and at most 1/9 of
/// it below (tests/number/lmul_adder_test.cpp).
template <float_number T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T mitchell(T x, T y, Rule rule = rounding::nearest_even,
                                           saturation policy = saturation::none) noexcept {
    return lmul_adder(x, y, lmul_constant{}, rule, policy);
}

}  // namespace dyad::inline v1
