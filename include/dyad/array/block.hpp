// SPDX-License-Identifier: Apache-2.0
// block<Element, Scale, Size>: Size elements and the scale they share, side by side in memory, as files and other
// libraries keep them. An array of blocks is the array-of-structs layout of a quantized_view with that granularity.
// Sources: OCP Microscaling Formats (MX) v1.0 section 5; NVIDIA's NVFP4; Darvish Rouhani et al., "Pushing the limits of
// narrow precision inferencing at cloud scale with Microsoft floating point", NeurIPS 2020 (MSFP); ggml's Q8_0, Q4_0.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <dyad/array/code_order.hpp>
#include <dyad/array/packed_iterator.hpp>
#include <dyad/array/quantized_view.hpp>
#include <dyad/array/scale_map.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/named_formats.hpp>

namespace dyad::inline v1 {

/// Whether a block's scale is all there is, or relative to a scale of the whole tensor that is kept elsewhere.
enum class scale_levels : std::uint8_t { one, two };

struct block_layout {
    code_order order = code_order::in_order;
    scale_levels levels = scale_levels::one;
    int zero_point = 0;  ///< the raw code that stands for 0; fixed-point elements only
};

template <class E>
[[nodiscard]] constexpr bool has_room_above(int zero_point) noexcept {
    if constexpr (requires {
                      E::max_raw;
                      E::min_raw;
                  })
        return zero_point >= E::min_raw && zero_point < E::max_raw;
    else return true;
}

/// Value of element i: (element(i) - zero point) * scale, times the tensor's scale where there are two levels.
template <format Element, number Scale, int Size, block_layout Layout = block_layout{}>
struct block {
    static_assert(Size >= 1 && Size <= 4096, "dyad::block's Size must be 1 to 4096 elements.");
    static_assert(Element::width <= 16, "dyad::block's Element must have at most 16 bits.");
    static_assert(Layout.order == code_order::in_order || orderable_block<Element::width, std::size_t{Size}>,
                  "dyad::block's code_order::halves needs elements of 1, 2 or 4 bits that fill whole bytes.");
    static_assert(
        Layout.zero_point == 0 || requires { Element::max_raw; },
        "dyad::block's zero_point needs a fixed-point Element.");
    static_assert(has_room_above<Element>(Layout.zero_point),
                  "dyad::block's zero_point must be a raw number of the Element, below the largest.");

    using element_type = Element;
    using scale_type = Scale;
    static constexpr int size = Size;
    static constexpr block_layout layout = Layout;
    static constexpr int code_bytes = (Size * Element::width + 7) / 8;

    Scale scale;
    std::uint8_t codes[static_cast<std::size_t>(code_bytes)];

