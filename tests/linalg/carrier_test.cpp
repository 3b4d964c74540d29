// SPDX-License-Identifier: Apache-2.0
// carrier_of: against every code of the formats, as doubles.
#include <dyad/linalg/carrier.hpp>

#include <doctest/doctest.h>

#include <dyad/number/convert.hpp>
#include <dyad/number/ternary.hpp>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace {

using dyad::bfloat16;
using dyad::carrier;
using dyad::carrier_of;
using dyad::fixed;
using dyad::float16;
using dyad::float8_e4m3fn;
using dyad::float8_e5m2;
using dyad::integer;
using dyad::uinteger;
using dyad_test::tally;
using reference::name_of;

static_assert(carrier_of<integer<8>, integer<8>>() == carrier::integer8);
static_assert(carrier_of<integer<8>, uinteger<8>>() == carrier::integer8);
static_assert(carrier_of<fixed<4, 2>, fixed<8, 7>>() == carrier::integer8);
static_assert(carrier_of<integer<8>, integer<16>>() == carrier::integer16);
static_assert(carrier_of<uinteger<15>, integer<16>>() == carrier::integer16);
static_assert(carrier_of<uinteger<16>, integer<16>>() == carrier::wide);
static_assert(carrier_of<dyad::ternary, integer<8>>() == carrier::integer8);
static_assert(carrier_of<integer<16>, dyad::ternary>() == carrier::integer16);
static_assert(carrier_of<dyad::ternary, bfloat16>() == carrier::bf16);
static_assert(carrier_of<dyad::ternary, float>() == carrier::f32);
static_assert(carrier_of<integer<17>, integer<8>>() == carrier::wide);
static_assert(carrier_of<float8_e4m3fn, float8_e5m2>() == carrier::bf16);
static_assert(carrier_of<bfloat16, bfloat16>() == carrier::bf16);
static_assert(carrier_of<integer<8>, bfloat16>() == carrier::bf16);
static_assert(carrier_of<float8_e4m3fn, uinteger<8>>() == carrier::bf16);
static_assert(carrier_of<float16, bfloat16>() == carrier::f32);
static_assert(carrier_of<float, bfloat16>() == carrier::f32);
static_assert(carrier_of<float, integer<24>>() == carrier::f32);
static_assert(carrier_of<integer<16>, bfloat16>() == carrier::f32);
static_assert(carrier_of<dyad::float4_e2m1fn, integer<8>>() == carrier::integer8);
static_assert(carrier_of<dyad::float6_e2m3fn, dyad::float4_e2m1fn>() == carrier::integer8);
static_assert(carrier_of<dyad::float6_e3m2fn, dyad::float4_e2m1fn>() == carrier::bf16);
static_assert(carrier_of<dyad::float8_e8m0fnu, integer<8>>() == carrier::bf16);
static_assert(carrier_of<double, bfloat16>() == carrier::wide);
static_assert(carrier_of<integer<32>, bfloat16>() == carrier::wide);

/// What one format needs, found by looking at all of its codes.
struct needs {
    bool is_fixed = false;
    int integer_bits = 0;  ///< of a carrier that holds all numbers as integers times one power of two; 0: there is none
    bool in_bf16 = true;
    bool in_f32 = true;
};

/// Is x a number of at most 8 digits that bfloat16 holds as a normal one?
bool fits_bf16(double x) {
    if (x == 0) return true;
    int exponent = 0;
    const double scaled = std::ldexp(std::frexp(x, &exponent), 8);
    return scaled == std::trunc(scaled) && exponent - 1 >= -126 && exponent - 1 <= 127;
}
/// 2^e, the last digit of x.
double last_digit(double x) {
    int exponent = 0;
    double significand = std::frexp(x, &exponent);
    for (; significand != std::trunc(significand); --exponent) significand *= 2;
    return std::ldexp(1.0, exponent);
}

