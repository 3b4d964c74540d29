// SPDX-License-Identifier: Apache-2.0
// The digits model's logits under a recipe as one number, on a few images that both programs of golden tests share.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "../../examples/study/calibrate.hpp"
#include "../../examples/study/recipe_runner.hpp"
#include "../../examples/study/recipes.hpp"

namespace dyad_test {

inline constexpr std::size_t calibration_images = 20;
inline constexpr std::size_t test_images = 12;

/// FNV-1a over the 64-bit words of all logits.
template <class Recipe>
[[nodiscard]] std::uint64_t fingerprint(const dyad::io::safetensors& weights,
                                        const std::vector<dyad::nn::value_interval>& ranges,
                                        const study::split_images& images) {
    digits::model<Recipe> model(weights, ranges);
    digits::scratch_memory scratch;
    std::uint64_t hash = 1469598103934665603U;
    for (std::size_t i = 0; i < test_images; ++i) {
        for (const double x : model.logits(model.encode(images.test[i]), scratch)) {
            hash = (hash ^ std::bit_cast<std::uint64_t>(x)) * 1099511628211U;
        }
    }
    return hash;
}

/// The next number of six binary digits, away from 0.
[[nodiscard]] inline double six_digits(double x) {
    if (x == 0) return 0;
    const double step = std::ldexp(1.0, std::ilogb(x) - 5);
    return std::copysign(std::ceil(std::fabs(x) / step) * step, x);
}

/// Model, images and the ranges of float32's tensors on the first images for calibration, in six digits: the last bits
/// of float32's functions do not move the numbers of integer recipes.
struct golden_inputs {
    study::split_images images;
    dyad::io::safetensors weights;
    std::vector<dyad::nn::value_interval> ranges;

    golden_inputs() {
        const std::string folder = DYAD_SOURCE_FOLDER "/examples/digits";
        images = study::split_by_use(digits::read_images(folder + "/digits_images.npy", folder + "/digits_labels.npy"));
        images.calibration.resize(calibration_images);
        weights = dyad::io::read_safetensors(folder + "/vit_digits.safetensors");
        ranges = study::calibrate(*study::make_runner<study::float32>(weights, {}), images.calibration);
        for (auto& r : ranges) r = {six_digits(r.low), six_digits(r.high)};
    }
    template <class Recipe>
    [[nodiscard]] std::uint64_t of() const {
        return fingerprint<Recipe>(weights, ranges, images);
    }
};

}  // namespace dyad_test
