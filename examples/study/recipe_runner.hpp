// SPDX-License-Identifier: Apache-2.0
// A runner for one recipe: the digits model under R with probes at every edge.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "runner.hpp"

namespace study {

template <dyad::nn::recipe R>
class recipe_runner final : public runner {
public:
    recipe_runner(const dyad::io::safetensors& file, const std::vector<double>& absmax)
        : model_(file, absmax), weight_bytes_(model_.weight_bytes()) {}

    tensors capture(const std::vector<double>& image, digits::scratch_memory& scratch) const override {
        tensors edges(model_.edge_names().size());
        static_cast<void>(model_.logits(model_.encode(image), scratch, [&](int edge, auto codes, auto token) {
            std::vector<float>& values = edges[static_cast<std::size_t>(edge)];
            values.reserve(static_cast<std::size_t>(codes.size()));
            each_value(edge, codes, token, [&](double x) { values.push_back(static_cast<float>(x)); });
        }));
        return edges;
    }
    image_result compare(const std::vector<double>& image, const tensors& reference,
                         digits::scratch_memory& scratch) const override {
        image_result result;
        result.edges.resize(reference.size());
        result.logits = model_.logits(model_.encode(image), scratch, [&](int edge, auto codes, auto token) {
            const auto number = static_cast<std::size_t>(edge);
            const float* expected = reference[number].data();
            each_value(edge, codes, token,
                       [&](double x) { result.edges[number].add(static_cast<double>(*expected++), x); });
        });
        return result;
    }
    double time(const std::vector<double>& image, digits::scratch_memory& scratch) const override {
        using clock = std::chrono::steady_clock;
        const auto patches = model_.encode(image);
        const auto start = clock::now();
        static_cast<void>(model_.logits(patches, scratch));
        return std::chrono::duration<double, std::nano>(clock::now() - start).count();
    }
    const std::vector<std::string>& edge_names() const override { return model_.edge_names(); }
    std::uint64_t weight_bytes() const override { return weight_bytes_; }

private:
    template <class View, class Token, class F>
    void each_value(int edge, View codes, Token token, F&& f) const {
        const double scale = model_.edge_scale(edge);
        for (dyad::index i = 0; i < codes.extent[0]; ++i) {
            for (dyad::index j = 0; j < codes.extent[1]; ++j) {
                f(dyad::convert<double>(codes(i, j)) * (scale * dyad::nn::factor_at(token, i, j)));
            }
        }
    }

    digits::model<R> model_;
    std::uint64_t weight_bytes_;
};

template <dyad::nn::recipe R>
[[nodiscard]] std::unique_ptr<runner> make_runner(const dyad::io::safetensors& file,
                                                  const std::vector<double>& absmax) {
    return std::make_unique<recipe_runner<R>>(file, absmax);
}

/// Bits per weight come from the recipe's own type.
template <dyad::nn::recipe R>
[[nodiscard]] recipe_entry entry(const char* name, const char* summary) {
    return {name, summary, dyad::nn::weights_of<R>::bits_per_weight, &make_runner<R>};
}

}  // namespace study
