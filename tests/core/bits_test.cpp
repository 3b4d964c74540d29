// SPDX-License-Identifier: Apache-2.0
// Words and widths against integer arithmetic: all 8-bit patterns, boundary values of the wider words.
#include <doctest/doctest.h>

#include <climits>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <dyad/core/bits.hpp>

#include "support/exact.hpp"
#include "support/process.hpp"
#include "support/tally.hpp"
#include "support/words.hpp"

namespace {

using namespace dyad_test;
using dyad::int128_t;
using dyad::uint128_t;

[[nodiscard]] cpp_int power(int exponent) { return cpp_int(1) << static_cast<unsigned>(exponent); }

template <class... Types>
constexpr bool all_unsigned = (dyad::unsigned_word<Types> && ...);
template <class... Types>
constexpr bool all_signed = (dyad::signed_word<Types> && ...);

static_assert(all_unsigned<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t, uint128_t>);
static_assert(all_signed<std::int8_t, std::int16_t, std::int32_t, std::int64_t, int128_t>);
static_assert(!(dyad::unsigned_word<std::int8_t> || dyad::unsigned_word<int128_t> || dyad::unsigned_word<bool> ||
                dyad::unsigned_word<char> || dyad::unsigned_word<float> || dyad::unsigned_word<const std::uint8_t>));
static_assert(!(dyad::signed_word<std::uint8_t> || dyad::signed_word<uint128_t> || dyad::signed_word<bool> ||
                dyad::signed_word<char> || dyad::signed_word<float> || dyad::signed_word<const std::int8_t>));

static_assert(dyad::word_width<std::uint8_t> == 8 && dyad::word_width<std::int16_t> == 16);
static_assert(dyad::word_width<std::uint32_t> == 32 && dyad::word_width<std::int64_t> == 64);
static_assert(dyad::word_width<uint128_t> == 128 && dyad::word_width<int128_t> == 128);

/// The smallest of 8, 16, 32, 64, 128 that is at least `bits`.
constexpr int smallest_width(int bits) {
    int width = 8;
    while (width < bits) width *= 2;
    return width;
}

template <int... Less>
constexpr bool least_words_are_right(std::integer_sequence<int, Less...>) {
    return ((dyad::unsigned_word<dyad::least_uint<Less + 1>> && dyad::signed_word<dyad::least_int<Less + 1>> &&
             sizeof(dyad::least_uint<Less + 1>) * 8 == smallest_width(Less + 1) &&
             sizeof(dyad::least_int<Less + 1>) * 8 == smallest_width(Less + 1)) &&
            ...);
}
static_assert(least_words_are_right(std::make_integer_sequence<int, 128>{}));

template <int Bits>
concept has_least_uint = requires {
    typename dyad::least_uint<Bits>;
};
template <int Bits>
concept has_least_int = requires {
    typename dyad::least_int<Bits>;
};
static_assert(has_least_uint<1> && has_least_uint<128> && !has_least_uint<0> && !has_least_uint<129>);
static_assert(has_least_int<1> && has_least_int<128> && !has_least_int<0> && !has_least_int<129>);

static_assert(std::is_same_v<dyad::signed_of<std::uint8_t>, std::int8_t>);
static_assert(std::is_same_v<dyad::signed_of<uint128_t>, int128_t>);
static_assert(std::is_same_v<dyad::unsigned_of<std::int32_t>, std::uint32_t>);
static_assert(std::is_same_v<dyad::unsigned_of<int128_t>, uint128_t>);

TEST_CASE("low_mask: every count of every word is 2^count - 1") {
    tally cases("low_mask");
    for_each_unsigned_word([&cases]<class T>() {
        for (int count = 0; count <= dyad::word_width<T>; ++count) {
            const T got = dyad::low_mask<T>(count);
            cases.check(to_integer(got) == power(count) - 1, name_of<T>(), " count ", count, ": got ", got);
        }
    });
}

TEST_CASE("bit_width: 2^(w-1) <= x < 2^w, and 0 for 0") {
    tally cases("bit_width");
    for_each_unsigned_word([&cases]<class T>() {
        for (const T x : all_or_boundary_words<T>()) {
            const int w = dyad::bit_width(x);
            const bool right = x == 0 ? w == 0 : w >= 1 && power(w - 1) <= to_integer(x) && to_integer(x) < power(w);
            cases.check(right, name_of<T>(), " ", x, ": got ", w);
        }
    });
}

TEST_CASE("trailing_zeros: 2^z divides x, 2^(z+1) does not, and the width for 0") {
    tally cases("trailing_zeros");
    for_each_unsigned_word([&cases]<class T>() {
        for (const T x : all_or_boundary_words<T>()) {
            const int z = dyad::trailing_zeros(x);
            const bool right = x == 0 ? z == dyad::word_width<T>
                                      : z >= 0 && to_integer(x) % power(z) == 0 && to_integer(x) % power(z + 1) != 0;
            cases.check(right, name_of<T>(), " ", x, ": got ", z);
        }
    });
}

TEST_CASE("sign_extend: the residue modulo 2^width in [-2^(width-1), 2^(width-1))") {
    tally cases("sign_extend");
    for_each_unsigned_word([&cases]<class T>() {
        for (const T pattern : all_or_boundary_words<T>()) {
            for (int width = 1; width <= dyad::word_width<T>; ++width) {
                cpp_int expected = to_integer(pattern) % power(width);
                if (expected >= power(width - 1)) expected -= power(width);
                const auto got = dyad::sign_extend(pattern, width);
                static_assert(std::is_same_v<decltype(got), const dyad::signed_of<T>>);
                cases.check(to_integer(got) == expected, name_of<T>(), " ", pattern, " width ", width, ": got ", got,
                            ", expected ", expected);
            }
        }
    });
}

TEST_CASE("magnitude: |x|, for the most negative value too") {
    tally cases("magnitude");
    for_each_signed_word([&cases]<class T>() {
        for (const T x : all_or_boundary_words<T>()) {
            const auto got = dyad::magnitude(x);
            static_assert(std::is_same_v<decltype(got), const dyad::unsigned_of<T>>);
            cases.check(to_integer(got) == abs(to_integer(x)), name_of<T>(), " ", x, ": got ", got);
        }
    });
}

TEST_CASE("shift_right: floor(x 2^-shift) for any shift") {
    tally cases("shift_right");
    for_each_unsigned_word([&cases]<class T>() {
        constexpr int width = dyad::word_width<T>;
        for (const T x : all_or_boundary_words<T>()) {
            for (int shift = 0; shift <= width + 2; ++shift) {
                const cpp_int expected = to_integer(x) / power(shift);
                const T got = dyad::shift_right(x, shift);
                cases.check(to_integer(got) == expected, name_of<T>(), " ", x, " >> ", shift, ": got ", got);
            }
            for (const int shift : {2 * width, INT_MAX})
                cases.check(dyad::shift_right(x, shift) == 0, name_of<T>(), " ", x, " >> ", shift);
        }
    });
}

// Everything works in constant expressions.
static_assert(dyad::low_mask<std::uint8_t>(8) == 0xFF && dyad::low_mask<uint128_t>(0) == 0);
static_assert(dyad::bit_width(std::uint16_t{0x100}) == 9 && dyad::bit_width(uint128_t{1} << 127) == 128);
static_assert(dyad::trailing_zeros(std::uint8_t{0x50}) == 4 && dyad::trailing_zeros(uint128_t{1} << 100) == 100);
static_assert(dyad::sign_extend(std::uint8_t{0b0000'1000}, 4) == -8);
static_assert(dyad::magnitude(std::int8_t{-128}) == 128);
static_assert(dyad::shift_right(std::uint64_t{~0ULL}, 64) == 0);

#if !defined(NDEBUG)
template <int Count>
concept masks = requires {
    typename std::integral_constant<std::uint8_t, dyad::low_mask<std::uint8_t>(Count)>;
};
static_assert(masks<0> && masks<8> && !masks<-1> && !masks<9>);

TEST_CASE("a violated precondition stops the program") {
    volatile int too_many = 9;
    volatile int width = 0;
    volatile int shift = -1;
    CHECK(stops_the_program([&] { static_cast<void>(dyad::low_mask<std::uint8_t>(too_many)); }));
    CHECK(stops_the_program([&] { static_cast<void>(dyad::sign_extend(std::uint8_t{1}, width)); }));
    CHECK(stops_the_program([&] { static_cast<void>(dyad::shift_right(std::uint8_t{1}, shift)); }));
    CHECK_FALSE(stops_the_program([&] { static_cast<void>(dyad::low_mask<std::uint8_t>(too_many - 1)); }));
}
#endif

}  // namespace
