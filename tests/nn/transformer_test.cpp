// SPDX-License-Identifier: Apache-2.0
// mlp, residual_branch and transformer_block: against double, tensor by tensor; in place; with what may be wrong.
#include <dyad/nn/transformer.hpp>

#include <doctest/doctest.h>

#include "nn/reference_layers.hpp"

#include <array>
#include <cmath>
#include <string>
#include <vector>

namespace dyad_test {
namespace {

using dyad::nn::path;

constexpr index tokens = 9;
constexpr index width = 16;
constexpr index heads = 2;
constexpr index hidden = 40;
constexpr double epsilon = 1e-5;

template <class R>
using input_of = dyad::nn::produced<R, typename R::operand>;

TEST_CASE("mlp: two linears and the activation between them, against double") {
    constexpr error_bounds bounds{
        .float32_ulps = 2, .bfloat16 = 48, .float8 = 27, .int8 = 33, .int8_float = 33, .dynamic16 = 80};
    for_each_recipe([&]<class R>() {
        INFO(R::name());
        using layer_type = dyad::nn::mlp<R>;
        auto held = shaped<layer_type>([](auto& layer, dyad::arena& a) { return layer.shape(a, width, hidden); });
        parameters source;
        add_mlp(source, "mlp", width, hidden, 31);
        const real_matrix x = random_matrix(tokens, width, 2, 32);
        const double in_scale = R::scaling::template scale<input_of<R>>(x.absmax());
        const auto in = encode<input_of<R>>(x, in_scale);
        reference_model<R> reference{source, {}};
        const real_matrix expected = reference.mlp(decode(in, tokens, width, in_scale), "mlp", "b");
        calibrate(source, reference);
        dyad::nn::affine out_scale;
        REQUIRE(held.layer.prepare(source, path("mlp"), path("b"), in_scale, out_scale) == status::ok);
        CHECK(source.edges == std::vector<std::string>{"b.fc1", "b.gelu", "b.fc2"});
        CHECK(source.scales[2] == out_scale.scale);
        const auto run = [&](auto from, auto to, const auto& context) {
            dyad::nn::tensor_of<R, typename R::operand> t;
            const status s = dyad::nn::as_operand<R, typename R::operand>(from, t, 3, context);
            return s == status::ok ? status(held.layer.run(t, to, context)) : s;
        };
        const auto out = run_checked<typename R::stream>(in, tokens, width, tokens, width, run);
        check_error<R>("mlp", expected, decode(out, tokens, width, out_scale.scale), bounds);
    });
}

/// One block of R on a stream, with the reference's result.
template <class R>
struct example {
    using stream = typename R::stream;
    parameters source;
    std::vector<stream> in;
    double in_scale = 0;
    dyad::nn::affine out_scale;
    reference_model<R> reference{source, {}};
    real_matrix expected;
    with_memory<dyad::nn::transformer_block<R>> held = shaped<dyad::nn::transformer_block<R>>(
        [](auto& layer, dyad::arena& a) { return layer.shape(a, tokens, width, heads, hidden); });

