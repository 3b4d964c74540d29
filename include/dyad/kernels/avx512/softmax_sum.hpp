// SPDX-License-Identifier: Apache-2.0
// The largest code and the sum of exponentials of a row of bytes with AVX-512: exactly, and fast with a known error.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <dyad/kernels/avx512/byte_tables.hpp>
#include <dyad/kernels/avx512/scale.hpp>
#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/softmax_plan.hpp>

namespace dyad::inline v1::avx512 {

/// Are all elements of a row seen, or those whose byte of the mask is not 0?
enum class visibility : std::uint8_t { all, masked };

/// A row, its elements side by side: n are looked at, those behind them, up to `columns`, get 0.
template <class In, class Out>
struct softmax_place {
    const In* x = nullptr;
    const std::uint8_t* mask = nullptr;
    Out* y = nullptr;
    std::size_t n = 0;
    std::size_t columns = 0;
};

/// Which of the 64 bytes from i on are seen.
template <visibility Seen, class Place>
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline byte_mask seen_bytes(Place row,
                                                                                    std::size_t i) noexcept {
    const byte_mask k = first_bytes(row.n - i);
    if constexpr (Seen == visibility::masked) return set_bytes(load_some(row.mask + i, k));
    else return k;
}

/// The larger of codes, for joined_lanes.
template <class In>
struct larger_codes {
    using codes [[gnu::vector_size(64)]] = In;
    [[gnu::target("avx512f,avx512bw"), gnu::always_inline]] static bytes of(bytes x, bytes y) noexcept {
        const auto a = reinterpret_cast<codes>(x);
        const auto b = reinterpret_cast<codes>(y);
        return reinterpret_cast<bytes>(a > b ? a : b);
    }
};
/// Sums of floats.
struct added_floats {
    [[gnu::target("avx512f,avx512bw"), gnu::always_inline]] static bytes of(bytes x, bytes y) noexcept {
        return reinterpret_cast<bytes>(reinterpret_cast<floats>(x) + reinterpret_cast<floats>(y));
    }
};

/// Byte l: the largest code among those of the row that a walk in steps of 64 brings there.
template <visibility Seen, class Place>
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline bytes largest_codes(Place row) noexcept {
    using In = std::remove_const_t<std::remove_pointer_t<decltype(row.x)>>;
    const bytes lowest = bytes{} + static_cast<std::uint8_t>(std::numeric_limits<In>::min());
    bytes even = lowest;
    bytes odd = lowest;
    std::size_t i = 0;
    if constexpr (Seen == visibility::all) {
        for (; row.n - i >= 128; i += 128) {
            even = larger_codes<In>::of(even, load_bytes(row.x + i));
            odd = larger_codes<In>::of(odd, load_bytes(row.x + i + 64));
        }
    }
    for (; i < row.n; i += 64) {
        odd = larger_codes<In>::of(odd, even);
        even = load_some(row.x + i, seen_bytes<Seen>(row, i), lowest);
    }
    return larger_codes<In>::of(even, odd);
}

/// x of lanes of 64 bits, chosen from two vectors.
template <int... Lanes>
[[gnu::target("avx512f"), gnu::always_inline]] inline bytes lanes_of(bytes x, bytes y) noexcept {
    return reinterpret_cast<bytes>(
        __builtin_shufflevector(reinterpret_cast<longs>(x), reinterpret_cast<longs>(y), Lanes...));
}
/// Eight vectors to one whose lane r of 64 bits is joined from the eight lanes of vector r.
template <class Join>
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline bytes joined_lanes(const bytes (&v)[8]) noexcept {
    bytes half[4];
    for (int i = 0; i < 4; ++i)
        half[i] = Join::of(lanes_of<0, 1, 2, 3, 8, 9, 10, 11>(v[2 * i], v[2 * i + 1]),
                           lanes_of<4, 5, 6, 7, 12, 13, 14, 15>(v[2 * i], v[2 * i + 1]));
    bytes quarter[2];
    for (int i = 0; i < 2; ++i)
        quarter[i] = Join::of(lanes_of<0, 1, 4, 5, 8, 9, 12, 13>(half[2 * i], half[2 * i + 1]),
                              lanes_of<2, 3, 6, 7, 10, 11, 14, 15>(half[2 * i], half[2 * i + 1]));
    return Join::of(lanes_of<0, 2, 4, 6, 8, 10, 12, 14>(quarter[0], quarter[1]),
                    lanes_of<1, 3, 5, 7, 9, 11, 13, 15>(quarter[0], quarter[1]));
}

/// largest[8 r]: the largest byte of vector r.
template <class In>
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline void largest_of_rows(const bytes (&v)[8],
                                                                                    std::uint8_t* largest) noexcept {
    bytes all = joined_lanes<larger_codes<In>>(v);
    for (const int by : {32, 16, 8})
        all = larger_codes<In>::of(all, reinterpret_cast<bytes>(reinterpret_cast<longs>(all) >> by));
    store_bytes(all, largest);
}

/// The terms of softmax_bytes' approximate products, in 16 sums. Each lane holds fewer than 2^13 products of magnitude
/// below 2^17 for rows of up to softmax_bytes::max_approximate elements.
struct approximate_sums {
    bytes low[3];
    bytes high[3];
    signed_words sum[6] = {};

