// SPDX-License-Identifier: Apache-2.0
// Steps of epilogues on rows of doubles, by the vector kernels of an instruction set that has_scale_tile; elsewhere
// they do nothing, and the stage's own call serves. NaN becomes one pattern. to may be from where the types are the
// same. All need the default floating-point environment.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/real_stages.hpp>
#include <dyad/kernels/avx512/real_stages.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scale_sums.hpp>

namespace dyad::inline v1 {

/// to[j] = fma(values[j] - zero, factor, from[j]).
inline void add_scaled(instruction_set isa, const double* from, const float* values, double zero, double factor,
                       double* to, std::ptrdiff_t n) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::add_scaled(from, values, zero, factor, to, n);
    if (isa >= instruction_set::avx2) return avx2::add_scaled(from, values, zero, factor, to, n);
#endif
    static_cast<void>(isa), static_cast<void>(from), static_cast<void>(values), static_cast<void>(zero);
    static_cast<void>(factor), static_cast<void>(to), static_cast<void>(n);
}
/// to[j] = from[j], low where it is less than low, high where it is more than high; NaN stays NaN.
inline void clamp_reals(instruction_set isa, const double* from, double low, double high, double* to,
                        std::ptrdiff_t n) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::clamp_reals(from, low, high, to, n);
    if (isa >= instruction_set::avx2) return avx2::clamp_reals(from, low, high, to, n);
#endif
    static_cast<void>(isa), static_cast<void>(from), static_cast<void>(low), static_cast<void>(high);
    static_cast<void>(to), static_cast<void>(n);
}
/// to[j] = from[j] as a float, rounded as named.
template <float_narrowing Narrowing>
void narrow_reals(instruction_set isa, const double* from, float* to, std::ptrdiff_t n) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::narrow_reals<Narrowing>(from, to, n);
    if (isa >= instruction_set::avx2) return avx2::narrow_reals<Narrowing>(from, to, n);
#endif
    static_cast<void>(isa), static_cast<void>(from), static_cast<void>(to), static_cast<void>(n);
}
/// to[j] = the code of from[j].
template <class Code, std::int32_t Low, std::int32_t High>
void narrow_reals(instruction_set isa, const double* from, Code* to, std::ptrdiff_t n,
                  code_narrowing<Code, Low, High> how) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::narrow_reals(from, to, n, how);
    if (isa >= instruction_set::avx2) return avx2::narrow_reals(from, to, n, how);
#endif
    static_cast<void>(isa), static_cast<void>(from), static_cast<void>(to), static_cast<void>(n);
    static_cast<void>(how);
}

}  // namespace dyad::inline v1
