// SPDX-License-Identifier: Apache-2.0
// Requantization of tiles by one float product a sum, by the best kernel of an instruction set: the same codes from
// each.
#pragma once

#include <cstdint>

#include <dyad/kernels/avx2/float_requantize.hpp>
#include <dyad/kernels/avx512/float_requantize.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/float_requantize.hpp>

namespace dyad::inline v1 {

/// dst[i][j] = round_nearest_even(float(sums[i][j] + bias[j]) * factors[j]) + zero point, clamped to Low ... High.
/// Needs the default floating-point environment; dst and the others apart.
template <class Code, std::int32_t Low, std::int32_t High>
void float_requantize_tile(instruction_set isa, const sum_tile<std::int32_t, Code>& t,
                           const float_factors_of& c) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::float_requantize_tile<Code, Low, High>(t, c);
    if (isa >= instruction_set::avx2) return avx2::float_requantize_tile<Code, Low, High>(t, c);
#endif
    static_cast<void>(isa);
    scalar::float_requantize_tile<Code, Low, High>(t, c);
}

}  // namespace dyad::inline v1
