// SPDX-License-Identifier: Apache-2.0
// lmul: all pairs of the 8-bit formats against the paper's equation
// L(x, y) = (1 + xm + ym + 2^-l(m)) 2^(xe + ye), x = (1 + xm) 2^xe, in exact integers.
#include <dyad/number/lmul.hpp>

#include <doctest/doctest.h>

#include "support/reference_lmul.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

using dyad::lmul_constant;
using dyad::rounding;
using dyad::saturation;
using dyad_test::tally;
using reference::exact;
using reference::exponent_of;
using reference::kind;
using reference::name_of;
using reference::operands;
using reference::real;
using reference::real_of;
using reference::scaled;

static_assert(dyad::lmul_offset(1) == 1 && dyad::lmul_offset(2) == 2 && dyad::lmul_offset(3) == 3 &&
              dyad::lmul_offset(4) == 3 && dyad::lmul_offset(5) == 4 && dyad::lmul_offset(7) == 4 &&
              dyad::lmul_offset(10) == 4 && dyad::lmul_offset(23) == 4);
static_assert(lmul_constant::rule(0) == lmul_constant{0, 0} && lmul_constant::rule(4) == lmul_constant{1, 3});
static_assert(lmul_constant{}.is_valid() && lmul_constant{-7, 3}.is_valid() && lmul_constant{1, 30}.is_valid());
static_assert(!lmul_constant{8, 3}.is_valid() && !lmul_constant{-8, 3}.is_valid() && !lmul_constant{1, 31}.is_valid() &&
              !lmul_constant{1, -1}.is_valid() && !lmul_constant{1, 0}.is_valid());
static_assert(dyad::stored_significand_bits<float> == 23 && dyad::stored_significand_bits<dyad::bfloat16> == 7);
static_assert(dyad::float_number<double> && !dyad::float_number<int> && !dyad::float_number<dyad::fixed<8, 4>>);

template <class T>
std::string describe(const operands<T>& pair) {
    return name_of<T>() + " " + std::to_string(static_cast<std::uint64_t>(reference::traits<T>::code(pair.x))) + " " +
           std::to_string(static_cast<std::uint64_t>(reference::traits<T>::code(pair.y)));
}

/// lmul_exact and lmul of one pair with the rule's constant.
template <class T>
void check_pair(tally& cases, reference::target& target, const operands<T>& pair, lmul_constant c) {
    const real expected = lmul_equation(pair.a, pair.b, reference::constant_of(c));
    const dyad::unpacked all_digits = dyad::lmul_exact(pair.x, pair.y);
    target.take(expected);
    const bool exactly = real_of(all_digits) == expected;
    const auto code = target.code(rounding::nearest_even, saturation::none);
    const auto got = reference::traits<T>::code(dyad::lmul(pair.x, pair.y));
    if (exactly && got == code) return cases.check(true);
    cases.check(false, describe(pair), ": ", all_digits, ", got ", got, ", expected ", code);
}

template <class... T>
void check_all_pairs(T...) {
    const auto check = []<class U>(U) {
        tally cases("all pairs of " + name_of<U>());
        reference::for_all_pairs<U>([&](reference::target& target, const operands<U>& pair) {
            check_pair(cases, target, pair, reference::printed_rule(U::format.significand_bits));
        });
    };
    (check(T{}), ...);
}

TEST_CASE("lmul: all pairs of the named floats of at most 8 bits, the zeros, infinities and NaN included") {
    check_all_pairs(dyad::float8_e4m3fn{}, dyad::float8_e5m2{}, dyad::float8_e4m3{}, dyad::float8_e3m4{},
                    dyad::float8_e4m3fnuz{}, dyad::float8_e5m2fnuz{}, dyad::float8_e4m3b11fnuz{},
                    dyad::float8_e8m0fnu{}, dyad::float8_e5m3fnu{}, dyad::float6_e2m3fn{}, dyad::float6_e3m2fn{},
                    dyad::float4_e2m1fn{}, dyad::minifloat<reference::float8_e4m3_flushed>{});
}

TEST_CASE("lmul: all pairs of P3109's floats of each kind") {
    check_all_pairs(dyad::binary8p1se{}, dyad::binary8p1uf{}, dyad::binary8p3se{}, dyad::binary8p4se{},
                    dyad::binary8p4sf{}, dyad::binary8p7sf{}, dyad::binary8p3ue{}, dyad::binary8p8ue{},
                    dyad::binary8p8uf{}, dyad::binary6p3uf{}, dyad::binary5p3se{}, dyad::binary3p1ue{},
                    dyad::binary3p2sf{});
}

