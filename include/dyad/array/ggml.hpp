// SPDX-License-Identifier: Apache-2.0
// Numbers to Q8_0, Q4_0 and MXFP4 blocks of GGUF files, byte for byte as ggml's reference routines write them: float
// arithmetic in their order, each operation rounded to nearest even (dyad::quantize rounds an exact quotient once, and
// so gives other codes now and then). dequantize of these blocks gives ggml's floats, too.
// Q8_0: d = a / 127 with the largest magnitude a, code = x * (1 / d) rounded, ties away from zero.
// Q4_0: d = m / -8 with the first number m of largest magnitude, code = min(15, floor(x * (1 / d) + 8.5)).
// MXFP4: 2^(floor(log2 a) - 2), log2 in float, so that numbers just below a power of two may count as it; the nearest
// element, ties toward zero, never -0.
// Source: ggml, quantize_row_q8_0_ref, quantize_row_q4_0_ref, quantize_row_mxfp4_ref.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include <dyad/array/block.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1 {

/// Blocks that ggml's routines write.
template <class B>
concept ggml_block = std::same_as<B, q8_0> || std::same_as<B, q4_0> || std::same_as<B, ggml_mxfp4>;

/// The first of 32 numbers with the largest magnitude; +0 if all are zeros.
[[nodiscard]] inline float ggml_largest(const float* x) noexcept {
    float largest = 0;
    for (int i = 0; i < 32; ++i) {
        const float a = x[i] < 0 ? -x[i] : x[i];
        if (a > (largest < 0 ? -largest : largest)) largest = x[i];
    }
    return largest;
}

/// What ggml divides by, before it is a float16.
[[nodiscard]] inline float ggml_divisor(const q8_0&, float largest) noexcept {
    return (largest < 0 ? -largest : largest) / 127.0f;
}
[[nodiscard]] inline float ggml_divisor(const q4_0&, float largest) noexcept { return largest / -8.0f; }

/// floor(log2 a) by a log2 rounded to float: a lies m units of 2^(n - 24) below 2^n, and log2 a about m 2^-24 / ln 2
/// below n; that is n where it is less than half the distance of floats there, 2^(k - 24). 94548 / 65536 = 1 / ln 2.
[[nodiscard]] constexpr int ggml_exponent(float a) noexcept {
    const auto bits = std::bit_cast<std::uint32_t>(a) & 0x7fff'ffffU;
    const int n = static_cast<int>(bits >> 23) - 126;
    const std::uint32_t m = 0x80'0000U - (bits & 0x7f'ffffU);
    const int k = bit_width(static_cast<std::uint32_t>(n > 0 ? n - 1 : -n)) - 1;
    const bool rounds_up = k >= 0 && std::uint64_t{m} * 94548 < std::uint64_t{65536} << k;
    return n - (rounds_up ? 0 : 1);
}

/// x * y rounded to float: the product is exact as a double, so that no compiler fuses it with a sum that follows.
[[nodiscard]] inline float ggml_product(float x, float y) noexcept {
    return static_cast<float>(static_cast<double>(x) * static_cast<double>(y));
}
/// 1 / d; 0 of 0, and where it overflows: d is 0 as a float16 then.
[[nodiscard]] inline float ggml_inverse(float d) noexcept {
    const float a = d < 0 ? -d : d;
    return a <= 0x1p-128f ? 0.0f : 1.0f / d;
}

