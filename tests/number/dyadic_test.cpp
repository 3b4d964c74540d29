// SPDX-License-Identifier: Apache-2.0
// dyadic: from_scale and from_ratio against rationals (nearest, ties away from zero), checked arithmetic, forms, order
// and conversion, up to the ends of the exponent's range.
#include <dyad/number/dyadic.hpp>

#include <doctest/doctest.h>

#include "support/conversion_check.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

namespace {

using dyad::dyadic;
using dyad::multiplier;
using dyad_test::cpp_int;
using dyad_test::cpp_rational;
using dyad_test::tally;

/// The double as a rational, over its whole range.
cpp_rational rational_of(double x) {
    int exponent = 0;
    const double m = std::ldexp(std::frexp(x, &exponent), 53);
    return cpp_rational(static_cast<std::int64_t>(m)) * dyad_test::power_of_two(exponent - 53);
}

template <int Width>
cpp_rational value_of(dyadic<Width> x) {
    return cpp_rational(cpp_int(x.significand)) * dyad_test::power_of_two(x.exponent);
}

/// Right if it is the nearest of Width - 1 digits, ties away, and normalised.
template <int Width>
bool is_nearest(dyadic<Width> got, const cpp_rational& exact) {
    if (exact == 0) return got.significand == 0 && got.exponent == 0;
    const cpp_int m = abs(cpp_int(got.significand));
    const bool normalised = m >= cpp_int(1) << (Width - 2) && m < cpp_int(1) << (Width - 1);
    return normalised &&
           value_of(got) == dyad_test::reference_round_to_digits(exact, Width - 1, dyad::rounding::nearest_away);
}

std::vector<double> scales() {
    std::vector<double> all{0.0, -0.0, 1.0, 0.1, 1.0 / 3, 0x1.fffffffep0, 0x1.fffffffdp0, 0x1.fffffffcp0};
    for (const double x : {1.0, 0.5, 0x1p-20, 0x1p-1000, 0x1p900}) {
        // Around the point where 31 digits round up to 2^31, and around ties of 31 digits.
        for (const double y : {x * (2 - 0x1p-31), x * (2 - 0x1p-32), x * (1 + 0x1p-31), x * (1 + 0x1.8p-30)}) {
            all.push_back(y);
            all.push_back(-y);
            all.push_back(std::nextafter(y, 0.0));
            all.push_back(std::nextafter(y, HUGE_VAL));
        }
    }
    using limits = std::numeric_limits<double>;
    for (const double x : {limits::max(), limits::min(), limits::denorm_min(), 3 * limits::denorm_min(),
                           std::nextafter(limits::min(), 0.0)}) {
        all.push_back(x);
        all.push_back(-x);
    }
    std::mt19937_64 random(31);
    for (int i = 0; i < 3000; ++i) {
        const auto x = std::bit_cast<double>(random());
        if (std::isfinite(x)) all.push_back(x);
        all.push_back(std::ldexp(static_cast<double>(random() >> 11), -60));
        all.push_back(std::bit_cast<double>(random() >> 13));  // subnormal
    }
    return all;
}

template <int Width>
void check_width(tally& cases, const std::vector<double>& inputs) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const auto got = dyadic<Width>::from_scale(inputs[i]);
        cases.check(is_nearest(got, rational_of(inputs[i])), "width ", Width, ", scale ", inputs[i], ": ",
                    got.unpack());
        const double divisor = inputs[(i * 7 + 3) % inputs.size()];
        if (divisor == 0) continue;
        const auto ratio = dyadic<Width>::from_ratio(inputs[i], divisor);
        cases.check(is_nearest(ratio, rational_of(inputs[i]) / rational_of(divisor)), "width ", Width, ", ratio ",
                    inputs[i], " / ", divisor, ": ", ratio.unpack());
    }
}

