// SPDX-License-Identifier: Apache-2.0
// to_chars: a number as text, exactly or in the fewest digits that read back as the same number.
// Every format value is a finite decimal, so each digit written is right, and each rounding is from the exact value.
// Sources: C++20 [charconv.to.chars] for the choice between 0.0001 and 1e-05; C17 7.21.6.1 for %e, %f, %g and %a.
#pragma once

#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/number/decimal.hpp>
#include <dyad/number/natural.hpp>
#include <dyad/number/text_format.hpp>

namespace dyad::inline v1 {

/// Characters into a buffer; what does not fit is only counted as missing.
class char_writer {
public:
    DYAD_HD constexpr char_writer(char* first, char* last) noexcept : next_(first), last_(last) {}

    DYAD_HD constexpr void put(char c) noexcept {
        if (next_ == last_) full_ = true;
        else *next_++ = c;
    }
    DYAD_HD constexpr void put(const char* text) noexcept {
        for (; *text != '\0'; ++text) put(*text);
    }
    /// A sign where negative or always, and at least two digits.
    DYAD_HD constexpr void put_exponent(char letter, int exponent, int least_digits) noexcept {
        put(letter);
        put(exponent < 0 ? '-' : '+');
        char digits[10]{};
        int count = 0;
        for (auto rest = magnitude(std::int32_t{exponent}); rest != 0 || count < least_digits; rest /= 10) {
            digits[count++] = static_cast<char>('0' + rest % 10);
        }
        while (count > 0) put(digits[--count]);
    }
    [[nodiscard]] DYAD_HD constexpr to_chars_result result() const noexcept {
        if (full_) return {last_, text_error::value_too_large};
        return {next_, text_error::none};
    }
    [[nodiscard]] DYAD_HD constexpr bool full() const noexcept { return full_; }

private:
    char* next_;
    char* last_;
    bool full_ = false;
};

/// The digits at places [from, to), zeros beyond the last; a buffer that is full ends it.
template <int Capacity>
DYAD_HD constexpr void put_digits(char_writer& out, const decimal<Capacity>& d, int from, int to) noexcept {
    for (int place = from; place < to && !out.full(); ++place) out.put(static_cast<char>('0' + d.at(place)));
}

/// 12.5, 0.0125, with `after` digits behind the point; as many as there are if negative.
template <int Capacity>
DYAD_HD constexpr void put_positional(char_writer& out, decimal<Capacity> d, int after) noexcept {
    if (after >= 0 && after < d.count - d.point) d.round(d.point + after);
    if (d.count == 0) d.point = 0;
    if (after < 0) after = d.count > d.point ? d.count - d.point : 0;
    if (d.point <= 0) out.put('0');
    put_digits(out, d, 0, d.point);
    if (after == 0) return;
    out.put('.');
    put_digits(out, d, d.point, d.point + after);
}

/// 1.25e-02.
template <int Capacity>
DYAD_HD constexpr void put_scientific(char_writer& out, decimal<Capacity> d, int after) noexcept {
    if (after >= 0 && after < d.count) d.round(after + 1);
    if (after < 0) after = d.count > 1 ? d.count - 1 : 0;
    put_digits(out, d, 0, 1);
    if (after > 0) out.put('.');
    if (after > 0) put_digits(out, d, 1, 1 + after);
    out.put_exponent('e', d.count == 0 ? 0 : d.point - 1, 2);
}

/// C's %g: `significant` digits, or all if negative; positional for exponents from -4 to below the number of digits.
template <int Capacity>
DYAD_HD constexpr void put_general(char_writer& out, decimal<Capacity> d, int significant) noexcept {
    if (significant == 0) significant = 1;
    if (significant < 0) significant = d.count > 6 ? d.count : 6;
    if (significant < d.count) d.round(significant);
    const int exponent = d.count == 0 ? 0 : d.point - 1;
    if (exponent < -4 || exponent >= significant) put_scientific(out, d, -1);
    else put_positional(out, d, -1);
}

/// 0x1.8p+3: the leading one (of zero 0, with exponent 0), then `after` hexadecimal digits, or as many as there are if
/// negative.
DYAD_HD constexpr void put_hexadecimal(char_writer& out, uint128_t m, int exponent, int after) noexcept {
    // 1. m = s * 2^top with 1 <= s < 2; zero is 0x0p+0.
    const bool zero = m == 0;
    if (zero) m = 1;
    const int top = bit_width(m) - 1;
    int e = exponent + top;
    const int zeros = trailing_zeros(m);
    const int needed = (top - zeros + 3) / 4;
    if (after < 0) after = needed;
    // 2. The digits behind the point at the top of a word, rounded where some are cut.
    uint128_t fraction = top == 0 ? 0 : static_cast<uint128_t>(m << (128 - top));
    bool carry = false;
    if (after < needed) {
        const int cut = top - 4 * after;
        const uint128_t kept = round_shift_right(m, cut, false, rounding::nearest_even);
        carry = bit_width(kept) > 4 * after + 1;
        fraction = after == 0 || carry ? 0 : static_cast<uint128_t>(kept << (128 - 4 * after));
    }
    if (carry) ++e;
    out.put(zero ? "0x0" : "0x1");
    if (after > 0) out.put('.');
    for (int i = 0; i < after && !out.full(); ++i, fraction <<= 4) {
        out.put("0123456789abcdef"[static_cast<int>(fraction >> 124)]);
    }
    out.put_exponent('p', e, 1);
}

/// -3, 7/16.
template <int Digits, int Limbs>
DYAD_HD constexpr void put_fraction(char_writer& out, uint128_t m, int exponent) noexcept {
    const int zeros = trailing_zeros(m);
    m >>= zeros;
    exponent += zeros;
    put_positional(out, exact_decimal<Digits, Limbs>(m, exponent > 0 ? exponent : 0), 0);
    if (exponent >= 0) return;
    out.put('/');
    put_positional(out, exact_decimal<Digits, Limbs>(1, -exponent), 0);
}

/// Decimals near x that become x when they are rounded to nearest even. One beyond an extreme value that T saturates to
/// does not count, though it would become that value.
template <class T>
class shortest_search {
public:
    static constexpr text_limits limits = text_limits_of<T>();
    using all_digits = decimal<limits.digits>;
    // Enough for any significand: 2 + floor(word width * log10 2).
    static constexpr int most = 2 + decimal_digits(word_width<significand_word<T>>);
    using few_digits = decimal<most + 9>;  // put_shortest asks for as many as a scientific form has characters

