// SPDX-License-Identifier: Apache-2.0
// shadow<T>: a number that computes what T should, from exact values and one rounding by the reference in each step.
// Code templated on a number runs with T and with shadow<T>, and the codes must agree.
#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <memory>
#include <stdexcept>

#include <dyad/number/lmul_number.hpp>

#include "support/reference_format.hpp"
#include "support/reference_functions.hpp"
#include "support/reference_lmul.hpp"

namespace reference {

template <class T, dyad::lmul_variant Variant, dyad::lmul_constant Constant>
struct traits<dyad::lmul_number<T, Variant, Constant>> {
    using type = dyad::lmul_number<T, Variant, Constant>;
    static std::unique_ptr<target> make() { return traits<typename type::value_type>::make(); }
    static dyad::int128_t code(type x) { return x.bits(); }
};
template <class T, dyad::lmul_variant Variant, dyad::lmul_constant Constant>
real real_of(dyad::lmul_number<T, Variant, Constant> x) {
    return real_of(x.value());
}
template <class T, dyad::lmul_variant Variant, dyad::lmul_constant Constant>
struct name<dyad::lmul_number<T, Variant, Constant>> {
    static std::string text() {
        constexpr const char* variants[]{"equation", "adder", "mitchell"};
        return "lmul_number<" + name_of<T>() + "," + variants[static_cast<int>(Variant)] + ">";
    }
};

/// What operator* of T rounds: the exact product, or all bits of L-Mul with the paper's constant.
template <class T>
struct product_of {
    static real exactly(const real& x, const real& y) { return product(x, y); }
};
template <class T, dyad::lmul_variant Variant>
struct product_of<dyad::lmul_number<T, Variant>> {
    static real exactly(const real& x, const real& y) {
        if (Variant == dyad::lmul_variant::mitchell) return lmul_logarithms(x, y, 0);
        const auto c = constant_of(printed_rule(dyad::lmul_number<T, Variant>::format.significand_bits));
        return Variant == dyad::lmul_variant::adder ? lmul_logarithms(x, y, c) : lmul_equation(x, y, c);
    }
};

/// The number of T that a target's code stands for.
template <class T>
T from_target(dyad::int128_t code) {
    if constexpr (dyad::native_float<T>) {
        return std::bit_cast<T>(static_cast<dyad::least_uint<dyad::word_width<T>>>(code));
    } else if constexpr (requires { typename T::raw_type; }) {
        return T::from_raw(static_cast<typename T::raw_type>(code));
    } else {
        return T::from_bits(static_cast<typename T::bits_type>(code));
    }
}

/// sqrt(x), cut at 2^-400, with the last bit set where something was cut.
inline real square_root(const real& x) {
    if (x.what == kind::nan || is_zero(x)) return x;
    if (x.negative) return invalid();
    if (x.what == kind::infinity) return x;
    boost::multiprecision::cpp_int rest;
    const boost::multiprecision::cpp_int square = boost::multiprecision::cpp_int(x.magnitude) << unit_digits;
    exact root(boost::multiprecision::cpp_int(sqrt(square, rest)));
    if (rest != 0) root |= 1;
    return {kind::finite, false, root};
}

inline real floor_of(real x) {
    if (x.what != kind::finite) return x;
    constexpr auto digits = static_cast<unsigned>(unit_digits);
    const exact whole = (x.magnitude >> digits) << digits;
    if (x.negative && whole != x.magnitude) return {kind::finite, true, exact(whole + (exact(1) << digits))};
    return {kind::finite, x.negative, whole};
}

/// What a shadow needs to know of the type it shadows.
struct shadowed_type {
    std::unique_ptr<target> rounding;
    real (*decode)(dyad::int128_t code) = nullptr;
    real (*multiply)(const real& x, const real& y) = product;
    bool over_zero_is_nan = false;                        ///< as P3109, where zero has no sign
    real (*native)(function f, const real& x) = nullptr;  ///< C++'s own functions are not rounded once
};

template <class T>
const shadowed_type& shadowed();

template <class T>
real native_function(function f, const real& x) {
    target& all = *shadowed<T>().rounding;
    all.take(x);
    const T v = from_target<T>(all.code(dyad::rounding::nearest_even, dyad::saturation::none));
    switch (f) {
        case function::exp: return real_of(std::exp(v));
        case function::log: return real_of(std::log(v));
        case function::tanh: return real_of(std::tanh(v));
        case function::erf: return real_of(std::erf(v));
        default: throw std::logic_error("reference::native_function: not provided for");
    }
}

template <class T>
const shadowed_type& shadowed() {
    static const shadowed_type type = [] {
        shadowed_type made{traits<T>::make(), [](dyad::int128_t code) { return real_of(from_target<T>(code)); }};
        made.multiply = product_of<T>::exactly;
        made.over_zero_is_nan = dyad::single_zero_with_nan<T>;
        if constexpr (dyad::native_float<T>) made.native = native_function<T>;
        return made;
    }();
    return type;
}

/// A number of the type chosen last by shadow::become<T>().
class shadow {
public:
    template <class T>
    static void become() {
        type_ = &shadowed<T>();
    }
    explicit shadow(double x) : shadow(real_of(x)) {}

