// SPDX-License-Identifier: Apache-2.0
// Power scaling: PowerQuant's codes c of exponent 1/2, value = scale * sign(c) c^2 (number/power.hpp), rounded as the
// paper rounds, in the power's domain:
//   c = round(max sqrt(|x| / largest |x|)), ties to even: |c| >= n where |x| exceeds (n - 1/2)^2 scale.
// Weights have a scale for each row, activations one for each token at run time. Source: Yvinec et al., "PowerQuant:
// automorphism search for non-uniform quantization", ICLR 2023, whose search begins at 1/2 and ends near 0.55 for
// common networks; of all exponents 1/2 is the one whose values are small integers, so that products are exact.
#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include <dyad/array/arena.hpp>
#include <dyad/array/scale_map.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/nn/archive.hpp>
#include <dyad/nn/scaling.hpp>
#include <dyad/nn/tensor.hpp>
#include <dyad/nn/token_scaling.hpp>
#include <dyad/nn/weights.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/power.hpp>

namespace dyad::inline v1::nn {

/// Value of the code 1 for values up to `largest`, 0 for none.
template <number T>
[[nodiscard]] constexpr float power_scale(double largest) noexcept {
    return static_cast<float>(largest / (static_cast<double>(T::max_raw) * static_cast<double>(T::max_raw)));
}
/// The code of a finite x. The root finds it within one; which of the two it is, an exact comparison says:
/// (n - 1/2)^2 scale has at most 2 width + 24 digits, which a double has.
template <number T>
[[nodiscard]] T power_code(float x, float scale) noexcept {
    static_assert(T::width <= 14);
    const double size = static_cast<double>(x < 0 ? -x : x);
    const double unit = static_cast<double>(scale);
    if (!(unit > 0)) return T::from_raw(0);
    const auto reaches = [size, unit](std::int32_t n) {
        const double threshold = (static_cast<double>(n) * (n - 1) + 0.25) * unit;
        return size > threshold || (size == threshold && n % 2 == 0);
    };
    const double root = __builtin_sqrt(size / unit) + 0.5;
    std::int32_t c = root < T::max_raw ? static_cast<std::int32_t>(root) : std::int32_t{T::max_raw};
    if (c < T::max_raw && reaches(c + 1)) ++c;
    else if (c > 0 && !reaches(c)) --c;
    return T::from_raw(static_cast<typename T::raw_type>(x < 0 ? -c : c));
}

/// Power codes with a scale for each row.
template <number W>
class power_weights : public code_weights<W> {
    using code_weights<W>::codes_;

public:
    template <class IfZero, class Each>
    status prepare(matrix_view<const float> w, const IfZero& if_zero, const Each& each) noexcept {
        if (!is_finite(w)) return status::parameter_not_finite;
        for (index i = 0; i < codes_.extent[0]; ++i) {
            const float scale = power_scale<W>(largest_magnitude(row_block(w, i, 1)));
            for (index j = 0; j < codes_.extent[1]; ++j) codes_(i, j) = power_code<W>(w(i, j), scale);
            const status s = each(i, scale > 0 ? static_cast<double>(scale) : if_zero(i));
            if (s != status::ok) return s;
        }
        return status::ok;
    }
};

/// Weights and operands must be power<Bits, 2>. Everything between products is float.
struct power_scaling : unit_scaling {
    using token = line_scales;
    template <number T>
    using produced = float;
    template <class, number W>
    using weights = power_weights<W>;
    template <class Sum, number Out>
    using columns = real_columns<Out>;

    /// Heads that stand side by side share the scale of their token. status::value_not_finite for NaN or infinity.
    template <number T, class Context>
    static status operand(matrix_view<const float> in, const contraction& sums, const Context& context,
                          tensor<T, token>& out) noexcept {
        const bool along_rows = sums.over == contracted::columns;
        const index lines = in.extent[along_rows ? 0 : 1];
        matrix_view<T> codes;
        vector_view<float> scales;
        if (const status s = context.scratch.take(in.extent[0], in.extent[1], codes); s != status::ok) return s;
        if (const status s = context.scratch.take(lines, scales); s != status::ok) return s;
        out.codes = as_const(codes);
        out.token.values = {scales.data, in.extent, {along_rows ? 1 : 0, along_rows ? 0 : 1}};
        if (context.measuring()) return status::ok;
        if (!all_finite(in)) return status::value_not_finite;
        // A task encodes some lines: channels that lie side by side are read row by row.
        constexpr index together = 16;
        context.execute(tiles_of(lines, together), [&](index task) {
            const default_float_environment environment;
            const index first = task * together;
            const index count = lines - first < together ? lines - first : together;
            encode(along_rows ? row_block(in, first, count) : transposed(column_block(in, first, count)),
                   along_rows ? row_block(codes, first, count) : transposed(column_block(codes, first, count)),
                   scales.data + first);
        });
        return status::ok;
    }

private:
    template <number T>
    static void encode(matrix_view<const float> lines, matrix_view<T> codes, float* scales) noexcept {
        for (index i = 0; i < lines.extent[0]; ++i) {
            scales[i] = power_scale<T>(largest_magnitude(row_block(lines, i, 1)));
            for (index j = 0; j < lines.extent[1]; ++j) codes(i, j) = power_code<T>(lines(i, j), scales[i]);
        }
    }
};

}  // namespace dyad::inline v1::nn
