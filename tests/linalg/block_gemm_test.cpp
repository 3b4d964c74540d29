// SPDX-License-Identifier: Apache-2.0
// block_gemm where scales are folded or aligned: kinds of blocks, layouts, extreme scales, instruction sets, tasks, bad
// input, packed operands.
#include <dyad/linalg/block_gemm.hpp>

#include <doctest/doctest.h>

#include "support/block_products.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include <dyad/linalg/epilogue.hpp>

namespace {

using dyad::block_path;
using dyad::index;
using dyad::matrix_view;
using dyad::mxfp4;
using dyad::nvfp4;
using dyad::status;
using dyad_test::block_operand;
using dyad_test::check_pair;
using dyad_test::check_product;
using dyad_test::contents;
using dyad_test::grouped;
using dyad_test::paths_seen;
using dyad_test::report;
using dyad_test::tally;
using dyad_test::untouched;
using dyad_test::ways;

TEST_CASE("microscaling blocks, folded or aligned") {
    paths_seen seen;
    check_pair<block_operand<mxfp4>, block_operand<mxfp4>>("mxfp4 x mxfp4", 6, 1, seen);
    CHECK(seen.count[static_cast<int>(block_path::aligned_int8)] > 0);
    CHECK(seen.count[static_cast<int>(block_path::folded_bf16)] > 0);
    CHECK(seen.count[static_cast<int>(block_path::unbounded)] > 0);
    check_pair<block_operand<dyad::mxfp6_e2m3>, block_operand<dyad::mxfp6_e3m2>>("mxfp6", 2, 2, seen);
    check_pair<block_operand<dyad::mxfp6_e2m3>, block_operand<mxfp4>>("mxfp6 e2m3 x mxfp4", 2, 3, seen);
    check_pair<block_operand<dyad::mxfp8_e4m3>, block_operand<dyad::mxfp8_e5m2>>("mxfp8", 3, 4, seen);
    check_pair<block_operand<nvfp4>, block_operand<nvfp4>>("nvfp4", 3, 5, seen);
    check_pair<block_operand<dyad::mxint8>, block_operand<mxfp4>>("mxint8 x mxfp4", 2, 6, seen);
    check_pair<block_operand<dyad::ggml_mxfp4>, block_operand<nvfp4>>("ggml mxfp4 x nvfp4", 2, 7, seen);
    report("folded", seen);
}
TEST_CASE("layouts") {
    tally cases("layouts");
    paths_seen seen;
    std::mt19937_64 random(41);
    using group = grouped<dyad::integer<8>, float, 16, std::int8_t>;
    for (int round = 0; round < 12; ++round) {
        const auto m = static_cast<index>(1 + random() % 12);
        const auto k = static_cast<index>(1 + random() % 70);
        const auto n = static_cast<index>(1 + random() % 20);
        // Both as their transposes, and with strides that are no extents.
        group lhs(k, m, contents::near, random, random() % 2 == 0 ? 1 : 3);
        group rhs(k, n, contents::near, random, random() % 2 == 0 ? 1 : 2);
        check_product(transposed(lhs.view()), rhs.view(), cases, seen);
        block_operand<mxfp4> blocks(k, m, contents::near, random);
        block_operand<nvfp4> others(n, k, contents::near, random);
        check_product(transposed(blocks.view()), transposed(others.view()), cases, seen);
    }
}

TEST_CASE("an epilogue and a dst of any strides") {
    std::mt19937_64 random(45);
    block_operand<mxfp4> lhs(13, 70, contents::near, random);
    block_operand<mxfp4> rhs(50, 70, contents::near, random);
    const auto a = lhs.view();
    const auto b = transposed(rhs.view());
    using plan_type = dyad::block_gemm_plan<decltype(lhs.view()), decltype(transposed(rhs.view()))>;
    plan_type plan;
    REQUIRE(plan_type::make(a, b, {}, plan) == status::ok);
    std::vector<std::byte> workspace(plan.workspace_bytes());
    std::vector<float> sums(13 * 50);
    REQUIRE(plan.run(a, b, dyad::make_matrix(sums.data(), 13, 50), dyad::keep_sum{}, workspace, ways{0}) == status::ok);
    std::vector<double> columns(13 * 50);
    const auto epilogue = [](float sum, index i, index j) {
        return 2 * static_cast<double>(sum) + static_cast<double>(100 * i + j);
    };
    REQUIRE(plan.run(a, b, matrix_view<double>{columns.data(), {13, 50}, {1, 13}}, epilogue, workspace, ways{0}) ==
            status::ok);
    tally cases("sums through an epilogue");
    for (index i = 0; i < 13; ++i) {
        for (index j = 0; j < 50; ++j) {
            const double right = epilogue(sums[static_cast<std::size_t>(i * 50 + j)], i, j);
            cases.check(columns[static_cast<std::size_t>(i + 13 * j)] == right, i, " ", j);
        }
    }
}

TEST_CASE("bad calls write nothing") {
    std::mt19937_64 random(61);
    using group = grouped<dyad::integer<8>, float, 16, std::int8_t>;
    group lhs(4, 40, contents::near, random);
    group rhs(40, 6, contents::near, random);
    using view = decltype(lhs.view());
    using plan_type = dyad::block_gemm_plan<view, view>;
    plan_type plan;
    REQUIRE(plan_type::make(lhs.view(), rhs.view(), {}, plan) == status::ok);
    std::vector<std::byte> workspace(plan.workspace_bytes());
    std::vector<float> memory(24, untouched);
    const matrix_view<float> dst = dyad::make_matrix(memory.data(), 4, 6);
    const auto run = [&](const view& a, const view& b, matrix_view<float> d, std::span<std::byte> w) {
        return plan.run(a, b, d, dyad::keep_sum{}, w, ways{0});
    };
    const auto with = [](view v, auto change) {
        change(v);
        return v;
    };
    const view a = lhs.view();
    const view b = rhs.view();
    CHECK(run(with(a, [](view& v) { v.codes.extent[0] = 5; }), b, dst, workspace) == status::lhs_rows_differ);
    CHECK(run(with(a, [](view& v) { v.codes.extent[1] = 5; }), b, dst, workspace) == status::lhs_columns_differ);
    CHECK(run(a, with(b, [](view& v) { v.codes.extent[0] = 5; }), dst, workspace) == status::rhs_rows_differ);
    CHECK(run(a, with(b, [](view& v) { v.codes.extent[1] = 5; }), dst, workspace) == status::rhs_columns_differ);
    CHECK(run(with(a, [](view& v) { v.codes.data = nullptr; }), b, dst, workspace) == status::lhs_null);
    CHECK(run(a, with(b, [](view& v) { v.codes.data = nullptr; }), dst, workspace) == status::rhs_null);
    CHECK(run(a, with(b, [](view& v) { v.scales.data = nullptr; }), dst, workspace) == status::scales_null);
    CHECK(run(a, with(b, [](view& v) { v.zero.data = nullptr; }), dst, workspace) == status::zero_points_null);
    CHECK(run(with(a, [](view& v) { v.scales.tile[1] = 8; }), b, dst, workspace) == status::lhs_scales_differ);
    CHECK(run(a, with(b, [](view& v) { v.scales.tile[0] = 8; }), dst, workspace) == status::rhs_scales_differ);
    CHECK(run(with(a, [](view& v) { v.scales.tile[0] = 0; }), b, dst, workspace) == status::tile_not_positive);
    CHECK(run(with(a, [](view& v) { v.scales.tensor_scale = 0; }), b, dst, workspace) ==
          status::tensor_scale_not_positive);
    CHECK(run(a, b, dyad::make_matrix(memory.data(), 3, 6), workspace) == status::dst_rows_differ);
    CHECK(run(a, b, dyad::make_matrix(memory.data(), 4, 5), workspace) == status::dst_columns_differ);
    CHECK(run(a, b, dyad::make_matrix<float>(nullptr, 4, 6), workspace) == status::dst_null);
    CHECK(run(a, b, {memory.data(), {4, 6}, {0, 1}}, workspace) == status::dst_overlaps_itself);
    CHECK(run(a, b, dyad::make_matrix(lhs.scales.data(), 4, 6), workspace) == status::dst_overlaps_lhs);
    CHECK(run(a, b, dyad::make_matrix(rhs.scales.data(), 4, 6), workspace) == status::dst_overlaps_rhs);
    CHECK(run(a, b, dst, std::span(workspace).first(workspace.size() - 1)) == status::workspace_too_small);
    CHECK(std::all_of(memory.begin(), memory.end(), [](float x) { return x == untouched; }));
    // Planning
    plan_type other;
    CHECK(plan_type::make(with(a, [](view& v) { v.codes.extent[0] = -1; }), b, {}, other) == status::negative_extent);
    CHECK(plan_type::make(a, a, {}, other) == status::rhs_rows_differ);
    CHECK(plan_type::make(a, with(b, [](view& v) { v.scales.tile[0] = 0; }), {}, other) == status::tile_not_positive);
    const auto long_k = [&](view v, std::size_t d) {
        v.codes.extent[d] = plan_type::max_run + 1;
        v.scales.tile[d] = dyad::whole_extent;
        return v;
    };
    CHECK(plan_type::make(long_k(a, 1), long_k(b, 0), {}, other) == status::k_exceeds_accumulator);
    // Exponents that no float has
    grouped<dyad::integer<8>, dyad::power_of_two<12>, 16> far(4, 40, contents::near, random);
    far.scales[1] = dyad::power_of_two<12>::from_exponent(200);
    using far_view = decltype(far.view());
    dyad::block_gemm_plan<far_view, view> far_plan;
    REQUIRE(dyad::block_gemm_plan<far_view, view>::make(far.view(), b, {}, far_plan) == status::ok);
    std::vector<std::byte> room(far_plan.workspace_bytes());
    CHECK(far_plan.run(far.view(), b, dst, dyad::keep_sum{}, room, ways{0}) == status::exponent_out_of_range);
    CHECK(std::all_of(memory.begin(), memory.end(), [](float x) { return x == untouched; }));
}

TEST_CASE("a packed rhs is of its plan, whole and aligned") {
    std::mt19937_64 random(71);
    block_operand<mxfp4> lhs(5, 70, contents::near, random);
    block_operand<mxfp4> rhs(30, 70, contents::near, random);
    const auto a = lhs.view();
    const auto b = transposed(rhs.view());
    using plan_type = dyad::block_gemm_plan<decltype(lhs.view()), decltype(transposed(rhs.view()))>;
    plan_type plan;
    REQUIRE(plan_type::make(a, b, {}, plan) == status::ok);
    std::vector<std::byte> memory(plan.packed_bytes() + 64);
    const std::span<std::byte> room = dyad_test::on_a_border(memory).first(plan.packed_bytes());
    CHECK(plan.pack(b, room.first(room.size() - 1), ways{0}) == status::packed_memory_too_small);
    CHECK(plan.pack(b, dyad_test::on_a_border(memory).subspan(1), ways{0}) == status::packed_memory_too_small);
    auto null = b;
    null.codes.data = nullptr;
    CHECK(plan.pack(null, room, ways{0}) == status::rhs_null);
    auto narrow = b;
    narrow.codes.extent[1] = 29;
    CHECK(plan.pack(narrow, room, ways{0}) == status::rhs_columns_differ);
    REQUIRE(plan.pack(b, room, ways{0}) == status::ok);

    std::vector<std::byte> workspace(plan.workspace_bytes());
    std::vector<float> results(150, untouched);
    const matrix_view<float> dst = dyad::make_matrix(results.data(), 5, 30);
    const auto run = [&](std::span<const std::byte> packed) {
        return plan.run(a, b, dyad::packed_operand{packed}, dst, dyad::keep_sum{}, workspace, ways{0});
    };
    CHECK(run({}) == status::rhs_packed_too_short);
    CHECK(run(room.first(room.size() - 64)) == status::rhs_packed_too_short);
    const std::byte version = room[8];
    room[8] = std::byte{99};
    CHECK(run(room) == status::rhs_packed_differently);
    room[8] = version;
    CHECK(std::all_of(results.begin(), results.end(), [](float x) { return x == untouched; }));
    CHECK(run(room) == status::ok);
    // Another shape's
    block_operand<mxfp4> wide(31, 70, contents::near, random);
    plan_type other;
    REQUIRE(plan_type::make(a, transposed(wide.view()), {}, other) == status::ok);
    std::vector<float> more(155, untouched);
    std::vector<std::byte> other_workspace(other.workspace_bytes());
    CHECK(other.run(a, transposed(wide.view()), dyad::packed_operand{room}, dyad::make_matrix(more.data(), 5, 31),
                    dyad::keep_sum{}, other_workspace, ways{0}) == status::rhs_columns_differ);
    CHECK(std::all_of(more.begin(), more.end(), [](float x) { return x == untouched; }));
}

}  // namespace
