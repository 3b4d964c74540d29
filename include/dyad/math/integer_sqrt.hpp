// SPDX-License-Identifier: Apache-2.0
// floor(sqrt(n)) of a 64-bit integer, exactly, by Newton's iteration with its true stopping rule.
// Source: Kim et al., "I-BERT: integer-only BERT quantization", ICML 2021, algorithm 4 (whose "at most four iterations"
// does not hold: the loop must run until it stops falling).
#pragma once

#include <cstdint>

#include <dyad/core/bits.hpp>

namespace dyad::inline v1 {

/// The largest r with r * r <= n.
[[nodiscard]] DYAD_HD constexpr std::uint32_t integer_sqrt(std::uint64_t n) noexcept {
    if (n == 0) return 0;
    // From above the root, x -> floor((x + floor(n / x)) / 2) falls strictly until it reaches floor(sqrt(n)).
    std::uint64_t x = std::uint64_t{1} << ((bit_width(n) + 1) / 2);
    while (true) {
        const std::uint64_t next = (x + n / x) / 2;
        if (next >= x) return static_cast<std::uint32_t>(x);
        x = next;
    }
}

}  // namespace dyad::inline v1
