// SPDX-License-Identifier: Apache-2.0
// The concept `format`: a four-bit integer that satisfies it and its laws, and near misses that do not.
#include <doctest/doctest.h>

#include <cstdint>
#include <type_traits>

#include <dyad/core/format.hpp>

#include "support/exact.hpp"
#include "support/tally.hpp"
#include "support/words.hpp"

namespace {

using namespace dyad_test;
using dyad::rounding;
using dyad::saturation;
using dyad::stochastic;
using dyad::stochastic_variant;
using dyad::unpacked;

/// What is wrong with a nibble.
enum class defect {
    nothing,
    signed_bits,
    no_width,
    textual_width,
    bits_may_throw,
    wide_bits,
    mutable_bits,
    from_bits_may_throw,
    from_bits_gives_bits,
    unpack_may_throw,
    wide_unpack,
    mutable_unpack,
    pack_may_throw,
    no_pack,
    stochastic_pack_may_throw,
    no_stochastic_pack
};

struct int_width {
    static constexpr int width = 4;
};
struct text_width {
    static constexpr const char* width = "4";
};
struct no_width {};
template <defect Defect>
using width_of = std::conditional_t<Defect == defect::no_width, no_width,
                                    std::conditional_t<Defect == defect::textual_width, text_width, int_width>>;

/// value = the four bits in two's complement, -8..7; NaN packs to 0, overflow to the limits.
template <defect Defect>
class nibble_with : public width_of<Defect> {
public:
    using bits_type = std::conditional_t<Defect == defect::signed_bits, std::int8_t, std::uint8_t>;
    using returned_bits = std::conditional_t<Defect == defect::wide_bits, std::uint16_t, bits_type>;
    using from_bits_result = std::conditional_t<Defect == defect::from_bits_gives_bits, bits_type, nibble_with>;
    using unpack_result = std::conditional_t<Defect == defect::wide_unpack, dyad::unpacked_wide, unpacked>;

    [[nodiscard]] constexpr returned_bits bits() const
        noexcept(Defect != defect::bits_may_throw) requires(Defect != defect::mutable_bits) {
        return bits_;
    }
    [[nodiscard]] constexpr returned_bits bits() noexcept requires(Defect == defect::mutable_bits) { return bits_; }
    [[nodiscard]] static constexpr from_bits_result from_bits(bits_type bits) noexcept(Defect !=
                                                                                       defect::from_bits_may_throw) {
        if constexpr (Defect == defect::from_bits_gives_bits) {
            return bits;
        } else {
            nibble_with x;
            x.bits_ = bits;
            return x;
        }
    }
    [[nodiscard]] constexpr unpack_result unpack() const
        noexcept(Defect != defect::unpack_may_throw) requires(Defect != defect::mutable_unpack) {
        const auto x = dyad::sign_extend(static_cast<std::uint8_t>(bits_), 4);
        return unpack_result::finite(x < 0, dyad::magnitude(x), 0);
    }
    [[nodiscard]] constexpr unpack_result unpack() noexcept requires(Defect == defect::mutable_unpack) { return {}; }
    [[nodiscard]] static constexpr nibble_with pack(const unpacked& x, rounding mode, saturation) noexcept(
        Defect != defect::pack_may_throw) requires(Defect != defect::no_pack) {
        return packed(x, mode);
    }
    [[nodiscard]] static constexpr nibble_with pack(const unpacked& x, stochastic rule, saturation) noexcept(
        Defect != defect::stochastic_pack_may_throw) requires(Defect != defect::no_stochastic_pack) {
        return packed(x, rule);
    }

private:
    template <class Rule>
    [[nodiscard]] static constexpr nibble_with packed(const unpacked& x, Rule rule) noexcept {
        if (x.kind == dyad::number_class::nan || x.kind == dyad::number_class::zero) return {};
        const std::uint64_t limit = x.negative ? 8 : 7;
        std::uint64_t m = limit;
        if (x.kind == dyad::number_class::finite && x.top_exponent() < 4)
            m = x.exponent >= 0 ? x.significand << x.exponent
                                : dyad::round_shift_right(x.significand, -x.exponent, x.negative, rule);
        m = m < limit ? m : limit;
        return from_bits(static_cast<std::uint8_t>((x.negative ? 16 - m : m) % 16));
    }

