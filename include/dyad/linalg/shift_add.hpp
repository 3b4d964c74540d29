// SPDX-License-Identifier: Apache-2.0
// shift_add: products with binary-coded weights whose scales are powers of two, by shifts and additions only:
//   W = sum over i < bases of alpha_i b_i,  b_i in {-1, +1}^k,  alpha_i = (-1)^sign 2^e
//   y = sum over i, groups g of alpha_i[g] * (sum over the group's l of b_i[l] x[l]) = integer * 2^unit
// The inner sums come from tables: for every eight activations the 256 sums of +-x, made by one addition each, and one
// look-up for eight weights. All is exact in int64: unit is the least exponent e of all, a sum with exponent e is
// shifted by e - unit. Bound: |x| <= 128, so |y 2^-unit| <= bases * k * 128 * 2^spread, spread = greatest e - unit:
//   spread + 7 + bit_width(bases * k) <= 63 keeps all partial sums below 2^63 (else status::exponent_out_of_range).
// Source: You et al., "ShiftAddLLM: accelerating pretrained LLMs via post-training multiplication-less
// reparameterization", arXiv 2406.05981, section 4.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include <dyad/array/executor.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/number/fixed.hpp>

namespace dyad::inline v1 {

/// (-1)^negative 2^exponent.
struct signed_power {
    std::int8_t exponent;
    std::uint8_t negative;  ///< 0 or 1
};

/// n rows of k weights as `bases` binary codes. Bit l % 8 of byte l / 8 is 1 where b = +1, 0 where b = -1.
struct binary_coded_weights {
    index n = 0;
    index k = 0;
    index bases = 0;
    index group = 0;                       ///< weights of a row that share a power, a multiple of 8; 0: all k
    const std::uint8_t* codes = nullptr;   ///< code i of row j from (j * bases + i) * row_bytes() on
    const signed_power* powers = nullptr;  ///< of code i of row j and group g at (j * bases + i) * groups() + g

    [[nodiscard]] constexpr index row_bytes() const noexcept { return k / 8 + (k % 8 != 0 ? 1 : 0); }
    [[nodiscard]] constexpr index group_k() const noexcept { return group == 0 ? (k > 0 ? k : 1) : group; }
    [[nodiscard]] constexpr index groups() const noexcept { return k / group_k() + (k % group_k() != 0 ? 1 : 0); }
    [[nodiscard]] constexpr const std::uint8_t* code(index j, index i) const noexcept {
        return codes + (j * bases + i) * row_bytes();
    }
    [[nodiscard]] constexpr signed_power power(index j, index i, index g) const noexcept {
        return powers[(j * bases + i) * groups() + g];
    }
};

/// What the integers stand for: y = integer * 2^unit.
struct shift_add_range {
    int unit = 0;
    int spread = 0;
};

/// The exponents' range, and whether every sum fits.
[[nodiscard]] constexpr status check_powers(const binary_coded_weights& w, shift_add_range& range) noexcept {
    int least = 127;
    int greatest = -128;
    for (index p = 0; p < w.n * w.bases * w.groups(); ++p) {
        const int e = w.powers[p].exponent;
        least = e < least ? e : least;
        greatest = e > greatest ? e : greatest;
    }
    if (greatest < least) least = greatest = 0;
    range = {least, greatest - least};
    const auto terms = static_cast<std::uint64_t>(w.bases) * static_cast<std::uint64_t>(w.k);
    return range.spread + 7 + static_cast<int>(std::bit_width(terms)) <= 63 ? status::ok
                                                                            : status::exponent_out_of_range;
}

/// The definition: y[i][j] = sum of +-x 2^(e - unit), one weight after the other.
inline void shift_add_plain(matrix_view<const integer<8>> x, const binary_coded_weights& w, shift_add_range range,
                            matrix_view<std::int64_t> y) noexcept {
    for (index r = 0; r < y.extent[0]; ++r) {
        for (index j = 0; j < w.n; ++j) {
            std::int64_t sum = 0;
            for (index i = 0; i < w.bases; ++i) {
                for (index l = 0; l < w.k; ++l) {
                    const signed_power p = w.power(j, i, l / w.group_k());
                    const bool plus = (w.code(j, i)[l / 8] >> (l % 8) & 1) != 0;
                    const std::int64_t term =
                        std::int64_t{x(r, l).raw()} * (std::int64_t{1} << (p.exponent - range.unit));
                    sum += plus == (p.negative == 0) ? term : -term;
                }
            }
            y(r, j) = sum;
        }
    }
}

/// A checked product of m rows of int8 activations with binary-coded weights.
class shift_add_plan {
public:
    /// Reads the powers, not the codes: they decide whether the sums fit.
    static status make(index m, const binary_coded_weights& weights, shift_add_plan& plan) noexcept {
        if (m < 0 || weights.n < 0 || weights.k < 0 || weights.bases < 0 || weights.group < 0)
            return status::negative_extent;
        if (weights.group % 8 != 0) return status::tile_not_positive;
        index bits = 0;
        if (weights.k > std::numeric_limits<index>::max() / 1024 ||
            __builtin_mul_overflow(weights.n, weights.bases, &bits) ||
            __builtin_mul_overflow(bits, weights.k + 8, &bits))
            return status::k_exceeds_accumulator;
        const bool empty = weights.n == 0 || weights.k == 0 || weights.bases == 0;
        if (weights.codes == nullptr && !empty) return status::rhs_null;
        if (weights.powers == nullptr && !empty) return status::scales_null;
        shift_add_range range;
        if (!empty) {
            if (const status s = check_powers(weights, range); s != status::ok) return s;
        }
        plan.weights_ = weights;
        plan.range_ = range;
        plan.m_ = m;
        return status::ok;
    }
    [[nodiscard]] shift_add_range range() const noexcept { return range_; }
    /// Room for the tables of one row.
    [[nodiscard]] std::size_t workspace_bytes() const noexcept {
        return static_cast<std::size_t>(weights_.row_bytes()) * 256 * sizeof(std::int16_t) + 64;
    }

