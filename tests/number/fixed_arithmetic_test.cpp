// SPDX-License-Identifier: Apache-2.0
// fixed: + - * / of all pairs of up to 8 bits, and of random pairs of every width, against exact quotients of integers.
#include <dyad/number/fixed.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/process.hpp"
#include "support/tally.hpp"

#include <cstdint>
#include <limits>
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
using dyad_test::cpp_int;
using dyad_test::cpp_rational;
using dyad_test::tally;
using reference::name_of;

/// A type as plain functions of raw numbers, so that the loops are compiled once.
struct arithmetic {
    std::string name;
    int width;
    int fraction;
    bool wraps;
    int128_t min_raw;
    int128_t max_raw;
    int128_t (*closed)(char operation, int128_t x, int128_t y);
    int128_t (*by_unpacking)(char operation, int128_t x, int128_t y);
};

template <class T>
T raw(int128_t x) {
    return T::from_raw(static_cast<typename T::raw_type>(x));
}
template <class T>
int128_t closed(char operation, int128_t x, int128_t y) {
    switch (operation) {
        case '+': return (raw<T>(x) + raw<T>(y)).raw();
        case '-': return (raw<T>(x) - raw<T>(y)).raw();
        case '*': return (raw<T>(x) * raw<T>(y)).raw();
        default: return (raw<T>(x) / raw<T>(y)).raw();
    }
}
/// The same through the form that all types share: exact, then packed.
template <class T>
int128_t by_unpacking(char operation, int128_t x, int128_t y) {
    const auto a = dyad::resize<dyad::uint128_t>(raw<T>(x).unpack());
    auto b = dyad::resize<dyad::uint128_t>(raw<T>(y).unpack());
    if (operation == '-') b.negative = !b.negative;
    const auto exact = operation == '*'   ? dyad::exact_product(a, b)
                       : operation == '/' ? dyad::quotient(a, b)
                                          : dyad::exact_sum(a, b);
    return T::pack(exact, rounding::nearest_even, saturation::none).raw();
}
template <class T>
arithmetic arithmetic_of() {
    return {name_of<T>(), T::width,   T::fraction, std::numeric_limits<T>::is_modulo,
            T::min_raw,   T::max_raw, &closed<T>,  &by_unpacking<T>};
}

/// n / d as an integer, the nearest one, of two equally near the even one. d > 0.
int128_t nearest_even(int128_t n, int128_t d) {
    int128_t floor = n / d;
    if (floor * d > n) --floor;
    const int128_t from_below = n - floor * d;
    const int128_t to_above = d - from_below;
    if (from_below == to_above) return floor % 2 == 0 ? floor : floor + 1;
    return from_below < to_above ? floor : floor + 1;
}

int128_t brought_into_range(const arithmetic& type, int128_t x) {
    if (!type.wraps) return x < type.min_raw ? type.min_raw : x > type.max_raw ? type.max_raw : x;
    const int128_t range = type.max_raw - type.min_raw + 1;
    x %= range;
    return x < type.min_raw ? x + range : x > type.max_raw ? x - range : x;
}

/// Raw numbers of few bits and |Fraction| of at most 64: everything fits 128 bits.
int128_t expected(const arithmetic& type, char operation, int128_t x, int128_t y) {
    const int128_t up = int128_t{1} << (type.fraction > 0 ? type.fraction : 0);
    const int128_t down = int128_t{1} << (type.fraction < 0 ? -type.fraction : 0);
    switch (operation) {
        case '+': return brought_into_range(type, x + y);
        case '-': return brought_into_range(type, x - y);
        case '*': return brought_into_range(type, nearest_even(x * y * down, up));
        default: break;
    }
    if (y == 0) return x == 0 || type.wraps ? 0 : x < 0 ? type.min_raw : type.max_raw;
    return brought_into_range(type, nearest_even((y < 0 ? -x : x) * up, (y < 0 ? -y : y) * down));
}

void check_all_pairs(tally& cases, const arithmetic& type) {
    for (int128_t x = type.min_raw; x <= type.max_raw; ++x) {
        for (int128_t y = type.min_raw; y <= type.max_raw; ++y) {
            for (const char operation : {'+', '-', '*', '/'}) {
                const int128_t right = expected(type, operation, x, y);
                const int128_t got = type.closed(operation, x, y);
                cases.check(got == right && type.by_unpacking(operation, x, y) == right, type.name, ": ", x, " ",
                            operation, " ", y, ": got ", got, ", expected ", right);
            }
        }
    }
}

template <int Width, int Fraction>
void check_all_kinds(tally& cases) {
    using enum signedness;
    check_all_pairs(cases, arithmetic_of<fixed<Width, Fraction>>());
    check_all_pairs(cases, arithmetic_of<fixed<Width, Fraction, is_unsigned>>());
    check_all_pairs(cases, arithmetic_of<fixed<Width, Fraction, is_signed, overflow::wrap>>());
    check_all_pairs(cases, arithmetic_of<fixed<Width, Fraction, is_unsigned, overflow::wrap>>());
}

