// SPDX-License-Identifier: Apache-2.0
// Rows of codes and hashes of results, by the formulas that ibert_vectors.py and published_vectors.py have too.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <dyad/array/view.hpp>
#include <dyad/math/carried.hpp>

namespace dyad_test {

/// A bijection on 64 bits that spreads every bit (the finalizer of SplitMix64).
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/// Rows of `n` codes of `bits` bits: of falling spread, every eighth of them negative throughout.
[[nodiscard]] inline std::vector<std::vector<std::int32_t>> published_rows(std::uint64_t seed, int rows, int n,
                                                                           int bits) {
    std::vector<std::vector<std::int32_t>> all;
    for (int r = 0; r < rows; ++r) {
        std::vector<std::int32_t> row;
        for (int i = 0; i < n; ++i) {
            const std::uint64_t h = mixed(static_cast<std::uint64_t>(r * n + i) + (seed << 32));
            auto code = static_cast<std::int32_t>((h >> 33) % (std::uint64_t{1} << bits)) - (1 << (bits - 1));
            code >>= r % 4;
            row.push_back(r % 8 == 7 && code >= 0 ? ~code : code);
        }
        all.push_back(row);
    }
    return all;
}

/// Order matters, and every bit of every value.
class result_hash {
public:
    void take(std::int64_t x) { sum_ += mixed(static_cast<std::uint64_t>(x) * 0x9e3779b97f4a7c15u + count_++); }
    [[nodiscard]] std::uint64_t value() const { return sum_; }

private:
    std::uint64_t sum_ = 0;
    std::uint64_t count_ = 0;
};

/// Does code * scale / scale give the code back in float32? The published modules divide so.
[[nodiscard]] inline bool stays_whole(std::int64_t code, float scale) {
    const auto s = dyad::carried32::from_float(scale);
    return dyad::carried32::from(code) * s / s == dyad::carried32::from(code);
}
[[nodiscard]] inline bool stays_whole(const std::vector<std::int32_t>& row, float scale) {
    return std::all_of(row.begin(), row.end(), [&](std::int32_t x) { return stays_whole(x, scale); });
}

/// Codes as numbers of type T.
template <class T>
[[nodiscard]] std::vector<T> numbers(const std::vector<std::int32_t>& codes) {
    std::vector<T> row;
    for (const std::int32_t x : codes) row.push_back(T::saturating_from_raw(x));
    return row;
}
template <class T>
[[nodiscard]] dyad::vector_view<const T> view_of(const std::vector<T>& row) {
    return dyad::make_vector(row.data(), static_cast<dyad::index>(row.size()));
}
template <class T>
[[nodiscard]] dyad::vector_view<T> view_of(std::vector<T>& row) {
    return dyad::make_vector(row.data(), static_cast<dyad::index>(row.size()));
}

/// The bias of a published layer norm, by the function of offset, weight and channels under test.
template <class Bias>
[[nodiscard]] std::vector<std::int64_t> published_bias(std::uint64_t seed, int n, Bias bias_of) {
    std::vector<std::int64_t> bias;
    for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(n); ++i) {
        const std::uint64_t h = mixed(i + ((seed + 100) << 32));
        const float weight = static_cast<float>(h % 1000 + 1) / 512;
        bias.push_back(bias_of(static_cast<float>((h >> 32) % 1000) / 256 - 2, weight, n));
    }
    return bias;
}

}  // namespace dyad_test
