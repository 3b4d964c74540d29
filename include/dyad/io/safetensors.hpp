// SPDX-License-Identifier: Apache-2.0
// Reader of safetensors files: 8 bytes little-endian header length, a JSON object {"name": {"dtype": "F32", "shape":
// [..], "data_offsets": [first, last]}, ...}, then the data. Source: the format's description by Hugging Face.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dyad/io/file.hpp>
#include <dyad/io/json.hpp>

namespace dyad::inline v1::io {

/// One tensor: its type as the file spells it, and where its bytes lie in safetensors::data.
struct safetensor {
    std::string dtype;
    std::vector<std::uint64_t> shape;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};

struct safetensors {
    std::string file;
    std::map<std::string, safetensor, std::less<>> tensors;
    std::vector<std::byte> data;  ///< what follows the header
};

/// Reader of the JSON that headers consist of: objects, strings without escapes, lists of unsigned numbers.
class safetensors_header {
public:
    safetensors_header(const std::string& file, std::string_view text)
        : scanner_(file, "the safetensors header", text, 8) {}

    [[nodiscard]] std::map<std::string, safetensor, std::less<>> read() {
        std::map<std::string, safetensor, std::less<>> tensors;
        each_member([&](const std::string& name) {
            if (name == "__metadata__") {
                each_member([&](const std::string&) { static_cast<void>(string()); });
            } else if (!tensors.emplace(name, tensor()).second) {
                scanner_.fail("names tensor '" + name + "' twice");
            }
        });
        scanner_.expect_end();
        return tensors;
    }

private:
    /// Names and types: any characters but escapes, which no writer of tensor names needs.
    [[nodiscard]] std::string string() {
        const std::string_view s = scanner_.quoted();
        if (s.find('\\') != std::string_view::npos)
            scanner_.fail("has an escape in a string, which this reader does not know");
        return std::string(s);
    }
    [[nodiscard]] std::vector<std::uint64_t> numbers() {
        std::vector<std::uint64_t> list;
        scanner_.expect('[');
        if (scanner_.accept(']')) return list;
        do list.push_back(scanner_.count());
        while (scanner_.accept(','));
        scanner_.expect(']');
        return list;
    }
    template <class F>
    void each_member(F&& f) {
        scanner_.expect('{');
        if (scanner_.accept('}')) return;
        do {
            const std::string name = string();
            scanner_.expect(':');
            f(name);
        } while (scanner_.accept(','));
        scanner_.expect('}');
    }
    [[nodiscard]] safetensor tensor() {
        safetensor t;
        std::vector<std::uint64_t> offsets;
        bool has_shape = false;
        each_member([&](const std::string& key) {
            if (key == "dtype" && t.dtype.empty()) {
                t.dtype = string();
            } else if (key == "shape" && !has_shape) {
                t.shape = numbers();
                has_shape = true;
            } else if (key == "data_offsets" && offsets.empty()) {
                offsets = numbers();
            } else {
                scanner_.fail("has an unknown or repeated key '" + key + "'");
            }
        });
        if (t.dtype.empty() || !has_shape || offsets.size() != 2)
            scanner_.fail("has a tensor without dtype, shape or data_offsets");
        t.first = offsets[0];
        t.last = offsets[1];
        return t;
    }

    json_scanner scanner_;
};

/// io_error unless the tensors cover the data, one after the other, as the format demands.
inline void require_coverage(const safetensors& file) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    for (const auto& [name, t] : file.tensors) {
        if (t.first > t.last || t.last > file.data.size()) {
            throw io_error(file.file, "is truncated: tensor '" + name + "' ends at byte " + std::to_string(t.last) +
                                          " of " + std::to_string(file.data.size()));
        }
        ranges.emplace_back(t.first, t.last);
    }
    std::sort(ranges.begin(), ranges.end());
    std::uint64_t covered = 0;
    for (const auto& [first, last] : ranges) {
        if (first != covered) throw io_error(file.file, "has tensors that overlap or leave bytes between them");
        covered = last;
    }
    if (covered != file.data.size()) throw io_error(file.file, "has bytes after its last tensor");
}

/// Reads a safetensors file; the tensors' bytes cover its data without holes.
[[nodiscard]] inline safetensors read_safetensors(const std::string& name) {
    const std::vector<std::byte> bytes = read_file(name);
    if (bytes.size() < 8) throw io_error(name, "is too short for a safetensors file");
    const auto header_size = load_little_endian<std::uint64_t>(bytes, 0);
    if (header_size > bytes.size() - 8)
        throw io_error(
            name, "is truncated, or not a safetensors file: its header says " + std::to_string(header_size) + " bytes");
    const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + 8,
                                  static_cast<std::size_t>(header_size));
    safetensors file;
    file.file = name;
    file.tensors = safetensors_header(name, header).read();
    file.data.assign(bytes.begin() + static_cast<std::ptrdiff_t>(8 + header_size), bytes.end());
    require_coverage(file);
    return file;
}

/// The elements of a float32 tensor of the given shape; io_error names what differs.
[[nodiscard]] inline std::vector<float> float32_tensor(const safetensors& file, std::string_view name,
                                                       const std::vector<std::uint64_t>& shape) {
    const auto text = [](const std::vector<std::uint64_t>& extents) {
        std::string s = "[";
        for (std::size_t i = 0; i < extents.size(); ++i) s += (i == 0 ? "" : ", ") + std::to_string(extents[i]);
        return s + "]";
    };
    const auto found = file.tensors.find(name);
    if (found == file.tensors.end()) throw io_error(file.file, "has no tensor '" + std::string(name) + "'");
    const safetensor& t = found->second;
    const std::string subject = "tensor '" + std::string(name) + "' ";
    if (t.dtype != "F32") throw io_error(file.file, subject + "has type " + t.dtype + " and must have F32");
    if (t.shape != shape)
        throw io_error(file.file, subject + "has shape " + text(t.shape) + " and must have " + text(shape));
    std::uint64_t bytes = 4;
    for (const std::uint64_t e : shape) bytes *= e;  // the caller's own shape: no overflow
    if (t.last - t.first != bytes) throw io_error(file.file, subject + "has too few or too many bytes for its shape");
    std::vector<float> values(static_cast<std::size_t>(bytes / 4));
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = std::bit_cast<float>(
            load_little_endian<std::uint32_t>(file.data, static_cast<std::size_t>(t.first) + 4 * i));
    }
    return values;
}

}  // namespace dyad::inline v1::io
