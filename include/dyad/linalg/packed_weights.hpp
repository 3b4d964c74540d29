// SPDX-License-Identifier: Apache-2.0
// packed_weights: a constant k x n matrix of low-bit weights as bytes that a product with few rows streams once,
// kernels/gemv_layout.hpp's panels behind a header of 64 bytes. The bytes are the same for all instruction sets, so
// they may be stored: files of a machine with another order of bytes in a word are told apart by their header.
//   value of weight (l, j) = (raw - zero point) * scale of column j's group l / Group
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include <dyad/array/overlap.hpp>
#include <dyad/array/quantized_view.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/gemv_layout.hpp>
#include <dyad/kernels/scalar/weight_codes.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/power_of_two.hpp>
#include <dyad/number/ternary.hpp>

namespace dyad::inline v1 {

/// Weights without scales: sums of raw codes.
struct no_scales {};

/// The bits of a weight: as many as its format has (5 take 6, 7 take 8), or 8/5 for ternary weights.
enum class weight_storage : std::uint8_t { whole_bits, trits };

namespace weight_rules {

template <class S>
[[nodiscard]] consteval scale_code scale_code_of() {
    if constexpr (std::same_as<S, no_scales>) return scale_code::none;
    else if constexpr (std::same_as<S, float>) return scale_code::float_32;
    else if constexpr (std::same_as<S, float16>) return scale_code::float_16;
    else if constexpr (std::same_as<S, bfloat16>) return scale_code::bfloat_16;
    else if constexpr (std::same_as<S, float8_e8m0fnu>) return scale_code::biased_exponent;
    else return scale_code::signed_exponent;
}
template <class S>
inline constexpr bool is_power = false;
template <int Bits>
inline constexpr bool is_power<power_of_two<Bits>> = Bits <= 8;
template <class S>
concept scale = std::same_as<S, no_scales> || std::same_as<S, float> || std::same_as<S, float16> ||
    std::same_as<S, bfloat16> || std::same_as<S, float8_e8m0fnu> || is_power<S>;

template <class Zero>
[[nodiscard]] consteval zero_code zero_code_of() {
    if constexpr (!stores_zero_points<Zero>) return zero_code::none;
    else return std::is_signed_v<typename Zero::value_type> ? zero_code::signed_8 : zero_code::unsigned_8;
}
template <class Zero>
inline constexpr bool is_byte = false;
template <class Z>
inline constexpr bool is_byte<zero_points<Z>> = sizeof(Z) == 1;

/// Zero points as the weights have them, const or not.
template <class Zero>
struct plain_zero {
    using type = Zero;
};
template <class Z>
struct plain_zero<zero_points<Z>> {
    using type = zero_points<std::remove_const_t<Z>>;
};

template <class W>
inline constexpr bool is_weight = std::same_as<W, ternary>;
template <int Width, signedness Sign, overflow Overflow>
inline constexpr bool is_weight<fixed<Width, 0, Sign, Overflow>> = Width >= 1 && Width <= 8;

}  // namespace weight_rules

/// W: integer<1 ... 8>, uinteger<1 ... 8> or ternary. Group: rows of the k x n matrix that share a scale, 32 or 128,
/// or 0 where a whole column does. S: float, float16, bfloat16, float8_e8m0fnu, power_of_two<8> or narrower, or
/// no_scales. Zero: no_zero_points, constant_zero_point<V>, zero_points<std::int8_t or std::uint8_t>.
template <class W, index Group = 0, class S = no_scales, class Zero = no_zero_points,
          weight_storage Storage = weight_storage::whole_bits>
class packed_weights {
    static_assert(weight_rules::is_weight<W>,
                  "dyad::packed_weights' W must be an integer format of 1 to 8 bits, or ternary.");
    static_assert(Group == 0 || Group == 32 || Group == 128, "dyad::packed_weights' Group must be 0, 32 or 128.");
    static_assert(weight_rules::scale<S>,
                  "dyad::packed_weights' S must be float, float16, bfloat16, float8_e8m0fnu, power_of_two of at most 8 "
                  "bits, or no_scales.");
    static_assert(Group == 0 || !std::same_as<S, no_scales>, "dyad::packed_weights' groups need scales.");
    static_assert(std::same_as<Zero, no_zero_points> || has_constant_zero_point<Zero> || weight_rules::is_byte<Zero>,
                  "dyad::packed_weights' zero points must be integers of 8 bits.");
    static_assert(!std::same_as<S, no_scales> || !stores_zero_points<Zero>,
                  "dyad::packed_weights' zero points stand beside scales.");
    static_assert(Storage == weight_storage::whole_bits || std::same_as<W, ternary>,
                  "dyad::packed_weights stores ternary weights only as trits.");

public:
    using element = W;
    using scale = S;
    using zero = Zero;
    static constexpr index group = Group;
    static constexpr bool has_scales = !std::same_as<S, no_scales>;
    static constexpr std::size_t header_bytes = 64;

