// SPDX-License-Identifier: Apache-2.0
// I-BERT's rows against the modules of the package transformers, and against the functions themselves.
#include <dyad/array/ibert_rows.hpp>

#include <doctest/doctest.h>

#include "support/ibert_vectors.hpp"
#include "support/published_rows.hpp"
#include "support/published_vectors.hpp"
#include "support/tally.hpp"

#include <dyad/number/fixed.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace {

namespace ibert = dyad::ibert;
using dyad::index;
using dyad::integer;
using dyad::make_vector;
using dyad::status;
using dyad::uinteger;
using dyad_test::numbers;
using dyad_test::published_rows;
using dyad_test::result_hash;
using dyad_test::view_of;
using ibert::constants;

using code = integer<16>;
using wide = integer<32>;

TEST_CASE("ibert::softmax: the bits of transformers' IntSoftmax") {
    std::uint64_t seed = 0;
    for (const auto& c : reference::ibert_softmax) {
        const auto p = ibert::softmax_parameters::from(constants::code, c.scale, 8);
        result_hash hash;
        int kept = 0;
        for (const auto& row : published_rows(seed++, 64, c.n, c.bits)) {
            if (!dyad_test::stays_whole(row, c.scale)) continue;
            ++kept;
            const auto codes = numbers<code>(row);
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

TEST_CASE("ibert::quantized_exp: the bits of what transformers' IntSoftmax adds up, fractions included") {
    for (const auto& c : reference::ibert_exp) {
        const auto p = ibert::softmax_parameters::from(constants::code, c.scale, 8);
        result_hash hash;
        int fractions = 0;
        for (std::int32_t x = 0; x > -(1 << c.bits); --x) {
            const dyad::carried32 e = ibert::quantized_exp(ibert::i_exp_code(x, p.exp), p);
            hash.take(e.scaled(24).floor());
            fractions += e.floor() != e.nearest() || dyad::to_double(e) != static_cast<double>(e.nearest());
        }
        MESSAGE("scale " << c.scale << ": " << fractions << " of " << (1 << c.bits) << " exponentials are not whole");
        CHECK(c.kept == 1 << c.bits);
        CHECK(fractions > 0);
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
        const auto bias = dyad_test::published_bias(seed, c.n, ibert::layer_norm_bias);
        result_hash hash;
        for (const auto& row : published_rows(seed++, 64, c.n, c.bits)) {
            const auto codes = numbers<code>(row);
            std::vector<integer<48>> out(row.size());
            REQUIRE(ibert::layer_norm(view_of(codes), constants::code, c.shift, view_of(bias), view_of(out)) ==
                    status::ok);
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
        const auto s = dyad::carried32::from_float(c.in_scale);
        const auto r = ibert::ratio::from(c.in_scale, c.out_scale);
        result_hash hash;
        int kept = 0;
        const auto rows = published_rows(seed++, 1, 4096, c.in_bits);
        for (const std::int32_t z : rows[0]) {
            // (the module rounds the quotient: only codes of 24 bits come out as others)
            if ((dyad::carried32::from(z) * s / s).nearest() != z) continue;
            ++kept;
            hash.take(ibert::fixedpoint_mul(z, r, c.bits));
        }
        CAPTURE(c.in_scale);
        CHECK(kept == c.kept);
        CHECK(hash.value() == c.hash);
    }
}

// --- the paper's constants ---

TEST_CASE("ibert: softmax, GELU and layer norm by the paper's constants") {
    for (const auto& c : reference::paper_softmax) {
        const auto p = ibert::softmax_parameters::from(constants::paper, c.scale, 8);
        result_hash hash;
        for (const auto& row : published_rows(static_cast<std::uint64_t>(c.extra), 8, c.n, c.bits)) {
            const auto codes = numbers<code>(row);
            std::vector<wide> out(row.size());
            REQUIRE(ibert::softmax(view_of(codes), p, view_of(out)) == status::ok);
            for (const wide y : out) hash.take(y.raw());
        }
        CAPTURE(c.scale);
        CHECK(hash.value() == c.hash);
    }
    for (const auto& c : reference::paper_gelu) {
        const auto p = ibert::gelu_parameters::from(constants::paper, c.scale);
        result_hash hash;
        for (std::int32_t x = -(1 << (c.bits - 1)); x < 1 << (c.bits - 1); ++x) hash.take(ibert::i_gelu(x, p));
        CAPTURE(c.scale);
        CHECK(hash.value() == c.hash);
    }
    for (const auto& c : reference::paper_norm) {
        const std::vector<std::int64_t> bias(static_cast<std::size_t>(c.n));
        result_hash hash;
        for (const auto& row : published_rows(static_cast<std::uint64_t>(c.extra), 8, c.n, c.bits)) {
            const auto codes = numbers<code>(row);
            std::vector<wide> out(row.size());
            REQUIRE(ibert::layer_norm(view_of(codes), constants::paper, 0, view_of(bias), view_of(out)) == status::ok);
            for (const wide y : out) hash.take(y.raw());
        }
        CAPTURE(c.n);
        CHECK(hash.value() == c.hash);
    }
}

// --- errors, and what is not accepted ---

std::vector<double> exact_softmax(const std::vector<std::int32_t>& row, double scale) {
    const std::int32_t max = *std::max_element(row.begin(), row.end());
    std::vector<double> shares;
    double sum = 0;
    for (const std::int32_t x : row) sum += shares.emplace_back(std::exp(scale * (x - max)));
    for (double& share : shares) share /= sum;
    return shares;
}

TEST_CASE("ibert::softmax: error of all 8-bit rows of two elements, published and mended") {
    struct expected {
        double scale;
        double published;
        double mended;
    };
    for (const auto& e :
         {expected{0.1, 5.7e-3, 3e-3}, expected{1.0 / 16, 2.1e-2, 3e-3}, expected{0.25, 2.1e-2, 3e-3}}) {
        const auto p = ibert::softmax_parameters::from(constants::code, static_cast<float>(e.scale), 8);
        double worst = 0;
        double mended = 0;
        for (std::int32_t d = 0; d < 256; ++d) {
            const std::vector<std::int32_t> row{127, 127 - d};
            const auto codes = numbers<code>(row);
            std::vector<wide> out(2);
            REQUIRE(ibert::softmax(view_of(codes), p, view_of(out)) == status::ok);
            const auto exact = exact_softmax(row, e.scale);
            for (std::size_t i = 0; i < 2; ++i) worst = std::max(worst, std::fabs(out[i].raw() / 256.0 - exact[i]));
            REQUIRE(ibert::softmax_mended(view_of(codes), constants::code, dyad::log2_multiplier(e.scale), 256,
                                          view_of(out)) == status::ok);
            for (std::size_t i = 0; i < 2; ++i) mended = std::max(mended, std::fabs(out[i].raw() / 256.0 - exact[i]));
        }
        MESSAGE("scale " << e.scale << ": i-softmax " << worst << ", mended " << mended);
        CHECK(worst <= e.published * 1.05);
        CHECK(worst >= e.published * 0.3);
        CHECK(mended <= e.mended);
    }
}

TEST_CASE("ibert rows: a row of equal codes, empty rows, in place, strides") {
    const auto p = ibert::softmax_parameters::from(constants::code, 0.0625f, 8);
    std::vector<code> row(4, code::from_raw(100));
    REQUIRE(ibert::softmax(view_of(std::as_const(row)), p, view_of(row)) == status::ok);
    for (const code y : row) CHECK(y.raw() == 64);
    std::vector<code> constant(5, code::from_raw(-7));
    const std::vector<std::int64_t> bias{1, -2, 3, 0, 1 << 20};
    for (const auto set : {constants::paper, constants::code}) {
        std::vector<wide> out(5);
        REQUIRE(ibert::layer_norm(view_of(std::as_const(constant)), set, 0, view_of(bias), view_of(out)) == status::ok);
        for (std::size_t i = 0; i < 5; ++i) CHECK(out[i].raw() == bias[i]);  // published: NaN
    }
    std::vector<code> none;
    CHECK(ibert::softmax(view_of(std::as_const(none)), p, view_of(none)) == status::ok);
    // Every second element of memory.
    std::vector<code> spaced(8, code::from_raw(3));
    spaced[2] = code::from_raw(40);
    std::vector<wide> out(4);
    std::vector<wide> dense_out(4);
    const std::vector<code> dense{spaced[0], spaced[2], spaced[4], spaced[6]};
    REQUIRE(ibert::softmax(dyad::vector_view<const code>{spaced.data(), {4}, {2}}, p, view_of(out)) == status::ok);
    REQUIRE(ibert::softmax(view_of(dense), p, view_of(dense_out)) == status::ok);
    for (std::size_t i = 0; i < 4; ++i) CHECK(out[i].raw() == dense_out[i].raw());
}

TEST_CASE("ibert rows: what is not accepted is said before anything is written") {
    const auto p = ibert::softmax_parameters::from(constants::code, 0.0625f, 8);
    const auto g = ibert::gelu_parameters::from(constants::code, 0.0625f);
    const std::vector<code> row(4, code::from_raw(1));
    const std::vector<std::int64_t> bias(4);
    std::vector<wide> out(4, wide::from_raw(77));
    std::vector<wide> longer(5);
    const dyad::vector_view<const code> null{nullptr, {4}, {1}};
    const dyad::vector_view<wide> no_memory{nullptr, {4}, {1}};
    const dyad::vector_view<wide> repeated{out.data(), {4}, {0}};
    CHECK(ibert::softmax(view_of(row), p, view_of(longer)) == status::extents_differ);
    CHECK(ibert::softmax(null, p, view_of(out)) == status::src_null);
    CHECK(ibert::softmax(view_of(row), p, no_memory) == status::dst_null);
    CHECK(ibert::softmax(view_of(row), p, repeated) == status::dst_overlaps_itself);
    CHECK(ibert::softmax(dyad::vector_view<const code>{row.data(), {-1}, {1}}, p,
                         dyad::vector_view<wide>{out.data(), {-1}, {1}}) == status::negative_extent);
    std::vector<code> shared(5, code::from_raw(9));
    CHECK(ibert::softmax(make_vector<const code>(shared.data(), 4), p, make_vector(shared.data() + 1, 4)) ==
          status::dst_overlaps_src);
    CHECK(ibert::gelu(view_of(row), g, view_of(longer)) == status::extents_differ);
    for (const float scale : {0.0f, -1.0f, 0x1p-17f, 3.0f, std::nanf(""), INFINITY}) {
        CHECK(ibert::softmax(view_of(row), ibert::softmax_parameters::from(constants::code, scale, 8), view_of(out)) ==
              status::parameters_not_usable);
        CHECK(ibert::softmax(view_of(row), ibert::softmax_parameters::from(constants::paper, scale, 8), view_of(out)) ==
              status::parameters_not_usable);
    }
    CHECK(ibert::softmax(view_of(row), ibert::softmax_parameters::from(constants::code, 0.0625f, 0), view_of(out)) ==
          status::parameters_not_usable);
    CHECK(ibert::gelu(view_of(row), ibert::gelu_parameters::from(constants::code, -1.0f), view_of(out)) ==
          status::parameters_not_usable);
    CHECK(ibert::gelu_mended(view_of(row), ibert::erf_multiplier(0.1), 32, view_of(out)) ==
          status::parameters_not_usable);
    CHECK(ibert::layer_norm(view_of(row), constants::code, 17, view_of(bias), view_of(out)) ==
          status::parameters_not_usable);
    CHECK(ibert::layer_norm(view_of(row), constants::code, 0, dyad::vector_view<const std::int64_t>{nullptr, {4}, {1}},
                            view_of(out)) == status::parameter_missing);
    CHECK(ibert::layer_norm(view_of(row), constants::code, 0, make_vector(bias.data(), 3), view_of(out)) ==
          status::extents_differ);
    for (const wide y : out) CHECK(y.raw() == 77);
}

}  // namespace
