// SPDX-License-Identifier: Apache-2.0
// from_chars: every midpoint of the small formats and what lies next to it, in every rounding and saturation, against
// the conversion tables; doubles against the C library in every direction; long texts, wrong texts.
#include <dyad/number/from_chars.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/reference_text.hpp"
#include "support/tally.hpp"

#include <dyad/number/convert.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>

#include <bit>
#include <cfenv>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using dyad::rounding;
using dyad::saturation;
using dyad::text_error;
using dyad_test::cpp_int;
using dyad_test::cpp_rational;
using dyad_test::tally;
using reference::rational_of;
using reference::real_of_rational;

/// All digits of a dyadic rational.
std::string decimal_of(const cpp_rational& x) {
    const cpp_int d = denominator(x);
    const auto places = static_cast<unsigned>(msb(d));
    const cpp_int scaled = numerator(x) * boost::multiprecision::pow(cpp_int(5), places);
    std::string digits = cpp_int(abs(scaled)).str();
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    if (places > 0) digits.insert(digits.size() - places, ".");
    return (x < 0 ? "-" : "") + digits;
}

/// One text into a T in every mode and saturation.
template <class T>
void check(tally& cases, reference::target& target, const std::string& text, const reference::real& value) {
    target.take(value);
    for (const rounding mode : dyad_test::all_rounding_modes) {
        for (const saturation policy : reference::all_saturations) {
            T x{};
            const bool read = reference::read_text(text, x, mode, policy);
            const auto expected = target.code(mode, policy);
            cases.check(read && reference::traits<T>::code(x) == expected, reference::name_of<T>(), " from ", text,
                        ", ", mode, ", saturation ", static_cast<int>(policy), ": got ", reference::traits<T>::code(x),
                        ", expected ", expected);
        }
    }
}
template <class T>
void check(tally& cases, reference::target& target, const std::string& text) {
    reference::real value = real_of_rational(rational_of(text));
    value.negative = text.starts_with('-');
    check<T>(cases, target, text, value);
}

/// x, and decimals just below and above it: a digit more far behind its last.
template <class T>
void check_around(tally& cases, reference::target& target, const cpp_rational& x) {
    if (x == 0) return;
    const std::string text = decimal_of(x);
    check<T>(cases, target, text);
    check<T>(cases, target, "-" + text);
    const std::string zeros(50, '0');
    const bool point = text.find('.') != std::string::npos;
    check<T>(cases, target, text + (point ? "" : ".") + zeros + "1");
    check<T>(cases, target, "-" + text + (point ? "" : ".") + zeros + "1");
    // Below: the decimal with the last digit one lower (it is not zero), then nines.
    std::string below = text;
    std::size_t at = below.size() - 1;
    while (below[at] == '0' || below[at] == '.') --at;
    --below[at];
    for (std::size_t i = at + 1; i < below.size(); ++i) below[i] = below[i] == '.' ? '.' : '9';
    check<T>(cases, target, below + (point ? "" : ".") + std::string(50, '9'));
    check<T>(cases, target, "-" + below + (point ? "" : ".") + std::string(50, '9'));
}

cpp_rational rational_of_units(const reference::exact& x) {
    return cpp_rational(cpp_int(x)) * dyad_test::power_of_two(-reference::unit_digits);
}

template <class T>
void check_float(tally& cases, std::size_t step = 1) {
    const auto target = reference::traits<T>::make();
    const reference::float_target table(T::format);
    const auto& values = table.values();
    for (std::size_t i = 0; i + 1 < values.size(); i += i + step + 3 < values.size() ? step : 1) {
        const cpp_rational here = rational_of_units(values[i]);
        const cpp_rational next = rational_of_units(values[i + 1]);
        check_around<T>(cases, *target, here);
        check_around<T>(cases, *target, (here + next) / 2);
    }
    check_around<T>(cases, *target, rational_of_units(values.back()));
    for (const char* text : {"0", "-0", "0.0", "-0e5", "1e-30", "-1e-30", "1e30", "-1e30", "1e99", "-1e-99", "0.1"})
        check<T>(cases, *target, text);
}

