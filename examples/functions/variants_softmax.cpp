// SPDX-License-Identifier: Apache-2.0
// Variants of softmax: its elements, and what they add up to.

#include "registry.hpp"
#include "rows.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

#include <dyad/array/ibert_rows.hpp>
#include <dyad/array/integer_softmax.hpp>
#include <dyad/array/ivit_rows.hpp>
#include <dyad/array/published_softmax_rows.hpp>
#include <dyad/array/softmax.hpp>
#include <dyad/array/tflite_softmax.hpp>

namespace functions {
namespace {

using in = dyad::integer<8>;
using dyad::softmax_sum;

template <class Out, std::uint32_t Unit, softmax_sum Sum>
prepared dyad_softmax(double s, bool sums) {
    dyad::integer_softmax<in, Out> plan;
    if (plan.set(dyad::multiplier::from_scale(s), Unit, Sum) != dyad::status::ok) return {};
    return rows_of<in, Out>(1.0 / Unit, sums,
                            [plan](auto src, auto dst) { (void)plan.run(view_of(src), view_of(dst)); });
}
template <class Out, std::uint32_t Unit>
prepared shiftmax(double s, bool sums) {
    return rows_of<in, Out>(1.0 / Unit, sums, [m = dyad::log2_multiplier(s)](auto src, auto dst) {
        (void)dyad::shiftmax<in, Out>(view_of(src), m, Unit, view_of(dst));
    });
}
template <dyad::ivit::arithmetic Mode, int Bits>
prepared ivit_softmax(double s, bool sums) {
    const auto p = dyad::ivit::softmax_parameters::from(Mode, static_cast<float>(s), Bits);
    if (!p.usable()) return {};
    return rows_of<in, dyad::integer<32>>(std::ldexp(1.0, 1 - Bits), sums, [p](auto src, auto dst) {
        (void)dyad::ivit::softmax<in, dyad::integer<32>>(view_of(src), p, view_of(dst));
    });
}
template <dyad::ibert::constants Set>
prepared ibert_softmax(double s, bool sums) {
    const auto p = dyad::ibert::softmax_parameters::from(Set, static_cast<float>(s));
    if (!p.usable()) return {};
    return rows_of<in, dyad::integer<32>>(1.0 / 256, sums, [p](auto src, auto dst) {
        (void)dyad::ibert::softmax<in, dyad::integer<32>>(view_of(src), p, view_of(dst));
    });
}
prepared tflite_softmax(double s, bool sums) {
    dyad::tflite::softmax_parameters p;
    if (p.set(static_cast<float>(s)) != dyad::status::ok) return {};
    return rows_of<in, dyad::uinteger<8>>(1.0 / 256, sums, [p](auto src, auto dst) {
        (void)dyad::tflite::softmax<in, dyad::uinteger<8>>(view_of(src), p, view_of(dst));
    });
}
prepared index_softmax(double s, bool sums) {
    const std::int32_t threshold = dyad::index_softmax::threshold_paper(static_cast<float>(s));
    if (threshold <= 0) return {};
    return rows_of<in, dyad::uinteger<8>>(1.0 / 255, sums, [threshold](auto src, auto dst) {
        (void)dyad::index_softmax::softmax<in, dyad::uinteger<8>>(view_of(src), threshold, view_of(dst));
    });
}
prepared index_softmax_mended(double s, bool sums) {
    const std::int32_t threshold = dyad::index_softmax::threshold_paper(static_cast<float>(s));
    if (threshold <= 0) return {};
    return rows_of<in, dyad::uinteger<8>>(1.0 / 255, sums, [threshold](auto src, auto dst) {
        (void)dyad::index_softmax::softmax_mended<in, dyad::uinteger<8>>(view_of(src), threshold, view_of(dst));
    });
}
/// Inputs times log2 e are rounded to two fraction bits first, which is part of it.
prepared softermax(double s, bool sums) {
    const double factor = s * 1.4426950408889634074 * 4;
    return rows_of<in, dyad::uinteger<8>>(1.0 / 128, sums, [factor](auto src, auto dst) {
        std::vector<in> base2;
        for (const in x : src)
            base2.push_back(in::saturating_from_raw(static_cast<std::int64_t>(std::nearbyint(x.raw() * factor))));
        (void)dyad::softermax::softmax<in, dyad::uinteger<8>>(view_of(std::span<const in>(base2)), 16, view_of(dst));
    });
}
/// The codes are exponents: shares 2^-q, q of 4 bits; in units of 2^-15.
prepared fqvit_softmax(double s, bool sums) {
    const auto p = dyad::ibert::exp_parameters::from(dyad::ibert::constants::code, static_cast<float>(s));
    if (!p.usable()) return {};
    return rows_of<in, float>(0x1p-15, sums, [p](auto src, auto dst) {
        std::vector<dyad::integer<8>> q(src.size());
        (void)dyad::fqvit::log_softmax<in, dyad::integer<8>>(view_of(src), p, 4, view_of(std::span(q)));
        for (std::size_t i = 0; i < q.size(); ++i) dst[i] = q[i].raw() > 15 ? 0 : std::ldexp(1.0F, 15 - q[i].raw());
    });
}

}  // namespace

std::vector<variant> softmax_variants() {
    using dyad::ibert::constants;
    using dyad::ivit::arithmetic;
    std::vector<variant> all;
    // clang-format off
    add_softmax(all, "dyad_8", "integer_softmax, 8 bits of unit 255, each rounded to nearest", dyad_softmax<dyad::uinteger<8>, 255, softmax_sum::nearest>);
    add_softmax(all, "dyad_8_preserved", "integer_softmax, 8 bits of unit 255, the sum preserved", dyad_softmax<dyad::uinteger<8>, 255, softmax_sum::preserved>);
    add_softmax(all, "dyad_16", "integer_softmax, 16 bits of unit 65535, each rounded to nearest", dyad_softmax<dyad::uinteger<16>, 65535, softmax_sum::nearest>);
    add_softmax(all, "shiftmax_8", "shiftmax: shift_exp2, exact division, 8 bits of unit 255", shiftmax<dyad::uinteger<8>, 255>);
    add_softmax(all, "ivit_pytorch_8", "I-ViT\u2019s Shiftmax, 8 bits of unit 128, as its PyTorch code", ivit_softmax<arithmetic::pytorch, 8>);
    add_softmax(all, "ivit_pytorch_16", "I-ViT\u2019s Shiftmax, 16 bits of unit 32768, as its PyTorch code", ivit_softmax<arithmetic::pytorch, 16>);
    add_softmax(all, "ivit_tvm", "I-ViT\u2019s Shiftmax, 8 bits of unit 128, as its TVM code", ivit_softmax<arithmetic::tvm, 8>);
    add_softmax(all, "ibert_code", "I-BERT\u2019s i-softmax, 8 bits of unit 256, as its code", ibert_softmax<constants::code>);
    add_softmax(all, "ibert_paper", "I-BERT\u2019s i-softmax, 8 bits of unit 256, of its paper", ibert_softmax<constants::paper>);
    add_softmax(all, "index_softmax", "IntAttention\u2019s IndexSoftmax: a table of 32 exponentials, unit 255", index_softmax);
    add_softmax(all, "index_mended", "IndexSoftmax with the nearest entry of its table", index_softmax_mended);
    add_softmax(all, "softermax", "in the structure of Softermax: base 2, unit 128; its inputs saturate at \u00B132 and have 2 fraction bits", softermax);
    add_softmax(all, "fqvit_4", "FQ-ViT\u2019s log-int-softmax: powers of two, 4 bits", fqvit_softmax);
    add_softmax(all, "tflite_8", "TensorFlow Lite\u2019s reference softmax, 8 bits of unit 256", tflite_softmax);
    // clang-format on
    return all;
}

}  // namespace functions
