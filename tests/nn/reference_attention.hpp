// SPDX-License-Identifier: Apache-2.0
// Attention of every geometry once more, plainly and in double: what reference_layers.hpp has, for grouped queries,
// masks, biases and rotary positions.
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <dyad/nn/attention_geometry.hpp>

#include "nn/layer_support.hpp"
#include "nn/reference_layers.hpp"

namespace dyad_test {

using dyad::nn::attention_geometry;

/// Masks and biases of a test: without elements there is none.
struct attention_extras {
    std::vector<std::uint8_t> mask;
    real_matrix bias;
};

/// The angle of pair i at position p turns (a, b).
[[nodiscard]] inline real_matrix rotated(const real_matrix& x, index width, std::uint32_t base, index first,
                                         dyad::rotary_layout layout) {
    real_matrix y = x;
    const bool halves = layout == dyad::rotary_layout::halves;
    for (index r = 0; r < x.rows; ++r) {
        for (index h = 0; h < x.columns; h += width) {
            for (index i = 0; i < width / 2; ++i) {
                const double angle =
                    static_cast<double>(first + r) *
                    std::pow(static_cast<double>(base), -2.0 * static_cast<double>(i) / static_cast<double>(width));
                const index at = h + (halves ? i : 2 * i);
                const index other = halves ? at + width / 2 : at + 1;
                y(r, at) = x(r, at) * std::cos(angle) - x(r, other) * std::sin(angle);
                y(r, other) = x(r, at) * std::sin(angle) + x(r, other) * std::cos(angle);
            }
        }
    }
    return y;
}

[[nodiscard]] inline real_matrix columns_of_matrix(const real_matrix& m, index first, index count) {
    real_matrix part(m.rows, count);
    for (index i = 0; i < m.rows; ++i) {
        for (index j = 0; j < count; ++j) part(i, j) = m(i, first + j);
    }
    return part;
}

/// Does token i see key j?
[[nodiscard]] inline bool sees(const attention_geometry& g, const attention_extras& more, index tokens, index i,
                               index j) {
    if (g.mask == dyad::attention_mask::causal && j > i) return false;
    return more.mask.empty() || more.mask[static_cast<std::size_t>(i * tokens + j)] != 0;
}

/// Edges of one layer, by name.
using attention_edges = std::map<std::string, real_matrix>;

/// Attention of x under a complete geometry, its parameters at name.qkv and name.proj.
[[nodiscard]] inline attention_edges reference_attention(const parameters& weights, const std::string& name,
                                                         const real_matrix& x, const attention_geometry& g,
                                                         const attention_extras& more = {}) {
    attention_edges e;
    const index tokens = x.rows;
    const index d = g.head_width;
    const real_matrix qkv = linear_of(x, weights.get(name + ".qkv.weight"), weights.get(name + ".qkv.bias"));
    e["q"] = columns_of_matrix(qkv, 0, g.query_columns());
    e["k"] = columns_of_matrix(qkv, g.query_columns(), g.key_columns());
    e["v"] = columns_of_matrix(qkv, g.query_columns() + g.key_columns(), g.key_columns());
    real_matrix q = e["q"];
    real_matrix k = e["k"];
    if (g.rotary.base != 0) {
        q = e["q_rotary"] = rotated(q, d, g.rotary.base, 0, g.rotary.layout);
        k = e["k_rotary"] = rotated(k, d, g.rotary.base, 0, g.rotary.layout);
    }
    real_matrix& scores = e["scores"] = real_matrix(g.heads * tokens, tokens);
    real_matrix& shares = e["softmax"] = real_matrix(g.heads * tokens, tokens);
    real_matrix& mixed = e["context"] = real_matrix(tokens, g.query_columns());
    for (index r = 0; r < g.heads * tokens; ++r) {
        const index h = r / tokens;
        const index i = r % tokens;
        const index group = h / (g.heads / g.key_heads);
        std::vector<double> row;
        for (index j = 0; j < tokens; ++j) {
            if (!sees(g, more, tokens, i, j)) continue;
            double sum = 0;
            for (index c = 0; c < d; ++c) sum += q(i, h * d + c) * k(j, group * d + c);
            scores(r, j) = sum / std::sqrt(static_cast<double>(d));
            if (more.bias.rows != 0) scores(r, j) += more.bias(i, j);
            row.push_back(scores(r, j));
        }
        if (row.empty()) continue;
        const std::vector<double> p = softmax_of(row);
        std::size_t next = 0;
        for (index j = 0; j < tokens; ++j) {
            if (!sees(g, more, tokens, i, j)) continue;
            shares(r, j) = p[next++];
            for (index c = 0; c < d; ++c) mixed(i, h * d + c) += shares(r, j) * e["v"](j, group * d + c);
        }
    }
    e["proj"] = linear_of(mixed, weights.get(name + ".proj.weight"), weights.get(name + ".proj.bias"));
    return e;
}

/// Random parameters of a layer, and what calibration sees.
inline void add_attention(parameters& source, const std::string& name, const attention_geometry& g,
                          std::uint64_t seed) {
    add_linear(source, name + ".qkv", g.query_columns() + 2 * g.key_columns(), g.width, seed);
    add_linear(source, name + ".proj", g.width, g.query_columns(), seed + 2);
}
inline void calibrate(parameters& source, const std::string& label, const attention_edges& edges) {
    for (const auto& [name, m] : edges) source.set_range(label + "." + name, m.absmax());
}

[[nodiscard]] inline attention_geometry completed(attention_geometry g) {
    REQUIRE(complete(g) == status::ok);
    return g;
}

}  // namespace dyad_test
