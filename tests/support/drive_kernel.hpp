// SPDX-License-Identifier: Apache-2.0
// A matrix kernel by itself: packs both operands block by block of k, multiplies, returns all sums.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

#include <dyad/kernels/matrix_kernel.hpp>

namespace dyad_test {

/// Bytes on a 64-byte border.
class panel_memory {
public:
    explicit panel_memory(std::ptrdiff_t bytes) : memory_(static_cast<std::size_t>(bytes) + 64) {}
    [[nodiscard]] std::byte* data() {
        const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
        return memory_.data() + (64 - address % 64) % 64;
    }

private:
    std::vector<std::byte> memory_;
};

/// m x k times k x n; lines of rhs are columns. Blocks of `block` k (all of k where it is 0), a multiple of 64.
/// Elements between the rows of the result stay `untouched`.
template <class L, class R, class S>
std::vector<S> drive_kernel(const dyad::matrix_kernel<L, R, S>& kernel, dyad::lines_view<L> lhs,
                            dyad::lines_view<R> rhs, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k,
                            std::ptrdiff_t block = 0, std::ptrdiff_t stride = 0, S untouched = {},
                            typename dyad::matrix_kernel<L, R, S>::multiply_function multiply = nullptr) {
    if (block == 0) block = k;
    if (stride == 0) stride = n;
    if (multiply == nullptr) multiply = kernel.multiply;
    std::vector<S> sums(static_cast<std::size_t>(m * stride), untouched);
    if (kernel.begin != nullptr) kernel.begin();
    std::ptrdiff_t k0 = 0;
    do {
        const std::ptrdiff_t kb = k - k0 < block ? k - k0 : block;
        for (std::ptrdiff_t i = 0; i < m; i += kernel.lhs_lines) {
            const std::ptrdiff_t rows = m - i < kernel.lhs_lines ? m - i : kernel.lhs_lines;
            panel_memory a(kernel.lhs_bytes(kb));
            kernel.pack_lhs({lhs.data + i * lhs.line_stride + k0 * lhs.k_stride, lhs.line_stride, lhs.k_stride}, rows,
                            kb, a.data());
            for (std::ptrdiff_t j = 0; j < n; j += kernel.rhs_lines * kernel.rhs_panels) {
                const std::ptrdiff_t most = kernel.rhs_lines * kernel.rhs_panels;
                const std::ptrdiff_t columns = n - j < most ? n - j : most;
                panel_memory b(kernel.rhs_bytes(kb) * kernel.rhs_panels);
                for (std::ptrdiff_t p = 0; p * kernel.rhs_lines < columns; ++p) {
                    const std::ptrdiff_t first = j + p * kernel.rhs_lines;
                    const std::ptrdiff_t lines = n - first < kernel.rhs_lines ? n - first : kernel.rhs_lines;
                    kernel.pack_rhs(
                        {rhs.data + first * rhs.line_stride + k0 * rhs.k_stride, rhs.line_stride, rhs.k_stride}, lines,
                        kb, b.data() + p * kernel.rhs_bytes(kb));
                }
                multiply(a.data(), b.data(), kb, rows, columns, sums.data() + i * stride + j, stride,
                         k0 == 0 ? dyad::tile_start::zero : dyad::tile_start::sums);
            }
        }
        k0 += block;
    } while (k0 < k);
    if (kernel.end != nullptr) kernel.end();
    return sums;
}

}  // namespace dyad_test
