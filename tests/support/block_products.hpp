// SPDX-License-Identifier: Apache-2.0
// Products with shared scales in every way that there is, compared with their definition bit for bit.
#pragma once

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
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <dyad/linalg/epilogue.hpp>

namespace dyad_test {

using dyad::matrix_view;
using dyad::status;

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

inline constexpr float untouched = -12345.5F;

/// Where memory begins on a 64-byte border.
[[nodiscard]] inline std::span<std::byte> on_a_border(std::vector<std::byte>& memory) {
    const auto past = reinterpret_cast<std::uintptr_t>(memory.data()) % 64;
    return std::span<std::byte>(memory).subspan(past == 0 ? 0 : 64 - past);
}
inline unsigned random_way = 0;

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
    std::vector<line_numbers> rows;
    std::vector<line_numbers> columns;
    for (index i = 0; i < m; ++i) rows.push_back(numbers_of_line(a, i));
    for (index j = 0; j < n; ++j) columns.push_back(numbers_of_line(b, j));
    std::vector<float> expected;
    for (const auto& row : rows) {
        for (const auto& column : columns) expected.push_back(defined_sum(row, column, plan_type::rule));
    }
    for (const auto isa : instruction_sets()) {
        options.cap = isa;
        plan_type plan;
        REQUIRE(plan_type::make(lhs, rhs, options, plan) == status::ok);
        const auto described = plan.describe(lhs, rhs);
        ++seen.count[static_cast<int>(described.path)];
        std::vector<std::byte> workspace(plan.workspace_bytes());
        std::vector<std::byte> packed(plan.packed_bytes() + 64);
        const std::span<std::byte> room = on_a_border(packed);
        REQUIRE(plan.pack(rhs, room, ways{static_cast<int>(random_way++ % 3)}) == status::ok);
        for (int way = 0; way < 4; ++way) {
            const index stride = n + (way == 1 ? 3 : 0);
            std::vector<float> memory(static_cast<std::size_t>(m * stride), untouched);
            const matrix_view<float> dst{memory.data(), {m, n}, {stride, 1}};
            const status s =
                way < 3 ? plan.run(lhs, rhs, dst, dyad::keep_sum{}, workspace, ways{way})
                        : plan.run(lhs, rhs, dyad::packed_operand{room}, dst, dyad::keep_sum{}, workspace, ways{0});
            REQUIRE(s == status::ok);
            for (index i = 0; i < m; ++i) {
                for (index j = 0; j < stride; ++j) {
                    const float right = j < n ? expected[static_cast<std::size_t>(i * n + j)] : untouched;
                    const float x = memory[static_cast<std::size_t>(i * stride + j)];
                    cases.check(std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(right), m, "x",
                                a.codes.extent[1], "x", n, " (", i, ", ", j, ") ", dyad::to_string(described.path),
                                ", ", dyad::to_string(isa), ": ", x, " instead of ", right);
                }
            }
        }
    }
    for (std::size_t i = 0; i < rows.size() && i < 2; ++i) {
        for (std::size_t j = 0; j < columns.size() && j < 2; ++j) {
            const auto exact =
                exact_sum_of<double>(rows[i], columns[j], dyad::rounding::nearest_even, dyad::saturation::none);
            const auto x = static_cast<double>(expected[i * static_cast<std::size_t>(n) + j]);
            auto magnitudes = rows[i];
            auto others = columns[j];
            for (auto* line : {&magnitudes, &others}) {
                for (auto& e : line->elements) e.integer = abs(e.integer);
                for (auto& e : line->scales) e.integer = abs(e.integer);
            }
            const auto sum =
                exact_sum_of<double>(magnitudes, others, dyad::rounding::nearest_even, dyad::saturation::none);
            if (std::isfinite(x) && std::isfinite(sum) && std::fabs(x) > 1e-30 && std::fabs(x) < 1e30)
                seen.worst = std::max(seen.worst, std::fabs(x - exact) / sum);
        }
    }
}

struct shape {
    index m, k, n;
};
[[nodiscard]] inline std::vector<shape> shapes(std::mt19937_64& random, int count) {
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
inline void report(const std::string& name, const paths_seen& seen) {
    MESSAGE(name << ": folded " << seen.count[0] << ", aligned " << seen.count[1] << ", unbounded " << seen.count[2]
                 << ", flushed integers " << seen.count[3] << ", flushed floats " << seen.count[4]
                 << "; worst difference from the exact sum, of the sum of magnitudes: " << seen.worst);
}

}  // namespace dyad_test
