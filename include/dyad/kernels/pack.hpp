// SPDX-License-Identifier: Apache-2.0
// Codes of 1 to 8 bits, a byte each, to and from a string of bits, of any length, by the best kernel of an instruction
// set.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/pack.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/pack.hpp>

namespace dyad::inline v1 {

/// Bytes for n codes.
template <int Bits>
[[nodiscard]] constexpr std::size_t packed_bytes(std::size_t n) noexcept {
    return n / 8 * Bits + (n % 8 * Bits + 7) / 8;
}

/// Packs n codes of zeros above Bits; the unused bits of the last byte become zero. codes and packed apart.
template <int Bits>
    requires(Bits >= 1 && Bits <= 8)
void pack_codes(instruction_set isa, const std::uint8_t* codes, std::size_t n, std::uint8_t* packed) noexcept {
    if constexpr (Bits == 8) {
        for (std::size_t i = 0; i < n; ++i) packed[i] = codes[i];
    } else {
        std::size_t done = 0;
#if defined(__x86_64__)
        if (isa >= instruction_set::avx512) {
            avx512::pack_blocks<Bits>(codes, n / 64, packed);
            done = n / 64 * 64;
        }
#endif
        static_cast<void>(isa);
        scalar::pack<Bits>(codes + done, (n - done) / 8, packed + packed_bytes<Bits>(done));
        done = n / 8 * 8;
        if (done == n) return;
        std::uint8_t in[8] = {};
        std::uint8_t out[8] = {};
        for (std::size_t i = done; i < n; ++i) in[i - done] = codes[i];
        scalar::pack<Bits>(in, 1, out);
        for (std::size_t i = packed_bytes<Bits>(done); i < packed_bytes<Bits>(n); ++i)
            packed[i] = out[i - packed_bytes<Bits>(done)];
    }
}

/// And back. `readable` bytes may be read from `packed` on, at least packed_bytes<Bits>(n).
template <int Bits>
    requires(Bits >= 1 && Bits <= 8)
void unpack_codes(instruction_set isa, const std::uint8_t* packed, std::size_t readable, std::size_t n,
                  std::uint8_t* codes) noexcept {
    if constexpr (Bits == 8) {
        static_cast<void>(isa);
        static_cast<void>(readable);
        for (std::size_t i = 0; i < n; ++i) codes[i] = packed[i];
    } else {
        std::size_t done = 0;
#if defined(__x86_64__)
        // The kernel reads 64 bytes where it needs 8 * Bits: not up to the end.
        if (isa >= instruction_set::avx512 && readable >= 64) {
            const std::size_t blocks = (readable - 64) / (8 * Bits) + 1;
            avx512::unpack_blocks<Bits>(packed, blocks < n / 64 ? blocks : n / 64, codes);
            done = (blocks < n / 64 ? blocks : n / 64) * 64;
        }
#endif
        static_cast<void>(isa);
        static_cast<void>(readable);
        scalar::unpack<Bits>(packed + packed_bytes<Bits>(done), (n - done) / 8, codes + done);
        done = n / 8 * 8;
        if (done == n) return;
        std::uint8_t in[8] = {};
        std::uint8_t out[8];
        for (std::size_t i = packed_bytes<Bits>(done); i < packed_bytes<Bits>(n); ++i)
            in[i - packed_bytes<Bits>(done)] = packed[i];
        scalar::unpack<Bits>(in, 1, out);
        for (std::size_t i = done; i < n; ++i) codes[i] = out[i - done];
    }
}

}  // namespace dyad::inline v1
