// SPDX-License-Identifier: Apache-2.0
// Checks of the functions that argument-dependent lookup finds, for every code of a type, against reference_functions.
#pragma once

#include <dyad/math/scalar_functions.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/reference_functions.hpp"
#include "support/tally.hpp"

namespace dyad_test {

/// f(x, rule ...) as generic code writes it.
template <class T, class... Rule>
T call(reference::function f, T x, Rule... rule) {
    switch (f) {
        case reference::function::exp: return exp(x, rule...);
        case reference::function::exp2: return exp2(x, rule...);
        case reference::function::expm1: return expm1(x, rule...);
        case reference::function::log: return log(x, rule...);
        case reference::function::log2: return log2(x, rule...);
        case reference::function::log10: return log10(x, rule...);
        case reference::function::log1p: return log1p(x, rule...);
        case reference::function::sinh: return sinh(x, rule...);
        case reference::function::cosh: return cosh(x, rule...);
        case reference::function::tanh: return tanh(x, rule...);
        case reference::function::sin: return sin(x, rule...);
        case reference::function::cos: return cos(x, rule...);
        case reference::function::erf: return erf(x, rule...);
        case reference::function::erfc: return erfc(x, rule...);
        case reference::function::sigmoid: return sigmoid(x, rule...);
        case reference::function::rsqrt: return rsqrt(x, rule...);
    }
    return x;
}

/// Unit of the last place of T at a magnitude; 0 beyond its range, where nothing rounds.
template <dyad::float_format F>
reference::exact half_unit(const reference::exact& magnitude, dyad::minifloat<F>) {
    const int e = reference::exponent_of(magnitude);
    if (e > F.max_exponent() || e < F.min_exponent() - F.significand_bits - 1) return 0;
    const int unit = std::max(e, F.min_exponent()) - F.significand_bits - 1;
    return reference::exact(1) << static_cast<unsigned>(unit + reference::unit_digits);
}
template <int Width, int Fraction, dyad::signedness Sign, dyad::overflow Overflow>
reference::exact half_unit(const reference::exact& magnitude, dyad::fixed<Width, Fraction, Sign, Overflow>) {
    if (reference::exponent_of(magnitude) >= Width - Fraction) return 0;
    return reference::exact(1) << static_cast<unsigned>(reference::unit_digits - Fraction - 1);
}

/// Squares and ternary numbers have no one unit.
template <class T>
reference::exact half_unit(const reference::exact&, T) {
    return 0;
}

/// log2 of the distance, relative to the value, from an inexact value to the nearest number or tie of T; 0 if exact.
/// The limits 1/2, 1, 2 and x itself, which results come arbitrarily near to, do not count: there it is their side that
/// matters, and the checks of the directed roundings see it.
template <class T>
double closeness(const reference::real& x, const reference::exact& operand) {
    if (x.what != reference::kind::finite || x.magnitude == 0) return 0;
    const reference::exact unit = half_unit(x.magnitude, T{});
    if (unit == 0) return 0;
    const reference::exact above = x.magnitude % unit;
    const reference::exact below = unit - above;
    const reference::exact distance = above < below ? above : below;
    if (distance == 0) return 0;
    const reference::exact one = reference::exact(1) << static_cast<unsigned>(reference::unit_digits);
    const reference::exact limits[]{operand, reference::exact(one >> 1u), one, reference::exact(one << 1u)};
    for (const auto& limit : limits) {
        if (abs(reference::exact(x.magnitude - limit)) == distance) return 0;
    }
    return static_cast<double>(msb(distance)) - static_cast<double>(msb(x.magnitude));
}

/// The hardest operand of a type.
struct hardest {
    double closeness = 0;
    double operand = 0;
    reference::function function = reference::function::exp;
};

/// All functions at one operand, in all rounding modes, under none and finite, and twice in the default, where formats
/// of 8 bits compute first and look up then.
template <class T>
void check_operand(tally& cases, T x, reference::target& target, const reference::real& value, reference::function f,
                   hardest& worst) {
    const reference::real result = reference::apply(f, value);
    target.take(result);
    const auto passes = [&](T got, dyad::rounding mode, dyad::saturation policy) {
        const auto expected = target.code(mode, policy);
        cases.check(reference::traits<T>::code(got) == expected, reference::name_of<T>(), " ", reference::name_of(f),
                    " of code ", x.bits(), " ", mode, " gives ", reference::traits<T>::code(got), ", not ", expected);
    };
    for (const auto mode : all_rounding_modes) {
        for (const auto policy : {dyad::saturation::none, dyad::saturation::finite})
            passes(call(f, x, mode, policy), mode, policy);
    }
    for (int time = 0; time < 2; ++time) passes(call(f, x), dyad::rounding::nearest_even, dyad::saturation::none);
    const double near = closeness<T>(result, value.magnitude);
    if (near < worst.closeness) worst = {near, static_cast<double>(x), f};
}

/// Codes for T: every `step`-th from `first` on.
template <class T>
std::vector<std::uint64_t> every(std::uint64_t step, std::uint64_t first = 0) {
    std::vector<std::uint64_t> codes;
    for (std::uint64_t code = first; code < std::uint64_t{1} << T::width; code += step) codes.push_back(code);
    return codes;
}

/// Seeded codes for T, of all magnitudes: as many significant bits as the draw says, and both signs.
template <class T>
std::vector<std::uint64_t> seeded(int count) {
    std::mt19937_64 random(T::width);
    std::vector<std::uint64_t> codes;
    for (int i = 0; i < count; ++i) {
        const std::uint64_t magnitude = random() >> (64 - T::width + static_cast<int>(random() % T::width));
        const std::uint64_t code = random() % 2 == 0 ? magnitude : ~magnitude;
        codes.push_back(code & dyad::low_mask<std::uint64_t>(T::width));
    }
    return codes;
}

/// Functions of these codes of T.
template <class T>
void check_codes(const std::vector<reference::function>& functions, const std::vector<std::uint64_t>& codes) {
    tally cases("functions of " + reference::name_of<T>());
    const auto target = reference::traits<T>::make();
    hardest worst;
    for (const auto f : functions) {
        for (const auto code : codes) {
            const T x = reference::from_code<T>(code);
            check_operand(cases, x, *target, reference::real_of(x), f, worst);
        }
    }
    if (worst.closeness == 0) return;
    MESSAGE(reference::name_of<T>() << ": closest to a boundary is " << reference::name_of(worst.function) << "("
                                    << worst.operand << "), at 2^" << worst.closeness << " of the result");
}

/// pow of every `base_step`-th code of T to every `step`-th.
template <class T>
void check_pow(std::uint64_t step, std::uint64_t base_step = 1) {
    tally cases("pow of " + reference::name_of<T>());
    const auto target = reference::traits<T>::make();
    for (std::uint64_t i = 0; i < std::uint64_t{1} << T::width; i += base_step) {
        for (std::uint64_t j = i % step; j < std::uint64_t{1} << T::width; j += step) {
            const T x = reference::from_code<T>(i);
            const T y = reference::from_code<T>(j);
            target->take(reference::apply_pow(reference::real_of(x), reference::real_of(y)));
            for (const auto mode : all_rounding_modes) {
                const auto got = reference::traits<T>::code(pow(x, y, mode));
                const auto expected = target->code(mode, dyad::saturation::none);
                cases.check(got == expected, "pow of codes ", x.bits(), ", ", y.bits(), " ", mode, " gives ", got,
                            ", not ", expected);
            }
        }
    }
}

inline std::vector<reference::function> all_of_them() {
    return {std::begin(reference::all_functions), std::end(reference::all_functions)};
}

}  // namespace dyad_test
