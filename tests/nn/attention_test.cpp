// SPDX-License-Identifier: Apache-2.0
// attention alone: against softmax(q k^T / sqrt(d)) v in double, tensor by tensor.
#include <dyad/nn/attention.hpp>

#include <doctest/doctest.h>

#include "nn/reference_layers.hpp"

#include <array>
#include <cmath>
#include <string>
#include <vector>

namespace dyad_test {
namespace {

using dyad::nn::layer_status;
using dyad::nn::path;

constexpr index tokens = 10;
constexpr index width = 24;
constexpr index heads = 3;

template <class R>
using input_of = dyad::nn::produced<R, typename R::operand>;

template <class R>
with_memory<dyad::nn::attention<R>> attention_of(index t, index w, index h) {
    return shaped<dyad::nn::attention<R>>([=](auto& layer, dyad::arena& a) { return layer.shape(a, t, w, h); });
}
/// layer.run on produced codes.
template <class R>
auto runner_of(const dyad::nn::attention<R>& layer) {
    return [&layer](auto x, auto y, const auto& context) {
        dyad::nn::tensor_of<R, typename R::operand> t;
        const status s = dyad::nn::as_operand<R, typename R::operand>(x, t, 1000, context);
        return s == status::ok ? layer.run(t, y, context) : layer_status(s);
    };
}

/// Those that differ in what attention does: without and with scales, integer-only, scales at run time.
/// (transformer_test has the others.)
template <class Function>
void for_some_recipes(Function&& f) {
    f.template operator()<in_float32>();
    f.template operator()<in_float8>();
    f.template operator()<in_int8>();
    f.template operator()<in_dynamic16>();
}

/// A layer of R with its input and the reference's output and edges.
template <class R>
struct example {
    parameters source;
    std::vector<input_of<R>> in;
    double in_scale = 0;
    dyad::nn::affine out_scale;
    reference_model<R> reference{source, {}};
    real_matrix expected;
    with_memory<dyad::nn::attention<R>> held = attention_of<R>(tokens, width, heads);

