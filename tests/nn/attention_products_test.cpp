// SPDX-License-Identifier: Apache-2.0
// attention whose products have a recipe of their own: L-Mul between exact linears, and 8-bit products between floats;
// batches of heads and head by head give the same bits.
#include <dyad/nn/attention_products.hpp>

#include <doctest/doctest.h>

#include <dyad/nn/attention.hpp>
#include <dyad/nn/token_scaling.hpp>
#include <dyad/number/lmul.hpp>
#include <dyad/number/named_formats.hpp>

#include "nn/reference_attention.hpp"

#include <cmath>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

namespace dyad_test {
namespace {

using dyad::attention_mask;
using dyad::product_rule;
using dyad::nn::affine;
using dyad::nn::path;

constexpr index tokens = 11;
constexpr index width = 16;

/// L-Mul on 8-bit floats in attention's products, everything else in float32.
struct lmul_products
    : float_between<dyad::float8_e4m3fn, dyad::float8_e4m3fn, dyad::float_ordered, dyad::nn::real_scaling> {
    static constexpr auto product = product_rule::lmul;
};
struct exact_products
    : float_between<dyad::float8_e4m3fn, dyad::float8_e4m3fn, dyad::float_ordered, dyad::nn::real_scaling> {};
/// 8-bit integers with a scale for each token.
struct token_products
    : float_between<dyad::integer<8>, dyad::uinteger<8>, dyad::proven<std::int32_t>, dyad::nn::token_scaling<>> {};
template <class Products>
struct float_with : unscaled<float> {
    using scaling = dyad::nn::real_scaling;
    template <dyad::nn::part P>
    using part = std::conditional_t<P == dyad::nn::part::attention_products, Products,
                                    float_between<float, float, dyad::float_ordered, dyad::nn::real_scaling>>;
};

const attention_geometry geometry{
    .tokens = tokens, .width = width, .heads = 4, .key_heads = 2, .mask = attention_mask::causal};

/// A probe that only asks for sums: products then go head by head.
struct sums_only {
    std::vector<dyad::nn::sum_report> reports;
    template <class T, class Token>
    void operator()(int, matrix_view<const T>, Token) const noexcept {}
    void sums(const dyad::nn::sum_report& r) { reports.push_back(r); }
};

template <class R>
struct example {
    parameters source;
    std::vector<float> in;
    attention_edges expected;
    affine out_scale;
    with_memory<dyad::nn::attention<R>> held;

