// SPDX-License-Identifier: Apache-2.0
// What gemmlowp's own functions give, as hashes: prints gemmlowp_hashes.hpp. Needs gemmlowp's headers.
//
// g++ -std=c++20 -O2 -Iinclude -Itests -isystem/usr/include tests/support/gemmlowp_hashes.cpp -o gemmlowp_hashes
// ./gemmlowp_hashes | clang-format-14 > tests/support/gemmlowp_hashes.hpp
#include "support/gemmlowp_functions.hpp"

#include <gemmlowp/fixedpoint/fixedpoint.h>

#include "support/gemmlowp_peer.hpp"

#include <cinttypes>
#include <cstdio>

int main() {
    std::printf(
        "// SPDX-License-Identifier: Apache-2.0\n"
        "// Printed by gemmlowp_hashes.cpp with the headers of gemmlowp: see gemmlowp_functions.hpp.\n"
        "#pragma once\n\n#include <cstdint>\n\nnamespace reference {\n\n"
        "struct gemmlowp_row {\n    const char* function;\n    int width;\n    int integer_bits;\n"
        "    std::uint64_t hash;\n};\n"
        "inline constexpr gemmlowp_row gemmlowp_rows[]{\n");
    dyad_test::for_each_gemmlowp_case([]<class Raw, int IntegerBits>(const dyad_test::gemmlowp_case& c) {
        const std::uint64_t hash = dyad_test::hash_of_words<Raw>(
            c, [&](Raw x) { return dyad_test::published<Raw, IntegerBits>(c.function, x); });
        std::printf("    {\"%s\", %d, %d, 0x%016" PRIx64 "},\n", to_string(c.function), c.width, c.integer_bits, hash);
    });
    std::printf("};\n\n}  // namespace reference\n");
}
