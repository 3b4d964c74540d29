// SPDX-License-Identifier: Apache-2.0
// Conversion as other stacks do it: conversion_rule says all that stacks decide differently, dyad::presets names their
// choices. convert<To>(x, presets::cuda_satfinite) rounds the exact value of x once, like every convert.
// Sources: OCP OFP8 v1.0 section 5.2.1; IEEE P3109 interim report v4.0; ONNX operator Cast-25; ml_dtypes 0.6.0;
// NVIDIA PTX ISA, instruction cvt, and the host functions of cuda_fp8.h, cuda_fp6.h and cuda_fp4.h 12.9.
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/minifloat.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// Which NaN a NaN becomes in a format that has several.
enum class nan_choice : std::uint8_t {
    payload,  ///< quiet, with its sign and the leading bits of its payload (what convert does)
    quiet,    ///< its sign bit, which the NaN at minus zero has, and the quiet bit alone
    all_ones  ///< positive, every bit below the sign set
};
/// What a NaN becomes in a floating-point format without NaN.
enum class nan_substitute : std::uint8_t {
    largest,       ///< the largest finite value, positive (what convert does)
    opposite_zero  ///< a zero of the opposite sign, so that the usual positive NaN gives -0
};
/// How a format without zero (E8M0) takes zero and negative values.
enum class zeroless_domain : std::uint8_t {
    positive,  ///< they are below the range: NaN under saturation::none, else the smallest value (what convert does)
    magnitude  ///< the sign is ignored, and zero gives the smallest value
};
/// What becomes of a value outside the range of an integer type.
enum class integer_overflow : std::uint8_t {
    by_type,  ///< what the type says; C++'s integers saturate (what convert does)
    wrap      ///< its value modulo 2^width, 0 for infinities
};

/// All that stacks decide differently about a conversion. The defaults are convert's own. Members may be changed one by
/// one: `auto rule = presets::onnx_cast_saturating; rule.zeroless_rounding = rounding::toward_zero;`.
struct conversion_rule {
    rounding mode = rounding::nearest_even;               ///< into floating-point and fixed-point types
    rounding zeroless_rounding = rounding::nearest_even;  ///< into floating-point formats without zero (E8M0)
    rounding integer_rounding = rounding::nearest_even;   ///< into integer types
    saturation narrow = saturation::none;                 ///< floating-point formats of at most 8 bits
    saturation wide = saturation::none;                   ///< wider floating-point formats
    nan_choice nan = nan_choice::payload;
    nan_substitute without_nan = nan_substitute::largest;
    zeroless_domain zeroless = zeroless_domain::positive;
    integer_overflow integers = integer_overflow::by_type;

    /// Member by member.
    [[nodiscard]] friend constexpr bool operator==(const conversion_rule&, const conversion_rule&) = default;
};

/// The conversions of other stacks. docs/conversion.md has the table of what equals what, how it was checked, and what
/// those stacks do that no rule expresses (two roundings, mostly).
namespace presets {

/// OCP OFP8's saturating mode: overflow and infinities clamp.
inline constexpr conversion_rule ocp_saturating{.narrow = saturation::finite};
/// OCP OFP8's other mode: overflow gives infinity where there is one (E5M2), else NaN (E4M3).
inline constexpr conversion_rule ocp_non_saturating{};

/// ml_dtypes' astype. Integers truncate and wrap.
inline constexpr conversion_rule ml_dtypes{.zeroless_rounding = rounding::nearest_away,
                                           .integer_rounding = rounding::toward_zero,
                                           .nan = nan_choice::quiet,
                                           .without_nan = nan_substitute::opposite_zero,
                                           .integers = integer_overflow::wrap};
/// The same with the template parameter kSaturate of its C++ headers: finite values clamp, infinities stay.
inline constexpr conversion_rule ml_dtypes_saturating{.zeroless_rounding = rounding::nearest_away,
                                                      .integer_rounding = rounding::toward_zero,
                                                      .narrow = saturation::propagate,
                                                      .wide = saturation::propagate,
                                                      .nan = nan_choice::quiet,
                                                      .without_nan = nan_substitute::opposite_zero,
                                                      .integers = integer_overflow::wrap};

/// ONNX Cast with saturate = 1, its default, and round_mode "up", its default; "down" and "nearest" are
/// zeroless_rounding = toward_zero and nearest_away. Integers truncate and wrap.
inline constexpr conversion_rule onnx_cast_saturating{.zeroless_rounding = rounding::toward_positive,
                                                      .integer_rounding = rounding::toward_zero,
                                                      .narrow = saturation::finite,
                                                      .nan = nan_choice::quiet,
                                                      .without_nan = nan_substitute::opposite_zero,
                                                      .integers = integer_overflow::wrap};
/// ONNX Cast with saturate = 0.
inline constexpr conversion_rule onnx_cast_non_saturating{.zeroless_rounding = rounding::toward_positive,
                                                          .integer_rounding = rounding::toward_zero,
                                                          .nan = nan_choice::quiet,
                                                          .without_nan = nan_substitute::opposite_zero,
                                                          .integers = integer_overflow::wrap};

/// CUDA's __NV_SATFINITE and PTX's .satfinite. E8M0 takes the magnitude, here rounded up (cudaRoundPosInf, .rp); its
/// other mode is zeroless_rounding = toward_zero. Integers truncate and clamp.
inline constexpr conversion_rule cuda_satfinite{.zeroless_rounding = rounding::toward_positive,
                                                .integer_rounding = rounding::toward_zero,
                                                .narrow = saturation::finite,
                                                .nan = nan_choice::all_ones,
                                                .zeroless = zeroless_domain::magnitude};
/// CUDA's __NV_NOSAT.
inline constexpr conversion_rule cuda_nosat{.zeroless_rounding = rounding::toward_positive,
                                            .integer_rounding = rounding::toward_zero,
                                            .nan = nan_choice::all_ones,
                                            .zeroless = zeroless_domain::magnitude};

/// P3109 v4.0's SatNone, SatPropagate and SatFinite, for formats of every width.
inline constexpr conversion_rule p3109_sat_none{};
inline constexpr conversion_rule p3109_sat_propagate{.narrow = saturation::propagate, .wide = saturation::propagate};
inline constexpr conversion_rule p3109_sat_finite{.narrow = saturation::finite, .wide = saturation::finite};

}  // namespace presets

