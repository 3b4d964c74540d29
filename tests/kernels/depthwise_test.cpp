// SPDX-License-Identifier: Apache-2.0
// Depthwise sums: every instruction set against loops in 64 bits and chains of fma, all numbers of channels and taps.
#include <dyad/kernels/depthwise.hpp>

#include <doctest/doctest.h>

#include "support/drive_kernel.hpp"
#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <type_traits>
#include <vector>

namespace {

/// Asked once: it says what is left out.
const std::vector<dyad::instruction_set>& all_instruction_sets() {
    static const auto all = dyad_test::instruction_sets();
    return all;
}

using dyad::bfloat16;
using dyad::depthwise_order;
using dyad_test::tally;

enum class contents { random, lowest };

template <class T>
T random_number(std::mt19937_64& random, contents c) {
    if constexpr (std::is_integral_v<T>) {
        return c == contents::lowest ? std::numeric_limits<T>::min() : static_cast<T>(random());
    } else if constexpr (std::same_as<T, bfloat16>) {
        // Some are infinite, NaN or subnormal.
        const auto bits = static_cast<std::uint16_t>(random());
        return bfloat16::from_bits(random() % 16 == 0 ? bits : static_cast<std::uint16_t>((bits & 0x83ffU) | 0x3c00U));
    } else {
        const auto bits = static_cast<std::uint32_t>(random());
        return std::bit_cast<float>(random() % 16 == 0 ? bits : (bits & 0x83ff'ffffU) | 0x3c00'0000U);
    }
}

/// Taps that end where their memory does, so that a sanitizer sees a read beyond.
template <class In>
struct taps_of {
    std::vector<std::vector<In>> rows;
    std::vector<const In*> pointers;
    taps_of(std::mt19937_64& random, std::ptrdiff_t taps, std::ptrdiff_t channels, contents c) {
        for (std::ptrdiff_t t = 0; t < taps; ++t) {
            rows.emplace_back();
            for (std::ptrdiff_t i = 0; i < channels; ++i) rows.back().push_back(random_number<In>(random, c));
        }
        for (const auto& row : rows) pointers.push_back(row.data());
    }
};

template <class Weight>
dyad_test::panel_memory packed(dyad::instruction_set isa, const std::vector<Weight>& weights, std::ptrdiff_t taps,
                               std::ptrdiff_t channels) {
    dyad_test::panel_memory panel(dyad::depthwise_panel<Weight>::bytes(isa, taps, channels));
    const auto at = [&](std::ptrdiff_t t, std::ptrdiff_t c) {
        return weights[static_cast<std::size_t>(t * channels + c)];
    };
    dyad::depthwise_panel<Weight>::pack(isa, at, taps, channels, panel.data());
    return panel;
}

template <class In>
void check_integers(tally& cases, std::ptrdiff_t taps, std::ptrdiff_t channels, contents c) {
    std::mt19937_64 random(static_cast<std::uint64_t>(taps * 1000 + channels));
    const taps_of<In> in(random, taps, channels, c);
    std::vector<std::int16_t> weights;
    for (std::ptrdiff_t i = 0; i < taps * channels; ++i) weights.push_back(random_number<std::int16_t>(random, c));
    for (const auto isa : all_instruction_sets()) {
        auto panel = packed(isa, weights, taps, channels);
        std::vector<std::int32_t> sums(static_cast<std::size_t>(channels) + 1, 77);
        dyad::depthwise_sums(isa, in.pointers.data(), taps, panel.data(), channels, sums.data());
        cases.check(sums.back() == 77, to_string(isa), " writes behind the sums");
        for (std::size_t i = 0; i + 1 < sums.size(); ++i) {
            std::int64_t exact = 0;
            for (std::size_t t = 0; t < in.rows.size(); ++t)
                exact += std::int64_t{in.rows[t][i]} * weights[t * static_cast<std::size_t>(channels) + i];
            cases.check(sums[i] == static_cast<std::int32_t>(exact), to_string(isa), ": ", taps, " taps, channel ", i,
                        " of ", channels, ": got ", sums[i], ", expected ", exact);
        }
    }
}

float value_of(float x) { return x; }
float value_of(bfloat16 x) { return std::bit_cast<float>(static_cast<std::uint32_t>(x.bits()) << 16); }

template <class In>
float expected_sum(depthwise_order order, const taps_of<In>& in, const std::vector<float>& weights, std::size_t c) {
    const std::size_t channels = in.rows.front().size();
    float total = 0;
    float chains[2] = {0, 0};
    for (std::size_t t = 0; t < in.rows.size(); ++t) {
        const float x = value_of(in.rows[t][c]);
        const float w = weights[t * channels + c];
        if (order == depthwise_order::f32) total = std::fma(x, w, total);
        else chains[t % 2] = std::fma(x, w, chains[t % 2]);
        if (order == depthwise_order::f32 || (t % 32 != 31 && t + 1 != in.rows.size())) continue;
        total += chains[0] + chains[1];
        chains[0] = chains[1] = 0;
    }
    return total;
}

template <class In, depthwise_order Order>
void check_floats(tally& cases, std::ptrdiff_t taps, std::ptrdiff_t channels) {
    std::mt19937_64 random(static_cast<std::uint64_t>(taps * 1000 + channels));
    const taps_of<In> in(random, taps, channels, contents::random);
    std::vector<float> weights;
    for (std::ptrdiff_t i = 0; i < taps * channels; ++i)
        weights.push_back(random_number<float>(random, contents::random));
    for (const auto isa : all_instruction_sets()) {
        auto panel = packed(isa, weights, taps, channels);
        std::vector<float> sums(static_cast<std::size_t>(channels) + 1, 77);
        dyad::depthwise_sums<Order>(isa, in.pointers.data(), taps, panel.data(), channels, sums.data());
        cases.check(sums.back() == 77, to_string(isa), " writes behind the sums");
        for (std::size_t i = 0; i + 1 < sums.size(); ++i) {
            const float expected = expected_sum(Order, in, weights, i);
            const auto bits = std::bit_cast<std::uint32_t>(sums[i]);
            const auto want = std::isnan(expected) ? 0x7fc0'0000U : std::bit_cast<std::uint32_t>(expected);
            cases.check(bits == want, to_string(isa), ": ", taps, " taps, channel ", i, " of ", channels, ": got ",
                        sums[i], ", expected ", expected);
        }
    }
}

constexpr std::ptrdiff_t tap_counts[]{1, 2, 3, 4, 9, 16, 25, 31, 32, 33, 64, 65};

TEST_CASE("depthwise sums of integers: every kernel, exact modulo 2^32") {
    tally cases("depthwise integers");
    for (const std::ptrdiff_t taps : tap_counts) {
        for (std::ptrdiff_t channels = 1; channels <= 67; ++channels) {
            for (const contents c : {contents::random, contents::lowest}) {
                check_integers<std::int8_t>(cases, taps, channels, c);
                check_integers<std::uint8_t>(cases, taps, channels, c);
                check_integers<std::int16_t>(cases, taps, channels, c);
            }
        }
    }
}

TEST_CASE("depthwise sums of floats: every kernel, in order of the taps") {
    tally cases("depthwise floats");
    for (const std::ptrdiff_t taps : tap_counts) {
        for (std::ptrdiff_t channels = 1; channels <= 35; ++channels) {
            check_floats<float, depthwise_order::f32>(cases, taps, channels);
            check_floats<float, depthwise_order::bf16>(cases, taps, channels);
            check_floats<bfloat16, depthwise_order::f32>(cases, taps, channels);
            check_floats<bfloat16, depthwise_order::bf16>(cases, taps, channels);
        }
    }
}

}  // namespace
