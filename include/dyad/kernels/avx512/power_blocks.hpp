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
    const words low = 0U - ((exponent + static_cast<std::uint32_t>(23 - m)) << static_cast<std::uint32_t>(m));
    const words factor = (low & 0xffffU) | (static_cast<std::uint32_t>(127 + 23 - m) << 23);
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

/// The numbers of one block, one vector each.
struct block_words {
    words bound, smallest, factor;
};
[[gnu::target("avx512f"), gnu::always_inline]] inline void spread(const block_constants& c, std::size_t b,
                                                                  block_words& out) noexcept {
    out.bound = words{} + c.bound[b];
    out.smallest = words{} + c.smallest[b];
    out.factor = words{} + c.factor[b];
}

/// Sixteen elements of one block in product form, code << (7 - M) - sign << 15. The same sum with the sign of x on
/// every number: its lower half is the significand less (e_min + 23 - M) 2^M, as a negative number, and its upper half
/// (e + 23 - M) 2^7, less 2^15 where it is negative; so one product of halves with 2^(7 - M) and 1 makes the code.
template <float_format F>
[[gnu::target("avx512f,avx512dq,avx512bw"), gnu::always_inline]] inline words encode_product(
    words x, const block_words& c) noexcept {
    const words weights = words{} + (0x0001'0000U | (1U << (7 - F.significand_bits)));
    words a;
    words e;
    __asm__("vrangeps $2, %2, %1, %0" : "=v"(a) : "v"(x), "v"(c.bound));  // the smaller one, x's sign
    e = a & 0xff80'0000U;
    __asm__("vrangeps $3, %1, %0, %0" : "+v"(e) : "v"(c.smallest));  // the larger one, x's sign
    words sum = fused_multiply_add(e, c.factor, a);
    __asm__("vpmaddwd %1, %0, %0" : "+v"(sum) : "v"(weights));
    return sum;
}

/// 64 packed elements, the first of which is element i of the sixteen blocks.
template <float_format F, std::size_t Size>
[[gnu::target("avx512vbmi,avx512vl,avx512dq,avx512bw"), gnu::always_inline]] inline bytes encode_64(
    const float* src, const block_constants& c, std::size_t i) noexcept {
    block_words of[64 / Size];
    for (std::size_t b = 0; b < 64 / Size; ++b) spread(c, i / Size + b, of[b]);
    return pack_products<F>(encode_product<F>(load(src), of[0]), encode_product<F>(load(src + 16), of[16 / Size]),
                            encode_product<F>(load(src + 32), of[32 / Size]),
                            encode_product<F>(load(src + 48), of[48 / Size]));
}

/// Scales of sixteen blocks, and the numbers for their elements. False where these need another way.
template <float_format F, std::size_t Size>
[[gnu::target("avx512f,avx512vl"), gnu::always_inline]] inline bool prepare_powers(const float* src, power_rule rule,
                                                                                   block_places to,
                                                                                   std::uint32_t* largest,
                                                                                   block_constants& out) noexcept {
    const words a = largest_of_blocks<Size>(src);
    const signed_words power = reinterpret_cast<signed_words>((a + rule.addend) >> 23U) - rule.emax;
    const words most = words{} + 254U;
    words byte = reinterpret_cast<words>(power > 0 ? power : signed_words{});
    byte = byte < most ? byte : most;
    __builtin_memcpy(largest, &a, sizeof a);
    store_scales(byte, to.scales, to.scale_stride);
    return find_constants<F>(a, byte, out);
}

/// 16 n blocks, or fewer: stops before sixteen that need another way, and returns how many sixteens are done. The
/// numbers of the next sixteen are on their way while these are encoded.
template <float_format F, std::size_t Size>
[[gnu::target("avx512vbmi,avx512vl,avx512dq"), gnu::noinline]] inline std::size_t quantize_power_groups(
    const float* src, std::size_t n, power_rule rule, block_places to, std::uint32_t* largest) noexcept {
    block_constants constants[2];
    bool ready = n != 0 && prepare_powers<F, Size>(src, rule, to, largest, constants[0]);
    std::size_t group = 0;
    while (ready) {
        const block_constants& c = constants[group % 2];
        const block_places next = to.from(block_group);
        largest += block_group;
        ++group;
        ready =
            group < n && prepare_powers<F, Size>(src + block_group * Size, rule, next, largest, constants[group % 2]);
        for (std::size_t i = 0; i < block_group * Size; i += 64) {
            store_blocks<F, Size>(encode_64<F, Size>(src + i, c, i),
                                  to.codes + static_cast<std::ptrdiff_t>(i / Size) * to.code_stride, to.code_stride);
        }
        src += block_group * Size;
        to = next;
    }
    return group;
}

}  // namespace dyad::inline v1::avx512

#endif
