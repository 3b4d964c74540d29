// SPDX-License-Identifier: Apache-2.0
// Variants in float, for comparison.

#include "registry.hpp"
#include "rows.hpp"
#include "scalar_variant.hpp"

#include <dyad/array/float_softmax.hpp>
#include <dyad/math/float_functions.hpp>

namespace functions {
namespace {

prepared exponential(double s) {
    return codes_of(0x1p-24, [s](std::int64_t x) {
        return dyad::exp_float(static_cast<float>(static_cast<double>(x) * s)) * 0x1p24F;
    });
}
prepared gelu_tanh(double s) {
    return codes_of(0x1p-24, [s](std::int64_t x) {
        return dyad::gelu_tanh_float(static_cast<float>(static_cast<double>(x) * s)) * 0x1p24F;
    });
}

prepared softmax(double s, bool sums) {
    dyad::float_softmax plan;
    (void)plan.set(static_cast<float>(s));
    return rows_of<float, float>(0x1p-24, sums, [plan](auto src, auto dst) {
        (void)plan.run(view_of(src), view_of(dst));
        for (float& x : dst) x *= 0x1p24F;
    });
}

}  // namespace

std::vector<variant> float_variants() {
    std::vector<variant> all;
    add_softmax(all, "float", "float_softmax: IEEE float, ulps of numbers below 1", softmax);
    // clang-format off
    all.insert(all.end(), {
        {"exp", "float", "exp_float: IEEE float, ulps of numbers below 1", exponential},
        {"gelu", "float_tanh", "gelu_tanh_float: the tanh form in IEEE float", gelu_tanh},
    });
    // clang-format on
    return all;
}

}  // namespace functions
