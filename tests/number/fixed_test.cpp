// SPDX-License-Identifier: Apache-2.0
// fixed: every width, fractions below 0 and beyond the width, saturation, wrapping and trapping, numeric_limits.
#include <dyad/number/fixed.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/process.hpp"
#include "support/tally.hpp"

#include <cmath>
#include <compare>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using dyad::fixed;
using dyad::int128_t;
using dyad::overflow;
using dyad::rounding;
using dyad::saturation;
using dyad::signedness;
using dyad::uint128_t;
using dyad_test::cpp_int;
using dyad_test::tally;
using reference::name_of;
using reference::real_of;

using q15 = fixed<16, 15>;
using q31 = fixed<32, 31>;

template <class Function>
void for_each_width(Function f) {
    [&f]<int... Index>(std::integer_sequence<int, Index...>) { (f.template operator()<Index + 1>(), ...); }
    (std::make_integer_sequence<int, 64>{});
}

/// Raw numbers in [low, high]: the ends, the middle, seeded randoms.
std::vector<int128_t> some_raws(int128_t low, int128_t high) {
    std::vector<int128_t> all;
    std::mt19937_64 random(1);
    const auto add = [&](int128_t raw) {
        if (raw >= low && raw <= high) all.push_back(raw);
    };
    for (int128_t offset = -2; offset <= 2; ++offset) {
        add(offset);
        add(high - 2 + offset);
        add(low + 2 + offset);
        add(high / 2 + offset);
    }
    const auto range = static_cast<uint128_t>(high - low) + 1;
    for (int i = 0; i < 40; ++i) add(low + static_cast<int128_t>(random() % range));
    return all;
}

/// The type as plain functions of raw numbers, so that the loops are compiled once.
struct operations {
    std::string name;
    int width;
    int fraction;
    bool is_signed;
    int128_t min_raw;
    int128_t max_raw;
    std::uint64_t (*bits)(int128_t raw);
    int128_t (*from_bits)(std::uint64_t bits);
    dyad::unpacked (*unpack)(int128_t raw);
    int128_t (*pack)(const dyad::unpacked& x, rounding mode);
    std::unique_ptr<reference::target> target;
};
template <class T>
operations operations_of() {
    using raw = typename T::raw_type;
    return {name_of<T>(),
            T::width,
            T::fraction,
            T::is_signed,
            T::min_raw,
            T::max_raw,
            [](int128_t x) { return std::uint64_t{T::from_raw(static_cast<raw>(x)).bits()}; },
            [](std::uint64_t x) { return int128_t{T::from_bits(static_cast<typename T::bits_type>(x)).raw()}; },
            [](int128_t x) { return T::from_raw(static_cast<raw>(x)).unpack(); },
            [](const dyad::unpacked& x, rounding mode) { return int128_t{T::pack(x, mode, saturation::none).raw()}; },
            reference::traits<T>::make()};
}

void check_type(tally& cases, const operations& type) {
    // 1. The range, by its definition.
    const int128_t one = 1;
    const int128_t high = type.is_signed ? (one << (type.width - 1)) - 1 : (one << type.width) - 1;
    const int128_t low = type.is_signed ? -(one << (type.width - 1)) : 0;
    cases.check(type.max_raw == high && type.min_raw == low, type.name, ": range");
    for (const int128_t raw : some_raws(low, high)) {
        // 2. Bits are the low bits of the two's complement number; unpack and pack are each other's inverse.
        const auto pattern =
            static_cast<std::uint64_t>(static_cast<uint128_t>(raw) & ((uint128_t{1} << type.width) - 1));
        cases.check(type.bits(raw) == pattern && type.from_bits(pattern) == raw, type.name, ": bits of ", raw);
        const auto m = static_cast<uint128_t>(raw < 0 ? -raw : raw);
        const reference::real exact{reference::kind::finite, raw < 0, reference::scaled(m, -type.fraction)};
        cases.check(real_of(type.unpack(raw)) == exact, type.name, ": unpack of ", raw);
        for (const rounding mode : dyad_test::all_rounding_modes)
            cases.check(type.pack(type.unpack(raw), mode) == raw, type.name, ": pack of ", raw, " ", mode);
        // 3. Halves, quarters and the next doubles around each value, in every mode.
        const double value = std::ldexp(static_cast<double>(raw), -type.fraction);
        const double unit = std::ldexp(1.0, -type.fraction);
        for (const double y : {value, value + unit / 2, value + unit / 4, std::nextafter(value, HUGE_VAL),
                               std::nextafter(value, -HUGE_VAL), 4 * value}) {
            type.target->take(real_of(y));
            for (const rounding mode : dyad_test::all_rounding_modes) {
                const int128_t got = type.pack(dyad::unpack(y), mode);
                cases.check(got == type.target->code(mode, saturation::none), type.name, ": ", y, " ", mode, ": got ",
                            got);
            }
        }
    }
}