    example() {
        add_attention(source, "attn", width, 21);
        const real_matrix x = random_matrix(tokens, width, 2, 22);
        in_scale = R::scaling::template scale<input_of<R>>(x.absmax());
        in = encode<input_of<R>>(x, in_scale);
        expected = reference.attention(decode(in, tokens, width, in_scale), heads, "attn", "here");
        calibrate(source, reference);
        REQUIRE(held.layer.prepare(source, path("attn"), path("here"), in_scale, out_scale) == status::ok);
    }
};

TEST_CASE("attention: against double") {
    constexpr error_bounds bounds{
        .float32_ulps = 3, .bfloat16 = 49, .float8 = 27, .int8 = 38, .int8_float = 38, .dynamic16 = 79};
    for_some_recipes([&]<class R>() {
        INFO(R::name());
        const example<R> e;
        const auto out = run_checked<typename R::stream>(e.in, tokens, width, tokens, width, runner_of(e.held.layer));
        check_error<R>("attention", e.expected, decode(out, tokens, width, e.out_scale.scale), bounds);
    });
}

TEST_CASE("attention: probes see every tensor once, in order, and the same bits as without them") {
    constexpr error_bounds worst_edge{
        .float32_ulps = 4, .bfloat16 = 48, .float8 = 24, .int8 = 35, .int8_float = 35, .dynamic16 = 78};
    for_some_recipes([&]<class R>() {
        INFO(R::name());
        using stream = typename R::stream;
        example<R> e;
        const auto run = runner_of(e.held.layer);
        const auto silent = run_checked<stream>(e.in, tokens, width, tokens, width, run);
        std::vector<stream> out(silent.size());
        recorder seen;
        REQUIRE(run_in(
                    std::size_t{1} << 20,
                    [&](const auto& context) {
                        return run(dyad::make_matrix(e.in.data(), tokens, width),
                                   dyad::make_matrix(out.data(), tokens, width), context);
                    },
                    one_after_another, seen) == status::ok);
        CHECK(equal_bits(out, silent));
        const std::vector<std::string> order{"here.q",       "here.k",       "here.v",   "here.scores",
                                             "here.softmax", "here.context", "here.proj"};
        CHECK(e.source.edges == order);
        REQUIRE(seen.seen.size() == order.size() + 1);  // the input was shown as edge 1000
        CHECK(seen.seen.back().codes.values == decode(out, tokens, width, 1).values);
        worst_tensor worst;
        for (std::size_t i = 0; i < order.size(); ++i) {
            CAPTURE(order[i]);
            const recorder::tensor& t = seen.seen[i + 1];
            CHECK(t.edge == static_cast<int>(i));
            const real_matrix& expected = e.reference.edges.at(order[i]);
            real_matrix got = t.codes;
            for (double& v : got.values) v *= e.source.scales[i];
            REQUIRE(got.rows == expected.rows);
            REQUIRE(got.columns == expected.columns);
            worst.add<R>(order[i], expected, got);
        }
        worst.check<R>("worst edge of attention", worst_edge);
    });
}

TEST_CASE("attention: a softmax ends at 1, whatever calibration saw") {
    example<in_int8> e;
    e.source.set_range("here.softmax", 0.25);
    dyad::nn::affine out_scale;
    REQUIRE(e.held.layer.prepare(e.source, path("attn"), path("here"), e.in_scale, out_scale) == status::ok);
    CHECK(e.source.scales[4] == 1 / 255.0);
    CHECK(e.source.scales[11] == 1 / 255.0);
    CHECK(out_scale.scale == e.out_scale);
}

TEST_CASE("attention: one token attends to itself; heads of one channel; no tokens") {
    for_some_recipes([]<class R>() {
        INFO(R::name());
        for (const auto& shape : {std::array<index, 3>{1, 8, 2}, {5, 6, 6}, {4, 6, 1}, {0, 4, 2}}) {
            const index t = shape[0];
            const index w = shape[1];
            const index h = shape[2];
            CAPTURE(t);
            CAPTURE(h);
            parameters source;
            add_attention(source, "a", w, 5);
            reference_model<R> reference{source, {}};
            const double in_scale = R::scaling::template scale<input_of<R>>(1);
            const auto in = encode<input_of<R>>(random_matrix(t, w, 1, 6), in_scale);
            const real_matrix expected = reference.attention(decode(in, t, w, in_scale), h, "a", "e");
            calibrate(source, reference);
            const auto held = [&] {
                auto made = attention_of<R>(t, w, h);
                dyad::nn::affine out_scale;
                REQUIRE(made.layer.prepare(source, path("a"), path("e"), in_scale, out_scale) == status::ok);
                return made;
            }();
            const auto out = run_checked<typename R::stream>(in, t, w, t, w, runner_of(held.layer));
            if (t > 0) CHECK(sqnr(expected, decode(out, t, w, source.scales.back())) > 15);
        }
    });
}

TEST_CASE("attention: all inputs zero, all weights zero") {
    for_some_recipes([]<class R>() {
        INFO(R::name());
        parameters source;
        source.add("a.qkv.weight", constant_matrix(3 * width, width, 0));
        source.add("a.qkv.bias", constant_matrix(1, 3 * width, 0));
        source.add("a.proj.weight", constant_matrix(width, width, 0));
        source.add("a.proj.bias", constant_matrix(1, width, 0));
        for (const char* const edge : {"e.q", "e.k", "e.v", "e.scores", "e.context", "e.proj"})
            source.set_range(edge, 0);
        auto held = attention_of<R>(tokens, width, heads);
        dyad::nn::affine out_scale;
        REQUIRE(held.layer.prepare(source, path("a"), path("e"), 1, out_scale) == status::ok);
        const auto in = encode<input_of<R>>(constant_matrix(tokens, width, 0), 1);
        const auto out = run_checked<typename R::stream>(in, tokens, width, tokens, width, runner_of(held.layer));
        for (const double y : decode(out, tokens, width, out_scale.scale).values) CHECK(y == 0);
    });
}

TEST_CASE("attention: heads must divide the width") {
    dyad::nn::attention<in_int8> layer;
    const auto shape = [&](index w, index h) {
        dyad::arena arena = dyad::arena::measuring();
        return layer.shape(arena, tokens, w, h);
    };
    for (const index h : {5, 7, 16, 48, 0, -1, -8}) CHECK(shape(24, h) == status::heads_do_not_divide_width);
    for (const index h : {1, 2, 3, 4, 6, 8, 12, 24}) CHECK(shape(24, h) == status::ok);
    dyad::arena arena = dyad::arena::measuring();
    CHECK(layer.shape(arena, tokens, -24, 4) == status::negative_extent);
}

TEST_CASE("attention: what is missing is told, and another number of tokens") {
    example<in_int8> e;
    dyad::nn::affine out_scale;
    for (const std::string& name : e.source.names()) {
        CAPTURE(name);
        const real_matrix kept = e.source.get(name);
        e.source.remove(name);
        CHECK(e.held.layer.prepare(e.source, path("attn"), path("here"), e.in_scale, out_scale) ==
              status::parameter_missing);
        e.source.add(name, real_matrix(kept.rows, kept.columns + 1));
        CHECK(e.held.layer.prepare(e.source, path("attn"), path("here"), e.in_scale, out_scale) ==
              status::parameter_shape_differs);
        e.source.add(name, kept);
    }
    CHECK(e.held.layer.prepare(e.source, path("attn"), path("here"), 0, out_scale) == status::scale_not_positive);
    REQUIRE(e.held.layer.prepare(e.source, path("attn"), path("here"), e.in_scale, out_scale) == status::ok);
    std::vector<dyad::integer<16>> out(static_cast<std::size_t>(tokens * width));
    const auto run = runner_of(e.held.layer);
    const auto told = [&](index in_rows, index in_columns, index rows, index columns) {
        return run_in(std::size_t{1} << 16, [&](const auto& context) {
            return run(dyad::make_matrix<const dyad::integer<8>>(e.in.data(), in_rows, in_columns),
                       dyad::make_matrix(out.data(), rows, columns), context);
        });
    };
    CHECK(told(tokens, width, tokens, width) == status::ok);
    CHECK(told(tokens - 1, width, tokens, width) == status::dst_rows_differ);
    CHECK(told(tokens, width - 1, tokens, width) == status::lhs_columns_differ);
    CHECK(told(tokens, width, tokens - 1, width) == status::dst_rows_differ);
    CHECK(told(tokens, width, tokens, width - 1) == status::dst_columns_differ);
}

}  // namespace
}  // namespace dyad_test
