// SPDX-License-Identifier: Apache-2.0
// How a cache keeps keys and values: numbers of their own with one static scale, with a scale for each token and head,
// or in blocks that share scales. Each names a store of rows, one row for each token and head, for numbers In that
// attention's products read; other numbers than float pass through float, with one rounding more.
//   kept_as<bfloat16>              16 bits an element
//   kept_as<integer<8>>            8 bits, one scale for all keys, one for all values
//   kept_by_token<integer<4>>      4 bits, packed, and a float for each token and head
//   kept_in_blocks<mxfp8_e4m3>     8.25 bits
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/block.hpp>
#include <dyad/array/convert.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/array/packed_view.hpp>
#include <dyad/array/quantize.hpp>
#include <dyad/array/scale_rule.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/math/integer_functions.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/nn/archive.hpp>
#include <dyad/nn/scaling.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/dyadic.hpp>

namespace dyad::inline v1::nn {

namespace cache_rules {

/// Rows of codes: formats of fewer than 8 bits without gaps, others one element after the other.
template <number T>
class codes {
public:
    status shape(arena& memory, index rows, index columns) noexcept { return memory.take(rows, columns, codes_); }
    [[nodiscard]] matrix_view<T> rows(index first, index count) const noexcept {
        return row_block(codes_, first, count);
    }

private:
    matrix_view<T> codes_;
};
template <packable T>
    requires(T::width < 8)
class codes<T> {
public:
    status shape(arena& memory, index rows, index columns) noexcept {
        if (rows < 0 || columns < 0) return status::negative_extent;
        constexpr index most = std::numeric_limits<index>::max() / 8;
        if (columns != 0 && rows > most / columns) return status::arena_too_small;
        extent_ = {rows, columns};
        return memory.take(static_cast<index>(dyad::packed_size<T>(static_cast<std::size_t>(rows * columns))), bytes_);
    }
    [[nodiscard]] packed_matrix<T> rows(index first, index count) const noexcept {
        const packed_matrix<T> all{bytes_.data, extent_, {extent_[1], 1}};
        return row_block(all, first, count);
    }

private:
    std::array<index, 2> extent_ = {};
    vector_view<std::uint8_t> bytes_;
};

/// Floats of a piece: numbers other than float are stored and read as floats, some rows at a time.
inline constexpr index piece = 2048;

/// status::row_too_long where a row of In is no piece.
template <number In>
[[nodiscard]] constexpr status check_columns(index columns) noexcept {
    return !std::same_as<In, float> && columns > piece ? status::row_too_long : status::ok;
}
[[nodiscard]] constexpr index rows_of_piece(index rows, index columns) noexcept {
    return columns == 0 ? rows : piece / columns;
}

/// use(first row, floats) for all rows, one piece after the other.
template <number In, class Use>
status each_as_floats(matrix_view<const In> in, const Use& use) noexcept {
    if constexpr (std::same_as<In, float>) {
        return use(index{0}, in);
    } else {
        float room[static_cast<std::size_t>(piece)];
        const index together = rows_of_piece(in.extent[0], in.extent[1]);
        for (index r = 0; r < in.extent[0]; r += together) {
            const index n = in.extent[0] - r < together ? in.extent[0] - r : together;
            const auto floats = make_matrix(static_cast<float*>(room), n, in.extent[1]);
            for (index i = 0; i < n; ++i) {
                for (index j = 0; j < in.extent[1]; ++j) floats(i, j) = convert<float>(in(r + i, j));
            }
            if (const status s = use(r, as_const(floats)); s != status::ok) return s;
        }
        return status::ok;
    }
}
/// out, rows without gaps, from what fill(first row, floats, execute) writes.
template <number In, class Executor, class Fill>
status each_from_floats(matrix_view<In> out, Executor& execute, const Fill& fill) noexcept {
    if constexpr (std::same_as<In, float>) {
        return fill(index{0}, out, execute);
    } else {
        const index together = rows_of_piece(out.extent[0], out.extent[1]);
        const auto part = [&](index r) -> status {
            float room[static_cast<std::size_t>(piece)];
            const index n = out.extent[0] - r < together ? out.extent[0] - r : together;
            const auto floats = make_matrix(static_cast<float*>(room), n, out.extent[1]);
            serial here;
            if (const status s = fill(r, floats, here); s != status::ok) return s;
            const auto count = static_cast<std::size_t>(floats.size());
            return convert(std::span<const float>(floats.data, count), std::span<In>(row(out, r).data, count),
                           rounding::nearest_even, saturation::finite);
        };
        if (out.is_empty()) return status::ok;
        // What can fail, fails for the first rows as well.
        if (const status s = part(0); s != status::ok) return s;
        execute((out.extent[0] - 1) / together, [&](index i) { static_cast<void>(part((i + 1) * together)); });
        return status::ok;
    }
}

}  // namespace cache_rules

/// One static scale for keys and one for values. Where T is what attention's products read nothing is converted, and
/// the cache is read in place. Fixed-point codes become fixed-point codes of another width by integers.
template <number T>
struct kept_as {
    template <number In>
    class store {
        static constexpr bool by_integers = fixed_point<In> && fixed_point<T>;

