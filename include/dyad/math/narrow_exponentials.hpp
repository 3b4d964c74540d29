// SPDX-License-Identifier: Apache-2.0
// exp, exp2, the logistic function, tanh, and what is x times the logistic function, to about 58 binary digits in
// 64-bit words: 2^(n + f) = 2^n 2^(i / 64) e^(r ln 2) with r < 1/64, a table and a series.
//
// Errors in units of the last digit, u = 2^-63 (one part of a number in [1, 2) with 63 fraction bits):
//   2^f        the series loses 1.1 u in its products, 0.5 u with r ln 2 and 2^-67 by its end, doubled by the table's
//              entry, itself at most 16 u too small (float_functions_test); the last product 1 u: below 21 u, with a
//              cut f below 23 u
//   e^-x       f is cut twice: below 25 u
//   logistic   D = 1 + e^-x is off by 14 of 2^-62; 1 / D by 30 u, e^-x / D by 82 of the last digit
//   tanh       x >= 1/16: (1 - e^-2x) / D, 55 u of 1; below: y (1 - y/2 + y^2/6 - ...) / D with y = 2x, 9 u
//   silu       the logistic function and one product
//   gelu_tanh  the argument v of the logistic function is off by 7 |v| 2^-63: 14 |v| of the last digit in addition
// narrow_functions_test measures them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/math/float_functions.hpp>
#include <dyad/math/narrow_real.hpp>
#include <dyad/math/wide_constants.hpp>

