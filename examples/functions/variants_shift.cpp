// SPDX-License-Identifier: Apache-2.0
// Variants of math/shift_exp.hpp: exponentials by shifts and a parabola.

#include "registry.hpp"
#include "scalar_variant.hpp"

#include <dyad/math/shift_exp.hpp>

namespace functions {
namespace {

using dyad::log2_multiplier;

prepared exponential(double s) {
    return codes_of(0x1p-30, [m = log2_multiplier(s)](std::int64_t x) {
        return dyad::shift_exp2(dyad::scaled_exponent(static_cast<std::uint32_t>(-x), m));
    });
}
prepared sigmoid(double s) {
    return codes_of(0x1p-30, [m = log2_multiplier(s)](std::int64_t x) {
        const auto t = dyad::scaled_exponent(static_cast<std::uint32_t>(x < 0 ? -x : x), m);
        return dyad::shift_sigmoid(t, x < 0);
    });
}
prepared gelu(double s) {
    return codes_of(s * 0x1p-30, [m = log2_multiplier(1.702 * s)](std::int64_t x) {
        return dyad::shift_gelu(static_cast<std::int32_t>(x), m);
    });
}

}  // namespace

std::vector<variant> shift_variants() {
    // clang-format off
    return {
        {"exp", "shift", "shift_exp2: a parabola between powers of two, 30 fraction bits", exponential},
        {"sigmoid", "shift", "shift_sigmoid: of shift_exp2 with one division, 30 fraction bits", sigmoid},
        {"gelu", "shift", "shift_gelu: x times shift_sigmoid(1.702 x), 30 fraction bits more than the input", gelu},
    };
    // clang-format on
}

}  // namespace functions
