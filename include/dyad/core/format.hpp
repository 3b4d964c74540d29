// SPDX-License-Identifier: Apache-2.0
// The concept `format`: a finite set of codes, each of which unpacks exactly and into which any value packs once.
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/core/unpacked.hpp>

namespace dyad::inline v1 {

enum class signedness : std::uint8_t { is_signed, is_unsigned };

/// A number type. Laws: from_bits(x.bits()) is x; pack(x.unpack(), any, any) is x, code for code; pack rounds once.
/// `width` is the number of bits of a code; `bits_type` the unsigned word that holds it, with zeros above.
template <class T>
concept format = requires(const T x, const typename T::bits_type bits, const unpacked value, const rounding mode,
                          const stochastic random, const saturation policy) {
    requires unsigned_word<typename T::bits_type>;
    { T::width } -> std::convertible_to<int>;
    { x.bits() }
    noexcept->std::same_as<typename T::bits_type>;
    { T::from_bits(bits) }
    noexcept->std::same_as<T>;
    { x.unpack() }
    noexcept->std::same_as<unpacked>;
    { T::pack(value, mode, policy) }
    noexcept->std::same_as<T>;
    { T::pack(value, random, policy) }
    noexcept->std::same_as<T>;
};

}  // namespace dyad::inline v1
