// SPDX-License-Identifier: Apache-2.0
// exp_q43 and exp_q44 against 50 digits: the one within its bound, the other rounded correctly.
#include <dyad/math/exp_q43.hpp>
#include <dyad/math/exp_q44.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <dyad/number/dyadic.hpp>

namespace {

using boost::multiprecision::cpp_bin_float_50;
using dyad::exp_q43_step;
using dyad::multiplier;
using dyad_test::tally;

static_assert(dyad::exp_q43(exp_q43_step::from(multiplier::from_scale(0.7).unpack()), 0) == std::uint64_t{1} << 43);
static_assert(dyad::exp_q44(multiplier::from_scale(0.7).unpack(), 0) == std::uint64_t{1} << 44);

/// 2^k and 64 others between 2^-18 and 4, none a power of two.
std::vector<multiplier> scales(int lowest) {
    std::vector<multiplier> all;
    std::mt19937_64 random(5);
    for (int i = 0; i < 64; ++i) {
        const double fraction = 1 + static_cast<double>((random() >> 12) | 1) * 0x1p-52;
        all.push_back(multiplier::from_scale(std::ldexp(fraction, lowest + i % (2 - lowest))));
    }
    return all;
}

cpp_bin_float_50 value(multiplier m) { return ldexp(cpp_bin_float_50(m.significand), m.exponent); }

TEST_CASE("exp_q44: round(2^44 e^-(s d)), every d of 8 bits") {
    tally cases("exp_q44");
    for (const multiplier m : scales(-12)) {
        for (std::uint32_t d = 0; d < 256; ++d) {
            const cpp_bin_float_50 exact = ldexp(exp(-value(m) * d), 44);
            const auto nearest = static_cast<std::uint64_t>(round(exact));
            cases.check(dyad::exp_q44(m.unpack(), d) == nearest, m.significand, " * 2^", m.exponent, " * ", d);
        }
    }
    // The ends of the exponents' range.
    cases.check(dyad::exp_q44(multiplier{1 << 30, 2'000'000'000}.unpack_near(), 1) == 0, "large");
    cases.check(dyad::exp_q44(multiplier{1 << 30, -2'000'000'000}.unpack_near(), 255) == std::uint64_t{1} << 44,
                "small");
}

TEST_CASE("exp_q43: its powers and its step are rounded constants") {
    for (unsigned i = 0; i < 16; ++i) {
        const cpp_bin_float_50 exact = ldexp(pow(cpp_bin_float_50(2), -cpp_bin_float_50(i) / 16), 60);
        CHECK(dyad::exp_q43_powers[i] == static_cast<std::uint64_t>(round(exact)));
    }
    double worst = 0;
    for (const multiplier m : scales(-30)) {
        const exp_q43_step s = exp_q43_step::from(m.unpack());
        const cpp_bin_float_50 exact = value(m) / log(cpp_bin_float_50(2));
        const cpp_bin_float_50 got = ldexp(cpp_bin_float_50(s.digits), -(s.shift + 36));
        worst = std::max(worst, std::fabs(static_cast<double>(got / exact - 1)));
        REQUIRE((s.digits >> 47) == 1);
    }
    CHECK(worst <= 0x1p-48);
    CHECK(worst >= 0x1p-51);
}

TEST_CASE("exp_q43: relative error below 2^-33, and less than one unit more") {
    tally cases("exp_q43");
    double worst = 0;
    std::uint64_t at = 0;
    std::mt19937_64 random(6);
    for (const multiplier m : scales(-18)) {
        const exp_q43_step s = exp_q43_step::from(m.unpack());
        const auto end = static_cast<std::uint64_t>(static_cast<double>(32 / value(m)) + 3);
        for (int i = 0; i < 400; ++i) {
            const std::uint64_t d = i < 3 ? static_cast<std::uint64_t>(i) : random() % (end < 65536 ? end : 65536);
            const cpp_bin_float_50 exact = ldexp(exp(-value(m) * d), 43);
            const std::uint64_t got = dyad::exp_q43(s, static_cast<std::uint32_t>(d));
            const double off = static_cast<double>(cpp_bin_float_50(got) - exact);
            const auto size = static_cast<double>(exact);
            cases.check(off < 0x1p-33 * size && off > -0x1p-33 * size - 1, m.significand, " * 2^", m.exponent, " * ", d,
                        ": off by ", off);
            // Where a unit does not show, the relative error by itself.
            if (size < 0x1p40 || std::fabs(off) - 1 <= worst * size) continue;
            worst = (std::fabs(off) - 1) / size;
            at = d;
        }
    }
    MESSAGE("exp_q43: largest relative error 2^" << std::log2(worst) << " at d = " << at);
    CHECK(worst <= 0x1p-33);
    CHECK(worst >= 0x1p-36);
}

TEST_CASE("exp_q43: the ends of the scale, and of d") {
    constexpr std::uint64_t one = std::uint64_t{1} << 43;
    for (const std::int32_t exponent : {40, 1000, 2'000'000'000}) {
        const exp_q43_step s = exp_q43_step::from(multiplier{1 << 30, exponent - 30}.unpack_near());
        CHECK(dyad::exp_q43(s, 0) == one);
        CHECK(dyad::exp_q43(s, 1) == 0);
        CHECK(dyad::exp_q43(s, 65535) == 0);
    }
    for (const std::int32_t exponent : {-90, -200, -2'000'000'000}) {
        const exp_q43_step s = exp_q43_step::from(multiplier{1 << 30, exponent}.unpack_near());
        CHECK(dyad::exp_q43(s, 65535) == one);
    }
    // s log2 e = 1: powers of two, until they are 0.
    const exp_q43_step halves{std::uint64_t{1} << 47, 47 - 36};
    for (std::uint32_t d = 0; d < 80; ++d) CHECK(dyad::exp_q43(halves, d) == (d > 43 ? 0 : one >> d));
}

}  // namespace
