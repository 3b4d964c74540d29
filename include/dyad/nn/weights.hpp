// SPDX-License-Identifier: Apache-2.0
// How a recipe keeps the weights of a matrix (out x in; a product sums over `in`): codes whose scales go to the rows'
// factors. Others with the same members: block_weights (nn/block_scaling.hpp), tensor_weights (nn/token_scaling.hpp).
#pragma once

#include <array>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/nn/archive.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1::nn {

/// One code a weight, each row with the scale that Scaling::weight_scale gives it.
template <class Scaling, number W>
class row_weights {
public:
    /// What a weight takes in memory, its share of the scales that lie beside the codes included.
    static constexpr double bits_per_weight = width_of<W>;

    status shape(arena& memory, index rows, index columns) noexcept { return memory.take(rows, columns, codes_); }
    [[nodiscard]] std::array<index, 2> extent() const noexcept { return codes_.extent; }

    /// Quantizes w; tells each(row, scale) the value of one code of each row and stops where that fails. `if_zero(row)`
    /// is the scale of a row that could have any.
    template <class IfZero, class Each>
    status prepare(matrix_view<const float> w, const IfZero& if_zero, const Each& each) noexcept {
        for (index i = 0; i < codes_.extent[0]; ++i) {
            const double scale = Scaling::template weight_scale<W>(w, i, if_zero(i));
            for (index j = 0; j < codes_.extent[1]; ++j) {
                const double code = static_cast<double>(w(i, j)) / scale;
                codes_(i, j) = convert<W>(code, rounding::nearest_even, saturation::finite);
            }
            if (const status s = each(i, scale); s != status::ok) return s;
        }
        return status::ok;
    }

    /// The weights as a product reads them: here the same memory.
    template <class Context>
    status operand(const Context&, matrix_view<const W>& out) const noexcept {
        out = as_const(codes_);
        return status::ok;
    }

    /// The same where a product packs them once.
    [[nodiscard]] matrix_view<const W> codes() const noexcept { return as_const(codes_); }

    template <class Visitor>
    status visit(Visitor& v) noexcept {
        return v.array(codes_);
    }

private:
    matrix_view<W> codes_;
};

}  // namespace dyad::inline v1::nn
