// SPDX-License-Identifier: Apache-2.0
// Matrix kernels in plain C++: the definition of every tile's sums. A panel is its lines one after the other, each of
// whole steps of k.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/core/fused.hpp>
#include <dyad/kernels/matrix_kernel.hpp>
#include <dyad/kernels/scalar/opaque.hpp>
#include <dyad/number/lmul_adder.hpp>
#include <dyad/number/named_formats.hpp>

namespace dyad::inline v1::scalar {

inline constexpr std::ptrdiff_t matrix_lines = 4;

template <class T>
struct matrix_panel {
    [[nodiscard]] static constexpr std::ptrdiff_t bytes(std::ptrdiff_t k) noexcept {
        const auto all = matrix_lines * k * static_cast<std::ptrdiff_t>(sizeof(T));
        return (all + 63) / 64 * 64;
    }
    static void pack(lines_view<T> from, std::ptrdiff_t lines, std::ptrdiff_t k, void* to) noexcept {
        T* const panel = static_cast<T*>(to);
        for (std::ptrdiff_t line = 0; line < matrix_lines; ++line) {
            for (std::ptrdiff_t i = 0; i < k; ++i) {
                panel[line * k + i] = line < lines ? from.data[line * from.line_stride + i * from.k_stride] : T{};
            }
        }
    }
};

/// A NaN has one pattern, whatever the operands' were.
[[nodiscard]] inline float one_nan(float x) noexcept {
    std::uint32_t bits = 0;
    __builtin_memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7fff'ffffU) > 0x7f80'0000U) bits = 0x7fc0'0000U;
    __builtin_memcpy(&x, &bits, sizeof bits);
    return x;
}

/// The sums of one line of lhs with one of rhs, begun at `sum`.
template <class Sum>
struct integer_dot {
    template <class Lhs, class Rhs>
    [[nodiscard]] static Sum run(const Lhs* lhs, const Rhs* rhs, std::ptrdiff_t k, Sum sum) noexcept {
        using word = std::make_unsigned_t<Sum>;  // wraps
        auto total = static_cast<word>(sum);
        for (std::ptrdiff_t i = 0; i < k; ++i)
            total += static_cast<word>(static_cast<Sum>(lhs[i]) * static_cast<Sum>(rhs[i]));
        return static_cast<Sum>(total);
    }
};
/// In steps of 32 k, even and odd products form two fused chains from +0, whose sum is added: the order of AMX.
struct bf16_dot {
    [[nodiscard]] static float run(const bfloat16* lhs, const bfloat16* rhs, std::ptrdiff_t k, float sum) noexcept {
        for (std::ptrdiff_t first = 0; first < k; first += 32) {
            float chains[2] = {0, 0};
            const std::ptrdiff_t end = k - first < 32 ? k : first + 32;
            for (std::ptrdiff_t i = first; i < end; ++i) {
                float& chain = chains[i & 1];
                chain = fused(as_float(lhs[i]), as_float(rhs[i]), chain);
            }
            sum += opaque(chains[0] + chains[1]);
        }
        return one_nan(sum);
    }

private:
    [[nodiscard]] static float as_float(bfloat16 x) noexcept {
        const auto bits = static_cast<std::uint32_t>(x.bits()) << 16;
        float value = 0;
        __builtin_memcpy(&value, &bits, sizeof value);
        return value;
    }
};
struct f32_dot {
    [[nodiscard]] static float run(const float* lhs, const float* rhs, std::ptrdiff_t k, float sum) noexcept {
        for (std::ptrdiff_t i = 0; i < k; ++i) sum = fused(lhs[i], rhs[i], sum);
        return one_nan(sum);
    }
};
/// L-Mul's integer addition with the constant 2^-L, rounded to float where it leaves the normal range.
template <int L>
struct lmul_adder_dot {
    [[nodiscard]] static float run(const float* lhs, const float* rhs, std::ptrdiff_t k, float sum) noexcept {
        for (std::ptrdiff_t i = 0; i < k; ++i) sum += lmul_adder(lhs[i], rhs[i], lmul_constant{1, L});
        return one_nan(sum);
    }
};

template <class Lhs, class Rhs, class Sum, class Dot>
void multiply_panels(const void* lhs, const void* rhs, std::ptrdiff_t k, std::ptrdiff_t rows, std::ptrdiff_t columns,
                     Sum* sums, std::ptrdiff_t sum_stride, tile_start start) noexcept {
    for (std::ptrdiff_t i = 0; i < rows; ++i) {
        for (std::ptrdiff_t j = 0; j < columns; ++j) {
            const auto* const a = static_cast<const Lhs*>(lhs) + i * k;
            const std::ptrdiff_t panel = j / matrix_lines * matrix_panel<Rhs>::bytes(k);
            const auto* const b = reinterpret_cast<const Rhs*>(static_cast<const std::byte*>(rhs) + panel);
            Sum& sum = sums[i * sum_stride + j];
            sum = Dot::run(a, b + j % matrix_lines * k, k, start == tile_start::zero ? Sum{} : sum);
        }
    }
}

template <class Lhs, class Rhs, class Sum, class Dot>
[[nodiscard]] constexpr matrix_kernel<Lhs, Rhs, Sum> make_matrix_kernel(const char* name) noexcept {
    return {.name = name,
            .isa = instruction_set::scalar,
            .lhs_lines = matrix_lines,
            .rhs_lines = matrix_lines,
            .rhs_panels = 4,
            .depth = 1,
            .lhs_bytes = &matrix_panel<Lhs>::bytes,
            .rhs_bytes = &matrix_panel<Rhs>::bytes,
            .pack_lhs = &matrix_panel<Lhs>::pack,
            .pack_rhs = &matrix_panel<Rhs>::pack,
            .multiply = &multiply_panels<Lhs, Rhs, Sum, Dot>};
}

inline constexpr auto s8s8 =
    make_matrix_kernel<std::int8_t, std::int8_t, std::int32_t, integer_dot<std::int32_t>>("scalar s8s8 4x16");
inline constexpr auto u8s8 =
    make_matrix_kernel<std::uint8_t, std::int8_t, std::int32_t, integer_dot<std::int32_t>>("scalar u8s8 4x16");
inline constexpr auto s8u8 =
    make_matrix_kernel<std::int8_t, std::uint8_t, std::int32_t, integer_dot<std::int32_t>>("scalar s8u8 4x16");
inline constexpr auto u8u8 =
    make_matrix_kernel<std::uint8_t, std::uint8_t, std::int32_t, integer_dot<std::int32_t>>("scalar u8u8 4x16");
inline constexpr auto s16s16_32 =
    make_matrix_kernel<std::int16_t, std::int16_t, std::int32_t, integer_dot<std::int32_t>>("scalar s16s16 4x16");
inline constexpr auto s16_wide =
    make_matrix_kernel<std::int16_t, std::int16_t, std::int64_t, integer_dot<std::int64_t>>("scalar s16 4x16");
inline constexpr auto s16_short = s16_wide;
inline constexpr auto bf16 = make_matrix_kernel<bfloat16, bfloat16, float, bf16_dot>("scalar bf16 4x16");
inline constexpr auto f32 = make_matrix_kernel<float, float, float, f32_dot>("scalar f32 4x16");
template <int L>
inline constexpr auto lmul_adder_f32 =
    make_matrix_kernel<float, float, float, lmul_adder_dot<L>>("scalar lmul_adder 4x16");

}  // namespace dyad::inline v1::scalar
