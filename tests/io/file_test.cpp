// SPDX-License-Identifier: Apache-2.0
// read_file, load_little_endian, io_error.
#include <dyad/io/file.hpp>

#include <doctest/doctest.h>

#include "io/damaged_files.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace dyad_test {
namespace {

using dyad::io::read_file;

std::string fault(const std::string& name, std::uint64_t limit) {
    return fault_of(name, 0, [&] { static_cast<void>(read_file(name, limit)); });
}

TEST_CASE("read_file: the bytes of a file, at most so many") {
    const temporary_folder folder;
    std::string content;
    for (int i = 0; i < 600; ++i) content += static_cast<char>(i);
    const std::string name = write_file(folder / "some.bin", content);
    for (const std::uint64_t limit :
         {std::uint64_t{600}, std::uint64_t{601}, std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
        const std::vector<std::byte> bytes = read_file(name, limit);
        REQUIRE(bytes.size() == 600);
        for (std::size_t i = 0; i < 600; ++i) CHECK(bytes[i] == static_cast<std::byte>(i % 256));
    }
    CHECK(fault(name, 599) == "is larger than 599 bytes");
    CHECK(fault(name, 0) == "is larger than 0 bytes");
    CHECK(read_file(write_file(folder / "empty", ""), 0).empty());
}

TEST_CASE("read_file: what is not there or no file is told") {
    const temporary_folder folder;
    CHECK(fault(folder / "nothing", 100) == "cannot be opened");
    CHECK(fault("", 100) == "cannot be opened");
    // The folder itself: it opens, and tells a size.
    CHECK(fault(folder / "", 100) == "is not a regular file");
    CHECK(fault(folder / "", ~std::uint64_t{0} >> 1) == "is not a regular file");
}

TEST_CASE("load_little_endian: the first byte is the lowest") {
    const std::vector<std::byte> bytes{std::byte{0x01}, std::byte{0x82}, std::byte{0x03},
                                       std::byte{0xF4}, std::byte{0x05}, std::byte{0x06},
                                       std::byte{0x07}, std::byte{0x88}, std::byte{0xFF}};
    using dyad::io::load_little_endian;
    CHECK(load_little_endian<std::uint8_t>(bytes, 1) == 0x82);
    CHECK(load_little_endian<std::uint16_t>(bytes, 0) == 0x8201);
    CHECK(load_little_endian<std::uint16_t>(bytes, 7) == 0xFF88);
    CHECK(load_little_endian<std::uint32_t>(bytes, 0) == 0xF4038201);
    CHECK(load_little_endian<std::uint32_t>(bytes, 5) == 0xFF880706);
    CHECK(load_little_endian<std::uint64_t>(bytes, 0) == 0x88070605F4038201);
    CHECK(load_little_endian<std::uint64_t>(bytes, 1) == 0xFF88070605F40382);
}

TEST_CASE("io_error: names the file, then the fault") {
    CHECK(std::string(dyad::io::io_error("a.npy", "is broken").what()) == "a.npy: is broken");
}

}  // namespace
}  // namespace dyad_test
