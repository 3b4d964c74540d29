// SPDX-License-Identifier: Apache-2.0
// Blocks of packed codes and shared scales to floats, code * scale * tensor scale, by the best kernel of an instruction
// set: the same bits from each.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/block_dequantize.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/minifloat.hpp>
#include <dyad/kernels/pack.hpp>
#include <dyad/kernels/scalar/blocks.hpp>
#include <dyad/kernels/scale.hpp>

namespace dyad::inline v1 {

/// Codes of scales, and of blocks of elements, that the kernels take.
template <float_format F>
concept block_scale = decodable_in_bulk<F> &&(F.width() == 8);
template <float_format F, std::size_t Size>
concept block_of_codes = decodable_in_bulk<F> &&(F.width() == 4 || F.width() == 6 || F.width() == 8) &&
                         (Size % 16 == 0);

/// dst[i] = the float of the scale code at scales + i * stride; NaN as 0x7fc00000, whatever its sign.
template <float_format F>
    requires block_scale<F>
void decode_scales(instruction_set isa, const std::uint8_t* scales, std::ptrdiff_t stride, std::size_t n,
                   float* dst) noexcept {
    constexpr std::size_t piece = 256;
    std::uint8_t codes[piece];
    for (std::size_t done = 0; done < n; done += piece) {
        const std::size_t count = n - done < piece ? n - done : piece;
        const std::uint8_t* from = scales + static_cast<std::ptrdiff_t>(done) * stride;
        if (stride == 1) {
            decode_floats<F>(isa, from, dst + done, count);
        } else {
            for (std::size_t i = 0; i < count; ++i, from += stride) codes[i] = *from;
            decode_floats<F>(isa, static_cast<const std::uint8_t*>(codes), dst + done, count);
        }
        if constexpr (F.is_signed && F.nan != nan_codes::none) {
            for (std::size_t i = 0; i < count; ++i) {
                const float x = dst[done + i];
                const auto bits = std::bit_cast<std::uint32_t>(x);
                const bool is_nan = (bits & 0x7fff'ffff) > 0x7f80'0000;
                dst[done + i] = std::bit_cast<float>(scalar::select(is_nan, 0x7fc0'0000, bits));
            }
        }
    }
}

/// Blocks in steps: unpack, decode, multiply.
template <float_format F, std::size_t Size>
void dequantize_in_steps(instruction_set isa, const std::uint8_t* codes, std::ptrdiff_t code_stride,
                         const float* scales, float tensor_scale, std::size_t blocks, float* dst) noexcept {
    for (std::size_t done = 0; done < blocks; done += block_group) {
        const std::size_t count = blocks - done < block_group ? blocks - done : block_group;
        std::uint8_t bytes[block_group * Size];
        double factors[block_group]{};
        for (std::size_t b = 0; b < count; ++b, codes += code_stride) {
            unpack_codes<F.width()>(isa, codes, block_code_bytes<F, Size>, Size, bytes + b * Size);
            factors[b] = static_cast<double>(scales[done + b]) * static_cast<double>(tensor_scale);
        }
        float* const to = dst + done * Size;
        decode_floats<F>(isa, static_cast<const std::uint8_t*>(bytes), to, count * Size);
        multiply_groups<Size>(isa, to, factors, to, count);
    }
}

/// Has AVX-512 a kernel for these?
template <float_format F, std::size_t Size>
inline constexpr bool has_dequantize_kernel = [] {
#if defined(__x86_64__)
    if constexpr (F.width() == 4) return Size % 16 == 0;
    if constexpr (F.width() == 6 || F.width() == 8) return Size == 32 && avx512::has_float_planes<F>;
#endif
    return false;
}();

#if defined(__x86_64__)
template <float_format F, std::size_t Size, avx512::product Factors>
void dequantize_by_avx512(const std::uint8_t* codes, std::ptrdiff_t code_stride, const float* scales,
                          float tensor_scale, std::size_t blocks, float* dst) noexcept {
    if constexpr (F.width() == 4) {
        avx512::dequantize_nibbles<F, Size, Factors>({codes, code_stride}, scales, tensor_scale, blocks, dst);
    } else {
        avx512::dequantize_bytes<F, Factors>({codes, code_stride}, scales, tensor_scale, blocks / 2, dst);
        if (blocks % 2 == 0) return;
        // The last one, twice.
        float both[2 * Size];
        const float scale[2] = {scales[blocks - 1], scales[blocks - 1]};
        const std::uint8_t* const last = codes + static_cast<std::ptrdiff_t>(blocks - 1) * code_stride;
        avx512::dequantize_bytes<F, Factors>({last, 0}, scale, tensor_scale, 1, both);
        __builtin_memcpy(dst + (blocks - 1) * Size, both, Size * sizeof(float));
    }
}
#endif

/// Element i of block b = code * scales[b] * tensor_scale, rounded once to nearest even; codes packed in order from
/// codes + b * code_stride on. Scales: finite floats of which every product with a code is a float (unless
/// tensor_scale is 1), or 0x7fc00000, which makes the block's elements this NaN; elements that are NaN stay as
/// decode_floats gives them. tensor_scale: positive, finite. All apart.
template <float_format F, std::size_t Size>
    requires block_of_codes<F, Size>
void dequantize_blocks(instruction_set isa, const std::uint8_t* codes, std::ptrdiff_t code_stride, const float* scales,
                       float tensor_scale, std::size_t blocks, float* dst) noexcept {
    const default_float_environment environment;
#if defined(__x86_64__)
    if constexpr (has_dequantize_kernel<F, Size>) {
        if (isa >= instruction_set::avx512 && tensor_scale == 1)
            return dequantize_by_avx512<F, Size, avx512::product::of_two>(codes, code_stride, scales, 1, blocks, dst);
        if (isa >= instruction_set::avx512)
            return dequantize_by_avx512<F, Size, avx512::product::of_three>(codes, code_stride, scales, tensor_scale,
                                                                            blocks, dst);
    }
#endif
    dequantize_in_steps<F, Size>(isa, codes, code_stride, scales, tensor_scale, blocks, dst);
}

}  // namespace dyad::inline v1
