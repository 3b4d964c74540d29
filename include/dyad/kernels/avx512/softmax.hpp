// SPDX-License-Identifier: Apache-2.0
// Softmax of rows of bytes with AVX-512. What depends on an element is a byte, so a row's results are a table:
//
//   1. the row's largest code;   2. the sum S of the exponentials, approximately (softmax_sum.hpp), and r = unit / S;
//   3. a table of E[d] r, of as many 64 entries as are not all 0, rounded, with a proof that each rounding is right;
//   4. each byte looked up.
//
// Eight rows go through 1 and 2 together, so that the dependent steps at their ends are shared. Where 3 finds an entry
// too near to a tie, or results have 16 bits, the sum is taken exactly and the entries made of doubles; an entry near a
// tie even of these is divided in integers. So every result is the exact quotient of integers, rounded to nearest even.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/byte_tables.hpp>
#include <dyad/kernels/avx512/magnitude.hpp>
#include <dyad/kernels/avx512/softmax_sum.hpp>
#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/softmax_plan.hpp>
#include <dyad/kernels/scalar/softmax_rows.hpp>

namespace dyad::inline v1::avx512 {

/// x to nearest even, whatever the caller's mode; and x less that, exactly.
[[gnu::target("avx512f"), gnu::always_inline]] inline words rounded(floats x) noexcept {
    words n;
    __asm__("vcvtps2dq %{rn-sae%}, %1, %0" : "=v"(n) : "v"(x));
    return n;
}
[[gnu::target("avx512f,avx512dq"), gnu::always_inline]] inline floats rest_of(floats x) noexcept {
    floats f;
    __asm__("vreduceps $0, %1, %0" : "=v"(f) : "v"(x));
    return f;
}
/// Four vectors of words as bytes, saturated, in the order of softmax_bytes::floats.
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline bytes packed(words a, words b, words c,
                                                                            words d) noexcept {
    words low;
    words high;
    bytes all;
    __asm__("vpackusdw %2, %1, %0" : "=v"(low) : "v"(a), "v"(b));
    __asm__("vpackusdw %2, %1, %0" : "=v"(high) : "v"(c), "v"(d));
    __asm__("vpackuswb %2, %1, %0" : "=v"(all) : "v"(low), "v"(high));
    return all;
}

/// Results for 64 differences each, from float products p = E[d] r.
///
/// r is within 10 2^-24 + e of its value, e = r n relative_error, the float of E[d] and the product within 2^-24: p is
/// within p (e + 12.1 2^-24) of the exact quotient. If no integer and a half is as near to p, p rounds to what the
/// quotient does. (2^-22 less than a half takes in the roundings of the test itself, and 16 2^-24 the products of the
/// small terms, with e below 2^-6.)
class approximate_shares {
public:
    [[gnu::target("avx512f"), gnu::always_inline]] approximate_shares(const softmax_bytes& plan, float r,
                                                                      std::size_t n) noexcept
        : r_(floats{} + r),
          error_(r_ * (reinterpret_cast<floats>(words{} + plan.relative_error) * static_cast<float>(n)) + 0x1p-20f),
          largest_(bytes{} + static_cast<std::uint8_t>(plan.out.largest)) {}

