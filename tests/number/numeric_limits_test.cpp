// SPDX-License-Identifier: Apache-2.0
// numeric_limits of the 15 named formats, P3109's 120, and fixed-point types, against a search through all codes.
#include <doctest/doctest.h>

#include "support/all_formats.hpp"
#include "support/exact.hpp"
#include "support/number_types.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <type_traits>
#include <utility>

namespace {

using dyad_test::cpp_int;
using dyad_test::cpp_rational;
using reference::exact;
using reference::kind;
using reference::real;
using reference::scaled;

/// numeric_limits without its type: numbers as codes.
struct limits_of_type {
    bool is_specialized, is_signed, is_integer, is_exact, has_infinity, has_quiet_nan, has_signaling_nan;
    bool has_denorm_loss, is_iec559, is_bounded, is_modulo, traps, tinyness_before;
    std::float_denorm_style has_denorm;
    std::float_round_style round_style;
    int digits, digits10, max_digits10, radix, min_exponent, min_exponent10, max_exponent, max_exponent10;
    std::uint64_t min, max, lowest, epsilon, round_error, infinity, quiet_nan, signaling_nan, denorm_min;
};

/// At compile time: nothing of the 135 formats is left to compile to code.
template <class T>
consteval limits_of_type collect() {
    using from = std::numeric_limits<T>;
    static_assert(std::same_as<decltype(from::max()), T>&& noexcept(from::max()));
    static_assert(std::is_same_v<decltype(std::numeric_limits<const T>::max()), T>);
    return {.is_specialized = from::is_specialized,
            .is_signed = from::is_signed,
            .is_integer = from::is_integer,
            .is_exact = from::is_exact,
            .has_infinity = from::has_infinity,
            .has_quiet_nan = from::has_quiet_NaN,
            .has_signaling_nan = from::has_signaling_NaN,
            .has_denorm_loss = from::has_denorm_loss,
            .is_iec559 = from::is_iec559,
            .is_bounded = from::is_bounded,
            .is_modulo = from::is_modulo,
            .traps = from::traps,
            .tinyness_before = from::tinyness_before,
            .has_denorm = from::has_denorm,
            .round_style = from::round_style,
            .digits = from::digits,
            .digits10 = from::digits10,
            .max_digits10 = from::max_digits10,
            .radix = from::radix,
            .min_exponent = from::min_exponent,
            .min_exponent10 = from::min_exponent10,
            .max_exponent = from::max_exponent,
            .max_exponent10 = from::max_exponent10,
            .min = from::min().bits(),
            .max = from::max().bits(),
            .lowest = from::lowest().bits(),
            .epsilon = from::epsilon().bits(),
            .round_error = from::round_error().bits(),
            .infinity = from::infinity().bits(),
            .quiet_nan = from::quiet_NaN().bits(),
            .signaling_nan = from::signaling_NaN().bits(),
            .denorm_min = from::denorm_min().bits()};
}

/// What the codes of a format hold.
struct found {
    std::set<exact> positive;
    exact most_negative = 0;
    bool has_zero = false;
    bool positive_infinity = false;
    bool negative_infinity = false;
    int nans = 0;
    int signaling_nans = 0;
};
found search(const dyad::float_format& f) {
    found all;
    for (std::uint64_t code = 0; code < reference::power_of_two(f.width()); ++code) {
        const real x = reference::decode(f, code);
        if (x.what == kind::infinity) (x.negative ? all.negative_infinity : all.positive_infinity) = true;
        if (x.what == kind::nan) ++all.nans;
        if (is_signalling(x)) ++all.signaling_nans;
        if (x.what != kind::finite) continue;
        if (x.magnitude == 0) all.has_zero = true;
        else if (x.negative) all.most_negative = std::max(all.most_negative, x.magnitude);
        else all.positive.insert(x.magnitude);
    }
    return all;
}

/// Digits of the significand: the most that any two neighbours of one binade, or a number and the next power of two,
/// have between them.
int digits_of(const std::set<exact>& values) {
    int digits = 1;
    for (auto x = values.begin(); std::next(x) != values.end(); ++x) {
        const exact step = *std::next(x) - *x;
        digits = std::max(digits, reference::exponent_of(*x) - reference::exponent_of(step) + 1);
    }
    return digits;
}
/// The smallest number from which on no step to the next is larger than its binade has with all digits.
exact smallest_normal(const std::set<exact>& values, int digits) {
    exact smallest = *values.begin();
    for (auto x = values.begin(); std::next(x) != values.end(); ++x) {
        const exact step = *std::next(x) - *x;
        if (reference::exponent_of(*x) - reference::exponent_of(step) + 1 < digits) smallest = *std::next(x);
    }
    return smallest;
}

cpp_rational rational_of(const exact& x) {
    return cpp_rational(cpp_int(x)) * dyad_test::power_of_two(-reference::unit_digits);
}
cpp_int power_of_ten(int n) { return pow(cpp_int(10), static_cast<unsigned>(n)); }
/// The largest n with 10^n <= x, for x >= 1; the smallest n with 10^n >= x.
int max_exponent10(const cpp_rational& x) {
    int n = 0;
    while (cpp_rational(power_of_ten(n + 1)) <= x) ++n;
    return n;
}
int min_exponent10(const cpp_rational& x) {
    int n = 0;
    while (cpp_rational(power_of_ten(n)) < x) ++n;
    if (n > 0) return n;
    while (cpp_rational(1, power_of_ten(n + 1)) >= x) ++n;
    return -n;
}

void check(const dyad::float_format& f, const limits_of_type& got) {
    const found all = search(f);
    const exact max = *all.positive.rbegin();
    const exact smallest = *all.positive.begin();
    // Of two numbers, binary3p2se's 1/2 and 1, no search tells whether the first is subnormal.
    const int digits = all.positive.size() > 2 ? digits_of(all.positive) : f.precision();
    const exact normal = smallest_normal(all.positive, digits);
    const auto value = [&f](std::uint64_t code) { return reference::decode(f, code); };
    const auto is = [&value](std::uint64_t code, const exact& magnitude) {
        return value(code) == real{kind::finite, false, magnitude};
    };
    // 1. Numbers.
    CHECK(is(got.max, max));
    CHECK(is(got.min, normal));
    CHECK(is(got.denorm_min, smallest));
    const bool negative = all.most_negative != 0;
    CHECK(value(got.lowest) == (negative ? real{kind::finite, true, all.most_negative}
                                         : real{kind::finite, false, all.has_zero ? exact(0) : smallest}));
    // Where a number follows 1 in its binade, epsilon is the step; else the step that binade would have.
    const auto above_one = all.positive.upper_bound(scaled(1, 0));
    if (above_one != all.positive.end()) CHECK(is(got.epsilon, exact(*above_one - scaled(1, 0))));
    CHECK(is(got.epsilon, scaled(1, 1 - digits)));
    CHECK(is(got.round_error, scaled(1, -1)));
    // 2. What there is.
    CHECK(got.is_signed == negative);
    CHECK(got.has_infinity == all.positive_infinity);
    CHECK(all.negative_infinity == (all.positive_infinity && negative));
    CHECK(got.has_quiet_nan == (all.nans > all.signaling_nans));
    CHECK(got.has_signaling_nan == (all.signaling_nans > 0));
    CHECK(got.has_denorm == (smallest < normal ? std::denorm_present : std::denorm_absent));
    if (got.has_infinity) CHECK(value(got.infinity) == real{kind::infinity, false});
    if (got.has_quiet_nan) CHECK(value(got.quiet_nan).what == kind::nan);
    if (got.has_quiet_nan) CHECK_FALSE(is_signalling(value(got.quiet_nan)));
    if (got.has_signaling_nan) CHECK(is_signalling(value(got.signaling_nan)));
    // IEEE 754: infinities and NaN, quiet and signalling, and zeros of both signs.
    const bool ieee = got.has_infinity && got.has_quiet_nan && got.has_signaling_nan && f.has_negative_zero;
    CHECK(got.is_iec559 == ieee);
    // 3. Digits and exponents.
    CHECK(got.radix == 2);
    CHECK(got.digits == digits);
    CHECK(power_of_ten(got.digits10) <= cpp_int(1) << static_cast<unsigned>(digits - 1));
    CHECK(power_of_ten(got.digits10 + 1) > cpp_int(1) << static_cast<unsigned>(digits - 1));
    CHECK(power_of_ten(got.max_digits10 - 1) > cpp_int(1) << static_cast<unsigned>(digits));
    CHECK(power_of_ten(got.max_digits10 - 2) <= cpp_int(1) << static_cast<unsigned>(digits));
    CHECK(got.max_exponent == reference::exponent_of(max) + 1);
    CHECK(got.min_exponent == reference::exponent_of(normal) + 1);
    CHECK(got.max_exponent10 == max_exponent10(rational_of(max)));
    CHECK(got.min_exponent10 == min_exponent10(rational_of(normal)));
    // 4. What holds for all of them.
    CHECK(got.is_specialized);
    CHECK(got.is_bounded);
    CHECK(got.round_style == std::round_to_nearest);
    CHECK_FALSE(
        (got.is_integer || got.is_exact || got.is_modulo || got.traps || got.has_denorm_loss || got.tinyness_before));
}

TEST_CASE("numeric_limits: the named formats and P3109's") {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        const auto one = [](const char* name, const dyad::float_format& f, const limits_of_type& got) {
            CAPTURE(std::string(name));
            check(f, got);
        };
        (one(reference::format_names[I], reference::format_at<I>::format, collect<reference::format_at<I>>()), ...);
    }
    (std::make_index_sequence<reference::format_count>{});
}

