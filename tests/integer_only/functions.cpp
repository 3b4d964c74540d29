// SPDX-License-Identifier: Apache-2.0
// Prints a hash of the results of every integer-only function of math/. Compiles with g++ -mgeneral-regs-only; the
// output is that of functions.txt with every compiler and option.
#include <cstdint>
#include <cstdio>

#include <dyad/math/integer_functions.hpp>
#include <dyad/math/integer_sqrt.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/math/shift_exp.hpp>
#include <dyad/math/wide_activations.hpp>
#include <dyad/math/wide_error_functions.hpp>
#include <dyad/math/wide_exponentials.hpp>
#include <dyad/math/wide_logarithms.hpp>
#include <dyad/math/wide_powers.hpp>
#include <dyad/math/wide_trigonometric.hpp>

namespace {

using dyad::function_scales;
using dyad::integer;
using dyad::multiplier;
using dyad::scalar_function;
using dyad::uint128_t;
using dyad::unpacked_wide;

/// FNV-1a of 64-bit words, byte by byte.
struct hash {
    std::uint64_t state = 0xCBF2'9CE4'8422'2325;
    void add(std::uint64_t word) {
        for (int i = 0; i < 8; ++i) {
            state = (state ^ (word & 0xff)) * 0x0000'0100'0000'01B3;
            word >>= 8;
        }
    }
    void add(std::int64_t word) { add(static_cast<std::uint64_t>(word)); }
    void add(const unpacked_wide& x) {
        add(static_cast<std::uint64_t>(x.kind) * 2 + (x.negative ? 1 : 0));
        add(std::int64_t{x.exponent});
        add(static_cast<std::uint64_t>(x.significand >> 64));
        add(static_cast<std::uint64_t>(x.significand));
    }
    void print(const char* name) const { std::printf("%s %016llx\n", name, static_cast<unsigned long long>(state)); }
};

/// splitmix64.
std::uint64_t next(std::uint64_t& state) {
    state += 0x9E37'79B9'7F4A'7C15;
    std::uint64_t x = state;
    x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9;
    x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EB;
    return x ^ (x >> 31);
}

constexpr function_scales common_scales[] = {function_scales::from(0.003, 1.0 / 1024),
                                             function_scales::from(0.051, 1.0 / 128),
                                             function_scales::from(0.73, 3.0 / 128)};

void scaled_functions() {
    constexpr scalar_function all[] = {scalar_function::exp_nonpositive,
                                       scalar_function::exp2,
                                       scalar_function::log2,
                                       scalar_function::reciprocal,
                                       scalar_function::sqrt,
                                       scalar_function::rsqrt,
                                       scalar_function::erf,
                                       scalar_function::gelu,
                                       scalar_function::gelu_tanh,
                                       scalar_function::sigmoid,
                                       scalar_function::tanh,
                                       scalar_function::silu,
                                       scalar_function::softplus};
    for (const scalar_function f : all) {
        hash codes;
        for (const function_scales& s : common_scales) {
            for (int i = -128; i < 128; ++i) {
                const auto x = integer<8>::from_raw(static_cast<std::int8_t>(i));
                codes.add(std::int64_t{dyad::evaluate<integer<8>>(f, x, s).raw()});
                codes.add(std::int64_t{dyad::evaluate<integer<16>>(f, x, s).raw()});
                if (i % 16 == 3) codes.add(std::int64_t{dyad::evaluate_plainly<integer<16>>(f, x, s).raw()});
            }
            const function_scales fine{{s.in.significand, s.in.exponent - 20},
                                       {s.out.significand, s.out.exponent + 16}};
            std::uint64_t random = 1;
            for (int i = 0; i < 200; ++i) {
                const auto x = integer<32>::from_raw(static_cast<std::int32_t>(next(random) >> 36));
                codes.add(std::int64_t{dyad::evaluate<integer<32>>(f, x, fine).raw()});
                codes.add(std::int64_t{dyad::evaluate<integer<32>>(f, -x, fine).raw()});
            }
        }
        codes.print(to_string(f));
    }
}

void wide_functions() {
    using function = unpacked_wide (*)(const unpacked_wide&) noexcept;
    struct entry {
        const char* name;
        function f;
    };
    constexpr entry all[] = {{"exp_wide", dyad::exp_wide},         {"exp2_wide", dyad::exp2_wide},
                             {"expm1_wide", dyad::expm1_wide},     {"sinh_wide", dyad::sinh_wide},
                             {"cosh_wide", dyad::cosh_wide},       {"tanh_wide", dyad::tanh_wide},
                             {"sigmoid_wide", dyad::sigmoid_wide}, {"log_wide", dyad::log_wide},
                             {"log2_wide", dyad::log2_wide},       {"log10_wide", dyad::log10_wide},
                             {"log1p_wide", dyad::log1p_wide},     {"rsqrt_wide", dyad::rsqrt_wide},
                             {"erf_wide", dyad::erf_wide},         {"erfc_wide", dyad::erfc_wide},
                             {"sin_wide", dyad::sin_wide},         {"cos_wide", dyad::cos_wide},
                             {"gelu_wide", dyad::gelu_wide},       {"gelu_tanh_wide", dyad::gelu_tanh_wide},
                             {"silu_wide", dyad::silu_wide},       {"softplus_wide", dyad::softplus_wide}};
    for (const entry& e : all) {
        hash digits;
        std::uint64_t random = 2;
        for (int i = 0; i < 60; ++i) {
            const std::uint64_t significand = next(random) >> (i % 40);
            const int exponent = i % 14 - 68 + i % 40;
            digits.add(e.f(unpacked_wide::finite(false, significand, exponent)));
            digits.add(e.f(unpacked_wide::finite(true, significand, exponent)));
        }
        digits.print(e.name);
    }
    hash powers;
    std::uint64_t random = 3;
    for (int i = 0; i < 60; ++i) {
        const unpacked_wide x = unpacked_wide::finite(false, next(random), i % 9 - 68);
        powers.add(dyad::pow_wide(x, unpacked_wide::finite(i % 2 != 0, next(random), -62)));
    }
    powers.print("pow_wide");
}

void shift_functions() {
    constexpr multiplier scale = dyad::log2_multiplier(0.0473);
    hash exponentials;
    hash gelus;
    hash roots;
    hash sums;
    std::uint64_t random = 4;
    for (int i = 0; i < 2000; ++i) {
        const std::uint64_t word = next(random);
        const auto t = static_cast<std::uint32_t>(word >> (32 + i % 20));
        exponentials.add(std::uint64_t{dyad::scaled_exponent(t, scale)});
        exponentials.add(std::uint64_t{dyad::shift_exp2(t)});
        exponentials.add(std::uint64_t{dyad::shift_sigmoid(t, i % 2 != 0)});
        gelus.add(dyad::shift_gelu(static_cast<std::int32_t>(word >> 40) - (1 << 23), scale));
        roots.add(std::uint64_t{dyad::integer_sqrt(word >> (i % 64))});
        const auto x = static_cast<std::int32_t>(word >> (32 + i % 24));
        const multiplier m{static_cast<std::int32_t>(word & 0x7fff'ffff), -31 - i % 12 + 4};
        for (const auto mode : {dyad::requantization::single_half_up, dyad::requantization::gemmlowp_double,
                                dyad::requantization::nearest_even}) {
            sums.add(std::int64_t{dyad::requantize(x, m, mode)});
        }
        sums.add(std::int64_t{dyad::requantize(static_cast<std::int64_t>(word) >> (i % 30), m)});
    }
    exponentials.print("shift_exp");
    gelus.print("shift_gelu");
    roots.print("integer_sqrt");
    sums.print("requantize");
}

}  // namespace

int main() {
    scaled_functions();
    wide_functions();
    shift_functions();
}
