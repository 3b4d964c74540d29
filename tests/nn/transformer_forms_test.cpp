// SPDX-License-Identifier: Apache-2.0
// transformer_block in its other forms, against double: post-norm, and RMS norms with grouped queries, a causal mask
// and a gated MLP. (transformer_test has the pre-norm form.)
#include <dyad/nn/transformer.hpp>

#include <doctest/doctest.h>

#include "nn/reference_layers.hpp"

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace dyad_test {
namespace {

using dyad::make_matrix;
using dyad::norm_kind;
using dyad::nn::affine;
using dyad::nn::layer_kind;
using dyad::nn::layer_status;
using dyad::nn::norm_placement;
using dyad::nn::operand_kind;
using dyad::nn::path;

constexpr index tokens = 9;
constexpr index width = 16;
constexpr index heads = 4;
constexpr index key_heads = 2;
constexpr index head_width = 4;
constexpr index hidden = 24;
constexpr double epsilon = 1e-5;

template <class R, class Block, class... More>
std::vector<typename R::stream> run_block(const Block& block, const std::vector<typename R::stream>& in,
                                          const More&... more) {
    return run_checked<typename R::stream>(in, tokens, width, tokens, width,
                                           [&](auto from, auto to, const auto& context) -> status {
                                               if (!context.measuring()) {
                                                   for (index i = 0; i < from.extent[0]; ++i) {
                                                       for (index j = 0; j < from.extent[1]; ++j) to(i, j) = from(i, j);
                                                   }
                                               }
                                               const std::size_t mark = context.scratch.used();
                                               const layer_status s = block.run(to, context, more...);
                                               CHECK(context.scratch.used() == mark);
                                               return s;
                                           });
}

TEST_CASE("transformer_block, post-norm: against double; edges in network order") {
    const auto check = [](auto r, double decibels) {
        using R = decltype(r);
        INFO(R::name());
        using stream = typename R::stream;
        using block_type = dyad::nn::transformer_block<R, norm_placement::after>;
        auto held = shaped<block_type>(
            [](auto& layer, dyad::arena& a) { return layer.shape(a, tokens, width, heads, hidden); });
        parameters source;
        add_block(source, "b", width, hidden, 41);
        const real_matrix values = random_matrix(tokens, width, 2, 42);
        affine scale = R::scaling::template scale<stream>(values.absmax());
        const auto in = encode<stream>(values, scale.scale);
        reference_model<R> m{source, {}};
        const real_matrix x = m.edges["l.ln1.in"] = decode(in, tokens, width, scale.scale);
        const real_matrix first = m.edges["l.sum1"] = sum_of(x, m.attention(x, heads, "b.attn", "l"));
        const real_matrix between = m.edges["l.ln1"] = m.layer_norm(first, "b.ln1", epsilon);
        m.edges["l.ln2.in"] = between;
        const real_matrix second = m.edges["l.sum2"] = sum_of(between, m.mlp(between, "b.mlp", "l"));
        const real_matrix expected = m.edges["l.ln2"] = m.layer_norm(second, "b.ln2", epsilon);
        calibrate(source, m);
        REQUIRE(held.layer.prepare(source, path("b"), path("l"), epsilon, scale) == status::ok);
        const std::vector<std::string> order{"ln1.in", "q",   "k",      "v",   "scores", "softmax", "context", "proj",
                                             "sum1",   "ln1", "ln2.in", "fc1", "gelu",   "fc2",     "sum2",    "ln2"};
        REQUIRE(source.edges.size() == order.size());
        for (std::size_t i = 0; i < order.size(); ++i) CHECK(source.edges[i] == "l." + order[i]);
        const auto out = run_block<R>(held.layer, in);
        const double got = sqnr(expected, decode(out, tokens, width, scale.scale));
        MESSAGE(R::name() << ", post-norm: " << got << " dB");
        CHECK(got >= decibels);
        CHECK(got < decibels + 4);
    };
    check(in_float32{}, 133);
    check(in_int8{}, 35);
}

TEST_CASE("transformer_block: RMS norms, grouped queries, a causal mask and SwiGLU, against double") {
    const auto check = [](auto r, double decibels) {
        using R = decltype(r);
        INFO(R::name());
        using stream = typename R::stream;
        using block_type = dyad::nn::transformer_block<R, norm_placement::before, norm_kind::rms,
                                                       dyad::nn::attention<R>, dyad::nn::gated_mlp<R>>;
        const dyad::nn::attention_geometry causal{.tokens = tokens,
                                                  .width = width,
                                                  .heads = heads,
                                                  .key_heads = key_heads,
                                                  .mask = dyad::attention_mask::causal};
        const auto shape = [&](auto& layer, dyad::arena& a) { return layer.shape(a, causal, hidden); };
        auto held = shaped<block_type>(shape);
        parameters source;
        constexpr index columns = (heads + 2 * key_heads) * head_width;
        for (const char* const n : {"b.ln1.weight", "b.ln2.weight"}) {
            real_matrix gain = random_matrix(1, width, 1, 7 + static_cast<std::uint64_t>(n[4]));
            for (double& g : gain.values) g += 1;
            source.add(n, gain);
        }
        add_linear(source, "b.attn.qkv", columns, width, 50);
        add_linear(source, "b.attn.proj", width, width, 52);
        source.add("b.mlp.gate.weight", random_matrix(hidden, width, 2, 60));
        source.add("b.mlp.up.weight", random_matrix(hidden, width, 2, 61));
        source.add("b.mlp.down.weight", random_matrix(width, hidden, 1, 62));
        const real_matrix values = random_matrix(tokens, width, 2, 42);
        affine scale = R::scaling::template scale<stream>(values.absmax());
        const auto in = encode<stream>(values, scale.scale);
        const real_matrix x = decode(in, tokens, width, scale.scale);

        reference_model<R> m{source, {}};
        const auto rms = [&](const real_matrix& v, const std::string& name) {
            real_matrix y = v;
            const real_matrix gain = source.get("b." + name + ".weight");
            for (index i = 0; i < tokens; ++i) {
                double squares = 0;
                for (index j = 0; j < width; ++j) squares += v(i, j) * v(i, j) / static_cast<double>(width);
                for (index j = 0; j < width; ++j) y(i, j) = v(i, j) / std::sqrt(squares + epsilon) * gain(0, j);
            }
            return m.edges["l." + name] = y;
        };
        const real_matrix qkv = m.linear(rms(x, "ln1"), "b.attn.qkv");
        const char* const parts[] = {"q", "k", "v"};
        const index firsts[] = {0, heads * head_width, (heads + key_heads) * head_width, columns};
        for (index p = 0; p < 3; ++p) {
            real_matrix& e = m.edges[std::string("l.") + parts[p]] = real_matrix(tokens, firsts[p + 1] - firsts[p]);
            for (index i = 0; i < tokens; ++i) {
                for (index j = 0; j < e.columns; ++j) e(i, j) = qkv(i, firsts[p] + j);
            }
        }
        real_matrix mixed(tokens, width);
        double most_score = 0;
        for (index h = 0; h < heads; ++h) {
            const index group = h / (heads / key_heads) * head_width;
            for (index i = 0; i < tokens; ++i) {
                std::vector<double> scores;
                for (index j = 0; j < tokens; ++j) {
                    double sum = 0;
                    for (index c = 0; c < head_width; ++c)
                        sum += qkv(i, h * head_width + c) * qkv(j, firsts[1] + group + c) / 2;
                    most_score = std::max(most_score, std::fabs(sum));
                    if (j <= i) scores.push_back(sum);
                }
                const auto shares = softmax_of(scores);
                for (index c = 0; c < head_width; ++c) {
                    for (index j = 0; j <= i; ++j)
                        mixed(i, h * head_width + c) +=
                            shares[static_cast<std::size_t>(j)] * qkv(j, firsts[2] + group + c);
                }
            }
        }
        m.edges["l.context"] = mixed;
        source.set_range("l.scores", most_score);
        const real_matrix between = m.edges["l.sum1"] = sum_of(x, m.edges["l.proj"] = m.linear(mixed, "b.attn.proj"));
        const real_matrix normalized = rms(between, "ln2");
        const auto without_bias = [&](const real_matrix& v, const char* name) {
            const real_matrix w = source.get(std::string("b.mlp.") + name + ".weight");
            return linear_of(v, w, real_matrix(1, w.rows));
        };
        real_matrix product = m.edges["l.gate"] = without_bias(normalized, "gate");
        for (double& v : product.values) v /= 1 + std::exp(-v);
        m.edges["l.silu"] = product;
        const real_matrix up = m.edges["l.up"] = without_bias(normalized, "up");
        for (std::size_t i = 0; i < up.values.size(); ++i) product.values[i] *= up.values[i];
        m.edges["l.product"] = product;
        const real_matrix expected = m.edges["l.sum2"] =
            sum_of(between, m.edges["l.down"] = without_bias(product, "down"));
        calibrate(source, m);

        affine out = scale;
        REQUIRE(held.layer.prepare(source, path("b"), path("l"), epsilon, out) == status::ok);
        const auto y = run_block<R>(held.layer, in);
        const double got = sqnr(expected, decode(y, tokens, width, out.scale));
        MESSAGE(R::name() << ", RMS, grouped, causal, gated: " << got << " dB");
        CHECK(got >= decibels);
        CHECK(got < decibels + 4);

        // The same by a mask of the run's own, which the block hands on.
        auto all = causal;
        all.mask = dyad::attention_mask::none;
        auto other = shaped<block_type>([&](auto& layer, dyad::arena& a) { return layer.shape(a, all, hidden); });
        out = scale;
        REQUIRE(other.layer.prepare(source, path("b"), path("l"), epsilon, out) == status::ok);
        std::vector<std::uint8_t> seen;
        for (index i = 0; i < tokens; ++i) {
            for (index j = 0; j < tokens; ++j) seen.push_back(j <= i ? 1 : 0);
        }
        const dyad::nn::attention_inputs<typename R::value> mask{
            make_matrix<const std::uint8_t>(seen.data(), tokens, tokens), {}};
        CHECK(equal_bits(run_block<R>(other.layer, in, mask), y));

        // What is wrong is told by the layer that finds it.
        source.remove("b.mlp.up.weight");
        out = scale;
        CHECK(held.layer.prepare(source, path("b"), path("l"), epsilon, out) ==
              layer_status(status::parameter_missing, layer_kind::linear, operand_kind::weight));
        source.remove("b.ln1.weight");
        CHECK(held.layer.prepare(source, path("b"), path("l"), epsilon, out) ==
              layer_status(status::parameter_missing, layer_kind::rms_norm, operand_kind::gain));
    };
    check(in_float32{}, 129);
    check(in_int8{}, 26);
}

}  // namespace
}  // namespace dyad_test
