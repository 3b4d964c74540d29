// SPDX-License-Identifier: Apache-2.0
// A graph as the source of a network's parameters: codes, biases and scales as the file has them for recipes that take
// those, and for all others the real numbers that they stand for and the ranges that they span.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <dyad/nn/affine.hpp>
#include <dyad/nn/codes.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/number/fixed.hpp>

#include "graph.hpp"

namespace keyword_spotting {

/// What a tensor's codes mean, of one channel.
[[nodiscard]] inline dyad::nn::affine meaning(const tensor& t, std::size_t channel = 0) {
    return {static_cast<double>(t.scales[t.scales.size() == 1 ? 0 : channel]), t.zero_point};
}

/// Knows parameters by the number of their operation ("3.weight", "3.bias"), edges by that too ("3"), and
/// "input". What it hands out lives as long as it does.
class graph_source {
public:
    explicit graph_source(const graph& g) : graph_(g), reals_(g.tensors.size()), scales_(g.tensors.size()) {}

    dyad::status parameter(std::string_view name, dyad::index rows, dyad::index columns,
                           dyad::matrix_view<const float>& m) {
        const tensor* const t = find(name);
        if (t == nullptr) return refuse(name, dyad::status::parameter_missing);
        if (t->size() != static_cast<std::size_t>(rows * columns))
            return refuse(name, dyad::status::parameter_shape_differs);
        m = dyad::make_matrix(reals_of(*t).data(), rows, columns);
        return dyad::status::ok;
    }
    dyad::status given_weight(std::string_view name, dyad::index rows, dyad::index columns, dyad::nn::given_codes& w) {
        const tensor* const t = find(name);
        if (t == nullptr || t->type != element::int8) return refuse(name, dyad::status::parameter_missing);
        if (t->size() != static_cast<std::size_t>(rows * columns))
            return refuse(name, dyad::status::parameter_shape_differs);
        const std::vector<float>& scales = scales_of(*t);
        w.codes = dyad::make_matrix(t->int8.data(), rows, columns);
        w.scales = dyad::make_vector(scales.data(), static_cast<dyad::index>(scales.size()));
        return dyad::status::ok;
    }
    dyad::status given_bias(std::string_view name, dyad::index n, dyad::vector_view<const std::int32_t>& b) {
        const tensor* const t = find(name);
        if (t == nullptr || t->type != element::int32) return refuse(name, dyad::status::parameter_missing);
        if (t->size() != static_cast<std::size_t>(n)) return refuse(name, dyad::status::parameter_shape_differs);
        b = dyad::make_vector(t->int32.data(), n);
        return dyad::status::ok;
    }
    int edge(std::string_view name) {
        std::size_t number = graph_.input;
        if (name != "input") number = operation_of(name).output;
        edges_.push_back(number);
        meanings_.emplace_back();
        return static_cast<int>(edges_.size()) - 1;
    }
    [[nodiscard]] dyad::nn::value_interval range(int edge) const {
        using dyad::integer;
        const dyad::nn::affine q = meaning(tensor_at(edge));
        return {decode(integer<8>::from_raw(-128), q), decode(integer<8>::from_raw(127), q)};
    }
    [[nodiscard]] double absmax(int edge) const { return range(edge).largest_magnitude(); }
    bool given(int edge, dyad::nn::affine& q) const {
        q = meaning(tensor_at(edge));
        return true;
    }
    void set_scale(int edge, const dyad::nn::affine& q) { meanings_[static_cast<std::size_t>(edge)] = q; }

    [[nodiscard]] std::size_t edges() const { return edges_.size(); }
    /// The tensor of the graph that an edge is, by number, and what the network's codes mean there.
    [[nodiscard]] std::size_t number_at(std::size_t edge) const { return edges_[edge]; }
    [[nodiscard]] const dyad::nn::affine& meaning_at(std::size_t edge) const { return meanings_[edge]; }
    /// The parameter that was refused last.
    [[nodiscard]] const std::string& refused() const { return refused_; }

private:
    [[nodiscard]] const tensor& tensor_at(int edge) const {
        return graph_.tensors[edges_[static_cast<std::size_t>(edge)]];
    }
    [[nodiscard]] const operation& operation_of(std::string_view number) const {
        return graph_.operations.at(std::stoul(std::string(number)));
    }
    /// The constant of "3.weight" or "3.bias".
    [[nodiscard]] const tensor* find(std::string_view name) const {
        const std::size_t dot = name.find('.');
        if (dot == std::string_view::npos) return nullptr;
        const operation& o = operation_of(name.substr(0, dot));
        const std::size_t input = name.substr(dot + 1) == "weight" ? 1 : 2;
        if (input >= o.inputs.size()) return nullptr;
        const tensor& t = graph_.tensors[o.inputs[input]];
        return t.is_constant() && !t.scales.empty() ? &t : nullptr;
    }
    dyad::status refuse(std::string_view name, dyad::status s) {
        refused_ = name;
        return s;
    }
    /// Convolutions multiply by a scale for each output even where the file has one for all; matrix products do not.
    const std::vector<float>& scales_of(const tensor& t) {
        std::vector<float>& kept = scales_[static_cast<std::size_t>(&t - graph_.tensors.data())];
        const bool of_images = t.shape.size() == 4;
        if (kept.empty()) kept = t.scales;
        if (of_images && kept.size() == 1) kept.resize(t.shape[t.shape[0] == 1 ? 3 : 0], t.scales[0]);
        return kept;
    }
    /// A constant as real numbers.
    const std::vector<float>& reals_of(const tensor& t) {
        std::vector<float>& kept = reals_[static_cast<std::size_t>(&t - graph_.tensors.data())];
        if (!kept.empty()) return kept;
        std::size_t inner = 1;  // elements between one channel and the next
        for (std::size_t i = t.channel_axis + 1; i < t.shape.size(); ++i) inner *= t.shape[i];
        kept.resize(t.size());
        for (std::size_t i = 0; i < kept.size(); ++i) {
            const dyad::nn::affine q = meaning(t, i / inner % t.shape[t.channel_axis]);
            const std::int32_t code = t.type == element::int8 ? t.int8[i] : t.int32[i];
            kept[i] = static_cast<float>(dyad::nn::decode(code, q));
        }
        return kept;
    }

    const graph& graph_;
    std::vector<std::vector<float>> reals_;
    std::vector<std::vector<float>> scales_;
    std::vector<std::size_t> edges_;
    std::vector<dyad::nn::affine> meanings_;
    std::string refused_;
};
static_assert(dyad::nn::preparation_source<graph_source> && dyad::nn::range_source<graph_source> &&
              dyad::nn::quantized_source<graph_source>);

}  // namespace keyword_spotting
