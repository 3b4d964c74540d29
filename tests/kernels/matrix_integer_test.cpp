// SPDX-License-Identifier: Apache-2.0
// The integer matrix kernels of every instruction set against plain sums of 64 bits: every part of a tile, steps and
// chains of k begun and ended, extremes, strides of every sign, and memory beside the sums.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include <dyad/kernels/scalar/matrix.hpp>
#if defined(__x86_64__)
#include <dyad/kernels/avx2/matrix_integer16.hpp>
#include <dyad/kernels/avx2/matrix_integer8.hpp>
#include <dyad/kernels/avx512/matrix_integer16.hpp>
#include <dyad/kernels/avx512/matrix_integer8.hpp>
#endif
#include "support/drive_kernel.hpp"
#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

namespace {

using dyad_test::drive_kernel;
using extent = std::ptrdiff_t;

/// Calls f(kernel) for every integer kernel this machine can run. s16_short gets operands of its own.
enum class operands { any, short_products };

template <class F>
void for_each_kernel(F f) {
    const auto all = [&f](const auto& s8s8, const auto& u8s8, const auto& s8u8, const auto& u8u8, const auto& s16_short,
                          const auto& s16_wide, const auto& s16s16_32) {
        f(s8s8, operands::any);
        f(u8s8, operands::any);
        f(s8u8, operands::any);
        f(u8u8, operands::any);
        f(s16_short, operands::short_products);
        f(s16_wide, operands::any);
        f(s16s16_32, operands::any);
    };
    for (const auto isa : dyad_test::instruction_sets()) {
        if (isa == dyad::instruction_set::scalar) {
            using namespace dyad::scalar;
            all(s8s8, u8s8, s8u8, u8u8, s16_short, s16_wide, s16s16_32);
        }
#if defined(__x86_64__)
        if (isa == dyad::instruction_set::avx2) {
            using namespace dyad::avx2;
            all(s8s8, u8s8, s8u8, u8u8, s16_short, s16_wide, s16s16_32);
        }
        if (isa == dyad::instruction_set::avx512) {
            using namespace dyad::avx512;
            all(s8s8, u8s8, s8u8, u8u8, s16_short, s16_wide, s16s16_32);
        }
#endif
    }
}

/// Lines of an operand in memory of their own: as wide as asked, with any strides.
template <class T>
class operand {
public:
    /// line_stride and k_stride may be 0 or negative.
    operand(extent lines, extent k, extent line_stride, extent k_stride) {
        const extent down = std::min<extent>(0, (lines - 1) * line_stride) + std::min<extent>(0, (k - 1) * k_stride);
        const extent up = std::max<extent>(0, (lines - 1) * line_stride) + std::max<extent>(0, (k - 1) * k_stride);
        memory_.resize(static_cast<std::size_t>(up - down + 1));
        view_ = {memory_.data() - down, line_stride, k_stride};
    }
    void fill(std::mt19937& random, int least, int most) {
        std::uniform_int_distribution<int> any(least, most);
        for (T& x : memory_) x = static_cast<T>(any(random));
    }
    [[nodiscard]] const dyad::lines_view<T>& view() const { return view_; }

private:
    std::vector<T> memory_;
    dyad::lines_view<T> view_;
};

template <class L, class R, class S>
std::vector<S> plain(dyad::lines_view<L> lhs, dyad::lines_view<R> rhs, extent m, extent n, extent k, extent stride,
                     S untouched) {
    std::vector<S> sums(static_cast<std::size_t>(m * stride), untouched);
    for (extent i = 0; i < m; ++i) {
        for (extent j = 0; j < n; ++j) {
            std::int64_t sum = 0;
            for (extent p = 0; p < k; ++p) {
                sum += std::int64_t{lhs.data[i * lhs.line_stride + p * lhs.k_stride]} *
                       rhs.data[j * rhs.line_stride + p * rhs.k_stride];
            }
            sums[static_cast<std::size_t>(i * stride + j)] = static_cast<S>(sum);
        }
    }
    return sums;
}

template <class T>
constexpr int least(operands kind) {
    return kind == operands::short_products ? -2896 : std::numeric_limits<T>::min();  // 2896^2 < 2^23 < 2897^2
}
template <class T>
constexpr int most(operands kind) {
    return kind == operands::short_products ? 2896 : std::numeric_limits<T>::max();
}

template <class L, class R, class S>
bool equal(const dyad::matrix_kernel<L, R, S>& kernel, const operand<L>& lhs, const operand<R>& rhs, extent m, extent n,
           extent k, extent block = 0) {
    constexpr S untouched = 0x5a5a5a5a;
    const extent stride = n + 3;
    return drive_kernel(kernel, lhs.view(), rhs.view(), m, n, k, block, stride, untouched) ==
           plain<L, R, S>(lhs.view(), rhs.view(), m, n, k, stride, untouched);
}

/// Panels of one tile, each between bytes that packing must leave alone and over bytes that must not matter.
template <class L, class R, class S>
class packed_tile {
public:
    packed_tile(const dyad::matrix_kernel<L, R, S>& kernel, const operand<L>& lhs, const operand<R>& rhs, extent k)
        : lhs_bytes_(kernel.lhs_bytes(k)),
          rhs_bytes_(kernel.rhs_bytes(k) * kernel.rhs_panels),
          lhs_(lhs_bytes_ + 64),
          rhs_(rhs_bytes_ + 64) {
        std::fill_n(lhs_.data(), lhs_bytes_ + 64, mark);
        std::fill_n(rhs_.data(), rhs_bytes_ + 64, mark);
        kernel.pack_lhs(lhs.view(), kernel.lhs_lines, k, lhs_.data());
        for (extent p = 0; p < kernel.rhs_panels; ++p) {
            const auto& all = rhs.view();
            const R* const first = all.data + p * kernel.rhs_lines * all.line_stride;
            kernel.pack_rhs({first, all.line_stride, all.k_stride}, kernel.rhs_lines, k,
                            rhs_.data() + p * kernel.rhs_bytes(k));
        }
    }
    [[nodiscard]] bool marks_stand() {
        const auto stands = [](std::byte x) { return x == mark; };
        return std::all_of(lhs_.data() + lhs_bytes_, lhs_.data() + lhs_bytes_ + 64, stands) &&
               std::all_of(rhs_.data() + rhs_bytes_, rhs_.data() + rhs_bytes_ + 64, stands);
    }
    [[nodiscard]] const void* lhs() { return lhs_.data(); }
    [[nodiscard]] const void* rhs() { return rhs_.data(); }

private:
    static constexpr std::byte mark{0xa5};
    extent lhs_bytes_;
    extent rhs_bytes_;
    dyad_test::panel_memory lhs_;
    dyad_test::panel_memory rhs_;
};

}  // namespace

