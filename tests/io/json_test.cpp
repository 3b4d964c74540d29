// SPDX-License-Identifier: Apache-2.0
// json_document and json_value: what RFC 8259 allows, what it refuses, and random damage.
#include <doctest/doctest.h>

#include "damaged_files.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <dyad/io/json.hpp>

using dyad::io::json_document;
using dyad::io::json_value;
using dyad_test::fault_of;

namespace {

std::string fault(const std::string& text) {
    return fault_of("a.json", text.size(), [&] { static_cast<void>(json_document("a.json", text)); });
}

/// What a lookup says of a good text.
template <class Look>
std::string refusal(const std::string& text, Look&& look) {
    const json_document document("a.json", text);
    return fault_of("a.json", text.size(), [&] { static_cast<void>(look(document.root())); });
}

const std::string sample = R"({
  "name": "a/b;c", "empty": {}, "none": null, "yes": true, "no": false,
  "list": [1, -2, [3, []], {"x": "y"}, 4.5e-1],
  "text": "q\"\\\/\b\f\n\r\t \u0041\u00e9\u20ac\ud83d\ude00",
  "big": 18446744073709551615, "hex": ["3f15af17"]
})";

}  // namespace

TEST_CASE("json: every kind of value, by name and in order") {
    const json_document document("a.json", sample);
    const json_value root = document.root();
    CHECK(root.is_object());
    CHECK(root["name"].string() == "a/b;c");
    CHECK(root["empty"].is_object());
    CHECK(!root["empty"].find("x").has_value());
    CHECK(root["yes"].boolean());
    CHECK(!root["no"].boolean());
    CHECK(root["big"].integer<std::uint64_t>() == 18446744073709551615U);
    CHECK(root["text"].string() == "q\"\\/\b\f\n\r\t A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    const std::vector<json_value> list = root["list"].elements();
    REQUIRE(list.size() == 5);
    CHECK(list[0].integer<std::int8_t>() == 1);
    CHECK(list[1].integer<int>() == -2);
    CHECK(list[1].real() == -2);
    CHECK(list[2].elements().size() == 2);
    CHECK(list[2].elements()[1].elements().empty());
    CHECK(list[3]["x"].string() == "y");
    CHECK(list[4].real() == 0.45);
    CHECK(root["hex"].elements()[0].string() == "3f15af17");
    CHECK(!root.find("nam").has_value());
    CHECK(!root.find("x").has_value());
}

TEST_CASE("json: texts that are values") {
    for (const std::string text : {"0", "-0", "1", "-1.5", "1e5", "1E+05", "0.5e-3", " [ ] ", "\t{\r\n}", "\"\"",
                                   "null", "true", "[[[1]]]", R"({"":0})", R"(["\u0000"])", R"(["\ud800\udc00"])"}) {
        CAPTURE(text);
        CHECK(fault(text).empty());
    }
    CHECK(fault(std::string(64, '[') + std::string(64, ']')).empty());
}

TEST_CASE("json: texts that are none have a sentence with the byte") {
    const auto says = [](const std::string& text, const std::string& expected) {
        CAPTURE(text);
        CHECK(fault(text) == "the JSON " + expected);
    };
    says("", "has something that is no value (byte 0)");
    says("  ", "has something that is no value (byte 2)");
    for (const std::string word :
         {"nul", "True", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x10", "NaN", "Infinity", "-01", "1_0", "'a'"})
        says("[" + word + "]", "has something that is no value (byte 1)");
    says("[1,]", "has something that is no value (byte 3)");
    says("[1 2]", "lacks a ']' (byte 3)");
    says("[1", "lacks a ']' (byte 2)");
    says("[1}", "lacks a ']' (byte 2)");
    says("{", "lacks a '\"' (byte 1)");
    says("{a: 1}", "lacks a '\"' (byte 1)");
    says(R"({"a" 1})", "lacks a ':' (byte 5)");
    says(R"({"a": 1)", "lacks a '}' (byte 7)");
    says(R"({"a": 1,})", "lacks a '\"' (byte 8)");
    says(R"({"a": 1, "b": 2, "a": 3})", "has an object that names 'a' twice (byte 24)");
    says(R"({"a": 1, "\u0061": 3})", "has an object that names 'a' twice (byte 21)");
    says("[] []", "goes on after its end (byte 3)");
    says("1 x", "goes on after its end (byte 2)");
    says("\"a", "has an unfinished string (byte 1)");
    says("\"a\\\"", "has an unfinished string (byte 1)");
    for (const std::string inside :
         {"\n", "\\x", "\\u12", "\\u12g4", "\\ud800", "\\udc00", "\\ud800\\u0041", "\\u-123"})
        says("[\"" + inside + "\"]", "has a string with a control character or a wrong escape (byte 2)");
    says(std::string(65, '[') + std::string(65, ']'), "is nested more than 64 deep (byte 64)");
    CHECK(!fault(std::string(1000000, '[')).empty());
}

TEST_CASE("json: a value that is something else than was asked for") {
    CHECK(refusal(sample, [](const json_value& v) { return v["name"].integer<int>(); }) ==
          "the JSON has something else where an integer of 32 bits should be (byte 13)");
    CHECK(refusal(sample, [](const json_value& v) {
              return v["big"].integer<std::int64_t>();
          }).starts_with("the JSON has something else where an integer of 64 bits"));
    CHECK(refusal("4.5", [](const json_value& v) { return v.integer<int>(); }).ends_with("(byte 0)"));
    CHECK(refusal("1e2", [](const json_value& v) { return v.integer<int>(); }).ends_with("(byte 0)"));
    CHECK(refusal("300", [](const json_value& v) { return v.integer<std::uint8_t>(); }).ends_with("(byte 0)"));
    CHECK(refusal("-1", [](const json_value& v) { return v.integer<unsigned>(); }).ends_with("(byte 0)"));
    CHECK(refusal("1e999", [](const json_value& v) { return v.real(); }) ==
          "the JSON has a number that no double holds (byte 0)");
    CHECK(refusal("\"1\"", [](const json_value& v) { return v.real(); }).ends_with("a number should be (byte 1)"));
    CHECK(refusal("1", [](const json_value& v) { return v.string(); }).ends_with("a string should be (byte 0)"));
    CHECK(refusal("1", [](const json_value& v) { return v.boolean(); }).ends_with("true or false should be (byte 0)"));
    CHECK(refusal("{}", [](const json_value& v) { return v.elements(); }).ends_with("an array should be (byte 0)"));
    CHECK(refusal("[]", [](const json_value& v) { return v.find("a"); }).ends_with("an object should be (byte 0)"));
    CHECK(refusal("[{}]", [](const json_value& v) { return v.elements()[0]["a"]; }) ==
          "the JSON has an object without 'a' (byte 1)");
}

TEST_CASE("json: random damage gives a document or a sentence") {
    std::mt19937_64 engine(7);
    int read = 0;
    int refused = 0;
    for (int i = 0; i < 20000; ++i) (fault(dyad_test::mutated(sample, engine)).empty() ? read : refused) += 1;
    MESSAGE(read, " read, ", refused, " refused");
    CHECK(read > 300);
    CHECK(refused > 10000);
}
