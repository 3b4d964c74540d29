// SPDX-License-Identifier: Apache-2.0
// Codes to floats and floats to codes, many at a time: what float functions between any two formats are made of.
//   decoded(c) = float(c) - zero point of src
//   value(c) = decoded(c) * in
//   code(y) = narrow(y / out + zero point of dst)
// Product and quotient are rounded once to float. The bulk functions give these bits on every instruction set.
#pragma once

#include <concepts>
#include <cstddef>

#include <dyad/array/convert.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/fixed.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/float_quotients.hpp>
#include <dyad/kernels/scalar/float_norm.hpp>
#include <dyad/kernels/scale.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1::nn {

/// Elements of a strided row that are brought together at once.
inline constexpr index float_piece = 512;

/// n elements from `first` on.
template <class T>
[[nodiscard]] constexpr vector_view<T> piece_of(vector_view<T> v, index first, index n) noexcept {
    return {v.data + first * v.stride[0], {n}, v.stride};
}
/// visit(first, n) for the pieces of `all` elements, each of at most `most`.
template <class Visit>
constexpr void for_each_piece(index all, index most, Visit visit) noexcept {
    for (index first = 0; first < all; first += most) visit(first, all - first < most ? all - first : most);
}

/// Scales and zero points of input and output.
struct float_scales {
    float in = 1;
    float out = 1;
    float in_zero = 0;
    float out_zero = 0;

    status set(const affine& from, const affine& to) noexcept {
        if (!is_positive_finite(from.scale) || !is_positive_finite(to.scale)) return status::scale_not_positive;
        in = static_cast<float>(from.scale);
        out = static_cast<float>(to.scale);
        in_zero = static_cast<float>(from.zero_point);
        out_zero = static_cast<float>(to.zero_point);
        return status::ok;
    }
    [[nodiscard]] bool are_one() const noexcept { return in == 1 && out == 1 && in_zero == 0 && out_zero == 0; }

    // One by one: the definition.

    template <number In>
    [[nodiscard]] float decoded(In x) const noexcept {
        const float code = convert<float>(x);
        return in_zero == 0 ? code : scalar::float_norms::subtracted(code, in_zero);
    }
    template <number In>
    [[nodiscard]] float value(In x) const noexcept {
        return scalar::multiply_lane(decoded(x), static_cast<double>(in));
    }
    template <number Out>
    [[nodiscard]] Out code(float y) const noexcept {
        const float codes = scalar::divided(y, out);
        if (out_zero == 0) return convert<Out>(codes, rounding::nearest_even, saturation::finite);
        const double shifted = static_cast<double>(codes) + static_cast<double>(out_zero);
        return convert<Out>(shifted, rounding::nearest_even, saturation::finite);
    }

    // Many at a time, the same bits.

    /// decoded(src) laid end to end: src's own memory, where it is that already, or `room`.
    template <number In>
    [[nodiscard]] const float* decode(instruction_set isa, vector_view<const In> src, float* room) const noexcept {
        const index n = src.extent[0];
        if (src.stride[0] == 1 || n <= 1) {
            if constexpr (std::same_as<In, float>) {
                if (in_zero == 0) return src.data;
            }
            convert_elements(isa, src.data, room, static_cast<std::size_t>(n), rounding::nearest_even, saturation::none,
                             0);
        } else {
            for_each_piece(n, float_piece, [&](index first, index here) {
                In codes[float_piece];
                for (index j = 0; j < here; ++j) codes[j] = src(first + j);
                convert_elements(isa, static_cast<const In*>(codes), room + first, static_cast<std::size_t>(here),
                                 rounding::nearest_even, saturation::none, 0);
            });
        }
        if (in_zero != 0) subtract_zero(room, n);
        return room;
    }
    /// value(src) laid end to end.
    template <number In>
    void values(instruction_set isa, vector_view<const In> src, float* room) const noexcept {
        const float* codes = decode(isa, src, room);
        multiply_floats(isa, codes, static_cast<double>(in), room, static_cast<std::size_t>(src.extent[0]));
    }
    /// dst = code(y), whose memory is used up.
    template <number Out>
    void encode(instruction_set isa, float* y, vector_view<Out> dst) const noexcept {
        const auto n = static_cast<std::size_t>(dst.extent[0]);
        if (out_zero != 0 && !fixed_in_bulk<Out>) {
            for (std::size_t j = 0; j < n; ++j) dst(static_cast<index>(j)) = code<Out>(y[j]);
            return;
        }
        if (out != 1) quotients(isa, y, out, y, n);
        if (out_zero != 0) sums_to_odd(isa, y, static_cast<double>(out_zero), y, n);
        narrow_elements(isa, y, dst);
    }

    template <class Visitor>
    status visit(Visitor& v) noexcept {
        for (float* const x : {&in, &out, &in_zero, &out_zero}) {
            if (const status s = v.scalar(*x); s != status::ok) return s;
        }
        return status::ok;
    }

private:
    template <number Out>
    static void narrow_elements(instruction_set isa, const float* y, vector_view<Out> dst) noexcept {
        const index n = dst.extent[0];
        if (dst.stride[0] == 1 || n <= 1)
            return convert_elements(isa, y, dst.data, static_cast<std::size_t>(n), rounding::nearest_even,
                                    saturation::finite, 0);
        for_each_piece(n, float_piece, [&](index first, index here) {
            Out codes[float_piece];
            convert_elements(isa, y + first, static_cast<Out*>(codes), static_cast<std::size_t>(here),
                             rounding::nearest_even, saturation::finite, 0);
            for (index j = 0; j < here; ++j) dst(first + j) = codes[j];
        });
    }
    [[gnu::noinline]] void subtract_zero(float* x, index n) const noexcept {
        const default_float_environment environment;
        for (index j = 0; j < n; ++j) x[j] = scalar::float_norms::subtracted(x[j], in_zero);
    }
};

}  // namespace dyad::inline v1::nn
