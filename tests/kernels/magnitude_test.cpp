// SPDX-License-Identifier: Apache-2.0
// The largest magnitudes of groups and of columns, forced to each instruction set, against a loop over bits.
#include <dyad/kernels/magnitude.hpp>

#include <doctest/doctest.h>

#include "support/float_inputs.hpp"
#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

/// Random bits, of which one in 64 groups or so has a NaN or an infinity; and finite ones.
std::vector<float> random_floats(std::size_t n, bool finite) {
    std::vector<float> x;
    dyad_test::add_random_floats(x, n / 2 + 1);
    x.resize(n);
    if (finite) {
        for (float& v : x) {
            const auto bits = std::bit_cast<std::uint32_t>(v);
            if ((bits & 0x7f80'0000) == 0x7f80'0000) v = std::bit_cast<float>(bits & 0x807f'ffff);
        }
    }
    return x;
}

TEST_CASE("largest_magnitudes: any size, number and place of groups") {
    dyad_test::tally cases("largest magnitudes");
    for (const bool finite : {false, true}) {
        const std::vector<float> src = random_floats(40'000, finite);
        for (const std::size_t size :
             {0U, 1U, 2U, 3U, 4U, 7U, 8U, 15U, 16U, 17U, 31U, 32U, 33U, 48U, 63U, 64U, 65U, 100U, 128U, 1000U}) {
            for (const std::size_t groups : {0U, 1U, 2U, 5U, 16U, 17U, 37U}) {
                const std::size_t offset = (size + groups) % 5;
                const float* const from = src.data() + offset;
                for (const auto isa : dyad_test::instruction_sets()) {
                    std::vector<std::uint32_t> got(groups + 2, 0x5a5a'5a5a);
                    dyad::largest_magnitudes(isa, from, groups, size, got.data() + 1);
                    cases.check(got.front() == 0x5a5a'5a5a && got.back() == 0x5a5a'5a5a, "writes outside");
                    for (std::size_t g = 0; g < groups; ++g) {
                        std::uint32_t expected = 0;
                        for (std::size_t i = 0; i < size; ++i)
                            expected =
                                std::max(expected, std::bit_cast<std::uint32_t>(from[g * size + i]) & 0x7fff'ffff);
                        cases.check(got[g + 1] == expected, to_string(isa), ", group ", g, " of ", size, ": got ",
                                    got[g + 1], ", expected ", expected);
                    }
                }
            }
        }
    }
}

TEST_CASE("largest_magnitudes: the largest at each place") {
    dyad_test::tally cases("places of the largest");
    for (const std::size_t size : {16U, 32U, 100U}) {
        for (std::size_t at = 0; at < size; ++at) {
            for (const float x : {-1.5f, std::numeric_limits<float>::infinity(),
                                  std::numeric_limits<float>::denorm_min(), -std::numeric_limits<float>::quiet_NaN()}) {
                std::vector<float> src(size);
                src[at] = x;
                for (const auto isa : dyad_test::instruction_sets()) {
                    std::uint32_t got = 0;
                    dyad::largest_magnitudes(isa, src.data(), 1, size, &got);
                    cases.check(got == (std::bit_cast<std::uint32_t>(x) & 0x7fff'ffff), to_string(isa), ": ", x, " at ",
                                at, " of ", size);
                }
            }
        }
    }
}

TEST_CASE("raise_magnitudes: rows of any length") {
    dyad_test::tally cases("largest magnitudes of columns");
    constexpr std::size_t rows = 6;
    const std::vector<float> src = random_floats(10'000, false);
    for (std::size_t n = 0; n < 70; ++n) {
        for (const auto isa : dyad_test::instruction_sets()) {
            std::vector<std::uint32_t> got(n + 2);
            for (std::size_t r = 0; r < rows; ++r) dyad::raise_magnitudes(isa, src.data() + r * n, n, got.data() + 1);
            cases.check(got.front() == 0 && got.back() == 0, "writes outside");
            for (std::size_t j = 0; j < n; ++j) {
                std::uint32_t expected = 0;
                for (std::size_t r = 0; r < rows; ++r)
                    expected = std::max(expected, std::bit_cast<std::uint32_t>(src[r * n + j]) & 0x7fff'ffff);
                cases.check(got[j + 1] == expected, to_string(isa), ", column ", j, " of ", n);
            }
        }
    }
}

}  // namespace