    example() {
        const attention_geometry g = completed(geometry);
        add_attention(source, "a", g, 61);
        const real_matrix x = random_matrix(tokens, width, 2, 62);
        in = encode<float>(x, 1);
        expected = reference_attention(source, "a", x, g);
        calibrate(source, "e", expected);
        held = shaped<dyad::nn::attention<R>>([&](auto& l, dyad::arena& a) { return status(l.shape(a, geometry)); });
        REQUIRE(held.layer.prepare(source, path("a"), path("e"), 1, out_scale) == status::ok);
    }
    [[nodiscard]] auto runner() const {
        return [this](auto x, auto y, const auto& context) {
            return status(held.layer.run({dyad::as_const(x), {}}, y, context));
        };
    }
    [[nodiscard]] std::vector<float> checked() const {
        return run_checked<float>(in, tokens, width, tokens, width, runner());
    }
    template <class Probe>
    [[nodiscard]] std::vector<float> seen_by(Probe& probe) const {
        std::vector<float> out(in.size());
        REQUIRE(run_in(
                    std::size_t{1} << 20,
                    [&](const auto& context) {
                        return runner()(dyad::make_matrix(in.data(), tokens, width),
                                        dyad::make_matrix(out.data(), tokens, width), context);
                    },
                    one_after_another, probe) == status::ok);
        return out;
    }
};

TEST_CASE("attention: L-Mul in the products only") {
    const example<float_with<lmul_products>> e;
    recorder seen;
    const auto out = e.checked();
    CHECK(equal_bits(e.seen_by(seen), out));
    std::map<std::string, real_matrix> codes;
    for (const recorder::tensor& t : seen.seen) codes[e.source.edges[static_cast<std::size_t>(t.edge)]] = t.codes;
    const auto scale = [&](const std::string& edge) {
        for (std::size_t i = 0; i < e.source.edges.size(); ++i) {
            if (e.source.edges[i] == edge) return e.source.scales[i];
        }
        return 0.0;
    };
    // The linears are exact: q, k and v are the reference's, rounded to their format.
    using T = dyad::float8_e4m3fn;
    for (const char* const name : {"q", "k", "v"}) {
        const real_matrix& exact = e.expected.at(name);
        const real_matrix& got = codes.at(std::string("e.") + name);
        const double s = scale(std::string("e.") + name);
        index other = 0;
        for (std::size_t i = 0; i < exact.values.size(); ++i) {
            const auto rounded =
                dyad::convert<T>(exact.values[i] / s, dyad::rounding::nearest_even, dyad::saturation::finite);
            other += dyad::convert<double>(rounded) != got.values[i] ? 1 : 0;
        }
        CHECK(other <= 1);  // float sums are off by some units of 2^-24: one may lie at a midpoint
    }
    // A score is a sum of L-Mul products, in float, from the first channel to the last.
    const real_matrix& q = codes.at("e.q");
    const real_matrix& k = codes.at("e.k");
    const real_matrix& scores = codes.at("e.scores");
    const auto factor = static_cast<float>(scale("e.q") * scale("e.k") / 2);
    double worst = 0;
    for (index r = 0; r < 4 * tokens; ++r) {
        for (index j = 0; j <= r % tokens; ++j) {
            double sum = 0;
            for (index c = 0; c < 4; ++c) {
                const T a = dyad::convert<T>(q(r % tokens, r / tokens * 4 + c));
                const T b = dyad::convert<T>(k(j, r / tokens / 2 * 4 + c));
                sum +=
                    dyad::pack_as<double>(dyad::lmul_exact(a, b), dyad::rounding::nearest_even, dyad::saturation::none);
            }
            const double error = std::fabs(scores(r, j) - sum * static_cast<double>(factor));
            worst = error > worst ? error : worst;
        }
    }
    MESSAGE("scores of L-Mul: off by " << worst);
    CHECK(worst <= 2e-7);
    const double decibels = sqnr(e.expected.at("proj"), decode(out, tokens, width, 1));
    MESSAGE("L-Mul in attention only: " << decibels << " dB");
    CHECK(decibels >= 21);
    CHECK(decibels < 24);
}

TEST_CASE("attention: head by head gives the bits of batches, and reports each product's sums") {
    const example<float_with<exact_products>> e;
    sums_only watcher;
    CHECK(equal_bits(e.seen_by(watcher), e.checked()));
    CHECK(watcher.reports.size() == 1 + 2 * 4 + 1);
    for (std::size_t h = 0; h < 4; ++h) {
        CHECK(watcher.reports[1 + h].k == 4);
        CHECK(watcher.reports[5 + h].k == tokens);
    }
    CHECK(sqnr(e.expected.at("proj"), decode(e.checked(), tokens, width, 1)) >= 24);
}

TEST_CASE("attention: operands with a scale for each token, between floats") {
    const example<float_with<token_products>> e;
    const double decibels = sqnr(e.expected.at("proj"), decode(e.checked(), tokens, width, 1));
    MESSAGE("8-bit integers with a scale for each token: " << decibels << " dB");
    CHECK(decibels >= 47);
    CHECK(decibels < 50);
}

/// Linears whose columns share one factor cannot make numbers with scales.
template <class Products>
struct unit_with : unscaled<float> {
    template <dyad::nn::part P>
    using part = std::conditional_t<P == dyad::nn::part::attention_products, Products, in_float32>;
};
TEST_CASE("attention: linears without scales cannot make numbers with scales") {
    dyad::nn::attention<unit_with<exact_products>> layer;
    const example<float_with<exact_products>> e;
    parameters source = e.source;
    std::vector<std::byte> memory(std::size_t{1} << 16);
    dyad::arena arena(memory);
    REQUIRE(layer.shape(arena, geometry) == status::ok);
    affine out;
    CHECK(layer.prepare(source, path("a"), path("e"), 1, out) ==
          dyad::nn::layer_status(status::scale_unsupported, dyad::nn::layer_kind::attention,
                                 dyad::nn::operand_kind::output_scale));
}

}  // namespace
}  // namespace dyad_test
