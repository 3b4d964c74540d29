// SPDX-License-Identifier: Apache-2.0
// Sources of carriers from views with shared scales: lines of integers as they are or aligned by shifts, of bfloat16
// with the scale folded in, of elements without their scales. A line is a row of the view (for the rhs of a product a
// row of its transpose).
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/array/convert.hpp>
#include <dyad/array/element_integers.hpp>
#include <dyad/array/elements.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/flush.hpp>
#include <dyad/kernels/matrix_kernel.hpp>
#include <dyad/kernels/minifloat.hpp>
#include <dyad/linalg/block_operand.hpp>
#include <dyad/linalg/block_scan.hpp>
#include <dyad/number/named_formats.hpp>

namespace dyad::inline v1 {

/// f(first, n, elements) for pieces of columns k0 .. k0 + k - 1 of a line.
template <class View, class F>
void for_each_piece(instruction_set isa, const View& view, index line, index k0, index k, F&& f) noexcept {
    using E = typename View::element;
    E elements[convert_piece];
    for (index c = k0; c < k0 + k;) {
        const index n = k0 + k - c < static_cast<index>(convert_piece) ? k0 + k - c : static_cast<index>(convert_piece);
        load_elements(isa, view.codes, line, c, n, static_cast<E*>(elements));
        f(c, n, static_cast<const E*>(elements));
        c += n;
    }
}
/// f(first, n, scale) for the parts of columns first .. first + n - 1 of a line that share a scale.
template <class View, class F>
void for_each_scale(const View& view, index line, index first, index n, F&& f) noexcept {
    const index tile = view.scales.tile[1];
    const auto* scale = &view.scales(line, first);
    index rest = tile - first % tile;
    for (index c = first; c < first + n; rest = tile, scale += view.scales.stride[1]) {
        const index count = rest < first + n - c ? rest : first + n - c;
        f(c, count, static_cast<typename View::scale>(*scale));
        c += count;
    }
}

/// The low bytes of the integers of all codes.
template <format E>
    requires(E::width <= 8)
alignas(64) inline constexpr auto integer_bytes = [] {
    std::array<std::uint8_t, 256> table{};
    for (unsigned code = 0; code < 256; ++code) {
        const unsigned bits = code & low_mask<unsigned>(E::width);
        const auto x = integer_of_element<E, std::int16_t>(E::from_bits(static_cast<typename E::bits_type>(bits)));
        table[code] = static_cast<std::uint8_t>(static_cast<unsigned>(x));
    }
    return table;
}();

/// x[i] * 2^up for bytes that have room, eight at a time: what leaves a byte is cut off before it reaches the next one.
inline void shift_bytes(std::int8_t* x, index n, int up) noexcept {
    const std::uint64_t kept = (0xffU >> up) * 0x0101'0101'0101'0101U;
    index c = 0;
    for (; n - c >= 8; c += 8) {
        std::uint64_t eight = 0;
        __builtin_memcpy(&eight, x + c, sizeof eight);
        eight = (eight & kept) << up;
        __builtin_memcpy(x + c, &eight, sizeof eight);
    }
    for (; c < n; ++c) x[c] = static_cast<std::int8_t>(x[c] * (1 << up));
}
inline void shift_bytes(std::int16_t* x, index n, int up) noexcept {
    for (index c = 0; c < n; ++c) x[c] = static_cast<std::int16_t>(x[c] * (1 << up));
}

/// n integers less `less`, which fit the carrier.
template <class Carrier, class E>
void to_carriers(instruction_set isa, const E* from, index n, std::int64_t less, Carrier* to) noexcept {
    if constexpr (carrier_rules::is_fixed<E>) {
        if constexpr (sizeof(E) == sizeof(Carrier)) {
            if (less == 0) {
                __builtin_memcpy(to, from, static_cast<std::size_t>(n) * sizeof(E));
                return;
            }
        }
        const auto down = static_cast<int>(less);
        for (index c = 0; c < n; ++c) to[c] = static_cast<Carrier>(static_cast<int>(from[c].raw()) - down);
    } else if constexpr (sizeof(Carrier) == 2) {
        for (index c = 0; c < n; ++c) to[c] = integer_table<E, Carrier>[from[c].bits()];
    } else {
        static_assert(sizeof(E) == 1);
        look_up_bytes(isa, integer_bytes<E>.data(), codes_of(from), reinterpret_cast<std::uint8_t*>(to),
                      static_cast<std::size_t>(n));
    }
}

/// Elements as integers, without their scales and stored zero points.
template <class View, class Carrier>
struct integer_lines {
    using carrier_type = Carrier;
    View view;
    instruction_set isa;
    static constexpr block_rules::carried_integers rule = block_rules::integers_carried<View>();

