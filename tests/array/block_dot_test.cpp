// SPDX-License-Identifier: Apache-2.0
// Exact dot products of blocks of all kinds: against sums of big integers.
#include <dyad/array/block_dot.hpp>

#include <doctest/doctest.h>

#include "support/block_pairs.hpp"

#include <limits>
#include <span>
#include <vector>

namespace {

using dyad::status;

TEST_CASE("all pairs of blocks") {
    dyad_test::check_all_pairs<dyad::mxfp8_e4m3, dyad::mxfp8_e5m2, dyad::mxfp6_e2m3, dyad::mxfp6_e3m2, dyad::mxfp4,
                               dyad::mxint8, dyad::nvfp4>();
}

TEST_CASE("spans of blocks, and how many elements they have") {
    const std::vector<dyad::mxfp4> mx(2, {dyad::float8_e8m0fnu::from_bits(127), {0x22, 0x22}});
    const std::vector<dyad::nvfp4> nv(3, {dyad::float8_e4m3fn(1.0f), {0x22, 0x22}});
    const std::span<const dyad::mxfp4> lhs(mx);
    const std::span<const dyad::nvfp4> rhs(nv);
    // Four ones at the start of 32 elements, and of 16: the second four of nvfp4 meet zeros.
    float result = -1;
    CHECK(dot_product(lhs, rhs, 0.5f, result) == status::ok);
    CHECK(result == 4);
    CHECK(dot_product(rhs, 0.5f, lhs, result) == status::ok);
    CHECK(result == 4);
    CHECK(dot_product(rhs, 3.0f, rhs, 0.25f, result) == status::ok);
    CHECK(result == 9);
    CHECK(dot_product(lhs, lhs, result) == status::ok);
    CHECK(result == 8);
    CHECK(dot_product(lhs.first(0), lhs.first(0), result) == status::ok);
    CHECK(result == 0);
    // 17 to 32 elements are one block of 32 and two of 16, never three.
    result = 7;
    CHECK(dot_product(lhs.first(1), rhs, 1.0f, result) == status::extents_differ);
    CHECK(dot_product(lhs, rhs.first(2), 1.0f, result) == status::extents_differ);
    CHECK(dot_product(lhs, lhs.first(1), result) == status::extents_differ);
    CHECK(dot_product(lhs.first(0), lhs.first(1), result) == status::extents_differ);
    for (const float g : {0.0f, -1.0f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()})
        CHECK(dot_product(lhs, rhs, g, result) == status::tensor_scale_not_positive);
    CHECK(result == 7);
}

TEST_CASE("what stands behind the last element is not looked at") {
    std::vector<dyad::mxfp8_e4m3> blocks(1, {dyad::float8_e8m0fnu::from_bits(127), {}});
    for (std::uint8_t& code : blocks[0].codes) code = 0x38;  // 1
    blocks[0].codes[20] = 0x7f;                              // NaN
    const auto twenty = dyad::view_of_blocks(static_cast<const dyad::mxfp8_e4m3*>(blocks.data()), 20);
    float result = 0;
    CHECK(dot_product(twenty, 0, twenty, 0, result) == status::ok);
    CHECK(result == 20);
    const auto all = dyad::view_of_blocks(static_cast<const dyad::mxfp8_e4m3*>(blocks.data()), 32);
    CHECK(dot_product(all, 0, all, 0, result) == status::ok);
    CHECK(result != result);
}

TEST_CASE("every row of a matrix of blocks") {
    std::vector<dyad::mxfp4> blocks;
    for (unsigned code = 1; code <= 6; ++code) {  // rows of 0.5, 1, 1.5, 2, 3, 4
        dyad::mxfp4 b{dyad::float8_e8m0fnu::from_bits(127), {}};
        for (std::uint8_t& pair : b.codes) pair = static_cast<std::uint8_t>(code | code << 4);
        blocks.push_back(b);
    }
    const auto rows = dyad::view_of_blocks(static_cast<const dyad::mxfp4*>(blocks.data()), 6, 32);
    const float values[] = {0.5F, 1, 1.5F, 2, 3, 4};
    for (int i = 0; i < 6; ++i) {
        for (int j = 0; j < 6; ++j) {
            float result = 0;
            CHECK(dot_product(rows, i, rows, j, result) == status::ok);
            CHECK(result == 32 * values[i] * values[j]);
        }
    }
}

}  // namespace