    DYAD_HD constexpr shortest_search(T x, const all_digits& exact) noexcept
        : value_(resize<uint128_t>(unpack(x))),
          exact_(exact),
          largest_(becomes_x(beyond_range(value_range_of<T>(), value_.negative))),
          smallest_(becomes_x(below_range(value_range_of<T>(), value_.negative))) {}

    /// The fewest digits; among those the ones closest to x.
    [[nodiscard]] DYAD_HD constexpr few_digits shortest() const noexcept {
        // More digits never do worse: halve the range of their number.
        int low = 1;
        int high = exact_.count < most ? exact_.count : most;
        while (low < high) {
            const int middle = (low + high) / 2;
            if (best(middle).count > 0) high = middle;
            else low = middle + 1;
        }
        return best(low);
    }
    /// The closest decimal of n digits that becomes x; no digits where there is none.
    [[nodiscard]] DYAD_HD constexpr few_digits best(int n) const noexcept {
        const bool odd = exact_.at(n - 1) % 2 != 0;
        const auto dropped = exact_.dropped(n);
        const bool up = rounds_away(dropped, 2, false, odd, rounding::nearest_even);
        few_digits d = leading(n);
        d.cut(n, up);
        if (dropped == 0 || (!(up ? largest_ : smallest_) && becomes_x(value_of(d)))) return d;
        d = leading(n);
        d.cut(n, !up);
        if (!(up ? smallest_ : largest_) && becomes_x(value_of(d))) return d;
        d.count = 0;
        return d;
    }

private:
    [[nodiscard]] DYAD_HD constexpr few_digits leading(int n) const noexcept {
        few_digits d;
        d.count = n < exact_.count ? n : exact_.count;
        d.point = exact_.point;
        for (int i = 0; i < d.count; ++i) d.digits[i] = exact_.digits[i];
        return d;
    }
    [[nodiscard]] DYAD_HD constexpr unpacked_wide value_of(const few_digits& d) const noexcept {
        if (d.count == 0) return unpacked_wide::zero(value_.negative);
        natural<limits.limbs> n;
        for (int i = 0; i < d.count; ++i) n.multiply_add(10, d.digits[i]);
        return scaled_by_ten(value_.negative, n, d.point - d.count);
    }
    [[nodiscard]] DYAD_HD constexpr bool becomes_x(const unpacked_wide& candidate) const noexcept {
        constexpr auto nearest = rounding::nearest_even;
        if (!fits<T>(candidate, nearest)) return false;
        const T packed = pack_as<T>(candidate, nearest, saturation::none);
        return compare(resize<uint128_t>(unpack(packed)), value_) == 0;
    }

