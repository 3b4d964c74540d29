// SPDX-License-Identifier: Apache-2.0
// quantize of matrices against the reference: every granularity, tails in both directions, strides of any sign, zero
// points, executors and instruction sets.
#include <dyad/array/quantize.hpp>

#include <doctest/doctest.h>

#include <dyad/number/ternary.hpp>

#include "support/instruction_sets.hpp"
#include "support/quantize_matrix_check.hpp"

#include <cstdint>

namespace {

using dyad::index;
using dyad::rounding;
using dyad::saturation;
using dyad::scale_rule;
using dyad::stochastic_stream;
using dyad::whole_extent;
using dyad_test::matrix_case;
using dyad_test::matrix_check;
using dyad_test::request;
using dyad_test::strides;
using dyad_test::tally;
using dyad_test::with_executor;

constexpr std::array<std::array<index, 2>, 8> granularities{
    {{whole_extent, whole_extent}, {1, whole_extent}, {whole_extent, 1}, {1, 16}, {16, 1}, {16, 16}, {3, 5}, {1, 1}}};

/// Every granularity, with strides that take turns, nearest and stochastic.
template <class Check>
void check_granularities(Check& check, scale_rule rule, float g) {
    std::size_t turn = 0;
    for (const auto& tile : granularities) {
        for (const auto& [rows, columns] : {std::array<index, 2>{1, 1}, {7, 33}, {33, 50}, {20, 530}}) {
            const strides src = dyad_test::all_strides[turn % 5];
            const strides codes = dyad_test::all_strides[turn / 5 % 5];
            const matrix_case m{rows, columns, tile, src, codes, turn % 2 != 0};
            const rounding mode = dyad_test::all_rounding_modes[turn % 7];
            const auto variant = dyad_test::all_stochastic_variants[turn % 3];
            const auto policy = static_cast<saturation>(turn % 3);
            check.run(m, request<rounding>{rule, mode, policy, g}, turn + 1, with_executor());
            check.run(m,
                      request<stochastic_stream>{rule, {variant, 1 + static_cast<int>(turn % 32), turn, 9}, policy, g},
                      turn + 2, with_executor());
            ++turn;
        }
    }
}

TEST_CASE("quantize: matrices of INT8 under floats") {
    tally cases("int8 under floats");
    matrix_check<dyad::integer<8>, float> check(cases);
    check_granularities(check, scale_rule::nearest, 1);
}
TEST_CASE("quantize: matrices of E2M1 under E4M3 and a scale of the tensor") {
    tally cases("e2m1 under e4m3");
    matrix_check<dyad::float4_e2m1fn, dyad::float8_e4m3fn> check(cases);
    check_granularities(check, scale_rule::nearest, 0x1.3579bp-6f);
    check_granularities(check, scale_rule::four_over_six, 0.125f);
}
TEST_CASE("quantize: matrices of E5M2 under powers of two") {
    tally cases("e5m2 under e8m0");
    matrix_check<dyad::float8_e5m2, dyad::float8_e8m0fnu> check(cases);
    check_granularities(check, scale_rule::floor, 1);
}

TEST_CASE("quantize: the same bits from 1 to 8 threads") {
    tally cases("threads");
    matrix_check<dyad::integer<8>, float> check(cases);
    for (index count = 1; count <= 8; ++count) {
        const dyad_test::threads workers{count};
        for (const std::size_t which : {0u, 1u, 3u, 5u}) {
            const matrix_case m{67, 1100, granularities[which], strides::padded, strides::row_major, false};
            check.run(m, request<rounding>{scale_rule::nearest, rounding::nearest_even}, 7, with_executor(workers));
            check.run(m, request<stochastic_stream>{scale_rule::nearest, {.n = 9, .seed = 4}}, 7,
                      with_executor(workers));
        }
    }
}

TEST_CASE("quantize: the same bits from every instruction set") {
    tally cases("instruction sets");
    matrix_check<dyad::float8_e5m2, dyad::float8_e8m0fnu> powers(cases);
    matrix_check<dyad::integer<8>, float> floats(cases);
    for (const auto isa : dyad_test::instruction_sets()) {
        const auto forced = dyad_test::with_instruction_set(isa);
        for (const auto& tile : granularities) {
            const matrix_case m{21, 530, tile, strides::row_major, strides::row_major, false};
            for (const rounding mode : dyad_test::all_rounding_modes) {
                powers.run(m, request<rounding>{scale_rule::floor, mode}, 3, forced);
                floats.run(m, request<rounding>{scale_rule::nearest, mode}, 4, forced);
            }
            powers.run(m, request<stochastic_stream>{scale_rule::floor, {.seed = 4}}, 3, forced);
        }
    }
}

}  // namespace
