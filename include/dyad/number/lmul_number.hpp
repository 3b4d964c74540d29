// SPDX-License-Identifier: Apache-2.0
// lmul_number<T>: T with L-Mul in the place of the multiplication, for code that is templated on its number type.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <limits>

#include <dyad/core/format.hpp>
#include <dyad/number/exact_accumulator.hpp>
#include <dyad/number/lmul.hpp>
#include <dyad/number/lmul_adder.hpp>
#include <dyad/number/minifloat.hpp>
#include <dyad/number/native.hpp>
#include <dyad/number/operations.hpp>

namespace dyad::inline v1 {

enum class lmul_variant : std::uint8_t {
    equation,  ///< (1 + xm + ym + c) 2^(xe + ye), rounded
    adder,     ///< the codes added as integers, plus c
    mitchell   ///< the same without a constant
};

/// A minifloat itself; float and double as the minifloats with their codes, which calculate in integers: no
/// floating-point environment and no compiler flag changes their bits, and they work in constant expressions.
template <float_number T>
struct lmul_value_of {
    using type = T;
};
template <native_float T>
struct lmul_value_of<T> {
    using type = minifloat<native_format<T>>;
};
template <float_number T>
using lmul_value = typename lmul_value_of<T>::type;

/// A T whose products are L-Mul's. Sums, differences, quotients and comparisons are T's, the product is rounded to
/// nearest even with saturation::none as they are; fma(x, y, z) adds all bits of the product to z and rounds once.
/// A format: it converts, packs and unpacks like T, and all functions of formats take it.
template <float_number T, lmul_variant Variant = lmul_variant::equation,
          lmul_constant Constant =
              Variant == lmul_variant::mitchell ? lmul_constant{} : lmul_constant::rule(stored_significand_bits<T>)>
class lmul_number {
    static_assert(Constant.is_valid(),
                  "dyad::lmul_number's constant units * 2^-digits must lie between -1 and 1, with "
                  "0 to 30 digits.");
    static_assert(Variant != lmul_variant::mitchell || Constant == lmul_constant{},
                  "dyad::lmul_number's Mitchell variant has no constant: choose the adder.");

public:
    /// What the number is kept as and calculates as: T, or a native T as a minifloat.
    using value_type = lmul_value<T>;
    using bits_type = typename value_type::bits_type;
    static constexpr float_format format = value_type::format;
    static constexpr int width = value_type::width;
    /// What sums of products need (exact_accumulator): half of the constant's digits below the numbers, and a bit
    /// above, for t = xm + ym + c may reach 2.
    static constexpr exponent_range exponents{
        format.min_exponent() - format.significand_bits - (Constant.digits + 1) / 2, format.max_exponent() + 2};

    lmul_number() = default;

    /// x rounded to nearest even; overflow as saturation::none.
    template <number From>
        requires(!std::same_as<From, lmul_number>)
    DYAD_HD explicit constexpr lmul_number(From x) noexcept : value_(x) {}

    [[nodiscard]] DYAD_HD constexpr value_type value() const noexcept { return value_; }
    [[nodiscard]] DYAD_HD constexpr bits_type bits() const noexcept { return value_.bits(); }
    [[nodiscard]] DYAD_HD static constexpr lmul_number from_bits(bits_type bits) noexcept {
        return lmul_number(value_type::from_bits(bits));
    }
    [[nodiscard]] DYAD_HD constexpr unpacked unpack() const noexcept { return value_.unpack(); }
    template <unsigned_word S, rounding_rule Rule>
    [[nodiscard]] DYAD_HD static constexpr lmul_number pack(const basic_unpacked<S>& x, Rule rule,
                                                            saturation policy) noexcept {
        return lmul_number(value_type::pack(x, rule, policy));
    }
    template <native_float To>
    [[nodiscard]] DYAD_HD explicit constexpr operator To() const noexcept {
        return static_cast<To>(value_);
    }

