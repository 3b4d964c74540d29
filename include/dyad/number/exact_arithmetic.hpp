// SPDX-License-Identifier: Apache-2.0
// Sums and products into the type that holds them exactly: add_exact and multiply_exact, of two minifloats or of two
// fixed-point numbers, whose formats may differ.
#pragma once

#include <dyad/core/bits.hpp>
#include <dyad/core/format.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/float_format.hpp>
#include <dyad/number/minifloat.hpp>

namespace dyad::inline v1 {

/// The narrowest IEEE-like format with multiples of 2^lowest of `precision` digits, up to exponent `top`; with infinity
/// and NaN where the operands have either.
[[nodiscard]] DYAD_HD constexpr float_format enclosing_format(const float_format& a, const float_format& b, int lowest,
                                                              int precision, int top) {
    const auto has_specials = [](const float_format& f) {
        return f.infinity != infinity_codes::none || f.nan != nan_codes::none;
    };
    const bool specials = has_specials(a) || has_specials(b);
    const bool is_signed = a.is_signed || b.is_signed;
    const int min_exponent = lowest + precision - 1;
    const int fields = top - min_exponent + 1 + (specials ? 1 : 0);  // 1 .. top, and the one above
    return {.exponent_bits = bit_width(static_cast<unsigned>(fields)),
            .significand_bits = precision - 1,
            .bias = 1 - min_exponent,
            .is_signed = is_signed,
            .infinity = specials ? infinity_codes::ieee : infinity_codes::none,
            .nan = specials ? nan_codes::ieee : nan_codes::none,
            .has_negative_zero = is_signed};
}

/// Every product of the two formats: the digits of both, the exponents of both added.
[[nodiscard]] DYAD_HD constexpr float_format product_format(const float_format& a, const float_format& b) {
    const int lowest = a.min_exponent() - a.significand_bits + b.min_exponent() - b.significand_bits;
    return enclosing_format(a, b, lowest, a.precision() + b.precision(), a.max_exponent() + b.max_exponent() + 1);
}
/// Every sum of the two formats: all digits from the smallest unit to twice the largest value.
[[nodiscard]] DYAD_HD constexpr float_format sum_format(const float_format& a, const float_format& b) {
    const int lowest_a = a.min_exponent() - a.significand_bits;
    const int lowest_b = b.min_exponent() - b.significand_bits;
    const int lowest = lowest_a < lowest_b ? lowest_a : lowest_b;
    const int top = (a.max_exponent() > b.max_exponent() ? a.max_exponent() : b.max_exponent()) + 1;
    return enclosing_format(a, b, lowest, top - lowest + 1, top);
}

/// x * y, all of it.
template <float_format A, float_format B>
[[nodiscard]] DYAD_HD constexpr auto multiply_exact(minifloat<A> x, minifloat<B> y) noexcept {
    constexpr float_format f = product_format(A, B);
    static_assert(is_consistent(f), "dyad::multiply_exact has no type of at most 64 bits for the product.");
    return minifloat<f>::pack(exact_product(resize<uint128_t>(x.unpack()), resize<uint128_t>(y.unpack())),
                              rounding::nearest_even, saturation::none);
}

/// x + y, all of it: for formats whose exponents span few enough bits, up to float16 and the 8-bit ones but E8M0.
template <float_format A, float_format B>
[[nodiscard]] DYAD_HD constexpr auto add_exact(minifloat<A> x, minifloat<B> y) noexcept {
    constexpr float_format f = sum_format(A, B);
    static_assert(is_consistent(f),
                  "dyad::add_exact has no type of at most 64 bits for the sum: use dyad::exact_accumulator.");
    return minifloat<f>::pack(exact_sum(resize<uint128_t>(x.unpack()), resize<uint128_t>(y.unpack())),
                              rounding::nearest_even, saturation::none);
}

/// The same for fixed-point numbers: Width A + Width B digits for a product.
template <int WidthA, int FractionA, signedness SignA, overflow OverflowA, int WidthB, int FractionB, signedness SignB,
          overflow OverflowB>
[[nodiscard]] DYAD_HD constexpr auto multiply_exact(fixed<WidthA, FractionA, SignA, OverflowA> x,
                                                    fixed<WidthB, FractionB, SignB, OverflowB> y) noexcept {
    static_assert(WidthA + WidthB <= 64, "dyad::multiply_exact has no fixed-point type beyond 64 bits.");
    constexpr bool is_signed = SignA == signedness::is_signed || SignB == signedness::is_signed;
    using result =
        fixed<WidthA + WidthB, FractionA + FractionB, is_signed ? signedness::is_signed : signedness::is_unsigned>;
    return result::pack(exact_product(resize<uint128_t>(x.unpack()), resize<uint128_t>(y.unpack())),
                        rounding::nearest_even, saturation::none);
}

/// One integer bit more than the wider of the two, the finer fraction.
template <int WidthA, int FractionA, signedness SignA, overflow OverflowA, int WidthB, int FractionB, signedness SignB,
          overflow OverflowB>
[[nodiscard]] DYAD_HD constexpr auto add_exact(fixed<WidthA, FractionA, SignA, OverflowA> x,
                                               fixed<WidthB, FractionB, SignB, OverflowB> y) noexcept {
    constexpr bool is_signed = SignA == signedness::is_signed || SignB == signedness::is_signed;
    constexpr int fraction = FractionA > FractionB ? FractionA : FractionB;
    constexpr int integer_a = WidthA - FractionA - (SignA == signedness::is_signed ? 1 : 0);
    constexpr int integer_b = WidthB - FractionB - (SignB == signedness::is_signed ? 1 : 0);
    constexpr int width = (integer_a > integer_b ? integer_a : integer_b) + 1 + fraction + (is_signed ? 1 : 0);
    static_assert(width <= 64, "dyad::add_exact has no fixed-point type beyond 64 bits.");
    using result = fixed<width, fraction, is_signed ? signedness::is_signed : signedness::is_unsigned>;
    return result::pack(exact_sum(resize<uint128_t>(x.unpack()), resize<uint128_t>(y.unpack())), rounding::nearest_even,
                        saturation::none);
}

}  // namespace dyad::inline v1
