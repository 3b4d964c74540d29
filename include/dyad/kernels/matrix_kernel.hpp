// SPDX-License-Identifier: Apache-2.0
// What every matrix micro-kernel is: panels packed from lines of carriers, and their product.
//   sums[i][j] = sum over k of lhs[i][k] * rhs[j][k], lines of lhs are its rows, lines of rhs its columns.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/cpu.hpp>

namespace dyad::inline v1 {

/// Lines of one operand, as packing reads them: element k of a line is data[line * line_stride + k * k_stride].
template <class T>
struct lines_view {
    const T* data = nullptr;
    std::ptrdiff_t line_stride = 0;
    std::ptrdiff_t k_stride = 0;
};

/// Where a product's sums begin.
enum class tile_start : std::uint8_t {
    zero,  ///< at +0: the first block of k
    sums   ///< at what is stored already: a further block of k
};

/// One micro-kernel. A panel is `lhs_lines` (`rhs_lines`) lines by one block of k, in an order of the kernel's own,
/// 64-byte aligned, padded with zeros to whole lines and whole steps of `depth`.
template <class Lhs, class Rhs, class Sum>
struct matrix_kernel {
    using lhs_type = Lhs;
    using rhs_type = Rhs;
    using sum_type = Sum;
    using bytes_function = std::ptrdiff_t (*)(std::ptrdiff_t k) noexcept;
    using multiply_function = void (*)(const void* lhs, const void* rhs, std::ptrdiff_t k, std::ptrdiff_t rows,
                                       std::ptrdiff_t columns, Sum* sums, std::ptrdiff_t sum_stride,
                                       tile_start start) noexcept;

    const char* name;  ///< instruction set, carriers, extents of the tile: "avx512 s8s8 8x48"
    instruction_set isa;
    std::ptrdiff_t lhs_lines;
    std::ptrdiff_t rhs_lines;
    std::ptrdiff_t rhs_panels;  ///< most panels of rhs in one call
    std::ptrdiff_t depth;
    /// Bytes of a panel of k: a multiple of 64.
    bytes_function lhs_bytes;
    bytes_function rhs_bytes;
    /// Packs 1 <= lines <= lhs_lines (rhs_lines) lines of k carriers each.
    void (*pack_lhs)(lines_view<Lhs> from, std::ptrdiff_t lines, std::ptrdiff_t k, void* to) noexcept;
    void (*pack_rhs)(lines_view<Rhs> from, std::ptrdiff_t lines, std::ptrdiff_t k, void* to) noexcept;
    /// One panel of lhs times the panels of rhs that hold `columns` lines, rhs_bytes(k) apart: writes
    /// sums[i * sum_stride + j] for i < rows and j < columns, and nothing else.
    multiply_function multiply;
    /// The same panels with exact gradual underflow, where `multiply` flushes subnormal numbers to zero; else null.
    multiply_function multiply_gradual = nullptr;
    /// Around the calls of one task; null where nothing is to be done.
    void (*begin)() noexcept = nullptr;
    void (*end)() noexcept = nullptr;
};

}  // namespace dyad::inline v1
