// SPDX-License-Identifier: Apache-2.0
// conv2d alone: against the definition in double, exactly in integers, with zero points; what does
// not fit is told by layer and operand.
#include <dyad/nn/conv2d.hpp>

#include <doctest/doctest.h>

#include "nn/convolution_support.hpp"

#include <limits>
#include <vector>

namespace dyad_test {
namespace {

using dyad::nn::affine;
using dyad::nn::conv2d_geometry;
using dyad::nn::fused_activation;
using dyad::nn::layer_kind;
using dyad::nn::layer_status;
using dyad::nn::operand_kind;
using dyad::nn::path;

/// Geometries of every kind: padding by rule and by pixels, steps, dilation, groups.
std::vector<conv2d_geometry> geometries() {
    using namespace dyad::nn;
    return {
        {.height = 9,
         .width = 6,
         .channels = 3,
         .out_channels = 5,
         .kernel_height = 4,
         .kernel_width = 3,
         .step_down = 2,
         .step_across = 2,
         .padding = same_padding},
        {.batch = 2,
         .height = 5,
         .width = 7,
         .channels = 4,
         .out_channels = 6,
         .kernel_height = 3,
         .kernel_width = 2,
         .dilation_across = 2,
         .groups = 2,
         .padding = {padding_rule::pixels, 1, 2, 0, 3}},
        {.batch = 2, .height = 6, .width = 6, .channels = 16, .out_channels = 24, .padding = valid_padding},
    };
}
TEST_CASE("conv2d: against the definition in double") {
    constexpr error_bounds bounds{
        .float32_ulps = 3, .bfloat16 = 50, .float8 = 25, .int8 = 36, .int8_float = 38, .dynamic16 = 80};
    const auto check = [&]<class R>() { check_against_double<R, dyad::nn::conv2d<R>>(geometries(), bounds); };
    check.operator()<in_float32>();
    check.operator()<in_float8>();
    check.operator()<in_int8>();
}
TEST_CASE("conv2d: integers are those of the definition, with zero points and bounds, however it is run") {
    check_exactly<dyad::nn::conv2d<in_int8>, in_int8>(geometries());
    check_exactly<dyad::nn::conv2d<in_int8_zero>, in_int8_zero>(geometries());
}
TEST_CASE("conv2d: floats have the same bits however it is run") {
    check_floats<dyad::nn::conv2d<in_float8>>(geometries()[1]);
}

TEST_CASE("conv2d: `same` pads as much as the steps need, the odd pixel after the image") {
    const auto padded = [](index in, index kernel, index dilation, index step) {
        const auto p = dyad::nn::same_axis_padding(in, kernel, dilation, step);
        return std::pair{p.before, p.after};
    };
    using both = std::pair<index, index>;
    CHECK(padded(49, 10, 1, 2) == both{4, 5});
    CHECK(padded(10, 4, 1, 2) == both{1, 1});
    CHECK(padded(25, 3, 1, 1) == both{1, 1});
    CHECK(padded(5, 2, 1, 1) == both{0, 1});
    CHECK(padded(4, 1, 1, 3) == both{0, 0});
    CHECK(padded(0, 3, 1, 1) == both{0, 0});
    CHECK(padded(7, 3, 3, 2) == both{3, 3});
    for (index in = 1; in < 20; ++in) {
        for (index kernel = 1; kernel < 6; ++kernel) {
            for (index step = 1; step < 5; ++step) {
                dyad::conv2d_shape s;
                REQUIRE(dyad::nn::shape_of({.height = in,
                                            .width = in,
                                            .channels = 1,
                                            .out_channels = 1,
                                            .kernel_height = kernel,
                                            .kernel_width = kernel,
                                            .step_down = step,
                                            .step_across = step,
                                            .padding = dyad::nn::same_padding},
                                           s) == status::ok);
                CHECK(s.out_height() == (in + step - 1) / step);
                CHECK(s.out_width() == s.out_height());
                // No pixel too many: without the last one there would be a window less.
                if (s.padding_bottom > 0) CHECK((s.height + s.padding_top + s.padding_bottom - kernel) % step == 0);
                CHECK(s.padding_bottom - s.padding_top >= 0);
                CHECK(s.padding_bottom - s.padding_top <= 1);
            }
        }
    }
}

/// Keeps what products report.
struct sum_keeper {
    std::vector<dyad::nn::sum_report> reports;
    template <class T, class Token>
    void operator()(int, matrix_view<const T>, Token) {}
    void sums(const dyad::nn::sum_report& r) { reports.push_back(r); }
};

TEST_CASE("conv2d: tells a probe of sums how large they were") {
    using layer_type = dyad::nn::conv2d<in_int8>;
    const conv2d_geometry g = geometries()[0];
    const convolution_case<layer_type> c(g, 3, 3);
    parameters source;
    c.add_to(source, "c");
    const prepared_convolution<layer_type> layer(source, path("c"), g, 3.0 / 127, 0.1);
    REQUIRE(layer.answer == status::ok);
    const auto x = encode<dyad::integer<8>>(c.x, 3.0 / 127);
    double largest = 0;
    for (index p = 0; p < c.shape.pixels(); ++p) {
        for (index o = 0; o < c.shape.out_channels; ++o) {
            double most = 0;
            for (index k = 0; k < c.w.columns; ++k) most = std::max(most, std::fabs(c.w(o, k)));
            const auto at = [&](index i, index channel, index r, index k) {
                return x[static_cast<std::size_t>(i * 3 + channel)].raw() *
                       dyad::convert<std::int32_t>(c.w(r, k) / (most / 127));
            };
            largest = std::max(largest, std::fabs(static_cast<double>(window_sum<std::int64_t>(c.shape, p, o, at))));
        }
    }
    sum_keeper probe;
    std::vector<dyad::integer<8>> y(static_cast<std::size_t>(c.shape.pixels() * 5));
    CHECK(run_in(
              std::size_t{1} << 20,
              [&](const auto& context) {
                  return layer.held.layer.run(dyad::make_matrix(x.data(), 54, 3),
                                              dyad::make_matrix(y.data(), c.shape.pixels(), 5), context);
              },
              shuffling{}, probe) == status::ok);
    REQUIRE(probe.reports.size() == 1);
    CHECK(probe.reports[0].k == 36);
    CHECK(probe.reports[0].largest == largest);
    // 36 * 128 * 128 = 589 824 has 20 bits, and a sign; the biases, at most 0.5 / (0.5 / 127 * 3 / 127), add none.
    CHECK(probe.reports[0].proven_bits == 21);
    CHECK(equal_bits(y, layer.run(x)));
}

TEST_CASE("conv2d: what does not fit is told by layer and operand") {
    using layer_type = dyad::nn::conv2d<in_int8_zero>;
    constexpr auto kind = layer_kind::conv2d;
    const conv2d_geometry g{
        .height = 4, .width = 4, .channels = 2, .out_channels = 3, .kernel_height = 3, .kernel_width = 3};
    const auto shape = [](const conv2d_geometry& geometry) {
        layer_type layer;
        dyad::arena memory = dyad::arena::measuring();
        return layer.shape(memory, geometry);
    };
    const auto changed = [&](index conv2d_geometry::*member, index value) {
        conv2d_geometry other = g;
        other.*member = value;
        return shape(other);
    };
    CHECK(shape(g) == status::ok);
    using geo = conv2d_geometry;
    for (const auto member : {&geo::batch, &geo::height, &geo::width, &geo::channels, &geo::out_channels})
        check_named(changed(member, -1), status::negative_extent, kind, operand_kind::geometry);
    check_named(changed(&geo::kernel_height, 0), status::kernel_extent_not_positive, kind, operand_kind::geometry);
    check_named(changed(&geo::step_across, 0), status::step_not_positive, kind, operand_kind::geometry);
    check_named(changed(&geo::dilation_down, -1), status::dilation_not_positive, kind, operand_kind::geometry);
    check_named(changed(&geo::groups, 2), status::groups_do_not_divide, kind, operand_kind::geometry);
    check_named(changed(&geo::groups, 0), status::groups_do_not_divide, kind, operand_kind::geometry);
    geo bad = g;
    bad.padding.left = -1;
    check_named(shape(bad), status::padding_negative, kind, operand_kind::geometry);
    // (2^31 - 1) / 2^14 = 131071.99: so many products of int8 cannot overflow.
    geo deep = g;
    deep.kernel_height = deep.kernel_width = 1;
    deep.channels = 131071;
    CHECK(shape(deep) == status::ok);
    deep.channels = 131072;
    check_named(shape(deep), status::k_exceeds_accumulator, kind, operand_kind::weight);
    check_named(changed(&geo::out_channels, std::numeric_limits<index>::max()), status::arena_too_small, kind,
                operand_kind::memory);

    parameters source;
    const auto prepare = [&](const affine& in, const affine& out) {
        return prepared_convolution<layer_type>(source, path("c"), g, in, out).answer;
    };
    check_named(prepare(1, 1), status::parameter_missing, kind, operand_kind::bias);
    source.add("c.bias", constant_matrix(1, 3, 0.5));
    check_named(prepare(1, 1), status::parameter_missing, kind, operand_kind::weight);
    source.add("c.weight", constant_matrix(3, 17, 1));
    check_named(prepare(1, 1), status::parameter_shape_differs, kind, operand_kind::weight);
    source.add("c.weight", constant_matrix(3, 18, 1));
    CHECK(prepare(1, 1) == status::ok);
    CHECK(prepare({1, 127}, {1, -128}) == status::ok);
    check_named(prepare({1, 128}, 1), status::scale_unsupported, kind, operand_kind::input_scale);
    check_named(prepare({0.0, 1}, 1), status::scale_not_positive, kind, operand_kind::input_scale);
    CHECK(prepare(1, 0.0).layer() == kind);
    CHECK(prepare(1, 0.0) == status::scale_not_positive);
    // 1e10 in units of 1 / 127 is beyond 2^30.
    source.add("c.bias", constant_matrix(1, 3, 1e10));
    check_named(prepare(1, 1), status::bias_exceeds_accumulator, kind, operand_kind::bias);
    source.add("c.bias", constant_matrix(1, 3, 0.5));

    const prepared_convolution<layer_type> layer(source, path("c"), g, 1, 1);
    REQUIRE(layer.answer == status::ok);
    using code = dyad::integer<8>;
    std::vector<code> x(64);
    std::vector<code> y(64, code::from_raw(7));
    const auto run = [&](const code* in, index rows, index columns, code* out, index out_rows, index out_columns) {
        std::vector<std::byte> memory(std::size_t{1} << 16);
        dyad::arena scratch(memory);
        return layer.held.layer.run(dyad::make_matrix(in, rows, columns), dyad::make_matrix(out, out_rows, out_columns),
                                    dyad::nn::quiet(scratch));
    };
    check_named(run(x.data(), 15, 2, y.data(), 4, 3), status::lhs_rows_differ, kind, operand_kind::input);
    check_named(run(x.data(), 16, 3, y.data(), 4, 3), status::lhs_columns_differ, kind, operand_kind::input);
    check_named(run(x.data(), 16, 2, y.data(), 5, 3), status::dst_rows_differ, kind, operand_kind::output);
    check_named(run(x.data(), 16, 2, y.data(), 4, 2), status::dst_columns_differ, kind, operand_kind::output);
    check_named(run(nullptr, 16, 2, y.data(), 4, 3), status::lhs_null, kind, operand_kind::input);
    check_named(run(x.data(), 16, 2, nullptr, 4, 3), status::dst_null, kind, operand_kind::output);
    check_named(run(x.data(), 16, 2, x.data() + 8, 4, 3), status::dst_overlaps_lhs, kind, operand_kind::output);
    check_named(run(x.data(), -16, 2, y.data(), 4, 3), status::lhs_rows_differ, kind, operand_kind::input);
    for (const code c : y) CHECK(c.raw() == 7);
    CHECK(run(x.data(), 16, 2, y.data(), 4, 3) == status::ok);
}

}  // namespace
}  // namespace dyad_test
