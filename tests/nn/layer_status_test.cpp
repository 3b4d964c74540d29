// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include <doctest/doctest.h>

#include <dyad/nn/fused_activation.hpp>
#include <dyad/nn/layer_status.hpp>

namespace {

using dyad::status;
using dyad::nn::in_layer;
using dyad::nn::layer_kind;
using dyad::nn::layer_status;
using dyad::nn::operand_kind;

layer_status answer(layer_status s) { return s; }

}  // namespace

TEST_CASE("a layer's answer names the layer and the operand") {
    const layer_status s = in_layer(layer_kind::linear, status::lhs_null);
    CHECK(s == status::lhs_null);
    CHECK(s.code() == status::lhs_null);
    CHECK(s.layer() == layer_kind::linear);
    CHECK(s.operand() == operand_kind::input);
    CHECK(to_string(s).text() == "linear, input: lhs has elements but a null pointer");
    CHECK(std::string_view(to_string(s).c_str()) == to_string(s).text());

    // What a caller knows better than the status does.
    const layer_status bias = in_layer(layer_kind::conv2d, operand_kind::bias, status::parameter_shape_differs);
    CHECK(to_string(bias).text() == "conv2d, bias: a parameter of the model has another shape");
    const layer_status known{status::parameter_missing, layer_kind::none, operand_kind::bias};
    CHECK(in_layer(layer_kind::linear, known) ==
          layer_status(status::parameter_missing, layer_kind::linear, operand_kind::bias));
}

TEST_CASE("the innermost layer names itself, and ok stays ok") {
    const layer_status inner = in_layer(layer_kind::linear, status::dst_null);
    CHECK(in_layer(layer_kind::transformer_block, inner) == inner);
    CHECK(in_layer(layer_kind::mlp, operand_kind::weight, inner) == inner);
    CHECK(in_layer(layer_kind::mlp, status::ok) == layer_status(status::ok));
    CHECK(to_string(in_layer(layer_kind::mlp, status::ok)).text() == "ok");
}

TEST_CASE("layers and plain functions can call each other") {
    const status plain = answer(in_layer(layer_kind::linear, status::lhs_null));
    CHECK(plain == status::lhs_null);
    const layer_status s = answer(status::arena_too_small);
    CHECK(s.layer() == layer_kind::none);
    CHECK(to_string(s).text() == "the arena is too small");
    CHECK(s != status::ok);
    CHECK(status::arena_too_small == s);
}

TEST_CASE("every layer and every operand has a name of its own") {
    for (int i = 1; i <= static_cast<int>(layer_kind::batch_norm); ++i) {
        for (int j = 0; j < i; ++j) {
            CHECK(std::string_view(to_string(static_cast<layer_kind>(i))) != to_string(static_cast<layer_kind>(j)));
        }
    }
    for (int i = 1; i <= static_cast<int>(operand_kind::position); ++i) {
        for (int j = 0; j < i; ++j) {
            CHECK(std::string_view(to_string(static_cast<operand_kind>(i))) != to_string(static_cast<operand_kind>(j)));
        }
    }
}

TEST_CASE("a sentence that is too long is cut") {
    dyad::nn::status_text text;
    for (int i = 0; i < 100; ++i) text.append("abc");
    CHECK(text.text().size() == 199);
    CHECK(text.c_str()[199] == '\0');
}

TEST_CASE("fused activations let through what their names say") {
    using dyad::nn::bounds;
    using dyad::nn::fused_activation;
    CHECK(bounds(fused_activation::relu).low == 0);
    CHECK(bounds(fused_activation::relu).high > 1e300);
    CHECK(bounds(fused_activation::relu6).high == 6);
    CHECK(bounds(fused_activation::relu_n1_to_1).low == -1);
    CHECK(bounds(fused_activation::none).low < -1e300);
}
