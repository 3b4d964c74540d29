// SPDX-License-Identifier: Apache-2.0
// Convolutions with few channels in a group, above all depthwise ones: across output channels, tap by tap
// (kernels/depthwise.hpp). Where a format is no carrier, channels do not lie side by side, or a group has more than one
// input or output, the image is first written as carriers with one channel for each output and channel of its group:
//   expanded(y, x, d, o) = carrier of input(y, x, o / outputs of a group * channels of a group + d).
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/array/executor.hpp>
#include <dyad/array/image_view.hpp>
#include <dyad/kernels/depthwise.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/linalg/conv2d_shape.hpp>
#include <dyad/linalg/emit.hpp>
#include <dyad/linalg/im2col.hpp>

namespace dyad::inline v1 {

/// Most taps (kernel rows * kernel columns * channels of a group), and most inputs or outputs of a group.
inline constexpr index depthwise_most_taps = 256;
inline constexpr index depthwise_widest_group = 4;
/// Channels of one panel of weights.
inline constexpr index depthwise_channels = largest_tile_columns;
static_assert(depthwise_channels % 32 == 0, "A panel of weights is whole blocks of every kernel's channels.");

/// Would groups be wasted on panels of a matrix product?
[[nodiscard]] constexpr bool suits_depthwise(const conv2d_shape& s) noexcept {
    return s.groups >= 4 && s.group_channels() >= 1 && s.group_channels() <= depthwise_widest_group &&
           s.group_outputs() <= depthwise_widest_group && s.depth() <= depthwise_most_taps;
}

/// L: carrier of the input; Sum: std::int32_t or float.
template <number In, number Weight, class L, class Sum>
class depthwise_convolution {
    static constexpr bool is_float = std::same_as<Sum, float>;
    using weight_type = std::conditional_t<is_float, float, std::int16_t>;
    using panel = depthwise_panel<weight_type>;
    static constexpr depthwise_order order = std::same_as<L, bfloat16> ? depthwise_order::bf16 : depthwise_order::f32;

public:
    depthwise_convolution(const conv2d_shape& shape, instruction_set isa) noexcept
        : s_(shape), isa_(isa), outputs_(shape.group_outputs()) {}

    /// Panels of weights of all channels.
    [[nodiscard]] std::size_t weight_bytes() const noexcept {
        return saturating_product(static_cast<std::size_t>(panels()),
                                  static_cast<std::size_t>(panel::bytes(isa_, s_.depth(), depthwise_channels)));
    }
    /// Of one expanded image, where the input is not used as it lies: see is_direct.
    [[nodiscard]] std::size_t image_bytes() const noexcept {
        const std::size_t pixels =
            saturating_product(static_cast<std::size_t>(s_.height), static_cast<std::size_t>(s_.width));
        const std::size_t bytes = saturating_product(pixels, static_cast<std::size_t>(pixel_length()) * sizeof(L));
        return saturating_sum(bytes, 63) / 64 * 64;
    }
    [[nodiscard]] bool is_direct(image_view<const In> input) const noexcept {
        return is_carrier<In, L>() && s_.group_channels() == 1 && s_.group_outputs() == 1 && input.stride[3] == 1;
    }

    void pack(image_view<const Weight> weights, std::byte* to) const noexcept {
        const index bytes = panel::bytes(isa_, s_.depth(), depthwise_channels);
        for (index p = 0; p < panels(); ++p, to += bytes) {
            const index first = p * depthwise_channels;
            const auto weight_at = [&](index t, index c) {
                const index tap = t / s_.group_channels();
                const Weight w =
                    weights(first + c, tap / s_.kernel_width, tap % s_.kernel_width, t % s_.group_channels());
                return carrier_value<weight_type>(w);
            };
            panel::pack(isa_, weight_at, s_.depth(), count_of(p), to);
        }
    }

    /// All output pixels. `image`: room for image_bytes() unless is_direct.
    template <class Finish, class D, class Epilogue, executor Executor>
    void run(image_view<const In> input, In padding, const std::byte* weights, std::byte* image, image_view<D> dst,
             const Epilogue& epilogue, const Finish& finish, Executor& execute) const noexcept {
        const L pad = carrier_value<L>(padding);
        const index down = s_.out_height();
        if (is_direct(input)) {
            const auto* const from = reinterpret_cast<const L*>(input.data);
            execute(s_.batch * down, [&](index t) {
                const default_float_environment environment;
                const index b = t / down;
                run_row({from + b * input.stride[0], input.stride[1], input.stride[2]}, pad, weights, b, t % down, dst,
                        epilogue, finish);
            });
            return;
        }
        auto* const expanded = reinterpret_cast<L*>(image);
        for (index b = 0; b < s_.batch; ++b) {
            execute(s_.height, [&](index y) {
                const default_float_environment environment;
                expand(input, b, y, expanded + y * s_.width * pixel_length());
            });
            execute(down, [&](index y) {
                const default_float_environment environment;
                run_row({expanded, s_.width * pixel_length(), pixel_length()}, pad, weights, b, y, dst, epilogue,
                        finish);
            });
        }
    }

private:
    /// An image of carriers: pixel (y, x) begins at data + y * down + x * across.
    struct carriers {
        const L* data;
        index down;
        index across;
    };

    [[nodiscard]] index panels() const noexcept { return pieces_of(s_.out_channels, depthwise_channels); }
    /// Channels of one panel.
    [[nodiscard]] index count_of(index p) const noexcept {
        const index rest = s_.out_channels - p * depthwise_channels;
        return rest < depthwise_channels ? rest : depthwise_channels;
    }
    [[nodiscard]] index pixel_length() const noexcept { return s_.group_channels() * s_.out_channels; }

