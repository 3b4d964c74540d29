// SPDX-License-Identifier: Apache-2.0
// The reference for functions of one number: Boost.Multiprecision with many more digits than anything under test, from
// textbook formulas that the library does not use. Exact results are found exactly.
#pragma once

#include <boost/math/constants/constants.hpp>
#include <boost/multiprecision/cpp_bin_float.hpp>

#include <cstdint>
#include <string>

#include "support/reference_values.hpp"

namespace reference {

template <unsigned Bits>
using big_float =
    boost::multiprecision::number<boost::multiprecision::cpp_bin_float<Bits, boost::multiprecision::digit_base_2, void,
                                                                       std::int32_t, -1'000'000, 1'000'000>,
                                  boost::multiprecision::et_off>;

enum class function {
    exp,
    exp2,
    expm1,
    log,
    log2,
    log10,
    log1p,
    sinh,
    cosh,
    tanh,
    sin,
    cos,
    erf,
    erfc,
    sigmoid,
    rsqrt
};
inline constexpr function all_functions[]{function::exp,  function::exp2,  function::expm1,   function::log,
                                          function::log2, function::log10, function::log1p,   function::sinh,
                                          function::cosh, function::tanh,  function::sin,     function::cos,
                                          function::erf,  function::erfc,  function::sigmoid, function::rsqrt};
inline constexpr int function_count = static_cast<int>(std::size(all_functions));

inline std::string name_of(function f) {
    constexpr const char* names[]{"exp",  "exp2", "expm1", "log", "log2", "log10", "log1p",   "sinh",
                                  "cosh", "tanh", "sin",   "cos", "erf",  "erfc",  "sigmoid", "rsqrt"};
    return names[static_cast<int>(f)];
}

// --- finite operands, not zero ---

/// Below this the first two or three terms of a series are exact to more than 300 digits.
template <class Big>
bool is_tiny(const Big& x) {
    return abs(x) < ldexp(Big(1), -160);
}

/// e^x; beyond e^(+-100000) that stands for all results.
template <class Big>
Big exp_of(const Big& x) {
    const Big limit = 100'000;
    return exp(x > limit ? limit : x < -limit ? Big(-limit) : x);
}

template <class Big>
Big exp2_of(const Big& x) {
    const Big limit = 140'000;
    if (abs(x) > limit) return ldexp(Big(1), x < 0 ? -140'000 : 140'000);
    const Big whole = floor(x);
    if (whole == x) return ldexp(Big(1), static_cast<int>(x));
    return ldexp(exp(Big((x - whole) * boost::math::constants::ln_two<Big>())), static_cast<int>(whole));
}

/// Where Big has no digits left for the distance to 1, a smaller number just below 1 does as well.
template <class Big>
Big just_below_one() {
    return 1 - ldexp(Big(1), -390);
}

template <class Big>
Big expm1_of(const Big& x) {
    if (is_tiny(x)) return x + x * x / 2 + x * x * x / 6;
    return x < -272 ? Big(-just_below_one<Big>()) : Big(exp_of(x) - 1);
}

template <class Big>
Big log2_of(const Big& x) {
    int power = 0;
    if (frexp(x, &power) == Big(0.5)) return power - 1;
    return log(x) / boost::math::constants::ln_two<Big>();
}

template <class Big>
Big log10_of(const Big& x) {
    const Big result = log(x) / boost::math::constants::ln_ten<Big>();
    const Big whole = round(result);
    if (whole >= 0 && whole < 100 && pow(Big(10), static_cast<unsigned>(whole)) == x) return whole;
    return result;
}

template <class Big>
Big log1p_of(const Big& x) {
    return is_tiny(x) ? Big(x - x * x / 2 + x * x * x / 3) : Big(log(Big(1 + x)));
}

template <class Big>
Big sinh_of(const Big& x) {
    return is_tiny(x) ? Big(x + x * x * x / 6) : Big((exp_of(x) - exp_of(Big(-x))) / 2);
}

template <class Big>
Big cosh_of(const Big& x) {
    return is_tiny(x) ? Big(1 + x * x / 2) : Big((exp_of(x) + exp_of(Big(-x))) / 2);
}

template <class Big>
Big tanh_of(const Big& x) {
    if (is_tiny(x)) return x - x * x * x / 3;
    if (abs(x) > 136) return x < 0 ? Big(-just_below_one<Big>()) : just_below_one<Big>();
    const Big square = exp(Big(2 * x));
    return (square - 1) / (square + 1);
}

template <class Big>
Big sigmoid_of(const Big& x) {
    if (is_tiny(x)) return Big(0.5) + x / 4;
    return x > 272 ? just_below_one<Big>() : Big(1 / (1 + exp_of(Big(-x))));
}

/// sin(x + quarters pi / 2), reduced with all the digits that Big has: they must be more than those of x's integer
/// part.
template <class Big>
Big sin_of(const Big& x, int quarters) {
    const Big half_pi = boost::math::constants::half_pi<Big>();
    const Big turns = round(Big(x / half_pi));
    const Big rest = x - turns * half_pi;
    const int quadrant = (static_cast<int>(Big(turns - 4 * floor(Big(turns / 4)))) + quarters) % 4;
    // Taylor, from 0 on: the sum of x^n / n!, every second one, with alternating signs.
    const int first = quadrant % 2 == 0 ? 1 : 0;
    Big term = first == 1 ? rest : Big(1);
    Big sum = term;
    for (int n = first + 2; abs(term) > ldexp(abs(sum), -600); n += 2) {
        term *= -rest * rest / (n * (n - 1));
        sum += term;
    }
    return quadrant < 2 ? sum : Big(-sum);
}

/// Maclaurin's series, alternating: x^2 / ln 2 digits cancel, as many again in 1 - erf. Big must have them.
template <class Big>
Big erf_of(const Big& x) {
    Big power = x;  // (-1)^n x^(2n + 1) / n!
    Big sum = x;
    for (int n = 1; n < 10 || abs(power) > ldexp(Big(1), -600) * abs(x); ++n) {
        power *= -x * x / n;
        sum += power / (2 * n + 1);
    }
    return sum * 2 / sqrt(boost::math::constants::pi<Big>());
}

/// f(x) for a finite x that is not zero and where f exists. erf: |x| <= 12 with 640 bits, 30 with 4096; what lies
/// beyond is less than 2^-200 (2^-1200) from 0 or 1, and shows only as being on the right side.
template <class Big>
Big value_of(function f, const Big& x) {
    const Big far = std::numeric_limits<Big>::digits > 4000 ? 30 : 12;
    switch (f) {
        case function::exp: return exp_of(x);
        case function::exp2: return exp2_of(x);
        case function::expm1: return expm1_of(x);
        case function::log: return log(x);
        case function::log2: return log2_of(x);
        case function::log10: return log10_of(x);
        case function::log1p: return log1p_of(x);
        case function::sinh: return sinh_of(x);
        case function::cosh: return cosh_of(x);
        case function::tanh: return tanh_of(x);
        case function::sin: return is_tiny(x) ? Big(x - x * x * x / 6) : sin_of(x, 0);
        case function::cos: return is_tiny(x) ? Big(1 - x * x / 2) : sin_of(x, 1);
        case function::erf:
            if (abs(x) > far) return x < 0 ? Big(-just_below_one<Big>()) : just_below_one<Big>();
            return erf_of(x);
        case function::erfc:
            if (abs(x) > far) return x < 0 ? Big(1 + just_below_one<Big>()) : ldexp(Big(1), -100'000);
            return 1 - erf_of(x);
        case function::sigmoid: return sigmoid_of(x);
        case function::rsqrt: return 1 / sqrt(x);
    }
    return x;
}

// --- every operand ---

template <class Big>
Big to_big(const exact& magnitude, bool negative) {
    const Big value = ldexp(Big(magnitude), -unit_digits);
    return negative ? Big(-value) : value;
}

/// A Big in units of 2^-400, a last one in the place of all that is cut off; beyond 2^500 stands for all results.
template <class Big>
real to_real(const Big& x) {
    const Big magnitude = abs(x);
    if (magnitude == 0) return {kind::finite, signbit(x) != 0, 0};
    if (magnitude > ldexp(Big(1), 500)) return {kind::finite, x < 0, exact(1) << 900u};
    const Big units = ldexp(magnitude, unit_digits);
    const Big whole = floor(units);
    exact m(static_cast<boost::multiprecision::cpp_int>(whole));
    if (whole != units) m |= 1;
    return {kind::finite, x < 0, m};
}

/// What f has at a zero of this sign.
inline real at_zero(function f, bool negative) {
    const exact one = exact(1) << static_cast<unsigned>(unit_digits);
    switch (f) {
        case function::exp:
        case function::exp2:
        case function::cosh:
        case function::cos:
        case function::erfc: return {kind::finite, false, one};
        case function::sigmoid: return {kind::finite, false, exact(one >> 1u)};
        case function::log:
        case function::log2:
        case function::log10: return {kind::infinity, true};
        case function::rsqrt: return {kind::infinity, negative};
        default: return {kind::finite, negative, 0};
    }
}

/// What f has at an infinity.
inline real at_infinity(function f, bool negative) {
    const exact one = exact(1) << static_cast<unsigned>(unit_digits);
    switch (f) {
        case function::exp:
        case function::exp2: return negative ? real{kind::finite, false, 0} : real{kind::infinity};
        case function::expm1: return negative ? real{kind::finite, true, one} : real{kind::infinity};
        case function::log:
        case function::log2:
        case function::log10:
        case function::log1p: return negative ? invalid() : real{kind::infinity};
        case function::sinh: return {kind::infinity, negative};
        case function::cosh: return {kind::infinity, false};
        case function::tanh:
        case function::erf: return {kind::finite, negative, one};
        case function::sin:
        case function::cos: return invalid();
        case function::erfc: return {kind::finite, false, negative ? exact(one << 1u) : exact(0)};
        case function::sigmoid: return {kind::finite, false, negative ? exact(0) : one};
        case function::rsqrt: return negative ? invalid() : real{kind::finite, false, 0};
    }
    return invalid();
}

/// f(x) as closely as `real` can hold it: exact, or on the right side of every boundary of rounding above 2^-390.
template <class Big = big_float<640>>
real apply(function f, const real& x) {
    if (x.what == kind::nan) return {kind::nan, x.negative, 0, x.payload | quiet};
    if (x.what == kind::infinity) return at_infinity(f, x.negative);
    if (x.magnitude == 0) return at_zero(f, x.negative);
    const Big operand = to_big<Big>(x.magnitude, x.negative);
    const bool logarithm = f == function::log || f == function::log2 || f == function::log10;
    if (x.negative && (logarithm || f == function::rsqrt)) return invalid();
    if (f == function::log1p && operand == -1) return {kind::infinity, true};
    if (f == function::log1p && operand < -1) return invalid();
    return to_real(value_of(f, operand));
}

// --- pow ---

/// x^(n 2^-roots) by repeated multiplication and repeated roots, if that is exact in Big; else by exp and log.
template <class Big>
Big pow_of(const Big& x, const Big& y) {
    Big base = x;
    Big exponent = abs(y);
    while (exponent != floor(exponent) && exponent < 4096) {
        const Big root = round(Big(ldexp(Big(sqrt(base)), 200)));
        const Big rounded = ldexp(root, -200);
        if (rounded * rounded != base) return exp_of(Big(y * log(x)));
        base = rounded;
        exponent *= 2;
    }
    const Big digits = log2_of(x) * abs(y);
    if (exponent > 64) return base == 1 ? Big(1) : abs(digits) > 100'000 ? exp_of(Big(y * log(x))) : pow(x, y);
    Big power = 1;
    for (int i = 0; i < static_cast<int>(exponent); ++i) power *= base;
    return y < 0 ? Big(1 / power) : power;
}

inline bool is_integer(const real& x) {
    constexpr auto digits = static_cast<unsigned>(unit_digits);
    return x.what == kind::infinity || exact((x.magnitude >> digits) << digits) == x.magnitude;
}
inline bool is_odd(const real& x) {
    return x.what == kind::finite && is_integer(x) && bit_test(x.magnitude, static_cast<unsigned>(unit_digits));
}

/// x^y as IEEE 754 section 9.2.1 has it.
template <class Big = big_float<640>>
real apply_pow(const real& x, const real& y) {
    const exact one = exact(1) << static_cast<unsigned>(unit_digits);
    const real unity{kind::finite, false, one};
    if (is_zero(y) || (x.what == kind::finite && !x.negative && x.magnitude == one)) return unity;
    if (x.what == kind::nan || y.what == kind::nan) {
        const real& nan = x.what == kind::nan ? x : y;
        return {kind::nan, nan.negative, 0, nan.payload | quiet};
    }
    const bool negative = x.negative && is_odd(y);
    if (is_zero(x)) return y.negative ? real{kind::infinity, negative} : real{kind::finite, negative, 0};
    if (x.what == kind::infinity) return y.negative ? real{kind::finite, negative, 0} : real{kind::infinity, negative};
    if (y.what == kind::infinity) {
        if (x.magnitude == one) return unity;
        return (x.magnitude > one) == y.negative ? real{kind::finite, false, 0} : real{kind::infinity, false};
    }
    if (x.negative && !is_integer(y)) return invalid();
    real result = to_real(pow_of(to_big<Big>(x.magnitude, false), to_big<Big>(y.magnitude, y.negative)));
    result.negative = negative;
    return result;
}

}  // namespace reference
