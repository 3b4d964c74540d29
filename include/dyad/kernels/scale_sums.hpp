// SPDX-License-Identifier: Apache-2.0
// Tiles of sums times real factors, by the vector kernels of an instruction set: floats, or codes of at most 16 bits.
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/kernels/avx2/scale_sums.hpp>
#include <dyad/kernels/avx512/scale_sums.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/scale_sums.hpp>

namespace dyad::inline v1 {

/// Sums that the kernels take.
template <class T>
concept scalable_sum =
    std::same_as<T, std::int32_t> || std::same_as<T, std::int64_t> || std::same_as<T, float> || std::same_as<T, double>;

/// Has the instruction set a kernel? Elsewhere the functions below do nothing.
[[nodiscard]] constexpr bool has_scale_tile(instruction_set isa) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    return isa >= instruction_set::avx2;
#else
    static_cast<void>(isa);
    return false;
#endif
}

/// dst[i][j] = y[i][j] as a float, rounded as named. dst and the others apart. Needs the default floating-point
/// environment, as all of this does.
template <float_narrowing Narrowing, scalable_sum Sum>
void scale_tile(instruction_set isa, const sum_tile<Sum, float>& t, const scale_columns_of& c) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::scale_tile<Narrowing>(t, c);
    if (isa >= instruction_set::avx2) return avx2::scale_tile<Narrowing>(t, c);
#endif
    static_cast<void>(isa);
    static_cast<void>(t);
    static_cast<void>(c);
}
/// dst[i][j] = y[i][j], NaN with one pattern.
template <scalable_sum Sum>
void scale_tile(instruction_set isa, const sum_tile<Sum, double>& t, const scale_columns_of& c) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::scale_tile(t, c);
    if (isa >= instruction_set::avx2) return avx2::scale_tile(t, c);
#endif
    static_cast<void>(isa);
    static_cast<void>(t);
    static_cast<void>(c);
}
/// dst[i][j] = the bfloat16 of y[i][j], to nearest even, clamped; only where an instruction set has a kernel for it.
[[nodiscard]] constexpr bool has_scale_tile_to_bfloat16(instruction_set isa) noexcept {
    return has_scale_tile(isa) && isa >= instruction_set::avx512;
}
template <scalable_sum Sum>
void scale_tile_to_bfloat16(instruction_set isa, const sum_tile<Sum, std::uint16_t>& t,
                            const scale_columns_of& c) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) avx512::scale_tile_to_bfloat16(t, c);
#endif
    static_cast<void>(isa);
    static_cast<void>(t);
    static_cast<void>(c);
}
/// dst[i][j] = the code of y[i][j].
template <scalable_sum Sum, class Code, std::int32_t Low, std::int32_t High>
void scale_tile(instruction_set isa, const sum_tile<Sum, Code>& t, const scale_columns_of& c,
                code_narrowing<Code, Low, High> to) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::scale_tile(t, c, to);
    if (isa >= instruction_set::avx2) return avx2::scale_tile(t, c, to);
#endif
    static_cast<void>(isa);
    static_cast<void>(t);
    static_cast<void>(c);
    static_cast<void>(to);
}

}  // namespace dyad::inline v1
