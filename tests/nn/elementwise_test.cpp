// SPDX-License-Identifier: Apache-2.0
// layer_norm, activation, residual, add_constant and mean_rows, each alone, against doubles.
#include <dyad/nn/elementwise.hpp>

#include <doctest/doctest.h>

#include "nn/reference_layers.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace dyad_test {
namespace {

using dyad::nn::path;
using dyad::nn::produced;

constexpr index rows = 9;
constexpr index width = 32;
constexpr double bad_scales[] = {0, -1, std::numeric_limits<double>::infinity(),
                                 std::numeric_limits<double>::quiet_NaN()};

template <class R, class T>
double scale_for(const real_matrix& m) {
    return R::scaling::template scale<T>(m.absmax());
}
/// What one rounding of x may cost, and a little.
template <class T>
double half_code(double x, double scale) {
    if (requires { T::max_raw; }) return 0.501 * scale;
    const int digits = std::numeric_limits<T>::digits;
    return std::max(std::fabs(x) * std::ldexp(1.001, -digits), scale * 0x1p-10);  // 2^-9: the smallest code of float8
}
/// A layer without scratch memory, run on codes of x.
template <class Out, class Layer, class In>
std::vector<Out> run_layer(const Layer& layer, const std::vector<In>& in, index r, index c) {
    return run_checked<Out>(in, r, c, r, c,
                            [&](auto x, auto y, const auto& context) { return layer.run(x, y, context); });
}

TEST_CASE("layer_norm: against double") {
    constexpr error_bounds bounds{
        .float32_ulps = 1.2, .bfloat16 = 53, .float8 = 30, .int8 = 41, .int8_float = 41, .dynamic16 = 145};
    for_each_recipe([&]<class R>() {
        INFO(R::name());
        using stream = typename R::stream;
        using out_type = produced<R, typename R::operand>;
        using layer_type = dyad::nn::layer_norm<R, stream, out_type>;
        parameters source;
        add_norm(source, "block.ln1", width, 1);
        const real_matrix x = random_matrix(rows, width, 5, 2);
        const double in_scale = scale_for<R, stream>(x);
        const auto in = encode<stream>(x, in_scale);
        const real_matrix expected = layer_norm_of(decode(in, rows, width, in_scale), source.get("block.ln1.weight"),
                                                   source.get("block.ln1.bias"), 1e-5);
        const double out_scale = scale_for<R, out_type>(expected);
        auto held = shaped<layer_type>([](auto& layer, dyad::arena& a) { return layer.shape(a, width); });
        REQUIRE(held.layer.prepare(source, path("block") / "ln1", 1e-5, in_scale, out_scale) == status::ok);
        check_error<R>("layer_norm", expected,
                       decode(run_layer<out_type>(held.layer, in, rows, width), rows, width, out_scale), bounds);
        CHECK(run_layer<out_type>(held.layer, std::vector<stream>{}, 0, width).empty());
        // Rows that are all equal have no deviation: the bias is left.
        const auto flat = encode<stream>(constant_matrix(1, width, 3), in_scale);
        const real_matrix bias = decode(run_layer<out_type>(held.layer, flat, 1, width), 1, width, out_scale);
        const real_matrix beta = source.get("block.ln1.bias");
        for (index j = 0; j < width; ++j) {
            CHECK(std::fabs(bias(0, j) - beta(0, j)) <= half_code<out_type>(beta(0, j), out_scale));
        }
    });
}

TEST_CASE("layer_norm: gains of zero leave the bias; what is missing or scaled by nonsense is told") {
    for_each_recipe([]<class R>() {
        INFO(R::name());
        using stream = typename R::stream;
        using out_type = produced<R, typename R::operand>;
        auto held = shaped<dyad::nn::layer_norm<R, stream, out_type>>(
            [](auto& layer, dyad::arena& a) { return layer.shape(a, width); });
        const auto prepare = [&](parameters& source, double in_scale, double out_scale) {
            return held.layer.prepare(source, path("n"), 1e-5, in_scale, out_scale);
        };
        parameters source;
        CHECK(prepare(source, 1, 1) == status::parameter_missing);
        source.add("n.weight", constant_matrix(1, width, 0));
        CHECK(prepare(source, 1, 1) == status::parameter_missing);
        source.add("n.bias", constant_matrix(1, width + 1, 0));
        CHECK(prepare(source, 1, 1) == status::parameter_shape_differs);
        source.add("n.bias", constant_matrix(1, width, 1.5));
        for (const double bad : bad_scales) {
            CHECK(prepare(source, bad, 1) == status::scale_not_positive);
            CHECK(prepare(source, 1, bad) == status::scale_not_positive);
        }
        REQUIRE(prepare(source, 0x1p-4, 0x1p-4) == status::ok);
        const auto in = encode<stream>(random_matrix(rows, width, 4, 2), 0x1p-4);
        for (const double y : decode(run_layer<out_type>(held.layer, in, rows, width), rows, width, 0x1p-4).values)
            CHECK(y == 1.5);
    });
}

TEST_CASE("activation: the recipe's GELU against double") {
    constexpr error_bounds bounds{
        .float32_ulps = 1, .bfloat16 = 56, .float8 = 31, .int8 = 39, .int8_float = 40, .dynamic16 = 145};
    for_each_recipe([&]<class R>() {
        INFO(R::name());
        using value = typename R::value;
        using out_type = produced<R, typename R::operand>;
        const real_matrix x = random_matrix(rows, width, 6, 3);
        const double in_scale = scale_for<R, value>(x);
        const auto in = encode<value>(x, in_scale);
        real_matrix expected = decode(in, rows, width, in_scale);
        for (double& v : expected.values) v = gelu_by_tanh(v);
        const double out_scale = scale_for<R, out_type>(expected);
        std::vector<std::byte> table(65536 + 64);  // (its elements begin at a multiple of 64)
        dyad::arena memory(table);
        dyad::nn::activation<R, value, out_type> layer;
        REQUIRE(layer.shape(memory) == status::ok);
        REQUIRE(layer.prepare(in_scale, out_scale) == status::ok);
        check_error<R>("activation", expected,
                       decode(run_layer<out_type>(layer, in, rows, width), rows, width, out_scale), bounds);
        for (const double bad : bad_scales) {
            CHECK(layer.prepare(bad, 1) == status::scale_not_positive);
            CHECK(layer.prepare(1, bad) == status::scale_not_positive);
        }
    });
}

TEST_CASE("residual: two tensors with scales of their own against double; the result may replace one of them") {
    constexpr error_bounds bounds{
        .float32_ulps = 1, .bfloat16 = 54, .float8 = 150, .int8 = 88, .int8_float = 150, .dynamic16 = 150};
    for_each_recipe([&]<class R>() {
        INFO(R::name());
        using stream = typename R::stream;
        const real_matrix a = random_matrix(rows, width, 6, 3);
        const real_matrix b = random_matrix(rows, width, 0.3, 4);
        const double x_scale = scale_for<R, stream>(a);
        const double y_scale = scale_for<R, stream>(b);
        const auto x = encode<stream>(a, x_scale);
        auto y = encode<stream>(b, y_scale);
        const real_matrix expected = sum_of(decode(x, rows, width, x_scale), decode(y, rows, width, y_scale));
        const double out_scale = scale_for<R, stream>(expected);
        dyad::nn::residual<R> layer;
        REQUIRE(layer.prepare(x_scale, y_scale, out_scale) == status::ok);
        const auto y_view = dyad::make_matrix<const stream>(y.data(), rows, width);
        const auto out = run_checked<stream>(x, rows, width, rows, width, [&](auto in, auto to, const auto& context) {
            return layer.run(in, y_view, to, context);
        });
        check_error<R>("residual", expected, decode(out, rows, width, out_scale), bounds);
        // In place, both ways.
        auto in_place = x;
        const auto z = dyad::make_matrix(in_place.data(), rows, width);
        CHECK(run_in(0, [&](const auto& context) { return layer.run(as_const(z), y_view, z, context); }) == status::ok);
        CHECK(equal_bits(in_place, out));
        const auto x_view = dyad::make_matrix(x.data(), rows, width);
        const auto into_y = dyad::make_matrix(y.data(), rows, width);
        CHECK(run_in(0, [&](const auto& context) { return layer.run(x_view, as_const(into_y), into_y, context); }) ==
              status::ok);
        CHECK(equal_bits(y, out));
        const auto shorter = dyad::make_matrix(y.data(), rows - 1, width);
        CHECK(run_in(0, [&](const auto& context) { return layer.run(x_view, as_const(shorter), into_y, context); }) ==
              status::extents_differ);
        CHECK(run_in(0, [&](const auto& context) { return layer.run(x_view, as_const(into_y), shorter, context); }) ==
              status::extents_differ);
        for (const double bad : bad_scales) {
            CHECK(layer.prepare(bad, 1, 1) == status::scale_not_positive);
            CHECK(layer.prepare(1, bad, 1) == status::scale_not_positive);
            CHECK(layer.prepare(1, 1, bad) == status::scale_not_positive);
        }
    });
}

TEST_CASE("residual: integers with zero points, by the formula; layer and operand at fault") {
    using code = dyad::integer<16>;
    using dyad::nn::affine;
    using dyad::nn::layer_kind;
    using dyad::nn::layer_status;
    using dyad::nn::operand_kind;
    constexpr index long_row = 203;
    const auto x = encode<code>(random_matrix(rows, long_row, 1, 3), 0x1p-15);
    const auto y = encode<code>(random_matrix(rows, long_row, 1, 4), 0x1p-15);
    dyad::nn::residual<in_int8> layer;
    REQUIRE(layer.prepare({0.003, 40}, {0.0007, -9000}, {0.0045, 12}) == status::ok);
    const auto y_view = dyad::make_matrix<const code>(y.data(), rows, long_row);
    const auto out = run_checked<code>(x, rows, long_row, rows, long_row, [&](auto in, auto to, const auto& context) {
        return status(layer.run(in, y_view, to, context));
    });
    const auto moved = [](code c, int zero, double scale) {
        return dyad::requantize(c.raw() - zero, dyad::multiplier::from_ratio(scale, 0.0045),
                                dyad::requantization::single_half_up);
    };
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::int64_t sum = std::int64_t{moved(x[i], 40, 0.003)} + moved(y[i], -9000, 0.0007) + 12;
        wrong += out[i] != code::saturating_from_raw(sum) ? 1U : 0U;
    }
    CHECK(wrong == 0);
    std::vector<code> z(x.size());
    const auto told = [&](matrix_view<const code> a, matrix_view<const code> b, matrix_view<code> c) {
        layer_status s;
        CHECK(run_in(0, [&](const auto& context) { return status(s = layer.run(a, b, c, context)); }) != status::ok);
        CHECK(s.layer() == layer_kind::residual);
        return s.operand();
    };
    const auto x_view = dyad::make_matrix<const code>(x.data(), rows, long_row);
    const auto to = dyad::make_matrix(z.data(), rows, long_row);
    CHECK(told(dyad::make_matrix<const code>(nullptr, rows, long_row), y_view, to) == operand_kind::input);
    CHECK(told(x_view, dyad::make_matrix<const code>(nullptr, rows, long_row), to) == operand_kind::residual);
    CHECK(told(x_view, row_block(y_view, 1, rows - 1), to) == operand_kind::residual);
    CHECK(told(x_view, y_view, dyad::make_matrix<code>(nullptr, rows, long_row)) == operand_kind::output);
    CHECK(told(row_block(as_const(to), 0, rows - 1), row_block(y_view, 1, rows - 1), row_block(to, 1, rows - 1)) ==
          operand_kind::output);
    CHECK(layer.prepare(-1.0, 1, 1).operand() == operand_kind::input_scale);
    CHECK(layer.prepare(1, 0.0, 1).operand() == operand_kind::residual);
    CHECK(layer.prepare(1, 1, 0.0).operand() == operand_kind::output_scale);
}

