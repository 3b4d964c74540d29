// SPDX-License-Identifier: Apache-2.0
// Block scaling: numbers that a product sums share scales in blocks along that sum, as in MX, NVFP4 and MSFP.
// operand = decode(encode(x)): what was produced is quantized in blocks along the dimension that the product contracts,
// and the product reads the values of the blocks, exactly. A linear layer multiplies blocks by blocks
// (linalg/block_gemm.hpp, which gives the bits of bfloat16 products of the values), its weights packed into panels when
// it is prepared. Source: OCP Microscaling Formats (MX) v1.0 sections 5 and 6.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/block.hpp>
#include <dyad/array/convert.hpp>
#include <dyad/array/quantize.hpp>
#include <dyad/array/scale_rule.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/linalg/block_gemm.hpp>
#include <dyad/nn/block_product.hpp>
#include <dyad/nn/scaling.hpp>
#include <dyad/nn/tensor.hpp>
#include <dyad/nn/token_scaling.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/value_range.hpp>

namespace dyad::inline v1::nn {

/// The usual rule of a block: floor where scales are powers of two, else absmax on the largest element.
template <block_type B>
inline constexpr scale_rule usual_rule = value_range_of<typename B::scale_type>().precision == 1 ? scale_rule::floor
                                                                                                 : scale_rule::nearest;

/// Digits of element * scale, without the tensor's scale.
template <block_type B>
[[nodiscard]] constexpr int digits_in_block() noexcept {
    constexpr int scale = value_range_of<typename B::scale_type>().precision;
    constexpr int element = element_precision<typename B::element_type>() + (B::layout.zero_point != 0 ? 1 : 0);
    return scale == 1 ? element : element + scale;
}

/// What holds every element * scale: bfloat16 where 8 digits do, else float. Exactly, but for values that are no
/// multiples of 2^-133, bfloat16's smallest number, which are rounded once more to nearest even: in blocks of E4M3
/// whose largest number is below 2^-116, in blocks of E5M2 below 2^-102.
template <block_type B>
struct values_of_block {
    static_assert(digits_in_block<B>() <= 24, "dyad::nn::block_scaling needs blocks whose values are floats.");
    using type = std::conditional_t<digits_in_block<B>() <= 8, bfloat16, float>;
};
template <block_type B>
using block_value = typename values_of_block<B>::type;

/// The token of an operand: the scale of the whole tensor, and where its blocks are left beside its values, row by row,
/// for the linear layer that reads them (null: nowhere).
struct block_token {
    float value = 1;
    const void* codes = nullptr;
    const void* scales = nullptr;
    std::array<index, 2> extent = {0, 0};
    [[nodiscard]] constexpr double factor() const noexcept { return static_cast<double>(value); }
};

/// Blocks like B of other elements.
template <block_type B, format T>
using block_like = block<T, typename B::scale_type, B::size, B::layout>;

/// Rows of codes and of the scales of their blocks, without a scale of the whole tensor.
template <block_type B>
using block_rows =
    quantized_view<matrix_view<const typename B::element_type>, const typename B::scale_type, block_zero_point<B>>;
template <block_type B>
[[nodiscard]] constexpr block_rows<B> rows_of(const typename B::element_type* codes,
                                              const typename B::scale_type* scales, index rows,
                                              index columns) noexcept {
    return {make_matrix(codes, rows, columns), {scales, {1, B::size}, {tiles_of(columns, B::size), 1}}, {}};
}

/// What block_gemm reads as the lhs of a product of operands like A with weights like B: blocks, or their values where
/// only those give bfloat16's sums (MXINT8); `none`: neither does.
enum class block_lhs : std::uint8_t { blocks, values, none };
template <block_type A, block_type B>
[[nodiscard]] consteval block_lhs lhs_of_blocks() noexcept {
    using rhs_rows = quantized_view<block_codes<const B>, const typename B::scale_type, block_zero_point<B>>;
    if constexpr (!std::same_as<block_value<A>, bfloat16> || !std::same_as<block_value<B>, bfloat16>) {
        return block_lhs::none;
    } else {
        if (block_rule_of<block_rows<A>, rhs_rows>() == block_rule::folded) return block_lhs::blocks;
        using plain = scaled_operand<matrix_view<const bfloat16>>;
        return block_rule_of<plain, rhs_rows>() == block_rule::folded ? block_lhs::values : block_lhs::none;
    }
}

/// Weights as rows of packed blocks along the inputs, and as panels for products with operands like A; where there are
/// no such products, their values in scratch memory while a product reads them.
template <block_type B, block_type A, scale_rule Rule>
class block_weights {
    using element = typename B::element_type;
    using value = block_value<B>;
    static constexpr bool two_levels = B::layout.levels == scale_levels::two;
    /// Columns that are decoded at once: whole blocks.
    static constexpr index piece = B::size >= 512 ? B::size : 512 / B::size * B::size;
    static constexpr block_lhs lhs = lhs_of_blocks<A, B>();

public:
    static constexpr double bits_per_weight = 8.0 * sizeof(B) / B::size;

