// SPDX-License-Identifier: Apache-2.0
// From sums to elements: what drivers beside product.hpp's need of epilogues.
#pragma once

#include <concepts>

#include <dyad/kernels/cpu.hpp>
#include <dyad/linalg/epilogue.hpp>
#include <dyad/linalg/epilogue_form.hpp>
#include <dyad/linalg/product.hpp>

namespace dyad::inline v1 {

/// An epilogue for a part of dst: its row 0 and column 0 are the whole's row and column.
template <class Epilogue>
struct moved_epilogue {
    const Epilogue& whole;
    index row;
    index column;

    template <class Sum>
    [[nodiscard]] constexpr auto operator()(Sum sum, index i, index j) const noexcept {
        return whole(sum, row + i, column + j);
    }
    template <class Sum, class D>
        requires row_epilogue<Epilogue, Sum, D>
    void run(instruction_set isa, const Sum* sums, index i, index j, index count, D* dst) const noexcept {
        whole.run(isa, sums, row + i, column + j, count, dst);
    }
    template <class Sum, class D>
        requires tile_epilogue<Epilogue, Sum, D>
    void run(instruction_set isa, const sum_tile<Sum, D>& tile, index i, index j) const noexcept {
        whole.run(isa, tile, row + i, column + j);
    }
};
template <class Epilogue>
[[nodiscard]] constexpr moved_epilogue<Epilogue> moved(const Epilogue& whole, index row, index column) noexcept {
    return {whole, row, column};
}
/// The sum itself has no place, and the driver knows it.
[[nodiscard]] constexpr keep_sum moved(const keep_sum&, index, index) noexcept { return {}; }

/// dst[c * stride] = epilogue(finish(totals[c]), row, column + c) for at most largest_tile_columns columns.
template <class Total, class Finish, class Epilogue, class D>
void emit_row(instruction_set isa, const Total* totals, const Finish& finish, const Epilogue& epilogue, index row,
              index column, index count, D* dst, index stride) noexcept {
    using sum_type = std::invoke_result_t<Finish, Total>;
    if (stride == 1) {
        if constexpr (std::same_as<Finish, as_summed>) {
            run_epilogue(epilogue, isa, sum_tile<sum_type, D>{totals, count, 1, count, dst, count}, row, column);
        } else {
            alignas(64) sum_type finished[largest_tile_columns];
            for (index c = 0; c < count; ++c) finished[c] = finish(totals[c]);
            run_epilogue(epilogue, isa, sum_tile<sum_type, D>{finished, count, 1, count, dst, count}, row, column);
        }
        return;
    }
    for (index c = 0; c < count; ++c) dst[c * stride] = epilogue(finish(totals[c]), row, column + c);
}

}  // namespace dyad::inline v1
