// SPDX-License-Identifier: Apache-2.0
// convert<To>(x): one routine for every ordered pair of number types, with exactly one rounding.
#pragma once

#include <concepts>

#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// x as a To: the exact value of x, rounded once by `rule`, then saturated by `policy`. The type itself decides the
/// overflow of fixed-point targets. A signalling NaN becomes quiet (IEEE 754 section 6.2); a NaN converted to a format
/// without NaN gives what that type's pack says.
template <number To, number From, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr To convert(From x, Rule rule = rounding::nearest_even,
                                           saturation policy = saturation::none) noexcept {
    if constexpr (std::same_as<To, From>) {
        return x;
    } else {
        // Most conversions to float and double are exact and need no rounding at all.
        if constexpr (native_float<To> && requires { requires assembles_as<To, From::format>; }) {
            if (is_finite_code<From::format>(x.bits())) return assemble<To, From::format>(x.bits());
        }
        auto value = unpack(x);
        if (value.kind == number_class::nan) value.significand |= quiet_bit<significand_word<From>>;
        return pack_as<To>(value, rule, policy);
    }
}

}  // namespace dyad::inline v1
