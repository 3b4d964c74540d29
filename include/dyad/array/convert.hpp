// SPDX-License-Identifier: Apache-2.0
// Bulk conversion: every element as convert<To> of one number; stochastic with random bits of the element's index.
#pragma once

#include <cstdint>
#include <span>

#include <dyad/array/status.hpp>
#include <dyad/core/random.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1 {

/// The end of a computation in double: nearest even; Dyad's formats clamp all but NaN, float overflows to infinity as
/// in C++.
template <number To>
[[nodiscard]] constexpr To narrow(double x) noexcept {
    if constexpr (native_float<To>) return static_cast<To>(x);
    else return convert<To>(x, rounding::nearest_even, saturation::finite);
}

/// Stochastic rounding of many elements: element i gets the low n bits of random_bits(seed, tensor_id, i).
struct stochastic_stream {
    stochastic_variant variant = stochastic_variant::b;
    int n = 32;
    std::uint64_t seed = 0;
    std::uint64_t tensor_id = 0;
};

/// dst[i] = convert<To>(src[i], rule, policy). The spans have equal lengths and are the same memory or none in common.
template <number From, number To>
status convert(std::span<const From> src, std::span<To> dst, rounding rule = rounding::nearest_even,
               saturation policy = saturation::none) noexcept {
    if (src.size() != dst.size()) return status::extents_differ;
    for (std::size_t i = 0; i < src.size(); ++i) dst[i] = convert<To>(src[i], rule, policy);
    return status::ok;
}
template <number From, number To>
status convert(std::span<const From> src, std::span<To> dst, stochastic_stream rule,
               saturation policy = saturation::none) noexcept {
    if (src.size() != dst.size()) return status::extents_differ;
    const std::uint32_t mask = low_mask<std::uint32_t>(rule.n);
    for (std::size_t i = 0; i < src.size(); ++i) {
        const std::uint32_t bits = random_bits(rule.seed, rule.tensor_id, i) & mask;
        dst[i] = convert<To>(src[i], stochastic{rule.variant, rule.n, bits}, policy);
    }
    return status::ok;
}

}  // namespace dyad::inline v1
