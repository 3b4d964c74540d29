// SPDX-License-Identifier: Apache-2.0
// Softmax of rows of 16-bit codes with AVX2: exp_q43 in four lanes of 64 bits, the sum exact, quotients by doubles. The
// exponentials of rows of up to 1024 elements are kept; those of longer rows are computed again for the quotients.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>
#include <limits>

#include <dyad/kernels/avx2/exact_quotients.hpp>
#include <dyad/kernels/scalar/softmax_plan.hpp>
#include <dyad/kernels/scalar/softmax_rows.hpp>

namespace dyad::inline v1::avx2 {

/// Products of the low 32 bits of each lane.
[[gnu::target("avx2"), gnu::always_inline]] inline long_vector product_of_words(long_vector x,
                                                                                long_vector y) noexcept {
    long_vector z;
    __asm__("vpmuludq %2, %1, %0" : "=x"(z) : "x"(x), "x"(y));
    return z;
}

/// exp_q43 of four differences, step by step.
class exponentials_q43 {
public:
    [[gnu::target("avx2"), gnu::always_inline]] explicit exponentials_q43(exp_q43_step s) noexcept
        : low_(long_vector{} + (s.digits & 0xffff'ffff)),
          high_(long_vector{} + (s.digits >> 32)),
          shift_(long_vector{} + static_cast<std::uint64_t>(s.shift)) {}

    [[gnu::target("avx2"), gnu::always_inline]] long_vector operator()(long_vector d) const noexcept {
        const long_vector t = (product_of_words(d, low_) + (product_of_words(d, high_) << 32)) >> shift_;
        long_vector y = coefficient(2) - (product_of_words(t, coefficient(3)) >> 32);
        y = coefficient(1) - (product_of_words(t, y) >> 32);
        y = coefficient(0) - (product_of_words(t, y) >> 32);
        y = product_of_words(t, y) >> 32;
        const long_vector at = (t >> 32) & 15U;
        const long_vector power{exp_q43_powers[at[0]], exp_q43_powers[at[1]], exp_q43_powers[at[2]],
                                exp_q43_powers[at[3]]};
        long_vector e = power - (product_of_words(power >> 29, y) >> 7);
        __asm__("vpsrlvq %1, %0, %0" : "+x"(e) : "x"((t >> 36) + 17U));  // 0 where that is 64 or more
        return e;
    }

private:
    [[gnu::target("avx2"), gnu::always_inline]] static long_vector coefficient(std::size_t k) noexcept {
        return long_vector{} + std::uint64_t{exp_q43_series[k]};
    }

    long_vector low_;
    long_vector high_;
    long_vector shift_;
};

/// A row of contiguous elements, of which n are looked at.
template <class In, class Out>
struct softmax_halves_row {
    const In* x;
    const std::uint8_t* mask;
    Out* y;
    std::size_t n;

    [[nodiscard]] bool seen(std::size_t i) const noexcept { return i < n && (mask == nullptr || mask[i] != 0); }

    /// The largest code that is seen, or the lowest there is.
    [[gnu::target("avx2"), gnu::always_inline]] In largest() const noexcept {
        using codes [[gnu::vector_size(32)]] = In;
        constexpr In lowest = std::numeric_limits<In>::min();
        codes all = codes{} + lowest;
        std::size_t i = 0;
        for (; mask == nullptr && n - i >= 16; i += 16) {
            codes next;
            __builtin_memcpy(&next, x + i, sizeof next);
            all = all > next ? all : next;
        }
        In result = lowest;
        for (int l = 0; l < 16; ++l) result = all[l] > result ? all[l] : result;
        for (; i < n; ++i) result = seen(i) && x[i] > result ? x[i] : result;
        return result;
    }
    /// The exponentials of four elements, 0 for those that are not seen.
    [[gnu::target("avx2"), gnu::always_inline]] long_vector exponentials(const exponentials_q43& of, std::int64_t max,
                                                                         std::size_t i) const noexcept {
        const auto below = [&](std::size_t k) { return seen(k) ? static_cast<std::uint64_t>(max - x[k]) : 0; };
        const auto lane = [&](std::size_t k) { return seen(k) ? ~std::uint64_t{0} : 0; };
        const long_vector e = of(long_vector{below(i), below(i + 1), below(i + 2), below(i + 3)});
        if (n - i >= 4 && mask == nullptr) return e;
        return e & long_vector{lane(i), lane(i + 1), lane(i + 2), lane(i + 3)};
    }
};

template <class In, class Out>
[[gnu::target("avx2"), gnu::noinline]] void softmax_row_of_halves(const softmax_halves& plan,
                                                                  const softmax_halves_row<In, Out>& row) noexcept {
    constexpr std::size_t kept = 1024;
    alignas(32) std::uint64_t memory[kept];
    const exponentials_q43 of(plan.step);
    const std::int64_t max = row.largest();
    long_vector sums{};
    for (std::size_t i = 0; i < row.n; i += 4) {
        const long_vector e = row.exponentials(of, max, i);
        if (row.n <= kept) __builtin_memcpy(memory + i, &e, sizeof e);
        sums += e;
    }
    const std::uint64_t sum = sums[0] + sums[1] + sums[2] + sums[3];
    if (sum == 0) {
        __builtin_memset(row.y, 0, row.n * sizeof(Out));
        return;
    }
    const exact_quotients quotients(sum, plan.out);
    for (std::size_t i = 0; i < row.n; i += 4) {
        long_vector e;
        if (row.n <= kept) __builtin_memcpy(&e, memory + i, sizeof e);
        else e = row.exponentials(of, max, i);
        const four_words codes = quotients(e);
        for (int k = 0; k < 4 && i + static_cast<std::size_t>(k) < row.n; ++k)
            row.y[i + static_cast<std::size_t>(k)] = static_cast<Out>(codes[k]);
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

}  // namespace dyad::inline v1::avx2

#endif