TEST_CASE("dyadic: from_scale and from_ratio round once, to nearest, ties away from zero") {
    const std::vector<double> inputs = scales();
    tally cases("scales and ratios");
    check_width<2>(cases, inputs);
    check_width<8>(cases, inputs);
    check_width<16>(cases, inputs);
    check_width<32>(cases, inputs);
    check_width<33>(cases, inputs);
    check_width<63>(cases, inputs);
    check_width<64>(cases, inputs);
}

TEST_CASE("dyadic: from_ratio at and near ties of its digits") {
    tally cases("ties");
    std::mt19937_64 random(32);
    for (int i = 0; i < 20000; ++i) {
        // d (2 m + 1) / 2 d is a tie; neighbours of either operand are next to one.
        const auto m = static_cast<double>((random() >> 34) | (1u << 30));
        const auto d = static_cast<double>(random() >> 44);
        if (d == 0 || m >= 0x1p31) continue;
        const double numerator = (m + 0.5) * d;
        for (const double n : {numerator, std::nextafter(numerator, 0.0), std::nextafter(numerator, HUGE_VAL)}) {
            const auto got = multiplier::from_ratio(n, d);
            cases.check(is_nearest(got, rational_of(n) / rational_of(d)), n, " / ", d, ": ", got.unpack());
        }
    }
}

