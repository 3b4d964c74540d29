// SPDX-License-Identifier: Apache-2.0
// Random rows of 8-bit codes, and variants made of functions of a row. The rows are the same on every machine.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <dyad/array/view.hpp>
#include <dyad/core/random.hpp>
#include <dyad/number/fixed.hpp>

#include "registry.hpp"
#include "timing.hpp"

namespace functions {

inline constexpr std::int64_t row_count = 64;
inline constexpr std::int64_t row_length = 197;  ///< the tokens of a vision transformer of 224 x 224 pixels

/// Code j of row i: uniform over all of int8.
[[nodiscard]] inline std::int8_t random_code(std::int64_t element) {
    return static_cast<std::int8_t>(
        static_cast<std::int64_t>(dyad::random_bits(2027, 0, static_cast<std::uint64_t>(element)) >> 24) - 128);
}
/// All rows, one after the other.
[[nodiscard]] inline const std::vector<std::int8_t>& random_rows() {
    static const std::vector<std::int8_t> rows = [] {
        std::vector<std::int8_t> all;
        for (std::int64_t i = 0; i < row_count * row_length; ++i) all.push_back(random_code(i));
        return all;
    }();
    return rows;
}

/// One row of codes as the views of the library want it.
template <class T>
[[nodiscard]] dyad::view<T, 1> view_of(std::span<T> row) {
    return {row.data(), {static_cast<dyad::index>(row.size())}, {1}};
}

/// The codes of results, as doubles; Out is an integer, a float or a fixed.
template <class Out>
[[nodiscard]] double code_of(Out x) {
    if constexpr (requires { x.raw(); }) return static_cast<double>(x.raw());
    else return static_cast<double>(x);
}

/// A code made smaller: x * amplitude, rounded to nearest even.
[[nodiscard]] inline std::int8_t damped(std::int8_t x, double amplitude) {
    return static_cast<std::int8_t>(std::nearbyint(x * amplitude));
}

/// run(in, out) computes a row of In into a row of Out, whose codes stand for code * ulp. The values of all rows are
/// computed at once. With `sums` the input is the row, the value the sum of its results.
template <class In, class Out, class Run>
[[nodiscard]] prepared rows_of(double ulp, bool sums, const Run& run, double amplitude = 1) {
    const auto input = std::make_shared<std::vector<In>>();
    for (const std::int8_t code : random_rows()) {
        const std::int8_t x = damped(code, amplitude);
        if constexpr (requires { In::from_raw(x); }) input->push_back(In::from_raw(x));
        else input->push_back(static_cast<In>(x));
    }
    const auto all_rows = [input, run](std::vector<Out>& out) {
        constexpr auto n = static_cast<std::size_t>(row_length);
        for (std::size_t at = 0; at < out.size(); at += n)
            run(std::span<const In>(*input).subspan(at, n), std::span<Out>(out).subspan(at, n));
        keep(out.data());
    };
    std::vector<Out> out(input->size());
    all_rows(out);
    const auto results = std::make_shared<std::vector<double>>();
    for (const Out& x : out) results->push_back(code_of(x));
    if (sums) {
        const auto width = static_cast<std::ptrdiff_t>(row_length);
        for (std::ptrdiff_t row = 0; row < row_count; ++row)
            (*results)[static_cast<std::size_t>(row)] =
                std::accumulate(results->begin() + row * width, results->begin() + (row + 1) * width, 0.0);
    }
    const auto time = [all_rows](codes) {
        std::vector<Out> scratch(random_rows().size());
        return median_nanoseconds(scratch.size(), [&] { all_rows(scratch); });
    };
    return {ulp, [results, ulp](std::int64_t i) { return value_of((*results)[static_cast<std::size_t>(i)], ulp); },
            time};
}

/// A softmax as a variant of both functions: its elements, and what they add up to. make(scale, sums) prepares it.
template <class Make>
void add_softmax(std::vector<variant>& all, const char* name, const char* summary, Make make) {
    all.push_back({"softmax", name, summary, [make](double s) { return make(s, false); }});
    all.push_back({"softmax_sum", name, summary, [make](double s) { return make(s, true); }});
}

}  // namespace functions
