// SPDX-License-Identifier: Apache-2.0
// dyadic<Width>: value = significand * 2^exponent with an exponent known at run time; the form of every integer-only
// scale factor. Source: Yao et al., "HAWQ-V3: dyadic neural network quantization", ICML 2021.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// A signed significand of Width bits and an exponent. Not a format: it has no code of fixed size.
template <int Width>
struct dyadic {
    static_assert(Width >= 2 && Width <= 64, "dyad::dyadic's Width must be 2 to 64 bits, the sign included.");
    using significand_type = least_int<Width>;

    significand_type significand;
    std::int32_t exponent;

    /// `value` rounded to Width - 1 significant bits, ties away from zero (HAWQ-V3 rounds half up), the significand's
    /// magnitude in [2^(Width-2), 2^(Width-1)), or 0 for 0. A carry to 2^(Width-1) is renormalised, which the published
    /// code leaves to overflow. NaN and infinities give significand 0: check the scale first.
    template <unsigned_word S>
    [[nodiscard]] DYAD_HD static constexpr dyadic nearest(const basic_unpacked<S>& value) noexcept {
        if (value.kind != number_class::finite) return {0, 0};
        const int excess = bit_width(value.significand) - (Width - 1);
        uint128_t m = value.significand;
        m = excess <= 0 ? m << -excess : round_shift_right(m, excess, value.negative, rounding::nearest_away);
        int exponent = value.exponent + excess;
        if (bit_width(m) == Width) {  // 0.111...1 rounded up to 1.0
            m >>= 1;
            ++exponent;
        }
        const auto positive = static_cast<significand_type>(m);
        return {value.negative ? static_cast<significand_type>(-positive) : positive, exponent};
    }
    [[nodiscard]] DYAD_HD static constexpr dyadic from_scale(double scale) noexcept {
        return nearest(dyad::unpack(scale));
    }
    /// numerator / denominator rounded once: the quotient itself is never rounded to a double.
    [[nodiscard]] DYAD_HD static constexpr dyadic from_ratio(double numerator, double denominator) noexcept {
        return nearest(
            quotient(resize<uint128_t>(dyad::unpack(numerator)), resize<uint128_t>(dyad::unpack(denominator))));
    }

    [[nodiscard]] DYAD_HD constexpr dyad::unpacked unpack() const noexcept {
        return dyad::unpacked::finite(significand < 0, magnitude(significand), exponent);
    }
    template <native_float T>
    [[nodiscard]] DYAD_HD explicit constexpr operator T() const noexcept {
        return pack_as<T>(unpack(), rounding::nearest_even, saturation::none);
    }

    /// Order of the values: 1 * 2^1 equals 2 * 2^0.
    [[nodiscard]] DYAD_HD friend constexpr bool operator==(dyadic x, dyadic y) noexcept {
        return compare(x.unpack(), y.unpack()) == 0;
    }
    [[nodiscard]] DYAD_HD friend constexpr std::strong_ordering operator<=>(dyadic x, dyadic y) noexcept {
        const auto order = compare(x.unpack(), y.unpack());
        return order < 0   ? std::strong_ordering::less
               : order > 0 ? std::strong_ordering::greater
                           : std::strong_ordering::equal;
    }
};

/// A requantization multiplier: b * 2^exponent with a positive b of 31 bits.
using multiplier = dyadic<32>;

}  // namespace dyad::inline v1
