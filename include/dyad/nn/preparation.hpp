// SPDX-License-Identifier: Apache-2.0
// Preparing a model: where layers get their float parameters and the ranges of their tensors. Offline; may use double.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/recipe.hpp>

namespace dyad::inline v1::nn {

/// A dotted name without allocation: path{"blocks"} / 3 / "attn" is "blocks.3.attn". Cut at 119 characters.
class path {
public:
    constexpr path() = default;
    constexpr explicit path(std::string_view name) noexcept { append(name); }

    [[nodiscard]] constexpr path operator/(std::string_view name) const noexcept {
        path longer = *this;
        if (size_ != 0) longer.append(".");
        longer.append(name);
        return longer;
    }
    [[nodiscard]] constexpr path operator/(int number) const noexcept {
        char digits[12] = {};
        std::size_t first = sizeof(digits);
        unsigned rest = number < 0 ? 0U : static_cast<unsigned>(number);
        do {
            digits[--first] = static_cast<char>('0' + rest % 10);
            rest /= 10;
        } while (rest != 0);
        return *this / std::string_view(digits + first, sizeof(digits) - first);
    }
    [[nodiscard]] constexpr std::string_view text() const noexcept { return {text_, size_}; }

private:
    constexpr void append(std::string_view s) noexcept {
        for (const char c : s) {
            if (size_ < sizeof(text_) - 1) text_[size_++] = c;
        }
    }
    char text_[120] = {};
    std::size_t size_ = 0;
};

/// Where a model's parameters come from. `parameter` finds a float tensor of rows x columns (a vector is one row) or
/// says what is wrong with it. Edges are the tensors between operations, in network order: `edge` names the next one
/// and gives its number, `absmax` the largest magnitude that calibration saw there, `set_scale` is told what its codes
/// mean. A source may have more, see the concepts below.
template <class S>
concept preparation_source = requires(S& s, std::string_view name, index n, matrix_view<const float>& m, int edge,
                                      const affine& q) {
    { s.parameter(name, n, n, m) } -> std::same_as<status>;
    { s.edge(name) } -> std::same_as<int>;
    { s.absmax(edge) } -> std::convertible_to<double>;
    s.set_scale(edge, q);
};

/// Sources that know the lowest and the highest value of an edge; else they are -absmax and absmax.
template <class S>
concept range_source = requires(S& s, int edge) {
    { s.range(edge) } -> std::same_as<value_interval>;
};
/// Sources of models that somebody quantized before: `given` tells whether the file prescribes what an edge's codes
/// mean, the others give codes of weights and biases, or status::parameter_missing where the file has floats only.
template <class S>
concept quantized_source = requires(S& s, std::string_view name, index n, int edge, affine& q, given_codes& w,
                                    vector_view<const std::int32_t>& b) {
    { s.given(edge, q) } -> std::same_as<bool>;
    { s.given_weight(name, n, n, w) } -> std::same_as<status>;
    { s.given_bias(name, n, b) } -> std::same_as<status>;
};

/// What calibration saw at an edge.
template <preparation_source Source>
[[nodiscard]] value_interval seen_at(Source& source, int edge) noexcept {
    if constexpr (range_source<Source>) {
        return source.range(edge);
    } else {
        const auto most = static_cast<double>(source.absmax(edge));
        return {-most, most};
    }
}

/// What the codes of an edge mean, q(what calibration saw): no scale, which layers refuse, where one is asked of NaN.
template <class Quantization>
[[nodiscard]] affine quantized(const Quantization& q, const value_interval& seen) noexcept {
    const bool is_seen = seen.largest_magnitude() >= 0;
    if (is_seen || affine(q({-1, 1})) == affine(q({-2, 2}))) return q(seen);
    return std::numeric_limits<double>::quiet_NaN();
}

/// One tensor between operations: its number for probes, and while the model is prepared, what its codes mean.
template <recipe R, number T>
struct edge {
    int number = -1;

    /// Names the edge, takes its range, fixes its scale: the one that the file prescribes where the recipe asks for it.
    template <preparation_source Source>
    affine prepare(Source& source, const path& name) noexcept {
        number = source.edge(name.text());
        const auto of = [](const value_interval& seen) { return R::scaling::template quantization<T>(seen); };
        affine q = quantized(of, seen_at(source, number));
        if constexpr (quantized_source<Source> && takes_given<typename R::scaling>) source.given(number, q);
        source.set_scale(number, q);
        return q;
    }
    /// The same without a zero point: two such tensors may be multiplied.
    template <preparation_source Source>
    affine prepare_symmetric(Source& source, const path& name) noexcept {
        number = source.edge(name.text());
        const auto of = [](const value_interval& seen) {
            return R::scaling::template scale<T>(seen.largest_magnitude());
        };
        const affine q = quantized(of, seen_at(source, number));
        source.set_scale(number, q);
        return q;
    }
    /// With a scale that is known beforehand.
    template <preparation_source Source>
    affine prepare_as(Source& source, const path& name, const affine& q) noexcept {
        number = source.edge(name.text());
        source.set_scale(number, q);
        return q;
    }
};

struct named_parameter {
    std::string_view name;
    matrix_view<const float> values;
};
struct named_interval {
    std::string_view name;
    value_interval seen;
};

/// A source from plain pointers, for a layer alone: lists of parameters, and of what was seen at edges (-1 to 1 at
/// those that it does not name). Allocates nothing; the lists and the numbers must outlive it.
///   const named_parameter list[] = {{"weight", make_matrix(w, out, in)}, {"bias", make_matrix(b, 1, out)}};
///   parameter_list source{list};
class parameter_list {
public:
    explicit parameter_list(std::span<const named_parameter> parameters,
                            std::span<const named_interval> seen = {}) noexcept
        : parameters_(parameters), seen_(seen) {}

    status parameter(std::string_view name, index rows, index columns, matrix_view<const float>& m) const noexcept {
        for (const named_parameter& p : parameters_) {
            if (p.name != name) continue;
            if (p.values.extent[0] != rows || p.values.extent[1] != columns) return status::parameter_shape_differs;
            if (p.values.data == nullptr && rows != 0 && columns != 0) return status::parameter_missing;
            m = p.values;
            return status::ok;
        }
        return status::parameter_missing;
    }
    int edge(std::string_view name) noexcept {
        current_ = {-1, 1};
        for (const named_interval& s : seen_) {
            if (s.name == name) current_ = s.seen;
        }
        return edges_++;
    }
    /// Of the edge named last: layers ask before they name the next one.
    [[nodiscard]] value_interval range(int) const noexcept { return current_; }
    [[nodiscard]] double absmax(int) const noexcept { return current_.largest_magnitude(); }
    void set_scale(int, const affine& q) noexcept { last_ = q; }
    /// What the codes of the edge named last mean.
    [[nodiscard]] const affine& last() const noexcept { return last_; }

private:
    std::span<const named_parameter> parameters_;
    std::span<const named_interval> seen_;
    value_interval current_ = {-1, 1};
    affine last_;
    int edges_ = 0;
};
static_assert(preparation_source<parameter_list> && range_source<parameter_list>);

}  // namespace dyad::inline v1::nn
