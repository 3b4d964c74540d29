// SPDX-License-Identifier: Apache-2.0
// Sums and products of floats as loops for compilers to vectorize, with the NaN that Dyad's operators give: the first
// operand that is one, else the positive quiet NaN (processors differ in both).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/scalar/minifloat.hpp>
#include <dyad/kernels/scalar/select.hpp>

namespace dyad::inline v1 {

enum class float_operation : std::uint8_t { sum, product };

namespace scalar {

/// r = x op y in the default floating-point environment. Nonzero if a product of numbers other than zero is below the
/// smallest normal float, where it may have been rounded.
template <float_operation Operation>
[[gnu::always_inline]] inline std::uint32_t operate_block(const float* __restrict x, const float* __restrict y,
                                                          float* __restrict r) noexcept {
    constexpr std::uint32_t infinity = 0x7f80'0000;
    constexpr std::uint32_t all_but_sign = 0x7fff'ffff;
    std::uint32_t tiny = 0;
    for (std::size_t i = 0; i < lanes; ++i) {
        const float a = x[i];
        const float b = y[i];
        const float result = Operation == float_operation::sum ? a + b : a * b;
        const auto a_bits = std::bit_cast<std::uint32_t>(a);
        const auto b_bits = std::bit_cast<std::uint32_t>(b);
        const auto bits = std::bit_cast<std::uint32_t>(result);
        const std::uint32_t nan = select((a_bits & all_but_sign) > infinity, a_bits,
                                         select((b_bits & all_but_sign) > infinity, b_bits, 0x7fc0'0000));
        const std::uint32_t chosen = select((bits & all_but_sign) > infinity, nan, bits);
        if constexpr (Operation == float_operation::product) {
            const std::uint32_t operands = select((b_bits & all_but_sign) != 0, a_bits & all_but_sign);
            tiny |= select((bits & all_but_sign) < 0x0080'0000, operands);
        }
        r[i] = std::bit_cast<float>(chosen);
    }
    return tiny;
}

template <float_operation Operation>
[[gnu::noinline]] inline std::uint32_t operate_blocks(const float* x, const float* y, float* r,
                                                      std::size_t n) noexcept {
    std::uint32_t tiny = 0;
    for (; n != 0; --n, x += lanes, y += lanes, r += lanes) tiny |= operate_block<Operation>(x, y, r);
    return tiny;
}

}  // namespace scalar

}  // namespace dyad::inline v1
