// SPDX-License-Identifier: Apache-2.0
// A string of bits as std::vector<bool>: the model of packed storage, read and written bit by bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace dyad_test {

/// Random bytes.
[[nodiscard]] inline std::vector<std::uint8_t> random_bytes(std::size_t n, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<std::uint8_t> bytes(n);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    return bytes;
}

/// Bit k is bit k % 8, from the lowest, of byte k / 8.
class bit_string {
public:
    explicit bit_string(const std::vector<std::uint8_t>& bytes) {
        for (const std::uint8_t byte : bytes)
            for (int k = 0; k < 8; ++k) bits_.push_back((byte >> k & 1) != 0);
    }
    [[nodiscard]] std::uint8_t code(std::ptrdiff_t bit, int width) const {
        unsigned code = 0;
        for (int k = 0; k < width; ++k) code |= unsigned{bits_.at(static_cast<std::size_t>(bit + k))} << k;
        return static_cast<std::uint8_t>(code);
    }
    void set_code(std::ptrdiff_t bit, int width, unsigned code) {
        for (int k = 0; k < width; ++k) bits_.at(static_cast<std::size_t>(bit + k)) = (code >> k & 1) != 0;
    }
    [[nodiscard]] std::vector<std::uint8_t> bytes() const {
        std::vector<std::uint8_t> bytes(bits_.size() / 8);
        for (std::size_t k = 0; k < bits_.size(); ++k)
            if (bits_[k]) bytes[k / 8] = static_cast<std::uint8_t>(bytes[k / 8] | 1U << (k % 8));
        return bytes;
    }

private:
    std::vector<bool> bits_;
};

}  // namespace dyad_test
