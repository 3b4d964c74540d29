// SPDX-License-Identifier: Apache-2.0
// Choices without branches, for loops that are to become vector code.
#pragma once

#include <cstdint>

namespace dyad::inline v1::scalar {

/// chosen ? x : y, or 0, by masks: compilers make branches of some conditional expressions, and no vectors of branches.
[[nodiscard, gnu::always_inline]] constexpr std::uint32_t select(bool chosen, std::uint32_t x) noexcept {
    return x & (0U - static_cast<std::uint32_t>(chosen));
}
[[nodiscard, gnu::always_inline]] constexpr std::uint32_t select(bool chosen, std::uint32_t x,
                                                                 std::uint32_t y) noexcept {
    return y ^ ((x ^ y) & (0U - static_cast<std::uint32_t>(chosen)));
}

}  // namespace dyad::inline v1::scalar