TEST_CASE("values and midpoints of the 8-bit formats, and next to them: every rounding and saturation") {
    tally cases("midpoints of 8-bit formats");
    check_float<dyad::float8_e5m2>(cases);
    check_float<dyad::float8_e4m3fn>(cases);
    check_float<dyad::float8_e4m3fnuz>(cases);
    check_float<dyad::float8_e8m0fnu>(cases, 3);
    check_float<dyad::float8_e5m3fnu>(cases);
    check_float<dyad::float6_e2m3fn>(cases);
    check_float<dyad::float4_e2m1fn>(cases);
    check_float<dyad::binary8p3ue>(cases);
    check_float<dyad::binary8p4se>(cases);
    check_float<dyad::minifloat<reference::float8_e4m3_flushed>>(cases);
}
TEST_CASE("values and midpoints of wider formats") {
    tally cases("midpoints of 16-bit formats");
    check_float<dyad::float16>(cases, 501);
    check_float<dyad::bfloat16>(cases, 701);
}

template <class T>
void check_fixed(tally& cases) {
    const auto target = reference::traits<T>::make();
    const int step = T::width > 8 ? 1001 : 1;
    for (int raw = 2 * T::min_raw - 4; raw <= 2 * T::max_raw + 4; raw += step)
        check_around<T>(cases, *target, abs(raw * dyad_test::power_of_two(-T::fraction - 1)));
    for (const char* text : {"0", "-0", "1e30", "-1e30", "1e-30", "-1e-30"}) check<T>(cases, *target, text);
}
TEST_CASE("fixed-point: all values, midpoints, and beyond the range") {
    tally cases("fixed-point");
    check_fixed<dyad::fixed<8, 4>>(cases);
    check_fixed<dyad::fixed<8, 11>>(cases);
    check_fixed<dyad::fixed<6, 3, dyad::signedness::is_unsigned>>(cases);
    check_fixed<dyad::fixed<8, -3>>(cases);
    check_fixed<dyad::integer<3>>(cases);
    check_fixed<dyad::fixed<16, 15>>(cases);
}

TEST_CASE("fixed-point that wraps or traps refuses what is beyond its range") {
    using wraps = dyad::fixed<8, 4, dyad::signedness::is_signed, dyad::overflow::wrap>;
    using traps = dyad::fixed<8, 4, dyad::signedness::is_signed, dyad::overflow::trap>;
    using positive = dyad::fixed<8, 4, dyad::signedness::is_unsigned, dyad::overflow::trap>;
    const auto check_type = [&]<class T>(std::type_identity<T>, const char* text, text_error expected, int raw,
                                         rounding mode = rounding::nearest_even) {
        CAPTURE(text);
        T x = T::from_raw(1);
        const std::string all = text;
        const auto read = dyad::from_chars(all.data(), all.data() + all.size(), x, mode);
        CHECK(read.ec == expected);
        CHECK(read.ptr == all.data() + all.size());
        CHECK(x.raw() == (expected == text_error::none ? raw : 1));
    };
    const auto check_both = [&](const char* text, text_error expected, int raw,
                                rounding mode = rounding::nearest_even) {
        check_type(std::type_identity<wraps>{}, text, expected, raw, mode);
        check_type(std::type_identity<traps>{}, text, expected, raw, mode);
    };
    constexpr auto out = text_error::result_out_of_range;
    check_both("7.9375", text_error::none, 127);
    check_both("7.96875", out, 0);  // half a unit beyond, and 127 is odd
    check_both("7.9687499999999999999999999999", text_error::none, 127);
    check_both("7.99", text_error::none, 127, rounding::toward_zero);
    check_both("7.94", out, 0, rounding::toward_positive);
    check_both("-8", text_error::none, -128);
    check_both("-8.03125", text_error::none, -128);
    check_both("-8.0312500000000000000000000001", out, 0);
    check_both("1e999999999999", out, 0);
    check_both("0x1p+4", out, 0);
    check_both("0x1p+999999999", out, 0);
    check_both("-1e-999999999999", text_error::none, 0);
    check_both("inf", out, 0);
    check_both("nan", out, 0);
    check_both("0", text_error::none, 0);
    check_type(std::type_identity<positive>{}, "-0.03", text_error::none, 0);
    check_type(std::type_identity<positive>{}, "-0.04", out, 0);
    check_type(std::type_identity<positive>{}, "15.9375", text_error::none, 255);
}

