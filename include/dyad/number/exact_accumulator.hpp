// SPDX-License-Identifier: Apache-2.0
// The exact accumulator: a fixed-point sum wide enough for every term, so that a dot product is rounded once, at its
// end. value = words * 2^Lowest in two's complement.
// Source: Kulisch and Miranker, "The arithmetic of the digital computer: a new approach", SIAM Review 28 (1986).
#pragma once

#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/float_format.hpp>
#include <dyad/number/native.hpp>
#include <dyad/number/value_range.hpp>

namespace dyad::inline v1 {

/// The terms of an accumulator are multiples of 2^lowest and below 2^highest in magnitude.
struct exponent_range {
    int lowest;
    int highest;
};

template <number T>
[[nodiscard]] DYAD_HD constexpr exponent_range exponents_of() noexcept {
    if constexpr (requires { T::exponents; }) return T::exponents;  // its products need more than its numbers say
    else return {value_range_of<T>().low, value_range_of<T>().top + 1};
}

/// Sums terms that are multiples of 2^Lowest with magnitudes below 2^Highest; 2^62 of them before anything is lost.
/// Infinities and NaN are kept beside the sum: a NaN term, or infinities of both signs, make the result NaN.
template <int Lowest, int Highest>
class exact_accumulator {
    static_assert(Lowest < Highest && Highest - Lowest <= 16384,
                  "dyad::exact_accumulator needs Lowest < Highest, at most 16384 bits apart.");

public:
    static constexpr int words = (Highest - Lowest + 63) / 64 + 1;

    /// Adds one term, exactly.
    template <unsigned_word S>
    DYAD_HD constexpr void add(const basic_unpacked<S>& term) noexcept {
        if (term.kind == number_class::nan) has_nan_ = true;
        if (term.kind == number_class::infinity) (term.negative ? has_negative_infinity_ : has_infinity_) = true;
        if (term.kind != number_class::finite) return;
        // Trailing zeros may reach below Lowest: a term is a multiple of 2^Lowest, however it is aligned.
        auto significand = static_cast<uint128_t>(term.significand);
        int offset = term.exponent - Lowest;
        if (offset < 0) {
            DYAD_ASSERT(offset > -128 && (significand & low_mask<uint128_t>(-offset)) == 0);
            significand >>= -offset;
            offset = 0;
        }
        DYAD_ASSERT(offset + bit_width(significand) <= Highest - Lowest);
        const int bit = offset % 64;
        const auto low = static_cast<std::uint64_t>(significand);
        const auto high = static_cast<std::uint64_t>(significand >> 64);
        const std::uint64_t parts[3] = {low << bit, bit == 0 ? high : (high << bit) | (low >> (64 - bit)),
                                        bit == 0 ? 0 : high >> (64 - bit)};
        add_words(parts, offset / 64, term.negative);
    }
    /// Adds a number.
    template <number T>
    DYAD_HD constexpr void add(T x) noexcept {
        static_assert(exponents_of<T>().lowest >= Lowest && exponents_of<T>().highest <= Highest,
                      "dyad::exact_accumulator must reach from the smallest to the largest value that it adds.");
        add(dyad::unpack(x));
    }
    /// Adds x * y; of types whose product is another function (lmul_number) that, all of it.
    template <number A, number B>
    DYAD_HD constexpr void add_product(A x, B y) noexcept {
        static_assert(exponents_of<A>().lowest + exponents_of<B>().lowest >= Lowest &&
                          exponents_of<A>().highest + exponents_of<B>().highest <= Highest,
                      "dyad::exact_accumulator must reach from the smallest to the largest product that it adds.");
        if constexpr (requires { all_of_product(x, y); }) {
            add(all_of_product(x, y));
        } else {
            static_assert(
                !requires { all_of_product(x, x); } && !requires { all_of_product(y, y); },
                "dyad::exact_accumulator adds products of lmul_number with its own type only.");
            add(exact_product(resize<uint128_t>(dyad::unpack(x)), resize<uint128_t>(dyad::unpack(y))));
        }
    }

