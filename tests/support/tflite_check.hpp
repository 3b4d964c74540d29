// SPDX-License-Identifier: Apache-2.0
// The inputs and hashes of tflite_hashes.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <dyad/array/view.hpp>

#include "support/tflite_hashes.hpp"

namespace dyad_test {

/// The finalizer of SplitMix64.
[[nodiscard]] inline std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9u;
    x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EBu;
    return x ^ (x >> 31);
}

/// Rows and columns of codes, and the row-major view of them.
template <class T>
struct code_matrix {
    dyad::index rows;
    dyad::index columns;
    std::vector<T> codes = std::vector<T>(static_cast<std::size_t>(rows * columns));

    [[nodiscard]] dyad::matrix_view<T> view() { return dyad::make_matrix(codes.data(), rows, columns); }
    [[nodiscard]] dyad::matrix_view<const T> view() const { return dyad::make_matrix(codes.data(), rows, columns); }
};

/// The same numbers as the script's: hashed ones, or all codes in order.
template <class T>
[[nodiscard]] code_matrix<T> tflite_inputs(dyad::index rows, dyad::index columns) {
    code_matrix<T> x{rows, columns};
    const bool all = rows == 1 && columns == dyad::index{1} << T::width;
    for (std::size_t k = 0; k < x.codes.size(); ++k) {
        const std::uint64_t pattern =
            all ? k + static_cast<std::uint64_t>(T::min_raw) : mixed(k + (std::uint64_t{1} << 32));
        x.codes[k] = T::from_bits(static_cast<typename T::bits_type>(pattern));
    }
    return x;
}

template <class T>
[[nodiscard]] std::uint64_t tflite_hash(const std::vector<T>& codes) {
    std::uint64_t hash = 0;
    for (std::size_t k = 0; k < codes.size(); ++k) hash += mixed(codes[k].bits() + k * 0x9E37'79B9'7F4A'7C15u);
    return hash;
}

/// Is the row about this operator and these types, and does the runtime give its hash?
[[nodiscard]] inline bool is_row(const reference::tflite_row& row, const std::string& op, const std::string& source,
                                 const std::string& target) {
    return row.op == op && row.source == source && row.target == target;
}
[[nodiscard]] inline bool is_of(const reference::tflite_row& row, const std::string& runtime) {
    return std::string(row.runtime).find(runtime) != std::string::npos;
}

using shape = std::pair<dyad::index, dyad::index>;
inline const std::vector<shape> short_rows{{512, 2}, {64, 16}, {8, 197}};
inline const std::vector<shape> all_rows{{512, 2}, {64, 16}, {8, 197}, {4, 1024}};

}  // namespace dyad_test
