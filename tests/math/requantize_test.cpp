// SPDX-License-Identifier: Apache-2.0
// requantize: the single roundings against exact integers, gemmlowp's two roundings against a transcription of its
// code.
#include <dyad/math/requantize.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"
#include "support/words.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <vector>

namespace {

using dyad::multiplier;
using dyad::requantization;
using dyad::requantize;
using dyad_test::boundary_words;
using dyad_test::cpp_int;
using dyad_test::random_word;
using dyad_test::tally;

constexpr std::int32_t lowest = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t largest = std::numeric_limits<std::int32_t>::max();

static_assert(requantize(100, multiplier{1 << 30, -31}, requantization::single_half_up) == 50);
static_assert(requantize(-101, multiplier{1 << 30, -31}, requantization::single_half_up) == -50);
static_assert(requantize(-101, multiplier{1 << 30, -31}, requantization::nearest_even) == -50);
static_assert(requantize(-103, multiplier{1 << 30, -31}, requantization::nearest_even) == -52);
static_assert(requantize(-101, multiplier{1 << 30, -30}, requantization::gemmlowp_double) == -101);
static_assert(requantize(std::int64_t{-101}, multiplier{1 << 30, -31}) == -50);
static_assert(dyad::rounding_doubling_high_multiply(lowest, lowest) == largest);

enum class tie { up, even, away };

cpp_int floor_divide(const cpp_int& n, const cpp_int& d) {
    const cpp_int quotient = n / d;
    return n < 0 && quotient * d != n ? cpp_int(quotient - 1) : quotient;
}

/// n * 2^exponent to the nearest integer.
cpp_int nearest(const cpp_int& n, int exponent, tie rule) {
    if (exponent >= 0) return n << static_cast<unsigned>(exponent);
    const cpp_int d = cpp_int(1) << static_cast<unsigned>(-exponent);
    const cpp_int below = floor_divide(n, d);
    const cpp_int twice_rest = 2 * (n - below * d);
    const bool at_tie_up = rule == tie::up || (rule == tie::away && n > 0) || (rule == tie::even && below % 2 != 0);
    return twice_rest > d || (twice_rest == d && at_tie_up) ? cpp_int(below + 1) : below;
}

std::int32_t clamped(const cpp_int& x) {
    return x < lowest ? lowest : x > largest ? largest : static_cast<std::int32_t>(x);
}

template <class T>
std::int32_t exact(T x, multiplier m, tie rule) {
    return clamped(nearest(cpp_int(x) * m.significand, m.exponent, rule));
}

/// SRDHM of gemmlowp: nudge, then C's division.
std::int32_t high_multiply(std::int32_t a, std::int32_t b) {
    if (a == b && a == lowest) return largest;
    const std::int64_t ab = std::int64_t{a} * b;
    const std::int64_t nudge = ab >= 0 ? std::int64_t{1} << 30 : 1 - (std::int64_t{1} << 30);
    return static_cast<std::int32_t>((ab + nudge) / (std::int64_t{1} << 31));
}

/// RDByPOT of gemmlowp: mask, remainder, threshold.
std::int32_t divide_by_power(std::int32_t x, int exponent) {
    const auto mask = static_cast<std::int32_t>((std::int64_t{1} << exponent) - 1);
    const std::int32_t rest = x & mask;
    const std::int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> exponent) + (rest > threshold ? 1 : 0);
}

/// MultiplyByQuantizedMultiplier; the left shift saturates, and right shifts beyond 31 are exact.
std::int32_t two_roundings(std::int32_t x, multiplier m) {
    const int left = std::max(m.exponent + 31, 0);
    const int right = std::max(-m.exponent - 31, 0);
    const std::int32_t high = high_multiply(clamped(cpp_int(x) << static_cast<unsigned>(left)), m.significand);
    return right <= 31 ? divide_by_power(high, right) : clamped(nearest(high, -right, tie::away));
}

std::vector<std::int32_t> significands() {
    std::vector<std::int32_t> all{0,           1,       2,          3,           255,           1 << 15,
                                  0x2aaa'aaaa, 1 << 30, 1518500250, 0x5555'5555, (1 << 30) - 1, (1 << 30) + 1,
                                  largest - 1, largest};
    std::mt19937_64 random(1);
    for (int i = 0; i < 6; ++i) all.push_back((1 << 30) + static_cast<std::int32_t>(random() % (1 << 30)));
    return all;
}

