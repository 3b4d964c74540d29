// SPDX-License-Identifier: Apache-2.0
// token_scaling: INT8 tokens and ternary weights against the definitions in double; sums in int32, exact.
#include <dyad/nn/token_scaling.hpp>

#include <doctest/doctest.h>

#include <dyad/nn/archive.hpp>
#include <dyad/nn/attention.hpp>
#include <dyad/nn/elementwise.hpp>
#include <dyad/nn/linear.hpp>
#include <dyad/number/ternary.hpp>

#include "nn/reference_layers.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace dyad_test {
namespace {

using namespace dyad::nn;
using dyad::integer;
using dyad::scale_rule;
using dyad::ternary;
using dyad::uinteger;

template <class W, scale_rule Rule>
struct in_tokens {
    using weight = W;
    using operand = integer<8>;
    using probability = uinteger<8>;
    using value = float;
    using stream = float;
    using accumulator = dyad::proven<std::int32_t>;
    using scaling = token_scaling<Rule>;
    using functions = float_functions;
    static constexpr auto product = dyad::product_rule::exact;
};
using in_ternary = in_tokens<ternary, scale_rule::absmean>;
using in_int8_tokens = in_tokens<integer<8>, scale_rule::nearest>;

static_assert(recipe<in_ternary> && recipe<in_int8_tokens>);
static_assert(weights_of<in_ternary>::bits_per_weight == 2 && weights_of<in_int8_tokens>::bits_per_weight == 8);

std::vector<float> floats_of(const real_matrix& m) { return {m.values.begin(), m.values.end()}; }

/// Lines of very different magnitudes.
real_matrix uneven_rows(index rows, index columns, std::uint64_t seed) {
    real_matrix m = random_matrix(rows, columns, 3, seed);
    for (index i = 0; i < rows; ++i) {
        for (index j = 0; j < columns; ++j) m(i, j) = std::ldexp(m(i, j), static_cast<int>(i * 5 % 9) - 4);
    }
    return m;
}

/// Each line on its own grid: absmax / most as a float, codes rounded to nearest even.
real_matrix in_tokens_plainly(real_matrix m, contracted over, double most) {
    const bool along_rows = over == contracted::columns;
    const auto at = [&](index line, index k) -> double& { return along_rows ? m(line, k) : m(k, line); };
    const index lines = along_rows ? m.rows : m.columns;
    const index size = along_rows ? m.columns : m.rows;
    for (index line = 0; line < lines; ++line) {
        double largest = 0;
        for (index k = 0; k < size; ++k) largest = std::max(largest, std::fabs(at(line, k)));
        const auto scale = static_cast<double>(static_cast<float>(largest / most));
        for (index k = 0; k < size; ++k) {
            at(line, k) = scale == 0 ? 0 : std::min(std::nearbyint(at(line, k) / scale), most) * scale;
        }
    }
    return m;
}
/// -1, 0, 1 times the mean magnitude.
real_matrix in_ternary_plainly(real_matrix w) {
    double sum = 0;
    for (const double x : w.values) sum += std::fabs(x);
    const auto scale = static_cast<double>(static_cast<float>(sum / static_cast<double>(w.values.size())));
    for (double& x : w.values) x = scale * std::max(-1.0, std::min(std::nearbyint(x / scale), 1.0));
    return w;
}

template <class T>
real_matrix operand_of(const real_matrix& x, contracted over) {
    const auto run = [&](auto from, auto to, const auto& context) {
        tensor<T, line_scales> t;
        const contraction sums{over, over == contracted::rows ? x.rows : x.columns};
        const status s = token_scaling<>::operand<T>(from, sums, context, t);
        if (s != status::ok || context.measuring()) return s;
        for (index i = 0; i < x.rows; ++i) {
            for (index j = 0; j < x.columns; ++j) {
                to(i, j) = dyad::convert<double>(t.codes(i, j)) * factor_at(t.token, i, j);
            }
        }
        return s;
    };
    return decode(run_checked<double>(floats_of(x), x.rows, x.columns, x.rows, x.columns, run), x.rows, x.columns, 1);
}

TEST_CASE("token_scaling: every line that a product sums has its own scale") {
    for (const auto& shape : {std::pair<index, index>{1, 1}, {3, 40}, {33, 5}, {17, 64}, {2, 700}}) {
        const index rows = shape.first;
        const index columns = shape.second;
        CAPTURE(rows);
        CAPTURE(columns);
        const real_matrix x = uneven_rows(rows, columns, 5);
        for (const contracted over : {contracted::columns, contracted::rows}) {
            CHECK(operand_of<integer<8>>(x, over).values == in_tokens_plainly(x, over, 127).values);
            real_matrix positive = x;
            for (double& v : positive.values) v = std::fabs(v);
            CHECK(operand_of<uinteger<8>>(positive, over).values == in_tokens_plainly(positive, over, 255).values);
        }
    }
    const real_matrix zeros(3, 4);
    CHECK(operand_of<integer<8>>(zeros, contracted::columns).values == zeros.values);
}

TEST_CASE("token_scaling: parts of an operand have the scales of their lines") {
    const std::vector<integer<8>> codes(12, integer<8>::from_raw(1));
    const std::vector<float> scales{1, 2, 4};
    const tensor<integer<8>, line_scales> t{dyad::make_matrix(codes.data(), 3, 4), {{scales.data(), {3, 4}, {1, 0}}}};
    CHECK(factor_at(t.token, 2, 3) == 4);
    CHECK(factor_at(row_block(t, 1, 2).token, 1, 0) == 4);
    CHECK(row_block(t, 1, 2).codes.data == codes.data() + 4);
    CHECK(factor_at(column_block(t, 2, 2).token, 1, 1) == 2);
    CHECK(column_block(t, 2, 2).codes.data == codes.data() + 2);
    CHECK(factor_at(transposed(t).token, 3, 1) == 2);
    CHECK(transposed(t).codes.extent[0] == 4);
    const tensor<integer<8>, dynamic_scale> uniform{t.codes, {3}};
    CHECK(factor_at(transposed(column_block(row_block(uniform, 1, 1), 1, 1)).token, 0, 0) == 8);
}

TEST_CASE("token_scaling: sums take the factors of their row of lhs and their column of rhs") {
    std::vector<std::byte> memory(1024);
    dyad::arena arena(memory);
    unit_columns<float> columns;
    REQUIRE(columns.shape(arena, 3) == status::ok);
    for (index j = 0; j < 3; ++j)
        REQUIRE(columns.set(j, {.bias = static_cast<double>(j), .sum_scale = 0.5}, 1) == status::ok);
    const std::vector<float> scales{1, 2, 4};
    const line_scales rows{{scales.data(), {3, 8}, {1, 0}}};
    const line_scales of_columns{{scales.data(), {8, 3}, {0, 1}}};
    CHECK(columns.epilogue(rows)(std::int32_t{10}, 2, 1) == 21);              // 10 4 / 2 + 1
    CHECK(columns.epilogue(rows, of_columns)(std::int32_t{10}, 2, 1) == 41);  // 10 4 2 / 2 + 1
    CHECK(columns.epilogue(static_scale{}, of_columns)(std::int32_t{10}, 2, 2) == 22);
    CHECK(columns.epilogue(rows, dynamic_scale{1})(std::int32_t{10}, 1, 0) == 20);
}

template <class R>
struct prepared {
    parameters source;
    with_memory<linear<R, float>> held;

