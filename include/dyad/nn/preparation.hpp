// SPDX-License-Identifier: Apache-2.0
// Preparing a model: where layers get their float parameters and the ranges of their tensors. Offline; may use double.
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>

#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
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
/// and gives its number, `absmax` the largest magnitude that calibration saw there, `set_scale` is told the value of
/// one code.
template <class S>
concept preparation_source = requires(S& s, std::string_view name, index n, matrix_view<const float>& m, int edge,
                                      double scale) {
    { s.parameter(name, n, n, m) } -> std::same_as<status>;
    { s.edge(name) } -> std::same_as<int>;
    { s.absmax(edge) } -> std::convertible_to<double>;
    s.set_scale(edge, scale);
};

/// One tensor between operations: its number for probes, and while the model is prepared, the value of one code.
template <recipe R, number T>
struct edge {
    int number = -1;

    /// Names the edge, takes its range, fixes its scale.
    template <preparation_source Source>
    double prepare(Source& source, const path& name) noexcept {
        number = source.edge(name.text());
        const double scale = R::scaling::template scale<T>(static_cast<double>(source.absmax(number)));
        source.set_scale(number, scale);
        return scale;
    }
};

}  // namespace dyad::inline v1::nn
