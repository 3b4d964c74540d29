// SPDX-License-Identifier: Apache-2.0
// A network of the keyword-spotting example in plain loops: of the library and the example it uses nothing but the
// reader of files.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "../../examples/keyword_spotting/graph.hpp"
#include "support/plain_tflite.hpp"

namespace plain_tflite {

inline interval activation_range(keyword_spotting::fused f, float scale, std::int32_t zero) {
    using keyword_spotting::fused;
    constexpr float infinite = std::numeric_limits<float>::infinity();
    if (f == fused::relu) return activation_range(0.0f, infinite, scale, zero);
    if (f == fused::relu6) return activation_range(0.0f, 6.0f, scale, zero);
    if (f == fused::relu_n1_to_1) return activation_range(-1.0f, 1.0f, scale, zero);
    return {};
}

using codes = std::vector<std::int8_t>;

/// One operation of the graph on the codes of its first input.
inline codes run(const keyword_spotting::graph& g, const keyword_spotting::operation& o, const codes& in, rounds how) {
    using keyword_spotting::operator_kind;
    const auto& x = g.tensors[o.inputs[0]];
    const auto& y = g.tensors[o.output];
    codes out(y.size());
    if (o.kind == operator_kind::reshape) return in;
    if (o.kind == operator_kind::softmax) return softmax(in, x.scales[0], how);
    if (o.kind == operator_kind::average_pool_2d) {
        // The window is the whole image: VALID, strides as large.
        const auto channels = x.shape[3];
        const auto n = static_cast<std::int64_t>(x.shape[1] * x.shape[2]);
        for (std::size_t c = 0; c < channels; ++c) {
            std::int64_t sum = 0;
            for (std::size_t p = c; p < in.size(); p += channels) sum += in[p];
            out[c] = static_cast<std::int8_t>((sum > 0 ? sum + n / 2 : sum - n / 2) / n);
        }
        return out;
    }
    const auto& w = g.tensors[o.inputs[1]];
    const auto& b = g.tensors[o.inputs[2]];
    const interval range = activation_range(o.activation, y.scales[0], y.zero_point);
    const auto finish = [&](std::int64_t sum, std::size_t channel) {
        const bool per_tensor = w.scales.size() == 1;
        const float product = x.scales[0] * w.scales[0];
        const double m = per_tensor && o.kind == operator_kind::fully_connected
                             ? static_cast<double>(product) / static_cast<double>(y.scales[0])
                             : static_cast<double>(x.scales[0]) *
                                   static_cast<double>(w.scales[per_tensor ? 0 : channel]) /
                                   static_cast<double>(y.scales[0]);
        const std::int64_t code = multiply(sum + b.int32[channel], quantize_multiplier(m), how) + y.zero_point;
        return static_cast<std::int8_t>(std::clamp(code, range.low, range.high));
    };
    if (o.kind == operator_kind::fully_connected) {
        for (std::size_t j = 0; j < out.size(); ++j) {
            std::int64_t sum = 0;
            for (std::size_t k = 0; k < in.size(); ++k) sum += w.int8[j * in.size() + k] * (in[k] - x.zero_point);
            out[j] = finish(sum, j);
        }
        return out;
    }
    const auto at = [](const std::vector<std::size_t>& s, std::size_t i) { return static_cast<std::ptrdiff_t>(s[i]); };
    const bool depthwise = o.kind == operator_kind::depthwise_conv_2d;
    const std::ptrdiff_t height = at(x.shape, 1), width = at(x.shape, 2), channels = at(x.shape, 3);
    const std::ptrdiff_t out_height = at(y.shape, 1), out_width = at(y.shape, 2), outputs = at(y.shape, 3);
    const std::ptrdiff_t kernel_height = at(w.shape, 1), kernel_width = at(w.shape, 2);
    const auto stride_height = static_cast<std::ptrdiff_t>(o.stride[0]);
    const auto stride_width = static_cast<std::ptrdiff_t>(o.stride[1]);
    const auto before = [&](std::ptrdiff_t n, std::ptrdiff_t stride, std::ptrdiff_t kernel) {
        const std::ptrdiff_t total = ((n + stride - 1) / stride - 1) * stride + kernel - n;
        return o.padding == keyword_spotting::padding::same && total > 0 ? total / 2 : 0;
    };
    const std::ptrdiff_t top = before(height, stride_height, kernel_height);
    const std::ptrdiff_t left = before(width, stride_width, kernel_width);
    std::size_t next = 0;
    for (std::ptrdiff_t i = 0; i < out_height; ++i) {
        for (std::ptrdiff_t j = 0; j < out_width; ++j) {
            for (std::ptrdiff_t c = 0; c < outputs; ++c) {
                std::int64_t sum = 0;
                for (std::ptrdiff_t a = 0; a < kernel_height; ++a) {
                    for (std::ptrdiff_t d = 0; d < kernel_width; ++d) {
                        const std::ptrdiff_t r = i * stride_height + a - top, s = j * stride_width + d - left;
                        if (r < 0 || r >= height || s < 0 || s >= width) continue;
                        const std::int8_t* const pixel = in.data() + (r * width + s) * channels;
                        if (depthwise) {
                            sum += w.int8[static_cast<std::size_t>((a * kernel_width + d) * channels + c)] *
                                   (pixel[c] - x.zero_point);
                            continue;
                        }
                        const std::int8_t* const weights =
                            w.int8.data() + ((c * kernel_height + a) * kernel_width + d) * channels;
                        for (std::ptrdiff_t k = 0; k < channels; ++k) sum += weights[k] * (pixel[k] - x.zero_point);
                    }
                }
                out[next++] = finish(sum, static_cast<std::size_t>(c));
            }
        }
    }
    return out;
}

/// All tensors of a chain of operations, the input first.
inline std::vector<codes> run(const keyword_spotting::graph& g, const codes& input, rounds how) {
    std::vector<codes> all = {input};
    for (const auto& o : g.operations) all.push_back(run(g, o, all.back(), how));
    return all;
}

}  // namespace plain_tflite