namespace dyad::inline v1 {

/// From 2^(max_narrow_exponent + 1) on, e^-x and 2^-x are next to nothing, below 2^-2^20, and 1 beside them is 1.
inline constexpr int max_narrow_exponent = 20;
inline constexpr narrow_result narrow_nothing{1, -(1 << 20), 1};
inline constexpr narrow_result narrow_about_one{std::uint64_t{1} << 63, -63, 1};

/// 2^63 / k!, cut; from 1 / First! on.
template <std::size_t First, std::size_t Terms>
inline constexpr auto inverse_factorials_q63 = [] {
    std::array<std::uint64_t, Terms> c{};
    std::uint64_t factorial = 1;
    for (std::size_t k = 1; k <= First; ++k) factorial *= k;
    for (std::size_t k = 0; k < Terms; ++k) {
        c[k] = (std::uint64_t{1} << 63) / factorial;
        factorial *= First + k + 1;
    }
    return c;
}();

/// digits * 2^(exponent - 63), digits >= 2^63.
struct narrow_power {
    std::uint64_t digits = 0;
    int exponent = 0;
};

/// 2^t, or 2^-t if `negative`, for t < 2^30 with 64 fraction bits; the digits are less than 21 too small.
[[nodiscard]] DYAD_HD constexpr narrow_power narrow_exp2(uint128_t t, bool negative) noexcept {
    if (negative) t = uint128_t{0} - t;
    const auto f = static_cast<std::uint64_t>(t);
    const std::uint64_t y = multiply_high(f & low_mask<std::uint64_t>(58), ln2_q64);
    const std::uint64_t tail = narrow_series(inverse_factorials_q63<0, 8>, y);
    const uint128_t product = static_cast<uint128_t>(exp2_table_q63[f >> 58]) * tail;
    return {static_cast<std::uint64_t>(product >> 63), static_cast<int>(static_cast<std::int64_t>(t >> 64))};
}

/// x log2 e with 64 fraction bits, cut; x < 2^21.
[[nodiscard]] DYAD_HD constexpr uint128_t times_log2_e(narrow_real x) noexcept {
    constexpr auto high = static_cast<std::uint64_t>(wide_log2_e.significand >> 64);
    constexpr auto low = static_cast<std::uint64_t>(wide_log2_e.significand);
    const uint128_t product = static_cast<uint128_t>(x.digits) * high + multiply_high(x.digits, low);
    return shift_right(product, -(x.exponent + 1));  // 63 fraction bits of log2 e, and the exponent's
}

/// e^-x, less than 25 too small.
[[nodiscard]] DYAD_HD constexpr narrow_power narrow_exp_of_minus(narrow_real x) noexcept {
    return narrow_exp2(times_log2_e(x), true);
}

/// e^-x <= 1 with 63 fraction bits.
[[nodiscard]] DYAD_HD constexpr std::uint64_t fixed_q63(narrow_power e) noexcept {
    return shift_right(e.digits, -e.exponent);
}

/// 1 + e with 62 fraction bits, within 14.
[[nodiscard]] DYAD_HD constexpr std::uint64_t one_plus_q62(narrow_power e) noexcept {
    return (std::uint64_t{1} << 62) + shift_right(e.digits, 1 - e.exponent);
}

/// The functions of x, or of -x if `negative`.
[[nodiscard]] DYAD_HD constexpr narrow_result exp_narrow(narrow_real x, bool negative) noexcept {
    if (x.top_exponent() > max_narrow_exponent) return negative ? narrow_nothing : narrow_unknown;
    const narrow_power e = narrow_exp2(times_log2_e(x), negative);
    return {e.digits, e.exponent - 63, 25};
}

[[nodiscard]] DYAD_HD constexpr narrow_result exp2_narrow(narrow_real x, bool negative) noexcept {
    if (x.top_exponent() > max_narrow_exponent) return negative ? narrow_nothing : narrow_unknown;
    const narrow_power e = narrow_exp2(fixed_q64(x), negative);
    return {e.digits, e.exponent - 63, 23};
}

[[nodiscard]] DYAD_HD constexpr narrow_result sigmoid_narrow(narrow_real x, bool negative) noexcept {
    if (x.top_exponent() > max_narrow_exponent) return negative ? narrow_nothing : narrow_about_one;
    const narrow_power e = narrow_exp_of_minus(x);
    const std::uint64_t divisor = one_plus_q62(e);
    if (!negative) return {narrow_quotient(uint128_t{1} << 125, divisor), -63, 32};
    return {narrow_quotient(static_cast<uint128_t>(e.digits) << 62, divisor), e.exponent - 63, 84};
}

/// tanh of x > 0.
[[nodiscard]] DYAD_HD constexpr narrow_result tanh_narrow(narrow_real x) noexcept {
    if (x.top_exponent() >= max_narrow_exponent) return narrow_about_one;
    const narrow_real twice{x.digits, x.exponent + 1};
    if (twice.top_exponent() >= -3) {
        const narrow_power e = narrow_exp_of_minus(twice);
        const std::uint64_t numerator = (std::uint64_t{1} << 63) - fixed_q63(e);
        return {narrow_quotient(static_cast<uint128_t>(numerator) << 62, one_plus_q62(e)), -63, 56};
    }
    // N = 1 - e^-y = y P, D = 2 - N; y^11 / 12! < 2^-61 is the last term.
    const auto y = static_cast<std::uint64_t>(fixed_q64(twice));
    const std::uint64_t p = narrow_alternating_series(inverse_factorials_q63<1, 12>, y);
    const std::uint64_t numerator = multiply_high(twice.digits, p);  // times 2^(twice.exponent + 1)
    const std::uint64_t divisor = (std::uint64_t{1} << 63) - shift_right(numerator, -(twice.exponent + 1 + 62));
    return {narrow_quotient(static_cast<uint128_t>(numerator) << 63, divisor), twice.exponent, 16};
}

[[nodiscard]] DYAD_HD constexpr narrow_result silu_narrow(narrow_real x, bool negative) noexcept {
    narrow_result result = times(x, sigmoid_narrow(x, negative));
    result.negative = negative;
    return result;
}

/// 1 + x, cut.
[[nodiscard]] DYAD_HD constexpr narrow_real one_plus(narrow_real x) noexcept {
    constexpr std::uint64_t half = std::uint64_t{1} << 62;
    if (x.top_exponent() < 0) return normalized(half + shift_right(x.digits, -(x.exponent + 62)), -62);
    const std::uint64_t one = shift_right(half, x.exponent + 63);
    return normalized((x.digits >> 1) + one, x.exponent + 1);
}

[[nodiscard]] DYAD_HD constexpr narrow_result gelu_tanh_narrow(narrow_real x, bool negative) noexcept {
    constexpr narrow_real cubic{0xB727'136A'400F'BA88, -68};  // round(2^68 0.044715)
    constexpr narrow_real slope{0xCC42'299E'A1B2'8468, -63};  // round(2^63 2 sqrt(2 / pi))
    const narrow_real factor = one_plus(narrow_product(narrow_product(x, x), cubic));
    const narrow_real v = narrow_product(narrow_product(x, slope), factor);
    narrow_result result = times(x, sigmoid_narrow(v, negative));
    // Below 1 where v >= 64: v e^-v times less.
    const int top = v.top_exponent();
    if (negative || top < 6) result.error += std::uint64_t{14} << (top < 0 ? 0 : top > 30 ? 30 : top + 1);
    else result.error += 1;
    result.negative = negative;
    return result;
}

}  // namespace dyad::inline v1
