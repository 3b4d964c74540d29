// SPDX-License-Identifier: Apache-2.0
// The reference for number formats: exact values as Boost integers, decoding by the formats' definitions, and one
// rounding that picks among the two neighbours of a value. Nothing here calls the routines under test.
#pragma once

#include <dyad/number.hpp>

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <vector>

namespace reference {

/// An exact magnitude in units of 2^-unit_digits: every number from 2^-400 to 2^623 with bits no lower than 2^-400.
using exact = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<
    1024, 1024, boost::multiprecision::signed_magnitude, boost::multiprecision::unchecked, void>>;
inline constexpr int unit_digits = 400;

/// significand * 2^exponent.
inline exact scaled(dyad::uint128_t significand, int exponent) {
    exact m = static_cast<std::uint64_t>(significand >> 64);
    m <<= 64;
    m |= static_cast<std::uint64_t>(significand);
    const int up = exponent + unit_digits;
    if (up >= 0) {
        if (up + 128 > 1024) throw std::logic_error("reference::scaled: too large");
        return exact(m << static_cast<unsigned>(up));
    }
    const exact down = m >> static_cast<unsigned>(-up);
    if (exact(down << static_cast<unsigned>(-up)) != m) throw std::logic_error("reference::scaled: too fine");
    return down;
}

/// floor(log2 x) for x > 0.
inline int exponent_of(const exact& x) { return static_cast<int>(msb(x)) - unit_digits; }

enum class kind { finite, infinity, nan };

/// A real number with a sign (of zero, too), an infinity, or a NaN with its payload at the top of a word.
struct real {
    kind what = kind::finite;
    bool negative = false;
    exact magnitude = 0;
    std::uint64_t payload = 0;

