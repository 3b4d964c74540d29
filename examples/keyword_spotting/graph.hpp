// SPDX-License-Identifier: Apache-2.0
// A quantized network as a folder holds it: graph.json (operations with their options, tensors with shapes, zero points
// and scales as float32 bit patterns) and a .npy file for each constant. Reads and checks; computes nothing.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <dyad/io/file.hpp>
#include <dyad/io/json.hpp>
#include <dyad/io/npy.hpp>

namespace keyword_spotting {

enum class element : std::uint8_t { int8, int32 };

/// real value = scale * (code - zero_point), with one scale, or one for each index along `channel_axis`.
struct tensor {
    std::string name;
    element type = element::int8;
    std::vector<std::size_t> shape;
    std::vector<float> scales;  ///< none: plain integers
    std::int32_t zero_point = 0;
    std::size_t channel_axis = 0;
    std::vector<std::int8_t> int8;    ///< the codes of a constant of int8
    std::vector<std::int32_t> int32;  ///< of int32

    [[nodiscard]] bool is_constant() const { return !int8.empty() || !int32.empty(); }
    [[nodiscard]] std::size_t size() const {
        std::size_t product = 1;
        for (const std::size_t e : shape) product *= e;
        return product;
    }
};

enum class operator_kind : std::uint8_t {
    conv_2d,
    depthwise_conv_2d,
    average_pool_2d,
    reshape,
    fully_connected,
    softmax
};
enum class padding : std::uint8_t { same, valid };
enum class fused : std::uint8_t { none, relu, relu6, relu_n1_to_1 };

/// One operation; of the options those that its kind has.
struct operation {
    operator_kind kind = operator_kind::reshape;
    std::vector<std::size_t> inputs;
    std::size_t output = 0;
    keyword_spotting::padding padding = padding::valid;
    fused activation = fused::none;
    std::array<std::size_t, 2> stride = {1, 1};  ///< height, width
    std::array<std::size_t, 2> filter = {1, 1};
};

struct graph {
    std::string file;
    std::vector<tensor> tensors;
    std::vector<operation> operations;
    std::size_t input = 0;
    std::size_t output = 0;
};

namespace reading {

using dyad::io::json_value;

/// The enumerator that stands at the place of `name` in `names`.
template <class Enum, std::size_t N>
[[nodiscard]] Enum named(const json_value& value, const std::array<std::string_view, N>& names, const char* what) {
    const std::string name = value.string();
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) value.fail("has the " + std::string(what) + " '" + name + "', which this program lacks");
    return static_cast<Enum>(found - names.begin());
}

constexpr std::array<std::string_view, 6> operator_names = {"CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D",
                                                            "RESHAPE", "FULLY_CONNECTED",   "SOFTMAX"};
constexpr std::array<std::string_view, 2> padding_names = {"SAME", "VALID"};
constexpr std::array<std::string_view, 4> activation_names = {"NONE", "RELU", "RELU6", "RELU_N1_TO_1"};
constexpr std::array<std::string_view, 2> type_names = {"int8", "int32"};

/// A float32 by its bits: eight hexadecimal digits, positive and finite.
[[nodiscard]] inline float scale(const json_value& value) {
    const std::string text = value.string();
    std::uint32_t bits = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits, 16);
    const bool whole = text.size() == 8 && error == std::errc{} && end == text.data() + text.size();
    const float x = std::bit_cast<float>(bits);
    if (!whole || !(bits > 0 && bits < 0x7f800000)) value.fail("has '" + text + "' where a positive float32 should be");
    return x;
}

/// A number that must be at least 1 and is small enough for products of extents.
[[nodiscard]] inline std::size_t extent(const json_value& value) {
    const auto n = value.integer<std::uint16_t>();
    if (n == 0) value.fail("has an extent of 0");
    return n;
}

/// The codes of a constant, whose file must have the tensor's type and shape.
inline void read_codes(const std::string& file, tensor& t) {
    const dyad::io::npy_array array = dyad::io::read_npy(file);
    const std::string_view type = t.type == element::int8 ? "|i1" : "<i4";
    if (array.descr != type)
        throw dyad::io::io_error(file, "has elements of type '" + array.descr + "' and must have '" +
                                           std::string(type) + "', as graph.json says");
    if (array.shape != t.shape) throw dyad::io::io_error(file, "has another shape than graph.json says");
    for (const double code : dyad::io::to_doubles(array)) {
        if (t.type == element::int8) t.int8.push_back(static_cast<std::int8_t>(code));
        else t.int32.push_back(static_cast<std::int32_t>(code));
    }
}

