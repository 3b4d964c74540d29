// SPDX-License-Identifier: Apache-2.0
// Blocks of floats to minifloats that share a power of two 2^k, with AVX-512, sixteen blocks at once. Rounding x / 2^k
// to a format is rounding x to the format with its exponents moved by k: the method of kernels/scalar/nearest.hpp, with
// its numbers one for each block, and no multiplication by the scale.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/block_codes.hpp>
#include <dyad/kernels/avx512/magnitude.hpp>
#include <dyad/kernels/avx512/nearest.hpp>
#include <dyad/kernels/scalar/blocks.hpp>

namespace dyad::inline v1::avx512 {

/// The numbers of sixteen blocks.
struct block_constants {
    alignas(64) std::uint32_t bound[16];     ///< the largest value, times the scale
    alignas(64) std::uint32_t smallest[16];  ///< the smallest normal one, times the scale
    alignas(64) std::uint32_t factor[16];    ///< 2^(23 - M), and what makes codes of exponents
};

/// Scale bytes for which all numbers are normal floats, sums included: others are left to the caller.
template <float_format F>
inline constexpr std::int32_t lowest_byte = 1 - F.min_exponent();
template <float_format F>
inline constexpr std::int32_t highest_byte = [] {
    const std::int32_t for_sums = 231 + F.significand_bits - F.min_exponent();
    const std::int32_t for_bound = 254 - F.max_exponent();
    return for_sums < for_bound ? for_sums : for_bound;
}();

/// Finds the numbers for sixteen scale bytes. Blocks of zeros have any scale here.
template <float_format F>
[[gnu::target("avx512f"), gnu::always_inline]] inline bool find_constants(words largest, words byte,
                                                                          block_constants& out) noexcept {
    constexpr int m = F.significand_bits;
    const words k = largest == 0U ? words{} + 127U : byte;
    constexpr auto lowest = static_cast<std::uint32_t>(lowest_byte<F>);
    constexpr auto range = static_cast<std::uint32_t>(highest_byte<F> - lowest_byte<F>);
    constexpr std::uint32_t limit = static_cast<std::uint32_t>(232 + m) << 23;
    const words bound = (k << 23U) + (scalar::bits_of_largest<F> - (127U << 23));
    const words exponent = k + static_cast<std::uint32_t>(F.min_exponent());
    const words factor = ((0U - (exponent << static_cast<std::uint32_t>(m))) & 0xffffU) |
                         (static_cast<std::uint32_t>(127 + 23 - m) << 23);
    const words smallest = exponent << 23U;
    __builtin_memcpy(out.bound, &bound, sizeof bound);
    __builtin_memcpy(out.smallest, &smallest, sizeof smallest);
    __builtin_memcpy(out.factor, &factor, sizeof factor);
    const words beyond = k - lowest > words{} + range ? words{} + 1U : words{};
    const words outside = largest >= words{} + limit ? words{} + 1U : beyond;
    std::uint16_t any;
    __asm__("vptestmd %1, %1, %0" : "=Yk"(any) : "v"(outside));
    return any == 0;
}

/// Sixteen codes of one block without sign: the core `summed` of encode_nearest.
template <float_format F>
[[gnu::target("avx512f"), gnu::always_inline]] inline words encode_of_block(words x, words bound, words smallest,
                                                                            words factor) noexcept {
    words a = x & 0x7fff'ffffU;
    a = a < bound ? a : bound;
    const words own = a & 0x7f80'0000U;
    const words e = own > smallest ? own : smallest;
    return fused_multiply_add(e, factor, a) + (e >> static_cast<std::uint32_t>(23 - F.significand_bits));
}

/// join_codes of 32 elements, of which the first is element i of the sixteen blocks.
template <float_format F, std::size_t Size>
[[gnu::target("avx512vbmi2"), gnu::always_inline]] inline words encode_pair(const float* src, const block_constants& c,
                                                                            std::size_t i) noexcept {
    const std::size_t b = i / Size;
    const std::size_t d = (i + 16) / Size;
    const words x = load(src);
    const words y = load(src + 16);
    const words code0 = encode_of_block<F>(x, words{} + c.bound[b], words{} + c.smallest[b], words{} + c.factor[b]);
    const words code1 = encode_of_block<F>(y, words{} + c.bound[d], words{} + c.smallest[d], words{} + c.factor[d]);
    return join_codes(code0, x, code1, y);
}

/// Scales of sixteen blocks, and the numbers for their elements. False where these need another way.
template <float_format F, std::size_t Size>
[[gnu::target("avx512f,avx512vl"), gnu::always_inline]] inline bool prepare_powers(const float* src, power_rule rule,
                                                                                   block_places to,
                                                                                   std::uint32_t* largest,
                                                                                   block_constants& out) noexcept {
    const words a = largest_of_blocks<Size>(src);
    signed_words byte = reinterpret_cast<signed_words>((a + rule.addend) >> 23U) - rule.emax;
    byte = byte > 0 ? byte : signed_words{};
    byte = byte < 254 ? byte : signed_words{} + 254;
    __builtin_memcpy(largest, &a, sizeof a);
    store_scales(reinterpret_cast<words>(byte), to.scales, to.scale_stride);
    return find_constants<F>(a, reinterpret_cast<words>(byte), out);
}

/// 16 n blocks, or fewer: stops before sixteen that need another way, and returns how many sixteens are done. The
/// numbers of the next sixteen are on their way while these are encoded.
template <float_format F, std::size_t Size>
[[gnu::target("avx512vbmi,avx512vbmi2,avx512vl,gfni"), gnu::noinline]] inline std::size_t quantize_power_groups(
    const float* src, std::size_t n, power_rule rule, block_places to, std::uint32_t* largest) noexcept {
    block_constants constants[2];
    bool ready = n != 0 && prepare_powers<F, Size>(src, rule, to, largest, constants[0]);
    std::size_t group = 0;
    while (ready) {
        const block_constants& c = constants[group % 2];
        const block_places next = to.from(block_group);
        largest += block_group;
        ++group;
        ready = group < n && prepare_powers<F, Size>(src + block_group * Size, rule, next, largest,
                                                     constants[group % 2]);
        for (std::size_t i = 0; i < block_group * Size; i += 64) {
            const words first = encode_pair<F, Size>(src + i, c, i);
            const words second = encode_pair<F, Size>(src + i + 32, c, i + 32);
            store_blocks<F, Size>(pack_joined<F.width()>(first, second),
                                  to.codes + static_cast<std::ptrdiff_t>(i / Size) * to.code_stride, to.code_stride);
        }
        src += block_group * Size;
        to = next;
    }
    return group;
}

}  // namespace dyad::inline v1::avx512

#endif
