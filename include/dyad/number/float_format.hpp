// SPDX-License-Identifier: Apache-2.0
// A floating-point format as a value, and the one pair of routines that decodes and encodes every such format:
// value = (-1)^s * (1 + t 2^-M) * 2^(e - bias), or t 2^(1 - bias - M) where e = 0.
// Sources: IEEE 754-2019 section 3.4; OCP OFP8 v1.0; P3109 working group interim report v4.0.
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/core/unpacked.hpp>

namespace dyad::inline v1 {

enum class infinity_codes : std::uint8_t {
    none,  ///< every code that is not NaN is finite
    ieee,  ///< all-ones exponent, zero significand
    top    ///< the largest code below a NaN at the top (P3109)
};
enum class nan_codes : std::uint8_t {
    none,
    ieee,          ///< all-ones exponent, nonzero significand
    top,           ///< all ones ("fn" formats)
    negative_zero  ///< the code of minus zero ("fnuz" formats, P3109)
};
enum class subnormal_codes : std::uint8_t { yes, flushed };
/// What saturation::none gives beyond the largest finite value in a format without infinity.
enum class overflow_codes : std::uint8_t {
    nan,     ///< NaN where there is one (OCP, ml_dtypes), else the largest finite value
    largest  ///< the largest finite value, for infinities too (P3109 v4.0's finite domain)
};

/// Layout and special values of a format with at most 64 bits. Codes of one sign are ordered like their values.
struct float_format {
    int exponent_bits = 0;
    int significand_bits = 0;  ///< stored, without the implicit one
    int bias = 0;
    bool is_signed = true;
    infinity_codes infinity = infinity_codes::ieee;
    nan_codes nan = nan_codes::ieee;
    bool has_zero = true;           ///< false: code 0 is the smallest power of two (E8M0)
    bool has_negative_zero = true;  ///< false: zero has one code
    subnormal_codes subnormals = subnormal_codes::yes;
    overflow_codes overflow = overflow_codes::nan;

    [[nodiscard]] DYAD_HD constexpr int width() const { return exponent_bits + significand_bits + (is_signed ? 1 : 0); }
    [[nodiscard]] DYAD_HD constexpr int precision() const { return significand_bits + 1; }
    /// Exponent of the smallest normal number.
    [[nodiscard]] DYAD_HD constexpr int min_exponent() const { return has_zero ? 1 - bias : -bias; }

