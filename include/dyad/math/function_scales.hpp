// SPDX-License-Identifier: Apache-2.0
// Scales of a function of one number between two quantized types: f(value * in) * out.
#pragma once

#include <dyad/core/bits.hpp>
#include <dyad/number/dyadic.hpp>

namespace dyad::inline v1 {

/// The real operand is the code's value times `in`; the result is f of it times `out`, rounded. `out` is codes per
/// unit, the inverse of the results' scale. Functions take exponents beyond +-2^15 as those ends.
struct function_scales {
    multiplier in;
    multiplier out;

    /// Each scale rounded once to 31 digits, 1 / out_scale as a ratio. Offline: the only place where scales are
    /// floating-point numbers. A NaN, an infinite in_scale and an out_scale of 0 give the multiplier 0.
    [[nodiscard]] DYAD_HD static constexpr function_scales from(double in_scale, double out_scale) noexcept {
        return {multiplier::from_scale(in_scale), multiplier::from_ratio(1.0, out_scale)};
    }
};

}  // namespace dyad::inline v1