    static constexpr weight_code code = Storage == weight_storage::trits ? weight_code::trits
                                        : W::width <= 2                  ? weight_code::bits_2
                                        : W::width == 3                  ? weight_code::bits_3
                                        : W::width == 4                  ? weight_code::bits_4
                                        : W::width <= 6                  ? weight_code::bits_6
                                                                         : weight_code::bits_8;
    static constexpr int lowest = std::numeric_limits<W>::lowest().raw();
    /// raw less the constant zero point = u + offset.
    static constexpr std::int32_t offset = [] {
        if constexpr (has_constant_zero_point<Zero>) return lowest - Zero::value;
        else return lowest;
    }();
    static_assert(offset >= -65536 && offset <= 65536,
                  "dyad::packed_weights' constant zero point must be at most 65000 in magnitude.");

    /// |raw - zero point| for any bytes, those of a damaged file as well.
    static constexpr std::int64_t max_weight = [] {
        constexpr int top[] = {255, 63, 15, 7, 3, 2};
        std::int64_t low = offset;
        std::int64_t high = std::int64_t{offset} + top[static_cast<int>(code)];
        if constexpr (stores_zero_points<Zero>) {
            low -= std::numeric_limits<typename Zero::value_type>::max();
            high -= std::numeric_limits<typename Zero::value_type>::lowest();
        }
        return -low > high ? -low : high;
    }();

    packed_weights() = default;
    /// Of a k x n matrix.
    static status make(index k, index n, packed_weights& weights) noexcept {
        if (k < 0 || n < 0) return status::negative_extent;
        weights.k_ = k;
        weights.n_ = n;
        return status::ok;
    }
    [[nodiscard]] index k() const noexcept { return k_; }
    [[nodiscard]] index n() const noexcept { return n_; }
    [[nodiscard]] gemv_layout layout() const noexcept {
        return {code,
                weight_rules::scale_code_of<S>(),
                weight_rules::zero_code_of<Zero>(),
                Group == 0 ? weight_sharing::column : weight_sharing::group,
                k_,
                Group};
    }
    [[nodiscard]] index panels() const noexcept { return n_ / gemv_columns + (n_ % gemv_columns != 0 ? 1 : 0); }

    /// Bytes that pack writes; the largest number where they would be none.
    [[nodiscard]] std::size_t packed_bytes() const noexcept {
        constexpr index largest = std::numeric_limits<index>::max() / 128;
        if (k_ == 0 || n_ == 0) return header_bytes;
        if (k_ > largest - 1024 || panels() > largest) return static_cast<std::size_t>(-1);
        // (a panel has at most 64 bytes of code for each k, and 5 of a scale and a zero point)
        index bytes = 0;
        if (__builtin_mul_overflow(panels(), k_ + 1024, &bytes) || bytes > largest) return static_cast<std::size_t>(-1);
        return header_bytes + static_cast<std::size_t>(panels() * layout().panel_bytes());
    }