    // Codes without their sign, as 64-bit words.
    [[nodiscard]] DYAD_HD constexpr std::uint64_t top_code() const {
        return low_mask<std::uint64_t>(exponent_bits + significand_bits);
    }
    [[nodiscard]] DYAD_HD constexpr std::uint64_t sign_bit() const {
        return is_signed ? std::uint64_t{1} << (width() - 1) : 0;
    }
    [[nodiscard]] DYAD_HD constexpr std::uint64_t all_ones_exponent() const {
        return top_code() - low_mask<std::uint64_t>(significand_bits);
    }
    [[nodiscard]] DYAD_HD constexpr std::uint64_t infinity_code() const {
        return infinity == infinity_codes::ieee ? all_ones_exponent() : top_code() - (nan == nan_codes::top ? 1 : 0);
    }
    [[nodiscard]] DYAD_HD constexpr std::uint64_t max_finite_code() const {
        if (infinity == infinity_codes::ieee || nan == nan_codes::ieee) return all_ones_exponent() - 1;
        return top_code() - (nan == nan_codes::top ? 1 : 0) - (infinity == infinity_codes::top ? 1 : 0);
    }
    [[nodiscard]] DYAD_HD constexpr int max_exponent() const {
        return static_cast<int>(max_finite_code() >> significand_bits) - bias;
    }
    /// Member by member.
    [[nodiscard]] friend constexpr bool operator==(const float_format&, const float_format&) = default;
};

/// What makes the members of a format fit each other; the sentences are in minifloat.hpp.
[[nodiscard]] constexpr bool is_consistent(const float_format& f) {
    const bool ranges = f.exponent_bits >= 1 && f.exponent_bits <= 16 && f.significand_bits >= 0 &&
                        f.significand_bits <= 60 && f.width() <= 64 && f.width() >= 2;
    const bool nan_needs_sign = f.nan != nan_codes::negative_zero || (f.is_signed && !f.has_negative_zero);
    const bool zero_sign = !f.has_negative_zero || (f.has_zero && f.is_signed);
    if (!ranges || !nan_needs_sign || !zero_sign) return false;
    // Every code has one meaning: an all-ones exponent is infinity and NaN, or infinity alone without significand bits.
    const bool ieee_infinity = f.infinity == infinity_codes::ieee;
    const bool ieee_nan = f.nan == nan_codes::ieee;
    const bool alone = f.significand_bits == 0 && !ieee_nan && f.nan != nan_codes::top;
    if (ieee_infinity || ieee_nan) {
        return ieee_infinity && (alone || (ieee_nan && f.significand_bits >= 1)) && f.exponent_bits >= 2;
    }
    const int special = (f.infinity == infinity_codes::top ? 1 : 0) + (f.nan == nan_codes::top ? 1 : 0);
    return f.top_code() > static_cast<std::uint64_t>(special);  // at least two finite codes
}

inline constexpr float_format binary32_format{.exponent_bits = 8, .significand_bits = 23, .bias = 127};
inline constexpr float_format binary64_format{.exponent_bits = 11, .significand_bits = 52, .bias = 1023};

/// The word that holds a code of the format.
template <float_format F>
using float_bits = least_uint<F.width()>;

template <float_format F>
[[nodiscard]] DYAD_HD constexpr bool is_nan_code(float_bits<F> code) noexcept {
    if constexpr (F.nan == nan_codes::none) return false;
    if constexpr (F.nan == nan_codes::negative_zero) return code == F.sign_bit();
    const std::uint64_t magnitude = code & F.top_code();
    return magnitude > F.max_finite_code() && (F.infinity == infinity_codes::none || magnitude != F.infinity_code());
}

template <float_format F>
[[nodiscard]] DYAD_HD constexpr bool is_finite_code(float_bits<F> code) noexcept {
    return (code & F.top_code()) <= F.max_finite_code() && !is_nan_code<F>(code);
}

/// An integer in the order of the values, for every code but NaN: zeros of both signs are 0.
template <float_format F>
[[nodiscard]] DYAD_HD constexpr std::int64_t order_of_code(float_bits<F> code) noexcept {
    auto magnitude = static_cast<std::int64_t>(code & F.top_code());
    if (F.subnormals == subnormal_codes::flushed && (magnitude >> F.significand_bits) == 0) magnitude = 0;
    return F.is_signed && (code & F.sign_bit()) != 0 ? -magnitude : magnitude;
}

/// Decodes a code exactly. A flushed subnormal code reads as zero.
template <float_format F>
[[nodiscard]] DYAD_HD constexpr unpacked decode(float_bits<F> code) noexcept {
    constexpr int m = F.significand_bits;
    const bool negative = (code & F.sign_bit()) != 0;
    const std::uint64_t magnitude = code & F.top_code();
    if constexpr (F.nan == nan_codes::negative_zero) {
        if (code == F.sign_bit()) return unpacked::nan(false, quiet_bit<std::uint64_t>);
    }
    if (magnitude > F.max_finite_code()) {
        if (F.infinity != infinity_codes::none && magnitude == F.infinity_code()) return unpacked::infinity(negative);
        if constexpr (F.nan == nan_codes::ieee) return unpacked::nan(negative, magnitude << (64 - m));
        return unpacked::nan(negative, quiet_bit<std::uint64_t>);
    }
    const auto field = static_cast<int>(magnitude >> m);
    const std::uint64_t fraction = magnitude & low_mask<std::uint64_t>(m);
    if (F.has_zero && field == 0) {
        if (F.subnormals == subnormal_codes::flushed) return unpacked::zero(negative);
        return unpacked::finite(negative, fraction, 1 - F.bias - m);
    }
    return unpacked::finite(negative, fraction | (std::uint64_t{1} << m), field - F.bias - m);
}

/// The code of a NaN: keeps sign and leading payload bits where the format has room for them. A format without NaN
/// gives its largest finite value.
template <float_format F>
[[nodiscard]] DYAD_HD constexpr float_bits<F> encode_nan(bool negative, std::uint64_t payload) noexcept {
    const std::uint64_t sign = negative ? F.sign_bit() : 0;
    if constexpr (F.nan == nan_codes::ieee) {
        constexpr int m = F.significand_bits;
        const std::uint64_t kept = payload >> (64 - m);
        const std::uint64_t field = kept != 0 ? kept : std::uint64_t{1} << (m - 1);
        return static_cast<float_bits<F>>(sign | F.all_ones_exponent() | field);
    } else if constexpr (F.nan == nan_codes::top) {
        return static_cast<float_bits<F>>(sign | F.top_code());
    } else {
        return static_cast<float_bits<F>>(F.nan == nan_codes::negative_zero ? F.sign_bit() : F.max_finite_code());
    }
}

/// The code for a magnitude beyond the largest finite one, or for infinity.
template <float_format F, rounding_rule Rule>
[[nodiscard]] DYAD_HD constexpr float_bits<F> encode_overflow(bool negative, bool infinite, Rule rule,
                                                              saturation policy) noexcept {
    const std::uint64_t sign = negative ? F.sign_bit() : 0;
    bool clamp = policy == saturation::finite || (policy == saturation::propagate && !infinite);
    if constexpr (std::same_as<Rule, rounding>) {
        // A directed rounding of a finite value stays finite on its near side (IEEE 754 section 7.4); to_odd stops at
        // the largest finite code where that code is odd.
        const bool toward_finite = rule == rounding::toward_zero || (rule == rounding::toward_negative && !negative) ||
                                   (rule == rounding::toward_positive && negative) ||
                                   (rule == rounding::to_odd && (F.max_finite_code() & 1) != 0);
        clamp = clamp || (!infinite && toward_finite);
    }
    if (!clamp && F.infinity != infinity_codes::none) return static_cast<float_bits<F>>(sign | F.infinity_code());
    if (!clamp && F.nan != nan_codes::none && F.overflow == overflow_codes::nan) {
        return encode_nan<F>(negative, quiet_bit<std::uint64_t>);
    }
    return static_cast<float_bits<F>>(sign | F.max_finite_code());
}

/// The code for a value below the range of an unsigned format or of one without zero: NaN under saturation::none where
/// there is one, else the smallest value.
template <float_format F>
[[nodiscard]] DYAD_HD constexpr float_bits<F> encode_below(saturation policy) noexcept {
    const bool to_nan = policy == saturation::none && F.nan != nan_codes::none;
    return to_nan ? encode_nan<F>(false, quiet_bit<std::uint64_t>) : float_bits<F>{0};
}

/// Encodes any value with one rounding, then saturates. In an unsigned format a value that rounds below zero is out of
/// range below, and so are zero and negative values in a format without zero; positive values below the smallest of
/// such a format give the smallest in every mode.
template <float_format F, unsigned_word S, rounding_rule Rule>
[[nodiscard]] DYAD_HD constexpr float_bits<F> encode(const basic_unpacked<S>& x, Rule rule,
                                                     saturation policy) noexcept {
    using code_type = float_bits<F>;
    constexpr int m = F.significand_bits;
    static_assert(word_width<S> >= m + 3, "dyad::encode needs a significand word of at least precision + 2 bits.");

    // 1. What is not a number, and what the format has no sign or no zero for.
    if (x.kind == number_class::nan) {
        return encode_nan<F>(x.negative, resize<std::uint64_t>(x).significand);
    }
    const bool below_zero = !F.is_signed && x.negative && x.kind != number_class::zero;
    if ((below_zero && (!F.has_zero || x.kind == number_class::infinity)) ||
        (!F.has_zero && x.kind == number_class::zero)) {
        return encode_below<F>(policy);
    }
    // 2. Infinity, zero, and magnitudes that no rounding brings back into range.
    if (x.kind == number_class::infinity) return encode_overflow<F>(x.negative, true, rule, policy);
    if (x.kind == number_class::zero) {
        return static_cast<code_type>(x.negative && F.has_negative_zero ? F.sign_bit() : 0);
    }
    const int top = x.top_exponent();
    if (below_zero && top >= F.min_exponent()) return encode_below<F>(policy);
    if (top > F.max_exponent() + 1) return encode_overflow<F>(x.negative, false, rule, policy);
    // 3. Cut at the unit in the last place. (e + bias - 1) 2^m + significand is the code, because the significand's
    //    leading one adds the missing one to the exponent field, and a subnormal lacks both.
    const int e = top > F.min_exponent() ? top : F.min_exponent();
    const int shift = e - m - x.exponent;
    const S kept = shift >= 0 ? shift_right(x.significand, shift) : static_cast<S>(x.significand << -shift);
    const std::int64_t base = static_cast<std::int64_t>(e + F.bias - 1) * (std::int64_t{1} << m);
    std::int64_t code = base + static_cast<std::int64_t>(kept);
    // 4. Round on the grid of codes; the carry runs into the exponent by itself.
    if (shift > 0 && rounds_away(x.significand, shift, x.negative, (code & 1) != 0, rule)) ++code;
    if (!F.has_zero && code < 0) code = 0;
    // 5. Out of range, flushing, sign.
    if (below_zero && code != 0) return encode_below<F>(policy);
    if (code > static_cast<std::int64_t>(F.max_finite_code())) {
        return encode_overflow<F>(x.negative, false, rule, policy);
    }
    if (F.subnormals == subnormal_codes::flushed && code < (std::int64_t{1} << m)) code = 0;
    const bool sign = x.negative && (code != 0 || F.has_negative_zero);
    return static_cast<code_type>(static_cast<std::uint64_t>(code) | (sign ? F.sign_bit() : 0));
}

}  // namespace dyad::inline v1
