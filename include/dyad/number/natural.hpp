// SPDX-License-Identifier: Apache-2.0
// natural<Limbs>: a natural number of at most 32 * Limbs bits, without allocation; what exact text is computed with.
// value = sum of limb[i] 2^(32 i). Source of the division: Knuth, The Art of Computer Programming 2, 4.3.1, D.
#pragma once

#include <compare>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/unpacked.hpp>

namespace dyad::inline v1 {

/// Results must fit: whoever chooses Limbs proves it.
template <int Limbs>
class natural {
    static_assert(Limbs >= 4, "dyad::natural must have at least 4 limbs: it starts from a 128-bit word.");

public:
    constexpr natural() = default;
    DYAD_HD explicit constexpr natural(uint128_t x) noexcept {
        for (; x != 0; x >>= 32) push(static_cast<std::uint32_t>(x));
    }

    [[nodiscard]] DYAD_HD constexpr bool is_zero() const noexcept { return size_ == 0; }
    [[nodiscard]] DYAD_HD constexpr int bit_width() const noexcept {
        return size_ == 0 ? 0 : 32 * (size_ - 1) + dyad::bit_width(limb(size_ - 1));
    }
    /// The low 128 bits.
    [[nodiscard]] DYAD_HD constexpr uint128_t low_word() const noexcept {
        uint128_t word = 0;
        for (int i = 3; i >= 0; --i) word = (word << 32) | (i < size_ ? limb(i) : 0);
        return word;
    }

    /// *this = *this * factor + addend.
    DYAD_HD constexpr void multiply_add(std::uint32_t factor, std::uint32_t addend) noexcept {
        std::uint64_t carry = addend;
        for (int i = 0; i < size_; ++i) {
            carry += std::uint64_t{limb(i)} * factor;
            limb(i) = static_cast<std::uint32_t>(carry);
            carry >>= 32;
        }
        if (carry != 0) push(static_cast<std::uint32_t>(carry));
        trim();
    }
    /// *this = *this * 5^n, n >= 0.
    DYAD_HD constexpr void multiply_power_of_five(int n) noexcept {
        constexpr std::uint32_t five_to_13 = 1'220'703'125;
        for (; n >= 13; n -= 13) multiply_add(five_to_13, 0);
        std::uint32_t rest = 1;
        for (; n > 0; --n) rest *= 5;
        multiply_add(rest, 0);
    }
    /// *this = *this / divisor, rounded down; returns the remainder. divisor > 0.
    DYAD_HD constexpr std::uint32_t divide(std::uint32_t divisor) noexcept {
        std::uint64_t rest = 0;
        for (int i = size_ - 1; i >= 0; --i) {
            rest = (rest << 32) | limb(i);
            limb(i) = static_cast<std::uint32_t>(rest / divisor);
            rest %= divisor;
        }
        trim();
        return static_cast<std::uint32_t>(rest);
    }
    /// *this = *this * 2^n, n >= 0.
    DYAD_HD constexpr void shift_left(int n) noexcept {
        if (size_ == 0 || n == 0) return;
        const int whole = n / 32;
        const int part = n % 32;
        if (part != 0) multiply_add(std::uint32_t{1} << part, 0);
        if (whole == 0) return;
        DYAD_ASSERT(size_ + whole <= Limbs);
        for (int i = size_ - 1; i >= 0; --i) limb(i + whole) = limb(i);
        for (int i = 0; i < whole; ++i) limb(i) = 0;
        size_ += whole;
    }
    /// *this = *this + y.
    DYAD_HD constexpr void add(const natural& y) noexcept {
        std::uint64_t carry = 0;
        for (int i = 0; i < size_ || i < y.size_ || carry != 0; ++i) {
            if (i == size_) push(0);
            carry += std::uint64_t{limb(i)} + (i < y.size_ ? y.limb(i) : 0);
            limb(i) = static_cast<std::uint32_t>(carry);
            carry >>= 32;
        }
    }
    /// *this = *this - y; needs y <= *this.
    DYAD_HD constexpr void subtract(const natural& y) noexcept {
        DYAD_ASSERT(y <= *this);
        std::uint64_t borrow = 0;
        for (int i = 0; i < size_; ++i) {
            const std::uint64_t less = (i < y.size_ ? y.limb(i) : 0) + borrow;
            borrow = less > limb(i) ? 1 : 0;
            limb(i) = static_cast<std::uint32_t>(limb(i) - less);
        }
        trim();
    }

