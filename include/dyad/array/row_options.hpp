// SPDX-License-Identifier: Apache-2.0
// What every operation on rows may be told beside its operands.
#pragma once

#include <dyad/kernels/cpu.hpp>

namespace dyad::inline v1 {

struct row_options {
    instruction_set cap = instruction_set::avx512;
};

}  // namespace dyad::inline v1
