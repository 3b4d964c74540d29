// SPDX-License-Identifier: Apache-2.0
// Sources of carriers from views with shared scales: lines of integers as they are or aligned by shifts, of bfloat16
// with the scale folded in, of elements without their scales. A line is a row of the view (for the rhs of a product a
// row of its transpose).
#pragma once

#include <array>
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

/// f(first, n, elements) for pieces of columns k0 .. k0 + k - 1 of a line; within one tile where `Tiles` says so.
enum class line_pieces : std::uint8_t { any, of_one_tile };
template <line_pieces Pieces, class View, class F>
void for_each_piece(instruction_set isa, const View& view, index line, index k0, index k, F&& f) noexcept {
    using E = typename View::element;
    E elements[convert_piece];
    for (index c = k0; c < k0 + k;) {
        index n = k0 + k - c < static_cast<index>(convert_piece) ? k0 + k - c : static_cast<index>(convert_piece);
        if constexpr (Pieces == line_pieces::of_one_tile) {
            const index rest = view.scales.tile[1] - c % view.scales.tile[1];
            n = rest < n ? rest : n;
        }
        load_elements(isa, view.codes, line, c, n, static_cast<E*>(elements));
        f(c, n, static_cast<const E*>(elements));
        c += n;
    }
}

/// The integers of all codes, moved up.
template <format E, int Up>
    requires(E::width <= 8)
alignas(64) inline constexpr auto moved_integers = [] {
    std::array<std::uint8_t, 256> table{};
    for (unsigned code = 0; code < 256; ++code) {
        const unsigned bits = code & low_mask<unsigned>(E::width);
        const auto x = integer_of_element<E, std::int16_t>(E::from_bits(static_cast<typename E::bits_type>(bits)));
        table[code] = static_cast<std::uint8_t>(static_cast<unsigned>(x) << Up);
    }
    return table;
}();

/// n integers `up` places up, less `less` before that; all fit the carrier.
template <class Carrier, class E>
void to_carriers(instruction_set isa, const E* from, index n, int up, std::int64_t less, Carrier* to) noexcept {
    if constexpr (carrier_rules::is_fixed<E>) {
        const auto down = static_cast<int>(less);
        for (index c = 0; c < n; ++c) to[c] = static_cast<Carrier>((static_cast<int>(from[c].raw()) - down) * (1 << up));
    } else {
        if constexpr (sizeof(Carrier) == 2) {
            for (index c = 0; c < n; ++c) to[c] = static_cast<Carrier>(integer_table<E, Carrier>[from[c].bits()] * (1 << up));
            return;
        }
        static_assert(sizeof(E) == 1);
        static constexpr const std::uint8_t* tables[] = {moved_integers<E, 0>.data(), moved_integers<E, 1>.data(),
                                                         moved_integers<E, 2>.data(), moved_integers<E, 3>.data(),
                                                         moved_integers<E, 4>.data(), moved_integers<E, 5>.data(),
                                                         moved_integers<E, 6>.data()};
        look_up_bytes(isa, tables[up], codes_of(from), reinterpret_cast<std::uint8_t*>(to),
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
        if constexpr (requires(typename View::element x) { x.raw(); } && !has_constant_zero_point<decltype(View::zero)>) {
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
                for_each_piece<line_pieces::any>(isa, view, first + l, k0, k, [&](index c, index n, const auto* x) {
                    to_carriers(isa, x, n, 0, less, buffer + l * k + (c - k0));
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
        for (index l = 0; l < count; ++l) {
            const index line = first + l;
            for_each_piece<line_pieces::of_one_tile>(
                isa, view, line, k0, k, [&](index c, index n, const auto* x) {
                    const exponent_span scale = span_of_number(dyad::unpack(view.scales(line, c)));
                    // (a tile of zeros may lie lower)
                    const int up = scale.low > units[line] ? scale.low - units[line] : 0;
                    to_carriers(isa, x, n, up, 0, buffer + l * k + (c - k0));
                });
        }
        return {buffer, k, 1};
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
            index loaded = 0;
            index from = 0;
            // Elements are converted as many as there are at a time, and scaled tile by tile.
            for_each_piece<line_pieces::any>(isa, view, line, k0, k, [&](index c, index n, const auto* x) {
                to_floats(isa, x, n, static_cast<float*>(floats));
                from = c;
                loaded = n;
                for (index done = 0; done < loaded;) {
                    const index column = from + done;
                    const index rest = view.scales.tile[1] - column % view.scales.tile[1];
                    const index count_here = rest < loaded - done ? rest : loaded - done;
                    fold_bf16(isa, floats + done, factor_at(line, column), count_here, to + (column - k0));
                    done += count_here;
                }
            });
        }
        return {buffer, k, 1};
    }

private:
    [[nodiscard]] float factor_at(index line, index column) const noexcept {
        unpacked s = resize<std::uint64_t>(dyad::unpack(static_cast<typename View::scale>(view.scales(line, column))));
        s.exponent -= power;
        return pack_as<float>(s, rounding::nearest_even, saturation::none);
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
            for_each_piece<line_pieces::any>(isa, view, first + l, k0, k, [&](index c, index n, const auto* x) {
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
