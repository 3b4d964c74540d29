// SPDX-License-Identifier: Apache-2.0
// float to and from fixed-point numbers, many at a time, by the best kernel of an instruction set: the same codes from
// each, and from convert of one number.
#pragma once

#include <concepts>
#include <cstddef>

#include <dyad/core/rounding.hpp>
#include <dyad/kernels/avx2/fixed.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/scalar/fixed.hpp>
#include <dyad/kernels/stream.hpp>
#include <dyad/number/fixed.hpp>

namespace dyad::inline v1 {

template <class T>
inline constexpr bool is_saturating_fixed = false;
template <int Width, int Fraction, signedness Sign>
inline constexpr bool is_saturating_fixed<fixed<Width, Fraction, Sign, overflow::saturate>> =
    Width - (Sign == signedness::is_signed ? 1 : 0) <= 22 && Fraction >= -100 && Fraction <= 126;

/// Saturating types whose raw numbers are at most 2^22, and whose unit is a normal float, as is its inverse.
template <class T>
concept fixed_in_bulk = is_saturating_fixed<T>;

/// 2^e for a normal float.
[[nodiscard]] constexpr float power_of_two_float(int e) noexcept {
    return std::bit_cast<float>(static_cast<std::uint32_t>(127 + e) << 23);
}

/// Can the kernel round so? Where 2^F < 1, x 2^F may underflow, which only the nearest modes do not see.
template <fixed_in_bulk T>
[[nodiscard]] constexpr bool encodes_fixed(rounding mode) noexcept {
    const bool nearest =
        mode == rounding::nearest_even || mode == rounding::nearest_away || mode == rounding::nearest_up;
    return scalar::has_fixed_rounding(mode) && (T::fraction >= 0 || nearest);
}

/// dst[i] = the raw number of convert<T>(src[i], rule); encodes_fixed<T>(rule). src and dst apart.
template <fixed_in_bulk T>
void encode_fixed(instruction_set isa, const float* src, typename T::raw_type* dst, std::size_t n,
                  rounding rule) noexcept {
    const scalar::fixed_constants constants{power_of_two_float(T::fraction), static_cast<float>(T::min_raw),
                                            static_cast<float>(T::max_raw), scalar::make_fixed_rounding(rule)};
    const default_float_environment environment;
    auto* kernel = &scalar::encode_fixed_blocks<typename T::raw_type>;
#if defined(__x86_64__)
    if (isa >= instruction_set::avx2) kernel = &avx2::encode_fixed_blocks<typename T::raw_type>;
#endif
    static_cast<void>(isa);
    for_each_block(src, dst, n, [&](const float* from, typename T::raw_type* to, std::size_t blocks) {
        kernel(from, to, blocks, constants);
    });
}

/// dst[i] = the float that is raw src[i] * 2^-F, exactly. src and dst apart.
template <fixed_in_bulk T>
void decode_fixed(instruction_set isa, const typename T::raw_type* src, float* dst, std::size_t n) noexcept {
    constexpr float scale = power_of_two_float(-T::fraction);
    const default_float_environment environment;
    auto* kernel = &scalar::decode_fixed_blocks<typename T::raw_type>;
#if defined(__x86_64__)
    if (isa >= instruction_set::avx2) kernel = &avx2::decode_fixed_blocks<typename T::raw_type>;
#endif
    static_cast<void>(isa);
    for_each_block(src, dst, n, [&](const typename T::raw_type* from, float* to, std::size_t blocks) {
        kernel(from, to, blocks, scale);
    });
}

}  // namespace dyad::inline v1