    status shape(arena& memory, index rows, index columns) noexcept {
        if (columns < 0) return status::negative_extent;
        columns_ = columns;
        if (const status s = memory.take(rows, tiles_of(columns, B::size), blocks_); s != status::ok) return s;
        if constexpr (lhs == block_lhs::none) return status::ok;
        else return shape_panels(memory, any_lhs(), rhs(), panels_);
    }
    [[nodiscard]] std::array<index, 2> extent() const noexcept { return {blocks_.extent[0], columns_}; }

    /// Tells each(row, scale) the scale of the matrix: 1 but for blocks of two levels.
    template <class IfZero, class Each>
    status prepare(matrix_view<const float> w, const IfZero&, const Each& each) noexcept {
        if (!is_finite(w)) return status::parameter_not_finite;
        float tensor = 1;
        if constexpr (two_levels) tensor = find_tensor_scale<element, typename B::scale_type>(w);
        for (index i = 0; i < blocks_.extent[0]; ++i) {
            const auto blocks = view_of_blocks(row(blocks_, i).data, 1, columns_, tensor);
            if (const status s = quantize(row_block(w, i, 1), blocks, Rule); s != status::ok) return s;
            if (const status s = each(i, static_cast<double>(tensor)); s != status::ok) return s;
        }
        return pack();
    }

    /// out = epilogue(in * weights transposed).
    template <number T, class Token, class D, class Epilogue, class Context>
        requires(lhs != block_lhs::none && std::same_as<T, typename A::element_type>)
    status multiply(const tensor<bfloat16, Token>& in, matrix_view<D> out, const Epilogue& epilogue,
                    const Context& context)
    const noexcept {
        if constexpr (lhs == block_lhs::blocks) {
            // (a part of a tensor has its values only)
            if (context.measuring() || (in.token.codes != nullptr && in.token.extent == in.codes.extent)) {
                const auto rows = rows_of<A>(static_cast<const T*>(in.token.codes),
                                             static_cast<const typename A::scale_type*>(in.token.scales),
                                             in.codes.extent[0], in.codes.extent[1]);
                return multiply_packed_blocks(rows, rhs(), panels_, out, epilogue, context);
            }
        }
        return multiply_packed_blocks(in.codes, rhs(), panels_, out, epilogue, context);
    }

    template <class Context>
    status operand(const Context& context, matrix_view<const value>& out) const noexcept {
        matrix_view<value> values;
        if (const status s = context.scratch.take(blocks_.extent[0], columns_, values); s != status::ok) return s;
        out = as_const(values);
        if (context.measuring()) return status::ok;
        context.execute(blocks_.extent[0], [&](index i) {
            for (index j = 0; j < columns_; j += piece) {
                decode(&blocks_(i, j / B::size), &values(i, j), columns_ - j < piece ? columns_ - j : piece);
            }
        });
        return status::ok;
    }

    template <class Visitor>
    status visit(Visitor& v) noexcept {
        const status s = v.array(blocks_);
        return s == status::ok ? pack() : s;
    }

private:
    [[nodiscard]] auto rhs() const noexcept {
        const B* const blocks = blocks_.data;
        return transposed(view_of_blocks(blocks, blocks_.extent[0], columns_));
    }
    [[nodiscard]] auto any_lhs() const noexcept {
        if constexpr (lhs == block_lhs::blocks) return rows_of<A>(nullptr, nullptr, 1, columns_);
        else return make_matrix(static_cast<const bfloat16*>(nullptr), 1, columns_);
    }
    status pack() noexcept {
        if constexpr (lhs == block_lhs::none) return status::ok;
        else return pack_panels(any_lhs(), rhs(), panels_);
    }
    /// The first n values of blocks that are there. (Floats hold them exactly; extents fit: nothing can fail.)
    static void decode(const B* blocks, value* values, index n) noexcept {
        float buffer[static_cast<std::size_t>(piece)];
        const matrix_view<float> floats = make_matrix(static_cast<float*>(buffer), 1, n);
        static_cast<void>(dequantize(view_of_blocks(blocks, 1, n), floats));
        const std::span<const float> read(buffer, static_cast<std::size_t>(n));
        static_cast<void>(convert(read, std::span<value>(values, read.size())));
    }

