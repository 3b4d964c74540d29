// SPDX-License-Identifier: Apache-2.0
// What the functions of rows may be told: which instructions to use. Results never depend on it.
#pragma once

#include <dyad/kernels/cpu.hpp>

namespace dyad::inline v1 {

/// At most `cap`, and at most what the machine has.
struct row_options {
    instruction_set cap = instruction_set::avx512;

    [[nodiscard]] instruction_set chosen() const noexcept {
        const instruction_set best = best_instruction_set();
        return cap < best ? cap : best;
    }
};

}  // namespace dyad::inline v1
