// SPDX-License-Identifier: Apache-2.0
// gemmlowp's functions: their errors over every 997th 32-bit word, 1/(1+x) over every 5th.
#include <dyad/math/gemmlowp.hpp>

#include <doctest/doctest.h>

#include "support/gemmlowp_functions.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>

namespace {

using dyad_test::gemmlowp_case;
using dyad_test::gemmlowp_function;

TEST_CASE("gemmlowp: the table of errors in the header") {
    std::map<std::string, double> largest;
    dyad_test::for_each_gemmlowp_case([&]<class Raw, int IntegerBits>(const gemmlowp_case& c) {
        const auto e = dyad_test::error_of<Raw, IntegerBits>(c.function, 997);
        const std::string name = std::string(to_string(c.function)) + " " + std::to_string(c.width);
        MESSAGE(name << " bits, " << c.integer_bits << " of them integer: largest error " << e.largest << " at " << e.at
                     << ", mean " << e.mean << ", bias " << e.bias);
        largest[name] = std::max(largest[name], e.largest);
    });
    for (const auto& [name, error] : largest) MESSAGE(name << " bits: " << error);
    for (const auto& [name, figure] : std::map<std::string, double>{{"exp 16", 2},
                                                                    {"inverse 16", 6},
                                                                    {"ratio 16", 12},
                                                                    {"tanh 16", 12},
                                                                    {"logistic 16", 7},
                                                                    {"exp 32", 492},
                                                                    {"inverse 32", 7},
                                                                    {"ratio 32", 14},
                                                                    {"tanh 32", 306},
                                                                    {"logistic 32", 153}}) {
        CHECK_MESSAGE(std::fabs(largest[name] - figure) < 1, name << ": " << largest[name] << ", not " << figure);
    }
}

TEST_CASE("gemmlowp: how often 1/(1+x) leaves its published tolerance of 6") {
    std::int64_t beyond = 0;
    std::int64_t words = 0;
    for (std::int64_t x = 0; x < (std::int64_t{1} << 31); x += 5, ++words) {
        const auto y = dyad::gemmlowp::one_over_one_plus_x_for_x_in_0_1(static_cast<std::int32_t>(x));
        // y is 7 from the nearest word to 2^62 / (2^31 + x).
        const std::int64_t off = y * ((std::int64_t{1} << 31) + x) - (std::int64_t{1} << 62);
        beyond += 2 * (off < 0 ? -off : off) > 13 * ((std::int64_t{1} << 31) + x) ? 1 : 0;
    }
    MESSAGE(beyond << " of " << words);
    CHECK(beyond == 24'343);
}

}  // namespace