TEST_CASE("add_constant: a parameter of the model added to a tensor, against double") {
    constexpr error_bounds bounds{
        .float32_ulps = 1, .bfloat16 = 53, .float8 = 150, .int8 = 88, .int8_float = 150, .dynamic16 = 150};
    for_each_recipe([&]<class R>() {
        INFO(R::name());
        using stream = typename R::stream;
        parameters source;
        source.add("position", random_matrix(rows, width, 0.5, 1));
        const real_matrix x = random_matrix(rows, width, 2, 2);
        const double x_scale = scale_for<R, stream>(x);
        const auto in = encode<stream>(x, x_scale);
        const real_matrix expected = sum_of(decode(in, rows, width, x_scale), source.get("position"));
        const double out_scale = scale_for<R, stream>(expected);
        auto held =
            shaped<dyad::nn::add_constant<R>>([](auto& layer, dyad::arena& a) { return layer.shape(a, rows, width); });
        CHECK(held.layer.prepare(source, path("pos"), x_scale, out_scale) ==
              dyad::nn::layer_status(status::parameter_missing, dyad::nn::layer_kind::add_constant,
                                     dyad::nn::operand_kind::weight));
        for (const double bad : bad_scales) {
            CHECK(held.layer.prepare(source, path("position"), bad, 1) == status::scale_not_positive);
            CHECK(held.layer.prepare(source, path("position"), 1, bad) == status::scale_not_positive);
        }
        REQUIRE(held.layer.prepare(source, path("position"), x_scale, out_scale) == status::ok);
        const auto out = run_layer<stream>(held.layer, in, rows, width);
        check_error<R>("add_constant", expected, decode(out, rows, width, out_scale), bounds);
        // Alone it is rounded once, to a code of its own largest magnitude.
        const real_matrix constant = source.get("position");
        const double own_scale = scale_for<R, stream>(constant);
        REQUIRE(held.layer.prepare(source, path("position"), x_scale, own_scale) == status::ok);
        const auto zeros = encode<stream>(real_matrix(rows, width), x_scale);
        const real_matrix alone = decode(run_layer<stream>(held.layer, zeros, rows, width), rows, width, own_scale);
        for (std::size_t i = 0; i < alone.values.size(); ++i) {
            const double c = constant.values[i];
            const double tolerance = std::same_as<stream, float> ? 0 : half_code<stream>(c, own_scale);
            CHECK(std::fabs(alone.values[i] - c) <= tolerance);
        }
        // A constant of zeros changes nothing.
        source.add("position", real_matrix(rows, width));
        REQUIRE(held.layer.prepare(source, path("position"), x_scale, x_scale) == status::ok);
        CHECK(equal_bits(run_layer<stream>(held.layer, in, rows, width), in));
        source.add("position", real_matrix(width, rows));
        CHECK(held.layer.prepare(source, path("position"), 1, 1) == status::parameter_shape_differs);
    });
}

