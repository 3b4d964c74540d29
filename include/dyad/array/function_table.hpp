// SPDX-License-Identifier: Apache-2.0
// function_table<In, Out>: any function of one code, tabulated once, applied to rows and matrices.
//   dst[i] = table[code of src[i]]
// A function of 8 bits is 256 codes: whatever it costs to compute exactly, a row costs one look-up an element, and has
// the same bits on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/array/map_operands.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/core/format.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/look_up.hpp>
#include <dyad/math/function_scales.hpp>
#include <dyad/math/integer_functions.hpp>

namespace dyad::inline v1 {

/// Formats of at most 16 bits that are nothing in memory but one code or one raw number.
template <class T>
concept short_code = format<T> && T::width <= 16 &&
                     sizeof(T) == sizeof(typename T::bits_type) && std::is_trivially_copyable_v<T>;

/// Codes of at most 8 bits keep their table in the object; others in 2^In::width elements of Out that the caller gives
/// and that outlive the table and its copies. A table follows from the function and its scales alone, in integers, so
/// an archive needs no more than those. Trivially copyable; set and run allocate nothing.
template <short_code In, short_code Out>
class function_table {
    static constexpr bool in_object = In::width <= 8;

public:
    /// Elements of Out that set and fill need as memory.
    static constexpr index memory_entries = in_object ? 0 : index{1} << In::width;

    /// table[x] = evaluate<Out>(f, x, s): every entry correctly rounded, saturated. As `fill` what the memory is about.
    status set(scalar_function f, const function_scales& s,
               vector_view<Out> memory = {}) noexcept requires fixed_point<In> && fixed_point<Out> {
        return fill([&](In x) { return evaluate<Out>(f, x, s); }, memory);
    }
    /// table[x] = f(x) for every code x, once each; f(In) gives an Out and throws nothing. `memory` is not looked at
    /// where the table is in the object; else status::table_memory_differs unless it is memory_entries elements in a
    /// row.
    template <class F>
    status fill(F f, vector_view<Out> memory = {}) noexcept {
        if constexpr (in_object) {
            for (std::size_t code = 0; code < 256; ++code)
                codes_[code] = code < size ? f(In::from_bits(static_cast<bits>(code))) : codes_[code % size];
            filled_ = true;
        } else {
            const bool in_a_row = memory.extent[0] == memory_entries && memory.stride[0] == 1;
            if (!in_a_row || memory.data == nullptr) return status::table_memory_differs;
            for (std::size_t code = 0; code < size; ++code)
                memory.data[code] = f(In::from_bits(static_cast<bits>(code)));
            codes_ = memory.data;
        }
        return status::ok;
    }

    /// The table's answer for one number; only of a table that is set.
    [[nodiscard]] Out operator()(In x) const noexcept { return codes_[static_cast<std::size_t>(x.bits())]; }

    /// dst(i, j) = table[src(i, j)]. Equal extents; dst apart from src, or the same elements where they have one size.
    /// status::table_missing if neither set nor fill came before. Any strides; rows that stand end to end are fastest.
    status run(matrix_view<const In> src, matrix_view<Out> dst, row_options options = {}) const noexcept {
        if (!is_set()) return status::table_missing;
        if (const status s = check_map(src, dst); s != status::ok || src.is_empty()) return s;
        if constexpr (!in_object) {
            const vector_view<const Out> table{codes_, {memory_entries}, {1}};
            if (overlap(memory_of(table), memory_of(dst))) return status::workspace_overlaps_operand;
        }
        const instruction_set isa = options.chosen();
        for_each_run(
            src, dst, [&](const In* from, Out* to, index n) { look_up(isa, from, to, n); },
            [&](const In* from, Out* to) { *to = (*this)(*from); });
        return status::ok;
    }
    /// One row.
    status run(vector_view<const In> src, vector_view<Out> dst, row_options options = {}) const noexcept {
        return run(as_row(src), as_row(dst), options);
    }

private:
    using bits = typename In::bits_type;
    using index_word = least_uint<static_cast<int>(sizeof(In)) * 8>;
    using code_word = least_uint<static_cast<int>(sizeof(Out)) * 8>;
    static constexpr std::size_t size = std::size_t{1} << In::width;
    struct nothing {};

    [[nodiscard]] bool is_set() const noexcept {
        if constexpr (in_object) return filled_;
        else return codes_ != nullptr;
    }
    void look_up(instruction_set isa, const In* from, Out* to, index n) const noexcept {
        // (raw numbers of fewer bits than their word are sign-extended; a table in the object has an entry for each)
        constexpr auto mask = static_cast<index_word>(in_object ? 0xff : size - 1);
        const Out* table = codes_;
        look_up_codes(isa, reinterpret_cast<const code_word*>(table), mask, reinterpret_cast<const index_word*>(from),
                      reinterpret_cast<code_word*>(to), static_cast<std::size_t>(n));
    }

    alignas(in_object ? 64 : alignof(const Out*)) std::conditional_t<in_object, Out[256], const Out*> codes_ = {};
    [[no_unique_address]] std::conditional_t<in_object, bool, nothing> filled_ = {};
};

/// The table of a function of at most 8 bits in one expression:
///   const auto gelu = tabulate<integer<8>, integer<8>>(scalar_function::gelu, function_scales::from(0.05, 0.04));
template <short_code In, short_code Out>
    requires fixed_point<In> && fixed_point<Out> &&(In::width <= 8)
        [[nodiscard]] function_table<In, Out> tabulate(scalar_function f, const function_scales& s) noexcept {
        function_table<In, Out> table;
        static_cast<void>(table.set(f, s));  // nothing can fail: the memory is its own
        return table;
    }

}  // namespace dyad::inline v1
