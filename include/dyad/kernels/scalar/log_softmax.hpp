// SPDX-License-Identifier: Apache-2.0
// log softmax of rows of integer codes: y_i = out (s x_i - log sum_j exp(s x_j)) = -(step d_i + out ln S), where
// d_i = max - x_i, step = out s, and S >= 1 is the exact sum of the exponentials of softmax.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/kernels/scalar/softmax.hpp>
#include <dyad/kernels/scalar/softmax_rows.hpp>
#include <dyad/math/wide_logarithms.hpp>
#include <dyad/math/wide_real.hpp>
#include <dyad/number/fixed.hpp>

namespace dyad::inline v1 {

/// A line in 64-bit integers: step d + out ln S with `fraction` fraction bits, 31 to 40 of them.
template <class Plan>
struct log_softmax_plan {
    Plan exponentials{};
    std::uint64_t step = 0;
    int fraction = 0;
    unpacked out{};

    /// The step keeps 47 digits where it can: step d < 2^63, and off by less than 2^-25 codes wherever the result is a
    /// code of 16 bits. From 2^16 codes on all that is not the largest saturates.
    [[nodiscard]] static constexpr log_softmax_plan from(const unpacked& s, const unpacked& out) noexcept {
        log_softmax_plan p;
        p.exponentials = Plan::from(s, {1, 1});
        p.out = out;
        const unpacked_wide real = wide_product(resize<uint128_t>(s), resize<uint128_t>(out));
        const int top = real.top_exponent();
        p.fraction = top > 15 ? 31 : top < 6 ? 40 : 46 - top;
        p.step = top > 15 ? std::uint64_t{1} << 47 : integer_of(real, p.fraction);
        return p;
    }
    /// out ln S, S with Plan::fraction fraction bits; at most 2^62.
    [[nodiscard]] constexpr std::uint64_t offset(std::uint64_t sum) const noexcept {
        const unpacked_wide log = log_wide(unpacked_wide::finite(false, sum, -Plan::fraction));
        return integer_of(wide_product(log, resize<uint128_t>(out)), fraction);
    }
    /// The code of difference d: to nearest even, at least `lowest`.
    [[nodiscard]] constexpr std::int32_t code(std::uint32_t d, std::uint64_t offset,
                                              std::int32_t lowest) const noexcept {
        const std::uint64_t below = round_shift_right(d * step + offset, fraction, false, rounding::nearest_even);
        const std::uint64_t most = magnitude(lowest);
        return -static_cast<std::int32_t>(below < most ? below : most);
    }

private:
    /// x 2^fraction to nearest even, at most 2^62 - 1.
    [[nodiscard]] static constexpr std::uint64_t integer_of(const unpacked_wide& x, int fraction) noexcept {
        using integer = fixed<62, 0, signedness::is_unsigned>;
        return integer::pack(scaled_by_power(x, fraction), rounding::nearest_even, saturation::finite).raw();
    }
};

}  // namespace dyad::inline v1

namespace dyad::inline v1::scalar {

/// What is not seen gets the lowest code: the logarithm of 0.
template <class In, class Out, class Plan>
void log_softmax(const log_softmax_plan<Plan>& plan, std::int32_t lowest, const softmax_rows<In, Out>& rows) noexcept {
    for (std::size_t r = 0; r < rows.rows; ++r) {
        const auto where = rows.row(r);
        const softmax_row<In, Out, Plan> row(plan.exponentials, where);
        const std::uint64_t offset = row.count() == 0 ? 0 : plan.offset(row.sum());
        for (std::size_t i = 0; i < where.columns; ++i) {
            const bool seen = i < row.visible() && row.seen(i);
            row.set(i, seen ? plan.code(row.below(i), offset, lowest) : lowest);
        }
    }
}

}  // namespace dyad::inline v1::scalar
