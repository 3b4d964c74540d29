// SPDX-License-Identifier: Apache-2.0
// lmul: all pairs of the 8-bit formats against the paper's equation
// L(x, y) = (1 + xm + ym + 2^-l(m)) 2^(xe + ye), x = (1 + xm) 2^xe, in exact integers.
#include <dyad/number/lmul.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace {

using dyad_test::tally;
using reference::exact;
using reference::exponent_of;
using reference::kind;
using reference::name_of;
using reference::real;
using reference::real_of;
using reference::scaled;

static_assert(dyad::lmul_offset(0) == 1 && dyad::lmul_offset(1) == 1 && dyad::lmul_offset(2) == 2 &&
              dyad::lmul_offset(3) == 3 && dyad::lmul_offset(4) == 3 && dyad::lmul_offset(5) == 4 &&
              dyad::lmul_offset(7) == 4 && dyad::lmul_offset(10) == 4);

/// x * 2^exponent, exactly.
exact shifted(const exact& x, int exponent) {
    if (exponent >= 0) return exact(x << static_cast<unsigned>(exponent));
    return exact(x >> static_cast<unsigned>(-exponent));
}

/// The fraction xm of x = (1 + xm) 2^xe; of a subnormal, too.
exact fraction_of(const exact& x) { return exact(shifted(x, -exponent_of(x)) - scaled(1, 0)); }

real equation(const real& x, const real& y, int offset) {
    if (x.what != kind::finite || y.what != kind::finite || is_zero(x) || is_zero(y)) return product(x, y);
    const exact digits = scaled(1, 0) + fraction_of(x.magnitude) + fraction_of(y.magnitude) + scaled(1, -offset);
    return {kind::finite, x.negative != y.negative,
            shifted(digits, exponent_of(x.magnitude) + exponent_of(y.magnitude))};
}

template <class T>
void check_pair(tally& cases, reference::target& target, T x, T y, const real& a, const real& b, int offset) {
    if (is_signalling(a) || is_signalling(b)) return;
    const real expected = equation(a, b, offset);
    const auto all_digits = lmul_exact(x.unpack(), y.unpack(), offset);
    cases.check(real_of(all_digits) == expected, name_of<T>(), " ", x.bits(), " ", y.bits(), ": ", all_digits);
    target.take(expected);
    const auto code = target.code(dyad::rounding::nearest_even, dyad::saturation::none);
    cases.check(lmul(x, y).bits() == code, name_of<T>(), " ", x.bits(), " ", y.bits(), ": got ", lmul(x, y).bits(),
                ", expected ", code);
}

template <class T>
void check_all_pairs(int offset) {
    tally cases("all pairs of " + name_of<T>());
    const std::vector<T> codes = reference::all_codes<T>();
    const auto target = reference::traits<T>::make();
    std::vector<real> values;
    for (const T x : codes) values.push_back(real_of(x));
    for (std::size_t i = 0; i < codes.size(); ++i)
        for (std::size_t j = 0; j < codes.size(); ++j)
            check_pair(cases, *target, codes[i], codes[j], values[i], values[j], offset);
}

TEST_CASE("lmul: all pairs of 8-bit floats, the zeros, infinities and NaN included") {
    check_all_pairs<dyad::float8_e4m3fn>(3);
    check_all_pairs<dyad::float8_e5m2>(2);
    check_all_pairs<dyad::float8_e3m4>(3);
    check_all_pairs<dyad::float4_e2m1fn>(1);
    check_all_pairs<dyad::float8_e4m3fnuz>(3);
}

TEST_CASE("lmul: random pairs of 16-bit floats") {
    std::mt19937_64 random(16);
    const auto check = [&random]<class T>(T) {
        tally cases("random pairs of " + name_of<T>());
        const auto target = reference::traits<T>::make();
        for (int i = 0; i < 100'000; ++i) {
            const T x = T::from_bits(static_cast<std::uint16_t>(random()));
            const T y = T::from_bits(static_cast<std::uint16_t>(random()));
            check_pair(cases, *target, x, y, real_of(x), real_of(y), 4);
        }
    };
    check(dyad::float16{});
    check(dyad::bfloat16{});
}

TEST_CASE("lmul: the two exact products, x P(y) + P(x) (y - (1 - 2^-l) P(y))") {
    const auto check = []<class T>(T) {
        tally cases("identity " + name_of<T>());
        for (const T x : reference::all_codes<T>()) {
            const real a = real_of(x);
            if (a.what != kind::finite || is_zero(a)) continue;
            const real power{kind::finite, a.negative, scaled(1, exponent_of(a.magnitude))};
            cases.check(real_of(power_of_two_part(x.unpack())) == power, "P of ", x.bits());
            for (int offset = 1; offset <= 4; ++offset) {
                const exact rest = a.magnitude - power.magnitude + scaled(1, exponent_of(a.magnitude) - offset);
                cases.check(real_of(lmul_rest(x.unpack(), offset)) == real{kind::finite, a.negative, rest}, "rest of ",
                            x.bits(), ", offset ", offset);
                for (const T y : reference::all_codes<T>()) {
                    const real b = real_of(y);
                    if (b.what != kind::finite || is_zero(b)) continue;
                    const real other{kind::finite, b.negative, scaled(1, exponent_of(b.magnitude))};
                    const real two_products = sum(product(b, power), product(other, {kind::finite, a.negative, rest}));
                    cases.check(two_products == equation(b, a, offset), y.bits(), " ", x.bits(), ", offset ", offset);
                }
            }
        }
        for (const dyad::unpacked& special : {dyad::unpacked::zero(true), dyad::unpacked::infinity(true),
                                              dyad::unpacked::nan(true, reference::quiet | 4)}) {
            cases.check(power_of_two_part(special) == special, "P of ", special);
            cases.check(lmul_rest(special, 3) == special, "rest of ", special);
        }
    };
    check(dyad::float8_e4m3fn{});
    check(dyad::float8_e5m2{});
}

TEST_CASE("lmul: largest relative error against the product") {
    double worst = 0;
    std::uint32_t worst_x = 0;
    std::uint32_t worst_y = 0;
    for (const auto x : reference::all_codes<dyad::float8_e4m3fn>()) {
        for (const auto y : reference::all_codes<dyad::float8_e4m3fn>()) {
            const double product = static_cast<double>(x) * static_cast<double>(y);
            if (!(product > 0)) continue;
            const auto approximate = reference::to_double(real_of(lmul_exact(x.unpack(), y.unpack(), 3)).magnitude);
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
