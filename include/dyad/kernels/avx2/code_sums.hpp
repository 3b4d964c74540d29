// SPDX-License-Identifier: Apache-2.0
// The sum of carriers in a row with AVX2: vpsadbw adds eight bytes as distances from 0, vpmaddwd two halves times 1.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/scalar/code_sums.hpp>

namespace dyad::inline v1::avx2 {

using code_words [[gnu::vector_size(32)]] = std::uint32_t;
using code_longs [[gnu::vector_size(32)]] = std::uint64_t;

/// The 32 bytes at x, each xor `flip`, in four sums.
[[gnu::target("avx2"), gnu::always_inline]] inline code_longs byte_sums(const void* x, code_words flip) noexcept {
    code_words bytes;
    __builtin_memcpy(&bytes, x, sizeof bytes);
    bytes ^= flip;
    code_longs sums;
    __asm__("vpsadbw %2, %1, %0" : "=x"(sums) : "x"(bytes), "x"(code_words{}));
    return sums;
}
/// `flip` in every byte; the result is the sum of the flipped bytes.
[[gnu::target("avx2"), gnu::always_inline]] inline std::uint64_t sum_of_bytes(const void* x, std::ptrdiff_t n,
                                                                              std::uint32_t flip) noexcept {
    const auto* const bytes = static_cast<const std::byte*>(x);
    const code_words flips = code_words{} + flip;
    code_longs first{};
    code_longs second{};
    for (std::ptrdiff_t i = 0; i < n; i += 64) {
        first += byte_sums(bytes + i, flips);
        second += byte_sums(bytes + i + 32, flips);
    }
    first += second;
    return first[0] + first[1] + first[2] + first[3];
}

[[gnu::target("avx2"), gnu::noinline]] inline std::int32_t sum_of_codes(const std::uint8_t* x,
                                                                        std::ptrdiff_t n) noexcept {
    const std::ptrdiff_t whole = n / 64 * 64;
    const auto sum = static_cast<std::uint32_t>(sum_of_bytes(x, whole, 0));
    return static_cast<std::int32_t>(sum + static_cast<std::uint32_t>(scalar::sum_of_codes(x + whole, n - whole)));
}
/// x + 128 is x with its sign flipped, as a number without sign.
[[gnu::target("avx2"), gnu::noinline]] inline std::int32_t sum_of_codes(const std::int8_t* x,
                                                                        std::ptrdiff_t n) noexcept {
    const std::ptrdiff_t whole = n / 64 * 64;
    const auto sum =
        static_cast<std::uint32_t>(sum_of_bytes(x, whole, 0x8080'8080U) - static_cast<std::uint64_t>(whole) * 128U);
    return static_cast<std::int32_t>(sum + static_cast<std::uint32_t>(scalar::sum_of_codes(x + whole, n - whole)));
}
[[gnu::target("avx2"), gnu::noinline]] inline std::int32_t sum_of_codes(const std::int16_t* x,
                                                                        std::ptrdiff_t n) noexcept {
    const code_words ones = code_words{} + 0x0001'0001U;
    code_words sums{};
    std::ptrdiff_t i = 0;
    for (; i + 16 <= n; i += 16) {
        code_words pairs;
        __builtin_memcpy(&pairs, x + i, sizeof pairs);
        __asm__("vpmaddwd %1, %0, %0" : "+x"(pairs) : "x"(ones));
        sums += pairs;
    }
    std::uint32_t sum = 0;
    for (int l = 0; l < 8; ++l) sum += sums[l];
    return static_cast<std::int32_t>(sum + static_cast<std::uint32_t>(scalar::sum_of_codes(x + i, n - i)));
}

}  // namespace dyad::inline v1::avx2

#endif
