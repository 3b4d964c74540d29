// SPDX-License-Identifier: Apache-2.0
// lmul_adder and mitchell: against logarithms in exact numbers, against the integer addition of codes itself, and the
// errors of all four products over all pairs of fractions.
#include <dyad/number/lmul_adder.hpp>

#include <doctest/doctest.h>

#include "support/reference_lmul.hpp"

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace {

using dyad::lmul_constant;
using dyad::rounding;
using dyad::saturation;
using dyad_test::tally;
using reference::kind;
using reference::name_of;
using reference::operands;
using reference::real;
using reference::real_of;

static_assert(dyad::cut_constant({1, 4}, 7) == lmul_constant{1, 4});
static_assert(dyad::cut_constant({7, 4}, 2) == lmul_constant{1, 2});
static_assert(dyad::cut_constant({-7, 4}, 2) == lmul_constant{-2, 2});
static_assert(dyad::cut_constant({1, 4}, 0) == lmul_constant{0, 0});

template <class T>
std::string describe(const operands<T>& pair) {
    return name_of<T>() + " " + std::to_string(static_cast<std::uint64_t>(reference::traits<T>::code(pair.x))) + " " +
           std::to_string(static_cast<std::uint64_t>(reference::traits<T>::code(pair.y)));
}

/// The integer addition of the published code: only where both operands and the result are normal numbers.
template <class T>
void check_addition(tally& cases, const operands<T>& pair, const dyad::float_format& f, std::int64_t units,
                    std::uint64_t got) {
    if (reference::goes_as_product(pair.a, pair.b)) return;
    const auto codes = static_cast<std::int64_t>(reference::power_of_two(f.exponent_bits + f.significand_bits));
    const auto m = static_cast<std::int64_t>(reference::power_of_two(f.significand_bits));
    const auto x = static_cast<std::int64_t>(reference::traits<T>::code(pair.x));
    const auto y = static_cast<std::int64_t>(reference::traits<T>::code(pair.y));
    const std::int64_t sum = x % codes + y % codes - f.bias * m + units;
    const std::int64_t least = f.has_zero ? m : 0;
    if (x % codes < least || y % codes < least || sum < least) return;
    if (reference::decode(f, static_cast<std::uint64_t>(sum)).what != kind::finite || sum >= codes) return;
    const std::int64_t sign = x / codes == y / codes ? 0 : codes;
    cases.check(got == static_cast<std::uint64_t>(sign + sum), describe(pair), ": addition gives ", sign + sum);
}

/// lmul_adder and mitchell of one pair.
template <class T>
void check_pair(tally& values, tally& additions, reference::target& target, const operands<T>& pair,
                const dyad::float_format& f) {
    const lmul_constant c = reference::printed_rule(f.significand_bits);
    const auto check = [&](T got, lmul_constant constant) {
        target.take(lmul_logarithms(pair.a, pair.b, reference::constant_of(constant)));
        const auto expected = target.code(rounding::nearest_even, saturation::none);
        const auto code = reference::traits<T>::code(got);
        if (code == expected) values.check(true);
        else values.check(false, describe(pair), ": got ", code, ", expected ", expected);
        const std::int64_t units = (std::int64_t{constant.units} << f.significand_bits) >> constant.digits;
        check_addition(additions, pair, f, units, static_cast<std::uint64_t>(code));
    };
    check(dyad::lmul_adder(pair.x, pair.y), c);
    check(dyad::mitchell(pair.x, pair.y), {0, 0});
}

template <class... T>
void check_all_pairs(T...) {
    const auto check = []<class U>(U) {
        tally values("all pairs of " + name_of<U>());
        tally additions("of these, additions of normal codes");
        reference::for_all_pairs<U>([&](reference::target& target, const operands<U>& pair) {
            check_pair(values, additions, target, pair, U::format);
        });
    };
    (check(T{}), ...);
}

TEST_CASE("lmul_adder, mitchell: all pairs of the named floats of at most 8 bits") {
    check_all_pairs(dyad::float8_e4m3fn{}, dyad::float8_e5m2{}, dyad::float8_e4m3{}, dyad::float8_e3m4{},
                    dyad::float8_e4m3fnuz{}, dyad::float8_e5m2fnuz{}, dyad::float8_e4m3b11fnuz{},
                    dyad::float8_e8m0fnu{}, dyad::float8_e5m3fnu{}, dyad::float6_e2m3fn{}, dyad::float6_e3m2fn{},
                    dyad::float4_e2m1fn{}, dyad::minifloat<reference::float8_e4m3_flushed>{});
}

TEST_CASE("lmul_adder, mitchell: all pairs of P3109's floats of each kind") {
    check_all_pairs(dyad::binary8p1se{}, dyad::binary8p1uf{}, dyad::binary8p3se{}, dyad::binary8p4se{},
                    dyad::binary8p4sf{}, dyad::binary8p7sf{}, dyad::binary8p3ue{}, dyad::binary8p7ue{},
                    dyad::binary8p7uf{}, dyad::binary6p3uf{}, dyad::binary5p3se{}, dyad::binary3p1ue{},
                    dyad::binary4p2sf{});
}

TEST_CASE("lmul_adder, mitchell: boundary and random pairs of wider floats") {
    const auto check = []<class T>(T, const dyad::float_format& f) {
        tally values("boundary and random pairs of " + name_of<T>());
        tally additions("of these, additions of normal codes");
        reference::for_some_pairs<T>(f, 1 << 20, [&](reference::target& target, const operands<T>& pair) {
            check_pair(values, additions, target, pair, f);
        });
    };
    check(dyad::float16{}, dyad::float16_format);
    check(dyad::bfloat16{}, dyad::bfloat16_format);
    check(float{}, dyad::binary32_format);
}

TEST_CASE("lmul_adder: every rounding, saturation and constant") {
    const auto check = []<class T>(T) {
        tally cases("roundings of " + name_of<T>());
        // Constants, and what the fields of three significand bits hold of them.
        const lmul_constant constants[][2] = {{{1, 3}, {1, 3}},  {{1, 1}, {1, 1}},  {{0, 0}, {0, 0}},
                                              {{1, 4}, {0, 0}},  {{29, 6}, {3, 3}}, {{-3, 3}, {-3, 3}},
                                              {{-1, 9}, {-1, 3}}};
        std::uint32_t n = 0;
        reference::for_all_pairs<T>([&](reference::target& target, const operands<T>& pair) {
            const auto& [given, held] = constants[n % 7];
            const auto mode = dyad_test::all_rounding_modes[n / 7 % 7];
            const auto policy = reference::all_saturations[n % 5 % 3];
            const dyad::stochastic random{dyad_test::all_stochastic_variants[n % 3], 9, n * 97 % 512};
            target.take(lmul_logarithms(pair.a, pair.b, reference::constant_of(held)));
            const auto code = target.code(mode, policy);
            cases.check(lmul_adder(pair.x, pair.y, given, mode, policy).bits() == code, describe(pair), " ", mode);
            const auto drawn = target.code(random, policy);
            cases.check(lmul_adder(pair.x, pair.y, given, random, policy).bits() == drawn, describe(pair), " ", random);
            target.take(lmul_logarithms(pair.a, pair.b, 0));
            const auto plain = target.code(mode, policy);
            cases.check(mitchell(pair.x, pair.y, mode, policy).bits() == plain, describe(pair), " ", mode);
            ++n;
        });
    };
    check(dyad::float8_e4m3fn{});
    check(dyad::float8_e4m3fnuz{});
    check(dyad::float8_e5m3fnu{});
}

TEST_CASE("lmul_adder: special values and doubles") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    CHECK(dyad::lmul_adder(1.5, 1.5) == 2.125);    // t = 1 + 1/16
    CHECK(dyad::lmul_adder(1.25, 1.5) == 1.8125);  // t = 3/4 + 1/16
    CHECK(dyad::mitchell(1.5, 1.5) == 2.0);
    CHECK(dyad::mitchell(1.75, -1.75) == -3.0);
    CHECK(dyad::mitchell(0x1.8p-1060, 0x1p10) == 0x1.8p-1050);
    CHECK(dyad::mitchell(-2.0, infinity) == -infinity);
    CHECK(std::isnan(dyad::mitchell(0.0, infinity)));
    CHECK(dyad::lmul_adder(0.0, 5.0) == 0);
    CHECK(std::signbit(dyad::lmul_adder(0.0, -5.0)));
    CHECK(dyad::lmul_adder(0x1p1023, -0x1p1023) == -infinity);
    CHECK(dyad::lmul_adder(0x1p1023, 0x1p1023, rounding::nearest_even, saturation::finite) ==
          std::numeric_limits<double>::max());
}

