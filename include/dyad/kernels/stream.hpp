// SPDX-License-Identifier: Apache-2.0
// Element-wise kernels over arrays of any length and alignment: blocks of 64, a buffer for the rest, and stores that
// bypass the caches where the arrays are larger than these.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/cpu.hpp>

namespace dyad::inline v1 {

/// Elements that the kernels take at once.
inline constexpr std::size_t kernel_block = 64;

/// Source and result together, in bytes, from which the result is written past the caches: half of a large level 3.
inline constexpr std::size_t streaming_bytes = std::size_t{16} << 20;

/// Copies `bytes`, a multiple of 64, to `dst`, aligned to 64, past the caches.
inline void stream_copy(void* dst, const void* src, std::size_t bytes) noexcept {
#if defined(__x86_64__)
    using vector [[gnu::vector_size(16)]] = long long;
    auto* to = static_cast<unsigned char*>(dst);
    const auto* from = static_cast<const unsigned char*>(src);
    for (std::size_t i = 0; i < bytes; i += 16) {
        vector x;
        __builtin_memcpy(&x, from + i, 16);
        __asm__ volatile("movntdq %1, %0" : "=m"(*reinterpret_cast<vector*>(to + i)) : "x"(x));
    }
#else
    __builtin_memcpy(dst, src, bytes);
#endif
}

/// kernel(src, dst, blocks) for 64 * blocks elements, repeated for n elements in order; src and dst apart. The kernel
/// must not depend on where an element stands.
template <class From, class To, class Kernel>
void for_each_block(const From* src, To* dst, std::size_t n, Kernel kernel) noexcept {
    const auto rest = [&kernel](const From* from, To* to, std::size_t count) {
        if (count == 0) return;
        alignas(64) From in[kernel_block]{};
        alignas(64) To out[kernel_block];
        __builtin_memcpy(in, from, count * sizeof(From));
        kernel(static_cast<const From*>(in), static_cast<To*>(out), 1);
        __builtin_memcpy(to, out, count * sizeof(To));
    };
    const auto address = reinterpret_cast<std::uintptr_t>(dst);
    if (n * (sizeof(From) + sizeof(To)) >= streaming_bytes && address % sizeof(To) == 0) {
        // 1. Up to where dst is aligned.
        const std::size_t head = (64 - address % 64) % 64 / sizeof(To);
        rest(src, dst, head);
        src += head, dst += head, n -= head;
        // 2. Short pieces, so that reading, converting and writing overlap, and what is needed 4 KiB later on its way
        //    from memory. (Pieces of 512 elements with the next one prefetched were 5 to 25 % slower.)
        constexpr std::size_t piece = 2 * kernel_block;
        constexpr std::size_t line = 64 / sizeof(From);
        constexpr std::size_t ahead = 4096 / sizeof(From);
        alignas(64) To out[piece];
        for (; n >= piece; src += piece, dst += piece, n -= piece) {
            if (n >= ahead + piece) {
                for (std::size_t i = 0; i < piece; i += line) __builtin_prefetch(src + ahead + i);
            }
            kernel(src, static_cast<To*>(out), piece / kernel_block);
            stream_copy(dst, out, sizeof out);
        }
#if defined(__x86_64__)
        __asm__ volatile("sfence" : : : "memory");
#endif
    }
    const std::size_t blocks = n / kernel_block;
    kernel(src, dst, blocks);
    const std::size_t done = blocks * kernel_block;
    rest(src + done, dst + done, n - done);
}

}  // namespace dyad::inline v1
