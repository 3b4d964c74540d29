// SPDX-License-Identifier: Apache-2.0
// The integer-only vision transformer: every layer's codes are the same on every instruction set and for 1 to 8 tasks.
// tests/integer_only compares them between compilers and optimization levels.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <dyad/study/all_cores.hpp>

#include "../../examples/digits/model.hpp"
#include "../../examples/integer_only/layer_hashes.hpp"
#include "../../examples/study/calibrate.hpp"
#include "../../examples/study/recipe_runner.hpp"
#include "../../examples/study/recipes.hpp"
#include "../support/amx_emulator.hpp"
#include "../support/instruction_sets.hpp"

namespace {

using recipe = study::int8_integer_only;
using model = digits::model<recipe>;

constexpr std::size_t calibration_images = 20;
constexpr std::size_t test_images = 10;

struct inputs {
    study::split_images split;
    model prepared;
    std::vector<std::vector<model::input>> patches;

    explicit inputs(const dyad::io::safetensors& weights, study::split_images images)
        : split(std::move(images)),
          prepared(weights, study::calibrate(*study::make_runner<study::float32>(weights, {}), split.calibration)) {
        for (const auto& image : split.test) patches.push_back(prepared.encode(image));
    }
};
inputs read_inputs() {
    const std::string folder = DYAD_SOURCE_FOLDER "/examples/digits";
    auto split = study::split_by_use(digits::read_images(folder + "/digits_images.npy", folder + "/digits_labels.npy"));
    split.calibration.resize(calibration_images);
    split.test.resize(test_images);
    return inputs(dyad::io::read_safetensors(folder + "/vit_digits.safetensors"), std::move(split));
}

/// The hashes of all layers over all images.
template <class Executor>
std::vector<std::uint64_t> hashes(inputs& in, const Executor& execute, dyad::instruction_set cap) {
    digits::layer_hashes seen;
    std::vector<std::byte> scratch(in.prepared.net().scratch_bytes(cap));
    for (const auto& patches : in.patches) {
        recipe::stream logits[digits::classes];
        dyad::arena arena(scratch);
        const dyad::nn::context<digits::layer_hashes, const Executor> context{arena, seen, execute, cap};
        seen.begin();
        const dyad::nn::layer_status s =
            in.prepared.net().run(dyad::make_matrix(patches.data(), digits::tokens, digits::patch_pixels),
                                  dyad::make_matrix(logits, 1, digits::classes), context);
        REQUIRE_MESSAGE(s == dyad::status::ok, to_string(s).c_str());
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
    inputs in = read_inputs();
    std::vector<std::uint64_t> expected;
    {
        const dyad_test::assumed_instruction_set assumed(dyad::instruction_set::scalar);
        expected = hashes(in, dyad::serial{}, dyad::instruction_set::scalar);
    }
    REQUIRE(expected.size() == in.prepared.edge_names().size());
    REQUIRE(expected.size() == 62);
    for (const dyad::instruction_set isa : dyad_test::instruction_sets()) {
        CAPTURE(std::string(to_string(isa)));
        check_equal(in, hashes(in, dyad::serial{}, isa), expected);
        const dyad_test::assumed_instruction_set assumed(isa);
        check_equal(in, hashes(in, dyad::serial{}, dyad::instruction_set::amx), expected);
    }
    for (unsigned tasks = 1; tasks <= 8; ++tasks) {
        CAPTURE(tasks);
        check_equal(in, hashes(in, dyad::study::all_cores(tasks), dyad::instruction_set::amx), expected);
    }
}

TEST_CASE("the same codes by the kernels of AMX, by an emulator of its instructions where the machine has none") {
    if (!dyad_test::amx_emulator::possible()) {
        MESSAGE("not run: the kernels of AMX need AVX-512 as well");
        return;
    }
    inputs in = read_inputs();
    in.patches.resize(2);
    const auto expected = hashes(in, dyad::serial{}, dyad::instruction_set::scalar);
    const dyad_test::amx_emulator emulator;
    const dyad_test::assumed_instruction_set assumed(dyad::instruction_set::amx);
    // Prepared anew: weights are packed for the instruction set that is there.
    inputs for_amx = read_inputs();
    for_amx.patches.resize(2);
    check_equal(for_amx, hashes(for_amx, dyad::serial{}, dyad::instruction_set::amx), expected);
    if (!dyad_test::amx_emulator::native()) CHECK(emulator.executed() > 1000);
}

TEST_CASE("a hash tells layers, images and signs apart") {
    inputs in = read_inputs();
    const auto all = hashes(in, dyad::serial{}, dyad::instruction_set::amx);
    in.patches.pop_back();
    const auto fewer = hashes(in, dyad::serial{}, dyad::instruction_set::amx);
    for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i] != fewer[i]);
    // One pixel of one image: every layer sees it.
    auto& pixel = in.patches.front()[21];
    pixel = pixel == model::input::from_raw(100) ? model::input::from_raw(0) : model::input::from_raw(100);
    const auto changed = hashes(in, dyad::serial{}, dyad::instruction_set::amx);
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