/// Types of whole numbers: C++'s, and fixed-point ones without fraction.
template <class T>
concept integer_number = native_integer<T> ||(format<T>&& requires { requires T::fraction == 0; });

/// A NaN as a To.
template <float_number To>
[[nodiscard]] DYAD_HD constexpr To convert_nan(const unpacked& nan, const conversion_rule& rule) noexcept {
    constexpr float_format f = format_of<To>();
    if (f.nan == nan_codes::none && rule.without_nan == nan_substitute::opposite_zero) {
        return pack_as<To>(unpacked::zero(!nan.negative), rule.mode, saturation::none);
    }
    unpacked chosen = unpacked::nan(nan.negative, quiet_bit<std::uint64_t>);
    if (rule.nan == nan_choice::payload) chosen.significand |= nan.significand;
    if (rule.nan == nan_choice::all_ones) chosen = unpacked::nan(false, ~std::uint64_t{0});
    return pack_as<To>(chosen, rule.mode, saturation::none);
}

/// A number as a To by its low bits: rounded to an integer, modulo 2^width. NaN and infinities give 0.
template <integer_number To, unsigned_word S>
[[nodiscard]] DYAD_HD constexpr To convert_wrapped(const basic_unpacked<S>& x, rounding mode) noexcept {
    if (x.kind != number_class::finite || x.exponent >= 128) return To{};
    const auto wide = static_cast<uint128_t>(x.significand);
    const uint128_t m = x.exponent >= 0 ? static_cast<uint128_t>(wide << x.exponent)
                                        : round_shift_right(wide, -x.exponent, x.negative, mode);
    const uint128_t pattern = x.negative ? static_cast<uint128_t>(uint128_t{0} - m) : m;
    if constexpr (native_integer<To>) return static_cast<To>(pattern);
    else return To::from_bits(static_cast<typename To::bits_type>(pattern & low_mask<uint128_t>(To::width)));
}

/// x as a To by the rule of another stack: the exact value of x, rounded once. A number of the same type stays as it
/// is.
template <number To, number From>
[[nodiscard]] DYAD_HD constexpr To convert(From x, const conversion_rule& rule) noexcept {
    if constexpr (std::same_as<To, From>) {
        return x;
    } else if constexpr (float_number<To>) {
        constexpr float_format f = format_of<To>();
        auto value = unpack(x);
        if (value.kind == number_class::nan) {
            if constexpr (float_number<From>) {
                // unpack gives this NaN no sign.
                if (format_of<From>().nan == nan_codes::negative_zero) value.negative = rule.nan == nan_choice::quiet;
            }
            return convert_nan<To>(resize<std::uint64_t>(value), rule);
        }
        if (f.has_zero) return pack_as<To>(value, rule.mode, f.width() <= 8 ? rule.narrow : rule.wide);
        if (rule.zeroless == zeroless_domain::magnitude) {
            value.negative = false;
            if (value.kind == number_class::zero) return pack_as<To>(value, rule.mode, saturation::finite);
        }
        return pack_as<To>(value, rule.zeroless_rounding, f.width() <= 8 ? rule.narrow : rule.wide);
    } else if constexpr (integer_number<To>) {
        const auto value = unpack(x);
        if (rule.integers == integer_overflow::wrap) return convert_wrapped<To>(value, rule.integer_rounding);
        return pack_as<To>(value, rule.integer_rounding, saturation::none);
    } else {
        return pack_as<To>(unpack(x), rule.mode, saturation::none);
    }
}

}  // namespace dyad::inline v1
