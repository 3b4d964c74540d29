// SPDX-License-Identifier: Apache-2.0
// conv2d: every kernel extent, step, dilation, padding and group count of small images, in every layout, against loops
// over a padded copy; bad input.
#include <dyad/linalg/conv2d.hpp>

#include <doctest/doctest.h>

#include "support/convolutions.hpp"

#include <limits>

namespace {

using dyad::bfloat16;
using dyad::conv2d_plan;
using dyad::conv2d_shape;
using dyad::conv2d_way;
using dyad::float_ordered;
using dyad::index;
using dyad::integer;
using dyad::proven;
using dyad::status;
using dyad::uinteger;
using dyad_test::convolution_check;
using dyad_test::group_cases;
using dyad_test::image_layout;
using dyad_test::input_layouts;
using dyad_test::output_layouts;
using dyad_test::sum_order;

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

TEST_CASE("conv2d: many pixels, many channels") {
    convolution_check<uinteger<8>, integer<8>, proven<std::int32_t>> check("large uint8 conv2d", sum_order::exact);
    // More pixels than are packed at a time; dst in one piece, in one for each image, in one for each row.
    for (const image_layout to : {image_layout::nhwc, image_layout::nchw, image_layout::gaps}) {
        check.check({.batch = 2, .height = 36, .width = 33, .channels = 2, .out_channels = 3},
                    {image_layout::nhwc, image_layout::nhwc, to}, 3);
        check.check({.height = 60, .width = 40, .channels = 1, .out_channels = 2, .kernel_height = 3, .padding_top = 1},
                    {image_layout::nhwc, image_layout::nhwc, to}, 2);
    }
    // Several panels of channels, straight from the image and expanded.
    check.check({.height = 4,
                 .width = 3,
                 .channels = 300,
                 .out_channels = 300,
                 .kernel_height = 3,
                 .kernel_width = 3,
                 .padding_left = 1,
                 .groups = 300},
                {image_layout::nhwc, image_layout::nhwc, image_layout::nhwc}, 2);
    check.check({.height = 3,
                 .width = 3,
                 .channels = 140,
                 .out_channels = 280,
                 .kernel_height = 2,
                 .kernel_width = 2,
                 .padding_right = 1,
                 .groups = 70},
                {image_layout::nchw, image_layout::nchw, image_layout::nchw}, 2);
}

TEST_CASE("conv2d: infinities and NaN, by groups and across channels, as in the plain loops") {
    using plan_type = conv2d_plan<bfloat16, bfloat16, float_ordered>;
    std::mt19937_64 random(7);
    dyad_test::tally cases("conv2d of any bfloat16");
    for (const index groups : {1, 12}) {
        const conv2d_shape s{.height = 6,
                             .width = 5,
                             .channels = 12,
                             .out_channels = 12,
                             .kernel_height = 3,
                             .kernel_width = 3,
                             .padding_top = 1,
                             .groups = groups};
        dyad_test::image<bfloat16> input({1, 6, 5, 12}, image_layout::nhwc);
        dyad_test::image<bfloat16> weights({12, 3, 3, 12 / groups}, image_layout::nhwc);
        for (auto* const memory : {&input.memory, &weights.memory}) {
            for (bfloat16& x : *memory) {
                x = random() % 40 == 0 ? bfloat16::from_bits(static_cast<std::uint16_t>(random()))
                                       : dyad_test::random_code<bfloat16>(random);
            }
        }
        const auto in = std::as_const(input).view();
        const auto by = std::as_const(weights).view();
        dyad_test::image<float> expected({1, s.out_height(), s.out_width(), 12}, image_layout::nhwc);
        dyad::conv2d_plain<float_ordered>(s, in, by, bfloat16(1.0f), expected.view(), dyad::keep_sum{});
        for (const auto isa : dyad_test::instruction_sets()) {
            plan_type plan;
            REQUIRE(plan_type::make(s, {.padding = bfloat16(1.0f), .cap = isa}, plan) == status::ok);
            dyad_test::image<float> dst({1, s.out_height(), s.out_width(), 12}, image_layout::nhwc);
            std::vector<std::byte> workspace(plan.workspace_bytes());
            REQUIRE(plan.run(in, by, dst.view(), dyad::keep_sum{}, workspace) == status::ok);
            for (std::size_t i = 0; i < dst.memory.size(); ++i) {
                cases.check(
                    std::bit_cast<std::uint32_t>(dst.memory[i]) == std::bit_cast<std::uint32_t>(expected.memory[i]),
                    to_string(isa), ", ", groups, " groups, element ", i, ": got ", dst.memory[i], ", expected ",
                    expected.memory[i]);
            }
        }
    }
}

TEST_CASE("conv2d: sums of windows and weights") {
    using plan_type = conv2d_plan<uinteger<8>, integer<8>, proven<std::int32_t>>;
    dyad_test::tally cases("sums of windows");
    std::mt19937_64 random(3);
    const conv2d_shape s{.batch = 2,
                         .height = 9,
                         .width = 8,
                         .channels = 6,
                         .out_channels = 4,
                         .kernel_height = 3,
                         .kernel_width = 2,
                         .step_down = 2,
                         .padding_top = 1,
                         .padding_left = 2,
                         .dilation_across = 2,
                         .groups = 2};
    for (const image_layout from : input_layouts) {
        dyad_test::image<uinteger<8>> input({2, 9, 8, 6}, from);
        dyad_test::image<integer<8>> weights({4, 3, 2, 3}, from);
        for (auto& x : input.memory) x = dyad_test::random_code<uinteger<8>>(random);
        for (auto& x : weights.memory) x = dyad_test::random_code<integer<8>>(random);
        plan_type plan;
        const auto zero = uinteger<8>::from_raw(9);
        REQUIRE(plan_type::make(s, {.padding = zero}, plan) == status::ok);
        std::vector<std::int32_t> windows(static_cast<std::size_t>(s.pixels() * 2), 77);
        std::vector<std::int32_t> outputs(4, 77);
        const auto sums = dyad::make_matrix(windows.data(), s.pixels(), 2);
        const auto in = std::as_const(input).view();
        const auto by = std::as_const(weights).view();
        REQUIRE(plan.sum_windows(in, sums, dyad_test::shuffled_tasks{2}) == status::ok);
        REQUIRE(plan.sum_weights(by, dyad::make_vector(outputs.data(), 4)) == status::ok);
        // Weights of 1 sum a window, an image of 1 sums weights.
        dyad_test::image<integer<8>> ones({4, 3, 2, 3}, image_layout::nhwc);
        for (auto& x : ones.memory) x = integer<8>(1);
        for (index p = 0; p < s.pixels(); ++p) {
            for (index g = 0; g < 2; ++g) {
                const auto expected = dyad::conv2d_plain_sum<uinteger<8>, integer<8>, proven<std::int32_t>>(
                    s, in, std::as_const(ones).view(), zero, p, 2 * g);
                cases.check(sums(p, g) == expected, "pixel ", p, ", group ", g, ": got ", sums(p, g), ", expected ",
                            expected);
            }
        }
        for (index o = 0; o < 4; ++o) {
            std::int32_t expected = 0;
            for (index y = 0; y < 3; ++y)
                for (index x = 0; x < 2; ++x)
                    for (index c = 0; c < 3; ++c) expected += by(o, y, x, c).raw();
            cases.check(outputs[static_cast<std::size_t>(o)] == expected, "output ", o);
        }
        CHECK(plan.sum_windows(in, dyad::make_matrix(windows.data(), s.pixels() - 1, 2)) == status::dst_rows_differ);
        CHECK(plan.sum_windows(in, dyad::make_matrix(windows.data(), s.pixels(), 1)) == status::dst_columns_differ);
        CHECK(plan.sum_weights(by, dyad::make_vector(outputs.data(), 3)) == status::dst_columns_differ);
        std::int32_t* const null = nullptr;
        CHECK(plan.sum_weights(by, dyad::make_vector(null, 4)) == status::dst_null);
        CHECK(plan.sum_windows(in, dyad::make_matrix(null, s.pixels(), 2)) == status::dst_null);
        CHECK(plan.sum_windows(in, {windows.data(), {s.pixels(), 2}, {1, 1}}) == status::dst_overlaps_itself);
    }
}

/// One way of an epilogue for each call.
struct places {
    index columns;
    [[nodiscard]] std::int64_t operator()(std::int32_t sum, index row, index column) const noexcept {
        return std::int64_t{sum} * 100'000 + row * columns + column;
    }
};
struct places_by_rows : places {
    void run(dyad::instruction_set, const std::int32_t* sums, index row, index column, index count,
             std::int64_t* dst) const noexcept {
        for (index j = 0; j < count; ++j) dst[j] = (*this)(sums[j], row, column + j);
    }
};
struct places_by_tiles : places {
    void run(dyad::instruction_set, const dyad::sum_tile<std::int32_t, std::int64_t>& tile, index row,
             index column) const noexcept {
        dyad::run_each(*this, tile, row, column);
    }
};

TEST_CASE("conv2d: epilogues of every form get the output pixel and channel") {
    using plan_type = conv2d_plan<integer<8>, integer<8>, proven<std::int32_t>>;
    dyad_test::tally cases("places in conv2d");
    std::mt19937_64 random(11);
    for (const index groups : {1, 2, 12}) {
        const conv2d_shape s{.batch = 2,
                             .height = 6,
                             .width = 5,
                             .channels = 12,
                             .out_channels = 24,
                             .kernel_height = 2,
                             .kernel_width = 3,
                             .padding_left = 1,
                             .groups = groups};
        dyad_test::image<integer<8>> input({2, 6, 5, 12}, image_layout::nhwc);
        dyad_test::image<integer<8>> weights({24, 2, 3, 12 / groups}, image_layout::nhwc);
        for (auto& x : input.memory) x = dyad_test::random_code<integer<8>>(random);
        for (auto& x : weights.memory) x = dyad_test::random_code<integer<8>>(random);
        const auto in = std::as_const(input).view();
        const auto by = std::as_const(weights).view();
        plan_type plan;
        REQUIRE(plan_type::make(s, {}, plan) == status::ok);
        std::vector<std::byte> workspace(plan.workspace_bytes());
        for (const image_layout to : output_layouts) {
            dyad_test::image<std::int64_t> expected({2, s.out_height(), s.out_width(), 24}, to);
            const places at{24};
            dyad::conv2d_plain<proven<std::int32_t>>(s, in, by, integer<8>{}, expected.view(), at);
            const auto check = [&](const auto& epilogue) {
                dyad_test::image<std::int64_t> dst({2, s.out_height(), s.out_width(), 24}, to);
                REQUIRE(plan.run(in, by, dst.view(), epilogue, workspace, dyad_test::shuffled_tasks{2}) == status::ok);
                cases.check(dst.memory == expected.memory, groups, " groups");
            };
            check(at);
            check(places_by_rows{at});
            check(places_by_tiles{at});
        }
    }
}

TEST_CASE("conv2d: an epilogue's own check") {
    struct refuses : dyad::keep_sum {
        [[nodiscard]] status check(index m, index n) const noexcept {
            return m == 12 && n == 3 ? status::bias_null : status::ok;
        }
    };
    conv2d_plan<integer<8>, integer<8>, proven<std::int32_t>> plan;
    REQUIRE(decltype(plan)::make({.height = 3, .width = 4, .channels = 1, .out_channels = 3}, {}, plan) == status::ok);
    const std::vector<integer<8>> codes(12);
    std::vector<std::int32_t> out(36, 42);
    std::vector<std::byte> workspace(plan.workspace_bytes());
    CHECK(plan.run(dyad::make_image_nhwc(codes.data(), 1, 3, 4, 1), dyad::make_weights_ohwi(codes.data(), 3, 1, 1, 1),
                   dyad::make_image_nhwc(out.data(), 1, 3, 4, 3), refuses{}, workspace) == status::bias_null);
    for (const std::int32_t x : out) CHECK(x == 42);
}

// --- plans ---

TEST_CASE("conv2d_plan: output extents, descriptions") {
    using plan_type = conv2d_plan<integer<8>, integer<8>, proven<std::int32_t>>;
    plan_type plan;
    const conv2d_shape s{.batch = 2,
                         .height = 7,
                         .width = 5,
                         .channels = 8,
                         .out_channels = 16,
                         .kernel_height = 3,
                         .kernel_width = 2,
                         .step_down = 2,
                         .padding_top = 1,
                         .dilation_across = 3};
    CHECK(s.out_height() == 3);
    CHECK(s.out_width() == 2);
    CHECK(s.pixels() == 12);
    CHECK(s.depth() == 48);
    REQUIRE(plan_type::make(s, {}, plan) == status::ok);
    const auto d = plan.describe();
    CHECK(d.way == conv2d_way::product);
    CHECK(d.carrier == dyad::carrier::integer8);
    CHECK(d.pixels == 12);
    CHECK(d.depth == 48);
    CHECK(d.max_k == plan_type::max_k(0));
    CHECK(d.workspace_bytes == plan.workspace_bytes());
    CHECK(d.packed_bytes == plan.packed_bytes());
    conv2d_shape across = s;
    across.groups = 8;
    REQUIRE(plan_type::make(across, {}, plan) == status::ok);
    CHECK(plan.describe().way == conv2d_way::depthwise);
    conv2d_plan<integer<24>, integer<8>, proven<std::int64_t>> wide;
    REQUIRE(decltype(wide)::make(s, {}, wide) == status::ok);
    CHECK(wide.describe().way == conv2d_way::plain);
    CHECK(wide.workspace_bytes() == 0);
    // A kernel wider than the padded image has no output.
    conv2d_shape none = s;
    none.kernel_width = 6;
    none.dilation_across = 1;
    CHECK(none.out_width() == 0);
    CHECK(none.pixels() == 0);
    // Extents beyond all memory neither overflow nor pass.
    constexpr index most = std::numeric_limits<index>::max();
    const conv2d_shape huge{.batch = most, .height = most, .width = most, .channels = 1, .out_channels = 1};
    CHECK(huge.pixels() == most);
    REQUIRE(plan_type::make(huge, {}, plan) == status::ok);
    CHECK(plan_type::make({.channels = most, .out_channels = 1, .kernel_height = 2}, {}, plan) ==
          status::k_exceeds_accumulator);
    conv2d_plan<float, float, float_ordered> deep;
    REQUIRE(decltype(deep)::make({.channels = most, .out_channels = most}, {}, deep) == status::ok);
    CHECK(deep.packed_bytes() == std::numeric_limits<std::size_t>::max());
}

TEST_CASE("conv2d_plan: packed weights beyond all memory") {
    using plan_type = conv2d_plan<integer<8>, integer<8>, proven<std::int32_t>>;
    constexpr index many = index{1} << 62;
    plan_type plan;
    REQUIRE(plan_type::make({.height = 1, .width = 1, .channels = many, .out_channels = many, .groups = many}, {},
                            plan) == status::ok);
    CHECK(plan.packed_bytes() == std::numeric_limits<std::size_t>::max());
    // (a stride of 0: all weights are one, so that their memory is real)
    const auto weight = integer<8>::from_raw(1);
    const dyad::image_view<const integer<8>> weights{&weight, {many, 1, 1, 1}, {0, 0, 0, 0}};
    alignas(64) std::byte memory[128];
    CHECK(plan.pack(weights, memory) == status::packed_memory_too_small);
}

TEST_CASE("conv2d_plan: bad shapes") {
    using plan_type = conv2d_plan<integer<8>, integer<8>, proven<std::int32_t>>;
    const auto expect = [](status s, const auto& spoil) {
        conv2d_shape shape{.height = 4, .width = 4, .channels = 6, .out_channels = 4, .kernel_height = 2, .groups = 2};
        plan_type plan;
        REQUIRE(plan_type::make(shape, {}, plan) == status::ok);
        const std::size_t bytes = plan.workspace_bytes();
        spoil(shape);
        CHECK(plan_type::make(shape, {}, plan) == s);
        CHECK(plan.workspace_bytes() == bytes);
    };
    expect(status::negative_extent, [](conv2d_shape& s) { s.batch = -1; });
    expect(status::negative_extent, [](conv2d_shape& s) { s.height = -1; });
    expect(status::negative_extent, [](conv2d_shape& s) { s.width = -4; });
    expect(status::negative_extent, [](conv2d_shape& s) { s.channels = -2; });
    expect(status::negative_extent, [](conv2d_shape& s) { s.out_channels = -2; });
    expect(status::kernel_extent_not_positive, [](conv2d_shape& s) { s.kernel_height = 0; });
    expect(status::kernel_extent_not_positive, [](conv2d_shape& s) { s.kernel_width = -1; });
    expect(status::step_not_positive, [](conv2d_shape& s) { s.step_down = 0; });
    expect(status::step_not_positive, [](conv2d_shape& s) { s.step_across = -1; });
    expect(status::padding_negative, [](conv2d_shape& s) { s.padding_top = -1; });
    expect(status::padding_negative, [](conv2d_shape& s) { s.padding_bottom = -1; });
    expect(status::padding_negative, [](conv2d_shape& s) { s.padding_left = -1; });
    expect(status::padding_negative, [](conv2d_shape& s) { s.padding_right = -1; });
    expect(status::dilation_not_positive, [](conv2d_shape& s) { s.dilation_down = 0; });
    expect(status::dilation_not_positive, [](conv2d_shape& s) { s.dilation_across = 0; });
    expect(status::groups_do_not_divide, [](conv2d_shape& s) { s.groups = 0; });
    expect(status::groups_do_not_divide, [](conv2d_shape& s) { s.groups = 3; });
    expect(status::groups_do_not_divide, [](conv2d_shape& s) { s.groups = 4; });
    expect(status::k_exceeds_accumulator, [](conv2d_shape& s) { s.kernel_width = 65536; });
    plan_type plan;
    CHECK(plan_type::make({.channels = 1, .out_channels = 1}, {.max_bias = 0x7fff'ffff}, plan) ==
          status::bias_exceeds_accumulator);
}

// --- bad input to run ---

/// A run that is right, whose parts the cases below spoil one at a time.
template <index Groups>
struct good_run {
    using plan_type = conv2d_plan<integer<8>, integer<8>, proven<std::int32_t>>;
    static constexpr conv2d_shape shape{
        .batch = 2, .height = 3, .width = 4, .channels = 4, .out_channels = 4, .kernel_width = 2, .groups = Groups};
    plan_type plan;
    std::vector<integer<8>> codes = std::vector<integer<8>>(400, integer<8>::from_raw(1));
    std::vector<std::int32_t> out = std::vector<std::int32_t>(200, 42);
    std::vector<std::byte> memory;
    std::vector<std::byte> ahead;
    std::span<std::byte> packed;
    dyad::image_view<const integer<8>> input = dyad::make_image_nhwc<const integer<8>>(codes.data(), 2, 3, 4, 4);
    dyad::image_view<const integer<8>> weights =
        dyad::make_weights_ohwi<const integer<8>>(codes.data() + 200, 4, 1, 2, 4 / Groups);
    dyad::image_view<std::int32_t> dst = dyad::make_image_nhwc(out.data(), 2, 3, 3, 4);
    std::span<std::byte> workspace;

    good_run() {
        REQUIRE(plan_type::make(shape, {}, plan) == status::ok);
        memory.resize(plan.workspace_bytes());
        workspace = memory;
        ahead.resize(plan.packed_bytes() + 64);
        packed =
            std::span(ahead).subspan((0 - reinterpret_cast<std::uintptr_t>(ahead.data())) % 64, plan.packed_bytes());
        REQUIRE(plan.pack(weights, packed) == status::ok);
    }
    [[nodiscard]] status run() const { return plan.run(input, weights, dst, dyad::keep_sum{}, workspace); }
    [[nodiscard]] status run_packed() const {
        return plan.run(input, dyad::packed_operand{packed}, dst, dyad::keep_sum{}, workspace);
    }
};

template <index Groups>
void check_faults() {
    const auto expect = [](status s, const auto& spoil) {
        good_run<Groups> r;
        spoil(r);
        CAPTURE(std::string(dyad::to_string(s)));
        CHECK(r.run() == s);
        for (const std::int32_t x : r.out) REQUIRE(x == 42);
    };
    using run_type = good_run<Groups>;
    run_type r;
    REQUIRE(r.run() == status::ok);
    for (std::size_t i = 0; i < r.out.size(); ++i) REQUIRE(r.out[i] == (i < 72 ? 2 * (4 / Groups) : 42));
    expect(status::lhs_rows_differ, [](run_type& g) { g.input.extent[0] = 1; });
    expect(status::lhs_rows_differ, [](run_type& g) { g.input.extent[1] = 4; });
    expect(status::lhs_rows_differ, [](run_type& g) { g.input.extent[2] = 3; });
    expect(status::lhs_columns_differ, [](run_type& g) { g.input.extent[3] = 3; });
    expect(status::rhs_columns_differ, [](run_type& g) { g.weights.extent[0] = 3; });
    expect(status::rhs_rows_differ, [](run_type& g) { g.weights.extent[1] = 2; });
    expect(status::rhs_rows_differ, [](run_type& g) { g.weights.extent[2] = 1; });
    expect(status::rhs_rows_differ, [](run_type& g) { g.weights.extent[3] += 1; });
    expect(status::dst_rows_differ, [](run_type& g) { g.dst.extent[0] = 1; });
    expect(status::dst_rows_differ, [](run_type& g) { g.dst.extent[1] = 2; });
    expect(status::dst_rows_differ, [](run_type& g) { g.dst.extent[2] = 4; });
    expect(status::dst_columns_differ, [](run_type& g) { g.dst.extent[3] = 5; });
    expect(status::lhs_null, [](run_type& g) { g.input.data = nullptr; });
    expect(status::rhs_null, [](run_type& g) { g.weights.data = nullptr; });
    expect(status::dst_null, [](run_type& g) { g.dst.data = nullptr; });
    expect(status::dst_overlaps_itself, [](run_type& g) { g.dst.stride[0] = 0; });
    expect(status::dst_overlaps_itself, [](run_type& g) { g.dst.stride[2] = 3; });
    expect(status::workspace_too_small, [](run_type& g) { g.workspace = g.workspace.first(g.workspace.size() - 1); });
    expect(status::workspace_too_small, [](run_type& g) { g.workspace = {}; });
    const auto among_codes = [](run_type& g, std::size_t at) {
        g.codes.resize(200'000, integer<8>::from_raw(1));
        g.input.data = g.codes.data();
        g.weights.data = g.codes.data() + 200;
        g.workspace = std::as_writable_bytes(std::span(g.codes).subspan(at));
    };
    expect(status::workspace_overlaps_operand, [&](run_type& g) { among_codes(g, 95); });
    expect(status::workspace_overlaps_operand, [&](run_type& g) { among_codes(g, 203); });
    expect(status::workspace_overlaps_operand, [](run_type& g) {
        g.out.resize(50'000, 42);
        g.dst.data = g.out.data();
        g.workspace = std::as_writable_bytes(std::span(g.out).subspan(71));
    });
    // Packed weights: of another plan, too short, overlapping.
    run_type p;
    REQUIRE(p.run_packed() == status::ok);
    for (std::size_t i = 0; i < 72; ++i) REQUIRE(p.out[i] == 2 * (4 / Groups));
    CHECK(p.plan.pack(p.weights, p.packed.first(p.packed.size() - 1)) == status::packed_memory_too_small);
    CHECK(p.plan.pack(p.weights, std::span(p.ahead).subspan(1)) == status::packed_memory_too_small);
    auto missing = p.weights;
    missing.data = nullptr;
    CHECK(p.plan.pack(missing, p.packed) == status::rhs_null);
    p.packed = p.packed.first(p.packed.size() - 1);
    CHECK(p.run_packed() == status::rhs_packed_too_short);
    p.packed = p.packed.first(10);
    CHECK(p.run_packed() == status::rhs_packed_too_short);
    run_type q;
    q.packed[20] ^= std::byte{1};
    CHECK(q.run_packed() == status::rhs_packed_differently);
    for (const std::int32_t x : q.out) REQUIRE(x == 42);
}

TEST_CASE("conv2d: each fault has its status, and nothing is written") {
    check_faults<1>();
    check_faults<4>();
}

TEST_CASE("conv2d: packed weights serve images of other extents, not other kernels") {
    using plan_type = conv2d_plan<integer<8>, integer<8>, proven<std::int32_t>>;
    good_run<1> g;
    conv2d_shape s = g.shape;
    s.batch = 1;
    s.height = 5;
    s.step_down = 2;
    plan_type other;
    REQUIRE(plan_type::make(s, {}, other) == status::ok);
    std::vector<std::byte> workspace(other.workspace_bytes());
    const auto input = dyad::make_image_nhwc<const integer<8>>(g.codes.data(), 1, 5, 4, 4);
    const dyad::packed_operand packed{g.packed};
    CHECK(other.run(input, packed, dyad::make_image_nhwc(g.out.data(), 1, 3, 3, 4), dyad::keep_sum{}, workspace) ==
          status::ok);
    CHECK(g.out[35] == 8);
    s.kernel_height = 2;
    s.kernel_width = 1;
    REQUIRE(plan_type::make(s, {}, other) == status::ok);
    workspace.resize(other.workspace_bytes());
    CHECK(other.run(input, packed, dyad::make_image_nhwc(g.out.data(), 1, 2, 4, 4), dyad::keep_sum{}, workspace) ==
          status::rhs_packed_differently);
}

}  // namespace
