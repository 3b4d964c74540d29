// SPDX-License-Identifier: Apache-2.0
// reciprocal_root against 50 digits, at the ends of every interval of its table and between.
#include <dyad/math/reciprocal_root.hpp>

#include <doctest/doctest.h>

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <cstdint>
#include <random>

namespace {

using boost::multiprecision::cpp_bin_float_50;

constexpr std::uint64_t one = std::uint64_t{1} << 62;
static_assert(dyad::reciprocal_root(one) >> 33 == (std::uint64_t{1} << 30) - 1 ||
              dyad::reciprocal_root(one) >> 33 == std::uint64_t{1} << 30);

TEST_CASE("reciprocal_root: relative error below 2^-58") {
    double worst = 0;
    std::uint64_t at = 0;
    const auto check = [&](std::uint64_t m) {
        const cpp_bin_float_50 exact = ldexp(cpp_bin_float_50(1), 94) / sqrt(cpp_bin_float_50(m));
        const auto off = static_cast<double>(abs(cpp_bin_float_50(dyad::reciprocal_root(m)) / exact - 1));
        if (off > worst) at = m;
        worst = off > worst ? off : worst;
    };
    for (std::uint64_t i = 64; i < 256; ++i) {
        for (const std::uint64_t low : {std::uint64_t{0}, std::uint64_t{1}, (std::uint64_t{1} << 55),
                                        (std::uint64_t{1} << 56) - 2, (std::uint64_t{1} << 56) - 1})
            check((i << 56) + low);
    }
    std::mt19937_64 random(1);
    for (int i = 0; i < 100'000; ++i) check(one + random() % (3 * one));
    MESSAGE("reciprocal_root: relative error at most " << worst * 0x1p58 << " * 2^-58, of " << at);
    CHECK(worst < 0x1p-58);
    CHECK(worst > 0x1p-61);
}

TEST_CASE("reciprocal_root: the seeds are what the header says") {
    for (std::size_t i = 0; i < dyad::reciprocal_root_seeds.size(); ++i) {
        const cpp_bin_float_50 middle = (cpp_bin_float_50(2 * static_cast<int>(i) + 129)) / 128;
        const auto exact = static_cast<double>(65536 / sqrt(middle));
        CHECK(dyad::reciprocal_root_seeds[i] <= exact);
        CHECK(dyad::reciprocal_root_seeds[i] >= exact - 1.001);
    }
}

}  // namespace
