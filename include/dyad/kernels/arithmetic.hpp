// SPDX-License-Identifier: Apache-2.0
// Sums and products of float arrays by the best kernel of an instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/arithmetic.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/scalar/arithmetic.hpp>
#include <dyad/kernels/stream.hpp>

namespace dyad::inline v1 {

/// r[i] = x[i] op y[i] rounded to nearest even, for a multiple of kernel_block elements, all apart. True if a product
/// of numbers other than zero is below the smallest normal float.
template <float_operation Operation>
[[nodiscard]] bool operate_floats(instruction_set isa, const float* x, const float* y, float* r,
                                  std::size_t n) noexcept {
    const default_float_environment environment;
    auto* kernel = &scalar::operate_blocks<Operation>;
#if defined(__x86_64__)
    if (isa >= instruction_set::avx2) kernel = &avx2::operate_blocks<Operation>;
#endif
    static_cast<void>(isa);
    return kernel(x, y, r, n / kernel_block) != 0;
}

}  // namespace dyad::inline v1