    explicit example(double absmax = 2) {
        add_block(source, "blocks.0", width, hidden, 41);
        const real_matrix x = random_matrix(tokens, width, absmax, 42);
        in_scale = R::scaling::template scale<stream>(x.absmax());
        in = encode<stream>(x, in_scale);
        expected = reference.block(decode(in, tokens, width, in_scale), heads, epsilon, "blocks.0", "block.0");
        calibrate(source, reference);
        REQUIRE(prepare() == status::ok);
    }
    status prepare() {
        out_scale = in_scale;
        return held.layer.prepare(source, path("blocks") / 0, path("block") / 0, epsilon, out_scale);
    }
};
/// The block works in place: copies first. Nothing is touched while memory is measured.
template <class R>
auto runner_of(const dyad::nn::transformer_block<R>& layer) {
    return [&layer](auto from, auto to, const auto& context) {
        if (!context.measuring()) {
            for (index i = 0; i < from.extent[0]; ++i) {
                for (index j = 0; j < from.extent[1]; ++j) to(i, j) = from(i, j);
            }
        }
        const std::size_t mark = context.scratch.used();
        const status s = layer.run(to, context);
        if (s == status::ok) CHECK(context.scratch.used() == mark);
        return s;
    };
}
template <class R>
std::vector<typename R::stream> run_block(const example<R>& e) {
    return run_checked<typename R::stream>(e.in, tokens, width, tokens, width, runner_of(e.held.layer));
}

TEST_CASE("transformer_block: against double") {
    constexpr error_bounds bounds{
        .float32_ulps = 4, .bfloat16 = 41, .float8 = 22, .int8 = 33, .int8_float = 32, .dynamic16 = 75};
    for_each_recipe([&]<class R>() {
        INFO(R::name());
        const example<R> e;
        check_error<R>("block", e.expected, decode(run_block(e), tokens, width, e.out_scale.scale), bounds);
    });
}

TEST_CASE("transformer_block: without room for the second half the first one does not run either") {
    constexpr index wide = 1000;
    parameters source;
    add_block(source, "b", width, wide, 43);
    auto held = shaped<dyad::nn::transformer_block<in_int8>>(
        [](auto& layer, dyad::arena& a) { return layer.shape(a, 2, width, heads, wide); });
    std::vector<in_int8::stream> x(2 * width, in_int8::stream::from_raw(9));
    const auto before = x;
    const auto run = [&](const auto& context) {
        return held.layer.run(dyad::make_matrix(x.data(), 2, width), context);
    };
    CHECK(run_in(std::size_t{1} << 20, run) == status::not_prepared);
    dyad::nn::affine scale = 0.1;
    REQUIRE(held.layer.prepare(source, path("b"), path("b"), epsilon, scale) == status::ok);
    const std::size_t need = scratch_needed(run);
    for (std::size_t less = need; less > 0; less -= dyad::arena::alignment) {
        CHECK(run_in(less - 1, run) == status::arena_too_small);
        CHECK(equal_bits(x, before));
    }
    CHECK(run_in(need, run) == status::ok);
    CHECK(!equal_bits(x, before));
}

TEST_CASE("transformer_block: probes see every tensor once, in order, and the same bits as without them") {
    constexpr error_bounds bounds{
        .float32_ulps = 5, .bfloat16 = 39, .float8 = 19, .int8 = 32, .int8_float = 31, .dynamic16 = 74};
    for_each_recipe([&]<class R>() {
        INFO(R::name());
        const example<R> e;
        const auto silent = run_block(e);
        auto x = e.in;
        recorder seen;
        REQUIRE(run_in(
                    std::size_t{1} << 20,
                    [&](const auto& context) {
                        return e.held.layer.run(dyad::make_matrix(x.data(), tokens, width), context);
                    },
                    one_after_another, seen) == status::ok);
        CHECK(equal_bits(x, silent));
        // The order in which they were named is that in which they are prepared; the order of the network is another.
        const std::vector<std::string> order{"ln1",  "q",    "k",   "v",   "scores", "softmax", "context",
                                             "proj", "sum1", "ln2", "fc1", "gelu",   "fc2",     "sum2"};
        REQUIRE(e.source.edges.size() == order.size());
        REQUIRE(seen.seen.size() == order.size());
        CHECK(seen.seen.back().codes.values == decode(x, tokens, width, 1).values);
        worst_tensor worst;
        for (std::size_t i = 0; i < order.size(); ++i) {
            const std::string name = "block.0." + order[i];
            CAPTURE(name);
            CHECK(e.source.edges[i] == name);
            CHECK(seen.seen[i].edge == static_cast<int>(i));
            real_matrix got = seen.seen[i].codes;
            for (double& v : got.values) v *= e.source.scales[i];
            worst.add<R>(name, e.reference.edges.at(name), got);
        }
        worst.check<R>("worst edge of the block", bounds);
        CHECK(e.source.scales.back() == e.out_scale);
    });
}

TEST_CASE("transformer_block: a stream of zeros, and gains of zero, leave what the biases make of them") {
    for_each_recipe([]<class R>() {
        INFO(R::name());
        example<R> e(0);
        for (const typename R::stream x : e.in) CHECK(dyad::convert<double>(x) == 0);
        CHECK(e.in_scale == 1);
        const double of_zeros = sqnr(e.expected, decode(run_block(e), tokens, width, e.out_scale.scale));
        CHECK(of_zeros > 15);
        for (const char* const norm : {"blocks.0.ln1.weight", "blocks.0.ln2.weight"}) {
            e.source.add(norm, constant_matrix(1, width, 0));
        }
        e.expected = e.reference.block(real_matrix(tokens, width), heads, epsilon, "blocks.0", "block.0");
        calibrate(e.source, e.reference);
        REQUIRE(e.prepare() == status::ok);
        const real_matrix got = decode(run_block(e), tokens, width, e.out_scale.scale);
        CHECK(sqnr(e.expected, got) > 15);
        for (index i = 1; i < tokens; ++i) {
            for (index j = 0; j < width; ++j) CHECK(got(i, j) == got(0, j));
        }
    });
}

TEST_CASE("transformer_block: every parameter that is missing or misshapen is told") {
    for_each_recipe([]<class R>() {
        INFO(R::name());
        example<R> e;
        CHECK(e.source.names().size() == 12);
        for (const std::string& name : e.source.names()) {
            CAPTURE(name);
            const real_matrix kept = e.source.get(name);
            e.source.remove(name);
            CHECK(e.prepare() == status::parameter_missing);
            e.source.add(name, real_matrix(kept.rows, kept.columns + 1));
            CHECK(e.prepare() == status::parameter_shape_differs);
            e.source.add(name, kept);
        }
        CHECK(e.prepare() == status::ok);
    });
}

TEST_CASE("transformer_block: a bias that is too large is told through all layers") {
    for (const char* const name :
         {"blocks.0.attn.qkv.bias", "blocks.0.attn.proj.bias", "blocks.0.mlp.fc1.bias", "blocks.0.mlp.fc2.bias"}) {
        CAPTURE(name);
        example<in_int8> e;
        real_matrix b = e.source.get(name);
        b.values.back() = 1e9;
        e.source.add(name, b);
        CHECK(e.prepare() == status::bias_exceeds_accumulator);
    }
}

TEST_CASE("transformer_block: shapes that do not fit are told") {
    dyad::nn::transformer_block<in_int8> layer;
    const auto shape = [&](index t, index w, index h, index d) {
        dyad::arena arena = dyad::arena::measuring();
        return layer.shape(arena, t, w, h, d);
    };
    CHECK(shape(tokens, width, heads, hidden) == status::ok);
    CHECK(shape(tokens, width, 3, hidden) == status::heads_do_not_divide_width);
    CHECK(shape(tokens, -width, heads, hidden) == status::negative_extent);
    CHECK(shape(tokens, width, heads, -1) == status::negative_extent);

    const example<in_float32> e;
    std::vector<float> x(static_cast<std::size_t>(4 * tokens * width), 1.0F);
    const auto told = [&](index rows, index columns) {
        return run_in(std::size_t{1} << 18, [&](const auto& context) {
            return e.held.layer.run(dyad::make_matrix(x.data(), rows, columns), context);
        });
    };
    CHECK(told(tokens, width) == status::ok);
    CHECK(told(tokens, width + 1) == status::extents_differ);
    CHECK(told(tokens, width - 1) == status::extents_differ);
    CHECK(told(tokens + 1, width) != status::ok);
    CHECK(told(tokens - 1, width) == status::ok);
}

TEST_CASE("residual_branch: any layer can be the inner one") {
    // x + mlp(layer_norm(x)) alone.
    for_each_recipe([]<class R>() {
        INFO(R::name());
        using stream = typename R::stream;
        using layer_type = dyad::nn::residual_branch<R, dyad::nn::mlp<R>>;
        auto held = shaped<layer_type>([](auto& layer, dyad::arena& a) {
            const status s = layer.shape(a, width);
            return s == status::ok ? status(layer.inner().shape(a, width, hidden)) : s;
        });
        parameters source;
        add_norm(source, "n", width, 51);
        add_mlp(source, "m", width, hidden, 52);
        const real_matrix x = random_matrix(tokens, width, 2, 53);
        dyad::nn::affine scale = R::scaling::template scale<stream>(x.absmax());
        auto codes = encode<stream>(x, scale.scale);
        const real_matrix in = decode(codes, tokens, width, scale.scale);
        reference_model<R> reference{source, {}};
        const real_matrix normalized = reference.edges["norm"] = reference.layer_norm(in, "n", epsilon);
        const real_matrix expected = reference.edges["sum"] = sum_of(in, reference.mlp(normalized, "m", "inner"));
        calibrate(source, reference);
        REQUIRE(held.layer.prepare(source, path("n"), path("m"), path("inner"), path("norm"), path("sum"), epsilon,
                                   scale) == status::ok);
        CHECK(run_in(std::size_t{1} << 18, [&](const auto& context) {
                  return held.layer.run(dyad::make_matrix(codes.data(), tokens, width), context);
              }) == status::ok);
        CHECK(sqnr(expected, decode(codes, tokens, width, scale.scale)) > 25);
    });
}

}  // namespace
}  // namespace dyad_test
