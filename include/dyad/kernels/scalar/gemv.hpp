// SPDX-License-Identifier: Apache-2.0
// Products of few rows with a panel of packed weights, in plain C++: what the vector kernels must equal, bit for bit.
//   group sum = sum over the group of x (u + offset - zero point), exactly
//   groups share a scale: acc = fma(float(group sum), scale, acc), one after the other, from +0
// and the end of every such product, the same for all kernels: times the scale of the row.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/core/fused.hpp>
#include <dyad/kernels/gemv_layout.hpp>
#include <dyad/kernels/scalar/weight_codes.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/power_of_two.hpp>

namespace dyad::inline v1::scalar {

/// Scale j of those stored at `from`.
[[nodiscard]] inline float stored_scale(scale_code code, const std::uint8_t* from, std::ptrdiff_t j) noexcept {
    std::uint16_t half = 0;
    float whole = 1;
    switch (code) {
        case scale_code::none: return 1;
        case scale_code::float_32: __builtin_memcpy(&whole, from + 4 * j, 4); return whole;
        case scale_code::float_16:
            __builtin_memcpy(&half, from + 2 * j, 2);
            return convert<float>(float16::from_bits(half));
        case scale_code::bfloat_16:
            __builtin_memcpy(&half, from + 2 * j, 2);
            return std::bit_cast<float>(std::uint32_t{half} << 16);
        case scale_code::biased_exponent: return convert<float>(float8_e8m0fnu::from_bits(from[j]));
        case scale_code::signed_exponent: return convert<float>(power_of_two<8>::from_bits(from[j]));
    }
    return 1;
}
[[nodiscard]] inline std::int32_t stored_zero(zero_code code, const std::uint8_t* from, std::ptrdiff_t j) noexcept {
    switch (code) {
        case zero_code::none: return 0;
        case zero_code::signed_8: return std::bit_cast<std::int8_t>(from[j]);
        case zero_code::unsigned_8: return from[j];
    }
    return 0;
}

/// sums[64 i + j] += sum over the block's k of x u, modulo 2^32.
inline void add_block(const gemv_layout& layout, std::ptrdiff_t b, const std::uint8_t* codes, const gemv_operands& o,
                      std::uint32_t* sums) noexcept {
    const weight_unit unit = unit_of(layout.code);
    for (std::ptrdiff_t p = 0; p < 4 * layout.units(b); ++p) {
        const std::ptrdiff_t part = p % 4;
        const std::int8_t* x = o.x + b * layout.block_x() + p / 4 * layout.unit_k();
        for (std::ptrdiff_t place = 0; place < 64; ++place) {
            std::uint8_t bytes[3] = {};
            std::uint8_t u[8] = {};
            for (int v = 0; v < unit.vectors; ++v) bytes[v] = codes[(p * unit.vectors + v) * 64 + place];
            decode_weights(layout.code, bytes, u);
            for (std::ptrdiff_t i = 0; i < o.rows; ++i) {
                std::int32_t sum = 0;
                for (int s = 0; s < unit.sets; ++s) sum += x[i * o.x_stride + 4 * s + place % 4] * u[s];
                sums[i * gemv_columns + part * 16 + place / 4] += static_cast<std::uint32_t>(sum);
            }
        }
    }
}

/// sums[64 i + j] += x_sum[i] * (offset - zero point of j), modulo 2^32.
inline void add_offsets(const gemv_layout& layout, const std::uint8_t* zeros, const gemv_operands& o,
                        const std::int32_t* x_sums, std::uint32_t* sums) noexcept {
    for (std::ptrdiff_t i = 0; i < o.rows; ++i) {
        const auto x_sum = static_cast<std::uint32_t>(x_sums[i * o.x_sums_stride]);
        for (std::ptrdiff_t j = 0; j < gemv_columns; ++j)
            sums[i * gemv_columns + j] +=
                x_sum * static_cast<std::uint32_t>(o.offset - stored_zero(layout.zero, zeros, j));
    }
}

[[gnu::noinline]] inline void gemv_panel(const gemv_layout& layout, const gemv_operands& o, gemv_sums& out) noexcept {
    const std::ptrdiff_t count = o.rows * gemv_columns;
    std::uint32_t sums[gemv_rows * gemv_columns] = {};
    for (std::ptrdiff_t n = 0; n < count; ++n) out.floats[n] = 0;
    const std::uint8_t* codes = o.panel;
    for (std::ptrdiff_t b = 0; b < layout.blocks(); codes += layout.block_bytes(b), ++b) {
        add_block(layout, b, codes, o, sums);
        const std::uint8_t* scales = codes + layout.code_bytes(b);
        if (layout.sharing == weight_sharing::column) {
            add_offsets(layout, o.panel + layout.panel_bytes() - layout.zero_bytes(), o, o.x_sums + b, sums);
            continue;
        }
        add_offsets(layout, scales + layout.scale_bytes(), o, o.x_sums + b, sums);
        for (std::ptrdiff_t n = 0; n < count; ++n) {
            const float scale = stored_scale(layout.scale, scales, n % gemv_columns);
            out.floats[n] = fused(static_cast<float>(static_cast<std::int32_t>(sums[n])), scale, out.floats[n]);
            sums[n] = 0;
        }
    }
    for (std::ptrdiff_t n = 0; n < count; ++n) out.integers[n] = static_cast<std::int32_t>(sums[n]);
}

/// fma(float(sum), scale, +0): the product, but +0 where that is zero exactly.
[[nodiscard]] inline float scaled_sum(std::int32_t sum, float scale) noexcept {
    const auto x = static_cast<float>(sum);
    const float product = x * scale;
    return (std::bit_cast<std::uint32_t>(product) & 0x7fff'ffffU) == 0 ? fused(x, scale, 0.0F) : product;
}

/// acc * scale of the row, NaN as 0x7fc00000.
[[nodiscard]] inline float of_row(float acc, float x_scale) noexcept {
    const auto bits = std::bit_cast<std::uint32_t>(acc * x_scale);
    return std::bit_cast<float>((bits & 0x7fff'ffffU) > 0x7f80'0000U ? 0x7fc0'0000U : bits);
}

/// y = acc * x_scales[i], NaN as 0x7fc00000: one panel's results of row i, in place in out.floats.
[[gnu::noinline]] inline void finish_gemv(const gemv_layout& layout, const gemv_operands& o, const float* x_scales,
                                          std::ptrdiff_t x_scales_stride, gemv_sums& out) noexcept {
    const std::uint8_t* stored = o.panel + layout.panel_bytes() - layout.shared_bytes();
    const bool is_last = layout.sharing == weight_sharing::column;
    float scales[gemv_columns];
    if (is_last && layout.scale != scale_code::none)
        for (std::ptrdiff_t j = 0; j < gemv_columns; ++j) scales[j] = stored_scale(layout.scale, stored, j);
    for (std::ptrdiff_t i = 0; i < o.rows; ++i) {
        const std::int32_t* sums = out.integers + i * gemv_columns;
        float* y = out.floats + i * gemv_columns;
        if (is_last && layout.scale == scale_code::none)
            for (std::ptrdiff_t j = 0; j < gemv_columns; ++j) y[j] = static_cast<float>(sums[j]);
        else if (is_last)
            for (std::ptrdiff_t j = 0; j < gemv_columns; ++j) y[j] = scaled_sum(sums[j], scales[j]);
        const float x_scale = x_scales[i * x_scales_stride];
        for (std::ptrdiff_t j = 0; j < gemv_columns; ++j) y[j] = of_row(y[j], x_scale);
    }
}

/// The results where there is no k: zero, and +0 times the scale of the row unless there are none.
[[gnu::noinline]] inline void finish_empty(std::ptrdiff_t rows, const float* x_scales, std::ptrdiff_t x_scales_stride,
                                           gemv_sums& out) noexcept {
    for (std::ptrdiff_t n = 0; n < rows * gemv_columns; ++n) {
        out.integers[n] = 0;
        out.floats[n] = x_scales == nullptr ? 0 : of_row(0, x_scales[n / gemv_columns * x_scales_stride]);
    }
}

}  // namespace dyad::inline v1::scalar
