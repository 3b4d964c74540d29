// SPDX-License-Identifier: Apache-2.0
// Files of raw blocks: nothing but the blocks of array/block.hpp, one after the other, as ggml and others lay tensors
// out. What the blocks mean (shape, the tensor's scale) is for the caller to keep.
#pragma once

#include <bit>
#include <cstddef>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include <dyad/array/block.hpp>
#include <dyad/io/file.hpp>

namespace dyad::inline v1::io {

static_assert(std::endian::native == std::endian::little, "dyad/io/blocks.hpp needs a little-endian machine.");

/// All blocks of a file; io_error where it cannot be read or its size is no multiple of the block's.
template <block_type B>
[[nodiscard]] std::vector<B> read_blocks(const std::string& name) {
    const std::vector<std::byte> bytes = read_file(name);
    if (bytes.size() % sizeof(B) != 0) {
        throw io_error(name, "has " + std::to_string(bytes.size()) + " bytes, no multiple of a block's " +
                                 std::to_string(sizeof(B)));
    }
    std::vector<B> blocks(bytes.size() / sizeof(B));
    if (!blocks.empty()) __builtin_memcpy(blocks.data(), bytes.data(), bytes.size());
    return blocks;
}

/// Writes the blocks; io_error where that fails.
template <block_type B>
void write_blocks(const std::string& name, std::span<const B> blocks) {
    std::ofstream out(name, std::ios::binary | std::ios::trunc);
    if (!out) throw io_error(name, "cannot be opened for writing");
    out.write(reinterpret_cast<const char*>(blocks.data()), static_cast<std::streamsize>(blocks.size_bytes()));
    out.close();
    if (!out) throw io_error(name, "cannot be written to its end");
}

}  // namespace dyad::inline v1::io
