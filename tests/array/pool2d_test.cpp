// SPDX-License-Identifier: Apache-2.0
// Pooling against the plain loops of its definition: sizes, strides, paddings, layouts, every instruction set.
#include <dyad/array/pool2d.hpp>

#include <doctest/doctest.h>

#include <dyad/number/fixed.hpp>
#include <dyad/number/named_formats.hpp>

#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

namespace {

using dyad::image_view;
using dyad::index;
using dyad::status;
using dyad_test::tally;

template <class T>
T element(std::mt19937_64& random) {
    if constexpr (std::same_as<T, float>) {
        if (random() % 40 == 0) return std::bit_cast<float>(static_cast<std::uint32_t>(random()));
        if (random() % 10 == 0) return random() % 2 == 0 ? 0.0f : -0.0f;
        return std::bit_cast<float>(0x3f00'0000U | static_cast<std::uint32_t>(random() & 0x80ff'ffffU));
    } else {
        return T::from_bits(static_cast<typename T::bits_type>(random() & ((std::uint64_t{1} << T::width) - 1)));
    }
}
template <class T>
std::uint32_t pattern(T x) {
    if constexpr (std::same_as<T, float>) return std::bit_cast<std::uint32_t>(x);
    else return static_cast<std::uint32_t>(x.bits());
}

/// The elements of a window inside the image, row by row.
template <class T>
std::vector<T> window_of(const dyad::pool2d_window& w, image_view<const T> src, index b, index y, index x, index c) {
    std::vector<T> found;
    for (index i = 0; i < w.height; ++i) {
        for (index j = 0; j < w.width; ++j) {
            const index row = y * w.step_down - w.padding_top + i;
            const index column = x * w.step_across - w.padding_left + j;
            if (row >= 0 && row < src.extent[1] && column >= 0 && column < src.extent[2])
                found.push_back(src(b, row, column, c));
        }
    }
    return found;
}

