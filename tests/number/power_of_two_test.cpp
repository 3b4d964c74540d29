// SPDX-License-Identifier: Apache-2.0
// power_of_two: all codes, and its rounding against that of a float format without significand bits.
#include <dyad/number/power_of_two.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"

#include <cmath>
#include <limits>
#include <random>

#include <dyad/number/convert.hpp>
#include <dyad/number/named_formats.hpp>

namespace dyad_test {
namespace {

using dyad::power_of_two;
using dyad::rounding;
using dyad::saturation;
constexpr rounding modes[] = {rounding::nearest_even, rounding::nearest_away,    rounding::nearest_up,
                              rounding::toward_zero,  rounding::toward_negative, rounding::toward_positive,
                              rounding::to_odd};

static_assert(power_of_two<12>::max_exponent == 2047 && power_of_two<12>::min_exponent == -2048);
static_assert((power_of_two<>::from_exponent(3) * power_of_two<>::from_exponent(-7)).exponent() == -4);
static_assert(power_of_two<>::from_exponent(-3) < power_of_two<>::from_exponent(2));
static_assert(double(power_of_two<>::from_exponent(-3)) == 0.125);

template <int Bits>
void check_codes() {
    using type = power_of_two<Bits>;
    tally t("codes of power_of_two<" + std::to_string(Bits) + ">");
    for (unsigned code = 0; code < (1U << Bits); ++code) {
        const auto x = type::from_bits(static_cast<typename type::bits_type>(code));
        const int e = code < (1U << (Bits - 1)) ? static_cast<int>(code) : static_cast<int>(code) - (1 << Bits);
        const dyad::unpacked u = x.unpack();
        bool same = x.bits() == code && x.exponent() == e && u == dyad::unpacked::finite(false, 1, e);
        for (const rounding mode : modes) same = same && type::pack(u, mode, saturation::none) == x;
        t.check(same, code);
    }
}
TEST_CASE("power_of_two: codes unpack exactly and pack again") {
    check_codes<2>();
    check_codes<5>();
    check_codes<8>();
    check_codes<12>();
}

TEST_CASE("power_of_two: rounds as E8M0 does, but for the parity of its codes") {
    // e + 127 and e differ in parity: what is even to the one is odd to the other.
    tally t("power_of_two<12> against float8_e8m0fnu");
    std::mt19937 random(3);
    for (int i = 0; i < 20000; ++i) {
        const int e = static_cast<int>(random() % 200) - 100;
        const double significand = i % 4 == 0 ? 1.5 : 1 + std::ldexp(static_cast<double>(random()), -32);
        const double x = std::ldexp(significand, e);
        for (const rounding mode : modes) {
            if (mode == rounding::nearest_even && significand == 1.5) {
                const int even = e % 2 == 0 ? e : e + 1;
                t.check(dyad::convert<power_of_two<>>(x, mode).exponent() == even, x);
                continue;
            }
            if (mode == rounding::to_odd) {
                const int odd = significand == 1 || e % 2 != 0 ? e : e + 1;
                t.check(dyad::convert<power_of_two<>>(x, mode).exponent() == odd, x);
                continue;
            }
            const int expected = static_cast<int>(dyad::convert<dyad::float8_e8m0fnu>(x, mode).bits()) - 127;
            t.check(dyad::convert<power_of_two<>>(x, mode).exponent() == expected, x, " ", mode);
        }
    }
}

TEST_CASE("power_of_two: what has no logarithm, and what is out of range") {
    using type = power_of_two<4>;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (const rounding mode : modes) {
        for (const saturation policy : {saturation::none, saturation::propagate, saturation::finite}) {
            const auto e = [&](double x) { return dyad::convert<type>(x, mode, policy).exponent(); };
            CHECK(e(0.0) == -8);
            CHECK(e(-4.0) == -8);
            CHECK(e(-infinity) == -8);
            CHECK(e(0x1p-20) == -8);
            CHECK(e(0x1p20) == 7);
            CHECK(e(infinity) == 7);
            CHECK(e(std::numeric_limits<double>::quiet_NaN()) == 7);
        }
    }
    CHECK((type::from_exponent(6) * type::from_exponent(5)).exponent() == 7);
    CHECK((type::from_exponent(-6) * type::from_exponent(-5)).exponent() == -8);
}

}  // namespace
}  // namespace dyad_test
