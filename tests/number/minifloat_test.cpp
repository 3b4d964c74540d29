// SPDX-License-Identifier: Apache-2.0
// minifloat: the named formats against their published tables, numeric_limits against a search through all codes.
#include <dyad/number/minifloat.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <cmath>
#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using dyad::bfloat16;
using dyad::float16;
using dyad::float8_e4m3fn;
using dyad::float8_e5m2;
using dyad_test::tally;
using reference::kind;
using reference::name_of;
using reference::real;
using reference::real_of;
using reference::scaled;

template <class Function>
void for_each_named(Function f) {
    f(float8_e4m3fn{});
    f(float8_e5m2{});
    f(bfloat16{});
    f(float16{});
}
template <class Function>
void for_each_type(Function f) {
    for_each_named(f);
    f(dyad::float8_e4m3fnuz{});
    f(dyad::float8_e5m2fnuz{});
    f(dyad::float8_e3m4{});
    f(dyad::float6_e3m2fn{});
    f(dyad::float6_e2m3fn{});
    f(dyad::float4_e2m1fn{});
    f(dyad::binary8p4se{});
    f(dyad::binary8p3ue{});
    f(dyad::float8_e8m0fnu{});
    f(dyad::float8_e5m3fnu{});
    f(dyad::minifloat<reference::float8_e4m3_flushed>{});
}

// A row of the table that the formats' documents print.
template <class T>
void check_row(std::uint64_t max_code, double max, double min_normal, double min_subnormal, std::uint64_t infinity,
               std::uint64_t first_nan, std::uint64_t last_nan) {
    CAPTURE(name_of<T>());
    const auto at = [](std::uint64_t code) { return T::from_bits(static_cast<typename T::bits_type>(code)); };
    CHECK(static_cast<double>(at(max_code)) == max);
    CHECK(static_cast<double>(at(1)) == min_subnormal);
    CHECK(static_cast<double>(at(std::uint64_t{1} << (std::numeric_limits<T>::digits - 1))) == min_normal);
    if (infinity != 0) CHECK(static_cast<double>(at(infinity)) == HUGE_VAL);
    const std::uint64_t sign = std::uint64_t{1} << (T::width - 1);
    for (std::uint64_t code = 0; code < sign; ++code) {
        const bool nan = code >= first_nan && code <= last_nan;
        REQUIRE(std::isnan(static_cast<double>(at(code))) == nan);
        REQUIRE(std::isnan(static_cast<double>(at(sign + code))) == nan);
    }
}

TEST_CASE("minifloat: the published tables") {
    check_row<float8_e4m3fn>(0x7e, 448, 0x1p-6, 0x1p-9, 0, 0x7f, 0x7f);
    check_row<float8_e5m2>(0x7b, 57344, 0x1p-14, 0x1p-16, 0x7c, 0x7d, 0x7f);
    check_row<bfloat16>(0x7f7f, 0x1.fep127, 0x1p-126, 0x1p-133, 0x7f80, 0x7f81, 0x7fff);
    check_row<float16>(0x7bff, 65504, 0x1p-14, 0x1p-24, 0x7c00, 0x7c01, 0x7fff);
}

TEST_CASE("minifloat: layout and triviality") {
    for_each_type([]<class T>(T) {
        static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_default_constructible_v<T>);
        static_assert(std::is_standard_layout_v<T> && sizeof(T) == sizeof(typename T::bits_type));
        static_assert(T{}.bits() == 0 && dyad::format<T>);
        static_assert(!std::is_convertible_v<float, T> && !std::is_convertible_v<T, float>);
        static_assert(std::is_constructible_v<T, double> && std::is_constructible_v<T, int>);
    });
    static_assert(sizeof(float8_e4m3fn) == 1 && sizeof(bfloat16) == 2);
}

