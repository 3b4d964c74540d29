// SPDX-License-Identifier: Apache-2.0
// Every function of every code of every kind of 8-bit, 6-bit and 4-bit type, in every mode, against Boost.
#include <dyad/math/scalar_functions.hpp>

#include <dyad/number/fixed.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>
#include <dyad/number/power.hpp>
#include <dyad/number/ternary.hpp>

#include <doctest/doctest.h>

#include "support/function_check.hpp"

#include <cmath>
#include <limits>

namespace {

template <class... T>
void check_types() {
    (dyad_test::check_codes<T>(dyad_test::all_of_them(), dyad_test::every<T>(1)), ...);
}

TEST_CASE("8-bit floating-point formats") {
    check_types<dyad::float8_e5m2, dyad::float8_e4m3fn, dyad::float8_e4m3, dyad::float8_e3m4, dyad::float8_e4m3fnuz,
                dyad::float8_e5m2fnuz, dyad::float8_e4m3b11fnuz, dyad::float8_e8m0fnu, dyad::float8_e5m3fnu>();
}
TEST_CASE("narrower floating-point formats") {
    check_types<dyad::float6_e2m3fn, dyad::float6_e3m2fn, dyad::float4_e2m1fn>();
}
TEST_CASE("P3109: both signs, both domains, precisions from 1 on") {
    check_types<dyad::binary8p4se, dyad::binary8p3sf, dyad::binary8p3ue, dyad::binary8p1uf, dyad::binary8p1se,
                dyad::binary8p8uf, dyad::binary8p7se, dyad::binary6p3sf, dyad::binary4p2sf, dyad::binary3p1ue>();
}
TEST_CASE("fixed point and integers") {
    check_types<dyad::fixed<8, 4>, dyad::fixed<8, 7>, dyad::fixed<8, 10>, dyad::fixed<8, -3>, dyad::fixed<8>,
                dyad::integer<4>, dyad::fixed<8, 5, dyad::signedness::is_unsigned>,
                dyad::fixed<8, 2, dyad::signedness::is_signed, dyad::overflow::wrap>>();
}
TEST_CASE("codes of squares, and ternary") { check_types<dyad::power<4, 2>, dyad::power<8, 2>, dyad::ternary>(); }
TEST_CASE("pow: all pairs of small formats, samples of larger ones") {
    dyad_test::check_pow<dyad::float6_e3m2fn>(1);
    dyad_test::check_pow<dyad::float4_e2m1fn>(1);
    dyad_test::check_pow<dyad::integer<6>>(1);
    dyad_test::check_pow<dyad::binary6p3se>(1);
    dyad_test::check_pow<dyad::float8_e5m2>(32);
    dyad_test::check_pow<dyad::fixed<8, 4>>(32);
    dyad_test::check_pow<dyad::float8_e8m0fnu>(32);
    dyad_test::check_pow<dyad::float16>(1021, 1031);
}
TEST_CASE("wider types: samples of all magnitudes") {
    const auto all = dyad_test::all_of_them();
    dyad_test::check_codes<dyad::bfloat16>(all, dyad_test::every<dyad::bfloat16>(251));
    dyad_test::check_codes<dyad::float16>(all, dyad_test::every<dyad::float16>(257, 5));
    dyad_test::check_codes<dyad::tfloat32>(all, dyad_test::every<dyad::tfloat32>(2039, 77));
    dyad_test::check_codes<dyad::binary<16, 8>>(all, dyad_test::every<dyad::binary<16, 8>>(509));
    dyad_test::check_codes<dyad::fixed<16, 8>>(all, dyad_test::seeded<dyad::fixed<16, 8>>(200));
    dyad_test::check_codes<dyad::fixed<32, 16>>(all, dyad_test::seeded<dyad::fixed<32, 16>>(200));
    dyad_test::check_codes<dyad::fixed<64, 40>>(all, dyad_test::seeded<dyad::fixed<64, 40>>(200));
    dyad_test::check_codes<dyad::fixed<64, 62>>(all, dyad_test::seeded<dyad::fixed<64, 62>>(200));
}

// In constant expressions, and found beside <cmath>.
template <class T>
constexpr T generic_tanh(T x) {
    using std::tanh;
    return tanh(x);
}
static_assert(exp(dyad::float8_e4m3fn(1.0f)) == dyad::float8_e4m3fn(2.75f));
static_assert(exp(dyad::float8_e4m3fn(1.0f), dyad::rounding::toward_negative) == dyad::float8_e4m3fn(2.5f));
static_assert(exp(dyad::float8_e4m3fn(8.0f), dyad::rounding::nearest_even, dyad::saturation::finite) ==
              std::numeric_limits<dyad::float8_e4m3fn>::max());
static_assert(generic_tanh(dyad::bfloat16(0.0f)).bits() == 0 && generic_tanh(dyad::bfloat16(-0.0f)).bits() == 0x8000);
static_assert(log2(dyad::float16(1024)) == dyad::float16(10) && log10(dyad::float16(1000)) == dyad::float16(3));
static_assert(log(dyad::float8_e5m2(0)) == -std::numeric_limits<dyad::float8_e5m2>::infinity());
static_assert(log(dyad::integer<8>(0)) == std::numeric_limits<dyad::integer<8>>::lowest());
static_assert(rsqrt(dyad::integer<8>(-1)) == dyad::integer<8>(0));

TEST_CASE("std's functions and these, by one unqualified name") {
    CHECK(generic_tanh(0.5f) == std::tanh(0.5f));
    CHECK(generic_tanh(0.5) == std::tanh(0.5));
    CHECK(generic_tanh(dyad::float8_e3m4(0.5f)) == dyad::float8_e3m4(std::tanh(0.5)));
}

TEST_CASE("stochastic rounding of a result: the bits decide") {
    // e = 2.71828 lies 0.873 of the way from 2.5 to 2.75: of 256 equally likely random words 32 give 2.5.
    int low = 0;
    for (std::uint32_t r = 0; r < 256; ++r) {
        const auto y = exp(dyad::float8_e4m3fn(1.0f), dyad::stochastic{dyad::stochastic_variant::a, 8, r});
        CHECK((y == dyad::float8_e4m3fn(2.5f) || y == dyad::float8_e4m3fn(2.75f)));
        low += y == dyad::float8_e4m3fn(2.5f) ? 1 : 0;
    }
    CHECK(low == 256 - static_cast<int>(std::floor(256 * (std::exp(1.0) - 2.5) / 0.25)));
}

}  // namespace