template <class T, class Check>
void for_each_case(int seed, const Check& check) {
    const std::vector<T> words = boundary_words<T>();
    const std::vector<std::int32_t> factors = significands();
    std::mt19937_64 random(static_cast<std::uint64_t>(seed));
    for (int exponent = -80; exponent <= 40; ++exponent) {
        for (const std::int32_t b : factors) {
            for (const T x : words) check(x, multiplier{b, exponent});
            for (int i = 0; i < 20; ++i) check(random_word<T>(random), multiplier{b, exponent});
        }
    }
}

TEST_CASE("requantize: one rounding of the exact product, exponents -80 to 40") {
    tally cases("single_half_up and nearest_even");
    for_each_case<std::int32_t>(2, [&](std::int32_t x, multiplier m) {
        const std::int32_t up = requantize(x, m, requantization::single_half_up);
        cases.check(up == exact(x, m, tie::up), "half up ", x, " * ", m.significand, " * 2^", m.exponent, ": ", up);
        const std::int32_t even = requantize(x, m, requantization::nearest_even);
        cases.check(even == exact(x, m, tie::even), "to even ", x, " * ", m.significand, " * 2^", m.exponent, ": ",
                    even);
    });
}

TEST_CASE("requantize: ties, where the two single roundings part") {
    tally cases("ties");
    for (int x = -40001; x <= 40001; x += 2) {
        const multiplier half{1 << 30, -31};
        const int up = (x + 1) / 2;  // x is odd: exact
        const int down = (x - 1) / 2;
        cases.check(requantize(x, half, requantization::single_half_up) == up, "half up ", x);
        cases.check(requantize(x, half, requantization::nearest_even) == (up % 2 == 0 ? up : down), "to even ", x);
    }
}

TEST_CASE("requantize: a 64-bit accumulator, one rounding half up") {
    tally cases("64 bits");
    for_each_case<std::int64_t>(3, [&](std::int64_t x, multiplier m) {
        const std::int32_t y = requantize(x, m);
        cases.check(y == exact(x, m, tie::up), x, " * ", m.significand, " * 2^", m.exponent, ": ", y);
    });
}

TEST_CASE("requantize_reduced: one rounding with a multiplier of 15 bits") {
    tally cases("reduced");
    for_each_case<std::int64_t>(8, [&](std::int64_t x, multiplier m) {
        const std::int32_t b = m.significand >= 0x7fff'0000 ? 0x7fff : (m.significand + 0x8000) / 0x1'0000;
        const std::int32_t y = dyad::requantize_reduced(x, m);
        cases.check(y == exact(x, multiplier{b, m.exponent + 16}, tie::up), x, " * ", m.significand, " * 2^",
                    m.exponent, ": ", y);
    });
    // Results of 16 bits against the full multiplier: at most 1 apart.
    std::mt19937_64 random(9);
    std::int64_t most = 0;
    for (int i = 0; i < 1'000'000; ++i) {
        const multiplier m{(1 << 30) + static_cast<std::int32_t>(random() % (1 << 30)),
                           -36 - static_cast<int>(random() % 10)};
        const auto room = static_cast<std::int64_t>(std::ldexp(32767.0 / m.significand, -m.exponent));
        const std::int64_t x = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(2 * room)) - room;
        most = std::max(most, std::abs(std::int64_t{dyad::requantize_reduced(x, m)} - requantize(x, m)));
    }
    CHECK(most == 1);
}

TEST_CASE("requantize: exponents of the smallest and the largest double") {
    for (const auto mode :
         {requantization::single_half_up, requantization::gemmlowp_double, requantization::nearest_even}) {
        for (const std::int32_t x : {1, largest}) {
            // gemmlowp's left shift saturates before the multiplication by one half, the others after it.
            const bool halves = mode == requantization::gemmlowp_double;
            CHECK(requantize(x, multiplier{1 << 30, 993}, mode) == (halves ? 1 << 30 : largest));
            CHECK(requantize(-x, multiplier{1 << 30, 993}, mode) == (halves ? -(1 << 30) : lowest));
            CHECK(requantize(x, multiplier{1 << 30, -1104}, mode) == 0);
            CHECK(requantize(-x, multiplier{1 << 30, -1104}, mode) == 0);
        }
        CHECK(requantize(0, multiplier{largest, 993}, mode) == 0);
    }
    CHECK(requantize(std::numeric_limits<std::int64_t>::min(), multiplier{1 << 30, 993}) == lowest);
    CHECK(requantize(std::numeric_limits<std::int64_t>::min(), multiplier{1 << 30, -1104}) == 0);
}

