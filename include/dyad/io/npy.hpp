// SPDX-License-Identifier: Apache-2.0
// Reader of NumPy's .npy files, versions 1 to 3: little-endian or single-byte numbers in C order.
// Source: NumPy Enhancement Proposal 1.
#pragma once

#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <dyad/io/file.hpp>

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
    constexpr std::string_view known[] = {"|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f4", "<f8"};
    for (const std::string_view k : known) {
        if (descr == k) return static_cast<std::size_t>(k[2] - '0');
    }
    return 0;
}

/// The text after 'key': in the header's dictionary, blanks skipped; empty if there is none.
[[nodiscard]] inline std::string_view value_of(std::string_view header, std::string_view key) {
    const std::string quoted = "'" + std::string(key) + "'";
    const std::size_t at = header.find(quoted);
    if (at == std::string_view::npos) return {};
    header.remove_prefix(at + quoted.size());
    const std::size_t value = header.find_first_not_of(": ");
    return value == std::string_view::npos ? std::string_view{} : header.substr(value);
}

/// "(3, 4)" or "(5,)" or "()".
[[nodiscard]] inline std::vector<std::size_t> parse_shape(const std::string& name, std::string_view text) {
    const std::size_t close = text.find(')');
    if (text.empty() || text.front() != '(' || close == std::string_view::npos) {
        throw io_error(name, "the header has no shape in parentheses");
    }
    text = text.substr(1, close - 1);
    std::vector<std::size_t> shape;
    while (true) {
        const std::size_t digit = text.find_first_not_of(" ,");
        if (digit == std::string_view::npos) return shape;
        text.remove_prefix(digit);
        std::size_t extent = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
        if (error != std::errc{}) throw io_error(name, "the header's shape is not a list of numbers");
        shape.push_back(extent);
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    }
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
    const std::string_view descr = npy_rules::value_of(header, "descr");
    const std::size_t quote = descr.find('\'', 1);
    if (descr.empty() || descr.front() != '\'' || quote == std::string_view::npos) {
        throw io_error(name, "the header has no element type");
    }
    array.descr = descr.substr(1, quote - 1);
    const std::size_t item = npy_rules::item_size(array.descr);
    if (item == 0) throw io_error(name, "has elements of type '" + array.descr + "', which this reader does not know");
    if (!npy_rules::value_of(header, "fortran_order").starts_with("False")) {
        throw io_error(name, "is not in C order (fortran_order must be False)");
    }
    array.shape = npy_rules::parse_shape(name, npy_rules::value_of(header, "shape"));
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
        if (kind == 'f') {
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