TEST_CASE("fixed: every width, both signs, saturating and wrapping") {
    tally cases("widths 1..64");
    for_each_width([&cases]<int Width>() {
        check_type(cases, operations_of<fixed<Width, 0>>());
        check_type(cases, operations_of<fixed<Width, Width / 2, signedness::is_unsigned>>());
        check_type(cases, operations_of<fixed<Width, 3, signedness::is_signed, overflow::wrap>>());
    });
    check_type(cases, operations_of<fixed<8, 7>>());
    check_type(cases, operations_of<q15>());
    check_type(cases, operations_of<q31>());
    check_type(cases, operations_of<fixed<8, 12>>());
    check_type(cases, operations_of<fixed<8, -100>>());
    check_type(cases, operations_of<fixed<16, 100>>());
    check_type(cases, operations_of<fixed<64, 63>>());
    check_type(cases, operations_of<fixed<64, 64, signedness::is_unsigned>>());
    check_type(cases, operations_of<fixed<13, -5, signedness::is_unsigned, overflow::wrap>>());
    check_type(cases, operations_of<fixed<64, -5, signedness::is_unsigned, overflow::wrap>>());
}

TEST_CASE("fixed: fractions at the ends of their range, against rationals") {
    tally cases("extreme fractions");
    std::mt19937_64 random(5);
    const auto check = [&cases, &random]<class T>(T) {
        for (int i = 0; i < 500; ++i) {
            const int exponent = -T::fraction + static_cast<int>(random() % 14) - 6;
            const auto x = dyad::unpacked::finite(random() % 2 != 0, random() >> 57, exponent);
            const auto exact = dyad_test::value_of(x) * dyad_test::power_of_two(T::fraction);
            for (const rounding mode : dyad_test::all_rounding_modes) {
                cpp_int expected = dyad_test::reference_round(exact, mode);
                if (expected > cpp_int(T::max_raw)) expected = T::max_raw;
                if (expected < cpp_int(T::min_raw)) expected = T::min_raw;
                const T got = T::pack(x, mode, saturation::none);
                cases.check(cpp_int(got.raw()) == expected, name_of<T>(), ": ", x, " ", mode, ": got ", got.raw());
            }
        }
    };
    check(fixed<8, 1024>{});
    check(fixed<8, -1024>{});
    check(fixed<12, 1000, signedness::is_unsigned>{});
}

// Both operands and the result in units of 2^-Fraction: the sum is exact, the product has 2 Fraction digits.
template <class T>
int128_t wrapped(cpp_int raw) {
    const cpp_int range = cpp_int(1) << T::width;
    raw %= range;
    if (raw < cpp_int(T::min_raw)) raw += range;
    if (raw > cpp_int(T::max_raw)) raw -= range;
    return static_cast<std::int64_t>(raw);
}

