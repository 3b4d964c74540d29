// SPDX-License-Identifier: Apache-2.0
// block_gemm where the sums of runs are flushed: groups, zero points on either side, integers of 8 and 16 bits, floats.
#include <dyad/linalg/block_gemm.hpp>

#include <doctest/doctest.h>

#include "support/block_products.hpp"

#include <cstdint>

#include <dyad/number/ternary.hpp>

namespace {

using dyad::block_path;
using dyad_test::block_operand;
using dyad_test::check_pair;
using dyad_test::grouped;
using dyad_test::paths_seen;
using dyad_test::plain;
using dyad_test::report;

TEST_CASE("integers, flushed") {
    paths_seen seen;
    check_pair<block_operand<dyad::q8_0>, block_operand<dyad::q4_0>>("q8_0 x q4_0", 3, 21, seen);
    check_pair<block_operand<dyad::mxint8>, block_operand<dyad::mxint8>>("mxint8", 3, 22, seen);
    using token_int8 = grouped<dyad::integer<8>, float, 0>;
    check_pair<token_int8, grouped<dyad::integer<4>, float, 128>>("int8 per token x int4 groups of 128", 3, 23, seen);
    check_pair<token_int8, grouped<dyad::uinteger<4>, float, 32, std::uint8_t>>("int8 x uint4, zero points", 3, 24,
                                                                                seen);
    check_pair<grouped<dyad::uinteger<8>, dyad::float16, 0, std::uint8_t>,
               grouped<dyad::integer<8>, float, 48, std::int8_t>>("uint8 x int8, zero points on both sides", 3, 25,
                                                                  seen);
    check_pair<grouped<dyad::uinteger<8>, float, 20, std::uint8_t>, plain<dyad::ternary>>("uint8 x ternary", 2, 26,
                                                                                          seen);
    check_pair<grouped<dyad::integer<16>, dyad::power_of_two<8>, 40>,
               grouped<dyad::integer<12>, dyad::power_of_two<8>, 64>>("dynamic fixed point", 2, 27, seen);
    CHECK(seen.count[static_cast<int>(block_path::flushed_integers)] > 0);
    report("flushed integers", seen);
}
TEST_CASE("floats, flushed") {
    paths_seen seen;
    check_pair<grouped<dyad::float8_e4m3fn, float, 0>, grouped<dyad::float8_e4m3fn, float, 128>>("float8 groups", 2, 31,
                                                                                                 seen);
    check_pair<grouped<dyad::float4_e2m1fn, dyad::float16, 16>, plain<dyad::bfloat16>>("fp4 under float16", 2, 32,
                                                                                       seen);
    check_pair<plain<float>, grouped<dyad::uinteger<4>, float, 32, std::uint8_t>>("float x uint4, zero points", 2, 33,
                                                                                  seen);
    CHECK(seen.count[static_cast<int>(block_path::flushed_floats)] > 0);
    report("flushed floats", seen);
}

}  // namespace
