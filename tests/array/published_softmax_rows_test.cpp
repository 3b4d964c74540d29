// SPDX-License-Identifier: Apache-2.0
// FQ-ViT's and IntAttention's rows against their formulas in numpy, Softermax's against its words in fractions; what
// they lose.
#include <dyad/array/published_softmax_rows.hpp>

#include <doctest/doctest.h>

#include "support/published_rows.hpp"
#include "support/published_vectors.hpp"

#include <dyad/number/fixed.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace {

using dyad::integer;
using dyad::make_vector;
using dyad::status;
using dyad_test::numbers;
using dyad_test::published_rows;
using dyad_test::result_hash;
using dyad_test::view_of;

using code = integer<16>;
using wide = integer<32>;

template <class In, class Row>
std::uint64_t hash_of(const reference::published_case& c, std::uint64_t seed, int rows, Row run) {
    result_hash hash;
    for (const auto& row : published_rows(seed, rows, c.n, c.bits)) {
        const auto codes = numbers<In>(row);
        std::vector<wide> out(row.size());
        REQUIRE(run(view_of(codes), view_of(out)) == status::ok);
        for (const auto y : out) hash.take(y.raw());
    }
    return hash.value();
}

TEST_CASE("fqvit::log_softmax, index_softmax, softermax: the bits of the published formulas") {
    for (const auto& c : reference::fqvit_log) {
        const auto p = dyad::ibert::exp_parameters::from(dyad::ibert::constants::code, c.scale);
        CAPTURE(c.scale);
        CHECK(hash_of<code>(c, static_cast<std::uint64_t>(c.extra), 64,
                            [&](auto src, auto dst) { return dyad::fqvit::log_softmax(src, p, 4, dst); }) == c.hash);
    }
    std::uint64_t seed = 70;
    for (const auto& c : reference::index_softmax_rows) {
        CAPTURE(c.scale);
        CHECK(dyad::index_softmax::threshold(c.scale, 0.125f, 0.125f) == c.extra);
        CHECK(hash_of<wide>(c, seed++, 64, [&](auto src, auto dst) {
                  return dyad::index_softmax::softmax(src, c.extra, dst);
              }) == c.hash);
    }
    for (const auto& c : reference::softermax_rows) {
        const auto slice = static_cast<dyad::index>(c.scale);
        CAPTURE(slice);
        CHECK(hash_of<integer<8>>(c, static_cast<std::uint64_t>(c.extra), 8, [&](auto src, auto dst) {
                  return dyad::softermax::softmax(src, slice, dst);
              }) == c.hash);
    }
}

std::vector<double> exact_softmax(const std::vector<std::int32_t>& row, double scale) {
    const std::int32_t max = *std::max_element(row.begin(), row.end());
    std::vector<double> shares;
    double sum = 0;
    for (const std::int32_t x : row) sum += shares.emplace_back(std::exp(scale * (x - max)));
    for (double& share : shares) share /= sum;
    return shares;
}

std::vector<std::vector<std::int32_t>> normal_rows(int rows, int n, double deviation) {
    std::mt19937_64 random(5);
    std::normal_distribution<double> normal(0, deviation);
    std::vector<std::vector<std::int32_t>> all(static_cast<std::size_t>(rows));
    for (auto& row : all) {
        for (int i = 0; i < n; ++i) {
            row.push_back(static_cast<std::int32_t>(std::lround(std::clamp(normal(random), -128.0, 127.0))));
        }
    }
    return all;
}

template <class Run>
double largest_error(const std::vector<std::vector<std::int32_t>>& rows, double scale, double unit, Run run) {
    double worst = 0;
    for (const auto& row : rows) {
        const auto codes = numbers<integer<8>>(row);
        const auto exact = exact_softmax(row, scale);
        std::vector<wide> out(row.size());
        REQUIRE(run(view_of(codes), view_of(out)) == status::ok);
        for (std::size_t i = 0; i < row.size(); ++i) worst = std::max(worst, std::fabs(out[i].raw() * unit - exact[i]));
    }
    return worst;
}

