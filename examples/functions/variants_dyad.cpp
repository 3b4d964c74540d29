// SPDX-License-Identifier: Apache-2.0
// Dyad's functions of one number, rounded correctly (math/integer_functions.hpp), with results of 8, 16 and 32 bits.

#include "registry.hpp"
#include "scalar_variant.hpp"

#include <dyad/math/integer_functions.hpp>

namespace functions {
namespace {

using dyad::scalar_function;
using in = dyad::integer<16>;

/// Results of `Out` with a step of `ulp`.
template <class Out>
prepared rounded(scalar_function f, double scale, double ulp) {
    const auto s = dyad::function_scales::from(scale, ulp);
    return codes_of(ulp, [f, s](std::int64_t x) {
        return static_cast<std::int64_t>(dyad::evaluate<Out>(f, in::from_raw(static_cast<std::int16_t>(x)), s).raw());
    });
}

/// Three variants: results from 0 to 1, or from -1 to 1 (`is_signed`).
void add_bounded(std::vector<variant>& all, const char* name, scalar_function f, bool is_signed) {
    all.push_back({name, "dyad_32", "rounded correctly, 32 bits with 30 of fraction",
                   [f](double s) { return rounded<dyad::integer<32>>(f, s, 0x1p-30); }});
    if (is_signed) {
        all.push_back({name, "dyad_16", "rounded correctly, 16 bits of unit 32767",
                       [f](double s) { return rounded<dyad::integer<16>>(f, s, 1.0 / 32767); }});
        all.push_back({name, "dyad_8", "rounded correctly, 8 bits of unit 127",
                       [f](double s) { return rounded<dyad::integer<8>>(f, s, 1.0 / 127); }});
    } else {
        all.push_back({name, "dyad_16", "rounded correctly, 16 bits of unit 65535",
                       [f](double s) { return rounded<dyad::uinteger<16>>(f, s, 1.0 / 65535); }});
        all.push_back({name, "dyad_8", "rounded correctly, 8 bits of unit 255",
                       [f](double s) { return rounded<dyad::uinteger<8>>(f, s, 1.0 / 255); }});
    }
}
/// Three variants: results as large as the input.
void add_linear(std::vector<variant>& all, const char* name, scalar_function f) {
    all.push_back({name, "dyad_32", "rounded correctly, 32 bits, 22 of fraction below the input\u2019s code",
                   [f](double s) { return rounded<dyad::integer<32>>(f, s, s * 0x1p-22); }});
    all.push_back({name, "dyad_16", "rounded correctly, 16 bits, 7 of fraction below the input\u2019s code",
                   [f](double s) { return rounded<dyad::integer<16>>(f, s, s * 0x1p-7); }});
    all.push_back({name, "dyad_8", "rounded correctly, 8 bits of the input\u2019s scale",
                   [f](double s) { return rounded<dyad::integer<8>>(f, s, s); }});
}

prepared gelu_tanh(double s) { return rounded<dyad::integer<32>>(scalar_function::gelu_tanh, s, s * 0x1p-22); }

/// Functions of positive integers of 16 bits.
template <scalar_function F, class Out>
prepared of_integer(double ulp) {
    const auto s = dyad::function_scales::from(1, ulp);
    return codes_of(ulp, [s](std::int64_t x) {
        const auto n = dyad::uinteger<16>::from_raw(static_cast<std::uint16_t>(x));
        return static_cast<std::int64_t>(dyad::evaluate<Out>(F, n, s).raw());
    });
}

}  // namespace

std::vector<variant> dyad_variants() {
    std::vector<variant> all;
    // clang-format off
    add_bounded(all, "exp", scalar_function::exp_nonpositive, false);
    add_bounded(all, "sigmoid", scalar_function::sigmoid, false);
    add_bounded(all, "tanh", scalar_function::tanh, true);
    add_bounded(all, "erf", scalar_function::erf, true);
    add_linear(all, "gelu", scalar_function::gelu);
    all.push_back({"gelu", "dyad_tanh", "the tanh form, rounded correctly, 32 bits: its own error", gelu_tanh});
    add_linear(all, "silu", scalar_function::silu);
    add_linear(all, "softplus", scalar_function::softplus);
    all.push_back({"sqrt", "dyad_16", "rounded correctly, 16 bits with 8 of fraction", [](double) { return of_integer<scalar_function::sqrt, dyad::uinteger<16>>(0x1p-8); }});
    all.push_back({"sqrt", "dyad_8", "rounded correctly to an integer", [](double) { return of_integer<scalar_function::sqrt, dyad::uinteger<16>>(1); }});
    all.push_back({"rsqrt", "dyad_16", "rounded correctly, 16 bits of unit 65535", [](double) { return of_integer<scalar_function::rsqrt, dyad::uinteger<16>>(1.0 / 65535); }});
    all.push_back({"reciprocal", "dyad_16", "rounded correctly, 16 bits of unit 65535", [](double) { return of_integer<scalar_function::reciprocal, dyad::uinteger<16>>(1.0 / 65535); }});
    all.push_back({"log2", "dyad_16", "rounded correctly, 16 bits with 12 of fraction", [](double) { return of_integer<scalar_function::log2, dyad::uinteger<16>>(0x1p-12); }});
    // clang-format on
    return all;
}

}  // namespace functions
