// SPDX-License-Identifier: Apache-2.0
// digits-export FOLDER: quantizes the digits transformer for integer-only inference, and writes parameters.bin,
// images.bin (the encoded test images) and logits.bin (what this build computes) to FOLDER, for digits-forward.
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <span>
#include <stdexcept>
#include <vector>

#include "../digits/model.hpp"
#include "../study/calibrate.hpp"
#include "../study/recipe_runner.hpp"
#include "../study/recipes.hpp"

namespace {

using recipe = study::int8_integer_only;

void write(const std::filesystem::path& name, const std::vector<std::byte>& bytes) {
    std::ofstream out(name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    out.flush();
    if (!out) throw std::runtime_error(name.string() + ": cannot be written");
}

template <class T>
void append(std::vector<std::byte>& bytes, std::span<const T> values) {
    const auto raw = std::as_bytes(values);
    bytes.insert(bytes.end(), raw.begin(), raw.end());
}

void run(const std::filesystem::path& folder) {
    const std::string data = DYAD_DIGITS_FOLDER;
    const auto split =
        study::split_by_use(digits::read_images(data + "/digits_images.npy", data + "/digits_labels.npy"));
    const auto weights = dyad::io::read_safetensors(data + "/vit_digits.safetensors");
    const auto absmax = study::calibrate(*study::make_runner<study::float32>(weights, {}), split.calibration);
    digits::model<recipe> model(weights, absmax);

    dyad::nn::archive_size size;
    static_cast<void>(model.net().visit(size));
    std::vector<std::byte> parameters(size.bytes());
    dyad::nn::archive_writer writer(parameters);
    if (const auto s = model.net().visit(writer); s != dyad::status::ok) throw std::runtime_error(to_string(s));

    std::vector<std::byte> images;
    std::vector<std::byte> logits;
    digits::scratch_memory scratch;
    for (const auto& image : split.test) {
        const auto patches = model.encode(image);
        append<digits::model<recipe>::input>(images, patches);
        recipe::stream codes[digits::classes];
        dyad::arena arena = scratch.arena(model.net().scratch_bytes());
        const auto s = model.net().run(dyad::make_matrix(patches.data(), digits::tokens, digits::patch_pixels),
                                       dyad::make_matrix(codes, 1, digits::classes), arena);
        if (s != dyad::status::ok) throw std::runtime_error(to_string(s));
        append<recipe::stream>(logits, codes);
    }
    std::filesystem::create_directories(folder);
    write(folder / "parameters.bin", parameters);
    write(folder / "images.bin", images);
    write(folder / "logits.bin", logits);
    std::printf("%zu bytes of parameters, %zu images\n", parameters.size(), split.test.size());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: digits-export FOLDER\n");
        return 2;
    }
    try {
        run(argv[1]);
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "digits-export: %s\n", e.what());
        return 2;
    }
}
