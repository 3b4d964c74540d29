// SPDX-License-Identifier: Apache-2.0
// Every code of bfloat16, float16 and tfloat32, and of the 132 formats of at most 8 bits, into all 135 formats, in
// every rounding and saturation; support/format_pairs.hpp says why that is every ordered pair.
#include <dyad/number/convert.hpp>

#include <doctest/doctest.h>

#include "support/format_pairs.hpp"

#include <string>
#include <vector>

namespace {

TEST_CASE("encode: whatever the decode of any format gives, into every format, all codes") {
    const std::vector<reference::format_entry> formats = reference::format_table();
    const std::vector<dyad::unpacked> inputs = reference::decoded(formats, 1);
    dyad_test::tally cases("all ordered pairs, " + std::to_string(inputs.size()) + " distinct unpacked numbers");
    for (const reference::format_entry& to : formats) reference::check_encode(cases, to, inputs);
}

}  // namespace
