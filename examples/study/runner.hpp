// SPDX-License-Identifier: Apache-2.0
// The study's view of a model under some recipe, without the recipe's type: so that recipes compile in files of their
// own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <dyad/io/safetensors.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/study/metrics.hpp>

#include "../digits/model.hpp"

namespace study {

/// Sees a forward pass.
class observer {
public:
    virtual ~observer() = default;
    /// The decoded values of an edge, row by row, and where in its format each code stands.
    virtual void tensor(std::size_t edge, std::span<const double> values,
                        std::span<const dyad::study::code_end> ends) = 0;
    /// A product whose result the next edge shows; only where the pass is asked for sums.
    virtual void sums(const dyad::nn::sum_report&) {}
};

/// Whether a pass also reports the sums of its products, which takes longer.
enum class sums { unseen, seen };

/// What the codes of the logits are: recipes that agree in it can be compared code by code.
struct output_format {
    int width = 0;      ///< bits
    double lowest = 0;  ///< values of the codes at the ends of the format
    double highest = 0;
    double step = 0;  ///< of fixed-point codes: the value of one; 0 for floats

    [[nodiscard]] friend bool operator==(const output_format&, const output_format&) = default;
};

class runner {
public:
    virtual ~runner() = default;
    /// The logits of one image; `seen` sees the pass.
    [[nodiscard]] virtual std::vector<double> run(const std::vector<double>& image, digits::scratch_memory& scratch,
                                                  observer& seen, sums reported = sums::unseen) const = 0;
    /// One segment of the model alone, from real values to real values: the image, the residual stream (tokens x
    /// width), the logits. Segments of one recipe in a row give the bits of `run`.
    [[nodiscard]] virtual std::vector<double> segment(int number, const std::vector<double>& in,
                                                      digits::scratch_memory& scratch) const = 0;
    /// Nanoseconds of one forward pass, from the encoded image to the logits.
    [[nodiscard]] virtual double time(const std::vector<double>& image, digits::scratch_memory& scratch) const = 0;
    [[nodiscard]] virtual const std::vector<std::string>& edge_names() const = 0;
    [[nodiscard]] virtual output_format output() const = 0;
    [[nodiscard]] virtual std::uint64_t weight_bytes() const = 0;
};

/// A recipe of the study by name.
struct recipe_entry {
    const char* name;
    const char* summary;
    double bits_per_weight;  ///< with its share of the scales that lie between the codes
    std::unique_ptr<runner> (*make)(const dyad::io::safetensors& file,
                                    const std::vector<dyad::nn::value_interval>& ranges);
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
[[nodiscard]] std::vector<recipe_entry> mixed_recipes();
[[nodiscard]] std::vector<recipe_entry> mixed_integer_recipes();

}  // namespace study
