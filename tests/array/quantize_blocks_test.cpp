// SPDX-License-Identifier: Apache-2.0
// Arrays of blocks, quantized and dequantized, against the reference: OCP MX.
#include <dyad/array/quantize.hpp>

#include <doctest/doctest.h>

#include "support/block_inputs.hpp"
#include "support/quantize_check.hpp"

#include <cstdint>

namespace {

using dyad::rounding;
using dyad::saturation;
using dyad::scale_rule;
using dyad::stochastic_stream;
using dyad_test::block_inputs;
using dyad_test::request;
using dyad_test::tally;

template <class B>
void check_blocks(const char* name) {
    tally cases(name);
    dyad_test::block_check<B> check(cases);
    const auto& e = check.element();
    const float g = B::layout.levels == dyad::scale_levels::two ? 0x1.234568p-9f : 1;
    const block_inputs thresholds = block_inputs(e, B::size).add_thresholds(-150, 128, 1);
    const block_inputs extremes = block_inputs(e, B::size).add_extremes().add_specials();
    const block_inputs grid = block_inputs(e, B::size).add_grid(0).add_grid(-20).add_grid(70);
    std::size_t turn = 0;
    for (const scale_rule rule : dyad_test::block_rules) {
        check.run(thresholds.values(), request<rounding>{rule, dyad_test::all_rounding_modes[turn++ % 7]});
        for (const saturation policy : {saturation::none, saturation::propagate, saturation::finite}) {
            check.run(extremes.values(), request<rounding>{rule, dyad_test::all_rounding_modes[turn++ % 7], policy, g});
            check.run(extremes.values(), request<stochastic_stream>{rule, {.seed = 3}, policy});
            check.run(grid.values(), request<rounding>{rule, dyad_test::all_rounding_modes[turn++ % 7], policy, g});
        }
    }
    for (const rounding mode : dyad_test::all_rounding_modes)
        check.run(grid.values(), request<rounding>{scale_rule::floor, mode});
    for (const auto variant : dyad_test::all_stochastic_variants)
        for (const int n : {1, 3, 32})
            check.run(grid.values(), request<stochastic_stream>{scale_rule::floor, {variant, n, 77, 5}});
}

TEST_CASE("quantize: MXFP8") {
    check_blocks<dyad::mxfp8_e4m3>("mxfp8_e4m3");
    check_blocks<dyad::mxfp8_e5m2>("mxfp8_e5m2");
}
TEST_CASE("quantize: MXFP6") {
    check_blocks<dyad::mxfp6_e2m3>("mxfp6_e2m3");
    check_blocks<dyad::mxfp6_e3m2>("mxfp6_e3m2");
}
TEST_CASE("quantize: MXFP4, MXINT8") {
    check_blocks<dyad::mxfp4>("mxfp4");
    check_blocks<dyad::mxint8>("mxint8");
}

}  // namespace