    /// The code, as traits<T>::code gives it.
    [[nodiscard]] dyad::int128_t code() const { return code_; }

    friend shadow operator+(const shadow& x, const shadow& y) { return shadow(sum(x.value_, y.value_)); }
    friend shadow operator-(const shadow& x, const shadow& y) {
        return shadow(sum(x.value_, y.value_.what == kind::nan ? y.value_ : negated(y.value_)));
    }
    friend shadow operator*(const shadow& x, const shadow& y) { return shadow(type_->multiply(x.value_, y.value_)); }
    friend shadow operator/(const shadow& x, const shadow& y) {
        const bool over_zero = is_zero(y.value_) && x.value_.what != kind::nan;
        return shadow(over_zero && type_->over_zero_is_nan ? invalid() : quotient(x.value_, y.value_));
    }
    shadow& operator+=(const shadow& y) { return *this = *this + y; }
    friend bool operator<(const shadow& x, const shadow& y) { return order(x.value_, y.value_) == -1; }

    friend shadow max(const shadow& x, const shadow& y) { return x < y ? y : x; }
    friend shadow min(const shadow& x, const shadow& y) { return y < x ? y : x; }
    friend shadow abs(const shadow& x) {
        real value = x.value_;
        value.negative = false;
        return shadow(value);
    }
    friend shadow floor(const shadow& x) { return shadow(floor_of(x.value_)); }
    friend shadow sqrt(const shadow& x) { return shadow(square_root(x.value_)); }
    friend shadow exp(const shadow& x) { return x.result_of(function::exp); }
    friend shadow log(const shadow& x) { return x.result_of(function::log); }
    friend shadow tanh(const shadow& x) { return x.result_of(function::tanh); }
    friend shadow erf(const shadow& x) { return x.result_of(function::erf); }

private:
    explicit shadow(const real& x) {
        type_->rounding->take(x);
        code_ = type_->rounding->code(dyad::rounding::nearest_even, dyad::saturation::none);
        value_ = type_->decode(code_);
    }
    [[nodiscard]] shadow result_of(function f) const {
        return shadow(type_->native != nullptr ? type_->native(f, value_) : apply(f, value_));
    }

    static inline const shadowed_type* type_ = nullptr;
    dyad::int128_t code_ = 0;
    real value_;
};

/// A real number of 300 digits, for the result that all types approximate.
class many_digits {
public:
    using big = big_float<300>;
    explicit many_digits(double x) : x_(x) {}
    explicit many_digits(const big& x) : x_(x) {}
    [[nodiscard]] double get() const { return static_cast<double>(x_); }

    friend many_digits operator+(const many_digits& x, const many_digits& y) { return many_digits(big(x.x_ + y.x_)); }
    friend many_digits operator-(const many_digits& x, const many_digits& y) { return many_digits(big(x.x_ - y.x_)); }
    friend many_digits operator*(const many_digits& x, const many_digits& y) { return many_digits(big(x.x_ * y.x_)); }
    friend many_digits operator/(const many_digits& x, const many_digits& y) { return many_digits(big(x.x_ / y.x_)); }
    many_digits& operator+=(const many_digits& y) { return *this = *this + y; }
    friend bool operator<(const many_digits& x, const many_digits& y) { return x.x_ < y.x_; }
    friend many_digits max(const many_digits& x, const many_digits& y) { return x < y ? y : x; }
    friend many_digits min(const many_digits& x, const many_digits& y) { return y < x ? y : x; }
    friend many_digits abs(const many_digits& x) { return many_digits(big(abs(x.x_))); }
    friend many_digits floor(const many_digits& x) { return many_digits(big(floor(x.x_))); }
    friend many_digits sqrt(const many_digits& x) { return many_digits(big(sqrt(x.x_))); }
    friend many_digits exp(const many_digits& x) { return many_digits(big(exp(x.x_))); }
    friend many_digits log(const many_digits& x) { return many_digits(big(log(x.x_))); }
    friend many_digits tanh(const many_digits& x) { return many_digits(value_of(function::tanh, x.x_)); }
    friend many_digits erf(const many_digits& x) { return many_digits(value_of(function::erf, x.x_)); }

private:
    big x_;
};

}  // namespace reference