    /// Are the raw numbers in memory the carriers?
    static constexpr bool is_direct = [] {
        if constexpr (requires(typename View::element x) { x.raw(); } &&
                      !has_constant_zero_point<decltype(View::zero)>) {
            return rule.offset == 0 && std::same_as<typename View::element::raw_type, Carrier> &&
                   sizeof(typename View::element) == sizeof(Carrier) &&
                   std::same_as<std::remove_const_t<decltype(View::codes)>,
                                matrix_view<typename decltype(View::codes)::element_type>>;
        } else {
            return false;
        }
    }();

    [[nodiscard]] index lines() const noexcept { return view.codes.extent[0]; }
    [[nodiscard]] index depth() const noexcept { return view.codes.extent[1]; }
    [[nodiscard]] lines_view<Carrier> read(index first, index count, index k0, index k,
                                           Carrier* buffer) const noexcept {
        if constexpr (is_direct) {
            return {reinterpret_cast<const Carrier*>(&view.codes(first, k0)), view.codes.stride[0],
                    view.codes.stride[1]};
        } else {
            std::int64_t less = rule.offset;
            if constexpr (has_constant_zero_point<decltype(View::zero)>) less += decltype(View::zero)::value;
            for (index l = 0; l < count; ++l) {
                for_each_piece(isa, view, first + l, k0, k, [&](index c, index n, const auto* x) {
                    to_carriers(isa, x, n, less, buffer + l * k + (c - k0));
                });
            }
            return {buffer, k, 1};
        }
    }
};

/// Integers moved up by the exponents of their scales above their line's unit.
template <class View, class Carrier>
struct aligned_lines {
    using carrier_type = Carrier;
    View view;
    instruction_set isa;
    const std::int32_t* units;

    [[nodiscard]] index lines() const noexcept { return view.codes.extent[0]; }
    [[nodiscard]] index depth() const noexcept { return view.codes.extent[1]; }
    [[nodiscard]] lines_view<carrier_type> read(index first, index count, index k0, index k,
                                                carrier_type* buffer) const noexcept {
        std::int64_t less = 0;
        if constexpr (has_constant_zero_point<decltype(View::zero)>) less = decltype(View::zero)::value;
        for (index l = 0; l < count; ++l) {
            const index line = first + l;
            for_each_piece(isa, view, line, k0, k, [&](index c, index n, const auto* x) {
                to_carriers(isa, x, n, less, buffer + l * k + (c - k0));
            });
            for_each_scale(view, line, k0, k, [&](index c, index n, auto s) {
                // (a tile of zeros may lie lower)
                const int low = power_of_scale(s);
                if (low > units[line]) shift_bytes(buffer + l * k + (c - k0), n, low - units[line]);
            });
        }
        return {buffer, k, 1};
    }

private:
    /// Where nothing is shifted the scale need be no power of two.
    [[nodiscard]] static int power_of_scale(typename View::scale s) noexcept {
        if constexpr (std::same_as<typename View::scale, float8_e8m0fnu>) return static_cast<int>(s.bits()) - 127;
        else return span_of_number(dyad::unpack(s)).low;
    }
};

/// Elements as floats.
template <class E>
void to_floats(instruction_set isa, const E* from, index n, float* to) noexcept {
    if constexpr (std::same_as<E, float>) {
        __builtin_memcpy(to, from, static_cast<std::size_t>(n) * sizeof(float));
    } else {
        convert_elements(isa, from, to, static_cast<std::size_t>(n), rounding::nearest_even, saturation::none, 0);
    }
}

/// bfloat16: element * scale * 2^-power, exactly.
template <class View>
struct folded_lines {
    using carrier_type = bfloat16;
    View view;
    instruction_set isa;
    int power;

