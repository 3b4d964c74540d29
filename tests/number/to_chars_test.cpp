// SPDX-License-Identifier: Apache-2.0
// to_chars: exact and shortest text of every code of the small formats against rationals; of float and double against
// the C and C++ library; buffers of every size.
#include <dyad/number/to_chars.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/reference_text.hpp"
#include "support/tally.hpp"

#include <dyad/number/dyadic.hpp>
#include <dyad/number/lmul_number.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>
#include <dyad/number/power.hpp>
#include <dyad/number/ternary.hpp>

#include <bit>
#include <charconv>
#include <cstdio>
#include <random>
#include <string>

namespace {

using dyad::text_format;
using dyad_test::tally;
using reference::rational_of;
using reference::text_of;

constexpr auto is_unsigned = dyad::signedness::is_unsigned;

template <class... Types, class Function>
void for_types(Function f) {
    (f(std::type_identity<Types>{}), ...);
}
template <class Function>
void for_small_types(Function f) {
    for_types<dyad::float8_e5m2, dyad::float8_e4m3fn, dyad::float8_e4m3, dyad::float8_e3m4, dyad::float8_e4m3fnuz,
              dyad::float8_e5m2fnuz, dyad::float8_e4m3b11fnuz, dyad::float8_e8m0fnu, dyad::float8_e5m3fnu,
              dyad::float6_e2m3fn, dyad::float6_e3m2fn, dyad::float4_e2m1fn,
              dyad::minifloat<reference::float8_e4m3_flushed>, dyad::binary8p4se, dyad::binary8p1uf, dyad::binary8p1se,
              dyad::binary8p3ue, dyad::binary4p2sf, dyad::binary3p1uf, dyad::binary8p8uf>(f);
}

std::string printed(const char* form, int precision, double x) {
    std::string text(2000, '\0');
    text.resize(static_cast<std::size_t>(std::snprintf(text.data(), text.size(), form, precision, x)));
    return text;
}

/// exact, scientific, general and hexadecimal with and without precisions, against C's printf of the same double.
template <class T>
void check_against_printf(tally& cases, T x, std::initializer_list<int> precisions) {
    const auto wide = static_cast<double>(x);
    for (const int p : precisions) {
        const auto check = [&](text_format format, const char* form) {
            const std::string got = text_of(x, format, p);
            cases.check(got == printed(form, p, wide), form, " with ", p, " of ", wide, ": ", got);
        };
        check(text_format::exact, "%.*f");
        check(text_format::scientific, "%.*e");
        check(text_format::general, "%.*g");
        if (wide != 0 && std::fabs(wide) < 0x1p-1022) continue;
        // Where the digits round up to the next power of two, C writes 0x2p-19 and we 0x1p-18.
        const std::string expected = printed("%.*a", p, wide);
        const bool carried = expected.starts_with("0x2") || expected.starts_with("-0x2");
        const std::string got = text_of(x, text_format::hexadecimal, p);
        cases.check(carried ? std::stod(got) == std::stod(expected) && got.find("0x1") < 2 : got == expected, got);
    }
}

/// Without a precision: all digits and no zero behind them.
template <class T>
void check_exact(tally& cases, T x) {
    const dyad::unpacked value = dyad::unpack(x);
    if (value.kind != dyad::number_class::finite) return;
    const auto expected = rational_of(value);
    const std::string exact = text_of(x, text_format::exact);
    cases.check(rational_of(exact) == expected && (exact.find('.') == std::string::npos || exact.back() != '0'), exact);
    const std::string scientific = text_of(x, text_format::scientific);
    const auto e = scientific.find('e');
    cases.check(rational_of(scientific) == expected && (scientific[1] != '.' || scientific[e - 1] != '0'), scientific);
    cases.check(rational_of(text_of(x, text_format::general)) == expected, "general ", scientific);
    const std::string fraction = text_of(x, text_format::fraction);
    const auto d = denominator(expected);
    const std::string lowest = numerator(expected).str() + (d == 1 ? "" : "/" + d.str());
    cases.check(fraction == lowest, fraction, " instead of ", lowest);
    const std::string hexadecimal = text_of(x, text_format::hexadecimal);
    const auto digits = hexadecimal.substr(0, hexadecimal.find('p'));
    cases.check(digits.find('.') == std::string::npos || digits.back() != '0', hexadecimal);
    T again{};
    cases.check(reference::read_text(hexadecimal, again) && dyad::unpack(again) == value, hexadecimal);
}

TEST_CASE("exact, scientific, general, fraction and hexadecimal: all codes of the small formats") {
    tally cases("exact text of 8 bits and less");
    for_small_types([&]<class T>(std::type_identity<T>) {
        for (const T x : reference::all_codes<T>()) {
            check_exact(cases, x);
            if (dyad::unpack(x).kind != dyad::number_class::nan) check_against_printf(cases, x, {0, 1, 2, 3, 9, 40});
        }
    });
    for_types<dyad::fixed<8, 4>, dyad::fixed<8, 11>, dyad::fixed<8, -3>, dyad::fixed<5, 2, is_unsigned>,
              dyad::integer<8>, dyad::uinteger<3>>([&]<class T>(std::type_identity<T>) {
        for (const T x : reference::all_codes<T>()) {
            check_exact(cases, x);
            check_against_printf(cases, x, {0, 1, 2, 5});
        }
    });
}

TEST_CASE("exact text of 16-bit codes, floats, doubles, wide fixed-point and integers") {
    std::mt19937_64 random(5);
    tally cases("exact text, wide");
    for (std::uint32_t code = 0; code < 65536; code += 7) {
        const auto bits = static_cast<std::uint16_t>(code);
        const auto half = dyad::float16::from_bits(bits);
        const auto brain = dyad::bfloat16::from_bits(bits);
        check_exact(cases, half);
        check_exact(cases, brain);
        const int precision = static_cast<int>(random() % 12);
        if (dyad::unpack(half).kind != dyad::number_class::nan) check_against_printf(cases, half, {precision});
        if (dyad::unpack(brain).kind != dyad::number_class::nan) check_against_printf(cases, brain, {precision});
    }
    for (int i = 0; i < 4000; ++i) {
        const auto x = std::bit_cast<double>(i % 8 == 0 ? random() >> 11 : random());
        const auto y = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
        const int precision = static_cast<int>(random() % 30);
        if (x == x) check_against_printf(cases, x, {precision, 17});
        if (y == y) check_against_printf(cases, y, {precision, 9});
        if (i % 16 == 0) check_exact(cases, x);
        check_exact(cases, y);
        check_exact(cases, dyad::fixed<64, 63>::from_bits(random()));
        check_exact(cases, dyad::fixed<64, -20, is_unsigned>::from_bits(random()));
        check_exact(cases, static_cast<std::int64_t>(random()));
        check_exact(cases, static_cast<std::uint8_t>(random()));
    }
}

TEST_CASE("128-bit integers: all digits") {
    std::mt19937_64 random(6);
    tally cases("128 bits");
    for (int i = 0; i < 2000; ++i) {
        const auto m = ((dyad::uint128_t{random()} << 64) | random()) >> (random() % 128);
        const auto x = static_cast<dyad::int128_t>(m);
        for (const auto format : {text_format::exact, text_format::shortest, text_format::fraction}) {
            const std::string unsigned_text = text_of(m, format);
            const std::string signed_text = text_of(x, format);
            cases.check(rational_of(unsigned_text) == dyad_test::to_integer(m), unsigned_text);
            cases.check(rational_of(signed_text) == dyad_test::to_integer(x), signed_text);
        }
    }
}

/// The positive values of a format by its formula, whatever its special codes.
template <dyad::float_format F>
reference::ladder ladder_of(std::type_identity<dyad::minifloat<F>>) {
    const reference::float_target table(F);
    reference::ladder all;
    const auto rational = [](const reference::exact& x) {
        return dyad_test::cpp_rational(dyad_test::cpp_int(x)) * dyad_test::power_of_two(-reference::unit_digits);
    };
    for (const auto& x : table.values()) all.values.push_back(rational(x));
    all.beyond = all.values.back();
    all.values.pop_back();
    all.first_code = 0;
    all.saturates_above = F.infinity == dyad::infinity_codes::none &&
                          (F.nan == dyad::nan_codes::none || F.overflow == dyad::overflow_codes::largest);
    all.saturates_below = !F.has_zero;
    return all;
}
template <int Width, int Fraction, dyad::signedness Sign, dyad::overflow Overflow>
reference::ladder ladder_of(std::type_identity<dyad::fixed<Width, Fraction, Sign, Overflow>>) {
    using type = dyad::fixed<Width, Fraction, Sign, Overflow>;
    reference::ladder all;
    all.first_code = 0;
    for (int raw = 0; raw <= type::max_raw; ++raw) all.values.push_back(raw * dyad_test::power_of_two(-Fraction));
    all.beyond = (type::max_raw + 1) * dyad_test::power_of_two(-Fraction);
    all.saturates_above = Overflow == dyad::overflow::saturate;
    return all;
}

template <class T>
void check_shortest(tally& cases, std::size_t step) {
    const auto all = ladder_of(std::type_identity<T>{});
    for (std::size_t code = 0; code < all.values.size(); code += step) {
        const T x = reference::from_code<T>(code);
        if (dyad::unpack(x).kind != dyad::number_class::finite) continue;  // zero, flushed subnormals
        const std::string expected = reference::shortest_text(all.around(code), all.values[code]);
        const std::string got = text_of(x);
        cases.check(got == expected, reference::name_of<T>(), " ", code, ": ", got, " instead of ", expected);
        // (two's complement goes one further below zero: nothing saturates to its second lowest)
        const bool one_sided = all.saturates_above && std::numeric_limits<T>::is_exact && code + 1 == all.values.size();
        if (std::numeric_limits<T>::is_signed && !one_sided) {
            const std::string negative = text_of(-x);
            cases.check(negative == "-" + expected, negative, " instead of -", expected);
        }
    }
}

TEST_CASE("shortest: the fewest digits that round to the code, the closest of those: all codes") {
    tally cases("shortest");
    for_small_types([&]<class T>(std::type_identity<T>) { check_shortest<T>(cases, 1); });
    check_shortest<dyad::bfloat16>(cases, 23);
    check_shortest<dyad::float16>(cases, 5);
    check_shortest<dyad::binary<16, 12>>(cases, 31);
    check_shortest<dyad::fixed<8, 4>>(cases, 1);
    check_shortest<dyad::fixed<8, 11>>(cases, 1);
    check_shortest<dyad::fixed<8, -7>>(cases, 1);
    check_shortest<dyad::fixed<8, 7, dyad::signedness::is_signed, dyad::overflow::trap>>(cases, 1);
    check_shortest<dyad::fixed<8, -2, dyad::signedness::is_signed, dyad::overflow::trap>>(cases, 1);
    check_shortest<dyad::fixed<8, -9, is_unsigned, dyad::overflow::wrap>>(cases, 1);
    check_shortest<dyad::integer<4>>(cases, 1);
    check_shortest<dyad::fixed<16, 15>>(cases, 37);
}

TEST_CASE("shortest of floats and doubles is the C++ library's") {
    std::mt19937_64 random(7);
    tally cases("shortest of native floats");
    const auto check = [&]<class T>(T x) {
        char expected[64];
        const auto end = std::to_chars(expected, expected + 64, x).ptr;
        const std::string got = text_of(x);
        cases.check(got == std::string(expected, end), got, " instead of ", std::string(expected, end));
    };
    for (int i = 0; i < 20000; ++i) {
        check(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
        check(std::bit_cast<double>(random() & ~(std::uint64_t{1} << 62)));  // (small ones and NaN)
        check(std::bit_cast<double>(random()));
        check(static_cast<double>(random() >> (random() % 64)));
        check(static_cast<float>(random() >> (random() % 64)) / static_cast<float>(1 << (random() % 12)));
        check(static_cast<double>(random() % 100000) / 1000);
    }
    for (int e = -1074; e < 1024; ++e) {
        for (const double x : {std::ldexp(1.0, e), std::nextafter(std::ldexp(1.0, e), 0.0), -std::ldexp(1.0, e)})
            check(x);
        if (e > -150 && e < 128) check(std::ldexp(1.0f, e));
    }
    for (const double x : {0.0, -0.0, 5e-324, 1e22, 1e23, 1.7976931348623157e308, HUGE_VAL, -HUGE_VAL}) check(x);
    check(3.4028235e38f);
}

TEST_CASE("every code reads back as itself, in every format") {
    tally cases("round trip");
    const auto check = [&]<class T>(std::type_identity<T>) {
        for (const T x : reference::all_codes<T>()) {
            if (dyad::unpack(x).kind == dyad::number_class::nan) continue;
            for (const auto format : {text_format::shortest, text_format::exact, text_format::scientific,
                                      text_format::general, text_format::fraction, text_format::hexadecimal}) {
                if (sizeof(T) > 1 && format != text_format::shortest) continue;
                T again{};
                const std::string text = text_of(x, format);
                // (a subnormal code of a format that flushes reads as zero and is written so)
                const bool same = reference::read_text(text, again) && dyad::unpack(again) == dyad::unpack(x);
                cases.check(same, "code ", int(static_cast<std::uint16_t>(x.bits())), " ", text);
            }
        }
    };
    for_small_types(check);
    for_types<dyad::bfloat16, dyad::float16, dyad::fixed<16, 15>, dyad::fixed<16, 20>, dyad::uinteger<16>>(check);
    for_types<dyad::power<4, 2>, dyad::power<8, 2>, dyad::lmul_number<dyad::float8_e4m3fn>>(check);
}

TEST_CASE("zeros, infinities, NaN") {
    CHECK(text_of(-0.0) == "-0");
    CHECK(text_of(-0.0, text_format::scientific, 2) == "-0.00e+00");
    CHECK(text_of(-0.0, text_format::hexadecimal) == "-0x0p+0");
    CHECK(text_of(0.0, text_format::hexadecimal, 2) == "0x0.00p+0");
    CHECK(text_of(0.0, text_format::fraction) == "0");
    CHECK(text_of(0.0, text_format::exact, 3) == "0.000");
    CHECK(text_of(dyad::float8_e4m3fn::from_bits(0x80)) == "-0");
    CHECK(text_of(dyad::float8_e4m3fn::from_bits(0x7f)) == "nan");
    CHECK(text_of(dyad::float8_e4m3fn::from_bits(0xff)) == "-nan");
    CHECK(text_of(dyad::float8_e4m3fnuz::from_bits(0x80)) == "nan");
    CHECK(text_of(dyad::float8_e5m2::from_bits(0xfc), text_format::exact) == "-inf");
    CHECK(text_of(dyad::fixed<8, 4>{}) == "0");
}

TEST_CASE("ternary, squares, L-Mul numbers") {
    CHECK(text_of(dyad::ternary::from_raw(-1)) == "-1");
    CHECK(text_of(dyad::ternary::from_raw(0), text_format::scientific, 1) == "0.0e+00");
    CHECK(text_of(dyad::power<8, 2>::from_raw(-127)) == "-16129");
    CHECK(text_of(dyad::power<8, 2>::from_raw(100)) == "10000");
    CHECK(text_of(dyad::power<8, 2>::from_raw(100), text_format::exact) == "10000");
    CHECK(text_of(dyad::lmul_number<dyad::float8_e4m3fn>(0.3)) == "0.3");
    CHECK(dyad::max_chars_of<dyad::ternary> < 100);
    CHECK(dyad::max_chars_of<dyad::power<16, 2>> < 120);
    dyad::ternary x{};
    CHECK(reference::read_text("-0.51", x));
    CHECK(x.raw() == -1);
    dyad::power<8, 2> square{};
    CHECK(reference::read_text("6.5", square));  // half-way from 2 * 2 to 3 * 3
    CHECK(square.raw() == 2);
    CHECK(reference::read_text("6.50000000000000000000000001", square));
    CHECK(square.raw() == 3);
}

TEST_CASE("the examples of docs/formats.md") {
    const auto x = dyad::float8_e4m3fn(0.1);
    CHECK(text_of(x) == "0.1");
    CHECK(text_of(x, text_format::exact) == "0.1015625");
    CHECK(text_of(x, text_format::scientific) == "1.015625e-01");
    CHECK(text_of(x, text_format::general) == "0.1015625");
    CHECK(text_of(x, text_format::fraction) == "13/128");
    CHECK(text_of(x, text_format::hexadecimal) == "0x1.ap-4");
    CHECK(text_of(std::numeric_limits<dyad::float6_e2m3fn>::max()) == "7.5");
}

TEST_CASE("precisions have an end") {
    CHECK(text_of(0.1, text_format::exact, 1 << 20, 2'000'000).size() == (1 << 20) + 2);
    CHECK(text_of(0.1, text_format::exact, INT32_MAX) == "too large");
    CHECK(text_of(0.1, text_format::hexadecimal, INT32_MAX) == "too large");
    CHECK(text_of(0.5, text_format::exact, INT32_MIN) == "0.5");
}

TEST_CASE("dyadic numbers: all digits, and none beyond 2^1100") {
    CHECK(text_of(dyad::dyadic<32>{7, -4}, text_format::fraction) == "7/16");
    CHECK(text_of(dyad::dyadic<32>{-7, -4}) == "-0.4375");
    CHECK(text_of(dyad::dyadic<32>{3, 2}) == "12");
    CHECK(text_of(dyad::dyadic<8>{1, -1100}, text_format::scientific, 5) == "7.36215e-332");
    CHECK(text_of(dyad::dyadic<8>{1, 1100}, text_format::exact).size() == 332);
    CHECK(text_of(dyad::dyadic<8>{1, 1101}, text_format::exact) == "too large");
    CHECK(text_of(dyad::dyadic<8>{1, -1101}) == "too large");
    CHECK(text_of(dyad::dyadic<64>{INT64_MIN, INT32_MAX}) == "too large");
    CHECK(text_of(dyad::dyadic<64>{INT64_MAX, INT32_MIN}) == "too large");
}

TEST_CASE("formats of the widest range") {
    using wide = dyad::binary<16, 1, is_unsigned>;
    const auto smallest = wide::from_bits(1);  // 2^-32767
    CHECK(text_of(smallest, text_format::scientific, 3) == "1.413e-9864");
    CHECK(text_of(smallest) == "1e-9864");
    const std::string all = text_of(smallest, text_format::exact, -1, 40000);
    CHECK(rational_of(all) == dyad_test::power_of_two(-32767));
    wide again{};
    CHECK(reference::read_text(all, again));
    CHECK(again.bits() == 1);
    CHECK(text_of(smallest, text_format::hexadecimal) == "0x1p-32767");
    const auto fraction = text_of(smallest, text_format::fraction, -1, 40000);
    CHECK(reference::read_text(fraction, again));
    CHECK(again.bits() == 1);
}

template <class T>
void check_room(tally& cases) {
    for (const T x : reference::all_codes<T>()) {
        for (const auto format : {text_format::shortest, text_format::exact, text_format::scientific,
                                  text_format::general, text_format::fraction, text_format::hexadecimal}) {
            const std::string text = text_of(x, format);
            cases.check(static_cast<int>(text.size()) <= dyad::max_chars<T>(format), text);
            char buffer[dyad::max_chars_of<T> + 1];
            for (std::size_t room = 0; room <= text.size(); ++room) {
                std::fill(std::begin(buffer), std::end(buffer), '#');
                const auto written = dyad::to_chars(buffer, buffer + room, x, format);
                const bool fits = room == text.size();
                cases.check(written.ptr == buffer + room && bool(written) == fits && buffer[room] == '#', text, " in ",
                            room);
                cases.check(written.ec == (fits ? dyad::text_error::none : dyad::text_error::value_too_large), text);
            }
        }
    }
}
TEST_CASE("a buffer that is too small stays within its bounds; max_chars is enough") {
    tally cases("buffers");
    check_room<dyad::float8_e4m3fn>(cases);
    check_room<dyad::float8_e5m2>(cases);
    check_room<dyad::float4_e2m1fn>(cases);
    check_room<dyad::binary3p1uf>(cases);
    check_room<dyad::fixed<8, 11>>(cases);
    check_room<dyad::fixed<6, -6>>(cases);
    check_room<dyad::integer<2>>(cases);
}

template <class T>
constexpr bool constant_text(T x, text_format format, std::string_view expected) {
    char buffer[dyad::max_chars_of<T>]{};
    const auto written = dyad::to_chars(buffer, buffer + sizeof buffer, x, format);
    return std::string_view(buffer, written.ptr) == expected;
}
static_assert(constant_text(dyad::float8_e4m3fn::from_bits(0x7e), text_format::shortest, "448"));
static_assert(constant_text(dyad::fixed<16, 15>::from_raw(-32767), text_format::exact, "-0.999969482421875"));
static_assert(constant_text(0.1f, text_format::shortest, "0.1"));
static_assert(constant_text(0.1, text_format::exact, "0.1000000000000000055511151231257827021181583404541015625"));

}  // namespace
