// SPDX-License-Identifier: Apache-2.0
// Outputs are part of the version: the logits' bits of the study's recipes on a few images. The same on every
// compiler, optimization level and instruction set; a change of any of them is named in the changelog.
#include <doctest/doctest.h>

#include "fingerprint.hpp"

TEST_CASE("every recipe without shared scales gives the bits of this version") {
    const dyad_test::golden_inputs inputs;
    CHECK(inputs.of<study::float32>() == 0x6c269b92be858723);
    CHECK(inputs.of<study::bfloat16>() == 0xbc0571953e858723);
    CHECK(inputs.of<study::float16>() == 0x976285953e858723);
    CHECK(inputs.of<study::float8_e4m3fn>() == 0xbd5855137e858723);
    CHECK(inputs.of<study::float8_e5m2>() == 0x6dd0294abe858723);
    CHECK(inputs.of<study::lmul>() == 0x34bd0f779e858723);
    CHECK(inputs.of<study::dfp16>() == 0x9e7086f47e858723);
    CHECK(inputs.of<study::int8_float_functions>() == 0x9078ed945e858723);
    CHECK(inputs.of<study::int8_integer_only>() == 0x818a1ed228a4c296);
    CHECK(inputs.of<study::int6>() == 0x42e38528ba37b132);
    CHECK(inputs.of<study::int4_weights>() == 0xac41800c13a6a292);
    CHECK(inputs.of<study::int8_ivit>() == 0xa1c7b9064d38af31);
    CHECK(inputs.of<study::int8_ibert>() == 0x4f9f6534c7e0e4b7);
    CHECK(inputs.of<study::int8_tflite>() == 0x7e381a4219788c8a);
}
