// SPDX-License-Identifier: Apache-2.0
// linear alone: against y = x W^T + b in double, and exactly where all scales are powers of two.
#include <dyad/nn/linear.hpp>

#include <doctest/doctest.h>

#include "nn/reference_layers.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace dyad_test {
namespace {

using dyad::nn::affine;
using dyad::nn::path;

template <class R>
using input_of = dyad::nn::produced<R, typename R::operand>;

/// A layer of R with the parameters `name`.weight and `name`.bias, shaped and prepared.
template <class R, class Out>
struct prepared {
    with_memory<dyad::nn::linear<R, Out>> held;
    status answer;

    prepared(parameters& source, const path& name, index out, index in, double in_scale, double out_scale)
        : held(shaped<dyad::nn::linear<R, Out>>([=](auto& layer, dyad::arena& a) { return layer.shape(a, out, in); })),
          answer(held.layer.prepare(source, name, in_scale, [=](index) { return out_scale; })) {}

    [[nodiscard]] std::vector<Out> run(const std::vector<input_of<R>>& in, index rows, index in_columns,
                                       index columns) const {
        return run_checked<Out>(in, rows, in_columns, rows, columns, [this](auto x, auto y, const auto& context) {
            dyad::nn::tensor_of<R, typename R::operand> t;
            const status s = dyad::nn::as_operand<R, typename R::operand>(x, t, 0, context);
            return s == status::ok ? status(held.layer.run(t, y, context)) : s;
        });
    }
};

template <class R, class Out>
void check_against_double(const char* what, const error_bounds& bounds) {
    constexpr index rows = 9;
    constexpr index in = 40;
    constexpr index out = 24;
    INFO(R::name());
    parameters source;
    add_linear(source, "some.layer", out, in, 11);
    const real_matrix x = random_matrix(rows, in, 3, 13);
    const double in_scale = R::scaling::template scale<input_of<R>>(x.absmax());
    const auto codes = encode<input_of<R>>(x, in_scale);
    const real_matrix expected =
        linear_of(decode(codes, rows, in, in_scale), source.get("some.layer.weight"), source.get("some.layer.bias"));
    const double out_scale = R::scaling::template scale<Out>(expected.absmax());
    const prepared<R, Out> layer(source, path("some") / "layer", out, in, in_scale, out_scale);
    REQUIRE(layer.answer == status::ok);
    check_error<R>(what, expected, decode(layer.run(codes, rows, in, out), rows, out, out_scale), bounds);
}

TEST_CASE("linear: into the stream and into the next product's operand, against double") {
    constexpr error_bounds to_stream{
        .float32_ulps = 3, .bfloat16 = 53, .float8 = 31, .int8 = 43, .int8_float = 43, .dynamic16 = 82};
    constexpr error_bounds to_operand{
        .float32_ulps = 3, .bfloat16 = 53, .float8 = 28, .int8 = 38, .int8_float = 38, .dynamic16 = 82};
    for_each_recipe([&]<class R>() {
        check_against_double<R, typename R::stream>("linear to stream", to_stream);
        check_against_double<R, input_of<R>>("linear to operand", to_operand);
    });
}

/// round(y / scale), ties up, clamped; floats rounded to nearest even.
template <class Out>
Out expected_code(double y, double scale) {
    if constexpr (requires { Out::max_raw; }) {
        const double code = std::floor(y / scale + 0.5);
        return Out::saturating_from_raw(static_cast<std::int64_t>(code));
    } else {
        return dyad::convert<Out>(y / scale, dyad::rounding::nearest_even, dyad::saturation::finite);
    }
}

TEST_CASE("linear: powers of two as scales and small whole numbers as codes leave one rounding, of the result") {
    constexpr index rows = 5;
    constexpr index in = 65;
    constexpr index out = 7;
    for_each_recipe([&]<class R>() {
        INFO(R::name());
        // The largest code of a format makes its scale the chosen power of two; all other codes are at most 15.
        const double top = std::same_as<R, in_float8> ? 448 : 127;
        std::mt19937_64 engine(5);
        const auto small = [&] { return static_cast<double>(engine() % 31) - 15; };
        real_matrix w(out, in);
        real_matrix b(1, out);
        for (index i = 0; i < out; ++i) {
            const double scale = std::ldexp(1.0, -6 - static_cast<int>(i % 3));
            for (index j = 0; j < in; ++j) w(i, j) = small() * scale;
            w(i, i) = (i % 2 == 0 ? top : -top) * scale;
            b(0, i) = small() * scale / 16;
        }
        real_matrix x(rows, in);
        for (double& v : x.values) v = small() / 16;
        x(0, 0) = top / 16;
        parameters source;
        source.add("l.weight", w);
        source.add("l.bias", b);
        const double in_scale = R::scaling::template scale<input_of<R>>(top / 16);
        const double out_scale = std::same_as<R, in_int8> ? 0x1p-3 : 1;
        const prepared<R, typename R::stream> layer(source, path("l"), out, in, in_scale, out_scale);
        REQUIRE(layer.answer == status::ok);
        const auto got = layer.run(encode<input_of<R>>(x, in_scale), rows, in, out);
        const real_matrix exact = linear_of(x, w, b);
        for (index i = 0; i < rows; ++i) {
            for (index j = 0; j < out; ++j) {
                CAPTURE(i);
                CAPTURE(j);
                CHECK(got[static_cast<std::size_t>(i * out + j)] ==
                      expected_code<typename R::stream>(exact(i, j), out_scale));
            }
        }
    });
}

TEST_CASE("linear: results beyond the largest code become the largest code") {
    parameters source;
    source.add("l.weight", constant_matrix(2, 4, 1));
    source.add("l.bias", constant_matrix(1, 2, 0));
    const prepared<in_int8, dyad::integer<8>> layer(source, path("l"), 2, 4, 1.0, 0.5);
    REQUIRE(layer.answer == status::ok);
    const auto plus = layer.run(std::vector<dyad::integer<8>>(4, dyad::integer<8>::from_raw(100)), 1, 4, 2);
    const auto minus = layer.run(std::vector<dyad::integer<8>>(4, dyad::integer<8>::from_raw(-100)), 1, 4, 2);
    CHECK(plus[1].raw() == 127);
    CHECK(minus[1].raw() == -128);
}

TEST_CASE("linear: a row of zero weights leaves its bias") {
    for_each_recipe([]<class R>() {
        INFO(R::name());
        const double in_scale = R::scaling::template scale<input_of<R>>(8);
        const double out_scale = R::scaling::template scale<typename R::stream>(4);
        parameters source;
        source.add("l.weight", constant_matrix(3, 8, 0));
        real_matrix b(1, 3);
        b.values = {0.03125, -1.21875, 4};
        source.add("l.bias", b);
        const prepared<R, typename R::stream> layer(source, path("l"), 3, 8, in_scale, out_scale);
        REQUIRE(layer.answer == status::ok);
        const auto in = encode<input_of<R>>(random_matrix(2, 8, 8, 3), in_scale);
        const real_matrix got = decode(layer.run(in, 2, 8, 3), 2, 3, out_scale);
        for (index j = 0; j < 3; ++j) {
            CAPTURE(j);
            // One code of the output; the floats hold these biases exactly.
            const double tolerance = std::same_as<R, in_int8> ? out_scale : 0;
            CHECK(std::fabs(got(0, j) - b(0, j)) <= tolerance);
            CHECK(std::fabs(got(1, j) - b(0, j)) <= tolerance);
        }
    });
}

TEST_CASE("linear: zero input gives the bias, zero rows and zero outputs are allowed") {
    for_each_recipe([]<class R>() {
        INFO(R::name());
        parameters source;
        source.add("l.weight", constant_matrix(2, 3, 1));
        source.add("l.bias", constant_matrix(1, 2, 0.5));
        const double in_scale = R::scaling::template scale<input_of<R>>(1);
        const double out_scale = R::scaling::template scale<typename R::stream>(1);
        const prepared<R, typename R::stream> layer(source, path("l"), 2, 3, in_scale, out_scale);
        REQUIRE(layer.answer == status::ok);
        const auto zero = encode<input_of<R>>(constant_matrix(2, 3, 0), in_scale);
        for (const double y : decode(layer.run(zero, 2, 3, 2), 2, 2, out_scale).values) {
            CHECK(std::fabs(y - 0.5) <= (std::same_as<R, in_int8> ? in_scale / 127 : 0));
        }
        CHECK(layer.run({}, 0, 3, 2).empty());
    });
    parameters source;
    source.add("n.weight", real_matrix(0, 3));
    source.add("n.bias", real_matrix(1, 0));
    const prepared<in_float32, float> nothing(source, path("n"), 0, 3, 1.0, 1.0);
    REQUIRE(nothing.answer == status::ok);
    CHECK(nothing.run(std::vector<float>(6), 2, 3, 0).empty());
}

TEST_CASE("linear: integer biases that leave no room for the sum are refused") {
    // Weights 1 give a weight scale of 1/127; in_scale 1 makes the unit of the sum 1/127.
    const auto prepare = [](double bias_in_units, index in) {
        parameters source;
        source.add("l.weight", constant_matrix(1, in, 1));
        source.add("l.bias", constant_matrix(1, 1, bias_in_units / 127));
        return prepared<in_int8, dyad::integer<16>>(source, path("l"), 1, in, 1.0, 1e6);
    };
    CHECK(prepare(0x1.8p29, 2).answer == status::ok);
    CHECK(prepare(0x1.01p30, 2).answer == status::bias_exceeds_accumulator);
    CHECK(prepare(-0x1.01p30, 2).answer == status::bias_exceeds_accumulator);
    CHECK(prepare(std::numeric_limits<double>::infinity(), 2).answer == status::parameter_not_finite);
    CHECK(prepare(std::numeric_limits<double>::quiet_NaN(), 2).answer == status::parameter_not_finite);
    // (2^31 - 1 - 3 2^28) / 2^14 = 81919.99: so many products fit beside a bias of 3 2^28.
    const auto run = [&](index in) {
        const auto layer = prepare(0x1.8p29, in);
        REQUIRE(layer.answer == status::ok);
        const std::vector<dyad::integer<8>> x(static_cast<std::size_t>(in), dyad::integer<8>::from_raw(127));
        dyad::integer<16> y;
        return run_in(std::size_t{1} << 20, [&](const auto& context) {
            return layer.held.layer.run({dyad::make_matrix(x.data(), 1, in), {}}, dyad::make_matrix(&y, 1, 1), context);
        });
    };
    // The bias is a float: 3 2^28 / 127 comes back within 64 units.
    CHECK(run(81915) == status::ok);
    CHECK(prepare(0x1.8p29, 81925).answer == status::k_exceeds_accumulator);
}

TEST_CASE("linear: numbers that are none are refused under every recipe, and nothing runs after them") {
    for_each_recipe([]<class R>() {
        INFO(R::name());
        const auto held_by = [](const char* name, double x, const affine& in, const affine& out) {
            parameters source;
            source.add("l.weight", constant_matrix(2, 3, 1));
            source.add("l.bias", constant_matrix(1, 2, 1));
            real_matrix bad = source.get(name);
            bad(0, 0) = x;
            source.add(name, bad);
            auto held = shaped<dyad::nn::linear<R>>([](auto& l, dyad::arena& a) { return l.shape(a, 2, 3); });
            return held.layer.prepare(source, path("l"), in, out);
        };
        using dyad::nn::layer_status;
        constexpr auto kind = dyad::nn::layer_kind::linear;
        using enum dyad::nn::operand_kind;
        for (const double x : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
            CHECK(held_by("l.weight", x, 1, 1) == layer_status(status::parameter_not_finite, kind, weight));
            CHECK(held_by("l.bias", x, 1, 1) == layer_status(status::parameter_not_finite, kind, bias));
            CHECK(held_by("l.bias", 1, x, 1) == layer_status(status::scale_not_positive, kind, input_scale));
            CHECK(held_by("l.bias", 1, 1, x) == layer_status(status::scale_not_positive, kind, output_scale));
        }
        // The lowest zero point has no negative.
        const affine lowest(1, std::numeric_limits<std::int32_t>::min());
        if (std::same_as<R, in_int8>)
            CHECK(held_by("l.bias", 1, lowest, 1) == layer_status(status::bias_exceeds_accumulator, kind, bias));
    });
}

TEST_CASE("linear: what is missing, misshapen or scaled by nonsense is told") {
    for_each_recipe([]<class R>() {
        INFO(R::name());
        using layer = prepared<R, typename R::stream>;
        parameters source;
        CHECK(layer(source, path("l"), 2, 3, 1, 1).answer == status::parameter_missing);
        source.add("l.weight", constant_matrix(2, 3, 1));
        CHECK(layer(source, path("l"), 2, 3, 1, 1).answer == status::parameter_missing);
        source.add("l.bias", constant_matrix(1, 2, 1));
        CHECK(layer(source, path("l"), 2, 3, 1, 1).answer == status::ok);
        CHECK(layer(source, path("l"), 2, 4, 1, 1).answer == status::parameter_shape_differs);
        source.add("l.bias", constant_matrix(2, 1, 1));
        CHECK(layer(source, path("l"), 2, 3, 1, 1).answer == status::parameter_shape_differs);
        source.add("l.bias", constant_matrix(1, 2, 1));
        for (const double bad :
             {0.0, -1.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
            CHECK(layer(source, path("l"), 2, 3, 1, bad).answer == status::scale_not_positive);
            CHECK(layer(source, path("l"), 2, 3, bad, 1).answer == status::scale_not_positive);
        }
    });
    dyad::nn::linear<in_int8, dyad::integer<16>> layer;
    dyad::arena arena = dyad::arena::measuring();
    CHECK(layer.shape(arena, -1, 3) == status::negative_extent);
    CHECK(layer.shape(arena, 3, -1) == status::negative_extent);
    CHECK(layer.shape(arena, std::numeric_limits<index>::max() / 2, 8) == status::arena_too_small);
}

TEST_CASE("linear: views of other extents are told, and nothing is written") {
    parameters source;
    add_linear(source, "l", 3, 4, 1);
    const prepared<in_float32, float> layer(source, path("l"), 3, 4, 1, 1);
    const std::vector<float> in(20, 1.0F);
    std::vector<float> out(20, 7.0F);
    const auto run = [&](index rows, index in_columns, index out_rows, index columns) {
        return run_in(std::size_t{1} << 14, [&](const auto& context) {
            return layer.held.layer.run({dyad::make_matrix(in.data(), rows, in_columns), {}},
                                        dyad::make_matrix(out.data(), out_rows, columns), context);
        });
    };
    CHECK(run(2, 5, 2, 3) == status::lhs_columns_differ);
    CHECK(run(2, 4, 3, 3) == status::dst_rows_differ);
    CHECK(run(2, 4, 2, 4) == status::dst_columns_differ);
    CHECK(out == std::vector<float>(20, 7.0F));
    CHECK(run(2, 4, 2, 3) == status::ok);
}

}  // namespace
}  // namespace dyad_test
