// SPDX-License-Identifier: Apache-2.0
// Inputs, labels and what boards answered, as .npy files, and how answers compare.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <dyad/io/file.hpp>
#include <dyad/io/npy.hpp>

namespace keyword_spotting {

/// A file of bytes, one row after the other: Byte is std::int8_t or std::uint8_t, `columns` the elements of a row.
template <class Byte>
[[nodiscard]] std::vector<Byte> read_bytes(const std::string& file, std::size_t columns) {
    const dyad::io::npy_array array = dyad::io::read_npy(file);
    const std::string type = static_cast<Byte>(-1) < 0 ? "|i1" : "|u1";
    if (array.descr != type)
        throw dyad::io::io_error(file, "has elements of type '" + array.descr + "' and must have '" + type + "'");
    if (array.shape.empty() || array.shape[0] == 0 || array.size() != array.shape[0] * columns)
        throw dyad::io::io_error(file, "must have rows of " + std::to_string(columns) + " elements");
    std::vector<Byte> bytes;
    for (const double x : dyad::io::to_doubles(array)) bytes.push_back(static_cast<Byte>(x));
    return bytes;
}

inline constexpr std::size_t classes = 12;

/// The first of the largest of row i of answers.
template <class T>
[[nodiscard]] std::size_t top_class(const std::vector<T>& answers, std::size_t i) {
    const auto first = answers.begin() + static_cast<std::ptrdiff_t>(i * classes);
    return static_cast<std::size_t>(std::max_element(first, first + classes) - first);
}

struct comparison {
    std::size_t bytes = 0;  ///< in all
    std::size_t equal_bytes = 0;
    std::size_t rows = 0;
    std::size_t differing_rows = 0;
    std::size_t differing_classes = 0;
    int largest = 0;                 ///< difference of two codes
    std::size_t last_different = 0;  ///< the last row that differs
};
/// Two lists of answers of equal length.
[[nodiscard]] inline comparison compare(const std::vector<std::int8_t>& a, const std::vector<std::int8_t>& b) {
    comparison c;
    c.bytes = a.size();
    c.rows = a.size() / classes;
    for (std::size_t i = 0; i < c.rows; ++i) {
        std::size_t equal = 0;
        for (std::size_t j = i * classes; j < (i + 1) * classes; ++j) {
            equal += a[j] == b[j] ? 1U : 0U;
            c.largest = std::max(c.largest, std::abs(a[j] - b[j]));
        }
        c.equal_bytes += equal;
        if (equal != classes) {
            ++c.differing_rows;
            c.last_different = i;
        }
        c.differing_classes += top_class(a, i) == top_class(b, i) ? 0U : 1U;
    }
    return c;
}

/// How many answers have the class that their label says.
template <class T>
[[nodiscard]] std::size_t count_right(const std::vector<T>& answers, const std::vector<std::uint8_t>& labels) {
    std::size_t right = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) right += top_class(answers, i) == labels[i] ? 1U : 0U;
    return right;
}

}  // namespace keyword_spotting
