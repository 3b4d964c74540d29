// SPDX-License-Identifier: Apache-2.0
// The two orders of codes of 1, 2 or 4 bits inside blocks. A block of N codes of b bits is N b / 8 bytes, of which each
// holds 8 / b codes, from its lowest bits up:
//   in_order  byte j: elements 8 j / b, 8 j / b + 1 ...                   (ONNX, NVFP4, and packed.hpp)
//   halves    byte j: elements j, j + N b / 8, j + 2 N b / 8 ...          (ggml's blocks, so GGUF)
// So at 4 bits a low nibble is the even element in order; in halves low nibbles are the block's first half, high ones
// its second. At 2 and 1 bits that goes on with quarters and eighths: after a shift a vector register holds elements in
// a row, which is what the order is for.
// Source: ggml, ggml-quants.c: Q4_0 (b = 4, N = 32); Q2_K and TQ2_0 (b = 2, N = 128); Q3_K's hmask (b = 1, N = 256).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/pack.hpp>

namespace dyad::inline v1 {

enum class code_order : std::uint8_t { in_order, halves };

/// Blocks of `Block` codes that both orders can hold: widths that divide a byte, whole bytes, 4096 codes at most.
/// Other widths have one order: where codes cross bytes there are no halves.
template <int Bits, std::size_t Block>
concept orderable_block = (Bits == 1 || Bits == 2 || Bits == 4) && Block >= 1 && Block <= 4096 &&
                          Block* static_cast<std::size_t>(Bits) % 8 == 0;

/// Bytes of a block of codes.
template <int Bits, std::size_t Block>
    requires orderable_block<Bits, Block>
inline constexpr std::size_t code_block_bytes = Block * static_cast<std::size_t>(Bits) / 8;

/// Where in its block element i begins: bit k is bit k % 8, from the lowest, of byte k / 8.
template <int Bits, std::size_t Block>
    requires orderable_block<Bits, Block>
[[nodiscard]] constexpr std::size_t bit_in_block(code_order order, std::size_t i) noexcept {
    constexpr std::size_t bytes = code_block_bytes<Bits, Block>;
    return order == code_order::in_order ? i * Bits : i % bytes * 8 + i / bytes * Bits;
}

/// Codes of a block, a byte each with zeros above Bits, to its bytes in halves, and back.
template <int Bits, std::size_t Block>
    requires orderable_block<Bits, Block>
constexpr void pack_halves(const std::uint8_t* __restrict codes, std::uint8_t* __restrict block) noexcept {
    constexpr std::size_t bytes = code_block_bytes<Bits, Block>;
    // Bytes inside, so that compilers make vectors of them.
    for (std::size_t j = 0; j < bytes; ++j) block[j] = codes[j];
    for (int shift = Bits; shift < 8; shift += Bits) {
        codes += bytes;
        for (std::size_t j = 0; j < bytes; ++j) block[j] = static_cast<std::uint8_t>(block[j] | codes[j] << shift);
    }
}
template <int Bits, std::size_t Block>
    requires orderable_block<Bits, Block>
constexpr void unpack_halves(const std::uint8_t* __restrict block, std::uint8_t* __restrict codes) noexcept {
    constexpr std::size_t bytes = code_block_bytes<Bits, Block>;
    for (int shift = 0; shift < 8; shift += Bits) {
        for (std::size_t j = 0; j < bytes; ++j)
            codes[j] = static_cast<std::uint8_t>(block[j] >> shift & ((1 << Bits) - 1));
        codes += bytes;
    }
}

/// Blocks whose codes are kept on the stack at once.
template <std::size_t Block>
inline constexpr std::size_t code_blocks_at_once = Block >= 1024 ? 1 : 1024 / Block;

/// Codes of blocks in the order `from` to the order `to`. As many bytes in dst as in src (else status::extents_differ),
/// whole blocks (else status::block_incomplete), the same memory or none in common (else status::dst_overlaps_src).
template <int Bits, std::size_t Block>
    requires orderable_block<Bits, Block>
inline status reorder_codes(std::span<const std::uint8_t> src, code_order from, std::span<std::uint8_t> dst,
                            code_order to) noexcept {
    constexpr std::size_t bytes = code_block_bytes<Bits, Block>;
    if (src.size() != dst.size()) return status::extents_differ;
    if (src.size() % bytes != 0) return status::block_incomplete;
    if (overlap_in_part(memory_of(src), memory_of(dst))) return status::dst_overlaps_src;
    if (from == to) {
        for (std::size_t j = 0; j < src.size(); ++j) dst[j] = src[j];
        return status::ok;
    }
    const instruction_set isa = best_instruction_set();
    std::uint8_t codes[code_blocks_at_once<Block> * Block];
    for (std::size_t at = 0; at < src.size(); at += code_blocks_at_once<Block> * bytes) {
        const std::size_t left = (src.size() - at) / bytes;
        const std::size_t blocks = left < code_blocks_at_once<Block> ? left : code_blocks_at_once<Block>;
        if (from == code_order::in_order) {
            unpack_codes<Bits>(isa, src.data() + at, src.size() - at, blocks * Block, codes);
            for (std::size_t b = 0; b < blocks; ++b)
                pack_halves<Bits, Block>(codes + b * Block, dst.data() + at + b * bytes);
        } else {
            for (std::size_t b = 0; b < blocks; ++b)
                unpack_halves<Bits, Block>(src.data() + at + b * bytes, codes + b * Block);
            pack_codes<Bits>(isa, codes, blocks * Block, dst.data() + at);
        }
    }
    return status::ok;
}

}  // namespace dyad::inline v1
