// SPDX-License-Identifier: Apache-2.0
// Variants of the integer square root.

#include "registry.hpp"
#include "scalar_variant.hpp"

#include <dyad/math/integer_sqrt.hpp>

namespace functions {
namespace {

prepared floor_of_root(double) {
    return codes_of(1, [](std::int64_t n) { return dyad::integer_sqrt(static_cast<std::uint64_t>(n)); });
}

}  // namespace

std::vector<variant> root_variants() {
    // clang-format off
    return {
        {"sqrt", "integer_sqrt", "integer_sqrt: Newton\u2019s iteration until it stops falling, the exact floor", floor_of_root},
        {"sqrt32", "integer_sqrt", "integer_sqrt: Newton\u2019s iteration until it stops falling, the exact floor", floor_of_root},
    };
    // clang-format on
}

}  // namespace functions
