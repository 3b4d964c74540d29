// SPDX-License-Identifier: Apache-2.0
// exact_gemm: against sums of big integers, rounded once: every path, rounding mode and result format.
#include <dyad/linalg/exact_gemm.hpp>

#include <doctest/doctest.h>

#include "support/block_operands.hpp"
#include "support/block_sums.hpp"
#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <random>
#include <vector>

#include <dyad/number/ternary.hpp>

namespace {

using dyad::exact_path;
using dyad::index;
using dyad::matrix_view;
using dyad::status;
using dyad_test::block_operand;
using dyad_test::contents;
using dyad_test::grouped;
using dyad_test::plain;
using dyad_test::tally;

struct backwards {
    template <class Task>
    void operator()(index n, Task&& task) const {
        for (index i = n; i > 0; --i) task(i - 1);
    }
};

template <class T>
double convert_to_double(T x) {
    return dyad::convert<double>(x);
}
template <class T>
bool same(T x, T y) {
    if constexpr (std::same_as<T, float>)
        return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y) || (x != x && y != y);
    else return x.bits() == y.bits();
}

template <class Out, class Lhs, class Rhs>
void check_product(const Lhs& lhs, const Rhs& rhs, tally& cases, int (&seen)[3], std::mt19937_64& random) {
    using plan_type = dyad::exact_gemm_plan<Lhs, Rhs, Out>;
    const auto a = dyad::with_scales(lhs);
    const auto b = transposed(dyad::with_scales(rhs));
    const index m = a.codes.extent[0];
    const index n = b.codes.extent[0];
    dyad::exact_options options;
    options.rule = std::array{dyad::rounding::nearest_even, dyad::rounding::toward_zero,
                              dyad::rounding::toward_positive, dyad::rounding::nearest_even}[random() % 4];
    if (random() % 2 == 0) options.policy = dyad::saturation::finite;
    std::vector<Out> expected;
    for (index i = 0; i < m; ++i) {
        for (index j = 0; j < n; ++j) {
            expected.push_back(dyad_test::exact_sum_of<Out>(
                dyad_test::numbers_of_line(a, i), dyad_test::numbers_of_line(b, j), options.rule, options.policy));
        }
    }
    for (const auto isa : dyad_test::instruction_sets()) {
        options.cap = isa;
        plan_type plan;
        REQUIRE(plan_type::make(lhs, rhs, options, plan) == status::ok);
        const exact_path path = plan.describe(lhs, rhs);
        ++seen[static_cast<int>(path)];
        std::vector<std::byte> workspace(plan.workspace_bytes());
        std::vector<Out> memory(static_cast<std::size_t>(m * (n + 2)));
        const matrix_view<Out> dst{memory.data(), {m, n}, {n + 2, 1}};
        REQUIRE(plan.run(lhs, rhs, dst, workspace, backwards{}) == status::ok);
        for (index i = 0; i < m; ++i) {
            for (index j = 0; j < n; ++j) {
                cases.check(same(dst(i, j), expected[static_cast<std::size_t>(i * n + j)]), m, "x", a.codes.extent[1],
                            "x", n, " (", i, ", ", j, ") ", dyad::to_string(path), ", ", dyad::to_string(isa), " ",
                            convert_to_double(dst(i, j)), " instead of ",
                            convert_to_double(expected[static_cast<std::size_t>(i * n + j)]));
            }
        }
    }
}

template <class A, class B, class Out>
void check_pair(const char* name, std::uint64_t seed, int (&seen)[3]) {
    tally cases(name);
    std::mt19937_64 random(seed);
    for (const contents what : {contents::near, contents::finite, contents::any, contents::extreme}) {
        for (int round = 0; round < 5; ++round) {
            const auto m = static_cast<index>(1 + random() % 9);
            const auto k = static_cast<index>(round == 0 ? 0 : 1 + random() % 140);
            const auto n = static_cast<index>(1 + random() % 20);
            A lhs(m, k, what, random);
            B rhs(n, k, what, random);
            check_product<Out>(lhs.view(), transposed(rhs.view()), cases, seen, random);
        }
    }
}

TEST_CASE("pairs of operands") {
    int seen[3] = {};
    using dyad::mxfp4;
    check_pair<plain<dyad::integer<8>>, plain<dyad::integer<4>>, float>("int8 x int4", 1, seen);
    CHECK(seen[static_cast<int>(exact_path::integers8)] > 0);
    check_pair<block_operand<mxfp4>, block_operand<mxfp4>, float>("mxfp4", 2, seen);
    check_pair<grouped<dyad::integer<8>, float, 0>, block_operand<dyad::mxfp6_e2m3>, dyad::bfloat16>("int8 x mxfp6", 3,
                                                                                                     seen);
    check_pair<grouped<dyad::integer<16>, dyad::power_of_two<8>, 0>, block_operand<mxfp4>, float>("int16 x mxfp4", 4,
                                                                                                  seen);
    CHECK(seen[static_cast<int>(exact_path::integers16)] > 0);
    check_pair<block_operand<dyad::mxfp8_e4m3>, block_operand<dyad::nvfp4>, dyad::float8_e5m2>("mxfp8 x nvfp4", 5,
                                                                                               seen);
    check_pair<grouped<dyad::uinteger<8>, float, 24, std::uint8_t>, plain<dyad::ternary>, float>("uint8 x ternary", 6,
                                                                                                 seen);
    check_pair<plain<dyad::float16>, plain<dyad::bfloat16>, float>("float16 x bfloat16", 7, seen);
    CHECK(seen[static_cast<int>(exact_path::numbers)] > 0);
    MESSAGE("int8 " << seen[0] << ", int16 " << seen[1] << ", numbers " << seen[2]);
}

TEST_CASE("bad calls write nothing") {
    std::mt19937_64 random(9);
    plain<dyad::integer<8>> lhs(3, 5, contents::near, random);
    plain<dyad::integer<4>> rhs(5, 4, contents::near, random);
    using plan_type = dyad::exact_gemm_plan<decltype(lhs.view()), decltype(rhs.view()), float>;
    plan_type plan;
    CHECK(plan_type::make(rhs.codes.empty() ? lhs.view() : dyad::make_matrix(lhs.codes.data(), 3, 4), rhs.view(), {},
                          plan) == status::rhs_rows_differ);
    REQUIRE(plan_type::make(lhs.view(), rhs.view(), {}, plan) == status::ok);
    std::vector<std::byte> workspace(plan.workspace_bytes());
    std::vector<float> memory(12, -1.0F);
    const auto dst = dyad::make_matrix(memory.data(), 3, 4);
    CHECK(plan.run(dyad::make_matrix(lhs.codes.data(), 2, 5), rhs.view(), dst, workspace) == status::lhs_rows_differ);
    CHECK(plan.run(lhs.view(), rhs.view(), {memory.data(), {3, 4}, {0, 1}}, workspace) == status::dst_overlaps_itself);
    CHECK(plan.run(lhs.view(), rhs.view(), dst, std::span(workspace).first(workspace.size() - 1)) ==
          status::workspace_too_small);
    CHECK(plan.run(dyad::make_matrix<const dyad::integer<8>>(nullptr, 3, 5), rhs.view(), dst, workspace) ==
          status::lhs_null);
    CHECK(std::all_of(memory.begin(), memory.end(), [](float x) { return x == -1.0F; }));
    CHECK(plan.run(lhs.view(), rhs.view(), dst, workspace) == status::ok);
    CHECK(std::none_of(memory.begin(), memory.end(), [](float x) { return x == -1.0F; }));
}

}  // namespace
