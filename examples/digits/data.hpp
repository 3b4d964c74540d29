// SPDX-License-Identifier: Apache-2.0
// The digits example's files: images, labels, and the float parameters that layers ask for by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <dyad/io/npy.hpp>
#include <dyad/io/safetensors.hpp>
#include <dyad/nn/preparation.hpp>

#include "vit.hpp"

namespace digits {

struct image_set {
    std::vector<std::vector<double>> images;  ///< pixel / 16, row-major
    std::vector<std::size_t> labels;
};

/// Every fourth image, the first included, is for testing; training and calibration see the others.
[[nodiscard]] constexpr bool is_test_image(std::size_t i) noexcept { return i % 4 == 0; }

/// Reads N x 8 x 8 images with pixels 0 to 16 and N labels 0 to 9; io_error for anything else.
[[nodiscard]] inline image_set read_images(const std::string& images_file, const std::string& labels_file) {
    using dyad::io::io_error;
    const dyad::io::npy_array pixels = dyad::io::read_npy(images_file);
    const dyad::io::npy_array labels = dyad::io::read_npy(labels_file);
    constexpr auto side = static_cast<std::size_t>(image_side);
    if (pixels.shape.size() != 3 || pixels.shape[1] != side || pixels.shape[2] != side) {
        throw io_error(images_file, "must have shape (N, 8, 8)");
    }
    const std::size_t count = pixels.shape[0];
    if (count < 2) throw io_error(images_file, "must hold at least two images: one to calibrate, one to test");
    if (labels.shape != std::vector<std::size_t>{count}) {
        throw io_error(labels_file, "must have shape (" + std::to_string(count) + ",), one label for each image");
    }
    image_set set;
    set.images.assign(count, std::vector<double>(side * side));
    const std::vector<double> values = dyad::io::to_doubles(pixels);
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!(values[i] >= 0 && values[i] <= largest_pixel)) {
            throw io_error(images_file, "has a pixel outside 0 to 16 in image " + std::to_string(i / (side * side)));
        }
        set.images[i / (side * side)][i % (side * side)] = values[i] / largest_pixel;
    }
    for (const double label : dyad::io::to_doubles(labels)) {
        const auto number = static_cast<std::size_t>(label >= 0 && label < classes ? label : classes);
        if (number >= static_cast<std::size_t>(classes) || static_cast<double>(number) != label) {
            throw io_error(labels_file, "has a label that is not a whole number from 0 to 9");
        }
        set.labels.push_back(number);
    }
    return set;
}

/// A preparation_source over a safetensors file and the ranges that calibration measured. Edges are named and numbered
/// as the model registers them.
class model_source {
public:
    /// `ranges[i]`: lowest and highest value seen at edge i; empty where nothing is calibrated yet.
    model_source(const dyad::io::safetensors& file, std::vector<dyad::nn::value_interval> ranges)
        : file_(&file), ranges_(std::move(ranges)) {}

    dyad::status parameter(std::string_view name, dyad::index rows, dyad::index columns,
                           dyad::matrix_view<const float>& m) {
        std::vector<std::uint64_t> shape{static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(columns)};
        if (rows == 1) shape.erase(shape.begin());
        try {
            const std::vector<float>& values = parameters_[std::string(name)] =
                dyad::io::float32_tensor(*file_, name, shape);
            for (const float x : values) {
                if (!(x - x == 0)) {
                    fault_ = file_->file + ": tensor '" + std::string(name) + "' holds NaN or infinity";
                    return dyad::status::parameter_not_finite;
                }
            }
            m = dyad::make_matrix(values.data(), rows, columns);
            return dyad::status::ok;
        } catch (const dyad::io::io_error& e) {
            // The layers that ask are noexcept: the sentence waits in fault().
            fault_ = e.what();
            return dyad::status::parameter_missing;
        }
    }
    int edge(std::string_view name) {
        names_.emplace_back(name);
        for (char& c : names_.back()) c = c == '.' ? ' ' : c;
        affines_.emplace_back();
        return static_cast<int>(names_.size()) - 1;
    }
    [[nodiscard]] dyad::nn::value_interval range(int edge) const {
        const auto i = static_cast<std::size_t>(edge);
        return i < ranges_.size() ? ranges_[i] : dyad::nn::value_interval{-1, 1};
    }
    [[nodiscard]] double absmax(int edge) const { return range(edge).largest_magnitude(); }
    void set_scale(int edge, const dyad::nn::affine& q) { affines_[static_cast<std::size_t>(edge)] = q; }

    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
    [[nodiscard]] const std::vector<dyad::nn::affine>& affines() const { return affines_; }
    /// What was wrong with the last parameter that failed.
    [[nodiscard]] const std::string& fault() const { return fault_; }

private:
    const dyad::io::safetensors* file_;
    std::vector<dyad::nn::value_interval> ranges_;
    std::map<std::string, std::vector<float>> parameters_;
    std::vector<std::string> names_;
    std::vector<dyad::nn::affine> affines_;
    std::string fault_;
};

static_assert(dyad::nn::preparation_source<model_source> && dyad::nn::range_source<model_source>);

}  // namespace digits