template <class T>
needs look_at() {
    needs n;
    n.is_fixed = requires { T::max_raw; };
    bool finite = true;
    double unit = std::numeric_limits<double>::infinity();
    double low = 0;
    double high = 0;
    for (const T code : reference::all_codes<T>()) {
        const double x = dyad::convert<double>(code);
        finite = finite && std::isfinite(x);
        if (!std::isfinite(x) || x == 0) continue;
        n.in_bf16 = n.in_bf16 && fits_bf16(x);
        n.in_f32 = n.in_f32 && static_cast<double>(static_cast<float>(x)) == x;
        unit = std::min(unit, last_digit(x));
        low = std::min(low, x);
        high = std::max(high, x);
    }
    low /= unit;
    high /= unit;
    const bool has_zero = !reference::all_codes<T>().empty() && dyad::convert<double>(T{}) == 0;
    if (finite && has_zero) {
        const bool bytes = (low >= -128 && high <= 127) || (low == 0 && high <= 255);
        n.integer_bits = bytes ? 8 : low >= -32768 && high <= 32767 ? 16 : 0;
    }
    // bfloat16's own subnormals are no reason to leave it.
    if constexpr (std::same_as<T, bfloat16>) n.in_bf16 = true;
    return n;
}

carrier expected(const needs& a, const needs& b) {
    if (a.integer_bits == 8 && b.integer_bits == 8) return carrier::integer8;
    if (!(a.is_fixed && b.is_fixed) && a.in_bf16 && b.in_bf16) return carrier::bf16;
    if (a.integer_bits != 0 && b.integer_bits != 0) return carrier::integer16;
    if (a.is_fixed && b.is_fixed) return carrier::wide;
    return a.in_f32 && b.in_f32 ? carrier::f32 : carrier::wide;
}

template <class A, class... Bs>
void check_with(tally& cases) {
    const needs a = look_at<A>();
    (cases.check(carrier_of<A, Bs>() == expected(a, look_at<Bs>()), name_of<A>(), " with ", name_of<Bs>(), ": ",
                 static_cast<int>(carrier_of<A, Bs>())),
     ...);
    (cases.check(carrier_of<Bs, A>() == carrier_of<A, Bs>(), name_of<Bs>(), " with ", name_of<A>()), ...);
}

/// Smallest number 2^-130, 2^-127, and 2^-126, the smallest normal bfloat16; largest beyond bfloat16; a digit too many.
constexpr dyad::float_format tiny{.exponent_bits = 7, .significand_bits = 3, .bias = 128};
constexpr dyad::float_format past_the_edge{.exponent_bits = 7, .significand_bits = 3, .bias = 125};
constexpr dyad::float_format at_the_edge{.exponent_bits = 7, .significand_bits = 3, .bias = 124};
constexpr dyad::float_format huge{.exponent_bits = 8, .significand_bits = 3, .bias = 126};
constexpr dyad::float_format nine_digits{.exponent_bits = 5, .significand_bits = 8, .bias = 15};

template <class A>
void check_all(tally& cases) {
    check_with<A, integer<8>, uinteger<8>, integer<9>, uinteger<9>, integer<16>, uinteger<16>, integer<1>, fixed<8, 7>,
               fixed<8, 126>, fixed<8, 127>, fixed<8, -119>, fixed<8, -121>, fixed<16, 8>, float8_e4m3fn, float8_e5m2,
               float16, bfloat16, dyad::float8_e4m3fnuz, dyad::float4_e2m1fn, dyad::binary8p4se, dyad::float8_e5m3fnu,
               dyad::minifloat<tiny>, dyad::minifloat<past_the_edge>, dyad::minifloat<at_the_edge>,
               dyad::minifloat<huge>, dyad::minifloat<nine_digits>>(cases);
}

TEST_CASE("carrier_of: the first carrier that holds every code") {
    tally cases("carriers");
    check_all<integer<8>>(cases);
    check_all<uinteger<16>>(cases);
    check_all<float8_e4m3fn>(cases);
    check_all<bfloat16>(cases);
    check_all<float16>(cases);
}

}  // namespace
