// SPDX-License-Identifier: Apache-2.0
// float to any minifloat with rounding to nearest even, in about ten operations. With e the exponent of x or the
// smallest of the format, whichever is larger, the float sum |x| + 2^(e + 23 - M) has the last place of the result as
// its own, so the processor's rounding is the one wanted, for subnormal results too; the low digits of the sum are the
// significand, and (e - e_min) 2^M added to them makes the code. NaN and infinity are first turned into the floats
// whose "codes" are theirs: codes of one sign are ordered like values, also beyond the largest finite one.
#pragma once

#include <bit>
#include <cstdint>

#include <dyad/core/saturation.hpp>
#include <dyad/kernels/scalar/select.hpp>
#include <dyad/number/float_format.hpp>

namespace dyad::inline v1 {

enum class nearest_core : std::uint8_t {
    summed,   ///< as above
    shifted,  ///< formats with float's own exponents: integer addition of half a place, then a shift
    powers    ///< the same for formats of powers of two, whose codes are exponents
};
enum class nan_rule : std::uint8_t {
    clamped,   ///< NaN is the code that magnitudes beyond the range get
    positive,  ///< the same without sign: formats without NaN
    replaced,  ///< a code of its own
    payload    ///< a code for each payload
};
enum class infinity_rule : std::uint8_t {
    clamped,  ///< infinity is the code that finite magnitudes beyond the range get
    kept      ///< a code of its own
};
enum class sign_rule : std::uint8_t {
    plain,          ///< the sign bit is copied
    of_nonzero,     ///< zero has no sign
    none_negative,  ///< unsigned: what rounds to a negative number has one code
    positive_only   ///< unsigned without zero: zero and all negative numbers have one code
};

/// The steps of one conversion.
struct nearest_shape {
    nearest_core core = nearest_core::summed;
    nan_rule nan = nan_rule::clamped;
    infinity_rule infinity = infinity_rule::clamped;
    sign_rule sign = sign_rule::plain;

