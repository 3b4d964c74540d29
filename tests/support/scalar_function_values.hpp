// SPDX-License-Identifier: Apache-2.0
// The functions of dyad::scalar_function in Boost.Multiprecision, from their definitions, and the check that a code is
// the correctly rounded value: independent of the library's own arithmetic.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <boost/math/constants/constants.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/multiprecision/cpp_bin_float.hpp>

#include <dyad/math/integer_functions.hpp>

#include "support/tally.hpp"

namespace dyad_test {

using dyad::scalar_function;

inline constexpr std::array<scalar_function, 13> all_scalar_functions{scalar_function::exp_nonpositive,
                                                                      scalar_function::exp2,
                                                                      scalar_function::log2,
                                                                      scalar_function::reciprocal,
                                                                      scalar_function::sqrt,
                                                                      scalar_function::rsqrt,
                                                                      scalar_function::erf,
                                                                      scalar_function::gelu,
                                                                      scalar_function::gelu_tanh,
                                                                      scalar_function::sigmoid,
                                                                      scalar_function::tanh,
                                                                      scalar_function::silu,
                                                                      scalar_function::softplus};

/// m as a Big, exactly.
template <class Big>
[[nodiscard]] Big to_big(dyad::multiplier m) {
    return ldexp(Big(m.significand), m.exponent);
}

/// What stands for an infinity: beyond all codes.
template <class Big>
[[nodiscard]] Big endless() {
    return ldexp(Big(1), 5000);
}

/// f(x) of an x that is exact in Big; rational values are exact.
template <class Big>
[[nodiscard]] Big value_of(scalar_function f, const Big& x) {
    using boost::math::constants::half_pi;
    using boost::math::constants::ln_two;
    using boost::math::constants::root_two;
    const Big far = 20000;  // e^-20000 is 0 to any code, and 1 less it has the digits of 1
    const auto exp_of = [&far](const Big& t) { return Big(exp(t < -far ? Big(-far) : t)); };
    const auto logistic = [&exp_of](const Big& t) {
        return t < 0 ? Big(exp_of(t) / (1 + exp_of(t))) : Big(1 / (1 + exp_of(Big(-t))));
    };
    switch (f) {
        case scalar_function::exp_nonpositive: return x >= 0 ? Big(1) : exp_of(x);
        case scalar_function::exp2: {
            if (abs(x) > far) return x < 0 ? Big(0) : endless<Big>();
            const Big whole = floor(x);
            return ldexp(Big(exp(Big((x - whole) * ln_two<Big>()))), static_cast<int>(whole));
        }
        case scalar_function::log2: {
            if (x <= 0) return -endless<Big>();
            int exponent = 0;
            const Big digits = frexp(x, &exponent);
            // log(x) / log(2) near 1 keeps all its digits; a power of two has none to lose.
            return digits == 0.5 ? Big(exponent - 1) : Big(log(x) / ln_two<Big>());
        }
        case scalar_function::reciprocal: return x == 0 ? endless<Big>() : Big(1 / x);
        case scalar_function::sqrt: return x < 0 ? Big(0) : Big(sqrt(x));
        case scalar_function::rsqrt: return x <= 0 ? endless<Big>() : Big(1 / sqrt(x));
        case scalar_function::erf: return abs(x) > 100 ? Big(x < 0 ? -1 : 1) : Big(boost::math::erf(x));
        case scalar_function::gelu:
            if (abs(x) > 100) return x < 0 ? Big(0) : x;
            return x * boost::math::erfc(Big(-x / root_two<Big>())) / 2;
        case scalar_function::gelu_tanh:
            return x * logistic(Big(2 / sqrt(half_pi<Big>()) * (x + x * x * x * 44715 / 1'000'000)));
        case scalar_function::sigmoid: return logistic(x);
        case scalar_function::tanh: {
            if (abs(x) < ldexp(Big(1), -20)) return x - x * x * x / 3;
            const Big square = exp_of(Big(-2 * abs(x)));
            const Big size = (1 - square) / (1 + square);
            return x < 0 ? Big(-size) : size;
        }
        case scalar_function::silu: return x * logistic(x);
        case scalar_function::softplus: {
            const Big e = exp_of(Big(-abs(x)));
            const Big rest = e < ldexp(Big(1), -40) ? Big(e - e * e / 2) : Big(log(Big(1 + e)));
            return x > 0 ? Big(x + rest) : rest;
        }
    }
    return x;
}

/// Checks codes against exact values, and keeps the largest error of those that are not clamped.
template <class Big>
class rounding_check {
public:
    explicit rounding_check(const std::string& subject) : cases_(subject), subject_(subject) {}
    ~rounding_check() noexcept(false) {
        MESSAGE(subject_ << ": largest error " << worst_ << " ulp, at code " << worst_at_ << " with scales "
                         << worst_scales_.in.significand << " * 2^" << worst_scales_.in.exponent << ", "
                         << worst_scales_.out.significand << " * 2^" << worst_scales_.out.exponent);
        CHECK(worst_ <= 0.5);
        CHECK(worst_ >= 0.25);  // values between codes were among the cases
    }

