// SPDX-License-Identifier: Apache-2.0
// Variants of layer norm: gain 1, offset 0. `amplitude` makes the rows' codes smaller.

#include "registry.hpp"
#include "rows.hpp"

#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <dyad/array/ibert_rows.hpp>
#include <dyad/array/integer_norms.hpp>
#include <dyad/array/ivit_rows.hpp>

namespace functions {
namespace {

using in = dyad::integer<8>;

prepared dyad_layer_norm(double amplitude) {
    using out = dyad::integer<16>;
    constexpr auto n = static_cast<std::size_t>(row_length);
    struct memory {
        std::vector<std::int32_t> gains = std::vector<std::int32_t>(n);
        std::vector<std::int64_t> offsets = std::vector<std::int64_t>(n);
        dyad::integer_layer_norm<in, out> plan;
    };
    const auto held = std::make_shared<memory>();
    const std::vector<float> gamma(n, 1.0F);
    constexpr double ulp = 0x1p-12;
    (void)held->plan.set(view_of(std::span<const float>(gamma)), {}, 0, 1, ulp,
                         view_of(std::span<std::int32_t>(held->gains)),
                         view_of(std::span<std::int64_t>(held->offsets)));
    return rows_of<in, out>(
        ulp, false, [held](auto src, auto dst) { (void)held->plan.run(view_of(src), view_of(dst)); }, amplitude);
}
/// Published forms give units of sqrt(C) / 2^30.
const double published_ulp = std::sqrt(static_cast<double>(row_length)) * 0x1p-30;

template <dyad::ivit::arithmetic Mode>
prepared ivit_layer_norm(double amplitude) {
    const std::vector<std::int64_t> bias(static_cast<std::size_t>(row_length));
    return rows_of<in, dyad::integer<32>>(
        published_ulp, false,
        [bias](auto src, auto dst) {
            (void)dyad::ivit::layer_norm<in, dyad::integer<32>>(view_of(src), Mode, view_of(std::span(bias)),
                                                                view_of(dst));
        },
        amplitude);
}
prepared ivit_layer_norm_mended(double amplitude) {
    const std::vector<std::int64_t> bias(static_cast<std::size_t>(row_length));
    return rows_of<in, dyad::integer<32>>(
        published_ulp, false,
        [bias](auto src, auto dst) {
            (void)dyad::ivit::layer_norm_mended<in, dyad::integer<32>>(view_of(src), view_of(std::span(bias)),
                                                                       view_of(dst));
        },
        amplitude);
}
template <dyad::ibert::constants Set>
prepared ibert_layer_norm(double amplitude) {
    const std::vector<std::int64_t> bias(static_cast<std::size_t>(row_length));
    return rows_of<in, dyad::integer<32>>(
        published_ulp, false,
        [bias](auto src, auto dst) {
            (void)dyad::ibert::layer_norm<in, dyad::integer<32>>(view_of(src), Set, 0, view_of(std::span(bias)),
                                                                 view_of(dst));
        },
        amplitude);
}

}  // namespace

std::vector<variant> norm_variants() {
    using dyad::ibert::constants;
    using dyad::ivit::arithmetic;
    // clang-format off
    return {
        {"layer_norm", "dyad_16", "integer_layer_norm, 16 bits with 12 of fraction", dyad_layer_norm},
        {"layer_norm", "ivit_pytorch", "I-ViT\u2019s I-LayerNorm, as its PyTorch code", ivit_layer_norm<arithmetic::pytorch>},
        {"layer_norm", "ivit_tvm", "I-ViT\u2019s I-LayerNorm, as its TVM code", ivit_layer_norm<arithmetic::tvm>},
        {"layer_norm", "ivit_mended", "I-ViT\u2019s I-LayerNorm with the exact mean and root", ivit_layer_norm_mended},
        {"layer_norm", "ibert_code", "I-BERT\u2019s layer norm, as its code", ibert_layer_norm<constants::code>},
        {"layer_norm", "ibert_paper", "I-BERT\u2019s layer norm of its paper", ibert_layer_norm<constants::paper>},
    };
    // clang-format on
}

}  // namespace functions
