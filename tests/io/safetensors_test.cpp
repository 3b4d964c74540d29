// SPDX-License-Identifier: Apache-2.0
// read_safetensors and float32_tensor: files written byte by byte, the example's weights, every kind of damage.
#include <dyad/io/safetensors.hpp>

#include <doctest/doctest.h>

#include "io/damaged_files.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace dyad_test {
namespace {

using dyad::io::float32_tensor;
using dyad::io::read_safetensors;
using dyad::io::safetensors;
using shape = std::vector<std::uint64_t>;

std::string file_of(const std::string& header, const std::string& data) {
    return little_endian(static_cast<std::uint64_t>(header.size())) + header + data;
}
std::string floats(const std::vector<float>& values) {
    std::string bytes;
    for (const float x : values) bytes += little_endian(std::bit_cast<std::uint32_t>(x));
    return bytes;
}
/// Two tensors, metadata, blanks up to a multiple of 8.
const std::string good_header =
    R"({"__metadata__": {"format": "pt", "note": ""}, "a.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, )"
    R"("b": {"dtype":"I8","shape":[4],"data_offsets":[24,28]}}   )";
const std::string good_data =
    floats({1, -2, 0.5F, std::numeric_limits<float>::infinity(), -0.0F, 0x1p-149F}) + "\x01\x02\x03\x04";
const std::string good_file = file_of(good_header, good_data);

class reader {
public:
    safetensors read(const std::string& bytes) { return read_safetensors(write_file(name_, bytes)); }
    std::string fault(const std::string& bytes) {
        write_file(name_, bytes);
        return fault_of(name_, bytes.size(), [&] {
            const safetensors file = read_safetensors(name_);
            for (const auto& [name, t] : file.tensors) {
                if (t.first > t.last || t.last > file.data.size()) FAIL("a tensor lies outside the data");
            }
        });
    }
    /// Of a header before the usual data.
    std::string header_fault(const std::string& header) { return fault(file_of(header, good_data)); }
    /// Of float32_tensor on a file.
    std::string tensor_fault(const std::string& bytes, const std::string& tensor, const shape& wanted) {
        const safetensors file = read(bytes);
        return fault_of(name_, bytes.size(), [&] { static_cast<void>(float32_tensor(file, tensor, wanted)); });
    }

private:
    temporary_folder folder_;
    std::string name_ = folder_ / "file.safetensors";
};

TEST_CASE("safetensors: tensors, metadata and data of a good file") {
    reader files;
    const safetensors file = files.read(good_file);
    REQUIRE(file.tensors.size() == 2);
    const auto& a = file.tensors.at("a.weight");
    CHECK(a.dtype == "F32");
    CHECK(a.shape == shape{2, 3});
    CHECK(a.first == 0);
    CHECK(a.last == 24);
    CHECK(file.tensors.at("b").dtype == "I8");
    CHECK(file.tensors.at("b").shape == shape{4});
    CHECK(file.data.size() == 28);
    const std::vector<float> values = float32_tensor(file, "a.weight", {2, 3});
    CHECK(floats(values) == good_data.substr(0, 24));

    CHECK(files.read(file_of("{}", "")).tensors.empty());
    CHECK(files.read(file_of(" \t\r\n{ } ", "")).tensors.empty());
    CHECK(files.read(file_of(R"({"__metadata__":{}})", "")).tensors.empty());
    const safetensors scalar =
        files.read(file_of(R"({"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})", floats({7})));
    CHECK(float32_tensor(scalar, "s", {}) == std::vector<float>{7});
    const safetensors empty = files.read(file_of(R"({"e":{"data_offsets":[0,0],"shape":[0,5],"dtype":"F32"}})", ""));
    CHECK(float32_tensor(empty, "e", {0, 5}).empty());
}

TEST_CASE("safetensors: the example's weights") {
    const safetensors file = read_safetensors(DYAD_SOURCE_FOLDER "/examples/digits/vit_digits.safetensors");
    std::size_t parameters = 0;
    for (const auto& entry : file.tensors) {
        CAPTURE(entry.first);
        const std::vector<float> values = float32_tensor(file, entry.first, entry.second.shape);
        CHECK(std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); }));
        parameters += values.size();
    }
    CHECK(parameters == 136010);  // README.md of the example
    CHECK(file.data.size() == 4 * 136010);
    CHECK(float32_tensor(file, "blocks.3.attn.qkv.weight", {192, 64}).size() == 192 * 64);
}

TEST_CASE("safetensors: a file that ends early is told, wherever it ends") {
    reader files;
    CHECK(files.fault(good_file).empty());
    for (std::size_t n = 0; n < good_file.size(); ++n) {
        CAPTURE(n);
        CHECK(!files.fault(good_file.substr(0, n)).empty());
    }
    CHECK(files.fault("1234567") == "is too short for a safetensors file");
    CHECK(files.fault("") == "is too short for a safetensors file");
    CHECK(files.fault(good_file.substr(0, 20)) ==
          "is truncated, or not a safetensors file: its header says " + std::to_string(good_header.size()) + " bytes");
    CHECK(files.fault(good_file.substr(0, good_file.size() - 1)) == "is truncated: tensor 'b' ends at byte 28 of 27");
}