    matrix_view<B> blocks_;
    index columns_ = 0;
    vector_view<std::byte> panels_;
};

/// Blocks like Block, of whatever elements the recipe names: operands at run time, weights when prepared. Everything
/// between products is float; a scale of the whole tensor (NVFP4) is the operand's token and the matrix's factor.
template <block_type Block, scale_rule Rule = usual_rule<Block>>
struct block_scaling : unit_scaling {
    template <format T>
    using block_of = block_like<Block, T>;
    static constexpr bool two_levels = Block::layout.levels == scale_levels::two;

    using token = block_token;
    template <number T>
    using produced = float;
    template <number T>
    using carried = block_value<block_of<T>>;
    template <class, number W>
    using weights = block_weights<block_of<W>, Block, Rule>;

    /// Blocks lie along the sums and begin anew with each of them. status::value_not_finite for NaN or infinity.
    template <format T, class Context>
    static status operand(matrix_view<const float> in, const contraction& sums, const Context& context,
                          tensor<carried<T>, token>& out) noexcept {
        matrix_view<carried<T>> values;
        blocks_at_work<block_of<T>> work;
        if (const status s = context.scratch.take(in.extent[0], in.extent[1], values); s != status::ok) return s;
        out = {as_const(values), {}};
        // Blocks are kept where one sum takes all columns: the input of a linear layer.
        const bool kept = sums.over == contracted::columns && sums.length == in.extent[1];
        std::size_t mark = context.scratch.used();
        if (const status s = work.take(context.scratch, in.extent, sums); s != status::ok) return s;
        if (kept) mark = context.scratch.used();
        status s = context.scratch.take(in.extent[0], in.extent[1], work.floats);
        if (s == status::ok && !context.measuring())
            s = encode_and_decode<block_of<T>>(in, sums, context, work, values, out.token);
        context.scratch.rewind(mark);
        if (kept) {
            out.token.codes = work.codes.data;
            out.token.scales = work.scales.data;
            out.token.extent = in.extent;
        }
        return s;
    }

private:
    /// Codes, scales and values of one operand while it is made: a row of scales for each line of numbers along the
    /// sums, groups of lines side by side.
    template <block_type B>
    struct blocks_at_work {
        matrix_view<typename B::element_type> codes;
        matrix_view<typename B::scale_type> scales;
        matrix_view<float> floats;
        index groups = 0;
        index in_group = 0;

        status take(arena& scratch, std::array<index, 2> extent, const contraction& sums) noexcept {
            const auto over = static_cast<std::size_t>(sums.over == contracted::columns ? 1 : 0);
            groups = sums.length == 0 ? 0 : extent[over] / sums.length;
            in_group = tiles_of(sums.length, B::size);
            if (const status s = scratch.take(extent[0], extent[1], codes); s != status::ok) return s;
            return scratch.take(extent[1 - over], groups * in_group, scales);
        }
    };

    template <block_type B, class Context>
    static status encode_and_decode(matrix_view<const float> in, const contraction& sums, const Context& context,
                                    const blocks_at_work<B>& work, matrix_view<block_value<B>> values,
                                    token& scale) noexcept {
        using S = typename B::scale_type;
        if (!all_finite(in)) return status::value_not_finite;
        if constexpr (two_levels) scale.value = find_tensor_scale<typename B::element_type, S>(in);
        // 1. Each group by itself, encoded and decoded.
        for (index g = 0; g < work.groups; ++g) {
            const index first = g * sums.length;
            const auto part = [&](auto m) {
                return sums.over == contracted::columns ? column_block(m, first, sums.length)
                                                        : row_block(m, first, sums.length);
            };
            scale_map<S> map{&work.scales(0, g * work.in_group), {1, B::size}, {work.groups * work.in_group, 1}};
            if constexpr (two_levels) map.tensor_scale = scale.value;
            if (sums.over == contracted::rows) map = transposed(map);
            quantized_view blocks{part(work.codes), map, block_zero_point<B>{}};
            status s = quantize(part(in), blocks, Rule, rounding::nearest_even, saturation::propagate, context.execute);
            if (s != status::ok) return s;
            blocks.scales.tensor_scale = 1;
            s = dequantize(blocks, part(work.floats), context.execute);
            if (s != status::ok) return s;
        }
        // 2. As the product reads them.
        context.execute(in.extent[0], [&](index i) {
            const std::span<const float> read(row(work.floats, i).data, static_cast<std::size_t>(in.extent[1]));
            static_cast<void>(convert(read, std::span<block_value<B>>(row(values, i).data, read.size())));
        });
        return status::ok;
    }
};

}  // namespace dyad::inline v1::nn
