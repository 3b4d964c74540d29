// SPDX-License-Identifier: Apache-2.0
// Rounding against its definition in rationals: every 8-bit case, 16-bit magnitudes, boundary values up to 128 bits.
#include <doctest/doctest.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <random>
#include <vector>

#include <dyad/core/rounding.hpp>

#include "support/exact.hpp"
#include "support/tally.hpp"
#include "support/words.hpp"

namespace {

using namespace dyad_test;
using dyad::round_divide;
using dyad::round_shift_right;
using dyad::rounding;
using dyad::rounds_away;
using dyad::stochastic;
using dyad::stochastic_variant;

/// Beyond 200 places any word lies strictly between 0 and 1/2, and all shifts round alike.
[[nodiscard]] cpp_rational shifted(const cpp_int& x, int shift) {
    return cpp_rational(x) * power_of_two(-std::min(shift, 200));
}

/// One magnitude and shift: both signs, all modes.
template <dyad::unsigned_word T>
void check_magnitude(tally& cases, T m, int shift) {
    const cpp_rational x = shifted(to_integer(m), shift);
    for (const bool negative : {false, true}) {
        const neighbours around(negative ? cpp_rational(-x) : x);
        for (const rounding mode : all_rounding_modes) {
            const T got = round_shift_right(m, shift, negative, mode);
            const cpp_int expected = abs(around.rounded(mode));
            cases.check(to_integer(got) == expected, m, " >> ", shift, negative ? " negative " : " positive ", mode,
                        ": got ", got, ", expected ", expected);
        }
    }
}

/// One two's complement number and shift: all modes.
template <dyad::signed_word T>
void check_signed(tally& cases, T x, int shift) {
    const neighbours around(shifted(to_integer(x), shift));
    for (const rounding mode : all_rounding_modes) {
        const T got = round_shift_right(x, shift, mode);
        cases.check(to_integer(got) == around.rounded(mode), x, " >> ", shift, " ", mode, ": got ", got, ", expected ",
                    around.rounded(mode));
    }
}

/// One quotient: all modes.
template <dyad::signed_word T>
void check_quotient(tally& cases, T x, T d) {
    const neighbours around(cpp_rational(to_integer(x), to_integer(d)));
    for (const rounding mode : all_rounding_modes) {
        const T got = round_divide(x, d, mode);
        cases.check(to_integer(got) == around.rounded(mode), x, " / ", d, " ", mode, ": got ", got, ", expected ",
                    around.rounded(mode));
    }
}

/// One stochastic decision, and the integers that follow from it.
template <dyad::unsigned_word T>
void check_stochastic(tally& cases, T m, int shift, const stochastic& rule) {
    const cpp_rational x = shifted(to_integer(m), shift);
    const cpp_int expected = reference_round(x, rule);
    for (const bool negative : {false, true}) {
        const T got = round_shift_right(m, shift, negative, rule);
        cases.check(to_integer(got) == expected, m, " >> ", shift, negative ? " negative " : " positive ", rule,
                    ": got ", got, ", expected ", expected);
    }
}

/// Shifts around everything that is special for a word of this width.
[[nodiscard]] std::vector<int> boundary_shifts(int width) {
    std::vector<int> shifts{0,         1,         2,     3,         width / 2 - 1, width / 2, width / 2 + 1,
                            width - 2, width - 1, width, width + 1, width + 2,     2 * width, INT_MAX};
    return shifts;
}

TEST_CASE("round_shift_right: all 8-bit magnitudes, shifts 0..20, signs, modes") {
    tally cases("8-bit magnitudes");
    for (const auto m : all_words<std::uint8_t>())
        for (int shift = 0; shift <= 20; ++shift) check_magnitude(cases, m, shift);
}

TEST_CASE("round_shift_right: all 16-bit magnitudes, signs and modes at some shifts") {
    tally cases("16-bit magnitudes");
    for (const auto m : all_words<std::uint16_t>())
        for (const int shift : {1, 4, 8, 15, 16, 17}) check_magnitude(cases, m, shift);
}

TEST_CASE("round_shift_right: boundary magnitudes of all words") {
    for_each_unsigned_word([]<class T>() {
        tally cases("boundaries of " + name_of<T>());
        for (const T m : boundary_words<T>())
            for (const int shift : boundary_shifts(dyad::word_width<T>)) check_magnitude(cases, m, shift);
    });
}

TEST_CASE("round_shift_right: ties and their neighbours at every shift") {
    for_each_unsigned_word([]<class T>() {
        tally cases("ties of " + name_of<T>());
        for (int shift = 1; shift <= dyad::word_width<T>; ++shift) {
            // (2 * kept + 1) * 2^(shift - 1) lies half way between kept and kept + 1.
            const T largest = dyad::shift_right(static_cast<T>(~T{0}), shift);
            for (const T kept : {T{0}, T{1}, T{2}, static_cast<T>(largest - 1), largest}) {
                if (kept > largest) continue;
                const T tie = static_cast<T>(static_cast<T>(static_cast<T>(kept << 1) | T{1}) << (shift - 1));
                for (const int offset : {-1, 0, 1})
                    check_magnitude(cases, static_cast<T>(tie + static_cast<T>(offset)), shift);
            }
        }
    });
}

TEST_CASE("round_shift_right: seeded random words of 32, 64 and 128 bits") {
    std::mt19937_64 engine(20240501);
    for_each_type<std::uint32_t, std::uint64_t, dyad::uint128_t>([&engine]<class T>() {
        tally cases("random " + name_of<T>());
        for (int i = 0; i < 20000; ++i) {
            const T m = random_word<T>(engine);
            check_magnitude(cases, m, static_cast<int>(engine() % (dyad::word_width<T> + 3)));
        }
    });
}

TEST_CASE("round_shift_right of two's complement numbers") {
    tally cases("all s8, shifts 0..20; boundaries and randoms of the others");
    for (const auto x : all_words<std::int8_t>())
        for (int shift = 0; shift <= 20; ++shift) check_signed(cases, x, shift);
    std::mt19937_64 engine(20240502);
    for_each_signed_word([&]<class T>() {
        for (const T x : boundary_words<T>())
            for (const int shift : boundary_shifts(dyad::word_width<T>)) check_signed(cases, x, shift);
        for (int i = 0; i < 2000; ++i) {
            const T x = random_word<T>(engine);
            check_signed(cases, x, static_cast<int>(engine() % (dyad::word_width<T> + 3)));
        }
    });
}

TEST_CASE("nearest_up is floor(x + 1/2)") {
    tally cases("s8, shifts 0..10");
    for (const auto x : all_words<std::int8_t>()) {
        for (int shift = 0; shift <= 10; ++shift) {
            const cpp_int expected = floor_of(shifted(to_integer(x), shift) + cpp_rational(1, 2));
            const auto got = round_shift_right(x, shift, rounding::nearest_up);
            cases.check(to_integer(got) == expected, x, " >> ", shift, ": got ", got, ", expected ", expected);
        }
    }
}

TEST_CASE("rounds_away takes the neighbour's parity from its argument") {
    // A format's code may have another parity than the shifted integer: only the cut-off part of m counts.
    tally cases("8-bit magnitudes, both parities");
    for (const auto m : all_words<std::uint8_t>()) {
        for (int shift = 0; shift <= 12; ++shift) {
            const cpp_rational x = shifted(to_integer(m), shift);
            const cpp_rational nu = x - floor_of(x);
            for (const bool odd : {false, true}) {
                for (const bool negative : {false, true}) {
                    const cpp_rational magnitude = (odd ? 1 : 0) + nu;
                    const neighbours around(negative ? cpp_rational(-magnitude) : magnitude);
                    for (const rounding mode : all_rounding_modes) {
                        const bool expected = abs(around.rounded(mode)) != (odd ? 1 : 0);
                        cases.check(rounds_away(m, shift, negative, odd, mode) == expected, m, " >> ", shift, " odd ",
                                    odd, " negative ", negative, " ", mode, ": expected ", expected);
                    }
                }
            }
        }
    }
}

TEST_CASE("round_divide: all 8-bit quotients") {
    tally cases("s8 / s8");
    for (const auto x : all_words<std::int8_t>())
        for (const auto d : all_words<std::int8_t>())
            if (d > 0) check_quotient(cases, x, d);
}

TEST_CASE("round_divide: boundaries and seeded randoms of the wider words") {
    std::mt19937_64 engine(20240503);
    for_each_type<std::int16_t, std::int32_t, std::int64_t, dyad::int128_t>([&engine]<class T>() {
        tally cases("quotients of " + name_of<T>());
        // 1. Every dividend by the divisors where halves and remainders are extreme.
        constexpr auto largest = static_cast<T>(static_cast<dyad::unsigned_of<T>>(~dyad::unsigned_of<T>{0}) >> 1);
        for (const T x : boundary_words<T>())
            for (const T d : {T{1}, T{2}, T{3}, T{7}, static_cast<T>(largest / 2), static_cast<T>(largest / 2 + 1),
                              static_cast<T>(largest / 2 + 2), static_cast<T>(largest - 1), largest})
                check_quotient(cases, x, d);
        // 2. Ties and their neighbours: x = d * (2 q + 1) / 2 for even d.
        for (int i = 0; i < 3000; ++i) {
            const T d = static_cast<T>(dyad::magnitude(random_word<T>(engine)) >> 1);
            const T x = random_word<T>(engine);
            if (d <= 0) continue;
            check_quotient(cases, x, d);
            const T even = static_cast<T>(d - d % 2);
            if (even == 0) continue;
            const T tie = static_cast<T>(x / 4 - x / 4 % even + even / 2);
            for (const int offset : {-1, 0, 1}) check_quotient(cases, static_cast<T>(tie + offset), even);
        }
    });
}

TEST_CASE("stochastic rounding: every decision, and how many of the 2^n random numbers round away") {
    for_each_type<std::uint8_t, std::uint32_t, dyad::uint128_t>([]<class T>() {
        tally decisions("decisions, 8-bit magnitudes in " + name_of<T>());
        tally counts("counts, 8-bit magnitudes in " + name_of<T>());
        for (unsigned magnitude = 0; magnitude < 256; ++magnitude) {
            for (int shift = 1; shift <= 12; ++shift) {
                const T m = static_cast<T>(magnitude);
                const cpp_rational x = shifted(to_integer(m), shift);
                const cpp_rational nu = x - floor_of(x);
                for (int n = 1; n <= 6; ++n) {
                    const std::uint32_t one = 1U << n;
                    const cpp_rational scaled = nu * one;
                    // The numbers R in [0, 2^n) that satisfy the definitions:
                    // A: R >= 2^n - floor(nu 2^n), so floor(nu 2^n) of them; C likewise with the rounded product;
                    // B: 2 R >= 2^(n+1) - 1 - floor(nu 2^(n+1)), so floor((floor(nu 2^(n+1)) + 1) / 2) of them,
                    //    which is floor(nu 2^n + 1/2).
                    const cpp_int expected[] = {floor_of(scaled), floor_of(scaled + cpp_rational(1, 2)),
                                                reference_round(scaled, rounding::nearest_even)};
                    const cpp_int doubled = floor_of(2 * scaled);
                    for (const stochastic_variant variant : all_stochastic_variants) {
                        const cpp_int& count = expected[static_cast<int>(variant)];
                        unsigned away = 0;
                        for (std::uint32_t random = 0; random < one; ++random) {
                            const stochastic rule{variant, n, random};
                            const bool got = rounds_away(m, shift, random % 2 != 0, random % 3 == 0, rule);
                            const bool wanted = variant == stochastic_variant::b ? doubled + 2 * random + 1 >= 2 * one
                                                                                 : count + random >= one;
                            decisions.check(got == wanted, m, " >> ", shift, " ", rule, ": got ", got);
                            away += got ? 1 : 0;
                        }
                        counts.check(count == away, m, " >> ", shift, " ", stochastic{variant, n, 0}, ": got ", away,
                                     ", expected ", count);
                    }
                }
            }
        }
    });
}

TEST_CASE("stochastic rounding is unbiased where the fraction has at most n bits") {
    // The mean over all random numbers is kept + away / 2^n: exactly m 2^-shift for shift <= n, in every variant.
    tally cases("8-bit magnitudes, n 1..8");
    for (const auto m : all_words<std::uint8_t>()) {
        for (int n = 1; n <= 8; ++n) {
            for (int shift = 0; shift <= n; ++shift) {
                for (const stochastic_variant variant : all_stochastic_variants) {
                    unsigned sum = 0;
                    for (std::uint32_t random = 0; random < (1U << n); ++random)
                        sum += round_shift_right(m, shift, false, stochastic{variant, n, random});
                    const cpp_rational mean = cpp_rational(sum) * power_of_two(-n);
                    cases.check(mean == shifted(to_integer(m), shift), m, " >> ", shift, " ", stochastic{variant, n, 0},
                                ": mean ", mean);
                }
            }
        }
    }
}

TEST_CASE("the bias of stochastic rounding with few bits is at most the cut-off of its definition") {
    // mean - x in units of 2^-n: A in (-1, 0], B in (-1/2, 1/2], C in [-1/2, 1/2].
    cpp_rational lowest[3]{};
    cpp_rational highest[3]{};
    for (const auto m : all_words<std::uint8_t>()) {
        for (int n = 1; n <= 4; ++n) {
            for (const stochastic_variant variant : all_stochastic_variants) {
                unsigned sum = 0;
                for (std::uint32_t random = 0; random < (1U << n); ++random)
                    sum += round_shift_right(m, 8, false, stochastic{variant, n, random});
                const cpp_rational bias = sum - shifted(to_integer(m), 8) * power_of_two(n);
                const auto i = static_cast<std::size_t>(variant);
                lowest[i] = std::min(lowest[i], bias);
                highest[i] = std::max(highest[i], bias);
            }
        }
    }
    for (std::size_t i = 0; i < 3; ++i)
        MESSAGE("variant "
                << "abc"[i] << ": bias from " << lowest[i] << " to " << highest[i] << " of 2^-n");
    // With n = 1 the fraction has 7 further bits: the extremes are 1 - 2^-7, and 1/2 at a tie.
    const cpp_rational half(1, 2);
    CHECK(lowest[0] == cpp_rational(-127, 128));
    CHECK(highest[0] == 0);
    CHECK(lowest[1] == cpp_rational(-63, 128));
    CHECK(highest[1] == half);
    CHECK(lowest[2] == -half);
    CHECK(highest[2] == half);
}

TEST_CASE("stochastic rounding with 32 bits: boundary values") {
    for_each_unsigned_word([]<class T>() {
        tally cases("n = 32, " + name_of<T>());
        const std::vector<int> shifts{0, 1, 2, 30, 31, 32, 33, 34, 63, 64, 65, 66, 127, 128, 129, 160, 161};
        for (const T m : boundary_words<T>()) {
            if (sizeof(T) == 16 && to_integer(m) % 3 == 1) continue;  // two thirds of the longest list are enough
            for (const int shift : shifts)
                for (const std::uint32_t random : {0U, 1U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFEU, 0xFFFFFFFFU})
                    for (const stochastic_variant variant : all_stochastic_variants)
                        check_stochastic(cases, m, shift, {variant, 32, random});
        }
    });
}

TEST_CASE("stochastic rounding: the random number at which the decision changes, n = 1..32") {
    std::mt19937_64 engine(20240504);
    for_each_unsigned_word([&engine]<class T>() {
        tally cases("thresholds of " + name_of<T>());
        for (int i = 0; i < 3000; ++i) {
            const T m = random_word<T>(engine);
            const int shift = static_cast<int>(engine() % (dyad::word_width<T> + 4));
            const int n = 1 + static_cast<int>(engine() % 32);
            const std::int64_t one = std::int64_t{1} << n;
            const cpp_rational x = shifted(to_integer(m), shift);
            const auto product = static_cast<std::int64_t>(floor_of((x - floor_of(x)) * power_of_two(n)));
            for (std::int64_t random = one - product - 2; random <= one - product + 1; ++random) {
                if (random < 0 || random >= one) continue;
                for (const stochastic_variant variant : all_stochastic_variants)
                    check_stochastic(cases, m, shift, {variant, n, static_cast<std::uint32_t>(random)});
            }
        }
    });
}

TEST_CASE("stochastic rounding of two's complement numbers sees the magnitude") {
    tally cases("s8, n 1..4");
    for (const auto x : all_words<std::int8_t>()) {
        for (const int shift : {0, 1, 3, 5, 7, 8, 9}) {
            for (int n = 1; n <= 4; ++n) {
                for (std::uint32_t random = 0; random < (1U << n); ++random) {
                    for (const stochastic_variant variant : all_stochastic_variants) {
                        const stochastic rule{variant, n, random};
                        const auto got = round_shift_right(x, shift, rule);
                        const cpp_int expected = reference_round(shifted(to_integer(x), shift), rule);
                        cases.check(to_integer(got) == expected, x, " >> ", shift, " ", rule, ": got ", got,
                                    ", expected ", expected);
                    }
                }
            }
        }
    }
}

TEST_CASE("the default stochastic rule is variant b with 32 bits") {
    constexpr stochastic rule;
    CHECK(rule.variant == stochastic_variant::b);
    CHECK(rule.n == 32);
    CHECK(rule.random_bits == 0);
}

// A rule is one of the two types, nothing that converts to them.
static_assert(dyad::rounding_rule<rounding> && dyad::rounding_rule<stochastic>);
static_assert(!dyad::rounding_rule<int> && !dyad::rounding_rule<stochastic_variant>);

// Everything works in constant expressions.
static_assert(rounds_away(std::uint8_t{0b1'10}, 2, false, true, rounding::nearest_even));
static_assert(rounds_away(dyad::uint128_t{3}, 1, false, false, stochastic{stochastic_variant::a, 1, 1}));
static_assert(!rounds_away(dyad::uint128_t{3}, 1, false, false, stochastic{stochastic_variant::a, 1, 0}));
static_assert(round_shift_right(std::uint64_t{5}, 1, false, rounding::nearest_even) == 2);
static_assert(round_shift_right(std::uint32_t{5}, 1, false, stochastic{stochastic_variant::c, 1, 1}) == 3);
static_assert(round_shift_right(std::int8_t{-128}, 7, rounding::nearest_even) == -1);
static_assert(round_shift_right(dyad::int128_t{-5}, 1, rounding::nearest_up) == -2);
static_assert(round_shift_right(std::int16_t{-5}, 1, stochastic{stochastic_variant::b, 1, 1}) == -3);
static_assert(round_divide(std::int64_t{-7}, std::int64_t{2}, rounding::nearest_away) == -4);

}  // namespace