TEST_CASE("safetensors: lengths of headers beyond the file") {
    reader files;
    for (const std::uint64_t size :
         {std::uint64_t{good_file.size()} - 7, std::uint64_t{1} << 32, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
        CHECK(files.fault(little_endian(size) + good_file.substr(8)) ==
              "is truncated, or not a safetensors file: its header says " + std::to_string(size) + " bytes");
    }
    CHECK(!files.fault(little_endian(std::uint64_t{0}) + good_file.substr(8)).empty());
}

TEST_CASE("safetensors: every kind of damage of the header has its sentence") {
    reader files;
    const auto says = [&](const std::string& header, const std::string& fault) {
        CAPTURE(header);
        const std::string said = files.header_fault(header);
        CAPTURE(said);
        CHECK(said.starts_with("the safetensors header " + fault));
        CHECK(said.ends_with(")"));  // the byte
    };
    const auto tensor = [](const std::string& members) { return R"({"a": {)" + members + "}}"; };
    const std::string whole = R"("dtype": "F32", "shape": [1], "data_offsets": [0, 4])";

    says("", "lacks a '{'");
    says("[]", "lacks a '{'");
    says("nonsense", "lacks a '{'");
    says("{", "lacks a '\"'");
    says("{a: 1}", "lacks a '\"'");
    says(R"({"a)", "has an unfinished string");
    says(R"({"a")", "lacks a ':'");
    says(R"({"a": 1})", "lacks a '{'");
    says(R"({"a": null})", "lacks a '{'");
    says(R"({"a": [1, 2]})", "lacks a '{'");
    says(R"({"a": {}})", "has a tensor without dtype, shape or data_offsets");
    says(tensor(R"("dtype": "F32", "shape": [1])"), "has a tensor without dtype, shape or data_offsets");
    says(tensor(R"("shape": [1], "data_offsets": [0, 4])"), "has a tensor without dtype, shape or data_offsets");
    says(tensor(R"("dtype": "", "shape": [1], "data_offsets": [0, 4])"),
         "has a tensor without dtype, shape or data_offsets");
    for (const std::string offsets : {"[]", "[0]", "[0, 4, 8]"}) {
        says(tensor(R"("dtype": "F32", "shape": [1], "data_offsets": )" + offsets),
             "has a tensor without dtype, shape or data_offsets");
    }
    says(tensor(whole + R"(, "color": "red")"), "has an unknown or repeated key 'color'");
    says(tensor(whole + ","), "lacks a '\"'");
    says(R"({"a": {)" + whole + "}", "lacks a '}'");
    says(R"({"a": {)" + whole, "lacks a '}'");
    says(R"({"a": {)" + whole + R"(}, "a": {)" + whole + "}}", "names tensor 'a' twice");
    says(tensor(whole) + "x", "goes on after its end");
    says(tensor(whole) + "{}", "goes on after its end");
    says(tensor(whole) + std::string(1, '\0'), "goes on after its end");

    // Escapes, which no name needs.
    says(R"({"a\"b": {)" + whole + "}}", "has an escape in a string");
    says(R"({"a\u0041": {)" + whole + "}}", "has an escape in a string");
    says(R"({"__metadata__": {"k": "line\n"}})", "has an escape in a string");

    // Something else where numbers, strings or lists should be.
    for (const std::string number : {"-1", "one", "\"1\"", "null", "[1]", "{}", "18446744073709551616", ""}) {
        if (!number.empty())
            says(tensor(R"("dtype": "F32", "data_offsets": [0, 4], "shape": [)" + number + "]"),
                 "has something else where a number");
        says(tensor(R"("dtype": "F32", "shape": [1], "data_offsets": [0, )" + number + "]"),
             "has something else where a number");
    }
    says(tensor(R"("dtype": "F32", "data_offsets": [0, 4], "shape": [1.5])"), "lacks a ']'");
    says(tensor(R"("dtype": "F32", "data_offsets": [0, 4], "shape": [1e2])"), "lacks a ']'");
    says(tensor(R"("dtype": "F32", "data_offsets": [0, 4], "shape": [1 2])"), "lacks a ']'");
    says(tensor(R"("dtype": "F32", "data_offsets": [0, 4], "shape": 1)"), "lacks a '['");
    says(tensor(R"("dtype": 32, "shape": [1], "data_offsets": [0, 4])"), "lacks a '\"'");

    // Nested where nothing is nested; as deep as one likes, for nothing recurses.
    says(R"({"__metadata__": {"k": {"deeper": "x"}}})", "lacks a '\"'");
    says(tensor(R"("dtype": {"F": 32}, "shape": [1], "data_offsets": [0, 4])"), "lacks a '\"'");
    std::string deep;
    for (int i = 0; i < 100000; ++i) deep += R"({"a":)";
    CHECK(files.header_fault(deep).starts_with("the safetensors header has an unknown or repeated key 'a'"));
    CHECK(files.header_fault(tensor(R"("shape": )" + std::string(100000, '[')))
              .starts_with("the safetensors header has something else"));
}

