// SPDX-License-Identifier: Apache-2.0
// from_chars: text as a number, correctly rounded once from all its digits, however many.
// A decimal D * 10^p is the ratio D 5^p / 2^-p or D / (5^-p 2^-p) of integers; digits beyond those that a value or a
// midpoint of the type can have only count as "and more" (see text_limits).
// Grammar: -? (inf | infinity | nan | digits / digits | 0x hexadecimal (p exponent)? | decimal (e exponent)?)
#pragma once

#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/number/decimal.hpp>
#include <dyad/number/native.hpp>
#include <dyad/number/natural.hpp>
#include <dyad/number/text_format.hpp>

namespace dyad::inline v1 {

/// The value of a digit; -1 for any other character.
[[nodiscard]] DYAD_HD constexpr int hexadecimal_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}
[[nodiscard]] DYAD_HD constexpr bool is_decimal_digit(const char* at, const char* last) noexcept {
    return at != last && *at >= '0' && *at <= '9';
}

/// The end of `word` (in small letters) at the start of the text, whatever its case; nullptr where it is not there.
[[nodiscard]] DYAD_HD constexpr const char* after_word(const char* first, const char* last, const char* word) noexcept {
    for (; *word != '\0'; ++word, ++first) {
        if (first == last || (*first | 0x20) != *word) return nullptr;
    }
    return first;
}

