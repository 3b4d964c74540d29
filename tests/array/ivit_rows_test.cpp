// SPDX-License-Identifier: Apache-2.0
// I-ViT's rows against its formulas in numpy's float32 and int32, and what they lose against the mended ones.
#include <dyad/array/ivit_rows.hpp>

#include <doctest/doctest.h>

#include "support/published_rows.hpp"
#include "support/published_vectors.hpp"
#include "support/tally.hpp"

#include <dyad/number/fixed.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace {

namespace ivit = dyad::ivit;
using dyad::integer;
using dyad::make_vector;
using dyad::status;
using dyad_test::numbers;
using dyad_test::published_rows;
using dyad_test::result_hash;
using dyad_test::view_of;
using ivit::arithmetic;

using code = integer<16>;
using wide = integer<32>;

template <class Row>
std::uint64_t hash_of(const reference::published_case& c, Row run) {
    result_hash hash;
    for (const auto& row : published_rows(static_cast<std::uint64_t>(c.extra), 64, c.n, c.bits)) {
        const auto codes = numbers<code>(row);
        std::vector<integer<48>> out(row.size());
        REQUIRE(run(view_of(codes), view_of(out)) == status::ok);
        for (const auto y : out) hash.take(y.raw());
    }
    return hash.value();
}

TEST_CASE("ivit::softmax: the bits of the published formulas") {
    const auto check = [](const auto& cases, arithmetic mode, int bits) {
        for (const auto& c : cases) {
            const auto p = ivit::softmax_parameters::from(mode, c.scale, bits);
            CAPTURE(c.scale);
            CAPTURE(c.n);
            CAPTURE(bits);
            CHECK(hash_of(c, [&](auto src, auto dst) { return ivit::softmax(src, p, dst); }) == c.hash);
        }
    };
    check(reference::ivit_softmax_16, arithmetic::pytorch, 16);
    check(reference::ivit_softmax_8, arithmetic::pytorch, 8);
    check(reference::ivit_softmax_tvm, arithmetic::tvm, 8);
}

TEST_CASE("ivit::gelu: the bits of the published formulas") {
    const auto check = [](const auto& cases, arithmetic mode) {
        for (const auto& c : cases) {
            const auto p = ivit::gelu_parameters::from(mode, c.scale);
            CAPTURE(c.scale);
            CAPTURE(c.n);
            CHECK(hash_of(c, [&](auto src, auto dst) { return ivit::gelu(src, p, dst); }) == c.hash);
        }
    };
    check(reference::ivit_gelu, arithmetic::pytorch);
    check(reference::ivit_gelu_tvm, arithmetic::tvm);
}

TEST_CASE("ivit::layer_norm: the bits of the published formulas") {
    const auto check = [](const auto& cases, arithmetic mode) {
        for (const auto& c : cases) {
            auto bias = dyad_test::published_bias(static_cast<std::uint64_t>(c.extra), c.n, ivit::layer_norm_bias);
            for (auto& b : bias) {  // (the TVM code's are int32)
                if (mode == arithmetic::tvm && std::abs(b) >= std::int64_t{1} << 31) b = 0;
            }
            CAPTURE(c.n);
            CAPTURE(c.bits);
            CHECK(hash_of(c, [&](auto src, auto dst) {
                      return ivit::layer_norm(src, mode, view_of(std::as_const(bias)), dst);
                  }) == c.hash);
        }
    };
    check(reference::ivit_norm, arithmetic::pytorch);
    check(reference::ivit_norm_tvm, arithmetic::tvm);
}

TEST_CASE("ivit::layer_norm: squares beyond 24 digits are rounded one by one") {
    for (const auto& c : reference::ivit_norm_rows) {
        const auto codes = numbers<code>(std::vector<std::int32_t>(c.codes, c.codes + c.n));
        const std::vector<std::int64_t> bias(codes.size());
        std::vector<wide> out(codes.size());
        REQUIRE(ivit::layer_norm(view_of(codes), arithmetic::pytorch, view_of(bias), view_of(out)) == status::ok);
        for (std::size_t i = 0; i < out.size(); ++i) CHECK(out[i].raw() == c.results[i]);
    }
}

// --- what is lost ---

struct loss {
    double error = 0;
    double mass = 0;  ///< mean of |1 - sum| of a row
    double mended_error = 0;
    double mended_mass = 0;
};

std::vector<double> exact_softmax(const std::vector<std::int32_t>& row, double scale) {
    const std::int32_t max = *std::max_element(row.begin(), row.end());
    std::vector<double> shares;
    double sum = 0;
    for (const std::int32_t x : row) sum += shares.emplace_back(std::exp(scale * (x - max)));
    for (double& share : shares) share /= sum;
    return shares;
}

