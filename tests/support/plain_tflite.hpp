// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite's int8 contract in plain integer loops: what the layers must equal. Written from the published
// formulas alone; of the library it uses nothing but the example's reader of files.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "../../examples/keyword_spotting/graph.hpp"

namespace plain_tflite {

enum class rounds : std::uint8_t { twice, once };

/// QuantizeMultiplier: value = m * 2^(e - 31).
struct fraction {
    std::int64_t m = 0;
    int e = 0;
};
inline fraction quantize_multiplier(double value) {
    int e = 0;
    const double q = std::frexp(value, &e);
    auto m = static_cast<std::int64_t>(std::round(q * 0x1p31));
    if (m == std::int64_t{1} << 31) m /= 2, ++e;
    if (e < -31) return {0, 0};
    return {m, e};
}

/// SaturatingRoundingDoublingHighMul and RoundingDivideByPOT.
inline std::int64_t doubling_high(std::int64_t a, std::int64_t b) {
    if (a == b && a == std::numeric_limits<std::int32_t>::min()) return std::numeric_limits<std::int32_t>::max();
    const std::int64_t product = a * b;
    const std::int64_t nudge = product >= 0 ? std::int64_t{1} << 30 : 1 - (std::int64_t{1} << 30);
    return (product + nudge) / (std::int64_t{1} << 31);
}
inline std::int64_t divide(std::int64_t x, int exponent) {
    const std::int64_t mask = (std::int64_t{1} << exponent) - 1;
    const std::int64_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> exponent) + ((x & mask) > threshold ? 1 : 0);
}
/// MultiplyByQuantizedMultiplier.
inline std::int64_t multiply(std::int64_t x, const fraction& f, rounds how) {
    if (how == rounds::once) return (x * f.m + (std::int64_t{1} << (30 - f.e))) >> (31 - f.e);
    return divide(doubling_high(x * (std::int64_t{1} << std::max(f.e, 0)), f.m), std::max(-f.e, 0));
}

struct interval {
    std::int64_t low = -128;
    std::int64_t high = 127;
};
inline interval activation_range(keyword_spotting::fused f, float scale, std::int32_t zero) {
    using keyword_spotting::fused;
    const auto code = [&](float v) { return zero + static_cast<std::int64_t>(std::round(v / scale)); };
    interval r;
    if (f == fused::relu || f == fused::relu6) r.low = std::max(r.low, code(0.0f));
    if (f == fused::relu6) r.high = std::min(r.high, code(6.0f));
    if (f == fused::relu_n1_to_1) r = {std::max(r.low, code(-1.0f)), std::min(r.high, code(1.0f))};
    return r;
}

/// e^x of gemmlowp with five integer bits, and 1 / (1 + x) with none.
inline std::int64_t exp_negative(std::int64_t a) {
    if (a == 0) return std::numeric_limits<std::int32_t>::max();
    const std::int64_t quarter = std::int64_t{1} << 24;
    const std::int64_t below = (a & (quarter - 1)) - quarter;
    const std::int64_t rest = below - a;
    const std::int64_t x = below * 32 + (std::int64_t{1} << 28);
    const std::int64_t x2 = doubling_high(x, x);
    const std::int64_t x3 = doubling_high(x2, x);
    const std::int64_t x4 = doubling_high(x2, x2);
    const std::int64_t tail = divide(doubling_high(divide(x4, 2) + x3, 715827883) + x2, 1);
    std::int64_t y = 1895147668 + doubling_high(1895147668, x + tail);
    constexpr std::int64_t barrel[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    for (int i = 0; i < 7; ++i) {
        if ((rest >> (24 + i) & 1) != 0) y = doubling_high(y, barrel[i]);
    }
    return y;
}
inline std::int64_t one_over_one_plus(std::int64_t a) {
    const std::int64_t half = (a + std::numeric_limits<std::int32_t>::max() + 1) / 2;
    std::int64_t x = 1515870810 + doubling_high(half, -1010580540);
    for (int i = 0; i < 3; ++i) x += doubling_high(x, (std::int64_t{1} << 29) - doubling_high(half, x)) * 4;
    return std::min<std::int64_t>(x * 2, std::numeric_limits<std::int32_t>::max());
}

inline std::vector<std::int8_t> softmax(const std::vector<std::int8_t>& x, float scale, rounds how) {
    const double cap = how == rounds::once ? 0x1p30 - 1 : 0x1p31 - 1;
    const fraction f = quantize_multiplier(std::min(static_cast<double>(scale) * 0x1p26, cap));
    const auto least = -static_cast<std::int64_t>(std::floor(31.0 * 0x1p26 / std::ldexp(1.0, f.e)));
    const std::int64_t max = *std::max_element(x.begin(), x.end());
    std::vector<std::int64_t> e;
    std::int64_t sum = 0;
    for (const std::int64_t code : x) {
        const std::int64_t d = code - max;
        e.push_back(d >= least ? exp_negative(multiply(d, f, how)) : 0);
        sum += divide(e.back(), 12);
    }
    int zeros = 0;
    while ((sum << zeros & std::int64_t{1} << 31) == 0) ++zeros;
    const std::int64_t r = one_over_one_plus((sum << zeros) - (std::int64_t{1} << 31));
    std::vector<std::int8_t> y;
    for (const std::int64_t term : e) {
        const std::int64_t code = divide(doubling_high(r, term), 12 - zeros + 31 - 8) - 128;
        y.push_back(static_cast<std::int8_t>(std::clamp<std::int64_t>(code, -128, 127)));
    }
    return y;
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
