// SPDX-License-Identifier: Apache-2.0
// A clamping activation behind a layer that has no sums to clamp: the bounds are the ones that a product of the recipe
// would clamp to, by the same rounding.
#pragma once

#include <cstdint>

#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/fused_activation.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/recipe.hpp>

namespace dyad::inline v1::nn {

template <recipe R, number T>
class code_clamp {
public:
    /// When the layer is shaped.
    void choose(fused_activation activation) noexcept {
        activation_ = activation;
        ready_.forget();
    }
    /// Are the bounds known, where there are any?
    [[nodiscard]] bool is_ready() const noexcept {
        return activation_ == fused_activation::none || static_cast<bool>(ready_);
    }
    /// When it is prepared.
    void prepare(const affine& out) noexcept {
        out_ = out;
        static_cast<void>(ready_.ended(status::ok));
        columns_.clamp_to(bounds(activation_), out);
    }
    void run(matrix_view<T> codes) const noexcept {
        if (activation_ == fused_activation::none) return;
        if constexpr (requires { columns_.low; }) {
            for (index i = 0; i < codes.extent[0]; ++i) {
                for (index j = 0; j < codes.extent[1]; ++j) {
                    const std::int32_t code = codes(i, j).raw();
                    if (code < columns_.low) codes(i, j) = T::saturating_from_raw(columns_.low);
                    if (code > columns_.high) codes(i, j) = T::saturating_from_raw(columns_.high);
                }
            }
        } else {
            columns_.finish(codes);
        }
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        const status s = v.scalar(out_);
        if (s == status::ok) prepare(out_);
        if (s != status::ok) ready_.forget();
        return s;
    }

private:
    fused_activation activation_ = fused_activation::none;
    affine out_;
    columns_of<R, T> columns_;
    readiness ready_;
};

}  // namespace dyad::inline v1::nn
