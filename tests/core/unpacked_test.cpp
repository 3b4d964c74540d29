// SPDX-License-Identifier: Apache-2.0
// Unpacked numbers against rationals: order, top exponent, and resizing with its promise about double rounding.
#include <doctest/doctest.h>

#include <compare>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include <dyad/core/unpacked.hpp>

#include "support/exact.hpp"
#include "support/tally.hpp"
#include "support/words.hpp"

namespace {

using namespace dyad_test;
using dyad::basic_unpacked;
using dyad::number_class;
using dyad::quiet_bit;
using dyad::resize;
using dyad::round_shift_right;
using dyad::rounding;
using dyad::stochastic;
using dyad::stochastic_variant;
using dyad::uint128_t;

/// Finite numbers: small significands in every alignment, the extremes of the word, exponents far apart.
template <class T>
[[nodiscard]] std::vector<basic_unpacked<T>> finite_numbers() {
    std::vector<basic_unpacked<T>> numbers;
    const T top = quiet_bit<T>;
    for (const bool negative : {false, true}) {
        for (int exponent = -3; exponent <= 3; ++exponent)
            for (T significand = 1; significand <= 9; ++significand)
                numbers.push_back(basic_unpacked<T>::finite(negative, significand, exponent));
        for (const int exponent : {-1100, -dyad::word_width<T>, 1 - dyad::word_width<T>, 0, 1000})
            for (const T significand : {T{1}, static_cast<T>(top - 1), top, static_cast<T>(top + 1),
                                        static_cast<T>(~T{0} - 1), static_cast<T>(~T{0})})
                numbers.push_back(basic_unpacked<T>::finite(negative, significand, exponent));
    }
    return numbers;
}

/// -1, 0, 1 for the order of two rationals.
[[nodiscard]] int sign_of_difference(const cpp_rational& x, const cpp_rational& y) {
    return x < y ? -1 : x > y ? 1 : 0;
}
template <class Order>
[[nodiscard]] int sign_of(Order order) {
    return order < 0 ? -1 : order > 0 ? 1 : 0;
}

/// The significand with at most `digits` binary digits, rounded to odd where it has more.
[[nodiscard]] cpp_rational reference_to_odd(const cpp_int& significand, int digits) {
    const cpp_rational x(significand);
    return top_exponent_of(x) < digits ? x : reference_round_to_digits(x, digits, rounding::to_odd);
}

TEST_CASE("the named constructors") {
    for_each_unsigned_word([]<class T>() {
        for (const bool negative : {false, true}) {
            using number = basic_unpacked<T>;
            CHECK(number::zero(negative) == number{number_class::zero, negative, 0, 0});
            CHECK(number::infinity(negative) == number{number_class::infinity, negative, 0, 0});
            CHECK(number::nan(negative, 5) == number{number_class::nan, negative, 0, 5});
            CHECK(number::finite(negative, 5, -7) == number{number_class::finite, negative, -7, 5});
            CHECK(number::finite(negative, 0, 99) == number::zero(negative));
            CHECK_FALSE(number::zero(negative) == number::zero(!negative));
            CHECK_FALSE(number::finite(negative, 1, 1) == number::finite(negative, 2, 0));
            CHECK_FALSE(number::nan(negative, 5) == number::nan(negative, 6));
        }
        CHECK(basic_unpacked<T>{} == basic_unpacked<T>::zero(false));
        CHECK(to_integer(quiet_bit<T>) == cpp_int(1) << (8 * sizeof(T) - 1));
    });
}

TEST_CASE("top_exponent: 2^e <= |x| < 2^(e+1)") {
    tally cases("top_exponent");
    for_each_unsigned_word([&cases]<class T>() {
        for (const auto& x : finite_numbers<T>()) {
            const cpp_rational magnitude = abs(value_of(x));
            const int e = x.top_exponent();
            cases.check(power_of_two(e) <= magnitude && magnitude < power_of_two(e + 1), x, ": got ", e);
        }
    });
}

TEST_CASE("compare and compare_magnitudes: all pairs of finite numbers, as their values") {
    for_each_unsigned_word([]<class T>() {
        tally cases("pairs of finite numbers, " + name_of<T>());
        const auto numbers = finite_numbers<T>();
        std::vector<cpp_rational> values;
        std::vector<cpp_rational> magnitudes;
        for (const auto& x : numbers) {
            values.push_back(value_of(x));
            magnitudes.push_back(abs(values.back()));
        }
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            for (std::size_t j = 0; j < numbers.size(); ++j) {
                const std::partial_ordering order = compare(numbers[i], numbers[j]);
                const std::strong_ordering by_magnitude = compare_magnitudes(numbers[i], numbers[j]);
                cases.check(order != std::partial_ordering::unordered &&
                                sign_of(order) == sign_of_difference(values[i], values[j]),
                            numbers[i], " <=> ", numbers[j], ": got ", sign_of(order));
                cases.check(sign_of(by_magnitude) == sign_of_difference(magnitudes[i], magnitudes[j]), "|", numbers[i],
                            "| <=> |", numbers[j], "|: got ", sign_of(by_magnitude));
            }
        }
    });
}