    prepared(index out, index in)
        : held(shaped<linear<R, float>>([=](auto& layer, dyad::arena& a) { return layer.shape(a, out, in); })) {
        source.add("l.weight", random_matrix(out, in, 2, 3));
        source.add("l.bias", random_matrix(1, out, 1, 4));
        REQUIRE(prepare() == status::ok);
    }
    [[nodiscard]] status prepare() {
        return held.layer.prepare(source, path("l"), 1, [](index) { return 1.0; });
    }
    [[nodiscard]] real_matrix run(const real_matrix& x) const {
        const index out = source.get("l.bias").columns;
        const auto call = [this](auto from, auto to, const auto& context) {
            tensor_of<R, typename R::operand> t;
            const status s = as_operand<R, typename R::operand>(from, t, 0, context);
            return s == status::ok ? status(held.layer.run(t, to, context)) : s;
        };
        return decode(run_checked<float>(floats_of(x), x.rows, x.columns, x.rows, out, call), x.rows, out, 1);
    }
};

/// One rounding to float: the sums are exact, the epilogue works in double.
void check_rounded(const real_matrix& got, const real_matrix& expected, double tolerance = 0x1p-24) {
    REQUIRE(got.values.size() == expected.values.size());
    for (std::size_t i = 0; i < got.values.size(); ++i) {
        CHECK(std::fabs(got.values[i] - expected.values[i]) <=
              tolerance * 1.0001 * (std::fabs(expected.values[i]) + 1e-9));
    }
}

TEST_CASE("token_scaling: linear with ternary weights is the exact sum, scaled once") {
    for (const index in : {1, 40, 64, 300}) {
        const prepared<in_ternary> layer(7, in);
        const real_matrix x = uneven_rows(5, in, 9);
        const real_matrix w = in_ternary_plainly(layer.source.get("l.weight"));
        check_rounded(layer.run(x),
                      linear_of(in_tokens_plainly(x, contracted::columns, 127), w, layer.source.get("l.bias")));
    }
    prepared<in_ternary> layer(3, 40);
    packed_size size;
    REQUIRE(layer.held.layer.visit(size) == status::ok);
    CHECK(size.bytes() == 3 * 40 / 4 + 4 + 3 * 4 + 2 * 8);  // two bits a weight, one factor, three biases, two bounds
}

TEST_CASE("token_scaling: an archive whose weights are no ternary numbers is refused") {
    prepared<in_ternary> layer(3, 40);
    dyad::nn::archive_size size;
    REQUIRE(layer.held.layer.visit(size) == status::ok);
    std::vector<std::byte> archive(size.bytes());
    dyad::nn::archive_writer writer(archive);
    REQUIRE(layer.held.layer.visit(writer) == status::ok);
    const auto read = [&] {
        dyad::nn::archive_reader reader(archive);
        return layer.held.layer.visit(reader);
    };
    CHECK(read() == status::ok);
    for (const int code : {2, -2, 127, -128}) {
        const std::byte kept = archive[41];  // weights come first, a byte each
        archive[41] = static_cast<std::byte>(code);
        CHECK(read() == status::parameter_out_of_range);
        archive[41] = kept;
    }
    CHECK(read() == status::ok);
}

TEST_CASE("token_scaling: linear with INT8 weights of one scale") {
    const prepared<in_int8_tokens> layer(7, 65);
    const real_matrix x = uneven_rows(5, 65, 9);
    real_matrix w = layer.source.get("l.weight");
    const auto scale = static_cast<double>(static_cast<float>(w.absmax() / 127));
    for (double& v : w.values) v = std::nearbyint(v / scale) * scale;
    check_rounded(layer.run(x),
                  linear_of(in_tokens_plainly(x, contracted::columns, 127), w, layer.source.get("l.bias")));
}

TEST_CASE("token_scaling: zero weights leave the bias; NaN is told") {
    prepared<in_ternary> layer(3, 20);
    layer.source.add("l.weight", real_matrix(3, 20));
    REQUIRE(layer.prepare() == status::ok);
    CHECK(layer.run(uneven_rows(1, 20, 4)).values == layer.source.get("l.bias").values);
    real_matrix w(3, 20);
    for (const double bad : {std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::infinity()}) {
        w(2, 19) = bad;
        layer.source.add("l.weight", w);
        CHECK(layer.prepare() == status::parameter_not_finite);
        const std::vector<float> x{1, 2, static_cast<float>(bad)};
        const auto told = [&](const auto& context) {
            tensor_of<in_ternary, integer<8>> t;
            return as_operand<in_ternary, integer<8>>(dyad::make_matrix(x.data(), 1, 3), t, 0, context);
        };
        CHECK(run_in(4096, told) == status::value_not_finite);
    }
}

TEST_CASE("token_scaling: the mean over tokens has a scale for each column") {
    constexpr index rows = 9;
    constexpr index width = 7;
    auto held =
        shaped<mean_rows<in_ternary, float>>([](auto& layer, dyad::arena& a) { return layer.shape(a, rows, width); });
    REQUIRE(held.layer.prepare(1, 1) == status::ok);
    const real_matrix x = uneven_rows(rows, width, 12);
    const auto run = [&](auto from, auto to, const auto& context) {
        tensor_of<in_ternary, integer<8>> t;
        const status s = as_operand<in_ternary, integer<8>>(from, {contracted::rows, rows}, t, 0, context);
        return s == status::ok ? status(held.layer.run(t, to, context)) : s;
    };
    const real_matrix values = in_tokens_plainly(x, contracted::rows, 127);
    real_matrix expected(1, width);
    for (index i = 0; i < rows; ++i) {
        for (index j = 0; j < width; ++j) expected(0, j) += values(i, j) / static_cast<double>(rows);
    }
    check_rounded(decode(run_checked<float>(floats_of(x), rows, width, 1, width, run), 1, width, 1), expected, 0x1p-22);
}

TEST_CASE("token_scaling: attention, with q and k scaled by token and v by channel, against double") {
    constexpr index tokens = 37;
    constexpr index heads = 3;
    constexpr index d = 20;
    constexpr index width = heads * d;
    parameters source;
    add_attention(source, "a", width, 5);
    auto held = shaped<attention<in_int8_tokens>>(
        [](auto& layer, dyad::arena& a) { return layer.shape(a, tokens, width, heads); });
    dyad::nn::affine out_scale;
    REQUIRE(held.layer.prepare(source, path("a"), path("e"), 1, out_scale) == status::ok);
    const std::vector<float> x = floats_of(random_matrix(tokens, width, 2, 6));
    const auto run = [&](auto from, auto to, const auto& context) {
        tensor_of<in_int8_tokens, integer<8>> t;
        const status s = as_operand<in_int8_tokens, integer<8>>(from, t, 1000, context);
        return s == status::ok ? status(held.layer.run(t, to, context)) : s;
    };
    const auto silent = run_checked<float>(x, tokens, width, tokens, width, run);
    std::vector<float> out(x.size());
    recorder seen;
    REQUIRE(run_in(
                std::size_t{1} << 20,
                [&](const auto& context) {
                    return run(dyad::make_matrix<const float>(x.data(), tokens, width),
                               dyad::make_matrix(out.data(), tokens, width), context);
                },
                one_after_another, seen) == status::ok);
    CHECK(equal_bits(out, silent));
    REQUIRE(seen.seen.size() == 8);
    const auto edge = [&](std::size_t i) -> const real_matrix& { return seen.seen[i].codes; };
    // What was seen lies on the grids of its lines.
    const auto on_grid = [&](std::size_t i, contracted over, double most) {
        CAPTURE(i);
        CHECK(sqnr(edge(i), in_tokens_plainly(edge(i), over, most)) > 130);
    };
    for (const std::size_t i : {0U, 1U, 2U, 6U}) on_grid(i, contracted::columns, 127);
    on_grid(3, contracted::rows, 127);
    on_grid(5, contracted::columns, 255);
    // Scores and mixture are the products of what was seen, each sum with the factors of its row and column.
    real_matrix scores(heads * tokens, tokens);
    real_matrix mixed(tokens, width);
    for (index i = 0; i < heads * tokens; ++i) {
        const index first = i / tokens * d;
        for (index j = 0; j < tokens; ++j) {
            for (index c = first; c < first + d; ++c) scores(i, j) += edge(1)(i % tokens, c) * edge(2)(j, c);
            scores(i, j) /= std::sqrt(static_cast<double>(d));
            for (index c = first; c < first + d; ++c) mixed(i % tokens, c) += edge(5)(i, j) * edge(3)(j, c);
        }
    }
    CHECK(sqnr(scores, edge(4)) > 130);
    CHECK(sqnr(in_tokens_plainly(mixed, contracted::columns, 127), edge(6)) > 60);
    // And all of it is attention.
    reference_model<in_int8_tokens> reference{source, {}};
    const real_matrix in = decode(x, tokens, width, 1);
    const double decibels = sqnr(reference.attention(in, heads, "a", "e"), decode(out, tokens, width, 1));
    MESSAGE("attention of INT8 tokens: " << decibels << " dB");
    CHECK(decibels > 30);
}

}  // namespace
}  // namespace dyad_test
