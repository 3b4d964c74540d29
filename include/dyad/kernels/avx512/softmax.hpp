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
#include <dyad/kernels/avx512/exact_quotients.hpp>
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
        : r_(r),
          error_(r * (std::bit_cast<float>(plan.relative_error) * static_cast<float>(n)) + 0x1p-20f),
          largest_(bytes{} + static_cast<std::uint8_t>(plan.out.largest)) {}

    /// Differences 64 z to 64 z + 63; `from` is where their floats are.
    [[gnu::target("avx512f,avx512bw,avx512dq"), gnu::always_inline]] bytes part(const std::uint32_t* from) noexcept {
        const floats p[4] = {product(from), product(from + 16), product(from + 32), product(from + 48)};
        const floats even = larger_magnitude(rest_of(p[0]), rest_of(p[1]));
        worst_ = larger_magnitude(worst_, larger_magnitude(even, larger_magnitude(rest_of(p[2]), rest_of(p[3]))));
        const bytes shares = packed(rounded(p[0]), rounded(p[1]), rounded(p[2]), rounded(p[3]));
        return shares < largest_ ? shares : largest_;
    }
    /// Is every entry of the parts right? At first by the error of the largest p, which is r.
    [[gnu::target("avx512f,avx512dq"), gnu::always_inline]] bool certain(const std::uint32_t* from,
                                                                         std::size_t parts) const noexcept {
        return !any_from(reinterpret_cast<words>(worst_), below_half - r_ * error_) || each_certain(from, parts, r_, error_);
    }

private:
    static constexpr float below_half = 0.5f - 0x1p-22f;

    [[gnu::target("avx512f"), gnu::always_inline]] floats product(const std::uint32_t* from) const noexcept {
        return reinterpret_cast<floats>(load(from)) * r_;
    }
    [[gnu::target("avx512f,avx512dq"), gnu::always_inline]] static floats larger_magnitude(floats x,
                                                                                           floats y) noexcept {
        floats z;
        __asm__("vrangeps $11, %2, %1, %0" : "=v"(z) : "v"(x), "v"(y));
        return z;
    }
    /// By the error of each p.
    [[gnu::target("avx512f,avx512dq"), gnu::noinline]] static bool each_certain(const std::uint32_t* from,
                                                                                std::size_t parts, float r, float error) noexcept {
        words worst{};
        for (std::size_t i = 0; i < 64 * parts; i += 16) {
            const floats p = reinterpret_cast<floats>(load(from + i)) * r;
            const floats off = reinterpret_cast<floats>(reinterpret_cast<words>(rest_of(p)) & 0x7fff'ffffU);
            worst = larger(worst, reinterpret_cast<words>(p * error + off));
        }
        return !any_from(worst, below_half);
    }
    /// Is one of 16 floats that are not negative at least `bound`? They are ordered as words, and a negative bound
    /// is below them all.
    [[gnu::target("avx512f"), gnu::always_inline]] static bool any_from(words x, float bound) noexcept {
        const words from = words{} + (bound > 0 ? std::bit_cast<std::uint32_t>(bound) : 0);
        std::uint16_t found;
        __asm__("vpcmpud $5, %2, %1, %0" : "=Yk"(found) : "v"(x), "v"(from));
        return found != 0;
    }

    float r_;
    float error_;
    bytes largest_;
    floats worst_{};
};

/// Results for all 256 differences, from the exact sum.
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl"), gnu::noinline]] inline void exact_shares(
    const softmax_bytes& plan, std::uint64_t sum, std::uint16_t (&shares)[256]) noexcept {
    const exact_quotients quotients(sum, plan.out);
    __builtin_memset(shares, 0, sizeof shares);
    for (std::size_t d = 0; d < 256 && !quotients.is_zero(plan.exact[d]); d += 8) {
        const auto codes =
            __builtin_convertvector(quotients(reinterpret_cast<longs>(load(plan.exact.data() + d))), eight_halves);
        __builtin_memcpy(shares + d, &codes, sizeof codes);
    }
}