    public:
        static constexpr bool in_place = std::same_as<In, T>;
        static constexpr double bits_per_element = width_of<T>;

        status shape(arena& memory, index rows, index columns) noexcept {
            if (const status s = cache_rules::check_columns<In>(columns); s != status::ok) return s;
            if constexpr (fixed_point<In> || !wants_scale<T>()) static_cast<void>(set_range(largest_of_in()));
            return codes_.shape(memory, rows, columns);
        }
        /// The largest magnitude that will be stored, as an In. Without it the largest number that In has, where In is
        /// fixed-point; floats in a format that wants a scale need it.
        status set_range(double largest) noexcept {
            const double ratio = wants_scale<T>() ? largest / convert<double>(std::numeric_limits<T>::max()) : 1;
            if (!is_positive_finite(ratio)) return status::scale_not_positive;
            scale_ = static_cast<float>(ratio);
            if constexpr (by_integers) {
                // In raw numbers, whose units are 2^-fraction.
                const double raw = ratio * static_cast<double>(std::int64_t{1} << In::fraction) /
                                   static_cast<double>(std::int64_t{1} << T::fraction);
                down_ = multiplier::from_ratio(1, raw);
                up_ = multiplier::from_ratio(raw, 1);
            }
            return status::ok;
        }
        status write(index first, matrix_view<const In> in) noexcept {
            const auto to = codes_.rows(first, in.extent[0]);
            if constexpr (in_place) {
                for (index i = 0; i < in.extent[0]; ++i) {
                    for (index j = 0; j < in.extent[1]; ++j) to(i, j) = in(i, j);
                }
                return status::ok;
            } else if constexpr (by_integers) {
                for (index i = 0; i < in.extent[0]; ++i) {
                    for (index j = 0; j < in.extent[1]; ++j) to(i, j) = moved<T>(in(i, j), down_);
                }
                return status::ok;
            } else {
                if (!(scale_ > 0)) return status::scale_not_positive;
                return cache_rules::each_as_floats(in, [&](index r, matrix_view<const float> floats) -> status {
                    const auto part = row_block(to, r, floats.extent[0]);
                    if constexpr (wants_scale<T>()) {
                        return quantize_with_scales(floats, quantized_view{part, per_tensor(&scale_)},
                                                    rounding::nearest_even, saturation::finite);
                    } else {
                        for (index i = 0; i < part.extent[0]; ++i) {
                            for (index j = 0; j < part.extent[1]; ++j) part(i, j) = convert<T>(floats(i, j));
                        }
                        return status::ok;
                    }
                });
            }
        }
        /// The first rows, as many as out has.
        template <class Executor>
        status read(matrix_view<In> out, Executor& execute) const noexcept {
            const auto from = as_const(codes_.rows(0, out.extent[0]));
            if constexpr (by_integers) {
                execute(out.extent[0], [&](index i) {
                    for (index j = 0; j < out.extent[1]; ++j) {
                        const T code = from(i, j);
                        out(i, j) = moved<In>(code, up_);
                    }
                });
                return status::ok;
            } else {
                return cache_rules::each_from_floats(
                    out, execute, [&](index r, matrix_view<float> floats, auto& run) -> status {
                        const auto part = row_block(from, r, floats.extent[0]);
                        return dequantize(quantized_view{part, per_tensor(&scale_)}, floats, run);
                    });
            }
        }
        [[nodiscard]] matrix_view<const In> rows(index count) const noexcept requires in_place {
            return as_const(codes_.rows(0, count));
        }

