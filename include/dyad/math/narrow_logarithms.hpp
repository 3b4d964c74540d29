// SPDX-License-Identifier: Apache-2.0
// log2 and softplus to about 57 binary digits in 64-bit words: log m = 2 atanh((m - 1) / (m + 1)) with
// sqrt(1/2) < m <= sqrt 2, so |z| < 0.1716 in atanh z = z (1 + z^2/3 + z^4/5 + ...), as in wide_logarithms.hpp.
//
// Errors in units of the last digit of a normalised number:
//   series     12 terms leave 2^-65; cut z^2, coefficients and products: below 2.2
//   log2       z below 2; 2 log2 e atanh z below 6; with an integer k that is not 0 and |log2 m| <= 1/2 the sum is cut
//              to 64 digits: below 4 units more
//   softplus   e = e^-x is off by 25: 2 atanh(e / (2 + e)) below 32; ln 2 - 2 atanh((1 - e) / (3 + e)) below 14 of
//              2^-62; the sum with x adds 2
// narrow_functions_test measures them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/math/float_functions.hpp>
#include <dyad/math/narrow_exponentials.hpp>
#include <dyad/math/narrow_real.hpp>
#include <dyad/math/wide_constants.hpp>

namespace dyad::inline v1 {

/// 2^63 / (2k + 1), cut.
inline constexpr auto odd_reciprocals_q63 = [] {
    std::array<std::uint64_t, 12> c{};
    for (std::size_t k = 0; k < c.size(); ++k) c[k] = (std::uint64_t{1} << 63) / (2 * k + 1);
    return c;
}();

/// 2 atanh(q 2^exponent) = result * 2^(exponent + 2) for q 2^exponent < 0.1716, exponent <= -64.
[[nodiscard]] DYAD_HD constexpr std::uint64_t narrow_twice_atanh(std::uint64_t q, int exponent) noexcept {
    const std::uint64_t z = shift_right(q, -(exponent + 64));
    return multiply_high(q, narrow_series(odd_reciprocals_q63, multiply_high(z, z)));
}

/// log2 x.
[[nodiscard]] DYAD_HD constexpr narrow_result log2_narrow(narrow_real x) noexcept {
    constexpr std::uint64_t one = std::uint64_t{1} << 63;
    constexpr auto sqrt2_q63 = static_cast<std::uint64_t>(sqrt2_q127 >> 64);
    constexpr auto log2_e = static_cast<std::uint64_t>(wide_log2_e.significand >> 64);
    if (x.digits == one) {
        const int k = x.top_exponent();
        return {static_cast<std::uint64_t>(k < 0 ? -k : k), 0, 0, k < 0};
    }
    // 1. x = 2^k m; the numerator |m - 1| normalised, the denominator m + 1 with 62 fraction bits.
    const bool below = x.digits > sqrt2_q63;
    const int k = x.top_exponent() + (below ? 1 : 0);
    const narrow_real numerator = below ? normalized(0 - x.digits, -64) : normalized(x.digits - one, -63);
    const std::uint64_t divisor = below ? one / 2 + (x.digits >> 2) : one / 2 + (x.digits >> 1);
    // 2. log2 m.
    const std::uint64_t q = narrow_quotient(static_cast<uint128_t>(numerator.digits) << 62, divisor);
    const std::uint64_t digits = multiply_high(narrow_twice_atanh(q, numerator.exponent), log2_e);
    const int exponent = numerator.exponent + 3;
    if (k == 0) return {digits, exponent, 8, below};
    // 3. k + log2 m with 64 fraction bits, k below 2^20.
    const auto whole = static_cast<uint128_t>(static_cast<unsigned>(k < 0 ? -k : k)) << 64;
    const uint128_t part = shift_right(static_cast<uint128_t>(digits) << 2, -(exponent + 62));
    const uint128_t sum = (k < 0) == below ? whole + part : whole - part;
    const int down = bit_width(sum) <= 64 ? 0 : bit_width(sum) - 64;
    return {static_cast<std::uint64_t>(sum >> down), down - 64, 12, k < 0};
}

/// log(1 + e^-x).
[[nodiscard]] DYAD_HD constexpr narrow_result log1p_exp_of_minus(narrow_real x) noexcept {
    constexpr std::uint64_t one = std::uint64_t{1} << 63;
    constexpr std::uint64_t sqrt2_less_one_q63 = static_cast<std::uint64_t>(sqrt2_q127 >> 64) - one;
    const narrow_power e = narrow_exp_of_minus(x);
    const std::uint64_t e_q63 = fixed_q63(e);
    if (e_q63 > sqrt2_less_one_q63) {  // log 2 + log((1 + e) / 2)
        constexpr auto ln2_q62 = static_cast<std::uint64_t>(ln2_q128 >> 66);
        const std::uint64_t divisor = 3 * (one >> 2) + (e_q63 >> 2);  // 61 fraction bits
        const std::uint64_t q = narrow_quotient(static_cast<uint128_t>(one - e_q63) << 62, divisor);
        return {ln2_q62 - narrow_twice_atanh(q, -64), -62, 14};
    }
    const std::uint64_t divisor = one + (e_q63 >> 1);  // 2 + e with 62 fraction bits
    const std::uint64_t q = narrow_quotient(static_cast<uint128_t>(e.digits) << 63, divisor);
    return {narrow_twice_atanh(q, e.exponent - 64), e.exponent - 62, 32};
}

/// log(1 + e^x), x or -x if `negative`.
[[nodiscard]] DYAD_HD constexpr narrow_result softplus_narrow(narrow_real x, bool negative) noexcept {
    if (x.top_exponent() > max_narrow_exponent)
        return negative ? narrow_nothing : narrow_result{x.digits, x.exponent, 1};
    narrow_result result = log1p_exp_of_minus(x);
    if (negative) return result;
    // Both with a unit that leaves two bits above the larger; the unit is at least as large as the result's own.
    const int exponent = (x.top_exponent() < -1 ? -1 : x.top_exponent()) - 61;
    result.digits =
        shift_right(result.digits, exponent - result.exponent) + shift_right(x.digits, exponent - x.exponent);
    result.exponent = exponent;
    result.error += 2;
    return result;
}

}  // namespace dyad::inline v1
