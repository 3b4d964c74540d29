// SPDX-License-Identifier: Apache-2.0
// stream: the characters are those of the double of the same value wherever flags or a precision are given; reading
// takes what is written and stops where a number ends.
#include <dyad/io/stream.hpp>

#include <doctest/doctest.h>

#include <dyad/number.hpp>

#include <cmath>
#include <iomanip>
#include <sstream>
#include <string>

namespace {

using dyad::float8_e4m3fn;

template <class... Parts>
std::string written(const Parts&... parts) {
    std::ostringstream out;
    (out << ... << parts);
    return out.str();
}

TEST_CASE("the default is the shortest text") {
    CHECK(written(float8_e4m3fn(0.3)) == "0.3");
    CHECK(written(dyad::bfloat16(1e20)) == "1e+20");
    CHECK(written(dyad::fixed<16, 15>::from_raw(-32768)) == "-1");
    CHECK(written(dyad::ternary::from_raw(1), dyad::power<8, 2>::from_raw(-3)) == "1-9");
    CHECK(written(dyad::multiplier{7, -4}) == "0.4375");
    CHECK(written(dyad::multiplier{7, 1 << 30}) == "?");
    CHECK(written(float8_e4m3fn::from_bits(0x7f)) == "nan");
    CHECK(written(dyad::int4::from_raw(-8)) == "-8");
    CHECK(dyad::to_string(float8_e4m3fn(0.4375), dyad::text_format::fraction) == "7/16");
}

TEST_CASE("flags, precision, width and fill: as of a double") {
    const auto check_form = [](double x, const char* form, auto set) {
        CAPTURE(form);
        std::ostringstream expected;
        std::ostringstream got;
        set(expected);
        set(got);
        expected << x << '|' << x;
        got << float8_e4m3fn(x) << '|' << float8_e4m3fn(x);
        CHECK(got.str() == expected.str());
        CHECK(got.width() == 0);
    };
    for (unsigned code = 0; code < 256; ++code) {
        const auto x = static_cast<double>(float8_e4m3fn::from_bits(static_cast<std::uint8_t>(code)));
        if (std::isnan(x)) continue;
        check_form(x, "fixed", [](std::ostream& s) { s << std::fixed; });
        check_form(x, "fixed 2", [](std::ostream& s) { s << std::fixed << std::setprecision(2) << std::setw(12); });
        check_form(x, "scientific 3", [](std::ostream& s) { s << std::scientific << std::setprecision(3); });
        check_form(x, "upper", [](std::ostream& s) { s << std::scientific << std::uppercase << std::showpos; });
        check_form(x, "%.3g", [](std::ostream& s) { s << std::setprecision(3) << std::setw(9) << std::setfill('.'); });
        check_form(x, "%.0g", [](std::ostream& s) { s << std::setprecision(0) << std::left << std::setw(9); });
        check_form(x, "internal", [](std::ostream& s) {
            s << std::setprecision(4) << std::internal << std::setw(12) << std::setfill('0');
        });
        check_form(x, "hexfloat", [](std::ostream& s) { s << std::hexfloat; });
    }
}

template <class T>
std::string read_all(const std::string& text) {
    std::istringstream in(text);
    std::string values;
    T x{};
    while (in >> x) values += dyad::to_string(x) + ";";
    values += in.eof() ? "end" : "failed";
    in.clear();
    std::string rest;
    std::getline(in, rest);
    return values + (rest.empty() ? "" : " before " + rest);
}

TEST_CASE("reading") {
    CHECK(read_all<float8_e4m3fn>("448 0.1 -2e-3\n 0x1.8p1 7/16") == "448;0.1;-0.002;3;0.44;end");
    CHECK(read_all<float8_e4m3fn>(" +1 -0 nan -NAN") == "1;-0;nan;-nan;end");
    CHECK(read_all<dyad::float8_e5m2>("inf -Infinity 1e99") == "inf;-inf;inf;end");
    CHECK(read_all<dyad::fixed<8, 4>>("1.5,2") == "1.5;failed before ,2");
    CHECK(read_all<dyad::int8>("12-3") == "12;-3;end");
    CHECK(read_all<dyad::int8>("1.5.5") == "2;0;end");
    CHECK(read_all<dyad::int8>("7 x,") == "7;failed before ,");
    CHECK(read_all<dyad::int8>("1e+ 5") == "failed before  5");
    CHECK(read_all<dyad::int8>("1/ 5") == "failed before  5");
    CHECK(read_all<dyad::int8>("0x 5") == "failed before  5");
    CHECK(read_all<dyad::int8>("") == "end");
    CHECK(read_all<dyad::int8>("+-1") == "failed before -1");
    using traps = dyad::fixed<8, 4, dyad::signedness::is_signed, dyad::overflow::trap>;
    CHECK(read_all<traps>("7.9 8 1") == "7.9;failed before  1");
}

TEST_CASE("a failure leaves the number, and the end is told") {
    auto x = float8_e4m3fn(1.5);
    std::istringstream bad("word");
    bad >> x;
    CHECK(bad.fail());
    CHECK(static_cast<double>(x) == 1.5);
    std::istringstream last("2.5");
    last >> x;
    CHECK(last.eof());
    CHECK_FALSE(last.fail());
    CHECK(static_cast<double>(x) == 2.5);
}

TEST_CASE("every code comes back through a stream") {
    for (unsigned code = 0; code < 256; ++code) {
        const auto x = float8_e4m3fn::from_bits(static_cast<std::uint8_t>(code));
        for (const auto flags :
             {std::ios_base::fmtflags{}, std::ios_base::hex, std::ios_base::fixed | std::ios_base::scientific}) {
            std::stringstream both;
            both.flags(flags);
            both << x;
            float8_e4m3fn again{};
            both >> again;
            CHECK(again.bits() == x.bits());
        }
    }
}

}  // namespace