TEST_CASE("lmul: boundary and random pairs of wider floats") {
    const auto check = []<class T>(T, const dyad::float_format& f) {
        tally cases("boundary and random pairs of " + name_of<T>());
        reference::for_some_pairs<T>(f, 1 << 20, [&](reference::target& target, const operands<T>& pair) {
            check_pair(cases, target, pair, {1, 4});
        });
    };
    check(dyad::float16{}, dyad::float16_format);
    check(dyad::bfloat16{}, dyad::bfloat16_format);
    check(float{}, dyad::binary32_format);
}

TEST_CASE("lmul: every rounding, saturation and constant") {
    const auto check = []<class T>(T) {
        tally cases("roundings of " + name_of<T>());
        const lmul_constant constants[] = {{1, 4}, {1, 1}, {0, 0}, {-3, 2}, {29, 9}, {1, 30}};
        std::uint32_t n = 0;
        reference::for_all_pairs<T>([&](reference::target& target, const operands<T>& pair) {
            const lmul_constant c = constants[n % 6];
            const auto mode = dyad_test::all_rounding_modes[n % 7];
            const auto policy = reference::all_saturations[n % 5 % 3];
            const dyad::stochastic random{dyad_test::all_stochastic_variants[n % 3], 9, n * 97 % 512};
            target.take(lmul_equation(pair.a, pair.b, reference::constant_of(c)));
            const auto code = target.code(mode, policy);
            cases.check(lmul(pair.x, pair.y, c, mode, policy).bits() == code, describe(pair), " ", mode, " ", code);
            const auto drawn = target.code(random, policy);
            cases.check(lmul(pair.x, pair.y, c, random, policy).bits() == drawn, describe(pair), " ", random);
            target.take(real_of(lmul_exact(pair.x, pair.y)));
            const auto ruled = target.code(mode, policy);
            cases.check(lmul(pair.x, pair.y, mode, policy).bits() == ruled, describe(pair), " ", mode, " ", ruled);
            ++n;
        });
    };
    check(dyad::float8_e4m3fn{});
    check(dyad::float8_e5m2{});
    check(dyad::float8_e5m3fnu{});
}

/// x = s 2^e of a finite double, by frexp.
dyad_test::cpp_rational rational_of(double x) {
    int e = 0;
    const double m = std::frexp(x, &e);
    return dyad_test::cpp_rational(static_cast<std::int64_t>(std::ldexp(m, 53))) * dyad_test::power_of_two(e - 53);
}
dyad_test::cpp_rational lmul_of(double x, double y) {
    const dyad_test::cpp_rational a = abs(rational_of(x));
    const dyad_test::cpp_rational b = abs(rational_of(y));
    const dyad_test::cpp_rational p = dyad_test::power_of_two(dyad_test::top_exponent_of(a));
    const dyad_test::cpp_rational q = dyad_test::power_of_two(dyad_test::top_exponent_of(b));
    const dyad_test::cpp_rational magnitude = p * q * (a / p + b / q - 1 + dyad_test::cpp_rational(1, 16));
    return (x < 0) != (y < 0) ? dyad_test::cpp_rational(-magnitude) : magnitude;
}

