// SPDX-License-Identifier: Apache-2.0
// packed_operand: what run refuses: other extents, formats, kernels, versions, truncated and misaligned bytes.
#include <dyad/linalg/packed_operand.hpp>

#include <doctest/doctest.h>

#include "support/drive_kernel.hpp"
#include "support/instruction_sets.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include <dyad/linalg/gemm.hpp>
#include <dyad/number.hpp>

namespace {

using dyad::index;
using dyad::integer;
using dyad::packed_operand;
using dyad::status;
using plan_type = dyad::gemm_plan<integer<8>, integer<8>, dyad::proven<std::int32_t>>;

struct packed_product {
    plan_type plan;
    std::vector<integer<8>> lhs = std::vector<integer<8>>(5 * 40, integer<8>::from_raw(2));
    std::vector<integer<8>> rhs = std::vector<integer<8>>(40 * 9, integer<8>::from_raw(3));
    std::vector<std::int32_t> out = std::vector<std::int32_t>(5 * 9, 42);
    dyad_test::panel_memory memory{1};
    std::size_t size = 0;
    std::vector<std::byte> workspace;

    packed_product() {
        REQUIRE(plan_type::make(5, 40, 9, {}, plan) == status::ok);
        size = plan.packed_bytes();
        memory = dyad_test::panel_memory(static_cast<std::ptrdiff_t>(size) + 64);
        workspace.resize(plan.packed_workspace_bytes());
        REQUIRE(plan.pack(dyad::as_const(dyad::make_matrix(rhs.data(), 40, 9)), bytes()) == status::ok);
    }
    std::span<std::byte> bytes() { return {memory.data(), size}; }
    status run(std::span<const std::byte> packed) {
        return plan.run(dyad::as_const(dyad::make_matrix(lhs.data(), 5, 40)), packed_operand{packed},
                        dyad::make_matrix(out.data(), 5, 9), dyad::keep_sum{}, workspace);
    }
    void expect(status s, std::span<const std::byte> packed) {
        CHECK(run(packed) == s);
        CHECK(out == std::vector<std::int32_t>(5 * 9, 42));
    }
};

TEST_CASE("packed operands: right bytes run, all others are refused by name") {
    packed_product p;
    p.expect(status::rhs_packed_too_short, {});
    p.expect(status::rhs_packed_too_short, p.bytes().first(63));
    p.expect(status::rhs_packed_too_short, p.bytes().first(p.size - 1));
    // Every byte of the header matters.
    for (std::size_t i = 0; i < sizeof(dyad::packed_header); ++i) {
        p.bytes()[i] ^= std::byte{1};
        CAPTURE(i);
        const status s = p.run(p.bytes());
        CHECK((s == status::rhs_packed_differently || s == status::rhs_rows_differ || s == status::rhs_columns_differ));
        p.bytes()[i] ^= std::byte{1};
    }
    std::memmove(p.memory.data() + 1, p.memory.data(), p.size);
    p.expect(status::packed_memory_too_small, {p.memory.data() + 1, p.size});
    std::memmove(p.memory.data(), p.memory.data() + 1, p.size);
    REQUIRE(p.run(p.bytes()) == status::ok);
    CHECK(p.out == std::vector<std::int32_t>(5 * 9, 240));
}

TEST_CASE("packed operands: of another product, another m, another instruction set") {
    packed_product p;
    const auto refused = [&]<class Plan>(Plan plan, index m, index k, index n) {
        REQUIRE(Plan::make(m, k, n, {}, plan) == status::ok);
        std::vector<std::byte> workspace(plan.packed_workspace_bytes());
        std::vector<typename Plan::sum_type> out(static_cast<std::size_t>(m * n));
        return [=, &p]<class A>(std::vector<A> lhs) mutable {
            lhs.resize(static_cast<std::size_t>(m * k));
            return plan.run(dyad::as_const(dyad::make_matrix(lhs.data(), m, k)), packed_operand{p.bytes()},
                            dyad::make_matrix(out.data(), m, n), dyad::keep_sum{}, workspace);
        };
    };
    CHECK(refused(plan_type{}, 5, 41, 9)(p.lhs) == status::rhs_rows_differ);
    CHECK(refused(plan_type{}, 5, 40, 10)(p.lhs) == status::rhs_columns_differ);
    CHECK(refused(plan_type{}, 70, 40, 9)(p.lhs) == status::ok);
    using other = dyad::gemm_plan<integer<8>, integer<4>, dyad::proven<std::int32_t>>;
    CHECK(refused(other{}, 5, 40, 9)(p.lhs) == status::rhs_packed_differently);
    using floats = dyad::gemm_plan<float, float, dyad::float_ordered>;
    CHECK(refused(floats{}, 5, 40, 9)(std::vector<float>{}) == status::rhs_packed_differently);
    if (dyad_test::instruction_sets().size() > 1) {
        plan_type plain;
        REQUIRE(plan_type::make(5, 40, 9, {.cap = dyad::instruction_set::scalar}, plain) == status::ok);
        p.plan = plain;
        p.workspace.resize(plain.packed_workspace_bytes());
        p.expect(status::rhs_packed_differently, p.bytes());
    }
}

TEST_CASE("packed operands: without a smallest magnitude they serve no lhs that needs one") {
    // Units of 2^5 on the left keep products of powers of two from 2^-127 on normal, units of 1 do not.
    using scale = dyad::float8_e8m0fnu;
    using large = dyad::gemm_plan<dyad::fixed<8, -5>, scale, dyad::float_ordered>;
    using small = dyad::gemm_plan<integer<8>, scale, dyad::float_ordered>;
    large made;
    small read;
    REQUIRE(large::make(1, 4, 2, {}, made) == status::ok);
    REQUIRE(small::make(1, 4, 2, {}, read) == status::ok);
    const std::vector<scale> rhs(8, scale::from_bits(0));
    dyad_test::panel_memory memory(static_cast<std::ptrdiff_t>(made.packed_bytes()));
    const std::span<std::byte> bytes(memory.data(), made.packed_bytes());
    REQUIRE(made.pack(dyad::make_matrix(rhs.data(), 4, 2), bytes) == status::ok);
    const std::vector<integer<8>> lhs(4, integer<8>::from_raw(1));
    std::vector<float> out(2, 42.0F);
    std::vector<std::byte> workspace(read.workspace_bytes());
    const auto a = dyad::make_matrix(lhs.data(), 1, 4);
    const auto c = dyad::make_matrix(out.data(), 1, 2);
    CHECK(read.run(a, packed_operand{bytes}, c, dyad::keep_sum{}, workspace) == status::rhs_packed_differently);
    CHECK(out == std::vector<float>(2, 42.0F));
    // Unpacked: four times 2^-127, subnormal numbers of bfloat16 that no kernel may lose.
    REQUIRE(read.run(a, dyad::make_matrix(rhs.data(), 4, 2), c, dyad::keep_sum{}, workspace) == status::ok);
    CHECK(out == std::vector<float>(2, 0x1p-125F));
}

TEST_CASE("packing: memory that is too small, misaligned, or the operand's own") {
    packed_product p;
    const auto rhs = dyad::as_const(dyad::make_matrix(p.rhs.data(), 40, 9));
    CHECK(p.plan.pack(rhs, p.bytes().first(p.size - 1)) == status::packed_memory_too_small);
    CHECK(p.plan.pack(rhs, {p.memory.data() + 1, p.size}) == status::packed_memory_too_small);
    CHECK(p.plan.pack(dyad::row_block(rhs, 0, 39), p.bytes()) == status::rhs_rows_differ);
    CHECK(p.plan.pack(dyad::column_block(rhs, 0, 8), p.bytes()) == status::rhs_columns_differ);
    CHECK(p.plan.pack({nullptr, {40, 9}, {9, 1}}, p.bytes()) == status::rhs_null);
    CHECK(p.plan.pack({reinterpret_cast<const integer<8>*>(p.memory.data()), {40, 9}, {9, 1}}, p.bytes()) ==
          status::dst_overlaps_rhs);
    REQUIRE(p.run(p.bytes()) == status::ok);
}

}  // namespace