    /// Differences 64 z to 64 z + 63; `from` is where their floats are.
    [[gnu::target("avx512f,avx512bw,avx512dq"), gnu::always_inline]] bytes part(const std::uint32_t* from) noexcept {
        const bytes shares = packed(four(from), four(from + 16), four(from + 32), four(from + 48));
        return shares < largest_ ? shares : largest_;
    }
    /// Is every entry of the parts right?
    [[gnu::target("avx512f"), gnu::always_inline]] bool certain() const noexcept {
        const words half = words{} + 0x3eff'fff8U;
        std::uint16_t near;
        __asm__("vpcmpud $5, %2, %1, %0" : "=Yk"(near) : "v"(worst_), "v"(half));
        return near == 0;
    }

private:
    [[gnu::target("avx512f,avx512dq"), gnu::always_inline]] words four(const std::uint32_t* from) noexcept {
        const floats p = reinterpret_cast<floats>(load(from)) * r_;
        const floats off = reinterpret_cast<floats>(reinterpret_cast<words>(rest_of(p)) & 0x7fff'ffffU);
        worst_ = larger(worst_, reinterpret_cast<words>(p * error_ + off));  // positive floats are ordered as words
        return rounded(p);
    }

    floats r_;
    floats error_;
    bytes largest_;
    words worst_{};
};

/// Results for all 256 differences, from the exact sum.
///
/// p = E[d] (unit / S) in doubles has three roundings of 2^-53, with p <= 2^16 an error below 2^-35: where p is that
/// near to an integer and a half, the quotient is taken in integers.
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl"), gnu::noinline]] inline void exact_shares(
    const softmax_bytes& plan, std::uint64_t sum, std::uint16_t (&shares)[256]) noexcept {
    using eight_halves [[gnu::vector_size(16)]] = std::uint16_t;
    const double inverse = static_cast<double>(plan.out.unit) / static_cast<double>(sum);
    constexpr double near = 0.5 - 0x1p-35;
    const longs largest = longs{} + plan.out.largest;
    __builtin_memset(shares, 0, sizeof shares);
    for (std::size_t d = 0; d < 256 && static_cast<double>(plan.exact[d]) * inverse > 0.49; d += 8) {
        const longs e = reinterpret_cast<longs>(load(plan.exact.data() + d));
        const doubles p = __builtin_convertvector(e, doubles) * inverse;
        longs n;
        doubles rest;
        std::uint8_t uncertain;
        __asm__("vcvtpd2uqq %{rn-sae%}, %1, %0" : "=v"(n) : "v"(p));
        __asm__("vreducepd $0, %1, %0" : "=v"(rest) : "v"(p));
        rest = reinterpret_cast<doubles>(reinterpret_cast<longs>(rest) & (~std::uint64_t{0} >> 1));
        __asm__("vcmppd $13, %2, %1, %0" : "=Yk"(uncertain) : "v"(rest), "v"(doubles{} + near));
        n = n < largest ? n : largest;
        const eight_halves codes = __builtin_convertvector(n, eight_halves);
        __builtin_memcpy(shares + d, &codes, sizeof codes);
        for (std::uint32_t left = uncertain; left != 0; left &= left - 1) {
            const std::size_t at = d + static_cast<std::size_t>(__builtin_ctz(left));
            shares[at] = static_cast<std::uint16_t>(softmax_share(plan.exact[at], sum, plan.out));
        }
    }
}

/// `table(d, k)` for the differences of a row, zeros for what is not seen.
template <visibility Seen, class Table, class Place>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi"), gnu::always_inline]] inline void look_up_row(
    const Place& row, bytes largest, const Table& table) noexcept {
    std::size_t i = 0;
    if constexpr (Seen == visibility::all) {
        for (; row.n - i >= 64; i += 64)
            store_bytes(table(largest - load_bytes(row.x + i), ~byte_mask{0}), row.y + i);
    }
    for (; i < row.n; i += 64) {
        const byte_mask k = seen_bytes<Seen>(row, i);
        store_some(table(largest - load_some(row.x + i, k), k), first_bytes(row.n - i), row.y + i);
    }
}

/// The first Parts of four parts of a table of 256 bytes; the others are 0.
template <std::size_t Parts>
struct byte_shares {
    bytes part[Parts];

    [[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi"), gnu::always_inline]] bytes operator()(
        bytes d, byte_mask k) const noexcept {
        if constexpr (Parts == 1) return look_up_some(k & ~set_bytes(d & std::uint8_t{0xc0}), d, part[0]);
        else if constexpr (Parts == 2) return look_up_some(k & ~top_bits(d), d, part[0], part[1]);
        else {
            const byte_mask upper = top_bits(d);
            const bytes high = Parts == 3 ? look_up_some(k & upper, d, part[2], bytes{})
                                          : look_up_some(k & upper, d, part[2], part[Parts - 1]);
            return high | look_up_some(k & ~upper, d, part[0], part[1]);
        }
    }
};

/// Steps 3 and 4 with floats; writes nothing, and returns false, where a rounding is not certain.
template <visibility Seen, std::size_t Parts, class Place>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi"), gnu::always_inline]] inline bool write_approximate(
    const softmax_bytes& plan, const Place& row, bytes largest, approximate_shares shares) noexcept {
    byte_shares<Parts> table;
    for (std::size_t z = 0; z < Parts; ++z) table.part[z] = shares.part(plan.floats.data() + 64 * z);
    if (!shares.certain()) return false;
    look_up_row<Seen>(row, largest, table);
    return true;
}

/// 16-bit results of a row: the lower and the upper bytes looked up, and interleaved.
template <visibility Seen, class Place>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi"), gnu::always_inline]] inline void look_up_halves(
    const Place& row, bytes largest, const byte_shares<4>& low, const byte_shares<4>& high) noexcept {
    for (std::size_t i = 0; i < row.n; i += 64) {
        const std::size_t left = row.n - i < 64 ? row.n - i : 64;
        const byte_mask k = seen_bytes<Seen>(row, i);
        // Interleaving takes the lower, or the upper, 8 bytes of each 16: elements 0-7, 32-39, 8-15, ... in this order.
        bytes d = largest - load_some(row.x + i, k);
        d = lanes_of<0, 4, 1, 5, 2, 6, 3, 7>(d, d);
        const longs seen = reinterpret_cast<longs>(only(k, ~bytes{}));
        const byte_mask placed = set_bytes(lanes_of<0, 4, 1, 5, 2, 6, 3, 7>(reinterpret_cast<bytes>(seen), d));
        const bytes x = low(d, placed);
        const bytes y = high(d, placed);
        bytes out[2];
        __asm__("vpunpcklbw %2, %1, %0" : "=v"(out[0]) : "v"(x), "v"(y));
        __asm__("vpunpckhbw %2, %1, %0" : "=v"(out[1]) : "v"(x), "v"(y));
        store_some(out[0], first_bytes(2 * left), row.y + i);
        if (left > 32) store_some(out[1], first_bytes(2 * left - 64), row.y + i + 32);
    }
}

