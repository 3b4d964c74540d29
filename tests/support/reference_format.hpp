// SPDX-License-Identifier: Apache-2.0
// The reference for conversions: one rounding that picks among the two neighbours of an exact value, for every number
// type as the target. Nothing here calls the routines under test.
#pragma once

#include <dyad/number.hpp>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "support/reference_values.hpp"

namespace reference {

// --- one rounding ---

/// Neighbours of a magnitude in a target: near <= magnitude < near + 1, counted in codes or raw units.
template <class Index>
struct place {
    Index near = 0;
    exact cut = 0;        ///< magnitude - value(near)
    exact gap = 1;        ///< value(near + 1) - value(near)
    bool beyond = false;  ///< past the code behind the largest: only the direction of the rounding counts
    int half = 0;         ///< sign of cut - gap / 2

    void set(const Index& index, const exact& rest, const exact& step) {
        near = index;
        cut = rest;
        gap = step;
        const exact twice = rest << 1u;
        half = twice < step ? -1 : twice > step ? 1 : 0;
    }
};

/// Does x, strictly between lower and upper, become upper? `half` is the sign of x - (lower + upper) / 2.
inline bool becomes_upper(dyad::rounding mode, bool negative, int half, bool lower_is_even) {
    switch (mode) {
        case dyad::rounding::nearest_even: return half > 0 || (half == 0 && !lower_is_even);
        case dyad::rounding::nearest_away: return half > 0 || (half == 0 && !negative);
        case dyad::rounding::nearest_up: return half >= 0;
        case dyad::rounding::toward_zero: return negative;
        case dyad::rounding::toward_negative: return false;
        case dyad::rounding::toward_positive: return true;
        case dyad::rounding::to_odd: return lower_is_even;
    }
    return false;
}

template <class Index>
bool becomes_far(const place<Index>& at, bool negative, bool near_is_even, dyad::rounding mode) {
    if (at.cut == 0 && !at.beyond) return false;
    if (!negative) return becomes_upper(mode, negative, at.beyond ? 1 : at.half, near_is_even);
    return !becomes_upper(mode, negative, at.beyond ? -1 : -at.half, !near_is_even);
}

/// P3109: A floor(nu 2^N) + R >= 2^N, B floor(nu 2^(N+1)) + 2R + 1 >= 2^(N+1), C nearest_even(nu 2^N) + R >= 2^N.
template <class Index>
bool becomes_far(const place<Index>& at, bool, bool, dyad::stochastic rule) {
    if (at.beyond) return true;
    if (at.cut == 0) return false;
    const auto n = static_cast<unsigned>(rule.n);
    const exact one = exact(1) << n;
    const exact random = rule.random_bits;
    const exact kept = exact(at.cut << n) / at.gap;
    const exact twice = exact(at.cut << (n + 1)) / at.gap;
    const exact rest = exact(at.cut << n) - kept * at.gap;
    switch (rule.variant) {
        case dyad::stochastic_variant::a: return exact(kept + random) >= one;
        case dyad::stochastic_variant::b: return exact(twice + 2 * random + 1) >= exact(2 * one);
        case dyad::stochastic_variant::c: break;
    }
    const exact doubled = rest << 1u;
    const bool up = doubled > at.gap || (doubled == at.gap && (kept & 1) != 0);
    return exact(kept + (up ? 1 : 0) + random) >= one;
}

/// A target: `take` finds the place of a number once, `code` says what it becomes in any mode.
class target {
public:
    virtual ~target() = default;
    virtual void take(const real& x) = 0;
    virtual dyad::int128_t code(dyad::rounding rule, dyad::saturation policy) const = 0;
    virtual dyad::int128_t code(dyad::stochastic rule, dyad::saturation policy) const = 0;
};

/// What the codes of a floating-point format mean for a result whose place among the codes is known.
class float_rules {
public:
    explicit float_rules(const dyad::float_format& f) : f_(f) {
        max_ = power_of_two(f.exponent_bits + f.significand_bits) - 1;
        const bool ieee = f.infinity == dyad::infinity_codes::ieee || f.nan == dyad::nan_codes::ieee;
        if (ieee) max_ -= power_of_two(f.significand_bits);
        while (class_of(f, max_).what != kind::finite) --max_;
    }

