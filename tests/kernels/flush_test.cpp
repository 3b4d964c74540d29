// SPDX-License-Identifier: Apache-2.0
// flush_sums, finish_totals, fold_bf16: every instruction set against the plain loops, tails and zero points included.
#include <dyad/kernels/flush.hpp>

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using dyad::flush_lines;
using dyad::tile_start;
using dyad_test::tally;

float any_float(std::mt19937_64& random) {
    const auto r = random() % 16;
    if (r == 0) return std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (r == 1) return 1e-38F;
    return std::ldexp(static_cast<float>(static_cast<int>(random() % 2048) - 1024),
                      static_cast<int>(random() % 20) - 10);
}
std::uint32_t bits_of(float x) { return x != x ? 0x7fc0'0000U : std::bit_cast<std::uint32_t>(x); }

/// One expression for each sum, from the formula.
template <class Sum>
float flushed(Sum sum, const flush_lines& lines, std::size_t i, std::size_t j, float total) {
    float x = static_cast<float>(sum);
    if constexpr (std::same_as<Sum, std::int32_t>) {
        std::int64_t s = sum;
        if (lines.lhs_zeros != nullptr) s -= std::int64_t{lines.lhs_zeros[i]} * lines.rhs_sums[j];
        if (lines.rhs_zeros != nullptr) s -= std::int64_t{lines.rhs_zeros[j]} * lines.lhs_rests[i];
        x = static_cast<float>(static_cast<std::int32_t>(s));
    }
    return std::fma(x, lines.lhs_scales[i] * lines.rhs_scales[j], total);
}

template <class Sum>
void check_flushes(tally& cases) {
    std::mt19937_64 random(5);
    for (int round = 0; round < 200; ++round) {
        const std::size_t rows = 1 + random() % 8;
        const std::size_t columns = 1 + random() % 70;
        const std::size_t stride = columns + random() % 5;
        std::vector<Sum> sums(rows * stride);
        for (Sum& s : sums) {
            if constexpr (std::same_as<Sum, float>) s = any_float(random);
            else
                s = static_cast<Sum>(static_cast<std::int64_t>(random()) >>
                                     (std::same_as<Sum, std::int32_t> ? 40 : 10));
        }
        std::vector<float> a(rows), b(columns), before(rows * stride);
        for (auto* all : {&a, &b, &before}) {
            for (float& x : *all) x = any_float(random);
        }
        std::vector<std::int32_t> za(rows), ra(rows), zb(columns), rb(columns);
        for (auto* all : {&za, &ra, &zb, &rb}) {
            for (std::int32_t& x : *all) x = static_cast<std::int32_t>(random() % 8192) - 4096;
        }
        flush_lines lines{a.data(), b.data(), nullptr, nullptr, nullptr, nullptr};
        if (std::same_as<Sum, std::int32_t> && round % 2 == 0) lines.lhs_zeros = za.data(), lines.rhs_sums = rb.data();
        if (std::same_as<Sum, std::int32_t> && round % 3 == 0) lines.rhs_zeros = zb.data(), lines.lhs_rests = ra.data();
        const auto start = round % 5 == 0 ? tile_start::zero : tile_start::sums;
        for (const auto isa : dyad_test::instruction_sets()) {
            std::vector<float> totals = before;
            dyad::flush_sums(isa, sums.data(), static_cast<std::ptrdiff_t>(stride), static_cast<std::ptrdiff_t>(rows),
                             static_cast<std::ptrdiff_t>(columns), lines, start, totals.data(),
                             static_cast<std::ptrdiff_t>(stride));
            for (std::size_t at = 0; at < totals.size(); ++at) {
                const std::size_t i = at / stride;
                const std::size_t j = at % stride;
                float right = before[at];
                if (j < columns) right = flushed(sums[at], lines, i, j, start == tile_start::zero ? 0 : before[at]);
                cases.check(bits_of(totals[at]) == bits_of(right), dyad::to_string(isa), " (", i, ", ", j,
                            "): ", totals[at], " instead of ", right);
            }
        }
    }
}

TEST_CASE("flushes") {
    tally cases("flushes");
    check_flushes<std::int32_t>(cases);
    check_flushes<std::int64_t>(cases);
    check_flushes<float>(cases);
}

TEST_CASE("results and folded numbers") {
    tally cases("results");
    std::mt19937_64 random(6);
    for (std::size_t n = 0; n < 70; ++n) {
        std::vector<float> x(n + 2);
        for (float& e : x) e = any_float(random);
        const float first = any_float(random);
        const float second = any_float(random);
        for (const auto isa : dyad_test::instruction_sets()) {
            std::vector<float> y = x;
            dyad::finish_totals(isa, y.data(), static_cast<std::ptrdiff_t>(n), first, second);
            std::vector<std::uint16_t> folded(n + 2, 0xabcd);
            // Numbers of bfloat16, so that the product is one.
            std::vector<float> half = x;
            for (float& e : half) e = std::bit_cast<float>(std::bit_cast<std::uint32_t>(e) & 0xffff'0000U);
            dyad::fold_bf16(isa, half.data(), 0.25F, static_cast<std::ptrdiff_t>(n), folded.data());
            for (std::size_t j = 0; j < n + 2; ++j) {
                const float once = x[j] * first;
                const float right = j < n ? once * second : x[j];
                const auto expected = j < n ? bits_of(right) : std::bit_cast<std::uint32_t>(right);
                cases.check(std::bit_cast<std::uint32_t>(y[j]) == expected, dyad::to_string(isa), " ", n, " ", j);
                const auto code = j < n ? static_cast<std::uint16_t>(bits_of(half[j] * 0.25F) >> 16) : 0xabcd;
                cases.check(folded[j] == code, dyad::to_string(isa), " folded ", n, " ", j);
            }
        }
    }
}

}  // namespace