    /// Packs codes without scales. `to`: packed_bytes() bytes or more, aligned to 64, none of them the codes'.
    template <code_matrix Codes>
        requires(!has_scales && std::same_as<element_of<Codes>, W>)
    status pack(const Codes& weights, std::span<std::byte> to)
    const noexcept {
        if (const status s = check_pack(weights, to); s != status::ok) return s;
        write(weights, to.data(), [](index, index, std::uint8_t*) {});
        return status::ok;
    }
    /// Packs codes, scales and zero points: tiles of Group x 1 (of k or more rows where Group is 0), no scale of the
    /// tensor but 1.
    template <code_matrix Codes, class Scale, class Z>
        requires(has_scales&& std::same_as<element_of<Codes>, W>&& std::same_as<std::remove_const_t<Scale>, S>&&
                     std::same_as<typename weight_rules::plain_zero<Z>::type, Zero>)
    status pack(const quantized_view<Codes, Scale, Z>& weights, std::span<std::byte> to)
    const noexcept {
        if (const status s = check_pack(weights.codes, to); s != status::ok) return s;
        const auto tiles = scales_of(weights.scales, k_, n_);
        const bool empty = k_ == 0 || n_ == 0;
        if (weights.scales.tile[1] != 1) return status::rhs_scales_differ;
        if (Group != 0 ? weights.scales.tile[0] != Group : weights.scales.tile[0] < k_)
            return status::block_size_differs;
        if (!(weights.scales.tensor_scale == 1.0F)) return status::tensor_scale_not_one;
        if (weights.scales.data == nullptr && !empty) return status::scales_null;
        if (overlap(memory_of(to), memory_of(tiles))) return status::scales_overlap_operand;
        if constexpr (stores_zero_points<Zero>) {
            if (weights.zero.data == nullptr && !empty) return status::zero_points_null;
            if (overlap(memory_of(to), memory_of(zeros_of(weights, k_, n_)))) return status::scales_overlap_operand;
        }
        write(weights.codes, to.data(),
              [&](index l, index j, std::uint8_t* shared) { write_shared(weights, l, j, shared); });
        return status::ok;
    }

    /// Are these the bytes of such weights? rhs_null, rhs_packed_too_short or rhs_packed_differently where not.
    [[nodiscard]] status check(std::span<const std::byte> packed) const noexcept {
        if (packed.data() == nullptr) return status::rhs_null;
        if (packed.size() < header_bytes) return status::rhs_packed_too_short;
        const header mine = make_header();
        if (__builtin_memcmp(&mine, packed.data(), sizeof mine) != 0) return status::rhs_packed_differently;
        return packed.size() < packed_bytes() ? status::rhs_packed_too_short : status::ok;
    }

private:
    struct header {
        std::uint64_t magic = 0x3031'7374'6867'6577;  // "weghts10", in words of the other order as well not itself
        std::uint32_t version = 1;
        std::uint8_t code = 0;
        std::uint8_t scale = 0;
        std::uint8_t zero = 0;
        std::uint8_t columns = gemv_columns;
        std::int64_t group = 0;
        std::int64_t k = 0;
        std::int64_t n = 0;
        std::int32_t lowest = 0;
        std::int32_t offset = 0;
        std::int64_t panel_bytes = 0;
        std::int64_t reserved = 0;
    };
    static_assert(sizeof(header) == header_bytes);

    [[nodiscard]] header make_header() const noexcept {
        const gemv_layout l = layout();
        header h;
        h.code = static_cast<std::uint8_t>(l.code);
        h.scale = static_cast<std::uint8_t>(l.scale);
        h.zero = static_cast<std::uint8_t>(l.zero);
        h.group = Group;
        h.k = k_;
        h.n = n_;
        h.lowest = lowest;
        h.offset = offset;
        h.panel_bytes = k_ == 0 ? 0 : l.panel_bytes();
        return h;
    }

