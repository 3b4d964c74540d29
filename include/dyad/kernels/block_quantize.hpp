// SPDX-License-Identifier: Apache-2.0
// Blocks of floats to codes and shared scales, in one pass where the instruction set has a kernel for it (AVX-512),
// else by largest magnitudes, scaling, encoding and packing one after the other: the same bits.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/power_blocks.hpp>
#include <dyad/kernels/avx512/scaled_blocks.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/magnitude.hpp>
#include <dyad/kernels/minifloat.hpp>
#include <dyad/kernels/pack.hpp>
#include <dyad/kernels/scalar/blocks.hpp>
#include <dyad/kernels/scale.hpp>
#include <dyad/number/named_formats.hpp>

namespace dyad::inline v1 {

/// Encodes and packs at most sixteen blocks of floats that are divided by their scales.
template <float_format F, std::size_t Size>
void encode_blocks(instruction_set isa, const float* scaled, std::size_t blocks, block_places to) noexcept {
    std::uint8_t codes[block_group * Size];
    encode_floats<F>(isa, scaled, codes, blocks * Size, rounding::nearest_even, saturation::propagate);
    for (std::size_t b = 0; b < blocks; ++b) pack_codes<F.width()>(isa, codes + b * Size, Size, to.from(b).codes);
}

/// At most sixteen blocks, in steps. x 2^(127 - byte) is exact, or so small that it becomes zero.
template <float_format F, std::size_t Size>
void quantize_power_group(instruction_set isa, const float* src, std::size_t blocks, power_rule rule, block_places to,
                          std::uint32_t* largest) noexcept {
    float scaled[block_group * Size];
    double factors[block_group]{};
    largest_magnitudes(isa, src, blocks, Size, largest);
    for (std::size_t b = 0; b < blocks; ++b) {
        const std::int32_t byte = scalar::power_byte(largest[b], rule);
        factors[b] = std::bit_cast<double>(static_cast<std::uint64_t>(1023 + 127 - byte) << 52);
        *to.from(b).scales = static_cast<std::uint8_t>(byte);
    }
    multiply_groups<Size>(isa, src, factors, scaled, blocks);
    encode_blocks<F, Size>(isa, scaled, blocks, to);
}

/// At most sixteen blocks, in steps. Where the scale is 0 any large divisor makes zeros.
inline void quantize_scaled_group(instruction_set isa, const float* src, std::size_t blocks, float tensor_scale,
                                  block_places to, std::uint32_t* largest) noexcept {
    constexpr std::size_t size = 16;
    float scaled[block_group * size];
    float scales[block_group];
    double divisors[block_group]{};
    std::uint8_t codes[block_group];
    largest_magnitudes(isa, src, blocks, size, largest);
    __builtin_memcpy(scales, largest, blocks * sizeof(float));
    divide_floats(isa, scales, 6 * static_cast<double>(tensor_scale), scales, blocks);
    encode_floats<float8_e4m3fn_format>(isa, scales, codes, blocks, rounding::nearest_even, saturation::finite);
    decode_floats<float8_e4m3fn_format>(isa, codes, scales, blocks);
    for (std::size_t b = 0; b < blocks; ++b) {
        const double divisor = static_cast<double>(scales[b]) * static_cast<double>(tensor_scale);
        divisors[b] = divisor > 0 ? divisor : 0x1p300;
        *to.from(b).scales = codes[b];
    }
    divide_groups<size>(isa, src, divisors, scaled, blocks);
    encode_blocks<float4_e2m1fn_format, size>(isa, scaled, blocks, to);
}

/// steps(src, blocks, to, largest) for sixteen blocks at most, again and again.
template <std::size_t Size, class Steps>
void for_each_group(const float* src, std::size_t blocks, block_places to, std::uint32_t* largest,
                    Steps steps) noexcept {
    for (std::size_t b = 0; b < blocks; b += block_group) {
        const std::size_t count = blocks - b < block_group ? blocks - b : block_group;
        steps(src + b * Size, count, to.from(b), largest + b);
    }
}

/// kernel(src, n, to, largest) for sixteens of blocks as far as it goes, `steps` for sixteen where it stops; the last
/// few blocks with zeros behind them.
template <std::size_t Size, std::size_t Bytes, class Kernel, class Steps>
void for_each_group(const float* src, std::size_t blocks, block_places to, std::uint32_t* largest, Kernel kernel,
                    Steps steps) noexcept {
    std::size_t b = 0;
    while (blocks - b >= block_group) {
        b += block_group * kernel(src + b * Size, (blocks - b) / block_group, to.from(b), largest + b);
        if (blocks - b < block_group) break;
        steps(src + b * Size, block_group, to.from(b), largest + b);
        b += block_group;
    }
    const std::size_t count = blocks - b;
    if (count == 0) return;
    float in[block_group * Size]{};
    std::uint8_t codes[block_group * Bytes];
    std::uint8_t scales[block_group];
    std::uint32_t all[block_group];
    __builtin_memcpy(in, src + b * Size, count * Size * sizeof(float));
    const block_places here{codes, static_cast<std::ptrdiff_t>(Bytes), scales, 1};
    if (kernel(static_cast<const float*>(in), 1, here, static_cast<std::uint32_t*>(all)) == 0)
        steps(static_cast<const float*>(in), count, here, static_cast<std::uint32_t*>(all));
    for (std::size_t i = 0; i < count; ++i) {
        __builtin_memcpy(to.from(b + i).codes, codes + i * Bytes, Bytes);
        *to.from(b + i).scales = scales[i];
        largest[b + i] = all[i];
    }
}

/// Blocks of Size floats to codes of F, packed in order, and scale bytes by the rule; elements: nearest even of
/// x / 2^(byte - 127), clamped to the largest value, with x's sign. largest[b] = the bits of block b's largest
/// magnitude: where that is NaN or an infinity (>= 0x7f800000), or a subnormal float, the block's codes and scale mean
/// nothing and are the caller's to replace. src apart from all else; places of different blocks apart.
template <float_format F, std::size_t Size>
    requires block_of_floats<F, Size>
[[gnu::noinline]] void quantize_power_blocks(instruction_set isa, const float* src, std::size_t blocks, power_rule rule,
                                             block_places to, std::uint32_t* largest) noexcept {
    const default_float_environment environment;
    const auto steps = [isa, rule](const float* from, std::size_t count, block_places places, std::uint32_t* bits) {
        quantize_power_group<F, Size>(isa, from, count, rule, places, bits);
    };
#if defined(__x86_64__)
    if (isa >= instruction_set::avx512) {
        const auto kernel = [rule](const float* from, std::size_t n, block_places places, std::uint32_t* bits) {
            return avx512::quantize_power_groups<F, Size>(from, n, rule, places, bits);
        };
        return for_each_group<Size, block_code_bytes<F, Size>>(src, blocks, to, largest, kernel, steps);
    }
#endif
    for_each_group<Size>(src, blocks, to, largest, steps);
}

/// Blocks of 16 floats to float4_e2m1fn with float8_e4m3fn scales s, under a positive finite scale g of the tensor
/// (NVFP4): s = nearest even of a / (6 g), at most 448; elements: nearest even of x / (s g), clamped to 6, with x's
/// sign; zeros where s = 0. largest as above; here only blocks with NaN or infinity are the caller's.
[[gnu::noinline]] inline void quantize_scaled_blocks(instruction_set isa, const float* src, std::size_t blocks,
                                                     float tensor_scale, block_places to,
                                                     std::uint32_t* largest) noexcept {
    const default_float_environment environment;
    const auto steps = [isa, tensor_scale](const float* from, std::size_t count, block_places places,
                                           std::uint32_t* bits) {
        quantize_scaled_group(isa, from, count, tensor_scale, places, bits);
    };
#if defined(__x86_64__)
    if (isa >= instruction_set::avx512) {
        const auto kernel = [tensor_scale](const float* from, std::size_t n, block_places places, std::uint32_t* bits) {
            return avx512::quantize_scaled_groups(from, n, tensor_scale, places, bits);
        };
        return for_each_group<16, 8>(src, blocks, to, largest, kernel, steps);
    }
#endif
    for_each_group<16>(src, blocks, to, largest, steps);
}

}  // namespace dyad::inline v1