    const dyad::float_format& format() const { return f_; }
    /// The largest finite code.
    std::uint64_t max_code() const { return max_; }

    /// The code of an infinity, of a NaN, of a zero (at code 0), or of a finite number that a rounding took to the code
    /// `at`; `beyond` if it lies past the code behind the largest.
    std::uint64_t code(kind what, bool negative, std::uint64_t payload, bool zero, std::uint64_t at, bool beyond,
                       dyad::saturation policy) const {
        if (what == kind::nan) return nan(negative, payload | quiet);
        const bool below_zero = !f_.is_signed && negative && !zero;
        if ((!f_.has_zero && (zero || below_zero)) || (below_zero && what == kind::infinity)) return below(policy);
        if (what == kind::infinity) return overflowed(what, negative, policy);
        if (below_zero) return at == 0 && !beyond ? 0 : below(policy);  // rounded first, then compared with 0
        if (at > max_) return overflowed(what, negative, policy);
        if (f_.subnormals == dyad::subnormal_codes::flushed && at < power_of_two(f_.significand_bits)) at = 0;
        return at == 0 && !f_.has_negative_zero ? 0 : sign(negative) + at;
    }

private:
    std::uint64_t sign(bool negative) const {
        return negative && f_.is_signed ? power_of_two(f_.exponent_bits + f_.significand_bits) : 0;
    }
    std::uint64_t nan(bool negative, std::uint64_t payload) const {
        const std::uint64_t codes = power_of_two(f_.exponent_bits + f_.significand_bits);
        switch (f_.nan) {
            case dyad::nan_codes::none: return max_;
            case dyad::nan_codes::top: return sign(negative) + codes - 1;
            case dyad::nan_codes::negative_zero: return codes;
            case dyad::nan_codes::ieee: break;
        }
        return sign(negative) + codes - power_of_two(f_.significand_bits) + (payload >> (64 - f_.significand_bits));
    }
    std::uint64_t overflowed(kind what, bool negative, dyad::saturation policy) const {
        const bool clamps =
            policy == dyad::saturation::finite || (policy == dyad::saturation::propagate && what == kind::finite);
        if (clamps) return sign(negative) + max_;
        if (f_.infinity != dyad::infinity_codes::none) return sign(negative) + max_ + 1;
        const bool to_nan = f_.nan != dyad::nan_codes::none && f_.overflow == dyad::overflow_codes::nan;
        return to_nan ? nan(negative, quiet) : sign(negative) + max_;
    }
    std::uint64_t below(dyad::saturation policy) const {
        return policy == dyad::saturation::none && f_.nan != dyad::nan_codes::none ? nan(false, quiet) : 0;
    }

    dyad::float_format f_;
    std::uint64_t max_ = 0;
};

/// Floating-point targets. Formats of at most 16 bits look the place up in the table of their values.
class float_target final : public target {
public:
    explicit float_target(const dyad::float_format& f) : rules_(f) {
        if (f.exponent_bits + f.significand_bits > 16) return;
        for (std::uint64_t code = 0; code <= max_code() + 1; ++code) values_.push_back(formula(f, code));
    }

    void take(const real& x) override {
        x_ = x;
        at_ = {};
        if (x.what != kind::finite || x.magnitude == 0) return;
        if (values_.empty()) compute();
        else look_up();
    }
    dyad::int128_t code(dyad::rounding rule, dyad::saturation policy) const override { return round(rule, policy); }
    dyad::int128_t code(dyad::stochastic rule, dyad::saturation policy) const override { return round(rule, policy); }

