// SPDX-License-Identifier: Apache-2.0
// Sums, products and quotients of 124 digits are the exact ones, rounded to odd once; series are within their bound.
#include <dyad/math/wide_real.hpp>

#include <doctest/doctest.h>

#include "support/exact.hpp"
#include "support/tally.hpp"

#include <array>
#include <cstdint>
#include <random>

namespace {

using dyad::uint128_t;
using dyad::unpacked_wide;
using dyad_test::cpp_rational;
using dyad_test::tally;

class operands {
public:
    /// 1 to 124 digits, often with long runs of equal bits, where carries and borrows go far.
    unpacked_wide draw() {
        const int digits = 1 + static_cast<int>(random_() % dyad::wide_digits);
        uint128_t bits = dyad::join_words(random_(), random_());
        if (random_() % 3 == 0) bits = random_() % 2 == 0 ? ~uint128_t{0} : uint128_t{0};
        if (random_() % 4 == 0) bits ^= uint128_t{1} << (random_() % 128);
        const uint128_t significand = ((bits << 1) | 1 | (uint128_t{1} << 127)) >> (128 - digits);
        const int exponent = static_cast<int>(random_() % 300) - 150;
        return unpacked_wide::finite(random_() % 2 == 0, significand, exponent);
    }

private:
    std::mt19937_64 random_{7};
};

/// Is `got` the value x in at most 124 digits, to odd?
bool is_rounded(const unpacked_wide& got, const cpp_rational& x) {
    if (x == 0) return got.kind == dyad::number_class::zero;
    return dyad::bit_width(got.significand) <= dyad::wide_digits &&
           dyad_test::value_of(got) ==
               dyad_test::reference_round_to_digits(x, dyad::wide_digits, dyad::rounding::to_odd);
}

TEST_CASE("sum, product, quotient: 20 000 pairs") {
    tally cases("wide arithmetic");
    operands random;
    for (int i = 0; i < 20'000; ++i) {
        const unpacked_wide x = random.draw();
        const unpacked_wide y = random.draw();
        const cpp_rational a = dyad_test::value_of(x);
        const cpp_rational b = dyad_test::value_of(y);
        cases.check(is_rounded(wide_sum(x, y), a + b), x, " + ", y);
        cases.check(is_rounded(wide_product(x, y), a * b), x, " * ", y);
        cases.check(is_rounded(wide_ratio(x, y), a / b), x, " / ", y);
    }
}

TEST_CASE("the full product: against Boost's integers") {
    tally cases("multiply_full");
    std::mt19937_64 random(11);
    for (int i = 0; i < 20'000; ++i) {
        const uint128_t x = random() % 4 == 0 ? ~uint128_t{0} : dyad::join_words(random(), random());
        const uint128_t y = random() % 4 == 0 ? ~uint128_t{0} : dyad::join_words(random(), random());
        const dyad::full_product product = dyad::multiply_full(x, y);
        const dyad_test::cpp_int whole =
            (dyad_test::to_integer(product.high) << 128) + dyad_test::to_integer(product.low);
        cases.check(whole == dyad_test::to_integer(x) * dyad_test::to_integer(y), x, " * ", y);
    }
}

TEST_CASE("zeros, negation, scaling, fractions") {
    constexpr auto zero = unpacked_wide::zero(false);
    CHECK(dyad::wide_product(zero, dyad::wide_one).kind == dyad::number_class::zero);
    CHECK(dyad::wide_ratio(zero, dyad::wide_one).kind == dyad::number_class::zero);
    CHECK(dyad::scaled_by_power(zero, 5) == zero);
    CHECK(dyad::scaled_by_power(dyad::wide_one, -5) == unpacked_wide::finite(false, 1, -5));
    CHECK(dyad::negated(dyad::wide_one).negative);
    const uint128_t half = uint128_t{1} << 127;
    CHECK(dyad::fraction_q128(unpacked_wide::finite(false, 3, -1)) == half);
    CHECK(dyad::fraction_q128(unpacked_wide::finite(true, 1, -128)) == 1);
    CHECK(dyad::fraction_q128(unpacked_wide::finite(false, 1, -129)) == 0);
    CHECK(dyad::fraction_q128(unpacked_wide::finite(false, 1, 0)) == 0);
    CHECK(dyad::fraction_q128(unpacked_wide::finite(false, 7, 200)) == 0);
}

TEST_CASE("series: the sum of its terms, and on their side of 1") {
    tally cases("series");
    constexpr uint128_t one = uint128_t{1} << 127;
    constexpr std::array<uint128_t, 4> c{one, one / 3, one / 7, one / 50};
    std::mt19937_64 random(3);
    for (int i = 0; i < 2000; ++i) {
        const uint128_t y = i == 0 ? uint128_t{0} : dyad::join_words(random(), random()) >> (1 + random() % 127);
        for (const auto signs : {dyad::series_signs::same, dyad::series_signs::alternating}) {
            const auto got = dyad_test::value_of(dyad::series(c, y, signs));
            const cpp_rational step = cpp_rational(dyad_test::to_integer(y)) * dyad_test::power_of_two(-128) *
                                      (signs == dyad::series_signs::same ? 1 : -1);
            cpp_rational expected = 0;
            for (std::size_t k = c.size(); k > 0; --k)
                expected =
                    expected * step + cpp_rational(dyad_test::to_integer(c[k - 1])) * dyad_test::power_of_two(-127);
            // Steps of one unit, c[1] y <= 1/6: (1 + 1) / (1 - 1/6) units.
            const cpp_rational error = abs(cpp_rational(got - expected)) * dyad_test::power_of_two(127);
            cases.check(error < cpp_rational(12, 5), "y ", y, ": off by ", error);
            cases.check(signs == dyad::series_signs::same ? got > 1 : got < 1, "y ", y, " is on the wrong side");
        }
    }
}

}  // namespace
