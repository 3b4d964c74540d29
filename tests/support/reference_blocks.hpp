// SPDX-License-Identifier: Apache-2.0
// The reference for numbers that share a scale: scales, codes and values of one group by exact comparisons. Whether
// x / (s g) reaches a boundary b is whether x reaches b s g: integers and shifts, no division, no floating point.
// Sources: OCP MX v1.0; NVIDIA's NVFP4; P3109 v4.0 chapter 5. Nothing here calls the routines under test.
#pragma once

#include <dyad/array/convert.hpp>
#include <dyad/core/random.hpp>
#include <dyad/number.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

#include "support/reference_format.hpp"
#include "support/reference_values.hpp"

namespace reference {

// --- exact magnitudes ---

inline int top_bit(dyad::uint128_t m) {
    const auto high = static_cast<std::uint64_t>(m >> 64);
    return high != 0 ? 127 - std::countl_zero(high) : 63 - std::countl_zero(static_cast<std::uint64_t>(m));
}
inline int top_bit(const exact& m) { return static_cast<int>(msb(m)); }

/// significand * 2^exponent, not negative.
template <class Word>
struct dyadic {
    Word significand = 0;
    int exponent = 0;

    bool is_zero() const { return significand == 0; }
    /// floor(log2) of what is not zero.
    int top() const { return top_bit(significand) + exponent; }
};
using narrow_dyadic = dyadic<dyad::uint128_t>;
using wide_dyadic = dyadic<exact>;

template <class Word>
int compare(const dyadic<Word>& x, const dyadic<Word>& y) {
    if (x.is_zero() || y.is_zero()) return (x.is_zero() ? 0 : 1) - (y.is_zero() ? 0 : 1);
    if (x.top() != y.top()) return x.top() < y.top() ? -1 : 1;
    const int up = x.exponent - y.exponent;
    const Word a = up > 0 ? Word(x.significand << static_cast<unsigned>(up)) : x.significand;
    const Word b = up < 0 ? Word(y.significand << static_cast<unsigned>(-up)) : y.significand;
    return a < b ? -1 : a > b ? 1 : 0;
}

template <class Word>
dyadic<Word> product(const dyadic<Word>& x, const dyadic<Word>& y) {
    constexpr int room = std::same_as<Word, dyad::uint128_t> ? 126 : 1022;
    if (x.is_zero() || y.is_zero()) return {};
    if (top_bit(x.significand) + top_bit(y.significand) > room) throw std::logic_error("reference::product: too wide");
    return {Word(x.significand * y.significand), x.exponent + y.exponent};
}

inline wide_dyadic widened(const narrow_dyadic& x) {
    exact m = static_cast<std::uint64_t>(x.significand >> 64);
    m = (m << 64u) | static_cast<std::uint64_t>(x.significand);
    return {m, x.exponent};
}
inline narrow_dyadic as(const narrow_dyadic& x, dyad::uint128_t) { return x; }
inline wide_dyadic as(const narrow_dyadic& x, const exact&) { return widened(x); }

/// |x| of a finite float.
inline narrow_dyadic magnitude_of(float x) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(x) & 0x7fff'ffff;
    const std::uint32_t field = bits >> 23;
    if (field == 255) throw std::logic_error("reference::magnitude_of: not finite");
    const std::uint32_t t = bits & 0x7f'ffff;
    return field == 0 ? narrow_dyadic{t, -149} : narrow_dyadic{t | 0x80'0000, static_cast<int>(field) - 150};
}

/// A magnitude to float, nearest even, overflow to infinity.
inline float nearest_float(bool negative, const narrow_dyadic& x) {
    std::uint32_t bits = 0;
    if (!x.is_zero()) {
        const int top = std::max(x.top(), -126);
        const int drop = top - 23 - x.exponent;  // digits below the last place
        dyad::uint128_t m = x.significand;
        if (drop > 127) m = 0;
        else if (drop > 0) {
            const dyad::uint128_t cut = m & ((dyad::uint128_t{1} << drop) - 1);
            const dyad::uint128_t half = dyad::uint128_t{1} << (drop - 1);
            m >>= drop;
            if (cut > half || (cut == half && m % 2 != 0)) ++m;
        } else if (top <= 127) {
            m <<= -drop;
        }
        // m is an integer of at most 24 digits, or 2^24: the carry runs into the exponent.
        bits =
            top > 127 ? 0x7f80'0000 : static_cast<std::uint32_t>(top + 126) * 0x80'0000 + static_cast<std::uint32_t>(m);
        bits = std::min(bits, std::uint32_t{0x7f80'0000});
    }
    return std::bit_cast<float>(bits | (negative ? 0x8000'0000 : 0));
}

// --- the formats of scales ---

/// Positive values by code: those of a floating-point format, or powers of two from a smallest to a largest exponent.
class scale_format {
public:
    explicit scale_format(const dyad::float_format& f) : f_(f), max_code_(float_rules(f).max_code()) {}
    scale_format(int smallest, int largest)
        : smallest_(smallest), max_code_(static_cast<std::uint64_t>(largest - smallest)) {}

    std::uint64_t max_code() const { return max_code_; }
    bool has_zero() const { return f_.exponent_bits != 0 && f_.has_zero; }
    bool has_nan() const { return f_.exponent_bits != 0 && f_.nan != dyad::nan_codes::none; }
    std::uint64_t nan_code() const {
        return float_rules(f_).code(kind::nan, false, quiet, false, 0, false, dyad::saturation::none);
    }

    narrow_dyadic value(std::uint64_t code) const {
        if (f_.exponent_bits == 0) return {1, smallest_ + static_cast<int>(code)};
        const std::uint64_t t = code % power_of_two(f_.significand_bits);
        const auto field = static_cast<int>(code >> f_.significand_bits);
        if (f_.has_zero && field == 0) return {t, 1 - f_.bias - f_.significand_bits};
        return {power_of_two(f_.significand_bits) + t, field - f_.bias - f_.significand_bits};
    }

    /// The code of p / q > 0, rounded once and clamped to the finite values.
    template <class Word>
    std::uint64_t code(const dyadic<Word>& p, const dyadic<Word>& q, dyad::rounding mode) const {
        const auto reaches = [&](std::uint64_t c) { return compare(product(as(value(c), Word{}), q), p) <= 0; };
        if (reaches(max_code_)) return max_code_;
        if (!reaches(0)) return 0;
        std::uint64_t near = 0;
        for (std::uint64_t far = max_code_; far - near > 1;) {
            const std::uint64_t middle = near + (far - near) / 2;
            (reaches(middle) ? near : far) = middle;
        }
        const dyadic<Word> low = as(value(near), Word{});
        if (compare(product(low, q), p) == 0) return near;
        // The step to the next code is the unit of one of the two: their sum has the smaller exponent.
        const dyadic<Word> high = as(value(near + 1), Word{});
        const int unit = std::min(low.exponent, high.exponent);
        const dyadic<Word> sum{Word(Word(low.significand << static_cast<unsigned>(low.exponent - unit)) +
                                    Word(high.significand << static_cast<unsigned>(high.exponent - unit))),
                               unit};
        const int half = compare(dyadic<Word>{p.significand, p.exponent + 1}, product(sum, q));
        return near + (becomes_upper(mode, false, half, near % 2 == 0) ? 1 : 0);
    }
    std::uint64_t code_of_power(int exponent) const {
        return code(narrow_dyadic{1, exponent}, narrow_dyadic{1, 0}, dyad::rounding::toward_positive);
    }

private:
    dyad::float_format f_{};
    int smallest_ = 0;
    std::uint64_t max_code_ = 0;
};

// --- the formats of elements ---

template <class T>
struct is_fixed_point : std::false_type {};
template <int Width, int Fraction, dyad::signedness Sign>
struct is_fixed_point<dyad::fixed<Width, Fraction, Sign, dyad::overflow::saturate>> : std::true_type {};

/// What an element code means. The code of a fixed-point number is its raw number.
class element_format {
public:
    explicit element_format(const dyad::float_format& f)
        : rules_(float_rules(f)), unit_(f.min_exponent() - f.significand_bits), precision_(f.significand_bits + 1) {
        for (std::uint64_t code = 0; code <= rules_->max_code() + 1; ++code) {
            const auto field = static_cast<int>(code >> f.significand_bits);
            const std::uint64_t t = code % power_of_two(f.significand_bits);
            const bool subnormal = f.has_zero && field == 0;
            const int up = field - (f.has_zero && field != 0 ? 1 : 0);
            values_.push_back((t + (subnormal ? 0 : power_of_two(f.significand_bits))) << up);
        }
        max_raw_ = static_cast<std::int64_t>(rules_->max_code());
    }
    element_format(std::int64_t min_raw, std::int64_t max_raw, int fraction, int precision)
        : unit_(-fraction), precision_(precision), min_raw_(min_raw), max_raw_(max_raw) {}

    bool is_float() const { return rules_.has_value(); }
    bool has_nan() const { return is_float() && rules_->format().nan != dyad::nan_codes::none; }
    bool has_infinity() const { return is_float() && rules_->format().infinity != dyad::infinity_codes::none; }
    /// Exponent of the last place of the smallest values, which all others are multiples of.
    int unit() const { return unit_; }
    int precision() const { return precision_; }
    std::int64_t min_raw() const { return min_raw_; }
    std::int64_t max_raw() const { return max_raw_; }
    const float_rules& rules() const { return *rules_; }

    /// Value number n counted from zero, in units. One behind the largest there is for floats, any for fixed point.
    std::uint64_t value(std::uint64_t n) const { return is_float() ? values_[n] : n; }
    std::uint64_t last() const {
        return is_float() ? values_.size() - 1 : static_cast<std::uint64_t>(2 * (max_raw_ - min_raw_) + 2);
    }
    narrow_dyadic largest() const { return {value(static_cast<std::uint64_t>(max_raw_)), unit_}; }

private:
    std::optional<float_rules> rules_;
    std::vector<std::uint64_t> values_;
    int unit_;
    int precision_;
    std::int64_t min_raw_ = 0;
    std::int64_t max_raw_ = 0;
};

template <class E>
element_format element_format_of() {
    if constexpr (dyad::float_number<E>) return element_format(E::format);
    else if constexpr (std::same_as<E, dyad::ternary>) return {-1, 1, 0, 1};
    else return {E::min_raw, E::max_raw, E::fraction, E::is_signed ? E::width - 1 : E::width};
}

/// The code as the model counts it: raw numbers of fixed-point types, bits of the others.
template <class E>
std::int64_t model_code(E x) {
    if constexpr (dyad::float_number<E>) return static_cast<std::int64_t>(x.bits());
    else return x.raw();
}

// --- rounding x / R ---

inline dyad::rounding rule_at(dyad::rounding mode, std::uint64_t) { return mode; }
inline dyad::stochastic rule_at(const dyad::stochastic_stream& rule, std::uint64_t i) {
    const std::uint64_t bits = dyad::random_bits(rule.seed, rule.tensor_id, i) % (std::uint64_t{1} << rule.n);
    return {rule.variant, rule.n, static_cast<std::uint32_t>(bits)};
}

/// |x| / R on the grid of a format: value(near) R <= |x| < value(near + 1) R, or beyond the last.
struct grid_place {
    std::uint64_t near = 0;
    bool beyond = false;
};

/// R = s g, not zero.
inline grid_place place_on_grid(const element_format& e, const narrow_dyadic& x, const narrow_dyadic& r) {
    const auto reaches = [&](std::uint64_t n) {
        return compare(product(narrow_dyadic{e.value(n), e.unit()}, r), x) <= 0;
    };
    std::uint64_t near = 0;
    std::uint64_t far = e.last();
    if (reaches(far)) return {far - 1, true};
    while (far - near > 1) {
        const std::uint64_t middle = near + (far - near) / 2;
        (reaches(middle) ? near : far) = middle;
    }
    return {near, false};
}

/// Sign of |x| / R - (value(near) + share 2^-digits step), step = value(near + 1) - value(near).
inline int against_share(const element_format& e, const narrow_dyadic& x, const narrow_dyadic& r, std::uint64_t near,
                         std::uint64_t share, int digits) {
    const dyad::uint128_t low = e.value(near);
    const dyad::uint128_t step = e.value(near + 1) - e.value(near);
    const narrow_dyadic b{(low << digits) + step * share, e.unit() - digits};
    return compare(x, product(b, r));
}

inline bool goes_away(const element_format& e, const narrow_dyadic& x, const narrow_dyadic& r, grid_place at,
                      bool negative, dyad::rounding mode) {
    const bool even = at.near % 2 == 0;
    if (!at.beyond && against_share(e, x, r, at.near, 0, 0) == 0) return false;
    const int half = at.beyond ? 1 : against_share(e, x, r, at.near, 1, 1);
    return negative ? !becomes_upper(mode, true, -half, !even) : becomes_upper(mode, false, half, even);
}

/// P3109, nu = the share of the step: A floor(nu 2^N) >= 2^N - R. B floor(nu 2^(N+1)) >= 2^(N+1) - 2R - 1.
/// C nearest_even(nu 2^N) >= K = 2^N - R: nu 2^(N+1) above 2K - 1, or equal to it and K even.
inline bool goes_away(const element_format& e, const narrow_dyadic& x, const narrow_dyadic& r, grid_place at, bool,
                      const dyad::stochastic& rule) {
    if (at.beyond) return true;
    const std::uint64_t one = std::uint64_t{1} << rule.n;
    const std::uint64_t k = one - rule.random_bits;
    switch (rule.variant) {
        case dyad::stochastic_variant::a: return against_share(e, x, r, at.near, k, rule.n) >= 0;
        case dyad::stochastic_variant::b: return against_share(e, x, r, at.near, 2 * k - 1, rule.n + 1) >= 0;
        case dyad::stochastic_variant::c: break;
    }
    const int order = against_share(e, x, r, at.near, 2 * k - 1, rule.n + 1);
    return order > 0 || (order == 0 && k % 2 == 0);
}

/// The code of one element; `zero` is added to the raw numbers of fixed-point formats.
template <class Rule>
std::int64_t element_code(const element_format& e, float x, const narrow_dyadic& r, const Rule& rule,
                          dyad::saturation policy, std::int64_t zero = 0) {
    const bool negative = std::signbit(x);
    const auto clamp = [&](std::int64_t raw) { return std::clamp(raw, e.min_raw(), e.max_raw()); };
    if (std::isnan(x)) {
        const std::uint64_t payload = static_cast<std::uint64_t>(std::bit_cast<std::uint32_t>(x)) << 41;
        if (!e.is_float()) return clamp(zero);
        return static_cast<std::int64_t>(e.rules().code(kind::nan, negative, payload, false, 0, false, policy));
    }
    if (std::isinf(x)) {
        if (!e.is_float()) return negative ? e.min_raw() : e.max_raw();
        return static_cast<std::int64_t>(e.rules().code(kind::infinity, negative, 0, false, 0, false, policy));
    }
    const narrow_dyadic m = magnitude_of(x);
    const bool is_zero = m.is_zero() || r.is_zero();
    grid_place at;
    std::uint64_t n = 0;
    if (!is_zero) {
        at = place_on_grid(e, m, r);
        n = at.near + (goes_away(e, m, r, at, negative, rule) ? 1 : 0);
    }
    if (!e.is_float()) return clamp((negative ? -static_cast<std::int64_t>(n) : static_cast<std::int64_t>(n)) + zero);
    return static_cast<std::int64_t>(e.rules().code(kind::finite, negative, 0, is_zero, n, at.beyond, policy));
}

// --- values ---

/// A decoded element or scale.
struct decoded {
    kind what = kind::finite;
    bool negative = false;
    narrow_dyadic magnitude;
};

inline decoded decode_element(const element_format& e, std::int64_t code) {
    if (!e.is_float()) return {kind::finite, code < 0, {static_cast<std::uint64_t>(code < 0 ? -code : code), e.unit()}};
    const dyad::float_format& f = e.rules().format();
    const auto bits = static_cast<std::uint64_t>(code);
    const real x = class_of(f, bits);
    if (x.what != kind::finite) return {x.what, x.negative, {}};
    const std::uint64_t n = bits % power_of_two(f.exponent_bits + f.significand_bits);
    return {kind::finite, x.negative, {e.value(n), e.unit()}};
}

/// element * s * g rounded once.
inline float dequantized(const decoded& x, const decoded& s, float g) {
    const bool negative = x.negative != s.negative;
    const bool infinite = x.what == kind::infinity || s.what == kind::infinity;
    const auto zero = [](const decoded& y) { return y.what == kind::finite && y.magnitude.is_zero(); };
    if (x.what == kind::nan || s.what == kind::nan || (infinite && (zero(x) || zero(s))))
        return std::numeric_limits<float>::quiet_NaN();
    if (infinite) return negative ? -HUGE_VALF : HUGE_VALF;
    return nearest_float(negative, product(product(x.magnitude, s.magnitude), magnitude_of(g)));
}

}  // namespace reference
