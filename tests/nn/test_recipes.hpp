// SPDX-License-Identifier: Apache-2.0
// Recipes for the tests of layers: two plain float formats, a scaled 8-bit float, two kinds of INT8, dynamic fixed
// point.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>

#include <dyad/nn/functions.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/scaling.hpp>
#include <dyad/number/accumulator.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/minifloat.hpp>
#include <dyad/number/named_formats.hpp>

namespace dyad_test {

template <class T>
struct unscaled {
    using weight = T;
    using operand = T;
    using probability = T;
    using value = T;
    using stream = T;
    using accumulator = dyad::float_ordered;
    using scaling = dyad::nn::unit_scaling;
    using functions = dyad::nn::float_functions;
    static constexpr auto product = dyad::product_rule::exact;
};
struct in_float32 : unscaled<float> {
    static std::string name() { return "float32"; }
};
struct in_bfloat16 : unscaled<dyad::bfloat16> {
    static std::string name() { return "bfloat16"; }
};

/// Products of T, everything else float.
template <class T, class Probability, class Accumulator, class Scaling>
struct float_between {
    using weight = T;
    using operand = T;
    using probability = Probability;
    using value = float;
    using stream = float;
    using accumulator = Accumulator;
    using scaling = Scaling;
    using functions = dyad::nn::float_functions;
    static constexpr auto product = dyad::product_rule::exact;
};
struct in_float8
    : float_between<dyad::float8_e4m3fn, dyad::float8_e4m3fn, dyad::float_ordered, dyad::nn::real_scaling> {
    static std::string name() { return "float8"; }
};
struct in_int8_float
    : float_between<dyad::integer<8>, dyad::uinteger<8>, dyad::proven<std::int32_t>, dyad::nn::real_scaling> {
    static std::string name() { return "int8, functions in float"; }
};
struct in_dynamic16 : float_between<dyad::integer<16>, dyad::integer<16>, dyad::chained<std::int64_t, 32, float>,
                                    dyad::nn::dynamic_power_of_two_scaling> {
    static std::string name() { return "16-bit dynamic fixed point"; }
};

/// Integers throughout.
struct in_int8 {
    static std::string name() { return "int8, integer-only"; }
    using weight = dyad::integer<8>;
    using operand = dyad::integer<8>;
    using probability = dyad::uinteger<8>;
    using value = dyad::integer<16>;
    using stream = dyad::integer<16>;
    using accumulator = dyad::proven<std::int32_t>;
    using scaling = dyad::nn::dyadic_scaling;
    using functions = dyad::nn::integer_functions;
    static constexpr auto product = dyad::product_rule::exact;
};

/// Calls f.template operator()<R>() for each recipe.
template <class Function>
void for_each_recipe(Function&& f) {
    f.template operator()<in_float32>();
    f.template operator()<in_bfloat16>();
    f.template operator()<in_float8>();
    f.template operator()<in_int8>();
    f.template operator()<in_int8_float>();
    f.template operator()<in_dynamic16>();
}

/// One number for each recipe, by name: the error that a layer may have. float32: the largest error in ulps of the
/// largest exact result. The others: the least signal to noise ratio in dB, at most 3 dB below what is measured.
struct error_bounds {
    double float32_ulps;
    double bfloat16;
    double float8;
    double int8;
    double int8_float;
    double dynamic16;

    template <class R>
    [[nodiscard]] constexpr double decibels() const {
        if constexpr (std::same_as<R, in_bfloat16>) return bfloat16;
        else if constexpr (std::same_as<R, in_float8>) return float8;
        else if constexpr (std::same_as<R, in_int8>) return int8;
        else if constexpr (std::same_as<R, in_int8_float>) return int8_float;
        else return dynamic16;
    }
};

}  // namespace dyad_test