TEST_CASE("lmul: doubles, all digits, subnormal operands and results too") {
    tally cases("random pairs of double");
    std::mt19937_64 random(64);
    for (int i = 0; i < 20'000; ++i) {
        const double x = std::bit_cast<double>(random() & 0xbfff'ffff'ffff'ffff);
        const double y = i % 4 == 0 ? std::bit_cast<double>(random() >> 12) : std::bit_cast<double>(random());
        if (!std::isfinite(x) || !std::isfinite(y) || x == 0 || y == 0) continue;
        const auto expected = lmul_of(x, y);
        cases.check(dyad_test::value_of(dyad::lmul_exact(x, y)) == expected, x, " ", y);
        if (abs(expected) >= dyad_test::power_of_two(1024)) continue;
        const int top = dyad_test::top_exponent_of(expected);
        const auto unit = dyad_test::power_of_two((top < -1022 ? -1022 : top) - 52);
        const auto rounded = dyad_test::cpp_rational(
            dyad_test::reference_round(dyad_test::cpp_rational(expected / unit), rounding::nearest_even));
        const double got = dyad::lmul(x, y);
        const bool overflow = rounded * unit >= dyad_test::power_of_two(1024);
        cases.check(overflow ? std::isinf(got) : rational_of(got) == rounded * unit, x, " ", y, ": got ", got);
    }
    constexpr double infinity = std::numeric_limits<double>::infinity();
    CHECK(dyad::lmul(-2.0, infinity) == -infinity);
    CHECK(std::isnan(dyad::lmul(0.0, infinity)));
    CHECK(std::signbit(dyad::lmul(0.0, -5.0)));
    CHECK(dyad::lmul(0.0, -5.0) == 0);
    CHECK(dyad::lmul(0x1p1023, -0x1p1023) == -infinity);
}

TEST_CASE("lmul: the two exact products, x P(y) + P(x) (y - (1 - c) P(y))") {
    const auto check = []<class T>(T) {
        tally cases("identity " + name_of<T>());
        const lmul_constant constants[] = {{1, 1}, {1, 2}, {1, 3}, {1, 4}, {-3, 4}};
        reference::for_all_pairs<T>([&](reference::target&, const operands<T>& pair) {
            if (reference::goes_as_product(pair.a, pair.b)) return;
            const auto x = pair.x.unpack();
            const auto y = pair.y.unpack();
            for (const lmul_constant c : constants) {
                const real two_products = sum(product(pair.a, real_of(power_of_two_part(y))),
                                              product(real_of(power_of_two_part(x)), real_of(lmul_rest(y, c))));
                const real expected = lmul_equation(pair.a, pair.b, reference::constant_of(c));
                cases.check(two_products == expected, describe(pair), ", constant ", c.units, " 2^-", c.digits);
                const auto by_library = exact_sum(exact_product(x, power_of_two_part(y)),
                                                  exact_product(power_of_two_part(x), lmul_rest(y, c)));
                cases.check(real_of(by_library) == expected && real_of(lmul_exact(x, y, c)) == expected, describe(pair),
                            ", constant ", c.units, " 2^-", c.digits);
            }
        });
    };
    check(dyad::float8_e4m3fn{});
    check(dyad::float8_e5m2{});
    check(dyad::float6_e2m3fn{});
}

TEST_CASE("lmul: the power of two and the rest of a number") {
    tally cases("parts");
    const auto check = [&cases]<class T>(T) {
        for (const T x : reference::all_codes<T>()) {
            const real a = real_of(x);
            if (a.what != kind::finite || is_zero(a)) continue;
            const exact power = scaled(1, exponent_of(a.magnitude));
            cases.check(real_of(power_of_two_part(x.unpack())) == real{kind::finite, a.negative, power}, x.bits());
            const exact rest = a.magnitude - power + scaled(1, exponent_of(a.magnitude) - 3);
            cases.check(real_of(lmul_rest(x.unpack(), {1, 3})) == real{kind::finite, a.negative, rest}, x.bits());
            const exact less = a.magnitude - power - scaled(1, exponent_of(a.magnitude) - 1);
            const real below{kind::finite, a.negative != (less < 0), abs(less)};
            cases.check(real_of(lmul_rest(x.unpack(), {-1, 1})) == below, x.bits());
        }
    };
    check(dyad::float8_e4m3fn{});
    check(dyad::float8_e5m2{});
    for (const dyad::unpacked& special : {dyad::unpacked::zero(true), dyad::unpacked::infinity(true),
                                          dyad::unpacked::nan(true, reference::quiet | 4)}) {
        cases.check(power_of_two_part(special) == special, "P of ", special);
        cases.check(lmul_rest(special, {1, 3}) == special, "rest of ", special);
    }
}

TEST_CASE("lmul: a signalling NaN becomes quiet") {
    const auto signalling = dyad::float16::from_bits(0xfc01);
    CHECK(lmul(signalling, dyad::float16(2)).bits() == 0xfe01);
    CHECK(lmul(dyad::float16(0), signalling).bits() == 0xfe01);
}

TEST_CASE("lmul: largest relative error against the product") {
    double worst = 0;
    std::uint32_t worst_x = 0;
    std::uint32_t worst_y = 0;
    for (const auto x : reference::all_codes<dyad::float8_e4m3fn>()) {
        for (const auto y : reference::all_codes<dyad::float8_e4m3fn>()) {
            const double product = static_cast<double>(x) * static_cast<double>(y);
            if (!(product > 0)) continue;
            const auto approximate = reference::to_double(real_of(lmul_exact(x, y)).magnitude);
            const double error = std::fabs(approximate / product - 1);
            if (error <= worst) continue;
            worst = error;
            worst_x = x.bits();
            worst_y = y.bits();
        }
    }
    MESSAGE("largest relative error " << worst << " at codes " << worst_x << " and " << worst_y);
    // Both fractions 7/8: 1 + 7/8 + 7/8 + 1/8 = 23/8 instead of (15/8)^2 = 225/64.
    CHECK(worst == doctest::Approx(41.0 / 225).epsilon(1e-12));
}

}  // namespace