    friend bool operator==(const real& x, const real& y) {
        return x.what == y.what && x.negative == y.negative && x.magnitude == y.magnitude && x.payload == y.payload;
    }
};

inline constexpr std::uint64_t quiet = std::uint64_t{1} << 63;

// --- decoding ---

inline std::uint64_t power_of_two(int exponent) { return std::uint64_t{1} << exponent; }

/// The formula of a format for a code without its sign, whatever special meaning the code has.
inline exact formula(const dyad::float_format& f, std::uint64_t code) {
    const auto field = static_cast<int>(code >> f.significand_bits);
    const std::uint64_t t = code % power_of_two(f.significand_bits);
    if (f.has_zero && field == 0) return scaled(t, 1 - f.bias - f.significand_bits);
    return scaled(power_of_two(f.significand_bits) + t, field - f.bias - f.significand_bits);
}

inline real decode(const dyad::float_format& f, std::uint64_t code) {
    const std::uint64_t codes = power_of_two(f.exponent_bits + f.significand_bits);
    const std::uint64_t all_ones = power_of_two(f.exponent_bits) - 1;
    const bool negative = code >= codes;
    const std::uint64_t magnitude = code % codes;
    const std::uint64_t field = magnitude >> f.significand_bits;
    const std::uint64_t t = magnitude % power_of_two(f.significand_bits);
    switch (f.nan) {
    case dyad::nan_codes::none:
        break;
    case dyad::nan_codes::ieee:
        if (field == all_ones && t != 0) return {kind::nan, negative, 0, t << (64 - f.significand_bits)};
        break;
    case dyad::nan_codes::top:
        if (magnitude == codes - 1) return {kind::nan, negative, 0, quiet};
        break;
    case dyad::nan_codes::negative_zero:
        if (negative && magnitude == 0) return {kind::nan, false, 0, quiet};
        break;
    }
    const bool nan_at_top = f.nan == dyad::nan_codes::top;
    if (f.infinity == dyad::infinity_codes::ieee && magnitude == all_ones << f.significand_bits)
        return {kind::infinity, negative};
    if (f.infinity == dyad::infinity_codes::top && magnitude == codes - (nan_at_top ? 2 : 1))
        return {kind::infinity, negative};
    if (f.has_zero && field == 0 && f.subnormals == dyad::subnormal_codes::flushed) return {kind::finite, negative, 0};
    return {kind::finite, negative, formula(f, magnitude)};
}

template <dyad::float_format F>
real real_of(dyad::minifloat<F> x) {
    return decode(F, x.bits());
}

/// Doubles beyond 2^400 and below 2^-300 stand for all that lie there: no target under test has a threshold there.
template <dyad::native_float T>
real real_of(T x) {
    const bool negative = std::signbit(x);
    if (std::isnan(x)) {
        using word = dyad::least_uint<dyad::word_width<T>>;
        constexpr int field = std::numeric_limits<T>::digits - 1;
        return {kind::nan, negative, 0, static_cast<std::uint64_t>(std::bit_cast<word>(x)) << (64 - field)};
    }
    if (std::isinf(x)) return {kind::infinity, negative};
    if (x == 0) return {kind::finite, negative, 0};
    int exponent = 0;
    const double m = std::frexp(std::fabs(static_cast<double>(x)), &exponent);
    if (exponent < -300) return {kind::finite, negative, scaled(1, -300)};
    if (exponent > 400) return {kind::finite, negative, scaled(1, 400)};
    return {kind::finite, negative, scaled(static_cast<std::uint64_t>(std::ldexp(m, 53)), exponent - 53)};
}

template <dyad::native_integer T>
real real_of(T x) {
    const bool negative = x < 0;
    const auto pattern = static_cast<dyad::uint128_t>(x);
    return {kind::finite, negative, scaled(negative ? dyad::uint128_t{0} - pattern : pattern, 0)};
}

template <int Width, int Fraction, dyad::signedness Sign, dyad::overflow Overflow>
real real_of(dyad::fixed<Width, Fraction, Sign, Overflow> x) {
    const auto raw = static_cast<dyad::int128_t>(x.raw());
    return {kind::finite, raw < 0, scaled(static_cast<dyad::uint128_t>(raw < 0 ? -raw : raw), -Fraction)};
}

template <dyad::unsigned_word S>
real real_of(const dyad::basic_unpacked<S>& x) {
    switch (x.kind) {
    case dyad::number_class::zero:
        return {kind::finite, x.negative, 0};
    case dyad::number_class::finite:
        return {kind::finite, x.negative, scaled(x.significand, x.exponent)};
    case dyad::number_class::infinity:
        return {kind::infinity, x.negative};
    case dyad::number_class::nan:
        break;
    }
    constexpr int beyond_64 = dyad::word_width<S> > 64 ? dyad::word_width<S> - 64 : 0;
    return {kind::nan, x.negative, 0, static_cast<std::uint64_t>(x.significand >> beyond_64)};
}

// --- arithmetic, exactly; the quotient keeps its place among all thresholds ---

inline bool is_zero(const real& x) { return x.what == kind::finite && x.magnitude == 0; }
inline bool is_signalling(const real& x) { return x.what == kind::nan && x.payload < quiet; }
inline real invalid() { return {kind::nan, false, 0, quiet}; }
inline real negated(real x) {
    x.negative = !x.negative;
    return x;
}

inline real sum(const real& x, const real& y) {
    if (x.what == kind::nan) return x;
    if (y.what == kind::nan) return y;
    if (x.what == kind::infinity && y.what == kind::infinity) return x.negative == y.negative ? x : invalid();
    if (x.what == kind::infinity) return x;
    if (y.what == kind::infinity) return y;
    const exact a = x.negative ? exact(-x.magnitude) : x.magnitude;
    const exact b = y.negative ? exact(-y.magnitude) : y.magnitude;
    const exact total = a + b;
    if (total == 0) return {kind::finite, x.negative && y.negative, 0};
    return {kind::finite, total < 0, abs(total)};
}

inline real product(const real& x, const real& y) {
    if (x.what == kind::nan) return x;
    if (y.what == kind::nan) return y;
    const bool negative = x.negative != y.negative;
    if (x.what == kind::infinity || y.what == kind::infinity)
        return is_zero(x) || is_zero(y) ? invalid() : real{kind::infinity, negative};
    // In units of 2^-200 the product has units of 2^-400.
    constexpr unsigned half = unit_digits / 2;
    const exact a = x.magnitude >> half;
    const exact b = y.magnitude >> half;
    if (exact(a << half) != x.magnitude || exact(b << half) != y.magnitude)
        throw std::logic_error("reference::product: too fine");
    return {kind::finite, negative, exact(a * b)};
}

/// x / y cut at 2^-400, with the last bit set where something was cut: it compares with all thresholds as x / y does.
inline real quotient(const real& x, const real& y) {
    if (x.what == kind::nan) return x;
    if (y.what == kind::nan) return y;
    const bool negative = x.negative != y.negative;
    if (x.what == kind::infinity) return y.what == kind::infinity ? invalid() : real{kind::infinity, negative};
    if (y.what == kind::infinity) return {kind::finite, negative, 0};
    if (is_zero(y)) return is_zero(x) ? invalid() : real{kind::infinity, negative};
    const exact dividend = x.magnitude << static_cast<unsigned>(unit_digits);
    exact q = dividend / y.magnitude;
    if (exact(q * y.magnitude) != dividend) q |= 1;
    return {kind::finite, negative, q};
}

/// -1, 0, 1 as IEEE 754 compares; 2 for unordered.
inline int order(const real& x, const real& y) {
    if (x.what == kind::nan || y.what == kind::nan) return 2;
    const exact beyond = exact(1) << 1000u;
    exact a = x.what == kind::infinity ? beyond : x.magnitude;
    exact b = y.what == kind::infinity ? beyond : y.magnitude;
    if (x.negative) a = -a;
    if (y.negative) b = -b;
    return a < b ? -1 : a > b ? 1 : 0;
}

// --- one rounding ---

/// Neighbours of a magnitude in a target: near <= magnitude < near + 1, counted in codes or raw units.
template <class Index>
struct place {
    Index near = 0;
    exact cut = 0;  ///< magnitude - value(near)
    exact gap = 1;  ///< value(near + 1) - value(near)
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
    case dyad::rounding::nearest_even:
        return half > 0 || (half == 0 && !lower_is_even);
    case dyad::rounding::nearest_away:
        return half > 0 || (half == 0 && !negative);
    case dyad::rounding::nearest_up:
        return half >= 0;
    case dyad::rounding::toward_zero:
        return negative;
    case dyad::rounding::toward_negative:
        return false;
    case dyad::rounding::toward_positive:
        return true;
    case dyad::rounding::to_odd:
        return lower_is_even;
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
    case dyad::stochastic_variant::a:
        return exact(kept + random) >= one;
    case dyad::stochastic_variant::b:
        return exact(twice + 2 * random + 1) >= exact(2 * one);
    case dyad::stochastic_variant::c:
        break;
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

/// Floating-point targets. Formats of at most 16 bits look the place up in the table of their values.
class float_target final : public target {
public:
    explicit float_target(const dyad::float_format& f) : f_(f) {
        const std::uint64_t codes = power_of_two(f.exponent_bits + f.significand_bits);
        const bool ieee = f.infinity == dyad::infinity_codes::ieee || f.nan == dyad::nan_codes::ieee;
        max_ = codes - (ieee ? power_of_two(f.significand_bits) : 0) - 1;
        if (codes > (1u << 16)) return;
        while (decode(f, max_).what != kind::finite) --max_;
        for (std::uint64_t code = 0; code <= max_ + 1; ++code) values_.push_back(formula(f, code));
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
    std::uint64_t max_code() const { return max_; }

private:
    void look_up() {
        if (x_.magnitude < values_.front()) return at_.set(0, 0, 1);  // a format without zero ends at its smallest
        if (x_.magnitude >= values_.back()) {
            at_.near = max_;
            at_.beyond = true;
            return;
        }
        const auto upper = std::upper_bound(values_.begin(), values_.end(), x_.magnitude);
        const auto near = static_cast<std::size_t>(upper - values_.begin()) - 1;
        at_.set(near, x_.magnitude - values_[near], values_[near + 1] - values_[near]);
    }
    void compute() {
        const int m = f_.significand_bits;
        const int smallest = 1 - f_.bias;
        const int e = std::max(exponent_of(x_.magnitude), smallest);
        const auto unit = static_cast<unsigned>(e - m + unit_digits);
        const exact count = x_.magnitude >> unit;
        const exact near = exact(e - smallest) * power_of_two(m) + count;
        if (near > max_) {
            at_.near = max_;
            at_.beyond = true;
            return;
        }
        at_.set(static_cast<std::uint64_t>(near), x_.magnitude - exact(count << unit), exact(1) << unit);
    }
    std::uint64_t sign() const {
        return x_.negative && f_.is_signed ? power_of_two(f_.exponent_bits + f_.significand_bits) : 0;
    }
    std::uint64_t nan(std::uint64_t payload) const {
        const std::uint64_t codes = power_of_two(f_.exponent_bits + f_.significand_bits);
        switch (f_.nan) {
        case dyad::nan_codes::none:
            return max_;
        case dyad::nan_codes::top:
            return sign() + codes - 1;
        case dyad::nan_codes::negative_zero:
            return codes;
        case dyad::nan_codes::ieee:
            break;
        }
        return sign() + codes - power_of_two(f_.significand_bits) + (payload >> (64 - f_.significand_bits));
    }
    std::uint64_t overflowed(dyad::saturation policy) const {
        const bool clamps = policy == dyad::saturation::finite ||
                            (policy == dyad::saturation::propagate && x_.what == kind::finite);
        if (clamps) return sign() + max_;
        if (f_.infinity != dyad::infinity_codes::none) return sign() + max_ + 1;
        return f_.nan == dyad::nan_codes::none ? sign() + max_ : nan(quiet);
    }
    template <class Rule>
    dyad::int128_t round(Rule rule, dyad::saturation policy) const {
        if (x_.what == kind::nan) return nan(x_.payload | quiet);
        const bool zero = is_zero(x_);
        if ((!f_.is_signed && x_.negative && !zero) || (!f_.has_zero && zero))
            return policy == dyad::saturation::none && f_.nan != dyad::nan_codes::none ? nan(quiet) : 0;
        if (x_.what == kind::infinity) return overflowed(policy);
        std::uint64_t code = at_.near;
        if (!zero && becomes_far(at_, x_.negative, at_.near % 2 == 0, rule)) ++code;
        if (code > max_) return overflowed(policy);
        if (f_.subnormals == dyad::subnormal_codes::flushed && code < power_of_two(f_.significand_bits)) code = 0;
        return code == 0 && !f_.has_negative_zero ? 0 : sign() + code;
    }

    dyad::float_format f_;
    std::uint64_t max_ = 0;
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

}  // namespace reference
