// SPDX-License-Identifier: Apache-2.0
// quantize and dequantize: numbers to and from elements that share scales, value = element * scale * tensor_scale.
// With R = scale * tensor_scale: element = E(x / R), the exact quotient rounded once; back: element * R, the exact
// product rounded once. Scales by scale_rule (array/scale_rule.hpp).
// Zeros: a group without a nonzero finite number has the scale 0, or the format's smallest where it has no 0.
// Overflow: finite numbers beyond the largest element clamp to it, in every element format, unless saturation::none
// asks for what convert does. A scale out of its format's range is clamped, and elements are divided by the clamped
// one. NaN, infinities: elements that have codes for them keep them, as convert says. Where elements have none, a NaN,
// or an infinity unless saturation::finite clamps it, makes the group's scale NaN and its codes 0: the group reads as
// NaN. If the scale's format has no NaN either: status::value_not_finite, and nothing is written.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <dyad/array/block.hpp>
#include <dyad/array/elements.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/array/fused_blocks.hpp>
#include <dyad/array/matrix_cut.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/quantized_view.hpp>
#include <dyad/array/scale_rule.hpp>
#include <dyad/array/scaled_elements.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/tile_scales.hpp>
#include <dyad/array/view.hpp>

namespace dyad::inline v1 {

/// The machine's best instruction set, but not above `cap`.
[[nodiscard]] inline instruction_set at_most(instruction_set cap) noexcept {
    const instruction_set best = best_instruction_set();
    return best < cap ? best : cap;
}

/// The faults of a matrix of numbers and a quantized view of it.
template <class T, class View>
[[nodiscard]] status check_quantized(matrix_view<T> numbers, const View& view, status null_numbers,
                                     status null_codes) noexcept {
    for (const index e :
         {numbers.extent[0], numbers.extent[1], index{view.codes.extent[0]}, index{view.codes.extent[1]}}) {
        if (e < 0) return status::negative_extent;
    }
    if (numbers.extent[0] != view.codes.extent[0] || numbers.extent[1] != view.codes.extent[1]) {
        return status::extents_differ;
    }
    if (view.scales.tile[0] < 1 || view.scales.tile[1] < 1) return status::tile_not_positive;
    const auto g = std::bit_cast<std::uint32_t>(view.scales.tensor_scale);  // (whatever the compiler makes of NaN)
    if (g == 0 || g >= 0x7f80'0000) return status::tensor_scale_not_positive;
    if (numbers.is_empty()) return status::ok;
    if (numbers.data == nullptr) return null_numbers;
    if (view.codes.data == nullptr) return null_codes;
    if (view.scales.data == nullptr) return status::scales_null;
    if constexpr (stores_zero_points<std::remove_const_t<decltype(view.zero)>>) {
        if (view.zero.data == nullptr) return status::zero_points_null;
    }
    return status::ok;
}

/// Do the scales of blocks lie where the blocks have them, between their codes?
template <class View>
[[nodiscard]] constexpr bool has_scales_of_blocks(const View& view) noexcept {
    if constexpr (requires { view.codes.data->scale; }) {
        const auto own = view_of_blocks(view.codes.data, view.codes.extent[0], view.codes.extent[1]).scales;
        return view.scales.data == own.data && view.scales.tile == own.tile && view.scales.stride == own.stride;
    } else {
        return false;
    }
}

/// What is written beside what is read: numbers and codes, one of them written, and the scales and zero points.
template <class T, class View>
[[nodiscard]] status check_apart(matrix_view<T> numbers, const View& view) noexcept {
    const index rows = numbers.extent[0];
    const index columns = numbers.extent[1];
    const byte_range scales = memory_of(scales_of(view.scales, rows, columns));
    if (overlap(memory_of(numbers), memory_of(view.codes))) return status::dst_overlaps_src;
    if (overlap(scales, memory_of(numbers))) return status::scales_overlap_operand;
    if (!has_scales_of_blocks(view) && overlap(scales, memory_of(view.codes))) return status::scales_overlap_operand;
    if constexpr (stores_zero_points<std::remove_const_t<decltype(view.zero)>>) {
        const byte_range zeros = memory_of(zeros_of(view, rows, columns));
        if (overlap(zeros, memory_of(numbers)) || overlap(zeros, memory_of(view.codes)) || overlap(zeros, scales)) {
            return status::scales_overlap_operand;
        }
    }
    return status::ok;
}

/// What a call that writes codes, or scales as well, must not meet.
template <number From, class View>
[[nodiscard]] status check_written(matrix_view<const From> src, const View& dst, bool with_scales) noexcept {
    static_assert(!std::is_const_v<typename decltype(View::codes)::element_type>,
                  "dyad::quantize writes codes: those of dst must not be const.");
    if (const status s = check_apart(src, dst); s != status::ok) return s;
    if (overlaps_itself_as_codes(dst.codes)) return status::dst_overlaps_itself;
    const auto scales = scales_of(dst.scales, src.extent[0], src.extent[1]);
    return with_scales && overlaps_itself(scales) ? status::scales_overlap_themselves : status::ok;
}

/// Where neither elements nor scales can express NaN: is there one, or an infinity that is not to be clamped?
template <class View, number From>
[[nodiscard]] status check_finite(matrix_view<const From> src, saturation policy) noexcept {
    if constexpr (!has_nan_code<typename View::element>() && !has_nan_code<typename View::scale>()) {
        if (poisons<typename View::element>(state_of(src), policy)) return status::value_not_finite;
    }
    return status::ok;
}

/// Codes of src by the scales (and zero points) that dst has already.
template <number From, class View, bulk_rounding_rule Rule = rounding, executor Executor = serial>
status quantize_with_scales(matrix_view<const From> src, const View& dst, Rule rule = rounding::nearest_even,
                            saturation policy = saturation::propagate, Executor&& execute = {},
                            instruction_set cap = instruction_set::avx512) noexcept {
    if (const status s = check_quantized(src, dst, status::src_null, status::dst_null); s != status::ok) return s;
    if (!is_valid(rule)) return status::random_bits_out_of_range;
    if (src.is_empty()) return status::ok;
    if (const status s = check_written(src, dst, false); s != status::ok) return s;
    if (const status s = check_finite<View>(src, policy); s != status::ok) return s;
    const quantization<From, View, Rule> job{src, dst, scale_rule::nearest, rule, policy, at_most(cap)};
    const index rows = src.extent[0];
    const index columns = src.extent[1];
    for_each_part(
        cut_into_rows(rows, columns, dst.scales.tile[0], separable_columns(dst.codes)), rows, columns,
        rows_share_bytes(dst.codes), [&job](const matrix_part& part) { write_elements(job, part); }, execute);
    return status::ok;
}

/// dst = src quantized: the scales by `choice`, the elements by `rule` and `policy`. src and dst have the same extents
/// and no memory in common; any strides, tails at every edge. dst.scales.tensor_scale is the tensor's scale. Stochastic
/// rounding takes the random bits of index row * columns + column. The same bits for every executor and instruction
/// set. Faults: extents_differ, negative_extent, src_null, dst_null, scales_null, zero_points_null, tile_not_positive,
/// tensor_scale_not_positive, dst_overlaps_src, dst_overlaps_itself, scales_overlap_themselves, scales_overlap_operand,
/// random_bits_out_of_range, value_not_finite, rule_needs_zero_points; whatever the fault, dst stays as it was.
template <number From, class View, bulk_rounding_rule Rule = rounding, executor Executor = serial>
status quantize(matrix_view<const From> src, const View& dst, scale_choice choice, Rule rule = rounding::nearest_even,
                saturation policy = saturation::propagate, Executor&& execute = {},
                instruction_set cap = instruction_set::avx512) noexcept {
    if (const status s = check_quantized(src, dst, status::src_null, status::dst_null); s != status::ok) return s;
    if (!is_valid(rule)) return status::random_bits_out_of_range;
    static_assert(
        !std::is_const_v<std::remove_pointer_t<decltype(dst.scales.data)>>,
        "dyad::quantize writes scales: those of dst must not be const (quantize_with_scales takes them as they are).");
    static_assert(holds_zero_points<typename View::element, decltype(View::zero)>(),
                  "dyad::quantize stores zero points: their type must hold every raw number of the elements.");
    constexpr bool has_places = stores_zero_points<decltype(View::zero)>;
    if (choice.rule == scale_rule::min_max && !has_places) return status::rule_needs_zero_points;
    if (src.is_empty()) return status::ok;
    if (const status s = check_written(src, dst, true); s != status::ok) return s;
    if (const status s = check_finite<View>(src, policy); s != status::ok) return s;
    const quantization<From, View, Rule> job{src, dst, choice, rule, policy, at_most(cap)};
    const index rows = src.extent[0];
    const index columns = src.extent[1];
    if (is_fused(job)) {
        const index separable =
            separable_columns(dst.codes) % dst.scales.tile[1] == 0 ? separable_columns(dst.codes) : dst.scales.tile[1];
        for_each_part(
            cut_into_rows(rows, columns, 1, separable), rows, columns, rows_share_bytes(dst.codes),
            [&job](const matrix_part& part) { quantize_fused(job, part); }, execute);
        return status::ok;
    }
    const matrix_cut tiles = cut_into_tiles(rows, columns, dst.scales.tile);
    const bool is_cut = tiles.across > 1 && tiles.part_columns % separable_columns(dst.codes) != 0;
    const bool alone = rows_share_bytes(dst.codes) || is_cut;
    if (tiles.parts() > 1 || rows == 1) {
        for_each_part(
            tiles, rows, columns, alone,
            [&job](const matrix_part& part) {
                choose_scales(job, part);
                write_elements(job, part);
            },
            execute);
        return status::ok;
    }
    // A single tile: its scale first, then all rows side by side.
    for_each_part(
        tiles, rows, columns, alone, [&job](const matrix_part& part) { choose_scales(job, part); }, execute);
    for_each_part(
        cut_into_rows(rows, columns, dst.scales.tile[0], separable_columns(dst.codes)), rows, columns,
        rows_share_bytes(dst.codes), [&job](const matrix_part& part) { write_elements(job, part); }, execute);
    return status::ok;
}

/// The tensor's scale of a two-level format: float(largest magnitude / (max E * max S)); see choose_tensor_scale.
template <number E, number S, number From>
[[nodiscard]] float find_tensor_scale(matrix_view<const From> src) noexcept {
    group_state state;
    if constexpr (is_float_exactly<From>) {
        std::uint32_t bits = 0;
        find_magnitudes(best_instruction_set(), src, src.extent[1] > 0 ? src.extent[1] : 1, &bits);
        state.largest = decode<binary32_format>(bits);
        if (bits >= 0x7f80'0000) state = state_of(src);
    } else {
        state = state_of(src);
    }
    return choose_tensor_scale<E, S>(state.largest);
}

/// The same with the tensor's scale computed first, stored in *tensor_scale, and used instead of dst's own.
template <number From, class View, bulk_rounding_rule Rule = rounding, executor Executor = serial>
status quantize(matrix_view<const From> src, View dst, float* tensor_scale, scale_choice choice,
                Rule rule = rounding::nearest_even, saturation policy = saturation::propagate, Executor&& execute = {},
                instruction_set cap = instruction_set::avx512) noexcept {
    if (tensor_scale == nullptr) return status::tensor_scale_null;
    dst.scales.tensor_scale = 1;
    if (const status s = check_quantized(src, dst, status::src_null, status::dst_null); s != status::ok) return s;
    dst.scales.tensor_scale = find_tensor_scale<typename View::element, typename View::scale>(src);
    const status s = quantize(src, dst, choice, rule, policy, execute, cap);
    if (s == status::ok) *tensor_scale = dst.scales.tensor_scale;
    return s;
}

/// dst(i, j) = the value of element (i, j) as a To, rounded once to nearest even; beyond To's range infinity, or what
/// convert does. Extents and memory as above; faults leave dst as it was.
template <class View, number To, executor Executor = serial>
status dequantize(const View& src, matrix_view<To> dst, Executor&& execute = {},
                  instruction_set cap = instruction_set::avx512) noexcept {
    if (const status s = check_quantized(dst, src, status::dst_null, status::src_null); s != status::ok) return s;
    if (dst.is_empty()) return status::ok;
    if (const status s = check_apart(dst, src); s != status::ok) return s;
    if (overlaps_itself(dst)) return status::dst_overlaps_itself;
    const index rows = dst.extent[0];
    const index columns = dst.extent[1];
    const dequantization<View, To> job{src, dst, at_most(cap)};
    if (is_fused(job)) {
        for_each_part(
            cut_into_rows(rows, columns, 1, src.scales.tile[1]), rows, columns, false,
            [&job](const matrix_part& part) { dequantize_fused(job, part); }, execute);
        return status::ok;
    }
    for_each_part(
        cut_into_rows(rows, columns, src.scales.tile[0], 1), rows, columns, false,
        [&job](const matrix_part& part) { dequantize_part(job, part); }, execute);
    return status::ok;
}

/// Sources that could be written to.
template <number From, class View, class... More>
    requires(!std::is_const_v<From>)
status quantize(matrix_view<From> src, const View& dst, More&&... more)
noexcept { return quantize(as_const(src), dst, static_cast<More&&>(more)...); }
template <number From, class View, class... More>
    requires(!std::is_const_v<From>)
status quantize_with_scales(matrix_view<From> src, const View& dst, More&&... more)
noexcept { return quantize_with_scales(as_const(src), dst, static_cast<More&&>(more)...); }

/// A span as a matrix of one row.
template <class T>
[[nodiscard]] constexpr matrix_view<T> row_of(std::span<T> x) noexcept {
    return make_matrix(x.data(), 1, static_cast<index>(x.size()));
}
/// Are there as many blocks as n elements need?
template <block_type B>
[[nodiscard]] constexpr bool holds(std::span<B> blocks, std::size_t n) noexcept {
    return blocks.size() == static_cast<std::size_t>(tiles_of(static_cast<index>(n), B::size));
}

/// Numbers to blocks: dst has src.size() / B::size blocks, rounded up (else status::block_count_differs);
/// elements behind the last one have the value 0. Everything else as for matrices.
template <number From, block_type B, bulk_rounding_rule Rule = rounding, executor Executor = serial>
    requires(B::layout.levels == scale_levels::one)
status quantize(std::span<const From> src, std::span<B> dst, scale_choice choice, Rule rule = rounding::nearest_even,
                saturation policy = saturation::propagate, Executor&& execute = {},
                instruction_set cap = instruction_set::avx512)
noexcept {
    if (!holds(dst, src.size())) return status::block_count_differs;
    return quantize(row_of(src), view_of_blocks(dst.data(), 1, static_cast<index>(src.size())), choice, rule, policy,
                    execute, cap);
}
/// Blocks of two levels: with this scale of the tensor,
template <number From, block_type B, bulk_rounding_rule Rule = rounding, executor Executor = serial>
    requires(B::layout.levels == scale_levels::two)
status quantize(std::span<const From> src, std::span<B> dst, std::type_identity_t<float> tensor_scale,
                scale_choice choice, Rule rule = rounding::nearest_even, saturation policy = saturation::propagate,
                Executor&& execute = {}, instruction_set cap = instruction_set::avx512)
noexcept {
    if (!holds(dst, src.size())) return status::block_count_differs;
    return quantize(row_of(src), view_of_blocks(dst.data(), 1, static_cast<index>(src.size()), tensor_scale), choice,
                    rule, policy, execute, cap);
}
/// or with one that is computed and stored in *tensor_scale.
template <number From, block_type B, bulk_rounding_rule Rule = rounding, executor Executor = serial>
    requires(B::layout.levels == scale_levels::two)
status quantize(std::span<const From> src, std::span<B> dst, float* tensor_scale, scale_choice choice,
                Rule rule = rounding::nearest_even, saturation policy = saturation::propagate, Executor&& execute = {},
                instruction_set cap = instruction_set::avx512)
noexcept {
    if (!holds(dst, src.size())) return status::block_count_differs;
    return quantize(row_of(src), view_of_blocks(dst.data(), 1, static_cast<index>(src.size())), tensor_scale, choice,
                    rule, policy, execute, cap);
}

/// From numbers that could be written to.
template <number From, block_type B, class... More>
    requires(!std::is_const_v<From>)
status quantize(std::span<From> src, std::span<B> dst, More&&... more)
noexcept { return quantize(std::span<const From>(src), dst, static_cast<More&&>(more)...); }

/// Blocks to numbers.
template <block_type B, number To, executor Executor = serial>
    requires(std::remove_const_t<B>::layout.levels == scale_levels::one)
status dequantize(std::span<B> src, std::span<To> dst, Executor&& execute = {},
                  instruction_set cap = instruction_set::avx512)
noexcept {
    if (!holds(src, dst.size())) return status::block_count_differs;
    return dequantize(view_of_blocks(src.data(), 1, static_cast<index>(dst.size())), row_of(dst), execute, cap);
}
template <block_type B, number To, executor Executor = serial>
    requires(std::remove_const_t<B>::layout.levels == scale_levels::two)
status dequantize(std::span<B> src, std::type_identity_t<float> tensor_scale, std::span<To> dst,
                  Executor&& execute = {}, instruction_set cap = instruction_set::avx512)
noexcept {
    if (!holds(src, dst.size())) return status::block_count_differs;
    return dequantize(view_of_blocks(src.data(), 1, static_cast<index>(dst.size()), tensor_scale), row_of(dst), execute,
                      cap);
}

/// Blocks of two levels without the tensor's scale: told in a sentence.
template <number From, block_type B, class... More>
    requires(B::layout.levels == scale_levels::two)
status quantize(std::span<const From>, std::span<B>, scale_choice, More...)
noexcept {
    static_assert(sizeof...(More) > 64,
                  "dyad::quantize of blocks with two levels of scales (nvfp4) needs the tensor's scale "
                  "as third argument: a float, or a float* that receives it.");
    return status::tensor_scale_not_positive;
}
template <block_type B, number To>
    requires(std::remove_const_t<B>::layout.levels == scale_levels::two)
status dequantize(std::span<B>, std::span<To>)
noexcept {
    static_assert(sizeof(To) == 0,
                  "dyad::dequantize of blocks with two levels of scales (nvfp4) needs the tensor's scale "
                  "as second argument.");
    return status::tensor_scale_not_positive;
}

}  // namespace dyad::inline v1