TEST_CASE("compare: zeros are equal, infinities enclose everything, NaN is unordered") {
    for_each_unsigned_word([]<class T>() {
        using number = basic_unpacked<T>;
        tally cases("special values, " + name_of<T>());
        // Classes in ascending order; the members of one class are equal.
        std::vector<std::pair<int, number>> ranked{{-2, number::infinity(true)},
                                                   {0, number::zero(true)},
                                                   {0, number::zero(false)},
                                                   {2, number::infinity(false)}};
        for (const int exponent : {-5000, 0, 5000}) {
            ranked.push_back({-1, number::finite(true, static_cast<T>(~T{0}), exponent)});
            ranked.push_back({1, number::finite(false, 1, exponent)});
        }
        for (const auto& [x_rank, x] : ranked) {
            for (const auto& [y_rank, y] : ranked) {
                if (x_rank == y_rank && x.kind == number_class::finite) continue;
                const std::partial_ordering order = compare(x, y);
                cases.check(order == (x_rank <=> y_rank), x, " <=> ", y, ": got ", sign_of(order));
            }
        }
        for (const bool negative : {false, true}) {
            const number nan = number::nan(negative, quiet_bit<T>);
            cases.check(compare(nan, nan) == std::partial_ordering::unordered, "NaN <=> itself");
            for (const auto& [rank, x] : ranked) {
                cases.check(compare(nan, x) == std::partial_ordering::unordered, "NaN <=> ", x);
                cases.check(compare(x, nan) == std::partial_ordering::unordered, x, " <=> NaN");
            }
        }
    });
}

TEST_CASE("resize: exact where the significand fits, else to odd") {
    tally cases("all 16-bit significands; boundaries and randoms of the wider words, to every width");
    const auto check = [&cases]<class To>(const auto& x) {
        const auto got = resize<To>(x);
        const cpp_rational magnitude =
            reference_to_odd(to_integer(x.significand), dyad::word_width<To>) * power_of_two(x.exponent);
        const cpp_rational expected = x.negative ? cpp_rational(-magnitude) : magnitude;
        cases.check(got.kind == number_class::finite && got.negative == x.negative && value_of(got) == expected, x,
                    " to ", name_of<To>(), ": got ", got, ", expected ", expected);
    };
    for (const auto significand : all_words<std::uint16_t>())
        if (significand != 0)
            check.operator()<std::uint8_t>(
                basic_unpacked<std::uint16_t>::finite(significand % 3 == 0, significand, -5));
    std::mt19937_64 engine(20240701);
    for_each_unsigned_word([&]<class From>() {
        for_each_unsigned_word([&]<class To>() {
            for (const From significand : boundary_words<From>())
                if (significand != 0) check.template operator()<To>(basic_unpacked<From>::finite(true, significand, 3));
            for (int i = 0; i < 500; ++i)
                if (const From significand = random_word<From>(engine); significand != 0)
                    check.template operator()<To>(basic_unpacked<From>::finite(false, significand, -300));
        });
    });
}

TEST_CASE("resize to a wider word and back changes nothing") {
    tally cases("widen and narrow");
    for_each_unsigned_word([&cases]<class From>() {
        for_each_unsigned_word([&cases]<class To>() {
            if constexpr (sizeof(To) >= sizeof(From)) {
                for (const From significand : boundary_words<From>()) {
                    for (const number_class kind : {number_class::finite, number_class::nan}) {
                        if (kind == number_class::finite && significand == 0) continue;
                        const int exponent = kind == number_class::finite ? 17 : 0;
                        const basic_unpacked<From> x{kind, significand % 3 == 0, exponent, significand};
                        cases.check(resize<From>(resize<To>(x)) == x, x, " through ", name_of<To>());
                    }
                }
            }
        });
    });
}

TEST_CASE("resize: zeros and infinities keep their sign, NaN payloads stay aligned to the top") {
    tally cases("special values");
    for_each_unsigned_word([&cases]<class From>() {
        for_each_unsigned_word([&cases]<class To>() {
            using from = basic_unpacked<From>;
            using to = basic_unpacked<To>;
            for (const bool negative : {false, true}) {
                cases.check(resize<To>(from::zero(negative)) == to::zero(negative), "zero");
                cases.check(resize<To>(from::infinity(negative)) == to::infinity(negative), "infinity");
                cases.check(resize<To>(from::nan(negative, quiet_bit<From>)) == to::nan(negative, quiet_bit<To>),
                            "quiet bit, ", name_of<From>(), " to ", name_of<To>());
                for (const From payload : boundary_words<From>()) {
                    // Read as fractions payload / 2^width, both agree on the leading bits.
                    const cpp_rational fraction =
                        cpp_rational(to_integer(payload)) * power_of_two(-dyad::word_width<From>);
                    const cpp_int expected = floor_of(fraction * power_of_two(dyad::word_width<To>));
                    const to got = resize<To>(from::nan(negative, payload));
                    cases.check(got.kind == number_class::nan && got.negative == negative && got.exponent == 0 &&
                                    to_integer(got.significand) == expected,
                                from::nan(negative, payload), " to ", name_of<To>(), ": got ", got);
                }
            }
        });
    });
}

