// SPDX-License-Identifier: Apache-2.0
// I-ViT's functions of one number: the bits of its PyTorch and of its TVM code.

#include "registry.hpp"
#include "scalar_variant.hpp"

#include <cmath>

#include <dyad/math/ivit.hpp>

namespace functions {
namespace {

using dyad::ivit::arithmetic;

prepared exp_pytorch(double s) {
    const auto p = dyad::ivit::exp_parameters_for(arithmetic::pytorch, static_cast<float>(s), 15);
    if (!p.usable()) return {};
    return codes_of(std::ldexp(s, -15), [p](std::int64_t x) {
        return dyad::ivit::shift_exp_pytorch(static_cast<std::int32_t>(x), p).floor();
    });
}
prepared exp_tvm(double s) {
    const auto p = dyad::ivit::exp_parameters_for(arithmetic::tvm, static_cast<float>(s), 16);
    if (!p.usable()) return {};
    return codes_of(std::ldexp(s, -16),
                    [p](std::int64_t x) { return dyad::ivit::shift_exp_tvm(static_cast<std::int32_t>(x), p); });
}
/// The whole int8 row: its largest code is 127.
template <arithmetic Mode>
prepared gelu(double s) {
    const auto p = dyad::ivit::gelu_parameters::from(Mode, static_cast<float>(s));
    if (!p.usable()) return {};
    return codes_of(std::ldexp(s, -7),
                    [p](std::int64_t x) { return dyad::ivit::shift_gelu(static_cast<std::int32_t>(x), 127, p); });
}
prepared sqrt_pytorch(double) {
    return codes_of(1, [](std::int64_t n) { return dyad::ivit::newton_sqrt_pytorch(dyad::carried32::from(n)); });
}
prepared sqrt_tvm(double) {
    return codes_of(1, [](std::int64_t n) { return dyad::ivit::newton_sqrt_tvm(static_cast<std::uint32_t>(n)); });
}

}  // namespace

std::vector<variant> ivit_variants() {
    // clang-format off
    return {
        {"exp", "ivit_pytorch", "I-ViT\u2019s ShiftExp, n = 15, as its PyTorch code", exp_pytorch},
        {"exp", "ivit_tvm", "I-ViT\u2019s ShiftExp, n = 16, as its TVM code", exp_tvm},
        {"gelu", "ivit_pytorch", "I-ViT\u2019s ShiftGELU in a row of all codes, as its PyTorch code", gelu<arithmetic::pytorch>},
        {"gelu", "ivit_tvm", "I-ViT\u2019s ShiftGELU in a row of all codes, as its TVM code", gelu<arithmetic::tvm>},
        {"sqrt", "ivit_pytorch", "I-ViT\u2019s ten steps of Newton from 2^16, as its PyTorch code", sqrt_pytorch},
        {"sqrt", "ivit_tvm", "I-ViT\u2019s ten steps of Newton from 2^16, as its TVM code", sqrt_tvm},
        {"sqrt32", "ivit_tvm", "I-ViT\u2019s ten steps of Newton from 2^16, as its TVM code", sqrt_tvm},
    };
    // clang-format on
}

}  // namespace functions