/// Zeros from element `first` of a row on.
template <class Place>
inline void clear_from(const Place& row, std::size_t first) noexcept {
    if (first < row.columns) __builtin_memset(row.y + first, 0, (row.columns - first) * sizeof(*row.y));
}

/// Steps 2 to 4 exactly.
template <visibility Seen, class Place>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi,avx512vl"), gnu::noinline]] void write_exact(
    const softmax_bytes& plan, const Place& row, std::uint8_t largest) noexcept {
    const std::uint64_t sum = exact_sum<Seen>(plan, row, largest);
    if (sum == 0) return clear_from(row, 0);
    std::uint16_t shares[256];
    exact_shares(plan, sum, shares);
    byte_shares<4> low;
    byte_shares<4> high;
    alignas(64) std::uint8_t codes[2][256];
    for (std::size_t d = 0; d < 256; ++d) {
        codes[0][d] = static_cast<std::uint8_t>(shares[d]);
        codes[1][d] = static_cast<std::uint8_t>(shares[d] >> 8);
    }
    for (std::size_t z = 0; z < 4; ++z) {
        low.part[z] = load_bytes(codes[0] + 64 * z);
        high.part[z] = load_bytes(codes[1] + 64 * z);
    }
    const bytes all = bytes{} + largest;
    if constexpr (sizeof(*row.y) == 1) look_up_row<Seen>(row, all, low);
    else look_up_halves<Seen>(row, all, low, high);
}

/// A row's steps 3 and 4, r = unit / S by floats.
template <visibility Seen, class Place>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi,avx512vl"), gnu::always_inline]] inline void write_row(
    const softmax_bytes& plan, const Place& row, std::uint8_t largest, float r) noexcept {
    if (std::bit_cast<std::uint32_t>(r) == 0x7f80'0000) return clear_from(row, 0);  // none seen
    const approximate_shares shares(plan, r, row.n);
    const bytes all = bytes{} + largest;
    // Below 0.49 an exact share is below one half, and so are all that follow.
    const auto is_zero = [&plan, r](std::size_t d) { return std::bit_cast<float>(plan.floats[d]) * r < 0.49f; };
    bool written = false;
    if (is_zero(64)) written = write_approximate<Seen, 1>(plan, row, all, shares);
    else if (is_zero(128)) written = write_approximate<Seen, 2>(plan, row, all, shares);
    else if (is_zero(192)) written = write_approximate<Seen, 3>(plan, row, all, shares);
    else written = write_approximate<Seen, 4>(plan, row, all, shares);
    if (!written) write_exact<Seen>(plan, row, largest);
}

/// Up to eight rows; those that are missing have n = 0.
template <visibility Seen, class In, class Out>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi,avx512vl"), gnu::noinline]] void softmax_eight(
    const softmax_bytes& plan, const softmax_place<In, Out> (&rows)[8]) noexcept {
    alignas(64) std::uint8_t largest[64];
    alignas(64) float shares[16];
    bytes all[8];
    for (std::size_t r = 0; r < 8; ++r) all[r] = largest_codes<Seen>(rows[r]);
    largest_of_rows<In>(all, largest);
    constexpr bool approximate = sizeof(Out) == 1;
    if constexpr (approximate) {
        for (std::size_t r = 0; r < 8; ++r)
            all[r] = reinterpret_cast<bytes>(approximate_sum<Seen>(plan, rows[r], bytes{} + largest[8 * r]));
        invert_sums(plan, all, shares);
    }
    for (std::size_t r = 0; r < 8; ++r) {
        const auto& row = rows[r];
        if (row.n != 0) {
            if (approximate && row.n <= softmax_bytes::max_approximate)
                write_row<Seen>(plan, row, largest[8 * r], shares[2 * r]);
            else write_exact<Seen>(plan, row, largest[8 * r]);
        }
        clear_from(row, row.n);
    }
}

template <visibility Seen, class In, class Out>
void softmax_by_eights(const softmax_bytes& plan, const softmax_rows<In, Out>& rows) noexcept {
    for (std::size_t first = 0; first < rows.rows; first += 8) {
        softmax_place<In, Out> places[8]{};
        for (std::size_t r = 0; r < 8 && first + r < rows.rows; ++r) {
            const auto at = static_cast<std::ptrdiff_t>(first + r);
            places[r].x = rows.src + at * rows.src_row;
            places[r].mask = Seen == visibility::masked ? rows.mask + at * rows.mask_row : nullptr;
            places[r].y = rows.dst + at * rows.dst_row;
            places[r].n = rows.visible(first + r);
            places[r].columns = rows.columns;
        }
        softmax_eight<Seen>(plan, places);
    }
}

/// Rows of contiguous bytes, in the default floating-point environment.
template <class In, class Out>
void softmax_nearest(const softmax_bytes& plan, const softmax_rows<In, Out>& rows) noexcept {
    if (rows.mask != nullptr) softmax_by_eights<visibility::masked>(plan, rows);
    else softmax_by_eights<visibility::all>(plan, rows);
}

}  // namespace dyad::inline v1::avx512

#endif