TEST_CASE("rounding_doubling_high_multiply: gemmlowp's nudge and truncation, and floor((2ab + 2^31) / 2^32)") {
    tally cases("high multiply");
    const auto check = [&](std::int32_t a, std::int32_t b) {
        const std::int32_t y = dyad::rounding_doubling_high_multiply(a, b);
        cases.check(y == high_multiply(a, b), a, " * ", b, ": ", y);
        const cpp_int formula = floor_divide(2 * cpp_int(a) * b + (cpp_int(1) << 31), cpp_int(1) << 32);
        cases.check(y == clamped(formula), a, " * ", b, " by the formula: ", y);
    };
    const std::vector<std::int32_t> words = boundary_words<std::int32_t>();
    for (const std::int32_t a : words)
        for (const std::int32_t b : words) check(a, b);
    std::mt19937_64 random(4);
    for (int i = 0; i < 200'000; ++i) check(random_word<std::int32_t>(random), random_word<std::int32_t>(random));
}

TEST_CASE("requantize: gemmlowp's two roundings") {
    tally cases("gemmlowp_double");
    for_each_case<std::int32_t>(5, [&](std::int32_t x, multiplier m) {
        const std::int32_t y = requantize(x, m, requantization::gemmlowp_double);
        cases.check(y == two_roundings(x, m), x, " * ", m.significand, " * 2^", m.exponent, ": ", y);
    });
}

TEST_CASE("requantize: one and two roundings differ by at most 1 where the shift is to the right") {
    tally cases("|double - single| <= 1");
    std::mt19937_64 random(6);
    std::int64_t most = 0;
    for (int i = 0; i < 4'000'000; ++i) {
        const std::int32_t x = random_word<std::int32_t>(random);
        const multiplier m{(1 << 30) + static_cast<std::int32_t>(random() % (1 << 30)),
                           -31 - static_cast<int>(random() % 32)};
        const std::int64_t apart = std::int64_t{requantize(x, m, requantization::gemmlowp_double)} -
                                   requantize(x, m, requantization::single_half_up);
        most = std::max(most, std::abs(apart));
        cases.check(std::abs(apart) <= 1, x, " * ", m.significand, " * 2^", m.exponent, ": ", apart);
    }
    CHECK(most == 1);
}

TEST_CASE("requantize: exponents at the ends of 32 bits") {
    constexpr multiplier tiny{1 << 30, std::numeric_limits<std::int32_t>::min()};
    constexpr multiplier huge{1 << 30, std::numeric_limits<std::int32_t>::max()};
    constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max();
    constexpr std::int32_t least = std::numeric_limits<std::int32_t>::min();
    for (const auto mode :
         {requantization::single_half_up, requantization::gemmlowp_double, requantization::nearest_even}) {
        CHECK(requantize(most, tiny, mode) == 0);
        CHECK(requantize(least, tiny, mode) == 0);
        CHECK(requantize(0, huge, mode) == 0);
        CHECK(requantize(most, huge, mode) > most / 2);
        CHECK(requantize(least, huge, mode) < least / 2 + 1);
    }
    CHECK(requantize(std::int64_t{least} << 31, tiny) == 0);
    CHECK(requantize(std::int64_t{1}, huge) == most);
    CHECK(dyad::requantize_reduced(std::int64_t{least} << 31, tiny) == 0);
}

/// How often, in per cent, the two differ for random 24-bit x and normalised multipliers with a right shift.
double share_of_differences(int shift) {
    constexpr int cases = 1 << 22;
    std::mt19937_64 random(7);
    int differing = 0;
    for (int i = 0; i < cases; ++i) {
        const std::int32_t x = static_cast<std::int32_t>(random() % (1 << 24)) - (1 << 23);
        const multiplier m{(1 << 30) + static_cast<std::int32_t>(random() % (1 << 30)), -31 - shift};
        const bool equal =
            requantize(x, m, requantization::gemmlowp_double) == requantize(x, m, requantization::single_half_up);
        differing += equal ? 0 : 1;
    }
    return 100.0 * differing / cases;
}

TEST_CASE("requantize: how often one and two roundings differ") {
    // About 2^-(shift + 1). Tolerances: five standard deviations of a binomial share of 2^22 cases, and half a digit.
    struct figure {
        int shift;
        double share;
        double tolerance;
    };
    for (const auto [shift, share, tolerance] :
         {figure{1, 25.0, 0.16}, figure{4, 3.13, 0.05}, figure{8, 0.1953, 0.011}, figure{12, 0.01221, 0.0028}}) {
        const double measured = share_of_differences(shift);
        MESSAGE("shift -" << shift << ": " << measured << " % differ, expected " << share);
        CHECK(std::fabs(measured - share) <= tolerance);
    }
}

}  // namespace
