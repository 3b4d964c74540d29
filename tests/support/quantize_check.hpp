// SPDX-License-Identifier: Apache-2.0
// quantize and dequantize compared with the reference, for arrays of blocks and for matrices of any layout.
#pragma once

#include <dyad/array/block.hpp>
#include <dyad/array/quantize.hpp>
#include <dyad/number/power_of_two.hpp>

#include <doctest/doctest.h>

#include "support/block_inputs.hpp"
#include "support/exact.hpp"
#include "support/reference_quantize.hpp"
#include "support/tally.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace dyad_test {

inline constexpr std::array block_rules{
    dyad::scale_rule::floor,   dyad::scale_rule::ceil,    dyad::scale_rule::even,    dyad::scale_rule::rceil,
    dyad::scale_rule::nearest, dyad::scale_rule::largest, dyad::scale_rule::absmean, dyad::scale_rule::four_over_six};

[[nodiscard]] inline reference::scaling scaling_of(dyad::scale_rule rule) {
    switch (rule) {
        case dyad::scale_rule::floor: return reference::scaling::floor;
        case dyad::scale_rule::ceil: return reference::scaling::ceil;
        case dyad::scale_rule::even: return reference::scaling::even;
        case dyad::scale_rule::rceil: return reference::scaling::rceil;
        case dyad::scale_rule::nearest: return reference::scaling::nearest;
        case dyad::scale_rule::largest: return reference::scaling::largest;
        case dyad::scale_rule::absmean: return reference::scaling::absmean;
        case dyad::scale_rule::four_over_six: return reference::scaling::four_over_six;
        case dyad::scale_rule::min_max: break;
    }
    return reference::scaling::min_max;
}

// --- scales as the reference counts them ---

template <class S>
struct scale_traits {
    static reference::scale_format format() { return reference::scale_format(S::format); }
    static std::uint64_t code(S s) { return s.bits(); }
    static reference::decoded value(S s) {
        const std::uint64_t magnitude = s.bits() & S::format.top_code();
        const auto x = reference::class_of(S::format, s.bits());
        if (x.what != reference::kind::finite) return {x.what, x.negative, {}};
        return {x.what, x.negative, format().value(magnitude)};
    }
};
template <>
struct scale_traits<float> {
    static reference::scale_format format() { return reference::scale_format(dyad::binary32_format); }
    static std::uint64_t code(float s) { return std::bit_cast<std::uint32_t>(s); }
    static reference::decoded value(float s) {
        if (std::isnan(s)) return {reference::kind::nan, false, {}};
        if (std::isinf(s)) return {reference::kind::infinity, std::signbit(s), {}};
        return {reference::kind::finite, std::signbit(s), reference::magnitude_of(s)};
    }
};
template <int Bits>
struct scale_traits<dyad::power_of_two<Bits>> {
    using type = dyad::power_of_two<Bits>;
    static reference::scale_format format() { return {type::min_exponent, type::max_exponent}; }
    static std::uint64_t code(type s) { return static_cast<std::uint64_t>(s.exponent() - type::min_exponent); }
    static reference::decoded value(type s) { return {reference::kind::finite, false, {1, s.exponent()}}; }
};

// --- values ---

/// The reference's dequantized float, the zero point taken from the raw number first.
[[nodiscard]] inline float expected_value(const reference::element_format& e, std::int64_t code, std::int64_t zero,
                                          const reference::decoded& scale, float g) {
    if (scale.what == reference::kind::nan) return std::numeric_limits<float>::quiet_NaN();
    return reference::dequantized(reference::decode_element(e, zero == 0 ? code : code - zero), scale, g);
}
[[nodiscard]] inline bool same_float(float x, float y) {
    if (std::isnan(x) || std::isnan(y)) return std::isnan(x) && std::isnan(y);
    return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
}

/// What a call was asked for, for messages.
template <class Rule>
struct request {
    dyad::scale_choice choice;
    Rule rounding;
    dyad::saturation policy = dyad::saturation::propagate;
    float tensor_scale = 1;
};
template <class Rule>
std::ostream& operator<<(std::ostream& out, const request<Rule>& r) {
    out << "scale rule " << static_cast<int>(r.choice.rule) << " headroom " << r.choice.headroom << " policy "
        << static_cast<int>(r.policy) << " tensor scale " << std::hexfloat << r.tensor_scale << std::defaultfloat;
    if constexpr (std::same_as<Rule, dyad::rounding>) return out << " " << name_of(r.rounding);
    else return out << " stochastic " << static_cast<int>(r.rounding.variant) << " n " << r.rounding.n;
}
struct numbers {
    std::span<const float> x;
    friend std::ostream& operator<<(std::ostream& out, const numbers& n) {
        out << std::hexfloat;
        for (const float y : n.x) out << " " << y;
        return out << std::defaultfloat;
    }
};

