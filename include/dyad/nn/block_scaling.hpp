// SPDX-License-Identifier: Apache-2.0
// Block scaling: numbers that a product sums share scales in blocks along that sum, as in MX, NVFP4 and MSFP.
// operand = decode(encode(x)): what was produced is quantized in blocks along the dimension that the product contracts,
// and the product reads the values of the blocks, exactly. Weights stay packed blocks and are decoded when they are
// multiplied. Source: OCP Microscaling Formats (MX) v1.0 sections 5 and 6.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/block.hpp>
#include <dyad/array/convert.hpp>
#include <dyad/array/quantize.hpp>
#include <dyad/array/scale_rule.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/nn/scaling.hpp>
#include <dyad/nn/tensor.hpp>
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

/// Weights as rows of packed blocks along the inputs, and their values in scratch memory while a product reads them.
template <block_type B, scale_rule Rule>
class block_weights {
    using element = typename B::element_type;
    using value = block_value<B>;
    static constexpr bool two_levels = B::layout.levels == scale_levels::two;
    /// Columns that are decoded at once: whole blocks.
    static constexpr index piece = B::size >= 512 ? B::size : 512 / B::size * B::size;

public:
    static constexpr double bits_per_weight = 8.0 * sizeof(B) / B::size;

    status shape(arena& memory, index rows, index columns) noexcept {
        if (columns < 0) return status::negative_extent;
        columns_ = columns;
        return memory.take(rows, tiles_of(columns, B::size), blocks_);
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
        return status::ok;
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
        return v.array(blocks_);
    }

private:
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
};

/// Blocks like Block, of whatever elements the recipe names: operands at run time, weights when prepared. Everything
/// between products is float; a scale of the whole tensor (NVFP4) is the operand's token and the matrix's factor.
template <block_type Block, scale_rule Rule = usual_rule<Block>>
struct block_scaling : unit_scaling {
    template <format T>
    using block_of = block<T, typename Block::scale_type, Block::size, Block::layout>;
    static constexpr bool two_levels = Block::layout.levels == scale_levels::two;

    using token = std::conditional_t<two_levels, tensor_scale, static_scale>;
    template <number T>
    using produced = float;
    template <number T>
    using carried = block_value<block_of<T>>;
    template <class, number W>
    using weights = block_weights<block_of<W>, Rule>;

    /// Blocks lie along the sums and begin anew with each of them. status::value_not_finite for NaN or infinity.
    template <format T, class Context>
    static status operand(matrix_view<const float> in, const contraction& sums, const Context& context,
                          tensor<carried<T>, token>& out) noexcept {
        matrix_view<carried<T>> values;
        if (const status s = context.scratch.take(in.extent[0], in.extent[1], values); s != status::ok) return s;
        out = {as_const(values), {}};
        const std::size_t mark = context.scratch.used();
        const status s = encode_and_decode<block_of<T>>(in, sums, context, values, out.token);
        context.scratch.rewind(mark);
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
            if (const status s = scratch.take(extent[1 - over], groups * in_group, scales); s != status::ok) return s;
            return scratch.take(extent[0], extent[1], floats);
        }
    };

    template <block_type B, class Context>
    static status encode_and_decode(matrix_view<const float> in, const contraction& sums, const Context& context,
                                    matrix_view<block_value<B>> values, token& scale) noexcept {
        using S = typename B::scale_type;
        blocks_at_work<B> work;
        if (const status s = work.take(context.scratch, in.extent, sums); s != status::ok) return s;
        if (context.measuring()) return status::ok;
        if (!is_finite(in)) return status::value_not_finite;
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
