// SPDX-License-Identifier: Apache-2.0
// Files for the tests of readers: written byte by byte, damaged, read again. Include in one source file of a program:
// it replaces operator new, to know the largest piece of memory that a reader asked for.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>
#include <random>
#include <string>
#include <string_view>

#include <unistd.h>

#include <doctest/doctest.h>

#include <dyad/io/file.hpp>

namespace dyad_test {
inline std::atomic<std::size_t> largest_allocation = 0;
}

// Not inlined: where only half of a pair is, compilers see new matched with free.
[[gnu::noinline]] void* operator new(std::size_t size) {
    std::size_t largest = dyad_test::largest_allocation;
    while (size > largest && !dyad_test::largest_allocation.compare_exchange_weak(largest, size)) {
    }
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace dyad_test {

/// A folder that is there as long as the object is.
class temporary_folder {
public:
    temporary_folder() : path_(std::filesystem::temp_directory_path() / ("dyad_io_test_" + std::to_string(getpid()))) {
        std::filesystem::create_directories(path_);
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

/// `bytes` as a file; its name. A new file each time: file systems write one that was cut to nothing to the disk at
/// once.
inline std::string write_file(const std::string& name, std::string_view bytes) {
    std::filesystem::remove(name);
    std::ofstream out(name, std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    REQUIRE(out.good());
    return name;
}

template <class T>
[[nodiscard]] std::string little_endian(T x) {
    std::string bytes;
    for (std::size_t i = 0; i < sizeof(T); ++i) bytes += static_cast<char>(static_cast<std::uint64_t>(x) >> (8 * i));
    return bytes;
}

/// What the io_error says that read() throws, without the file's name; empty where it throws none. Fails if the
/// sentence does not begin with the name, or if memory was taken that no file of `size` bytes justifies.
template <class Read>
[[nodiscard]] std::string fault_of(const std::string& file, std::size_t size, Read&& read) {
    largest_allocation = 0;
    std::string said;
    try {
        read();
    } catch (const dyad::io::io_error& e) {
        said = e.what();
        const std::string start = file + ": ";
        if (!said.starts_with(start) || said.size() < start.size() + 8) FAIL("no sentence about the file: ", said);
        said = said.substr(start.size());
    }
    // Streams have buffers of some KiB; a header of n bytes becomes at most so many map entries.
    if (largest_allocation > 64 * size + 65536)
        FAIL("asked for ", largest_allocation.load(), " bytes at once; file of ", size);
    return said;
}

/// One to four small damages: bits, bytes, pieces cut, doubled, inserted.
[[nodiscard]] inline std::string mutated(std::string bytes, std::mt19937_64& engine) {
    constexpr std::string_view salt = "'\"{}[]():,\\ 0123456789.-+eTFx\n\xff";
    const auto below = [&](std::size_t n) { return n == 0 ? 0 : static_cast<std::size_t>(engine() % n); };
    for (std::size_t left = 1 + below(4); left > 0; --left) {
        const std::size_t at = below(bytes.size());
        const std::size_t count = 1 + below(8);
        switch (below(7)) {
            case 0:
                if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
                break;
            case 1:
                if (!bytes.empty()) bytes[at] = static_cast<char>(below(256));
                break;
            case 2:
                if (!bytes.empty()) bytes[at] = salt[below(salt.size())];
                break;
            case 3: bytes.erase(at, count); break;
            case 4: bytes.insert(at, bytes.substr(below(bytes.size()), count)); break;
            case 5: bytes.insert(at, 1, salt[below(salt.size())]); break;
            default: bytes.resize(bytes.size() - std::min(bytes.size(), below(40))); break;
        }
    }
    return bytes;
}

}  // namespace dyad_test
