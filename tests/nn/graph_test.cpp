// SPDX-License-Identifier: Apache-2.0
// graph: a residual convolutional network, equal to its layers called by hand, in less memory than its values take
// together; plans of memory; statuses of inner layers.
#include <dyad/nn/graph.hpp>
#include <dyad/nn/graph_steps.hpp>
#include <dyad/nn/layer_steps.hpp>
#include <dyad/nn/pool2d.hpp>
#include <dyad/nn/sequential.hpp>

#include <doctest/doctest.h>

#include "nn/convolution_support.hpp"

#include <dyad/nn/conv2d.hpp>
#include <dyad/nn/tflite_scaling.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace dyad_test {
namespace {

using dyad::nn::affine;
using dyad::nn::conv2d_geometry;
using dyad::nn::edge;
using dyad::nn::fused_activation;
using dyad::nn::layer_kind;
using dyad::nn::operand_kind;
using dyad::nn::path;

/// Zero points, and TensorFlow Lite's sums.
struct in_tflite : dyad::nn::tflite_int8_double {
    static std::string name() { return "TensorFlow Lite's int8"; }
};

template <class R>
using code_of = dyad::nn::produced<R, typename R::operand>;
template <class R>
using conv = dyad::nn::conv2d<R>;

/// relu(conv(relu(conv(x))) + conv1x1(x)), as in ResNet where the width changes.
template <class R>
using residual_block = dyad::nn::graph<R, dyad::nn::node<conv<R>>, dyad::nn::node<conv<R>, 1>,
                                       dyad::nn::node<conv<R>, 0>, dyad::nn::node<dyad::nn::residual_step<R>, 2, 3>>;
/// Stem, block, identity block, side by side with the stem, mean, classes.
template <class R>
using residual_network =
    dyad::nn::graph<R, dyad::nn::node<conv<R>>, dyad::nn::node<residual_block<R>, 1>, dyad::nn::node<conv<R>, 2>,
                    dyad::nn::node<dyad::nn::residual_step<R>, 3, 2>, dyad::nn::node<dyad::nn::concat_step<R>, 4, 1>,
                    dyad::nn::node<dyad::nn::average_pool2d<R>, 5>, dyad::nn::node<dyad::nn::reshape<code_of<R>>, 6>,
                    dyad::nn::node<dyad::nn::linear_step<R, typename R::stream>, 7>>;

constexpr index side = 6;
constexpr index pixels = 2 * side * side;
[[nodiscard]] conv2d_geometry of(index in, index out, index kernel, fused_activation f = fused_activation::none) {
    return {.batch = 2,
            .height = side,
            .width = side,
            .channels = in,
            .out_channels = out,
            .kernel_height = kernel,
            .kernel_width = kernel,
            .padding = dyad::nn::same_padding,
            .activation = f};
}
template <class R>
[[nodiscard]] typename residual_block<R>::geometry block_geometry() {
    return {{pixels, 8}, {of(8, 12, 3, fused_activation::relu), of(12, 12, 3), of(8, 12, 1), {fused_activation::relu}}};
}
template <class R>
[[nodiscard]] typename residual_network<R>::geometry network_geometry() {
    return {{pixels, 3},
            {of(3, 8, 3, fused_activation::relu6),
             block_geometry<R>(),
             of(12, 12, 3),
             {fused_activation::relu},
             {},
             {.batch = 2, .height = side, .width = side, .channels = 20, .kernel_height = side, .kernel_width = side},
             {20},
             {5, 20}}};
}
void add_parameters(parameters& source) {
    std::uint64_t seed = 1;
    const auto add = [&](const std::string& name, index out, index in) {
        source.add(name + ".weight", random_matrix(out, in, 0.4, seed++));
        source.add(name + ".bias", random_matrix(1, out, 0.4, seed++));
    };
    add("net.stem", 8, 27);
    add("net.block.0", 12, 72);
    add("net.block.1", 12, 108);
    add("net.block.2", 12, 8);
    add("net.more", 12, 108);
    add("net.classes", 5, 20);
    double range = 1;
    for (const char* edge : {"net.stem", "net.block.0", "net.block.1", "net.block.2", "net.block.3", "net.more",
                             "net.sum", "net.both", "net.classes"})
        source.set_range(edge, range += 0.5);
}
template <class R>
[[nodiscard]] with_memory<residual_network<R>> shaped_network() {
    auto net = shaped<residual_network<R>>(
        [](auto& layer, dyad::arena& a) { return status(layer.shape(a, network_geometry<R>())); });
    net.layer.label({"stem", "block", "more", "sum", "both", "mean", "flat", "classes"});
    return net;
}

template <class T>
[[nodiscard]] T zero_code(const affine& q) {
    if constexpr (std::same_as<T, float>) return 0;
    else return T::from_raw(static_cast<std::int8_t>(q.zero_point));
}

/// The same by hand: every layer with its own memory, values kept apart.
template <class R>
struct by_hand {
    using T = code_of<R>;
    parameters& source;
    std::vector<std::vector<T>> shown;

