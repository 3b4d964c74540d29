// SPDX-License-Identifier: Apache-2.0
// Max and average pooling of images: dst(b, y, x, c) from the window of src's channel c that begins at row y *
// step_down
// - padding_top and column x * step_across - padding_left. Padding has no elements: only those inside the image count.
//   max_pool2d       the largest; of floats NaN if one is NaN, and +0 above -0
//   average_pool2d   codes: (sum > 0 ? sum + n/2 : sum - n/2) / n of the raw numbers, cut as in C (TensorFlow Lite,
//                    reference/integer_ops/pooling.h: no zero point enters, and ties go away from the raw 0)
//                    floats: the float sum in order, row by row, over n, rounded to nearest even; minifloats likewise,
//                    and the result rounded to the format
// Results of codes are clamped to low ... high: a fused activation.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <dyad/array/convert.hpp>
#include <dyad/array/image_view.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/pool.hpp>
#include <dyad/math/integer_functions.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1 {

/// Fixed-point codes of at most 16 bits that are nothing in memory but their raw number.
template <class T>
concept pooled_by_codes = fixed_point<T> && T::width <= 16 && sizeof(T) == sizeof(typename T::raw_type);
/// These, floats, and minifloats that are floats exactly.
template <class T>
concept poolable = std::same_as<T, float> || bulk_decodable<T> || pooled_by_codes<T>;

/// The window, its steps, and the rows and columns without elements around the image.
struct pool2d_window {
    index height = 1;
    index width = 1;
    index step_down = 1;
    index step_across = 1;
    index padding_top = 0;
    index padding_bottom = 0;
    index padding_left = 0;
    index padding_right = 0;

    /// floor((in + padding - window) / step) + 1, 0 where that is less.
    [[nodiscard]] constexpr index out_height(index in) const noexcept {
        return steps(in, padding_top, padding_bottom, height, step_down);
    }
    [[nodiscard]] constexpr index out_width(index in) const noexcept {
        return steps(in, padding_left, padding_right, width, step_across);
    }

private:
    [[nodiscard]] static constexpr index steps(index in, index before, index after, index window, index step) noexcept {
        const int128_t room = static_cast<int128_t>(in) + before + after - window;
        return room < 0 ? 0 : static_cast<index>(room / step + 1);
    }
};

/// Elements of a window: the sums of codes have room for so many.
inline constexpr index most_pool_elements = index{1} << 22;
inline constexpr index most_pool_elements_of_16_bits = index{1} << 14;

namespace pool_rules {

/// Can there be such a window? Padding less than the window, so that every window has an element.
[[nodiscard]] constexpr status check(const pool2d_window& w, index most) noexcept {
    if (w.height <= 0 || w.width <= 0) return status::kernel_extent_not_positive;
    if (w.step_down <= 0 || w.step_across <= 0) return status::step_not_positive;
    if (w.padding_top < 0 || w.padding_bottom < 0 || w.padding_left < 0 || w.padding_right < 0)
        return status::padding_negative;
    if (w.padding_top >= w.height || w.padding_bottom >= w.height || w.padding_left >= w.width ||
        w.padding_right >= w.width)
        return status::window_empty;
    return w.height <= most / w.width ? status::ok : status::k_exceeds_accumulator;
}
template <class T>
[[nodiscard]] status check(const pool2d_window& w, image_view<const T> src, image_view<T> dst, index most) noexcept {
    if (const status s = check(w, most); s != status::ok) return s;
    for (const index e : src.extent) {
        if (e < 0) return status::negative_extent;
    }
    const bool fits = dst.extent[0] == src.extent[0] && dst.extent[1] == w.out_height(src.extent[1]) &&
                      dst.extent[2] == w.out_width(src.extent[2]) && dst.extent[3] == src.extent[3];
    if (!fits) return status::extents_differ;
    if (dst.is_empty()) return status::ok;
    if (src.is_empty()) return status::window_empty;
    if (src.data == nullptr) return status::src_null;
    if (dst.data == nullptr) return status::dst_null;
    if (overlaps_itself(dst)) return status::dst_overlaps_itself;
    return overlap(memory_of(src), memory_of(dst)) ? status::dst_overlaps_src : status::ok;
}

/// First and last + 1 of a window's rows (or columns) that lie within `in`.
struct part {
    index first;
    index last;

    [[nodiscard]] static constexpr part of(index begin, index window, index in) noexcept {
        const index end = in - begin < window ? in : begin + window;
        return {begin > 0 ? begin : 0, end};
    }
};

/// An image of raw numbers.
template <class T>
[[nodiscard]] auto raw(image_view<T> v) noexcept {
    if constexpr (!pooled_by_codes<std::remove_const_t<T>>) {
        return v;
    } else {
        using word = typename T::raw_type;
        using element = std::conditional_t<std::is_const_v<T>, const word, word>;
        return image_view<element>{reinterpret_cast<element*>(v.data), v.extent, v.stride};
    }
}

/// A rule of floats for minifloats, which are floats exactly.
template <class T, class Rule>
struct through_float {
    using sum_type = typename Rule::sum_type;
    Rule rule;

