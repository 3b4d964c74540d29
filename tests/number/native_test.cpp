// SPDX-License-Identifier: Apache-2.0
// native: C++'s own numbers unpacked and packed, and which types count as numbers.
#include <dyad/number/native.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/tally.hpp"
#include "support/words.hpp"

#include <bit>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>

namespace {

using dyad::int128_t;
using dyad::native_integer;
using dyad::pack_as;
using dyad::rounding;
using dyad::saturation;
using dyad::uint128_t;
using dyad_test::cpp_int;
using dyad_test::tally;
using reference::name_of;

static_assert(dyad::native_float<float> && dyad::native_float<double> && !dyad::native_float<long double>);
static_assert(native_integer<int> && native_integer<unsigned long long> && native_integer<signed char> &&
              native_integer<int128_t> && native_integer<uint128_t>);
static_assert(!native_integer<bool> && !native_integer<char> && !native_integer<wchar_t> && !native_integer<char8_t> &&
              !native_integer<char16_t> && !native_integer<char32_t> && !native_integer<float>);
static_assert(dyad::number<float> && dyad::number<long> && dyad::number<dyad::float16> && !dyad::number<bool> &&
              !dyad::number<void*>);
static_assert(std::same_as<dyad::significand_word<int>, std::uint64_t> &&
              std::same_as<dyad::significand_word<uint128_t>, uint128_t> &&
              std::same_as<dyad::significand_word<double>, std::uint64_t>);

template <class Function>
void for_each_integer(Function f) {
    dyad_test::for_each_type<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t, std::uint32_t,
                             std::int64_t, std::uint64_t, int128_t, uint128_t, long long, unsigned long long>(f);
}

template <class T>
cpp_int min_of() {
    return T(-1) < T(0) ? cpp_int(-(cpp_int(1) << (8 * sizeof(T) - 1))) : cpp_int(0);
}
template <class T>
cpp_int max_of() {
    return min_of<T>() + (cpp_int(1) << (8 * sizeof(T))) - 1;
}

template <class T>
T random_number(std::mt19937_64& engine) {
    const uint128_t high = engine();
    const auto all = static_cast<T>((high << 64) | engine());
    return static_cast<T>(all >> (engine() % (8 * sizeof(T))));
}

template <class T>
cpp_int integer_of(T x) {
    if constexpr (sizeof(T) <= 8) return cpp_int(x);
    else return dyad_test::to_integer(x);
}

TEST_CASE("native: integers unpack exactly and pack back") {
    tally cases("integers");
    for_each_integer([&cases]<class T>() {
        std::mt19937_64 random(sizeof(T));
        const auto check = [&cases](T x) {
            const auto value = dyad::unpack(x);
            cases.check(numerator(dyad_test::value_of(value)) == integer_of(x), name_of<T>(), " ", value);
            for (const rounding mode : dyad_test::all_rounding_modes)
                cases.check(pack_as<T>(value, mode, saturation::none) == x, name_of<T>(), " ", value, " ", mode);
        };
        for (int k = 0; k < dyad::word_width<T>; ++k) {
            const uint128_t power = uint128_t{1} << k;
            for (const uint128_t near : {power - 1, power, power + 1, uint128_t{0} - power, ~power})
                check(static_cast<T>(near));
        }
        for (int i = 0; i < 2000; ++i) check(random_number<T>(random));
    });
}

TEST_CASE("native: any value into any integer, against rationals") {
    tally cases("into integers");
    for_each_integer([&cases]<class T>() {
        std::mt19937_64 random(17);
        const cpp_int low = min_of<T>();
        const cpp_int high = max_of<T>();
        const auto check = [&]<class S>(const dyad::basic_unpacked<S>& x) {
            const dyad_test::neighbours around(dyad_test::value_of(x));
            for (const rounding mode : dyad_test::all_rounding_modes) {
                const cpp_int exact = around.rounded(mode);
                const cpp_int expected = exact < low ? low : exact > high ? high : exact;
                const T got = pack_as<T>(x, mode, saturation::none);
                cases.check(integer_of(got) == expected, name_of<T>(), " ", x, " ", mode);
            }
        };
        for (int i = 0; i < 400; ++i) {
            const bool negative = random() % 2 != 0;
            const std::uint64_t digits = random() >> (random() % 64);
            check(dyad::unpacked::finite(negative, digits, static_cast<int>(random() % 140) - 70));
            const uint128_t wide = (uint128_t{random()} << 64) | digits;
            check(dyad::unpacked_wide::finite(negative, wide, static_cast<int>(random() % 140) - 135));
        }
        // Halves around the bounds.
        for (int width = 1; width <= 127; ++width) {
            for (const uint128_t near : {uint128_t{1}, ~uint128_t{0}, uint128_t{0}}) {
                const uint128_t m = (uint128_t{1} << width) + near;
                check(dyad::unpacked_wide::finite(false, m, -1));
                check(dyad::unpacked_wide::finite(true, m, -1));
                check(dyad::unpacked_wide::finite(true, m, 0));
                check(dyad::unpacked_wide::finite(true, m, 1));
            }
        }
    });
}

TEST_CASE("native: NaN is 0 in an integer, infinities and the huge are its bounds") {
    for_each_integer([]<class T>() {
        CAPTURE(name_of<T>());
        for (const saturation policy : reference::all_saturations) {
            const auto pack = [policy](const auto& x) {
                return integer_of(pack_as<T>(x, rounding::nearest_even, policy));
            };
            CHECK(pack(dyad::unpacked::nan(true, 1)) == 0);
            CHECK(pack(dyad::unpacked::zero(true)) == 0);
            CHECK(pack(dyad::unpacked::infinity(false)) == max_of<T>());
            CHECK(pack(dyad::unpacked::infinity(true)) == min_of<T>());
            CHECK(pack(dyad::unpacked::finite(false, 1, 128)) == max_of<T>());
            CHECK(pack(dyad::unpacked::finite(true, 1, 100000)) == min_of<T>());
            CHECK(pack(dyad::unpacked::finite(true, 1, -100000)) == 0);
        }
    });
}

TEST_CASE("native: floats and doubles unpack exactly and pack back, code for code") {
    tally cases("floats");
    std::mt19937_64 random(23);
    for (int i = 0; i < 200'000; ++i) {
        const std::uint64_t code = random();
        const auto x = std::bit_cast<double>(code);
        const auto y = std::bit_cast<float>(static_cast<std::uint32_t>(code >> 32));
        const double back = pack_as<double>(dyad::unpack(x), rounding::to_odd, saturation::none);
        const float single = pack_as<float>(dyad::unpack(y), rounding::to_odd, saturation::none);
        cases.check(std::bit_cast<std::uint64_t>(back) == code, dyad::unpack(x));
        cases.check(std::bit_cast<std::uint32_t>(single) == code >> 32, dyad::unpack(y));
        cases.check(reference::real_of(dyad::unpack(y)) == reference::real_of(y), dyad::unpack(y));
    }
    // Subnormals of double, where the reference in units of 2^-400 ends.
    for (int k = 0; k < 52; ++k) {
        const auto x = dyad::unpack(std::ldexp(3.0, k - 1074));
        cases.check(dyad_test::value_of(x) == 3 * dyad_test::power_of_two(k - 1074), x);
    }
}

template <class T>
void check_classes() {
    using limits = std::numeric_limits<T>;
    for (const T x : {limits::denorm_min(), limits::min(), T{1}, limits::max()}) {
        CHECK(dyad::is_finite(x));
        CHECK(dyad::is_finite(-x));
        CHECK(dyad::is_positive_finite(x));
        CHECK(!dyad::is_positive_finite(-x));
    }
    for (const T x : {T{0}, -T{0}}) CHECK((dyad::is_finite(x) && !dyad::is_positive_finite(x)));
    for (const T x : {limits::infinity(), -limits::infinity(), limits::quiet_NaN(), -limits::quiet_NaN()})
        CHECK((!dyad::is_finite(x) && !dyad::is_positive_finite(x)));
}
TEST_CASE("is_finite, is_positive_finite: the ends of float and double") {
    check_classes<float>();
    check_classes<double>();
}

}  // namespace