TEST_CASE("dyadic: the carry to 2^31 is renormalised") {
    constexpr auto x = multiplier::from_scale(2 - 0x1p-31);
    static_assert(x.significand == 0x4000'0000 && x.exponent == -29);
    constexpr auto y = multiplier::from_scale(-(2 - 0x1p-40));
    static_assert(y.significand == -0x4000'0000 && y.exponent == -29);
    static_assert(multiplier::from_scale(1 + 0x1p-31).significand == 0x4000'0001);  // a tie
    static_assert(multiplier::from_scale(-1 - 0x1p-31).significand == -0x4000'0001);
    static_assert(multiplier::from_scale(1.0).significand == 0x4000'0000 &&
                  multiplier::from_scale(1.0).exponent == -30);
    // 1 / 3 through a double and directly differ in the 63rd digit.
    CHECK(dyadic<64>::from_scale(1.0 / 3) != dyadic<64>::from_ratio(1.0, 3.0));
}

TEST_CASE("dyadic: what is no scale gives significand 0") {
    for (const double x : {HUGE_VAL, -HUGE_VAL, std::numeric_limits<double>::quiet_NaN(), 0.0, -0.0}) {
        CHECK(multiplier::from_scale(x).significand == 0);
        CHECK(multiplier::from_scale(x).exponent == 0);
    }
    CHECK(multiplier::from_ratio(1.0, 0.0).significand == 0);
    CHECK(multiplier::from_ratio(0.0, 0.0).significand == 0);
    CHECK(multiplier::from_ratio(HUGE_VAL, 2.0).significand == 0);
    CHECK(multiplier::from_ratio(2.0, HUGE_VAL).significand == 0);
}

TEST_CASE("dyadic: to float and double, rounded once") {
    tally cases("to native");
    std::mt19937_64 random(33);
    for (int i = 0; i < 20000; ++i) {
        const dyadic<64> x{static_cast<std::int64_t>(random()), static_cast<int>(random() % 300) - 200};
        const auto check = [&]<class T>(T got) {
            const auto target = reference::traits<T>::make();
            target->take(reference::real_of(x.unpack()));
            const auto expected = target->code(dyad::rounding::nearest_even, dyad::saturation::none);
            cases.check(reference::traits<T>::code(got) == expected, x.unpack(), ": got ", got);
        };
        check(static_cast<float>(x));
        check(static_cast<double>(x));
    }
    CHECK(static_cast<double>(multiplier{std::numeric_limits<std::int32_t>::min(), 3}) == -0x1p34);
}

TEST_CASE("dyadic: order of the values, whatever their form") {
    tally cases("order");
    std::mt19937_64 random(34);
    for (int i = 0; i < 30000; ++i) {
        const dyadic<16> x{static_cast<std::int16_t>(random() >> (random() % 63)), static_cast<int>(random() % 9) - 4};
        const dyadic<16> y{static_cast<std::int16_t>(random() >> (random() % 63)), static_cast<int>(random() % 9) - 4};
        const cpp_rational a = value_of(x);
        const cpp_rational b = value_of(y);
        cases.check((x == y) == (a == b) && (x != y) == (a != b) && (x < y) == (a < b) && (x > y) == (a > b) &&
                        (x <= y) == (a <= b),
                    x.unpack(), " and ", y.unpack());
    }
    static_assert(multiplier{1, 1} == multiplier{2, 0} && multiplier{0, 5} == multiplier{0, -7});
    static_assert(multiplier{-1, 1} < multiplier{0, 100} && multiplier{1, -2000} > multiplier{0, 0});
    static_assert(std::is_trivially_copyable_v<multiplier> && sizeof(multiplier) == 8);
}

/// HAWQ-V3's published batch_frexp: b = m * 2^31 rounded half up, c = 31 - e, with no look at b = 2^31.
struct published {
    std::int64_t b;
    int c;
};
published batch_frexp(double scale) {
    int e = 0;
    const double m = std::frexp(scale, &e);
    return {static_cast<std::int64_t>(std::floor(std::ldexp(m, 31) + 0.5)), 31 - e};
}

TEST_CASE("dyadic: from_scale is the published multiplier, but where that is 2^31") {
    tally same("the published b and c");
    tally carried("the published b is 2^31");
    for (const double scale : scales()) {
        if (!(scale > 0)) continue;
        const published theirs = batch_frexp(scale);
        const multiplier ours = multiplier::from_scale(scale);
        if (theirs.b < std::int64_t{1} << 31) {
            same.check(ours.significand == theirs.b && ours.exponent == -theirs.c, scale, ": ", ours.unpack());
        } else {
            // Stored in 32 bits it turns negative, and every output with it.
            carried.check(static_cast<std::int32_t>(theirs.b) < 0, scale);
            carried.check(ours.significand == 1 << 30 && ours.exponent == 1 - theirs.c, scale, ": ", ours.unpack());
        }
    }
}

constexpr std::int32_t highest = std::numeric_limits<std::int32_t>::max();
constexpr std::int32_t lowest = std::numeric_limits<std::int32_t>::min();

/// Is m * 2^e a significand of Width bits times a power of two with an exponent of 32 bits? By trying them all.
template <int Width>
bool exists(const cpp_int& m, std::int64_t e) {
    if (m == 0) return true;
    const cpp_int bound = cpp_int(1) << (Width - 1);
    for (std::int64_t exponent = e - 70; exponent <= e + 140; ++exponent) {
        if (exponent < lowest || exponent > highest) continue;
        cpp_int significand = m;
        if (exponent <= e) significand <<= static_cast<unsigned>(e - exponent);
        else if (m % (cpp_int(1) << static_cast<unsigned>(exponent - e)) != 0) break;
        else significand >>= static_cast<unsigned>(exponent - e);
        if (significand >= -bound && significand < bound) return true;
    }
    return false;
}

/// x * 2^exponent and y, as integers of the same unit: equal values?
template <int Width>
bool equals(dyadic<Width> x, cpp_int m, std::int64_t e) {
    cpp_int significand = x.significand;
    if (m == 0 || significand == 0) return m == significand && x.exponent == 0;
    if (x.exponent - e > 1000 || e - x.exponent > 1000) return false;
    if (x.exponent > e) significand <<= static_cast<unsigned>(x.exponent - e);
    else m <<= static_cast<unsigned>(e - x.exponent);
    return significand == m;
}

template <int Width>
void check_result(tally& cases, dyad::checked<dyadic<Width>> got, const cpp_int& m, std::int64_t e, const char* name,
                  dyadic<Width> x, dyadic<Width> y) {
    const bool fits = exists<Width>(m, e);
    cases.check(got.overflow == !fits, Width, " bits: ", name, " of ", x.unpack(), " and ", y.unpack(), ": overflow ",
                got.overflow);
    cases.check(fits ? equals(got.value, m, e) : got.value.significand == 0, Width, " bits: ", name, " of ", x.unpack(),
                " and ", y.unpack(), ": got ", got.value.unpack());
    const bool shortest =
        got.value.significand % 2 != 0 || got.value.exponent == highest || got.value == dyadic<Width>{0, 0};
    cases.check(shortest, Width, " bits: ", name, " is not short: ", got.value.unpack());
}

template <int Width>
void check_arithmetic(tally& cases, dyadic<Width> x, dyadic<Width> y) {
    const cpp_int a = x.significand;
    const cpp_int b = y.significand;
    check_result(cases, checked_multiply(x, y), cpp_int(a * b), std::int64_t{x.exponent} + y.exponent, "product", x, y);
    // In units of the lower exponent; 300 places apart they are as good as any farther.
    const std::int64_t apart = std::int64_t{x.exponent} - y.exponent;
    const auto up = static_cast<unsigned>(apart < -300 ? 300 : apart > 300 ? 300 : apart < 0 ? -apart : apart);
    const cpp_int raised_a = apart > 0 ? cpp_int(a << up) : a;
    const cpp_int raised_b = apart < 0 ? cpp_int(b << up) : b;
    const std::int64_t unit = a == 0 ? y.exponent : b == 0 ? x.exponent : std::min(x.exponent, y.exponent);
    const cpp_int m = a == 0 ? cpp_int(0) : b == 0 ? a : raised_a;
    const cpp_int n = b == 0 ? cpp_int(0) : a == 0 ? b : raised_b;
    check_result(cases, checked_add(x, y), cpp_int(m + n), unit, "sum", x, y);
    check_result(cases, checked_subtract(x, y), cpp_int(m - n), unit, "difference", x, y);
}

TEST_CASE("dyadic: + - x exactly, or overflow: all pairs of 4 bits") {
    tally cases("4 bits");
    for (const int base : {0, highest - 6, lowest + 6}) {
        for (int x = -8; x < 8; ++x) {
            for (int y = -8; y < 8; ++y) {
                for (int offset = -6; offset <= 6; ++offset) {
                    const dyadic<4> a{static_cast<std::int8_t>(x), base};
                    const dyadic<4> b{static_cast<std::int8_t>(y), base + offset};
                    check_arithmetic(cases, a, b);
                }
            }
        }
    }
    for (const std::int32_t e : {highest, lowest}) {
        for (int x = -8; x < 8; ++x) {
            for (int y = -8; y < 8; ++y) {
                for (int offset = -5; offset <= 5; ++offset) {
                    // Products whose exponents end at the limit and next to it.
                    const std::int32_t half = e / 2;
                    const dyadic<4> a{static_cast<std::int8_t>(x), half};
                    const dyadic<4> b{static_cast<std::int8_t>(y), e - half + offset};
                    check_arithmetic(cases, a, b);
                }
            }
        }
    }
}

template <int Width>
void check_random_arithmetic(tally& cases) {
    std::mt19937_64 random(Width);
    const auto number = [&random](std::int64_t base) {
        auto m = static_cast<std::int64_t>(random()) >> (64 - Width);
        switch (random() % 4) {
            case 0: m >>= random() % Width; break;
            case 1:
                m = static_cast<std::int64_t>(static_cast<std::uint64_t>(m) << (random() % 64)) >> (64 - Width);
                break;
            case 2: m = (std::int64_t{1} << (Width - 2)) * -2; break;  // the lowest
            default: break;
        }
        const std::int64_t e = base + static_cast<std::int64_t>(random() % 140) - 70;
        return dyadic<Width>{static_cast<typename dyadic<Width>::significand_type>(m),
                             static_cast<std::int32_t>(std::clamp(e, std::int64_t{lowest}, std::int64_t{highest}))};
    };
    for (const std::int64_t base : {std::int64_t{0}, std::int64_t{highest}, std::int64_t{lowest}}) {
        for (int i = 0; i < 1500; ++i) {
            const auto x = number(base);
            check_arithmetic(cases, x, number(base));
            check_arithmetic(cases, x, number(base == 0 ? 0 : 0 - base));
            check_arithmetic(cases, number(base / 2), number(base - base / 2));
        }
    }
}

TEST_CASE("dyadic: + - x exactly, or overflow: wide significands, exponents at the ends") {
    tally cases("wide");
    check_random_arithmetic<2>(cases);
    check_random_arithmetic<8>(cases);
    check_random_arithmetic<32>(cases);
    check_random_arithmetic<63>(cases);
    check_random_arithmetic<64>(cases);
    static_assert(checked_add(multiplier{3, 0}, multiplier{5, 1}) == dyad::checked<multiplier>{{13, 0}, false});
    static_assert(checked_multiply(multiplier{6, 2}, multiplier{6, -5}).value == multiplier{9, -1});
    static_assert(checked_subtract(multiplier{1, 40}, multiplier{1, 0}).overflow);
}

TEST_CASE("dyadic: the shortest and the longest form have the same value") {
    tally cases("forms");
    std::mt19937_64 random(35);
    const auto check = [&cases]<int Width>(dyadic<Width> x) {
        const auto shortest = x.reduced();
        const auto longest = x.normalized();
        cases.check(equals(shortest, x.significand, x.exponent) && equals(longest, x.significand, x.exponent),
                    x.unpack(), ": ", shortest.unpack(), " and ", longest.unpack());
        cases.check(shortest == x && longest == x, x.unpack());
        if (x.significand == 0) return;
        cases.check(shortest.significand % 2 != 0 || shortest.exponent == highest, "short: ", shortest.unpack());
        const bool full = dyad::bit_width(dyad::magnitude(longest.significand)) >= Width - 1;
        cases.check(full || longest.exponent == lowest, "long: ", longest.unpack());
    };
    for (const std::int32_t base : {0, highest, lowest}) {
        for (int offset = -20; offset <= 20; ++offset) {
            const std::int64_t wide = std::int64_t{base} + offset;
            if (wide < lowest || wide > highest) continue;
            const auto e = static_cast<std::int32_t>(wide);
            for (int m = -128; m < 128; ++m) check(dyadic<8>{static_cast<std::int8_t>(m), e});
            for (int i = 0; i < 50; ++i) check(dyadic<64>{static_cast<std::int64_t>(random() << (random() % 64)), e});
        }
    }
}

TEST_CASE("dyadic: order and conversion at the ends of the exponent's range") {
    using wide = dyadic<64>;
    static_assert(wide{1, highest} > wide{std::numeric_limits<std::int64_t>::max(), highest - 64});
    static_assert(wide{1, highest} == wide{2, highest - 1} && wide{-4, lowest} == wide{-1, lowest + 2});
    static_assert(wide{-1, highest} < wide{-1, lowest} && wide{3, lowest} > wide{1, lowest});
    static_assert(wide{std::numeric_limits<std::int64_t>::min(), highest} < wide{-1, highest});
    CHECK(static_cast<double>(wide{1, highest}) == HUGE_VAL);
    CHECK(static_cast<double>(wide{-1, lowest}) == 0);
    CHECK(dyad::convert<dyad::fixed<8, 4>>(wide{-1, highest}).raw() == -128);
    CHECK(dyad::convert<dyad::fixed<8, 4>>(wide{1, lowest}, dyad::rounding::toward_positive).raw() == 1);
    CHECK(dyad::convert<dyad::power<8, 2>>(wide{1, highest}).raw() == 127);
    CHECK(dyad::convert<std::int32_t>(wide{-1, highest}) == std::numeric_limits<std::int32_t>::min());
    CHECK(dyad::convert<float>(wide{3, lowest}, dyad::rounding::toward_positive) ==
          std::numeric_limits<float>::denorm_min());
    // Into fewer digits: a carry beyond the largest number, and digits below the lowest exponent.
    using narrow = dyadic<8>;
    const auto largest = dyad::convert<narrow>(wide{std::numeric_limits<std::int64_t>::max(), highest});
    CHECK((largest.significand == 127 && largest.exponent == highest));
    const auto least = dyad::convert<narrow>(wide{-3, lowest});
    CHECK((least.significand == -3 && least.exponent == lowest));
    const auto near = dyad::convert<narrow>(wide{3, lowest + 2});
    CHECK((near.significand == 12 && near.exponent == lowest));
}

TEST_CASE("dyadic: convert into every type, every rounding") {
    std::mt19937_64 random(36);
    std::vector<dyadic<24>> sources{{0, 5}, {1, 0}, {-1, -1}, {-0x80'0000, 3}, {0x7f'ffff, -20}};
    for (int i = 0; i < 400; ++i) {
        const auto m = static_cast<std::int32_t>(static_cast<std::int64_t>(random()) >> (40 + random() % 24));
        sources.push_back({m, static_cast<std::int32_t>(random() % (i % 4 == 0 ? 300 : 40)) - (i % 4 == 0 ? 180 : 30)});
    }
    std::vector<reference::input> inputs;
    for (const auto& x : sources) inputs.push_back({&x, reference::real_of(x.unpack())});
    tally cases("convert from dyadic");
    const auto check = [&]<class To>(std::type_identity<To>) {
        const auto target = reference::traits<To>::make();
        check_pair(cases, "dyadic -> " + reference::name_of<To>(), inputs, *target,
                   &reference::converted<To, dyadic<24>>);
    };
    reference::for_each_type(check);
    check(std::type_identity<dyad::power<8, 2>>{});
    check(std::type_identity<dyad::ternary>{});
}

TEST_CASE("dyadic: convert from every type, every rounding, to Width - 1 digits") {
    tally cases("convert into dyadic");
    std::mt19937_64 random(37);
    const auto check = [&]<class From>(From x) {
        const auto value = dyad::unpack(x);
        if (value.kind != dyad::number_class::finite) {
            cases.check(dyad::convert<dyadic<5>>(x).significand == 0, reference::name_of<From>());
            return;
        }
        const cpp_rational exact = dyad_test::value_of(value);
        for (const dyad::rounding mode : dyad_test::all_rounding_modes) {
            const auto got = dyad::convert<dyadic<5>>(x, mode);
            cases.check(value_of(got) == dyad_test::reference_round_to_digits(exact, 4, mode),
                        reference::name_of<From>(), " ", value, " ", mode, ": got ", got.unpack());
        }
    };
    const auto all = [&check]<class From>(std::type_identity<From>) {
        if constexpr (reference::width_of<From>() <= 8)
            for (const From x : reference::all_codes<From>()) check(x);
    };
    reference::for_each_type(all);
    all(std::type_identity<dyad::power<8, 2>>{});
    all(std::type_identity<dyad::ternary>{});
    for (int i = 0; i < 300; ++i) {
        check(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
        check(static_cast<std::int64_t>(random()) >> (random() % 64));
        check(static_cast<dyad::int128_t>(random() >> 1) * static_cast<dyad::int128_t>(random() >> 1));
        const dyadic<20> x{static_cast<std::int32_t>(random() >> 45) - (1 << 18),
                           static_cast<std::int32_t>(random() % 99)};
        const auto got = dyad::convert<dyadic<11>>(x, dyad::rounding::toward_negative);
        if (x.significand != 0)
            cases.check(
                value_of(got) == dyad_test::reference_round_to_digits(value_of(x), 10, dyad::rounding::toward_negative),
                x.unpack());
    }
    // Ratios of any two types.
    CHECK(multiplier::from_ratio(1, 3) == multiplier::from_ratio(1.0, 3.0));
    CHECK(multiplier::from_ratio(dyad::float8_e4m3fn(0.75f), dyad::integer<8>(-12)) == multiplier{-1, -4});
}

}  // namespace