/// `table(d, k)` for the differences of a row, zeros for what is not seen.
template <visibility Seen, class Table, class Place>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi"), gnu::always_inline]] inline void look_up_row(
    Place row, bytes largest, const Table& table) noexcept {
    std::size_t i = 0;
    if constexpr (Seen == visibility::all) {
        for (; row.n - i >= 64; i += 64) store_bytes(table(largest - load_bytes(row.x + i), ~byte_mask{0}), row.y + i);
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
        if constexpr (Parts == 2) return look_up_some(k & ~top_bits(d), d, part[0], part[1]);
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
    const softmax_bytes& plan, Place row, bytes largest, approximate_shares shares) noexcept {
    byte_shares<Parts> table;
    // (not a loop, which would go through memory)
    table.part[0] = shares.part(plan.floats.data());
    table.part[1] = shares.part(plan.floats.data() + 64);
    if constexpr (Parts > 2) table.part[2] = shares.part(plan.floats.data() + 128);
    if constexpr (Parts > 3) table.part[3] = shares.part(plan.floats.data() + 192);
    if (!shares.certain(plan.floats.data(), Parts)) return false;
    look_up_row<Seen>(row, largest, table);
    return true;
}

/// 16-bit results of a row: the lower and the upper bytes looked up, and interleaved.
template <visibility Seen, class Place>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi"), gnu::always_inline]] inline void look_up_halves(
    Place row, bytes largest, const byte_shares<4>& low, const byte_shares<4>& high) noexcept {
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
inline void clear_from(Place row, std::size_t first) noexcept {
    if (first < row.columns) __builtin_memset(row.y + first, 0, (row.columns - first) * sizeof(*row.y));
}

/// Steps 2 to 4 exactly.
template <visibility Seen, class Place>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi,avx512vl"), gnu::noinline]] void write_exact(
    const softmax_bytes& plan, Place row, std::uint8_t largest) noexcept {
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
    const softmax_bytes& plan, Place row, std::uint8_t largest, float r) noexcept {
    if (std::bit_cast<std::uint32_t>(r) == 0x7f80'0000) return clear_from(row, 0);  // none seen
    const approximate_shares shares(plan, r, row.n);
    const bytes all = bytes{} + largest;
    // Below 0.49 an exact share is below one half, and so are all that follow.
    const auto is_zero = [&plan, r](std::size_t d) { return std::bit_cast<float>(plan.floats[d]) * r < 0.49f; };
    bool written = false;
    if (is_zero(128)) written = write_approximate<Seen, 2>(plan, row, all, shares);
    else if (is_zero(192)) written = write_approximate<Seen, 3>(plan, row, all, shares);
    else written = write_approximate<Seen, 4>(plan, row, all, shares);
    if (!written) write_exact<Seen>(plan, row, largest);
}

/// Rows that go through the steps together, eight a group.
inline constexpr std::size_t softmax_groups = 2;

/// Up to 8 softmax_groups rows; those that are missing have n = 0.
template <visibility Seen, class In, class Out>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi,avx512vl"), gnu::noinline]] void softmax_batch(
    const softmax_bytes& plan, const softmax_place<In, Out> (&rows)[softmax_groups][8]) noexcept {
    alignas(64) std::uint8_t largest[softmax_groups][64];
    alignas(64) float shares[softmax_groups][16];
    bytes all[8];
    for (std::size_t g = 0; g < softmax_groups; ++g) {
        for (std::size_t r = 0; r < 8; ++r) all[r] = largest_codes<Seen>(rows[g][r]);
        largest_of_rows<In>(all, largest[g]);
    }
    constexpr bool approximate = sizeof(Out) == 1;
    for (std::size_t g = 0; approximate && g < softmax_groups; ++g) {
        for (std::size_t r = 0; r < 8; ++r)
            all[r] = reinterpret_cast<bytes>(approximate_sum<Seen>(plan, rows[g][r], bytes{} + largest[g][8 * r]));
        invert_sums(plan, all, shares[g]);
    }
    for (std::size_t i = 0; i < 8 * softmax_groups; ++i) {
        const auto row = rows[i / 8][i % 8];
        const std::uint8_t max = largest[i / 8][i % 8 * 8];
        if (row.n != 0) {
            if (approximate && row.n <= softmax_bytes::max_approximate)
                write_row<Seen>(plan, row, max, shares[i / 8][i % 8 * 2]);
            else write_exact<Seen>(plan, row, max);
        }
        clear_from(row, row.n);
    }
}

template <visibility Seen, class In, class Out>
void softmax_in_batches(const softmax_bytes& plan, const softmax_rows<In, Out>& rows) noexcept {
    constexpr std::size_t batch = 8 * softmax_groups;
    for (std::size_t first = 0; first < rows.rows; first += batch) {
        softmax_place<In, Out> places[softmax_groups][8]{};
        for (std::size_t i = 0; i < batch && first + i < rows.rows; ++i) {
            const auto at = static_cast<std::ptrdiff_t>(first + i);
            auto& place = places[i / 8][i % 8];
            place.x = rows.src + at * rows.src_row;
            place.mask = Seen == visibility::masked ? rows.mask + at * rows.mask_row : nullptr;
            place.y = rows.dst + at * rows.dst_row;
            place.n = rows.visible(first + i);
            place.columns = rows.columns;
        }
        softmax_batch<Seen>(plan, places);
    }
}

/// Rows of contiguous bytes, in the default floating-point environment.
template <class In, class Out>
void softmax_nearest(const softmax_bytes& plan, const softmax_rows<In, Out>& rows) noexcept {
    if (rows.mask != nullptr) softmax_in_batches<visibility::masked>(plan, rows);
    else softmax_in_batches<visibility::all>(plan, rows);
}

}  // namespace dyad::inline v1::avx512

#endif
