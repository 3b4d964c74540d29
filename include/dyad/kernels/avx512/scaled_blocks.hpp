// SPDX-License-Identifier: Apache-2.0
// Blocks of sixteen floats to float4_e2m1fn with float8_e4m3fn scales s and a scale g of the whole tensor (NVFP4), with
// AVX-512, sixteen blocks at once: s = a / (6 g) rounded to nearest even, element = x / (s g) rounded to nearest even,
// both of the exact quotients.
// 1. a / (6 g) divides 24 bits by 26, so the double quotient decides every 5-bit boundary of s
// (kernels/scalar/scale.hpp).
// 2. R = s g has 28 bits, a double. q = x * inverse, where inverse is a float between (1 - 2^-19) / R and
//    (1 - 2^-21) / R, is below x / R by less than one part in 2^18, so its place among 1/4, 3/8, 1/2, 3/4, 1, 3/2 ... 6
//    leaves one boundary B between two codes that |x| / R can be beyond.
// 3. |x| > B R is decided exactly: B R is a double of 31 bits, and rounded down to a float it has the same floats above
//    it. Where the tie goes up, |x| >= B R is |x| > B' R with the double B' below B: the product, rounded down, is
//    between B R and the float below it.
#pragma once

#if defined(__x86_64__)

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/block_codes.hpp>
#include <dyad/kernels/avx512/decode.hpp>
#include <dyad/kernels/avx512/magnitude.hpp>
#include <dyad/kernels/avx512/power_blocks.hpp>
#include <dyad/kernels/avx512/scale.hpp>
#include <dyad/kernels/scalar/blocks.hpp>
#include <dyad/number/named_formats.hpp>