TEST_CASE("minifloat: bits, exact value, and unpack to pack for all codes") {
    for_each_type([]<class T>(T) {
        tally cases("codes of " + name_of<T>());
        for (const T x : reference::all_codes<T>()) {
            const real value = real_of(x);
            cases.check(T::from_bits(x.bits()).bits() == x.bits(), x.bits());
            cases.check(real_of(x.unpack()) == value, x.bits(), " ", x.unpack());
            const bool flushed = T::format.subnormals == dyad::subnormal_codes::flushed && is_zero(value);
            for (const auto mode : dyad_test::all_rounding_modes) {
                for (const auto policy : reference::all_saturations) {
                    if (value.what == kind::infinity && policy == dyad::saturation::finite) continue;
                    const auto back = T::pack(x.unpack(), mode, policy).bits();
                    cases.check(flushed ? real_of(T::from_bits(back)) == value : back == x.bits(), x.bits(), " ", mode);
                }
            }
            // Every value of at most 24 digits is exact in a float and in a double; -0 keeps its sign.
            const real single = real_of(static_cast<float>(x));
            const real wide = real_of(static_cast<double>(x));
            const bool same_class = single.what == value.what && wide.what == value.what;
            cases.check(same_class && single.magnitude == value.magnitude && wide.magnitude == value.magnitude &&
                            single.negative == value.negative && wide.negative == value.negative,
                        x.bits());
            if (value.what != kind::nan) cases.check(flushed || T(static_cast<double>(x)).bits() == x.bits(), x.bits());
        }
    });
}

TEST_CASE("minifloat: comparison of all pairs of 8 bits, and negation") {
    for_each_type([]<class T>(T) {
        if constexpr (T::width <= 8) {
            tally cases("pairs of " + name_of<T>());
            const std::vector<T> codes = reference::all_codes<T>();
            std::vector<real> values;
            for (const T x : codes) values.push_back(real_of(x));
            const auto target = reference::traits<T>::make();
            for (std::size_t i = 0; i < codes.size(); ++i) {
                for (std::size_t j = 0; j < codes.size(); ++j) {
                    const T x = codes[i];
                    const T y = codes[j];
                    const int order = reference::order(values[i], values[j]);
                    const auto got = x <=> y;
                    const bool same = order == 2   ? got == std::partial_ordering::unordered
                                      : order == 0 ? got == std::partial_ordering::equivalent
                                      : order < 0  ? got == std::partial_ordering::less
                                                   : got == std::partial_ordering::greater;
                    cases.check(same && (x == y) == (order == 0) && (x < y) == (order == -1) &&
                                    (x >= y) == (order == 0 || order == 1),
                                x.bits(), " ", y.bits());
                }
                if (values[i].what == kind::nan) continue;
                target->take(reference::negated(values[i]));
                const auto expected = target->code(dyad::rounding::nearest_even, dyad::saturation::none);
                cases.check((-codes[i]).bits() == expected, "-", codes[i].bits());
            }
        }
    });
}

TEST_CASE("minifloat: minus flips the sign of a NaN where it has one") {
    for_each_type([]<class T>(T) {
        if constexpr (T::format.nan != dyad::nan_codes::none) {
            tally cases("-NaN of " + name_of<T>());
            for (const T x : reference::all_codes<T>())
                if (real_of(x).what == kind::nan) {
                    const bool signs = T::format.nan != dyad::nan_codes::negative_zero;
                    const auto expected = x.bits() ^ (signs ? T::format.sign_bit() : 0);
                    cases.check((-x).bits() == expected, x.bits(), ": got ", (-x).bits());
                }
        }
    });
}

dyad_test::cpp_rational rational_of(const reference::exact& x) {
    return dyad_test::cpp_rational(dyad_test::cpp_int(x)) * dyad_test::power_of_two(-reference::unit_digits);
}
/// floor(log10 x), by counting powers of ten.
int floor_log10(const dyad_test::cpp_rational& x) {
    int n = 0;
    dyad_test::cpp_rational power = 1;
    while (power * 10 <= x) power *= 10, ++n;
    while (power > x) power /= 10, --n;
    return n;
}