TEST_CASE("doubles and floats: the C library in its four rounding modes") {
    std::mt19937_64 random(3);
    tally cases("strtod and strtof");
    constexpr std::pair<rounding, int> modes[]{{rounding::nearest_even, FE_TONEAREST},
                                               {rounding::toward_zero, FE_TOWARDZERO},
                                               {rounding::toward_negative, FE_DOWNWARD},
                                               {rounding::toward_positive, FE_UPWARD}};
    const auto check_text = [&](const std::string& text) {
        for (const auto& [mode, environment] : modes) {
            double x = 0;
            float y = 0;
            const bool read = reference::read_text(text, x, mode) && reference::read_text(text, y, mode);
            std::fesetround(environment);
            const double expected = std::strtod(text.c_str(), nullptr);
            const float expected_float = std::strtof(text.c_str(), nullptr);
            std::fesetround(FE_TONEAREST);
            const bool same = std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(expected);
            const bool same_float = std::bit_cast<std::uint32_t>(y) == std::bit_cast<std::uint32_t>(expected_float);
            cases.check(read && same, text, " ", mode, ": ", x, " instead of ", expected);
            cases.check(read && same_float, text, " ", mode, ": ", y, " instead of ", expected_float);
        }
    };
    for (int i = 0; i < 3000; ++i) {
        std::string digits;
        for (auto n = random() % (i % 10 == 0 ? 900 : 40) + 1; n > 0; --n)
            digits += static_cast<char>('0' + random() % 10);
        if (random() % 2 != 0) digits.insert(random() % digits.size(), ".");
        if (digits == ".") continue;
        const int e = static_cast<int>(random() % 700) - 350;
        check_text((random() % 2 != 0 ? "-" : "") + digits + "e" + std::to_string(e - static_cast<int>(digits.size())));
    }
    // Midpoints of doubles, with all their digits; and one digit more or less at the end.
    for (int i = 0; i < 400; ++i) {
        const double x = std::bit_cast<double>(random() >> 1);
        if (!std::isfinite(x)) continue;
        const dyad::unpacked value = dyad::unpack(i % 4 == 0 ? std::bit_cast<double>(random() >> 12) : x);
        if (value.kind != dyad::number_class::finite) continue;
        const std::string middle =
            decimal_of((value.significand * 2 + 1) * dyad_test::power_of_two(value.exponent - 1));
        check_text(middle);
        check_text(middle + (middle.find('.') == std::string::npos ? ".0001" : "0001"));
        std::string below = middle;
        std::size_t at = below.size() - 1;
        while (below[at] == '0') --at;
        if (below[at] != '.') --below[at];
        check_text(below);
    }
    for (const char* text :
         {"2.2250738585072011e-308", "2.2250738585072012e-308", "4.9406564584124654e-324", "2.4703282292062327e-324",
          "2.4703282292062328e-324", "1.7976931348623158e308", "1.7976931348623159e308", "3.4028235677973366e38",
          "9007199254740993", "1e23", "8.5e22", "0x1.fffffffffffff8p+1023", "0x1.fffffffffffff7p+1023", "0x.8p-1074",
          "0x.80001p-1074", "0x1.000000000000080000000000000000000000000000000000001", "0X1P-149", "0x1.000001p0",
          "0xffp-4"})
        check_text(text);
}

/// The same in all types at once: long texts end in the same code as short ones.
TEST_CASE("long texts and huge exponents") {
    tally cases("long texts");
    const std::string zeros(20000, '0');
    const auto same = [&]<class T>(std::type_identity<T>, const std::string& text, const std::string& as) {
        T x{};
        T y{};
        const bool read = reference::read_text(text, x) && reference::read_text(as, y);
        cases.check(read && dyad::unpack(x) == dyad::unpack(y), text.substr(0, 40), "... instead of ", as);
    };
    const auto same_in_all = [&](const std::string& text, const std::string& as) {
        same(std::type_identity<dyad::float8_e4m3fn>{}, text, as);
        same(std::type_identity<dyad::float4_e2m1fn>{}, text, as);
        same(std::type_identity<dyad::fixed<64, 32>>{}, text, as);
        same(std::type_identity<float>{}, text, as);
        same(std::type_identity<double>{}, text, as);
        same(std::type_identity<std::int64_t>{}, text, as);
    };
    same_in_all("1" + zeros + "e-20000", "1");
    same_in_all("0." + zeros + "1e20001", "1");
    same_in_all("-0." + zeros + "4375e+20001", "-4.375");
    same_in_all(zeros + "2.5" + zeros, "2.5");
    same_in_all("2.5" + zeros + "1", "2.50000000000000000000000000000000000000000001");
    same_in_all("2.4" + std::string(20000, '9'), "2.4999999999999999999999999999999999999999999");
    same_in_all("1e-999999999", "1e-5000");
    same_in_all("1e-99999999999999999999999999", "1e-5000");
    same_in_all("-1e-999999999", "-1e-5000");
    same_in_all("1e999999999", "1e5000");
    same_in_all("-1e99999999999999999999999999", "-1e5000");
    same_in_all("0e999999999999999999999", "0");
    same_in_all("0x1" + zeros + "p-80000", "1");
    same_in_all("0x0." + zeros + "1p80004", "1");
    same_in_all("0x1p-99999999999999999", "1e-5000");
    same_in_all("0x1p99999999999999999", "1e5000");
    same_in_all("0x2.8" + zeros + "1", "2.500000000000000000000000000000000000001");
    const std::string fraction = "7" + std::string(300, '0') + "/2" + std::string(300, '0');
    same(std::type_identity<double>{}, fraction, "3.5");
    same(std::type_identity<double>{}, zeros + fraction, "3.5");
}

