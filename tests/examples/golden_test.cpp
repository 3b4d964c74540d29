// SPDX-License-Identifier: Apache-2.0
// Outputs are part of the version: the logits' bits of the study's recipes on a few images. The same on every
// compiler, optimization level and instruction set; a change of any of them is named in the changelog.
#include <doctest/doctest.h>

#include "fingerprint.hpp"

TEST_CASE("every recipe without shared scales gives the bits of this version") {
    const dyad_test::golden_inputs inputs;
    CHECK(inputs.of<study::float32>() == 0x1e7e020dbe858723);
    CHECK(inputs.of<study::bfloat16>() == 0x8c7ef1953e858723);
    CHECK(inputs.of<study::float16>() == 0xdb2305953e858723);
    CHECK(inputs.of<study::float8_e4m3fn>() == 0x46c6d9cc3e858723);
    CHECK(inputs.of<study::float8_e5m2>() == 0x72bc1bef1e858723);
    CHECK(inputs.of<study::lmul>() == 0xfff8db985e858723);
    CHECK(inputs.of<study::dfp16>() == 0x113ee5b29e858723);
    CHECK(inputs.of<study::int8_float_functions>() == 0x0341ea9d1e858723);
    CHECK(inputs.of<study::int8_integer_only>() == 0x01662d511ac84f05);
    CHECK(inputs.of<study::int6>() == 0x953a196918ce5baa);
    CHECK(inputs.of<study::int4_weights>() == 0xff43149e38f576b5);
    CHECK(inputs.of<study::int8_ivit>() == 0x741ee54cc8bafb1b);
    CHECK(inputs.of<study::int8_ibert>() == 0xd97654fe87130282);
    CHECK(inputs.of<study::int8_tflite>() == 0xca0b7dfea58696bd);
}