TEST_CASE("fixed: + - * / of all pairs of 8 bits, rounded once to nearest even, in range as the type says") {
    tally cases("all pairs of 8 bits");
    [&cases]<int... Index>(std::integer_sequence<int, Index...>) {
        (check_all_kinds<8, Index * 3 - 6>(cases), ...);  // -6, -3, 0 ... 18: both sides of every choice of a path
    }
    (std::make_integer_sequence<int, 9>{});
    check_all_kinds<8, 7>(cases);
    check_all_kinds<8, 14>(cases);
    check_all_kinds<8, -40>(cases);
    check_all_kinds<8, 60>(cases);
}

TEST_CASE("fixed: + - * / of all pairs of fewer bits") {
    tally cases("all pairs of 1 to 7 bits");
    [&cases]<int... Index>(std::integer_sequence<int, Index...>) {
        (check_all_kinds<Index + 1, 0>(cases), ...);
        (check_all_kinds<Index + 1, Index>(cases), ...);
        (check_all_kinds<Index + 1, 2 * Index + 1>(cases), ...);
    }
    (std::make_integer_sequence<int, 7>{});
}

/// Raw numbers of every size, both ends among them.
int128_t random_raw(std::mt19937_64& random, const arithmetic& type) {
    switch (random() % 8) {
        case 0: return type.max_raw - static_cast<int128_t>(random() % 2);
        case 1: return type.min_raw + static_cast<int128_t>(random() % 2);
        default: break;
    }
    const int128_t x = static_cast<int128_t>(random() >> (random() % static_cast<unsigned>(64)));
    const int128_t range = type.max_raw - type.min_raw + 1;
    return type.min_raw < 0 && random() % 2 != 0 ? -(x % (range / 2)) : x % (type.max_raw + 1);
}

cpp_int in_range(const arithmetic& type, cpp_int x) {
    const cpp_int low = dyad_test::to_integer(type.min_raw);
    const cpp_int high = dyad_test::to_integer(type.max_raw);
    if (!type.wraps) return x < low ? low : x > high ? high : x;
    const cpp_int range = high - low + 1;
    x %= range;
    return x < low ? cpp_int(x + range) : x > high ? cpp_int(x - range) : x;
}

void check_random_pairs(tally& cases, const arithmetic& type) {
    std::mt19937_64 random(static_cast<std::uint64_t>(type.width * 1000 + type.fraction));
    const cpp_rational unit = dyad_test::power_of_two(-type.fraction);
    for (int i = 0; i < 100; ++i) {
        const int128_t x = random_raw(random, type);
        const int128_t y = random_raw(random, type);
        const cpp_rational a = cpp_rational(dyad_test::to_integer(x)) * unit;
        const cpp_rational b = cpp_rational(dyad_test::to_integer(y)) * unit;
        for (const char operation : {'+', '-', '*', '/'}) {
            if (operation == '/' && y == 0) continue;
            const cpp_rational exact = operation == '+'   ? a + b
                                       : operation == '-' ? a - b
                                       : operation == '*' ? a * b
                                                          : cpp_rational(a / b);
            const cpp_int right = in_range(type, dyad_test::reference_round(exact / unit, rounding::nearest_even));
            const int128_t got = type.closed(operation, x, y);
            cases.check(dyad_test::to_integer(got) == right, type.name, ": ", x, " ", operation, " ", y, ": got ", got);
        }
    }
}

TEST_CASE("fixed: + - * / of random pairs of 9 to 64 bits") {
    tally cases("random pairs");
    const auto check = [&cases]<int Width>() {
        using enum signedness;
        check_random_pairs(cases, arithmetic_of<fixed<Width, 0>>());
        check_random_pairs(cases, arithmetic_of<fixed<Width, Width - 1>>());
        check_random_pairs(cases, arithmetic_of<fixed<Width, Width, is_unsigned>>());
        check_random_pairs(cases, arithmetic_of<fixed<Width, 2 * Width - 2, is_signed>>());
        check_random_pairs(cases, arithmetic_of<fixed<Width, 2 * Width - 2, is_unsigned>>());
        check_random_pairs(cases, arithmetic_of<fixed<Width, 63 - Width, is_unsigned, overflow::wrap>>());
        check_random_pairs(cases, arithmetic_of<fixed<Width, Width / 2, is_signed, overflow::wrap>>());
    };
    [&check]<int... Width>(std::integer_sequence<int, Width...>) { (check.template operator()<Width>(), ...); }
    (std::integer_sequence<int, 9, 15, 16, 17, 24, 29, 30, 31, 32, 33, 48, 61, 62, 63, 64>{});
}