TEST_CASE("every part of a tile is the plain sum") {
    for_each_kernel([]<class L, class R, class S>(const dyad::matrix_kernel<L, R, S>& kernel, operands kind) {
        std::mt19937 random(1);
        dyad_test::tally wrong(kernel.name);
        const extent most_columns = kernel.rhs_lines * kernel.rhs_panels;
        for (const extent k : {1, 7, 130}) {
            operand<L> lhs(kernel.lhs_lines, k, k, 1);
            operand<R> rhs(most_columns, k, k, 1);
            lhs.fill(random, least<L>(kind), most<L>(kind));
            rhs.fill(random, least<R>(kind), most<R>(kind));
            for (extent m = 1; m <= kernel.lhs_lines; ++m) {
                for (extent n = 1; n <= most_columns; ++n)
                    wrong.check(equal(kernel, lhs, rhs, m, n, k), m, " x ", n, ", k ", k);
            }
        }
    });
}

TEST_CASE("a tile may have fewer rows and columns than its panels, and panels keep to their bytes") {
    for_each_kernel([]<class L, class R, class S>(const dyad::matrix_kernel<L, R, S>& kernel, operands kind) {
        std::mt19937 random(2);
        dyad_test::tally wrong(kernel.name);
        const extent most_columns = kernel.rhs_lines * kernel.rhs_panels;
        const extent stride = most_columns + 5;
        constexpr S untouched = 77;
        for (const extent k : {0, 1, 2, 3, 5, 6, 31, 66, 300}) {
            operand<L> lhs(kernel.lhs_lines, k, 1, kernel.lhs_lines);
            operand<R> rhs(most_columns, k, k, 1);
            lhs.fill(random, least<L>(kind), most<L>(kind));
            rhs.fill(random, least<R>(kind), most<R>(kind));
            packed_tile<L, R, S> tile(kernel, lhs, rhs, k);
            wrong.check(tile.marks_stand(), "bytes beyond a panel, k ", k);
            for (extent m = 1; m <= kernel.lhs_lines; ++m) {
                for (const extent n :
                     {extent{1}, kernel.rhs_lines - 1, kernel.rhs_lines, kernel.rhs_lines + 1, most_columns}) {
                    if (n > most_columns) continue;
                    std::vector<S> sums(static_cast<std::size_t>(kernel.lhs_lines * stride), untouched);
                    auto expected = plain<L, R, S>(lhs.view(), rhs.view(), m, n, k, stride, untouched);
                    expected.resize(sums.size(), untouched);
                    kernel.multiply(tile.lhs(), tile.rhs(), k, m, n, sums.data(), stride, dyad::tile_start::zero);
                    wrong.check(sums == expected, m, " x ", n, ", k ", k);
                }
            }
        }
    });
}

