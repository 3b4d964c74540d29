// SPDX-License-Identifier: Apache-2.0
// Convolutions for tests: images in every layout, the definition by a padded copy, executors.
#pragma once

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <dyad/linalg/conv2d.hpp>
#include <dyad/linalg/epilogue.hpp>

namespace dyad_test {

using dyad::index;

enum class image_layout { nhwc, nchw, gaps, backwards, one_image };

/// Memory, and a view of four extents in it.
template <class T>
struct image {
    std::vector<T> memory;
    index offset = 0;
    std::array<index, 4> extent{};
    std::array<index, 4> stride{};

    image(std::array<index, 4> extents, image_layout l) : extent(extents) {
        const auto [n, h, w, c] = extents;
        switch (l) {
            case image_layout::nhwc: stride = {h * w * c, w * c, c, 1}; break;
            case image_layout::nchw: stride = {c * h * w, w, 1, h * w}; break;
            case image_layout::gaps: stride = {(h + 1) * (w + 2) * (c + 3), (w + 2) * (c + 3), c + 3, 1}; break;
            case image_layout::backwards: stride = {-(h * w * c * 2), -2 * w, -2, 2 * h * w}; break;
            case image_layout::one_image: stride = {0, w * c, c, 1}; break;
        }
        index reach = 1;
        for (std::size_t r = 0; r < 4; ++r) {
            const index last = extent[r] == 0 ? 0 : (extent[r] - 1) * stride[r];
            reach += last < 0 ? -last : last;
            offset += last < 0 ? -last : 0;
        }
        memory.resize(static_cast<std::size_t>(reach));
    }
    [[nodiscard]] dyad::image_view<T> view() { return {memory.data() + offset, extent, stride}; }
    [[nodiscard]] dyad::image_view<const T> view() const { return {memory.data() + offset, extent, stride}; }
};

/// Random numbers, extreme ones among them; floats without NaN and infinity, near 1.
template <class T>
T random_code(std::mt19937_64& random) {
    if constexpr (requires { T::max_raw; }) {
        if (random() % 8 == 0) return T::from_raw(random() % 2 == 0 ? T::max_raw : T::min_raw);
        const auto bits = random() & dyad::low_mask<std::uint64_t>(T::width);
        return T::from_bits(static_cast<typename T::bits_type>(bits));
    } else {
        const double x = static_cast<double>(static_cast<std::int64_t>(random()) >> 11) * 0x1p-52;
        return dyad::convert<T>(std::ldexp(x, static_cast<int>(random() % 7)), dyad::rounding::nearest_even,
                                dyad::saturation::finite);
    }
}

/// Each of `tasks` workers has its share of the indices, the last first: one after the other.
struct shuffled_tasks {
    index tasks = 1;
    void operator()(index n, const std::function<void(index)>& task) const {
        for (index worker = tasks - 1; worker >= 0; --worker)
            for (index i = n - 1; i >= 0; --i)
                if (i % tasks == worker) task(i);
    }
};

// --- the definition ---

template <class T>
double exact_value(T x) {
    if constexpr (requires { x.raw(); }) return static_cast<double>(x.raw());
    else return dyad::convert<double>(x);
}
enum class sum_order { exact, bf16, f32 };

/// Products of exact numbers in the order that the library documents.
template <class Sum>
Sum ordered_sum(sum_order order, const std::vector<double>& lhs, const std::vector<double>& rhs) {
    if (order == sum_order::exact) {
        std::int64_t total = 0;
        for (std::size_t i = 0; i < lhs.size(); ++i)
            total += static_cast<std::int64_t>(lhs[i]) * static_cast<std::int64_t>(rhs[i]);
        return static_cast<Sum>(total);
    }
    float total = 0;
    float chains[2] = {0, 0};
    for (std::size_t i = 0; i < lhs.size(); ++i) {
        const auto x = static_cast<float>(lhs[i]);
        const auto y = static_cast<float>(rhs[i]);
        if (order == sum_order::f32) total = std::fma(x, y, total);
        else chains[i % 2] = std::fma(x, y, chains[i % 2]);
        if (order == sum_order::f32 || (i % 32 != 31 && i + 1 != lhs.size())) continue;
        total += chains[0] + chains[1];
        chains[0] = chains[1] = 0;
    }
    return static_cast<Sum>(total);
}

/// Output (b, oy, ox, o) from a copy of the image with a border of padding.
template <class Sum, class In, class Weight>
std::vector<Sum> convolve(sum_order order, const dyad::conv2d_shape& s, const image<In>& input,
                          const image<Weight>& weights, In padding) {
    const index height = s.height + s.padding_top + s.padding_bottom;
    const index width = s.width + s.padding_left + s.padding_right;
    const index in_group = s.channels / s.groups;
    const index out_group = s.out_channels / s.groups;
    std::vector<Sum> all;
    for (index b = 0; b < s.batch; ++b) {
        std::vector<double> bordered(static_cast<std::size_t>(height * width * s.channels), exact_value(padding));
        const auto at = [&](index y, index x, index c) -> double& {
            return bordered[static_cast<std::size_t>((y * width + x) * s.channels + c)];
        };
        for (index y = 0; y < s.height; ++y)
            for (index x = 0; x < s.width; ++x)
                for (index c = 0; c < s.channels; ++c)
                    at(s.padding_top + y, s.padding_left + x, c) = exact_value(input.view()(b, y, x, c));
        const index reach_down = (s.kernel_height - 1) * s.dilation_down;
        const index reach_across = (s.kernel_width - 1) * s.dilation_across;
        for (index y = 0; y + reach_down < height; y += s.step_down) {
            for (index x = 0; x + reach_across < width; x += s.step_across) {
                for (index o = 0; o < s.out_channels; ++o) {
                    std::vector<double> lhs;
                    std::vector<double> rhs;
                    for (index ky = 0; ky < s.kernel_height; ++ky)
                        for (index kx = 0; kx < s.kernel_width; ++kx)
                            for (index c = 0; c < in_group; ++c) {
                                lhs.push_back(at(y + ky * s.dilation_down, x + kx * s.dilation_across,
                                                 o / out_group * in_group + c));
                                rhs.push_back(exact_value(weights.view()(o, ky, kx, c)));
                            }
                    all.push_back(ordered_sum<Sum>(order, lhs, rhs));
                }
            }
        }
    }
    return all;
}

/// One pair of formats: shapes, layouts, instruction sets, tasks.
template <class In, class Weight, class Accumulator>
class convolution_check {
public:
    using plan_type = dyad::conv2d_plan<In, Weight, Accumulator>;
    using sum_type = typename plan_type::sum_type;

