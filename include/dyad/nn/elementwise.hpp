// SPDX-License-Identifier: Apache-2.0
// Layers that work on rows or elements: layer_norm, activation, residual sum, constant (position) sum, mean of rows.
#pragma once

#include <cstdint>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1::nn {

/// Layer normalization from In (codes of in_scale) to Out: parameters name.weight, name.bias.
template <recipe R, number In, number Out>
class layer_norm {
public:
    status shape(arena& memory, index width) noexcept {
        width_ = width;
        return function_.shape(memory, width);
    }
    template <preparation_source Source>
    status prepare(Source& source, const path& name, double epsilon, const affine& in, const affine& out) noexcept {
        matrix_view<const float> gamma;
        matrix_view<const float> beta;
        if (const status s = source.parameter((name / "weight").text(), 1, width_, gamma); s != status::ok) return s;
        if (const status s = source.parameter((name / "bias").text(), 1, width_, beta); s != status::ok) return s;
        return function_.set(row(gamma, 0), row(beta, 0), epsilon, in.scale, out.scale);
    }
    template <class Context>
    status run(matrix_view<const In> in, matrix_view<Out> out, const Context& context) const noexcept {
        return for_each_row(function_, in, out, context);
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        return function_.visit(v);
    }

private:
    index width_ = 0;
    typename R::functions::template layer_norm<In, Out> function_;
};

/// The recipe's GELU, element by element.
template <recipe R, number In, number Out>
class activation {
public:
    status shape(arena& memory) noexcept { return function_.shape(memory); }
    status prepare(const affine& in, const affine& out) noexcept { return function_.set(in.scale, out.scale); }
    template <class Context>
    status run(matrix_view<const In> in, matrix_view<Out> out, const Context& context) const noexcept {
        return for_each_row(function_, in, out, context);
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        return function_.visit(v);
    }

private:
    typename R::functions::template gelu<In, Out> function_;
};

/// out = x + y, two tensors of the stream with scales of their own. out may be x or y.
template <recipe R>
class residual {
public:
    using stream = typename R::stream;

    status prepare(const affine& x, const affine& y, const affine& out) noexcept { return sum_.set(x, y, out); }
    template <class Context>
    status run(matrix_view<const stream> x, matrix_view<const stream> y, matrix_view<stream> out,
               const Context& context) const noexcept {
        if (x.extent != y.extent || x.extent != out.extent) return status::extents_differ;
        if (context.measuring()) return status::ok;
        context.execute(x.extent[0], [&](index i) {
            for (index j = 0; j < x.extent[1]; ++j) out(i, j) = sum_(x(i, j), y(i, j));
        });
        return status::ok;
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        return sum_.visit(v);
    }

private:
    typename R::scaling::template sum<stream> sum_;
};

/// out = x + a constant tensor of the model, position embeddings say: one parameter `name`, rows x columns.
template <recipe R>
class add_constant {
public:
    using stream = typename R::stream;

    status shape(arena& memory, index rows, index columns) noexcept { return memory.take(rows, columns, constant_); }
    template <preparation_source Source>
    status prepare(Source& source, const path& name, const affine& x, const affine& out) noexcept {
        matrix_view<const float> c;
        const auto [rows, columns] = constant_.extent;
        if (const status s = source.parameter(name.text(), rows, columns, c); s != status::ok) return s;
        const double scale = R::scaling::template scale<stream>(largest_magnitude(c));
        for (index i = 0; i < rows; ++i) {
            for (index j = 0; j < columns; ++j) {
                constant_(i, j) =
                    convert<stream>(static_cast<double>(c(i, j)) / scale, rounding::nearest_even, saturation::finite);
            }
        }
        return sum_.prepare(x, scale, out);
    }
    template <class Context>
    status run(matrix_view<const stream> x, matrix_view<stream> out, const Context& context) const noexcept {
        return sum_.run(x, as_const(constant_), out, context);
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        const status s = v.array(constant_);
        return s == status::ok ? sum_.visit(v) : s;
    }

private:
    matrix_view<stream> constant_;
    residual<R> sum_;
};

/// The mean over all rows of a tensor, as one row of Out: an operand of which a product sums over the rows.
template <recipe R, number Out>
class mean_rows {
public:
    using operand = typename R::operand;

    status shape(arena& memory, index rows, index columns) noexcept {
        rows_ = rows;
        return columns_.shape_uniform(memory, columns);
    }
    status prepare(const affine& in, const affine& out) noexcept {
        const std::int64_t offset = -std::int64_t{in.zero_point} * rows_;
        return columns_.set(0, {.sum_scale = in.scale / static_cast<double>(rows_), .offset = offset}, out);
    }
    template <class Context>
    status run(const tensor_of<R, operand>& in, matrix_view<Out> out, const Context& context) const noexcept {
        if (in.codes.extent[0] != rows_ || out.extent[0] != 1 || in.codes.extent[1] != out.extent[1]) {
            return status::extents_differ;
        }
        if constexpr (plain::is_proven<typename R::accumulator>) {
            constexpr std::uint64_t most = max_terms<sum_of<R>, operand, uinteger<1>>();
            if (static_cast<std::uint64_t>(rows_) > most) return status::k_exceeds_accumulator;
        }
        if (context.measuring()) return status::ok;
        const auto epilogue = columns_.epilogue(static_scale{}, in.token);
        for (index j = 0; j < out.extent[1]; ++j) {
            sum_of<R> sum = 0;
            for (index i = 0; i < rows_; ++i) sum += code(in.codes(i, j));
            out(0, j) = epilogue(sum, 0, j);
        }
        return status::ok;
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        return columns_.visit(v);
    }

private:
    static sum_of<R> code(carried<R, operand> x) noexcept {
        if constexpr (carrier_rules::is_fixed<carried<R, operand>>) return static_cast<sum_of<R>>(x.raw());
        else return convert<sum_of<R>>(x);
    }

    index rows_ = 0;
    columns_of<R, Out> columns_;
};

}  // namespace dyad::inline v1::nn