loss losses(const std::vector<std::vector<std::int32_t>>& rows, double scale, arithmetic mode, int bits) {
    const auto p = ivit::softmax_parameters::from(mode, static_cast<float>(scale), bits);
    const double unit = std::ldexp(1.0, p.bits - 1);
    loss l;
    for (const auto& row : rows) {
        const auto codes = numbers<code>(row);
        const auto exact = exact_softmax(row, scale);
        std::vector<wide> out(row.size());
        const auto take = [&](double& error, double& mass) {
            double sum = 0;
            for (std::size_t i = 0; i < row.size(); ++i) {
                sum += out[i].raw() / unit;
                error = std::max(error, std::fabs(out[i].raw() / unit - exact[i]));
            }
            mass += std::fabs(1 - sum) / static_cast<double>(rows.size());
        };
        REQUIRE(ivit::softmax(view_of(codes), p, view_of(out)) == status::ok);
        take(l.error, l.mass);
        REQUIRE(ivit::softmax_mended(view_of(codes), dyad::log2_multiplier(scale), static_cast<std::uint32_t>(unit),
                                     view_of(out)) == status::ok);
        take(l.mended_error, l.mended_mass);
    }
    return l;
}

std::vector<std::vector<std::int32_t>> uniform_rows(int rows, int n) {
    std::mt19937_64 random(7);
    std::vector<std::vector<std::int32_t>> all(static_cast<std::size_t>(rows),
                                               std::vector<std::int32_t>(static_cast<std::size_t>(n)));
    for (auto& row : all) {
        for (auto& x : row) x = static_cast<std::int32_t>(random() % 256) - 128;
    }
    return all;
}

TEST_CASE("ivit::softmax: all 8-bit rows of two elements are 6 to 13 units of 1/256 off") {
    std::vector<std::vector<std::int32_t>> rows;
    for (std::int32_t d = 0; d < 256; ++d) rows.push_back({127, 127 - d});
    struct expected {
        double scale;
        double least;
        double most;
    };
    for (const auto& e : {expected{1.0 / 4, .048, .054}, expected{1.0 / 8, .030, .038}, expected{1.0 / 10, .025, .030},
                          expected{1.0 / 16, .020, .024}, expected{1.0 / 64, .020, .024}}) {
        const loss l = losses(rows, e.scale, arithmetic::pytorch, 8);
        const loss t = losses(rows, e.scale, arithmetic::tvm, 8);
        MESSAGE("scale " << e.scale << ": Shiftmax " << l.error << " = " << l.error * 256 << " / 256, tvm " << t.error
                         << ", mended " << l.mended_error);
        CHECK(l.error >= e.least);
        CHECK(l.error <= e.most);
        CHECK(l.mended_error <= 0.5 / 128 + 1e-3);
    }
}

TEST_CASE("ivit::softmax: long rows lose their mass to the floors") {
    const auto short_rows = uniform_rows(100, 197);
    const loss eight = losses(short_rows, 1.0 / 16, arithmetic::pytorch, 8);
    const loss tvm = losses(short_rows, 1.0 / 16, arithmetic::tvm, 8);
    const loss sixteen = losses(short_rows, 1.0 / 16, arithmetic::pytorch, 16);
    const loss longest = losses(uniform_rows(20, 1024), 1.0 / 32, arithmetic::pytorch, 8);
    MESSAGE("197 columns, scale 1/16, 8 bits: mass lost " << eight.mass << ", largest error " << eight.error
                                                          << "; mended " << eight.mended_mass << ", "
                                                          << eight.mended_error << "; tvm " << tvm.mass);
    MESSAGE("197 columns, scale 1/16, 16 bits: mass lost " << sixteen.mass << ", largest error " << sixteen.error
                                                           << "; mended " << sixteen.mended_mass << ", "
                                                           << sixteen.mended_error);
    MESSAGE("1024 columns, scale 1/32, 8 bits: mass lost " << longest.mass << "; mended " << longest.mended_mass);
    CHECK(eight.mass >= .18);
    CHECK(eight.mass <= .26);
    CHECK(eight.mended_mass <= .1);
    CHECK(sixteen.mass <= .006);
    CHECK(sixteen.mended_mass <= .002);
    CHECK(longest.mass >= .80);
}