// --- errors over all pairs of fractions ---

struct errors {
    double bias = 0;
    double mean = 0;
    double least = 1;
    double most = -1;

    void add(double relative) {
        bias += relative;
        mean += std::fabs(relative);
        least = std::fmin(least, relative);
        most = std::fmax(most, relative);
    }
    void divide_by(double count) {
        bias /= count;
        mean /= count;
    }
};

struct row {
    errors equation;
    errors adder;
    errors mitchell;
    errors nearest;
};

double value_of(const dyad::unpacked& x) { return std::ldexp(static_cast<double>(x.significand), x.exponent); }

/// The relative errors for all pairs 1 <= x, y < 2 of M significand bits.
template <int M>
row measure() {
    using number = dyad::minifloat<dyad::float_format{.exponent_bits = 5, .significand_bits = M, .bias = 15}>;
    constexpr int codes = 1 << M;
    constexpr lmul_constant c = lmul_constant::rule(M);
    row all;
    for (int i = 0; i < codes; ++i) {
        for (int j = 0; j < codes; ++j) {
            const number x(std::ldexp(codes + i, -M));
            const number y(std::ldexp(codes + j, -M));
            const double exact = static_cast<double>(x) * static_cast<double>(y);
            all.equation.add(value_of(lmul_exact(x, y)) / exact - 1);
            all.adder.add(value_of(lmul_adder_exact(x.unpack(), y.unpack(), c)) / exact - 1);
            all.mitchell.add(static_cast<double>(mitchell(x, y)) / exact - 1);
            all.nearest.add(static_cast<double>(x * y) / exact - 1);
        }
    }
    for (errors* e : {&all.equation, &all.adder, &all.mitchell, &all.nearest}) e->divide_by(double{codes} * codes);
    return all;
}