TEST_CASE("fixed: quotients that wrap keep their last digits, however many there are") {
    using enum signedness;
    tally cases("wrapping quotients");
    check_random_pairs(cases, arithmetic_of<fixed<64, 64, is_signed, overflow::wrap>>());
    check_random_pairs(cases, arithmetic_of<fixed<64, 129, is_unsigned, overflow::wrap>>());
    check_random_pairs(cases, arithmetic_of<fixed<33, 120, is_signed, overflow::wrap>>());
    check_random_pairs(cases, arithmetic_of<fixed<64, 1000, is_signed, overflow::wrap>>());
    check_random_pairs(cases, arithmetic_of<fixed<8, 1024, is_unsigned, overflow::wrap>>());
    check_random_pairs(cases, arithmetic_of<fixed<64, 5, is_unsigned, overflow::wrap>>());
}

TEST_CASE("fixed: trapping operators stop at the same results that saturate") {
    using trapping = fixed<4, 2, signedness::is_signed, overflow::trap>;
    using saturating = fixed<4, 2>;
    const arithmetic type = arithmetic_of<saturating>();
    tally cases("trap, 4 bits");
    for (int x = -8; x < 8; ++x) {
        for (int y = -8; y < 8; ++y) {
            for (const char operation : {'+', '-', '*', '/'}) {
                const int128_t wide = expected({"", 4, 2, false, -1000, 1000, nullptr, nullptr}, operation, x, y);
                const bool beyond = wide < -8 || wide > 7 || (operation == '/' && y == 0);
                if (!beyond) {
                    cases.check(closed<trapping>(operation, x, y) == wide, x, " ", operation, " ", y);
                } else if (x % 3 == 0 || y == 0) {  // a process each
                    cases.check(
                        dyad_test::stops_the_program([&] { static_cast<void>(closed<trapping>(operation, x, y)); }), x,
                        " ", operation, " ", y, " should stop");
                }
            }
        }
    }
    CHECK(type.closed('+', 7, 7) == 7);
}

TEST_CASE("fixed: pack at the ends of the exponent's range") {
    constexpr int lowest = std::numeric_limits<int>::min();
    constexpr int highest = std::numeric_limits<int>::max();
    const auto pack = []<class T>(std::type_identity<T>, bool negative, int exponent, rounding mode) {
        return int128_t{
            T::pack(dyad::unpacked::finite(negative, ~std::uint64_t{0}, exponent), mode, saturation::none).raw()};
    };
    using enum rounding;
    constexpr std::type_identity<fixed<8, 1000>> fine;
    constexpr std::type_identity<fixed<8, -1000, signedness::is_signed, overflow::wrap>> coarse;
    CHECK(pack(fine, false, highest, nearest_even) == 127);
    CHECK(pack(fine, true, highest, nearest_even) == -128);
    CHECK(pack(coarse, true, highest, nearest_even) == 0);
    CHECK(pack(coarse, false, lowest, nearest_even) == 0);
    CHECK(pack(fine, false, lowest, toward_positive) == 1);
    CHECK(pack(fine, true, lowest, toward_positive) == 0);
    CHECK(pack(fine, true, lowest, to_odd) == -1);
    const auto tiny = dyad::unpacked::finite(false, ~std::uint64_t{0}, lowest);
    const dyad::stochastic never{dyad::stochastic_variant::c, 32, 0xffff'ffff};
    CHECK(fixed<8>::pack(tiny, never, saturation::none).raw() == 0);
}

TEST_CASE("fixed: names of the integers of 2 to 16 bits") {
    using namespace dyad;
    const auto check = []<class Signed, class Unsigned, int Width>() {
        static_assert(Signed::width == Width && Signed::is_signed && Signed::fraction == 0);
        static_assert(Unsigned::width == Width && !Unsigned::is_signed && Unsigned::fraction == 0);
        CHECK(std::numeric_limits<Signed>::max().raw() == (1 << (Width - 1)) - 1);
        CHECK(std::numeric_limits<Signed>::lowest().raw() == -(1 << (Width - 1)));
        CHECK(std::numeric_limits<Unsigned>::max().raw() == (1 << Width) - 1);
        CHECK(std::numeric_limits<Unsigned>::lowest().raw() == 0);
    };
    check.operator()<int2, uint2, 2>();
    check.operator()<int3, uint3, 3>();
    check.operator()<int4, uint4, 4>();
    check.operator()<int5, uint5, 5>();
    check.operator()<int6, uint6, 6>();
    check.operator()<int7, uint7, 7>();
    check.operator()<int8, uint8, 8>();
    check.operator()<int9, uint9, 9>();
    check.operator()<int10, uint10, 10>();
    check.operator()<int11, uint11, 11>();
    check.operator()<int12, uint12, 12>();
    check.operator()<int13, uint13, 13>();
    check.operator()<int14, uint14, 14>();
    check.operator()<int15, uint15, 15>();
    check.operator()<int16, uint16, 16>();
}

}  // namespace