    [[nodiscard]] DYAD_HD friend constexpr lmul_number operator+(lmul_number x, lmul_number y) noexcept {
        return lmul_number(x.value_ + y.value_);
    }
    [[nodiscard]] DYAD_HD friend constexpr lmul_number operator-(lmul_number x, lmul_number y) noexcept {
        return lmul_number(x.value_ - y.value_);
    }
    [[nodiscard]] DYAD_HD friend constexpr lmul_number operator*(lmul_number x, lmul_number y) noexcept {
        return multiply(x, y, rounding::nearest_even, saturation::none);
    }
    [[nodiscard]] DYAD_HD friend constexpr lmul_number operator/(lmul_number x, lmul_number y) noexcept {
        return lmul_number(x.value_ / y.value_);
    }
    [[nodiscard]] DYAD_HD friend constexpr lmul_number operator-(lmul_number x) noexcept {
        return lmul_number(-x.value_);
    }
    DYAD_HD constexpr lmul_number& operator+=(lmul_number y) noexcept { return *this = *this + y; }
    DYAD_HD constexpr lmul_number& operator-=(lmul_number y) noexcept { return *this = *this - y; }
    DYAD_HD constexpr lmul_number& operator*=(lmul_number y) noexcept { return *this = *this * y; }
    DYAD_HD constexpr lmul_number& operator/=(lmul_number y) noexcept { return *this = *this / y; }

    /// The variant's product, rounded by `rule`. (A product of exact numbers would be another function.)
    template <rounding_rule Rule = rounding>
    [[nodiscard]] DYAD_HD friend constexpr lmul_number multiply(lmul_number x, lmul_number y,
                                                                Rule rule = rounding::nearest_even,
                                                                saturation policy = saturation::none) noexcept {
        return pack(all_bits(x, y), rule, policy);
    }
    /// The variant's product plus z with one rounding: what an exact sum of L-Mul products is made of.
    template <rounding_rule Rule = rounding>
    [[nodiscard]] DYAD_HD friend constexpr lmul_number fma(lmul_number x, lmul_number y, lmul_number z,
                                                           Rule rule = rounding::nearest_even,
                                                           saturation policy = saturation::none) noexcept {
        bool down = false;
        if constexpr (std::same_as<Rule, rounding>) down = rule == rounding::toward_negative;
        const auto product = resize<arithmetic_word<value_type>>(all_bits(x, y));
        return pack(exact_sum(product, unpack_for_arithmetic(z.value_), down), rule, policy);
    }

    /// All bits of the variant's product: what exact_accumulator adds.
    [[nodiscard]] DYAD_HD friend constexpr unpacked all_of_product(lmul_number x, lmul_number y) noexcept {
        return all_bits(x, y);
    }

    [[nodiscard]] DYAD_HD friend constexpr bool operator==(lmul_number x, lmul_number y) noexcept {
        return x.value_ == y.value_;
    }
    [[nodiscard]] DYAD_HD friend constexpr std::partial_ordering operator<=>(lmul_number x, lmul_number y) noexcept {
        return x.value_ <=> y.value_;
    }

private:
    [[nodiscard]] DYAD_HD static constexpr unpacked all_bits(lmul_number x, lmul_number y) noexcept {
        if constexpr (Variant == lmul_variant::equation) return lmul_exact(x.unpack(), y.unpack(), Constant);
        else return lmul_adder_exact(x.unpack(), y.unpack(), cut_constant(Constant, format.significand_bits));
    }

    value_type value_;
};

}  // namespace dyad::inline v1

/// Those of the type that the numbers are kept as.
template <dyad::float_number T, dyad::lmul_variant Variant, dyad::lmul_constant Constant>
class std::numeric_limits<dyad::lmul_number<T, Variant, Constant>>
    : public std::numeric_limits<typename dyad::lmul_number<T, Variant, Constant>::value_type> {
    using type = dyad::lmul_number<T, Variant, Constant>;
    using values = std::numeric_limits<typename type::value_type>;

public:
    static constexpr bool is_iec559 = false;  // its products are not IEEE 754's
    static constexpr type min() noexcept { return type(values::min()); }
    static constexpr type max() noexcept { return type(values::max()); }
    static constexpr type lowest() noexcept { return type(values::lowest()); }
    static constexpr type epsilon() noexcept { return type(values::epsilon()); }
    static constexpr type round_error() noexcept { return type(values::round_error()); }
    static constexpr type infinity() noexcept { return type(values::infinity()); }
    static constexpr type quiet_NaN() noexcept { return type(values::quiet_NaN()); }
    static constexpr type signaling_NaN() noexcept { return type(values::signaling_NaN()); }
    static constexpr type denorm_min() noexcept { return type(values::denorm_min()); }
};