    [[nodiscard]] DYAD_HD friend constexpr std::strong_ordering operator<=>(const natural& x,
                                                                            const natural& y) noexcept {
        if (x.size_ != y.size_) return x.size_ <=> y.size_;
        for (int i = x.size_ - 1; i >= 0; --i) {
            if (x.limb(i) != y.limb(i)) return x.limb(i) <=> y.limb(i);
        }
        return std::strong_ordering::equal;
    }
    [[nodiscard]] DYAD_HD friend constexpr bool operator==(const natural& x, const natural& y) noexcept {
        return (x <=> y) == 0;
    }

    /// The digit q of base 2^32 with 0 <= *this - q d 2^(32 place) < d 2^(32 place), which is what *this becomes.
    /// Needs a full top limb of d, and a quotient below 2^(32 (place + 1)).
    [[nodiscard]] DYAD_HD constexpr std::uint32_t take_quotient_digit(const natural& d, int place) noexcept {
        const int top = d.size_ + place;
        const std::uint64_t above = top < size_ ? limb(top) : 0;
        const std::uint64_t leading = (above << 32) | (top - 1 < size_ ? limb(top - 1) : 0);
        const std::uint64_t quotient = leading / d.limb(d.size_ - 1);
        // With a full top limb the estimate is the digit, or up to 2 too large.
        auto digit = static_cast<std::uint32_t>(quotient > 0xffff'ffff ? 0xffff'ffff : quotient);
        if (digit == 0) return 0;
        while (size_ <= top) push(0);
        std::uint64_t carry = 0;
        std::uint64_t borrow = 0;
        for (int i = 0; i <= d.size_; ++i) {
            if (i < d.size_) carry += std::uint64_t{digit} * d.limb(i);
            const std::uint64_t less = (carry & 0xffff'ffff) + borrow;
            borrow = less > limb(i + place) ? 1 : 0;
            limb(i + place) = static_cast<std::uint32_t>(limb(i + place) - less);
            carry >>= 32;
        }
        for (; borrow != 0; --digit) {
            std::uint64_t sum = 0;
            for (int i = 0; i <= d.size_; ++i) {
                sum += std::uint64_t{limb(i + place)} + (i < d.size_ ? d.limb(i) : 0);
                limb(i + place) = static_cast<std::uint32_t>(sum);
                sum >>= 32;
            }
            borrow -= sum;
        }
        trim();
        return digit;
    }

private:
    [[nodiscard]] DYAD_HD constexpr std::uint32_t& limb(int i) noexcept { return limbs_[i]; }
    [[nodiscard]] DYAD_HD constexpr std::uint32_t limb(int i) const noexcept { return limbs_[i]; }
    DYAD_HD constexpr void push(std::uint32_t top) noexcept {
        DYAD_ASSERT(size_ < Limbs);
        limb(size_++) = top;
    }
    DYAD_HD constexpr void trim() noexcept {
        while (size_ > 0 && limb(size_ - 1) == 0) --size_;
    }

    std::uint32_t limbs_[static_cast<unsigned>(Limbs)]{};
    int size_ = 0;
};

/// n / d rounded to odd at 127 or 128 digits, so that one later rounding to at most 125 is exact. n and d are positive;
/// both must have room for 192 bits more than the wider of them.
template <int Limbs>
[[nodiscard]] DYAD_HD constexpr unpacked_wide ratio_to_odd(bool negative, natural<Limbs> n, natural<Limbs> d) noexcept {
    DYAD_ASSERT(!n.is_zero() && !d.is_zero());
    // 1. 2^126 < n 2^up / d < 2^128.
    const int up = 127 + d.bit_width() - n.bit_width();
    if (up >= 0) n.shift_left(up);
    else d.shift_left(-up);
    // 2. A full top limb of d.
    const int align = (32 - d.bit_width() % 32) % 32;
    n.shift_left(align);
    d.shift_left(align);
    // 3. Four digits, and whether anything is left.
    uint128_t quotient = 0;
    for (int place = 3; place >= 0; --place) quotient = (quotient << 32) | n.take_quotient_digit(d, place);
    return unpacked_wide::finite(negative, quotient | (n.is_zero() ? 0u : 1u), -up);
}

}  // namespace dyad::inline v1