float with_one_nan(float x) { return std::isnan(x) ? std::bit_cast<float>(0x7fc0'0000U) : x; }

template <class T>
T plain_max(const std::vector<T>& w, std::int32_t low, std::int32_t high) {
    if constexpr (dyad::pooled_by_codes<T>) {
        std::int32_t most = w[0].raw();
        for (const T x : w) most = std::max(most, std::int32_t{x.raw()});
        return T::saturating_from_raw(std::clamp(most, low, high));
    } else {
        float most = -HUGE_VALF;
        for (const T x : w) {
            const auto y = static_cast<float>(x);
            if (std::isnan(y)) return static_cast<T>(with_one_nan(y));
            if (y > most || (y == most && !std::signbit(y))) most = y;
        }
        return static_cast<T>(most);
    }
}
template <class T>
T plain_mean(const std::vector<T>& w, std::int32_t low, std::int32_t high) {
    if constexpr (dyad::pooled_by_codes<T>) {
        std::int64_t sum = 0;
        const auto n = static_cast<std::int64_t>(w.size());
        for (const T x : w) sum += x.raw();
        const auto mean = static_cast<std::int32_t>((sum > 0 ? sum + n / 2 : sum - n / 2) / n);
        return T::saturating_from_raw(std::clamp(mean, low, high));
    } else {
        auto sum = static_cast<float>(w[0]);
        for (std::size_t i = 1; i < w.size(); ++i) sum += static_cast<float>(w[i]);
        const float mean = with_one_nan(sum / static_cast<float>(w.size()));
        if constexpr (std::same_as<T, float>) return mean;
        else return dyad::convert<T>(mean, dyad::rounding::nearest_even, dyad::saturation::finite);
    }
}

template <class T, class Plan, class Right>
void check_plan(tally& cases, Plan plan, image_view<const T> src, bool planes, const Right& right) {
    static const auto sets = dyad_test::instruction_sets();
    const index h = plan.window.out_height(src.extent[1]);
    const index w = plan.window.out_width(src.extent[2]);
    const index n = src.extent[0] * h * w * src.extent[3];
    std::int32_t low = 0;
    std::int32_t high = 0;
    if constexpr (dyad::pooled_by_codes<T>) low = plan.range.low, high = plan.range.high;
    std::vector<T> memory(static_cast<std::size_t>(n) + 1);
    const auto dst = planes ? dyad::make_image_nchw(memory.data(), src.extent[0], h, w, src.extent[3])
                            : dyad::make_image_nhwc(memory.data(), src.extent[0], h, w, src.extent[3]);
    std::vector<T> expected(memory.size());
    for (index b = 0; b < src.extent[0]; ++b)
        for (index y = 0; y < h; ++y)
            for (index x = 0; x < w; ++x)
                for (index c = 0; c < src.extent[3]; ++c)
                    expected[static_cast<std::size_t>(&dst(b, y, x, c) - memory.data())] =
                        right(window_of(plan.window, src, b, y, x, c), low, high);
    for (const auto isa : sets) {
        std::fill(memory.begin(), memory.end(), T{});
        std::fesetround(h % 2 == 0 ? FE_UPWARD : FE_TONEAREST);
        const status s = plan.run(src, dst, {isa});
        std::fesetround(FE_TONEAREST);
        cases.check(s == status::ok, dyad::to_string(s));
        for (std::size_t i = 0; i < memory.size(); ++i)
            cases.check(pattern(memory[i]) == pattern(expected[i]), dyad::to_string(isa), " ", pattern(memory[i]),
                        " instead of ", pattern(expected[i]), " window ", plan.window.height, " x ", plan.window.width,
                        " channels ", src.extent[3]);
    }
}

template <class T>
void check_type(const char* name, int count) {
    tally cases(name);
    std::mt19937_64 random{9};
    const auto below = [&](index n) { return static_cast<index>(random() % static_cast<std::uint64_t>(n)); };
    constexpr index channels[] = {1, 3, 15, 16, 17, 64, 65, 80, 144};
    for (int i = 0; i < count; ++i) {
        dyad::pool2d_window w{1 + below(4), 1 + below(4), 1 + below(3), 1 + below(3)};
        w.padding_top = below(w.height), w.padding_bottom = below(w.height);
        w.padding_left = below(w.width), w.padding_right = below(w.width);
        const index h = 1 + below(7);
        const index width = 1 + below(7);
        const index c = channels[random() % 9];
        if (i % 7 == 0) w = {h, width};  // all of it
        std::vector<T> memory(static_cast<std::size_t>(2 * h * width * c));
        for (T& x : memory) x = element<T>(random);
        const auto src = i % 3 == 0 ? dyad::make_image_nchw<const T>(memory.data(), 2, h, width, c)
                                    : dyad::make_image_nhwc<const T>(memory.data(), 2, h, width, c);
        dyad::max_pool2d<T> most{w};
        dyad::average_pool2d<T> mean{w};
        if constexpr (dyad::pooled_by_codes<T>) {
            if (i % 2 == 0)
                mean.range.low = most.range.low = T::max_raw / 8, mean.range.high = most.range.high = T::max_raw / 2;
        }
        check_plan<T>(cases, most, src, i % 5 == 0, plain_max<T>);
        check_plan<T>(cases, mean, src, i % 5 == 0, plain_mean<T>);
    }
}

TEST_CASE("pooling of codes and floats") {
    check_type<dyad::int8>("pooling of int8", 150);
    check_type<dyad::uint8>("pooling of uint8", 60);
    check_type<dyad::int16>("pooling of int16", 60);
    check_type<dyad::uint16>("pooling of uint16", 60);
    check_type<float>("pooling of float", 150);
    check_type<dyad::bfloat16>("pooling of bfloat16", 20);
    check_type<dyad::float8_e4m3fn>("pooling of float8", 20);
}

TEST_CASE("average_pool2d: every sum of windows of up to 40 elements, and the largest windows") {
    tally cases("quotients");
    for (index n = 1; n <= 40; ++n) {
        std::vector<dyad::int8> line(static_cast<std::size_t>(n));
        const dyad::average_pool2d<dyad::int8> plan{{1, n}};
        for (std::int64_t sum = -128 * n; sum <= 127 * n; ++sum) {
            std::int64_t rest = sum;
            for (index i = 0; i < n; ++i) {
                const std::int64_t x = std::clamp<std::int64_t>(rest, -128, 127);
                line[static_cast<std::size_t>(i)] = dyad::int8::from_raw(static_cast<std::int8_t>(x));
                rest -= x;
            }
            dyad::int8 out;
            const status s = plan.run(dyad::make_image_nhwc<const dyad::int8>(line.data(), 1, 1, n, 1),
                                      dyad::make_image_nhwc(&out, 1, 1, 1, 1));
            const std::int64_t mean = (sum > 0 ? sum + n / 2 : sum - n / 2) / n;
            cases.check(s == status::ok && out.raw() == mean, "sum ", sum, " of ", n);
        }
    }
    for (const index n : {index{2047}, dyad::most_pool_elements_of_16_bits}) {
        for (const int raw : {-32768, 32767, -1, 0, 1}) {
            const std::vector<dyad::int16> image(static_cast<std::size_t>(n),
                                                 dyad::int16::from_raw(static_cast<std::int16_t>(raw)));
            dyad::int16 out;
            const dyad::average_pool2d<dyad::int16> plan{{1, n}};
            cases.check(plan.run(dyad::make_image_nhwc(image.data(), 1, 1, n, 1),
                                 dyad::make_image_nhwc(&out, 1, 1, 1, 1)) == status::ok);
            cases.check(out.raw() == raw, raw);
        }
    }
    const index n = dyad::most_pool_elements;
    for (const int raw : {0, 254, 255}) {
        const std::vector<dyad::uint8> image(static_cast<std::size_t>(n),
                                             dyad::uint8::from_raw(static_cast<std::uint8_t>(raw)));
        dyad::uint8 out;
        const dyad::average_pool2d<dyad::uint8> plan{{n / 1024, 1024}};
        cases.check(plan.run(dyad::make_image_nhwc(image.data(), 1, n / 1024, 1024, 1),
                             dyad::make_image_nhwc(&out, 1, 1, 1, 1)) == status::ok);
        cases.check(out.raw() == raw, raw);
    }
}

TEST_CASE("pooling: what is refused") {
    using dyad::int8;
    int8 memory[400] = {};
    const auto src = dyad::make_image_nhwc<const int8>(memory, 1, 4, 6, 3);
    const auto dst = dyad::make_image_nhwc(memory + 100, 1, 2, 3, 3);
    const dyad::pool2d_window two{2, 2, 2, 2};
    const auto run = [&](const dyad::pool2d_window& w) { return dyad::average_pool2d<int8>{w}.run(src, dst); };
    CHECK(run(two) == status::ok);
    CHECK(run({0, 2, 2, 2}) == status::kernel_extent_not_positive);
    CHECK(run({2, -2, 2, 2}) == status::kernel_extent_not_positive);
    CHECK(run({2, 2, 0, 2}) == status::step_not_positive);
    CHECK(run({2, 2, 2, 2, -1}) == status::padding_negative);
    CHECK(run({2, 2, 2, 2, 2}) == status::window_empty);
    CHECK(run({2, 2, 2, 2, 0, 0, 0, 2}) == status::window_empty);
    CHECK(run({3, 2, 2, 2}) == status::extents_differ);
    CHECK(run({index{1} << 40, index{1} << 40}) == status::k_exceeds_accumulator);
    const dyad::max_pool2d<int8> plan{two};
    CHECK(plan.run(dyad::make_image_nhwc<const int8>(nullptr, 1, 4, 6, 3), dst) == status::src_null);
    CHECK(plan.run(src, dyad::make_image_nhwc<int8>(nullptr, 1, 2, 3, 3)) == status::dst_null);
    CHECK(plan.run(src, dyad::make_image_nhwc(memory + 71, 1, 2, 3, 3)) == status::dst_overlaps_src);
    CHECK(plan.run(src, {memory + 100, {1, 2, 3, 3}, {18, 9, 2, 1}}) == status::dst_overlaps_itself);
    CHECK(plan.run({memory, {-1, 4, 6, 3}, {72, 18, 3, 1}}, dst) == status::negative_extent);
    CHECK(plan.run(dyad::make_image_nhwc<const int8>(nullptr, 1, 4, 6, 0),
                   dyad::make_image_nhwc<int8>(nullptr, 1, 2, 3, 0)) == status::ok);
    const dyad::max_pool2d<int8> padded{{2, 2, 1, 1, 1, 1, 1, 1}};
    CHECK(padded.run(dyad::make_image_nhwc<const int8>(nullptr, 1, 0, 1, 3),
                     dyad::make_image_nhwc(memory, 1, 1, 2, 3)) == status::window_empty);
    CHECK(dyad::max_pool2d<int8>{two, {3, 2}}.run(src, dst) == status::parameter_out_of_range);
    CHECK(dyad::average_pool2d<int8>{two, {-129, 2}}.run(src, dst) == status::parameter_out_of_range);
    CHECK(dyad::pool2d_window{3, 3, 2, 2}.out_height(2) == 0);
    CHECK(dyad::pool2d_window{3, 3, 2, 2, 1, 1}.out_height(112) == 56);
    // Elements of padding do not count, and a step may leave some out.
    const int8 line[] = {int8::from_raw(1), int8::from_raw(2), int8::from_raw(9), int8::from_raw(4)};
    int8 out[2];
    const dyad::average_pool2d<int8> mean{{1, 2, 1, 3, 0, 0, 1, 0}};
    CHECK(mean.run(dyad::make_image_nhwc(line, 1, 1, 4, 1), dyad::make_image_nhwc(out, 1, 1, 2, 1)) == status::ok);
    CHECK(out[0].raw() == 1);
    CHECK(out[1].raw() == 7);  // (9 + 4) / 2 away from 0
}

}  // namespace
