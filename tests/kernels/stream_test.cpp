// SPDX-License-Identifier: Apache-2.0
// for_each_block: every element once, whatever the length, the alignment, and the way the result is stored.
#include <dyad/kernels/stream.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace {

template <class From, class To>
void check(dyad_test::tally& cases, std::size_t n, std::size_t src_offset, std::size_t dst_offset) {
    std::vector<From> src(src_offset + n);
    std::vector<To> dst(dst_offset + n + 1, To{77});
    for (std::size_t i = 0; i < n; ++i) src[src_offset + i] = static_cast<From>(i * 2654435761U >> 7);
    dyad::for_each_block(src.data() + src_offset, dst.data() + dst_offset, n,
                         [](const From* from, To* to, std::size_t blocks) {
                             for (std::size_t i = 0; i < 64 * blocks; ++i) to[i] = static_cast<To>(from[i] + From{3});
                         });
    bool right = true;
    for (std::size_t i = 0; i < n; ++i)
        right = right && dst[dst_offset + i] == static_cast<To>(src[src_offset + i] + From{3});
    for (std::size_t i = 0; i < dst_offset; ++i) right = right && dst[i] == To{77};
    cases.check(right && dst.back() == To{77}, n, " elements, from ", src_offset, " to ", dst_offset);
}

TEST_CASE("for_each_block: lengths and offsets") {
    dyad_test::tally cases("lengths");
    for (std::size_t n = 0; n < 200; ++n) {
        for (const std::size_t offset : {0U, 1U, 5U, 63U}) {
            check<std::uint32_t, std::uint8_t>(cases, n, offset, 0);
            check<std::uint32_t, std::uint8_t>(cases, n, 0, offset);
            check<std::uint8_t, std::uint32_t>(cases, n, offset, 1);
            check<std::uint16_t, std::uint32_t>(cases, n, 1, offset);
        }
    }
}

TEST_CASE("for_each_block: arrays larger than the caches") {
    dyad_test::tally cases("large arrays");
    constexpr std::size_t n = dyad::streaming_bytes / 5 + 1000;
    for (const std::size_t offset : {0U, 1U, 17U}) {
        check<std::uint32_t, std::uint8_t>(cases, n + offset, offset, 3);
        check<std::uint8_t, std::uint32_t>(cases, n + 7, 3, offset);
        check<std::uint16_t, std::uint16_t>(cases, n + n / 2, offset, offset);
    }
}

}  // namespace
