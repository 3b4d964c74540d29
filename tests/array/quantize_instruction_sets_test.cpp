// SPDX-License-Identifier: Apache-2.0
// quantize and dequantize on every instruction set and on packed, strided and transposed storage: the same codes,
// scales and floats, bit for bit.
#include <dyad/array/quantize.hpp>

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <bit>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace dyad_test {
namespace {

using dyad::index;
using dyad::instruction_set;
using dyad::rounding;
using dyad::scale_rule;
using dyad::status;

/// Numbers of all magnitudes in runs of similar ones, with zeros, and a few specials if wanted.
std::vector<float> numbers(std::size_t n, unsigned seed, bool specials) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> x(n);
    float scale = 1;
    for (std::size_t i = 0; i < n; ++i) {
        if (i % 48 == 0) scale = std::ldexp(1.0F, static_cast<int>(random() % 250) - 125);
        x[i] = random() % 10 == 0 ? 0 : normal(random) * scale;
        if (!specials || random() % 200 != 0) continue;
        constexpr float infinity = std::numeric_limits<float>::infinity();
        const float special[] = {infinity, -infinity, std::numeric_limits<float>::quiet_NaN(), 0x1p-149F, -0.0F};
        x[i] = special[random() % 5];
    }
    return x;
}

template <class B>
struct encoded {
    std::vector<B> blocks;
    std::vector<std::uint32_t> decoded;
};

template <class B, class Rule>
encoded<B> encode(const std::vector<float>& x, dyad::scale_choice choice, Rule rule, instruction_set isa) {
    encoded<B> out{std::vector<B>((x.size() + B::size - 1) / B::size), {}};
    std::vector<float> y(x.size());
    const std::span<const float> src(x);
    const std::span<B> dst(out.blocks);
    const std::span<const B> blocks(out.blocks);
    constexpr auto policy = dyad::saturation::propagate;
    if constexpr (B::layout.levels == dyad::scale_levels::two) {
        CHECK(quantize(src, dst, 0.37F, choice, rule, policy, dyad::serial{}, isa) == status::ok);
        CHECK(dequantize(blocks, 0.37F, std::span<float>(y), dyad::serial{}, isa) == status::ok);
    } else {
        CHECK(quantize(src, dst, choice, rule, policy, dyad::serial{}, isa) == status::ok);
        CHECK(dequantize(blocks, std::span<float>(y), dyad::serial{}, isa) == status::ok);
    }
    for (const float value : y) out.decoded.push_back(std::bit_cast<std::uint32_t>(value));
    return out;
}

TEST_CASE_TEMPLATE("quantize: the same bits on every instruction set", B, dyad::mxfp8_e5m2, dyad::mxfp6_e2m3,
                   dyad::mxfp4, dyad::mxint8, dyad::nvfp4, dyad::q4_0) {
    const auto sets = instruction_sets();
    tally t("blocks of " + std::to_string(sizeof(B)) + " bytes");
    for (const std::size_t n : {std::size_t{1}, std::size_t{31}, std::size_t{1024}, std::size_t{5003}}) {
        const std::vector<float> x = numbers(n, static_cast<unsigned>(n), true);
        const auto compare = [&](dyad::scale_choice choice, auto rule) {
            const encoded<B> expected = encode<B>(x, choice, rule, instruction_set::scalar);
            for (const instruction_set isa : sets) {
                const encoded<B> found = encode<B>(x, choice, rule, isa);
                const bool same =
                    __builtin_memcmp(found.blocks.data(), expected.blocks.data(), found.blocks.size() * sizeof(B)) == 0;
                t.check(same && found.decoded == expected.decoded, n, " ", static_cast<int>(choice.rule), " on ",
                        dyad::to_string(isa));
            }
        };
        for (const scale_rule rule : {scale_rule::floor, scale_rule::ceil, scale_rule::even, scale_rule::rceil,
                                      scale_rule::nearest, scale_rule::four_over_six}) {
            compare(rule, rounding::nearest_even);
        }
        compare(scale_rule::floor, rounding::toward_positive);
        compare(scale_rule::nearest, dyad::stochastic_stream{.n = 8, .seed = 5});
        compare(scale_rule::floor, dyad::stochastic_stream{.n = 32, .seed = 5});
    }
}

TEST_CASE("quantize: packed, padded, transposed and byte storage hold the same numbers") {
    using E = dyad::float6_e3m2fn;
    using S = dyad::float8_e8m0fnu;
    constexpr index rows = 37;
    constexpr index columns = 75;
    const std::vector<float> x = numbers(rows * columns, 3, true);
    const auto src = dyad::make_matrix(x.data(), rows, columns);
    for (const index tile_columns : {index{1}, index{16}, index{32}, index{40}, dyad::whole_extent}) {
        for (const index tile_rows : {index{1}, index{32}, dyad::whole_extent}) {
            std::vector<S> scales(static_cast<std::size_t>(rows * columns));
            std::vector<E> bytes(static_cast<std::size_t>(rows * columns));
            const dyad::quantized_view plain{dyad::make_matrix(bytes.data(), rows, columns),
                                             dyad::per_tile(scales.data(), tile_rows, tile_columns, columns)};
            REQUIRE(quantize(src, plain, scale_rule::floor) == status::ok);
            const auto check = [&](const auto& view, const char* what) {
                tally t(what);
                for (index i = 0; i < rows; ++i) {
                    for (index j = 0; j < columns; ++j) {
                        const E other = view.codes(i, j);
                        const S other_scale = view.scales(i, j);
                        const S scale = plain.scales(i, j);
                        t.check(other.bits() == plain.codes(i, j).bits() && other_scale.bits() == scale.bits(), i, " ",
                                j);
                    }
                }
                std::vector<float> y(x.size());
                std::vector<float> z(x.size());
                CHECK(dequantize(plain, dyad::make_matrix(y.data(), rows, columns)) == status::ok);
                CHECK(dequantize(view, dyad::make_matrix(z.data(), rows, columns)) == status::ok);
                CHECK(__builtin_memcmp(y.data(), z.data(), y.size() * sizeof(float)) == 0);
            };
            std::vector<S> others(scales.size());
            std::vector<std::uint8_t> packed(rows * 96);
            const auto map = dyad::per_tile(others.data(), tile_rows, tile_columns, columns);
            for (const index offset : {index{0}, index{3}}) {
                for (const index stride : {columns, index{76}, index{80}}) {
                    const dyad::packed_matrix<E> codes{packed.data(), {rows, columns}, {stride, 1}, offset};
                    const dyad::quantized_view view{codes, map};
                    REQUIRE(quantize(src, view, scale_rule::floor) == status::ok);
                    check(view, "packed rows");
                }
            }
            std::vector<E> turned(bytes.size());
            const dyad::quantized_view across{dyad::transposed(dyad::make_matrix(turned.data(), columns, rows)), map};
            REQUIRE(quantize(src, across, scale_rule::floor) == status::ok);
            check(across, "column-major");
        }
    }
}

}  // namespace
}  // namespace dyad_test
