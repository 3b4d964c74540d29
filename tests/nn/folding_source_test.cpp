// SPDX-License-Identifier: Apache-2.0
// folding_source: a network with batch norms, folded, against the same with every norm done by itself.
#include <dyad/nn/folding_source.hpp>

#include <doctest/doctest.h>

#include <dyad/nn/conv2d.hpp>
#include <dyad/nn/depthwise_conv2d.hpp>

#include "nn/convolution_support.hpp"

#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

namespace dyad_test {
namespace {

using dyad::nn::conv2d_geometry;
using dyad::nn::layer_kind;
using dyad::nn::operand_kind;
using dyad::nn::path;

constexpr double epsilon = 1e-3;

real_matrix positive_matrix(index n, std::uint64_t seed) {
    real_matrix m = random_matrix(1, n, 1, seed);
    for (double& x : m.values) x = static_cast<double>(static_cast<float>(std::fabs(x) + 0.25));
    return m;
}
void add_norm(parameters& source, const std::string& layer, index n) {
    source.add(layer + ".bn.weight", random_matrix(1, n, 2, 31));
    source.add(layer + ".bn.bias", random_matrix(1, n, 1, 32));
    source.add(layer + ".bn.mean", random_matrix(1, n, 1, 33));
    source.add(layer + ".bn.variance", positive_matrix(n, 34));
}
real_matrix normalized(const real_matrix& x, const parameters& source, const std::string& layer) {
    real_matrix y = x;
    for (index i = 0; i < y.rows; ++i) {
        for (index j = 0; j < y.columns; ++j) {
            const double root = std::sqrt(source.get(layer + ".bn.variance")(0, j) + epsilon);
            y(i, j) = source.get(layer + ".bn.weight")(0, j) * (x(i, j) - source.get(layer + ".bn.mean")(0, j)) / root +
                      source.get(layer + ".bn.bias")(0, j);
        }
    }
    return y;
}

/// As many channels as the kernel has taps: only the name tells where a depthwise layer's outputs are.
constexpr conv2d_geometry geometry{
    .height = 5, .width = 5, .channels = 9, .out_channels = 9, .kernel_height = 3, .kernel_width = 3};

template <class Layer>
void check(const std::string& name, std::span<const std::string_view> depthwise) {
    const convolution_case<Layer> c(geometry, 2, 41);
    parameters source;
    c.add_to(source, name);
    add_norm(source, name, 9);
    std::vector<std::byte> memory(std::size_t{1} << 16);
    dyad::arena arena(memory);
    dyad::nn::folding_source folding(source, arena, epsilon, depthwise);
    static_assert(dyad::nn::preparation_source<decltype(folding)>);
    const prepared_convolution<Layer> layer(folding, path(name), geometry, 1, 1);
    REQUIRE(layer.answer == status::ok);
    const real_matrix expected = normalized(c.result(), source, name);
    const auto x = encode<float>(c.x, 1);
    CHECK(worst_ulps(expected, decode(layer.run(x), expected.rows, expected.columns, 1)) < 8);
    // Without a bias of its own.
    source.remove(name + ".bias");
    convolution_case<Layer> bare = c;
    bare.b = constant_matrix(1, 9, 0);
    const prepared_convolution<Layer> second(folding, path(name), geometry, 1, 1);
    REQUIRE(second.answer == status::ok);
    const real_matrix without = normalized(bare.result(), source, name);
    CHECK(worst_ulps(without, decode(second.run(x), without.rows, without.columns, 1)) < 8);
}

TEST_CASE("folding_source: a folded convolution is the convolution, then the norm") {
    const std::array<std::string_view, 1> depthwise{"net.depthwise"};
    check<dyad::nn::conv2d<in_float32>>("net.conv", depthwise);
    check<dyad::nn::depthwise_conv2d<in_float32>>("net.depthwise", depthwise);
}

TEST_CASE("folding_source: layers without norms stay; norms that cannot be folded are told") {
    using layer_type = dyad::nn::conv2d<in_float32>;
    const convolution_case<layer_type> c(geometry, 2, 42);
    parameters source;
    c.add_to(source, "plain");
    std::vector<std::byte> memory(std::size_t{1} << 16);
    dyad::arena arena(memory);
    dyad::nn::folding_source folding(source, arena, epsilon);
    const prepared_convolution<layer_type> layer(folding, path("plain"), geometry, 1, 1);
    REQUIRE(layer.answer == status::ok);
    CHECK(arena.used() == 0);
    const auto prepare = [&] {
        return prepared_convolution<layer_type>(folding, path("plain"), geometry, 1, 1).answer;
    };
    add_norm(source, "plain", 9);
    REQUIRE(prepare() == status::ok);
    source.add("plain.bn.variance", constant_matrix(1, 9, -1));
    CHECK(prepare() == status::variance_not_positive);
    source.add("plain.bn.variance", constant_matrix(1, 8, 1));
    CHECK(prepare() == status::parameter_shape_differs);
    source.add("plain.bn.variance", constant_matrix(1, 9, 1));
    source.remove("plain.bn.weight");
    source.remove("plain.bn.bias");
    CHECK(prepare() == status::ok);
    source.remove("plain.bn.mean");
    CHECK(prepare() == status::parameter_missing);
    add_norm(source, "plain", 9);
    dyad::arena small(std::span<std::byte>(memory).first(128));
    dyad::nn::folding_source narrow(source, small, epsilon);
    CHECK(prepared_convolution<layer_type>(narrow, path("plain"), geometry, 1, 1).answer == status::arena_too_small);
}

}  // namespace
}  // namespace dyad_test
