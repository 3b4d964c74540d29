// SPDX-License-Identifier: Apache-2.0
// The reference for formats of any exponent range: a value's place among a format's values and midpoints, by comparing
// exact numbers m * 2^e. Nothing here calls the routines under test.
#pragma once

#include <dyad/number.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/reference_format.hpp"

namespace reference {

/// m * 2^e, m at most 128 bits.
struct dyadic {
    dyad::uint128_t m = 0;
    int e = 0;
};

inline int top_bit(dyad::uint128_t m) {
    const auto high = static_cast<std::uint64_t>(m >> 64);
    const auto low = static_cast<std::uint64_t>(m);
    if (high != 0) return 127 - __builtin_clzll(high);
    return low != 0 ? 63 - __builtin_clzll(low) : -1;
}

/// -1, 0, 1 as x is below, equal to, above y.
inline int order(const dyadic& x, const dyadic& y) {
    if (x.m == 0 || y.m == 0) return (x.m != 0 ? 1 : 0) - (y.m != 0 ? 1 : 0);
    const int a = top_bit(x.m);
    const int b = top_bit(y.m);
    if (x.e + a != y.e + b) return x.e + a < y.e + b ? -1 : 1;
    // Equal leading digits: with the leading ones at bit 127 the numbers compare as integers.
    const dyad::uint128_t p = x.m << (127 - a);
    const dyad::uint128_t q = y.m << (127 - b);
    return p < q ? -1 : p > q ? 1 : 0;
}

/// The values of a format and the midpoints between them, in order; codes without sign.
class ladder {
public:
    explicit ladder(const dyad::float_format& f) : rules_(f) {
        for (std::uint64_t code = 0; code <= rules_.max_code() + 1; ++code) values_.push_back(value(f, code));
        for (std::size_t i = 0; i + 1 < values_.size(); ++i) midpoints_.push_back(middle(values_[i], values_[i + 1]));
    }

    /// The formula of the format, whatever special meaning the code has.
    static dyadic value(const dyad::float_format& f, std::uint64_t code) {
        const auto field = static_cast<int>(code >> f.significand_bits);
        const std::uint64_t t = code % power_of_two(f.significand_bits);
        if (f.has_zero && field == 0) return {t, 1 - f.bias - f.significand_bits};
        return {power_of_two(f.significand_bits) + t, field - f.bias - f.significand_bits};
    }

    /// Finds the place of a magnitude.
    void take(const dyadic& x) {
        zero_ = x.m == 0;
        beyond_ = order(x, values_.back()) >= 0;
        inexact_ = beyond_;
        half_ = beyond_ ? 1 : 0;
        near_ = 0;
        if (beyond_) near_ = rules_.max_code();
        if (beyond_ || order(x, values_.front()) <= 0) return;  // a format without zero ends at its smallest
        const auto above = [](const dyadic& a, const dyadic& b) { return order(a, b) < 0; };
        near_ =
            static_cast<std::size_t>(std::upper_bound(values_.begin(), values_.end(), x, above) - values_.begin()) - 1;
        inexact_ = order(x, values_[near_]) != 0;
        half_ = order(x, midpoints_[near_]);
    }

    /// The code of what `take` was given, with this class, sign and payload.
    std::uint64_t code(kind what, bool negative, std::uint64_t payload, dyad::rounding mode,
                       dyad::saturation policy) const {
        std::uint64_t at = near_;
        if (inexact_) {
            const bool even = near_ % 2 == 0;
            if (negative ? !becomes_upper(mode, negative, -half_, !even) : becomes_upper(mode, negative, half_, even))
                ++at;
        }
        return rules_.code(what, negative, payload, zero_ && what == kind::finite, at, beyond_, policy);
    }

    /// The values of the codes 0 to max_code(), and one behind; midpoints[i] lies between values[i] and values[i + 1].
    const std::vector<dyadic>& values() const { return values_; }
    const std::vector<dyadic>& midpoints() const { return midpoints_; }

private:
    /// Neighbours' exponents differ by 0 or 1.
    static dyadic middle(const dyadic& x, const dyadic& y) { return {x.m + (y.m << (y.e - x.e)), x.e - 1}; }

    float_rules rules_;
    std::vector<dyadic> values_;
    std::vector<dyadic> midpoints_;
    bool zero_ = false;
    bool beyond_ = false;
    bool inexact_ = false;
    int half_ = 0;
    std::uint64_t near_ = 0;
};

/// Class, sign, payload and magnitude of an unpacked number.
template <dyad::unsigned_word S>
struct taken {
    explicit taken(const dyad::basic_unpacked<S>& x) : negative(x.negative) {
        if (x.kind == dyad::number_class::infinity) what = kind::infinity;
        if (x.kind == dyad::number_class::finite) magnitude = {x.significand, x.exponent};
        if (x.kind != dyad::number_class::nan) return;
        what = kind::nan;
        constexpr int beyond_64 = dyad::word_width < S >> 64 ? dyad::word_width<S> - 64 : 0;
        payload = static_cast<std::uint64_t>(x.significand >> beyond_64);
    }
    kind what = kind::finite;
    bool negative = false;
    std::uint64_t payload = 0;
    dyadic magnitude;
};

}  // namespace reference
