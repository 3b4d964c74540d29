// SPDX-License-Identifier: Apache-2.0
// Counter-based random bits: Philox4x32-10, a pure function of (seed, tensor id, element index).
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <compare>
#include <cstdint>

#include <dyad/core/assert.hpp>

namespace dyad::inline v1 {

/// `Size` words of 32 bits. (The element access of std::array is no device function.)
template <unsigned Size>
struct philox_words {
    std::uint32_t words[Size];

    [[nodiscard]] DYAD_HD constexpr std::uint32_t& operator[](std::uint64_t i) noexcept { return words[i]; }
    [[nodiscard]] DYAD_HD constexpr std::uint32_t operator[](std::uint64_t i) const noexcept { return words[i]; }
    [[nodiscard]] friend constexpr auto operator<=>(const philox_words&, const philox_words&) = default;
};
using philox_counter = philox_words<4>;
using philox_key = philox_words<2>;

/// Ten rounds of Philox 4x32: a bijection of the counter for each key.
[[nodiscard]] DYAD_HD constexpr philox_counter philox4x32(philox_counter counter, philox_key key) noexcept {
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t first = std::uint64_t{0xD2511F53} * counter[0];
        const std::uint64_t second = std::uint64_t{0xCD9E8D57} * counter[2];
        counter = {static_cast<std::uint32_t>(second >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(second),
                   static_cast<std::uint32_t>(first >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(first)};
        key[0] += 0x9E3779B9;  // Weyl sequences: the golden ratio and sqrt(3) - 1
        key[1] += 0xBB67AE85;
    }
    return counter;
}

/// 32 random bits for one element of one tensor: the same whatever the order, the number of threads or the blocking.
/// Four neighbouring elements share a Philox block, so that bulk routines need one block for four elements.
[[nodiscard]] DYAD_HD constexpr std::uint32_t random_bits(std::uint64_t seed, std::uint64_t tensor_id,
                                                          std::uint64_t element) noexcept {
    const std::uint64_t block = element / 4;
    const philox_counter words =
        philox4x32({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
                    static_cast<std::uint32_t>(tensor_id), static_cast<std::uint32_t>(tensor_id >> 32)},
                   {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
    return words[element % 4];
}

}  // namespace dyad::inline v1