TEST_CASE("numeric_limits: minifloats with the codes of float and double have their limits") {
    const auto same = []<class Native>(Native) {
        using number = dyad::minifloat<dyad::native_format<Native>>;
        const limits_of_type got = collect<number>();
        using expected = std::numeric_limits<Native>;
        const auto code = [](Native x) { return std::bit_cast<typename number::bits_type>(x); };
        CHECK(got.digits == expected::digits);
        CHECK(got.digits10 == expected::digits10);
        CHECK(got.max_digits10 == expected::max_digits10);
        CHECK(got.min_exponent == expected::min_exponent);
        CHECK(got.max_exponent == expected::max_exponent);
        CHECK(got.min_exponent10 == expected::min_exponent10);
        CHECK(got.max_exponent10 == expected::max_exponent10);
        CHECK(got.is_iec559 == expected::is_iec559);
        CHECK(got.has_denorm == expected::has_denorm);
        CHECK(got.min == code(expected::min()));
        CHECK(got.max == code(expected::max()));
        CHECK(got.lowest == code(expected::lowest()));
        CHECK(got.epsilon == code(expected::epsilon()));
        CHECK(got.round_error == code(expected::round_error()));
        CHECK(got.denorm_min == code(expected::denorm_min()));
        CHECK(got.infinity == code(expected::infinity()));
        CHECK(got.quiet_nan == code(expected::quiet_NaN()));
        CHECK(got.signaling_nan == code(expected::signaling_NaN()));
    };
    same(float{});
    same(double{});
}