    [[gnu::target("avx512f"), gnu::always_inline]] explicit approximate_sums(const softmax_bytes& plan) noexcept {
        for (std::size_t k = 0; k < 3; ++k) {
            low[k] = load_bytes(plan.low[k].data());
            high[k] = load_bytes(plan.high[k].data());
        }
    }
    /// d, the differences to the row's largest code, those of the mask.
    [[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] void add(bytes d, byte_mask k) noexcept {
        const bytes fours = reinterpret_cast<bytes>(reinterpret_cast<halves>(d) >> 2);
        const bytes low0 = look_up_some(k, d, low[0]);
        const bytes low1 = look_up_some(k, d, low[1]);
        const bytes low2 = look_up_some(k, d, low[2]);
        const bytes high0 = look_up(fours, high[0]);
        const bytes high1 = look_up(fours, high[1]);
        sum[0] = add_products(sum[0], low0, high0);
        sum[1] = add_products(sum[1], low1, high0);
        sum[2] = add_products(sum[2], low0, high1);
        sum[3] = add_products(sum[3], low2, high0);
        sum[4] = add_products(sum[4], low1, high1);
        sum[5] = add_products(sum[5], low0, look_up(fours, high[2]));
    }
    /// In units of the last products. For k elements in a lane the integers are below 2^17 k: as floats, and added, the
    /// two lower sums are off by less than 3 k of these units, of which 2^31 make 1; the upper one by 2^-24 of itself,
    /// which is at most the result and 1.01 k units more, and the result by 2^-24.
    [[gnu::target("avx512f"), gnu::always_inline]] floats total() const noexcept {
        const floats upper = __builtin_convertvector(sum[0], floats);
        const floats middle = __builtin_convertvector(sum[1] + sum[2], floats);
        const floats lower = __builtin_convertvector(sum[3] + sum[4] + sum[5], floats);
        return upper * 65536.0f + (middle * 256.0f + lower);
    }
};

template <visibility Seen, class Place>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline floats approximate_sum(
    const softmax_bytes& plan, Place row, bytes largest) noexcept {
    approximate_sums sums(plan);
    std::size_t i = 0;
    if constexpr (Seen == visibility::all) {
        for (; row.n - i >= 64; i += 64) sums.add(largest - load_bytes(row.x + i), ~byte_mask{0});
    }
    for (; i < row.n; i += 64) {
        const byte_mask k = seen_bytes<Seen>(row, i);
        sums.add(largest - load_some(row.x + i, k), k);
    }
    return sums.total();
}

/// shares[2 r]: unit over the sum of vector r, which are eight rows' approximate sums. Four additions and a division
/// here, three roundings before: with that of sum_factor the result is within 10 2^-24 of its value.
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline void invert_sums(const softmax_bytes& plan,
                                                                                const bytes (&sums)[8],
                                                                                float* shares) noexcept {
    const longs pairs = reinterpret_cast<longs>(joined_lanes<added_floats>(sums));
    const longs swapped = (pairs << 32) | (pairs >> 32);
    const floats all = reinterpret_cast<floats>(pairs) + reinterpret_cast<floats>(swapped);
    floats unit = reinterpret_cast<floats>(words{} + plan.sum_factor);
    __asm__("vdivps %1, %0, %0" : "+v"(unit) : "v"(all));  // (-ffast-math would multiply by inverses)
    __builtin_memcpy(shares, &unit, sizeof unit);
}

/// Sum of E[d], exactly: of each of its six digits by itself.
template <visibility Seen, class Place>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi"), gnu::noinline]] std::uint64_t exact_sum(
    const softmax_bytes& plan, Place row, std::uint8_t largest) noexcept {
    const bytes ones = bytes{} + std::uint8_t{1};
    std::uint64_t sum = 0;
    for (std::size_t digit = 0; digit < 6; ++digit) {
        const byte_table table = byte_table::load(plan.digits[digit].data());
        signed_words sums{};  // at most 2^20 / 64 times 4 * 255 each
        for (std::size_t i = 0; i < row.n; i += 64) {
            const byte_mask k = seen_bytes<Seen>(row, i);
            sums = add_products(sums, only(k, table(largest - load_some(row.x + i, k))), ones);
        }
        std::uint64_t all = 0;
        for (int l = 0; l < 16; ++l) all += static_cast<std::uint32_t>(sums[l]);
        sum += all << (8 * digit);
    }
    return sum;
}

}  // namespace dyad::inline v1::avx512

#endif