    template <class Codes>
    status check_pack(const Codes& weights, std::span<std::byte> to) const noexcept {
        if (weights.extent[0] != k_) return status::rhs_rows_differ;
        if (weights.extent[1] != n_) return status::rhs_columns_differ;
        if (weights.data == nullptr && k_ != 0 && n_ != 0) return status::rhs_null;
        if (to.data() == nullptr || to.size() < packed_bytes()) return status::packed_memory_too_small;
        if (reinterpret_cast<std::uintptr_t>(to.data()) % 64 != 0) return status::packed_memory_too_small;
        return overlap(memory_of(to), memory_of(weights)) ? status::dst_overlaps_rhs : status::ok;
    }

    /// shared(l, j, to): writes what column j's weights from row l on share; `to` is where the panel's first lies.
    template <class Codes, class Shared>
    void write(const Codes& weights, std::byte* to, const Shared& shared) const noexcept {
        const header h = make_header();
        __builtin_memcpy(to, &h, sizeof h);
        if (k_ == 0 || n_ == 0) return;
        const gemv_layout l = layout();
        auto* at = reinterpret_cast<std::uint8_t*>(to + header_bytes);
        for (index first = 0; first < n_; first += gemv_columns) {
            for (index b = 0; b < l.blocks(); ++b) {
                write_block(weights, l, b, first, at);
                at += l.code_bytes(b);
                if constexpr (Group != 0) at = write_panel_shared(b * l.block_k(), first, at, shared);
            }
            if constexpr (Group == 0) at = write_panel_shared(0, first, at, shared);
        }
    }
    template <class Codes>
    void write_block(const Codes& weights, const gemv_layout& l, index b, index first,
                     std::uint8_t* at) const noexcept {
        constexpr weight_unit unit = unit_of(code);
        const index end = b == l.blocks() - 1 ? k_ : (b + 1) * l.block_k();
        for (index p = 0; p < 4 * l.units(b); ++p, at += unit.vectors * 64) {
            const index l0 = b * l.block_k() + p / 4 * l.unit_k();
            const index j0 = first + p % 4 * 16;
            for (index place = 0; place < 64; ++place) {
                std::uint8_t u[8] = {};
                std::uint8_t bytes[3] = {};
                for (int s = 0; s < unit.sets; ++s) {
                    const index row = l0 + 4 * s + place % 4;
                    const index column = j0 + place / 4;
                    if (row >= end || column >= n_) continue;
                    const auto w = static_cast<W>(weights(row, column));
                    u[s] = static_cast<std::uint8_t>(w.raw() - lowest);
                }
                scalar::encode_weights(code, u, bytes);
                for (int v = 0; v < unit.vectors; ++v) at[v * 64 + place] = bytes[v];
            }
        }
    }
    template <class Shared>
    std::uint8_t* write_panel_shared(index row, index first, std::uint8_t* at, const Shared& shared) const noexcept {
        const index bytes = layout().shared_bytes();
        __builtin_memset(at, 0, static_cast<std::size_t>(bytes));
        for (index j = 0; j < gemv_columns && first + j < n_; ++j) shared(row, first + j, at);
        return at + bytes;
    }
    template <class Weights>
    static void write_shared(const Weights& weights, index l, index j, std::uint8_t* at) noexcept {
        constexpr index size = bytes_of(weight_rules::scale_code_of<S>());
        const index place = j % gemv_columns;
        const S s = weights.scales(l, j);
        if constexpr (std::same_as<S, float>) {
            __builtin_memcpy(at + size * place, &s, sizeof s);
        } else if constexpr (weight_rules::is_power<S>) {
            at[place] = static_cast<std::uint8_t>(s.exponent());
        } else {
            const auto bits = s.bits();
            __builtin_memcpy(at + size * place, &bits, sizeof bits);
        }
        if constexpr (stores_zero_points<Zero>)
            at[size * gemv_columns + place] = static_cast<std::uint8_t>(weights.zero_point(l, j));
    }

    index k_ = 0;
    index n_ = 0;
};

}  // namespace dyad::inline v1
