// SPDX-License-Identifier: Apache-2.0
// convert from fixed-point numbers of up to 16 bits: all codes into every type, every rounding, every saturation.
#include <dyad/number/convert.hpp>

#include <doctest/doctest.h>

#include "support/conversion_check.hpp"

namespace {

TEST_CASE("convert: all codes of fixed-point numbers of up to 16 bits into every type") {
    for_each(reference::fixed_types{}, [](auto from) { reference::check_all_codes(from); });
}

}  // namespace
