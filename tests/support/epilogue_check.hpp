// SPDX-License-Identifier: Apache-2.0
// The row and tile forms of an epilogue against its call, on every instruction set: every element the same bits, and
// nothing else written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include <dyad/array/view.hpp>
#include <dyad/linalg/epilogue_form.hpp>

#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

namespace dyad_test {

/// Numbers of columns (or rows) at a stride: 0, 1, 3 or -2.
template <class T>
struct strided {
    strided(dyad::index count, dyad::index step, const auto& make)
        : memory(static_cast<std::size_t>((step < 0 ? -step : step) * (count == 0 ? 0 : count - 1) + 1)),
          n(count),
          stride(step) {
        for (T& x : memory) x = make();
    }
    [[nodiscard]] dyad::vector_view<const T> view() const {
        return {memory.data() + (stride < 0 ? -stride * (n == 0 ? 0 : n - 1) : 0), {n}, {stride}};
    }
    std::vector<T> memory;
    dyad::index n;
    dyad::index stride;
};

/// Elements behind a row of dst.
inline constexpr dyad::index gap = 5;

/// Rows of `columns` sums as a tile, row by row, and by calls.
template <class Out, class Epilogue, class Sum>
void check_forms(tally& cases, const char* name, const Epilogue& e, const std::vector<Sum>& sums, dyad::index rows,
                 dyad::index columns, dyad::index row, dyad::index column) {
    using dyad::index;
    const index stride = columns + gap;
    const auto size = static_cast<std::size_t>(rows * stride + 1);
    const auto blank = [size] {
        std::vector<Out> out(size);
        std::memset(static_cast<void*>(out.data()), 0x25, size * sizeof(Out));
        return out;
    };
    std::vector<Out> expected = blank();
    dyad::run_each(e, dyad::sum_tile<Sum, Out>{sums.data(), columns, rows, columns, expected.data(), stride}, row,
                   column);
    const auto compare = [&](const std::vector<Out>& got, dyad::instruction_set isa, const char* form) {
        std::size_t at = 0;
        while (at < size && std::memcmp(&got[at], &expected[at], sizeof(Out)) == 0) ++at;
        std::uint64_t code = 0;
        std::uint64_t right = 0;
        if (at < size) std::memcpy(&code, &got[at], sizeof(Out));
        if (at < size) std::memcpy(&right, &expected[at], sizeof(Out));
        cases.check(at == size, name, " by ", form, ", ", dyad::to_string(isa), ", ", columns, " columns from ", column,
                    ", element ", at, ": ", code, " instead of ", right);
    };
    for (const auto isa : instruction_sets()) {
        if constexpr (dyad::tile_epilogue<Epilogue, Sum, Out>) {
            std::vector<Out> got = blank();
            e.run(isa, dyad::sum_tile<Sum, Out>{sums.data(), columns, rows, columns, got.data(), stride}, row, column);
            compare(got, isa, "tile");
        }
        if constexpr (dyad::row_epilogue<Epilogue, Sum, Out>) {
            std::vector<Out> got = blank();
            for (index i = 0; i < rows; ++i)
                e.run(isa, sums.data() + i * columns, row + i, column, columns, got.data() + i * stride);
            compare(got, isa, "rows");
        }
    }
}

}  // namespace dyad_test