/// A figure of the table and the unit of its last digit.
void check_figure(double measured, double printed, double unit) {
    CHECK(std::fabs(measured - printed) <= unit * 0.5000001);
}
void check_errors(const errors& got, const errors& printed, double unit) {
    MESSAGE("bias " << got.bias << ", mean " << got.mean << ", " << got.least << " to " << got.most);
    check_figure(got.bias, printed.bias, unit);
    check_figure(got.mean, printed.mean, unit);
    check_figure(got.least, printed.least, 0.001);
    check_figure(got.most, printed.most, 0.0001);
}

TEST_CASE("lmul, lmul_adder, mitchell: bias, mean and range of the relative error over all pairs of fractions") {
    const auto check = [](int m, const row& got, const errors& equation, const errors& adder, double mitchell,
                          double nearest) {
        CAPTURE(m);
        check_errors(got.equation, equation, 0.001);
        check_errors(got.adder, adder, 0.001);
        check_figure(got.mitchell.mean, mitchell, 0.0001);
        check_figure(got.nearest.mean, nearest, m == 10 ? 0.00001 : 0.0001);
        // Mitchell's product: exact where a fraction is 0, 1/9 below at the most, at 1.5 * 1.5.
        CHECK(got.mitchell.most == 0);
        CHECK(got.mitchell.least == doctest::Approx(-1.0 / 9).epsilon(1e-12));
    };
    check(2, measure<2>(), {.086, .111, -.102, .25}, {.147, .147, .067, .25}, .0357, .0357);
    check(3, measure<3>(), {-.010, .069, -.182, .125}, {.049, .052, -.030, .125}, .0378, .0190);
    check(4, measure<4>(), {-.022, .069, -.201, .125}, {.049, .051, -.032, .125}, .0383, .0107);
    check(5, measure<5>(), {-.059, .073, -.226, .0625}, {.004, .0267, -.073, .0625}, .0384, .0054);
    check(7, measure<7>(), {-.063, .075, -.232, .0625}, {.0041, .0266, -.073, .0625}, .0385, .0014);
    check(10, measure<10>(), {-.064, .076, -.234, .0625}, {.0041, .0266, -.073, .0625}, .0385, .00018);
}

/// The mean relative error of the adder with the constant units / 1024, over pairs of 8-bit fractions; its mean
/// magnitude, too.
errors adder_errors(int units) {
    errors all;
    for (int i = 0; i < 256; ++i) {
        for (int j = 0; j < 256; ++j) {
            // The middles of 256 equal parts stand for all fractions of their part.
            const double x = 1 + (i + 0.5) / 256;
            const double y = 1 + (j + 0.5) / 256;
            all.add(dyad::lmul_adder(x, y, {units, 10}) / (x * y) - 1);
        }
    }
    all.divide_by(65536);
    return all;
}

TEST_CASE("lmul_adder: the best free constants for uniform fractions") {
    int least_bias = 0;
    int least_mean = 0;
    double bias = 1;
    double mean = 1;
    for (int units = 0; units <= 128; ++units) {
        const errors e = adder_errors(units);
        if (std::fabs(e.bias) < bias) bias = std::fabs(e.bias), least_bias = units;
        if (e.mean < mean) mean = e.mean, least_mean = units;
    }
    MESSAGE("least bias " << bias << " at " << least_bias << " / 1024, least mean " << mean << " at " << least_mean
                          << " / 1024");
    CHECK(least_bias == 58);  // .0566
    CHECK(least_mean == 47);  // .0459
}

}  // namespace
