// SPDX-License-Identifier: Apache-2.0
// Quotients and sums of floats: the operations of IEEE 754 one by one, on every instruction set.
#include <dyad/kernels/float_quotients.hpp>

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace dyad_test {
namespace {

/// Floats of all bits, the special ones first.
std::vector<float> all_kinds(std::size_t n) {
    std::mt19937 random(7);
    std::vector<float> x{0.0F,
                         -0.0F,
                         1.0F,
                         -1.5F,
                         std::bit_cast<float>(1U),
                         std::bit_cast<float>(0x007f'ffffU),
                         std::bit_cast<float>(0x7f7f'ffffU),
                         std::bit_cast<float>(0x7f80'0000U),
                         std::bit_cast<float>(0xff80'0000U),
                         std::bit_cast<float>(0x7fc0'1234U)};
    while (x.size() < n) x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
    x.resize(n);
    return x;
}
bool same_bits(float x, float y) {
    return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y) || (std::isnan(x) && std::isnan(y));
}
/// A double next to x in the direction of zero that has 24 bits, its last one set where something is lost.
double to_odd(double x) {
    auto bits = std::bit_cast<std::uint64_t>(x);
    const std::uint64_t lost = bits & 0x1fff'ffffU;
    bits -= lost;
    return std::bit_cast<double>(lost != 0 ? bits | 0x2000'0000U : bits);
}

TEST_CASE("quotients: a division each") {
    for (const auto isa : instruction_sets()) {
        for (const float divisor : {1.0F, 3.0F, 0.0117F, 1 / 448.0F, 1e-30F, 3e38F, 1e-40F}) {
            for (const std::size_t n : {1U, 63U, 64U, 65U, 1000U}) {
                const std::vector<float> x = all_kinds(n);
                std::vector<float> apart(n);
                std::vector<float> same = x;
                dyad::quotients(isa, x.data(), divisor, apart.data(), n);
                dyad::quotients(isa, same.data(), divisor, same.data(), n);
                std::size_t wrong = 0;
                for (std::size_t i = 0; i < n; ++i) {
                    const float expected = x[i] / divisor;
                    wrong += !same_bits(apart[i], expected) || !same_bits(same[i], expected);
                }
                CHECK(wrong == 0);
            }
        }
    }
}

TEST_CASE("sums_to_odd: what any rounding to 22 bits can tell of the sum in double") {
    for (const auto isa : instruction_sets()) {
        for (const double z : {1.0, -7.0, 128.0, -32768.0, 2147483648.0}) {
            for (const std::size_t n : {1U, 63U, 64U, 65U, 1000U}) {
                std::vector<float> x = all_kinds(n);
                for (std::size_t i = 20; i < n; ++i)
                    x[i] = std::ldexp(x[i], -std::ilogb(x[i]) + static_cast<int>(i % 30) - 20);
                std::vector<float> y(n);
                dyad::sums_to_odd(isa, x.data(), z, y.data(), n);
                std::size_t wrong = 0;
                for (std::size_t i = 0; i < n; ++i) {
                    const double sum = static_cast<double>(x[i]) + z;
                    const auto expected = static_cast<float>(std::isfinite(sum) ? to_odd(sum) : sum);
                    wrong += !same_bits(y[i], expected);
                }
                CHECK(wrong == 0);
            }
        }
    }
}

}  // namespace
}  // namespace dyad_test