/// Does rounding a 16-bit significand to `digits` digits by way of 8 bits equal rounding it once?
template <class Rule>
[[nodiscard]] bool rounds_alike(std::uint16_t significand, bool negative, int digits, Rule rule) {
    const auto wide = basic_unpacked<std::uint16_t>::finite(negative, significand, 0);
    const auto narrow = resize<std::uint8_t>(wide);
    const int wide_shift = dyad::bit_width(wide.significand) - digits;
    const int narrow_shift = dyad::bit_width(narrow.significand) - digits;
    const int once = round_shift_right(wide.significand, wide_shift, negative, rule);
    const int twice = round_shift_right(narrow.significand, narrow_shift, negative, rule);
    return once == twice && wide_shift == narrow_shift + narrow.exponent;
}

TEST_CASE("after resize to 8 bits, rounding to at most 6 digits is rounding once") {
    {
        tally cases("16 bits by way of 8 to 1..6 digits, all modes");
        for (std::uint32_t significand = 256; significand < 65536; ++significand)
            for (const bool negative : {false, true})
                for (int digits = 1; digits <= 6; ++digits)
                    for (const rounding mode : all_rounding_modes)
                        cases.check(rounds_alike(static_cast<std::uint16_t>(significand), negative, digits, mode),
                                    significand, " to ", digits, " digits, ", mode);
    }
    tally cases("16 bits by way of 8 to digits and random bits, at most 6 together");
    for (std::uint32_t significand = 256; significand < 65536; ++significand)
        for (int digits = 1; digits <= 5; ++digits)
            for (int n = 1; n <= 6 - digits; ++n)
                for (std::uint32_t random = 0; random < (1U << n); ++random)
                    for (const stochastic_variant variant : all_stochastic_variants)
                        cases.check(rounds_alike(static_cast<std::uint16_t>(significand), false, digits,
                                                 stochastic{variant, n, random}),
                                    significand, " to ", digits, " digits, ", stochastic{variant, n, random});
}

TEST_CASE("the bound of 6 digits after resize to 8 bits is sharp") {
    int differences = 0;
    int stochastic_differences = 0;
    for (std::uint32_t significand = 256; significand < 65536; ++significand) {
        const auto word = static_cast<std::uint16_t>(significand);
        differences += rounds_alike(word, false, 7, rounding::nearest_even) ? 0 : 1;
        for (std::uint32_t random = 0; random < 8; ++random)
            stochastic_differences +=
                rounds_alike(word, false, 4, stochastic{stochastic_variant::c, 3, random}) ? 0 : 1;
    }
    MESSAGE("7 digits: " << differences << " nearest_even and " << stochastic_differences << " stochastic differences");
    CHECK(differences > 0);
    CHECK(stochastic_differences > 0);
}

// Everything works in constant expressions.
using narrow_number = basic_unpacked<std::uint8_t>;
static_assert(dyad::unpacked::finite(true, 6, -1).top_exponent() == 1);
static_assert(dyad::unpacked_wide::finite(false, uint128_t{1} << 127, -127).top_exponent() == 0);
static_assert(dyad::unpacked::finite(false, 0, 3) == dyad::unpacked::zero(false));
static_assert(compare(dyad::unpacked::finite(false, 1, 1), dyad::unpacked::finite(false, 2, 0)) == 0);
static_assert(compare(dyad::unpacked::infinity(true), dyad::unpacked::zero(true)) < 0);
static_assert(compare(dyad::unpacked::zero(true), dyad::unpacked::zero(false)) == 0);
static_assert(compare(dyad::unpacked_wide::zero(false), dyad::unpacked_wide::zero(true)) == 0);
static_assert(compare_magnitudes(dyad::unpacked::finite(true, 3, 0), dyad::unpacked::finite(false, 2, 0)) > 0);
static_assert(resize<std::uint8_t>(dyad::unpacked::finite(false, 0x1'00'01, 0)) ==
              narrow_number::finite(false, 0x81, 9));
static_assert(resize<std::uint8_t>(dyad::unpacked::nan(true, quiet_bit<std::uint64_t>)) ==
              narrow_number::nan(true, quiet_bit<std::uint8_t>));

}  // namespace
