// SPDX-License-Identifier: Apache-2.0
// I-BERT's functions of one number: the bits of its code, the form of its paper, and mended.

#include "registry.hpp"
#include "scalar_variant.hpp"

#include <cmath>

#include <dyad/math/ibert.hpp>

namespace functions {
namespace {

using dyad::ibert::constants;

prepared exp_code(double s) {
    const auto p = dyad::ibert::exp_parameters::from(constants::code, static_cast<float>(s));
    if (!p.usable()) return {};
    return codes_of(std::ldexp(0.35815147 * s * s, -30), [p](std::int64_t x) {
        return dyad::to_double(dyad::ibert::i_exp_code(static_cast<std::int32_t>(x), p));
    });
}
prepared exp_paper(double s) {
    const auto p = dyad::ibert::exp_parameters::from(constants::paper, static_cast<float>(s));
    if (!p.usable()) return {};
    return codes_of(0.3585 * s * s,
                    [p](std::int64_t x) { return dyad::ibert::i_exp_paper(static_cast<std::int32_t>(x), p); });
}
template <constants Set>
prepared exp_mended(double s) {
    return codes_of(0x1p-30, [m = dyad::log2_multiplier(s)](std::int64_t x) {
        return dyad::ibert::i_exp_mended(Set, static_cast<std::int32_t>(x), m);
    });
}

/// i-erf takes x / sqrt 2 in codes of S / sqrt 2: with S sqrt 2 for S it is erf of x.
template <constants Set>
prepared erf(double s) {
    const auto p = dyad::ibert::gelu_parameters::from(Set, static_cast<float>(s * std::sqrt(2.0)));
    if (!p.usable()) return {};
    return codes_of(std::ldexp(0.2888 * s * s, p.shift),
                    [p](std::int64_t x) { return -dyad::ibert::i_erf(static_cast<std::int32_t>(x), p); });
}
template <constants Set>
prepared gelu(double s) {
    const auto p = dyad::ibert::gelu_parameters::from(Set, static_cast<float>(s));
    if (!p.usable()) return {};
    return codes_of(-dyad::to_double(p.out_scale),
                    [p](std::int64_t x) { return -dyad::ibert::i_gelu(static_cast<std::int32_t>(x), p); });
}
prepared gelu_mended(double s) {
    return codes_of(s * 0x1p-31, [m = dyad::ibert::erf_multiplier(s)](std::int64_t x) {
        return dyad::ibert::i_gelu_mended(static_cast<std::int32_t>(x), m);
    });
}
prepared root(double) {
    return codes_of(1, [](std::int64_t n) { return dyad::ibert::i_sqrt(static_cast<std::uint64_t>(n)).root; });
}

}  // namespace

std::vector<variant> ibert_variants() {
    // clang-format off
    return {
        {"exp", "ibert_code", "I-BERT\u2019s i-exp, constants and float32 words of its code", exp_code},
        {"exp", "ibert_paper", "I-BERT\u2019s i-exp, constants and integers of its paper", exp_paper},
        {"exp", "ibert_code_mended", "the polynomial of I-BERT\u2019s code at a scale of its own", exp_mended<constants::code>},
        {"exp", "ibert_paper_mended", "the polynomial of I-BERT\u2019s paper at a scale of its own", exp_mended<constants::paper>},
        {"erf", "ibert_code", "I-BERT\u2019s i-erf as its code, which drops 14 bits", erf<constants::code>},
        {"erf", "ibert_paper", "I-BERT\u2019s i-erf of its paper", erf<constants::paper>},
        {"gelu", "ibert_code", "I-BERT\u2019s i-GELU as its code: without digits for inputs of 8 bits", gelu<constants::code>},
        {"gelu", "ibert_paper", "I-BERT\u2019s i-GELU of its paper", gelu<constants::paper>},
        {"gelu", "ibert_mended", "the polynomial of I-BERT\u2019s i-GELU at a scale of its own", gelu_mended},
        {"sqrt", "ibert", "I-BERT\u2019s i-sqrt: Newton\u2019s iteration from a power of two", root},
        {"sqrt32", "ibert", "I-BERT\u2019s i-sqrt: Newton\u2019s iteration from a power of two", root},
    };
    // clang-format on
}

}  // namespace functions
