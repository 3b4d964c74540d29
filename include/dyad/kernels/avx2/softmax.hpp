// SPDX-License-Identifier: Apache-2.0
// Softmax of rows of bytes with AVX2: what depends on an element is a byte, so a row's results are a table. The largest
// code by vectors, the exact sum by loads of E[d], the table from doubles (as in avx512/softmax.hpp), and 8-bit results
// by look-ups in as many parts of 16 entries as are not all 0.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>
#include <limits>

#include <dyad/kernels/avx2/exact_quotients.hpp>
#include <dyad/kernels/scalar/softmax_plan.hpp>
#include <dyad/kernels/scalar/softmax_rows.hpp>

namespace dyad::inline v1::avx2 {

using byte_vector [[gnu::vector_size(32)]] = std::uint8_t;
template <class T>
[[gnu::target("avx2"), gnu::always_inline]] inline byte_vector load_bytes(const T* from) noexcept {
    byte_vector x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}
/// Up to 32 bytes, and `rest` behind them.
template <class T>
[[gnu::target("avx2"), gnu::always_inline]] inline byte_vector load_bytes(const T* from, std::size_t n,
                                                                          std::uint8_t rest) noexcept {
    byte_vector x = byte_vector{} + rest;
    __builtin_memcpy(&x, from, n < 32 ? n : 32);
    return x;
}

/// One row of contiguous bytes, of which n are looked at.
template <class In, class Out>
struct softmax_bytes_row {
    const In* x;
    const std::uint8_t* mask;
    Out* y;
    std::size_t n;

    [[nodiscard]] bool seen(std::size_t i) const noexcept { return mask == nullptr || mask[i] != 0; }

    /// The largest code that is seen, or the lowest there is.
    [[gnu::target("avx2")]] In largest() const noexcept {
        using codes [[gnu::vector_size(32)]] = In;
        constexpr auto lowest = static_cast<std::uint8_t>(std::numeric_limits<In>::min());
        codes all = reinterpret_cast<codes>(byte_vector{} + lowest);
        for (std::size_t i = 0; i < n; i += 32) {
            byte_vector part = load_bytes(x + i, n - i, lowest);
            if (mask != nullptr) part = load_bytes(mask + i, n - i, 0) != 0 ? part : byte_vector{} + lowest;
            const auto next = reinterpret_cast<codes>(part);
            all = all > next ? all : next;
        }
        In result = all[0];
        for (int i = 1; i < 32; ++i) result = all[i] > result ? all[i] : result;
        return result;
    }

    /// Of E[d], exactly; four sums, for an addition waits for the one before.
    [[nodiscard]] std::uint64_t sum(const softmax_bytes& plan, In max) const noexcept {
        std::uint64_t sums[4]{};
        const auto e = [&](std::size_t i) {
            return plan.exact[static_cast<std::uint8_t>(static_cast<unsigned>(max) - static_cast<unsigned>(x[i]))];
        };
        std::size_t i = 0;
        if (mask == nullptr) {
            for (; n - i >= 4; i += 4) {
                for (std::size_t k = 0; k < 4; ++k) sums[k] += e(i + k);
            }
        }
        for (; i < n; ++i) sums[0] += seen(i) ? e(i) : 0;
        return (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }
};

/// Results for all 256 differences from the exact sum; returns how many of them may be other than 0, a multiple of 4.
[[gnu::target("avx2"), gnu::noinline]] inline std::size_t exact_shares(const softmax_bytes& plan, std::uint64_t sum,
                                                                       std::uint16_t (&shares)[256]) noexcept {
    const exact_quotients quotients(sum, plan.out);
    __builtin_memset(shares, 0, sizeof shares);
    std::size_t d = 0;
    for (; d < 256 && !quotients.is_zero(plan.exact[d]); d += 4) {
        long_vector e;
        __builtin_memcpy(&e, plan.exact.data() + d, sizeof e);
        const auto codes = __builtin_convertvector(quotients(e), four_halves);
        __builtin_memcpy(shares + d, &codes, sizeof codes);
    }
    return d;
}

/// Sixteen codes as bytes, in both halves.
[[gnu::target("avx2"), gnu::always_inline]] inline byte_vector twice_as_bytes(const std::uint16_t* from) noexcept {
    using half_lanes [[gnu::vector_size(32)]] = std::uint16_t;
    using half_bytes [[gnu::vector_size(16)]] = std::uint8_t;
    half_lanes x;
    __builtin_memcpy(&x, from, sizeof x);
    const auto b = __builtin_convertvector(x, half_bytes);
    return __builtin_shufflevector(b, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7,
                                   8, 9, 10, 11, 12, 13, 14, 15);
}

/// 8-bit results for differences, from the first `used` entries of a table.
[[gnu::target("avx2"), gnu::always_inline]] inline byte_vector look_up(const byte_vector* parts, std::size_t used,
                                                                       byte_vector d) noexcept {
    byte_vector all{};
    for (std::size_t z = 0; 16 * z < used; ++z) {
        // Differences outside of the part get a highest bit, for which vpshufb gives 0.
        byte_vector at = d - static_cast<std::uint8_t>(16 * z);
        __asm__("vpaddusb %1, %0, %0" : "+x"(at) : "x"(byte_vector{} + std::uint8_t{0x70}));
        byte_vector found;
        __asm__("vpshufb %1, %2, %0" : "=x"(found) : "x"(at), "x"(parts[z]));
        all |= found;
    }
    return all;
}

template <class In, class Out>
[[gnu::target("avx2"), gnu::noinline]] void softmax_row_of_bytes(const softmax_bytes& plan,
                                                                 const softmax_bytes_row<In, Out>& row) noexcept {
    const In max = row.largest();
    const std::uint64_t sum = row.sum(plan, max);
    if (sum == 0) {
        __builtin_memset(row.y, 0, row.n * sizeof(Out));
        return;
    }
    std::uint16_t shares[256];
    const std::size_t used = exact_shares(plan, sum, shares);
    const byte_vector all = byte_vector{} + static_cast<std::uint8_t>(max);
    if constexpr (sizeof(Out) == 1) {
        byte_vector parts[16];
        for (std::size_t z = 0; 16 * z < used; ++z) parts[z] = twice_as_bytes(shares + 16 * z);
        for (std::size_t i = 0; i < row.n; i += 32) {
            byte_vector y = look_up(parts, used, all - load_bytes(row.x + i, row.n - i, 0));
            if (row.mask != nullptr) y = load_bytes(row.mask + i, row.n - i, 0) != 0 ? y : byte_vector{};
            __builtin_memcpy(row.y + i, &y, row.n - i < 32 ? row.n - i : 32);
        }
    } else {
        for (std::size_t i = 0; i < row.n; ++i) {
            const auto d = static_cast<std::uint8_t>(static_cast<unsigned>(max) - static_cast<unsigned>(row.x[i]));
            row.y[i] = static_cast<Out>(row.seen(i) ? shares[d] : 0);
        }
    }
}

/// Rows of contiguous bytes, in the default floating-point environment.
template <class In, class Out>
void softmax_nearest(const softmax_bytes& plan, const softmax_rows<In, Out>& rows) noexcept {
    for (std::size_t i = 0; i < rows.rows; ++i) {
        const softmax_rows<In, Out> r = rows.row(i);
        const std::size_t n = r.visible(0);
        if (n != 0) softmax_row_of_bytes(plan, softmax_bytes_row<In, Out>{r.src, r.mask, r.dst, n});
        if (n != r.columns) __builtin_memset(r.dst + n, 0, (r.columns - n) * sizeof(Out));
    }
}

}  // namespace dyad::inline v1::avx2

#endif
