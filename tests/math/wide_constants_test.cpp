// SPDX-License-Identifier: Apache-2.0
// Every constant and coefficient, recomputed from its definition in Boost.Multiprecision.
#include <dyad/math/wide_constants.hpp>

#include <doctest/doctest.h>

#include "support/exact.hpp"
#include "support/tally.hpp"

#include <boost/math/constants/constants.hpp>
#include <boost/multiprecision/cpp_bin_float.hpp>

#include <cstddef>
#include <cstdint>

namespace {

using big =
    boost::multiprecision::number<boost::multiprecision::cpp_bin_float<2048, boost::multiprecision::digit_base_2>,
                                  boost::multiprecision::et_off>;
using dyad_test::cpp_int;
using dyad_test::to_integer;
namespace constants = boost::math::constants;

/// floor(x 2^bits).
cpp_int scaled(const big& x, int bits) { return cpp_int(big(floor(big(ldexp(x, bits))))); }

/// Is c the value, cut after its digits?
void check_cut(const dyad::unpacked_wide& c, const big& value) {
    CHECK(dyad::bit_width(c.significand) == 128);
    CHECK(!c.negative);
    CHECK(to_integer(c.significand) == scaled(value, -c.exponent));
}

TEST_CASE("constants") {
    const big ln2 = log(big(2));
    check_cut(dyad::wide_ln2, ln2);
    check_cut(dyad::wide_log2_e, 1 / ln2);
    check_cut(dyad::wide_log10_e, 1 / log(big(10)));
    check_cut(dyad::wide_half_pi, constants::half_pi<big>());
    check_cut(dyad::wide_inverse_sqrt_pi, 1 / sqrt(constants::pi<big>()));
    check_cut(dyad::wide_sixth, big(1) / 6);
    CHECK((to_integer(dyad::ln2_q128) << 64) + to_integer(dyad::ln2_next) == scaled(ln2, 192));
    CHECK(to_integer(dyad::sqrt2_q127) == scaled(sqrt(big(2)), 127));
}

TEST_CASE("2 / pi, all 1536 bits") {
    cpp_int whole = 0;
    for (const std::uint64_t word : dyad::two_over_pi) whole = (whole << 64) + word;
    CHECK(whole == scaled(2 / constants::pi<big>(), 64 * static_cast<int>(dyad::two_over_pi.size())));
}

/// Is c the value with 127 fraction bits, and less than two units too small?
bool is_close(dyad::uint128_t c, const big& value) {
    const big units = ldexp(value, 127) - big(to_integer(c));
    return units >= 0 && units < 2;
}

TEST_CASE("coefficients") {
    dyad_test::tally cases("coefficients");
    big factorial = 1;  // (k + 2)! / 2
    for (std::size_t k = 0; k < dyad::expm1_coefficients.size(); ++k) {
        if (k > 0) factorial *= k + 2;
        cases.check(is_close(dyad::expm1_coefficients[k], 1 / factorial), "expm1, ", k);
    }
    factorial = 1;  // (2k + 3)! / 6
    for (std::size_t k = 0; k < dyad::sinh_coefficients.size(); ++k) {
        if (k > 0) factorial *= (2 * k + 2) * (2 * k + 3);
        cases.check(is_close(dyad::sinh_coefficients[k], 1 / factorial), "sinh, ", k);
    }
    for (std::size_t k = 0; k < dyad::log1p_coefficients.size(); ++k)
        cases.check(is_close(dyad::log1p_coefficients[k], big(2) / (k + 2)), "log1p, ", k);
    for (std::size_t k = 0; k < dyad::odd_reciprocals<57>.size(); ++k)
        cases.check(is_close(dyad::odd_reciprocals<57>[k], big(1) / (2 * k + 1)), "1 / (2k + 1), ", k);
    // What the first term left out may add, with the largest argument that the functions use.
    const auto tail = [](std::size_t terms, double largest_y, const big& coefficient) {
        return static_cast<double>(log2(coefficient)) + static_cast<double>(terms) * std::log2(largest_y);
    };
    CHECK(tail(dyad::expm1_coefficients.size(), 0.5, 2 / tgamma(big(31))) < -127);
    CHECK(tail(dyad::sinh_coefficients.size(), 0.617, 6 / tgamma(big(38))) < -127);
    CHECK(tail(dyad::log1p_coefficients.size(), 0x1p-16, big(2) / 11) < -127);
    CHECK(tail(25, 0.1716 * 0.1716, big(1) / 51) < -127);
}

}  // namespace
