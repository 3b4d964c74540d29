// SPDX-License-Identifier: Apache-2.0
// gelu, gelu_tanh, silu and softplus within their bounds, and on the right side of x, x / 2 and 0.
#include <dyad/math/wide_activations.hpp>

#include <doctest/doctest.h>

#include "support/wide_check.hpp"

#include <boost/math/constants/constants.hpp>

namespace {

using big = reference::big_float<640>;
using dyad::unpacked_wide;
using dyad_test::operand_sign;
using dyad_test::tally;

big cdf_of(const big& x) { return (1 + reference::erf_of(big(x / boost::math::constants::root_two<big>()))) / 2; }
big gelu_of(const big& x) { return x * cdf_of(x); }
big silu_of(const big& x) { return x * reference::sigmoid_of(x); }
big gelu_tanh_of(const big& x) {
    const big slope = 2 * boost::math::constants::root_two<big>() / boost::math::constants::root_pi<big>();
    return x * reference::sigmoid_of(big(slope * (x + x * x * x * 44715 / 1'000'000)));
}
big softplus_of(const big& x) { return reference::log1p_of(big(reference::exp_of(x))); }

std::vector<unpacked_wide> operands(int most) {
    auto all = dyad_test::wide_operands(400, -6, most, operand_sign::both);
    for (const auto& x : dyad_test::wide_operands(200, -140, -7, operand_sign::both)) all.push_back(x);
    // sqrt 8, where gelu changes its method, from both sides.
    for (const bool negative : {false, true}) {
        all.push_back(unpacked_wide::finite(negative, 0xB504'F333'F9DE'6484, -62));
        all.push_back(unpacked_wide::finite(negative, 0xB504'F333'F9DE'6485, -62));
    }
    return all;
}

template <class Reference, class Function>
void check(const char* name, Reference reference, Function wide, const std::vector<unpacked_wide>& inputs,
           double bound) {
    tally cases(std::string(name) + " to 124 digits");
    double worst = -1000;
    for (const auto& x : inputs) {
        const unpacked_wide got = wide(x);
        const big error = abs(big(dyad_test::big_of<big>(got) / reference(dyad_test::big_of<big>(x)) - 1));
        const double digits = error == 0 ? -1000 : static_cast<double>(log2(error));
        worst = std::max(worst, digits);
        cases.check(got.kind == dyad::number_class::finite && digits < bound && dyad::bit_width(got.significand) <= 124,
                    name, " of ", x, " is ", got, ", off by 2^", digits);
    }
    MESSAGE(std::string(name) << ": relative error at most 2^" << worst << ", bound 2^" << bound);
    CHECK(worst > bound - 13);
}

TEST_CASE("relative errors of the wide activation functions") {
    check("gelu", gelu_of, dyad::gelu_wide, operands(2), -108);
    check("normal_cdf", cdf_of, dyad::normal_cdf_wide, operands(2), -108);
    check("gelu_tanh", gelu_tanh_of, dyad::gelu_tanh_wide, operands(1), -120 + 6);  // |v| < 1.6 (4 + 0.045 * 64) < 2^4
    check("silu", silu_of, dyad::silu_wide, operands(6), -120);
    check("softplus", softplus_of, dyad::softplus_wide, operands(6), -119);
}

TEST_CASE("wide activation functions: zero, tiny and huge operands are on the right side") {
    const auto zero = unpacked_wide::zero(false);
    for (const auto f : {dyad::gelu_wide, dyad::gelu_tanh_wide, dyad::silu_wide}) {
        CHECK(f(zero).kind == dyad::number_class::zero);
        for (const int exponent : {64, 300, 3000}) {
            for (const std::uint64_t digits : {std::uint64_t{1}, std::uint64_t{5}, ~std::uint64_t{0}}) {
                const auto huge = unpacked_wide::finite(false, digits, exponent);
                CHECK(compare(f(huge), huge) < 0);
                CHECK(compare(f(dyad::negated(huge)), zero) < 0);
                CHECK(f(dyad::negated(huge)).top_exponent() < -2000);
                const auto tiny = unpacked_wide::finite(false, digits, -exponent - 128);
                const auto half = dyad::scaled_by_power(tiny, -1);
                CHECK(compare(f(tiny), half) > 0);
                CHECK(compare(f(dyad::negated(tiny)), dyad::negated(half)) > 0);
                CHECK(compare(f(tiny), tiny) < 0);
            }
        }
    }
    CHECK(dyad::softplus_wide(zero) == dyad::wide_ln2);
    const auto huge = unpacked_wide::finite(false, 7, 200);
    CHECK(compare(dyad::softplus_wide(huge), huge) > 0);
    CHECK(compare(dyad::softplus_wide(dyad::negated(huge)), zero) > 0);
    CHECK(compare(dyad::softplus_wide(unpacked_wide::finite(false, 1, -100)), dyad::wide_ln2) > 0);
    CHECK(compare(dyad::softplus_wide(unpacked_wide::finite(true, 1, -100)), dyad::wide_ln2) < 0);
}

}  // namespace
