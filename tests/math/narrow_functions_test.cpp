// SPDX-License-Identifier: Apache-2.0
// The 64-digit functions: their errors against the wide ones, in units of the last digit, stay within the bounds they
// give; the rounding test; the tables.
#include <dyad/math/narrow_functions.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"

#include <dyad/math/scaled_functions.hpp>
#include <dyad/number/native.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace {

using dyad::narrow_real;
using dyad::narrow_result;
using dyad::scalar_function;
using dyad::uint128_t;
using dyad::unpacked_wide;
using dyad_test::tally;

constexpr int function_count = 13;

double to_double(const unpacked_wide& x) {
    if (x.kind == dyad::number_class::zero) return 0;
    const int down = dyad::bit_width(x.significand) - 60;
    const auto digits =
        static_cast<double>(static_cast<std::uint64_t>(down > 0 ? x.significand >> down : x.significand));
    const double magnitude = std::ldexp(digits, x.exponent + (down > 0 ? down : 0));
    return x.negative ? -magnitude : magnitude;
}

/// How far r is from f(x), in units of its last digit.
double units_off(scalar_function f, narrow_real x, bool negative, const narrow_result& r) {
    const unpacked_wide operand = unpacked_wide::finite(negative, x.digits, x.exponent);
    const unpacked_wide exact = dyad::scaled_function(f, operand, dyad::wide_one);
    const unpacked_wide got = unpacked_wide::finite(r.negative, r.digits, r.exponent);
    // Far below the unit only 0 counts: the difference would not fit a double's exponent otherwise.
    return std::fabs(to_double(dyad::scaled_by_power(dyad::wide_sum(got, dyad::negated(exact)), -r.exponent)));
}

/// Operands: random digits with every exponent, short ones, next to powers of two, and what the functions switch at.
std::vector<narrow_real> operands(int lowest, int highest, int each) {
    std::mt19937_64 random(5);
    std::vector<narrow_real> all;
    constexpr std::uint64_t top = std::uint64_t{1} << 63;
    for (int e = lowest; e <= highest; ++e) {
        for (int i = 0; i < each; ++i) all.push_back({random() | top, e - 63});
        for (const std::uint64_t digits : {top, top + 1, ~std::uint64_t{0}, top | top >> 1, top | top >> 2}) {
            all.push_back({digits, e - 63});
        }
        const auto sqrt2 = static_cast<std::uint64_t>(dyad::sqrt2_q127 >> 64);
        for (const std::uint64_t digits : {sqrt2 - 1, sqrt2, sqrt2 + 1}) all.push_back({digits, e - 63});
    }
    for (int eighths = 1; eighths < 56; ++eighths) {  // the borders and centres of erf's intervals
        const narrow_real x = dyad::normalized(static_cast<std::uint64_t>(eighths), -3);
        for (const std::uint64_t step : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}})
            all.push_back(dyad::normalized(x.digits + step, x.exponent));
    }
    return all;
}

TEST_CASE("narrow functions: never further off than they say") {
    const std::vector<narrow_real> common = operands(-12, 5, 400);
    const std::vector<narrow_real> rest = operands(-300, 15, 4);  // the wide exp's range
    for (int i = 0; i < function_count; ++i) {
        const auto f = static_cast<scalar_function>(i);
        tally cases(std::string("bound of ") + to_string(f));
        double worst = 0;
        double worst_share = 0;
        narrow_real at{};
        const auto check = [&](narrow_real x, bool negative) {
            if (!std::isnormal(std::ldexp(static_cast<double>(x.digits), x.exponent))) return;
            if (f == scalar_function::gelu_tanh && x.top_exponent() > 5) return;  // beyond the wide exp's range
            const narrow_result r = dyad::narrow_function(f, x, negative);
            if (!r.known) return;
            const double off = units_off(f, x, negative, r);
            const auto bound = static_cast<double>(r.error);
            cases.check(off <= bound, x.digits, " * 2^", x.exponent, negative ? " negative" : "", ": off by ", off,
                        " units, bound ", bound);
            if (off > worst && bound < 100) {
                worst = off;
                at = x;
            }
            if (bound > 0) worst_share = std::max(worst_share, off / bound);
        };
        for (const auto* inputs : {&common, &rest}) {
            for (const narrow_real& x : *inputs) {
                check(x, false);
                check(x, true);
            }
        }
        MESSAGE(std::string(to_string(f)) << ": at most " << worst << " units, at " << at.digits << " * 2^"
                                          << at.exponent << "; share of the bound " << worst_share);
        CHECK(worst_share >= 0.1);
    }
}

TEST_CASE("narrow functions: what they leave to the plain way") {
    const narrow_real one = dyad::normalized(1, 0);
    const narrow_real far = dyad::normalized(1, dyad::max_narrow_exponent + 1);
    for (const auto f : {scalar_function::log2, scalar_function::sqrt, scalar_function::rsqrt}) {
        CHECK(!dyad::narrow_function(f, one, true).known);
    }
    CHECK(!dyad::narrow_function(scalar_function::exp_nonpositive, one, false).known);
    CHECK(!dyad::narrow_function(scalar_function::exp2, far, false).known);
    CHECK(!dyad::round_narrow(dyad::narrow_unknown, 1, 0).known);
}

