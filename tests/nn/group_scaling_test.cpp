// SPDX-License-Identifier: Apache-2.0
// group_scaling: a linear layer against the same sums written plainly, groups short and long, ranges by least squares,
// bad input; scales of activations by token and by group.
#include <dyad/nn/group_scaling.hpp>

#include <doctest/doctest.h>

#include <dyad/nn/archive.hpp>
#include <dyad/nn/linear.hpp>
#include <dyad/number/accumulator.hpp>
#include <dyad/number/named_formats.hpp>

#include "nn/reference_layers.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace dyad_test {
namespace {

using namespace dyad::nn;
using dyad::integer;
using dyad::make_matrix;

template <int WeightBits, int OperandBits, class Scaling>
struct in_groups {
    using weight = integer<WeightBits>;
    using operand = integer<OperandBits>;
    using probability = integer<OperandBits>;
    using value = float;
    using stream = float;
    using accumulator = dyad::proven<std::int32_t>;
    using scaling = Scaling;
    using functions = dyad::nn::float_functions;
    static constexpr auto product = dyad::product_rule::exact;
};
using w6a6 = in_groups<6, 6, group_scaling<16, activation_scales::by_group>>;
using w4a8 = in_groups<4, 8, group_scaling<8, activation_scales::by_token, group_range::least_squares, dyad::float16>>;
static_assert(recipe<w6a6> && recipe<w4a8>);
static_assert(weights_of<w6a6>::bits_per_weight == 8 && weights_of<w4a8>::bits_per_weight == 6);
static_assert(weights_of<in_groups<6, 6, group_scaling<128>>>::bits_per_weight == 6.25);

/// Codes and scales of the lines of a matrix in groups, as quantize has them: scale = S(largest / most), nearest even.
template <class E, class S>
struct grouped_lines {
    std::vector<int> codes;
    std::vector<double> scales;  ///< of each element

