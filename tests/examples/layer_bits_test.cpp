// SPDX-License-Identifier: Apache-2.0
// The integer-only vision transformer: every layer's codes are the same on every instruction set and for 1 to 8 tasks.
// tests/integer_only compares them between compilers and optimization levels.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <dyad/study/all_cores.hpp>

#include "../../examples/digits/model.hpp"
#include "../../examples/integer_only/layer_hashes.hpp"
#include "../../examples/study/calibrate.hpp"
#include "../../examples/study/recipes.hpp"
#include "../support/amx_emulator.hpp"
#include "../support/instruction_sets.hpp"

namespace {

using recipe = study::int8_integer_only;
using model = digits::model<recipe>;

constexpr std::size_t calibration_images = 20;
constexpr std::size_t test_images = 10;

/// The files, and the ranges of float32's tensors.
struct material {
    study::split_images split;
    dyad::io::safetensors weights;
    std::vector<dyad::nn::value_interval> ranges;

    material() {
        const std::string folder = DYAD_SOURCE_FOLDER "/examples/digits";
        split = study::split_by_use(digits::read_images(folder + "/digits_images.npy", folder + "/digits_labels.npy"));
        split.calibration.resize(calibration_images);
        split.test.resize(test_images);
        weights = dyad::io::read_safetensors(folder + "/vit_digits.safetensors");
        // (study::calibrate would do; this compiles sooner.)
        const digits::model<study::float32> wide(weights, {});
        ranges.resize(wide.edge_names().size());
        digits::scratch_memory scratch;
        for (const auto& image : split.calibration) {
            static_cast<void>(wide.logits(wide.encode(image), scratch, [&](int edge, auto values, auto) {
                auto& [low, high] = ranges[static_cast<std::size_t>(edge)];
                for (dyad::index i = 0; i < values.size(); ++i) {
                    const double x = double{values(i / values.extent[1], i % values.extent[1])};
                    low = std::min(low, x);
                    high = std::max(high, x);
                }
            }));
        }
    }
};
const material& files() {
    static const material once;
    return once;
}

/// A model prepared for the instruction set that the library takes the machine to have.
struct inputs {
    model prepared{files().weights, files().ranges};
    std::vector<std::vector<model::input>> patches;

    inputs() {
        for (const auto& image : files().split.test) patches.push_back(prepared.encode(image));
    }
};

/// The hashes of all layers over all images.
template <class Executor>
std::vector<std::uint64_t> hashes(inputs& in, const Executor& execute,
                                  dyad::instruction_set cap = dyad::instruction_set::amx) {
    digits::layer_hashes seen;
    std::vector<std::byte> scratch(in.prepared.net().scratch_bytes(cap));
    for (const auto& patches : in.patches) {
        recipe::stream logits[digits::classes];
        dyad::arena arena(scratch);
        const dyad::nn::context<digits::layer_hashes, const Executor> context{arena, seen, execute, cap};
        seen.begin();
        const dyad::nn::layer_status ran =
            in.prepared.net().run(dyad::make_matrix(patches.data(), digits::tokens, digits::patch_pixels),
                                  dyad::make_matrix(logits, 1, digits::classes), context);
        CAPTURE(std::string(to_string(ran).text()));
        REQUIRE(ran == dyad::status::ok);
    }
    const auto of_layers = seen.of_layers();
    return {of_layers.begin(), of_layers.end()};
}

/// Names the first layer that differs.
void check_equal(const inputs& in, const std::vector<std::uint64_t>& got, const std::vector<std::uint64_t>& expected) {
    REQUIRE(got.size() == expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (got[i] == expected[i]) continue;
        FAIL_CHECK("layer '", in.prepared.edge_names()[i], "' differs");
        return;
    }
}

TEST_CASE("every layer of the integer-only transformer has the same codes on every instruction set, 1 to 8 tasks") {
    inputs best;
    const auto expected = hashes(best, dyad::serial{}, dyad::instruction_set::scalar);
    REQUIRE(expected.size() == best.prepared.edge_names().size());
    REQUIRE(expected.size() == 62);
    for (const dyad::instruction_set isa : dyad_test::instruction_sets()) {
        CAPTURE(std::string(to_string(isa)));
        check_equal(best, hashes(best, dyad::serial{}, isa), expected);
        // Prepared anew: weights are packed for the instruction set that is there.
        const dyad_test::assumed_instruction_set assumed(isa);
        inputs in;
        for (unsigned tasks = 1; tasks <= 8; ++tasks) {
            CAPTURE(tasks);
            check_equal(in, hashes(in, dyad::study::all_cores(tasks)), expected);
        }
    }
}

TEST_CASE("the same codes by the kernels of AMX, by an emulator of its instructions where the machine has none") {
    if (!dyad_test::amx_emulator::possible()) {
        MESSAGE("not run: the kernels of AMX need AVX-512 as well");
        return;
    }
    inputs in;
    in.patches.resize(2);
    const auto expected = hashes(in, dyad::serial{}, dyad::instruction_set::scalar);
    const dyad_test::amx_emulator emulator;
    const dyad_test::assumed_instruction_set assumed(dyad::instruction_set::amx);
    inputs for_amx;
    for_amx.patches.resize(2);
    check_equal(for_amx, hashes(for_amx, dyad::serial{}), expected);
    if (!dyad_test::amx_emulator::native()) CHECK(emulator.executed() > 1000);
}

TEST_CASE("a hash tells layers, images and signs apart") {
    inputs in;
    const auto all = hashes(in, dyad::serial{});
    in.patches.pop_back();
    const auto fewer = hashes(in, dyad::serial{});
    for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i] != fewer[i]);
    // One pixel of one image: every layer sees it.
    auto& pixel = in.patches.front()[21];
    pixel = pixel == model::input::from_raw(100) ? model::input::from_raw(0) : model::input::from_raw(100);
    const auto changed = hashes(in, dyad::serial{});
    for (std::size_t i = 0; i < all.size(); ++i) CHECK(changed[i] != fewer[i]);
}

TEST_CASE("the hash is FNV-1a, a step for each code") {
    digits::layer_hashes seen;
    CHECK(seen.of_layers().empty());
    const dyad::integer<16> codes[2] = {dyad::integer<16>::from_raw(-1), dyad::integer<16>::from_raw(2)};
    seen.begin();
    seen(-1, dyad::make_matrix(codes, 1, 2), dyad::nn::static_scale{});
    REQUIRE(seen.of_layers().size() == 1);
    std::uint64_t expected = 0xcbf29ce484222325;
    for (const std::uint64_t code : {~std::uint64_t{0}, std::uint64_t{2}}) expected = (expected ^ code) * 0x100000001b3;
    CHECK(seen.of_layers()[0] == expected);
    char digits[16];
    digits::write_hash(0x0123456789abcdef, digits);
    CHECK(std::string(digits, 16) == "0123456789abcdef");
}

}  // namespace
