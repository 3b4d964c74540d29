// SPDX-License-Identifier: Apache-2.0
// Bulk sums and products with the bits of the scalar operators. Small minifloats go through float, where that rounds
// once in effect:
// - A product of significands of p <= 11 bits has 22, so it is a float unless it leaves float's exponents.
// - A sum rounded to 24 bits and then to p bits is the sum rounded to p bits if 24 >= 2 p + 2 (Figueroa, "When is
// double
//   rounding innocuous?", SIGNUM Newsletter 1995). Sums among the format's subnormals are exact in both.
// - What exceeds float's range exceeds the format's, whose code for it is the same.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include <dyad/array/convert.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/kernels/arithmetic.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// A number whose operators give its own type.
template <class T>
concept closed_number = (format<T> || native_float<T>)&&requires(T x) {
    { x + x } -> std::same_as<T>;
    { x* x } -> std::same_as<T>;
};

/// Sums and products round once by way of float.
template <class T>
concept operates_by_float = bulk_encodable<T> && bulk_decodable<T> && T::format.precision() <= 11;

/// Products of two values other than zero are normal floats or zero: no float product is ever rounded.
template <float_format F>
inline constexpr bool products_are_floats = 2 * (F.min_exponent() - F.significand_bits) >= -126;

template <float_operation Operation, closed_number T>
[[nodiscard]] constexpr T operate(T x, T y) noexcept {
    if constexpr (Operation == float_operation::sum) return x + y;
    else return x * y;
}

/// n elements; dst may be lhs or rhs.
template <float_operation Operation, operates_by_float T>
void operate_by_float(instruction_set isa, const T* lhs, const T* rhs, T* dst, std::size_t n) noexcept {
    constexpr std::size_t piece = convert_piece;
    static_assert(piece % kernel_block == 0);
    float x[piece] = {};
    float y[piece] = {};
    float r[piece];
    for (std::size_t first = 0; first < n; first += piece) {
        const std::size_t count = n - first < piece ? n - first : piece;
        decode_floats<T::format>(isa, codes_of(lhs + first), x, count);
        decode_floats<T::format>(isa, codes_of(rhs + first), y, count);
        const bool tiny =
            operate_floats<Operation>(isa, x, y, r, (count + kernel_block - 1) / kernel_block * kernel_block);
        const bool exact = Operation == float_operation::sum || products_are_floats<T::format>;
        if (exact || !tiny) {
            encode_floats<T::format>(isa, r, codes_of(dst + first), count, rounding::nearest_even, saturation::none);
        } else {
            for (std::size_t i = first; i < first + count; ++i) dst[i] = operate<Operation>(lhs[i], rhs[i]);
        }
    }
}

template <float_operation Operation, closed_number T>
status operate_spans(std::span<const T> lhs, std::span<const T> rhs, std::span<T> dst) noexcept {
    if (lhs.size() != dst.size() || rhs.size() != dst.size()) return status::extents_differ;
    if (overlap_in_part(memory_of(lhs), memory_of(dst))) return status::dst_overlaps_lhs;
    if (overlap_in_part(memory_of(rhs), memory_of(dst))) return status::dst_overlaps_rhs;
    if constexpr (operates_by_float<T>) {
        operate_by_float<Operation>(best_instruction_set(), lhs.data(), rhs.data(), dst.data(), dst.size());
    } else {
        for (std::size_t i = 0; i < dst.size(); ++i) dst[i] = operate<Operation>(lhs[i], rhs[i]);
    }
    return status::ok;
}

/// dst[i] = lhs[i] + rhs[i]. The spans have equal lengths (else status::extents_differ); dst is the same memory as an
/// operand or has none in common with it (else status::dst_overlaps_lhs or dst_overlaps_rhs).
template <closed_number T>
status add(std::span<const T> lhs, std::span<const T> rhs, std::span<T> dst) noexcept {
    return operate_spans<float_operation::sum>(lhs, rhs, dst);
}
/// dst[i] = lhs[i] * rhs[i], likewise.
template <closed_number T>
status multiply(std::span<const T> lhs, std::span<const T> rhs, std::span<T> dst) noexcept {
    return operate_spans<float_operation::product>(lhs, rhs, dst);
}

}  // namespace dyad::inline v1
