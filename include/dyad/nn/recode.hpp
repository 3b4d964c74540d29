// SPDX-License-Identifier: Apache-2.0
// Codes of one tensor as codes of another, and the products of two tensors' elements:
//   out = x in.scale / out.scale           out = x y (x.scale y.scale) / out.scale
// each with the zero points of its operands, rounded once as the recipe rounds sums of products: by a dyadic number
// between fixed-point formats of an integer-only recipe, else by a float.
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/array/convert.hpp>
#include <dyad/array/map_operands.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1::nn {

/// A factor in the columns of the recipe, which round an integer of sum_of<R>.
template <recipe R, number In, number Out>
inline constexpr bool recodes_integers = carrier_rules::is_fixed<In>&& std::same_as<sum_of<R>, std::int32_t>;

/// One factor for a whole tensor.
template <recipe R, number In, number Out>
class recoding {
public:
    status shape(arena& memory) noexcept {
        ready_.forget();
        if constexpr (in_integers) return columns_.shape_uniform(memory, 1);
        else return status::ok;
    }
    /// `unit`: value of one unit of what will be rounded.
    status set(double unit, const affine& out) noexcept { return ready_.ended(take(unit, out)); }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if constexpr (in_integers) {
            return ready_.ended(columns_.visit(v));
        } else {
            const status s = v.scalar(factor_);
            return ready_.ended(s == status::ok ? v.scalar(zero_) : s);
        }
    }

    [[nodiscard]] bool is_ready() const noexcept { return static_cast<bool>(ready_); }

    /// What is rounded: integers where these are exact, else doubles (a product of two floats is one).
    static constexpr bool in_integers = recodes_integers<R, In, Out>;
    using term = std::conditional_t<in_integers, std::int32_t, double>;
    [[nodiscard]] static constexpr term term_of(In x, std::int32_t zero) noexcept {
        if constexpr (in_integers) return static_cast<term>(x.raw()) - zero;
        else return convert<double>(x) - static_cast<double>(zero);
    }
    /// dst(j) = code of terms[j], up to `piece` of them.
    static constexpr index piece = 256;
    void run(instruction_set isa, const term* terms, index n, vector_view<Out> dst) const noexcept {
        if constexpr (in_integers) {
            auto columns = columns_;
            columns.bias = {columns_.bias.data, {n}, {0}};
            columns.multipliers = {columns_.multipliers.data, {n}, {0}};
            const auto epilogue = columns.epilogue(static_scale{});
            if constexpr (requires { epilogue.run(isa, terms, index{}, index{}, n, dst.data); }) {
                if (dst.stride[0] == 1) return epilogue.run(isa, terms, 0, 0, n, dst.data);
            }
            for (index j = 0; j < n; ++j) dst(j) = epilogue(terms[j], 0, j);
        } else {
            for (index j = 0; j < n; ++j) {
                const double code = terms[j] * static_cast<double>(factor_);
                dst(j) = narrow<Out>(zero_ == 0 ? code : code + static_cast<double>(zero_));
            }
        }
    }

private:
    status take(double unit, const affine& out) noexcept {
        if (!is_positive_finite(unit) || !is_positive_finite(out.scale)) return status::scale_not_positive;
        if constexpr (in_integers) {
            return columns_.set(0, {.sum_scale = unit}, out);
        } else {
            factor_ = static_cast<float>(unit / out.scale);
            zero_ = static_cast<float>(out.zero_point);
            return is_positive_finite(static_cast<double>(factor_)) ? status::ok : status::scale_not_positive;
        }
    }
    struct nothing {};
    [[no_unique_address]] std::conditional_t<in_integers, columns_of<R, Out>, nothing> columns_;
    float factor_ = 1;
    float zero_ = 0;
    readiness ready_;
};

/// dst = src with other scales.
template <recipe R, number In, number Out>
class recode {
public:
    status shape(arena& memory) noexcept { return factor_.shape(memory); }
    status prepare(const affine& in, const affine& out) noexcept {
        zero_ = in.zero_point;
        return factor_.set(in.scale, out);
    }
    template <class Context>
    status run(matrix_view<const In> src, matrix_view<Out> dst, const Context& context) const noexcept {
        if (src.extent != dst.extent) return status::extents_differ;
        if (context.measuring()) return status::ok;
        if (!factor_.is_ready()) return status::not_prepared;
        if (const status s = check_map(src, dst); s != status::ok) return s;
        const instruction_set isa = row_options{context.cap}.chosen();
        context.execute(src.extent[0], [&](index i) {
            typename recoding<R, In, Out>::term terms[recoding<R, In, Out>::piece];
            for (index first = 0; first < src.extent[1]; first += recoding<R, In, Out>::piece) {
                const auto to = part_of_row(dst, i, first);
                for (index j = 0; j < to.extent[0]; ++j) terms[j] = factor_.term_of(src(i, first + j), zero_);
                factor_.run(isa, terms, to.extent[0], to);
            }
        });
        return status::ok;
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        const status s = v.scalar(zero_);
        return s == status::ok ? factor_.visit(v) : s;
    }

private:
    static vector_view<Out> part_of_row(matrix_view<Out> dst, index i, index first) noexcept {
        const index rest = dst.extent[1] - first;
        return row(column_block(dst, first, rest < recoding<R, In, Out>::piece ? rest : recoding<R, In, Out>::piece),
                   i);
    }

    std::int32_t zero_ = 0;
    recoding<R, In, Out> factor_;
};

/// dst = x y, element by element. Zero points of 0.
template <recipe R, number In, number Out>
class elementwise_product {
public:
    static_assert(!recodes_integers<R, In, Out> || width_of<In> <= 16,
                  "dyad::nn::elementwise_product: integers have at most 16 bits, their products 32.");

    status shape(arena& memory) noexcept { return factor_.shape(memory); }
    status prepare(const affine& x, const affine& y, const affine& out) noexcept {
        if (!is_positive_finite(x.scale) || !is_positive_finite(y.scale)) return status::scale_not_positive;
        if (x.zero_point != 0 || y.zero_point != 0) return status::scale_unsupported;
        return factor_.set(x.scale * y.scale, out);
    }
    template <class Context>
    status run(matrix_view<const In> x, matrix_view<const In> y, matrix_view<Out> dst,
               const Context& context) const noexcept {
        if (x.extent != y.extent || x.extent != dst.extent) return status::extents_differ;
        if (context.measuring()) return status::ok;
        if (!factor_.is_ready()) return status::not_prepared;
        if (const status s = check_map(x, dst); s != status::ok) return s;
        if (const status s = check_map(y, dst); s != status::ok) return s;
        const instruction_set isa = row_options{context.cap}.chosen();
        context.execute(x.extent[0], [&](index i) {
            typename recoding<R, In, Out>::term terms[recoding<R, In, Out>::piece];
            for (index first = 0; first < x.extent[1]; first += recoding<R, In, Out>::piece) {
                const index rest = x.extent[1] - first;
                const index n = rest < recoding<R, In, Out>::piece ? rest : recoding<R, In, Out>::piece;
                for (index j = 0; j < n; ++j) {
                    const auto a = factor_.term_of(x(i, first + j), 0);
                    terms[j] = a * factor_.term_of(y(i, first + j), 0);
                }
                factor_.run(isa, terms, n, row(column_block(dst, first, n), i));
            }
        });
        return status::ok;
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        return factor_.visit(v);
    }

private:
    recoding<R, In, Out> factor_;
};

}  // namespace dyad::inline v1::nn
