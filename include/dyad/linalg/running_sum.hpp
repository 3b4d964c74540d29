// SPDX-License-Identifier: Apache-2.0
// A sum of products, one product at a time, in the order that each accumulator and carrier define: what every product
// of matrices must equal bit for bit.
//   integers: exact; chained: Length products in the chain's type, then added to the sum;
//   float carrier: sum = fma(x, y, sum) from +0, in order of k;
//   bfloat16 carrier: in steps of 32 k the even and the odd products form a chain of fma each, from +0, and
//   sum = sum + (even + odd).
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include <dyad/core/fused.hpp>
#include <dyad/kernels/scalar/matrix.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/number/accumulator.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1 {

template <number A, number B, class Accumulator>
class running_sum;

template <number A, number B, signed_word T>
class running_sum<A, B, proven<T>> {
    using word = std::make_unsigned_t<T>;  // wraps: only the end result must fit

public:
    constexpr void add(A x, B y) noexcept {
        sum_ +=
            static_cast<word>(static_cast<word>(static_cast<T>(x.raw())) * static_cast<word>(static_cast<T>(y.raw())));
    }
    [[nodiscard]] constexpr T value() const noexcept { return static_cast<T>(sum_); }

private:
    word sum_ = 0;
};

template <number A, number B, signed_word T, int Length, class Flush>
class running_sum<A, B, chained<T, Length, Flush>> {
public:
    constexpr void add(A x, B y) noexcept {
        chain_ = static_cast<T>(chain_ + static_cast<T>(x.raw()) * static_cast<T>(y.raw()));
        if (++count_ != Length) return;
        sum_ += static_cast<Flush>(chain_);
        chain_ = 0;
        count_ = 0;
    }
    [[nodiscard]] constexpr Flush value() const noexcept {
        return count_ == 0 ? sum_ : static_cast<Flush>(sum_ + static_cast<Flush>(chain_));
    }

private:
    T chain_ = 0;
    Flush sum_ = 0;
    int count_ = 0;
};

template <number A, number B>
class running_sum<A, B, float_ordered> {
public:
    void add(A x, B y) noexcept {
        const float a = convert<float>(x);
        const float b = convert<float>(y);
        if constexpr (carrier_of<A, B>() == carrier::bf16) {
            float& chain = chains_[count_ % 2];
            chain = fused(a, b, chain);
            if (++count_ != 32) return;
            sum_ += chains_[0] + chains_[1];
            chains_[0] = chains_[1] = 0;
            count_ = 0;
        } else {
            sum_ = fused(a, b, sum_);
        }
    }
    /// NaN has one pattern.
    [[nodiscard]] float value() const noexcept {
        return scalar::one_nan(count_ == 0 ? sum_ : sum_ + (chains_[0] + chains_[1]));
    }

private:
    float sum_ = 0;
    float chains_[2] = {0, 0};
    int count_ = 0;
};

}  // namespace dyad::inline v1
