// SPDX-License-Identifier: Apache-2.0
// sequential: a small convolutional network, equal to its layers called by hand.
#include <dyad/nn/activation_step.hpp>
#include <dyad/nn/depthwise_conv2d.hpp>
#include <dyad/nn/layer_steps.hpp>
#include <dyad/nn/pool2d.hpp>
#include <dyad/nn/sequential.hpp>

#include <doctest/doctest.h>

#include "nn/convolution_support.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace dyad_test {
namespace {

using dyad::nn::affine;
using dyad::nn::edge;
using dyad::nn::layer_kind;
using dyad::nn::operand_kind;
using dyad::nn::path;

/// 8 x 6 images of 1 channel: convolution, depthwise, pointwise, mean, fully connected.
template <class R>
using small_network =
    dyad::nn::sequential<R, dyad::nn::conv2d<R>, dyad::nn::depthwise_conv2d<R>, dyad::nn::conv2d<R>,
                         dyad::nn::average_pool2d<R>, dyad::nn::reshape<dyad::nn::produced<R, typename R::operand>>,
                         dyad::nn::linear_step<R, typename R::stream>>;

struct small_geometry {
    dyad::nn::conv2d_geometry first{.height = 8,
                                    .width = 6,
                                    .channels = 1,
                                    .out_channels = 12,
                                    .kernel_height = 3,
                                    .kernel_width = 3,
                                    .step_down = 2,
                                    .step_across = 2,
                                    .padding = dyad::nn::same_padding,
                                    .activation = dyad::nn::fused_activation::relu};
    dyad::nn::conv2d_geometry second{.height = 4,
                                     .width = 3,
                                     .channels = 12,
                                     .out_channels = 12,
                                     .kernel_height = 3,
                                     .kernel_width = 3,
                                     .padding = dyad::nn::same_padding,
                                     .activation = dyad::nn::fused_activation::relu};
    dyad::nn::conv2d_geometry third{.height = 4, .width = 3, .channels = 12, .out_channels = 9};
    dyad::nn::pool2d_geometry mean{.height = 4, .width = 3, .channels = 9, .kernel_height = 4, .kernel_width = 3};
    dyad::nn::reshape_geometry flat{9};
    dyad::nn::linear_geometry classes{5, 9};
};

void add_parameters(parameters& source) {
    std::uint64_t seed = 1;
    const auto add = [&](const std::string& name, index rows, index columns, index out) {
        source.add(name + ".weight", random_matrix(rows, columns, 0.5, seed++));
        source.add(name + ".bias", random_matrix(1, out, 0.5, seed++));
    };
    add("net.stem", 12, 9, 12);
    add("net.1", 9, 12, 12);
    add("net.2", 9, 12, 9);
    add("net.classes", 5, 9, 5);
}
template <class R>
[[nodiscard]] with_memory<small_network<R>> shaped_network() {
    const small_geometry g;
    auto net = shaped<small_network<R>>([&](auto& layer, dyad::arena& a) {
        return status(layer.shape(a, {48, 1}, g.first, g.second, g.third, g.mean, g.flat, g.classes));
    });
    net.layer.label({"stem", "", "", "mean", "", "classes"});
    return net;
}

/// Keeps the edges and the sizes of what it is shown.
struct size_keeper {
    std::vector<std::array<index, 3>> seen;
    template <class T, class Token>
    void operator()(int edge, matrix_view<const T> codes, Token) {
        seen.push_back({edge, codes.extent[0], codes.extent[1]});
    }
};

TEST_CASE("sequential: the layers called by hand") {
    const auto check = [&]<class R>() {
        INFO(R::name());
        using T = dyad::nn::produced<R, typename R::operand>;
        using Out = typename R::stream;
        parameters source;
        add_parameters(source);
        auto net = shaped_network<R>();
        const affine in = R::scaling::template quantization<T>({-1, 1});
        affine out;
        REQUIRE(net.layer.prepare(source, path("net"), in, out) == status::ok);
        CHECK(source.edges ==
              std::vector<std::string>{"net.stem", "net.1", "net.2", "net.mean", "net.4", "net.classes"});
        CHECK(source.scales.back() == out.scale);
        CHECK(source.scales[3] == source.scales[2]);
        CHECK(source.scales[4] == source.scales[2]);
        const auto x = encode<T>(random_matrix(48, 1, 1, 9), in.scale);
        const auto run = [&](auto from, auto to, const auto& context) { return net.layer.run(from, to, context); };
        const auto got = run_checked<Out>(x, 48, 1, 1, 5, run);

        // 1. By hand, in buffers of their own, with the scales that the network chose.
        std::vector<T> a(144), b(144), c(108), d(9);
        std::vector<Out> expected(5);
        const auto matrix = [](auto& v, index columns) {
            return dyad::make_matrix(v.data(), std::ssize(v) / columns, columns);
        };
        const auto all = [&](const auto& context) -> status {
            const auto& n = net.layer;
            if (const status s = n.template at<0>().run(matrix(x, 1), matrix(a, 12), context); s != status::ok)
                return s;
            if (const status s = n.template at<1>().run(matrix(a, 12), matrix(b, 12), context); s != status::ok)
                return s;
            if (const status s = n.template at<2>().run(matrix(b, 12), matrix(c, 9), context); s != status::ok)
                return s;
            if (const status s = n.template at<3>().run(matrix(c, 9), matrix(d, 9), context); s != status::ok) return s;
            return n.template at<5>().run(matrix(d, 9), matrix(expected, 5), context);
        };
        REQUIRE(run_in(std::size_t{1} << 18, all) == status::ok);
        CHECK(equal_bits(got, expected));

        // 2. What the probe sees.
        size_keeper probe;
        std::vector<Out> y(5);
        REQUIRE(run_in(
                    std::size_t{1} << 18,
                    [&](const auto& context) { return run(matrix(std::as_const(x), 1), matrix(y, 5), context); },
                    shuffling{}, probe) == status::ok);
        CHECK(probe.seen ==
              std::vector<std::array<index, 3>>{{0, 12, 12}, {1, 12, 12}, {2, 12, 9}, {3, 1, 9}, {4, 1, 9}, {5, 1, 5}});

        // 3. Memory: two neighbours, and the scratch of one layer.
        const std::size_t need = scratch_needed([&](const auto& context) {
            return run(dyad::make_matrix<const T>(nullptr, 48, 1), dyad::make_matrix<Out>(nullptr, 1, 5), context);
        });
        std::size_t most = 0;
        const auto of_layer = [&](const auto& layer, index rows, index columns, index out_rows, index outputs) {
            using layer_type = std::remove_cvref_t<decltype(layer)>;
            const std::size_t bytes = scratch_needed([&](const auto& context) {
                return layer.run(dyad::make_matrix<const T>(nullptr, rows, columns),
                                 dyad::make_matrix<typename layer_type::output>(nullptr, out_rows, outputs), context);
            });
            most = std::max(most, bytes);
        };
        of_layer(net.layer.template at<0>(), 48, 1, 12, 12);
        of_layer(net.layer.template at<1>(), 12, 12, 12, 12);
        of_layer(net.layer.template at<2>(), 12, 12, 12, 9);
        of_layer(net.layer.template at<5>(), 1, 9, 1, 5);
        const std::size_t values = 2 * ((144 * sizeof(T) + 63) / 64 * 64);
        CHECK(need <= values + most + dyad::arena::alignment);
    };
    check.operator()<in_float32>();
    check.operator()<in_int8_zero>();
}

TEST_CASE("sequential: an activation as a step is the layer") {
    using R = in_int8;
    using operand = dyad::integer<8>;
    constexpr auto silu = dyad::scalar_function::silu;
    using step = dyad::nn::activation_step<R, silu>;
    static_assert(dyad::nn::step<step>);
    dyad::nn::sequential<R, dyad::nn::linear_step<R, R::value>, step> net;
    dyad::nn::activation<R, R::value, operand, silu> alone;
    std::vector<std::byte> memory(std::size_t{1} << 20);
    dyad::arena arena(memory);
    REQUIRE(net.shape(arena, {3, 9}, {5, 9}, {}) == status::ok);
    REQUIRE(alone.shape(arena) == status::ok);
    parameters source;
    source.add("0.weight", random_matrix(5, 9, 1, 1));
    source.add("0.bias", random_matrix(1, 5, 1, 2));
    source.set_range("0", 4);
    affine out;
    REQUIRE(net.prepare(source, path(), 1.0 / 127, out) == status::ok);
    REQUIRE(alone.prepare(source.scales[0], out) == status::ok);
    const auto x = encode<operand>(random_matrix(3, 9, 1, 3), 1.0 / 127);
    std::vector<R::value> between(15);
    std::vector<operand> y(15);
    std::vector<operand> expected(15);
    const auto in = dyad::make_matrix(x.data(), 3, 9);
    REQUIRE(net.run(in, dyad::make_matrix(y.data(), 3, 5), dyad::nn::quiet(arena)) == status::ok);
    REQUIRE(net.at<0>().run(in, dyad::make_matrix(between.data(), 3, 5), dyad::nn::quiet(arena)) == status::ok);
    REQUIRE(alone.run(dyad::make_matrix<const R::value>(between.data(), 3, 5), dyad::make_matrix(expected.data(), 3, 5),
                      dyad::nn::quiet(arena)) == status::ok);
    CHECK(equal_bits(y, expected));
    CHECK(std::any_of(y.begin(), y.end(), [](operand code) { return code.raw() != 0; }));
}

}  // namespace
}  // namespace dyad_test
