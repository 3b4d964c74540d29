// SPDX-License-Identifier: Apache-2.0
// Whole files as bytes, and the exception that every reader of dyad/io throws.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace dyad::inline v1::io {

/// A file that cannot be read as what it should be; what() names the file and the fault in one sentence.
class io_error : public std::runtime_error {
public:
    io_error(const std::string& file, const std::string& fault) : std::runtime_error(file + ": " + fault) {}
};

/// Reads at most `limit` bytes; a longer file is an error.
[[nodiscard]] inline std::vector<std::byte> read_file(const std::string& name,
                                                      std::uint64_t limit = std::uint64_t{1} << 32) {
    std::error_code unreadable;
    const auto kind = std::filesystem::status(name, unreadable).type();
    if (kind == std::filesystem::file_type::directory) throw io_error(name, "is not a regular file");
    std::ifstream in(name, std::ios::binary | std::ios::ate);
    if (!in) throw io_error(name, "cannot be opened");
    const std::streamoff end = in.tellg();
    if (end < 0) throw io_error(name, "is not a regular file");
    if (static_cast<std::uint64_t>(end) > limit)
        throw io_error(name, "is larger than " + std::to_string(limit) + " bytes");
    std::vector<std::byte> bytes(static_cast<std::size_t>(end));
    in.seekg(0);
    in.read(reinterpret_cast<char*>(bytes.data()), end);
    if (!in) throw io_error(name, "cannot be read to its end");
    return bytes;
}

/// A little-endian unsigned number at `offset`, which must leave room for it.
template <class T>
[[nodiscard]] T load_little_endian(const std::vector<std::byte>& bytes, std::size_t offset) {
    T x = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
        x = static_cast<T>(x | static_cast<T>(T{std::to_integer<T>(bytes[offset + i])} << (8 * i)));
    return x;
}

}  // namespace dyad::inline v1::io
