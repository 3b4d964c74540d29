// SPDX-License-Identifier: Apache-2.0
// The form that all formats convert through: value = (-1)^negative * significand * 2^exponent, exactly.
#pragma once

#include <compare>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>

namespace dyad::inline v1 {

enum class number_class : std::uint8_t { zero, finite, infinity, nan };

/// One decoded number. `finite` means nonzero: significand != 0, in no particular alignment, |exponent| < 2^30. A zero
/// or an infinity has significand 0. A NaN's significand is its payload with the quiet bit, aligned to the top of the
/// word, so that formats of different widths agree on its leading bits.
template <unsigned_word Significand>
struct basic_unpacked {
    number_class kind = number_class::zero;
    bool negative = false;
    int exponent = 0;
    Significand significand = 0;

    [[nodiscard]] DYAD_HD static constexpr basic_unpacked zero(bool negative) noexcept {
        return {number_class::zero, negative, 0, 0};
    }
    [[nodiscard]] DYAD_HD static constexpr basic_unpacked infinity(bool negative) noexcept {
        return {number_class::infinity, negative, 0, 0};
    }
    [[nodiscard]] DYAD_HD static constexpr basic_unpacked nan(bool negative, Significand payload) noexcept {
        return {number_class::nan, negative, 0, payload};
    }
    /// significand * 2^exponent with a sign; zero where the significand is.
    [[nodiscard]] DYAD_HD static constexpr basic_unpacked finite(bool negative, Significand significand,
                                                                 int exponent) noexcept {
        if (significand == 0) return zero(negative);
        return {number_class::finite, negative, exponent, significand};
    }

    /// floor(log2 |x|); only for `finite`.
    [[nodiscard]] DYAD_HD constexpr int top_exponent() const noexcept { return exponent + bit_width(significand) - 1; }

    /// Same representation, member by member (1 * 2^1 and 2 * 2^0 differ; use compare for values).
    [[nodiscard]] friend constexpr bool operator==(const basic_unpacked&, const basic_unpacked&) = default;
};

using unpacked = basic_unpacked<std::uint64_t>;
using unpacked_wide = basic_unpacked<uint128_t>;

/// The quiet bit of a NaN payload.
template <unsigned_word T>
inline constexpr T quiet_bit = static_cast<T>(T{1} << (word_width<T> - 1));

/// The same number with a significand of another width. Narrowing rounds to odd, so that one later rounding to at most
/// word_width<To> - 2 digits (or at most that many digits and stochastic bits together) is still exact.
template <unsigned_word To, unsigned_word From>
[[nodiscard]] DYAD_HD constexpr basic_unpacked<To> resize(const basic_unpacked<From>& x) noexcept {
    if (x.kind == number_class::nan) {
        constexpr int up = word_width<To> - word_width<From>;
        const To payload = up >= 0 ? static_cast<To>(static_cast<To>(x.significand) << (up >= 0 ? up : 0))
                                   : static_cast<To>(x.significand >> (up >= 0 ? 0 : -up));
        return basic_unpacked<To>::nan(x.negative, payload);
    }
    if (x.kind != number_class::finite) return {x.kind, x.negative, 0, 0};
    const int excess = bit_width(x.significand) - word_width<To>;
    if (excess <= 0) return {x.kind, x.negative, x.exponent, static_cast<To>(x.significand)};
    const From kept = round_shift_right(x.significand, excess, x.negative, rounding::to_odd);
    return {x.kind, x.negative, x.exponent + excess, static_cast<To>(kept)};
}

/// Order of |x| and |y|, both finite and nonzero.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr std::strong_ordering compare_magnitudes(const basic_unpacked<T>& x,
                                                                        const basic_unpacked<T>& y) noexcept {
    if (const auto order = x.top_exponent() <=> y.top_exponent(); order != 0) return order;
    // Equal top exponents: aligned to the top of the word, the significands compare as integers.
    const T a = static_cast<T>(x.significand << (word_width<T> - bit_width(x.significand)));
    const T b = static_cast<T>(y.significand << (word_width<T> - bit_width(y.significand)));
    // An order of ints: CUDA device code knows no std::strong_ordering::less, and not every compiler 128-bit <=>.
    return (a > b ? 1 : a < b ? -1 : 0) <=> 0;
}

/// Order of the values; -0 equals +0, NaN is unordered.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr std::partial_ordering compare(const basic_unpacked<T>& x,
                                                              const basic_unpacked<T>& y) noexcept {
    if (x.kind == number_class::nan || y.kind == number_class::nan) return std::partial_ordering::unordered;
    const bool x_zero = x.kind == number_class::zero;
    const bool y_zero = y.kind == number_class::zero;
    const int x_sign = x_zero ? 0 : x.negative ? -1 : 1;
    const int y_sign = y_zero ? 0 : y.negative ? -1 : 1;
    if (x_sign != y_sign || x_zero) return x_sign <=> y_sign;
    const bool x_infinite = x.kind == number_class::infinity;
    const bool y_infinite = y.kind == number_class::infinity;
    std::strong_ordering order = x_infinite <=> y_infinite;
    if (!x_infinite && !y_infinite) order = compare_magnitudes(x, y);
    return x.negative ? 0 <=> order : order;
}

}  // namespace dyad::inline v1
