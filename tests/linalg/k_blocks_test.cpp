// SPDX-License-Identifier: Apache-2.0
// k_blocks: the parts are all of k, in order; chains begin and end where they should; bytes add up.
#include <dyad/linalg/k_blocks.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <limits>

namespace {

using dyad::index;
using dyad::k_blocks;

TEST_CASE("k_blocks: parts, chains and places") {
    const auto bytes = [](std::ptrdiff_t k) noexcept { return 64 + 32 * k; };
    int cases = 0;
    for (const index k : {0, 1, 5, 63, 64, 65, 127, 128, 129, 300, 511, 1000, 4096}) {
        for (const index chain : {0, 1, 7, 64, 100, 256, 5000}) {
            for (const index most : {64, 128, 1024}) {
                CAPTURE(k);
                CAPTURE(chain);
                CAPTURE(most);
                const k_blocks blocks(k, chain, most);
                const index length = chain == 0 || chain > k ? k : chain;
                index next = 0;
                std::size_t place = 0;
                for (index b = 0; b < blocks.count(); ++b) {
                    const auto part = blocks.at(b);
                    REQUIRE(part.first == next);
                    REQUIRE(part.length <= most);
                    REQUIRE(part.length <= blocks.largest());
                    REQUIRE((part.length > 0 || k == 0));
                    REQUIRE(part.begins_chain == (k == 0 || part.first % length == 0));
                    next += part.length;
                    REQUIRE(part.ends_chain == (next == k || next % length == 0));
                    REQUIRE(part.in_first_chain == (k == 0 || part.first < length));
                    REQUIRE(blocks.bytes_before(b, bytes) == place);
                    place += static_cast<std::size_t>(bytes(part.length));
                    ++cases;
                }
                REQUIRE(next == k);
                REQUIRE(blocks.bytes(bytes) == place);
            }
        }
    }
    MESSAGE(cases, " parts");
    // A chain of one product a time is as many parts as k; nothing is cut where all fits.
    CHECK(k_blocks(100, 1, 64).count() == 100);
    CHECK(k_blocks(1024, 0, 1024).count() == 1);
    // Blocks of one chain are alike but for the last: 1025 is 576 and 449, not 1024 and 1.
    CHECK(k_blocks(1025, 0, 1024).at(0).length == 576);
    CHECK(k_blocks(1025, 0, 1024).at(1).length == 449);
}

TEST_CASE("k_blocks: bytes beyond all memory are the largest size") {
    constexpr index most = std::numeric_limits<index>::max();
    const auto bytes = [](std::ptrdiff_t k) noexcept { return 8 * k; };
    CHECK(k_blocks(most, 0, 1024).bytes(bytes) == std::numeric_limits<std::size_t>::max());
    CHECK(k_blocks(most, 16, 1024).bytes(bytes) == std::numeric_limits<std::size_t>::max());
}

}  // namespace
