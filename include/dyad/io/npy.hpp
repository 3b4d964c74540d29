// SPDX-License-Identifier: Apache-2.0
// Reader of NumPy's .npy files, versions 1 to 3: little-endian or single-byte numbers in C order.
// Source: NumPy Enhancement Proposal 1.
#pragma once

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <dyad/io/file.hpp>
#include <dyad/number/named_formats.hpp>

namespace dyad::inline v1::io {

/// An array as it lies in the file: `descr` is NumPy's type, "<f4" or "|u1" say.
struct npy_array {
    std::string descr;
    std::vector<std::size_t> shape;
    std::vector<std::byte> data;  ///< elements * item_size bytes, C order

    [[nodiscard]] std::size_t size() const {
        std::size_t product = 1;
        for (const std::size_t e : shape) product *= e;
        return product;
    }
};

namespace npy_rules {

/// Bytes of one element, 0 for a type this reader does not know.
[[nodiscard]] inline std::size_t item_size(std::string_view descr) {
    constexpr std::string_view known[] = {"|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f2", "<f4", "<f8"};
    for (const std::string_view k : known) {
        if (descr == k) return static_cast<std::size_t>(k[2] - '0');
    }
    return 0;
}

/// What the header says: a Python dictionary of exactly these three entries.
struct entries {
    std::string descr;
    bool has_descr = false;
    std::string fortran_order;
    std::string shape;  ///< between its parentheses
    bool has_shape = false;
};

/// Reader of that dictionary, as NumPy writes it.
class header_reader {
public:
    header_reader(const std::string& file, std::string_view text) : file_(file), text_(text) {}

    [[nodiscard]] entries read() {
        entries found;
        expect('{');
        while (!accept('}')) {
            const std::string key = string();
            expect(':');
            if (key == "descr" && !found.has_descr) found.descr = type(found);
            else if (key == "fortran_order" && found.fortran_order.empty()) found.fortran_order = word();
            else if (key == "shape" && !found.has_shape) found.shape = parenthesized(found);
            else throw io_error(file_, "the header has an unknown or repeated entry '" + key + "'");
            if (!accept(',')) {
                expect('}');
                break;
            }
        }
        skip_blanks();
        if (!text_.empty()) throw io_error(file_, "the header goes on after its dictionary");
        return found;
    }

private:
    void skip_blanks() {
        while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n')) text_.remove_prefix(1);
    }
    [[nodiscard]] bool accept(char c) {
        skip_blanks();
        if (text_.empty() || text_.front() != c) return false;
        text_.remove_prefix(1);
        return true;
    }
    void expect(char c) {
        if (!accept(c)) throw io_error(file_, std::string("the header is no dictionary: it lacks a '") + c + "'");
    }
    [[nodiscard]] std::string take(std::size_t count) {
        const std::string taken(text_.substr(0, count));
        text_.remove_prefix(count);
        return taken;
    }
    [[nodiscard]] std::string string() {
        if (!accept('\'')) throw io_error(file_, "the header is no dictionary: it lacks a quoted string");
        const std::size_t end = text_.find('\'');
        if (end == std::string_view::npos) throw io_error(file_, "the header has an unfinished string");
        const std::string s = take(end);
        text_.remove_prefix(1);
        return s;
    }
    [[nodiscard]] std::string type(entries& found) {
        skip_blanks();
        if (text_.empty() || text_.front() != '\'') throw io_error(file_, "the header has no element type");
        found.has_descr = true;
        return string();
    }
    [[nodiscard]] std::string word() {
        skip_blanks();
        return take(std::min(text_.find_first_of(",}"), text_.size()));
    }
    [[nodiscard]] std::string parenthesized(entries& found) {
        const bool open = accept('(');
        const std::size_t close = text_.find(')');
        if (!open || close == std::string_view::npos) throw io_error(file_, "the header has no shape in parentheses");
        found.has_shape = true;
        const std::string inside = take(close);
        text_.remove_prefix(1);
        return inside;
    }

