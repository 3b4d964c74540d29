// SPDX-License-Identifier: Apache-2.0
// A runner for one recipe: the digits model under R with probes at every edge.
#pragma once

#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "runner.hpp"

namespace study {

/// Shows tensors to an observer, or to nobody: so that watched and unwatched passes are one piece of code.
template <class Model>
class watching {
public:
    explicit watching(const Model& model, observer* seen = nullptr) : model_(&model), seen_(seen) {}

    template <class T, class Token>
    void operator()(int edge, dyad::matrix_view<const T> codes, Token token) const {
        if (seen_ == nullptr) return;
        using dyad::study::code_end;
        const dyad::nn::affine q = model_->edge_affine(edge);
        const T lowest = std::numeric_limits<T>::lowest();
        const T highest = std::numeric_limits<T>::max();
        std::vector<double> values;
        std::vector<code_end> ends;
        values.reserve(static_cast<std::size_t>(codes.size()));
        ends.reserve(values.capacity());
        for (dyad::index i = 0; i < codes.extent[0]; ++i) {
            for (dyad::index j = 0; j < codes.extent[1]; ++j) {
                const T code = codes(i, j);
                values.push_back((dyad::convert<double>(code) - q.zero_point) *
                                 (q.scale * dyad::nn::factor_at(token, i, j)));
                ends.push_back(code == highest  ? code_end::highest
                               : code == lowest ? code_end::lowest
                                                : code_end::none);
            }
        }
        seen_->tensor(static_cast<std::size_t>(edge), values, ends);
    }

protected:
    const Model* model_;
    observer* seen_;
};
/// The same with the products' sums.
template <class Model>
class watching_sums : public watching<Model> {
public:
    using watching<Model>::watching;
    void sums(const dyad::nn::sum_report& report) const { this->seen_->sums(report); }
};

template <dyad::nn::recipe R>
class recipe_runner final : public runner {
public:
    recipe_runner(const dyad::io::safetensors& file, const std::vector<dyad::nn::value_interval>& ranges)
        : model_(file, ranges), weight_bytes_(model_.weight_bytes()) {}

    std::vector<double> run(const std::vector<double>& image, digits::scratch_memory& scratch, observer& seen,
                            sums reported) const override {
        const auto patches = model_.encode(image);
        if (reported == sums::seen) return model_.logits(patches, scratch, watching_sums<model>(model_, &seen));
        return model_.logits(patches, scratch, watching<model>(model_, &seen));
    }
    std::vector<double> segment(int number, const std::vector<double>& in,
                                digits::scratch_memory& scratch) const override {
        return model_.segment(number, in, scratch, watching<model>(model_));
    }
    double time(const std::vector<double>& image, digits::scratch_memory& scratch) const override {
        using clock = std::chrono::steady_clock;
        const auto patches = model_.encode(image);
        const auto start = clock::now();
        static_cast<void>(model_.logits(patches, scratch, watching<model>(model_)));
        return std::chrono::duration<double, std::nano>(clock::now() - start).count();
    }
    const std::vector<std::string>& edge_names() const override { return model_.edge_names(); }
    output_format output() const override {
        using stream = typename R::stream;
        const dyad::nn::affine q = model_.edge_affine(static_cast<int>(edge_names().size()) - 1);
        const auto real = [&](stream code) { return (dyad::convert<double>(code) - q.zero_point) * q.scale; };
        return {dyad::nn::width_of<stream>, real(std::numeric_limits<stream>::lowest()),
                real(std::numeric_limits<stream>::max()),
                dyad::carrier_rules::is_fixed<stream> ? q.scale * fixed_step<stream>() : 0};
    }
    std::uint64_t weight_bytes() const override { return weight_bytes_; }

private:
    using model = digits::model<R>;

    /// Between two neighbouring codes, in the units of the scale.
    template <class T>
    static double fixed_step() {
        if constexpr (dyad::carrier_rules::is_fixed<T>) return dyad::convert<double>(T::from_raw(1));
        else return 0;
    }

    model model_;
    std::uint64_t weight_bytes_;
};

template <dyad::nn::recipe R>
[[nodiscard]] std::unique_ptr<runner> make_runner(const dyad::io::safetensors& file,
                                                  const std::vector<dyad::nn::value_interval>& ranges) {
    return std::make_unique<recipe_runner<R>>(file, ranges);
}

/// Mean bits of a weight of the model's matrices, to a hundredth: recipes may mix others by block and by product.
template <dyad::nn::recipe R>
[[nodiscard]] double bits_per_weight() {
    using dyad::nn::part;
    double weights = 0;
    double bits = 0;
    const auto add = [&]<class Of>(dyad::index count, std::type_identity<Of>) {
        weights += static_cast<double>(count);
        bits += static_cast<double>(count) * dyad::nn::weights_of<Of>::bits_per_weight;
    };
    add(digits::width * digits::patch_pixels, std::type_identity<dyad::nn::part_of<R, part::embed>>{});
    add(digits::classes * digits::width, std::type_identity<dyad::nn::part_of<R, part::head>>{});
    const auto add_block = [&]<class Block>(std::type_identity<Block>) {
        constexpr dyad::index square = digits::width * digits::width;
        constexpr dyad::index layer = digits::width * digits::hidden;
        add(3 * square, std::type_identity<dyad::nn::part_of<Block, part::attention_qkv>>{});
        add(square, std::type_identity<dyad::nn::part_of<Block, part::attention_projection>>{});
        add(layer, std::type_identity<dyad::nn::part_of<Block, part::mlp_first>>{});
        add(layer, std::type_identity<dyad::nn::part_of<Block, part::mlp_second>>{});
    };
    [&]<int... I>(std::integer_sequence<int, I...>) {
        (add_block(std::type_identity<dyad::nn::recipe_at<R, I>>{}), ...);
    }
    (std::make_integer_sequence<int, digits::depth>{});
    return std::round(100 * bits / weights) / 100;
}

template <dyad::nn::recipe R>
[[nodiscard]] recipe_entry entry(const char* name, const char* summary) {
    return {name, summary, bits_per_weight<R>(), &make_runner<R>};
}

}  // namespace study
