// SPDX-License-Identifier: Apache-2.0
// Every function of every bfloat16 and every float16, in every mode, against Boost; of every tfloat32, that none comes
// nearer to a boundary of rounding than the error of the wide functions.
#include <dyad/math/scalar_functions.hpp>

#include <dyad/number/named_formats.hpp>

#include <doctest/doctest.h>

#include "support/function_check.hpp"

namespace {

TEST_CASE("every bfloat16") {
    for (const auto f : dyad_test::all_of_them())
        dyad_test::check_codes<dyad::bfloat16>({f}, dyad_test::every<dyad::bfloat16>(1));
}
TEST_CASE("every float16") {
    for (const auto f : dyad_test::all_of_them())
        dyad_test::check_codes<dyad::float16>({f}, dyad_test::every<dyad::float16>(1));
}

TEST_CASE("pow: all pairs of 8-bit formats") {
    dyad_test::check_pow<dyad::float8_e4m3fn>(1);
    dyad_test::check_pow<dyad::float8_e5m2>(1);
    dyad_test::check_pow<dyad::float8_e3m4>(1);
}

/// The results of all codes of tfloat32 before their rounding.
void check_distances(reference::function f, dyad::wide_function wide) {
    dyad_test::tally cases("distances of " + reference::name_of(f) + " of every tfloat32");
    dyad_test::hardest worst;
    for (std::uint32_t code = 0; code < std::uint32_t{1} << dyad::tfloat32::width; ++code) {
        const auto x = dyad::tfloat32::from_bits(code);
        const auto operand = dyad::resize<dyad::uint128_t>(x.unpack());
        if (operand.kind != dyad::number_class::finite) continue;
        const auto result = wide(operand);
        if (result.kind != dyad::number_class::finite) continue;
        if (result.top_exponent() < -200 || result.top_exponent() > 200) continue;  // below and beyond all numbers
        const double near =
            dyad_test::closeness<dyad::tfloat32>(reference::real_of(result), reference::real_of(x).magnitude);
        cases.check(near > -60, reference::name_of(f), " of code ", code, ": 2^", near);
        if (near < worst.closeness) worst = {near, static_cast<double>(x), f};
    }
    MESSAGE("tfloat32: " << reference::name_of(f) << "(" << worst.operand << ") is 2^" << worst.closeness
                         << " of the result from a boundary");
}

TEST_CASE("every tfloat32") {
    using reference::function;
    check_distances(function::exp, dyad::exp_wide);
    check_distances(function::exp2, dyad::exp2_wide);
    check_distances(function::expm1, dyad::expm1_wide);
    check_distances(function::log, dyad::log_wide);
    check_distances(function::log2, dyad::log2_wide);
    check_distances(function::log10, dyad::log10_wide);
    check_distances(function::log1p, dyad::log1p_wide);
    check_distances(function::sinh, dyad::sinh_wide);
    check_distances(function::cosh, dyad::cosh_wide);
    check_distances(function::tanh, dyad::tanh_wide);
    check_distances(function::sin, dyad::sin_wide);
    check_distances(function::cos, dyad::cos_wide);
    check_distances(function::erf, dyad::erf_wide);
    check_distances(function::erfc, dyad::erfc_wide);
    check_distances(function::sigmoid, dyad::sigmoid_wide);
    check_distances(function::rsqrt, dyad::rsqrt_wide);
}

}  // namespace
