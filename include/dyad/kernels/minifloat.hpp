// SPDX-License-Identifier: Apache-2.0
// float to and from minifloats, many at a time, by the best kernel of an instruction set: the same codes from each, and
// from convert of one number.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/minifloat.hpp>
#include <dyad/kernels/avx512/decode.hpp>
#include <dyad/kernels/avx512/nearest.hpp>
#include <dyad/kernels/avx512/rounding.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/scalar/minifloat.hpp>
#include <dyad/kernels/stream.hpp>
#include <dyad/number/named_formats.hpp>

namespace dyad::inline v1 {

/// Formats that encode_floats and decode_floats take.
template <float_format F>
concept encodable_in_bulk = scalar::encodes_by_integers<F>;
template <float_format F>
concept decodable_in_bulk = is_exact_in_float<F> &&(F.width() <= 8 || decodes_by_integers<F>);

template <float_format F>
using decode_kernel = void (*)(const float_bits<F>*, float*, std::size_t) noexcept;
template <float_format F>
[[nodiscard]] inline decode_kernel<F> choose_decode(instruction_set isa) noexcept {
#if defined(__x86_64__)
    if constexpr (F.width() <= 8) {
        if constexpr (avx512::has_float_planes<F>) {
            if (isa >= instruction_set::avx512) return &avx512::decode_table_blocks<F>;
        }
    }
    if constexpr (F == float16_format) {
        if (isa >= instruction_set::avx512) return &avx512::decode_float16_blocks;
        if (isa >= instruction_set::avx2) return &avx2::decode_float16_blocks;
    }
    if constexpr (decodes_by_integers<F> && F.width() > 8) {
        if (isa >= instruction_set::avx512) return &avx512::decode_blocks<F>;
    }
    if (isa >= instruction_set::avx2) return &avx2::decode_blocks<F>;
#endif
    static_cast<void>(isa);
    return &scalar::decode_blocks<F>;
}

/// dst[i] = the float of src[i], exactly; NaN as convert<float> gives it. src and dst apart.
template <float_format F>
    requires decodable_in_bulk<F>
void decode_floats(instruction_set isa, const float_bits<F>* src, float* dst, std::size_t n) noexcept {
    const default_float_environment environment;
    for_each_block(src, dst, n, choose_decode<F>(isa));
}

template <nearest_shape S, class Code>
using nearest_kernel = void (*)(const float*, Code*, std::size_t, const nearest_constants&) noexcept;
template <nearest_shape S, class Code>
[[nodiscard]] inline nearest_kernel<S, Code> choose_nearest(instruction_set isa) noexcept {
#if defined(__x86_64__)
    if (isa >= instruction_set::avx512) return &avx512::encode_nearest_blocks<S, Code>;
    if (isa >= instruction_set::avx2) return &avx2::encode_nearest_blocks<S, Code>;
#endif
    static_cast<void>(isa);
    return &scalar::encode_nearest_blocks<S, Code>;
}

/// Any rounding mode.
template <float_format F>
void encode_rounded_floats(instruction_set isa, const float* src, float_bits<F>* dst, std::size_t n, rounding rule,
                           saturation policy) noexcept {
    const scalar::rounding_constants constants = scalar::make_rounding<F>(rule, policy);
    auto* kernel = &scalar::encode_rounded_blocks<F>;
#if defined(__x86_64__)
    if (isa >= instruction_set::avx512) kernel = &avx512::encode_rounded_blocks<F>;
    else if (isa >= instruction_set::avx2) kernel = &avx2::encode_rounded_blocks<F>;
#endif
    static_cast<void>(isa);
    for_each_block(src, dst, n, [&](const float* from, float_bits<F>* to, std::size_t blocks) {
        kernel(from, to, blocks, constants);
    });
}

/// Nearest even under one policy.
template <float_format F, saturation Policy>
void encode_nearest_floats(instruction_set isa, const float* src, float_bits<F>* dst, std::size_t n) noexcept {
    constexpr nearest_encoding encoding = make_nearest<F>(Policy);
#if defined(__x86_64__)
    if constexpr (F == float16_format && Policy == saturation::none) {
        if (isa >= instruction_set::avx512) return for_each_block(src, dst, n, &avx512::encode_float16_blocks);
        if (isa >= instruction_set::avx2) return for_each_block(src, dst, n, &avx2::encode_float16_blocks);
    }
#endif
    if constexpr (encoding.exists) {
        static constexpr nearest_constants constants = encoding.constants;
        const auto kernel = choose_nearest<encoding.shape, float_bits<F>>(isa);
        for_each_block(src, dst, n, [kernel](const float* from, float_bits<F>* to, std::size_t blocks) {
            kernel(from, to, blocks, constants);
        });
    } else {
        encode_rounded_floats<F>(isa, src, dst, n, rounding::nearest_even, Policy);
    }
}

/// dst[i] = the code of convert<minifloat<F>>(src[i], rule, policy). src and dst apart.
template <float_format F>
    requires encodable_in_bulk<F>
void encode_floats(instruction_set isa, const float* src, float_bits<F>* dst, std::size_t n, rounding rule,
                   saturation policy) noexcept {
    const default_float_environment environment;
    if (rule != rounding::nearest_even) return encode_rounded_floats<F>(isa, src, dst, n, rule, policy);
    switch (policy) {
        case saturation::none: return encode_nearest_floats<F, saturation::none>(isa, src, dst, n);
        case saturation::propagate: return encode_nearest_floats<F, saturation::propagate>(isa, src, dst, n);
        case saturation::finite: return encode_nearest_floats<F, saturation::finite>(isa, src, dst, n);
    }
}

template <float_format F, scalar::tail_rule Tail>
void encode_stochastic_floats(instruction_set isa, const float* src, float_bits<F>* dst, std::size_t n,
                              const random_stream& stream, std::uint64_t first, saturation policy) noexcept {
    const scalar::rounding_constants constants = scalar::make_rounding<F>(stochastic{}, policy);
    auto* kernel = &scalar::encode_stochastic_blocks<F, Tail>;
#if defined(__x86_64__)
    if (isa >= instruction_set::avx512) kernel = &avx512::encode_stochastic_blocks<F, Tail>;
    else if (isa >= instruction_set::avx2) kernel = &avx2::encode_stochastic_blocks<F, Tail>;
#endif
    static_cast<void>(isa);
    const std::size_t blocks = n / kernel_block;
    kernel(src, dst, blocks, stream, first, constants);
    const std::size_t done = blocks * kernel_block;
    if (done == n) return;
    float in[kernel_block]{};
    float_bits<F> out[kernel_block];
    __builtin_memcpy(in, src + done, (n - done) * sizeof(float));
    kernel(in, out, 1, stream, first + done, constants);
    __builtin_memcpy(dst + done, out, (n - done) * sizeof(float_bits<F>));
}

/// dst[i] = the code of convert<minifloat<F>>(src[i], stochastic{variant, n, low n bits of random_bits(seed, tensor_id,
/// first + i)}, policy), for the variants a and b and a multiple of 4 as `first`. src and dst apart.
template <float_format F>
    requires encodable_in_bulk<F>
void encode_floats(instruction_set isa, const float* src, float_bits<F>* dst, std::size_t n,
                   const random_stream& stream, std::uint64_t first, saturation policy) noexcept {
    const default_float_environment environment;
    if (stream.variant == stochastic_variant::b && stream.n == 32) {
        encode_stochastic_floats<F, scalar::tail_rule::half_up>(isa, src, dst, n, stream, first, policy);
    } else {
        encode_stochastic_floats<F, scalar::tail_rule::floor>(isa, src, dst, n, stream, first, policy);
    }
}

/// dst[i] = table[src[i]] for bytes; src and dst apart.
inline void look_up_bytes(instruction_set isa, const std::uint8_t* table, const std::uint8_t* src, std::uint8_t* dst,
                          std::size_t n) noexcept {
#if defined(__x86_64__)
    if (isa >= instruction_set::avx512) {
        return for_each_block(src, dst, n, [table](const std::uint8_t* from, std::uint8_t* to, std::size_t blocks) {
            avx512::look_up_blocks(table, from, to, blocks);
        });
    }
#endif
    static_cast<void>(isa);
    for (std::size_t i = 0; i < n; ++i) dst[i] = table[src[i]];
}

}  // namespace dyad::inline v1