    [[nodiscard]] sum_type begin(T x) const noexcept { return rule.begin(convert<float>(x)); }
    [[nodiscard]] sum_type add(sum_type sum, T x) const noexcept { return rule.add(sum, convert<float>(x)); }
    [[nodiscard]] T finish(sum_type sum) const noexcept {
        return convert<T>(rule.finish(sum), rounding::nearest_even, saturation::finite);
    }
};
template <class T, class Rule>
[[nodiscard]] auto of_floats(Rule rule) noexcept {
    if constexpr (std::same_as<T, float>) return rule;
    else return through_float<T, Rule>{rule};
}

/// make_rule(n) is the rule of windows with n elements.
template <class T, class MakeRule>
void run(const pool2d_window& w, image_view<const T> src, image_view<T> dst, instruction_set isa,
         const MakeRule& make_rule) noexcept {
    auto rule = make_rule(index{1});
    index rule_count = 1;
    for (index b = 0; b < dst.extent[0]; ++b) {
        for (index y = 0; y < dst.extent[1]; ++y) {
            const part down = part::of(y * w.step_down - w.padding_top, w.height, src.extent[1]);
            for (index x = 0; x < dst.extent[2]; ++x) {
                const part across = part::of(x * w.step_across - w.padding_left, w.width, src.extent[2]);
                const pool_window<T> window{&src(b, down.first, across.first, 0),
                                            down.last - down.first,
                                            across.last - across.first,
                                            src.stride[1],
                                            src.stride[2],
                                            src.stride[3]};
                const index count = window.rows * window.columns;
                if (count != rule_count) rule = make_rule(count);
                rule_count = count;
                pool_pixel(isa, window, rule, &dst(b, y, x, 0), dst.stride[3], dst.extent[3]);
            }
        }
    }
}

/// Bounds of codes; floats have none.
template <class T>
struct bounds {
    std::int32_t low = T::min_raw;
    std::int32_t high = T::max_raw;

    [[nodiscard]] constexpr status check() const noexcept {
        const bool in_order = low <= high && low >= T::min_raw && high <= T::max_raw;
        return in_order ? status::ok : status::parameter_out_of_range;
    }
};
template <class T>
    requires(!pooled_by_codes<T>)
struct bounds<T> {
    [[nodiscard]] constexpr status check() const noexcept { return status::ok; }
};

}  // namespace pool_rules

/// The largest element of each window. A plan: a window and, for codes, `range.low` and `range.high`.
template <poolable T>
struct max_pool2d {
    pool2d_window window;
    [[no_unique_address]] pool_rules::bounds<T> range = {};

    /// dst has the extents that the window makes of src's (else status::extents_differ) and is apart from it. Any
    /// strides; channels side by side are fastest.
    status run(image_view<const T> src, image_view<T> dst, row_options options = {}) const noexcept {
        if (const status s = range.check(); s != status::ok) return s;
        if (const status s = pool_rules::check(window, src, dst, most_pool_elements); s != status::ok) return s;
        if (dst.is_empty()) return status::ok;
        const auto with = [&](const auto& rule) {
            pool_rules::run(window, pool_rules::raw(src), pool_rules::raw(dst), options.chosen(),
                            [&rule](index) { return rule; });
        };
        if constexpr (pooled_by_codes<T>) {
            using raw = typename T::raw_type;
            with(scalar::largest_code<raw>{static_cast<raw>(range.low), static_cast<raw>(range.high)});
        } else {
            with(pool_rules::of_floats<T>(scalar::largest_float{}));
        }
        return status::ok;
    }
};

/// The mean of the elements of each window; at most most_pool_elements of them (of 16 bits: ..._of_16_bits), else
/// status::k_exceeds_accumulator.
template <poolable T>
struct average_pool2d {
    pool2d_window window;
    [[no_unique_address]] pool_rules::bounds<T> range = {};

    /// As max_pool2d's. The mean of floats does not depend on the caller's floating-point environment.
    status run(image_view<const T> src, image_view<T> dst, row_options options = {}) const noexcept {
        constexpr index most =
            pooled_by_codes<T> && sizeof(T) == 2 ? most_pool_elements_of_16_bits : most_pool_elements;
        if (const status s = range.check(); s != status::ok) return s;
        if (const status s = pool_rules::check(window, src, dst, most); s != status::ok) return s;
        if (dst.is_empty()) return status::ok;
        if constexpr (!pooled_by_codes<T>) {
            const default_float_environment environment;
            pool_rules::run(window, src, dst, options.chosen(), [](index n) {
                return pool_rules::of_floats<T>(scalar::mean_float{static_cast<double>(n)});
            });
        } else {
            pool_rules::run(window, pool_rules::raw(src), pool_rules::raw(dst), options.chosen(), [this](index n) {
                return scalar::mean_code<typename T::raw_type>::of(static_cast<std::uint32_t>(n), range.low,
                                                                   range.high);
            });
        }
        return status::ok;
    }
};

}  // namespace dyad::inline v1
