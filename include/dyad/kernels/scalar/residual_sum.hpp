// SPDX-License-Identifier: Apache-2.0
// Sums of two rows of codes of different scales, in integers:
//   a = requantize((x - x0) 2^u, m_x),  b = requantize((y - y0) 2^v, m_y)
//   sum:       dst = clamp(a + b)           rescaled:  dst = clamp(requantize(a +- b, m))
//
// Vector kernels use the arithmetic of 32 bits of kernels/scalar/requantize.hpp, which needs r places of m = b 2^-r in
// a range. A residual's m is about 1, so r is about 30: too few. The codes are small instead, so that they have room:
//   one rounding:  (d 2^u) b 2^-r = (d 2^(u+k)) b 2^-(r+k), the same real number; k = 34 - r
//   gemmlowp:      r < 31 is a shift of d by 31 - r places before the product, by definition
// That must leave |d| 2^(u+k) < 2^31. Then |a| <= 2^29 after one rounding, as r + k >= 34 > 33; after gemmlowp's first,
// |a| <= |d| 2^u b 2^-31 + 1/2, which must be below 2^30. So a + b fits 32 bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/core/saturation.hpp>
#include <dyad/kernels/scalar/requantize.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/number/dyadic.hpp>

namespace dyad::inline v1 {

/// requantize((code - zero_point) 2^up, factor); |code - zero_point| <= reach, reach 2^up < 2^31.
struct residual_operand {
    std::int32_t zero_point = 0;
    std::int32_t reach = 0;
    int up = 0;
    multiplier factor{};
};
enum class residual_form : std::uint8_t { sum, rescaled };

struct residual_terms {
    residual_operand x;
    residual_operand y;
    requantization mode = requantization::single_half_up;
    code_range range;
    std::int32_t y_sign = 0;  ///< rescaled: 0 for a + b, -1 for a - b
    multiplier of_sum{};      ///< rescaled
};

/// The same operand with `factor` in the range of a vector kernel; false where it has none.
template <requantization Mode>
[[nodiscard]] constexpr bool fit_residual_operand(residual_operand& x) noexcept {
    constexpr bool twice = Mode == requantization::gemmlowp_double;
    constexpr int places = twice ? 31 : 34;
    if (x.factor.exponent < -62) x.factor = {0, -40};  // |d 2^up m| < 2^31 2^31 2^-63 = 1/2: the results are 0
    const int more = x.factor.exponent > -places ? (x.factor.exponent > 0 ? 63 : places + x.factor.exponent) : 0;
    x.up += more;
    x.factor.exponent -= more;
    if (x.up > 30) return false;
    const std::int64_t largest = std::int64_t{x.reach} << x.up;
    if (largest > word_max<std::int32_t>()) return false;
    return !twice || largest * x.factor.significand + (std::int64_t{1} << 30) < (std::int64_t{1} << 61);
}
/// The same for all of it.
template <requantization Mode, residual_form Form>
[[nodiscard]] constexpr bool fit_residual_terms(residual_terms& t) noexcept {
    using places = requantize_places<Mode>;
    const std::int32_t e = t.of_sum.exponent;
    const bool sum_fits = Form == residual_form::sum || (e <= -places::fewest && e >= -places::most);
    return sum_fits && fit_residual_operand<Mode>(t.x) && fit_residual_operand<Mode>(t.y);
}

namespace scalar {

[[nodiscard]] constexpr std::int32_t residual_part(std::int32_t code, const residual_operand& x,
                                                   requantization mode) noexcept {
    return requantize((code - x.zero_point) * (std::int32_t{1} << x.up), x.factor, mode);
}
template <residual_form Form>
[[nodiscard]] constexpr std::int32_t residual_code_of_parts(std::int64_t a, std::int64_t b,
                                                            const residual_terms& t) noexcept {
    const auto sum = saturating_cast<std::int32_t>(t.y_sign == 0 ? a + b : a - b);
    return t.range(Form == residual_form::sum ? sum : requantize(sum, t.of_sum, t.mode));
}
/// The code of one sum.
template <residual_form Form>
[[nodiscard]] constexpr std::int32_t residual_code(std::int32_t x, std::int32_t y, const residual_terms& t) noexcept {
    return residual_code_of_parts<Form>(residual_part(x, t.x, t.mode), residual_part(y, t.y, t.mode), t);
}

/// What each of the 256 codes of an operand becomes.
template <class Code>
struct residual_table {
    residual_table(const residual_operand& x, requantization mode) noexcept {
        for (std::size_t i = 0; i < 256; ++i) parts[i] = residual_part(static_cast<Code>(i), x, mode);
    }
    [[nodiscard]] std::int32_t operator()(Code code) const noexcept { return parts[static_cast<std::uint8_t>(code)]; }
    std::int32_t parts[256];
};

/// dst[i] for n codes; dst may be x or y. Codes of 8 bits by tables, where there are many.
template <residual_form Form, class X, class Y, class Out>
[[gnu::noinline]] inline void residual_row(const X* x, const Y* y, Out* dst, std::ptrdiff_t n,
                                           const residual_terms& t) noexcept {
    if constexpr (sizeof(X) == 1 && sizeof(Y) == 1) {
        if (n >= 512) {
            const residual_table<X> of_x(t.x, t.mode);
            const residual_table<Y> of_y(t.y, t.mode);
            for (std::ptrdiff_t i = 0; i < n; ++i)
                dst[i] = static_cast<Out>(residual_code_of_parts<Form>(of_x(x[i]), of_y(y[i]), t));
            return;
        }
    }
    for (std::ptrdiff_t i = 0; i < n; ++i) dst[i] = static_cast<Out>(residual_code<Form>(x[i], y[i], t));
}

}  // namespace scalar

}  // namespace dyad::inline v1