/// r as an exact number of units of 2^-down, rounded by hand.
TEST_CASE("round_narrow: known means that both ends of the interval round alike") {
    tally cases("round_narrow");
    std::mt19937_64 random(6);
    int known = 0;
    for (int i = 0; i < 200'000; ++i) {
        narrow_result r;
        r.digits = random() >> (random() % 64);
        r.error = (random() & 0xff) >> (random() % 9);
        const auto factor = static_cast<std::uint32_t>(random() >> (32 + random() % 32));
        const int down = 1 + static_cast<int>(random() % 97);
        if (i % 3 == 0) r.digits = (r.digits >> (down % 64) << (down % 64)) | (std::uint64_t{1} << ((down - 1) % 64));
        if (r.digits < r.error) continue;
        const dyad::narrow_rounding got = dyad::round_narrow(r, factor, -down - r.exponent);
        const auto rounded = [&](std::uint64_t digits) {
            const uint128_t value = static_cast<uint128_t>(digits) * factor;
            const uint128_t m = dyad::round_shift_right(value, down, false, dyad::rounding::nearest_even);
            constexpr uint128_t most = uint128_t{1} << 40;
            return static_cast<std::uint64_t>(m < most ? m : most);
        };
        const bool carries = r.digits + r.error < r.digits;
        if (!got.known || carries) continue;
        ++known;
        cases.check(rounded(r.digits) == got.magnitude && rounded(r.digits - r.error) == got.magnitude &&
                        rounded(r.digits + r.error) == got.magnitude,
                    r.digits, " +- ", r.error, " times ", factor, " shifted by ", down, ": ", got.magnitude);
    }
    CHECK(known > 100'000);
    // A tie is never known, exact or not; a value beyond every code is.
    CHECK(!dyad::round_narrow({3, -1, 0}, 1, 0).known);
    CHECK(dyad::round_narrow({3, -1, 0}, 2, 0).magnitude == 3);
    CHECK(dyad::round_narrow({std::uint64_t{1} << 63, 0, 5}, 1, 10).known);
    CHECK(dyad::round_narrow({std::uint64_t{1} << 63, 0, 5}, 1, 10).magnitude == std::uint64_t{1} << 40);
    CHECK(dyad::round_narrow({std::uint64_t{1} << 63, 0, 5}, 0x8000'0000, -3).magnitude == std::uint64_t{1} << 40);
    CHECK(dyad::round_narrow({std::uint64_t{1} << 63, 0, 5}, 0x8000'0000, -3).known);
    CHECK(!dyad::round_narrow({5, 0, 5}, 1, 60).known);
    CHECK(dyad::round_narrow({~std::uint64_t{0}, 0, ~std::uint64_t{0}}, 0xffff'ffff, -99).known);
}

TEST_CASE("tables: entries of exp2 and erf against the wide functions") {
    tally powers("2^(i / 64)");
    double worst = 0;
    for (std::size_t i = 0; i < dyad::exp2_table_q63.size(); ++i) {
        const unpacked_wide exact = dyad::exp2_wide(unpacked_wide::finite(false, i, -6));
        const unpacked_wide got = unpacked_wide::finite(true, dyad::exp2_table_q63[i], 0);
        const double low = to_double(dyad::wide_sum(dyad::scaled_by_power(exact, 63), got));
        powers.check(low >= 0 && low <= 16, i, ": ", low, " units too small");
        worst = std::max(worst, low);
    }
    MESSAGE("2^(i / 64) is at most " << worst << " units too small");
    tally values("erf(k / 4) and its slope");
    const unpacked_wide two_over_sqrt_pi = dyad::scaled_by_power(dyad::wide_inverse_sqrt_pi, 1);
    for (std::size_t k = 1; k < dyad::erf_table_q62.size(); ++k) {
        const unpacked_wide x = unpacked_wide::finite(false, k, -2);
        const unpacked_wide bell = dyad::exp_wide(dyad::negated(dyad::exact_product(x, x)));
        const auto low = [&](const unpacked_wide& exact, std::int64_t entry) {
            return to_double(dyad::wide_sum(dyad::scaled_by_power(exact, 62),
                                            unpacked_wide::finite(true, static_cast<std::uint64_t>(entry), 0)));
        };
        const double value = low(dyad::erf_wide(x), dyad::erf_table_q62[k].c[0]);
        const double slope = low(dyad::wide_product(two_over_sqrt_pi, bell), dyad::erf_table_q62[k].c[1]);
        values.check(value >= 0 && value < 1 && slope >= 0 && slope < 1, k, ": ", value, " ", slope);
    }
}

}  // namespace
