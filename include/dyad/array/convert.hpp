// SPDX-License-Identifier: Apache-2.0
// Bulk conversion: every element as convert<To> of one number; stochastic with random bits of the element's index.
// The ways, the first that applies: a copy; float to a minifloat or a fixed-point number and back by vector kernels; a
// table of the 256 results for codes of at most 8 bits; through float, where that is exact, between minifloats; one by
// one.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/core/random.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/fixed.hpp>
#include <dyad/kernels/minifloat.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/minifloat.hpp>

namespace dyad::inline v1 {

/// The end of a computation in double: nearest even; Dyad's formats clamp all but NaN, float overflows to infinity as
/// in C++.
template <number To>
[[nodiscard]] constexpr To narrow(double x) noexcept {
    if constexpr (native_float<To>) return static_cast<To>(x);
    else return convert<To>(x, rounding::nearest_even, saturation::finite);
}

/// Stochastic rounding of many elements: element i gets the low n bits of random_bits(seed, tensor_id, i).
struct stochastic_stream {
    stochastic_variant variant = stochastic_variant::b;
    int n = 32;
    std::uint64_t seed = 0;
    std::uint64_t tensor_id = 0;
};

/// Can it be asked for? A number of random bits outside 1 to 32 cannot.
[[nodiscard]] constexpr bool is_valid(rounding) noexcept { return true; }
[[nodiscard]] constexpr bool is_valid(const stochastic_stream& rule) noexcept { return rule.n >= 1 && rule.n <= 32; }

/// What may stand in the rounding argument of a bulk conversion.
template <class T>
concept bulk_rounding_rule = std::same_as<T, rounding> || std::same_as<T, stochastic_stream>;

/// A float is encoded by a kernel.
template <class T>
concept bulk_encodable = is_minifloat<T> && encodable_in_bulk<T::format>;
/// Is a float exactly, and a kernel decodes it.
template <class T>
concept bulk_decodable = is_minifloat<T> && decodable_in_bulk<T::format>;

/// The codes of minifloats; the only member is the code.
template <float_format F>
[[nodiscard]] inline const float_bits<F>* codes_of(const minifloat<F>* x) noexcept {
    static_assert(sizeof(minifloat<F>) == sizeof(float_bits<F>));
    return reinterpret_cast<const float_bits<F>*>(x);
}
template <float_format F>
[[nodiscard]] inline float_bits<F>* codes_of(minifloat<F>* x) noexcept {
    static_assert(sizeof(minifloat<F>) == sizeof(float_bits<F>));
    return reinterpret_cast<float_bits<F>*>(x);
}

/// The raw numbers of fixed-point numbers; the only member is the raw number.
template <fixed_in_bulk T>
[[nodiscard]] inline const typename T::raw_type* raw_of(const T* x) noexcept {
    static_assert(sizeof(T) == sizeof(typename T::raw_type));
    return reinterpret_cast<const typename T::raw_type*>(x);
}
template <fixed_in_bulk T>
[[nodiscard]] inline typename T::raw_type* raw_of(T* x) noexcept {
    static_assert(sizeof(T) == sizeof(typename T::raw_type));
    return reinterpret_cast<typename T::raw_type*>(x);
}

/// Elements that are kept on the stack at once; a multiple of 4, so that random bits are drawn in whole blocks.
inline constexpr std::size_t convert_piece = 512;

/// One element by the scalar routine.
template <number To, number From>
[[nodiscard]] constexpr To convert_element(From x, rounding rule, saturation policy, std::uint64_t) noexcept {
    return convert<To>(x, rule, policy);
}
template <number To, number From>
[[nodiscard]] constexpr To convert_element(From x, const stochastic_stream& rule, saturation policy,
                                           std::uint64_t element) noexcept {
    const std::uint32_t bits = random_bits(rule.seed, rule.tensor_id, element) & low_mask<std::uint32_t>(rule.n);
    return convert<To>(x, stochastic{rule.variant, rule.n, bits}, policy);
}

/// float to codes; `first` is the index of src[0], a multiple of 4.
template <float_format F>
void encode_elements(instruction_set isa, const float* src, minifloat<F>* dst, std::size_t n, rounding rule,
                     saturation policy, std::uint64_t) noexcept {
    encode_floats<F>(isa, src, codes_of(dst), n, rule, policy);
}
template <float_format F>
void encode_elements(instruction_set isa, const float* src, minifloat<F>* dst, std::size_t n,
                     const stochastic_stream& rule, saturation policy, std::uint64_t first) noexcept {
    if (rule.variant == stochastic_variant::c) {
        for (std::size_t i = 0; i < n; ++i) dst[i] = convert_element<minifloat<F>>(src[i], rule, policy, first + i);
        return;
    }
    const random_stream stream{rule.variant, rule.n, rule.seed, rule.tensor_id};
    encode_floats<F>(isa, src, codes_of(dst), n, stream, first, policy);
}

/// Codes of at most 8 bits by a table of what each becomes. src may be dst.
template <number To, float_format F>
void convert_by_table(instruction_set isa, const minifloat<F>* src, To* dst, std::size_t n, rounding rule,
                      saturation policy) noexcept {
    alignas(64) To table[256];
    if constexpr (bulk_decodable<minifloat<F>> && bulk_encodable<To>) {
        encode_elements(isa, float_table<F>.data(), table, 256, rule, policy, 0);
    } else {
        constexpr auto mask = low_mask<std::uint32_t>(F.width());
        for (std::uint32_t code = 0; code < 256; ++code) {
            const auto x = minifloat<F>::from_bits(static_cast<float_bits<F>>(code & mask));
            table[code] = convert<To>(x, rule, policy);
        }
    }
    if constexpr (sizeof(To) == 1 && is_minifloat<To>) {
        look_up_bytes(isa, codes_of(table), codes_of(src), codes_of(dst), n);
    } else {
        for (std::size_t i = 0; i < n; ++i) dst[i] = table[src[i].bits()];
    }
}

/// n elements, the first of which has the index `first`; src and dst apart, or the same memory.
template <number From, number To, bulk_rounding_rule Rule>
void convert_elements(instruction_set isa, const From* src, To* dst, std::size_t n, const Rule& rule, saturation policy,
                      std::uint64_t first) noexcept {
    constexpr bool to_nearest = std::same_as<Rule, rounding>;
    if constexpr (std::same_as<From, float> && bulk_encodable<To>) {
        return encode_elements(isa, src, dst, n, rule, policy, first);
    } else if constexpr (bulk_decodable<From> && std::same_as<To, float>) {
        // Exact, so the rule does not matter; the policy does to infinity.
        if (From::format.infinity == infinity_codes::none || policy != saturation::finite) {
            return decode_floats<From::format>(isa, codes_of(src), dst, n);
        }
    } else if constexpr (std::same_as<From, float> && fixed_in_bulk<To> && to_nearest) {
        if (encodes_fixed<To>(rule)) return encode_fixed<To>(isa, src, raw_of(dst), n, rule);
    } else if constexpr (fixed_in_bulk<From> && std::same_as<To, float>) {
        return decode_fixed<From>(isa, raw_of(src), dst, n);
    } else if constexpr (is_minifloat<From> && to_nearest) {
        if constexpr (From::width <= 8) {
            if (n >= convert_piece) return convert_by_table(isa, src, dst, n, rule, policy);
        }
    }
    if constexpr (bulk_decodable<From> && bulk_encodable<To>) {
        float values[convert_piece];
        for (std::size_t i = 0; i < n; i += convert_piece) {
            const std::size_t count = n - i < convert_piece ? n - i : convert_piece;
            decode_floats<From::format>(isa, codes_of(src + i), values, count);
            encode_elements(isa, values, dst + i, count, rule, policy, first + i);
        }
        return;
    }
    for (std::size_t i = 0; i < n; ++i) dst[i] = convert_element<To>(src[i], rule, policy, first + i);
}

/// The checks, the copy of equal types, and pieces where kernels would read and write the same memory.
template <number From, number To, bulk_rounding_rule Rule>
status convert_spans(std::span<const From> src, std::span<To> dst, const Rule& rule, saturation policy) noexcept {
    if (src.size() != dst.size()) return status::extents_differ;
    if (!is_valid(rule)) return status::random_bits_out_of_range;
    if (overlap_in_part(memory_of(src), memory_of(dst))) return status::dst_overlaps_src;
    const std::size_t n = src.size();
    const bool in_place = static_cast<const void*>(src.data()) == static_cast<const void*>(dst.data());
    const instruction_set isa = best_instruction_set();
    if constexpr (std::same_as<From, To>) {
        if (!in_place) {
            for (std::size_t i = 0; i < n; ++i) dst[i] = src[i];
        }
    } else if (!in_place) {
        convert_elements(isa, src.data(), dst.data(), n, rule, policy, 0);
    } else {
        From piece[convert_piece];
        for (std::size_t i = 0; i < n; i += convert_piece) {
            const std::size_t count = n - i < convert_piece ? n - i : convert_piece;
            __builtin_memcpy(piece, src.data() + i, count * sizeof(From));
            convert_elements(isa, static_cast<const From*>(piece), dst.data() + i, count, rule, policy, i);
        }
    }
    return status::ok;
}

/// dst[i] = convert<To>(src[i], rule, policy). The spans have equal lengths (else status::extents_differ) and are the
/// same memory, with elements of one size, or have none in common (else status::dst_overlaps_src). Any alignment.
/// status::random_bits_out_of_range for a stochastic n outside 1 to 32; whatever the fault, dst stays as it was.
/// The result does not depend on the instruction set, nor on the floating-point environment.
template <number From, number To>
status convert(std::span<const From> src, std::span<To> dst, rounding rule = rounding::nearest_even,
               saturation policy = saturation::none) noexcept {
    return convert_spans(src, dst, rule, policy);
}
template <number From, number To>
status convert(std::span<const From> src, std::span<To> dst, stochastic_stream rule,
               saturation policy = saturation::none) noexcept {
    return convert_spans(src, dst, rule, policy);
}

}  // namespace dyad::inline v1