    [[nodiscard]] constexpr Element element(int i) const noexcept {
        const int first = first_bit(i);
        if constexpr (Element::width <= 8) return Element::from_bits(load_code<Element::width>(codes, first));
        std::uint32_t bits = 0;
        for (int byte = first / 8; byte * 8 < first + Element::width; ++byte) {
            bits |= std::uint32_t{codes[byte]} << (8 * (byte - first / 8));
        }
        const std::uint32_t code = (bits >> (first % 8)) & low_mask<std::uint32_t>(Element::width);
        return Element::from_bits(static_cast<typename Element::bits_type>(code));
    }
    constexpr void set_element(int i, Element x) noexcept {
        const int first = first_bit(i);
        if constexpr (Element::width <= 8) return store_code<Element::width>(codes, first, x.bits());
        const std::uint32_t mask = low_mask<std::uint32_t>(Element::width) << (first % 8);
        const std::uint32_t code = std::uint32_t{x.bits()} << (first % 8);
        for (int byte = first / 8; byte * 8 < first + Element::width; ++byte) {
            const int down = 8 * (byte - first / 8);
            codes[byte] = static_cast<std::uint8_t>((codes[byte] & ~(mask >> down)) | (code >> down));
        }
    }

private:
    /// (a code of at most 16 bits that starts within a byte ends within 24)
    [[nodiscard]] static constexpr int first_bit(int i) noexcept {
        DYAD_ASSERT(i >= 0 && i < Size);
        if constexpr (Layout.order == code_order::halves) {
            return static_cast<int>(
                bit_in_block<Element::width, std::size_t{Size}>(code_order::halves, static_cast<std::size_t>(i)));
        }
        return i * Element::width;
    }
};

template <class B>
inline constexpr bool is_block = false;
template <format Element, number Scale, int Size, block_layout Layout>
inline constexpr bool is_block<block<Element, Scale, Size, Layout>> = true;
template <class B>
concept block_type = is_block<std::remove_const_t<B>>;

/// OCP MX v1.0: 32 elements under a power of two.
using mxfp8_e4m3 = block<float8_e4m3fn, float8_e8m0fnu, 32>;
using mxfp8_e5m2 = block<float8_e5m2, float8_e8m0fnu, 32>;
using mxfp6_e2m3 = block<float6_e2m3fn, float8_e8m0fnu, 32>;
using mxfp6_e3m2 = block<float6_e3m2fn, float8_e8m0fnu, 32>;
using mxfp4 = block<float4_e2m1fn, float8_e8m0fnu, 32>;
/// Two's complement with six fraction bits: -2 to 1 + 63/64.
using mxint8 = block<fixed<8, 6>, float8_e8m0fnu, 32>;
/// NVIDIA's FP4: 16 elements under an E4M3 scale, under a float for the whole tensor.
using nvfp4 = block<float4_e2m1fn, float8_e4m3fn, 16, block_layout{.levels = scale_levels::two}>;

/// Sign and magnitude of `Bits` bits in all as a minifloat with one exponent bit: its subnormal and normal numbers are
/// one evenly spaced grid below 2.
template <int Bits>
inline constexpr float_format sign_magnitude_format{.exponent_bits = 1,
                                                    .significand_bits = Bits - 2,
                                                    .bias = 1,
                                                    .infinity = infinity_codes::none,
                                                    .nan = nan_codes::none};
/// Microsoft floating point: 16 numbers of sign and magnitude under a power of two; msfpN has N - 8 bits a number.
template <int Bits>
using msfp = block<minifloat<sign_magnitude_format<Bits - 8>>, float8_e8m0fnu, 16>;
using msfp11 = msfp<11>;
using msfp12 = msfp<12>;
using msfp13 = msfp<13>;
using msfp14 = msfp<14>;
using msfp15 = msfp<15>;
using msfp16 = msfp<16>;
/// Block floating point of any width: two's complement below 2 under a power of two.
template <int Bits, int Size>
using bfp = block<fixed<Bits, Bits - 2>, float8_e8m0fnu, Size>;

/// ggml's blocks, byte for byte (array/ggml.hpp quantizes as ggml does).
using q8_0 = block<integer<8>, float16, 32>;
using q4_0 = block<uinteger<4>, float16, 32, block_layout{.order = code_order::halves, .zero_point = 8}>;
using ggml_mxfp4 = block<float4_e2m1fn, float8_e8m0fnu, 32, block_layout{.order = code_order::halves}>;

static_assert(sizeof(mxfp8_e4m3) == 33 && sizeof(mxfp8_e5m2) == 33 && sizeof(mxfp6_e2m3) == 25);
static_assert(sizeof(mxfp6_e3m2) == 25 && sizeof(mxfp4) == 17 && sizeof(mxint8) == 33 && sizeof(nvfp4) == 9);
static_assert(sizeof(msfp11) == 7 && sizeof(msfp12) == 9 && sizeof(msfp16) == 17);
static_assert(sizeof(q8_0) == 34 && sizeof(q4_0) == 18 && sizeof(ggml_mxfp4) == 17);
static_assert(std::is_trivially_copyable_v<nvfp4> && std::is_standard_layout_v<nvfp4>);

/// The elements of blocks as a matrix: every row begins with a block of its own.
template <block_type B>
struct block_codes {
    using plain = std::remove_const_t<B>;
    using value = typename plain::element_type;
    using element_type = std::conditional_t<std::is_const_v<B>, const value, value>;

    /// Reads and writes one element.
    struct reference {
        B* holder;
        int place;
        constexpr operator value() const noexcept { return holder->element(place); }  // NOLINT: a proxy
        constexpr const reference& operator=(value x) const noexcept requires(!std::is_const_v<B>) {
            holder->set_element(place, x);
            return *this;
        }
    };

    B* data = nullptr;
    std::array<index, 2> extent = {0, 0};

    [[nodiscard]] constexpr index blocks_in_row() const noexcept { return tiles_of(extent[1], plain::size); }
    [[nodiscard]] constexpr B& block_of(index i, index j) const noexcept {
        return data[i * blocks_in_row() + j / plain::size];
    }
    [[nodiscard]] constexpr reference operator()(index i, index j) const noexcept {
        return {&block_of(i, j), static_cast<int>(j % plain::size)};
    }
};

/// The zero points of a block's elements.
template <block_type B>
using block_zero_point =
    std::conditional_t<B::layout.zero_point == 0, no_zero_points, constant_zero_point<B::layout.zero_point>>;

/// rows * ceil(columns / B::size) blocks as a quantized view of rows x columns. The scales lie sizeof(B) apart.
/// (A template of the columns' type, so that no tensor scale is taken for them.)
template <block_type B, std::integral Columns>
[[nodiscard]] constexpr auto view_of_blocks(B* blocks, index rows, Columns columns, float tensor_scale = 1) noexcept {
    using plain = std::remove_const_t<B>;
    using scale = std::conditional_t<std::is_const_v<B>, const typename plain::scale_type, typename plain::scale_type>;
    static_assert(sizeof(plain) % sizeof(scale) == 0, "dyad::view_of_blocks needs blocks that are whole scales apart.");
    constexpr auto apart = static_cast<index>(sizeof(plain) / sizeof(scale));
    const block_codes<B> codes{blocks, {rows, static_cast<index>(columns)}};
    const scale_map<scale> scales{blocks == nullptr ? nullptr : &blocks->scale,
                                  {1, plain::size},
                                  {codes.blocks_in_row() * apart, apart},
                                  tensor_scale};
    return quantized_view<block_codes<B>, scale, block_zero_point<plain>>{codes, scales, {}};
}

/// The first n elements of blocks as one row.
template <block_type B>
[[nodiscard]] constexpr auto view_of_blocks(B* blocks, index n) noexcept {
    return view_of_blocks(blocks, 1, n);
}

}  // namespace dyad::inline v1
