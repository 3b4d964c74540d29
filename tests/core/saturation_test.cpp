// SPDX-License-Identifier: Apache-2.0
// Saturating integers against clamped exact results: all 8-bit pairs, boundary pairs of the wider words.
#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <random>

#include <dyad/core/saturation.hpp>

#include "support/exact.hpp"
#include "support/tally.hpp"
#include "support/words.hpp"

namespace {

using namespace dyad_test;
using dyad::int128_t;
using dyad::uint128_t;

template <class Function>
void for_each_word(Function&& f) {
    for_each_unsigned_word(f);
    for_each_signed_word(f);
}

/// The range of a word, from its width.
template <class T>
[[nodiscard]] cpp_int lowest() {
    return dyad::signed_word<T> ? cpp_int(-(cpp_int(1) << (8 * sizeof(T) - 1))) : cpp_int(0);
}
template <class T>
[[nodiscard]] cpp_int highest() {
    return (cpp_int(1) << (8 * sizeof(T) - (dyad::signed_word<T> ? 1 : 0))) - 1;
}
template <class T>
[[nodiscard]] cpp_int clamped(const cpp_int& x) {
    static const cpp_int low = lowest<T>();
    static const cpp_int high = highest<T>();
    return x < low ? low : x > high ? high : x;
}

/// The three operations on one pair.
template <class T>
void check_pair(tally& cases, T x, T y) {
    const cpp_int a = to_integer(x);
    const cpp_int b = to_integer(y);
    cases.check(to_integer(dyad::saturating_add(x, y)) == clamped<T>(a + b), x, " + ", y, ": got ",
                dyad::saturating_add(x, y));
    cases.check(to_integer(dyad::saturating_sub(x, y)) == clamped<T>(a - b), x, " - ", y, ": got ",
                dyad::saturating_sub(x, y));
    cases.check(to_integer(dyad::saturating_mul(x, y)) == clamped<T>(a * b), x, " * ", y, ": got ",
                dyad::saturating_mul(x, y));
}

TEST_CASE("word_min and word_max are the range of every word") {
    for_each_word([]<class T>() {
        CAPTURE(name_of<T>());
        CHECK(to_integer(dyad::word_min<T>()) == lowest<T>());
        CHECK(to_integer(dyad::word_max<T>()) == highest<T>());
        if constexpr (sizeof(T) <= 8) {
            CHECK(dyad::word_min<T>() == std::numeric_limits<T>::min());
            CHECK(dyad::word_max<T>() == std::numeric_limits<T>::max());
        }
    });
}

TEST_CASE("saturating_add, saturating_sub, saturating_mul: all 8-bit pairs, boundary pairs of the wider words") {
    for_each_word([]<class T>() {
        tally cases("pairs of " + name_of<T>());
        // The 128-bit boundaries are many: every third one is paired with all.
        const auto words = all_or_boundary_words<T>();
        for (std::size_t i = 0; i < words.size(); i += sizeof(T) == 16 ? 3 : 1)
            for (const T y : words) check_pair(cases, words[i], y);
    });
}

TEST_CASE("saturating operations at the edge of overflow") {
    std::mt19937_64 engine(20240601);
    for_each_word([&engine]<class T>() {
        tally cases("edges of " + name_of<T>());
        for (int i = 0; i < 2000; ++i) {
            const T x = random_word<T>(engine);
            check_pair(cases, x, random_word<T>(engine));
            for (const T limit : {dyad::word_min<T>(), dyad::word_max<T>()}) {
                // The partners with which x just reaches the limit, and one step on each side.
                using pattern = typename pattern_of<T>::type;
                const auto to_limit = static_cast<pattern>(static_cast<pattern>(limit) - static_cast<pattern>(x));
                for (const int offset : {-1, 0, 1}) {
                    const auto y = static_cast<pattern>(to_limit + static_cast<pattern>(offset));
                    check_pair(cases, x, static_cast<T>(y));
                    check_pair(cases, x, static_cast<T>(static_cast<pattern>(pattern{0} - y)));
                }
                if (x == 0 || x == static_cast<T>(-1)) continue;
                const T factor = static_cast<T>(limit / x);
                for (const int offset : {-1, 0, 1})
                    check_pair(cases, x,
                               static_cast<T>(
                                   static_cast<pattern>(static_cast<pattern>(factor) + static_cast<pattern>(offset))));
            }
        }
    });
}

TEST_CASE("saturating_cast: every pair of words") {
    for_each_word([]<class From>() {
        tally cases("casts from " + name_of<From>());
        const auto words = all_or_boundary_words<From>();
        for_each_word([&]<class To>() {
            for (const From x : words) {
                const To got = dyad::saturating_cast<To>(x);
                cases.check(to_integer(got) == clamped<To>(to_integer(x)), name_of<To>(), " from ", x, ": got ", got);
            }
        });
    });
}

static_assert(dyad::integer_word<std::int8_t> && dyad::integer_word<uint128_t> && !dyad::integer_word<bool> &&
              !dyad::integer_word<float>);

// The three policies are different, and `none` is what a value-initialised policy means.
static_assert(dyad::saturation{} == dyad::saturation::none && dyad::saturation::none != dyad::saturation::propagate &&
              dyad::saturation::propagate != dyad::saturation::finite &&
              dyad::saturation::none != dyad::saturation::finite);

// Everything works in constant expressions.
static_assert(dyad::word_max<std::int16_t>() == 32767 && dyad::word_min<std::int16_t>() == -32768);
static_assert(dyad::saturating_cast<std::uint8_t>(std::int32_t{-1}) == 0);
static_assert(dyad::saturating_cast<std::int8_t>(uint128_t{200}) == 127);
static_assert(dyad::saturating_cast<std::int8_t>(dyad::word_min<int128_t>()) == -128);
static_assert(dyad::saturating_add(std::int8_t{100}, std::int8_t{100}) == 127);
static_assert(dyad::saturating_sub(std::uint32_t{1}, std::uint32_t{2}) == 0);
static_assert(dyad::saturating_mul(dyad::word_min<int128_t>(), int128_t{-1}) == dyad::word_max<int128_t>());

}  // namespace
