// SPDX-License-Identifier: Apache-2.0
// Epilogues: what becomes of an accumulator. Any callable out = e(sum, row, column) is one; these are the usual ones.
// linalg/epilogue_form.hpp says what else they may have.
#pragma once

#include <cstddef>

#include <dyad/array/view.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/linalg/epilogue_form.hpp>
#include <dyad/linalg/epilogue_requantize.hpp>
#include <dyad/linalg/epilogue_scale.hpp>

namespace dyad::inline v1 {

/// The sum itself, for tests and for callers who do the rest.
struct keep_sum {
    template <class Sum>
    [[nodiscard]] constexpr Sum operator()(Sum sum, index, index) const noexcept {
        return sum;
    }
    template <class Sum>
    void run(instruction_set, const Sum* sums, index, index, index count, Sum* dst) const noexcept {
        __builtin_memcpy(dst, sums, static_cast<std::size_t>(count) * sizeof(Sum));
    }
};

}  // namespace dyad::inline v1
