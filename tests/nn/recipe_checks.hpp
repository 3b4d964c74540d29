// SPDX-License-Identifier: Apache-2.0
// A recipe of the literature in a linear layer and in attention, both prepared from floats and compared with double.
#pragma once

#include <doctest/doctest.h>

#include <dyad/nn/attention.hpp>
#include <dyad/nn/linear.hpp>
#include <dyad/nn/recipes.hpp>

#include "nn/reference_layers.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace dyad_test {

template <class R>
using input_of = dyad::nn::produced<R, typename R::operand>;

/// layer's codes for an input as a matrix of doubles; the layer has the memory it asks for, and no more.
template <class R, class Out, class Layer>
[[nodiscard]] real_matrix outputs_of(const Layer& layer, const std::vector<input_of<R>>& in, index rows, index columns,
                                     index outputs, double out_scale) {
    std::vector<Out> out(static_cast<std::size_t>(rows * outputs));
    const auto run = [&](const input_of<R>* from, Out* to, dyad::arena& scratch) -> status {
        dyad::nn::tensor_of<R, typename R::operand> t;
        const auto context = dyad::nn::quiet(scratch);
        const auto view = dyad::make_matrix(from, rows, columns);
        const status s = dyad::nn::as_operand<R, typename R::operand>(view, t, 0, context);
        return s == status::ok ? status(layer.run(t, dyad::make_matrix(to, rows, outputs), context)) : s;
    };
    dyad::arena need = dyad::arena::measuring();
    CHECK(run(nullptr, nullptr, need) == status::ok);
    std::vector<std::byte> bytes(need.peak() + dyad::arena::alignment);
    dyad::arena scratch(bytes);
    CHECK(run(in.data(), out.data(), scratch) == status::ok);
    return decode(out, rows, outputs, out_scale);
}

inline void check_decibels(const std::string& what, double got, double least) {
    MESSAGE(what << ": " << got << " dB");
    CHECK(got >= least);
    CHECK(got < least + 3);  // a bound that has become loose tells nothing
}

/// At least so many dB, and less than 3 dB more.
template <class R>
void check_recipe(const std::string& name, double least_of_linear, double least_of_attention) {
    static_assert(dyad::nn::recipe<R>);
    constexpr index tokens = 9;
    constexpr index width = 48;
    constexpr index heads = 2;
    using first = dyad::nn::part_of<R, dyad::nn::part::attention_qkv>;
    using stream = typename R::stream;
    parameters source;
    const real_matrix x = random_matrix(tokens, width, 1, 2);
    const double in_scale = first::scaling::template scale<input_of<first>>(x.absmax());
    const auto in = encode<input_of<first>>(x, in_scale);
    const real_matrix seen = decode(in, tokens, width, in_scale);
    {
        const auto shape = [](auto& layer, dyad::arena& a) { return layer.shape(a, 40, width); };
        auto held = shaped<dyad::nn::linear<first, stream>>(shape);
        add_linear(source, "l", 40, width, 3);
        const real_matrix expected = linear_of(seen, source.get("l.weight"), source.get("l.bias"));
        const double scale = R::scaling::template scale<stream>(expected.absmax());
        REQUIRE(held.layer.prepare(source, dyad::nn::path("l"), in_scale, scale) == status::ok);
        const real_matrix got = outputs_of<first, stream>(held.layer, in, tokens, width, 40, scale);
        check_decibels(name + ", linear", sqnr(expected, got), least_of_linear);
    }
    const auto shape = [](auto& layer, dyad::arena& a) { return layer.shape(a, tokens, width, heads); };
    auto held = shaped<dyad::nn::attention<R>>(shape);
    add_attention(source, "a", width, 5);
    reference_model<R> reference{source, {}};
    const real_matrix expected = reference.attention(seen, heads, "a", "e");
    calibrate(source, reference);
    dyad::nn::affine out;
    REQUIRE(held.layer.prepare(source, dyad::nn::path("a"), dyad::nn::path("e"), in_scale, out) == status::ok);
    const real_matrix got = outputs_of<first, stream>(held.layer, in, tokens, width, width, out.scale);
    check_decibels(name + ", attention", sqnr(expected, got), least_of_attention);
}

}  // namespace dyad_test