    /// y = x W^T in units of 2^range().unit; x is m x k, y is m x n. Any strides; y overlaps nothing else. Nothing is
    /// written unless the status is ok.
    template <executor Executor = serial>
    status run(matrix_view<const integer<8>> x, matrix_view<std::int64_t> y, std::span<std::byte> workspace,
               Executor&& execute = {}) const noexcept {
        if (const status s = check(x, y, workspace); s != status::ok) return s;
        const std::size_t skew = (0 - reinterpret_cast<std::uintptr_t>(workspace.data())) % 64;
        auto* const tables = reinterpret_cast<std::int16_t*>(workspace.data() + skew);
        for (index r = 0; r < m_; ++r) {
            fill_tables(row(x, r), tables);
            execute(weights_.n, [&](index j) { y(r, j) = look_up_row(j, tables); });
        }
        return status::ok;
    }

private:
    /// tables[256 b + bits] = sum over t < 8 of +-x[8 b + t], + where bit t is set; x is 0 behind the end. A
    /// table of 2^(t + 1) sums is one of 2^t sums, less x and plus x.
    void fill_tables(vector_view<const integer<8>> x, std::int16_t* tables) const noexcept {
        for (index b = 0; b < weights_.row_bytes(); ++b) {
            std::int16_t* const table = tables + 256 * b;
            table[0] = 0;
            for (index t = 0; t < 8; ++t) {
                const int value = 8 * b + t < weights_.k ? x(8 * b + t).raw() : 0;
                for (index bits = 0; bits < index{1} << t; ++bits) {
                    table[bits + (index{1} << t)] = static_cast<std::int16_t>(table[bits] + value);
                    table[bits] = static_cast<std::int16_t>(table[bits] - value);
                }
            }
        }
    }
    [[nodiscard]] std::int64_t look_up_row(index j, const std::int16_t* tables) const noexcept {
        std::int64_t sum = 0;
        const index bytes_of_group = (weights_.group_k() + 7) / 8;
        for (index i = 0; i < weights_.bases; ++i) {
            const std::uint8_t* code = weights_.code(j, i);
            for (index g = 0; g < weights_.groups(); ++g) {
                const index first = g * bytes_of_group;
                const index rest = weights_.row_bytes() - first;
                const index last = rest < bytes_of_group ? first + rest : first + bytes_of_group;
                std::int64_t inner = 0;
                for (index b = first; b < last; ++b) inner += tables[256 * b + code[b]];
                const signed_power p = weights_.power(j, i, g);
                const std::int64_t term = inner * (std::int64_t{1} << (p.exponent - range_.unit));
                sum += p.negative == 0 ? term : -term;
            }
        }
        return sum;
    }
    [[nodiscard]] byte_range memory_of_codes() const noexcept {
        return memory_of(std::span<const std::uint8_t>(
            weights_.codes, static_cast<std::size_t>(weights_.n * weights_.bases * weights_.row_bytes())));
    }
    [[nodiscard]] byte_range memory_of_powers() const noexcept {
        return memory_of(std::span<const signed_power>(
            weights_.powers, static_cast<std::size_t>(weights_.n * weights_.bases * weights_.groups())));
    }
    status check(matrix_view<const integer<8>> x, matrix_view<std::int64_t> y,
                 std::span<std::byte> workspace) const noexcept {
        if (x.extent[0] != m_) return status::lhs_rows_differ;
        if (x.extent[1] != weights_.k) return status::lhs_columns_differ;
        if (y.extent[0] != m_) return status::dst_rows_differ;
        if (y.extent[1] != weights_.n) return status::dst_columns_differ;
        if (x.data == nullptr && !x.is_empty()) return status::lhs_null;
        if (y.data == nullptr && !y.is_empty()) return status::dst_null;
        if (overlaps_itself(y)) return status::dst_overlaps_itself;
        const byte_range out = memory_of(y);
        if (overlap(out, memory_of(x))) return status::dst_overlaps_lhs;
        if (overlap(out, memory_of_codes())) return status::dst_overlaps_rhs;
        if (overlap(out, memory_of_powers())) return status::scales_overlap_operand;
        if (workspace.size() < workspace_bytes()) return status::workspace_too_small;
        const byte_range scratch = memory_of(workspace);
        const bool touched = overlap(scratch, out) || overlap(scratch, memory_of(x)) ||
                             overlap(scratch, memory_of_codes()) || overlap(scratch, memory_of_powers());
        return touched ? status::workspace_overlaps_operand : status::ok;
    }

    binary_coded_weights weights_;
    shift_add_range range_;
    index m_ = 0;
};

}  // namespace dyad::inline v1
