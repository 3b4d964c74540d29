// SPDX-License-Identifier: Apache-2.0
// I-BERT's rows against the modules of the package transformers, and against the functions themselves.
#include <dyad/array/ibert_rows.hpp>

#include <doctest/doctest.h>

#include "support/ibert_vectors.hpp"
#include "support/published_rows.hpp"
#include "support/tally.hpp"

#include <dyad/number/fixed.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

namespace ibert = dyad::ibert;
using dyad::index;
using dyad::integer;
using dyad::make_vector;
using dyad::status;
using dyad::uinteger;
using dyad_test::published_rows;
using dyad_test::result_hash;
using ibert::constants;

using code = integer<16>;
using wide = integer<32>;

std::vector<code> codes_of(const std::vector<std::int32_t>& row) {
    std::vector<code> codes;
    for (const std::int32_t x : row) codes.push_back(code::from_raw(static_cast<std::int16_t>(x)));
    return codes;
}
template <class T>
dyad::vector_view<const T> view_of(const std::vector<T>& row) {
    return make_vector(row.data(), static_cast<index>(row.size()));
}
template <class T>
dyad::vector_view<T> view_of(std::vector<T>& row) {
    return make_vector(row.data(), static_cast<index>(row.size()));
}

TEST_CASE("ibert::softmax: the bits of transformers' IntSoftmax") {
    std::uint64_t seed = 0;
    for (const auto& c : reference::ibert_softmax) {
        const auto p = ibert::softmax_parameters::from(constants::code, c.scale, 8);
        result_hash hash;
        int kept = 0;
        for (const auto& row : published_rows(seed++, 64, c.n, c.bits)) {
            if (!dyad_test::stays_whole(row, c.scale)) continue;
            ++kept;
            const auto codes = codes_of(row);
            std::vector<wide> out(row.size());
            REQUIRE(ibert::softmax(view_of(codes), p, view_of(out)) == status::ok);
            for (const wide y : out) hash.take(y.raw());
        }
        CAPTURE(c.scale);
        CAPTURE(c.n);
        CHECK(kept == c.kept);
        CHECK(hash.value() == c.hash);
    }
}

TEST_CASE("ibert::gelu: the bits of transformers' IntGELU, every code") {
    for (const auto& c : reference::ibert_gelu) {
        const auto p = ibert::gelu_parameters::from(constants::code, c.scale);
        result_hash hash;
        int kept = 0;
        for (std::int32_t x = -(1 << (c.bits - 1)); x < 1 << (c.bits - 1); ++x) {
            if (!dyad_test::stays_whole(x, c.scale)) continue;
            ++kept;
            hash.take(ibert::i_gelu(x, p));
        }
        CAPTURE(c.scale);
        CHECK(kept == c.kept);
        CHECK(hash.value() == c.hash);
    }
}

TEST_CASE("ibert::layer_norm: the bits of transformers' IntLayerNorm") {
    std::uint64_t seed = 20;
    for (const auto& c : reference::ibert_norm) {
        std::vector<std::int64_t> bias;
        for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(c.n); ++i) {
            const std::uint64_t h = dyad_test::mixed(i + ((seed + 100) << 32));
            const float weight = static_cast<float>(h % 1000 + 1) / 512;
            const float offset = static_cast<float>((h >> 32) % 1000) / 256 - 2;
            bias.push_back(ibert::layer_norm_bias(offset, weight, c.n));
        }
        result_hash hash;
        for (const auto& row : published_rows(seed++, 64, c.n, c.bits)) {
            const auto codes = codes_of(row);
            std::vector<integer<48>> out(row.size());
            REQUIRE(ibert::layer_norm(view_of(codes), constants::code, c.shift, view_of(std::as_const(bias)), view_of(out)) == status::ok);
            for (const auto y : out) hash.take(y.raw());
        }
        CAPTURE(c.n);
        CAPTURE(c.shift);
        CHECK(hash.value() == c.hash);
    }
}

TEST_CASE("fixedpoint_mul: the bits of transformers' FixedPointMul") {
    std::uint64_t seed = 40;
    for (const auto& c : reference::fixedpoint_cases) {
        const auto r = ibert::ratio::from(c.in_scale, c.out_scale);
        result_hash hash;
        int kept = 0;
        const auto rows = published_rows(seed++, 1, 4096, c.in_bits);
        for (const std::int32_t z : rows[0]) {
            if (!dyad_test::stays_whole(z, c.in_scale)) continue;
            ++kept;
            hash.take(ibert::fixedpoint_mul(z, r, c.bits));
        }
        CAPTURE(c.in_scale);
        CHECK(kept == c.kept);
        CHECK(hash.value() == c.hash);
    }
}

}  // namespace
