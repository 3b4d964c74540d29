// SPDX-License-Identifier: Apache-2.0
// Stochastic rounding with 1 to 32 random bits in P3109's variants A, B and C, against its predicates in rationals: at
// the fraction where the given random bits begin to round away, next to it, and half a step of 2^-n off.
#include <dyad/number/convert.hpp>

#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>

#include <doctest/doctest.h>

#include "support/exact.hpp"
#include "support/ladder.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace {

using dyad_test::cpp_int;
using dyad_test::cpp_rational;
using dyad_test::tally;
using reference::dyadic;
using reference::ladder;

/// Fractions are multiples of 2^-40: finer than 32 random bits and what variants B and C add to them.
constexpr int grid = 40;

/// Codes whose successor lies a different way off: zero, subnormal, normal, at the end of a binade, the largest.
std::vector<std::uint64_t> interesting_codes(const ladder& target, int significand_bits) {
    const std::uint64_t max = target.values().size() - 2;
    const std::uint64_t binade = std::uint64_t{1} << significand_bits;
    std::vector<std::uint64_t> codes;
    for (const std::uint64_t code :
         {std::uint64_t{0}, std::uint64_t{1}, binade - 1, binade, binade + 1, 3 * binade - 1, max / 2, max - 1, max})
        if (code <= max) codes.push_back(code);
    return codes;
}

/// x = value + fraction * (next - value), with both signs, through every way into the type.
template <class To>
void check_fraction(tally& cases, const ladder& target, std::uint64_t code, std::int64_t fraction,
                    const dyad::stochastic& rule) {
    if (fraction <= 0 || fraction >= std::int64_t{1} << grid) return;
    const dyadic low = target.values()[code];
    const dyadic high = target.values()[code + 1];
    // The gap is a power of two, at most the larger unit of the two: count in 2^-grid of it.
    const std::uint64_t apart = static_cast<std::uint64_t>((high.m << (high.e - low.e)) - low.m);
    const std::uint64_t m = (static_cast<std::uint64_t>(low.m) << grid) + static_cast<std::uint64_t>(fraction) * apart;
    const int e = low.e - grid;
    const cpp_rational nu(cpp_int(fraction), cpp_int(1) << grid);
    const bool away = dyad_test::reference_rounds_away(nu, rule);
    const reference::float_rules rules(To::format);
    for (const bool negative : {false, true}) {
        const double wide = std::ldexp(negative ? -static_cast<double>(m) : static_cast<double>(m), e);
        const auto sixty_four = dyad::unpacked::finite(negative, m, e);
        const auto longer = dyad::unpacked_wide::finite(negative, dyad::uint128_t{m} << 60, e - 60);
        for (const dyad::saturation policy : reference::all_saturations) {
            const auto expected =
                rules.code(reference::kind::finite, negative, 0, false, code + (away ? 1 : 0), false, policy);
            for (const std::uint64_t got : {std::uint64_t{dyad::convert<To>(wide, rule, policy).bits()},
                                            std::uint64_t{To::pack(sixty_four, rule, policy).bits()},
                                            std::uint64_t{To::pack(longer, rule, policy).bits()}})
                cases.check(got == expected, rule, ", code ", code, " and ", fraction, " * 2^-40, ", wide, ": got ",
                            got, ", expected ", expected);
        }
    }
}

template <class To>
void check_format(const std::string& name) {
    tally cases("stochastic rounding to " + name);
    const ladder target(To::format);
    std::mt19937_64 random(5);
    for (const std::uint64_t code : interesting_codes(target, To::format.significand_bits)) {
        for (int n = 1; n <= 32; ++n) {
            const std::uint64_t one = std::uint64_t{1} << n;
            for (const std::uint64_t bits : {std::uint64_t{0}, std::uint64_t{1}, one / 2, one - 1, random() % one}) {
                if (bits >= one) continue;
                const std::int64_t step = std::int64_t{1} << (grid - n);
                const std::int64_t turn = static_cast<std::int64_t>(one - bits) * step;
                for (const auto variant : dyad_test::all_stochastic_variants) {
                    const dyad::stochastic rule{variant, n, static_cast<std::uint32_t>(bits)};
                    for (const std::int64_t off : {std::int64_t{0}, std::int64_t{1}, step / 2, step / 2 + 1, step})
                        for (const std::int64_t fraction : {turn - off, turn + off})
                            check_fraction<To>(cases, target, code, fraction, rule);
                    check_fraction<To>(cases, target, code, 1, rule);
                    check_fraction<To>(cases, target, code, static_cast<std::int64_t>(random() >> (64 - grid)), rule);
                }
            }
        }
    }
}

TEST_CASE("convert: stochastic rounding with 1 to 32 bits against P3109's predicates") {
    check_format<dyad::float8_e4m3fn>("float8_e4m3fn");
    check_format<dyad::float8_e5m2>("float8_e5m2");
    check_format<dyad::float8_e8m0fnu>("float8_e8m0fnu");
    check_format<dyad::float4_e2m1fn>("float4_e2m1fn");
    check_format<dyad::binary8p3se>("binary8p3se");
    check_format<dyad::binary6p6uf>("binary6p6uf");
    check_format<dyad::bfloat16>("bfloat16");
    check_format<dyad::tfloat32>("tfloat32");
}

}  // namespace
