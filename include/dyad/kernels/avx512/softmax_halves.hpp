// SPDX-License-Identifier: Apache-2.0
// Softmax of rows of 16-bit codes with AVX-512: exp_q43 in eight lanes of 64 bits, the sum exact, quotients by doubles.
// The exponentials of rows of up to 1024 elements are kept; those of longer rows are computed again for the quotients.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>
#include <limits>

#include <dyad/kernels/avx512/exact_quotients.hpp>
#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/softmax_plan.hpp>
#include <dyad/kernels/scalar/softmax_rows.hpp>

namespace dyad::inline v1::avx512 {

/// Products of the low 32 bits of each lane.
[[gnu::target("avx512f"), gnu::always_inline]] inline longs product_of_words(longs x, longs y) noexcept {
    longs z;
    __asm__("vpmuludq %2, %1, %0" : "=v"(z) : "v"(x), "v"(y));
    return z;
}

/// exp_q43 of eight differences, step by step.
class exponentials_q43 {
public:
    [[gnu::target("avx512f"), gnu::always_inline]] explicit exponentials_q43(exp_q43_step s) noexcept
        : low_(longs{} + (s.digits & 0xffff'ffff)),
          high_(longs{} + (s.digits >> 32)),
          shift_(longs{} + static_cast<std::uint64_t>(s.shift)),
          powers_{reinterpret_cast<longs>(load(exp_q43_powers.data())),
                  reinterpret_cast<longs>(load(exp_q43_powers.data() + 8))} {}

    [[gnu::target("avx512f"), gnu::always_inline]] longs operator()(longs d) const noexcept {
        const longs t = (product_of_words(d, low_) + (product_of_words(d, high_) << 32)) >> shift_;
        longs y = coefficient(2) - (product_of_words(t, coefficient(3)) >> 32);
        y = coefficient(1) - (product_of_words(t, y) >> 32);
        y = coefficient(0) - (product_of_words(t, y) >> 32);
        y = product_of_words(t, y) >> 32;
        longs power = t >> 32;
        __asm__("vpermi2q %2, %1, %0" : "+v"(power) : "v"(powers_[0]), "v"(powers_[1]));  // by four bits
        longs e = power - (product_of_words(power >> 29, y) >> 7);
        __asm__("vpsrlvq %1, %0, %0" : "+v"(e) : "v"((t >> 36) + 17U));  // 0 where that is 64 or more
        return e;
    }

private:
    [[gnu::target("avx512f"), gnu::always_inline]] static longs coefficient(std::size_t k) noexcept {
        return longs{} + std::uint64_t{exp_q43_series[k]};
    }

    longs low_;
    longs high_;
    longs shift_;
    longs powers_[2];
};

/// A row of contiguous elements, of which n are looked at.
template <class In, class Out>
struct softmax_halves_row {
    const In* x;
    const std::uint8_t* mask;
    Out* y;
    std::size_t n;

    /// The largest code that is seen, or the lowest there is.
    [[gnu::target("avx512f,avx512bw"), gnu::always_inline]] In largest() const noexcept {
        using codes [[gnu::vector_size(64)]] = In;
        constexpr In lowest = std::numeric_limits<In>::min();
        codes all = codes{} + lowest;
        std::size_t i = 0;
        for (; mask == nullptr && n - i >= 32; i += 32) {
            codes next;
            __builtin_memcpy(&next, x + i, sizeof next);
            all = all > next ? all : next;
        }
        In result = lowest;
        for (int l = 0; l < 32; ++l) result = all[l] > result ? all[l] : result;
        for (; i < n; ++i) result = (mask == nullptr || mask[i] != 0) && x[i] > result ? x[i] : result;
        return result;
    }
    /// All bits of the lanes that are seen, of eight from element i on.
    [[gnu::target("avx512f,avx512bw,avx512vl"), gnu::always_inline]] longs seen(std::size_t i) const noexcept {
        const longs places{0, 1, 2, 3, 4, 5, 6, 7};
        auto lanes = reinterpret_cast<longs>(places < longs{} + (n - i));
        if (mask != nullptr) {
            eight_bytes m{};
            __builtin_memcpy(&m, mask + i, n - i < 8 ? n - i : 8);
            lanes &= reinterpret_cast<longs>(__builtin_convertvector(m, longs) != 0U);
        }
        return lanes;
    }
    /// The exponentials of eight elements, 0 for those that are not seen.
    [[gnu::target("avx512f,avx512bw,avx512vl"), gnu::always_inline]] longs exponentials(const exponentials_q43& of,
                                                                                        std::int64_t max,
                                                                                        std::size_t i) const noexcept {
        using eight [[gnu::vector_size(16)]] = In;
        using signed_longs [[gnu::vector_size(64)]] = std::int64_t;
        eight codes{};
        if (n - i >= 8 && mask == nullptr) {
            __builtin_memcpy(&codes, x + i, sizeof codes);
            return of(reinterpret_cast<longs>(max - __builtin_convertvector(codes, signed_longs)));
        }
        const longs lanes = seen(i);
        __builtin_memcpy(&codes, x + i, n - i < 8 ? 2 * (n - i) : sizeof codes);
        return lanes & of(lanes & reinterpret_cast<longs>(max - __builtin_convertvector(codes, signed_longs)));
    }
    [[gnu::target("avx512f,avx512bw,avx512vl"), gnu::always_inline]] void store(longs codes,
                                                                                std::size_t i) const noexcept {
        using eight [[gnu::vector_size(8 * sizeof(Out))]] = Out;
        const eight out = __builtin_convertvector(codes, eight);
        if (n - i >= 8) __builtin_memcpy(y + i, &out, sizeof out);
        else __builtin_memcpy(y + i, &out, (n - i) * sizeof(Out));
    }
};

template <class In, class Out>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl"), gnu::noinline]] void softmax_row_of_halves(
    const softmax_halves& plan, const softmax_halves_row<In, Out>& row) noexcept {
    constexpr std::size_t kept = 1024;
    alignas(64) std::uint64_t memory[kept];
    const exponentials_q43 of(plan.step);
    const std::int64_t max = row.largest();
    longs sums{};
    for (std::size_t i = 0; i < row.n; i += 8) {
        const longs e = row.exponentials(of, max, i);
        if (row.n <= kept) __builtin_memcpy(memory + i, &e, sizeof e);
        sums += e;
    }
    const std::uint64_t sum = sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6] + sums[7];
    if (sum == 0) {
        __builtin_memset(row.y, 0, row.n * sizeof(Out));
        return;
    }
    const exact_quotients quotients(sum, plan.out);
    for (std::size_t i = 0; i < row.n; i += 8) {
        const longs e = row.n <= kept ? reinterpret_cast<longs>(load(memory + i)) : row.exponentials(of, max, i);
        row.store(quotients(e), i);
    }
}

/// Rows of contiguous elements, in the default floating-point environment.
template <class In, class Out>
void softmax_nearest(const softmax_halves& plan, const softmax_rows<In, Out>& rows) noexcept {
    for (std::size_t i = 0; i < rows.rows; ++i) {
        const softmax_rows<In, Out> r = rows.row(i);
        const std::size_t n = r.visible(0);
        if (n != 0) softmax_row_of_halves(plan, softmax_halves_row<In, Out>{r.src, r.mask, r.dst, n});
        if (n != r.columns) __builtin_memset(r.dst + n, 0, (r.columns - n) * sizeof(Out));
    }
}

}  // namespace dyad::inline v1::avx512

#endif
