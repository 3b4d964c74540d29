// SPDX-License-Identifier: Apache-2.0
// The flush of a tile of block sums in plain C++, the definition of its bits:
//   total[i][j] = fma(float(s), lhs_scale[i] * rhs_scale[j], total[i][j]),
//   s = sum[i][j] - lhs_zero[i] rhs_sum[j] - rhs_zero[j] (lhs_sum[i] - k lhs_zero[i])
// for the sum over k of (x - lhs_zero) (y - rhs_zero). The conversion, the product of scales and the fma round once
// each.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/core/fused.hpp>
#include <dyad/kernels/matrix_kernel.hpp>
#include <dyad/kernels/scalar/matrix.hpp>
#include <dyad/kernels/scalar/opaque.hpp>

namespace dyad::inline v1 {

/// What the lines of a tile bring to a flush. Where there are zero points, s is exact modulo 2^32; their pointers are
/// null else.
struct flush_lines {
    const float* lhs_scales = nullptr;
    const float* rhs_scales = nullptr;
    const std::int32_t* lhs_zeros = nullptr;
    const std::int32_t* rhs_sums = nullptr;  ///< of the codes of a column, beside lhs_zeros
    const std::int32_t* rhs_zeros = nullptr;
    const std::int32_t* lhs_rests = nullptr;  ///< sum of the codes of a row - k * its zero point, beside rhs_zeros
};

namespace scalar {

/// s: integer sums less what the zero points add.
template <class Sum>
[[nodiscard]] inline Sum without_zeros(Sum sum, const flush_lines& lines, std::ptrdiff_t i, std::ptrdiff_t j) noexcept {
    if constexpr (std::same_as<Sum, std::int32_t>) {
        auto s = static_cast<std::uint32_t>(sum);  // wraps
        if (lines.lhs_zeros != nullptr)
            s -= static_cast<std::uint32_t>(lines.lhs_zeros[i]) * static_cast<std::uint32_t>(lines.rhs_sums[j]);
        if (lines.rhs_zeros != nullptr)
            s -= static_cast<std::uint32_t>(lines.rhs_zeros[j]) * static_cast<std::uint32_t>(lines.lhs_rests[i]);
        return static_cast<Sum>(s);
    } else {
        return sum;
    }
}

template <class Sum>
void flush_sums(const Sum* sums, std::ptrdiff_t sum_stride, std::ptrdiff_t rows, std::ptrdiff_t columns,
                const flush_lines& lines, tile_start start, float* totals, std::ptrdiff_t total_stride) noexcept {
    for (std::ptrdiff_t i = 0; i < rows; ++i) {
        for (std::ptrdiff_t j = 0; j < columns; ++j) {
            float& total = totals[i * total_stride + j];
            const Sum s = without_zeros(sums[i * sum_stride + j], lines, i, j);
            const float scale = lines.lhs_scales[i] * lines.rhs_scales[j];
            total = fused(static_cast<float>(s), scale, start == tile_start::zero ? 0.0F : total);
        }
    }
}

/// x[j] = (x[j] * first) * second, each rounded once; a NaN becomes 0x7fc00000.
inline void finish_totals(float* x, std::ptrdiff_t n, float first, float second) noexcept {
    for (std::ptrdiff_t j = 0; j < n; ++j) {
        // (no flag may make one factor of the two)
        x[j] = one_nan(opaque(x[j] * first) * second);
    }
}

/// The upper halves of x[j] * factor: bfloat16 numbers, where the product is one; a NaN is quiet.
inline void fold_bf16(const float* x, float factor, std::ptrdiff_t n, std::uint16_t* to) noexcept {
    for (std::ptrdiff_t j = 0; j < n; ++j) {
        const float product = one_nan(x[j] * factor);
        std::uint32_t bits = 0;
        __builtin_memcpy(&bits, &product, sizeof bits);
        to[j] = static_cast<std::uint16_t>(bits >> 16);
    }
}

}  // namespace scalar
}  // namespace dyad::inline v1