TEST_CASE("ivit::layer_norm: error of ten steps of Newton and of a rounded mean, and mended") {
    std::mt19937_64 random(11);
    struct expected {
        double deviation;
        double published;
    };
    constexpr int n = 192;
    for (const auto& e : {expected{3, 1.67}, expected{20, .05}, expected{60, .02}, expected{1000, 1e-3}}) {
        std::normal_distribution<double> normal(0, e.deviation);
        double worst = 0;
        double mended = 0;
        for (int r = 0; r < 200; ++r) {
            std::vector<std::int32_t> row;
            for (int i = 0; i < n; ++i) row.push_back(static_cast<std::int32_t>(std::lround(normal(random))));
            const auto codes = numbers<code>(row);
            double sum = 0;
            for (const std::int32_t x : row) sum += x;
            double squares = 0;
            for (const std::int32_t x : row) squares += (x - sum / n) * (x - sum / n);
            const std::vector<std::int64_t> bias(n);
            std::vector<wide> out(n);
            const double unit = std::sqrt(static_cast<double>(n)) / (1 << 30);
            const auto error = [&] {
                double most = 0;
                for (std::size_t i = 0; i < n; ++i) {
                    const double exact = (row[i] - sum / n) / std::sqrt(squares / n);
                    most = std::max(most, std::fabs(out[i].raw() * unit - exact));
                }
                return most;
            };
            REQUIRE(ivit::layer_norm(view_of(codes), arithmetic::pytorch, view_of(bias), view_of(out)) == status::ok);
            worst = std::max(worst, error());
            REQUIRE(ivit::layer_norm_mended(view_of(codes), view_of(bias), view_of(out)) == status::ok);
            mended = std::max(mended, error());
        }
        MESSAGE("deviation of " << e.deviation << " codes: largest error " << worst << ", mended " << mended);
        CHECK(worst <= e.published * 1.3);
        CHECK(worst >= e.published * 0.2);
        CHECK(mended <= 1e-7);
    }
}

double gelu(double x) { return x / 2 * std::erfc(-x / std::sqrt(2.0)); }

TEST_CASE("ivit::gelu: a row of every 8-bit code, by scale; mended") {
    std::vector<std::int32_t> row;
    for (std::int32_t x = -128; x < 128; ++x) row.push_back(x);
    const auto codes = numbers<code>(row);
    const auto error = [&](const std::vector<wide>& out, double unit, double scale) {
        double most = 0;
        for (std::size_t i = 0; i < row.size(); ++i)
            most = std::max(most, std::fabs(out[i].raw() * unit - gelu(row[i] * scale)));
        return most;
    };
    struct expected {
        double scale;
        double least;
        double most;
    };
    for (const auto& e : {expected{4.0 / 127, .2, .33}, expected{8.0 / 127, .2, .33}, expected{10.0 / 127, 4.5, 5}}) {
        std::vector<wide> out(row.size());
        const auto p = ivit::gelu_parameters::from(arithmetic::pytorch, static_cast<float>(e.scale));
        REQUIRE(ivit::gelu(view_of(codes), p, view_of(out)) == status::ok);
        const double worst = error(out, e.scale / 128, e.scale);
        const auto t = ivit::gelu_parameters::from(arithmetic::tvm, static_cast<float>(e.scale));
        REQUIRE(ivit::gelu(view_of(codes), t, view_of(out)) == status::ok);
        const double tvm = error(out, e.scale / 128, e.scale);
        REQUIRE(ivit::gelu_mended(view_of(codes), dyad::log2_multiplier(1.702 * e.scale), 16, view_of(out)) ==
                status::ok);
        const double mended = error(out, e.scale / 65536, e.scale);
        MESSAGE("scale " << e.scale << ": ShiftGELU " << worst << ", tvm " << tvm << ", mended " << mended);
        CHECK(worst >= e.least);
        CHECK(worst <= e.most);
        CHECK(mended <= .0206);
    }
}

// --- the ends, and what is not accepted ---

