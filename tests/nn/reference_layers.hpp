// SPDX-License-Identifier: Apache-2.0
// The layers once more, plainly and in double, on unrounded parameters; keeps every tensor between operations by name.
#pragma once

#include <cmath>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "nn/layer_support.hpp"

namespace dyad_test {

/// tanh form; Hendrycks and Gimpel, arXiv 1606.08415.
[[nodiscard]] inline double gelu_by_tanh(double x) {
    const double pi = std::acos(-1.0);
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / pi) * (x + 0.044715 * x * x * x)));
}

[[nodiscard]] inline std::vector<double> softmax_of(const std::vector<double>& x) {
    double max = x.front();
    for (const double v : x) max = std::max(max, v);
    double sum = 0;
    for (const double v : x) sum += std::exp(v - max);
    std::vector<double> y;
    for (const double v : x) y.push_back(std::exp(v - max) / sum);
    return y;
}

[[nodiscard]] inline real_matrix linear_of(const real_matrix& x, const real_matrix& w, const real_matrix& b) {
    real_matrix y(x.rows, w.rows);
    for (index i = 0; i < y.rows; ++i) {
        for (index j = 0; j < y.columns; ++j) {
            double sum = b(0, j);
            for (index k = 0; k < x.columns; ++k) sum += x(i, k) * w(j, k);
            y(i, j) = sum;
        }
    }
    return y;
}
[[nodiscard]] inline real_matrix layer_norm_of(const real_matrix& x, const real_matrix& gamma, const real_matrix& beta,
                                               double epsilon) {
    real_matrix y(x.rows, x.columns);
    const auto n = static_cast<double>(x.columns);
    for (index i = 0; i < x.rows; ++i) {
        double mean = 0;
        double variance = 0;
        for (index j = 0; j < x.columns; ++j) mean += x(i, j) / n;
        for (index j = 0; j < x.columns; ++j) variance += (x(i, j) - mean) * (x(i, j) - mean) / n;
        for (index j = 0; j < x.columns; ++j) {
            y(i, j) = (x(i, j) - mean) / std::sqrt(variance + epsilon) * gamma(0, j) + beta(0, j);
        }
    }
    return y;
}
[[nodiscard]] inline real_matrix sum_of(const real_matrix& x, const real_matrix& y) {
    real_matrix z = x;
    for (std::size_t i = 0; i < z.values.size(); ++i) z.values[i] += y.values[i];
    return z;
}

/// Layers with named parameters, and what they give on the way.
template <class R>
struct reference_model {
    const parameters& weights;
    std::map<std::string, real_matrix> edges;

