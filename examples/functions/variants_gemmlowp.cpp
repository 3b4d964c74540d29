// SPDX-License-Identifier: Apache-2.0
// gemmlowp's fixed-point functions of 16 and 32 bits, and TensorFlow Lite's of 8 bits made of them.

#include "registry.hpp"
#include "scalar_variant.hpp"

#include <cmath>
#include <limits>

#include <dyad/array/tflite_rows.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/math/gemmlowp.hpp>

namespace functions {
namespace {

/// F of the input in words with `IntegerBits` integer bits, rounded to nearest and saturated; results of 2^-31, 2^-15.
template <class Raw, int IntegerBits, class F>
prepared of_words(double s, F f) {
    constexpr int digits = std::numeric_limits<Raw>::digits;
    const double factor = std::ldexp(s, digits - IntegerBits);
    return codes_of(std::ldexp(1.0, -digits), [f, factor](std::int64_t x) {
        const auto word = static_cast<std::int64_t>(std::nearbyint(static_cast<double>(x) * factor));
        return f(dyad::saturating_cast<Raw>(word));
    });
}
template <class Raw>
prepared exponential(double s) {
    constexpr int bits = sizeof(Raw) == 4 ? 5 : 4;
    return of_words<Raw, bits>(s, [](Raw x) { return dyad::gemmlowp::exp_on_negative_values<bits>(x); });
}
template <class Raw>
prepared logistic(double s) {
    return of_words<Raw, 4>(s, [](Raw x) { return dyad::gemmlowp::logistic<4>(x); });
}
template <class Raw>
prepared tanh(double s) {
    return of_words<Raw, 4>(s, [](Raw x) { return dyad::gemmlowp::tanh<4>(x); });
}

/// f(code, parameters), in units of `ulp`.
template <class F>
prepared of_8_bits(double s, double ulp, F f) {
    dyad::tflite::activation_parameters p;
    if (p.set(static_cast<float>(s), 0) != dyad::status::ok) return {};
    return codes_of(ulp, [f, p](std::int64_t x) { return f(static_cast<std::int8_t>(x), p); });
}
prepared logistic_8(double s) {
    return of_8_bits(s, 1.0 / 256, [](std::int8_t x, const auto& p) { return dyad::tflite::logistic(x, p) + 128; });
}
prepared tanh_8(double s) {
    return of_8_bits(s, 1.0 / 128, [](std::int8_t x, const auto& p) { return dyad::tflite::tanh(x, p); });
}

}  // namespace

std::vector<variant> gemmlowp_variants() {
    // clang-format off
    return {
        {"exp", "gemmlowp_32", "gemmlowp\u2019s exp_on_negative_values, 32 bits with 5 integer bits", exponential<std::int32_t>},
        {"exp", "gemmlowp_16", "gemmlowp\u2019s exp_on_negative_values, 16 bits with 4 integer bits", exponential<std::int16_t>},
        {"sigmoid", "gemmlowp_32", "gemmlowp\u2019s logistic, 32 bits with 4 integer bits", logistic<std::int32_t>},
        {"sigmoid", "gemmlowp_16", "gemmlowp\u2019s logistic, 16 bits with 4 integer bits", logistic<std::int16_t>},
        {"sigmoid", "tflite_8", "TensorFlow Lite Micro\u2019s logistic of 8 bits", logistic_8},
        {"tanh", "gemmlowp_32", "gemmlowp\u2019s tanh, 32 bits with 4 integer bits", tanh<std::int32_t>},
        {"tanh", "gemmlowp_16", "gemmlowp\u2019s tanh, 16 bits with 4 integer bits", tanh<std::int16_t>},
        {"tanh", "tflite_8", "TensorFlow Lite Micro\u2019s tanh of 8 bits", tanh_8},
    };
    // clang-format on
}

}  // namespace functions
