// SPDX-License-Identifier: Apache-2.0
// The samples of docs/layers.md and docs/recipes.md, word for word (docs/samples compares), and what they promise.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <dyad/nn.hpp>
#include <dyad/number.hpp>

// clang-format off
namespace layers {

// The arithmetic: INT8 codes, 32-bit sums that a bound proves not to overflow, integer multipliers between layers.
struct int8 {
    using weight = dyad::integer<8>;
    using operand = dyad::integer<8>;        // what a product reads
    using probability = dyad::uinteger<8>;   // attention's softmax
    using value = dyad::integer<8>;          // what functions read
    using stream = dyad::integer<8>;         // between blocks
    using accumulator = dyad::proven<std::int32_t>;
    using scaling = dyad::nn::dyadic_scaling;
    using functions = dyad::nn::integer_functions;
    static constexpr auto product = dyad::product_rule::exact;
};

struct int8_between_floats {
    using weight = dyad::integer<8>;
    using operand = dyad::integer<8>;
    using probability = dyad::uinteger<8>;
    using value = float;
    using stream = float;
    using accumulator = dyad::proven<std::int32_t>;
    using scaling = dyad::nn::real_scaling;
    using functions = dyad::nn::float_functions;
    static constexpr auto product = dyad::product_rule::exact;
};

struct int5_weights : int8_between_floats {
    using weight = dyad::integer<5>;
};

// 5-bit weights in the MLP alone.
struct int5_mlp : int8_between_floats {
    template <dyad::nn::part P>
    using part = std::conditional_t<P == dyad::nn::part::mlp_first || P == dyad::nn::part::mlp_second, int5_weights,
                                    int8_between_floats>;
};

struct watcher {
    template <class T, class Token>
    void operator()(int edge, dyad::matrix_view<const T> codes, const Token&) {
        std::printf("edge %d: %d x %d\n", edge, int(codes.extent[0]), int(codes.extent[1]));
    }
    // Optional: of every product, how many bits its sums are proven to need, and the largest that occurred.
    void sums(const dyad::nn::sum_report& r) {
        std::printf("  %llu terms, %d bits proven, largest %g\n", static_cast<unsigned long long>(r.k), r.proven_bits, r.largest);
    }
};

}  // namespace layers

TEST_CASE("layers.md: one layer, from plain pointers") {
    using layers::int8;
    constexpr dyad::index rows = 2, inputs = 3, outputs = 2;
    const float w[outputs * inputs] = {1, 0.5F, -1, 0, 1, 0};
    const float b[outputs] = {0.4F, -0.2F};
    const dyad::integer<8> x[rows * inputs] = {dyad::integer<8>(17), dyad::integer<8>(-3), dyad::integer<8>(-3), dyad::integer<8>(-3), dyad::integer<8>(37), dyad::integer<8>(-3)};
    dyad::integer<8> y[rows * outputs] = {};
dyad::nn::linear<int8> layer;
dyad::arena need = dyad::arena::measuring();              // counts, gives nothing out
auto s = layer.shape(need, outputs, inputs);
std::vector<std::byte> bytes(need.peak());
dyad::arena memory(bytes);
s = layer.shape(memory, outputs, inputs);

// Float parameters by name, row-major; the layer quantizes and packs them.
const dyad::nn::named_parameter parameters[] = {
    {"weight", dyad::make_matrix(w, outputs, inputs)},
    {"bias", dyad::make_matrix(b, 1, outputs)}};
dyad::nn::parameter_list source(parameters);
// real value = scale * (code - zero point), of what comes in and of what goes out
const dyad::nn::affine in(0.05, -3), out(0.2);
s = layer.prepare(source, dyad::nn::path(), in, out);

std::vector<std::byte> room(std::size_t{1} << 16);
dyad::arena scratch(room);
s = layer.run({dyad::make_matrix(x, rows, inputs), {}}, dyad::make_matrix(y, rows, outputs), dyad::nn::quiet(scratch));
if (s != dyad::status::ok) std::fputs(to_string(s).c_str(), stderr);   // "linear, input: lhs must have k columns, as planned"
    REQUIRE(s == dyad::status::ok);
    CHECK(y[0].raw() == 7);   // x = 1, 0, 0: 1 + 0.4
    CHECK(y[1].raw() == -1);  // -0.2
    CHECK(y[2].raw() == 7);   // x = 0, 2, 0: 1 + 0.4
    CHECK(y[3].raw() == 9);   // 2 - 0.2
    s = layer.run({dyad::make_matrix(x, 3, 2), {}}, dyad::make_matrix(y, rows, outputs), dyad::nn::quiet(scratch));
    CHECK(to_string(s).text() == "linear, input: lhs must have k columns, as planned");

    layers::watcher watch;
    const dyad::serial one_thread;
    const dyad::nn::context<layers::watcher, const dyad::serial> watched{scratch, watch, one_thread};
    CHECK(layer.run({dyad::make_matrix(x, rows, inputs), {}}, dyad::make_matrix(y, rows, outputs), watched) == dyad::status::ok);
    watched.show(0, dyad::as_const(dyad::make_matrix(y, rows, outputs)), dyad::nn::static_scale{});
}

TEST_CASE("layers.md: recipes from scratch") {
    static_assert(dyad::nn::recipe<layers::int5_weights> && dyad::nn::recipe<layers::int5_mlp>);
    static_assert(std::is_same_v<dyad::nn::part_of<layers::int5_mlp, dyad::nn::part::mlp_first>, layers::int5_weights>);
    static_assert(std::is_same_v<dyad::nn::part_of<layers::int5_mlp, dyad::nn::part::attention_qkv>, layers::int8_between_floats>);
    dyad::arena need = dyad::arena::measuring();
    dyad::nn::linear<layers::int5_weights> layer;
    CHECK(layer.shape(need, 4, 4) == dyad::status::ok);
}

// clang-format on
