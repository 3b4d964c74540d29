// SPDX-License-Identifier: Apache-2.0
// conv2d: every kernel extent, step, dilation, padding and group count of small images, in every layout, against loops
// over a padded copy; formats of every carrier; bad input.
#include <dyad/linalg/conv2d.hpp>

#include <doctest/doctest.h>

#include "support/convolutions.hpp"

#include <limits>

namespace {

using dyad::bfloat16;
using dyad::chained;
using dyad::conv2d_plan;
using dyad::conv2d_shape;
using dyad::conv2d_way;
using dyad::float8_e4m3fn;
using dyad::float8_e5m2;
using dyad::float_ordered;
using dyad::index;
using dyad::integer;
using dyad::proven;
using dyad::status;
using dyad::uinteger;
using dyad_test::convolution_check;
using dyad_test::image_layout;
using dyad_test::sum_order;

constexpr std::array input_layouts{image_layout::nhwc, image_layout::nchw, image_layout::gaps, image_layout::backwards,
                                   image_layout::one_image};
constexpr std::array output_layouts{image_layout::nhwc, image_layout::nchw, image_layout::gaps,
                                    image_layout::backwards};

struct group_case {
    index channels;
    index out_channels;
    index groups;
};
/// One group, few, depthwise, depthwise with a multiplier, few channels in many groups.
constexpr std::array group_cases{group_case{3, 5, 1},  group_case{4, 6, 2},  group_case{5, 5, 5},
                                 group_case{6, 12, 6}, group_case{12, 8, 4}, group_case{8, 8, 4}};

TEST_CASE("conv2d: int8, every small kernel, step, dilation and padding") {
    convolution_check<integer<8>, integer<8>, proven<std::int32_t>> check("int8 conv2d", sum_order::exact);
    int n = 0;
    for (index kernel = 1; kernel <= 4; ++kernel) {
        for (index step = 1; step <= 3; ++step) {
            for (index dilation = 1; dilation <= 3; ++dilation) {
                for (index padding = 0; padding <= 3; ++padding) {
                    for (const auto& [channels, out, groups] : group_cases) {
                        ++n;
                        const auto u = static_cast<std::size_t>(n);
                        // The other direction runs through all values in another order.
                        const conv2d_shape s{.batch = 1 + n % 2,
                                             .height = 4 + n % 3,
                                             .width = 5 + n % 4,
                                             .channels = channels,
                                             .out_channels = out,
                                             .kernel_height = kernel,
                                             .kernel_width = 1 + n % 4,
                                             .step_down = step,
                                             .step_across = 1 + n / 2 % 3,
                                             .padding_top = padding,
                                             .padding_bottom = n % 4,
                                             .padding_left = n / 3 % 4,
                                             .padding_right = n / 5 % 4,
                                             .dilation_down = dilation,
                                             .dilation_across = 1 + n / 7 % 3,
                                             .groups = groups};
                        check.check(s, {input_layouts[u / 2 % 5], input_layouts[u / 3 % 4], output_layouts[u / 5 % 4]},
                                    1 + n % 8, integer<8>(n % 7 - 3));
                    }
                }
            }
        }
    }
}

/// Kernels of 1 to 7, layouts and groups at random.
template <class Check>
void random_shapes(Check& check, int rounds) {
    auto& random = check.random();
    const auto any = [&](index low, index high) {
        return low + static_cast<index>(random() % static_cast<std::uint64_t>(high - low + 1));
    };
    for (int round = 0; round < rounds; ++round) {
        const group_case g = round % 5 == 4   ? group_case{35, 35, 35}
                             : round % 7 == 5 ? group_case{33, 17, 1}
                                              : group_cases[random() % 6];
        const conv2d_shape s{.batch = any(0, 2),
                             .height = any(1, 7),
                             .width = any(1, 8),
                             .channels = g.channels,
                             .out_channels = g.out_channels,
                             .kernel_height = round % 4 == 0 ? 1 : any(1, 7),
                             .kernel_width = round % 4 == 0 ? 1 : any(1, 5),
                             .step_down = any(1, 2),
                             .step_across = any(1, 2),
                             .padding_top = round % 8 == 0 ? 0 : any(0, 3),
                             .padding_bottom = round % 8 == 0 ? 0 : any(0, 3),
                             .padding_left = round % 8 == 0 ? 0 : any(0, 3),
                             .padding_right = round % 8 == 0 ? 0 : any(0, 3),
                             .dilation_down = any(1, 2),
                             .dilation_across = any(1, 2),
                             .groups = g.groups};
        check.check(s, {input_layouts[random() % 5], input_layouts[random() % 4], output_layouts[random() % 4]},
                    any(1, 8));
    }
}
template <class In, class Weight, class Accumulator>
void check_formats(const char* name, sum_order order) {
    convolution_check<In, Weight, Accumulator> check(name, order);
    random_shapes(check, 60);
}

TEST_CASE("conv2d: integer formats") {
    check_formats<uinteger<8>, integer<8>, proven<std::int32_t>>("uint8 x int8 conv2d", sum_order::exact);
    check_formats<integer<8>, integer<4>, proven<std::int32_t>>("int8 x int4 conv2d", sum_order::exact);
    check_formats<integer<16>, integer<8>, proven<std::int64_t>>("int16 x int8 conv2d", sum_order::exact);
    check_formats<integer<12>, integer<8>, proven<std::int32_t>>("int12 x int8 conv2d", sum_order::exact);
    check_formats<integer<8>, integer<8>, chained<std::int32_t, 16, std::int64_t>>("int8 chains conv2d",
                                                                                   sum_order::exact);
}

TEST_CASE("conv2d: float formats") {
    check_formats<float8_e4m3fn, float8_e5m2, float_ordered>("e4m3 x e5m2 conv2d", sum_order::bf16);
    check_formats<bfloat16, bfloat16, float_ordered>("bfloat16 conv2d", sum_order::bf16);
    check_formats<float, float, float_ordered>("float conv2d", sum_order::f32);
}

TEST_CASE("conv2d: without a kernel, and without room") {
    check_formats<integer<24>, integer<8>, proven<std::int64_t>>("int24 x int8 conv2d", sum_order::exact);
}

}  // namespace
