// SPDX-License-Identifier: Apache-2.0
// Exact arithmetic on unpacked numbers, for operators that round once: sum, product, quotient.
// Where a result does not fit the significand word it is rounded to odd, so that the one rounding that follows is
// exact.
#pragma once

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/unpacked.hpp>

namespace dyad::inline v1 {

/// The NaN that an invalid operation gives.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr basic_unpacked<T> invalid() noexcept {
    return basic_unpacked<T>::nan(false, quiet_bit<T>);
}

/// A NaN operand as a result: quiet (IEEE 754 section 6.2).
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr basic_unpacked<T> quieted(basic_unpacked<T> nan) noexcept {
    nan.significand |= quiet_bit<T>;
    return nan;
}

/// x + y. Needs significands of at most word_width - 4 bits; exact to odd. x + -x is +0 (-0 when rounding down).
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr basic_unpacked<T> exact_sum(basic_unpacked<T> x, basic_unpacked<T> y,
                                                            bool rounding_down = false) noexcept {
    // 1. Whatever is not a finite pair.
    if (x.kind == number_class::nan) return quieted(x);
    if (y.kind == number_class::nan) return quieted(y);
    if (x.kind == number_class::infinity || y.kind == number_class::infinity) {
        if (x.kind == y.kind && x.negative != y.negative) return invalid<T>();
        return x.kind == number_class::infinity ? x : y;
    }
    if (x.kind == number_class::zero && y.kind == number_class::zero) {
        return basic_unpacked<T>::zero(x.negative == y.negative ? x.negative : rounding_down);
    }
    if (x.kind == number_class::zero) return y;
    if (y.kind == number_class::zero) return x;
    // 2. Align: x, the one with the larger unit, moves up as far as two bits of headroom allow; y moves down for the
    //    rest, to odd. Then y is far below x, so no cancellation can bring the lost bits back.
    if (x.exponent < y.exponent) {
        const auto swapped = x;
        x = y;
        y = swapped;
    }
    const int apart = x.exponent - y.exponent;
    const int room = word_width<T> - 2 - bit_width(x.significand);
    const int up = apart < room ? apart : room;
    const T a = static_cast<T>(x.significand << up);
    const T b = round_shift_right(y.significand, apart - up, false, rounding::to_odd);
    const int exponent = x.exponent - up;
    // 3. Add or subtract magnitudes.
    if (x.negative == y.negative) return basic_unpacked<T>::finite(x.negative, static_cast<T>(a + b), exponent);
    if (a == b) return basic_unpacked<T>::zero(rounding_down);
    return a > b ? basic_unpacked<T>::finite(x.negative, static_cast<T>(a - b), exponent)
                 : basic_unpacked<T>::finite(y.negative, static_cast<T>(b - a), exponent);
}

/// x * y. Needs significands whose product fits the word; exact.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr basic_unpacked<T> exact_product(const basic_unpacked<T>& x,
                                                                const basic_unpacked<T>& y) noexcept {
    if (x.kind == number_class::nan) return quieted(x);
    if (y.kind == number_class::nan) return quieted(y);
    const bool negative = x.negative != y.negative;
    const bool infinite = x.kind == number_class::infinity || y.kind == number_class::infinity;
    if (x.kind == number_class::zero || y.kind == number_class::zero) {
        return infinite ? invalid<T>() : basic_unpacked<T>::zero(negative);
    }
    if (infinite) return basic_unpacked<T>::infinity(negative);
    return basic_unpacked<T>::finite(negative, static_cast<T>(x.significand * y.significand), x.exponent + y.exponent);
}

/// x / y to odd, with at least word_width - 2 digits. Needs significands of at most word_width / 2 bits.
/// Finite / 0 is infinite, 0 / 0 invalid.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr basic_unpacked<T> quotient(const basic_unpacked<T>& x,
                                                           const basic_unpacked<T>& y) noexcept {
    if (x.kind == number_class::nan) return quieted(x);
    if (y.kind == number_class::nan) return quieted(y);
    const bool negative = x.negative != y.negative;
    if (x.kind == y.kind && x.kind != number_class::finite) return invalid<T>();
    if (x.kind == number_class::infinity || y.kind == number_class::zero) return basic_unpacked<T>::infinity(negative);
    if (y.kind == number_class::infinity || x.kind == number_class::zero) return basic_unpacked<T>::zero(negative);
    // Long division in two steps: a quotient of at least half a word, then as many more digits as the word has room
    // for.
    const int divisor_width = bit_width(y.significand);
    const int up = word_width<T> - bit_width(x.significand);
    const T dividend = static_cast<T>(x.significand << up);
    const T first = static_cast<T>(dividend / y.significand);
    const T rest = static_cast<T>(dividend % y.significand);
    const int room = word_width<T> - 1 - bit_width(first);
    const int more = room < 0 ? 0 : room < divisor_width ? room : divisor_width;  // room is -1 after a division by 1
    const T tail = static_cast<T>(rest << more);
    const T digits = static_cast<T>((first << more) | static_cast<T>(tail / y.significand));
    const T sticky = tail % y.significand != 0 ? T{1} : T{0};
    return basic_unpacked<T>::finite(negative, static_cast<T>(digits | sticky), x.exponent - up - more - y.exponent);
}

/// sqrt(x) to odd, with word_width - 3 digits; exact significands of any width. sqrt(-0) is -0, of less than 0 invalid.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr basic_unpacked<T> square_root(const basic_unpacked<T>& x) noexcept {
    if (x.kind == number_class::nan) return quieted(x);
    if (x.kind == number_class::zero) return x;
    if (x.negative) return invalid<T>();
    if (x.kind == number_class::infinity) return x;
    // 1. The radicand at the top of the word, with an even exponent.
    constexpr int width = word_width<T>;
    int up = width - bit_width(x.significand);
    if (((x.exponent - up) & 1) != 0) --up;
    T radicand = static_cast<T>(x.significand << (up > 0 ? up : 0));
    int exponent = x.exponent - up;
    if (up < 0) {  // a full word and an odd exponent: its last bit waits for its turn
        radicand = static_cast<T>(x.significand >> 1);
    }
    T waiting = up < 0 ? static_cast<T>((x.significand & 1) << (width - 1)) : T{0};
    // 2. One digit of the root for two of the radicand; the remainder stays below 2 root + 2.
    constexpr int digits = width - 4;
    T root = 0;
    T rest = 0;
    for (int i = 0; i < digits; ++i) {
        rest = static_cast<T>((rest << 2) | (radicand >> (width - 2)));
        radicand = static_cast<T>((radicand << 2) | (waiting >> (width - 2)));
        waiting = static_cast<T>(waiting << 2);
        const T trial = static_cast<T>((root << 2) | 1);
        root = static_cast<T>(root << 1);
        if (rest >= trial) {
            rest = static_cast<T>(rest - trial);
            root = static_cast<T>(root | 1);
        }
    }
    // 3. sqrt(radicand 2^exponent) = root 2^(exponent / 2 + width / 2 - digits); one more digit says what is left.
    const bool inexact = rest != 0 || radicand != 0 || waiting != 0;
    const int unit = exponent / 2 + width / 2 - digits - 1;
    return basic_unpacked<T>::finite(false, static_cast<T>((root << 1) | (inexact ? 1 : 0)), unit);
}

}  // namespace dyad::inline v1
