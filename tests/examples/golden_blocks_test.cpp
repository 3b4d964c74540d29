// SPDX-License-Identifier: Apache-2.0
// Outputs are part of the version: the logits' bits of the study's recipes with scales for blocks and tokens on a few
// images. The same on every compiler, optimization level and instruction set; a change of any of them is named in the
// changelog.
#include <doctest/doctest.h>

#include "fingerprint.hpp"

TEST_CASE("every recipe with scales for blocks or tokens gives the bits of this version") {
    const dyad_test::golden_inputs inputs;
    CHECK(inputs.of<study::mxfp8>() == 0x130ce40e1e858723);
    CHECK(inputs.of<study::mxfp6>() == 0x4ce37f81be858723);
    CHECK(inputs.of<study::mxfp4>() == 0x9dae42321e858723);
    CHECK(inputs.of<study::mxint8>() == 0x115145275e858723);
    CHECK(inputs.of<study::nvfp4>() == 0xdc4395cafe858723);
    CHECK(inputs.of<study::ternary_weights>() == 0x0d80ac8bfe858723);
}
