// SPDX-License-Identifier: Apache-2.0
// The input of a convolution as lines of a matrix product, without ever writing that matrix down:
//   line = output pixel (image, row, column in order), k = (kernel row, kernel column, channel of the group).
// Chellapilla, Puri, Simard, "High performance convolutional neural networks for document processing", IWFHR 2006.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/array/image_view.hpp>
#include <dyad/kernels/matrix_kernel.hpp>
#include <dyad/linalg/conv2d_shape.hpp>
#include <dyad/linalg/sources.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// Copies n bytes that do not overlap. Runs are short and many: a call of memcpy takes longer than most of them.
[[gnu::always_inline]] inline void copy_run(const void* from, std::size_t n, void* to) noexcept {
    const auto* const src = static_cast<const std::byte*>(from);
    auto* const dst = static_cast<std::byte*>(to);
    // Two pieces that may meet in the middle.
    if (n >= 16 && n <= 32) {
        __builtin_memcpy(dst, src, 16);
        __builtin_memcpy(dst + n - 16, src + n - 16, 16);
    } else if (n >= 8 && n < 16) {
        __builtin_memcpy(dst, src, 8);
        __builtin_memcpy(dst + n - 8, src + n - 8, 8);
    } else if (n < 8) {
        for (std::size_t i = 0; i < n; ++i) dst[i] = src[i];
    } else {
        __builtin_memcpy(dst, src, n);
    }
}
/// The carriers of n numbers, `stride` apart, one after the other.
template <class Carrier, number Format>
void carry(instruction_set isa, const Format* from, index stride, index n, Carrier* to) noexcept {
    if constexpr (is_carrier<Format, Carrier>()) {
        if (stride == 1) return copy_run(from, static_cast<std::size_t>(n) * sizeof(Carrier), to);
        for (index i = 0; i < n; ++i) to[i] = reinterpret_cast<const Carrier*>(from)[i * stride];
    } else {
        const plain_source<Format, Carrier> line({from, {1, n}, {0, stride}}, isa);
        static_cast<void>(line.read(0, 1, 0, n, to));
    }
}

/// A source of lines (linalg/product.hpp). `image` holds the channels of one group; what lies outside the image reads
/// as `padding`.
template <number Format, class Carrier>
class im2col_source {
public:
    using carrier_type = Carrier;

    im2col_source(const conv2d_shape& shape, image_view<const Format> image, Format padding,
                  instruction_set isa) noexcept
        : shape_(shape), image_(image), padding_(carrier_value<Carrier>(padding)), isa_(isa), count_(shape.pixels()) {
        const index channels = image.extent[3];
        // Neighbouring kernel columns lie side by side in memory: a kernel row is one run.
        rows_are_runs_ = shape.kernel_width == 1 ||
                         (shape.dilation_across == 1 && image.stride[3] == 1 && image.stride[2] == channels);
        const bool padded =
            shape.padding_top != 0 || shape.padding_bottom != 0 || shape.padding_left != 0 || shape.padding_right != 0;
        const bool apart = shape.dilation_down != 1 || shape.dilation_across != 1;
        if (padded || apart || shape.batch == 0) return;
        const bool dense_rows = image.stride[1] == image.extent[2] * image.stride[2];
        const bool dense_images = shape.batch == 1 || image.stride[0] == image.extent[1] * image.stride[1];
        if (shape.kernel_height == 1 && shape.kernel_width == 1 && shape.step_down == 1 && shape.step_across == 1 &&
            dense_rows && dense_images) {
            line_stride_ = image.stride[2];
            is_matrix_ = true;
        } else if (shape.kernel_height == shape.height && shape.kernel_width == shape.width && dense_rows &&
                   image.stride[2] == channels * image.stride[3]) {
            line_stride_ = image.stride[0];
            is_matrix_ = true;
        }
    }
    /// Weights as lines: output channels, k as above.
    [[nodiscard]] static im2col_source of_weights(image_view<const Format> weights, instruction_set isa) noexcept {
        const conv2d_shape whole{.batch = weights.extent[0],
                                 .height = weights.extent[1],
                                 .width = weights.extent[2],
                                 .channels = weights.extent[3],
                                 .kernel_height = weights.extent[1],
                                 .kernel_width = weights.extent[2]};
        return im2col_source(whole, weights, Format{}, isa);
    }
    /// `count` lines from `first` on, as a source of its own.
    [[nodiscard]] im2col_source part(index first, index count) const noexcept {
        im2col_source p = *this;
        p.first_ += first;
        p.count_ = count;
        return p;
    }