TEST_CASE("every depth, in one block and in many") {
    for_each_kernel([]<class L, class R, class S>(const dyad::matrix_kernel<L, R, S>& kernel, operands kind) {
        std::mt19937 random(3);
        dyad_test::tally wrong(kernel.name);
        std::vector<extent> depths;
        for (const auto& [first, last] : {std::pair{0, 70}, {123, 131}, {250, 262}, {507, 515}, {1021, 1026}}) {
            for (extent k = first; k <= last; ++k) depths.push_back(k);
        }
        for (const extent k : depths) {
            const extent n = kernel.rhs_lines + 1;
            for (const extent m : {extent{1}, extent{2}, extent{3}, kernel.lhs_lines, kernel.lhs_lines + 5}) {
                operand<L> lhs(m, k, k, 1);
                operand<R> rhs(n, k, 1, n);
                lhs.fill(random, least<L>(kind), most<L>(kind));
                rhs.fill(random, least<R>(kind), most<R>(kind));
                wrong.check(equal(kernel, lhs, rhs, m, n, k), "k ", k, ", m ", m);
                for (const extent block : {64, 256}) {
                    if (block < k)
                        wrong.check(equal(kernel, lhs, rhs, m, n, k, block), "k ", k, ", block ", block, ", m ", m);
                }
            }
        }
    });
}

TEST_CASE("extremes in long chains") {
    for_each_kernel([]<class L, class R, class S>(const dyad::matrix_kernel<L, R, S>& kernel, operands kind) {
        std::mt19937 random(4);
        dyad_test::tally wrong(kernel.name);
        std::vector<std::pair<int, int>> pairs;
        for (const int x : {least<L>(kind), most<L>(kind)}) {
            for (const int y : {least<R>(kind), most<R>(kind)}) pairs.emplace_back(x, y);
        }
        // The longest products of s16_short, 2^23, by operands as far apart as they may be.
        if (kind == operands::short_products) {
            for (const int sign : {-1, 1}) {
                pairs.emplace_back(-32768, sign * 256);
                pairs.emplace_back(sign * 256, -32768);
            }
        }
        for (const auto& [x, y] : pairs) {
            for (const extent k : {254, 255, 256, 257, 512, 1030, 2077}) {
                for (const extent m : {extent{1}, extent{2}, extent{4}, kernel.lhs_lines}) {
                    const extent n = kernel.rhs_lines * kernel.rhs_panels;
                    operand<L> lhs(m, k, k, 1);
                    operand<R> rhs(n, k, k, 1);
                    lhs.fill(random, x, x);
                    rhs.fill(random, y, y);
                    wrong.check(equal(kernel, lhs, rhs, m, n, k), x, " * ", y, ", k ", k, ", m ", m);
                }
            }
        }
    });
}

TEST_CASE("strides of every kind") {
    for_each_kernel([]<class L, class R, class S>(const dyad::matrix_kernel<L, R, S>& kernel, operands kind) {
        std::mt19937 random(5);
        dyad_test::tally wrong(kernel.name);
        const extent k = 147;
        const extent m = 2 * kernel.lhs_lines + 3;
        const extent n = kernel.rhs_lines * kernel.rhs_panels + kernel.rhs_lines + 3;
        const auto layouts = [k](extent lines) {
            return std::vector<std::pair<extent, extent>>{
                {k, 1},       {k + 5, 1},     {-k, 1}, {1, lines},  {1, lines + 7},    {0, 1}, {1, 0}, {1, -lines},
                {-k - 1, -1}, {3 * k + 2, 3}, {0, 0},  {-1, lines}, {2, 2 * lines + 1}};
        };
        for (const auto& [lhs_line, lhs_k] : layouts(m)) {
            for (const auto& [rhs_line, rhs_k] : layouts(n)) {
                operand<L> lhs(m, k, lhs_line, lhs_k);
                operand<R> rhs(n, k, rhs_line, rhs_k);
                lhs.fill(random, least<L>(kind), most<L>(kind));
                rhs.fill(random, least<R>(kind), most<R>(kind));
                wrong.check(equal(kernel, lhs, rhs, m, n, k), "lhs ", lhs_line, ", ", lhs_k, "; rhs ", rhs_line, ", ",
                            rhs_k);
            }
        }
    });
}
