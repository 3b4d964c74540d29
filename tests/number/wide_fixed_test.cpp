// SPDX-License-Identifier: Apache-2.0
// wide fixed-point numbers: codes, arithmetic, packing and limits against rationals.
#include <dyad/number/wide_fixed.hpp>

#include <doctest/doctest.h>

#include "support/process.hpp"
#include "support/tally.hpp"
#include "support/wide_fixed.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

namespace {

using dyad::fixed;
using dyad::overflow;
using dyad::rounding;
using dyad::saturation;
using dyad_test::cpp_int;
using dyad_test::cpp_rational;
using dyad_test::tally;
using reference::name_of;
using namespace wide;

TEST_CASE("wide fixed: raw numbers, codes and order") {
    tally cases("codes");
    for_each(wide_types{}, [&cases]<class T>(std::type_identity<T>) {
        static_assert(std::is_trivially_copyable_v<T> && sizeof(T) == (T::width + 63) / 64 * 8);
        CHECK(cpp_int(T::max_raw) == highest<T>);
        CHECK(cpp_int(T::min_raw) == lowest<T>);
        const std::vector<T> all = some<T>(40);
        for (const T& x : all) {
            const cpp_int pattern = raw_of(x) < 0 ? cpp_int(raw_of(x) + (cpp_int(1) << T::width)) : raw_of(x);
            cpp_int code = 0;
            for (std::size_t i = x.bits().size(); i-- > 0;) code = (code << 64) | x.bits()[i];
            cases.check(code == pattern && T::from_bits(x.bits()) == x, name_of<T>(), ": code of ", x.unpack());
            cases.check(from_raw<T>(raw_of(x)) == x, name_of<T>(), ": raw of ", x.unpack());
            cases.check((-x).raw() == expected_raw<T>(-value_of(x), rounding::nearest_even), "minus ", x.unpack());
            const T& y = all[static_cast<std::size_t>(code % all.size())];
            const int order = raw_of(x).compare(raw_of(y));
            cases.check((x == y) == (order == 0) && (x < y) == (order < 0) && (x >= y) == (order >= 0), name_of<T>(),
                        ": order of ", x.unpack(), " and ", y.unpack());
        }
    });
}

TEST_CASE("wide fixed: unpack is exact up to 128 digits, and to odd beyond") {
    tally cases("unpack");
    for_each(wide_types{}, [&cases]<class T>(std::type_identity<T>) {
        for (const T& x : some<T>(60)) {
            const cpp_rational exact = value_of(x);
            const cpp_rational right =
                exact == 0 ? exact : dyad_test::reference_round_to_digits(exact, 128, rounding::to_odd);
            cases.check(dyad_test::value_of(x.unpack()) == right, name_of<T>(), ": ", x.unpack());
        }
    });
}

TEST_CASE("wide fixed: + - * / rounded once to nearest even") {
    tally cases("arithmetic");
    for_each(wide_types{}, [&cases]<class T>(std::type_identity<T>) {
        const std::vector<T> all = some<T>(120);
        for (std::size_t i = 0; i < all.size(); ++i) {
            for (const std::size_t j : {(i * 7 + 3) % all.size(), (i * i + 1) % all.size(), i % 15}) {
                const T& x = all[i];
                const T& y = all[j];
                const cpp_rational a = value_of(x);
                const cpp_rational b = value_of(y);
                const auto check = [&](const char* name, const T& got, const cpp_rational& exact) {
                    cases.check(raw_of(got) == expected_raw<T>(exact, rounding::nearest_even), name_of<T>(), ": ", name,
                                " of ", x.unpack(), " and ", y.unpack(), ": got ", got.unpack());
                };
                check("sum", x + y, a + b);
                check("difference", x - y, a - b);
                check("product", x * y, a * b);
                if (b != 0) check("quotient", x / y, a / b);
                T z = x;
                z += y;
                z -= x;
                z *= y;
                cases.check(z == ((x + y) - x) * y, name_of<T>(), ": compound");
            }
        }
    });
}

TEST_CASE("wide fixed: quotients at ties") {
    using T = fixed<80, 10>;
    tally cases("quotients at ties");
    std::mt19937_64 random(80);
    for (int i = 0; i < 3000; ++i) {
        // (q + 1/2) units times a divisor of an even number of units: a tie; one unit beside it: none.
        const cpp_int q = cpp_int(random() >> (20 + random() % 40));
        const cpp_int d = cpp_int(random() >> (40 + random() % 20)) * 2048 + 2048;
        const cpp_int n = (2 * q + 1) * d / 2048;
        for (int offset = -1; offset <= 1; ++offset) {
            const T x = from_raw<T>(cpp_int((n + offset) * (i % 2 == 0 ? 1 : -1)));
            const T y = from_raw<T>(d);
            cases.check(raw_of(x / y) == expected_raw<T>(value_of(x) / value_of(y), rounding::nearest_even), x.unpack(),
                        " / ", y.unpack());
        }
    }
}

TEST_CASE("wide fixed: pack in every mode and with random bits, at thresholds and next to them") {
    tally cases("pack");
    for_each(wide_types{}, [&cases]<class T>(std::type_identity<T>) {
        std::mt19937_64 random(static_cast<std::uint64_t>(T::width + 1));
        const auto check = [&cases](const auto& x, const auto& rule) {
            const T got = T::pack(x, rule, saturation::none);
            cases.check(raw_of(got) == expected_raw<T>(dyad_test::value_of(x), rule), name_of<T>(), ": ", x, " ", rule,
                        ": got ", got.unpack());
        };
        for (int i = 0; i < 150; ++i) {
            const int exponent =
                -T::fraction + static_cast<int>(random() % static_cast<unsigned>(T::width + 200)) - 140;
            const dyad::uint128_t wide = (dyad::uint128_t{random()} << 64 | random()) >> (random() % 128);
            const dyad::uint128_t tie = (wide | 1) << (random() % 100);
            for (const auto& x : {dyad::unpacked_wide::finite(i % 2 != 0, wide, exponent),
                                  dyad::unpacked_wide::finite(i % 2 != 0, tie, exponent),
                                  dyad::unpacked_wide::finite(i % 2 != 0, tie + 1, exponent)}) {
                for (const rounding mode : dyad_test::all_rounding_modes) check(x, mode);
                for (const auto variant : dyad_test::all_stochastic_variants) {
                    for (const int n : {1, 7, 32})
                        check(x, dyad::stochastic{variant, n, static_cast<std::uint32_t>(random() >> (64 - n))});
                }
            }
            check(dyad::unpacked::finite(i % 2 != 0, random() >> (random() % 64), exponent), rounding::nearest_even);
        }
        for (const int exponent : {std::numeric_limits<int>::min(), std::numeric_limits<int>::max()}) {
            const bool large = exponent > 0;
            const auto x = dyad::unpacked::finite(false, 5, exponent);
            const cpp_int up = raw_of(T::pack(x, rounding::toward_positive, saturation::none));
            cases.check(up == (!large ? cpp_int(1) : wraps<T> ? cpp_int(0) : highest<T>), name_of<T>(), ": ", x);
            const cpp_int near = raw_of(T::pack(x, rounding::nearest_away, saturation::none));
            cases.check(near == (!large || wraps<T> ? cpp_int(0) : highest<T>), name_of<T>(), ": ", x);
        }
    });
}

template <class T>
void check_not_numbers(const cpp_int& nan, const cpp_int& plus, const cpp_int& minus) {
    CAPTURE(name_of<T>());
    const double infinity = HUGE_VAL;
    CHECK(raw_of(T(std::numeric_limits<double>::quiet_NaN())) == nan);
    CHECK(raw_of(T(infinity)) == plus);
    CHECK(raw_of(T(-infinity)) == minus);
    CHECK(raw_of(T(1) / T(0)) == plus);
    CHECK(raw_of(T(0) / T(0)) == nan);
    if constexpr (T::is_signed) CHECK(raw_of(T(-1) / T(0)) == minus);
}

TEST_CASE("wide fixed: NaN, infinities, quotients by 0, traps") {
    check_not_numbers<fixed<100, 50>>(0, highest<fixed<100>>, lowest<fixed<100>>);
    check_not_numbers<fixed<70, 3, is_unsigned>>(0, highest<fixed<70, 0, is_unsigned>>, 0);
    check_not_numbers<fixed<70, 3, is_signed, overflow::wrap>>(0, 0, 0);
    using trapping = fixed<68, 4, is_signed, overflow::trap>;
    using dyad_test::stops_the_program;
    const volatile double bound = 0x1p63;
    const volatile double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK_FALSE(stops_the_program([&] { static_cast<void>(trapping(-static_cast<double>(bound)).raw()); }));
    CHECK(stops_the_program([&] { static_cast<void>(trapping(static_cast<double>(bound)).raw()); }));
    CHECK(stops_the_program([&] { static_cast<void>(trapping(static_cast<double>(nan)).raw()); }));
    CHECK(stops_the_program(
        [&] { static_cast<void>((trapping(0x1p62) + trapping(static_cast<double>(bound) / 2)).raw()); }));
    CHECK(
        stops_the_program([&] { static_cast<void>((trapping(static_cast<double>(bound) / 2) * trapping(2)).raw()); }));
    CHECK(stops_the_program(
        [&] { static_cast<void>((trapping(static_cast<double>(bound) / 4) / trapping(0.25)).raw()); }));
    CHECK(raw_of(trapping(0x1p62) - trapping(1) + trapping(0x1p61)) == (cpp_int(3) << 65) - 16);
}

TEST_CASE("wide fixed: numeric_limits") {
    for_each(wide_types{}, []<class T>(std::type_identity<T>) {
        using limits = std::numeric_limits<T>;
        CHECK(raw_of(limits::max()) == highest<T>);
        CHECK(raw_of(limits::lowest()) == lowest<T>);
        CHECK(limits::min() == limits::lowest());
        CHECK(limits::is_signed == T::is_signed);
        CHECK(limits::is_integer == (T::fraction <= 0));
        // All non-negative numbers of so many binary digits, and of so many decimal digits, are in range.
        CHECK(cpp_int(highest<T> + 1) == cpp_int(1) << limits::digits);
        CHECK(boost::multiprecision::pow(cpp_int(10), limits::digits10) <= highest<T> + 1);
        CHECK(boost::multiprecision::pow(cpp_int(10), limits::digits10 + 1) > highest<T> + 1);
    });
}

}  // namespace