TEST_CASE("ivit rows: one element, rows without positive codes, sums that wrap") {
    const std::vector<code> one{code::from_raw(-5)};
    std::vector<wide> out(1);
    // 2^31 - 1 is 2^31 in float32: the share of one element is the unit itself, 2^(bits-1); TVM's integers give 127.
    REQUIRE(ivit::softmax(view_of(one), ivit::softmax_parameters::from(arithmetic::pytorch, 0.0625f, 8),
                          view_of(out)) == status::ok);
    CHECK(out[0].raw() == 128);
    REQUIRE(ivit::softmax(view_of(one), ivit::softmax_parameters::from(arithmetic::tvm, 0.0625f), view_of(out)) ==
            status::ok);
    CHECK(out[0].raw() == 127);
    std::vector<integer<8>> narrow(1);
    REQUIRE(ivit::softmax(view_of(one), ivit::softmax_parameters::from(arithmetic::pytorch, 0.0625f, 8),
                          view_of(narrow)) == status::ok);
    CHECK(narrow[0].raw() == 127);
    // x0 = -1025, E = 1025 * 2^16 each: 64 of them add up to 2^32 + 2^22, which an int32 holds as 2^22.
    const std::vector<code> equal(64, code::from_raw(3));
    std::vector<wide> shares(64);
    REQUIRE(ivit::softmax(view_of(equal), ivit::softmax_parameters::from(arithmetic::tvm, 0x1p-10f), view_of(shares)) ==
            status::ok);
    CHECK(shares[0].raw() == static_cast<std::int8_t>(static_cast<std::int32_t>(511u * (1025u << 16)) >> 24));
    // A row without positive codes: exp(-max) = e^8 leaves 31 bits. PyTorch's sum stops at 2^31, which leaves a sigmoid
    // of 5 / 128 instead of 1e-6; TVM's shift by more than 31 leaves 0, and so a sigmoid of almost 1.
    const std::vector<code> negative(3, code::from_raw(-128));
    std::vector<wide> gelus(3);
    REQUIRE(ivit::gelu(view_of(negative), ivit::gelu_parameters::from(arithmetic::pytorch, 0.0625f), view_of(gelus)) ==
            status::ok);
    CHECK(gelus[0].raw() == -128 * 5);
    REQUIRE(ivit::gelu(view_of(negative), ivit::gelu_parameters::from(arithmetic::tvm, 0.0625f), view_of(gelus)) ==
            status::ok);
    CHECK(gelus[0].raw() == -128 * 125);
    std::vector<code> in_place(4, code::from_raw(100));
    REQUIRE(ivit::softmax(view_of(std::as_const(in_place)),
                          ivit::softmax_parameters::from(arithmetic::pytorch, 0.0625f, 8),
                          view_of(in_place)) == status::ok);
    for (const code y : in_place) CHECK(y.raw() == 32);
}

TEST_CASE("ivit rows: what is not accepted is said before anything is written") {
    const auto p = ivit::softmax_parameters::from(arithmetic::pytorch, 0.0625f, 8);
    const std::vector<code> row(4, code::from_raw(1));
    const std::vector<std::int64_t> bias(4);
    std::vector<wide> out(4, wide::from_raw(77));
    std::vector<wide> longer(5);
    const dyad::vector_view<const code> null{nullptr, {4}, {1}};
    CHECK(ivit::softmax(view_of(row), p, view_of(longer)) == status::extents_differ);
    CHECK(ivit::softmax(null, p, view_of(out)) == status::src_null);
    CHECK(ivit::softmax(view_of(row), p, dyad::vector_view<wide>{nullptr, {4}, {1}}) == status::dst_null);
    CHECK(ivit::gelu(null, {}, view_of(out)) == status::src_null);
    CHECK(ivit::softmax_mended(null, {1, 0}, 255, view_of(out)) == status::src_null);
    std::vector<code> shared(5, code::from_raw(9));
    CHECK(ivit::softmax(make_vector<const code>(shared.data(), 4), p, make_vector(shared.data() + 1, 4)) ==
          status::dst_overlaps_src);
    for (const float scale : {0.0f, -1.0f, 0x1p-20f, std::nanf(""), INFINITY}) {
        for (const auto mode : {arithmetic::pytorch, arithmetic::tvm}) {
            CHECK(ivit::softmax(view_of(row), ivit::softmax_parameters::from(mode, scale), view_of(out)) ==
                  status::parameters_not_usable);
            CHECK(ivit::gelu(view_of(row), ivit::gelu_parameters::from(mode, scale), view_of(out)) ==
                  status::parameters_not_usable);
        }
    }
    CHECK(ivit::softmax(view_of(row), ivit::softmax_parameters::from(arithmetic::pytorch, 0.1f, 25), view_of(out)) ==
          status::parameters_not_usable);
    CHECK(ivit::gelu_mended(view_of(row), {1, 0}, 31, view_of(out)) == status::parameters_not_usable);
    CHECK(ivit::layer_norm(view_of(row), arithmetic::pytorch, make_vector(bias.data(), 3), view_of(out)) ==
          status::extents_differ);
    CHECK(ivit::layer_norm(view_of(row), arithmetic::tvm, dyad::vector_view<const std::int64_t>{nullptr, {4}, {1}},
                           view_of(out)) == status::parameter_missing);
    CHECK(ivit::layer_norm_mended(view_of(row), make_vector(bias.data(), 3), view_of(out)) == status::extents_differ);
    for (const wide y : out) CHECK(y.raw() == 77);
    std::vector<code> none;
    CHECK(ivit::softmax(view_of(std::as_const(none)), p, view_of(none)) == status::ok);
    CHECK(ivit::layer_norm_mended(view_of(std::as_const(none)), dyad::vector_view<const std::int64_t>{},
                                  view_of(none)) == status::ok);
}

}  // namespace
