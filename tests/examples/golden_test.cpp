// SPDX-License-Identifier: Apache-2.0
// Outputs are part of the version: the logits' bits of every recipe of the study on a few images. The same on every
// compiler, optimization level and instruction set; a change of any of them is named in the changelog.
#include <bit>
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include "../../examples/study/calibrate.hpp"
#include "../../examples/study/recipe_runner.hpp"
#include "../../examples/study/recipes.hpp"

namespace {

constexpr std::size_t calibration_images = 20;
constexpr std::size_t test_images = 12;

/// FNV-1a over the 64-bit words of all logits.
template <class Recipe>
std::uint64_t fingerprint(const dyad::io::safetensors& weights, const std::vector<double>& absmax,
                          const study::split_images& images) {
    digits::model<Recipe> model(weights, absmax);
    digits::scratch_memory scratch;
    std::uint64_t hash = 1469598103934665603U;
    for (std::size_t i = 0; i < test_images; ++i) {
        for (const double x : model.logits(model.encode(images.test[i]), scratch)) {
            hash = (hash ^ std::bit_cast<std::uint64_t>(x)) * 1099511628211U;
        }
    }
    return hash;
}

}  // namespace

TEST_CASE("every recipe gives the bits of this version") {
    const std::string folder = DYAD_SOURCE_FOLDER "/examples/digits";
    auto images =
        study::split_by_use(digits::read_images(folder + "/digits_images.npy", folder + "/digits_labels.npy"));
    images.calibration.resize(calibration_images);
    const auto weights = dyad::io::read_safetensors(folder + "/vit_digits.safetensors");
    const auto absmax = study::calibrate(*study::make_runner<study::float32>(weights, {}), images.calibration);

    CHECK(fingerprint<study::float32>(weights, absmax, images) == 0x6c269b92be858723);
    CHECK(fingerprint<study::bfloat16>(weights, absmax, images) == 0xbc0571953e858723);
    CHECK(fingerprint<study::float16>(weights, absmax, images) == 0x976285953e858723);
    CHECK(fingerprint<study::float8_e4m3fn>(weights, absmax, images) == 0xbd5855137e858723);
    CHECK(fingerprint<study::float8_e5m2>(weights, absmax, images) == 0x6dd0294abe858723);
    CHECK(fingerprint<study::lmul>(weights, absmax, images) == 0x34bd0f779e858723);
    CHECK(fingerprint<study::dfp16>(weights, absmax, images) == 0x9e7086f47e858723);
    CHECK(fingerprint<study::int8_float_functions>(weights, absmax, images) == 0x9078ed945e858723);
    CHECK(fingerprint<study::int8_integer_only>(weights, absmax, images) == 0xfb03baf378501e09);
    CHECK(fingerprint<study::int6>(weights, absmax, images) == 0x3a797c640d0f08e2);
    CHECK(fingerprint<study::int4_weights>(weights, absmax, images) == 0x308c424e8f1f1e91);
    CHECK(fingerprint<study::mxfp8>(weights, absmax, images) == 0x1);
    CHECK(fingerprint<study::mxfp6>(weights, absmax, images) == 0x2);
    CHECK(fingerprint<study::mxfp4>(weights, absmax, images) == 0x3);
    CHECK(fingerprint<study::mxint8>(weights, absmax, images) == 0x4);
    CHECK(fingerprint<study::nvfp4>(weights, absmax, images) == 0x5);
    CHECK(fingerprint<study::ternary_weights>(weights, absmax, images) == 0x6);
}
