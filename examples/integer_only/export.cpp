// SPDX-License-Identifier: Apache-2.0
// digits-export FOLDER: quantizes the digits transformer for integer-only inference, and writes to FOLDER for
// digits-forward: parameters.bin, images.bin (the encoded test images), logits.bin (what this build computes) and
// layers.txt (a line for each layer: the hash of its codes over all images, and its name).
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "../digits/model.hpp"
#include "../study/calibrate.hpp"
#include "../study/recipe_runner.hpp"
#include "../study/recipes.hpp"
#include "layer_hashes.hpp"

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

/// "hash name" of every layer.
std::vector<std::byte> lines_of(const digits::layer_hashes& hashes, const std::vector<std::string>& names) {
    const auto each = hashes.of_layers();
    if (each.size() != names.size()) throw std::runtime_error("a pass does not show every layer once");
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i < each.size(); ++i) {
        char digits[16];
        digits::write_hash(each[i], digits);
        const std::string line = std::string(digits, 16) + " " + names[i] + "\n";
        append(bytes, std::span<const char>(line));
    }
    return bytes;
}

void run(const std::filesystem::path& folder) {
    const std::string data = DYAD_DIGITS_FOLDER;
    const auto split =
        study::split_by_use(digits::read_images(data + "/digits_images.npy", data + "/digits_labels.npy"));
    const auto weights = dyad::io::read_safetensors(data + "/vit_digits.safetensors");
    const auto ranges = study::calibrate(*study::make_runner<study::float32>(weights, {}), split.calibration);
    digits::model<recipe> model(weights, ranges);

    dyad::nn::archive_size size;
    static_cast<void>(model.net().visit(size));
    std::vector<std::byte> parameters(size.bytes());
    dyad::nn::archive_writer writer(parameters);
    if (const auto s = model.net().visit(writer); s != dyad::status::ok) throw std::runtime_error(to_string(s));

    std::vector<std::byte> images;
    std::vector<std::byte> logits;
    digits::scratch_memory scratch;
    digits::layer_hashes hashes;
    const dyad::serial one_thread;
    for (const auto& image : split.test) {
        const auto patches = model.encode(image);
        append<digits::model<recipe>::input>(images, patches);
        recipe::stream codes[digits::classes];
        dyad::arena arena = scratch.arena(model.net().scratch_bytes());
        const dyad::nn::context<digits::layer_hashes, const dyad::serial> context{arena, hashes, one_thread};
        hashes.begin();
        const auto s = model.net().run(dyad::make_matrix(patches.data(), digits::tokens, digits::patch_pixels),
                                       dyad::make_matrix(codes, 1, digits::classes), context);
        if (s != dyad::status::ok) throw std::runtime_error(to_string(s).c_str());
        append<recipe::stream>(logits, codes);
    }
    std::filesystem::create_directories(folder);
    write(folder / "parameters.bin", parameters);
    write(folder / "images.bin", images);
    write(folder / "logits.bin", logits);
    write(folder / "layers.txt", lines_of(hashes, model.edge_names()));
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
