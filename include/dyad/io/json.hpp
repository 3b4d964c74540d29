// SPDX-License-Identifier: Apache-2.0
// A strict reader of JSON: a scanner that moves from token to token (headers of safetensors), and a document on top of
// it whose values are looked up by name. Source: RFC 8259. Every fault is an io_error that names the file and the byte.
#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dyad/io/file.hpp>
#include <dyad/number/from_chars.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1::io {

/// Moves over JSON text. `subject` begins the sentence of a fault ("the header"); `first_byte` is where text[0] stands
/// in the file. The caller keeps text alive.
class json_scanner {
public:
    json_scanner(std::string file, std::string subject, std::string_view text, std::size_t first_byte = 0)
        : file_(std::move(file)), subject_(std::move(subject)), text_(text), first_byte_(first_byte) {}

    [[noreturn]] void fail(const std::string& fault) const { fail_at(at_, fault); }
    [[noreturn]] void fail_at(std::size_t at, const std::string& fault) const {
        throw io_error(file_, subject_ + " " + fault + " (byte " + std::to_string(first_byte_ + at) + ")");
    }
    [[nodiscard]] std::size_t at() const { return at_; }
    [[nodiscard]] std::string_view text() const { return text_; }

    void skip_blanks() {
        while (at_ < text_.size() &&
               (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
            ++at_;
    }
    /// The next character that is no blank, 0 at the end.
    [[nodiscard]] char peek() {
        skip_blanks();
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    [[nodiscard]] bool accept(char c) {
        skip_blanks();
        if (at_ == text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    void expect(char c) {
        if (!accept(c)) fail(std::string("lacks a '") + c + "'");
    }
    void expect_end() {
        skip_blanks();
        if (at_ != text_.size()) fail("goes on after its end");
    }
    /// What stands between quotes, escapes as they are written.
    [[nodiscard]] std::string_view quoted() {
        expect('"');
        const std::size_t start = at_;
        for (std::size_t end = start; end < text_.size(); ++end) {
            if (text_[end] == '\\') {
                ++end;
            } else if (text_[end] == '"') {
                at_ = end + 1;
                return text_.substr(start, end - start);
            }
        }
        fail("has an unfinished string");
    }
    /// An unsigned number in digits.
    [[nodiscard]] std::uint64_t count() {
        skip_blanks();
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
        if (error != std::errc{}) fail("has something else where a number should be");
        at_ = static_cast<std::size_t>(end - text_.data());
        return value;
    }
    /// A number or a word (true, null) up to where it ends.
    [[nodiscard]] std::string_view word() {
        skip_blanks();
        const std::size_t end = std::min(text_.find_first_of(" \n\r\t,:]}[{\"", at_), text_.size());
        const std::string_view taken = text_.substr(at_, end - at_);
        at_ = end;
        return taken;
    }

private:
    std::string file_;
    std::string subject_;
    std::string_view text_;
    std::size_t first_byte_;
    std::size_t at_ = 0;
};

namespace json_rules {

/// Is this -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? ?
[[nodiscard]] inline bool is_number(std::string_view s) {
    const auto digits = [&s] {
        const std::size_t n = std::min(s.find_first_not_of("0123456789"), s.size());
        s.remove_prefix(n);
        return n;
    };
    if (s.starts_with('-')) s.remove_prefix(1);
    const bool zero = s.starts_with('0');
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (s.starts_with('.')) {
        s.remove_prefix(1);
        if (digits() == 0) return false;
    }
    if (s.starts_with('e') || s.starts_with('E')) {
        s.remove_prefix(1);
        if (s.starts_with('+') || s.starts_with('-')) s.remove_prefix(1);
        if (digits() == 0) return false;
    }
    return s.empty();
}

/// Four hexadecimal digits; -1 where they are none.
[[nodiscard]] inline std::int32_t code_unit(std::string_view s) {
    std::int32_t unit = 0;
    if (s.size() < 4) return -1;
    const auto [end, error] = std::from_chars(s.data(), s.data() + 4, unit, 16);
    return error == std::errc{} && end == s.data() + 4 && unit >= 0 ? unit : -1;
}

/// One character as UTF-8.
inline void append(std::string& s, std::uint32_t c) {
    const auto byte = [&s](std::uint32_t b) { s += static_cast<char>(static_cast<unsigned char>(b)); };
    if (c < 0x80) {
        byte(c);
    } else if (c < 0x800) {
        byte(0xc0 | c >> 6);
        byte(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        byte(0xe0 | c >> 12);
        byte(0x80 | (c >> 6 & 0x3f));
        byte(0x80 | (c & 0x3f));
    } else {
        byte(0xf0 | c >> 18);
        byte(0x80 | (c >> 12 & 0x3f));
        byte(0x80 | (c >> 6 & 0x3f));
        byte(0x80 | (c & 0x3f));
    }
}

/// A string without its escapes; nothing where one is wrong, or where a control character stands.
[[nodiscard]] inline std::optional<std::string> unescaped(std::string_view s) {
    constexpr std::string_view names = "\"\\/bfnrt";
    constexpr std::string_view characters = "\"\\/\b\f\n\r\t";
    std::string plain;
    plain.reserve(s.size());
    while (!s.empty()) {
        const char c = s.front();
        s.remove_prefix(1);
        if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
        if (c != '\\') {
            plain += c;
            continue;
        }
        if (s.empty()) return std::nullopt;
        const char escape = s.front();
        s.remove_prefix(1);
        if (const std::size_t which = names.find(escape); which != std::string_view::npos) {
            plain += characters[which];
            continue;
        }
        // \uXXXX, or two of them for a character beyond 16 bits.
        const std::int32_t unit = escape == 'u' ? code_unit(s) : -1;
        if (unit < 0 || (unit >= 0xdc00 && unit < 0xe000)) return std::nullopt;
        s.remove_prefix(4);
        auto character = static_cast<std::uint32_t>(unit);
        if (unit >= 0xd800 && unit < 0xdc00) {
            const std::int32_t low = s.starts_with("\\u") ? code_unit(s.substr(2)) : -1;
            if (low < 0xdc00 || low >= 0xe000) return std::nullopt;
            s.remove_prefix(6);
            character = 0x10000 + ((character & 0x3ff) << 10 | (static_cast<std::uint32_t>(low) & 0x3ff));
        }
        append(plain, character);
    }
    return plain;
}

/// One value of a document: where its text lies, and how many values follow that belong to it.
struct node {
    char kind = '0';        ///< '{' '[' '"' '0' (a number) 't' 'f' 'n'
    std::size_t first = 0;  ///< its text, strings without their quotes
    std::size_t last = 0;
    std::size_t descendants = 0;  ///< of an object: a name (a string) and a value by turns
};

}  // namespace json_rules

class json_value;

/// A JSON text. Values are views of it: keep it, and do not move it, as long as they are used. At most 64 levels.
class json_document {
public:
    static constexpr int most_levels = 64;

    json_document(const std::string& file, std::string text)
        : text_(std::move(text)), scanner_(file, "the JSON", text_) {
        value(0);
        scanner_.expect_end();
    }
    json_document(const json_document&) = delete;
    json_document& operator=(const json_document&) = delete;

    [[nodiscard]] json_value root() const;

private:
    friend class json_value;

    void value(int level) {
        const char c = scanner_.peek();
        const std::size_t self = nodes_.size();
        nodes_.push_back({c, scanner_.at(), 0, 0});
        if (c == '{' || c == '[') {
            if (level == most_levels) scanner_.fail("is nested more than " + std::to_string(most_levels) + " deep");
            if (c == '{') object(level + 1);
            else array(level + 1);
        } else if (c == '"') {
            text();
        } else {
            word();
        }
        nodes_[self].last = c == '"' ? nodes_[self].last : scanner_.at();
        nodes_[self].descendants = nodes_.size() - self - 1;
    }
    void array(int level) {
        scanner_.expect('[');
        if (scanner_.accept(']')) return;
        do value(level);
        while (scanner_.accept(','));
        scanner_.expect(']');
    }
    void object(int level) {
        std::vector<std::string> names;
        scanner_.expect('{');
        if (scanner_.accept('}')) return;
        do {
            static_cast<void>(scanner_.peek());
            nodes_.push_back({'"', scanner_.at(), 0, 0});
            names.push_back(text());
            scanner_.expect(':');
            value(level);
        } while (scanner_.accept(','));
        scanner_.expect('}');
        std::sort(names.begin(), names.end());
        const auto twice = std::adjacent_find(names.begin(), names.end());
        if (twice != names.end()) scanner_.fail("has an object that names '" + *twice + "' twice");
    }
    /// The string of the last node.
    std::string text() {
        const std::size_t self = nodes_.size() - 1;
        const std::string_view s = scanner_.quoted();
        nodes_[self].first = static_cast<std::size_t>(s.data() - text_.data());
        nodes_[self].last = nodes_[self].first + s.size();
        std::optional<std::string> plain = json_rules::unescaped(s);
        if (!plain) scanner_.fail_at(nodes_[self].first, "has a string with a control character or a wrong escape");
        return *std::move(plain);
    }
    void word() {
        const std::size_t start = scanner_.at();
        const std::string_view s = scanner_.word();
        char& kind = nodes_.back().kind;
        if (s == "true" || s == "false" || s == "null") kind = s.front();
        else if (json_rules::is_number(s)) kind = '0';
        else scanner_.fail_at(start, "has something that is no value");
    }

    std::string text_;
    json_scanner scanner_;
    std::vector<json_rules::node> nodes_;
};

/// A value of a document; asking it for what it is not is a fault that names the byte.
class json_value {
public:
    json_value(const json_document& document, std::size_t node) : document_(&document), node_(node) {}

    [[noreturn]] void fail(const std::string& fault) const { document_->scanner_.fail_at(self().first, fault); }

    [[nodiscard]] bool is_object() const { return self().kind == '{'; }
    [[nodiscard]] bool is_array() const { return self().kind == '['; }

    [[nodiscard]] std::string string() const {
        if (self().kind != '"') fail("has something else where a string should be");
        return *json_rules::unescaped(spelling());
    }
    [[nodiscard]] bool boolean() const {
        if (self().kind != 't' && self().kind != 'f') fail("has something else where true or false should be");
        return self().kind == 't';
    }
    /// A number without fraction and exponent that T holds.
    template <std::integral T>
    [[nodiscard]] T integer() const {
        T x = 0;
        const char* const end = spelling().data() + spelling().size();
        const auto [stop, error] = std::from_chars(spelling().data(), end, x);
        if (self().kind != '0' || error != std::errc{} || stop != end)
            fail("has something else where an integer of " + std::to_string(8 * sizeof(T)) + " bits should be");
        return x;
    }
    /// The double nearest to a number.
    [[nodiscard]] double real() const {
        double x = 0;
        const char* const end = spelling().data() + spelling().size();
        if (self().kind != '0') fail("has something else where a number should be");
        const auto [stop, error] = dyad::from_chars(spelling().data(), end, x);
        if (error != text_error::none || stop != end || !is_finite(x)) fail("has a number that no double holds");
        return x;
    }
    /// All elements of an array, in order.
    [[nodiscard]] std::vector<json_value> elements() const {
        if (!is_array()) fail("has something else where an array should be");
        std::vector<json_value> all;
        for (std::size_t n = node_ + 1; n < end(); n = json_value(*document_, n).end()) all.emplace_back(*document_, n);
        return all;
    }
    /// The member of that name, if there is one.
    [[nodiscard]] std::optional<json_value> find(std::string_view name) const {
        if (!is_object()) fail("has something else where an object should be");
        for (std::size_t n = node_ + 1; n < end(); n = json_value(*document_, n + 1).end()) {
            if (json_value(*document_, n).string() == name) return json_value(*document_, n + 1);
        }
        return std::nullopt;
    }
    [[nodiscard]] json_value operator[](std::string_view name) const {
        const std::optional<json_value> found = find(name);
        if (!found) fail("has an object without '" + std::string(name) + "'");
        return *found;
    }

private:
    [[nodiscard]] const json_rules::node& self() const { return document_->nodes_[node_]; }
    [[nodiscard]] std::string_view spelling() const {
        return std::string_view(document_->text_).substr(self().first, self().last - self().first);
    }
    [[nodiscard]] std::size_t end() const { return node_ + 1 + self().descendants; }

    const json_document* document_;
    std::size_t node_;
};

inline json_value json_document::root() const { return {*this, 0}; }

/// The text of a file, for a json_document.
[[nodiscard]] inline std::string read_text(const std::string& name, std::uint64_t limit = std::uint64_t{1} << 30) {
    const std::vector<std::byte> bytes = read_file(name, limit);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace dyad::inline v1::io
