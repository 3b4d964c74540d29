// SPDX-License-Identifier: Apache-2.0
// Float matrix kernels of every instruction set against the plain ones: the same bits.
#include <doctest/doctest.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <dyad/kernels/avx2/matrix_bf16.hpp>
#include <dyad/kernels/avx2/matrix_f32.hpp>
#include <dyad/kernels/avx2/matrix_lmul.hpp>
#include <dyad/kernels/avx512/matrix_bf16.hpp>
#include <dyad/kernels/avx512/matrix_bf16_dot.hpp>
#include <dyad/kernels/avx512/matrix_f32.hpp>
#include <dyad/kernels/avx512/matrix_lmul.hpp>
#include <dyad/kernels/scalar/matrix.hpp>

#include "support/drive_kernel.hpp"
#include "support/tally.hpp"

#if defined(__x86_64__)

namespace {

using dyad::bfloat16;
using dyad::tile_start;
using std::ptrdiff_t;

enum class content : std::uint8_t { normal, wide, zeros, large, small, special, tiny, every_code };
constexpr content all_contents[] = {content::normal, content::wide,    content::zeros, content::large,
                                    content::small,  content::special, content::tiny,  content::every_code};
/// Products may be subnormal, or sums of them.
constexpr bool underflows(content c) { return c == content::tiny || c == content::every_code; }

std::uint32_t next_word() {
    static std::uint64_t state = 1;
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::uint32_t>(state >> 32U);
}
/// The code of a float of that kind: fractions are random, exponents uniform.
std::uint32_t next_code(content c) {
    const std::uint32_t word = next_word();
    const std::uint32_t chance = next_word() % 100;
    const std::uint32_t fraction = word & 0x807f'ffffU;
    const auto exponents = [&](std::uint32_t first, std::uint32_t last) {
        return fraction | (first + next_word() % (last - first + 1)) << 23U;
    };
    switch (c) {
        case content::normal: return exponents(120, 127);
        case content::wide: return exponents(85, 170);
        case content::zeros: return chance < 40 ? word & 0x8000'0000U : exponents(120, 127);
        case content::large: return exponents(150, 254);
        // From 2^-56 on, of 8 bits: sums are multiples of 2^-126, so none of them is subnormal.
        case content::small: return exponents(71, 74);
        case content::special:
            if (chance < 1) return fraction | 0x7f80'0000U;  // NaN
            if (chance < 3) return (word & 0x8000'0000U) | 0x7f80'0000U;
            return chance < 6 ? word & 0x8000'0000U : exponents(120, 127);
        case content::tiny: return chance < 30 ? fraction >> chance | (word & 0x8000'0000U) : exponents(1, 90);
        case content::every_code: return word;
    }
    return 0;
}
template <class T>
std::vector<T> carriers(ptrdiff_t count, content c) {
    std::vector<T> all(static_cast<std::size_t>(count));
    for (T& x : all) {
        if constexpr (sizeof(T) == 4) x = std::bit_cast<float>(next_code(c));
        else x = bfloat16::from_bits(static_cast<std::uint16_t>(next_code(c) >> 16U));
    }
    return all;
}

/// A product by one kernel, begun at `sums`, whose rows are `stride` apart.
template <class T>
struct product {
    using kernel_type = dyad::matrix_kernel<T, T, float>;
    dyad::lines_view<T> lhs;
    dyad::lines_view<T> rhs;
    ptrdiff_t m;
    ptrdiff_t n;
    ptrdiff_t k;
    ptrdiff_t stride;
    tile_start start = tile_start::zero;
    ptrdiff_t block = 1024;

    /// One block of k of one tile.
    void tile(const kernel_type& kernel, typename kernel_type::multiply_function multiply, ptrdiff_t i, ptrdiff_t j,
              ptrdiff_t k0, std::vector<float>& sums) const {
        const ptrdiff_t depth = k - k0 < block ? k - k0 : block;
        const ptrdiff_t rows = m - i < kernel.lhs_lines ? m - i : kernel.lhs_lines;
        const ptrdiff_t most = kernel.rhs_lines * kernel.rhs_panels;
        const ptrdiff_t columns = n - j < most ? n - j : most;
        dyad_test::panel_memory a(kernel.lhs_bytes(depth));
        kernel.pack_lhs({lhs.data + i * lhs.line_stride + k0 * lhs.k_stride, lhs.line_stride, lhs.k_stride}, rows,
                        depth, a.data());
        dyad_test::panel_memory b(kernel.rhs_bytes(depth) * kernel.rhs_panels);
        for (ptrdiff_t first = 0; first < columns; first += kernel.rhs_lines) {
            const ptrdiff_t lines = columns - first < kernel.rhs_lines ? columns - first : kernel.rhs_lines;
            const T* const from = rhs.data + (j + first) * rhs.line_stride + k0 * rhs.k_stride;
            kernel.pack_rhs({from, rhs.line_stride, rhs.k_stride}, lines, depth,
                            b.data() + first / kernel.rhs_lines * kernel.rhs_bytes(depth));
        }
        multiply(a.data(), b.data(), depth, rows, columns, sums.data() + i * stride + j, stride,
                 k0 == 0 ? start : tile_start::sums);
    }
    std::vector<float> by(const kernel_type& kernel, typename kernel_type::multiply_function multiply,
                          std::vector<float> sums) const {
        const ptrdiff_t columns = kernel.rhs_lines * kernel.rhs_panels;
        for (ptrdiff_t i = 0; i < m; i += kernel.lhs_lines) {
            for (ptrdiff_t j = 0; j < n; j += columns) {
                ptrdiff_t k0 = 0;
                do {
                    tile(kernel, multiply, i, j, k0, sums);
                    k0 += block;
                } while (k0 < k);
            }
        }
        return sums;
    }
};

template <class T>
class comparison {
public:
    using kernel_type = dyad::matrix_kernel<T, T, float>;
    comparison(const kernel_type& kernel, const kernel_type& plain)
        : kernel_(kernel), plain_(plain), tally_(kernel.name) {}

    /// All elements of both results, those between rows and below the last row too.
    void check(const product<T>& p, content c, const std::vector<float>& sums) {
        const std::vector<float> expected = p.by(plain_, plain_.multiply, sums);
        if (kernel_.multiply_gradual != nullptr) compare(p, c, expected, p.by(kernel_, kernel_.multiply_gradual, sums));
        if (kernel_.multiply_gradual == nullptr || !underflows(c))
            compare(p, c, expected, p.by(kernel_, kernel_.multiply, sums));
    }
    void compare(const product<T>& p, content c, const std::vector<float>& expected, const std::vector<float>& result) {
        for (std::size_t i = 0; i < expected.size(); ++i) {
            const auto right = std::bit_cast<std::uint32_t>(expected[i]);
            const auto there = std::bit_cast<std::uint32_t>(result[i]);
            tally_.check(right == there, "content ", static_cast<int>(c), ", m ", p.m, ", n ", p.n, ", k ", p.k,
                         ", element ", i, ": ", there, " instead of ", right);
        }
    }

private:
    const kernel_type& kernel_;
    const kernel_type& plain_;
    dyad_test::tally tally_;
};

std::vector<float> sums_of(ptrdiff_t count, content c) { return carriers<float>(count, c); }

/// Every content by every short k, whole tiles and others.
template <class T>
void check_contents(comparison<T>& compare, ptrdiff_t lines, ptrdiff_t columns) {
    for (const content c : all_contents) {
        for (ptrdiff_t k = 0; k <= 130; k += k == 70 ? 57 : 1) {
            const ptrdiff_t m = k % 3 == 0 ? lines + 1 : lines;
            const ptrdiff_t n = k % 3 == 1 ? columns + 5 : columns / (k % 4 + 1);
            const auto lhs = carriers<T>(m * k, c);
            const auto rhs = carriers<T>(n * k, c);
            const ptrdiff_t stride = n + k % 5;
            product<T> p{{lhs.data(), k, 1}, {rhs.data(), k, 1}, m, n, k, stride};
            p.start = k % 2 == 0 ? tile_start::zero : tile_start::sums;
            compare.check(p, c, sums_of((m + 1) * stride, k % 4 == 1 ? content::zeros : c));
        }
    }
}
/// Every number of rows and columns of a tile.
template <class T>
void check_extents(comparison<T>& compare, ptrdiff_t lines, ptrdiff_t columns) {
    const ptrdiff_t k = 21;
    const auto lhs = carriers<T>(lines * k, content::normal);
    const auto rhs = carriers<T>(columns * k, content::zeros);
    for (ptrdiff_t m = 1; m <= lines; ++m) {
        for (ptrdiff_t n = 1; n <= columns; ++n) {
            const ptrdiff_t stride = n + 17;
            product<T> p{{lhs.data(), k, 1}, {rhs.data(), 1, columns}, m, n, k, stride};
            p.start = (m + n) % 2 == 0 ? tile_start::zero : tile_start::sums;
            compare.check(p, content::zeros, sums_of((m + 1) * stride, content::normal));
        }
    }
}
/// Strides of both operands, backwards and 0 too, and several blocks of k.
template <class T>
void check_strides(comparison<T>& compare, ptrdiff_t lines, ptrdiff_t columns) {
    const ptrdiff_t m = lines + 2;
    const ptrdiff_t n = columns + 3;
    for (const ptrdiff_t k : {64, 130, 200}) {
        const content c = k == 64 ? content::wide : content::normal;
        const auto lhs = carriers<T>(3 * (m + 1) * (k + 1), c);
        const auto rhs = carriers<T>(3 * (n + 1) * (k + 1), c);
        const ptrdiff_t lhs_strides[][3] = {{0, k + 1, 1}, {0, 1, m}, {0, 2 * k, 2}, {m * k, -k, 1}, {0, 0, 1}};
        const ptrdiff_t rhs_strides[][3] = {{0, k + 1, 1}, {0, 1, n}, {0, 2, 2 * n}, {n * k, 1, -n}, {0, 1, 0}};
        for (std::size_t i = 0; i < 25; ++i) {
            const auto& l = lhs_strides[i % 5];
            const auto& r = rhs_strides[i / 5];
            product<T> p{{lhs.data() + l[0], l[1], l[2]}, {rhs.data() + r[0], r[1], r[2]}, m, n, k, n};
            p.block = 64;
            compare.check(p, c, sums_of(m * n, c));
        }
    }
}
template <class T>
void check_kernel(const dyad::matrix_kernel<T, T, float>& kernel, const dyad::matrix_kernel<T, T, float>& plain) {
    if (kernel.isa > dyad::best_instruction_set()) {
        MESSAGE("not run on this machine: " << std::string(kernel.name));
        return;
    }
    comparison<T> compare(kernel, plain);
    const ptrdiff_t columns = kernel.rhs_lines * kernel.rhs_panels;
    check_contents(compare, kernel.lhs_lines, columns);
    check_extents(compare, kernel.lhs_lines, columns);
    check_strides(compare, kernel.lhs_lines, columns);
}

template <int L>
void check_lmul() {
    check_kernel(dyad::avx2::lmul_adder_f32<L>, dyad::scalar::lmul_adder_f32<L>);
    check_kernel(dyad::avx512::lmul_adder_f32<L>, dyad::scalar::lmul_adder_f32<L>);
}

TEST_CASE("Kernels of float matrices give the bits of the plain one") {
    check_kernel(dyad::avx2::f32, dyad::scalar::f32);
    check_kernel(dyad::avx512::f32, dyad::scalar::f32);
}

TEST_CASE("Kernels of bfloat16 matrices give the bits of the plain one") {
    check_kernel(dyad::avx2::bf16, dyad::scalar::bf16);
    check_kernel(dyad::avx512::bf16, dyad::scalar::bf16);
    check_kernel(dyad::avx512::bf16_dot_kernel, dyad::scalar::bf16);
}

TEST_CASE("Kernels of L-Mul's additions give the bits of the plain one") {
    check_lmul<1>();
    check_lmul<2>();
    check_lmul<3>();
    check_lmul<4>();
}

}  // namespace

#endif
