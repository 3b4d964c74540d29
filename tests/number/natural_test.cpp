// SPDX-License-Identifier: Apache-2.0
// natural: every operation against Boost's integers, and the quotient to odd where its digits are hard to guess.
#include <dyad/number/natural.hpp>

#include <doctest/doctest.h>

#include "support/exact.hpp"
#include "support/tally.hpp"

#include <cstdint>
#include <random>

namespace {

using dyad_test::cpp_int;
using natural = dyad::natural<64>;

natural from(const cpp_int& x) {
    natural n;
    const int width = x == 0 ? 0 : static_cast<int>(msb(x)) + 1;
    for (int at = (width + 15) / 16 * 16; at > 0;) {
        at -= 16;
        n.multiply_add(1u << 16, static_cast<std::uint32_t>(cpp_int(x >> static_cast<unsigned>(at)) & 0xffff));
    }
    return n;
}
cpp_int value_of(natural n) {
    cpp_int x = 0;
    for (unsigned at = 0; !n.is_zero(); at += 30) x |= cpp_int(n.divide(1u << 30)) << at;
    return x;
}
/// Runs of ones and zeros, of random length: carries and borrows go far.
cpp_int random_integer(std::mt19937_64& random, unsigned most_bits) {
    cpp_int x = 1;
    const unsigned bits = static_cast<unsigned>(random() % most_bits);
    while (msb(x) < bits) {
        const unsigned run = 1 + static_cast<unsigned>(random() % 70);
        x = (x << run) | (random() % 2 != 0 ? (cpp_int(1) << run) - 1 : cpp_int(random() % 2));
    }
    return x >> (msb(x) - bits);
}

TEST_CASE("multiplication, division by a word, shifts, subtraction, order") {
    std::mt19937_64 random(1);
    dyad_test::tally cases("natural");
    for (int i = 0; i < 4000; ++i) {
        const cpp_int x = random() % 50 == 0 ? cpp_int(0) : random_integer(random, 1200);
        const cpp_int y = random_integer(random, 1200);
        const auto factor = static_cast<std::uint32_t>(random() >> (random() % 64));
        const auto addend = static_cast<std::uint32_t>(random());
        natural n = from(x);
        cases.check(value_of(n) == x && n.is_zero() == (x == 0), x);
        cases.check(n.bit_width() == (x == 0 ? 0 : static_cast<int>(msb(x)) + 1), x);
        n.multiply_add(factor, addend);
        cases.check(value_of(n) == x * factor + addend, x, " * ", factor, " + ", addend);
        n = from(x);
        const std::uint32_t divisor = factor == 0 ? 1 : factor;
        cases.check(n.divide(divisor) == x % divisor && value_of(n) == x / divisor, x, " / ", divisor);
        n = from(x);
        const auto power = static_cast<int>(random() % 200);
        n.multiply_power_of_five(power);
        cases.check(value_of(n) == x * boost::multiprecision::pow(cpp_int(5), static_cast<unsigned>(power)), power);
        n = from(x);
        const auto shift = static_cast<unsigned>(random() % 500);
        n.shift_left(static_cast<int>(shift));
        cases.check(value_of(n) == x << shift, x, " << ", shift);
        cases.check((from(x) <=> from(y)) == (x < y   ? -1
                                              : x > y ? 1
                                                      : 0) <=> 0 &&
                        (from(x) == from(y)) == (x == y),
                    x, " ", y);
        n = from(x);
        n.add(from(y));
        cases.check(value_of(n) == x + y, x, " + ", y);
        n = from(x < y ? y : x);
        n.subtract(from(x < y ? x : y));
        cases.check(value_of(n) == abs(cpp_int(x - y)), x, " - ", y);
    }
}

TEST_CASE("words") {
    CHECK(natural{}.is_zero());
    CHECK(natural{0}.is_zero());
    const auto x = (dyad::uint128_t{0x0123'4567'89ab'cdef} << 64) | 0xfedc'ba98'7654'3210;
    CHECK(natural{x}.low_word() == x);
    CHECK(natural{x}.bit_width() == 121);
    CHECK(natural{7}.low_word() == 7);
}

void check_ratio(dyad_test::tally& cases, const cpp_int& n, const cpp_int& d) {
    const dyad::unpacked_wide got = dyad::ratio_to_odd(false, from(n), from(d));
    const int width = dyad::bit_width(got.significand);
    cases.check(width == 127 || width == 128, n, " / ", d, ": ", width, " digits");
    // significand = floor(n 2^up / d), odd where there is a rest
    const int up = -got.exponent;
    const cpp_int above = up >= 0 ? cpp_int(n << static_cast<unsigned>(up)) : n;
    const cpp_int below = up >= 0 ? d : cpp_int(d << static_cast<unsigned>(-up));
    const cpp_int quotient = above / below;
    const cpp_int expected = quotient * below == above ? quotient : cpp_int(quotient | 1);
    cases.check(dyad_test::to_integer(got.significand) == expected, n, " / ", d);
}

TEST_CASE("quotients to odd") {
    std::mt19937_64 random(2);
    dyad_test::tally cases("quotients");
    for (int i = 0; i < 20000; ++i) check_ratio(cases, random_integer(random, 1500), random_integer(random, 1500));
    // Divisors and dividends around powers of two, where an estimated digit is too large by one or two.
    for (unsigned i = 0; i < 300; i += 7) {
        for (unsigned j = 1; j < 300; j += 5) {
            for (const int a : {-1, 0, 1}) {
                for (const int b : {-1, 0, 1}) {
                    const cpp_int n = (cpp_int(1) << i) + a;
                    const cpp_int d = (cpp_int(1) << j) + b;
                    if (n > 0 && d > 0) check_ratio(cases, n, d);
                    if (d > 0) check_ratio(cases, d * d + 1, d);
                    if (n > 1) check_ratio(cases, n * d - 1, n);
                }
            }
        }
    }
    CHECK(dyad::ratio_to_odd(true, natural{1}, natural{3}).negative);
}

constexpr bool works_at_compile_time() {
    natural n{1};
    n.multiply_power_of_five(20);
    const dyad::unpacked_wide third = dyad::ratio_to_odd(false, n, natural{3});
    return n.divide(1'000'000'000) == 431'640'625 && (third.significand & 1) == 1;
}
static_assert(works_at_compile_time());  // 5^20 = 95367431640625

}  // namespace