    grouped_lines(const real_matrix& m, index group) {
        for (index i = 0; i < m.rows; ++i) {
            for (index first = 0; first < m.columns; first += group) {
                const index last = std::min(first + group, m.columns);
                double largest = 0;
                for (index j = first; j < last; ++j) largest = std::max(largest, std::fabs(m(i, j)));
                add(m, i, first, last, dyad::convert<double>(dyad::convert<S>(largest / E::max_raw)));
            }
        }
    }
    grouped_lines() = default;
    void add(const real_matrix& m, index i, index first, index last, double scale) {
        for (index j = first; j < last; ++j) {
            const double x = scale > 0 ? m(i, j) / scale : 0;
            const double code = std::nearbyint(x);
            codes.push_back(static_cast<int>(std::min(std::max(code, double{E::min_raw}), double{E::max_raw})));
            scales.push_back(scale);
        }
    }
};

/// Weights under the share of their largest magnitude with the least squared error.
template <class E, class S>
grouped_lines<E, S> searched(const real_matrix& m, index group) {
    grouped_lines<E, S> all;
    for (index i = 0; i < m.rows; ++i) {
        for (index first = 0; first < m.columns; first += group) {
            const index last = std::min(first + group, m.columns);
            double largest = 0;
            for (index j = first; j < last; ++j) largest = std::max(largest, std::fabs(m(i, j)));
            double best = 0;
            double least = std::numeric_limits<double>::max();
            for (int percent = 100; percent >= 50; --percent) {
                const double full = largest / E::max_raw;
                const double scale = dyad::convert<double>(dyad::convert<S>(full * percent / 100));
                grouped_lines<E, S> one;
                one.add(m, i, first, last, scale);
                double error = 0;
                for (index j = first; j < last; ++j) {
                    const auto k = static_cast<std::size_t>(j - first);
                    const double rest = std::fma(-scale, one.codes[k], m(i, j));
                    error = std::fma(rest, rest, error);
                }
                if (error < least) {
                    least = error;
                    best = scale;
                }
            }
            all.add(m, i, first, last, best);
        }
    }
    return all;
}

/// One sum: exact within a group, then flushed to float.
template <class A, class W>
float plain_sum(const A& x, index i, const W& w, index j, index columns, index group, bool scales_of_x) {
    float total = 0;
    std::int64_t run = 0;
    for (index k = 0; k < columns; ++k) {
        const auto a = static_cast<std::size_t>(i * columns + k);
        const auto b = static_cast<std::size_t>(j * columns + k);
        run += std::int64_t{x.codes[a]} * w.codes[b];
        if (k + 1 != columns && (k + 1) % group != 0) continue;
        const float scale = (scales_of_x ? static_cast<float>(x.scales[a]) : 1.0F) * static_cast<float>(w.scales[b]);
        total = std::fma(static_cast<float>(run), scale, total);
        run = 0;
    }
    return total;
}

template <class R>
using prepared_linear = with_memory<linear<R, float>>;

template <class R>
prepared_linear<R> make_linear(parameters& source, index out, index in) {
    auto held = shaped<linear<R, float>>([=](auto& layer, dyad::arena& a) { return layer.shape(a, out, in); });
    REQUIRE(held.layer.prepare(source, path("l"), affine{}, affine{}) == status::ok);
    return held;
}
template <class R>
std::vector<float> run_linear(const prepared_linear<R>& held, const std::vector<float>& x, index rows, index in,
                              index out) {
    return run_checked<float>(x, rows, in, rows, out, [&](auto from, auto to, const auto& context) {
        tensor_of<R, typename R::operand> t;
        const status s = as_operand<R, typename R::operand>(from, t, 0, context);
        return s == status::ok ? status(held.layer.run(t, to, context)) : s;
    });
}

template <class R, class S, index Group, bool Search, bool ScalesOfX>
void check_exactly(index rows, index in, index out) {
    CAPTURE(rows);
    CAPTURE(in);
    CAPTURE(out);
    parameters source;
    add_linear(source, "l", out, in, 7);
    const real_matrix x = random_matrix(rows, in, 3, 9);
    const auto held = make_linear<R>(source, out, in);
    const std::vector<float> got = run_linear(held, encode<float>(x, 1), rows, in, out);
    using W = typename R::weight;
    using A = typename R::operand;
    const real_matrix weights = source.get("l.weight");
    const real_matrix bias = source.get("l.bias");
    const auto w = Search ? searched<W, S>(weights, Group) : grouped_lines<W, S>(weights, Group);
    const grouped_lines<A, float> a(x, ScalesOfX ? Group : in);
    for (index i = 0; i < rows; ++i) {
        for (index j = 0; j < out; ++j) {
            const auto sum = static_cast<double>(plain_sum(a, i, w, j, in, Group, ScalesOfX));
            const double token = ScalesOfX ? 1 : a.scales[static_cast<std::size_t>(i * in)];
            const auto expected = static_cast<float>(std::fma(sum, token, bias(0, j)));
            CHECK(got[static_cast<std::size_t>(i * out + j)] == expected);
        }
    }
}

TEST_CASE("group_scaling: a linear layer is its definition, bit for bit, the last group short or not") {
    for (const index in : {1, 15, 16, 17, 40, 64, 100}) {
        check_exactly<w6a6, float, 16, false, true>(5, in, 9);
        check_exactly<w4a8, dyad::float16, 8, true, false>(3, in, 20);
    }
    check_exactly<in_groups<6, 8, group_scaling<128>>, float, 128, false, false>(2, 300, 3);
}

TEST_CASE("group_scaling: smaller groups err less, least squares less than the largest magnitude") {
    constexpr index rows = 20;
    constexpr index in = 256;
    constexpr index out = 32;
    parameters source;
    add_linear(source, "l", out, in, 3);
    const real_matrix x = random_matrix(rows, in, 2, 5);
    const real_matrix expected = linear_of(x, source.get("l.weight"), source.get("l.bias"));
    const auto decibels = [&]<class R>() {
        const auto held = make_linear<R>(source, out, in);
        return sqnr(expected, decode(run_linear(held, encode<float>(x, 1), rows, in, out), rows, out, 1));
    };
    const double whole = decibels.template operator()<in_groups<4, 8, group_scaling<256>>>();
    const double small = decibels.template operator()<in_groups<4, 8, group_scaling<16>>>();
    const double searched =
        decibels.template
        operator()<in_groups<4, 8, group_scaling<256, activation_scales::by_token, group_range::least_squares>>>();
    MESSAGE("INT4: " << whole << " dB, groups of 16 " << small << " dB, least squares " << searched << " dB");
    CHECK(small > whole + 1);
    CHECK(searched > whole);
}

TEST_CASE("group_scaling: an archive's weights run like those that were prepared") {
    parameters source;
    add_linear(source, "l", 6, 21, 3);
    auto held = make_linear<w4a8>(source, 6, 21);
    archive_size size;
    REQUIRE(held.layer.visit(size) == status::ok);
    std::vector<std::byte> bytes(size.bytes());
    archive_writer writer(bytes);
    REQUIRE(held.layer.visit(writer) == status::ok);
    auto other = shaped<linear<w4a8, float>>([](auto& layer, dyad::arena& a) { return layer.shape(a, 6, 21); });
    archive_reader reader(bytes);
    REQUIRE(other.layer.visit(reader) == status::ok);
    const auto x = encode<float>(random_matrix(4, 21, 1, 2), 1);
    CHECK(equal_bits(run_linear(held, x, 4, 21, 6), run_linear(other, x, 4, 21, 6)));
}

TEST_CASE("group_scaling: instruction sets give equal bits") {
    parameters source;
    add_linear(source, "l", 19, 70, 3);
    const auto held = make_linear<w6a6>(source, 19, 70);
    const auto x = encode<float>(random_matrix(11, 70, 1, 2), 1);
    const auto all = run_linear(held, x, 11, 70, 19);
    for (const auto isa : {dyad::instruction_set::scalar, dyad::instruction_set::avx2, dyad::instruction_set::avx512}) {
        std::vector<float> out(11 * 19);
        std::vector<std::byte> memory(1 << 20);
        dyad::arena scratch(memory);
        auto context = quiet(scratch);
        tensor_of<w6a6, integer<6>> t;
        REQUIRE(as_operand<w6a6, integer<6>>(make_matrix(x.data(), 11, 70), t, 0, context) == status::ok);
        const dyad::nn::context<const no_probe, const dyad::serial> capped{context.scratch, context.probe,
                                                                           context.execute, isa};
        REQUIRE(held.layer.run(t, make_matrix(out.data(), 11, 19), capped) == status::ok);
        CHECK(equal_bits(all, out));
    }
}

TEST_CASE("group_scaling: what does not fit is told") {
    parameters source;
    add_linear(source, "l", 6, 20, 3);
    using layer_type = linear<w6a6, float>;
    auto held = shaped<layer_type>([](auto& layer, dyad::arena& a) { return layer.shape(a, 6, 20); });
    real_matrix bad = source.get("l.weight");
    bad(2, 3) = std::numeric_limits<double>::infinity();
    source.add("l.weight", bad);
    CHECK(held.layer.prepare(source, path("l"), affine{}, affine{}) == status::parameter_not_finite);
    dyad::arena measuring = dyad::arena::measuring();
    layer_type negative;
    CHECK(negative.shape(measuring, -1, 20) == status::negative_extent);
    CHECK(negative.shape(measuring, 6, -1) == status::negative_extent);
    // Zero weights, zero tokens, no outputs.
    source.add("l.weight", constant_matrix(6, 20, 0));
    REQUIRE(held.layer.prepare(source, path("l"), affine{}, affine{}) == status::ok);
    const auto zeros = run_linear(held, std::vector<float>(40), 2, 20, 6);
    for (index j = 0; j < 12; ++j) {
        CHECK(zeros[static_cast<std::size_t>(j)] == static_cast<float>(source.get("l.bias")(0, j % 6)));
    }
    std::vector<float> x(20, 1);
    x[7] = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> y(6, 7);
    CHECK(run_in(1 << 16, [&](const auto& context) {
              tensor_of<w6a6, integer<6>> t;
              return as_operand<w6a6, integer<6>>(make_matrix(x.data(), 1, 20), t, 0, context);
          }) == status::value_not_finite);
}

}  // namespace
}  // namespace dyad_test