    bits_type bits_ = 0;
};

using nibble = nibble_with<defect::nothing>;

static_assert(dyad::format<nibble>);
static_assert(!dyad::format<nibble_with<defect::signed_bits>>);
static_assert(!dyad::format<nibble_with<defect::no_width>>);
static_assert(!dyad::format<nibble_with<defect::textual_width>>);
static_assert(!dyad::format<nibble_with<defect::bits_may_throw>>);
static_assert(!dyad::format<nibble_with<defect::wide_bits>>);
static_assert(!dyad::format<nibble_with<defect::mutable_bits>>);
static_assert(!dyad::format<nibble_with<defect::from_bits_may_throw>>);
static_assert(!dyad::format<nibble_with<defect::from_bits_gives_bits>>);
static_assert(!dyad::format<nibble_with<defect::unpack_may_throw>>);
static_assert(!dyad::format<nibble_with<defect::wide_unpack>>);
static_assert(!dyad::format<nibble_with<defect::mutable_unpack>>);
static_assert(!dyad::format<nibble_with<defect::pack_may_throw>>);
static_assert(!dyad::format<nibble_with<defect::no_pack>>);
static_assert(!dyad::format<nibble_with<defect::stochastic_pack_may_throw>>);
static_assert(!dyad::format<nibble_with<defect::no_stochastic_pack>>);

// Native types, words and unpacked numbers are not formats.
static_assert(!dyad::format<int> && !dyad::format<float> && !dyad::format<std::uint8_t> && !dyad::format<unpacked>);
static_assert(!dyad::format<void> && !dyad::format<nibble*> && !dyad::format<nibble&>);

/// Generic code over any format, as the rest of the library writes it.
template <dyad::format T, dyad::rounding_rule Rule>
[[nodiscard]] constexpr T round_trip(T x, Rule rule, saturation policy) {
    return T::pack(x.unpack(), rule, policy);
}
static_assert(round_trip(nibble::from_bits(0b1000), rounding::to_odd, saturation::none).bits() == 0b1000);
static_assert(round_trip(nibble::from_bits(0b0111), stochastic{}, saturation::finite).bits() == 0b0111);

TEST_CASE("the laws of a format, on all codes of a nibble") {
    tally cases("codes, rules, policies");
    for (std::uint8_t bits = 0; bits < 16; ++bits) {
        const nibble x = nibble::from_bits(bits);
        cases.check(x.bits() == bits, "bits ", bits);
        cases.check(value_of(x.unpack()) == (bits < 8 ? bits : bits - 16), "value of ", bits, ": ", x.unpack());
        for (const saturation policy : {saturation::none, saturation::propagate, saturation::finite}) {
            for (const rounding mode : all_rounding_modes)
                cases.check(round_trip(x, mode, policy).bits() == bits, "round trip of ", bits, " ", mode);
            for (const stochastic_variant variant : all_stochastic_variants)
                for (const std::uint32_t random : {0U, 1U, 0xFFFFFFFFU})
                    cases.check(round_trip(x, stochastic{variant, 32, random}, policy).bits() == bits, "round trip of ",
                                bits);
        }
    }
}

TEST_CASE("pack rounds once and clamps: a nibble against rationals") {
    tally cases("significands 1..255, exponents -8..2");
    for (std::uint64_t significand = 1; significand < 256; ++significand) {
        for (int exponent = -8; exponent <= 2; ++exponent) {
            for (const bool negative : {false, true}) {
                const unpacked x = unpacked::finite(negative, significand, exponent);
                for (const rounding mode : all_rounding_modes) {
                    const cpp_int rounded = reference_round(value_of(x), mode);
                    const cpp_int expected = rounded < -8 ? cpp_int(-8) : rounded > 7 ? cpp_int(7) : rounded;
                    const nibble got = nibble::pack(x, mode, saturation::none);
                    cases.check(value_of(got.unpack()) == expected, x, " ", mode, ": got ", got.unpack(), ", expected ",
                                expected);
                }
            }
        }
    }
}

}  // namespace
