// SPDX-License-Identifier: Apache-2.0
// Floats to and from blocks by kernels that do all steps in one pass: scales, elements and packing. Blocks with what
// the kernels do not know (NaN, infinities, subnormal magnitudes) and the tails of rows go the general way.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/array/elements.hpp>
#include <dyad/array/scaled_elements.hpp>
#include <dyad/array/tile_scales.hpp>
#include <dyad/kernels/block_dequantize.hpp>
#include <dyad/kernels/block_quantize.hpp>

namespace dyad::inline v1 {

/// Codes of blocks side by side in a row: the first block's bytes, and how far apart blocks are. Null where a block
/// does not begin with a byte, or its codes are not in order.
template <class Byte>
struct block_bytes {
    Byte* data = nullptr;
    std::ptrdiff_t stride = 0;
};
template <class T>
[[nodiscard]] auto bytes_of_blocks(matrix_view<T> m, index i, index j, index size) noexcept {
    using byte = std::conditional_t<std::is_const_v<T>, const std::uint8_t, std::uint8_t>;
    if constexpr (is_minifloat<std::remove_const_t<T>> && T::width == 8) {
        if (m.stride[1] == 1) return block_bytes<byte>{reinterpret_cast<byte*>(&m(i, j)), size};
    }
    return block_bytes<byte>{};
}
template <class T>
[[nodiscard]] auto bytes_of_blocks(packed_matrix<T> m, index i, index j, index size) noexcept {
    const index first = m.offset + (i * m.stride[0] + j * m.stride[1]) * m.width;
    const bool whole = m.stride[1] == 1 && first % 8 == 0 && size * m.width % 8 == 0;
    return block_bytes<packed_byte<T>>{whole ? m.data + first / 8 : nullptr, size * m.width / 8};
}
template <class B>
[[nodiscard]] auto bytes_of_blocks(block_codes<B> m, index i, index j, index) noexcept {
    using byte = std::conditional_t<std::is_const_v<B>, const std::uint8_t, std::uint8_t>;
    if constexpr (!packs_in_order<std::remove_const_t<B>>) return block_bytes<byte>{};
    else return block_bytes<byte>{m.block_of(i, j).codes, sizeof(B)};
}

/// OCP MX's kinds of blocks, and NVFP4.
template <class View>
[[nodiscard]] constexpr bool has_power_blocks() noexcept {
    using E = typename View::element;
    if constexpr (is_minifloat<E>)
        return block_element<E::format> && std::same_as<typename View::scale, float8_e8m0fnu>;
    else return false;
}
template <class View>
inline constexpr bool has_scaled_blocks =
    std::same_as<typename View::element, float4_e2m1fn>&& std::same_as<typename View::scale, float8_e4m3fn>;

/// The addend of a power-of-two rule: carries into the exponent where the rule rounds it up.
template <number E>
[[nodiscard]] constexpr std::uint32_t carry_of(scale_rule rule) noexcept {
    constexpr std::uint32_t all = 0x007f'ffff;
    switch (rule) {
        case scale_rule::ceil: return all;
        case scale_rule::even: return std::uint32_t{1} << (23 - element_precision<E>());
        case scale_rule::rceil: {
            const auto most = pack_as<float>(largest_element<E>, rounding::nearest_even, saturation::none);
            return all - (std::bit_cast<std::uint32_t>(most) & all);
        }
        default: return 0;
    }
}

/// May quantize_fused do it?
template <number From, class View, class Rule>
[[nodiscard]] bool is_fused(const quantization<From, View, Rule>& job) noexcept {
    if constexpr (std::same_as<From, float> && std::same_as<Rule, rounding> &&
                  std::same_as<decltype(View::zero), no_zero_points> &&
                  (has_power_blocks<View>() || has_scaled_blocks<View>)) {
        const auto& map = job.dst.scales;
        if (job.rule != rounding::nearest_even || job.policy == saturation::none) return false;
        if (job.src.stride[1] != 1 || map.tile[0] != 1 || (map.tile[1] != 16 && map.tile[1] != 32)) return false;
        const index rows = job.src.extent[0];
        for (index i = 0; i < (rows < 2 ? rows : 2); ++i) {  // (two rows tell of all)
            if (bytes_of_blocks(job.dst.codes, i, 0, map.tile[1]).data == nullptr) return false;
        }
        if constexpr (has_power_blocks<View>()) {
            return map.tensor_scale == 1 && gives_power_of_two(job.choice.rule) && job.choice.headroom == 0;
        } else {
            return map.tile[1] == 16 && job.choice.rule == scale_rule::nearest;
        }
    } else {
        return false;
    }
}

/// Blocks whose magnitudes are kept at once.
inline constexpr index fused_blocks = 256;

/// n blocks of one row by a kernel; largest[b] tells which ones it did.
template <class View, class Rule>
void quantize_blocks_of_row(const quantization<float, View, Rule>& job, index i, index j, index n,
                            std::uint32_t* largest) noexcept {
    using E = typename View::element;
    using S = typename View::scale;
    const auto& map = job.dst.scales;
    const auto codes = bytes_of_blocks(job.dst.codes, i, j, map.tile[1]);
    const block_places places{codes.data, codes.stride, reinterpret_cast<std::uint8_t*>(&map(i, j)), map.stride[1]};
    static_assert(sizeof(S) == 1);
    const float* from = &job.src(i, j);
    const auto count = static_cast<std::size_t>(n);
    if constexpr (has_power_blocks<View>()) {
        constexpr int emax = largest_element<E>.top_exponent();
        const power_rule rule{carry_of<E>(job.choice.rule), emax};
        if (map.tile[1] == 32) quantize_power_blocks<E::format, 32>(job.isa, from, count, rule, places, largest);
        else quantize_power_blocks<E::format, 16>(job.isa, from, count, rule, places, largest);
    } else {
        quantize_scaled_blocks(job.isa, from, count, map.tensor_scale, places, largest);
    }
}

/// One part of whole blocks, but for the ends of rows.
template <number From, class View, class Rule>
[[gnu::noinline]] void quantize_fused(const quantization<From, View, Rule>& job, const matrix_part& part) noexcept {
    if constexpr (std::same_as<From, float> && (has_power_blocks<View>() || has_scaled_blocks<View>)) {
        const index size = job.dst.scales.tile[1];
        const auto in_general = [&job](index i, index first, index last) {
            const matrix_part rest{i, i + 1, first, last};
            choose_scales(job, rest);
            write_elements(job, rest);
        };
        for (index i = part.first_row; i < part.last_row; ++i) {
            index j = part.first_column;
            for (index blocks = (part.last_column - j) / size; blocks > 0; blocks -= fused_blocks) {
                const index n = blocks < fused_blocks ? blocks : fused_blocks;
                std::uint32_t largest[fused_blocks];
                quantize_blocks_of_row(job, i, j, n, static_cast<std::uint32_t*>(largest));
                // Infinity and NaN; subnormal magnitudes, but zero.
                const auto is_special = [](std::uint32_t bits) {
                    return bits >= 0x7f80'0000 || bits - 1 < 0x007f'ffff;
                };
                bool any = false;
                for (index b = 0; b < n; ++b) any |= is_special(largest[b]);
                for (index b = 0; any && b < n; ++b) {
                    if (is_special(largest[b])) in_general(i, j + b * size, j + (b + 1) * size);
                }
                j += n * size;
            }
            if (j < part.last_column) in_general(i, j, part.last_column);
        }
    }
}

/// Blocks that kernels decode: elements of whole nibbles, 6 bits or bytes under scales of a byte.
template <class View>
[[nodiscard]] constexpr bool has_decoded_blocks() noexcept {
    using E = typename View::element;
    using S = typename View::scale;
    if constexpr (is_minifloat<E> && std::same_as<decltype(View::zero), no_zero_points>) {
        return decodable_in_bulk<E::format> && (E::width == 4 || E::width == 6 || E::width == 8) &&
               (std::same_as<S, float8_e8m0fnu> || std::same_as<S, float8_e4m3fn>);
    } else {
        return false;
    }
}

/// May dequantize_fused do it?
template <class View, number To>
[[nodiscard]] bool is_fused(const dequantization<View, To>& job) noexcept {
    if constexpr (std::same_as<To, float> && has_decoded_blocks<View>()) {
        const auto& map = job.src.scales;
        if (job.dst.stride[1] != 1 || map.tile[0] != 1 || (map.tile[1] != 16 && map.tile[1] != 32)) return false;
        // A product of code and scale that is no float is rounded here: it must be the only product, or cannot be.
        if (map.tensor_scale != 1 && !std::same_as<typename View::scale, float8_e4m3fn>) return false;
        const index rows = job.dst.extent[0];
        for (index i = 0; i < (rows < 2 ? rows : 2); ++i) {  // (two rows tell of all)
            if (bytes_of_blocks(job.src.codes, i, 0, map.tile[1]).data == nullptr) return false;
        }
        return true;
    } else {
        return false;
    }
}

/// One part of whole blocks, but for the ends of rows.
template <class View, number To>
[[gnu::noinline]] void dequantize_fused(const dequantization<View, To>& job, const matrix_part& part) noexcept {
    if constexpr (std::same_as<To, float> && has_decoded_blocks<View>()) {
        using E = typename View::element;
        using S = typename View::scale;
        const auto& map = job.src.scales;
        const index size = map.tile[1];
        for (index i = part.first_row; i < part.last_row; ++i) {
            index j = part.first_column;
            for (index blocks = (part.last_column - j) / size; blocks > 0; blocks -= fused_blocks) {
                const index n = blocks < fused_blocks ? blocks : fused_blocks;
                const auto count = static_cast<std::size_t>(n);
                float scales[fused_blocks];
                decode_scales<S::format>(job.isa, reinterpret_cast<const std::uint8_t*>(&map(i, j)), map.stride[1],
                                         count, static_cast<float*>(scales));
                const auto codes = bytes_of_blocks(job.src.codes, i, j, size);
                const auto decode = [&]<std::size_t Size>() {
                    dequantize_blocks<E::format, Size>(job.isa, codes.data, codes.stride,
                                                       static_cast<const float*>(scales), map.tensor_scale, count,
                                                       &job.dst(i, j));
                };
                if (size == 32) decode.template operator()<32>();
                else decode.template operator()<16>();
                j += n * size;
            }
            if (j < part.last_column) dequantize_part(job, {i, i + 1, j, part.last_column});
        }
    }
}

}  // namespace dyad::inline v1
