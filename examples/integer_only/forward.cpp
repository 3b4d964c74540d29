// SPDX-License-Identifier: Apache-2.0
// The digits transformer as a program without a single floating-point instruction: reads the parameters that
// `digits-export` wrote and encoded images, writes the integer logits, and a hash of every layer's codes. Compiles with
// g++ -mgeneral-regs-only.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>

#include "../digits/vit.hpp"
#include "../study/recipes.hpp"
#include "layer_hashes.hpp"

namespace {

using recipe = study::int8_integer_only;
using network = digits::vit<recipe>;

constexpr std::size_t memory_size = std::size_t{1} << 20;
alignas(64) std::byte parameters[memory_size];
alignas(64) std::byte scratch[memory_size];
std::byte archive[memory_size];

int fail(const char* what, const char* why) {
    std::fprintf(stderr, "digits-forward: %s: %s\n", what, why);
    return 2;
}

std::size_t read_all(const char* name, std::span<std::byte> into) {
    std::FILE* const file = std::fopen(name, "rb");
    if (file == nullptr) return 0;
    const std::size_t count = std::fread(into.data(), 1, into.size(), file);
    std::fclose(file);
    return count;
}

/// A line for each layer.
bool write_layers(const char* name, const digits::layer_hashes& hashes) {
    std::FILE* const file = std::fopen(name, "wb");
    if (file == nullptr) return false;
    std::size_t written = 0;
    for (const std::uint64_t hash : hashes.of_layers()) {
        char line[17];
        digits::write_hash(hash, std::span<char, 16>(line, 16));
        line[16] = '\n';
        written += std::fwrite(line, sizeof(line), 1, file);
    }
    return std::fclose(file) == 0 && written == hashes.of_layers().size();
}

}  // namespace

int main(int argc, char** argv) {
    using dyad::status;
    if (argc != 5) return fail("usage", "digits-forward PARAMETERS IMAGES LOGITS LAYERS");
    static network net;
    dyad::arena memory(parameters);
    const std::size_t count = read_all(argv[1], archive);
    dyad::nn::archive_reader reader(std::span<const std::byte>(archive, count));
    if (const dyad::nn::layer_status s = net.shape(memory); s != status::ok)
        return fail("parameters", to_string(s).c_str());
    if (const status s = net.visit(reader); s != status::ok) return fail(argv[1], to_string(s));
    if (reader.used() != count) return fail(argv[1], "is longer than the model's parameters");

    std::FILE* const images = std::fopen(argv[2], "rb");
    if (images == nullptr) return fail(argv[2], "cannot be opened");
    std::FILE* const out = std::fopen(argv[3], "wb");
    if (out == nullptr) return fail(argv[3], "cannot be written");
    network::input patches[digits::tokens * digits::patch_pixels];
    recipe::stream logits[digits::classes];
    digits::layer_hashes hashes;
    const dyad::serial one_thread;
    while (std::fread(patches, sizeof(patches), 1, images) == 1) {
        dyad::arena work(scratch);
        const dyad::nn::context<digits::layer_hashes, const dyad::serial> context{work, hashes, one_thread};
        hashes.begin();
        const dyad::nn::layer_status s =
            net.run(dyad::make_matrix<const network::input>(patches, digits::tokens, digits::patch_pixels),
                    dyad::make_matrix(logits, 1, digits::classes), context);
        if (s != status::ok) return fail("the model does not run", to_string(s).c_str());
        if (std::fwrite(logits, sizeof(logits), 1, out) != 1) return fail(argv[3], "cannot be written");
    }
    std::fclose(images);
    if (std::fclose(out) != 0) return fail(argv[3], "cannot be written");
    return write_layers(argv[4], hashes) ? 0 : fail(argv[4], "cannot be written");
}