    void expand(image_view<const In> input, index b, index y, L* to) const noexcept {
        const In* const from = input.data + b * input.stride[0] + y * input.stride[1];
        const index outputs = s_.out_channels;
        if (s_.group_channels() == 1 && s_.group_outputs() == 1 && input.stride[3] == 1) {
            for (index x = 0; x < s_.width; ++x) carry(isa_, from + x * input.stride[2], 1, outputs, to + x * outputs);
            return;
        }
        // Along the shorter step of the input.
        if (input.stride[3] == 1) {
            for (index x = 0; x < s_.width; ++x) spread(from + x * input.stride[2], to + x * pixel_length());
        } else {
            for (index c = 0; c < s_.channels; ++c) {
                const index g = c / s_.group_channels();
                L* const first = to + c % s_.group_channels() * outputs + g * outputs_;
                for (index x = 0; x < s_.width; ++x)
                    repeat(from + x * input.stride[2] + c * input.stride[3], first + x * pixel_length());
            }
        }
    }
    /// One pixel.
    void spread(const In* from, L* to) const noexcept {
        const index inputs = s_.group_channels();
        for (index g = 0; g < s_.groups; ++g, to += outputs_) {
            for (index d = 0; d < inputs; ++d, ++from) repeat(from, to + d * s_.out_channels);
        }
    }
    /// One number for all outputs of its group.
    void repeat(const In* from, L* to) const noexcept {
        const L value = element(from);
        for (index i = 0; i < outputs_; ++i) to[i] = value;
    }
    [[nodiscard]] static L element(const In* x) noexcept {
        if constexpr (is_carrier<In, L>()) return *reinterpret_cast<const L*>(x);
        else if constexpr (fills_a_byte<In>) return carrier_table<In, L>[*reinterpret_cast<const std::uint8_t*>(x)];
        else return carrier_value<L>(*x);
    }

    template <class Finish, class D, class Epilogue>
    [[gnu::noinline]] void run_row(carriers image, L pad, const std::byte* weights, index b, index oy,
                                   image_view<D> dst, const Epilogue& epilogue, const Finish& finish) const noexcept {
        constexpr bool keeps = std::same_as<D, Sum> && std::same_as<Epilogue, keep_sum> &&
                               std::same_as<std::invoke_result_t<Finish, Sum>, Sum> && !std::same_as<Finish, in_units>;
        const index taps = s_.depth();
        const index bytes = panel::bytes(isa_, taps, depthwise_channels);
        L outside[depthwise_channels];
        for (L& x : outside) x = pad;
        const L* at[depthwise_most_taps];
        alignas(64) Sum sums[depthwise_channels];
        const index width = s_.out_width();
        const auto interior = interior_columns(oy);
        for (index p = 0; p < panels(); ++p) {
            const index first = p * depthwise_channels;
            const index count = count_of(p);
            for (index ox = 0; ox < width; ++ox) {
                if (ox > interior.first && ox < interior.last) {
                    for (index t = 0; t < taps; ++t) at[t] += s_.step_across * image.across;
                } else {
                    find_taps(image, outside, oy, ox, first, at);
                }
                D* const to = &dst(b, oy, ox, first);
                if constexpr (keeps) {
                    if (dst.stride[3] == 1) {
                        multiply(at, taps, weights + p * bytes, count, to);
                        continue;
                    }
                }
                multiply(at, taps, weights + p * bytes, count, sums);
                const index pixel = (b * s_.out_height() + oy) * width + ox;
                emit_row(isa_, static_cast<const Sum*>(sums), finish, epilogue, pixel, first, count, to, dst.stride[3]);
            }
        }
    }
    struct columns {
        index first;
        index last;
    };
    /// Output columns first <= ox < last whose taps all lie in the image, in a row whose taps do; else none.
    [[nodiscard]] columns interior_columns(index oy) const noexcept {
        const index top = oy * s_.step_down - s_.padding_top;
        if (top < 0 || top + (s_.kernel_height - 1) * s_.dilation_down >= s_.height) return {0, 0};
        const index room = s_.width - 1 - (s_.kernel_width - 1) * s_.dilation_across + s_.padding_left;
        return {pieces_of(s_.padding_left, s_.step_across), room < 0 ? 0 : room / s_.step_across + 1};
    }
    void find_taps(carriers image, const L* outside, index oy, index ox, index first, const L** at) const noexcept {
        const index top = oy * s_.step_down - s_.padding_top;
        const index left = ox * s_.step_across - s_.padding_left;
        for (index ky = 0; ky < s_.kernel_height; ++ky) {
            const index y = top + ky * s_.dilation_down;
            for (index kx = 0; kx < s_.kernel_width; ++kx) {
                const index x = left + kx * s_.dilation_across;
                const bool inside = y >= 0 && y < s_.height && x >= 0 && x < s_.width;
                for (index d = 0; d < s_.group_channels(); ++d) {
                    *at++ =
                        inside ? image.data + y * image.down + x * image.across + d * s_.out_channels + first : outside;
                }
            }
        }
    }
    void multiply(const L* const* at, index taps, const std::byte* weights, index count, Sum* sums) const noexcept {
        if constexpr (is_float) depthwise_sums<order>(isa_, at, taps, weights, count, sums);
        else depthwise_sums(isa_, at, taps, weights, count, sums);
    }

    conv2d_shape s_;
    instruction_set isa_;
    index outputs_;  ///< of a group
};

}  // namespace dyad::inline v1