TEST_CASE("index_softmax and softermax: errors of rows of 64, published and mended") {
    const double scale = 1.0 / 16;
    const auto rows = normal_rows(200, 64, 40);
    const std::int32_t threshold = dyad::index_softmax::threshold_paper(static_cast<float>(scale));
    CHECK(threshold == 106);
    const double cut = largest_error(rows, scale, 1.0 / 255,
                                     [&](auto s, auto d) { return dyad::index_softmax::softmax(s, threshold, d); });
    const double near = largest_error(
        rows, scale, 1.0 / 255, [&](auto s, auto d) { return dyad::index_softmax::softmax_mended(s, threshold, d); });
    MESSAGE("IndexSoftmax, codes of 1/16: largest error of a share " << cut << ", mended " << near);
    CHECK(cut <= .06);
    CHECK(near <= cut);
    // Codes of Q(6,2) are quarters of log2: x / 4 = x S log2 e for S = ln 2 / 4.
    const double quarter = std::log(2.0) / 4;
    const double softer = largest_error(normal_rows(200, 64, 10), quarter, 1.0 / 128,
                                        [](auto s, auto d) { return dyad::softermax::softmax(s, 16, d); });
    MESSAGE("Softermax, rows of 64: largest error of a share " << softer);
    CHECK(softer <= .03);
    CHECK(softer >= 1.0 / 256);
}

TEST_CASE("softermax: slices of any length give nearly the same, and one of the whole row the same as none") {
    for (const auto& row : normal_rows(50, 100, 12)) {
        const auto codes = numbers<integer<8>>(row);
        std::vector<wide> one(100);
        std::vector<wide> sliced(100);
        REQUIRE(dyad::softermax::softmax(view_of(codes), 100, view_of(one)) == status::ok);
        REQUIRE(dyad::softermax::softmax(view_of(codes), 1000, view_of(sliced)) == status::ok);
        for (std::size_t i = 0; i < 100; ++i) CHECK(one[i].raw() == sliced[i].raw());
    }
}

TEST_CASE("published softmax rows: ends, and what is not accepted") {
    const auto p = dyad::ibert::exp_parameters::from(dyad::ibert::constants::code, 0.0625f);
    const std::vector<integer<8>> row(4, integer<8>::from_raw(1));
    std::vector<wide> out(4, wide::from_raw(77));
    std::vector<wide> longer(5);
    CHECK(dyad::fqvit::log_softmax(view_of(row), p, 0, view_of(out)) == status::parameters_not_usable);
    CHECK(dyad::fqvit::log_softmax(view_of(row), {}, 4, view_of(out)) == status::parameters_not_usable);
    CHECK(dyad::fqvit::log_softmax(view_of(row), dyad::ibert::exp_parameters::from(dyad::ibert::constants::paper, 0.1f),
                                   4, view_of(out)) == status::parameters_not_usable);
    CHECK(dyad::fqvit::log_softmax(view_of(row), p, 4, view_of(longer)) == status::extents_differ);
    CHECK(dyad::fqvit::log_softmax_mended(view_of(row), {1, 0}, 6, view_of(out)) == status::parameters_not_usable);
    for (const std::int32_t bad : {0, -3, dyad::index_softmax::largest_threshold + 1}) {
        CHECK(dyad::index_softmax::softmax(view_of(row), bad, view_of(out)) == status::parameters_not_usable);
        CHECK(dyad::index_softmax::softmax_mended(view_of(row), bad, view_of(out)) == status::parameters_not_usable);
    }
    CHECK(dyad::softermax::softmax(view_of(row), 0, view_of(out)) == status::parameters_not_usable);
    CHECK(dyad::softermax::softmax(view_of(row), 1 << 16, view_of(out)) == status::parameters_not_usable);
    for (const wide y : out) CHECK(y.raw() == 77);
    const std::vector<wide> ends{wide::from_raw(INT32_MAX), wide::from_raw(INT32_MIN), wide::from_raw(0)};
    std::vector<wide> shares(3);
    REQUIRE(dyad::index_softmax::softmax(view_of(ends), dyad::index_softmax::largest_threshold, view_of(shares)) ==
            status::ok);
    CHECK(shares[0].raw() == 255);
    CHECK(shares[1].raw() == 0);
    CHECK(dyad::index_softmax::threshold(0.0f, 1.0f, 1.0f) == 0);
    CHECK(dyad::index_softmax::threshold(1e-30f, 1e-30f, 1.0f) == INT32_MAX);
    CHECK(dyad::index_softmax::threshold_paper(std::nanf("")) == 0);
    std::vector<integer<8>> none;
    CHECK(dyad::softermax::softmax(view_of(std::as_const(none)), 4, view_of(none)) == status::ok);
    CHECK(dyad::index_softmax::softmax(view_of(std::as_const(none)), 4, view_of(none)) == status::ok);
    CHECK(dyad::fqvit::log_softmax(view_of(std::as_const(none)), p, 4, view_of(none)) == status::ok);
}

}  // namespace
