// SPDX-License-Identifier: Apache-2.0
// A hash of every layer's codes over many passes: FNV-1a of 64 bits, a step for each code (its raw integer, sign
// extended). No floating point. Tensors are counted in the order in which a pass shows them, which one thread fixes;
// a pass that was never prepared, but read from a file, has no other numbers.
// Source: Fowler, Noll, Vo; draft-eastlake-fnv.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <dyad/array/view.hpp>

namespace digits {

class layer_hashes {
public:
    static constexpr std::size_t most = 128;

    layer_hashes() noexcept { hashes_.fill(14695981039346656037U); }

    /// Before each pass.
    void begin() noexcept { next_ = 0; }
    /// As a probe (nn/context.hpp).
    template <class T, class Token>
    void operator()(int, dyad::matrix_view<const T> codes, Token) noexcept {
        if (next_ == most) return;
        std::uint64_t hash = hashes_[next_];
        for (dyad::index i = 0; i < codes.extent[0]; ++i) {
            for (dyad::index j = 0; j < codes.extent[1]; ++j) {
                hash = (hash ^ static_cast<std::uint64_t>(std::int64_t{codes(i, j).raw()})) * 1099511628211U;
            }
        }
        hashes_[next_++] = hash;
        count_ = next_ > count_ ? next_ : count_;
    }
    /// One for each tensor of a pass, in the order of computation.
    [[nodiscard]] std::span<const std::uint64_t> of_layers() const noexcept {
        return std::span<const std::uint64_t>(hashes_).first(count_);
    }

private:
    std::array<std::uint64_t, most> hashes_;
    std::size_t next_ = 0;
    std::size_t count_ = 0;
};

/// 16 hexadecimal digits.
inline void write_hash(std::uint64_t hash, std::span<char, 16> digits) noexcept {
    for (std::size_t i = 0; i < 16; ++i) digits[i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 15];
}

}  // namespace digits
