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
#include <dyad/array/softmax.hpp>
#include <dyad/array/tflite_softmax.hpp>

namespace functions {
namespace {

using in = dyad::integer<8>;
using dyad::softmax_sum;

template <class Out, std::uint32_t Unit, softmax_sum Sum>
prepared dyad_softmax(double s, bool sums) {
    dyad::integer_softmax<in, Out> plan;
    (void)plan.set(dyad::multiplier::from_scale(s), Unit, Sum);
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
    return rows_of<in, dyad::integer<32>>(std::ldexp(1.0, 1 - Bits), sums, [p](auto src, auto dst) {
        (void)dyad::ivit::softmax<in, dyad::integer<32>>(view_of(src), p, view_of(dst));
    });
}
template <dyad::ibert::constants Set>
prepared ibert_softmax(double s, bool sums) {
    const auto p = dyad::ibert::softmax_parameters::from(Set, static_cast<float>(s));
    return rows_of<in, dyad::integer<32>>(1.0 / 256, sums, [p](auto src, auto dst) {
        (void)dyad::ibert::softmax<in, dyad::integer<32>>(view_of(src), p, view_of(dst));
    });
}
prepared tflite_softmax(double s, bool sums) {
    dyad::tflite::softmax_parameters p;
    (void)p.set(static_cast<float>(s));
    return rows_of<in, dyad::uinteger<8>>(1.0 / 256, sums, [p](auto src, auto dst) {
        (void)dyad::tflite::softmax<in, dyad::uinteger<8>>(view_of(src), p, view_of(dst));
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
    add_softmax(all, "tflite_8", "TensorFlow Lite\u2019s reference softmax, 8 bits of unit 256", tflite_softmax);
    // clang-format on
    return all;
}

}  // namespace functions
