// SPDX-License-Identifier: Apache-2.0
// The study's view of a model under some recipe, without the recipe's type: so that recipes compile in files of their
// own.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <dyad/io/safetensors.hpp>
#include <dyad/study/metrics.hpp>

#include "../digits/model.hpp"

namespace study {

/// The decoded values of every edge for one image.
using tensors = std::vector<std::vector<float>>;

struct image_result {
    std::vector<double> logits;
    std::vector<dyad::study::error_energy> edges;  ///< of each edge against the reference
};

class runner {
public:
    virtual ~runner() = default;
    /// Runs one image and keeps all edges.
    [[nodiscard]] virtual tensors capture(const std::vector<double>& image, digits::scratch_memory& scratch) const = 0;
    /// Runs one image and compares all edges.
    [[nodiscard]] virtual image_result compare(const std::vector<double>& image, const tensors& reference,
                                               digits::scratch_memory& scratch) const = 0;
    /// Nanoseconds of one forward pass, from the encoded image to the logits.
    [[nodiscard]] virtual double time(const std::vector<double>& image, digits::scratch_memory& scratch) const = 0;
    [[nodiscard]] virtual const std::vector<std::string>& edge_names() const = 0;
    [[nodiscard]] virtual std::uint64_t weight_bytes() const = 0;
};

/// A recipe of the study by name.
struct recipe_entry {
    const char* name;
    const char* summary;
    double bits_per_weight;  ///< with its share of the scales that lie between the codes
    std::unique_ptr<runner> (*make)(const dyad::io::safetensors& file, const std::vector<double>& absmax);
};

/// All recipes, in the order of the report; float32 first.
[[nodiscard]] std::vector<recipe_entry> all_recipes();

// One file each: recipes_plain.cpp and so on.
[[nodiscard]] std::vector<recipe_entry> plain_recipes();
[[nodiscard]] std::vector<recipe_entry> float8_recipes();
[[nodiscard]] std::vector<recipe_entry> integer_recipes();
[[nodiscard]] std::vector<recipe_entry> published_recipes();
[[nodiscard]] std::vector<recipe_entry> block_recipes();
[[nodiscard]] std::vector<recipe_entry> group_recipes();

}  // namespace study