    /// Adds another sum, exactly: as if each of its terms had been added here, in whatever order.
    DYAD_HD constexpr void merge(const exact_accumulator& other) noexcept {
        std::uint64_t carry = 0;
        for (int i = 0; i < words; ++i) {
            const uint128_t sum = static_cast<uint128_t>(words_[i]) + other.words_[i] + carry;
            words_[i] = static_cast<std::uint64_t>(sum);
            carry = static_cast<std::uint64_t>(sum >> 64);
        }
        has_nan_ = has_nan_ || other.has_nan_;
        has_infinity_ = has_infinity_ || other.has_infinity_;
        has_negative_infinity_ = has_negative_infinity_ || other.has_negative_infinity_;
    }

    /// Word i of the sum of the finite terms, the lowest first, and the sum of these words again: a sum that is stored.
    [[nodiscard]] DYAD_HD constexpr std::uint64_t word(int i) const noexcept { return words_[i]; }
    DYAD_HD constexpr void set_word(int i, std::uint64_t value) noexcept { words_[i] = value; }

    /// The sum with 128 leading digits, to odd; NaN and infinities as said above. A sum of nothing is +0.
    [[nodiscard]] DYAD_HD constexpr unpacked_wide value() const noexcept {
        if (has_nan_ || (has_infinity_ && has_negative_infinity_))
            return unpacked_wide::nan(false, quiet_bit<uint128_t>);
        if (has_infinity_ || has_negative_infinity_) return unpacked_wide::infinity(has_negative_infinity_);
        exact_accumulator magnitude = *this;
        const bool negative = (words_[words - 1] >> 63) != 0;
        if (negative) magnitude.negate();
        int top = words - 1;
        while (top > 0 && magnitude.words_[top] == 0) --top;
        if (top < 2) {
            const uint128_t all = (static_cast<uint128_t>(magnitude.words_[1]) << 64) | magnitude.words_[0];
            return unpacked_wide::finite(negative, all, Lowest);
        }
        // The top three words hold at least 129 digits; 128 of them stay, the rest makes the last one odd.
        const int up = 64 - bit_width(magnitude.words_[top]);
        const uint128_t leading = (static_cast<uint128_t>(magnitude.words_[top]) << 64) | magnitude.words_[top - 1];
        const std::uint64_t next = magnitude.words_[top - 2];
        const uint128_t kept = up == 0 ? leading : (leading << up) | (next >> (64 - up));
        std::uint64_t rest = up == 0 ? next : next << up;
        for (int i = 0; i < top - 2; ++i) rest |= magnitude.words_[i];
        return unpacked_wide::finite(negative, kept | (rest != 0 ? 1 : 0), Lowest + 64 * (top - 1) - up);
    }
    /// The sum as a To, rounded once.
    template <number To, rounding_rule Rule = rounding>
    [[nodiscard]] DYAD_HD constexpr To result(Rule rule = rounding::nearest_even,
                                              saturation policy = saturation::none) const noexcept {
        return pack_as<To>(value(), rule, policy);
    }

private:
    DYAD_HD constexpr void add_words(const std::uint64_t (&parts)[3], int first, bool negative) noexcept {
        std::uint64_t carry = 0;
        for (int i = first; i < words; ++i) {
            const std::uint64_t part = i - first < 3 ? parts[i - first] : 0;
            if (i - first >= 3 && carry == 0) return;
            const uint128_t sum = negative ? static_cast<uint128_t>(words_[i]) - part - carry
                                           : static_cast<uint128_t>(words_[i]) + part + carry;
            words_[i] = static_cast<std::uint64_t>(sum);
            carry = (sum >> 64) != 0 ? 1 : 0;
        }
    }
    DYAD_HD constexpr void negate() noexcept {
        std::uint64_t carry = 1;
        for (int i = 0; i < words; ++i) {
            words_[i] = ~words_[i] + carry;
            carry = carry != 0 && words_[i] == 0 ? 1 : 0;
        }
    }

    std::uint64_t words_[static_cast<unsigned>(words)] = {};
    bool has_nan_ = false;
    bool has_infinity_ = false;
    bool has_negative_infinity_ = false;
};

/// The accumulator for products of an A and a B.
template <number A, number B = A>
using product_accumulator = exact_accumulator<exponents_of<A>().lowest + exponents_of<B>().lowest,
                                              exponents_of<A>().highest + exponents_of<B>().highest>;

}  // namespace dyad::inline v1
