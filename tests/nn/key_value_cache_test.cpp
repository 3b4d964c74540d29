// SPDX-License-Identifier: Apache-2.0
// key_value_cache alone: what formats keep, and faults.
#include <dyad/nn/key_value_cache.hpp>

#include <doctest/doctest.h>

#include <dyad/number/named_formats.hpp>

#include "nn/layer_support.hpp"

#include <cmath>
#include <concepts>
#include <limits>
#include <string>
#include <vector>

namespace dyad_test {
namespace {

using dyad::nn::kept_as;
using dyad::nn::kept_by_token;
using dyad::nn::kept_in_blocks;
using dyad::nn::key_value_cache;
using dyad::nn::layer_kind;
using dyad::nn::layer_status;
using dyad::nn::operand_kind;
using int4 = dyad::integer<4>;
using int8 = dyad::integer<8>;

constexpr index capacity = 7;
constexpr index heads = 3;
constexpr index head_width = 5;
constexpr index columns = heads * head_width;

template <class Cache>
with_memory<Cache> cache_of(index c = capacity, index h = heads, index w = head_width) {
    return shaped<Cache>([=](auto& cache, dyad::arena& a) { return status(cache.shape(a, c, h, w)); });
}
template <class In>
std::vector<In> tokens_of(index n, double absmax, std::uint64_t seed) {
    return encode<In>(random_matrix(n, columns, absmax, seed), 1);
}

/// What a cache gives back for keys k (values are twice as large), appended by 2, 1, 3 tokens.
template <class Format, class In>
real_matrix kept(const std::vector<In>& k, const std::vector<In>& v, double range = 0) {
    using cache_type = key_value_cache<In, Format>;
    auto held = cache_of<cache_type>();
    cache_type& cache = held.layer;
    if (range > 0) REQUIRE(cache.set_ranges(range, 2 * range) == status::ok);
    index at = 0;
    for (const index n : {2, 1, 3}) {
        const auto part = [&](const std::vector<In>& x) {
            return dyad::make_matrix(x.data() + at * columns, n, columns);
        };
        REQUIRE(cache.append(part(k), part(v)) == status::ok);
        at += n;
    }
    CHECK(cache.length() == 6);
    std::vector<In> out(k.size());
    REQUIRE(run_in(std::size_t{1} << 12, [&](const auto& context) {
                matrix_view<const In> keys;
                matrix_view<const In> values;
                CHECK(cache.keys(6, context, keys) == status::ok);
                CHECK(cache.values(6, context, values) == status::ok);
                REQUIRE(keys.extent == std::array<index, 2>{6, columns});
                for (index i = 0; i < 6; ++i) {
                    for (index j = 0; j < columns; ++j) {
                        out[static_cast<std::size_t>(i * columns + j)] = keys(i, j);
                        // Twice the number, in twice the range.
                        if (std::same_as<In, float>)
                            CHECK(dyad::convert<double>(values(i, j)) == 2 * dyad::convert<double>(keys(i, j)));
                    }
                }
                return status::ok;
            }) == status::ok);
    return decode(out, 6, columns, 1);
}
template <class In>
std::vector<In> doubled(const std::vector<In>& x) {
    std::vector<In> y;
    for (const In& a : x) y.push_back(dyad::convert<In>(2 * dyad::convert<double>(a)));
    return y;
}

TEST_CASE("cache: the operand's own format is kept in place") {
    const auto k = tokens_of<int8>(6, 60, 1);
    CHECK(kept<kept_as<int8>>(k, doubled(k)).values == decode(k, 6, columns, 1).values);
    const auto x = tokens_of<float>(6, 2, 2);
    CHECK(kept<kept_as<float>>(x, doubled(x)).values == decode(x, 6, columns, 1).values);
    CHECK(key_value_cache<int8>::bits_per_element == 8);
}

TEST_CASE("cache: extents that are none leave it as it was") {
    auto held = cache_of<key_value_cache<int8>>();
    const auto k = tokens_of<int8>(2, 60, 1);
    const auto two = dyad::make_matrix(k.data(), 2, columns);
    REQUIRE(held.layer.append(two, two) == status::ok);
    for (const index rows : {index{-2}, std::numeric_limits<index>::min()}) {
        const auto less = dyad::make_matrix(k.data(), rows, columns);
        CHECK(held.layer.append(less, less) ==
              layer_status(status::negative_extent, layer_kind::key_value_cache, operand_kind::input));
        CHECK(held.layer.length() == 2);
    }
    // Heads and their width have a product, also where there is room for no token.
    dyad::arena counts = dyad::arena::measuring();
    key_value_cache<int8> none;
    CHECK(none.shape(counts, 0, index{1} << 62, 4) == status::arena_too_small);
}

TEST_CASE("cache: one static scale") {
    const auto x = tokens_of<float>(6, 2, 3);
    const real_matrix in_bfloat16 = kept<kept_as<dyad::bfloat16>>(x, doubled(x));
    const real_matrix in_int8 = kept<kept_as<int8>>(x, doubled(x), 1.5);
    const real_matrix in_float8 = kept<kept_as<dyad::float8_e4m3fn>>(x, doubled(x), 1.5);
    const real_matrix in_int4 = kept<kept_as<int4>>(x, doubled(x), 1.5);
    for (std::size_t i = 0; i < x.size(); ++i) {
        CHECK(in_bfloat16.values[i] == dyad::convert<double>(dyad::convert<dyad::bfloat16>(x[i])));
        // Beyond the range they saturate.
        const double clamped = std::fmax(-1.5, std::fmin(1.5, static_cast<double>(x[i])));
        CHECK(std::fabs(in_int8.values[i] - clamped) <= 1.5 / 127 * 0.5001 + (clamped == -1.5 ? 1.5 / 127 : 0));
        CHECK(std::fabs(in_int4.values[i] - clamped) <= 1.5 / 7 * 0.5001 + (clamped == -1.5 ? 1.5 / 7 : 0));
        CHECK(std::fabs(in_float8.values[i] - clamped) <= std::fabs(clamped) * 0x1p-4 + 1e-5);
    }
    CHECK(key_value_cache<float, kept_as<int4>>::bits_per_element == 4);
    // Codes to narrower codes and back, by integers: 127 -> 7.
    const auto codes = tokens_of<int8>(6, 120, 4);
    std::vector<int8> halves;
    for (const int8& c : codes) halves.push_back(int8::from_raw(static_cast<std::int8_t>(c.raw() / 2 * 2)));
    const real_matrix narrow = kept<kept_as<int4>>(halves, halves, 127);
    for (std::size_t i = 0; i < halves.size(); ++i) {
        const double code = std::floor(halves[i].raw() * 7.0 / 127 + 0.5);
        CHECK(narrow.values[i] == std::fmin(127, std::floor(code * 127 / 7 + 0.5)));
    }
}

TEST_CASE("cache: a scale for each token and head, and blocks") {
    const auto x = tokens_of<float>(6, 2, 5);
    const real_matrix in_int4 = kept<kept_by_token<int4>>(x, doubled(x));
    const real_matrix in_blocks = kept<kept_in_blocks<dyad::mxfp8_e4m3>>(x, doubled(x));
    for (index r = 0; r < 6 * heads; ++r) {
        const float* const from = x.data() + r * head_width;
        double largest = 0;
        for (index j = 0; j < head_width; ++j) largest = std::fmax(largest, std::fabs(static_cast<double>(from[j])));
        dyad::mxfp8_e4m3 block;
        float decoded[head_width];
        REQUIRE(quantize(dyad::make_matrix(from, 1, head_width), dyad::view_of_blocks(&block, 1, head_width),
                         dyad::scale_rule::floor) == status::ok);
        REQUIRE(dequantize(dyad::view_of_blocks(&block, 1, head_width),
                           dyad::make_matrix(static_cast<float*>(decoded), 1, head_width)) == status::ok);
        for (index j = 0; j < head_width; ++j) {
            const auto i = static_cast<std::size_t>(r * head_width + j);
            const double scale = largest / 7;
            CHECK(std::fabs(in_int4.values[i] - static_cast<double>(x[i])) <= scale * 0.5001);
            CHECK(std::fabs(in_int4.values[i] / scale - std::round(in_int4.values[i] / scale)) <= 1e-5);
            CHECK(in_blocks.values[i] == static_cast<double>(decoded[j]));
        }
    }
    // 4 bits without gaps: 7 * 3 rows of 5 are 53 bytes, and 21 floats.
    dyad::arena arena = dyad::arena::measuring();
    key_value_cache<float, kept_by_token<int4>> cache;
    REQUIRE(cache.shape(arena, capacity, heads, head_width) == status::ok);
    CHECK(arena.used() == 64 + 2 * (128 + 64));
    CHECK(key_value_cache<float, kept_in_blocks<dyad::mxfp8_e4m3>>::bits_per_element == 8.25);
}

TEST_CASE("cache: faults name the layer and the operand; nothing is kept of what does not fit") {
    using enum status;
    const auto fault = [](status s, operand_kind operand) {
        return layer_status(s, layer_kind::key_value_cache, operand);
    };
    key_value_cache<float, kept_as<int8>> unshaped;
    dyad::arena measuring = dyad::arena::measuring();
    CHECK(unshaped.shape(measuring, -1, 1, 1) == fault(negative_extent, operand_kind::geometry));
    std::vector<std::byte> little(100);
    dyad::arena small(little);
    CHECK(unshaped.shape(small, 100, 1, 1) == fault(arena_too_small, operand_kind::memory));

    auto held = cache_of<key_value_cache<float, kept_as<int8>>>();
    auto& cache = held.layer;
    const auto x = tokens_of<float>(8, 2, 6);
    const auto append = [&](index n, index c = columns) {
        const auto m = dyad::make_matrix(x.data(), n, c);
        return cache.append(m, m);
    };
    CHECK(append(1) == fault(scale_not_positive, operand_kind::input_scale));
    CHECK(cache.set_ranges(2, -1) == fault(scale_not_positive, operand_kind::input_scale));
    CHECK(cache.set_ranges(2, 2) == ok);
    CHECK(append(8) == fault(cache_full, operand_kind::state));
    CHECK(append(1, columns - 1) == fault(lhs_columns_differ, operand_kind::input));
    CHECK(cache.append({nullptr, {1, columns}, {columns, 1}}, {nullptr, {1, columns}, {columns, 1}}) ==
          fault(lhs_null, operand_kind::input));
    CHECK(cache.append(dyad::make_matrix(x.data(), 1, columns), dyad::make_matrix(x.data(), 2, columns)) ==
          fault(extents_differ, operand_kind::input));
    CHECK(cache.length() == 0);
    CHECK(append(7) == ok);
    CHECK(append(0) == ok);
    CHECK(append(1) == fault(cache_full, operand_kind::state));
    CHECK(std::string(to_string(append(1)).c_str()) ==
          "key_value_cache, state: a cache of keys and values has no room for the new tokens");
    CHECK(cache.truncate(8) == fault(position_out_of_range, operand_kind::state));
    CHECK(cache.truncate(3) == ok);
    CHECK(append(4) == ok);
    CHECK(append(1) == fault(cache_full, operand_kind::state));
    static_cast<void>(run_in(std::size_t{1} << 6, [&](const auto& context) {
        matrix_view<const float> out;
        CHECK(cache.keys(8, context, out) == fault(position_out_of_range, operand_kind::state));
        CHECK(cache.keys(7, context, out) == fault(arena_too_small, operand_kind::memory));
        return ok;
    }));
    cache.clear();
    CHECK(cache.length() == 0);
    // NaN has no code.
    std::vector<float> nan(static_cast<std::size_t>(columns), std::nanf(""));
    auto by_token = cache_of<key_value_cache<float, kept_in_blocks<dyad::mxfp8_e4m3>>>();
    CHECK(by_token.layer.append(dyad::make_matrix<const float>(nan.data(), 1, columns),
                                dyad::make_matrix<const float>(nan.data(), 1, columns)) == ok);
}

}  // namespace
}  // namespace dyad_test
