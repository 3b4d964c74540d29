// SPDX-License-Identifier: Apache-2.0
// What a float tensor holds where published "integer" code runs on floats: significand * 2^exponent of at most Digits
// digits, every operation rounded once to nearest even, in integers only.
// Source: IEEE 754-2019, section 4.3.1 (roundTiesToEven); Digits = 24 for float32, 53 for float64.
//
// I-ViT's and I-BERT's PyTorch codes carry their integers in float32 tensors. Beyond 2^24 a product, a quotient or a
// sum of integers is then no integer arithmetic any more: quotients just below an integer round up to it before floor
// sees them. The bits of those codes can only be had by rounding where they round.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/math/integer_sqrt.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// significand * 2^exponent, 2^(Digits-1) <= |significand| < 2^Digits, or {0, 0}. Neither subnormals nor infinities:
/// the exponent has no bounds that published quantities reach.
template <int Digits>
struct carried {
    static_assert(Digits == 24 || Digits == 53, "dyad::carried stands for float32 (24 digits) or float64 (53 digits).");
    std::int64_t significand = 0;
    std::int32_t exponent = 0;

    [[nodiscard]] DYAD_HD friend constexpr bool operator==(carried, carried) noexcept = default;

    /// m * 2^exponent, rounded. |m| < 2^63 or 2^127.
    [[nodiscard]] DYAD_HD static constexpr carried round(int128_t m, std::int32_t exponent) noexcept {
        return from_magnitude(magnitude(m), m < 0, exponent);
    }
    [[nodiscard]] DYAD_HD static constexpr carried round(std::int64_t m, std::int32_t exponent) noexcept {
        return from_magnitude(magnitude(m), m < 0, exponent);
    }
    [[nodiscard]] DYAD_HD static constexpr carried from(std::int64_t x) noexcept { return round(x, 0); }
    /// A finite number of the format itself, or of a narrower one.
    [[nodiscard]] DYAD_HD static constexpr carried from_float(float x) noexcept {
        const auto bits = std::bit_cast<std::uint32_t>(x);
        const auto biased = static_cast<std::int32_t>((bits >> 23) & 0xff);
        const std::int64_t field = bits & 0x7f'ffff;
        const std::int64_t digits = biased == 0 ? field : field | 0x80'0000;
        return round((bits >> 31) != 0 ? -digits : digits, (biased == 0 ? 1 : biased) - 150);
    }
    /// A double, rounded to Digits digits.
    [[nodiscard]] DYAD_HD static constexpr carried from_float(double x) noexcept {
        const auto bits = std::bit_cast<std::uint64_t>(x);
        const auto biased = static_cast<std::int32_t>((bits >> 52) & 0x7ff);
        const auto field = static_cast<std::int64_t>(bits & 0xf'ffff'ffff'ffff);
        const std::int64_t digits = biased == 0 ? field : field | (std::int64_t{1} << 52);
        return round((bits >> 63) != 0 ? -digits : digits, (biased == 0 ? 1 : biased) - 1075);
    }

    /// Nearest int64, ties to even; saturates.
    [[nodiscard]] DYAD_HD constexpr std::int64_t nearest() const noexcept { return integer(rounding::nearest_even); }
    [[nodiscard]] DYAD_HD constexpr std::int64_t floor() const noexcept { return integer(rounding::toward_negative); }
    [[nodiscard]] DYAD_HD constexpr std::int64_t truncated() const noexcept { return integer(rounding::toward_zero); }

    /// Exact: x * 2^shift.
    [[nodiscard]] DYAD_HD constexpr carried scaled(std::int32_t shift) const noexcept {
        return significand == 0 ? *this : carried{significand, exponent + shift};
    }
    [[nodiscard]] DYAD_HD friend constexpr carried operator-(carried x) noexcept {
        return {-x.significand, x.exponent};
    }
    [[nodiscard]] DYAD_HD friend constexpr carried operator*(carried x, carried y) noexcept {
        return round(static_cast<word>(x.significand) * y.significand, x.exponent + y.exponent);
    }
    [[nodiscard]] DYAD_HD friend constexpr carried operator+(carried x, carried y) noexcept {
        if (x.significand == 0) return y;
        if (y.significand == 0) return x;
        if (x.exponent < y.exponent) return y + x;
        // Farther apart than the word has room for, all of y is a digit below the last that decides.
        const std::int32_t apart = x.exponent - y.exponent;
        if (apart > room)
            return round(static_cast<word>(x.significand) * 256 + (y.significand < 0 ? -1 : 1), x.exponent - 8);
        return round(static_cast<word>(x.significand) * (word{1} << apart) + y.significand, y.exponent);
    }
    /// y is not 0.
    [[nodiscard]] DYAD_HD friend constexpr carried operator/(carried x, carried y) noexcept {
        DYAD_ASSERT(y.significand != 0);
        if (x.significand == 0) return {};
        // `room` more digits than the quotient of significands has, the last of them set where something was cut off.
        using unsigned_type = unsigned_of<word>;
        const auto numerator = static_cast<unsigned_type>(static_cast<unsigned_type>(magnitude(x.significand)) << room);
        const std::uint64_t denominator = magnitude(y.significand);
        const auto cut = static_cast<unsigned_type>(numerator % denominator != 0 ? 1 : 0);
        return from_magnitude(static_cast<unsigned_type>((numerator / denominator) | cut),
                              (x.significand < 0) != (y.significand < 0), x.exponent - y.exponent - room);
    }
    /// x >= 0, 24 digits.
    [[nodiscard]] DYAD_HD friend constexpr carried square_root(carried x) noexcept requires(Digits == 24) {
        if (x.significand == 0) return {};
        // 61 or 62 digits at an even exponent give a root of 31 digits; what was cut off sets a digit below them.
        const int shift = 38 - (x.exponent & 1);
        const std::uint64_t m = magnitude(x.significand) << shift;
        const std::uint64_t root = integer_sqrt(m);
        return from_magnitude(2 * root + (root * root != m ? 1 : 0), false, (x.exponent - shift) / 2 - 1);
    }
    [[nodiscard]] DYAD_HD friend constexpr bool operator<(carried x, carried y) noexcept {
        if ((x.significand < 0) != (y.significand < 0)) return x.significand < y.significand;
        if (x.significand == 0 || y.significand == 0) return x.significand < y.significand;
        if (x.exponent == y.exponent) return x.significand < y.significand;
        return (x.exponent < y.exponent) != (x.significand < 0);
    }

private:
    /// Holds products, and sums and quotients of `room` more digits than a significand has.
    using word = std::conditional_t<Digits == 24, std::int64_t, int128_t>;
    static constexpr int room = Digits == 24 ? 38 : 60;

    template <unsigned_word T>
    [[nodiscard]] DYAD_HD static constexpr carried from_magnitude(T size, bool negative,
                                                                  std::int32_t exponent) noexcept {
        if (size == 0) return {};
        const int cut = bit_width(size) - Digits;
        T kept = size;
        if (cut <= 0) {
            kept = static_cast<T>(size << -cut);
        } else {
            const T rest = size & low_mask<T>(cut);
            const T half = static_cast<T>(T{1} << (cut - 1));
            kept = static_cast<T>(size >> cut);
            kept = static_cast<T>(kept + (rest > half || (rest == half && (kept & 1) != 0) ? 1 : 0));
        }
        // (rounding up to 2^Digits is a power of two: one step more)
        const bool carry = (kept >> Digits) != 0;
        const auto digits = static_cast<std::int64_t>(carry ? kept >> 1 : kept);
        return {negative ? -digits : digits, exponent + cut + (carry ? 1 : 0)};
    }
    [[nodiscard]] DYAD_HD constexpr std::int64_t integer(rounding mode) const noexcept {
        if (exponent < 0) return round_shift_right(significand, exponent < -200 ? 200 : -exponent, mode);
        if (exponent > 63)
            return significand == 0 ? 0 : significand < 0 ? word_min<std::int64_t>() : word_max<std::int64_t>();
        return saturating_cast<std::int64_t>(static_cast<int128_t>(significand) * (int128_t{1} << exponent));
    }
};

using carried32 = carried<24>;
using carried64 = carried<53>;

/// The same value in float64.
[[nodiscard]] DYAD_HD constexpr carried64 widened(carried32 x) noexcept {
    constexpr int more = 53 - 24;
    if (x.significand == 0) return {};
    return {x.significand * (std::int64_t{1} << more), x.exponent - more};
}
/// The number as a double; beyond its normal numbers, 0 or the largest double.
template <int Digits>
[[nodiscard]] DYAD_HD constexpr double to_double(carried<Digits> x) noexcept {
    const std::uint64_t sign = x.significand < 0 ? std::uint64_t{1} << 63 : 0;
    const std::int32_t biased = x.exponent + (Digits - 1) + 1023;
    if (x.significand == 0 || biased < 1) return 0;
    if (biased > 2046) return std::bit_cast<double>(sign | 0x7fef'ffff'ffff'ffff);
    const std::uint64_t digits = (magnitude(x.significand) << (53 - Digits)) & low_mask<std::uint64_t>(52);
    return std::bit_cast<double>(sign | static_cast<std::uint64_t>(biased) << 52 | digits);
}
/// 1 / x, as a tensor's reciprocal rounds it: PyTorch computes `number / tensor` as reciprocal * number, two roundings.
[[nodiscard]] DYAD_HD constexpr carried32 reciprocal(carried32 x) noexcept { return carried32::from(1) / x; }

}  // namespace dyad::inline v1
