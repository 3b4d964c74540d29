// SPDX-License-Identifier: Apache-2.0
// Exact dot products of Microsoft's and ggml's blocks with each other and with MX and NVFP4.
#include "support/block_pairs.hpp"

namespace {

TEST_CASE("Microsoft's and ggml's blocks") {
    dyad_test::check_all_pairs<dyad::msfp12, dyad::msfp16, dyad::q8_0, dyad::q4_0, dyad::bfp<12, 24>>();
    dyad_test::check_all_pairs<dyad::q8_0, dyad::nvfp4>();
    dyad_test::check_all_pairs<dyad::q4_0, dyad::mxfp8_e5m2>();
    dyad_test::check_all_pairs<dyad::msfp12, dyad::mxfp4>();
    dyad_test::check_all_pairs<dyad::bfp<12, 24>, dyad::mxfp6_e3m2>();
}

}  // namespace