    [[nodiscard]] real_matrix linear(const real_matrix& x, const std::string& name) const {
        return linear_of(x, weights.get(name + ".weight"), weights.get(name + ".bias"));
    }
    [[nodiscard]] real_matrix layer_norm(const real_matrix& x, const std::string& name, double epsilon) const {
        return layer_norm_of(x, weights.get(name + ".weight"), weights.get(name + ".bias"), epsilon);
    }
    real_matrix attention(const real_matrix& x, index heads, const std::string& name, const std::string& label) {
        const index tokens = x.rows;
        const index width = x.columns;
        const index d = width / heads;
        const real_matrix qkv = linear(x, name + ".qkv");
        const char* const part[] = {"q", "k", "v"};
        for (index p = 0; p < 3; ++p) {
            real_matrix& m = edges[label + "." + part[p]] = real_matrix(tokens, width);
            for (index i = 0; i < tokens; ++i) {
                for (index j = 0; j < width; ++j) m(i, j) = qkv(i, p * width + j);
            }
        }
        real_matrix& scores = edges[label + ".scores"] = real_matrix(heads * tokens, tokens);
        real_matrix& shares = edges[label + ".softmax"] = real_matrix(heads * tokens, tokens);
        real_matrix& mixed = edges[label + ".context"] = real_matrix(tokens, width);
        for (index h = 0; h < heads; ++h) {
            for (index i = 0; i < tokens; ++i) {
                std::vector<double> row;
                for (index j = 0; j < tokens; ++j) {
                    double sum = 0;
                    for (index c = 0; c < d; ++c) sum += qkv(i, h * d + c) * qkv(j, width + h * d + c);
                    row.push_back(sum / std::sqrt(static_cast<double>(d)));
                }
                const std::vector<double> p = softmax_of(row);
                for (index j = 0; j < tokens; ++j) {
                    scores(h * tokens + i, j) = row[static_cast<std::size_t>(j)];
                    shares(h * tokens + i, j) = p[static_cast<std::size_t>(j)];
                }
                for (index c = 0; c < d; ++c) {
                    double sum = 0;
                    for (index j = 0; j < tokens; ++j)
                        sum += p[static_cast<std::size_t>(j)] * qkv(j, 2 * width + h * d + c);
                    mixed(i, h * d + c) = sum;
                }
            }
        }
        return edges[label + ".proj"] = linear(mixed, name + ".proj");
    }
    real_matrix mlp(const real_matrix& x, const std::string& name, const std::string& label) {
        const real_matrix hidden = edges[label + ".fc1"] = linear(x, name + ".fc1");
        real_matrix active = hidden;
        for (double& v : active.values) v = gelu_by_tanh(v);
        edges[label + ".gelu"] = active;
        return edges[label + ".fc2"] = linear(active, name + ".fc2");
    }
    real_matrix block(const real_matrix& x, index heads, double epsilon, const std::string& name,
                      const std::string& label) {
        const real_matrix first = edges[label + ".ln1"] = layer_norm(x, name + ".ln1", epsilon);
        const real_matrix between = edges[label + ".sum1"] = sum_of(x, attention(first, heads, name + ".attn", label));
        const real_matrix second = edges[label + ".ln2"] = layer_norm(between, name + ".ln2", epsilon);
        return edges[label + ".sum2"] = sum_of(between, mlp(second, name + ".mlp", label));
    }
};

/// Tells the source the ranges that the reference saw.
template <class R>
void calibrate(parameters& source, const reference_model<R>& reference) {
    for (const auto& [name, m] : reference.edges) source.set_range(name, m.absmax());
}

/// Random weight and bias of a linear layer below `name`; weights of row i shrink with i: every row needs its scale.
inline void add_linear(parameters& source, const std::string& name, index out, index in, std::uint64_t seed) {
    real_matrix w = random_matrix(out, in, 2, seed);
    for (index i = 0; i < out; ++i) {
        for (index j = 0; j < in; ++j) w(i, j) /= static_cast<double>(1 + i % 5);
    }
    source.add(name + ".weight", w);
    source.add(name + ".bias", random_matrix(1, out, 1, seed + 1));
}
inline void add_norm(parameters& source, const std::string& name, index width, std::uint64_t seed) {
    real_matrix gamma = random_matrix(1, width, 1, seed);
    for (double& g : gamma.values) g += 1;
    source.add(name + ".weight", gamma);
    source.add(name + ".bias", random_matrix(1, width, 0.5, seed + 1));
}
inline void add_attention(parameters& source, const std::string& name, index width, std::uint64_t seed) {
    add_linear(source, name + ".qkv", 3 * width, width, seed);
    add_linear(source, name + ".proj", width, width, seed + 2);
}
inline void add_mlp(parameters& source, const std::string& name, index width, index hidden, std::uint64_t seed) {
    add_linear(source, name + ".fc1", hidden, width, seed);
    add_linear(source, name + ".fc2", width, hidden, seed + 2);
}
inline void add_block(parameters& source, const std::string& name, index width, index hidden, std::uint64_t seed) {
    add_norm(source, name + ".ln1", width, seed);
    add_attention(source, name + ".attn", width, seed + 10);
    add_norm(source, name + ".ln2", width, seed + 20);
    add_mlp(source, name + ".mlp", width, hidden, seed + 30);
}

}  // namespace dyad_test
