// SPDX-License-Identifier: Apache-2.0
// std::hash for every number type: equal values have equal hashes, -0 and +0 too, and so have the forms of a dyadic.
// std::hash is declared by <typeindex>, which costs milliseconds to include where <functional> costs a third of a
// second. Source of the mixing: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014
// (SplitMix64).
#pragma once

#include <cstdint>
#include <typeindex>

#include <dyad/core/bits.hpp>
#include <dyad/core/format.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/number/dyadic.hpp>

namespace dyad::inline v1 {

/// A bijection of 64-bit words whose every output bit depends on every input bit.
[[nodiscard]] DYAD_HD constexpr std::uint64_t mix_bits(std::uint64_t x) noexcept {
    x += 0x9e37'79b9'7f4a'7c15;
    x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9;
    x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11eb;
    return x ^ (x >> 31);
}

/// A hash of the value, whatever the alignment of the significand and the sign of a zero.
[[nodiscard]] DYAD_HD constexpr std::uint64_t hash_of_value(const unpacked& x) noexcept {
    if (x.kind == number_class::zero) return 0;
    const int zeros = x.kind == number_class::finite ? trailing_zeros(x.significand) : 0;
    const std::uint64_t significand = x.significand >> (zeros < 64 ? zeros : 0);
    const auto exponent = static_cast<std::uint64_t>(std::int64_t{x.exponent} + zeros);
    const std::uint64_t rest = exponent * 8 + static_cast<std::uint64_t>(x.kind) * 2 + (x.negative ? 1 : 0);
    return mix_bits(significand ^ mix_bits(rest));
}

}  // namespace dyad::inline v1

template <dyad::format T>
struct std::hash<T> {
    [[nodiscard]] constexpr std::size_t operator()(T x) const noexcept {
        return static_cast<std::size_t>(dyad::hash_of_value(x.unpack()));
    }
};

template <int Width>
struct std::hash<dyad::dyadic<Width>> {
    [[nodiscard]] constexpr std::size_t operator()(dyad::dyadic<Width> x) const noexcept {
        return static_cast<std::size_t>(dyad::hash_of_value(x.unpack()));
    }
};
