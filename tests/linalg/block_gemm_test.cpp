// SPDX-License-Identifier: Apache-2.0
// block_gemm: every rule against its definition, bit for bit: kinds of blocks, groups, layouts, extreme scales,
// instruction sets, tasks, bad input.
#include <dyad/linalg/block_gemm.hpp>

#include <doctest/doctest.h>

#include "support/block_operands.hpp"
#include "support/block_sums.hpp"
#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <dyad/linalg/epilogue.hpp>
#include <dyad/number/ternary.hpp>

namespace {

using dyad::block_path;
using dyad::block_rule;
using dyad::index;
using dyad::matrix_view;
using dyad::status;
using dyad_test::block_operand;
using dyad_test::contents;
using dyad_test::grouped;
using dyad_test::plain;
using dyad_test::tally;

/// Tasks in order, last to first, or by threads: one type, for each would compile the plan again.
struct ways {
    int way;
    template <class Task>
    void operator()(index n, Task&& task) const {
        if (way == 0) {
            for (index i = 0; i < n; ++i) task(i);
        } else if (way == 1) {
            for (index i = n; i > 0; --i) task(i - 1);
        } else {
            constexpr int count = 3;
            std::vector<std::thread> all;
            for (int t = 0; t < count; ++t) {
                all.emplace_back([&, t] {
                    for (index i = t; i < n; i += count) task(i);
                });
            }
            for (std::thread& t : all) t.join();
        }
    }
};

constexpr float untouched = -12345.5F;

struct paths_seen {
    int count[6] = {};
    double worst = 0;  ///< difference from the exact sum, of the sum of magnitudes
};

/// Runs a product in every way and compares all bits.
template <class Lhs, class Rhs>
void check_product(const Lhs& lhs, const Rhs& rhs, tally& cases, paths_seen& seen, dyad::block_options options = {}) {
    using plan_type = dyad::block_gemm_plan<Lhs, Rhs>;
    const auto a = dyad::with_scales(lhs);
    const auto b = transposed(dyad::with_scales(rhs));
    const index m = a.codes.extent[0];
    const index n = b.codes.extent[0];
    std::vector<dyad_test::line_numbers> rows;
    std::vector<dyad_test::line_numbers> columns;
    for (index i = 0; i < m; ++i) rows.push_back(dyad_test::numbers_of_line(a, i));
    for (index j = 0; j < n; ++j) columns.push_back(dyad_test::numbers_of_line(b, j));
    std::vector<float> expected;
    for (const auto& row : rows) {
        for (const auto& column : columns) expected.push_back(dyad_test::defined_sum(row, column, plan_type::rule));
    }
    for (const auto isa : dyad_test::instruction_sets()) {
        options.cap = isa;
        plan_type plan;
        REQUIRE(plan_type::make(lhs, rhs, options, plan) == status::ok);
        const auto described = plan.describe(lhs, rhs);
        ++seen.count[static_cast<int>(described.path)];
        std::vector<std::byte> workspace(plan.workspace_bytes());
        for (int way = 0; way < 3; ++way) {
            const index stride = n + (way == 1 ? 3 : 0);
            std::vector<float> memory(static_cast<std::size_t>(m * stride), untouched);
            const matrix_view<float> dst{memory.data(), {m, n}, {stride, 1}};
            const status s = plan.run(lhs, rhs, dst, dyad::keep_sum{}, workspace, ways{way});
            REQUIRE(s == status::ok);
            for (index i = 0; i < m; ++i) {
                for (index j = 0; j < stride; ++j) {
                    const float right = j < n ? expected[static_cast<std::size_t>(i * n + j)] : untouched;
                    const float x = memory[static_cast<std::size_t>(i * stride + j)];
                    cases.check(std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(right), m, "x",
                                a.codes.extent[1], "x", n, " (", i, ", ", j, ") ", dyad::to_string(described.path), ", ",
                                dyad::to_string(isa), ": ", x, " instead of ", right);
                }
            }
        }
    }
    for (std::size_t i = 0; i < rows.size() && i < 2; ++i) {
        for (std::size_t j = 0; j < columns.size() && j < 2; ++j) {
            const auto exact = dyad_test::exact_sum_of<double>(rows[i], columns[j], dyad::rounding::nearest_even,
                                                               dyad::saturation::none);
            const auto x = static_cast<double>(expected[i * static_cast<std::size_t>(n) + j]);
            auto magnitudes = rows[i];
            auto others = columns[j];
            for (auto* line : {&magnitudes, &others}) {
                for (auto& e : line->elements) e.integer = abs(e.integer);
                for (auto& e : line->scales) e.integer = abs(e.integer);
            }
            const auto sum = dyad_test::exact_sum_of<double>(magnitudes, others, dyad::rounding::nearest_even,
                                                             dyad::saturation::none);
            if (std::isfinite(x) && std::isfinite(sum) && std::fabs(x) > 1e-30 && std::fabs(x) < 1e30)
                seen.worst = std::max(seen.worst, std::fabs(x - exact) / sum);
        }
    }
}

struct shape {
    index m, k, n;
};
std::vector<shape> shapes(std::mt19937_64& random, int count) {
    std::vector<shape> all{{1, 1, 1}, {1, 0, 2}, {0, 5, 3}, {3, 40, 0}, {5, 33, 4}, {4, 64, 16}, {17, 96, 33}};
    for (int i = 0; i < count; ++i) {
        const auto upto = [&](unsigned most) { return static_cast<index>(1 + random() % most); };
        all.push_back({upto(20), upto(i % 4 == 0 ? 300 : 100), upto(40)});
    }
    return all;
}

/// Operands of two kinds, the rhs as k x n.
template <class A, class B>
void check_pair(const char* name, int count, std::uint64_t seed, paths_seen& seen) {
    tally cases(name);
    std::mt19937_64 random(seed);
    for (const contents what : {contents::near, contents::finite, contents::any, contents::extreme}) {
        for (const shape s : shapes(random, count)) {
            A lhs(s.m, s.k, what, random);
            B rhs(s.n, s.k, what, random);
            check_product(lhs.view(), transposed(rhs.view()), cases, seen);
        }
    }
}
void report(const std::string& name, const paths_seen& seen) {
    MESSAGE(name << ": folded " << seen.count[0] << ", aligned " << seen.count[1] << ", unbounded " << seen.count[2]
                 << ", flushed integers " << seen.count[3] << ", flushed floats " << seen.count[4]
                 << "; worst difference from the exact sum, of the sum of magnitudes: " << seen.worst);
}

using dyad::mxfp4;
using dyad::nvfp4;

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
TEST_CASE("blocks with plain matrices") {
    paths_seen seen;
    check_pair<plain<dyad::integer<8>>, block_operand<mxfp4>>("int8 x mxfp4", 3, 11, seen);
    CHECK(seen.count[static_cast<int>(block_path::aligned_int8)] > 0);
    check_pair<plain<dyad::bfloat16>, block_operand<dyad::mxfp8_e4m3>>("bfloat16 x mxfp8", 2, 12, seen);
    check_pair<block_operand<nvfp4>, plain<dyad::float8_e4m3fn>>("nvfp4 x float8", 2, 13, seen);
    check_pair<plain<float>, block_operand<dyad::q4_0>>("float x q4_0", 2, 14, seen);
    report("with plain matrices", seen);
}
TEST_CASE("integers, flushed") {
    paths_seen seen;
    check_pair<block_operand<dyad::q8_0>, block_operand<dyad::q4_0>>("q8_0 x q4_0", 3, 21, seen);
    check_pair<block_operand<dyad::mxint8>, block_operand<dyad::mxint8>>("mxint8", 3, 22, seen);
    using token_int8 = grouped<dyad::integer<8>, float, 0>;
    check_pair<token_int8, grouped<dyad::integer<4>, float, 128>>("int8 per token x int4 groups of 128", 3, 23, seen);
    check_pair<token_int8, grouped<dyad::uinteger<4>, float, 32, std::uint8_t>>("int8 x uint4, zero points", 3, 24,
                                                                                seen);
    check_pair<grouped<dyad::uinteger<8>, dyad::float16, 0, std::uint8_t>,
               grouped<dyad::integer<8>, float, 48, std::int8_t>>("uint8 x int8, zero points on both sides", 3, 25, seen);
    check_pair<grouped<dyad::uinteger<8>, float, 20, std::uint8_t>, plain<dyad::ternary>>("uint8 x ternary", 2, 26, seen);
    check_pair<grouped<dyad::integer<16>, dyad::power_of_two<8>, 40>, grouped<dyad::integer<12>, dyad::power_of_two<8>, 64>>(
        "dynamic fixed point", 2, 27, seen);
    CHECK(seen.count[static_cast<int>(block_path::flushed_integers)] > 0);
    report("flushed integers", seen);
}
TEST_CASE("floats, flushed") {
    paths_seen seen;
    check_pair<grouped<dyad::float8_e4m3fn, float, 0>, grouped<dyad::float8_e4m3fn, float, 128>>("float8 groups", 2, 31,
                                                                                                 seen);
    check_pair<grouped<dyad::float4_e2m1fn, dyad::float16, 16>, plain<dyad::bfloat16>>("fp4 under float16", 2, 32, seen);
    check_pair<plain<float>, grouped<dyad::uinteger<4>, float, 32, std::uint8_t>>("float x uint4, zero points", 2, 33,
                                                                                  seen);
    CHECK(seen.count[static_cast<int>(block_path::flushed_floats)] > 0);
    report("flushed floats", seen);
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

TEST_CASE("alignment may be forbidden, and gives the same bits") {
    std::mt19937_64 random(51);
    tally cases("without alignment");
    paths_seen seen;
    block_operand<mxfp4> lhs(9, 130, contents::near, random);
    block_operand<mxfp4> rhs(21, 130, contents::near, random);
    dyad::block_options never;
    never.alignment = dyad::block_alignment::never;
    check_product(lhs.view(), transposed(rhs.view()), cases, seen, never);
    CHECK(seen.count[static_cast<int>(block_path::aligned_int8)] == 0);
    CHECK(seen.count[static_cast<int>(block_path::folded_bf16)] > 0);
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

}  // namespace