    [[nodiscard]] friend constexpr bool operator==(const nearest_shape&, const nearest_shape&) = default;
};

/// The numbers in these steps; magnitudes are the bits of floats.
struct nearest_constants {
    std::uint32_t bound;       ///< the largest magnitude that is told from larger ones
    std::uint32_t smallest;    ///< 2^(e_min)
    std::uint32_t magic;       ///< added to the exponent field 2^e: 2^(e + 23 - M) with -e_min 2^M in its low digits
    float factor;              ///< or: 2^e times this
    std::uint32_t offset;      ///< powers: from a float's exponent field to the code
    std::uint32_t low;         ///< powers: magnitudes from here to `smallest` have the code 1
    int shift;                 ///< 23 - M
    std::uint32_t code_mask;   ///< digits of a code without its sign
    std::uint32_t infinity;    ///< magnitude that stands for infinity
    std::uint32_t nan;         ///< magnitude that stands for NaN
    std::uint32_t nan_digits;  ///< digits of a NaN that are kept
    int sign_shift;            ///< from a float's sign to the code's
    std::uint32_t sign_bit;
    std::uint32_t below;     ///< code for what is below an unsigned format
    std::uint32_t nan_code;  ///< the quiet NaN, or what stands for it
};

struct nearest_encoding {
    bool exists = false;
    nearest_shape shape;
    nearest_constants constants{};
};

/// The bits of the float whose code would be `code` if the format went on without special codes.
template <float_format F>
[[nodiscard]] constexpr std::uint32_t float_of_code(std::uint64_t code) noexcept {
    if (F.bias == 127 || F.significand_bits == 0) {
        return static_cast<std::uint32_t>((code << (23 - F.significand_bits)) +
                                          (static_cast<std::uint64_t>(127 - F.bias) << 23));
    }
    const std::uint64_t field = code >> F.significand_bits;
    const std::uint64_t fraction = code & low_mask<std::uint64_t>(F.significand_bits);
    const std::uint64_t significand = field == 0 ? fraction : fraction | (std::uint64_t{1} << F.significand_bits);
    const int e = (field == 0 ? 1 : static_cast<int>(field)) - F.bias - F.significand_bits;
    return encode<binary32_format>(unpacked::finite(false, significand, e), rounding::toward_zero, saturation::finite);
}

/// Which core a format takes; none where the method does not cover it: it needs subnormals, and a precision and
/// smallest exponent that float has. The parity of a sum is the code's where M >= 1 only, and no sum may leave float's
/// range.
template <float_format F>
[[nodiscard]] constexpr bool find_core(nearest_core& core) noexcept {
    constexpr int m = F.significand_bits;
    const std::uint64_t codes = low_mask<std::uint64_t>(F.exponent_bits + m) + 1;
    const int top = static_cast<int>(codes >> m) - F.bias;
    const bool powers = m == 0 && F.bias <= 127 && F.bias >= 0;
    const bool shifted = F.bias == 127 && m >= 1 && m <= 22 && F.has_zero;
    const bool summed = m >= 1 && F.width() <= 16 && F.bias <= 127 && F.has_zero && top + 23 - m <= 127;
    core = powers ? nearest_core::powers : shifted ? nearest_core::shifted : nearest_core::summed;
    return (powers || shifted || summed) && F.subnormals == subnormal_codes::yes && F.width() <= 32 &&
           F.max_exponent() <= 127 && (F.has_zero || !F.is_signed);
}

/// What magnitudes beyond the range, infinity and NaN become: their codes must follow the largest finite one, or be it.
template <float_format F>
[[nodiscard]] constexpr bool set_special_codes(nearest_encoding& out, saturation policy) noexcept {
    // A code without its sign, but for a NaN in the place of minus zero.
    const std::uint64_t fnuz_nan = F.is_signed ? F.sign_bit() : 0;
    const auto plain = [&](std::uint64_t bits) {
        return F.is_signed && bits == fnuz_nan ? fnuz_nan : bits & ~F.sign_bit();
    };
    const std::uint64_t beyond = plain(encode_overflow<F>(false, false, rounding::nearest_even, policy));
    const std::uint64_t infinite = plain(encode_overflow<F>(false, true, rounding::nearest_even, policy));
    const std::uint64_t nan = plain(encode_nan<F>(false, quiet_bit<std::uint64_t>));
    out.constants.bound = float_of_code<F>(beyond);
    out.constants.infinity = float_of_code<F>(infinite);
    out.constants.nan = float_of_code<F>(nan);
    out.shape.infinity = infinite == beyond ? infinity_rule::clamped : infinity_rule::kept;
    out.shape.nan = nan == beyond ? nan_rule::clamped : nan_rule::replaced;
    if (F.nan == nan_codes::none) out.shape.nan = nan_rule::positive;
    if (F.nan == nan_codes::ieee) {
        out.shape.nan = nan_rule::payload;
        out.constants.nan_digits = low_mask<std::uint32_t>(F.significand_bits) << (23 - F.significand_bits);
    }
    return (beyond == F.max_finite_code() || beyond == F.max_finite_code() + 1) && out.constants.bound <= 0x7f80'0000 &&
           (F.nan != nan_codes::none || nan == beyond);
}

/// The numbers of the cores.
template <float_format F>
constexpr void set_core_constants(nearest_constants& c) noexcept {
    constexpr int m = F.significand_bits;
    const int e_min = F.min_exponent() + 127 < 1 ? 1 : F.min_exponent() + 127;
    const std::uint32_t low = (0U - (static_cast<std::uint32_t>(e_min) << m)) & 0xffff;
    c.smallest = static_cast<std::uint32_t>(e_min) << 23;
    c.magic = (static_cast<std::uint32_t>(23 - m) << 23) + low;
    c.factor = std::bit_cast<float>((static_cast<std::uint32_t>(127 + 23 - m) << 23) + low);
    c.shift = 23 - m;
    // Powers: below the smallest normal float or power the code is 0 or 1, a tie goes to 0.
    c.offset = static_cast<std::uint32_t>(127 - F.bias) << 23;
    const bool has_1_below = F.has_zero || F.min_exponent() < -126;
    const int middle = F.has_zero ? F.min_exponent() - 1 : F.min_exponent();
    const auto tie = unpacked::finite(false, F.has_zero ? 2 : 3, middle - 1);
    c.low = has_1_below ? 1 + encode<binary32_format>(tie, rounding::toward_zero, saturation::none) : c.smallest;
}

/// The steps and numbers for a format and a policy, where the method covers them.
template <float_format F>
[[nodiscard]] constexpr nearest_encoding make_nearest(saturation policy) noexcept {
    nearest_encoding out;
    if (!find_core<F>(out.shape.core) || !set_special_codes<F>(out, policy)) return out;
    set_core_constants<F>(out.constants);
    out.shape.sign = F.has_negative_zero ? sign_rule::plain
                     : F.is_signed       ? sign_rule::of_nonzero
                     : F.has_zero        ? sign_rule::none_negative
                                         : sign_rule::positive_only;
    out.constants.code_mask = static_cast<std::uint32_t>(F.top_code() | F.sign_bit());
    out.constants.sign_shift = 32 - F.width();
    out.constants.sign_bit = static_cast<std::uint32_t>(F.sign_bit());
    out.constants.below = static_cast<std::uint32_t>(encode_below<F>(policy));
    out.constants.nan_code = static_cast<std::uint32_t>(encode_nan<F>(false, quiet_bit<std::uint64_t>));
    out.exists = true;
    return out;
}

namespace scalar {

/// The code of the float with these bits. Needs the default floating-point environment.
template <nearest_shape S>
[[nodiscard, gnu::always_inline]] inline std::uint32_t encode_nearest(std::uint32_t bits,
                                                                      const nearest_constants& c) noexcept {
    constexpr std::uint32_t infinity = 0x7f80'0000;
    const std::uint32_t magnitude = bits & 0x7fff'ffff;
    const bool is_nan = magnitude > infinity;
    // 1. What stands for magnitudes beyond the range, infinity and NaN.
    std::uint32_t a = magnitude < c.bound ? magnitude : c.bound;
    if constexpr (S.infinity == infinity_rule::kept) a = select(magnitude == infinity, c.infinity, a);
    if constexpr (S.nan == nan_rule::replaced) a = select(is_nan, c.nan, a);
    if constexpr (S.nan == nan_rule::payload) a = select(is_nan, c.nan | (magnitude & c.nan_digits), a);
    // 2. Round.
    std::uint32_t code = 0;
    if constexpr (S.core == nearest_core::summed) {
        const std::uint32_t own = a & infinity;
        const std::uint32_t e = own > c.smallest ? own : c.smallest;
        const float sum = std::bit_cast<float>(a) + std::bit_cast<float>(e + c.magic);
        code = std::bit_cast<std::uint32_t>(sum) + (e >> c.shift);
    } else {
        if constexpr (S.core == nearest_core::powers) a -= c.offset;
        const std::uint32_t half = (1U << (c.shift - 1)) - 1;
        code = (a + half + ((a >> c.shift) & 1)) >> c.shift;
        if constexpr (S.core == nearest_core::powers) {
            code = select(magnitude >= c.smallest, code, select(magnitude >= c.low, 1));
        }
    }
    code &= c.code_mask;
    // 3. Sign.
    const std::uint32_t sign = (bits >> c.sign_shift) & c.sign_bit;
    if constexpr (S.sign == sign_rule::none_negative) {
        const bool negative = (bits ^ 0x8000'0000) <= infinity;  // minus zero to minus infinity
        return select(negative, select(code != 0, c.below), code);
    } else if constexpr (S.sign == sign_rule::positive_only) {
        return select(is_nan, c.nan_code, select(bits - 1 < infinity, code, c.below));
    } else if constexpr (S.nan == nan_rule::positive) {
        return code | select(!is_nan, sign);
    } else if constexpr (S.sign == sign_rule::of_nonzero) {
        return code | select(code != 0, sign);
    } else {
        return code | sign;
    }
}

}  // namespace scalar

}  // namespace dyad::inline v1
