// SPDX-License-Identifier: Apache-2.0
// Every function of every bfloat16 and every float16, in every mode, against Boost.
#include <dyad/math/scalar_functions.hpp>

#include <dyad/number/named_formats.hpp>

#include <doctest/doctest.h>

#include "support/function_check.hpp"

namespace {

TEST_CASE("every bfloat16") {
    for (const auto f : dyad_test::all_of_them())
        dyad_test::check_codes<dyad::bfloat16>({f}, dyad_test::every<dyad::bfloat16>(1));
}
TEST_CASE("every float16") {
    for (const auto f : dyad_test::all_of_them())
        dyad_test::check_codes<dyad::float16>({f}, dyad_test::every<dyad::float16>(1));
}

}  // namespace