    const std::string& file_;
    std::string_view text_;
};

/// The numbers of "3, 4" or "5," or "".
[[nodiscard]] inline std::vector<std::size_t> parse_shape(const std::string& file, std::string_view text) {
    std::vector<std::size_t> shape;
    const auto skip_blanks = [&text] { text.remove_prefix(std::min(text.find_first_not_of(' '), text.size())); };
    for (skip_blanks(); !text.empty(); skip_blanks()) {
        std::size_t extent = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        skip_blanks();
        const bool separated = text.empty() || text.front() == ',';
        if (error != std::errc{} || !separated) throw io_error(file, "the header's shape is not a list of numbers");
        shape.push_back(extent);
        if (!text.empty()) text.remove_prefix(1);
    }
    return shape;
}

}  // namespace npy_rules

/// Reads a .npy file; io_error for anything that is not one of the types above, in C order, of the size its shape says.
[[nodiscard]] inline npy_array read_npy(const std::string& name) {
    const std::vector<std::byte> bytes = read_file(name);
    const auto* text = reinterpret_cast<const char*>(bytes.data());
    constexpr std::string_view magic = "\x93NUMPY";
    if (bytes.size() < 10 || std::string_view(text, magic.size()) != magic) throw io_error(name, "is not a .npy file");
    const auto version = std::to_integer<unsigned>(bytes[6]);
    if (version < 1 || version > 3)
        throw io_error(name, "has .npy version " + std::to_string(version) + ", known are 1 to 3");
    const std::size_t header_at = version == 1 ? 10 : 12;
    if (bytes.size() < header_at) throw io_error(name, "ends within its header");
    const std::size_t header_size =
        version == 1 ? load_little_endian<std::uint16_t>(bytes, 8) : load_little_endian<std::uint32_t>(bytes, 8);
    if (header_size > bytes.size() - header_at) throw io_error(name, "ends within its header");
    const std::string_view header(text + header_at, header_size);

    npy_array array;
    const npy_rules::entries entries = npy_rules::header_reader(name, header).read();
    if (!entries.has_descr) throw io_error(name, "the header has no element type");
    array.descr = entries.descr;
    const std::size_t item = npy_rules::item_size(array.descr);
    if (item == 0) throw io_error(name, "has elements of type '" + array.descr + "', which this reader does not know");
    if (entries.fortran_order != "False") throw io_error(name, "is not in C order (fortran_order must be False)");
    if (!entries.has_shape) throw io_error(name, "the header has no shape in parentheses");
    array.shape = npy_rules::parse_shape(name, entries.shape);
    const std::size_t present = bytes.size() - header_at - header_size;
    std::size_t expected = item;
    for (const std::size_t e : array.shape) {
        if (e != 0 && expected > std::numeric_limits<std::size_t>::max() / e)
            throw io_error(name, "has an impossible shape");
        expected *= e;
    }
    if (expected != present) {
        throw io_error(name,
                       "should have " + std::to_string(expected) + " bytes of data and has " + std::to_string(present));
    }
    array.data.assign(bytes.end() - static_cast<std::ptrdiff_t>(present), bytes.end());
    return array;
}

/// The elements as doubles: exact but for 64-bit integers beyond 2^53.
[[nodiscard]] inline std::vector<double> to_doubles(const npy_array& array) {
    const std::size_t item = npy_rules::item_size(array.descr);
    const char kind = array.descr[1];
    std::vector<double> values(array.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        std::uint64_t word = 0;
        for (std::size_t b = 0; b < item; ++b)
            word |= std::to_integer<std::uint64_t>(array.data[i * item + b]) << (8 * b);
        if (kind == 'f' && item == 2) {
            values[i] = static_cast<double>(float16::from_bits(static_cast<std::uint16_t>(word)));
        } else if (kind == 'f') {
            values[i] = item == 4 ? static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(word)))
                                  : std::bit_cast<double>(word);
        } else if (kind == 'i') {
            const auto unused = static_cast<int>(64 - 8 * item);
            values[i] = static_cast<double>(static_cast<std::int64_t>(word << unused) >> unused);
        } else {
            values[i] = static_cast<double>(word);
        }
    }
    return values;
}

}  // namespace dyad::inline v1::io
