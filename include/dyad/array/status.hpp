// SPDX-License-Identifier: Apache-2.0
// What plans and runs answer: ok, or which operand and which extent is at fault.
#pragma once

#include <cstdint>

namespace dyad::inline v1 {

enum class [[nodiscard]] status : std::uint8_t{ok,
                                               negative_extent,
                                               lhs_null,
                                               rhs_null,
                                               dst_null,
                                               lhs_rows_differ,
                                               lhs_columns_differ,
                                               rhs_rows_differ,
                                               rhs_columns_differ,
                                               dst_rows_differ,
                                               dst_columns_differ,
                                               dst_overlaps_itself,
                                               dst_overlaps_lhs,
                                               dst_overlaps_rhs,
                                               k_exceeds_accumulator,
                                               workspace_too_small,
                                               workspace_overlaps_operand,
                                               arena_too_small,
                                               extents_differ,
                                               heads_do_not_divide_width,
                                               parameter_missing,
                                               parameter_shape_differs,
                                               parameter_not_finite,
                                               value_not_finite,
                                               scale_not_positive,
                                               bias_exceeds_accumulator,
                                               archive_too_short,
                                               dst_overlaps_src,
                                               random_bits_out_of_range,
                                               src_null,
                                               scales_null,
                                               zero_points_null,
                                               tile_not_positive,
                                               scales_overlap_themselves,
                                               scales_overlap_operand,
                                               block_count_differs,
                                               tensor_scale_not_positive,
                                               rule_needs_zero_points,
                                               scales_differ,
                                               block_incomplete,
                                               code_invalid,
                                               planes_out_of_range,
                                               tensor_scale_not_one,
                                               tiles_do_not_nest,
                                               exponent_out_of_range,
                                               product_does_not_fit,
                                               headroom_exceeded,
                                               scale_out_of_range,
                                               tensor_scale_null,
                                               row_too_long,
                                               unit_out_of_range,
                                               mask_null,
                                               dst_overlaps_mask,
                                               parameter_out_of_range,
                                               table_memory_differs,
                                               table_missing,
                                               width_odd,
                                               position_out_of_range,
                                               elements_too_few,
                                               factor_out_of_range,
                                               scale_unsupported,
                                               parameters_not_usable,
                                               rhs_packed_differently,
                                               rhs_packed_too_short,
                                               packed_memory_too_small,
                                               kernel_extent_not_positive,
                                               step_not_positive,
                                               padding_negative,
                                               dilation_not_positive,
                                               groups_do_not_divide,
                                               batch_extents_differ,
                                               bias_null,
                                               residual_differs,
                                               residual_null,
                                               lhs_scales_differ,
                                               rhs_scales_differ,
                                               block_size_differs,
                                               observer_null,
                                               row_sums_null,
                                               bits_out_of_range,
                                               cache_full,
                                               variance_not_positive,
                                               window_empty,
                                               id_out_of_range,
                                               not_prepared};

/// One sentence, for people.
[[nodiscard]] constexpr const char* to_string(status s) noexcept {
    switch (s) {
        case status::ok: return "ok";
        case status::negative_extent: return "an extent is negative";
        case status::lhs_null: return "lhs has elements but a null pointer";
        case status::rhs_null: return "rhs has elements but a null pointer";
        case status::dst_null: return "dst has elements but a null pointer";
        case status::lhs_rows_differ: return "lhs must have m rows, as planned";
        case status::lhs_columns_differ: return "lhs must have k columns, as planned";
        case status::rhs_rows_differ: return "rhs must have k rows, as planned";
        case status::rhs_columns_differ: return "rhs must have n columns, as planned";
        case status::dst_rows_differ: return "dst must have m rows, as planned";
        case status::dst_columns_differ: return "dst must have n columns, as planned";
        case status::dst_overlaps_itself: return "dst's strides make two elements share memory";
        case status::dst_overlaps_lhs: return "dst overlaps lhs";
        case status::dst_overlaps_rhs: return "dst overlaps rhs";
        case status::k_exceeds_accumulator:
            return "k is so large that the accumulator's bound no longer excludes overflow";
        case status::workspace_too_small: return "the workspace is smaller than workspace_bytes says";
        case status::workspace_overlaps_operand: return "the workspace overlaps an operand";
        case status::arena_too_small: return "the arena is too small";
        case status::extents_differ: return "the extents of two views that must agree differ";
        case status::heads_do_not_divide_width: return "the number of heads does not divide the width";
        case status::parameter_missing: return "a parameter of the model is missing";
        case status::parameter_shape_differs: return "a parameter of the model has another shape";
        case status::parameter_not_finite: return "a parameter of the model is NaN or infinite";
        case status::value_not_finite:
            return "a tensor to be quantized holds NaN or infinity, for which the format has no code";
        case status::scale_not_positive: return "a scale is not a positive finite number";
        case status::bias_exceeds_accumulator: return "a bias leaves no room for the sum in the accumulator";
        case status::archive_too_short: return "the archive ends before the model's parameters do";
        case status::random_bits_out_of_range: return "stochastic rounding takes 1 to 32 random bits";
        case status::block_incomplete: return "the bytes of src do not make whole blocks";
        case status::code_invalid: return "src holds a code that its layout does not have";
        case status::planes_out_of_range: return "the number of bit planes to read is not 1 to the format's width";
        case status::dst_overlaps_src: return "dst overlaps src, and is not the same memory";
        case status::src_null: return "src has elements but a null pointer";
        case status::scales_null: return "a quantized view has elements but a null pointer to its scales";
        case status::zero_points_null: return "a quantized view has elements but a null pointer to its zero points";
        case status::tile_not_positive: return "the tile of a scale map must have at least one row and one column";
        case status::scales_overlap_themselves: return "a scale map's strides make two tiles share a scale";
        case status::scales_overlap_operand: return "the scales overlap the numbers or their codes";
        case status::block_count_differs:
            return "the number of blocks must be the number of elements over the block's size, rounded up";
        case status::tensor_scale_null: return "the tensor's scale is to be stored through a null pointer";
        case status::row_too_long: return "a row has more elements than its sums have room for";
        case status::unit_out_of_range: return "the code of 1 is not 1 to one more than the largest code";
        case status::mask_null: return "the mask has elements but a null pointer";
        case status::dst_overlaps_mask: return "dst overlaps the mask";
        case status::parameter_out_of_range:
            return "a gain, an offset, a bound or epsilon is beyond the integers of the plan";
        case status::table_memory_differs: return "the memory for a table is not the elements it needs, in a row";
        case status::table_missing: return "a table is used before it is filled";
        case status::width_odd: return "the width of a rotation is not a positive even number of elements";
        case status::position_out_of_range: return "a position lies outside the table of rotations";
        case status::elements_too_few: return "more of the largest elements are asked for than a row has";
        case status::factor_out_of_range: return "the factor of a softmax is not a number from 2^-64 to 2^64";
        case status::scale_unsupported: return "the published arithmetic has no parameters for this scale";
        case status::parameters_not_usable:
            return "a published function's parameters are not set, or not from a scale that it can hold";
        case status::tensor_scale_not_positive: return "the scale of the tensor is not a positive finite number";
        case status::scales_differ: return "two quantized views that must agree differ in their tiles or tensor scales";
        case status::rule_needs_zero_points: return "scale_rule::min_max needs a view with zero points";
        case status::tensor_scale_not_one: return "the scale of the tensor must be 1 here";
        case status::tiles_do_not_nest: return "a tile of dst must lie within one tile of each operand";
        case status::exponent_out_of_range: return "dst's exponents do not reach the result's";
        case status::product_does_not_fit: return "a product of two lowest numbers needs one bit more than dst has";
        case status::headroom_exceeded: return "a number is larger than the stated headroom allows";
        case status::scale_out_of_range: return "a group's scale is beyond the largest value of its format";
        case status::rhs_packed_differently:
            return "the packed rhs was made for other extents, another kernel or another version";
        case status::rhs_packed_too_short: return "the packed rhs has fewer bytes than its header says";
        case status::packed_memory_too_small:
            return "the memory for a packed operand is smaller than packed_bytes says, or not 64-byte aligned";
        case status::kernel_extent_not_positive: return "the extents of a convolution kernel must be positive";
        case status::step_not_positive: return "the stride of a convolution must be positive";
        case status::padding_negative: return "the padding of a convolution is negative";
        case status::dilation_not_positive: return "the dilation of a convolution must be positive";
        case status::groups_do_not_divide:
            return "the number of groups must divide the channels of the input and of the output";
        case status::batch_extents_differ:
            return "the number of matrices in a batch must be the same for lhs, rhs and dst";
        case status::bias_null: return "the bias has elements but a null pointer";
        case status::residual_differs: return "the residual input must have the shape of dst";
        case status::residual_null: return "the residual input has elements but a null pointer";
        case status::lhs_scales_differ:
            return "the scales of lhs do not have the extents of its tiles, or their tile is not one row high";
        case status::rhs_scales_differ:
            return "the scales of rhs do not have the extents of its tiles, or their tile is not one column wide";
        case status::block_size_differs:
            return "the blocks of scales of lhs and rhs do not begin and end at the same k";
        case status::observer_null: return "the observer of largest magnitudes has a null pointer";
        case status::row_sums_null: return "zero points need sums of rows or columns, whose pointer is null";
        case status::bits_out_of_range: return "a number of bits is not in the range that the product takes";
        case status::cache_full: return "a cache of keys and values has no room for the new tokens";
        case status::variance_not_positive: return "a variance and epsilon together are not a positive finite number";
        case status::window_empty: return "a window of a pooling may lie wholly in the padding";
        case status::id_out_of_range: return "an id is not a row of the table that it is looked up in";
        case status::not_prepared:
            return "the layer has no parameters: prepare or visit comes first, and must end well";
    }
    return "unknown status";
}

}  // namespace dyad::inline v1