namespace dyad::inline v1::avx512 {

/// The scales of sixteen blocks.
struct scaled_constants {
    alignas(64) double scale[16];           ///< R = s g; infinity where s = 0
    alignas(64) std::uint32_t inverse[16];  ///< a little below 1 / R
};

/// Code c goes to c + 1 above these, times R. Above a NaN of all ones is nothing, not even NaN: a code of five bits
/// would spoil its neighbour.
alignas(64) inline constexpr double boundaries_of_e2m1[8] = {
    0.25, 0x1.7ffffffffffffp-1, 1.25, 0x1.bffffffffffffp0,
    2.5,  0x1.bffffffffffffp1,  5,    std::bit_cast<double>(~std::uint64_t{0} >> 1)};

/// The lower code of a float between 3/16 and 8, by the four bits above bit 22: by half octaves.
inline constexpr std::uint32_t first_half_octave = 249U << 22;  // 3/16
inline constexpr std::uint32_t last_half_octave = 259U << 22;   // 6
alignas(64) inline constexpr std::uint32_t codes_of_half_octaves[16] = {4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3};

/// Scales of sixteen blocks from their largest magnitudes: their codes, and the numbers for the elements. False where
/// these may leave the range of floats.
[[gnu::target("avx512f,avx512dq"), gnu::always_inline]] inline bool find_scales(words largest, float tensor_scale,
                                                                                words& codes,
                                                                                scaled_constants& out) noexcept {
    constexpr float_format scale_format = float8_e4m3fn_format;
    constexpr int m = scale_format.significand_bits;
    constexpr std::uint32_t exponent = static_cast<std::uint32_t>(scale_format.min_exponent() + 127);
    constexpr std::uint32_t factor =
        (static_cast<std::uint32_t>(127 + 23 - m) << 23) | ((0U - (exponent << m)) & 0xffffU);
    const words zero{};
    // 1. s.
    const floats a = reinterpret_cast<floats>(largest);
    const doubles divisor = doubles{} + 6 * static_cast<double>(tensor_scale);
    const doubles low = __builtin_convertvector(__builtin_shufflevector(a, a, 0, 1, 2, 3, 4, 5, 6, 7), doubles);
    const doubles high = __builtin_convertvector(__builtin_shufflevector(a, a, 8, 9, 10, 11, 12, 13, 14, 15), doubles);
    const words q = narrowed(quotient_to_odd(low, divisor), quotient_to_odd(high, divisor));
    codes = encode_of_block<scale_format>(q, zero + scalar::bits_of_largest<scale_format>, zero + (exponent << 23),
                                          zero + factor) &
            0xffU;
    // 2. R and its inverse.
    const words infinity = zero + 0x7f80'0000U;
    const words decoded = codes != 0U ? decode_words<scale_format>(codes) : infinity;
    const floats s = reinterpret_cast<floats>(decoded);
    const doubles r0 = __builtin_convertvector(__builtin_shufflevector(s, s, 0, 1, 2, 3, 4, 5, 6, 7), doubles) *
                       static_cast<double>(tensor_scale);
    const doubles r1 = __builtin_convertvector(__builtin_shufflevector(s, s, 8, 9, 10, 11, 12, 13, 14, 15), doubles) *
                       static_cast<double>(tensor_scale);
    const words r = narrowed(r0, r1);
    words inverse = zero + std::bit_cast<std::uint32_t>(0x1.ffffep-1f);  // 1 - 2^-20
    __asm__("vdivps %1, %0, %0" : "+v"(inverse) : "v"(r));               // (-ffast-math forgets infinities)
    __builtin_memcpy(out.scale, &r0, sizeof r0);
    __builtin_memcpy(out.scale + 8, &r1, sizeof r1);
    __builtin_memcpy(out.inverse, &inverse, sizeof inverse);
    // 3. 2^-100 to 2^100, or infinity.
    constexpr std::uint32_t least = 27U << 23;
    constexpr std::uint32_t range = 200U << 23;
    const words outside = r - least > zero + range ? r ^ infinity : zero;
    std::uint16_t any;
    __asm__("vptestmd %1, %1, %0" : "=Yk"(any) : "v"(outside));
    return any == 0;
}

/// Sixteen codes of one block, without sign.
[[gnu::target("avx512f,avx512dq"), gnu::always_inline]] inline words encode_scaled(words x, double scale,
                                                                                   std::uint32_t inverse) noexcept {
    const words magnitude = x & 0x7fff'ffffU;
    const floats q = reinterpret_cast<floats>(magnitude) * reinterpret_cast<floats>(words{} + inverse);
    words place = reinterpret_cast<words>(q);
    const words first = words{} + first_half_octave;
    const words last = words{} + last_half_octave;
    place = place > first ? place : first;
    place = place < last ? place : last;
    place >>= 22U;
    words code;
    __asm__("vpermd %2, %1, %0" : "=v"(code) : "v"(place), "v"(load(codes_of_half_octaves)));
    doubles products;
    words bounds;
    __asm__("vmulpd %{rd-sae%}, %2, %1, %0" : "=v"(products) : "v"(load(boundaries_of_e2m1)), "v"(doubles{} + scale));
    __asm__("vcvtpd2ps %{rd-sae%}, %1, %t0" : "=v"(bounds) : "v"(products));
    words bound;
    __asm__("vpermd %2, %1, %0" : "=v"(bound) : "v"(code), "v"(bounds));
    return magnitude > bound ? code + 1U : code;
}

[[gnu::target("avx512vbmi2,avx512dq"), gnu::always_inline]] inline words encode_scaled_pair(const float* src,
                                                                                            const scaled_constants& c,
                                                                                            std::size_t b) noexcept {
    const words x = load(src);
    const words y = load(src + 16);
    return join_codes(encode_scaled(x, c.scale[b], c.inverse[b]), x, encode_scaled(y, c.scale[b + 1], c.inverse[b + 1]),
                      y);
}

/// Scales of sixteen blocks, and the numbers for their elements. False where these need another way.
[[gnu::target("avx512f,avx512dq,avx512vl"), gnu::always_inline]] inline bool prepare_scales(
    const float* src, float tensor_scale, block_places to, std::uint32_t* largest, scaled_constants& out) noexcept {
    const words a = largest_of_blocks<16>(src);
    __builtin_memcpy(largest, &a, sizeof a);
    words scales;
    const bool fits = find_scales(a, tensor_scale, scales, out);
    store_scales(scales, to.scales, to.scale_stride);
    return fits;
}

/// 16 n blocks, or fewer: stops before sixteen that need another way, and returns how many sixteens are done. The
/// numbers of the next sixteen are on their way while these are encoded.
[[gnu::target("avx512vbmi,avx512vbmi2,avx512vl,avx512dq,gfni"), gnu::noinline]] inline std::size_t
quantize_scaled_groups(const float* src, std::size_t n, float tensor_scale, block_places to,
                       std::uint32_t* largest) noexcept {
    scaled_constants constants[2];
    bool ready = n != 0 && prepare_scales(src, tensor_scale, to, largest, constants[0]);
    std::size_t group = 0;
    while (ready) {
        const scaled_constants& c = constants[group % 2];
        const block_places next = to.from(block_group);
        largest += block_group;
        ++group;
        ready = group < n && prepare_scales(src + block_group * 16, tensor_scale, next, largest, constants[group % 2]);
        for (std::size_t b = 0; b < block_group; b += 4) {
            const words first = encode_scaled_pair(src + 16 * b, c, b);
            const words second = encode_scaled_pair(src + 16 * b + 32, c, b + 2);
            store_blocks<float4_e2m1fn_format, 16>(
                pack_joined(first, second), to.codes + static_cast<std::ptrdiff_t>(b) * to.code_stride, to.code_stride);
        }
        src += block_group * 16;
        to = next;
    }
    return group;
}

}  // namespace dyad::inline v1::avx512

#endif
