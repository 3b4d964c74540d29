// SPDX-License-Identifier: Apache-2.0
// How a product cuts its sums: k products are chains of `chain`, and a chain is blocks of at most `block`, whose panels
// stay in the first caches. Chains matter to the result (each is summed by itself), blocks do not.
#pragma once

#include <cstddef>
#include <limits>

#include <dyad/array/view.hpp>

namespace dyad::inline v1 {

/// Products of extents of memory, at most the largest size_t: no memory is as large as that.
[[nodiscard]] constexpr std::size_t saturating_product(std::size_t x, std::size_t y) noexcept {
    return y != 0 && x > std::numeric_limits<std::size_t>::max() / y ? std::numeric_limits<std::size_t>::max() : x * y;
}
[[nodiscard]] constexpr std::size_t saturating_sum(std::size_t x, std::size_t y) noexcept {
    return x > std::numeric_limits<std::size_t>::max() - y ? std::numeric_limits<std::size_t>::max() : x + y;
}
[[nodiscard]] constexpr index pieces_of(index n, index size) noexcept { return n / size + (n % size != 0 ? 1 : 0); }

class k_blocks {
public:
    /// A part of k: `length` products from `first` on.
    struct part {
        index first;
        index length;
        bool begins_chain;
        bool ends_chain;
        bool in_first_chain;
    };

    constexpr k_blocks() noexcept = default;
    /// chain: 0 for one chain of all k. most: largest length of a block, a multiple of 64.
    constexpr k_blocks(index k, index chain, index most) noexcept : k_(k) {
        chain_ = chain <= 0 || chain > k ? k : chain;
        // Equal blocks, in whole steps of 64: the deepest step that a kernel takes.
        const index pieces = chain_ == 0 ? 1 : pieces_of(chain_, most);
        block_ = chain_ == 0 ? 64 : pieces_of(pieces_of(chain_, pieces), 64) * 64;
        in_chain_ = chain_ == 0 ? 1 : pieces_of(chain_, block_);
    }

    [[nodiscard]] constexpr index count() const noexcept {
        if (k_ == 0) return 1;
        const index rest = k_ % chain_;
        return k_ / chain_ * in_chain_ + (rest == 0 ? 0 : pieces_of(rest, block_));
    }
    [[nodiscard]] constexpr part at(index number) const noexcept {
        if (k_ == 0) return {0, 0, true, true, true};
        const index begin = number / in_chain_ * chain_;
        const index end = k_ - begin < chain_ ? k_ : begin + chain_;
        const index first = begin + number % in_chain_ * block_;
        const index length = end - first < block_ ? end - first : block_;
        return {first, length, first == begin, first + length == end, begin == 0};
    }
    [[nodiscard]] constexpr index largest() const noexcept { return block_ < chain_ ? block_ : chain_; }
    /// Bytes of a row of panels in all blocks before `number`, where a panel of k takes bytes(k).
    template <class Bytes>
    [[nodiscard]] constexpr std::size_t bytes_before(index number, const Bytes& bytes) const noexcept {
        const auto size = [&](index length) { return static_cast<std::size_t>(bytes(length)); };
        const auto chains = static_cast<std::size_t>(number / in_chain_);
        const auto rest = static_cast<std::size_t>(number % in_chain_);
        const std::size_t last = size(chain_ - (in_chain_ - 1) * block_);
        const std::size_t others = saturating_product(static_cast<std::size_t>(in_chain_ - 1), size(block_));
        return saturating_sum(saturating_product(chains, saturating_sum(others, last)),
                              saturating_product(rest, size(block_)));
    }
    template <class Bytes>
    [[nodiscard]] constexpr std::size_t bytes(const Bytes& of) const noexcept {
        const index last = count() - 1;
        return saturating_sum(bytes_before(last, of), static_cast<std::size_t>(of(at(last).length)));
    }

private:
    index k_ = 0;
    index chain_ = 0;
    index block_ = 64;
    index in_chain_ = 1;
};

}  // namespace dyad::inline v1
