// SPDX-License-Identifier: Apache-2.0
// max_pool2d and average_pool2d as layers: against the definition, however they are run; scales are kept; what does not
// fit is told.
#include <dyad/nn/pool2d.hpp>

#include <doctest/doctest.h>

#include "nn/convolution_support.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace dyad_test {
namespace {

using dyad::nn::affine;
using dyad::nn::fused_activation;
using dyad::nn::layer_kind;
using dyad::nn::operand_kind;
using dyad::nn::path;
using dyad::nn::pool2d_geometry;

std::vector<pool2d_geometry> geometries() {
    using namespace dyad::nn;
    return {{.height = 4, .width = 3, .channels = 9, .kernel_height = 4, .kernel_width = 3},
            {.batch = 3,
             .height = 7,
             .width = 5,
             .channels = 33,
             .kernel_height = 3,
             .kernel_width = 2,
             .step_down = 2,
             .step_across = 2,
             .padding = same_padding},
            {.batch = 2,
             .height = 3,
             .width = 4,
             .channels = 5,
             .kernel_height = 2,
             .kernel_width = 3,
             .padding = {padding_rule::pixels, 1, 1, 2, 0}},
            {.height = 6,
             .width = 6,
             .channels = 8,
             .kernel_height = 2,
             .kernel_width = 2,
             .step_down = 2,
             .step_across = 2,
             .padding = valid_padding,
             .activation = fused_activation::relu6}};
}

/// code(taps in order) of every output.
template <class Layer, class Pool>
std::vector<typename Layer::output> expected(const Layer& layer, const std::vector<typename Layer::input>& x,
                                             const Pool& pool) {
    const dyad::conv2d_shape& s = layer.extents();
    std::vector<typename Layer::output> y;
    for (index p = 0; p < s.pixels(); ++p) {
        const index w = s.out_width();
        const index h = s.out_height();
        for (index c = 0; c < s.channels; ++c) {
            std::vector<typename Layer::input> taps;
            for (index ky = 0; ky < s.kernel_height; ++ky) {
                for (index kx = 0; kx < s.kernel_width; ++kx) {
                    const index from = pixel_under(s, p / w / h, p / w % h, p % w, ky, kx);
                    if (from >= 0) taps.push_back(x[static_cast<std::size_t>(from * s.channels + c)]);
                }
            }
            y.push_back(pool(taps));
        }
    }
    return y;
}

template <class Layer, class Pool>
void check(const affine& in, const Pool& pool) {
    for (const pool2d_geometry& g : geometries()) {
        Layer layer;
        dyad::arena none = dyad::arena::measuring();
        REQUIRE(layer.shape(none, g) == status::ok);
        CHECK(none.used() == 0);
        parameters source;
        affine out;
        REQUIRE(layer.prepare(source, path("p"), in, out) == status::ok);
        CHECK(out == in);
        std::mt19937_64 engine(3);
        std::vector<typename Layer::input> x(static_cast<std::size_t>(g.batch * g.height * g.width * g.channels));
        for (auto& v : x) {
            const auto code = static_cast<std::int8_t>(engine() & 0xff);
            if constexpr (std::same_as<typename Layer::input, float>) v = code;
            else v = Layer::input::from_raw(code);
        }
        const auto y = expected(layer, x, [&](const auto& taps) { return pool(taps, g.activation, in); });
        const dyad::conv2d_shape& s = layer.extents();
        const auto got = run_checked<typename Layer::output>(
            x, g.batch * g.height * g.width, g.channels, s.pixels(), g.channels,
            [&](auto from, auto to, const auto& context) { return layer.run(from, to, context); });
        CHECK(equal_bits(got, y));
        check_same_bits(layer, x, y);
    }
}

/// Codes of in's zero point and of its 6.
template <class T>
T clamped(T x, fused_activation f, const affine& in) {
    if (f == fused_activation::none) return x;
    REQUIRE(f == fused_activation::relu6);
    if constexpr (std::same_as<T, float>) {
        return std::clamp(x, 0.0F, 6.0F);
    } else {
        const auto high = std::lround(6 / in.scale) + in.zero_point;
        return T::from_raw(static_cast<std::int8_t>(std::clamp<long>(x.raw(), in.zero_point, std::min(127L, high))));
    }
}

TEST_CASE("max_pool2d: the largest code under the window") {
    using code = dyad::integer<8>;
    const auto largest = [](const auto& taps, fused_activation f, const affine& in) {
        return clamped(*std::max_element(taps.begin(), taps.end()), f, in);
    };
    check<dyad::nn::max_pool2d<in_int8_zero>>({0.1, -5}, largest);
    check<dyad::nn::max_pool2d<in_float32>>(1, largest);
    static_assert(std::same_as<dyad::nn::max_pool2d<in_int8>::output, code>);
}

TEST_CASE("average_pool2d: the mean of the codes, halves away from zero; of floats the float sum over their number") {
    const auto mean_code = [](const std::vector<dyad::integer<8>>& taps, fused_activation f, const affine& in) {
        const auto n = static_cast<int>(taps.size());
        int sum = 0;
        for (const auto x : taps) sum += x.raw();
        const int mean = (sum > 0 ? sum + n / 2 : sum - n / 2) / n;
        return clamped(dyad::integer<8>::from_raw(static_cast<std::int8_t>(mean)), f, in);
    };
    check<dyad::nn::average_pool2d<in_int8_zero>>({0.05, 7}, mean_code);
    const auto mean = [](const std::vector<float>& taps, fused_activation f, const affine& in) {
        float sum = 0;  // whole numbers: exact
        for (const float x : taps) sum += x;
        return clamped(static_cast<float>(static_cast<double>(sum) / static_cast<double>(taps.size())), f, in);
    };
    check<dyad::nn::average_pool2d<in_float32>>(1, mean);
}

TEST_CASE("pool2d: what does not fit is told by layer and operand") {
    using layer_type = dyad::nn::average_pool2d<in_int8>;
    constexpr auto kind = layer_kind::average_pool2d;
    const pool2d_geometry g{.height = 4, .width = 4, .channels = 2, .kernel_height = 2, .kernel_width = 2};
    const auto shape = [](const pool2d_geometry& geometry) {
        layer_type layer;
        dyad::arena none = dyad::arena::measuring();
        return layer.shape(none, geometry);
    };
    CHECK(shape(g) == status::ok);
    const auto changed = [&](index pool2d_geometry::*member, index value) {
        pool2d_geometry other = g;
        other.*member = value;
        return shape(other);
    };
    using geo = pool2d_geometry;
    for (const auto member : {&geo::batch, &geo::height, &geo::width, &geo::channels})
        check_named(changed(member, -1), status::negative_extent, kind, operand_kind::geometry);
    check_named(changed(&geo::kernel_width, 0), status::kernel_extent_not_positive, kind, operand_kind::geometry);
    check_named(changed(&geo::step_down, -2), status::step_not_positive, kind, operand_kind::geometry);
    geo padded = g;
    padded.padding = dyad::nn::padding_of(2);
    check_named(shape(padded), status::window_empty, kind, operand_kind::geometry);
    geo huge = g;
    huge.kernel_height = huge.kernel_width = index{1} << 20;
    check_named(shape(huge), status::k_exceeds_accumulator, kind, operand_kind::geometry);

    layer_type layer;
    dyad::arena none = dyad::arena::measuring();
    REQUIRE(layer.shape(none, g) == status::ok);
    using code = dyad::integer<8>;
    std::vector<code> x(64);
    std::vector<code> y(64, code::from_raw(7));
    const auto run = [&](const code* in, index rows, index columns, code* out, index out_rows, index out_columns) {
        std::vector<std::byte> memory(64);
        dyad::arena scratch(memory);
        return layer.run(dyad::make_matrix(in, rows, columns), dyad::make_matrix(out, out_rows, out_columns),
                         dyad::nn::quiet(scratch));
    };
    check_named(run(x.data(), 15, 2, y.data(), 9, 2), status::lhs_rows_differ, kind, operand_kind::input);
    check_named(run(x.data(), 16, 3, y.data(), 9, 2), status::lhs_columns_differ, kind, operand_kind::input);
    check_named(run(x.data(), 16, 2, y.data(), 8, 2), status::dst_rows_differ, kind, operand_kind::output);
    check_named(run(x.data(), 16, 2, y.data(), 9, 1), status::dst_columns_differ, kind, operand_kind::output);
    check_named(run(nullptr, 16, 2, y.data(), 9, 2), status::lhs_null, kind, operand_kind::input);
    check_named(run(x.data(), 16, 2, nullptr, 9, 2), status::dst_null, kind, operand_kind::output);
    check_named(run(x.data(), 16, 2, x.data() + 8, 9, 2), status::dst_overlaps_lhs, kind, operand_kind::output);
    for (const code c : y) CHECK(c.raw() == 7);
    CHECK(run(x.data(), 16, 2, y.data(), 9, 2) == status::ok);
    // An image without pixels, between rows of padding.
    geo empty = g;
    empty.height = 0;
    empty.padding = {dyad::nn::padding_rule::pixels, 1, 1, 0, 0};
    REQUIRE(layer.shape(none, empty) == status::ok);
    check_named(run(x.data(), 0, 2, y.data(), 3, 2), status::window_empty, kind, operand_kind::geometry);
}

}  // namespace
}  // namespace dyad_test