TEST_CASE("mean_rows: the mean of all rows against double") {
    constexpr error_bounds bounds{
        .float32_ulps = 2, .bfloat16 = 55, .float8 = 32, .int8 = 44, .int8_float = 44, .dynamic16 = 88};
    for_each_recipe([&]<class R>() {
        INFO(R::name());
        using operand = typename R::operand;
        using made = produced<R, operand>;
        const real_matrix x = random_matrix(rows, width, 3, 2);
        const double in_scale = scale_for<R, made>(x);
        const auto in = encode<made>(x, in_scale);
        const real_matrix decoded = decode(in, rows, width, in_scale);
        real_matrix expected(1, width);
        for (index i = 0; i < rows; ++i) {
            for (index j = 0; j < width; ++j) expected(0, j) += decoded(i, j) / static_cast<double>(rows);
        }
        const double out_scale = scale_for<R, made>(expected);
        auto held = shaped<dyad::nn::mean_rows<R, made>>(
            [](auto& layer, dyad::arena& a) { return layer.shape(a, rows, width); });
        REQUIRE(held.layer.prepare(in_scale, out_scale) == status::ok);
        const auto run = [&](auto from, auto to, const auto& context) {
            dyad::nn::tensor_of<R, operand> t;
            const status s = dyad::nn::as_operand<R, operand>(from, t, 0, context);
            return s == status::ok ? status(held.layer.run(t, to, context)) : s;
        };
        const auto out = run_checked<made>(in, rows, width, 1, width, run);
        check_error<R>("mean_rows", expected, decode(out, 1, width, out_scale), bounds);
        std::vector<made> y(static_cast<std::size_t>(2 * width));
        const auto told = [&](index in_rows, index out_rows, index out_columns) {
            return run_in(8192, [&](const auto& context) {
                return run(dyad::make_matrix(in.data(), in_rows, width),
                           dyad::make_matrix(y.data(), out_rows, out_columns), context);
            });
        };
        CHECK(told(rows - 1, 1, width) == status::extents_differ);
        CHECK(told(rows, 2, width) == status::extents_differ);
        CHECK(told(rows, 1, width - 1) == status::extents_differ);
        for (const double bad : bad_scales) {
            CHECK(held.layer.prepare(bad, 1) == status::scale_not_positive);
            CHECK(held.layer.prepare(1, bad) == status::scale_not_positive);
        }
    });
}

TEST_CASE("mean_rows: as many rows as the accumulator provably holds, and no more") {
    // (2^31 - 1) / 128 codes of 8 bits.
    constexpr index most = 0x7FFFFFFF / 128;
    std::vector<dyad::integer<8>> x(static_cast<std::size_t>(most) + 1, dyad::integer<8>::from_raw(-128));
    dyad::integer<8> y;
    const auto run = [&](index n) {
        auto held = shaped<dyad::nn::mean_rows<in_int8, dyad::integer<8>>>(
            [n](auto& layer, dyad::arena& a) { return layer.shape(a, n, 1); });
        REQUIRE(held.layer.prepare(1, 2) == status::ok);
        return run_in(0, [&](const auto& context) {
            return held.layer.run({dyad::make_matrix<const dyad::integer<8>>(x.data(), n, 1), {}},
                                  dyad::make_matrix(&y, 1, 1), context);
        });
    };
    CHECK(run(most) == status::ok);
    CHECK(y.raw() == -64);
    CHECK(run(most + 1) == status::k_exceeds_accumulator);
}

}  // namespace
}  // namespace dyad_test
