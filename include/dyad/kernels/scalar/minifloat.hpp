// SPDX-License-Identifier: Apache-2.0
// Blocks of conversions between float and minifloats as loops without branches, for compilers to vectorize: the
// fallback for every machine, and, compiled once more for AVX2, that instruction set's kernels. Nothing here knows an
// instruction set.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/core/random.hpp>
#include <dyad/kernels/scalar/nearest.hpp>
#include <dyad/kernels/scalar/rounding.hpp>
#include <dyad/number/float_format.hpp>

namespace dyad::inline v1 {

/// Random bits for stochastic rounding: element i gets random_bits(seed, tensor_id, i).
struct random_stream {
    stochastic_variant variant;
    int n;
    std::uint64_t seed;
    std::uint64_t tensor_id;
};

/// Every value of F is a float.
template <float_format F>
inline constexpr bool is_exact_in_float =
    F.significand_bits <= 23 &&
    F.width() <= 32 && F.max_exponent() <= 127 && F.min_exponent() - F.significand_bits >= -149;

/// The float of a code, as convert<float> gives it.
template <float_format F>
[[nodiscard]] constexpr std::uint32_t float_bits_of(std::uint64_t code) noexcept {
    unpacked x = decode<F>(static_cast<float_bits<F>>(code));
    if (x.kind == number_class::nan) x.significand |= quiet_bit<std::uint64_t>;
    return encode<binary32_format>(x, rounding::nearest_even, saturation::none);
}

/// The floats of all codes of a format of at most 8 bits. Words above the format's codes repeat.
template <float_format F>
    requires(F.width() <= 8)
inline constexpr auto float_table = [] {
    std::array<float, 256> table{};
    for (std::uint64_t code = 0; code < 256; ++code)
        table[code] = std::bit_cast<float>(float_bits_of<F>(code & low_mask<std::uint64_t>(F.width())));
    return table;
}();

/// Formats that decode_lane knows: the normal numbers are normal floats, or subnormal together with them.
template <float_format F>
inline constexpr bool decodes_by_integers = is_exact_in_float<F>&& F.has_zero&& F.significand_bits <= 22 &&
                                            F.subnormals == subnormal_codes::yes&& F.bias <= 127;

/// The upper bits of a float, its special codes included: bfloat16, tfloat32.
template <float_format F>
inline constexpr bool is_float_cut_short =
    F.exponent_bits == 8 && F.bias == 127 &&
    F.is_signed&& F.has_zero&& F.has_negative_zero&& F.infinity == infinity_codes::ieee&& F.nan ==
        nan_codes::ieee&& F.subnormals == subnormal_codes::yes;

namespace scalar {

/// Elements that the loops below take at once.
inline constexpr std::size_t lanes = 64;

/// The bits of the float of a code. A product of a whole number below 2^24 and a power of two, both normal, is exact
/// in every floating-point environment.
template <float_format F>
[[nodiscard, gnu::always_inline]] inline std::uint32_t decode_lane(std::uint32_t code) noexcept {
    constexpr int m = F.significand_bits;
    constexpr auto top = static_cast<std::uint32_t>(F.top_code());
    constexpr std::uint32_t infinity = 0x7f80'0000;
    constexpr std::uint32_t quiet = 0x0040'0000;
    if constexpr (is_float_cut_short<F>) {
        const std::uint32_t cut = code << (32 - F.width());
        return cut | select((cut & 0x7fff'ffff) > infinity, quiet);
    }
    const std::uint32_t magnitude = code & top;
    std::uint32_t bits = (magnitude << (23 - m)) + (static_cast<std::uint32_t>(127 - F.bias) << 23);
    if constexpr (F.bias != 127) {
        constexpr float unit = std::bit_cast<float>(static_cast<std::uint32_t>(127 + F.min_exponent() - m) << 23);
        const float subnormal = static_cast<float>(static_cast<std::int32_t>(magnitude)) * unit;
        bits = select(magnitude < (1U << m), std::bit_cast<std::uint32_t>(subnormal), bits);
    }
    std::uint32_t sign = F.is_signed ? (code << (32 - F.width())) & 0x8000'0000 : 0;
    constexpr auto last = static_cast<std::uint32_t>(F.max_finite_code());
    if constexpr (F.infinity == infinity_codes::ieee && F.nan == nan_codes::ieee) {
        const std::uint32_t fraction = (magnitude << (23 - m)) & 0x007f'ffff;
        const std::uint32_t special = infinity | fraction | select(fraction != 0, quiet);
        bits = select(magnitude > last, special, bits);
    } else if constexpr (last != top) {
        const bool infinite = F.infinity != infinity_codes::none && magnitude == F.infinity_code();
        bits = select(magnitude > last, select(infinite, infinity, infinity | quiet), bits);
    }
    if constexpr (F.nan == nan_codes::negative_zero) {
        bits = select(code == F.sign_bit(), infinity | quiet, bits);
        sign = select(code != F.sign_bit(), sign);
    }
    return bits | sign;
}

template <float_format F>
[[gnu::always_inline]] inline void decode_block(const float_bits<F>* __restrict src, float* __restrict dst) noexcept {
    if constexpr (F.width() <= 8) {
        for (std::size_t i = 0; i < lanes; ++i) dst[i] = float_table<F>[src[i]];
    } else {
        for (std::size_t i = 0; i < lanes; ++i) dst[i] = std::bit_cast<float>(decode_lane<F>(src[i]));
    }
}

template <nearest_shape S, class Code>
[[gnu::always_inline]] inline void encode_nearest_block(const float* __restrict src, Code* __restrict dst,
                                                        const nearest_constants& constants) noexcept {
    const nearest_constants c = constants;
    for (std::size_t i = 0; i < lanes; ++i) {
        const float x = src[i];  // by value: g++ 12 does not vectorize a bit_cast from memory
        dst[i] = static_cast<Code>(encode_nearest<S>(std::bit_cast<std::uint32_t>(x), c));
    }
}

template <float_format F>
[[gnu::always_inline]] inline void encode_rounded_block(const float* __restrict src, float_bits<F>* __restrict dst,
                                                        const rounding_constants& constants) noexcept {
    const rounding_constants c = constants;
    for (std::size_t i = 0; i < lanes; ++i) {
        const float x = src[i];
        const auto bits = std::bit_cast<std::uint32_t>(x);
        dst[i] = static_cast<float_bits<F>>(encode_rounded<F, tail_rule::sticky>(bits, 0, c));
    }
}

/// words[i] = random_bits(seed, tensor_id, first + i), first a multiple of 4: sixteen Philox blocks side by side.
[[gnu::always_inline]] inline void random_block(const random_stream& stream, std::uint64_t first,
                                                std::uint32_t* __restrict words) noexcept {
    constexpr std::size_t blocks = lanes / 4;
    std::uint32_t x[4][blocks];
    for (std::size_t b = 0; b < blocks; ++b) {
        const std::uint64_t block = first / 4 + b;
        x[0][b] = static_cast<std::uint32_t>(block);
        x[1][b] = static_cast<std::uint32_t>(block >> 32);
        x[2][b] = static_cast<std::uint32_t>(stream.tensor_id);
        x[3][b] = static_cast<std::uint32_t>(stream.tensor_id >> 32);
    }
    auto key0 = static_cast<std::uint32_t>(stream.seed);
    auto key1 = static_cast<std::uint32_t>(stream.seed >> 32);
    for (int round = 0; round < 10; ++round) {
        for (std::size_t b = 0; b < blocks; ++b) {
            const std::uint64_t p = std::uint64_t{0xD2511F53} * x[0][b];
            const std::uint64_t q = std::uint64_t{0xCD9E8D57} * x[2][b];
            x[0][b] = static_cast<std::uint32_t>(q >> 32) ^ x[1][b] ^ key0;
            x[1][b] = static_cast<std::uint32_t>(q);
            x[2][b] = static_cast<std::uint32_t>(p >> 32) ^ x[3][b] ^ key1;
            x[3][b] = static_cast<std::uint32_t>(p);
        }
        key0 += 0x9E3779B9;
        key1 += 0xBB67AE85;
    }
    for (std::size_t b = 0; b < blocks; ++b) {
        for (std::size_t w = 0; w < 4; ++w) words[4 * b + w] = x[w][b];
    }
}

/// Variants A and B. In A, f + R 2^(32 - n) carries; in B, f + (2R + 1) 2^(31 - n); for n = 32 that last half a unit
/// matters to digits beyond the 32nd only.
template <float_format F, tail_rule Tail>
[[gnu::always_inline]] inline void encode_stochastic_block(const float* __restrict src, float_bits<F>* __restrict dst,
                                                           const random_stream& stream, std::uint64_t first,
                                                           const rounding_constants& constants) noexcept {
    const rounding_constants c = constants;
    std::uint32_t words[lanes];
    random_block(stream, first, words);
    const int up = 32 - stream.n;
    const std::uint32_t half = stream.variant == stochastic_variant::b && up > 0 ? 1U << (up - 1) : 0;
    for (std::size_t i = 0; i < lanes; ++i) {
        const std::uint32_t addend = (words[i] << up) + half;
        const float x = src[i];
        const auto bits = std::bit_cast<std::uint32_t>(x);
        dst[i] = static_cast<float_bits<F>>(encode_rounded<F, Tail>(bits, addend, c));
    }
}

// The loops over blocks: 64 n elements each, src and dst apart.

template <float_format F>
[[gnu::noinline]] inline void decode_blocks(const float_bits<F>* src, float* dst, std::size_t n) noexcept {
    for (; n != 0; --n, src += lanes, dst += lanes) decode_block<F>(src, dst);
}
template <nearest_shape S, class Code>
[[gnu::noinline]] inline void encode_nearest_blocks(const float* src, Code* dst, std::size_t n,
                                                    const nearest_constants& constants) noexcept {
    for (; n != 0; --n, src += lanes, dst += lanes) encode_nearest_block<S>(src, dst, constants);
}
template <float_format F>
[[gnu::noinline]] inline void encode_rounded_blocks(const float* src, float_bits<F>* dst, std::size_t n,
                                                    const rounding_constants& constants) noexcept {
    for (; n != 0; --n, src += lanes, dst += lanes) encode_rounded_block<F>(src, dst, constants);
}
template <float_format F, tail_rule Tail>
[[gnu::noinline]] inline void encode_stochastic_blocks(const float* src, float_bits<F>* dst, std::size_t n,
                                                       const random_stream& stream, std::uint64_t first,
                                                       const rounding_constants& constants) noexcept {
    for (; n != 0; --n, src += lanes, dst += lanes, first += lanes)
        encode_stochastic_block<F, Tail>(src, dst, stream, first, constants);
}

}  // namespace scalar

}  // namespace dyad::inline v1
