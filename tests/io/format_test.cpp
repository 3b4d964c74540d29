// SPDX-License-Identifier: Apache-2.0
// format: number types through std::format. Needs a library with <format>; the test io/format_libcxx builds this file
// with clang++ and libc++, where the compiler of the other tests has none.
#include <dyad/io/format.hpp>

#include <doctest/doctest.h>

#include <dyad/number.hpp>

#if defined(__cpp_lib_format)

#include <cmath>
#include <format>
#include <string>

namespace {

using dyad::float8_e4m3fn;

template <class... Arguments>
std::string written(std::string_view form, Arguments... arguments) {
    return std::vformat(form, std::make_format_args(arguments...));
}

TEST_CASE("types") {
    const auto x = float8_e4m3fn::from_bits(0x7e);
    CHECK(written("{}", x) == "448");
    CHECK(written("{}", float8_e4m3fn(0.3)) == "0.3");
    CHECK(written("{:f}", float8_e4m3fn(0.3)) == "0.3125");
    CHECK(written("{:e}", x) == "4.48e+02");
    CHECK(written("{:E}", x) == "4.48E+02");
    CHECK(written("{:a}", x) == "0x1.cp+8");
    CHECK(written("{:A}", x) == "0X1.CP+8");
    CHECK(written("{:g}", x) == "448");
    CHECK(written("{:r}", float8_e4m3fn(-0.4375)) == "-7/16");
    CHECK(written("{:x} {:#x} {:#X} {:b} {:#b}", x, x, x, x, x) == "7e 0x7e 0X7E 01111110 0b01111110");
    CHECK(written("{:x} {:b}", dyad::float4_e2m1fn::from_bits(0xb), dyad::float6_e3m2fn::from_bits(0x25)) ==
          "b 100101");
    CHECK(written("{:#x}", dyad::fixed<12, 4>::from_raw(-1)) == "0xfff");
    CHECK(written("{:F} {:G}", std::numeric_limits<dyad::float8_e5m2>::infinity(), float8_e4m3fn::from_bits(0x7f)) ==
          "INF NAN");
    CHECK(written("{} {}", dyad::multiplier{7, -4}, dyad::ternary::from_raw(-1)) == "0.4375 -1");
}

TEST_CASE("precision and sign, as of the double of the same value") {
    for (unsigned code = 0; code < 256; ++code) {
        const auto x = float8_e4m3fn::from_bits(static_cast<std::uint8_t>(code));
        const auto wide = static_cast<double>(x);
        if (std::isnan(wide)) continue;
        for (const char* form : {"{:.0f}", "{:.1f}", "{:+.3f}", "{: .2e}", "{:.0e}", "{:.3g}", "{:10.2f}", "{:<12.4e}|",
                                 "{:*^+13.1f}", "{:010.3f}", "{:+012.2e}", "{:-8.2g}", "{:.4}", "{:>9.3}"}) {
            CHECK(written(form, x) == written(form, wide));
        }
    }
}

TEST_CASE("width, fill, alignment, arguments") {
    const auto x = dyad::fixed<8, 4>(-1.5);
    CHECK(written("{:8}|", x) == "    -1.5|");
    CHECK(written("{:<8}|", x) == "-1.5    |");
    CHECK(written("{:^9}|", x) == "  -1.5   |");
    CHECK(written("{:08}|", x) == "-00001.5|");
    CHECK(written("{:#010x}|", x) == "0x000000e8|");
    CHECK(written("{:\u00e9>6}|", x) == "\u00e9\u00e9-1.5|");
    CHECK(written("{:{}}|", x, 7) == "   -1.5|");
    CHECK(written("{:{}.{}f}|", x, 8, 3) == "  -1.500|");
    CHECK(written("{2:{0}.{1}f}|", 8, 3, x) == "  -1.500|");
    CHECK(written("{:2}", x) == "-1.5");
    CHECK(written("{:08}|", std::numeric_limits<dyad::float8_e5m2>::infinity()) == "     inf|");
    CHECK(std::format("{:>6}", float8_e4m3fn(2.5)) == "   2.5");  // checked at compile time
}

TEST_CASE("what is no specification") {
    const auto x = float8_e4m3fn(1.0);
    for (const char* form :
         {"{:d}", "{:s}", "{:.}", "{:.f}", "{:L}", "{:5.2x}", "{:.3r}", "{:ff}", "{:{}", "{:{x}}", "{:99999999999}"}) {
        CAPTURE(form);
        CHECK_THROWS_AS(written(form, x), std::format_error);
    }
    CHECK_THROWS_AS(written("{:{}}", x, -1), std::format_error);
    CHECK_THROWS_AS(written("{:{}}", x, "a"), std::format_error);
    CHECK_THROWS_AS(written("{:x}", dyad::multiplier{7, -4}), std::format_error);
    CHECK_THROWS_AS(written("{}", dyad::multiplier{7, 1 << 30}), std::format_error);
}

}  // namespace

#else

#include <cstdio>
#include <cstdlib>

TEST_CASE("std::format") {
    std::puts("SKIPPED: this standard library has no <format>");
    std::exit(77);
}

#endif
