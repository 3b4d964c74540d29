// SPDX-License-Identifier: Apache-2.0
// mlp with other activations, gated_mlp, recode and elementwise_product: against double, and the integer product
// against exact integers.
#include <dyad/nn/mlp.hpp>

#include <doctest/doctest.h>

#include "nn/reference_layers.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace dyad_test {
namespace {

using dyad::integer;
using dyad::make_matrix;
using dyad::scalar_function;
using dyad::nn::affine;
using dyad::nn::layer_kind;
using dyad::nn::layer_status;
using dyad::nn::operand_kind;
using dyad::nn::path;
using dyad::nn::pointwise;
using dyad::nn::straight_function;

constexpr index tokens = 7;
constexpr index width = 12;
constexpr index hidden = 20;

template <class R>
using input_of = dyad::nn::produced<R, typename R::operand>;
template <class R, class Layer>
auto runner_of(const Layer& layer) {
    return [&layer](auto from, auto to, const auto& context) -> status {
        dyad::nn::tensor_of<R, typename R::operand> t;
        const status s = dyad::nn::as_operand<R, typename R::operand>(from, t, 3, context);
        if (s != status::ok) return s;
        const std::size_t mark = context.scratch.used();
        const layer_status told = layer.run(t, to, context);
        CHECK(context.scratch.used() == mark);
        return told;
    };
}
double silu(double x) { return x / (1 + std::exp(-x)); }

template <class R, pointwise F>
void check_mlp(double (*f)(double), const char* name, double decibels) {
    INFO(R::name() << ", " << name);
    using layer_type = dyad::nn::mlp<R, F>;
    auto held = shaped<layer_type>([](auto& layer, dyad::arena& a) { return layer.shape(a, width, hidden); });
    parameters source;
    add_mlp(source, "mlp", width, hidden, 31);
    const real_matrix x = random_matrix(tokens, width, 2, 32);
    const double in_scale = R::scaling::template scale<input_of<R>>(x.absmax());
    const auto in = encode<input_of<R>>(x, in_scale);
    const auto linear = [&](const real_matrix& m, const std::string& layer) {
        return linear_of(m, source.get(layer + ".weight"), source.get(layer + ".bias"));
    };
    const real_matrix first = linear(decode(in, tokens, width, in_scale), "mlp.fc1");
    real_matrix active = first;
    for (double& v : active.values) v = f(v);
    const real_matrix expected = linear(active, "mlp.fc2");
    source.set_range("b.fc1", first.absmax());
    source.set_range(std::string("b.") + name, active.absmax());
    source.set_range("b.fc2", expected.absmax());
    affine out;
    REQUIRE(held.layer.prepare(source, path("mlp"), path("b"), in_scale, out) == status::ok);
    CHECK(source.edges == std::vector<std::string>{"b.fc1", std::string("b.") + name, "b.fc2"});
    const auto y = run_checked<typename R::stream>(in, tokens, width, tokens, width, runner_of<R>(held.layer));
    const double got = sqnr(expected, decode(y, tokens, width, out.scale));
    MESSAGE(R::name() << ", mlp with " << std::string(name) << ": " << got << " dB");
    CHECK(got >= decibels);
    CHECK(got < decibels + 4);
}

TEST_CASE("mlp: other activations against double") {
    check_mlp<in_float32, scalar_function::silu>(silu, "silu", 135);
    check_mlp<in_int8, scalar_function::silu>(silu, "silu", 32);
    const auto relu = [](double x) { return std::max(x, 0.0); };
    check_mlp<in_float32, straight_function::relu>(relu, "relu", 136);
    check_mlp<in_int8, straight_function::relu>(relu, "relu", 35);
}

template <class R, pointwise F>
void check_gated(double (*f)(double), const char* name, double decibels) {
    INFO(R::name() << ", " << name);
    using layer_type = dyad::nn::gated_mlp<R, F>;
    auto held = shaped<layer_type>([](auto& layer, dyad::arena& a) { return layer.shape(a, width, hidden); });
    parameters source;
    for (const char* const l : {"gate", "up"})
        source.add(std::string("m.") + l + ".weight", random_matrix(hidden, width, 2, 40 + static_cast<unsigned>(*l)));
    source.add("m.down.weight", random_matrix(width, hidden, 1, 43));
    const real_matrix x = random_matrix(tokens, width, 2, 32);
    const double in_scale = R::scaling::template scale<input_of<R>>(x.absmax());
    const auto in = encode<input_of<R>>(x, in_scale);
    const auto linear = [&](const real_matrix& m, const std::string& layer) {
        const real_matrix w = source.get("m." + layer + ".weight");
        return linear_of(m, w, real_matrix(1, w.rows));
    };
    const real_matrix values = decode(in, tokens, width, in_scale);
    const real_matrix gate = linear(values, "gate");
    const real_matrix up = linear(values, "up");
    real_matrix active = gate;
    for (double& v : active.values) v = f(v);
    real_matrix product = active;
    for (std::size_t i = 0; i < product.values.size(); ++i) product.values[i] *= up.values[i];
    const real_matrix expected = linear(product, "down");
    const std::string labels[] = {"b.gate", std::string("b.") + name, "b.up", "b.product", "b.down"};
    const real_matrix* const tensors[] = {&gate, &active, &up, &product, &expected};
    for (std::size_t i = 0; i < 5; ++i) source.set_range(labels[i], tensors[i]->absmax());
    affine out;
    REQUIRE(held.layer.prepare(source, path("m"), path("b"), in_scale, out) == status::ok);
    CHECK(source.edges == std::vector<std::string>(std::begin(labels), std::end(labels)));
    const auto y = run_checked<typename R::stream>(in, tokens, width, tokens, width, runner_of<R>(held.layer));
    const double got = sqnr(expected, decode(y, tokens, width, out.scale));
    MESSAGE(R::name() << ", gated mlp with " << std::string(name) << ": " << got << " dB");
    CHECK(got >= decibels);
    CHECK(got < decibels + 4);
    for (const std::string& n : source.names()) {
        const real_matrix kept = source.get(n);
        source.remove(n);
        CHECK(held.layer.prepare(source, path("m"), path("b"), in_scale, out) ==
              layer_status(status::parameter_missing, layer_kind::linear, operand_kind::weight));
        source.add(n, kept);
    }
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(held.layer.prepare(source, path("m"), path("b"), affine(nan), out).operand() == operand_kind::input_scale);
    recorder seen;
    REQUIRE(held.layer.prepare(source, path("m"), path("b"), in_scale, out) == status::ok);
    std::vector<typename R::stream> z(y.size());
    REQUIRE(run_in(
                std::size_t{1} << 18,
                [&](const auto& context) {
                    return runner_of<R>(held.layer)(make_matrix(in.data(), tokens, width),
                                                    make_matrix(z.data(), tokens, width), context);
                },
                one_after_another, seen) == status::ok);
    CHECK(seen.seen.size() == 6);  // the input too
    CHECK(equal_bits(z, y));
}

TEST_CASE("gated_mlp: SwiGLU and GeGLU against double, edges and statuses") {
    check_gated<in_float32, scalar_function::silu>(silu, "silu", 136);
    check_gated<in_int8, scalar_function::silu>(silu, "silu", 34);
    check_gated<in_int8, scalar_function::gelu_tanh>(gelu_by_tanh, "gelu", 34);
}

TEST_CASE("elementwise_product and recode: integers are exact and rounded once, half up") {
    constexpr index rows = 3;
    constexpr index columns = 700;
    std::vector<integer<16>> x;
    std::vector<integer<16>> y;
    std::mt19937_64 engine(5);
    for (index i = 0; i < rows * columns; ++i) {
        x.push_back(integer<16>::from_raw(static_cast<std::int16_t>(engine())));
        y.push_back(integer<16>::from_raw(static_cast<std::int16_t>(engine())));
    }
    x[0] = y[0] = integer<16>::from_raw(-32768);
    std::vector<std::byte> memory(4096);
    dyad::arena arena(memory);
    dyad::nn::elementwise_product<in_int8, integer<16>, integer<8>> product;
    REQUIRE(product.shape(arena) == status::ok);
    CHECK(product.prepare(0.001, {0.002, 1}, 0.05) == status::scale_unsupported);
    CHECK(product.prepare(0.001, 0.0, 0.05) == status::scale_not_positive);
    REQUIRE(product.prepare(0x1p-10, 0x1p-9, {4, -5}) == status::ok);
    dyad::nn::recode<in_int8, integer<16>, integer<8>> recode;
    REQUIRE(recode.shape(arena) == status::ok);
    REQUIRE(recode.prepare({0x1p-7, 100}, {2, 7}) == status::ok);
    const auto xs = make_matrix<const integer<16>>(x.data(), rows, columns);
    const auto ys = make_matrix<const integer<16>>(y.data(), rows, columns);
    std::vector<integer<8>> z(x.size());
    std::vector<integer<8>> w(x.size());
    const auto zs = make_matrix(z.data(), rows, columns);
    const auto ws = make_matrix(w.data(), rows, columns);
    for (const auto cap : {dyad::instruction_set::scalar, dyad::instruction_set::avx512}) {
        CHECK(run_in(0, [&](auto context) {
                  context.cap = cap;
                  const status s = product.run(xs, ys, zs, context);
                  return s == status::ok ? recode.run(xs, ws, context) : s;
              }) == status::ok);
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
            const double p = std::floor(x[i].raw() * 0x1p-21 * y[i].raw() + 0.5) - 5;
            const double r = std::floor((x[i].raw() - 100) * 0x1p-8 + 0.5) + 7;
            wrong += z[i].raw() != static_cast<int>(std::clamp(p, -128.0, 127.0)) ? 1U : 0U;
            wrong += w[i].raw() != static_cast<int>(std::clamp(r, -128.0, 127.0)) ? 1U : 0U;
        }
        CHECK(wrong == 0);
    }
    CHECK(run_in(0, [&](const auto& c) { return product.run(xs, row_block(ys, 0, 2), zs, c); }) ==
          status::extents_differ);
    CHECK(run_in(0, [&](const auto& c) {
              return recode.run(make_matrix<const integer<16>>(nullptr, rows, columns), zs, c);
          }) == status::src_null);
    CHECK(run_in(0, [&](const auto& c) {
              return product.run(xs, ys, make_matrix<integer<8>>(nullptr, rows, columns), c);
          }) == status::dst_null);
}

}  // namespace
}  // namespace dyad_test