    private:
        [[nodiscard]] static constexpr double largest_of_in() noexcept {
            if constexpr (fixed_point<In>) return convert<double>(std::numeric_limits<In>::max());
            else return 1;
        }
        /// round_half_up(raw * m), saturated.
        template <class To, class From>
        [[nodiscard]] static To moved(From x, multiplier m) noexcept {
            const auto raw = static_cast<std::int32_t>(x.raw());
            return To::saturating_from_raw(std::int64_t{requantize(raw, m, requantization::single_half_up)});
        }

        cache_rules::codes<T> codes_;
        float scale_ = 0;
        multiplier down_ = {0, 0};
        multiplier up_ = {0, 0};
    };
};

/// A float for each token and head, the scale that Rule gives its numbers.
template <number T, scale_rule Rule = scale_rule::nearest>
struct kept_by_token {
    template <number In>
    class store {
    public:
        static constexpr bool in_place = false;
        static constexpr double bits_per_element = width_of<T>;  ///< and 32 for each token and head

        status shape(arena& memory, index rows, index columns) noexcept {
            if (const status s = cache_rules::check_columns<In>(columns); s != status::ok) return s;
            if (const status s = memory.take(rows, scales_); s != status::ok) return s;
            return codes_.shape(memory, rows, columns);
        }
        status set_range(double) noexcept { return status::ok; }
        status write(index first, matrix_view<const In> in) noexcept {
            const auto to = codes_.rows(first, in.extent[0]);
            return cache_rules::each_as_floats(in, [&](index r, matrix_view<const float> floats) -> status {
                const auto part = row_block(to, r, floats.extent[0]);
                return quantize(floats, quantized_view{part, per_row(shifted(scales_.data, first + r))}, Rule);
            });
        }
        template <class Executor>
        status read(matrix_view<In> out, Executor& execute) const noexcept {
            const auto from = as_const(codes_.rows(0, out.extent[0]));
            const float* const scales = scales_.data;
            return cache_rules::each_from_floats(
                out, execute, [&](index r, matrix_view<float> floats, auto& run) -> status {
                    const auto part = row_block(from, r, floats.extent[0]);
                    return dequantize(quantized_view{part, per_row(shifted(scales, r))}, floats, run);
                });
        }

    private:
        cache_rules::codes<T> codes_;
        vector_view<float> scales_;
    };
};

/// Blocks B along the channels of a head. (Values would share scales better along the tokens, but those come one by
/// one.) Blocks of one level: a scale of the whole tensor is known only when all of it is.
template <block_type B, scale_rule Rule = scale_rule::floor>
struct kept_in_blocks {
    static_assert(B::layout.levels == scale_levels::one,
                  "dyad::nn::kept_in_blocks needs blocks of one level: a cache grows token by token.");
    template <number In>
    class store {
    public:
        static constexpr bool in_place = false;
        static constexpr double bits_per_element = 8.0 * sizeof(B) / B::size;

        status shape(arena& memory, index rows, index columns) noexcept {
            if (columns < 0) return status::negative_extent;
            if (const status s = cache_rules::check_columns<In>(columns); s != status::ok) return s;
            columns_ = columns;
            return memory.take(rows, tiles_of(columns, B::size), blocks_);
        }
        status set_range(double) noexcept { return status::ok; }
        status write(index first, matrix_view<const In> in) noexcept {
            return cache_rules::each_as_floats(in, [&](index r, matrix_view<const float> floats) -> status {
                B* const blocks = row(blocks_, first + r).data;
                return quantize(floats, view_of_blocks(blocks, floats.extent[0], columns_), Rule);
            });
        }
        template <class Executor>
        status read(matrix_view<In> out, Executor& execute) const noexcept {
            return cache_rules::each_from_floats(
                out, execute, [&](index r, matrix_view<float> floats, auto& run) -> status {
                    const B* const blocks = row(blocks_, r).data;
                    return dequantize(view_of_blocks(blocks, floats.extent[0], columns_), floats, run);
                });
        }

    private:
        matrix_view<B> blocks_;
        index columns_ = 0;
    };
};

}  // namespace dyad::inline v1::nn