TEST_CASE("fractions") {
    std::mt19937_64 random(4);
    tally cases("fractions");
    const auto check_type = [&]<class T>(std::type_identity<T>) {
        const auto target = reference::traits<T>::make();
        for (int i = 0; i < 3000; ++i) {
            const std::uint64_t a = random() >> (random() % 64);
            const std::uint64_t b = (random() >> (random() % 64)) | 1;
            check<T>(cases, *target, (i % 2 != 0 ? "-" : "") + std::to_string(a) + "/" + std::to_string(b));
            check<T>(cases, *target, std::to_string(a % 1024) + "/" + std::to_string(1 << (random() % 16)));
        }
        for (const char* text : {"0/1", "-0/3", "1/3", "7/16", "0007/0016", "-3/1", "1/1024", "10/2000", "464/1"})
            check<T>(cases, *target, text);
    };
    check_type(std::type_identity<dyad::float8_e4m3fn>{});
    check_type(std::type_identity<dyad::bfloat16>{});
    check_type(std::type_identity<dyad::fixed<16, 15>>{});
    check_type(std::type_identity<float>{});
    check_type(std::type_identity<std::int64_t>{});
    // Longer than any value of the type: refused, not rounded wrongly.
    dyad::float8_e4m3fn x{};
    const std::string text = "1/" + std::string(2000, '3');
    const auto read = dyad::from_chars(text.data(), text.data() + text.size(), x);
    CHECK(read.ec == text_error::result_out_of_range);
    CHECK(read.ptr == text.data() + text.size());
}

TEST_CASE("integers and fixed-point of 64 bits") {
    std::mt19937_64 random(5);
    tally cases("integers");
    const auto check_type = [&]<class T>(std::type_identity<T>) {
        const auto target = reference::traits<T>::make();
        for (int i = 0; i < 300; ++i) {
            const auto m = ((dyad::uint128_t{random()} << 64) | random()) >> (random() % 128);
            const std::string digits = dyad_test::to_integer(m).str();
            for (const char* tail :
                 {"", ".5", ".49999999999999999999999999999999999", ".50000000000000000000000000001"}) {
                check<T>(cases, *target, digits + tail);
                check<T>(cases, *target, "-" + digits + tail);
            }
        }
    };
    check_type(std::type_identity<std::int64_t>{});
    check_type(std::type_identity<std::uint64_t>{});
    check_type(std::type_identity<std::uint8_t>{});
    check_type(std::type_identity<dyad::fixed<64, 63>>{});
    check_type(std::type_identity<dyad::fixed<64, -3, dyad::signedness::is_unsigned>>{});
}

TEST_CASE("stochastic rounding of a decimal is that of its value") {
    tally cases("stochastic");
    const auto target = reference::traits<dyad::float8_e4m3fn>::make();
    for (const char* text : {"0.1", "-1.0625", "447.999", "1.03125", "3.0000000000001", "1.125"}) {
        reference::real value = real_of_rational(rational_of(text));
        target->take(value);
        for (const auto variant : dyad_test::all_stochastic_variants) {
            for (std::uint32_t bits = 0; bits < 256; ++bits) {
                const dyad::stochastic rule{variant, 8, bits};
                dyad::float8_e4m3fn x{};
                const bool read = reference::read_text(text, x, rule);
                cases.check(read && x.bits() == target->code(rule, saturation::none), text, " ", rule);
            }
        }
    }
}

