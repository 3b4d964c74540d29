// SPDX-License-Identifier: Apache-2.0
// round(2^44 e^-x), correctly rounded and in integers only: the entries of tables of exponentials.
#pragma once

#include <cstdint>

#include <dyad/core/rounding.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/math/wide_exponentials.hpp>
#include <dyad/math/wide_real.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/fixed.hpp>

namespace dyad::inline v1 {

/// 2^44 e^(-step d) rounded to nearest even, for a step that is positive or zero. 2^44 for 0, 0 from about 31.2 on.
/// The wide function is within 2^-122 of e^-x, and its rounding to odd never shows a tie that is none.
[[nodiscard]] DYAD_HD constexpr std::uint64_t exp_q44(const unpacked& step, std::uint32_t d) noexcept {
    DYAD_ASSERT(!step.negative && step.kind != number_class::nan);
    using q44 = fixed<64, 44, signedness::is_unsigned>;
    const unpacked_wide x = wide_product(resize<uint128_t>(step), unpacked_wide::finite(false, d, 0));
    return q44::pack(exp_wide(negated(x)), rounding::nearest_even, saturation::finite).raw();
}

}  // namespace dyad::inline v1