    [[nodiscard]] index lines() const noexcept { return count_; }
    [[nodiscard]] index depth() const noexcept { return shape_.depth(); }

    /// Lines first .. first + count - 1, k in [k0, k0 + k): in the image itself, or gathered in `buffer`.
    [[nodiscard]] lines_view<Carrier> read(index first, index count, index k0, index k,
                                           Carrier* buffer) const noexcept {
        if constexpr (is_carrier<Format, Carrier>()) {
            if (is_matrix_) {
                const Format* const from = image_.data + (first_ + first) * line_stride_ + k0 * image_.stride[3];
                return {reinterpret_cast<const Carrier*>(from), line_stride_, image_.stride[3]};
            }
        }
        for (index i = 0; i < count; ++i) gather(window_of(shape_, first_ + first + i), k0, k, buffer + i * k);
        return {buffer, k, 1};
    }

private:
    /// k in [k0, k0 + count) of one window.
    void gather(const conv2d_window& window, index k0, index count, Carrier* to) const noexcept {
        if (count == 0) return;
        const index row_length = shape_.kernel_width * image_.extent[3];
        index ky = k0 / row_length;
        index k = k0 % row_length;
        while (count > 0) {
            const index n = row_length - k < count ? row_length - k : count;
            const index y = window.top + ky * shape_.dilation_down;
            if (y < 0 || y >= image_.extent[1]) {
                pad(to, n);
            } else {
                const Format* const row = image_.data + window.image * image_.stride[0] + y * image_.stride[1];
                if (rows_are_runs_) gather_run(row, window.left, k, n, to);
                else gather_columns(row, window.left, k, n, to);
            }
            to += n;
            count -= n;
            k = 0;
            ++ky;
        }
    }
    /// (kernel column, channel) in [k, k + n) of a row of the image in which they are one run.
    void gather_run(const Format* row, index left, index k, index n, Carrier* to) const noexcept {
        const index channels = image_.extent[3];
        // k = first is column 0 of the image, k = last is behind its last column.
        const index first = clamp(-left, 0, shape_.kernel_width) * channels;
        const index last = clamp(image_.extent[2] - left, 0, shape_.kernel_width) * channels;
        const index before = clamp(first - k, 0, n);
        const index inside = clamp(last - k, before, n);
        pad(to, before);
        const index place = left * image_.stride[2] + (k + before) * image_.stride[3];
        if (inside > before) carry(isa_, row + place, image_.stride[3], inside - before, to + before);
        pad(to + inside, n - inside);
    }
    /// The same where each kernel column is a run of its own.
    void gather_columns(const Format* row, index left, index k, index n, Carrier* to) const noexcept {
        const index channels = image_.extent[3];
        index kx = k / channels;
        index c = k % channels;
        while (n > 0) {
            const index run = channels - c < n ? channels - c : n;
            const index x = left + kx * shape_.dilation_across;
            if (x < 0 || x >= image_.extent[2]) pad(to, run);
            else carry(isa_, row + x * image_.stride[2] + c * image_.stride[3], image_.stride[3], run, to);
            to += run;
            n -= run;
            c = 0;
            ++kx;
        }
    }
    void pad(Carrier* to, index n) const noexcept {
        for (index i = 0; i < n; ++i) to[i] = padding_;
    }
    [[nodiscard]] static constexpr index clamp(index x, index low, index high) noexcept {
        return x < low ? low : x > high ? high : x;
    }

    conv2d_shape shape_;
    image_view<const Format> image_;
    Carrier padding_;
    instruction_set isa_;
    index first_ = 0;
    index count_;
    index line_stride_ = 0;
    bool rows_are_runs_ = false;
    bool is_matrix_ = false;  ///< lines lie line_stride_ apart, their elements stride[3] apart
};

}  // namespace dyad::inline v1