    unpacked_wide value_;
    const all_digits& exact_;
    bool largest_;
    bool smallest_;
};

/// Positional where that is not longer than scientific; then zeros before the point become the digits closest to x.
template <class T>
DYAD_HD constexpr void put_shortest(char_writer& out, T x, const decimal<text_limits_of<T>().digits>& exact) noexcept {
    if constexpr (number<T>) {
        const shortest_search<T> search(x, exact);
        const auto d = search.shortest();
        const int e = d.point - 1;
        const int exponent_digits = e > -100 && e < 100       ? 2
                                    : e > -1000 && e < 1000   ? 3
                                    : e > -10000 && e < 10000 ? 4
                                                              : 5;
        const int scientific = (d.count > 1 ? d.count + 1 : 1) + 2 + exponent_digits;
        const int positional = d.point <= 0 ? 2 - d.point + d.count : d.count > d.point ? d.count + 1 : d.point;
        if (scientific < positional) return put_scientific(out, d, -1);
        if (d.point <= d.count) return put_positional(out, d, -1);
        put_positional(out, search.best(exact.point), 0);
    } else {
        put_general(out, exact, -1);
    }
}

/// A bound on the characters of any T in a format without a precision.
template <text_number T>
[[nodiscard]] DYAD_HD constexpr int max_chars(text_format format) noexcept {
    constexpr text_limits limits = text_limits_of<T>();
    constexpr int word = word_width<decltype(exact_value(T{}).significand)>;
    switch (format) {
        case text_format::shortest: return number<T> ? 1 + 8 + decimal_digits(word) + 6 : limits.digits + 12;
        case text_format::scientific: return 2 + limits.digits + 7;
        case text_format::general: return 8 + limits.digits + 7;
        case text_format::hexadecimal: return 5 + word / 4 + 8;
        case text_format::exact: break;
        case text_format::fraction: break;
    }
    return 3 + limits.above + (value_range_of<T>().low < 0 ? -value_range_of<T>().low : 0);
}

/// Of all formats: char buffer[max_chars_of<float16>] has room for any text without a precision.
template <text_number T>
inline constexpr int max_chars_of = [] {
    int most = 0;
    for (const int n : {max_chars<T>(text_format::shortest), max_chars<T>(text_format::exact),
                        max_chars<T>(text_format::scientific), max_chars<T>(text_format::general),
                        max_chars<T>(text_format::fraction), max_chars<T>(text_format::hexadecimal)}) {
        most = n > most ? n : most;
    }
    return most;
}();

/// A zero or finite |x| in a format.
template <class T, unsigned_word S>
DYAD_HD constexpr void put_magnitude(char_writer& out, T x, const basic_unpacked<S>& value, text_format format,
                                     int precision) noexcept {
    constexpr text_limits limits = text_limits_of<T>();
    const bool zero = value.kind == number_class::zero;
    if (format == text_format::hexadecimal) return put_hexadecimal(out, value.significand, value.exponent, precision);
    if (zero && (format == text_format::fraction || format == text_format::shortest)) return out.put('0');
    if (format == text_format::fraction) {
        return put_fraction<limits.digits, limits.limbs>(out, value.significand, value.exponent);
    }
    decimal<limits.digits> digits;
    if (!zero) digits = exact_decimal<limits.digits, limits.limbs>(value.significand, value.exponent);
    if (format == text_format::exact) return put_positional(out, digits, precision);
    if (format == text_format::scientific) return put_scientific(out, digits, precision);
    if (format == text_format::general) return put_general(out, digits, precision);
    put_shortest(out, x, digits);
}

/// x into [first, last). Zero is 0 or -0 in the format's form, an infinity inf, a NaN nan, each with the sign it has.
/// `precision` (see text_format) is ignored by shortest and fraction, and none where negative; at most 2^20.
template <text_number T>
[[nodiscard]] DYAD_HD constexpr to_chars_result to_chars(char* first, char* last, T x, text_format format,
                                                         int precision) noexcept {
    constexpr int far = 1 << 20;
    if (precision > far) return {last, text_error::value_too_large};
    const auto value = exact_value(x);
    if (value.kind == number_class::finite) {
        // (sums with what is farther could overflow)
        if (value.exponent < -far || value.exponent > far) return {last, text_error::value_too_large};
        const int lowest = value.exponent + trailing_zeros(value.significand);
        if (value.top_exponent() > value_range_of<T>().top || lowest < value_range_of<T>().low) {
            return {last, text_error::value_too_large};
        }
    }
    char_writer out(first, last);
    if (value.negative) out.put('-');
    if (value.kind == number_class::nan) out.put("nan");
    else if (value.kind == number_class::infinity) out.put("inf");
    else put_magnitude(out, x, value, format, precision);
    return out.result();
}

/// The same without a precision.
template <text_number T>
[[nodiscard]] DYAD_HD constexpr to_chars_result to_chars(char* first, char* last, T x,
                                                         text_format format = text_format::shortest) noexcept {
    return to_chars(first, last, x, format, -1);
}

}  // namespace dyad::inline v1