struct reading {
    text_error ec;
    std::ptrdiff_t length;
    double value;
};
reading read_double(std::string_view text) {
    double x = 77;
    const auto read = dyad::from_chars(text.data(), text.data() + text.size(), x);
    return {read.ec, read.ptr - text.data(), x};
}

TEST_CASE("what is no number, and where a number ends") {
    for (const char* text :
         {"", "-", "+1", " 1", ".", "-.", "e5", ".e5", "x1", "--1", "/2", "1/0", "0/0", "-5/000", "in", "na", "-/3"}) {
        CAPTURE(text);
        const reading got = read_double(text);
        CHECK(got.ec == text_error::invalid_argument);
        CHECK(got.length == 0);
        CHECK(got.value == 77);
    }
    const auto check_read = [](const char* text, std::ptrdiff_t length, double value) {
        CAPTURE(text);
        const reading got = read_double(text);
        CHECK(got.ec == text_error::none);
        CHECK(got.length == length);
        CHECK(got.value == value);
    };
    check_read("1", 1, 1);
    check_read("1.", 2, 1);
    check_read(".5", 2, 0.5);
    check_read("-.5x", 3, -0.5);
    check_read("1.5.2", 3, 1.5);
    check_read("1e", 1, 1);
    check_read("1e+", 1, 1);
    check_read("1E-2 ", 4, 0.01);
    check_read("1e2.5", 3, 100);
    check_read("1/2/3", 3, 0.5);
    check_read("1/ 2", 1, 1);
    check_read("1/-2", 1, 1);
    check_read("1.5/2", 3, 1.5);
    check_read("1e1/2", 3, 10);
    check_read("0x", 1, 0);
    check_read("0xg", 1, 0);
    check_read("-0x.p1", 2, 0);
    check_read("0x1P", 3, 1);
    check_read("0xAbC.8p-1", 10, 0xabc.8p-1);
    check_read("0x1e2", 5, 0x1e2);
    check_read("inf", 3, HUGE_VAL);
    check_read("-INFINITY!", 9, -HUGE_VAL);
    check_read("infinit", 3, HUGE_VAL);
    CHECK(std::signbit(read_double("-0").value));
    const reading nan = read_double("-NaN(1)");
    CHECK(nan.length == 4);
    CHECK(std::isnan(nan.value));
    CHECK(std::signbit(nan.value));
}

TEST_CASE("words into types that lack them become what convert makes of them") {
    const auto code = [](auto x, const char* text, auto... rule) {
        REQUIRE(reference::read_text(text, x, rule...));
        return static_cast<int>(x.bits());
    };
    CHECK(code(dyad::float8_e4m3fn{}, "inf") == 0x7f);
    CHECK(code(dyad::float8_e4m3fn{}, "-inf", rounding::nearest_even, saturation::finite) == 0xfe);
    CHECK(code(dyad::float8_e5m2{}, "-inf") == 0xfc);
    CHECK(code(dyad::float8_e5m2{}, "nan") == 0x7e);
    CHECK(code(dyad::float8_e5m2{}, "-nan") == 0xfe);
    CHECK(code(dyad::float4_e2m1fn{}, "inf") == 7);
    CHECK(code(dyad::float8_e4m3fnuz{}, "-nan") == 0x80);
    CHECK(code(dyad::float8_e4m3fnuz{}, "-0") == 0);
    CHECK(code(dyad::fixed<8, 4>{}, "inf") == 127);
    CHECK(code(dyad::fixed<8, 4>{}, "nan") == 0);
    CHECK(code(dyad::float8_e8m0fnu{}, "0") == 0xff);
}

template <class T>
constexpr T constant(std::string_view text) {
    T x{};
    return dyad::from_chars(text.data(), text.data() + text.size(), x) ? x : T{};
}
static_assert(constant<dyad::float8_e4m3fn>("448").bits() == 0x7e);
static_assert(constant<dyad::float8_e4m3fn>("0.3").bits() == dyad::float8_e4m3fn(0.3).bits());
static_assert(constant<double>("0.1") == 0.1);
static_assert(constant<float>("1e-45") == 1e-45f);
static_assert(constant<dyad::fixed<16, 15>>("-1/3").raw() == -10923);

}  // namespace
