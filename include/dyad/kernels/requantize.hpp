// SPDX-License-Identifier: Apache-2.0
// Tiles of 32-bit sums to codes of at most 16 bits, by the best kernel of an instruction set: the same codes from each.
#pragma once

#include <cstdint>

#include <dyad/kernels/avx2/requantize.hpp>
#include <dyad/kernels/avx512/requantize.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/requantize.hpp>

namespace dyad::inline v1 {

template <requantization Mode, class Code, code_ends Ends>
void requantize_tile_as(instruction_set isa, const sum_tile<std::int32_t, Code>& t,
                        const requantize_columns_of& c) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::requantize_tile<Mode, Code, Ends>(t, c);
    if (isa >= instruction_set::avx2) return avx2::requantize_tile<Mode, Code, Ends>(t, c);
#endif
    static_cast<void>(isa);
    scalar::requantize_tile<Code>(t, c);
}
template <requantization Mode, class Code>
void requantize_tile_as(instruction_set isa, const sum_tile<std::int32_t, Code>& t,
                        const requantize_columns_of& c) noexcept {
    if (c.range.template is_whole<Code>()) return requantize_tile_as<Mode, Code, code_ends::of_word>(isa, t, c);
    requantize_tile_as<Mode, Code, code_ends::given>(isa, t, c);
}

/// dst[i][j] = the code by c.range, which has codes of Code only, of requantize(sums[i][j] + bias[j], multipliers[j],
/// mode); the sum with its bias modulo 2^32. dst and the others apart. Rows of one tile share the work on its columns.
template <class Code>
void requantize_tile(instruction_set isa, const sum_tile<std::int32_t, Code>& t,
                     const requantize_columns_of& c) noexcept {
    switch (c.mode) {
        case requantization::single_half_up: return requantize_tile_as<requantization::single_half_up, Code>(isa, t, c);
        case requantization::gemmlowp_double:
            return requantize_tile_as<requantization::gemmlowp_double, Code>(isa, t, c);
        case requantization::nearest_even: return requantize_tile_as<requantization::nearest_even, Code>(isa, t, c);
    }
}

}  // namespace dyad::inline v1