    /// Is `got` the nearest code to `value` (= f(x) * out), the even one at a tie, or the end of the range beyond it?
    template <dyad::fixed_point Out, dyad::fixed_point In>
    void check(scalar_function f, In x, const dyad::function_scales& s, Out got, const Big& value) {
        const Big exact = ldexp(value, Out::fraction);
        const auto code = static_cast<std::int64_t>(got.raw());
        const Big distance = exact - code;
        const double error = static_cast<double>(abs(distance));
        bool correct = error < 0.5 - 1e-9;
        if (error <= 0.5 + 1e-9 && !correct) {  // next to a boundary, or on it
            const Big size = abs(distance);
            correct = size < 0.5 || (size == 0.5 && code % 2 == 0);
        }
        if (got.raw() == Out::max_raw && distance > 0) correct = true;
        else if (got.raw() == Out::min_raw && distance < 0) correct = true;
        else if (error > worst_) {
            worst_ = error;
            worst_at_ = static_cast<std::int64_t>(x.raw());
            worst_scales_ = s;
        }
        cases_.check(correct, to_string(f), "(", static_cast<std::int64_t>(x.raw()), ") scales ", s.in.significand,
                     " * 2^", s.in.exponent, ", ", s.out.significand, " * 2^", s.out.exponent, ": got ", code,
                     ", off by ", static_cast<double>(distance));
    }

private:
    tally cases_;
    std::string subject_;
    double worst_ = 0;
    std::int64_t worst_at_ = 0;
    dyad::function_scales worst_scales_{};
};

/// `count` scales from 2^-12 to 4, none a power of two.
[[nodiscard]] inline std::vector<double> input_scales(int count) {
    std::vector<double> scales;
    for (int i = 0; i < count; ++i) scales.push_back(std::exp2(-12 + 14 * (i + 0.37) / count));
    return scales;
}

/// A scale of the results that lets them fill most of the codes, for inputs up to `largest` in size.
[[nodiscard]] inline double output_scale(scalar_function f, double in_scale, double largest, double codes) {
    switch (f) {
        case scalar_function::exp_nonpositive:
        case scalar_function::erf:
        case scalar_function::sigmoid:
        case scalar_function::tanh: return 1.003 / codes;
        case scalar_function::exp2: return std::exp2(std::min(largest, 20.0)) / codes;
        case scalar_function::log2: return 1.3 * std::max(std::fabs(std::log2(in_scale)), std::log2(largest)) / codes;
        case scalar_function::reciprocal: return 0.4 / in_scale / codes;
        case scalar_function::rsqrt: return 0.7 / std::sqrt(in_scale) / codes;
        case scalar_function::sqrt: return 1.01 * std::sqrt(largest) / codes;
        default: return 0.97 * std::max(largest, 0.7) / codes;
    }
}

template <dyad::fixed_point Out, dyad::fixed_point In>
[[nodiscard]] dyad::function_scales scales_for(scalar_function f, double in_scale) {
    const double largest = in_scale * std::ldexp(static_cast<double>(In::max_raw), -In::fraction);
    const double codes = std::ldexp(static_cast<double>(Out::max_raw), -Out::fraction);
    return dyad::function_scales::from(in_scale, output_scale(f, in_scale, largest, codes));
}

}  // namespace dyad_test
