// SPDX-License-Identifier: Apache-2.0
// A sum of products, one product at a time, in the order that plain_gemm.hpp fixes for each accumulator and carrier:
// the definition of products whose operands are no matrices.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include <dyad/core/fused.hpp>
#include <dyad/kernels/scalar/matrix.hpp>
#include <dyad/kernels/scalar/opaque.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/linalg/plain_gemm.hpp>
#include <dyad/number/accumulator.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1 {

template <number A, number B, class Accumulator>
class running_sum;

/// Exact.
template <number A, number B, class T>
class running_sum<A, B, proven<T>> {
public:
    constexpr void add(A x, B y) noexcept { sum_ = static_cast<T>(sum_ + raw(x) * raw(y)); }
    [[nodiscard]] constexpr T value() const noexcept { return sum_; }

private:
    template <class N>
    [[nodiscard]] static constexpr T raw(N x) noexcept {
        if constexpr (carrier_rules::is_fixed<N>) return static_cast<T>(x.raw());
        else return static_cast<T>(whole_number(x));
    }
    T sum_ = 0;
};

/// Chains of Length products, each then added to the sum.
template <number A, number B, class T, int Length, class Flush>
class running_sum<A, B, chained<T, Length, Flush>> {
public:
    constexpr void add(A x, B y) noexcept {
        chain_.add(x, y);
        if (++count_ != Length) return;
        sum_ += static_cast<Flush>(chain_.value());
        chain_ = {};
        count_ = 0;
    }
    [[nodiscard]] constexpr Flush value() const noexcept {
        return count_ == 0 ? sum_ : static_cast<Flush>(sum_ + static_cast<Flush>(chain_.value()));
    }

private:
    running_sum<A, B, proven<T>> chain_;
    Flush sum_ = 0;
    int count_ = 0;
};

/// Whole numbers: the exact sum, rounded once. Numbers that bfloat16 holds: in steps of 32 an even and an odd chain of
/// fma. Others: one chain of fma.
template <number A, number B>
class running_sum<A, B, float_ordered> {
    static constexpr carrier way = carrier_of<A, B>();
    static constexpr bool is_exact = way == carrier::integer8 || way == carrier::integer16;

public:
    void add(A x, B y) noexcept {
        if constexpr (is_exact) {
            exact_ += std::int64_t{whole_number(x)} * whole_number(y);
        } else if constexpr (exact_in_bf16<A, B>()) {
            float& chain = chains_[count_ % 2];
            chain = fused(convert<float>(x), convert<float>(y), chain);
            if (++count_ != 32) return;
            sum_ = total();
            chains_[0] = chains_[1] = 0;
            count_ = 0;
        } else {
            sum_ = fused(convert<float>(x), convert<float>(y), sum_);
        }
    }
    /// NaN has one pattern.
    [[nodiscard]] float value() const noexcept {
        if constexpr (is_exact) {
            constexpr float unit = plain::power_of_two_float(whole_numbers_of<A>().unit + whole_numbers_of<B>().unit);
            return static_cast<float>(exact_) * unit;
        } else {
            return scalar::one_nan(count_ == 0 ? sum_ : total());
        }
    }

private:
    [[nodiscard]] float total() const noexcept { return sum_ + scalar::opaque(chains_[0] + chains_[1]); }

    std::int64_t exact_ = 0;
    float sum_ = 0;
    float chains_[2] = {0, 0};
    int count_ = 0;
};

}  // namespace dyad::inline v1
