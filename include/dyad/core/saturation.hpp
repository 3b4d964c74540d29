// SPDX-License-Identifier: Apache-2.0
// What happens beyond the largest finite value: the three named policies, and saturating integers (C++26 names).
// Source: IEEE P3109 working group interim report v4.0 (SatNone, SatPropagate, SatFinite).
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>

#include <dyad/core/bits.hpp>

namespace dyad::inline v1 {

/// Overflow of a conversion to a floating-point format. CUDA's SATFINITE is `finite`; ml_dtypes clamps as `propagate`.
enum class saturation : std::uint8_t {
    none,       ///< overflow gives infinity, or NaN where there is none, or the largest finite where there is neither
    propagate,  ///< finite values clamp to the largest finite value, infinities stay as under `none`
    finite      ///< everything but NaN clamps to the largest finite value
};

/// Words for which the saturating functions are defined.
template <class T>
concept integer_word = signed_word<T> || unsigned_word<T>;

/// Smallest and largest value of a word (std::numeric_limits knows no 128 bits in ISO mode).
template <integer_word T>
[[nodiscard]] DYAD_HD constexpr T word_max() noexcept {
    if constexpr (signed_word<T>) {
        return static_cast<T>(static_cast<unsigned_of<T>>(~unsigned_of<T>{0}) >> 1);
    } else {
        return static_cast<T>(~T{0});
    }
}
template <integer_word T>
[[nodiscard]] DYAD_HD constexpr T word_min() noexcept {
    return signed_word<T> ? static_cast<T>(-word_max<T>() - 1) : T{0};
}

/// x clamped to the range of To.
template <integer_word To, integer_word From>
[[nodiscard]] DYAD_HD constexpr To saturating_cast(From x) noexcept {
    // Any two words of at most 32 bits compare in 64, any two of at most 64 in 128.
    constexpr int widest = word_width < To >> word_width<From> ? word_width<To> : word_width<From>;
    if constexpr (widest <= 64 && (widest <= 32 || (signed_word<To> && signed_word<From>))) {
        constexpr std::int64_t max = word_max<To>();
        constexpr std::int64_t min = word_min<To>();
        const std::int64_t wide = x;
        return static_cast<To>(wide < min ? min : wide > max ? max : wide);
    } else {
        if (signed_word<From> && x < 0) {
            if (static_cast<int128_t>(x) < static_cast<int128_t>(word_min<To>())) return word_min<To>();
            return static_cast<To>(x);
        }
        return static_cast<uint128_t>(x) > static_cast<uint128_t>(word_max<To>()) ? word_max<To>() : static_cast<To>(x);
    }
}

/// x + y clamped to the range of T.
template <integer_word T>
[[nodiscard]] DYAD_HD constexpr T saturating_add(T x, T y) noexcept {
    T sum{};
    if (!__builtin_add_overflow(x, y, &sum)) return sum;
    return x < 0 ? word_min<T>() : word_max<T>();
}

/// x - y clamped to the range of T.
template <integer_word T>
[[nodiscard]] DYAD_HD constexpr T saturating_sub(T x, T y) noexcept {
    T difference{};
    if (!__builtin_sub_overflow(x, y, &difference)) return difference;
    return unsigned_word<T> || x < 0 ? word_min<T>() : word_max<T>();
}

/// x * y clamped to the range of T.
template <integer_word T>
[[nodiscard]] DYAD_HD constexpr T saturating_mul(T x, T y) noexcept {
    T product{};
    if (!__builtin_mul_overflow(x, y, &product)) return product;
    return (x < 0) != (y < 0) ? word_min<T>() : word_max<T>();
}

}  // namespace dyad::inline v1
