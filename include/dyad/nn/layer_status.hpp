// SPDX-License-Identifier: Apache-2.0
// What layers answer: a status, with the layer and the operand that it is about: "conv2d, weight: a parameter of the
// model has another shape". The innermost layer names itself; those around it hand its answer on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <dyad/array/status.hpp>

namespace dyad::inline v1::nn {

enum class layer_kind : std::uint8_t {
    none,
    linear,
    conv2d,
    depthwise_conv2d,
    max_pool2d,
    average_pool2d,
    embedding,
    activation,
    softmax,
    layer_norm,
    rms_norm,
    l1_norm,
    attention,
    key_value_cache,
    rotary,
    mlp,
    gated_mlp,
    residual,
    add_constant,
    mean_rows,
    transformer_block,
    lstm,
    sequential,
    graph,
    batch_norm
};
enum class operand_kind : std::uint8_t {
    none,
    input,
    weight,
    bias,
    output,
    state,
    mask,
    memory,
    input_scale,
    weight_scale,
    output_scale,
    gain,
    offset,
    geometry,
    residual,
    position
};

[[nodiscard]] constexpr const char* to_string(layer_kind layer) noexcept {
    constexpr const char* names[] = {"",
                                     "linear",
                                     "conv2d",
                                     "depthwise_conv2d",
                                     "max_pool2d",
                                     "average_pool2d",
                                     "embedding",
                                     "activation",
                                     "softmax",
                                     "layer_norm",
                                     "rms_norm",
                                     "l1_norm",
                                     "attention",
                                     "key_value_cache",
                                     "rotary",
                                     "mlp",
                                     "gated_mlp",
                                     "residual",
                                     "add_constant",
                                     "mean_rows",
                                     "transformer_block",
                                     "lstm",
                                     "sequential",
                                     "graph",
                                     "batch_norm"};
    static_assert(sizeof names / sizeof *names == static_cast<std::size_t>(layer_kind::batch_norm) + 1);
    return names[static_cast<std::size_t>(layer)];
}
[[nodiscard]] constexpr const char* to_string(operand_kind operand) noexcept {
    constexpr const char* names[] = {"",       "input",    "weight",      "bias",         "output",       "state",
                                     "mask",   "memory",   "input scale", "weight scale", "output scale", "gain",
                                     "offset", "geometry", "residual",    "position"};
    static_assert(sizeof names / sizeof *names == static_cast<std::size_t>(operand_kind::position) + 1);
    return names[static_cast<std::size_t>(operand)];
}

/// Which operand of a layer a status of products, row functions and preparation is about, as far as it says so.
[[nodiscard]] constexpr operand_kind operand_of(status s) noexcept {
    switch (s) {
        case status::lhs_null:
        case status::lhs_rows_differ:
        case status::lhs_columns_differ:
        case status::lhs_scales_differ:
        case status::src_null:
        case status::value_not_finite: return operand_kind::input;
        case status::rhs_null:
        case status::rhs_rows_differ:
        case status::rhs_columns_differ:
        case status::rhs_scales_differ:
        case status::rhs_packed_differently:
        case status::rhs_packed_too_short:
        case status::k_exceeds_accumulator:
        case status::parameter_missing:
        case status::parameter_shape_differs:
        case status::parameter_not_finite:
        case status::not_prepared: return operand_kind::weight;
        case status::dst_null:
        case status::dst_rows_differ:
        case status::dst_columns_differ:
        case status::dst_overlaps_itself:
        case status::dst_overlaps_lhs:
        case status::dst_overlaps_rhs:
        case status::dst_overlaps_src:
        case status::dst_overlaps_mask: return operand_kind::output;
        case status::bias_null:
        case status::bias_exceeds_accumulator: return operand_kind::bias;
        case status::arena_too_small:
        case status::archive_too_short:
        case status::workspace_too_small:
        case status::workspace_overlaps_operand:
        case status::packed_memory_too_small: return operand_kind::memory;
        case status::mask_null: return operand_kind::mask;
        case status::residual_null:
        case status::residual_differs: return operand_kind::residual;
        case status::position_out_of_range: return operand_kind::position;
        case status::negative_extent:
        case status::heads_do_not_divide_width:
        case status::kernel_extent_not_positive:
        case status::step_not_positive:
        case status::padding_negative:
        case status::dilation_not_positive:
        case status::groups_do_not_divide: return operand_kind::geometry;
        default: return operand_kind::none;
    }
}

/// A status, and where it arose. Compares with plain ones, and becomes one: code that asks no more needs not know it.
class [[nodiscard]] layer_status {
public:
    constexpr layer_status(status s = status::ok) noexcept : code_(s) {}
    constexpr layer_status(status s, layer_kind layer, operand_kind operand) noexcept
        : code_(s), layer_(layer), operand_(operand) {}

    constexpr operator status() const noexcept { return code_; }
    [[nodiscard]] constexpr dyad::status code() const noexcept { return code_; }
    [[nodiscard]] constexpr layer_kind layer() const noexcept { return layer_; }
    [[nodiscard]] constexpr operand_kind operand() const noexcept { return operand_; }

    friend constexpr bool operator==(const layer_status&, const layer_status&) noexcept = default;
    friend constexpr bool operator==(const layer_status& a, status b) noexcept { return a.code_ == b; }

private:
    status code_ = status::ok;
    layer_kind layer_ = layer_kind::none;
    operand_kind operand_ = operand_kind::none;
};

/// The answer of a layer: ok stays ok, and what names a layer already stays as it is.
[[nodiscard]] constexpr layer_status in_layer(layer_kind layer, operand_kind operand, const layer_status& s) noexcept {
    const bool named = s.layer() != layer_kind::none;
    return s == status::ok || named ? s : layer_status{s.code(), layer, operand};
}
[[nodiscard]] constexpr layer_status in_layer(layer_kind layer, const layer_status& s) noexcept {
    return in_layer(layer, s.operand() != operand_kind::none ? s.operand() : operand_of(s.code()), s);
}

/// Has a layer its parameters? Their memory holds anything until `prepare` or `visit` has ended well.
class readiness {
public:
    /// The answer of `prepare` or `visit`, handed on.
    template <class Status>
    [[nodiscard]] constexpr Status ended(const Status& s) noexcept {
        ready_ = s == status::ok;
        return s;
    }
    constexpr void forget() noexcept { ready_ = false; }
    [[nodiscard]] constexpr explicit operator bool() const noexcept { return ready_; }

private:
    bool ready_ = false;
};

/// A sentence without allocation, cut at 199 characters.
class status_text {
public:
    constexpr void append(std::string_view s) noexcept {
        for (const char c : s) {
            if (size_ < sizeof(text_) - 1) text_[size_++] = c;
        }
    }
    [[nodiscard]] constexpr const char* c_str() const noexcept { return text_; }
    [[nodiscard]] constexpr std::string_view text() const noexcept { return {text_, size_}; }

private:
    char text_[200] = {};
    std::size_t size_ = 0;
};

/// "linear, input: lhs must have k columns, as planned".
[[nodiscard]] constexpr status_text to_string(const layer_status& s) noexcept {
    status_text text;
    if (s.layer() != layer_kind::none) {
        text.append(to_string(s.layer()));
        if (s.operand() != operand_kind::none) {
            text.append(", ");
            text.append(to_string(s.operand()));
        }
        text.append(": ");
    }
    text.append(to_string(s.code()));
    return text;
}

}  // namespace dyad::inline v1::nn
