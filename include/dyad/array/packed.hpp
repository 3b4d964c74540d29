// SPDX-License-Identifier: Apache-2.0
// Conversion to and from packed storage of formats of at most 8 bits (FP4, FP6, INT4, INT2 ...) without gaps: element i
// has the bits [i b, (i + 1) b) of the byte string, from each byte's lowest up. So the low nibble of a byte is the even
// element, as ONNX and NVFP4 have it. Unused bits of the last byte are zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <dyad/array/convert.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/packed_iterator.hpp>
#include <dyad/array/status.hpp>
#include <dyad/core/format.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/pack.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1 {

/// Elements to codes and back, at most convert_piece of them.
template <packable T>
void pack_piece(instruction_set isa, const T* src, std::size_t n, std::uint8_t* packed) noexcept {
    if constexpr (is_minifloat<T>) {
        pack_codes<T::width>(isa, codes_of(src), n, packed);
    } else {
        std::uint8_t codes[convert_piece];
        for (std::size_t i = 0; i < n; ++i) codes[i] = src[i].bits();
        pack_codes<T::width>(isa, codes, n, packed);
    }
}
template <packable T>
void unpack_piece(instruction_set isa, std::span<const std::uint8_t> packed, std::size_t n, T* dst) noexcept {
    if constexpr (is_minifloat<T>) {
        unpack_codes<T::width>(isa, packed.data(), packed.size(), n, codes_of(dst));
    } else {
        std::uint8_t codes[convert_piece];
        unpack_codes<T::width>(isa, packed.data(), packed.size(), n, codes);
        for (std::size_t i = 0; i < n; ++i) dst[i] = T::from_bits(codes[i]);
    }
}

template <packable T, number From, bulk_rounding_rule Rule>
status convert_spans_to_packed(std::span<const From> src, std::span<std::uint8_t> packed, const Rule& rule,
                               saturation policy) noexcept {
    if (packed.size() != packed_size<T>(src.size())) return status::extents_differ;
    if (!is_valid(rule)) return status::random_bits_out_of_range;
    if (overlap(memory_of(src), memory_of(packed))) return status::dst_overlaps_src;
    const instruction_set isa = best_instruction_set();
    const std::size_t n = src.size();
    T piece[convert_piece];
    for (std::size_t i = 0; i < n; i += convert_piece) {
        const std::size_t count = n - i < convert_piece ? n - i : convert_piece;
        const T* elements = piece;
        if constexpr (std::same_as<From, T>) elements = src.data() + i;
        else convert_elements(isa, src.data() + i, static_cast<T*>(piece), count, rule, policy, i);
        pack_piece<T>(isa, elements, count, packed.data() + packed_size<T>(i));
    }
    return status::ok;
}

/// Element i of `packed` = convert<T>(src[i], rule, policy). `packed` has packed_size<T>(src.size()) bytes (else
/// status::extents_differ), none in common with src (else status::dst_overlaps_src). Any alignment.
template <packable T, number From>
status convert_to_packed(std::span<const From> src, std::span<std::uint8_t> packed,
                         rounding rule = rounding::nearest_even, saturation policy = saturation::none) noexcept {
    return convert_spans_to_packed<T>(src, packed, rule, policy);
}
/// The same with the random bits of each element's index.
template <packable T, number From>
status convert_to_packed(std::span<const From> src, std::span<std::uint8_t> packed, stochastic_stream rule,
                         saturation policy = saturation::none) noexcept {
    return convert_spans_to_packed<T>(src, packed, rule, policy);
}

/// dst[i] = convert<To>(element i of `packed`, rule, policy), of packed_size<T>(dst.size()) bytes. Bits behind the last
/// element are not looked at.
template <packable T, number To>
status convert_from_packed(std::span<const std::uint8_t> packed, std::span<To> dst,
                           rounding rule = rounding::nearest_even, saturation policy = saturation::none) noexcept {
    if (packed.size() != packed_size<T>(dst.size())) return status::extents_differ;
    if (overlap(memory_of(packed), memory_of(dst))) return status::dst_overlaps_src;
    const instruction_set isa = best_instruction_set();
    const std::size_t n = dst.size();
    T piece[convert_piece];
    for (std::size_t i = 0; i < n; i += convert_piece) {
        const std::size_t count = n - i < convert_piece ? n - i : convert_piece;
        const std::span<const std::uint8_t> from = packed.subspan(packed_size<T>(i));
        if constexpr (std::same_as<To, T>) {
            unpack_piece<T>(isa, from, count, dst.data() + i);
        } else {
            unpack_piece<T>(isa, from, count, static_cast<T*>(piece));
            convert_elements(isa, static_cast<const T*>(piece), dst.data() + i, count, rule, policy, i);
        }
    }
    return status::ok;
}

}  // namespace dyad::inline v1