    /// The values of the codes 0 to max_code() without sign, and one behind.
    const std::vector<exact>& values() const { return values_; }
    std::uint64_t max_code() const { return rules_.max_code(); }

private:
    void look_up() {
        if (x_.magnitude < values_.front()) return at_.set(0, 0, 1);  // a format without zero ends at its smallest
        if (x_.magnitude >= values_.back()) {
            at_.near = max_code();
            at_.beyond = true;
            return;
        }
        const auto upper = std::upper_bound(values_.begin(), values_.end(), x_.magnitude);
        const auto near = static_cast<std::size_t>(upper - values_.begin()) - 1;
        at_.set(near, x_.magnitude - values_[near], values_[near + 1] - values_[near]);
    }
    void compute() {
        const int m = rules_.format().significand_bits;
        const int smallest = 1 - rules_.format().bias;
        const int e = std::max(exponent_of(x_.magnitude), smallest);
        const auto unit = static_cast<unsigned>(e - m + unit_digits);
        const exact count = x_.magnitude >> unit;
        const exact near = exact(e - smallest) * power_of_two(m) + count;
        if (near > max_code()) {
            at_.near = max_code();
            at_.beyond = true;
            return;
        }
        at_.set(static_cast<std::uint64_t>(near), x_.magnitude - exact(count << unit), exact(1) << unit);
    }
    template <class Rule>
    dyad::int128_t round(Rule rule, dyad::saturation policy) const {
        const bool zero = is_zero(x_);
        const bool finite = x_.what == kind::finite && !zero;
        const bool far = finite && becomes_far(at_, x_.negative, at_.near % 2 == 0, rule);
        return rules_.code(x_.what, x_.negative, x_.payload, zero, at_.near + (far ? 1 : 0), at_.beyond, policy);
    }

    float_rules rules_;
    std::vector<exact> values_;
    real x_;
    place<std::uint64_t> at_;
};

/// Fixed-point and integer targets; the code is the raw number.
class fixed_target final : public target {
public:
    fixed_target(int width, int fraction, bool is_signed, bool wraps)
        : width_(width), fraction_(fraction), is_signed_(is_signed), wraps_(wraps) {}

    void take(const real& x) override {
        x_ = x;
        const auto unit = static_cast<unsigned>(unit_digits - fraction_);
        const exact count = x.magnitude >> unit;
        // What the range has no room for: only its low digits count, or only that it is beyond.
        const exact limit = exact(1) << static_cast<unsigned>(std::min(width_ + 1, 127));
        if (!wraps_ && count >= limit) at_.set(word(limit), 0, 1);
        else at_.set(word(count % limit), x.magnitude - exact(count << unit), exact(1) << unit);
    }
    dyad::int128_t code(dyad::rounding rule, dyad::saturation) const override { return round(rule); }
    dyad::int128_t code(dyad::stochastic rule, dyad::saturation) const override { return round(rule); }

private:
    template <class Rule>
    dyad::int128_t round(Rule rule) const {
        if (x_.what == kind::nan) return 0;
        const dyad::int128_t half_range = dyad::int128_t{1} << std::min(width_ - 1, 126);
        const dyad::int128_t beyond_126 = width_ == 128 ? half_range : 0;
        const dyad::int128_t high = half_range - 1 + beyond_126 + (is_signed_ ? 0 : half_range);
        const dyad::int128_t low = is_signed_ ? -high - 1 : 0;
        if (x_.what == kind::infinity) return wraps_ ? 0 : x_.negative ? low : high;
        dyad::uint128_t m = at_.near;
        if (becomes_far(at_, x_.negative, m % 2 == 0, rule)) ++m;
        if (!wraps_ && m > static_cast<dyad::uint128_t>(high)) return x_.negative ? low : high;
        dyad::int128_t raw = static_cast<dyad::int128_t>(x_.negative ? dyad::uint128_t{0} - m : m);
        if (!wraps_) return raw < low ? low : raw;
        while (raw > high) raw -= 2 * half_range;
        while (raw < low) raw += 2 * half_range;
        return raw;
    }
    static dyad::uint128_t word(const exact& m) {
        const auto upper = static_cast<std::uint64_t>(exact(m >> 64u));
        const auto lower = static_cast<std::uint64_t>(exact(m & ~std::uint64_t{0}));
        return (dyad::uint128_t{upper} << 64) | lower;
    }

