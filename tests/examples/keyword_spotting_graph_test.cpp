// SPDX-License-Identifier: Apache-2.0
// The keyword-spotting example's reader of networks: a small one read back, and every kind of fault by its sentence.
#include <doctest/doctest.h>

#include "../../examples/keyword_spotting/graph.hpp"
#include "../../examples/keyword_spotting/recordings.hpp"
#include "../io/damaged_files.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace {

using dyad_test::fault_of;
using dyad_test::write_file;

/// A .npy file of version 1.
std::string npy(const std::string& descr, const std::string& shape, const std::string& data) {
    const std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }\n";
    return "\x93NUMPY" + std::string("\x01\x00", 2) +
           dyad_test::little_endian(static_cast<std::uint16_t>(header.size())) + header + data;
}

/// One fully connected layer of 2 x 3 weights.
const std::string sample = R"({"schema_version": 3, "subgraphs": [{"name": "main", "inputs": [0], "outputs": [3],
 "tensors": [
  {"index": 0, "name": "in", "shape": [1, 3], "dtype": "int8", "scale_hex": ["3f000000"], "zero_point": [5],
   "quantized_dimension": 0},
  {"index": 1, "name": "w", "shape": [2, 3], "dtype": "int8", "scale_hex": ["3f000000", "3e800000"],
   "zero_point": [0, 0], "quantized_dimension": 0, "file": "w.npy"},
  {"index": 2, "name": "b", "shape": [2], "dtype": "int32", "scale_hex": ["3e800000", "3e000000"],
   "zero_point": [0, 0], "quantized_dimension": 0, "file": "b.npy"},
  {"index": 3, "name": "out", "shape": [1, 2], "dtype": "int8", "scale_hex": ["3f800000"], "zero_point": [-128],
   "quantized_dimension": 0}],
 "operators": [{"op": "FULLY_CONNECTED", "inputs": [0, 1, 2], "outputs": [3],
   "options": {"activation": "RELU6", "weights_format": 0}}]}]})";

class folder {
public:
    folder() {
        write_file(files_ / "w.npy", npy("|i1", "2, 3", std::string("\x01\xff\x03\x04\x05\x81", 6)));
        write_file(files_ / "b.npy", npy("<i4", "2,", dyad_test::little_endian(7) + dyad_test::little_endian(-8)));
    }
    [[nodiscard]] keyword_spotting::graph read(const std::string& json) const {
        write_file(files_ / "graph.json", json);
        return keyword_spotting::read_graph(path());
    }
    /// What is said of the sample with `from` replaced.
    [[nodiscard]] std::string fault(std::string_view from, std::string_view to) const {
        std::string json = sample;
        const std::size_t at = json.find(from);
        REQUIRE(at != std::string::npos);
        json.replace(at, from.size(), to);
        return fault_in("graph.json", json);
    }
    [[nodiscard]] std::string fault_in(const std::string& file, const std::string& json) const {
        return fault_of(files_ / file, json.size() + 200, [&] { static_cast<void>(read(json)); });
    }
    void write(const std::string& file, const std::string& bytes) const { write_file(files_ / file, bytes); }
    [[nodiscard]] std::string path() const {
        const std::string p = files_ / "x";
        return p.substr(0, p.size() - 2);
    }

private:
    dyad_test::temporary_folder files_;
};

