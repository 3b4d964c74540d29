// SPDX-License-Identifier: Apache-2.0
// dyad-show: its run-time formats against the library's types, its exact differences against rationals.
#include "../../examples/show/kind.hpp"
#include "../../examples/show/rational.hpp"

#include "../../examples/show/kind.cpp"
#include "../../examples/show/rational.cpp"

#include <doctest/doctest.h>

#include "support/exact.hpp"
#include "support/tally.hpp"

#include <bit>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace {

using dyad_test::cpp_rational;

/// Everything that one type of the library does with its codes, and what the run-time kind makes of them.
template <class T>
std::uint64_t code_of(T x) {
    if constexpr (dyad::format<T>) return static_cast<std::uint64_t>(x.bits());
    else return std::bit_cast<dyad::least_uint<dyad::word_width<T>>>(x);
}
template <class T>
T from_code(std::uint64_t code) {
    if constexpr (dyad::format<T>) return T::from_bits(static_cast<typename T::bits_type>(code));
    else return std::bit_cast<T>(static_cast<dyad::least_uint<dyad::word_width<T>>>(code));
}

template <class T>
void check_codes(dyad_test::tally& cases, const char* name, std::uint64_t step) {
    const auto type = show::find_kind(name);
    REQUIRE_MESSAGE(type.has_value(), name);
    const auto last = dyad::low_mask<std::uint64_t>(type->width());
    for (std::uint64_t i = 0; i <= last / step; ++i) {
        const std::uint64_t code = i * step;
        const T x = from_code<T>(code);
        const dyad::unpacked value = show::decode(*type, code);
        const dyad::unpacked expected = dyad::unpack(x);
        const bool nan = value.kind == dyad::number_class::nan && expected.kind == dyad::number_class::nan;
        cases.check(nan || value == expected, name, " decodes ", code);
        if (nan || value.kind == dyad::number_class::infinity) continue;
        if constexpr (dyad::format<T>) {
            const auto up = show::next_code(*type, code, true);
            const auto down = show::next_code(*type, code, false);
            const T above = dyad::next_up(x);
            const T below = dyad::next_down(x);
            cases.check(up ? from_code<T>(*up) == above : above == x, name, " after ", code);
            cases.check(down ? from_code<T>(*down) == below : below == x, name, " before ", code);
        }
        // The value, and what lies a quarter, a half and three quarters of a unit above it, in all modes.
        for (unsigned quarter = 0; quarter < 4; ++quarter) {
            const int unit = value.kind == dyad::number_class::zero ? show::ulp_exponent(*type, value) : value.exponent;
            const auto m = (dyad::uint128_t{value.significand} << 2) + quarter;
            const auto between = dyad::unpacked_wide::finite(value.negative, m, unit - 2);
            for (const auto mode : dyad_test::all_rounding_modes) {
                for (const auto policy :
                     {dyad::saturation::none, dyad::saturation::propagate, dyad::saturation::finite}) {
                    const auto got = show::encode(*type, between, mode, policy);
                    cases.check(got == code_of(dyad::pack_as<T>(between, mode, policy)), name, " from ", between, " ",
                                mode);
                }
            }
        }
    }
    for (const bool negative : {false, true}) {
        for (const auto& x :
             {dyad::unpacked_wide::infinity(negative), dyad::unpacked_wide::zero(negative),
              dyad::unpacked_wide::finite(negative, 3, 5000), dyad::unpacked_wide::finite(negative, 3, -5000)}) {
            for (const auto mode : dyad_test::all_rounding_modes) {
                for (const auto policy :
                     {dyad::saturation::none, dyad::saturation::propagate, dyad::saturation::finite}) {
                    cases.check(show::encode(*type, x, mode, policy) == code_of(dyad::pack_as<T>(x, mode, policy)),
                                name, " ", x);
                }
            }
        }
    }
}

