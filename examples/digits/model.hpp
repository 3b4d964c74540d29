// SPDX-License-Identifier: Apache-2.0
// A prepared digits model under a recipe: owns the memory, takes images, gives decoded logits.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <dyad/nn.hpp>

#include "data.hpp"
#include "vit.hpp"

namespace digits {

/// Memory for forward passes on one thread, grown to what a model asks for.
class scratch_memory {
public:
    [[nodiscard]] dyad::arena arena(std::size_t bytes) {
        if (bytes_.size() < bytes) bytes_.resize(bytes);
        return dyad::arena(bytes_);
    }

private:
    std::vector<std::byte> bytes_;
};

template <dyad::nn::recipe R>
class model {
public:
    using network = vit<R>;
    using input = typename network::input;

    /// Prepares from float parameters and ranges; io_error names a parameter that is missing or does not fit.
    model(const dyad::io::safetensors& file, const std::vector<double>& absmax) : memory_(memory_needed()) {
        dyad::arena arena(memory_);
        model_source source(file, absmax);
        require(network_.shape(arena), source);
        require(network_.prepare(source), source);
        names_ = source.names();
        scales_ = source.scales();
        scratch_bytes_ = network_.scratch_bytes();
    }

    /// Names of the tensors between operations, in network order, and the value of one code of each.
    [[nodiscard]] const std::vector<std::string>& edge_names() const { return names_; }
    [[nodiscard]] double edge_scale(int edge) const { return scales_[static_cast<std::size_t>(edge)]; }

    /// An image (8 x 8, pixel / 16) as codes of the input edge: tokens x patch_pixels.
    [[nodiscard]] std::vector<input> encode(const std::vector<double>& image) const {
        std::vector<input> codes(static_cast<std::size_t>(tokens * patch_pixels));
        for (dyad::index i = 0; i < tokens * patch_pixels; ++i) {
            const double x = image[static_cast<std::size_t>(patch_pixel(i / patch_pixels, i % patch_pixels))];
            codes[static_cast<std::size_t>(i)] =
                dyad::convert<input>(x / scales_.front(), dyad::rounding::nearest_even, dyad::saturation::finite);
        }
        return codes;
    }
    template <class Probe = dyad::nn::no_probe>
    [[nodiscard]] std::vector<double> logits(const std::vector<input>& patches, scratch_memory& scratch,
                                             Probe&& probe = {}) const {
        typename R::stream codes[classes];
        dyad::arena arena = scratch.arena(scratch_bytes_);
        const dyad::serial one_thread;
        const dyad::nn::context<std::remove_reference_t<Probe>, const dyad::serial> context{arena, probe, one_thread};
        const dyad::status s = network_.run(dyad::make_matrix(patches.data(), tokens, patch_pixels),
                                            dyad::make_matrix(codes, 1, classes), context);
        if (s != dyad::status::ok) throw std::runtime_error(std::string("the model does not run: ") + to_string(s));
        std::vector<double> values;
        for (const auto code : codes) values.push_back(dyad::convert<double>(code) * scales_.back());
        return values;
    }
    /// All parameters as stored when codes are packed to their width.
    [[nodiscard]] std::uint64_t weight_bytes() {
        dyad::nn::packed_size size;
        static_cast<void>(network_.visit(size));
        return size.bytes();
    }
    [[nodiscard]] network& net() { return network_; }

private:
    [[nodiscard]] static std::size_t memory_needed() {
        dyad::arena arena = dyad::arena::measuring();
        network shaped;
        static_cast<void>(shaped.shape(arena));
        return arena.used();
    }
    static void require(dyad::status s, const model_source& source) {
        if (s == dyad::status::ok) return;
        if (!source.fault().empty()) throw std::runtime_error(source.fault());
        throw std::runtime_error(std::string("the model cannot be prepared: ") + to_string(s));
    }

    std::vector<std::byte> memory_;
    network network_;
    std::size_t scratch_bytes_ = 0;
    std::vector<std::string> names_;
    std::vector<double> scales_;
};

}  // namespace digits
