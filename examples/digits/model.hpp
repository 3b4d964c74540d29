// SPDX-License-Identifier: Apache-2.0
// A prepared digits model under a recipe: owns the memory, takes images, gives decoded logits; as a whole, or segment
// by segment from real values to real values.
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
    model(const dyad::io::safetensors& file, const std::vector<dyad::nn::value_interval>& ranges)
        : memory_(memory_needed()) {
        dyad::arena arena(memory_);
        model_source source(file, ranges);
        require(network_.shape(arena), source);
        require(network_.prepare(source), source);
        names_ = source.names();
        affines_ = source.affines();
        scratch_bytes_ = network_.scratch_bytes();
        for (int s = 0; s < segments; ++s) borders_.push_back(affines_[edge_number(segment_edge(s))]);
    }

    /// Names of the tensors between operations, in network order, and what the codes of each mean.
    [[nodiscard]] const std::vector<std::string>& edge_names() const { return names_; }
    [[nodiscard]] const dyad::nn::affine& edge_affine(int edge) const {
        return affines_[static_cast<std::size_t>(edge)];
    }

    /// An image (8 x 8, pixel / 16) as codes of the input edge: tokens x patch_pixels.
    [[nodiscard]] std::vector<input> encode(const std::vector<double>& image) const {
        std::vector<double> pixels(static_cast<std::size_t>(tokens * patch_pixels));
        for (dyad::index i = 0; i < tokens * patch_pixels; ++i) {
            pixels[static_cast<std::size_t>(i)] =
                image[static_cast<std::size_t>(patch_pixel(i / patch_pixels, i % patch_pixels))];
        }
        return encoded<input>(pixels, affines_.front());
    }
    template <class Probe = dyad::nn::no_probe>
    [[nodiscard]] std::vector<double> logits(const std::vector<input>& patches, scratch_memory& scratch,
                                             Probe&& probe = {}) const {
        std::vector<stream> codes(static_cast<std::size_t>(classes));
        dyad::arena arena = scratch.arena(scratch_bytes_);
        const dyad::serial one_thread;
        const dyad::nn::context<std::remove_reference_t<Probe>, const dyad::serial> context{arena, probe, one_thread};
        require_run(network_.run(dyad::make_matrix(patches.data(), tokens, patch_pixels),
                                 dyad::make_matrix(codes.data(), 1, classes), context));
        return decoded(codes, affines_.back());
    }
    /// Segment s alone. in: the image, or the residual stream's values (tokens x width) as segment s - 1 leaves them;
    /// the result: the stream after s, or the logits. Codes of the stream come back from their values unchanged: x =
    /// code * scale is wrong by at most 2^-53 of it, x / scale by 2^-52, and neighbouring codes of at most 48 bits are
    /// further apart. So the segments in a row give the bits of `logits`.
    template <class Probe = dyad::nn::no_probe>
    [[nodiscard]] std::vector<double> segment(int s, const std::vector<double>& in, scratch_memory& scratch,
                                              Probe&& probe = {}) const {
        const bool first = s == 0;
        const bool last = s == segments - 1;
        const auto number = static_cast<std::size_t>(s);
        const std::vector<input> patches = first ? encode(in) : std::vector<input>{};
        std::vector<stream> x(static_cast<std::size_t>(tokens * width));
        std::vector<stream> codes(static_cast<std::size_t>(classes));
        if (!first) x = encoded<stream>(in, borders_[number - 1]);
        dyad::arena arena = scratch.arena(scratch_bytes_);
        const dyad::serial one_thread;
        const dyad::nn::context<std::remove_reference_t<Probe>, const dyad::serial> context{arena, probe, one_thread};
        require_run(network_.run_segment(s, dyad::make_matrix(patches.data(), tokens, patch_pixels),
                                         dyad::make_matrix(x.data(), tokens, width),
                                         dyad::make_matrix(codes.data(), 1, classes), context));
        return decoded(last ? codes : x, borders_[number]);
    }
    /// All parameters as stored when codes are packed to their width.
    [[nodiscard]] std::uint64_t weight_bytes() {
        dyad::nn::packed_size size;
        static_cast<void>(network_.visit(size));
        return size.bytes();
    }
    [[nodiscard]] network& net() { return network_; }

private:
    using stream = typename R::stream;

    template <class T>
    [[nodiscard]] static std::vector<T> encoded(const std::vector<double>& values, const dyad::nn::affine& q) {
        std::vector<T> codes;
        codes.reserve(values.size());
        for (const double x : values) {
            // (-0 + 0 would lose its sign.)
            const double code = q.zero_point == 0 ? x / q.scale : x / q.scale + q.zero_point;
            codes.push_back(dyad::convert<T>(code, dyad::rounding::nearest_even, dyad::saturation::finite));
        }
        return codes;
    }
    [[nodiscard]] static std::vector<double> decoded(const std::vector<stream>& codes, const dyad::nn::affine& q) {
        std::vector<double> values;
        values.reserve(codes.size());
        for (const stream code : codes) values.push_back((dyad::convert<double>(code) - q.zero_point) * q.scale);
        return values;
    }
    [[nodiscard]] std::size_t edge_number(const dyad::nn::path& name) const {
        std::string words(name.text());
        for (char& c : words) c = c == '.' ? ' ' : c;
        for (std::size_t i = 0; i < names_.size(); ++i) {
            if (names_[i] == words) return i;
        }
        throw std::logic_error("the model has no edge '" + words + "'");
    }
    static void require_run(const dyad::nn::layer_status& s) {
        if (s == dyad::status::ok) return;
        throw std::runtime_error(std::string("the model does not run: ") + to_string(s).c_str());
    }
    [[nodiscard]] static std::size_t memory_needed() {
        dyad::arena arena = dyad::arena::measuring();
        network shaped;
        static_cast<void>(shaped.shape(arena));
        return arena.used();
    }
    static void require(const dyad::nn::layer_status& s, const model_source& source) {
        if (s == dyad::status::ok) return;
        if (!source.fault().empty()) throw std::runtime_error(source.fault());
        throw std::runtime_error(std::string("the model cannot be prepared: ") + to_string(s).c_str());
    }

    std::vector<std::byte> memory_;
    network network_;
    std::size_t scratch_bytes_ = 0;
    std::vector<std::string> names_;
    std::vector<dyad::nn::affine> affines_;
    std::vector<dyad::nn::affine> borders_;  ///< of the stream after each segment; of the logits after the last
};

}  // namespace digits