TEST_CASE("run-time formats are the library's: all codes, neighbours, all roundings and saturations") {
    dyad_test::tally cases("run-time formats");
    check_codes<dyad::float8_e5m2>(cases, "float8_e5m2", 1);
    check_codes<dyad::float8_e4m3fn>(cases, "float8_e4m3fn", 1);
    check_codes<dyad::float8_e4m3>(cases, "float8_e4m3", 1);
    check_codes<dyad::float8_e3m4>(cases, "float8_e3m4", 1);
    check_codes<dyad::float8_e4m3fnuz>(cases, "float8_e4m3fnuz", 1);
    check_codes<dyad::float8_e5m2fnuz>(cases, "float8_e5m2fnuz", 1);
    check_codes<dyad::float8_e4m3b11fnuz>(cases, "float8_e4m3b11fnuz", 1);
    check_codes<dyad::float8_e8m0fnu>(cases, "float8_e8m0fnu", 1);
    check_codes<dyad::float8_e5m3fnu>(cases, "float8_e5m3fnu", 1);
    check_codes<dyad::float6_e2m3fn>(cases, "float6_e2m3fn", 1);
    check_codes<dyad::float6_e3m2fn>(cases, "float6_e3m2fn", 1);
    check_codes<dyad::float4_e2m1fn>(cases, "float4_e2m1fn", 1);
    check_codes<dyad::bfloat16>(cases, "bfloat16", 97);
    check_codes<dyad::float16>(cases, "float16", 97);
    check_codes<dyad::tfloat32>(cases, "tfloat32", 991);
    check_codes<float>(cases, "float", 0x123'4567);
    check_codes<double>(cases, "double", 0x0012'3456'789a'bcde);
    check_codes<dyad::binary8p4se>(cases, "binary8p4se", 1);
    check_codes<dyad::binary8p1sf>(cases, "binary8p1sf", 1);
    check_codes<dyad::binary8p8ue>(cases, "binary8p8ue", 1);
    check_codes<dyad::binary5p2uf>(cases, "binary5p2uf", 1);
    check_codes<dyad::binary3p1se>(cases, "binary3p1se", 1);
    check_codes<dyad::binary<12, 5>>(cases, "binary12p5se", 1);
    check_codes<dyad::int4>(cases, "int4", 1);
    check_codes<dyad::uinteger<5>>(cases, "uint5", 1);
    check_codes<dyad::fixed<8, 7>>(cases, "fixed<8,7>", 1);
    check_codes<dyad::fixed<8, 11>>(cases, "fixed<8,11>", 1);
    check_codes<dyad::fixed<7, -3, dyad::signedness::is_unsigned>>(cases, "fixed<7,-3,unsigned>", 1);
    check_codes<dyad::fixed<64, 63>>(cases, "fixed<64,63>", 0x0012'3456'789a'bcde);
}

TEST_CASE("names") {
    CHECK(show::p3109_kinds().size() == 120);
    std::set<std::string> names;
    for (const auto& type : show::p3109_kinds()) names.insert(type.name);
    CHECK(names.size() == 120);
    CHECK(show::find_kind("binary16p1uf").has_value());
    for (const char* wrong :
         {"", "float9", "binary8p8se", "binary8p0ue", "binary17p3se", "binary8p3", "binary8p3sx", "int0", "int65",
          "uint", "fixed<8>", "fixed<8,4", "fixed<65,1>", "fixed<8,4,signed>", "int8x", "fixed<8,2000>"}) {
        CAPTURE(wrong);
        CHECK_FALSE(show::find_kind(wrong).has_value());
    }
}

cpp_rational rational(const dyad::unpacked& x) { return dyad_test::value_of(x); }

TEST_CASE("numbers of the command line, and differences to values") {
    dyad_test::tally cases("differences");
    const std::pair<const char*, cpp_rational> numbers[]{{"0.1", {1, 10}},
                                                         {"-1.25e2", {-125, 1}},
                                                         {"7/16", {7, 16}},
                                                         {"-2/6", {-1, 3}},
                                                         {"0x1.8p+3", {12, 1}},
                                                         {"0x.fP-2", {15, 64}},
                                                         {"1e3", {1000, 1}},
                                                         {"+5", {5, 1}},
                                                         {"0", {0, 1}},
                                                         {"-0.0", {0, 1}},
                                                         {"123456789.5", {246913579, 2}},
                                                         {"1e-5", {1, 100000}}};
    for (const auto& number : numbers) {
        const std::string text = number.first;
        const cpp_rational& x = number.second;
        const auto parsed = show::parse_rational(text);
        REQUIRE_MESSAGE(parsed.has_value(), text);
        const dyad::unpacked_wide odd = show::to_odd(*parsed);
        const cpp_rational near = dyad_test::value_of(odd);
        cases.check(x == 0 ? near == 0 : abs(near - x) * dyad_test::power_of_two(126) < abs(x), text);
        for (const double y : {0.0, 0.25, -0.25, 1.0, -12.0, 12.0, 1e20, 0.1, -1e-30, 125.0, -125.0}) {
            const cpp_rational expected = rational(dyad::unpack(y)) - x;
            const cpp_rational got = dyad_test::value_of(show::difference(dyad::unpack(y), *parsed));
            cases.check(expected == 0 ? got == 0 : abs(got - expected) * dyad_test::power_of_two(126) < abs(expected),
                        text, " and ", y);
        }
    }
    for (const char* wrong :
         {"", "-", ".", "x", "1/0", "1/", "/1", "1.5/2", "0x", "0x1p", "1e", "1e+", "--1", "1 ", "infi", "0x1.8p+3x"})
        CHECK_FALSE(show::parse_rational(wrong).has_value());
    CHECK_THROWS_AS(static_cast<void>(show::parse_rational("1e10001")), std::length_error);
    CHECK_THROWS_AS(static_cast<void>(show::parse_rational(std::string(4001, '1'))), std::length_error);
    CHECK(show::parse_rational(std::string(4000, '9') + "e10000").has_value());
    CHECK(show::parse_rational("-Infinity")->what == dyad::number_class::infinity);
    CHECK(show::parse_rational("NaN")->what == dyad::number_class::nan);
}

TEST_CASE("brief text") {
    CHECK(show::brief_text(dyad::unpack(448.0)) == "448");
    CHECK(show::brief_text(dyad::unpack(0x1p-100)) == "2^-100");
    CHECK(show::brief_text(dyad::unpack(-0x1p-100)) == "-2^-100");
    CHECK(show::brief_text(dyad::unpack(0x1.8p-100)) == "1.5 * 2^-100");
    CHECK(show::brief_text(dyad::unpack(std::numeric_limits<float>::max())) == "(2^24 - 1) * 2^104");
    CHECK(show::brief_text(dyad::unpack(0.1)) == "~0.10000000000000001");
    CHECK(show::brief_text(dyad::unpack(std::numeric_limits<double>::infinity())) == "inf");
}

}  // namespace