    convolution_check(std::string name, sum_order order) : order_(order), cases_(name), name_(std::move(name)) {}

    /// All instruction sets; packed weights on every other call.
    void check(const dyad::conv2d_shape& s, std::array<image_layout, 3> layouts, index tasks, In padding = {}) {
        image<In> input({s.batch, s.height, s.width, s.channels}, layouts[0]);
        image<Weight> weights({s.out_channels, s.kernel_height, s.kernel_width, s.group_channels()}, layouts[1]);
        for (In& x : input.memory) x = random_code<In>(random_);
        for (Weight& x : weights.memory) x = random_code<Weight>(random_);
        const auto expected = convolve<sum_type>(order_, s, input, weights, padding);
        image<sum_type> dst({s.batch, s.out_height(), s.out_width(), s.out_channels}, layouts[2]);
        dyad::conv2d_plain<Accumulator>(s, std::as_const(input).view(), std::as_const(weights).view(), padding,
                                        dst.view(), dyad::keep_sum{});
        compare(dst, expected, s, "plain loops");
        for (const auto isa : instruction_sets_) {
            plan_type plan;
            REQUIRE(plan_type::make(s, {.padding = padding, .cap = isa}, plan) == dyad::status::ok);
            std::fill(dst.memory.begin(), dst.memory.end(), sum_type{77});
            const auto call = [&](const auto& w, std::size_t bytes, const auto& epilogue) {
                // Not aligned, and not a byte more than asked for.
                std::vector<std::byte> workspace(bytes + 3, std::byte{0xa5});
                return plan.run(std::as_const(input).view(), w, dst.view(), epilogue, std::span(workspace).subspan(3),
                                shuffled_tasks{tasks});
            };
            // An epilogue that gets wrong places shows in the sums.
            const auto epilogue = [&](sum_type sum, index row, index column) {
                const bool right = row >= 0 && row < s.pixels() && column >= 0 && column < s.out_channels;
                const auto place = static_cast<std::size_t>(row * s.out_channels + column);
                return right && equal_bits(sum, expected[place]) ? sum : sum_type{55};
            };
            const bool ahead = ++calls_ % 2 != 0;
            if constexpr (requires { plan.pack(std::as_const(weights).view(), std::span<std::byte>{}); }) {
                if (ahead) {
                    std::vector<std::byte> memory(plan.packed_bytes() + 64);
                    const auto skew = (0 - reinterpret_cast<std::uintptr_t>(memory.data())) % 64;
                    const auto packed = std::span(memory).subspan(skew, plan.packed_bytes());
                    REQUIRE(plan.pack(std::as_const(weights).view(), packed, shuffled_tasks{tasks}) ==
                            dyad::status::ok);
                    REQUIRE(call(dyad::packed_operand{packed}, plan.packed_workspace_bytes(), epilogue) ==
                            dyad::status::ok);
                    compare(dst, expected, s, to_string(isa));
                    continue;
                }
            }
            REQUIRE(call(std::as_const(weights).view(), plan.workspace_bytes(), dyad::keep_sum{}) == dyad::status::ok);
            compare(dst, expected, s, to_string(isa));
        }
    }
    [[nodiscard]] std::mt19937_64& random() { return random_; }

private:
    static bool equal_bits(sum_type x, sum_type y) {
        if constexpr (std::same_as<sum_type, float>)
            return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
        else return x == y;
    }
    void compare(image<sum_type>& dst, const std::vector<sum_type>& expected, const dyad::conv2d_shape& s,
                 const char* by) {
        cases_.check(static_cast<std::size_t>(dst.view().size()) == expected.size(), "extents of dst");
        std::size_t place = 0;
        for (index b = 0; b < dst.extent[0]; ++b)
            for (index y = 0; y < dst.extent[1]; ++y)
                for (index x = 0; x < dst.extent[2]; ++x)
                    for (index o = 0; o < dst.extent[3]; ++o) {
                        sum_type& got = dst.view()(b, y, x, o);
                        cases_.check(equal_bits(got, expected[place]), name_, " by ", by, ", image ", s.batch, " x ",
                                     s.height, " x ", s.width, " x ", s.channels, " to ", s.out_channels, ", kernel ",
                                     s.kernel_height, " x ", s.kernel_width, ", step ", s.step_down, " ", s.step_across,
                                     ", dilation ", s.dilation_down, " ", s.dilation_across, ", padding ",
                                     s.padding_top, " ", s.padding_left, ", groups ", s.groups, ", at ", b, " ", y, " ",
                                     x, " ", o, ": ", got, ", expected ", expected[place]);
                        ++place;
                        got = sum_type{77};
                    }
        const bool clean = by == std::string("plain loops") ||
                           std::all_of(dst.memory.begin(), dst.memory.end(), [](sum_type v) { return v == 77; });
        cases_.check(clean, name_, " by ", by, ": gaps of dst");
    }

