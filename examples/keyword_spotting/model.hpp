// SPDX-License-Identifier: Apache-2.0
// A prepared network under a recipe: owns the memory, takes inputs as the file's int8 codes, gives shares.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <dyad/array/arena.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/nn/codes.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/number/fixed.hpp>

#include "graph.hpp"
#include "network.hpp"
#include "source.hpp"

namespace keyword_spotting {

template <dyad::nn::recipe R>
class model {
public:
    using input = typename network<R>::input;
    using output = typename network<R>::output;

    /// For `batch` images at once. io_error where the graph is another network; std::runtime_error where a layer
    /// refuses it.
    explicit model(const graph& g, index batch = 1) : graph_(g), source_(g), batch_(batch) {
        const auto geometry = geometry_of<R>(g, batch);
        network_ = std::make_unique<network<R>>();
        dyad::arena counter = dyad::arena::measuring();
        const dyad::nn::layer_status shaped = network_->shape(counter, geometry);
        require_extents<R>(*network_, g, batch);
        require(shaped);
        memory_.resize(counter.used());
        dyad::arena memory(memory_);
        require(network_->shape(memory, geometry));
        in_ = dyad::nn::edge<R, input>{}.prepare(source_, dyad::nn::path("input"));
        require(network_->prepare(source_, dyad::nn::path(), in_, out_));
        require_meanings();
        in_extent_ = geometry.in;
        require(network_->out_extent(in_extent_, out_extent_));
        dyad::arena need = dyad::arena::measuring();
        require(network_->run(dyad::make_matrix<const input>(nullptr, in_extent_[0], in_extent_[1]),
                              dyad::make_matrix<output>(nullptr, out_extent_[0], out_extent_[1]),
                              dyad::nn::quiet(need)));
        scratch_bytes_ = need.peak();
    }

    [[nodiscard]] index batch() const { return batch_; }
    [[nodiscard]] std::size_t pixels() const { return static_cast<std::size_t>(in_extent_[0] * in_extent_[1]); }
    [[nodiscard]] std::size_t shares() const { return static_cast<std::size_t>(out_extent_[0] * out_extent_[1]); }
    [[nodiscard]] std::size_t scratch_bytes() const { return scratch_bytes_; }
    [[nodiscard]] const graph_source& source() const { return source_; }

    /// Codes of the file's input tensor as the network's.
    [[nodiscard]] std::vector<input> encode(const std::int8_t* codes) const {
        const dyad::nn::affine file = meaning(graph_.tensors[graph_.input]);
        std::vector<input> in;
        for (std::size_t i = 0; i < pixels(); ++i)
            in.push_back(dyad::nn::encode<input>(dyad::nn::decode(dyad::integer<8>::from_raw(codes[i]), file), in_));
        return in;
    }
    /// The network's answer to a batch, in a context whose scratch memory holds scratch_bytes().
    template <class Context>
    void run(const std::vector<input>& in, std::vector<output>& out, const Context& context) const {
        out.resize(shares());
        require(network_->run(dyad::make_matrix(in.data(), in_extent_[0], in_extent_[1]),
                              dyad::make_matrix(out.data(), out_extent_[0], out_extent_[1]), context));
    }
    [[nodiscard]] double share(output code) const { return dyad::nn::decode(code, out_); }

private:
    void require(const dyad::nn::layer_status& s) const {
        if (s == dyad::status::ok) return;
        const std::string parameter = source_.refused().empty() ? "" : " (parameter " + source_.refused() + ")";
        throw std::runtime_error(graph_.file + ": " + to_string(s).c_str() + parameter);
    }
    /// Pooling and softmax know what their codes mean; where the file says something else, it is not this contract's.
    void require_meanings() const {
        if constexpr (dyad::nn::takes_given<typename R::scaling>) {
            for (std::size_t i = 0; i < source_.edges(); ++i) {
                const std::size_t number = source_.number_at(i);
                if (source_.meaning_at(i) != meaning(graph_.tensors[number]))
                    throw dyad::io::io_error(graph_.file, "tensor " + std::to_string(number) +
                                                              " must have the scale and zero point of what makes it");
            }
        }
    }

    const graph& graph_;
    graph_source source_;
    index batch_;
    std::vector<std::byte> memory_;
    std::unique_ptr<network<R>> network_;
    dyad::nn::affine in_;
    dyad::nn::affine out_;
    std::array<index, 2> in_extent_ = {};
    std::array<index, 2> out_extent_ = {};
    std::size_t scratch_bytes_ = 0;
};

/// The answers to all inputs, one after the other, on `execute`; `inputs`: a multiple of the batch.
template <dyad::nn::recipe R, dyad::executor Executor>
[[nodiscard]] std::vector<typename model<R>::output> answers(const model<R>& m, const std::vector<std::int8_t>& inputs,
                                                             Executor& execute) {
    std::vector<std::byte> memory(m.scratch_bytes());
    std::vector<typename model<R>::output> all;
    std::vector<typename model<R>::output> some;
    const dyad::nn::no_probe nobody;
    for (std::size_t at = 0; at < inputs.size(); at += m.pixels()) {
        dyad::arena scratch(memory);
        const dyad::nn::context<const dyad::nn::no_probe, Executor> context{scratch, nobody, execute};
        m.run(m.encode(inputs.data() + at), some, context);
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

}  // namespace keyword_spotting
