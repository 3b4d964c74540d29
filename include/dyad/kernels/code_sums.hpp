// SPDX-License-Identifier: Apache-2.0
// The sum of carriers in a row, modulo 2^32: what zero points multiply.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/code_sums.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/code_sums.hpp>

namespace dyad::inline v1 {

/// x[0] + ... + x[n - 1] for std::int8_t, std::uint8_t, std::int16_t.
template <class T>
[[nodiscard]] std::int32_t sum_of_codes(instruction_set isa, const T* x, std::ptrdiff_t n) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx2) return avx2::sum_of_codes(x, n);
#endif
    static_cast<void>(isa);
    return scalar::sum_of_codes(x, n);
}

}  // namespace dyad::inline v1
