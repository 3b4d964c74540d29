// SPDX-License-Identifier: Apache-2.0
// study_files DIGITS FOLDER: writes good and damaged input files for check_study.cmake to FOLDER, from the example's
// own.
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace {

std::string read(const std::filesystem::path& name) {
    std::ifstream in(name, std::ios::binary);
    if (!in) throw std::runtime_error(name.string());
    return {std::istreambuf_iterator<char>(in), {}};
}
void write(const std::filesystem::path& name, const std::string& bytes) {
    std::ofstream out(name, std::ios::binary);
    out << bytes;
    if (!out.flush()) throw std::runtime_error(name.string());
}

/// A .npy file of bytes; the header has 128 bytes, as in the example's files.
std::string npy(const std::string& shape, const std::string& data) {
    std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': " + shape + ", }";
    header.resize(117, ' ');
    return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + "\n" + data;
}

void run(const std::filesystem::path& digits, const std::filesystem::path& folder) {
    constexpr std::size_t header = 128;
    constexpr std::size_t images = 40;
    const std::string pixels = read(digits / "digits_images.npy").substr(header, 64 * images);
    std::string labels = read(digits / "digits_labels.npy").substr(header, images);
    write(folder / "images.npy", npy("(40, 8, 8)", pixels));
    write(folder / "labels.npy", npy("(40,)", labels));
    write(folder / "flat.npy", npy("(40, 64)", pixels));
    write(folder / "few_labels.npy", npy("(39,)", labels.substr(1)));
    write(folder / "one_image.npy", npy("(1, 8, 8)", pixels.substr(0, 64)));
    write(folder / "one_label.npy", npy("(1,)", labels.substr(0, 1)));
    labels[7] = 10;
    write(folder / "label_10.npy", npy("(40,)", labels));
    std::string bright = pixels;
    bright[100] = 17;
    write(folder / "bright.npy", npy("(40, 8, 8)", bright));

    const std::string model = read(digits / "vit_digits.safetensors");
    write(folder / "truncated.safetensors", model.substr(0, model.size() - 1000));
    write(folder / "empty.safetensors", std::string("\x02\0\0\0\0\0\0\0{}", 10));
    std::string nan = model;
    nan.replace(nan.size() - 4, 4, std::string("\0\0\xc0\x7f", 4));
    write(folder / "nan.safetensors", nan);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    std::filesystem::create_directories(argv[2]);
    run(argv[1], argv[2]);
    return 0;
}