TEST_CASE("fixed: wrapping is arithmetic modulo 2^Width") {
    using wrap8 = fixed<8, 0, signedness::is_signed, overflow::wrap>;
    using wrap5 = fixed<5, -2, signedness::is_signed, overflow::wrap>;
    tally cases("wrap");
    for (std::int64_t x = -20000; x <= 20000; ++x) {
        cases.check(wrap8(x).raw() == static_cast<std::int8_t>(x), "wrap8 of ", x);
        const auto in_fours = dyad_test::reference_round(dyad_test::cpp_rational(x, 4), rounding::nearest_even);
        cases.check(wrap5(x).raw() == wrapped<wrap5>(in_fours), "wrap5 of ", x);
    }
    // Far beyond 128 bits only zeros are left; just below, digits are.
    CHECK(wrap8(0x1p127).raw() == 0);
    CHECK(wrap8(0x1p1000).raw() == 0);
    CHECK(wrap8::pack(dyad::unpacked_wide::finite(true, (uint128_t{1} << 127) + 3, 0), rounding::nearest_even,
                      saturation::none)
              .raw() == -3);
    using deep = fixed<64, 100, signedness::is_unsigned, overflow::wrap>;
    for (int exponent = -170; exponent <= 60; ++exponent) {
        const auto x = dyad::unpacked::finite(true, 0xf123'4567'89ab'cdefu, exponent);
        const auto exact = dyad_test::value_of(x) * dyad_test::power_of_two(100);
        cpp_int expected = dyad_test::reference_round(exact, rounding::nearest_even) % (cpp_int(1) << 64);
        if (expected < 0) expected += cpp_int(1) << 64;
        const auto got = deep::pack(x, rounding::nearest_even, saturation::none);
        cases.check(cpp_int(got.raw()) == expected, "fixed<64,100,unsigned,wrap> of ", x, ": got ", got.raw());
    }
}

template <class T>
void check_not_numbers(typename T::raw_type nan, typename T::raw_type plus, typename T::raw_type minus) {
    CAPTURE(name_of<T>());
    const double infinity = HUGE_VAL;
    CHECK(T(std::numeric_limits<double>::quiet_NaN()).raw() == nan);
    CHECK(T(dyad::float8_e4m3fn::from_bits(0xff)).raw() == nan);
    CHECK(T(infinity).raw() == plus);
    CHECK(T(-infinity).raw() == minus);
    CHECK((T::from_raw(1) / T::from_raw(0)).raw() == plus);
    if constexpr (T::is_signed) CHECK((T::from_raw(-1) / T::from_raw(0)).raw() == minus);
    CHECK((T::from_raw(0) / T::from_raw(0)).raw() == nan);
}

TEST_CASE("fixed: NaN gives 0, infinities the bound or 0, quotients by 0 likewise") {
    check_not_numbers<fixed<8, 4>>(0, 127, -128);
    check_not_numbers<fixed<8, 4, signedness::is_unsigned>>(0, 255, 0);
    check_not_numbers<q31>(0, std::numeric_limits<std::int32_t>::max(), std::numeric_limits<std::int32_t>::min());
    check_not_numbers<fixed<8, 4, signedness::is_signed, overflow::wrap>>(0, 0, 0);
    check_not_numbers<fixed<64, 3, signedness::is_unsigned, overflow::wrap>>(0, 0, 0);
}

TEST_CASE("fixed: trap stops at what is out of range, and only there") {
    using trapping = fixed<8, 4, signedness::is_signed, overflow::trap>;
    using dyad_test::stops_the_program;
    CHECK(trapping(7.9375).raw() == 127);
    CHECK(trapping(7.96875 - 0x1p-30).raw() == 127);
    CHECK(trapping(-8.03125).raw() == -128);
    CHECK_FALSE(stops_the_program([] { static_cast<void>(trapping(7.9375)); }));
    const volatile double beyond = 7.96875;
    const volatile double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(stops_the_program([&] { static_cast<void>(trapping(static_cast<double>(beyond)).raw()); }));
    CHECK(stops_the_program([&] { static_cast<void>(trapping(static_cast<double>(nan)).raw()); }));
    CHECK(stops_the_program([&] { static_cast<void>(trapping(HUGE_VAL * static_cast<double>(beyond)).raw()); }));
    CHECK(stops_the_program([&] { static_cast<void>((trapping(4) + trapping(4)).raw()); }));
    CHECK(stops_the_program([&] { static_cast<void>(trapping(1e300).raw()); }));
}

TEST_CASE("fixed: Q0.15 and Q0.31 as digital signal processors have them") {
    CHECK(q15(1.0).raw() == 0x7fff);
    CHECK(q15(-1.0).raw() == -0x8000);
    CHECK((q15(-1.0) * q15(-1.0)).raw() == 0x7fff);
    CHECK((q15(0.5) * q15(0.5)).raw() == 0x2000);
    CHECK((-q15(-1.0)).raw() == 0x7fff);
    CHECK(q31(0.5f).raw() == 0x4000'0000);
    CHECK((q31(-1.0) * q31(-1.0)).raw() == 0x7fff'ffff);
    CHECK((q31(0.25) / q31(0.5)).raw() == 0x4000'0000);
    // A tie in the product: 3 * 2^-15 * 2^-1 is 1.5 units, to even 2; 1 * 2^-15 * 2^-1 half a unit, to even 0.
    CHECK((q15::from_raw(3) * q15(0.5)).raw() == 2);
    CHECK((q15::from_raw(1) * q15(0.5)).raw() == 0);
    CHECK((q15::from_raw(-3) * q15(0.5)).raw() == -2);
    static_assert(static_cast<float>(q15::from_raw(-0x4000)) == -0.5f);
}

TEST_CASE("fixed: to float and double, rounded once to nearest even") {
    tally cases("to native");
    const auto check = [&cases]<class T>(T) {
        const auto single = reference::traits<float>::make();
        const auto wide = reference::traits<double>::make();
        for (const int128_t raw : some_raws(T::min_raw, T::max_raw)) {
            const T x = T::from_raw(static_cast<typename T::raw_type>(raw));
            single->take(real_of(x));
            wide->take(real_of(x));
            const auto to_float = reference::traits<float>::code(static_cast<float>(x));
            const auto to_double = reference::traits<double>::code(static_cast<double>(x));
            cases.check(to_float == single->code(rounding::nearest_even, saturation::none), name_of<T>(), x.raw());
            cases.check(to_double == wide->code(rounding::nearest_even, saturation::none), name_of<T>(), x.raw());
        }
    };
    check(q15{});
    check(q31{});
    check(fixed<64, 63>{});
    check(fixed<64, 0, signedness::is_unsigned>{});
    check(fixed<64, -60>{});
    check(fixed<40, 150>{});
}

TEST_CASE("fixed: layout, order, numeric_limits") {
    static_assert(std::is_trivially_copyable_v<q15> && sizeof(q15) == 2 && sizeof(fixed<5>) == 1 && sizeof(q31) == 4);
    static_assert(std::same_as<dyad::integer<24>::raw_type, std::int32_t>);
    static_assert(std::same_as<dyad::uinteger<9>::raw_type, std::uint16_t>);
    static_assert(!std::is_convertible_v<double, q15> && !std::is_convertible_v<q15, double>);
    static_assert((q15::from_raw(-1) <=> q15::from_raw(1)) == std::strong_ordering::less);
    static_assert(dyad::uinteger<8>::from_raw(255) > dyad::uinteger<8>::from_raw(1));
    using limits = std::numeric_limits<fixed<8, 4>>;
    CHECK(limits::max().raw() == 127);
    CHECK(limits::lowest().raw() == -128);
    CHECK(limits::min() == limits::lowest());
    CHECK(limits::is_specialized);
    CHECK(limits::is_signed);
    CHECK_FALSE(limits::is_integer);
    CHECK(limits::is_exact);
    CHECK(limits::is_bounded);
    CHECK_FALSE(limits::is_modulo);
    CHECK_FALSE(limits::has_infinity);
    CHECK_FALSE(limits::has_quiet_NaN);
    CHECK(limits::digits == 7);
    CHECK(limits::epsilon().raw() == 0);
    CHECK(std::numeric_limits<dyad::uinteger<8>>::digits == 8);
    CHECK(std::numeric_limits<dyad::uinteger<8>>::is_integer);
    CHECK(std::numeric_limits<fixed<8, 4, signedness::is_signed, overflow::wrap>>::is_modulo);
    CHECK(std::numeric_limits<fixed<8, 4, signedness::is_signed, overflow::trap>>::traps);
    // As C++ counts: the decimal digits that every number of so many digits keeps.
    for_each_width([]<int Width>() {
        const int bits = std::numeric_limits<dyad::uinteger<Width>>::digits;
        CHECK(std::numeric_limits<dyad::uinteger<Width>>::digits10 ==
              static_cast<int>(std::floor(bits * std::log10(2.0))));
    });
    CHECK(std::numeric_limits<dyad::integer<64>>::digits10 == std::numeric_limits<std::int64_t>::digits10);
}

template <class T>
void check_limits() {
    CAPTURE(name_of<T>());
    using limits = std::numeric_limits<T>;
    T largest = T::from_raw(0);
    T smallest = largest;
    bool integers = true;
    for (std::uint32_t pattern = 0; pattern < 1u << T::width; ++pattern) {
        const T x = T::from_bits(static_cast<typename T::bits_type>(pattern));
        if (x > largest) largest = x;
        if (x < smallest) smallest = x;
        if (std::floor(static_cast<double>(x)) != static_cast<double>(x)) integers = false;
    }
    CHECK(limits::max() == largest);
    CHECK(limits::lowest() == smallest);
    CHECK(limits::min() == smallest);
    CHECK(limits::is_signed == (smallest < T::from_raw(0)));
    CHECK(limits::is_integer == integers);
    // Units that count without a gap: 0 to 2^digits - 1.
    CHECK(std::ldexp(static_cast<double>(largest), T::fraction) == std::ldexp(1.0, limits::digits) - 1);
    CHECK(std::pow(10.0, limits::digits10) <= std::ldexp(1.0, limits::digits));
    CHECK(std::pow(10.0, limits::digits10 + 1) > std::ldexp(1.0, limits::digits));
    CHECK((limits::is_specialized && limits::is_exact && limits::is_bounded && limits::radix == 2));
    CHECK_FALSE((limits::is_iec559 || limits::has_infinity || limits::has_quiet_NaN || limits::has_signaling_NaN));
}

TEST_CASE("fixed: numeric_limits against all codes") {
    [&]<int... Index>(std::integer_sequence<int, Index...>) {
        (check_limits<fixed<Index + 2, 0>>(), ...);
        (check_limits<fixed<Index + 1, -2, signedness::is_unsigned>>(), ...);
        (check_limits<fixed<Index + 2, Index + 1>>(), ...);
        (check_limits<fixed<Index + 1, 9, signedness::is_unsigned, overflow::wrap>>(), ...);
    }
    (std::make_integer_sequence<int, 7>{});
}

}  // namespace
