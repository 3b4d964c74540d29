// SPDX-License-Identifier: Apache-2.0
// Variants of functions of a row: softmax, and what its results add up to.

#include "registry.hpp"
#include "rows.hpp"

#include <dyad/array/softmax.hpp>

namespace functions {
namespace {

/// One row function for both: its elements, and their sum.
template <class Make>
void add_softmax(std::vector<variant>& all, const char* name, const char* summary, Make make) {
    all.push_back({"softmax", name, summary, [make](double s) { return make(s, false); }});
    all.push_back({"softmax_sum", name, summary, [make](double s) { return make(s, true); }});
}

template <class Out, std::uint32_t Unit>
prepared shiftmax(double s, bool sums) {
    using in = dyad::integer<8>;
    return rows_of<in, Out>(1.0 / Unit, sums, [m = dyad::log2_multiplier(s)](auto src, auto dst) {
        (void)dyad::shiftmax<in, Out>(view_of(src), m, Unit, view_of(dst));
    });
}
prepared in_float(double s, bool sums) {
    using in = dyad::integer<8>;
    return rows_of<in, float>(0x1p-24, sums, [s](auto src, auto dst) {
        (void)dyad::softmax_float<in, float>(view_of(src), s, 0x1p-24, view_of(dst));
    });
}

}  // namespace

std::vector<variant> row_variants() {
    std::vector<variant> all;
    // clang-format off
    add_softmax(all, "shiftmax_8", "shiftmax: shift_exp2, exact division, 8 bits of unit 255", shiftmax<dyad::uinteger<8>, 255>);
    add_softmax(all, "shiftmax_16", "shiftmax: shift_exp2, exact division, 16 bits of unit 65535", shiftmax<dyad::uinteger<16>, 65535>);
    add_softmax(all, "float", "softmax_float: float exponentials, summed in double", in_float);
    // clang-format on
    return all;
}

}  // namespace functions
