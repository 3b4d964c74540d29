// SPDX-License-Identifier: Apache-2.0
// L-Mul: multiplication by addition, lmul(x, y) = sign * (1 + xm + ym + 2^-l) * 2^(xe + ye), where x = (1 + xm) 2^xe.
// Source: Luo and Sun, "Addition is all you need for energy-efficient language models", arXiv 2410.00907.
#pragma once

#include <dyad/core/unpacked.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/minifloat.hpp>

namespace dyad::inline v1 {

/// The paper's offset rule l(m) for m stored significand bits: m up to 3, 3 at 4, 4 beyond. At least 1.
[[nodiscard]] DYAD_HD constexpr int lmul_offset(int significand_bits) noexcept {
    if (significand_bits <= 3) return significand_bits < 1 ? 1 : significand_bits;
    return significand_bits == 4 ? 3 : 4;
}

/// P(x) = sign(x) * 2^floor(log2 |x|), exactly; zeros, infinities and NaN stay what they are.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr basic_unpacked<T> power_of_two_part(const basic_unpacked<T>& x) noexcept {
    if (x.kind != number_class::finite) return x;
    return basic_unpacked<T>::finite(x.negative, 1, x.top_exponent());
}

/// y - (1 - 2^-offset) P(y) = sign(y) * (ym + 2^-offset) * 2^ye, exactly.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr basic_unpacked<T> lmul_rest(const basic_unpacked<T>& y, int offset) noexcept {
    if (y.kind != number_class::finite) return y;
    const auto part = power_of_two_part(y);
    auto fraction = part;
    fraction.negative = !part.negative;
    const auto bias = basic_unpacked<T>::finite(y.negative, 1, part.exponent - offset);
    return exact_sum(exact_sum(y, fraction), bias);
}

/// All bits of L-Mul, by the identity lmul(x, y) = x P(y) + P(x) (y - (1 - 2^-l) P(y)), two exact products: so a matrix
/// of L-Mul sums is one ordinary product with K doubled. 0 times a finite number is 0, NaN and infinity as in a
/// product.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr basic_unpacked<T> lmul_exact(const basic_unpacked<T>& x, const basic_unpacked<T>& y,
                                                             int offset) noexcept {
    if (x.kind != number_class::finite || y.kind != number_class::finite) return exact_product(x, y);
    return exact_sum(exact_product(x, power_of_two_part(y)), exact_product(power_of_two_part(x), lmul_rest(y, offset)));
}

/// L-Mul rounded to the operands' type, nearest even, overflow as saturation::none. Subnormals are normalised first.
template <float_format F>
[[nodiscard]] DYAD_HD constexpr minifloat<F> lmul(minifloat<F> x, minifloat<F> y) noexcept {
    const auto product = lmul_exact(x.unpack(), y.unpack(), lmul_offset(F.significand_bits));
    return minifloat<F>::pack(product, rounding::nearest_even, saturation::none);
}

}  // namespace dyad::inline v1