// --- blocks ---

/// The code of element i, read from the bytes as the layout says.
template <class B>
[[nodiscard]] std::int64_t code_in_block(const B& block, int i) {
    using E = typename B::element_type;
    constexpr int b = E::width;
    std::uint32_t bits = 0;
    if constexpr (B::layout.order == dyad::code_order::halves) {
        const int half = B::size / 2;
        bits = i < half ? block.codes[i] & 15u : block.codes[i - half] >> 4u;
    } else {
        for (int k = 0; k < b; ++k) {
            const int at = i * b + k;
            bits |= ((std::uint32_t{block.codes[at / 8]} >> (at % 8)) & 1u) << k;
        }
    }
    return reference::model_code(E::from_bits(static_cast<typename E::bits_type>(bits)));
}

template <class B, class... Arguments>
[[nodiscard]] dyad::status quantize_blocks(std::span<const float> x, std::span<B> blocks, float g,
                                           const Arguments&... arguments) {
    if constexpr (B::layout.levels == dyad::scale_levels::one) return dyad::quantize(x, blocks, arguments...);
    else return dyad::quantize(x, blocks, g, arguments...);
}
template <class B>
[[nodiscard]] dyad::status dequantize_blocks(std::span<const B> blocks, float g, std::span<float> x) {
    if constexpr (B::layout.levels == dyad::scale_levels::one) return dyad::dequantize(blocks, x);
    else return dyad::dequantize(blocks, g, x);
}

/// The blocks that x becomes and the floats that they become, each with the reference; x may end within a block.
template <class B>
class block_check {
public:
    explicit block_check(tally& cases) : cases_(cases) {}

    const reference::element_format& element() const { return e_; }

    template <class Rule>
    void run(std::span<const float> x, const request<Rule>& r) {
        const std::size_t count = (x.size() + B::size - 1) / B::size;
        std::vector<B> blocks(count);
        if (count != 0) std::memset(static_cast<void*>(blocks.data()), 0xa5, count * sizeof(B));
        const dyad::status answer =
            quantize_blocks(x, std::span<B>(blocks), r.tensor_scale, r.choice, r.rounding, r.policy);
        if (answer != dyad::status::ok) return cases_.check(false, to_string(answer), " ", r);
        const reference::group_recipe how{scaling_of(r.choice.rule), r.choice.headroom, r.tensor_scale,
                                          B::layout.zero_point, r.policy};
        std::vector<float> back(x.size());
        const dyad::status answer_back =
            dequantize_blocks(std::span<const B>(blocks), r.tensor_scale, std::span<float>(back));
        if (answer_back != dyad::status::ok) return cases_.check(false, to_string(answer_back));
        check_instruction_sets(x, r, blocks, back);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t first = i * B::size;
            const std::size_t n = std::min(x.size() - first, std::size_t{B::size});
            check_one(x.subspan(first, n), first, how, r, blocks[i], std::span<const float>(back).subspan(first, n));
        }
    }