TEST_CASE("safetensors: offsets beyond the data, or in the wrong order") {
    reader files;
    const auto offsets = [&](const std::string& list) {
        return files.header_fault(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": )" + list + "}}");
    };
    for (const std::string list :
         {"[0, 29]", "[28, 29]", "[4, 0]", "[28, 27]", "[18446744073709551615, 18446744073709551615]",
          "[0, 18446744073709551615]", "[18446744073709551612, 0]"}) {
        CAPTURE(list);
        CHECK(offsets(list).starts_with("is truncated: tensor 'a' ends at byte "));
    }
}

TEST_CASE("safetensors: a tensor that is not as it must be") {
    reader files;
    const auto fault = [&](const std::string& tensor, const shape& wanted) {
        return files.tensor_fault(good_file, tensor, wanted);
    };
    CHECK(fault("a.weight", {2, 3}).empty());
    CHECK(fault("c", {2, 3}) == "has no tensor 'c'");
    CHECK(fault("", {}) == "has no tensor ''");
    CHECK(fault("__metadata__", {}) == "has no tensor '__metadata__'");
    CHECK(fault("b", {4}) == "tensor 'b' has type I8 and must have F32");
    CHECK(fault("a.weight", {3, 2}) == "tensor 'a.weight' has shape [2, 3] and must have [3, 2]");
    CHECK(fault("a.weight", {6}) == "tensor 'a.weight' has shape [2, 3] and must have [6]");
    CHECK(fault("a.weight", {}) == "tensor 'a.weight' has shape [2, 3] and must have []");
    for (const std::string offsets : {"[0, 20]", "[0, 28]", "[0, 23]", "[4, 4]"}) {
        CAPTURE(offsets);
        const std::string header = R"({"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": )" + offsets + "}}";
        const std::string said = files.fault(file_of(header, good_data)).empty()
                                     ? files.tensor_fault(file_of(header, good_data), "a", {2, 3})
                                     : "refused at once";
        CHECK((said == "tensor 'a' has too few or too many bytes for its shape" || said == "refused at once"));
    }
}

TEST_CASE("safetensors: bytes that no tensor owns are refused") {
    // The format has no holes: tensors cover the data, one after the other.
    reader files;
    CHECK(!files.fault(good_file + "x").empty());
    CHECK(!files.fault(file_of("{}", "x")).empty());
    CHECK(!files.header_fault(R"({"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}})").empty());
    const auto two = [&](const std::string& first, const std::string& second) {
        return files.header_fault(R"({"a": {"dtype": "U8", "shape": [14], "data_offsets": )" + first +
                                  R"(}, "b": {"dtype": "U8", "shape": [14], "data_offsets": )" + second + "}}");
    };
    CHECK(two("[0, 14]", "[14, 28]").empty());
    CHECK(two("[14, 28]", "[0, 14]").empty());
    CHECK(!two("[0, 14]", "[0, 14]").empty());
    CHECK(!two("[0, 14]", "[10, 28]").empty());
}

TEST_CASE("safetensors: a tensor needs its shape, and each key once") {
    reader files;
    const auto tensor = [&](const std::string& members) {
        return files.fault(file_of(R"({"a": {)" + members + "}}", "abcd"));
    };
    CHECK(tensor(R"("dtype": "F32", "shape": [1], "data_offsets": [0, 4])").empty());
    CHECK(!tensor(R"("dtype": "F32", "data_offsets": [0, 4])").empty());
    CHECK(!tensor(R"("dtype": "F32", "dtype": "U8", "shape": [1], "data_offsets": [0, 4])").empty());
    CHECK(!tensor(R"("dtype": "F32", "shape": [7], "shape": [1], "data_offsets": [0, 4])").empty());
}

TEST_CASE("safetensors: random damage gives a file or a sentence") {
    reader files;
    std::mt19937_64 engine(20240608);
    const std::string good[] = {good_file,
                                file_of(R"({"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})", floats({7})),
                                file_of(R"({"e":{"data_offsets":[0,0],"shape":[0,5],"dtype":"F32"}})", "")};
    int read = 0;
    int refused = 0;
    for (int i = 0; i < 20000; ++i) {
        const std::string bytes = mutated(good[i % 3], engine);
        (files.fault(bytes).empty() ? read : refused) += 1;
    }
    MESSAGE(read << " read, " << refused << " refused");
    CHECK(read > 300);
    CHECK(refused > 10000);
}

}  // namespace
}  // namespace dyad_test
