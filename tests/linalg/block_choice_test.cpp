// SPDX-License-Identifier: Apache-2.0
// Which path block_gemm takes: blocks with plain matrices, with and without alignment, and the same bits from each.
#include <dyad/linalg/block_choice.hpp>

#include <doctest/doctest.h>

#include "support/block_products.hpp"

#include <random>

namespace {

using dyad::block_path;
using dyad::mxfp4;
using dyad::nvfp4;
using dyad_test::block_operand;
using dyad_test::check_pair;
using dyad_test::check_product;
using dyad_test::contents;
using dyad_test::paths_seen;
using dyad_test::plain;
using dyad_test::report;
using dyad_test::tally;

TEST_CASE("blocks with plain matrices") {
    paths_seen seen;
    check_pair<plain<dyad::integer<8>>, block_operand<mxfp4>>("int8 x mxfp4", 3, 11, seen);
    CHECK(seen.count[static_cast<int>(block_path::aligned_int8)] > 0);
    check_pair<plain<dyad::bfloat16>, block_operand<dyad::mxfp8_e4m3>>("bfloat16 x mxfp8", 2, 12, seen);
    check_pair<block_operand<nvfp4>, plain<dyad::float8_e4m3fn>>("nvfp4 x float8", 2, 13, seen);
    check_pair<plain<float>, block_operand<dyad::q4_0>>("float x q4_0", 2, 14, seen);
    report("with plain matrices", seen);
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

}  // namespace