    template <class Out>
    affine name(const std::string& edge_name) {
        return edge<R, Out>{}.prepare(source, path(edge_name));
    }
    std::vector<T> convolve(const std::vector<T>& x, const conv2d_geometry& g, const std::string& layer,
                            const affine& in, affine& out) {
        out = name<T>(layer);
        const prepared_convolution<conv<R>> c(source, path(layer), g, in, out);
        REQUIRE(c.answer == status::ok);
        return shown.emplace_back(c.run(x));
    }
    std::vector<T> add(const std::vector<T>& x, const std::vector<T>& y, index columns, const std::string& edge_name,
                       const affine& x_scale, const affine& y_scale, affine& out) {
        out = name<T>(edge_name);
        dyad::nn::residual<dyad::nn::graph_step_rules::with_stream<R, T>> sum;
        REQUIRE(sum.prepare(x_scale, y_scale, out) == status::ok);
        std::vector<T> z(x.size());
        dyad::arena none = dyad::arena(std::span<std::byte>{});
        REQUIRE(sum.run(dyad::make_matrix(x.data(), pixels, columns), dyad::make_matrix(y.data(), pixels, columns),
                        dyad::make_matrix(z.data(), pixels, columns), dyad::nn::quiet(none)) == status::ok);
        const T zero = zero_code<T>(out);
        for (T& v : z) v = v < zero ? zero : v;
        return shown.emplace_back(z);
    }
};

/// Keeps the bytes of what it is shown.
struct byte_keeper {
    std::vector<int> edges;
    std::vector<std::vector<std::byte>> seen;
    template <class T, class Token>
    void operator()(int edge, matrix_view<const T> codes, Token) {
        edges.push_back(edge);
        const auto* const first = reinterpret_cast<const std::byte*>(codes.data);
        seen.emplace_back(first, first + static_cast<std::size_t>(codes.size()) * sizeof(T));
    }
};
template <class T>
[[nodiscard]] std::vector<std::byte> bytes_of(const std::vector<T>& v) {
    const auto* const first = reinterpret_cast<const std::byte*>(v.data());
    return {first, first + v.size() * sizeof(T)};
}

template <class R>
void check_network() {
    INFO(R::name());
    using T = code_of<R>;
    using Out = typename R::stream;
    parameters source;
    add_parameters(source);
    auto net = shaped_network<R>();
    const affine in = R::scaling::template quantization<T>({-1, 1});
    affine out;
    const auto prepared = net.layer.prepare(source, path("net"), in, out);
    REQUIRE_MESSAGE(prepared == status::ok, std::string(to_string(prepared).text()));
    const std::vector<std::string> names = {"net.stem",    "net.block.0", "net.block.1", "net.block.2",
                                            "net.block.3", "net.more",    "net.sum",     "net.both",
                                            "net.mean",    "net.flat",    "net.classes"};
    CHECK(source.edges == names);
    const auto x = encode<T>(random_matrix(pixels, 3, 1, 99), in.scale);
    const auto run = [&](auto from, auto to, const auto& context) { return net.layer.run(from, to, context); };
    const auto got = run_checked<Out>(x, pixels, 3, 2, 5, run);

    // 1. The layers by hand.
    parameters again;
    add_parameters(again);
    by_hand<R> hand{again, {}};
    affine a, b, c, d, e, f, g;
    const auto stem = hand.convolve(x, of(3, 8, 3, fused_activation::relu6), "net.stem", in, a);
    const auto first = hand.convolve(stem, of(8, 12, 3, fused_activation::relu), "net.block.0", a, b);
    const auto second = hand.convolve(first, of(12, 12, 3), "net.block.1", b, c);
    const auto side_way = hand.convolve(stem, of(8, 12, 1), "net.block.2", a, d);
    const auto block = hand.add(second, side_way, 12, "net.block.3", c, d, e);
    const auto more = hand.convolve(block, of(12, 12, 3), "net.more", e, f);
    const auto sum = hand.add(more, block, 12, "net.sum", f, e, g);
    const affine both_scale = hand.template name<T>("net.both");
    typename R::scaling::template sum<T> to_left;
    typename R::scaling::template sum<T> to_right;
    REQUIRE(to_left.set(g, g, both_scale) == status::ok);
    REQUIRE(to_right.set(a, a, both_scale) == status::ok);
    std::vector<T> both;
    for (index p = 0; p < pixels; ++p) {
        for (index j = 0; j < 12; ++j)
            both.push_back(to_left(sum[static_cast<std::size_t>(p * 12 + j)], zero_code<T>(g)));
        for (index j = 0; j < 8; ++j)
            both.push_back(to_right(stem[static_cast<std::size_t>(p * 8 + j)], zero_code<T>(a)));
    }
    hand.shown.push_back(both);
    dyad::nn::average_pool2d<R> pool;
    dyad::arena none(std::span<std::byte>{});
    REQUIRE(pool.shape(none, std::get<5>(network_geometry<R>().steps)) == status::ok);
    std::vector<T> mean(40);
    REQUIRE(pool.run(dyad::make_matrix<const T>(both.data(), pixels, 20), dyad::make_matrix(mean.data(), 2, 20),
                     dyad::nn::quiet(none)) == status::ok);
    hand.shown.push_back(mean);
    hand.shown.push_back(mean);

    // 2. The same values, shown in order, and nothing else.
    byte_keeper probe;
    std::vector<Out> y(10);
    REQUIRE(run_in(
                std::size_t{1} << 20,
                [&](const auto& context) {
                    return run(dyad::make_matrix(x.data(), pixels, 3), dyad::make_matrix(y.data(), 2, 5), context);
                },
                shuffling{3, 5}, probe) == status::ok);
    CHECK(equal_bits(y, got));
    REQUIRE(probe.seen.size() == names.size());
    for (std::size_t i = 0; i < names.size(); ++i) CHECK(probe.edges[i] == static_cast<int>(i));
    for (std::size_t i = 0; i < hand.shown.size(); ++i) {
        INFO(names[i]);
        CHECK(probe.seen[i] == bytes_of(hand.shown[i]));
    }
    CHECK(probe.seen.back() == bytes_of(got));

    // 3. Memory: with all values apart it would be their sum.
    const std::size_t need = scratch_needed([&](const auto& context) {
        return run(dyad::make_matrix<const T>(nullptr, pixels, 3), dyad::make_matrix<Out>(nullptr, 2, 5), context);
    });
    std::size_t all = 0;
    for (const auto& value : hand.shown) all += value.size() * sizeof(T);
    std::size_t layers = 0;
    const auto scratch_of = [&](const auto& layer, index columns, index outputs) {
        const std::size_t bytes = scratch_needed([&](const auto& context) {
            return layer.run(dyad::make_matrix<const T>(nullptr, pixels, columns),
                             dyad::make_matrix<T>(nullptr, pixels, outputs), context);
        });
        layers = std::max(layers, bytes);
    };
    scratch_of(net.layer.template at<2>(), 12, 12);
    MESSAGE(R::name() << ": " << need - layers << " bytes for values that take " << all << ", " << layers
                      << " for the layers' own scratch");
    CHECK(need < all + layers);
    CHECK(need - layers < all * 3 / 4);
}

TEST_CASE("graph: a residual network is its layers called by hand, in less memory") {
    check_network<in_float32>();
    check_network<in_tflite>();
}

TEST_CASE("graph: the archive of a network is the network") {
    using R = in_tflite;
    using T = code_of<R>;
    parameters source;
    add_parameters(source);
    auto net = shaped_network<R>();
    affine out;
    REQUIRE(net.layer.prepare(source, path("net"), 1.0 / 127, out) == status::ok);
    dyad::nn::archive_size size;
    REQUIRE(net.layer.visit(size) == status::ok);
    std::vector<std::byte> bytes(size.bytes());
    dyad::nn::archive_writer writer(bytes);
    REQUIRE(net.layer.visit(writer) == status::ok);
    auto copy = shaped_network<R>();
    dyad::nn::archive_reader reader(bytes);
    REQUIRE(copy.layer.visit(reader) == status::ok);
    CHECK(reader.used() == bytes.size());
    const auto x = encode<T>(random_matrix(pixels, 3, 1, 98), 1.0 / 127);
    const auto run = [&](const auto& layer) {
        std::vector<typename R::stream> codes(10);
        REQUIRE(run_in(std::size_t{1} << 20, [&](const auto& context) {
                    return layer.run(dyad::make_matrix(x.data(), pixels, 3), dyad::make_matrix(codes.data(), 2, 5),
                                     context);
                }) == status::ok);
        return codes;
    };
    CHECK(equal_bits(run(copy.layer), run(net.layer)));
}

TEST_CASE("graph: a status names the layer inside") {
    using R = in_float32;
    auto geometry = network_geometry<R>();
    residual_network<R> net;
    const auto shape = [&](const auto& g) {
        dyad::arena memory = dyad::arena::measuring();
        return net.shape(memory, g);
    };
    REQUIRE(shape(geometry) == status::ok);
    auto bad = geometry;
    std::get<0>(bad.steps).step_down = 0;
    check_named(shape(bad), status::step_not_positive, layer_kind::conv2d, operand_kind::geometry);
    bad = geometry;
    bad.in = {pixels - 1, 3};
    check_named(shape(bad), status::lhs_rows_differ, layer_kind::conv2d, operand_kind::input);
    bad = geometry;
    std::get<2>(bad.steps).out_channels = 13;
    check_named(shape(bad), status::extents_differ, layer_kind::residual, operand_kind::residual);
    bad = geometry;
    std::get<5>(bad.steps).channels = 19;
    check_named(shape(bad), status::lhs_columns_differ, layer_kind::average_pool2d, operand_kind::input);
    bad = geometry;
    std::get<6>(bad.steps).columns = 7;
    check_named(shape(bad), status::extents_differ, layer_kind::graph, operand_kind::geometry);
    std::get<6>(bad.steps).columns = -1;
    check_named(shape(bad), status::negative_extent, layer_kind::graph, operand_kind::geometry);
    bad = geometry;
    std::get<7>(bad.steps).in = 21;
    check_named(shape(bad), status::lhs_columns_differ, layer_kind::linear, operand_kind::input);
    // A chain of the same kinds says sequential.
    dyad::nn::sequential<R, dyad::nn::reshape<float>> chain;
    dyad::arena memory = dyad::arena::measuring();
    check_named(chain.shape(memory, {3, 3}, {2}), status::extents_differ, layer_kind::sequential,
                operand_kind::geometry);

    auto good = shaped_network<R>();
    parameters source;
    add_parameters(source);
    source.remove("net.block.1.weight");
    affine out;
    check_named(good.layer.prepare(source, path("net"), 1, out), status::parameter_missing, layer_kind::conv2d,
                operand_kind::weight);
    add_parameters(source);
    REQUIRE(good.layer.prepare(source, path("net"), 1, out) == status::ok);
    std::vector<float> x(static_cast<std::size_t>(pixels * 3));
    std::vector<float> y(12);
    const auto run = [&](const float* from, index rows, index columns, float* to, index out_rows, index out_columns,
                         std::size_t bytes) {
        std::vector<std::byte> scratch_memory(bytes);
        dyad::arena scratch(scratch_memory);
        return good.layer.run(dyad::make_matrix(from, rows, columns), dyad::make_matrix(to, out_rows, out_columns),
                              dyad::nn::quiet(scratch));
    };
    constexpr std::size_t plenty = std::size_t{1} << 20;
    CHECK(run(x.data(), pixels, 3, y.data(), 2, 5, plenty) == status::ok);
    check_named(run(x.data(), pixels, 2, y.data(), 2, 5, plenty), status::lhs_columns_differ, layer_kind::conv2d,
                operand_kind::input);
    check_named(run(x.data(), -pixels, 3, y.data(), 2, 5, plenty), status::lhs_rows_differ, layer_kind::conv2d,
                operand_kind::input);
    check_named(run(x.data(), pixels, 3, y.data(), 1, 5, plenty), status::dst_rows_differ, layer_kind::graph,
                operand_kind::output);
    check_named(run(x.data(), pixels, 3, y.data(), 2, 6, plenty), status::dst_columns_differ, layer_kind::graph,
                operand_kind::output);
    check_named(run(nullptr, pixels, 3, y.data(), 2, 5, plenty), status::lhs_null, layer_kind::graph,
                operand_kind::input);
    check_named(run(x.data(), pixels, 3, nullptr, 2, 5, plenty), status::dst_null, layer_kind::graph,
                operand_kind::output);
    check_named(run(x.data(), pixels, 3, y.data(), 2, 5, 4096), status::arena_too_small, layer_kind::graph,
                operand_kind::memory);
}

}  // namespace
}  // namespace dyad_test
