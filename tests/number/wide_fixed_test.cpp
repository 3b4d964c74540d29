// SPDX-License-Identifier: Apache-2.0
// wide fixed-point numbers: codes, arithmetic, packing and limits against rationals.
#include <dyad/number/wide_fixed.hpp>

#include <doctest/doctest.h>

#include "support/process.hpp"
#include "support/tally.hpp"
#include "support/wide_fixed.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

namespace {

using dyad::fixed;
using dyad::overflow;
using dyad::rounding;
using dyad::stochastic;
using dyad_test::cpp_int;
using dyad_test::cpp_rational;
using dyad_test::tally;
using reference::name_of;
using namespace wide;

const std::vector<wide_type>& wide_types() {
    static const std::vector<wide_type> all{wide_type_of<fixed<65>>(),
                                            wide_type_of<fixed<66, 70, is_unsigned>>(),
                                            wide_type_of<fixed<70, 35, is_signed, overflow::wrap>>(),
                                            wide_type_of<fixed<100, 50>>(),
                                            wide_type_of<fixed<128, 0, is_unsigned>>(),
                                            wide_type_of<fixed<129, -30>>(),
                                            wide_type_of<fixed<192, 100, is_unsigned, overflow::wrap>>(),
                                            wide_type_of<fixed<256, 300>>()};
    return all;
}

TEST_CASE("wide fixed: raw numbers, codes and order") {
    tally cases("codes");
    for (const wide_type& type : wide_types()) {
        const std::vector<cpp_int> all = some_raws(type, 60);
        for (std::size_t i = 0; i < all.size(); ++i) {
            const cpp_int& x = all[i];
            const cpp_int pattern = x < 0 ? cpp_int(x + (cpp_int(1) << static_cast<unsigned>(type.width))) : x;
            cases.check(type.code(x) == pattern && type.from_code(pattern) == x, type.name, ": code of ", x);
            cases.check(type.closed('m', x, x) == in_range(type, -x), type.name, ": minus ", x);
            for (const std::size_t j : {i, i / 2, (i * 7 + 3) % all.size()})
                cases.check(type.order(x, all[j]) == x.compare(all[j]), type.name, ": ", x, " and ", all[j]);
        }
    }
    using wide = fixed<100, 50>;
    static_assert(std::is_trivially_copyable_v<wide> && sizeof(wide) == 16 && sizeof(fixed<65>) == 16);
    static_assert(!std::is_convertible_v<double, wide> && !std::is_convertible_v<wide, double>);
    static_assert(wide(-1) < wide(0) && wide(-2) < wide(-1) && wide{} == wide(0));
}

TEST_CASE("wide fixed: unpack is exact up to 128 digits, and to odd beyond") {
    tally cases("unpack");
    for (const wide_type& type : wide_types()) {
        for (const cpp_int& x : some_raws(type, 100)) {
            const cpp_rational exact = value_of(type, x);
            const bool zero = exact == 0;
            const cpp_rational right =
                zero ? exact : dyad_test::reference_round_to_digits(exact, 128, rounding::to_odd);
            cases.check(dyad_test::value_of(type.unpack(x)) == right, type.name, ": ", type.unpack(x));
        }
    }
}

TEST_CASE("wide fixed: + - * / rounded once to nearest even") {
    tally cases("arithmetic");
    for (const wide_type& type : wide_types()) {
        const std::vector<cpp_int> all = some_raws(type, 150);
        for (std::size_t i = 0; i < all.size(); ++i) {
            for (const std::size_t j : {(i * 7 + 3) % all.size(), (i * i + 1) % all.size(), i % 15}) {
                const cpp_rational a = value_of(type, all[i]);
                const cpp_rational b = value_of(type, all[j]);
                for (const char operation : {'+', '-', '*', '/'}) {
                    if (operation == '/' && b == 0) continue;
                    const cpp_rational exact = operation == '+'   ? cpp_rational(a + b)
                                               : operation == '-' ? cpp_rational(a - b)
                                               : operation == '*' ? cpp_rational(a * b)
                                                                  : cpp_rational(a / b);
                    const cpp_int got = type.closed(operation, all[i], all[j]);
                    cases.check(got == expected_raw(type, exact, rounding::nearest_even), type.name, ": ", all[i], " ",
                                operation, " ", all[j], ": got ", got);
                }
            }
        }
    }
    static_assert(static_cast<double>(fixed<100, 50>(1.5) * fixed<100, 50>(-2.5)) == -3.75);
    static_assert(fixed<100, 50>(1) / fixed<100, 50>(3) < fixed<100, 50>(1.0f / 3));
}

TEST_CASE("wide fixed: quotients at ties and next to them") {
    const wide_type type = wide_type_of<fixed<80, 10>>();
    tally cases("quotients at ties");
    std::mt19937_64 random(80);
    for (int i = 0; i < 3000; ++i) {
        // (2q + 1) d / 2048 units by d units are q + 1/2 units.
        const cpp_int q = cpp_int(random() >> (20 + random() % 40));
        const cpp_int d = cpp_int(random() >> (40 + random() % 20)) * 2048 + 2048;
        for (int offset = -1; offset <= 1; ++offset) {
            const cpp_int n = ((2 * q + 1) * d / 2048 + offset) * (i % 2 == 0 ? 1 : -1);
            const cpp_rational exact = value_of(type, n) / value_of(type, d);
            cases.check(type.closed('/', n, d) == expected_raw(type, exact, rounding::nearest_even), n, " / ", d);
        }
    }
}

TEST_CASE("wide fixed: sqrt, abs, min, max, floor, ceil, nearest integer") {
    tally cases("functions");
    for (const wide_type& type : wide_types()) {
        std::vector<cpp_int> all = some_raws(type, 150);
        for (int i = 1; i < 40; ++i) {
            // Squares, and the squares of ties, both with their neighbours.
            const cpp_int root = all[static_cast<std::size_t>(i)] >> static_cast<unsigned>(type.width / 2 + 1);
            for (const cpp_int& m : {cpp_int(root * root), cpp_int(root * root + root)})
                for (int offset = -1; offset <= 1; ++offset) all.push_back(abs(cpp_int(m + offset)));
        }
        for (const cpp_int& x : all) {
            const cpp_int& y = all[static_cast<std::size_t>(abs(x) % all.size())];
            const auto check = [&](char operation, const cpp_int& right) {
                const cpp_int got = type.closed(operation, x, y);
                cases.check(got == right, type.name, ": ", operation, " of ", x, " and ", y, ": got ", got, ", not ",
                            right);
            };
            // The raw root r is the integer next to sqrt(x 2^Fraction): (2r - 1)^2 <= 4 x 2^Fraction <= (2r + 1)^2,
            // with equality at ties, which go to even.
            const cpp_rational scaled = x < 0 ? cpp_rational(0) : 4 * x * dyad_test::power_of_two(type.fraction);
            const cpp_int r = type.closed('r', x, y);
            const cpp_rational low = r == 0 ? cpp_int(-1) : cpp_int((2 * r - 1) * (2 * r - 1));
            const cpp_rational high = (2 * r + 1) * (2 * r + 1);
            const bool even = r % 2 == 0;
            const bool not_lower = low < scaled || (low == scaled && even);
            const bool not_higher = scaled < high || (scaled == high && even) || (r == type.highest && !type.wraps);
            cases.check(not_lower && not_higher, type.name, ": sqrt of ", x, ": got ", r);
            check('a', in_range(type, abs(x)));
            check('<', x < y ? x : y);
            check('>', x < y ? y : x);
            const auto integer = [&](rounding mode) {
                const cpp_rational whole = dyad_test::reference_round(value_of(type, x), mode);
                return type.fraction <= 0 ? x : expected_raw(type, whole, rounding::nearest_even);
            };
            check('f', integer(rounding::toward_negative));
            check('c', integer(rounding::toward_positive));
            check('e', integer(rounding::nearest_even));
        }
    }
    static_assert(sqrt(fixed<100, 50>(2.25)) == fixed<100, 50>(1.5));
}

TEST_CASE("wide fixed: pack in every mode and with random bits, at thresholds and next to them") {
    tally cases("pack");
    for (const wide_type& type : wide_types()) {
        std::mt19937_64 random(static_cast<std::uint64_t>(type.width + 1));
        for (int i = 0; i < 150; ++i) {
            const int span = static_cast<int>(random() % static_cast<unsigned>(type.width + 200));
            const int exponent = -type.fraction + span - 140;
            const dyad::uint128_t wide = (dyad::uint128_t{random()} << 64 | random()) >> (random() % 128);
            const dyad::uint128_t tie = (wide | 1) << (random() % 100);
            for (const dyad::uint128_t m : {wide, tie, tie + 1}) {
                const auto x = dyad::unpacked_wide::finite(i % 2 != 0, m, exponent);
                const cpp_rational exact = dyad_test::value_of(x);
                for (const rounding mode : dyad_test::all_rounding_modes) {
                    const cpp_int got = type.pack(x, mode);
                    cases.check(got == expected_raw(type, exact, mode), type.name, ": ", x, " ", mode, ": got ", got);
                }
                for (const auto variant : dyad_test::all_stochastic_variants) {
                    for (const int n : {1, 7, 32}) {
                        const stochastic rule{variant, n, static_cast<std::uint32_t>(random() >> (64 - n))};
                        const cpp_int got = type.pack_randomly(x, rule);
                        cases.check(got == expected_raw(type, exact, rule), type.name, ": ", x, " ", rule, ": got ",
                                    got);
                    }
                }
            }
        }
        const auto tiny = dyad::unpacked_wide::finite(false, 5, std::numeric_limits<int>::min());
        const auto huge = dyad::unpacked_wide::finite(false, 5, std::numeric_limits<int>::max());
        cases.check(type.pack(tiny, rounding::toward_positive) == 1, type.name, ": tiny up");
        cases.check(type.pack(tiny, rounding::nearest_away) == 0, type.name, ": tiny");
        cases.check(type.pack(huge, rounding::toward_zero) == (type.wraps ? cpp_int(0) : type.highest), type.name,
                    ": huge");
    }
}

template <class T>
void check_not_numbers(const wide_type& type) {
    CAPTURE(type.name);
    const cpp_int plus = type.wraps ? cpp_int(0) : type.highest;
    const cpp_int minus = type.wraps ? cpp_int(0) : type.lowest;
    CHECK(raw_of(T(std::numeric_limits<double>::quiet_NaN())) == 0);
    CHECK(raw_of(T(HUGE_VAL)) == plus);
    CHECK(raw_of(T(-HUGE_VAL)) == minus);
    CHECK(raw_of(T(1) / T(0)) == plus);
    CHECK(raw_of(T(0) / T(0)) == 0);
    if constexpr (T::is_signed) CHECK(raw_of(T(-1) / T(0)) == minus);
}

TEST_CASE("wide fixed: NaN, infinities, quotients by 0") {
    check_not_numbers<fixed<100, 50>>(wide_type_of<fixed<100, 50>>());
    check_not_numbers<fixed<66, 70, is_unsigned>>(wide_type_of<fixed<66, 70, is_unsigned>>());
    using wrapping = fixed<70, 35, is_signed, overflow::wrap>;
    check_not_numbers<wrapping>(wide_type_of<wrapping>());
}

TEST_CASE("wide fixed: trap stops at what is out of range, and only there") {
    using trapping = fixed<68, 4, is_signed, overflow::trap>;
    using dyad_test::stops_the_program;
    const volatile double largest = 0x1p63;
    const volatile double nan = std::numeric_limits<double>::quiet_NaN();
    const auto quarter = [&largest] { return trapping(static_cast<double>(largest) / 4); };
    CHECK_FALSE(stops_the_program([&] { static_cast<void>(trapping(-static_cast<double>(largest)).raw()); }));
    CHECK(stops_the_program([&] { static_cast<void>(trapping(static_cast<double>(largest)).raw()); }));
    CHECK(stops_the_program([&] { static_cast<void>(trapping(static_cast<double>(nan)).raw()); }));
    CHECK_FALSE(stops_the_program([&] { static_cast<void>((quarter() + quarter()).raw()); }));
    CHECK(stops_the_program([&] { static_cast<void>((quarter() + quarter() + quarter() + quarter()).raw()); }));
    CHECK(stops_the_program([&] { static_cast<void>((quarter() * trapping(4)).raw()); }));
    CHECK(stops_the_program([&] { static_cast<void>((quarter() / trapping(0.25)).raw()); }));
    CHECK(stops_the_program([&] { static_cast<void>((quarter() / (quarter() - quarter())).raw()); }));
    CHECK(raw_of(quarter() + quarter() - trapping(1) + quarter()) == (cpp_int(3) << 65) - 16);
}

template <class T>
void check_limits(const wide_type& type) {
    CAPTURE(type.name);
    using limits = std::numeric_limits<T>;
    CHECK(raw_of(limits::max()) == type.highest);
    CHECK(raw_of(limits::lowest()) == type.lowest);
    CHECK(limits::min() == limits::lowest());
    CHECK(limits::is_signed == T::is_signed);
    CHECK(limits::is_integer == (T::fraction <= 0));
    CHECK(limits::is_modulo == type.wraps);
    // All non-negative numbers of so many binary digits, and of so many decimal digits, are in range.
    CHECK(type.highest + 1 == cpp_int(1) << limits::digits);
    CHECK(pow(cpp_int(10), limits::digits10) <= type.highest + 1);
    CHECK(pow(cpp_int(10), limits::digits10 + 1) > type.highest + 1);
}

TEST_CASE("wide fixed: numeric_limits") {
    check_limits<fixed<65>>(wide_type_of<fixed<65>>());
    check_limits<fixed<128, 0, is_unsigned>>(wide_type_of<fixed<128, 0, is_unsigned>>());
    check_limits<fixed<256, 300>>(wide_type_of<fixed<256, 300>>());
    check_limits<fixed<70, 35, is_signed, overflow::wrap>>(wide_type_of<fixed<70, 35, is_signed, overflow::wrap>>());
    // digits * 30103 / 100000 is floor(digits log10 2) for all Widths up to 4096.
    cpp_int power = 1;
    int digits10 = 0;
    for (int digits = 1; digits <= 4096; ++digits) {
        power *= 2;
        if (pow(cpp_int(10), static_cast<unsigned>(digits10 + 1)) <= power) ++digits10;
        CHECK(digits * 30103 / 100000 == digits10);
    }
}

}  // namespace