    [[nodiscard]] index lines() const noexcept { return view.codes.extent[0]; }
    [[nodiscard]] index depth() const noexcept { return view.codes.extent[1]; }
    [[nodiscard]] lines_view<carrier_type> read(index first, index count, index k0, index k,
                                                carrier_type* buffer) const noexcept {
        static_assert(sizeof(bfloat16) == sizeof(std::uint16_t));
        float floats[convert_piece];
        for (index l = 0; l < count; ++l) {
            const index line = first + l;
            auto* const to = codes_of(buffer + l * k);
            // Elements are converted as many as there are at a time, and scaled tile by tile.
            for_each_piece(isa, view, line, k0, k, [&](index c, index n, const auto* x) {
                to_floats(isa, x, n, static_cast<float*>(floats));
                for_each_scale(view, line, c, n, [&](index from, index of_tile, auto s) {
                    fold_bf16(isa, floats + (from - c), factor_of(s), of_tile, to + (from - k0));
                });
            });
        }
        return {buffer, k, 1};
    }

private:
    /// scale * 2^-power
    [[nodiscard]] float factor_of(typename View::scale s) const noexcept {
        if constexpr (std::same_as<typename View::scale, float8_e8m0fnu>) {
            const int biased = static_cast<int>(s.bits()) - power;
            if (s.bits() != 255 && biased >= 1 && biased <= 254)
                return std::bit_cast<float>(static_cast<std::uint32_t>(biased) << 23);
        } else if constexpr (requires { float_table<View::scale::format>; }) {
            if (power == 0) return float_table<View::scale::format>[s.bits()];
        }
        unpacked u = resize<std::uint64_t>(dyad::unpack(s));
        u.exponent -= power;
        return pack_as<float>(u, rounding::nearest_even, saturation::none);
    }
};

/// Elements as floats or bfloat16, without their scales, less their zero points.
template <class View, class Carrier>
struct element_lines {
    using carrier_type = Carrier;
    View view;
    instruction_set isa;

    [[nodiscard]] index lines() const noexcept { return view.codes.extent[0]; }
    [[nodiscard]] index depth() const noexcept { return view.codes.extent[1]; }
    [[nodiscard]] lines_view<carrier_type> read(index first, index count, index k0, index k,
                                                carrier_type* buffer) const noexcept {
        for (index l = 0; l < count; ++l) {
            for_each_piece(isa, view, first + l, k0, k, [&](index c, index n, const auto* x) {
                Carrier* const to = buffer + l * k + (c - k0);
                if constexpr (std::same_as<Carrier, float>) {
                    elements_to_floats(first + l, c, n, x, to);
                } else {
                    float floats[convert_piece];
                    elements_to_floats(first + l, c, n, x, static_cast<float*>(floats));
                    fold_bf16(isa, floats, 1, n, codes_of(to));
                }
            });
        }
        return {buffer, k, 1};
    }

private:
    void elements_to_floats(index line, index first, index n, const typename View::element* x,
                            float* to) const noexcept {
        if constexpr (block_rules::has_zeros<View>) {
            using E = typename View::element;
            constexpr float step =
                pack_as<float>(unpacked::finite(false, 1, -E::fraction), rounding::nearest_even, saturation::none);
            for (index c = 0; c < n; ++c) {
                const std::int64_t raw = std::int64_t{x[c].raw()} - view.zero_point(line, first + c);
                to[c] = static_cast<float>(raw) * step;
            }
        } else {
            to_floats(isa, x, n, to);
        }
    }
};

}  // namespace dyad::inline v1
