// SPDX-License-Identifier: Apache-2.0
// dst[i] = table[src[i]] for codes of at most 16 bits, by the best kernel of an instruction set: the same codes from
// each, since nothing is computed.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/look_up.hpp>
#include <dyad/kernels/avx512/look_up.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/look_up.hpp>
#include <dyad/kernels/stream.hpp>

namespace dyad::inline v1 {

/// dst[i] = table[src[i] & mask], n times. Tables for bytes have 256 entries, others mask + 1 (2^k of them). dst may
/// be src where the words are of one size, else they are apart.
template <class Index, class Code>
    requires((std::same_as<Index, std::uint8_t> ||
              std::same_as<Index, std::uint16_t>)&&(std::same_as<Code, std::uint8_t> ||
                                                    std::same_as<Code, std::uint16_t>))
void look_up_codes(instruction_set isa, const Code* table, Index mask, const Index* src, Code* dst,
                   std::size_t n) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if constexpr (sizeof(Index) == 1) {
        if (isa >= instruction_set::avx512) {
            const bool streams = n * (sizeof(Index) + sizeof(Code)) >= streaming_bytes &&
                                 reinterpret_cast<std::uintptr_t>(dst) % sizeof(Code) == 0 &&
                                 static_cast<const void*>(src) != static_cast<const void*>(dst);
            const auto way = streams ? avx512::store_way::streaming : avx512::store_way::cached;
            if constexpr (sizeof(Code) == 1) return avx512::look_up_bytes(table, src, dst, n, way);
            else return avx512::look_up_words(table, src, dst, n, way);
        }
        if (isa >= instruction_set::avx2) {
            if constexpr (sizeof(Code) == 1) return avx2::look_up_bytes(table, src, dst, n);
            else return avx2::look_up_words(table, src, dst, n);
        }
    }
#endif
    static_cast<void>(isa);
    scalar::look_up(table, mask, src, dst, n);
}

}  // namespace dyad::inline v1
