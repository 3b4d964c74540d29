// SPDX-License-Identifier: Apache-2.0
// Softmax of rows of integer codes, the definition: E_i = exponential(max - x_i), S = sum E_i over the elements that
// are seen, y_i = unit E_i / S rounded to nearest even; or rounded so that the codes of a row add up to `unit`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/core/bits.hpp>
#include <dyad/kernels/scalar/softmax_plan.hpp>
#include <dyad/kernels/scalar/softmax_rows.hpp>

namespace dyad::inline v1::scalar {

/// One row, its elements by number.
template <class In, class Out, class Plan>
class softmax_row {
public:
    softmax_row(const Plan& plan, const softmax_rows<In, Out>& where) noexcept
        : plan_(plan), where_(where), visible_(where.visible(0)) {
        for (std::size_t i = 0; i < visible_; ++i) {
            if (!seen(i)) continue;
            ++count_;
            if (count_ == 1 || x(i) > max_) max_ = x(i);
        }
        for (std::size_t i = 0; i < visible_; ++i) sum_ += seen(i) ? exponential(i) : 0;
    }

    /// How many elements are seen: without any, nothing but clear() may be asked for.
    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    [[nodiscard]] std::size_t visible() const noexcept { return visible_; }
    [[nodiscard]] std::uint64_t sum() const noexcept { return sum_; }
    [[nodiscard]] bool seen(std::size_t i) const noexcept {
        return where_.mask == nullptr || where_.mask[static_cast<std::ptrdiff_t>(i) * where_.mask_column] != 0;
    }
    [[nodiscard]] std::uint32_t below(std::size_t i) const noexcept {
        return static_cast<std::uint32_t>(std::int32_t{max_} - std::int32_t{x(i)});
    }
    [[nodiscard]] std::uint64_t exponential(std::size_t i) const noexcept { return plan_.exponential(below(i)); }
    template <class Code>
    void set(std::size_t i, Code code) const noexcept {
        where_.dst[static_cast<std::ptrdiff_t>(i) * where_.dst_column] = static_cast<Out>(code);
    }
    /// Zeros from column `first` on.
    void clear(std::size_t first) const noexcept {
        for (std::size_t i = first; i < where_.columns; ++i) set(i, 0U);
    }

private:
    [[nodiscard]] In x(std::size_t i) const noexcept {
        return where_.src[static_cast<std::ptrdiff_t>(i) * where_.src_column];
    }

    const Plan& plan_;
    const softmax_rows<In, Out>& where_;
    std::size_t visible_;
    std::size_t count_ = 0;
    In max_ = 0;
    std::uint64_t sum_ = 0;
};

template <class In, class Out, class Plan>
void softmax_nearest_row(const Plan& plan, const softmax_rows<In, Out>& where) noexcept {
    const softmax_row<In, Out, Plan> row(plan, where);
    if (row.count() == 0) return row.clear(0);
    if constexpr (sizeof(In) == 1) {
        // A division for each difference that occurs, not for each element.
        constexpr std::uint32_t unknown = ~std::uint32_t{0};
        std::array<std::uint32_t, 256> known;
        known.fill(unknown);
        for (std::size_t i = 0; i < row.visible(); ++i) {
            std::uint32_t code = 0;
            if (row.seen(i)) {
                std::uint32_t& share = known[row.below(i)];
                if (share == unknown) share = softmax_share(row.exponential(i), row.sum(), plan.out);
                code = share;
            }
            row.set(i, code);
        }
    } else {
        for (std::size_t i = 0; i < row.visible(); ++i)
            row.set(i, row.seen(i) ? softmax_share(row.exponential(i), row.sum(), plan.out) : 0U);
    }
    row.clear(row.visible());
}

/// What largest remainders need: the remainder of the last element that is rounded up, and how many elements with just
/// that remainder are.
struct remainder_threshold {
    std::uint64_t remainder = 0;
    std::size_t with_it = 0;
};
/// The `rank`-th largest of the remainders unit E mod S of a row, 1 <= rank <= its elements: one byte after the other,
/// from the highest on, the first whose elements together with all above are enough.
template <class In, class Out, class Plan>
[[nodiscard]] remainder_threshold find_threshold(const Plan& plan, const softmax_row<In, Out, Plan>& row,
                                                 std::size_t rank) noexcept {
    remainder_threshold t{0, rank};
    for (int shift = (bit_width(row.sum()) - 1) / 8 * 8; shift >= 0; shift -= 8) {
        std::array<std::size_t, 256> counts{};
        for (std::size_t i = 0; i < row.visible(); ++i) {
            if (!row.seen(i)) continue;
            const std::uint64_t rest = row.exponential(i) * plan.out.unit % row.sum() >> shift;
            if (rest >> 8 == t.remainder) ++counts[rest & 0xff];
        }
        std::size_t digit = 255;
        for (; counts[digit] < t.with_it; --digit) t.with_it -= counts[digit];
        t.remainder = (t.remainder << 8) | digit;
    }
    return t;
}

/// Largest remainders (Hamilton's method): floor(unit E / S) for each, then one more for those with the largest
/// remainders, of equal ones for the first in the row, until the codes add up to `unit`.
template <class In, class Out, class Plan>
void softmax_preserved_row(const Plan& plan, const softmax_rows<In, Out>& where) noexcept {
    const softmax_row<In, Out, Plan> row(plan, where);
    if (row.count() == 0) return row.clear(0);
    // 1. What the floors leave: the remainders add up to `left` S, so more than `left` of them are not 0, if any is.
    std::uint64_t left = plan.out.unit;
    for (std::size_t i = 0; i < row.visible(); ++i)
        left -= row.seen(i) ? row.exponential(i) * plan.out.unit / row.sum() : 0;
    remainder_threshold t{row.sum(), 0};
    if (left != 0) t = find_threshold(plan, row, static_cast<std::size_t>(left));
    // 2. One more for the largest remainders.
    for (std::size_t i = 0; i < row.visible(); ++i) {
        std::uint64_t code = 0;
        if (row.seen(i)) {
            const std::uint64_t product = row.exponential(i) * plan.out.unit;
            const std::uint64_t rest = product % row.sum();
            const bool last = rest == t.remainder && t.with_it != 0;
            if (last) --t.with_it;
            code = product / row.sum() + (rest > t.remainder || last ? 1 : 0);
        }
        row.set(i, code < plan.out.largest ? static_cast<std::uint32_t>(code) : plan.out.largest);
    }
    row.clear(row.visible());
}

template <class In, class Out, class Plan>
void softmax_nearest(const Plan& plan, const softmax_rows<In, Out>& rows) noexcept {
    for (std::size_t i = 0; i < rows.rows; ++i) softmax_nearest_row(plan, rows.row(i));
}
template <class In, class Out, class Plan>
void softmax_preserved(const Plan& plan, const softmax_rows<In, Out>& rows) noexcept {
    for (std::size_t i = 0; i < rows.rows; ++i) softmax_preserved_row(plan, rows.row(i));
}

}  // namespace dyad::inline v1::scalar