    int width_;
    int fraction_;
    bool is_signed_;
    bool wraps_;
    real x_;
    place<dyad::uint128_t> at_;
};

/// sign(c) c^2 for |c| <= max; the code is c.
class square_target final : public target {
public:
    explicit square_target(std::uint32_t max) : max_(max) {}

    void take(const real& x) override {
        x_ = x;
        at_ = {};
        if (x.what != kind::finite) return;
        const exact whole = x.magnitude >> static_cast<unsigned>(unit_digits);
        if (whole >= exact(max_) * max_) {
            at_.set(max_, 0, 1);
            return;
        }
        const exact root = sqrt(whole);
        at_.set(static_cast<std::uint32_t>(root), x.magnitude - scaled_square(root),
                scaled_square(root + 1) - scaled_square(root));
    }
    dyad::int128_t code(dyad::rounding rule, dyad::saturation) const override { return round(rule); }
    dyad::int128_t code(dyad::stochastic rule, dyad::saturation) const override { return round(rule); }

private:
    static exact scaled_square(const exact& root) { return exact(root * root) << static_cast<unsigned>(unit_digits); }
    template <class Rule>
    dyad::int128_t round(Rule rule) const {
        if (x_.what == kind::nan) return 0;
        std::int64_t c = x_.what == kind::infinity ? max_ : at_.near;
        if (x_.what == kind::finite && becomes_far(at_, x_.negative, c % 2 == 0, rule)) ++c;
        return x_.negative ? -c : c;
    }

    std::uint32_t max_;
    real x_;
    place<std::uint32_t> at_;
};

// --- any type as a target ---

template <class T>
struct traits;
template <dyad::float_format F>
struct traits<dyad::minifloat<F>> {
    static std::unique_ptr<target> make() { return std::make_unique<float_target>(F); }
    static dyad::int128_t code(dyad::minifloat<F> x) { return x.bits(); }
};
template <dyad::native_float T>
struct traits<T> {
    static std::unique_ptr<target> make() {
        constexpr int exponent_bits = std::same_as<T, float> ? 8 : 11;
        return std::make_unique<float_target>(dyad::float_format{.exponent_bits = exponent_bits,
                                                                 .significand_bits = std::numeric_limits<T>::digits - 1,
                                                                 .bias = std::numeric_limits<T>::max_exponent - 1});
    }
    static dyad::int128_t code(T x) { return std::bit_cast<dyad::least_uint<dyad::word_width<T>>>(x); }
};
template <dyad::native_integer T>
struct traits<T> {
    static std::unique_ptr<target> make() {
        return std::make_unique<fixed_target>(dyad::word_width<T>, 0, T(-1) < T(0), false);
    }
    static dyad::int128_t code(T x) { return static_cast<dyad::int128_t>(x); }
};
template <int Width, int Fraction, dyad::signedness Sign, dyad::overflow Overflow>
struct traits<dyad::fixed<Width, Fraction, Sign, Overflow>> {
    static std::unique_ptr<target> make() {
        return std::make_unique<fixed_target>(Width, Fraction, Sign == dyad::signedness::is_signed,
                                              Overflow == dyad::overflow::wrap);
    }
    static dyad::int128_t code(dyad::fixed<Width, Fraction, Sign, Overflow> x) { return x.raw(); }
};
template <int Bits>
struct traits<dyad::power<Bits, 2>> {
    static std::unique_ptr<target> make() { return std::make_unique<square_target>((1u << (Bits - 1)) - 1); }
    static dyad::int128_t code(dyad::power<Bits, 2> x) { return x.raw(); }
};
template <>
struct traits<dyad::ternary> {
    static std::unique_ptr<target> make() { return std::make_unique<square_target>(1); }
    static dyad::int128_t code(dyad::ternary x) { return x.raw(); }
};

}  // namespace reference
