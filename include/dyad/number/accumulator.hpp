// SPDX-License-Identifier: Apache-2.0
// Accumulators: what a sum of products is kept in, and the bound that shows when an integer one cannot overflow.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>

#include <dyad/core/bits.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/number/fixed.hpp>

namespace dyad::inline v1 {

/// An integer accumulator that cannot overflow: a plan checks max_terms before it accepts a product.
template <signed_word T>
struct proven {
    using sum_type = T;
};

/// Integer chains of `Length` products in T, each chain then added to a Flush (float or a wider integer), in order of
/// k. Das et al., "Mixed precision training of convolutional neural networks using integer operations", ICLR 2018.
template <signed_word T, int Length, class Flush>
struct chained {
    static_assert(Length >= 1, "dyad::chained's Length must be at least 1 product.");
    static_assert(std::same_as<Flush, float> || std::same_as<Flush, std::int64_t>,
                  "dyad::chained's Flush must be float or std::int64_t.");
    using chain_type = T;
    using sum_type = Flush;
    static constexpr int length = Length;
};

/// Float sums in the order that linalg/gemm.hpp fixes, the same on every machine.
struct float_ordered {
    using sum_type = float;
};

/// Largest |raw| of a fixed-point type, or of ternary.
template <format T>
    requires requires(const T& x) {
        x.raw();
        T::fraction;
    }
inline constexpr std::uint64_t max_magnitude = [] {
    const auto low = static_cast<std::uint64_t>(-static_cast<int128_t>(std::numeric_limits<T>::lowest().raw()));
    const auto high = static_cast<std::uint64_t>(std::numeric_limits<T>::max().raw());
    return low > high ? low : high;
}();

/// How many products of an A and a B, whatever their codes, plus one bias of at most |bias|, fit a T; in raw units.
/// K products are safe if K <= max_terms (the one sum that is exactly T's lowest value is not counted on).
template <signed_word T, format A, format B>
[[nodiscard]] constexpr std::uint64_t max_terms(std::uint64_t bias = 0) noexcept {
    constexpr auto limit = static_cast<uint128_t>(word_max<T>());
    constexpr uint128_t product = uint128_t{max_magnitude<A>} * max_magnitude<B>;
    return bias > limit ? 0 : saturating_cast<std::uint64_t>((limit - bias) / product);
}

}  // namespace dyad::inline v1