TEST_CASE("numeric_limits: decimal exponents of wide formats") {
    const auto check_exponents = []<dyad::float_format F>(dyad::minifloat<F>) {
        using limits = std::numeric_limits<dyad::minifloat<F>>;
        const auto value = [](dyad::minifloat<F> x) { return dyad_test::value_of(x.unpack()); };
        CHECK(limits::max_exponent10 == max_exponent10(value(limits::max())));
        CHECK(limits::min_exponent10 == min_exponent10(value(limits::min())));
    };
    // 2^132 is 5.4e39, and all but twice that 1.08e40.
    check_exponents(dyad::minifloat<dyad::float_format{.exponent_bits = 8, .significand_bits = 4, .bias = 122}>{});
    check_exponents(dyad::minifloat<dyad::float_format{.exponent_bits = 11, .significand_bits = 3, .bias = 1023}>{});
    check_exponents(dyad::minifloat<dyad::float_format{.exponent_bits = 11,
                                                       .significand_bits = 0,
                                                       .bias = 1023,
                                                       .infinity = dyad::infinity_codes::none,
                                                       .nan = dyad::nan_codes::top}>{});
    check_exponents(dyad::minifloat<dyad::float_format{.exponent_bits = 12, .significand_bits = 40, .bias = 2047}>{});
    // All numbers beyond 1.
    check_exponents(dyad::minifloat<dyad::float_format{.exponent_bits = 4, .significand_bits = 3, .bias = -10}>{});
    check_exponents(dyad::minifloat<dyad::float_format{.exponent_bits = 13, .significand_bits = 7, .bias = 4000}>{});
}

