// SPDX-License-Identifier: Apache-2.0
// The functions, their inputs, and their references with Boost.Multiprecision: 50 digits and more, rounded once to a
// pair of doubles (106 binary digits).

#include "registry.hpp"
#include "rows.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include <boost/math/constants/constants.hpp>
#include <boost/multiprecision/cpp_bin_float.hpp>

namespace functions {
namespace {

using big = boost::multiprecision::cpp_bin_float_50;
/// erf's series cancels up to 63 digits where |x| <= 12.
using bigger = boost::multiprecision::number<boost::multiprecision::cpp_bin_float<125>>;

// --- inputs ---

/// x from -16 to 0.
codes exponents(double scale) { return {-static_cast<std::int64_t>(std::floor(16 / scale)), 0}; }
codes all_of_8_bits(double) { return {-128, 127}; }
codes all_of_16_bits(double) { return {0, 0xffff}; }
codes positive_integers(double) { return {1, 4096}; }
codes all_of_32_bits(double) { return {0, 0xffff'ffff}; }
codes all_elements(double) { return {0, row_count * row_length - 1}; }
codes all_rows(double) { return {0, row_count - 1}; }

// --- references ---

big exp_of(const big& x) { return exp(x); }
big sigmoid_of(const big& x) { return 1 / (1 + exp(big(-x))); }
big tanh_of(const big& x) {
    const big square = exp(big(-2 * abs(x)));
    const big t = (1 - square) / (1 + square);
    return x < 0 ? big(-t) : t;
}
big silu_of(const big& x) { return x * sigmoid_of(x); }
/// log(1 + e^x) without overflow.
big softplus_of(const big& x) { return (x > 0 ? x : big(0)) + log(big(1 + exp(big(-abs(x))))); }
big log2_of(const big& x) { return log(x) / boost::math::constants::ln_two<big>(); }
big reciprocal_of(const big& x) { return 1 / x; }
big rsqrt_of(const big& x) { return 1 / sqrt(x); }

/// Maclaurin's series; beyond 12 the difference to +-1 is below 2^-208.
bigger erf_of_bigger(const bigger& x) {
    if (abs(x) > 12) return x < 0 ? -1 : 1;
    const bigger square = x * x;
    bigger power = x;  // (-1)^n x^(2n + 1) / n!
    bigger sum = x;
    for (int n = 1; n < 8 || abs(power) > ldexp(bigger(1), -260); ++n) {
        power *= -square / n;
        sum += power / (2 * n + 1);
    }
    return sum * 2 / sqrt(boost::math::constants::pi<bigger>());
}
big erf_of(const big& x) { return static_cast<big>(erf_of_bigger(bigger(x))); }
big gelu_of(const big& x) {
    const bigger wide(x);
    return static_cast<big>(bigger(wide / 2 * (1 + erf_of_bigger(bigger(wide / sqrt(bigger(2)))))));
}

/// F at every input, computed once on all cores.
template <big (*F)(const big&), codes (*Inputs)(double)>
reference table(double scale) {
    const codes inputs = Inputs(scale);
    const auto values = std::make_shared<std::vector<real>>(static_cast<std::size_t>(inputs.size()));
    dyad::study::all_cores{}(static_cast<dyad::index>(values->size()), [&](dyad::index i) {
        (*values)[static_cast<std::size_t>(i)] = dyad::study::to_real(F(big(inputs.first + i) * scale));
    });
    return
        [values, first = inputs.first](std::int64_t code) { return (*values)[static_cast<std::size_t>(code - first)]; };
}

/// The square root of an integer below 2^52, to twice a double's digits: one step of Newton's with an exact residue.
reference exact_sqrt(double) {
    return [](std::int64_t code) -> real {
        if (code <= 0) return {};
        const auto n = static_cast<double>(code);
        const double root = std::sqrt(n);
        return {root, -std::fma(root, root, -n) / (2 * root)};
    };
}

/// softmax of every row, in 50 digits.
reference exact_softmax(double scale) {
    std::vector<big> powers;  // e^(-scale d)
    for (int d = 0; d < 256; ++d) powers.push_back(exp(big(-d * big(scale))));
    const auto values = std::make_shared<std::vector<real>>();
    const auto& all = random_rows();
    for (std::int64_t row = 0; row < row_count; ++row) {
        const auto* x = all.data() + row * row_length;
        std::int8_t max = -128;
        for (std::int64_t j = 0; j < row_length; ++j) max = std::max(max, x[j]);
        big sum = 0;
        for (std::int64_t j = 0; j < row_length; ++j) sum += powers[static_cast<std::size_t>(max - x[j])];
        for (std::int64_t j = 0; j < row_length; ++j)
            values->push_back(dyad::study::to_real(big(powers[static_cast<std::size_t>(max - x[j])] / sum)));
    }
    return [values](std::int64_t i) { return (*values)[static_cast<std::size_t>(i)]; };
}
/// (x - mean) / sqrt(variance) of every row, in 50 digits.
reference exact_layer_norm(double amplitude) {
    const auto values = std::make_shared<std::vector<real>>();
    const auto& all = random_rows();
    for (std::int64_t row = 0; row < row_count; ++row) {
        const auto* codes = all.data() + row * row_length;
        std::int64_t sum = 0;
        std::int64_t squares = 0;
        for (std::int64_t j = 0; j < row_length; ++j) {
            const std::int64_t x = damped(codes[j], amplitude);
            sum += x;
            squares += x * x;
        }
        const big root = sqrt(big(squares * row_length - sum * sum));  // n times the deviation
        for (std::int64_t j = 0; j < row_length; ++j)
            values->push_back(dyad::study::to_real(big((damped(codes[j], amplitude) * row_length - sum) / root)));
    }
    return [values](std::int64_t i) { return (*values)[static_cast<std::size_t>(i)]; };
}
reference one(double) {
    return [](std::int64_t) -> real { return {1, 0}; };
}

const std::vector<double> usual_scales = {1.0 / 4, 1.0 / 10, 1.0 / 16, 0.0472, 1.0 / 128};

constexpr const char* codes_text = "Inputs: all 8-bit codes times the scale.";

}  // namespace

const std::vector<function_entry>& all_functions() {
    // clang-format off
    static const std::vector<function_entry> all = {
        {"exp", "Exponential of x \u2264 0", "exp x, the numerator of a softmax. Inputs: all codes with \u221216 \u2264 x \u2264 0.", shape::curve, usual_scales, false, false, exponents, table<exp_of, exponents>},
        {"sigmoid", "Logistic function", std::string("1 / (1 + exp(\u2212x)). ") + codes_text, shape::curve, usual_scales, false, false, all_of_8_bits, table<sigmoid_of, all_of_8_bits>},
        {"tanh", "Hyperbolic tangent", std::string("tanh x. ") + codes_text, shape::curve, usual_scales, false, false, all_of_8_bits, table<tanh_of, all_of_8_bits>},
        {"erf", "Error function", std::string("erf x. ") + codes_text, shape::curve, usual_scales, false, false, all_of_8_bits, table<erf_of, all_of_8_bits>},
        {"gelu", "GELU", std::string("x \u03A6(x) = x (1 + erf(x / \u221A2)) / 2. ") + codes_text, shape::curve, usual_scales, false, false, all_of_8_bits, table<gelu_of, all_of_8_bits>},
        {"silu", "SiLU", std::string("x / (1 + exp(\u2212x)). ") + codes_text, shape::curve, usual_scales, false, false, all_of_8_bits, table<silu_of, all_of_8_bits>},
        {"softplus", "Softplus", std::string("log(1 + exp x). ") + codes_text, shape::curve, usual_scales, false, false, all_of_8_bits, table<softplus_of, all_of_8_bits>},
        {"log2", "Binary logarithm of an integer", "log2 n. Inputs: n from 1 to 4096.", shape::curve, {1}, true, false, positive_integers, table<log2_of, positive_integers>},
        {"reciprocal", "Reciprocal of an integer", "1 / n. Inputs: n from 1 to 4096.", shape::curve, {1}, true, false, positive_integers, table<reciprocal_of, positive_integers>},
        {"rsqrt", "Reciprocal root of an integer", "1 / \u221An. Inputs: n from 1 to 4096.", shape::curve, {1}, true, false, positive_integers, table<rsqrt_of, positive_integers>},
        {"sqrt", "Square root of an integer", "\u221An, as layer norms need it. Inputs: all n of 16 bits.", shape::curve, {1}, true, false, all_of_16_bits, exact_sqrt},
        {"sqrt32", "Square root of an integer of 32 bits", "\u221An. Inputs: all n of 32 bits, which takes minutes: only when it is named.", shape::curve, {1}, true, true, all_of_32_bits, exact_sqrt},
        {"softmax", "Softmax of a row", "Elements of 64 rows of 197 random 8-bit codes, all codes equally likely.", shape::element, usual_scales, false, false, all_elements, exact_softmax},
        {"softmax_sum", "Sum of a softmax", "What the elements of a row add up to; it should be 1. The same rows.", shape::row, usual_scales, false, false, all_rows, one},
        {"layer_norm", "Layer norm of a row", "(x \u2212 mean) / deviation, elements of 64 rows of 197 random codes; scale: what 8-bit codes are multiplied by, and rounded, for rows of small codes.", shape::element, {1, 1.0 / 8, 1.0 / 32}, true, false, all_elements, exact_layer_norm},
    };
    // clang-format on
    return all;
}

const std::vector<variant>& all_variants() {
    static const std::vector<variant> all = [] {
        std::vector<variant> joined;
        for (const auto& group : {dyad_variants(), shift_variants(), root_variants(), ivit_variants(), ibert_variants(),
                                  gemmlowp_variants(), softmax_variants(), norm_variants(), float_variants()})
            joined.insert(joined.end(), group.begin(), group.end());
        return joined;
    }();
    return all;
}

}  // namespace functions
