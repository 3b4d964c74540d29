// SPDX-License-Identifier: Apache-2.0
// key_value_cache: keys and values of the tokens so far, in a format of their own (nn/key_value_formats.hpp), in memory
// that the caller gives: capacity * heads * head_width elements of each. Attention appends new tokens and reads all.
#pragma once

#include <array>
#include <cstddef>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/nn/key_value_formats.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1::nn {

/// In: what attention writes where its products read keys and values, produced<R, operand>. Format: kept_as<T>,
/// kept_by_token<T>, kept_in_blocks<B>, or another struct with such a store.
template <number In, class Format = kept_as<In>>
class key_value_cache {
    using store = typename Format::template store<In>;

public:
    using input = In;
    /// Of an element, without the scales of tokens.
    static constexpr double bits_per_element = store::bits_per_element;

    /// `heads`: those of keys. Empties the cache.
    layer_status shape(arena& memory, index capacity, index heads, index head_width) noexcept {
        if (capacity < 0 || heads < 0 || head_width < 0) return fault(operand_kind::geometry, status::negative_extent);
        constexpr index most = index{1} << 40;
        if ((heads != 0 && capacity > most / heads) || (heads != 0 && head_width > most / heads))
            return fault(operand_kind::memory, status::arena_too_small);
        for (store& s : stores_) {
            const status taken = s.shape(memory, capacity * heads, head_width);
            if (taken != status::ok) return in_layer(layer_kind::key_value_cache, taken);
        }
        capacity_ = capacity;
        heads_ = heads;
        head_width_ = head_width;
        length_ = 0;
        return status::ok;
    }
    /// The largest magnitudes of keys and values, as numbers of In: for formats with a static scale (see kept_as).
    layer_status set_ranges(double keys, double values) noexcept {
        const status k = stores_[0].set_range(keys);
        const status s = k == status::ok ? stores_[1].set_range(values) : k;
        return in_layer(layer_kind::key_value_cache, operand_kind::input_scale, s);
    }

    [[nodiscard]] index capacity() const noexcept { return capacity_; }
    [[nodiscard]] index length() const noexcept { return length_; }
    [[nodiscard]] index heads() const noexcept { return heads_; }
    [[nodiscard]] index head_width() const noexcept { return head_width_; }
    /// Forgets all tokens but the first n.
    layer_status truncate(index n) noexcept {
        if (n < 0 || n > length_) return fault(operand_kind::state, status::position_out_of_range);
        length_ = n;
        return status::ok;
    }
    void clear() noexcept { length_ = 0; }

    /// New tokens: rows of heads side by side. status::cache_full, and nothing changes, where they have no room.
    layer_status append(matrix_view<const In> keys, matrix_view<const In> values) noexcept {
        const index columns = heads_ * head_width_;
        if (keys.extent[0] < 0) return fault(operand_kind::input, status::negative_extent);
        if (keys.extent != values.extent) return fault(operand_kind::input, status::extents_differ);
        if (keys.extent[1] != columns) return fault(operand_kind::input, status::lhs_columns_differ);
        if (keys.extent[0] > capacity_ - length_) return fault(operand_kind::state, status::cache_full);
        if (!keys.is_empty() && (keys.data == nullptr || values.data == nullptr))
            return fault(operand_kind::input, status::lhs_null);
        const std::array<matrix_view<const In>, 2> all{keys, values};
        for (std::size_t which = 0; which < 2; ++which) {
            for (index i = 0; i < keys.extent[0] && columns != 0; ++i) {
                const auto r = row(all[which], i);
                const matrix_view<const In> by_head{
                    r.data, {heads_, head_width_}, {head_width_ * r.stride[0], r.stride[0]}};
                const status s = stores_[which].write((length_ + i) * heads_, by_head);
                if (s != status::ok) return in_layer(layer_kind::key_value_cache, operand_of_write(s), s);
            }
        }
        length_ += keys.extent[0];
        return status::ok;
    }

    /// The first n tokens, n x (heads * head_width): in place, or in scratch memory. (With a measuring arena n may be
    /// anything up to the capacity.)
    template <class Context>
    layer_status keys(index n, const Context& context, matrix_view<const In>& out) const noexcept {
        return tokens_of(stores_[0], n, context, out);
    }
    template <class Context>
    layer_status values(index n, const Context& context, matrix_view<const In>& out) const noexcept {
        return tokens_of(stores_[1], n, context, out);
    }

private:
    [[nodiscard]] static layer_status fault(operand_kind operand, status s) noexcept {
        return {s, layer_kind::key_value_cache, operand};
    }
    [[nodiscard]] static operand_kind operand_of_write(status s) noexcept {
        return s == status::scale_not_positive ? operand_kind::input_scale : operand_kind::input;
    }

    template <class Context>
    layer_status tokens_of(const store& from, index n, const Context& context,
                           matrix_view<const In>& out) const noexcept {
        if (n < 0 || n > (context.measuring() ? capacity_ : length_))
            return fault(operand_kind::state, status::position_out_of_range);
        const index columns = heads_ * head_width_;
        if constexpr (store::in_place) {
            out = make_matrix(from.rows(n * heads_).data, n, columns);
            return status::ok;
        } else {
            matrix_view<In> all;
            if (const status s = context.scratch.take(n, columns, all); s != status::ok)
                return in_layer(layer_kind::key_value_cache, s);
            out = as_const(all);
            if (context.measuring() || all.is_empty()) return status::ok;
            const status s = from.read(make_matrix(all.data, n * heads_, head_width_), context.execute);
            return in_layer(layer_kind::key_value_cache, operand_kind::state, s);
        }
    }

    std::array<store, 2> stores_;  ///< of keys, of values
    index capacity_ = 0;
    index heads_ = 0;
    index head_width_ = 0;
    index length_ = 0;
};

}  // namespace dyad::inline v1::nn