// --- fixed-point ---

template <class T>
void check_fixed() {
    const limits_of_type got = collect<T>();
    CAPTURE(reference::name_of<T>());
    // 1. Numbers: the extremes of all codes.
    std::int64_t least = 0;
    std::int64_t most = 0;
    for (std::uint64_t code = 0; code < reference::power_of_two(T::width); ++code) {
        const auto raw = static_cast<std::int64_t>(reference::from_code<T>(code).raw());
        least = std::min(least, raw);
        most = std::max(most, raw);
    }
    const auto raw_of = [](std::uint64_t code) {
        return static_cast<std::int64_t>(reference::from_code<T>(code).raw());
    };
    CHECK(raw_of(got.max) == most);
    CHECK(raw_of(got.lowest) == least);
    CHECK(got.min == got.lowest);
    CHECK((got.epsilon == 0 && got.round_error == 0 && got.denorm_min == 0));
    CHECK((got.infinity == 0 && got.quiet_nan == 0 && got.signaling_nan == 0));
    // 2. Digits: all integers below radix^digits, times the unit, are there.
    CHECK((std::int64_t{1} << got.digits) - 1 == most);
    CHECK(power_of_ten(got.digits10) - 1 <= most);
    CHECK(power_of_ten(got.digits10 + 1) - 1 > most);
    CHECK((got.radix == 2 && got.max_digits10 == 0));
    CHECK((got.min_exponent == 0 && got.max_exponent == 0 && got.min_exponent10 == 0 && got.max_exponent10 == 0));
    // 3. What it is. All values are integers if one is the unit.
    CHECK(got.is_signed == (least < 0));
    CHECK(got.is_integer == (T::fraction <= 0));
    CHECK(got.round_style == std::round_to_nearest);
    CHECK(got.has_denorm == std::denorm_absent);
    CHECK((got.is_specialized && got.is_exact && got.is_bounded));
    CHECK_FALSE((got.has_infinity || got.has_quiet_nan || got.has_signaling_nan || got.has_denorm_loss ||
                 got.is_iec559 || got.tinyness_before));
}

TEST_CASE("numeric_limits: fixed-point numbers") {
    check_fixed<dyad::integer<1>>();
    check_fixed<dyad::integer<2>>();
    check_fixed<dyad::integer<4>>();
    check_fixed<dyad::uinteger<1>>();
    check_fixed<dyad::uinteger<4>>();
    check_fixed<dyad::uinteger<7>>();
    check_fixed<dyad::fixed<8, 4>>();
    check_fixed<dyad::fixed<8, 8>>();
    check_fixed<dyad::fixed<8, -3>>();
    check_fixed<dyad::fixed<16, 15>>();
    check_fixed<dyad::fixed<14, 40>>();
    check_fixed<dyad::fixed<8, 0, dyad::signedness::is_signed, dyad::overflow::wrap>>();
    static_assert(std::numeric_limits<dyad::fixed<8, 4, dyad::signedness::is_signed, dyad::overflow::wrap>>::is_modulo);
    static_assert(!std::numeric_limits<dyad::fixed<8, 4>>::is_modulo && !std::numeric_limits<dyad::fixed<8, 4>>::traps);
    static_assert(std::numeric_limits<dyad::fixed<8, 4, dyad::signedness::is_signed, dyad::overflow::trap>>::traps);
    // Too wide to search: those of the native integers.
    static_assert(std::numeric_limits<dyad::integer<64>>::max().raw() == std::numeric_limits<std::int64_t>::max() &&
                  std::numeric_limits<dyad::integer<64>>::digits == 63 &&
                  std::numeric_limits<dyad::integer<64>>::digits10 == std::numeric_limits<std::int64_t>::digits10);
    static_assert(std::numeric_limits<dyad::uinteger<64>>::max().raw() == std::numeric_limits<std::uint64_t>::max() &&
                  std::numeric_limits<dyad::uinteger<64>>::digits10 == std::numeric_limits<std::uint64_t>::digits10);
}

}  // namespace
