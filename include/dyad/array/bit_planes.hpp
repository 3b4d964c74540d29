// SPDX-License-Identifier: Apache-2.0
// Codes of b bits as b planes: plane p holds one bit of every element, plane 0 the most significant. Element i has bit
// i % 8, from the lowest, of byte i / 8 of a plane; planes follow each other, each in whole bytes, unused bits zero.
// So the first p planes are the top p bits of every code, and storage of them alone is storage of p-bit codes. Of two's
// complement codes c of fixed<b, f> they are fixed<p, f - (b - p)>: floor(c / 2^(b - p)) * 2^(b - p) * 2^-f. A product
// of two planes is an AND, its sum a popcount: sum x y = sum over p, q of weight(p) weight(q) popcount(X_p & Y_q).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <dyad/array/overlap.hpp>
#include <dyad/array/packed_iterator.hpp>
#include <dyad/array/status.hpp>
#include <dyad/core/assert.hpp>

namespace dyad::inline v1 {

/// Bytes of one plane of n elements.
[[nodiscard]] constexpr std::size_t plane_bytes(std::size_t n) noexcept { return n / 8 + (n % 8 + 7) / 8; }
/// Bytes of all planes of n elements of T.
template <packable T>
[[nodiscard]] constexpr std::size_t bit_planes_size(std::size_t n) noexcept {
    return plane_bytes(n) * T::width;
}

/// The plane with bit `bit` of every code, 0 the least significant, in all planes of n elements of T.
template <packable T, class Byte>
[[nodiscard]] constexpr std::span<Byte> bit_plane(std::span<Byte> planes, std::size_t n, int bit) noexcept {
    DYAD_ASSERT(bit >= 0 && bit < T::width && planes.size() == bit_planes_size<T>(n));
    return planes.subspan(static_cast<std::size_t>(T::width - 1 - bit) * plane_bytes(n), plane_bytes(n));
}

/// 8 bytes of 8 bits as a matrix, transposed: bit 8 i + k of the result is bit 8 k + i of x. Blocks of 1, 2 and 4 bits
/// off the diagonal change places; a bit moves by 7 times the size of its block.
[[nodiscard]] constexpr std::uint64_t transposed_bits(std::uint64_t x) noexcept {
    const auto exchange = [](std::uint64_t y, std::uint64_t upper, int distance) {
        const std::uint64_t differ = (y ^ (y >> distance)) & upper;
        return y ^ differ ^ (differ << distance);
    };
    x = exchange(x, 0x00aa00aa00aa00aa, 7);
    x = exchange(x, 0x0000cccc0000cccc, 14);
    return exchange(x, 0x00000000f0f0f0f0, 28);
}

/// The codes of src as planes. `planes` has bit_planes_size<T>(src.size()) bytes (else status::extents_differ), none in
/// common with src (else status::dst_overlaps_src).
template <packable T>
status to_bit_planes(std::span<const T> src, std::span<std::uint8_t> planes) noexcept {
    if (planes.size() != bit_planes_size<T>(src.size())) return status::extents_differ;
    if (overlap(memory_of(src), memory_of(planes))) return status::dst_overlaps_src;
    const std::size_t bytes = plane_bytes(src.size());
    for (std::size_t j = 0; j < bytes; ++j) {
        const std::size_t count = src.size() - 8 * j < 8 ? src.size() - 8 * j : 8;
        std::uint64_t codes = 0;
        for (std::size_t i = 0; i < count; ++i) codes |= std::uint64_t{src[8 * j + i].bits()} << (8 * i);
        const std::uint64_t bits = transposed_bits(codes);
        for (std::size_t p = 0; p < T::width; ++p)
            planes[p * bytes + j] = static_cast<std::uint8_t>(bits >> (8 * (T::width - 1 - p)));
    }
    return status::ok;
}

/// The top `planes_read` bits of every code, zeros below: in two's complement the floor, with sign and magnitude (the
/// floats) toward zero, a NaN perhaps a number; a code as T::from_bits reads it. 1 <= planes_read <= T::width (else
/// status::planes_out_of_range). `planes` are planes_read or more of the planes of dst.size() elements, from the first
/// (else status::extents_differ), and have no byte in common with dst (else status::dst_overlaps_src).
/// For p-bit codes instead of truncated ones let T be the type of width p, and `planes` the first p.
template <packable T>
status from_bit_planes(std::span<const std::uint8_t> planes, std::span<T> dst, int planes_read = T::width) noexcept {
    if (planes_read < 1 || planes_read > T::width) return status::planes_out_of_range;
    const std::size_t bytes = plane_bytes(dst.size());
    const auto read = static_cast<std::size_t>(planes_read);
    if (planes.size() < read * bytes || planes.size() > T::width * bytes) return status::extents_differ;
    if (bytes != 0 && planes.size() % bytes != 0) return status::extents_differ;
    if (overlap(memory_of(planes), memory_of(dst))) return status::dst_overlaps_src;
    for (std::size_t j = 0; j < bytes; ++j) {
        std::uint64_t bits = 0;
        for (std::size_t p = 0; p < read; ++p) bits |= std::uint64_t{planes[p * bytes + j]} << (8 * (T::width - 1 - p));
        const std::uint64_t codes = transposed_bits(bits);
        const std::size_t count = dst.size() - 8 * j < 8 ? dst.size() - 8 * j : 8;
        for (std::size_t i = 0; i < count; ++i)
            dst[8 * j + i] = T::from_bits(static_cast<typename T::bits_type>(codes >> (8 * i) & 0xff));
    }
    return status::ok;
}

}  // namespace dyad::inline v1