bool contains(const std::string& s, std::string_view part) { return s.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("keyword spotting's reader: a network as it stands in the file") {
    const folder files;
    const keyword_spotting::graph g = files.read(sample);
    REQUIRE(g.tensors.size() == 4);
    REQUIRE(g.operations.size() == 1);
    CHECK(g.input == 0);
    CHECK(g.output == 3);
    CHECK(g.tensors[0].zero_point == 5);
    CHECK(g.tensors[0].scales == std::vector<float>{0.5f});
    CHECK(!g.tensors[0].is_constant());
    CHECK(g.tensors[1].scales == std::vector<float>{0.5f, 0.25f});
    CHECK(g.tensors[1].int8 == std::vector<std::int8_t>{1, -1, 3, 4, 5, -127});
    CHECK(g.tensors[2].int32 == std::vector<std::int32_t>{7, -8});
    CHECK(g.operations[0].kind == keyword_spotting::operator_kind::fully_connected);
    CHECK(g.operations[0].activation == keyword_spotting::fused::relu6);
    CHECK(g.operations[0].inputs == std::vector<std::size_t>{0, 1, 2});
}

TEST_CASE("keyword spotting's reader: what this program lacks is refused by its name") {
    const folder files;
    CHECK(contains(files.fault("FULLY_CONNECTED", "HARD_SWISH"),
                   "the JSON has the operation 'HARD_SWISH', which this program lacks (byte "));
    CHECK(contains(files.fault("RELU6", "TANH"), "has the activation 'TANH', which this program lacks"));
    CHECK(contains(files.fault("\"dtype\": \"int8\"", "\"dtype\": \"float32\""), "has the type 'float32'"));
    CHECK(contains(files.fault("\"weights_format\": 0", "\"weights_format\": 1"), "'weights_format' other than 0"));
    CHECK(contains(files.fault("\"weights_format\": 0", "\"dilation_h\": 2"), "'dilation_h' other than 1"));
    CHECK(contains(files.fault("\"weights_format\": 0", "\"padding\": \"EXPLICIT\""), "the padding 'EXPLICIT'"));
    CHECK(contains(files.fault("\"weights_format\": 0", "\"beta\": 2.0"), "a beta other than 1"));
}

TEST_CASE("keyword spotting's reader: every kind of fault has its sentence, with file and byte") {
    const folder files;
    CHECK(contains(files.fault("\"3f000000\"", "\"3f0000\""), "where a positive float32 should be (byte "));
    for (const char* const bad : {"\"00000000\"", "\"bf800000\"", "\"7f800000\"", "\"7fc00000\"", "\"-f800000\""})
        CHECK(contains(files.fault("\"3f000000\"", bad), "where a positive float32 should be"));
    CHECK(contains(files.fault("\"zero_point\": [5]", "\"zero_point\": [200]"), "an integer of 8 bits should be"));
    CHECK(contains(files.fault("\"zero_point\": [5]", "\"zero_point\": [5, 5]"), "not as many scales as zero points"));
    CHECK(contains(
        files.fault("[0, 0], \"quantized_dimension\": 0, \"file\"", "[0, 1], \"quantized_dimension\": 0, \"file\""),
        "different zero points"));
    CHECK(contains(files.fault("\"quantized_dimension\": 0, \"file\"", "\"quantized_dimension\": 1, \"file\""),
                   "not one scale for each channel of 'w'"));
    CHECK(contains(files.fault("\"index\": 1", "\"index\": 2"), "tensors out of order"));
    CHECK(contains(files.fault("\"outputs\": [3],\n   \"options\"", "\"outputs\": [9],\n   \"options\""),
                   "names tensor 9 of 4"));
    CHECK(contains(files.fault("[0, 1, 2]", "[0, 1]"), "with 2 inputs instead of 3"));
    CHECK(contains(files.fault("\"inputs\": [0]", "\"inputs\": [4]"), "names a tensor that is not there"));
    CHECK(contains(files.fault("\"inputs\": [0]", "\"inputs\": []"), "more or less than one"));
    CHECK(contains(files.fault("[1, 3]", "[1, 0]"), "an extent of 0"));
    CHECK(contains(files.fault("[1, 3]", "[60000, 60000]"), "too large"));
    CHECK(contains(files.fault("\"w.npy\"", "\"../w.npy\""), "a file name with a folder"));
    CHECK(contains(files.fault("\"subgraphs\"", "\"graphs\""), "an object without 'subgraphs'"));
    CHECK(files.fault_in("graph.json", "").starts_with("the JSON has something that is no value"));
    CHECK(fault_of("nowhere/graph.json", 100, [] { static_cast<void>(keyword_spotting::read_graph("nowhere")); }) ==
          "cannot be opened");
}

TEST_CASE("keyword spotting's reader: constants that are not as graph.json says") {
    const folder files;
    files.write("w.npy", npy("|i1", "3, 2", "123456"));
    CHECK(files.fault_in("w.npy", sample) == "has another shape than graph.json says");
    files.write("w.npy", npy("|u1", "2, 3", "123456"));
    CHECK(files.fault_in("w.npy", sample) == "has elements of type '|u1' and must have '|i1', as graph.json says");
    files.write("w.npy", npy("|i1", "2, 3", "12345"));
    CHECK(contains(files.fault_in("w.npy", sample), "should have 6 bytes of data and has 5"));
    std::filesystem::remove(files.path() + "/w.npy");
    CHECK(files.fault_in("w.npy", sample) == "cannot be opened");
}

TEST_CASE("keyword spotting's reader: random damage gives a network or a sentence") {
    const folder files;
    std::mt19937_64 engine(3);
    int read = 0;
    int refused = 0;
    for (int i = 0; i < 3000; ++i) {
        try {
            static_cast<void>(files.read(dyad_test::mutated(sample, engine)));
            ++read;
        } catch (const dyad::io::io_error&) {
            ++refused;
        }
    }
    MESSAGE(read, " read, ", refused, " refused");
    CHECK(read > 30);
    CHECK(refused > 1000);
}

TEST_CASE("keyword spotting: files of answers that do not fit") {
    const folder files;
    const std::string file = files.path() + "/answers.npy";
    using keyword_spotting::read_bytes;
    files.write("answers.npy", npy("|i1", "2, 3", "123456"));
    CHECK(read_bytes<std::int8_t>(file, 3) == std::vector<std::int8_t>{'1', '2', '3', '4', '5', '6'});
    const auto says = [&](auto read) { return fault_of(file, 200, [&] { static_cast<void>(read()); }); };
    CHECK(says([&] { return read_bytes<std::int8_t>(file, 4); }) == "must have rows of 4 elements");
    CHECK(says([&] { return read_bytes<std::uint8_t>(file, 3); }) == "has elements of type '|i1' and must have '|u1'");
}
