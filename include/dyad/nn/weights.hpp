// SPDX-License-Identifier: Apache-2.0
// How a recipe keeps the weights of a matrix (out x in; a product sums over `in`): codes whose scales go to the rows'
// factors. Others with the same members: block_weights (nn/block_scaling.hpp), tensor_weights (nn/token_scaling.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/archive.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1::nn {

/// The memory of weights of which each is a code, and what all that keep them so share.
template <number W>
class code_weights {
public:
    /// What a weight takes in memory, its share of the scales that lie beside the codes included.
    static constexpr double bits_per_weight = width_of<W>;

    status shape(arena& memory, index rows, index columns) noexcept { return memory.take(rows, columns, codes_); }
    [[nodiscard]] std::array<index, 2> extent() const noexcept { return codes_.extent; }

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
        if (const status s = v.array(codes_); s != status::ok || codes_.data == nullptr) return s;
        // Bounds of sums are those of codes; an archive may be of another model.
        if constexpr (requires { W{}.raw(); }) {
            using raw_type = decltype(W{}.raw());
            constexpr raw_type low = std::numeric_limits<W>::lowest().raw();
            constexpr raw_type high = std::numeric_limits<W>::max().raw();
            if constexpr (low != std::numeric_limits<raw_type>::min() || high != std::numeric_limits<raw_type>::max()) {
                for (index i = 0; i < codes_.extent[0]; ++i) {
                    for (index j = 0; j < codes_.extent[1]; ++j) {
                        const raw_type code = codes_(i, j).raw();
                        if (code < low || code > high) return status::parameter_out_of_range;
                    }
                }
            }
        }
        return status::ok;
    }

protected:
    matrix_view<W> codes_;
};

/// One code a weight, each row with the scale that Scaling::weight_scale gives it.
template <class Scaling, number W>
class row_weights : public code_weights<W> {
    using code_weights<W>::codes_;

public:
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

    /// Codes that a file prescribes, within W; the same calls.
    template <class Each>
    status take(const given_codes& given, const Each& each) noexcept requires(carrier_rules::is_fixed<W>) {
        const index scales = given.scales.extent[0];
        if (given.codes.extent != codes_.extent || (scales != 1 && scales != codes_.extent[0])) {
            return status::parameter_shape_differs;
        }
        for (index i = 0; i < codes_.extent[0]; ++i) {
            for (index j = 0; j < codes_.extent[1]; ++j) {
                codes_(i, j) = W::saturating_from_raw(given.codes(i, j));
                if (codes_(i, j).raw() != given.codes(i, j)) return status::parameter_out_of_range;
            }
            const auto scale = static_cast<double>(given.scales(scales == 1 ? 0 : i));
            if (const status s = each(i, scale); s != status::ok) return s;
        }
        return status::ok;
    }
    /// The sum of a row's codes.
    [[nodiscard]] std::int64_t row_sum(index i) const noexcept requires(carrier_rules::is_fixed<W>) {
        std::int64_t sum = 0;
        for (index j = 0; j < codes_.extent[1]; ++j) sum += codes_(i, j).raw();
        return sum;
    }
};

}  // namespace dyad::inline v1::nn