template <class T>
void check_limits() {
    using limits = std::numeric_limits<T>;
    CAPTURE(name_of<T>());
    // 1. What the codes hold.
    reference::exact max = 0;
    reference::exact smallest = scaled(1, 200);
    reference::exact above_one = scaled(1, 200);
    reference::exact lowest_magnitude = 0;
    bool negative = false;
    bool infinity = false;
    int nans = 0;
    for (const T x : reference::all_codes<T>()) {
        const real value = real_of(x);
        infinity = infinity || value.what == kind::infinity;
        nans += value.what == kind::nan ? 1 : 0;
        if (value.what != kind::finite) continue;
        negative = negative || (value.negative && value.magnitude != 0);
        if (value.negative) lowest_magnitude = std::max(lowest_magnitude, value.magnitude);
        if (value.negative || value.magnitude == 0) continue;
        max = std::max(max, value.magnitude);
        smallest = std::min(smallest, value.magnitude);
        if (value.magnitude > scaled(1, 0)) above_one = std::min(above_one, value.magnitude);
    }
    const reference::exact epsilon = above_one - scaled(1, 0);
    // The smallest normal number: the first from which on the relative spacing is at most epsilon.
    reference::exact min_normal = smallest;
    for (const T x : reference::all_codes<T>()) {
        const real value = real_of(x);
        if (value.what != kind::finite || value.negative || value.magnitude == 0) continue;
        const int e = reference::exponent_of(value.magnitude);
        const int p = -reference::exponent_of(epsilon);
        const real next = real_of(T::from_bits(static_cast<typename T::bits_type>(x.bits() + 1)));
        if (next.what != kind::finite || next.negative) continue;
        if (next.magnitude - value.magnitude > scaled(1, e - p)) min_normal = next.magnitude;
    }
    // 2. What numeric_limits says of them.
    CHECK(limits::is_specialized);
    CHECK(real_of(limits::max()) == real{kind::finite, false, max});
    CHECK(real_of(limits::lowest()) ==
          (negative ? real{kind::finite, true, lowest_magnitude}
                    : real{kind::finite, false, T::format.has_zero ? reference::exact(0) : smallest}));
    CHECK(real_of(limits::min()) == real{kind::finite, false, min_normal});
    CHECK(real_of(limits::denorm_min()) == real{kind::finite, false, smallest});
    CHECK(real_of(limits::epsilon()) == real{kind::finite, false, epsilon});
    CHECK(limits::is_signed == negative);
    CHECK(limits::has_infinity == infinity);
    CHECK(limits::has_quiet_NaN == (nans > 0));
    CHECK((limits::has_denorm == std::denorm_present) == (smallest < min_normal));
    if (infinity) CHECK(real_of(limits::infinity()) == real{kind::infinity, false});
    if (nans > 0) CHECK(real_of(limits::quiet_NaN()).what == kind::nan);
    if (limits::has_signaling_NaN) {
        CHECK(real_of(limits::signaling_NaN()).what == kind::nan);
        CHECK(real_of(limits::signaling_NaN()).payload < reference::quiet);
        CHECK(real_of(limits::quiet_NaN()).payload == reference::quiet);
    }
    // 3. Digits and exponents as <limits> defines them.
    CHECK(limits::digits == 1 - reference::exponent_of(epsilon));
    CHECK(limits::radix == 2);
    CHECK(limits::min_exponent == reference::exponent_of(min_normal) + 1);
    CHECK(limits::max_exponent == reference::exponent_of(max) + 1);
    CHECK(limits::max_exponent10 == floor_log10(rational_of(max)));
    CHECK(limits::min_exponent10 == -floor_log10(1 / rational_of(min_normal)));
    CHECK(limits::digits10 == static_cast<int>(std::floor((limits::digits - 1) * std::log10(2.0))));
    CHECK(limits::max_digits10 == static_cast<int>(std::ceil(1 + limits::digits * std::log10(2.0))));
    CHECK(limits::is_bounded);
    CHECK_FALSE(limits::is_integer);
    CHECK_FALSE(limits::is_exact);
    CHECK_FALSE(limits::is_modulo);
    CHECK(limits::round_style == std::round_to_nearest);
}

TEST_CASE("minifloat: numeric_limits against a search through all codes") {
    for_each_type([]<class T>(T) { check_limits<T>(); });
}

TEST_CASE("minifloat: numeric_limits that no search finds") {
    CHECK(std::numeric_limits<float16>::is_iec559);
    CHECK(std::numeric_limits<bfloat16>::is_iec559);
    CHECK(std::numeric_limits<float8_e5m2>::is_iec559);
    CHECK_FALSE(std::numeric_limits<float8_e4m3fn>::is_iec559);
    for_each_named([]<class T>(T) {
        if constexpr (T::width == 16 || std::same_as<T, float8_e5m2>) CHECK(std::numeric_limits<T>::has_signaling_NaN);
        CHECK(static_cast<float>(std::numeric_limits<T>::round_error()) == 0.5f);
    });
    CHECK_FALSE(std::numeric_limits<float8_e4m3fn>::has_signaling_NaN);
}

TEST_CASE("minifloat: constant expressions, compound assignment") {
    constexpr auto x = float8_e4m3fn(1.5f);
    static_assert((x + x).bits() == float8_e4m3fn(3).bits() && static_cast<float>(x * x) == 2.25f);
    static_assert(x / float8_e4m3fn(0) != x);
    float16 y(10);
    y += float16(2);
    y -= float16(4);
    y *= float16(3);
    y /= float16(6);
    CHECK(static_cast<double>(y) == 4.0);
}

}  // namespace
