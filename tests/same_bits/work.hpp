// SPDX-License-Identifier: Apache-2.0
// A bit of everything that number/ computes, for a random index: conversions, arithmetic, functions, fixed-point and
// dyadic numbers, L-Mul, sums. The same hash is expected from every compiler, flag, floating-point environment, and
// from a GPU. Host and device code; nothing here computes with native floating-point numbers, it only carries their
// bits.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>

#include <dyad/core.hpp>
#include <dyad/number.hpp>

namespace same_bits {

/// Mixes words into 64 bits (the multiplier of SplitMix64).
class hash {
public:
    DYAD_HD constexpr void add(std::uint64_t word) noexcept {
        state_ = (state_ ^ word) * 0xBF58476D1CE4E5B9u;
        state_ ^= state_ >> 29;
    }
    template <dyad::number T>
    DYAD_HD constexpr void add_number(T x) noexcept {
        if constexpr (dyad::format<T>) {
            add(static_cast<std::uint64_t>(x.bits()));
        } else if constexpr (dyad::native_float<T>) {
            add(std::bit_cast<dyad::least_uint<dyad::word_width<T>>>(x));
        } else {
            add(static_cast<std::uint64_t>(x));
            if constexpr (sizeof(T) == 16) add(static_cast<std::uint64_t>(x >> 64));
        }
    }
    template <dyad::number... T>
    DYAD_HD constexpr void add_numbers(T... x) noexcept {
        (add_number(x), ...);
    }
    [[nodiscard]] DYAD_HD constexpr std::uint64_t value() const noexcept { return state_; }

private:
    std::uint64_t state_ = 0x9E3779B97F4A7C15u;
};

/// Random words of one case, from counters.
class source {
public:
    DYAD_HD constexpr explicit source(std::uint64_t index) noexcept : index_(index) {}
    DYAD_HD constexpr std::uint64_t word() noexcept {
        const std::uint64_t high = dyad::random_bits(index_, 1, count_++);
        return (high << 32) | dyad::random_bits(index_, 1, count_++);
    }
    /// A random code of T.
    template <dyad::number T>
    DYAD_HD constexpr T number() noexcept {
        const std::uint64_t bits = word();
        if constexpr (dyad::format<T>) {
            constexpr auto mask = dyad::low_mask<typename T::bits_type>(T::width);
            return T::from_bits(static_cast<typename T::bits_type>(bits & mask));
        } else if constexpr (dyad::native_float<T>) {
            return std::bit_cast<T>(static_cast<dyad::least_uint<dyad::word_width<T>>>(bits));
        } else {
            return static_cast<T>(static_cast<T>(bits) >> (bits % 64 % dyad::word_width<T>));
        }
    }
    /// A float or double with an exponent near 0, where most formats have their numbers.
    template <dyad::native_float T>
    DYAD_HD constexpr T moderate() noexcept {
        constexpr dyad::float_format f = dyad::native_format<T>;
        const std::uint64_t bits = word();
        const std::uint64_t field = static_cast<std::uint64_t>(f.bias - 20) + (bits >> 58);
        const std::uint64_t sign = (bits >> 57 & 1) << (f.width() - 1);
        const std::uint64_t code =
            sign | (field << f.significand_bits) | (word() & dyad::low_mask<std::uint64_t>(f.significand_bits));
        return std::bit_cast<T>(static_cast<dyad::least_uint<dyad::word_width<T>>>(code));
    }
    DYAD_HD constexpr dyad::rounding mode() noexcept { return static_cast<dyad::rounding>(word() % 7); }
    DYAD_HD constexpr dyad::saturation policy() noexcept { return static_cast<dyad::saturation>(word() % 3); }
    DYAD_HD constexpr dyad::stochastic random() noexcept {
        const int n = 1 + static_cast<int>(word() % 32);
        const auto bits = static_cast<std::uint32_t>(word() & dyad::low_mask<std::uint64_t>(n));
        const auto variant = static_cast<dyad::stochastic_variant>(word() % 3);
        return {variant, n, bits};
    }

private:
    std::uint64_t index_;
    std::uint64_t count_ = 0;
};

/// From and to everything else.
template <dyad::number T, dyad::number Other>
DYAD_HD constexpr void convert_both_ways(hash& all, source& from) noexcept {
    const auto mode = from.mode();
    const auto policy = from.policy();
    const Other there = from.number<Other>();
    all.add_number(dyad::convert<T>(there));
    all.add_number(dyad::convert<T>(there, mode, policy));
    all.add_number(dyad::convert<T>(there, from.random(), policy));
    all.add_number(dyad::convert<Other>(from.number<T>()));
    all.add_number(dyad::convert<Other>(from.number<T>(), mode, policy));
}
template <dyad::number T>
DYAD_HD constexpr void convert_all(hash& all, source& from) noexcept {
    convert_both_ways<T, float>(all, from);
    convert_both_ways<T, double>(all, from);
    convert_both_ways<T, std::int8_t>(all, from);
    convert_both_ways<T, std::int64_t>(all, from);
    convert_both_ways<T, dyad::int128_t>(all, from);
    convert_both_ways<T, dyad::float16>(all, from);
    // One draw in a call: the order of arguments is the compiler's.
    const auto mode = from.mode();
    const auto policy = from.policy();
    const auto random = from.random();
    all.add_number(dyad::convert<T>(from.moderate<float>(), mode, policy));
    all.add_number(dyad::convert<T>(from.moderate<double>(), random, policy));
}

/// The operators and functions of one type.
template <dyad::format T>
DYAD_HD constexpr void calculate(hash& all, source& from) noexcept {
    const T x = from.number<T>();
    const T y = from.word() % 2 == 0 ? from.number<T>() : T(from.moderate<float>());
    const T z = from.number<T>();
    const auto mode = from.mode();
    const auto policy = from.policy();
    all.add_numbers(x + y, x - y, x * y, x / y, -x, abs(x), copysign(x, y), min(x, y), max(x, y), floor(x), round(y),
                    rint(y), next_up(x), next_down(y), ulp(x), sqrt(x), minimum(x, z));
    all.add_number(add(x, y, mode, policy));
    all.add_number(subtract(x, y, from.random(), policy));
    all.add_number(multiply(x, y, mode, policy));
    all.add_number(divide(x, y, mode, policy));
    all.add_number(sqrt(y, mode, policy));
    if constexpr (T::width <= 32) all.add_number(fma(x, y, z, mode, policy));
    all.add((x == y ? 1u : 0u) + (x < y ? 2u : 0u) + (x >= z ? 4u : 0u) + (isnan(x) ? 8u : 0u));
    all.add(static_cast<std::uint64_t>(classify(x)));
    all.add_number(std::numeric_limits<T>::max());
}

/// The four products of one floating-point type.
template <dyad::float_number T>
DYAD_HD constexpr void multiply_by_addition(hash& all, source& from) noexcept {
    const T x = from.number<T>();
    const T y = from.word() % 2 == 0 ? from.number<T>() : dyad::convert<T>(from.moderate<float>());
    const auto mode = from.mode();
    const auto policy = from.policy();
    all.add_number(dyad::lmul(x, y));
    all.add_number(dyad::lmul(x, y, mode, policy));
    all.add_number(dyad::lmul_adder(x, y));
    all.add_number(dyad::lmul_adder(x, y, {29, 9}, mode, policy));
    all.add_number(dyad::mitchell(x, y, from.random(), policy));
    all.add(dyad::lmul_exact(x, y).significand);
    using number = dyad::lmul_number<T>;
    all.add_number((number(x) * number(y) + number(y)) / number(x));
    all.add_number(fma(number(x), number(y), number(x)));
}

/// Text and back.
template <dyad::number T>
DYAD_HD constexpr void write_and_read(hash& all, source& from) noexcept {
    const T x = from.number<T>();
    for (const auto format : {dyad::text_format::shortest, dyad::text_format::scientific}) {
        char text[dyad::max_chars_of<T>] = {};
        const auto written = dyad::to_chars(text, text + dyad::max_chars_of<T>, x, format);
        for (const char* c = text; c != written.ptr; ++c) all.add(static_cast<unsigned char>(*c));
        T y{};
        const auto read = dyad::from_chars(text, written.ptr, y, from.mode());
        all.add(static_cast<std::uint64_t>(read.ec));
        all.add_number(y);
    }
}

/// Scales, ratios and their order; exact sums and products.
DYAD_HD constexpr void scale_and_sum(hash& all, source& from) noexcept {
    const auto scale = dyad::multiplier::from_scale(from.moderate<double>());
    const auto numerator = from.moderate<double>();
    const auto ratio = dyad::multiplier::from_ratio(numerator, from.moderate<double>());
    all.add_numbers(scale.significand, scale.exponent, static_cast<double>(scale));
    all.add_numbers(ratio.significand, ratio.exponent, static_cast<double>(ratio));
    all.add(scale < ratio ? 1 : 0);
    dyad::product_accumulator<dyad::bfloat16> sum;
    for (int i = 0; i < 8; ++i) {
        const dyad::bfloat16 x(from.moderate<float>());
        sum.add_product(x, dyad::bfloat16(from.moderate<float>()));
    }
    all.add_number(sum.result<float>());
    all.add_number(sum.result<dyad::bfloat16>(dyad::rounding::toward_negative));
    const auto x = from.number<dyad::float8_e5m2>();
    const auto y = from.number<dyad::float8_e5m2>();
    all.add_number(multiply_exact(x, y));
    all.add_number(add_exact(x, y));
}

template <dyad::format... T>
DYAD_HD constexpr void work_on(hash& all, source& from) noexcept {
    (convert_all<T>(all, from), ...);
    (calculate<T>(all, from), ...);
}

/// Everything of 8 bits and less.
DYAD_HD constexpr void small_work(hash& all, source& from) noexcept {
    work_on<dyad::float8_e4m3fn, dyad::float8_e8m0fnu, dyad::binary8p3ue, dyad::fixed<8, 4>>(all, from);
    multiply_by_addition<dyad::float8_e4m3fn>(all, from);
    multiply_by_addition<dyad::float8_e8m0fnu>(all, from);
    convert_all<dyad::ternary>(all, from);
    write_and_read<dyad::float8_e4m3fn>(all, from);
    write_and_read<dyad::fixed<8, 4>>(all, from);
}
/// What is wider.
DYAD_HD constexpr void wide_work(hash& all, source& from) noexcept {
    work_on<dyad::bfloat16, dyad::minifloat<dyad::binary32_format>, dyad::minifloat<dyad::binary64_format>,
            dyad::fixed<64, 20, dyad::signedness::is_signed, dyad::overflow::wrap>>(all, from);
    multiply_by_addition<dyad::bfloat16>(all, from);
    multiply_by_addition<float>(all, from);
    multiply_by_addition<double>(all, from);
    write_and_read<float>(all, from);
}

/// The hash of the case `index`.
[[nodiscard]] DYAD_HD constexpr std::uint64_t work(std::uint64_t index) noexcept {
    hash all;
    source from(index);
    small_work(all, from);
    wide_work(all, from);
    scale_and_sum(all, from);
    return all.value();
}

}  // namespace same_bits
