// SPDX-License-Identifier: Apache-2.0
// Where the weights of a product with few rows lie, for kernels that stream them once: panels of 64 columns, each a
// row of blocks of k, one behind the other in the order of use. The same bytes for all instruction sets.
//   block    for each few k one unit of each of four parts, 16 columns each
//   unit     `vectors` vectors of 64 bytes; byte 4 l + b of each belongs to column l of the 16 and to k = 4 s + b of
//            the unit, s < sets: kernels/scalar/weight_codes.hpp says which bits of which vector are set s
//   behind   the 64 scales and 64 zero points of a group; those of a column where all k share one: behind all blocks
// Weights are stored from 0 up: u = raw - lowest raw, unused columns and k as u = 0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dyad::inline v1 {

/// How u is stored.
enum class weight_code : std::uint8_t { bits_8, bits_6, bits_4, bits_3, bits_2, trits };
/// How a scale is stored, and becomes a float without rounding.
enum class scale_code : std::uint8_t { none, float_32, float_16, bfloat_16, biased_exponent, signed_exponent };
enum class zero_code : std::uint8_t { none, signed_8, unsigned_8 };
/// Which weights of a column share a scale and a zero point.
enum class weight_sharing : std::uint8_t { column, group };

/// Sets of four k in a unit, and vectors that hold them.
struct weight_unit {
    int sets;
    int vectors;
};
[[nodiscard]] constexpr weight_unit unit_of(weight_code code) noexcept {
    switch (code) {
        case weight_code::bits_8: return {2, 2};
        case weight_code::bits_6: return {4, 3};
        case weight_code::bits_4: return {2, 1};
        case weight_code::bits_3: return {8, 3};
        case weight_code::bits_2: return {4, 1};
        case weight_code::trits: return {5, 1};
    }
    return {1, 1};
}
[[nodiscard]] constexpr std::ptrdiff_t bytes_of(scale_code code) noexcept {
    switch (code) {
        case scale_code::none: return 0;
        case scale_code::float_32: return 4;
        case scale_code::float_16: return 2;
        case scale_code::bfloat_16: return 2;
        case scale_code::biased_exponent: return 1;
        case scale_code::signed_exponent: return 1;
    }
    return 0;
}

/// Columns of a panel, and rows of activations that a kernel takes.
inline constexpr std::ptrdiff_t gemv_columns = 64;
inline constexpr std::ptrdiff_t gemv_rows = 8;

/// k > 0 lines of weights. group: lines that share a scale, where a group does.
struct gemv_layout {
    weight_code code = weight_code::bits_8;
    scale_code scale = scale_code::none;
    zero_code zero = zero_code::none;
    weight_sharing sharing = weight_sharing::column;
    std::ptrdiff_t k = 0;
    std::ptrdiff_t group = 0;

    [[nodiscard]] constexpr std::ptrdiff_t unit_k() const noexcept { return 4 * unit_of(code).sets; }
    /// Lines of all blocks but the last: a group, or what takes 16 KB, half of a level-1 cache: several rows are
    /// multiplied one after another. At most 64 units of 20.
    [[nodiscard]] constexpr std::ptrdiff_t block_k() const noexcept {
        return sharing == weight_sharing::group ? group : 64 / unit_of(code).vectors * unit_k();
    }
    [[nodiscard]] constexpr std::ptrdiff_t blocks() const noexcept {
        return k / block_k() + (k % block_k() != 0 ? 1 : 0);
    }
    /// Units of block b.
    [[nodiscard]] constexpr std::ptrdiff_t units(std::ptrdiff_t b) const noexcept {
        const std::ptrdiff_t lines = k - b * block_k() < block_k() ? k - b * block_k() : block_k();
        return (lines + unit_k() - 1) / unit_k();
    }
    /// Activations of a block, filled up with zeros to whole units.
    [[nodiscard]] constexpr std::ptrdiff_t block_x() const noexcept { return units(0) * unit_k(); }
    /// Bytes of a block's weights.
    [[nodiscard]] constexpr std::ptrdiff_t code_bytes(std::ptrdiff_t b) const noexcept {
        return 4 * units(b) * unit_of(code).vectors * 64;
    }
    [[nodiscard]] constexpr std::ptrdiff_t scale_bytes() const noexcept { return gemv_columns * bytes_of(scale); }
    [[nodiscard]] constexpr std::ptrdiff_t zero_bytes() const noexcept {
        return zero == zero_code::none ? 0 : gemv_columns;
    }
    [[nodiscard]] constexpr std::ptrdiff_t shared_bytes() const noexcept { return scale_bytes() + zero_bytes(); }
    [[nodiscard]] constexpr std::ptrdiff_t block_bytes(std::ptrdiff_t b) const noexcept {
        return code_bytes(b) + (sharing == weight_sharing::group ? shared_bytes() : 0);
    }
    [[nodiscard]] constexpr std::ptrdiff_t panel_bytes() const noexcept {
        const std::ptrdiff_t last = blocks() - 1;
        return last * block_bytes(0) + block_bytes(last) + (sharing == weight_sharing::column ? shared_bytes() : 0);
    }
};

/// One panel and all rows of activations. x: for each row the blocks of activations, block_x() apart; x_sums: their
/// sums. 1 <= rows <= gemv_rows. offset: raw = u + offset, less a zero point that is the same for all.
struct gemv_operands {
    const std::uint8_t* panel;
    const std::int8_t* x;
    std::ptrdiff_t x_stride;
    const std::int32_t* x_sums;
    std::ptrdiff_t x_sums_stride;
    std::ptrdiff_t rows;
    std::int32_t offset;
};

/// What a kernel leaves of row i and column j at 64 i + j: the sum over all k where a column shares a scale, the float
/// sum of the groups' where a group does.
struct gemv_sums {
    alignas(64) std::int32_t integers[gemv_rows * gemv_columns];
    alignas(64) float floats[gemv_rows * gemv_columns];
};

}  // namespace dyad::inline v1