[[nodiscard]] inline tensor read_tensor(const std::string& folder, const json_value& value) {
    tensor t;
    t.name = value["name"].string();
    t.type = named<element>(value["dtype"], type_names, "type");
    std::size_t size = 1;
    for (const json_value& e : value["shape"].elements()) {
        t.shape.push_back(extent(e));
        size *= t.shape.back();
        if (t.shape.size() > 4 || size > (1u << 28)) value["shape"].fail("has a tensor that is too large");
    }
    if (const std::optional<json_value> scales = value.find("scale_hex")) {
        for (const json_value& s : scales->elements()) t.scales.push_back(scale(s));
        // Zero points that differ from channel to channel exist for weights only, and there they are 0.
        const std::vector<json_value> zeros = value["zero_point"].elements();
        if (zeros.size() != t.scales.size() || zeros.empty())
            scales->fail("has not as many scales as zero points for tensor '" + t.name + "'");
        t.zero_point = zeros.front().integer<std::int8_t>();
        for (const json_value& z : zeros) {
            if (z.integer<std::int8_t>() != t.zero_point) z.fail("has different zero points in one tensor");
        }
        t.channel_axis = value["quantized_dimension"].integer<std::uint8_t>();
        const bool fits = t.channel_axis < t.shape.size() && t.scales.size() == t.shape[t.channel_axis];
        if (t.scales.size() != 1 && !fits) scales->fail("has not one scale for each channel of '" + t.name + "'");
    }
    if (const std::optional<json_value> file = value.find("file")) {
        const std::string name = file->string();
        if (name.find_first_of("/\\") != std::string::npos) file->fail("has a file name with a folder");
        read_codes(folder + "/" + name, t);
        if (t.zero_point != 0) file->fail("has a constant with a zero point, which this program lacks");
    }
    return t;
}

/// `value` must be the number `wanted`.
inline void require(const json_value& options, std::string_view name, std::size_t wanted) {
    if (const auto value = options.find(name); value && value->integer<std::size_t>() != wanted)
        value->fail("has a '" + std::string(name) + "' other than " + std::to_string(wanted) +
                    ", which this program lacks");
}

[[nodiscard]] inline operation read_operation(const json_value& value, std::size_t tensors) {
    operation o;
    o.kind = named<operator_kind>(value["op"], operator_names, "operation");
    const auto tensor_number = [tensors](const json_value& v) {
        const auto n = v.integer<std::size_t>();
        if (n >= tensors) v.fail("names tensor " + std::to_string(n) + " of " + std::to_string(tensors));
        return n;
    };
    for (const json_value& i : value["inputs"].elements()) o.inputs.push_back(tensor_number(i));
    const std::vector<json_value> outputs = value["outputs"].elements();
    if (outputs.size() != 1) value["outputs"].fail("has an operation with more or less than one output");
    o.output = tensor_number(outputs.front());
    const bool weighted = o.kind == operator_kind::conv_2d || o.kind == operator_kind::depthwise_conv_2d ||
                          o.kind == operator_kind::fully_connected;
    const std::size_t wanted = weighted ? 3 : (o.kind == operator_kind::reshape ? 2 : 1);
    if (o.inputs.size() != wanted)
        value["inputs"].fail("has an operation with " + std::to_string(o.inputs.size()) + " inputs instead of " +
                             std::to_string(wanted));

    const json_value options = value["options"];
    if (const auto p = options.find("padding")) o.padding = named<padding>(*p, padding_names, "padding");
    if (const auto a = options.find("activation")) o.activation = named<fused>(*a, activation_names, "activation");
    if (const auto s = options.find("stride_h")) o.stride = {extent(*s), extent(options["stride_w"])};
    if (const auto f = options.find("filter_h")) o.filter = {extent(*f), extent(options["filter_w"])};
    for (const char* const name : {"dilation_h", "dilation_w", "depth_multiplier"}) require(options, name, 1);
    require(options, "weights_format", 0);
    if (const auto b = options.find("beta"); b && b->real() != 1)
        b->fail("has a beta other than 1, which this program lacks");
    return o;
}

}  // namespace reading

/// The network of folder/graph.json with its constants; io_error names the file and the fault.
[[nodiscard]] inline graph read_graph(const std::string& folder) {
    using dyad::io::json_value;
    graph g;
    g.file = folder + "/graph.json";
    const dyad::io::json_document document(g.file, dyad::io::read_text(g.file));
    const std::vector<json_value> subgraphs = document.root()["subgraphs"].elements();
    if (subgraphs.size() != 1) document.root()["subgraphs"].fail("has more or less than one subgraph");
    const json_value main = subgraphs.front();
    for (const json_value& t : main["tensors"].elements()) {
        if (t["index"].integer<std::size_t>() != g.tensors.size()) t["index"].fail("has tensors out of order");
        g.tensors.push_back(reading::read_tensor(folder, t));
    }
    for (const json_value& o : main["operators"].elements())
        g.operations.push_back(reading::read_operation(o, g.tensors.size()));
    const auto only = [&g, &main](const char* name) {
        const std::vector<json_value> numbers = main[name].elements();
        if (numbers.size() != 1) main[name].fail("has more or less than one of the '" + std::string(name) + "'");
        const auto n = numbers.front().integer<std::size_t>();
        if (n >= g.tensors.size()) numbers.front().fail("names a tensor that is not there");
        return n;
    };
    g.input = only("inputs");
    g.output = only("outputs");
    return g;
}

}  // namespace keyword_spotting