    sum_order order_;
    tally cases_;
    std::string name_;
    std::mt19937_64 random_{1};
    std::vector<dyad::instruction_set> instruction_sets_ = instruction_sets();
    int calls_ = 0;
};

inline constexpr std::array input_layouts{image_layout::nhwc, image_layout::nchw, image_layout::gaps,
                                          image_layout::backwards, image_layout::one_image};
inline constexpr std::array output_layouts{image_layout::nhwc, image_layout::nchw, image_layout::gaps,
                                           image_layout::backwards};

struct group_case {
    index channels;
    index out_channels;
    index groups;
};
/// One group, few, depthwise, depthwise with a multiplier, few channels in many groups.
inline constexpr std::array group_cases{group_case{3, 5, 1},  group_case{4, 6, 2},  group_case{5, 5, 5},
                                        group_case{6, 12, 6}, group_case{12, 8, 4}, group_case{8, 8, 4}};

/// Kernels of 1 to 7, layouts and groups at random.
template <class Check>
void random_shapes(Check& check, int rounds) {
    auto& random = check.random();
    const auto any = [&](index low, index high) {
        return low + static_cast<index>(random() % static_cast<std::uint64_t>(high - low + 1));
    };
    for (int round = 0; round < rounds; ++round) {
        const group_case g = round % 5 == 4   ? group_case{35, 35, 35}
                             : round % 7 == 5 ? group_case{33, 17, 1}
                                              : group_cases[random() % 6];
        const dyad::conv2d_shape s{.batch = any(0, 2),
                                   .height = any(1, 7),
                                   .width = any(1, 8),
                                   .channels = g.channels,
                                   .out_channels = g.out_channels,
                                   .kernel_height = round % 4 == 0 ? 1 : any(1, 7),
                                   .kernel_width = round % 4 == 0 ? 1 : any(1, 5),
                                   .step_down = any(1, 2),
                                   .step_across = any(1, 2),
                                   .padding_top = round % 8 == 0 ? 0 : any(0, 3),
                                   .padding_bottom = round % 8 == 0 ? 0 : any(0, 3),
                                   .padding_left = round % 8 == 0 ? 0 : any(0, 3),
                                   .padding_right = round % 8 == 0 ? 0 : any(0, 3),
                                   .dilation_down = any(1, 2),
                                   .dilation_across = any(1, 2),
                                   .groups = g.groups};
        check.check(s, {input_layouts[random() % 5], input_layouts[random() % 4], output_layouts[random() % 4]},
                    any(1, 8));
    }
}
template <class In, class Weight, class Accumulator>
void check_formats(const char* name, sum_order order) {
    convolution_check<In, Weight, Accumulator> check(name, order);
    random_shapes(check, 60);
}

}  // namespace dyad_test