private:
    /// The same bytes and the same floats, NaN included, from the kernels of the lesser instruction sets.
    template <class Rule>
    void check_instruction_sets(std::span<const float> x, const request<Rule>& r, const std::vector<B>& blocks,
                                const std::vector<float>& back) {
        const auto n = static_cast<dyad::index>(x.size());
        if (n == 0) return;
        std::vector<B> again(blocks.size());
        std::vector<float> back_again(x.size());
        for (const auto isa : {dyad::instruction_set::scalar, dyad::instruction_set::avx2}) {
            if (isa >= dyad::best_instruction_set()) break;
            std::memset(static_cast<void*>(again.data()), 0x5a, again.size() * sizeof(B));
            const auto dst = dyad::view_of_blocks(again.data(), 1, n, r.tensor_scale);
            const auto to = dyad::make_matrix(back_again.data(), 1, n);
            const bool done = dyad::quantize(dyad::row_of(x), dst, r.choice, r.rounding, r.policy, dyad::serial{},
                                             isa) == dyad::status::ok &&
                              dyad::dequantize(dst, to, dyad::serial{}, isa) == dyad::status::ok;
            cases_.check(done && std::memcmp(again.data(), blocks.data(), blocks.size() * sizeof(B)) == 0, r,
                         ": other codes by ", to_string(isa));
            cases_.check(done && std::memcmp(back_again.data(), back.data(), back.size() * sizeof(float)) == 0, r,
                         ": other floats by ", to_string(isa));
        }
    }

    template <class Rule>
    void check_one(std::span<const float> x, std::size_t first, const reference::group_recipe& how,
                   const request<Rule>& r, const B& block, std::span<const float> back) {
        indices_.resize(x.size());
        for (std::size_t i = 0; i < x.size(); ++i) indices_[i] = first + i;
        quantize_group(e_, s_, how, x, indices_, r.rounding, group_);
        const auto scale = scale_traits<typename B::scale_type>::code(block.scale);
        if (scale != group_.scale)
            return cases_.check(false, r, ": scale ", scale, " not ", group_.scale, " of", numbers{x});
        const auto s = scale_traits<typename B::scale_type>::value(block.scale);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const std::int64_t code = code_in_block(block, static_cast<int>(i));
            if (code != group_.codes[i])
                return cases_.check(false, r, ": scale ", scale, ", code ", code, " not ", group_.codes[i], " at ", i,
                                    " of", numbers{x});
            const float y = expected_value(e_, code, B::layout.zero_point, s, r.tensor_scale);
            if (!same_float(back[i], y))
                return cases_.check(false, r, ": scale ", scale, ", code ", code, ", value ", back[i], " not ", y);
        }
        bool padded = true;
        for (int i = static_cast<int>(x.size()); i < B::size; ++i)
            padded = padded && code_in_block(block, i) == B::layout.zero_point;
        cases_.check(padded, r, ": codes behind the last element");
    }

    tally& cases_;
    reference::element_format e_ = reference::element_format_of<typename B::element_type>();
    reference::scale_format s_ = scale_traits<typename B::scale_type>::format();
    reference::quantized_group group_;
    std::vector<std::uint64_t> indices_;
};

/// Boundary groups of one kind of block: every scale rule, rounding and policy, with a tail behind the last whole
/// block.
template <class B>
void check_boundary_blocks(const char* name) {
    using dyad::stochastic_stream;
    tally cases(name);
    block_check<B> check(cases);
    const auto& e = check.element();
    const float g = B::layout.levels == dyad::scale_levels::two ? 0x1.234568p-9f : 1;
    const block_inputs thresholds = block_inputs(e, B::size).add_thresholds(-150, 128, 1);
    const block_inputs extremes = block_inputs(e, B::size).add_extremes().add_specials();
    const block_inputs grid = block_inputs(e, B::size).add_grid(0).add_grid(-20).add_grid(70);
    const std::span<const float> with_tail(grid.values().data(), grid.values().size() - B::size / 2 - 1);
    std::size_t turn = 0;
    const auto next = [&turn] { return all_rounding_modes[turn++ % all_rounding_modes.size()]; };
    for (const dyad::scale_rule rule : block_rules) {
        check.run(thresholds.values(), request<dyad::rounding>{rule, dyad::rounding::nearest_even});
        check.run(thresholds.values(), request<dyad::rounding>{rule, next()});
        for (const auto policy : {dyad::saturation::none, dyad::saturation::propagate, dyad::saturation::finite}) {
            check.run(extremes.values(), request<dyad::rounding>{rule, next(), policy, g});
            check.run(extremes.values(), request<dyad::rounding>{rule, dyad::rounding::nearest_even, policy, g});
            check.run(extremes.values(), request<stochastic_stream>{rule, {.seed = 3}, policy});
            check.run(with_tail, request<dyad::rounding>{rule, next(), policy, g});
        }
    }
    for (const int headroom : {-3, 1, 200})
        for (const dyad::scale_rule rule : {dyad::scale_rule::floor, dyad::scale_rule::rceil})
            check.run(grid.values(), request<dyad::rounding>{{rule, headroom}, next()});
    for (const dyad::rounding mode : all_rounding_modes)
        for (const dyad::scale_rule rule : {dyad::scale_rule::floor, dyad::scale_rule::nearest})
            check.run(grid.values(), request<dyad::rounding>{rule, mode});
    for (const auto variant : all_stochastic_variants)
        for (const int n : {1, 3, 32})
            for (const float scale : {1.0f, 0x1.4p3f})
                check.run(with_tail,
                          request<stochastic_stream>{dyad::scale_rule::floor,
                                                     {variant, n, 77, 5},
                                                     dyad::saturation::propagate,
                                                     B::layout.levels == dyad::scale_levels::two ? scale : 1});
}

}  // namespace dyad_test