/// letter, sign, digits: reads an exponent where a whole one is there. It ends at 10^17, which no text is long enough
/// to bring back into range.
[[nodiscard]] DYAD_HD constexpr std::int64_t read_exponent(const char*& at, const char* last, char letter) noexcept {
    if (at == last || (*at | 0x20) != letter) return 0;
    const char* digit = at + 1;
    const bool negative = digit != last && *digit == '-';
    if (digit != last && (*digit == '-' || *digit == '+')) ++digit;
    if (!is_decimal_digit(digit, last)) return 0;
    std::int64_t exponent = 0;
    for (; is_decimal_digit(digit, last); ++digit) {
        if (exponent < 100'000'000'000'000'000) exponent = exponent * 10 + (*digit - '0');
    }
    at = digit;
    return negative ? -exponent : exponent;
}

/// Takes decimal digits from the left and keeps as many as can make a difference.
template <int Digits, int Limbs>
class digit_reader {
public:
    /// The next digit, at a place that counts from 0 for the first digit of the text.
    DYAD_HD constexpr void take(int digit, std::int64_t place) noexcept {
        if (digit == 0 || more_) return;  // zeros are written when a digit follows
        if (kept_ == 0) first_ = end_ = place;
        if (place - first_ >= Digits) {
            more_ = true;
            return;
        }
        for (; end_ < place; ++end_) append(0);
        append(digit);
        end_ = place + 1;
    }
    [[nodiscard]] DYAD_HD constexpr bool is_zero() const noexcept { return kept_ == 0; }
    /// The place of the first digit that is not zero.
    [[nodiscard]] DYAD_HD constexpr std::int64_t first() const noexcept { return first_; }
    /// Were there digits that are not kept?
    [[nodiscard]] DYAD_HD constexpr bool has_more() const noexcept { return more_; }

    /// All digits as an integer; `end` becomes the place behind its last digit. "And more" is a 1 behind the others.
    [[nodiscard]] DYAD_HD constexpr natural<Limbs> digits(std::int64_t& end) noexcept {
        if (more_) {
            for (; end_ < first_ + Digits; ++end_) append(0);
            append(1);
            ++end_;
            more_ = false;
        }
        flush();
        end = end_;
        return value_;
    }

private:
    DYAD_HD constexpr void append(int digit) noexcept {
        ++kept_;
        chunk_ = chunk_ * 10 + static_cast<std::uint32_t>(digit);
        chunk_power_ *= 10;
        if (chunk_power_ == 1'000'000'000) flush();
    }
    DYAD_HD constexpr void flush() noexcept {
        value_.multiply_add(chunk_power_, chunk_);
        chunk_ = 0;
        chunk_power_ = 1;
    }

    natural<Limbs> value_;
    std::uint32_t chunk_ = 0;
    std::uint32_t chunk_power_ = 1;
    int kept_ = 0;
    bool more_ = false;
    std::int64_t first_ = 0;
    std::int64_t end_ = 0;
};

/// The digits at `at` into the reader; returns how many there were.
template <int Digits, int Limbs>
DYAD_HD constexpr std::int64_t read_digits(const char*& at, const char* last, digit_reader<Digits, Limbs>& into,
                                           std::int64_t place) noexcept {
    const char* const first = at;
    for (; is_decimal_digit(at, last); ++at) into.take(*at - '0', place + (at - first));
    return at - first;
}

/// What a type needs of its texts.
struct text_range {
    value_range values;
    text_limits limits;
};

/// 12.5e-3 at `at`; without digits `at` stays.
template <int Digits, int Limbs>
[[nodiscard]] DYAD_HD constexpr unpacked_wide read_decimal(const char*& at, const char* last, bool negative,
                                                           const text_range& range) noexcept {
    const char* next = at;
    digit_reader<Digits, Limbs> reader;
    const std::int64_t whole = read_digits(next, last, reader, 0);
    std::int64_t count = whole;
    if (next != last && *next == '.') {
        ++next;
        count += read_digits(next, last, reader, whole);
    }
    if (count == 0) return unpacked_wide::zero(negative);
    const std::int64_t exponent = read_exponent(next, last, 'e');
    at = next;
    if (reader.is_zero()) return unpacked_wide::zero(negative);
    // value = 0.d1 d2 ... * 10^lead
    const std::int64_t lead = whole - reader.first() + exponent;
    if (lead > range.limits.above + 1) return beyond_range(range.values, negative);
    if (lead < -range.limits.below) return below_range(range.values, negative);
    std::int64_t end = 0;
    const auto digits = reader.digits(end);
    return scaled_by_ten(negative, digits, static_cast<int>(whole - end + exponent));
}

/// The denominator at `at`, behind the slash, of a fraction whose numerator stands in [first, slash).
template <int Digits, int Limbs>
[[nodiscard]] DYAD_HD constexpr from_chars_result read_fraction(const char* first, const char* slash, const char* last,
                                                                bool negative, unpacked_wide& value) noexcept {
    digit_reader<Digits, Limbs> above;
    digit_reader<Digits, Limbs> below;
    const char* at = first;
    const std::int64_t above_digits = read_digits(at, slash, above, 0);
    at = slash + 1;
    const std::int64_t below_digits = read_digits(at, last, below, 0);
    if (below.is_zero()) return {first, text_error::invalid_argument};
    value = unpacked_wide::zero(negative);
    if (above.is_zero()) return {at, text_error::none};
    if (above_digits - above.first() > Digits || below_digits - below.first() > Digits) {
        return {at, text_error::result_out_of_range};
    }
    std::int64_t above_end = 0;
    std::int64_t below_end = 0;
    auto n = above.digits(above_end);
    auto d = below.digits(below_end);
    n.multiply_power_of_five(static_cast<int>(above_digits - above_end));
    d.multiply_power_of_five(static_cast<int>(below_digits - below_end));
    value = ratio_to_odd(negative, n, d);
    value.exponent += static_cast<int>((above_digits - above_end) - (below_digits - below_end));
    return {at, text_error::none};
}

/// The digits of 0x1.8p+3 behind 0x; without digits `at` stays. The first 128 bits are kept, and whether there is more.
[[nodiscard]] DYAD_HD constexpr unpacked_wide read_hexadecimal(const char*& at, const char* last,
                                                               bool negative) noexcept {
    const char* next = at;
    uint128_t m = 0;
    bool more = false;
    bool any = false;
    bool point = false;
    std::int64_t exponent = 0;
    for (; next != last; ++next) {
        if (*next == '.' && !point) {
            point = true;
            continue;
        }
        const int digit = hexadecimal_digit(*next);
        if (digit < 0) break;
        any = true;
        if ((m >> 124) == 0) {
            m = (m << 4) | static_cast<unsigned>(digit);
            exponent -= point ? 4 : 0;
        } else {
            more = more || digit != 0;
            exponent += point ? 0 : 4;
        }
    }
    if (!any) return unpacked_wide::zero(negative);
    at = next;
    exponent += read_exponent(at, last, 'p');
    constexpr std::int64_t most = 1 << 28;  // beyond any format
    const std::int64_t clamped = exponent < -most ? -most : exponent > most ? most : exponent;
    return unpacked_wide::finite(negative, m | (more ? 1u : 0u), static_cast<int>(clamped));
}

/// Any text: the value, with the place behind it or an error.
template <int Digits, int Limbs>
[[nodiscard]] DYAD_HD constexpr from_chars_result read_value(const char* first, const char* last, unpacked_wide& value,
                                                             const text_range& range) noexcept {
    const bool negative = first != last && *first == '-';
    const char* const start = first + (negative ? 1 : 0);
    // 1. Words.
    if (const char* at = after_word(start, last, "inf"); at != nullptr) {
        const char* const longer = after_word(at, last, "inity");
        value = unpacked_wide::infinity(negative);
        return {longer != nullptr ? longer : at, text_error::none};
    }
    if (const char* at = after_word(start, last, "nan"); at != nullptr) {
        value = unpacked_wide::nan(negative, quiet_bit<uint128_t>);
        return {at, text_error::none};
    }
    // 2. Hexadecimal; 0x without digits is a zero before an x.
    if (const char* const digits = after_word(start, last, "0x"); digits != nullptr) {
        const char* at = digits;
        value = read_hexadecimal(at, last, negative);
        return {at != digits ? at : start + 1, text_error::none};
    }
    // 3. A fraction; without a denominator the slash is not part of the number.
    const char* slash = start;
    while (is_decimal_digit(slash, last)) ++slash;
    if (slash != start && slash != last && *slash == '/' && is_decimal_digit(slash + 1, last)) {
        const from_chars_result read = read_fraction<Digits, Limbs>(start, slash, last, negative, value);
        return read.ec == text_error::invalid_argument ? from_chars_result{first, read.ec} : read;
    }
    // 4. A decimal.
    const char* at = start;
    value = read_decimal<Digits, Limbs>(at, last, negative, range);
    if (at == start) return {first, text_error::invalid_argument};
    return {at, text_error::none};
}

/// The number at the start of [first, last), rounded once by `rule`, then saturated by `policy`: what convert makes of
/// the exact value. x changes only without an error. A signless zero, a NaN or an infinity that T lacks becomes what
/// pack says; a fixed-point type that wraps or traps refuses what is out of its range.
/// Not for 128-bit integers, whose roundings need more digits than the exact ratio has.
template <number T, rounding_rule Rule = rounding>
    requires(value_range_of<T>().precision <= 125)
[[nodiscard]] DYAD_HD constexpr from_chars_result from_chars(const char* first, const char* last, T& x,
                                                             Rule rule = rounding::nearest_even,
                                                             saturation policy = saturation::none) noexcept {
    constexpr text_range range{value_range_of<T>(), text_limits_of<T>()};
    unpacked_wide value;
    const auto read = read_value<range.limits.digits, range.limits.limbs>(first, last, value, range);
    if (read.ec != text_error::none) return read;
    if (!fits<T>(value, rule)) return {read.ptr, text_error::result_out_of_range};
    x = pack_as<T>(value, rule, policy);
    return read;
}

}  // namespace dyad::inline v1