inline void ggml_write(const float* x, float largest, q8_0& y) noexcept {
    const float d = ggml_divisor(y, largest);
    const float inverse = ggml_inverse(d);
    y.scale = convert<float16>(d);
    for (int i = 0; i < 32; ++i) {
        const float q = ggml_product(x[i], inverse);
        const int cut = static_cast<int>(q);
        const float rest = q - static_cast<float>(cut);
        y.codes[i] = static_cast<std::uint8_t>(cut + (rest >= 0.5f ? 1 : 0) - (rest <= -0.5f ? 1 : 0));
    }
}
inline void ggml_write(const float* x, float largest, q4_0& y) noexcept {
    const float d = ggml_divisor(y, largest);
    const float inverse = ggml_inverse(d);
    y.scale = convert<float16>(d);
    const auto code = [&](int i) {
        const int q = static_cast<int>(ggml_product(x[i], inverse) + 8.5f);
        return q < 15 ? q : 15;
    };
    for (int i = 0; i < 16; ++i) y.codes[i] = static_cast<std::uint8_t>(code(i) | code(i + 16) << 4);
}
inline void ggml_write(const float* x, float largest, ggml_mxfp4& y) noexcept {
    const int e = largest == 0 ? 0 : ggml_exponent(largest) - 2 + 127;
    y.scale = float8_e8m0fnu::from_bits(static_cast<std::uint8_t>(e < 0 ? 0 : e));
    // An element is nearer than the one before from behind the middle of both on; all of this is exact.
    constexpr float middles[7]{0.25f, 0.75f, 1.25f, 1.75f, 2.5f, 3.5f, 5};
    const auto unit = static_cast<float>(y.scale);
    const auto code = [&](int i) {
        const float a = x[i] < 0 ? -x[i] : x[i];
        int element = 0;
        for (const float middle : middles) element += a > middle * unit ? 1 : 0;
        return element != 0 && x[i] < 0 ? element | 8 : element;
    };
    for (int i = 0; i < 16; ++i) y.codes[i] = static_cast<std::uint8_t>(code(i) | code(i + 16) << 4);
}

/// Can ggml's blocks hold these numbers?
[[nodiscard, gnu::noinline]] inline bool ggml_all_finite(const float* x, std::size_t n) noexcept {
    bool finite = true;
    for (std::size_t i = 0; i < n; ++i) finite &= (std::bit_cast<std::uint32_t>(x[i]) & 0x7fff'ffffU) < 0x7f80'0000U;
    return finite;
}
template <ggml_block B>
[[nodiscard, gnu::noinline]] bool ggml_scales_fit(const float* x, std::span<const B> blocks) noexcept {
    if constexpr (std::same_as<B, ggml_mxfp4>) {
        return true;
    } else {
        bool fit = true;
        for (const B& b : blocks) {
            const float d = ggml_divisor(b, ggml_largest(x));
            fit &= d < 65520.0f && d > -65520.0f;  // what rounds to infinity as a float16
            x += 32;
        }
        return fit;
    }
}
template <ggml_block B>
[[gnu::noinline]] void ggml_write_blocks(const float* x, std::span<B> blocks) noexcept {
    for (B& b : blocks) {
        ggml_write(x, ggml_largest(x), b);
        x += 32;
    }
}

/// dst = src as ggml's reference quantizes it: 32 numbers a block, src.size() == 32 * dst.size() (else
/// status::block_count_differs), no memory in common (else status::dst_overlaps_src). What ggml has no defined result
/// for: NaN and infinities (status::value_not_finite), a scale beyond float16 (status::scale_out_of_range; ggml stores
/// an infinity); nothing is written then. Q8_0 and Q4_0 numbers so small that 1 / d overflows get codes that mean 0
/// (the scale is 0 as a float16); MXFP4 numbers below 2^-125 the smallest scale, 2^-127. The caller's floating-point
/// environment does not matter.
template <ggml_block B>
status quantize_as_ggml(std::span<const float> src, std::span<B> dst) noexcept {
    if (src.size() % 32 != 0 || src.size() / 32 != dst.size()) return status::block_count_differs;
    if (overlap(memory_of(src), memory_of(dst))) return status::dst_overlaps_src;
    if (!ggml_all_finite(src.data(), src.size())) return status::value_not_finite;
    const default_float_environment environment;
    if (!ggml_scales_fit(src.data(), std::span<const B>(dst))) return status::scale_out_of_range;
    ggml_write_blocks(src.data(), dst);
    return status::ok;
}

}  // namespace dyad::inline v1
