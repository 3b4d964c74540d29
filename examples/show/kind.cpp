// SPDX-License-Identifier: Apache-2.0
#include "kind.hpp"

#include <charconv>

namespace show {

namespace {

using dyad::float_format;
using dyad::infinity_codes;
using dyad::nan_codes;
using dyad::number_class;

kind of_format(std::string name, const float_format& format, std::string summary) {
    return {std::move(name), std::move(summary), true, format, {}};
}
kind of_fixed(std::string name, const fixed_layout& layout, std::string summary) {
    return {std::move(name), std::move(summary), false, {}, layout};
}

/// Reads an integer at the start of the text and removes it.
std::optional<int> take_integer(std::string_view& text) {
    int value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    return value;
}
bool take(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
}

std::optional<kind> find_p3109(std::string_view text) {
    const std::string name(text);
    if (!take(text, "binary")) return std::nullopt;
    const auto k = take_integer(text);
    if (!k || !take(text, "p")) return std::nullopt;
    const auto p = take_integer(text);
    const bool is_signed = text.starts_with('s');
    if (!p || text.size() != 2 || (!is_signed && text[0] != 'u') || (text[1] != 'e' && text[1] != 'f'))
        return std::nullopt;
    if (*k < 3 || *k > 16 || *p < 1 || *p > (is_signed ? *k - 1 : *k)) return std::nullopt;
    return of_format(name,
                     dyad::p3109_format(*k, *p, is_signed ? dyad::signedness::is_signed : dyad::signedness::is_unsigned,
                                        text[1] == 'e' ? dyad::domain::extended : dyad::domain::finite),
                     "IEEE P3109");
}

std::optional<kind> find_fixed(std::string_view text) {
    const std::string name(text);
    fixed_layout layout;
    if (take(text, "fixed<")) {
        const auto width = take_integer(text);
        if (!width || !take(text, ",")) return std::nullopt;
        const auto fraction = take_integer(text);
        if (!fraction) return std::nullopt;
        layout = {*width, *fraction, !take(text, ",unsigned")};
        if (text != ">") return std::nullopt;
    } else {
        layout.is_signed = !take(text, "u");
        if (!take(text, "int")) return std::nullopt;
        const auto width = take_integer(text);
        if (!width || !text.empty()) return std::nullopt;
        layout.width = *width;
    }
    if (layout.width < 1 || layout.width > 64 || layout.fraction < -1024 || layout.fraction > 1024) return std::nullopt;
    return of_fixed(name, layout, "");
}

}  // namespace

const std::vector<kind>& named_kinds() {
    static const std::vector<kind> all{
        of_format("float8_e5m2", dyad::float8_e5m2_format, "OCP OFP8 E5M2"),
        of_format("float8_e4m3fn", dyad::float8_e4m3fn_format, "OCP OFP8 E4M3"),
        of_format("float8_e4m3", dyad::float8_e4m3_format, "IEEE-like"),
        of_format("float8_e3m4", dyad::float8_e3m4_format, "IEEE-like"),
        of_format("float8_e4m3fnuz", dyad::float8_e4m3fnuz_format, "one zero, NaN in place of minus zero"),
        of_format("float8_e5m2fnuz", dyad::float8_e5m2fnuz_format, "one zero, NaN in place of minus zero"),
        of_format("float8_e4m3b11fnuz", dyad::float8_e4m3b11fnuz_format, "the same with bias 11"),
        of_format("float8_e8m0fnu", dyad::float8_e8m0fnu_format, "the scale of OCP MX: powers of two, no zero"),
        of_format("float8_e5m3fnu", dyad::float8_e5m3fnu_format, "unsigned scale"),
        of_format("float6_e2m3fn", dyad::float6_e2m3fn_format, "OCP MX FP6"),
        of_format("float6_e3m2fn", dyad::float6_e3m2fn_format, "OCP MX FP6"),
        of_format("float4_e2m1fn", dyad::float4_e2m1fn_format, "OCP MX FP4"),
        of_format("bfloat16", dyad::bfloat16_format, "the upper half of a float"),
        of_format("float16", dyad::float16_format, "IEEE 754 binary16"),
        of_format("tfloat32", dyad::tfloat32_format, "TF32, 19 bits"),
        of_format("float", dyad::binary32_format, "IEEE 754 binary32"),
        of_format("double", dyad::binary64_format, "IEEE 754 binary64"),
    };
    return all;
}

std::vector<kind> p3109_kinds() {
    std::vector<kind> all;
    for (int k = 3; k <= 8; ++k) {
        for (const char sign : {'s', 'u'}) {
            for (int p = 1; p <= (sign == 's' ? k - 1 : k); ++p) {
                for (const char range : {'e', 'f'}) {
                    all.push_back(*find_p3109("binary" + std::to_string(k) + "p" + std::to_string(p) + sign + range));
                }
            }
        }
    }
    return all;
}

std::optional<kind> find_kind(std::string_view name) {
    for (const kind& type : named_kinds()) {
        if (type.name == name) return type;
    }
    if (auto type = find_p3109(name)) return type;
    return find_fixed(name);
}

dyad::unpacked decode(const kind& type, std::uint64_t code) {
    using dyad::unpacked;
    if (!type.is_float) {
        if (!type.fixed.is_signed) return unpacked::finite(false, code, -type.fixed.fraction);
        const std::int64_t raw = dyad::sign_extend(code, type.fixed.width);
        return unpacked::finite(raw < 0, dyad::magnitude(raw), -type.fixed.fraction);
    }
    const float_format& f = type.format;
    const bool negative = (code & f.sign_bit()) != 0;
    const std::uint64_t magnitude = code & f.top_code();
    if (f.nan == nan_codes::negative_zero && code == f.sign_bit())
        return unpacked::nan(false, dyad::quiet_bit<std::uint64_t>);
    if (magnitude > f.max_finite_code()) {
        if (f.infinity != infinity_codes::none && magnitude == f.infinity_code()) return unpacked::infinity(negative);
        return unpacked::nan(negative, dyad::quiet_bit<std::uint64_t>);
    }
    const auto field = static_cast<int>(magnitude >> f.significand_bits);
    const std::uint64_t fraction = magnitude & dyad::low_mask<std::uint64_t>(f.significand_bits);
    const bool subnormal = f.has_zero && field == 0;
    const std::uint64_t one = subnormal ? 0 : std::uint64_t{1} << f.significand_bits;
    return unpacked::finite(negative, fraction | one, (subnormal ? 1 : field) - f.bias - f.significand_bits);
}

namespace {

std::uint64_t nan_code(const float_format& f, bool negative) {
    const std::uint64_t sign = negative ? f.sign_bit() : 0;
    switch (f.nan) {
        case nan_codes::ieee: return sign | f.all_ones_exponent() | (std::uint64_t{1} << (f.significand_bits - 1));
        case nan_codes::top: return sign | f.top_code();
        case nan_codes::negative_zero: return f.sign_bit();
        case nan_codes::none: break;
    }
    return f.max_finite_code();
}

std::uint64_t overflowed(const float_format& f, bool negative, bool infinite, dyad::rounding mode,
                         dyad::saturation policy) {
    using dyad::rounding;
    const std::uint64_t sign = negative ? f.sign_bit() : 0;
    const bool toward_finite = mode == rounding::toward_zero || (mode == rounding::toward_negative && !negative) ||
                               (mode == rounding::toward_positive && negative) ||
                               (mode == rounding::to_odd && f.max_finite_code() % 2 != 0);
    if (policy == dyad::saturation::finite || (!infinite && (policy == dyad::saturation::propagate || toward_finite))) {
        return sign | f.max_finite_code();
    }
    if (f.infinity != infinity_codes::none) return sign | f.infinity_code();
    const bool to_nan = f.nan != nan_codes::none && f.overflow == dyad::overflow_codes::nan;
    return to_nan ? nan_code(f, negative) : sign | f.max_finite_code();
}

std::uint64_t encode_float(const float_format& f, const dyad::unpacked_wide& x, dyad::rounding mode,
                           dyad::saturation policy) {
    if (x.kind == number_class::nan) return nan_code(f, x.negative);
    const bool infinite = x.kind == number_class::infinity;
    const bool zero = x.kind == number_class::zero;
    const bool below_zero = !f.is_signed && x.negative && !zero;
    const std::uint64_t below = policy == dyad::saturation::none && f.nan != nan_codes::none ? nan_code(f, false) : 0;
    if ((below_zero && (!f.has_zero || infinite)) || (!f.has_zero && zero)) return below;
    if (infinite) return overflowed(f, x.negative, true, mode, policy);
    if (zero) return x.negative && f.has_negative_zero ? f.sign_bit() : 0;
    const int top = x.top_exponent();
    if (top > f.max_exponent() + 1) return below_zero ? below : overflowed(f, x.negative, false, mode, policy);
    // The grid of codes: (e + bias - 1) 2^M + significand.
    const int e = top > f.min_exponent() ? top : f.min_exponent();
    const int shift = e - f.significand_bits - x.exponent;
    const auto kept = static_cast<std::int64_t>(shift >= 0 ? dyad::shift_right(x.significand, shift)
                                                           : static_cast<dyad::uint128_t>(x.significand << -shift));
    std::int64_t code = (std::int64_t{e} + f.bias - 1) * (std::int64_t{1} << f.significand_bits) + kept;
    if (shift > 0 && dyad::rounds_away(x.significand, shift, x.negative, code % 2 != 0, mode)) ++code;
    if (code < 0) code = 0;
    if (below_zero && code != 0) return below;
    if (code > static_cast<std::int64_t>(f.max_finite_code())) return overflowed(f, x.negative, false, mode, policy);
    const bool sign = x.negative && (code != 0 || f.has_negative_zero);
    return static_cast<std::uint64_t>(code) | (sign ? f.sign_bit() : 0);
}

std::uint64_t encode_fixed(const fixed_layout& f, const dyad::unpacked_wide& x, dyad::rounding mode) {
    if (x.kind == number_class::zero || x.kind == number_class::nan) return 0;
    const auto mask = dyad::low_mask<std::uint64_t>(f.width);
    const dyad::uint128_t highest = f.is_signed ? mask >> 1 : mask;
    const dyad::uint128_t lowest = f.is_signed ? highest + 1 : 0;
    const dyad::uint128_t bound = x.negative ? lowest : highest;
    dyad::uint128_t m = bound + 1;
    if (x.kind == number_class::finite && x.top_exponent() + f.fraction < 100) {
        const int up = x.exponent + f.fraction;
        m = up >= 0 ? static_cast<dyad::uint128_t>(x.significand << up)
                    : dyad::round_shift_right(x.significand, -up, x.negative, mode);
    }
    const auto raw = static_cast<std::uint64_t>(m < bound ? m : bound);
    return (x.negative ? 0 - raw : raw) & mask;
}

}  // namespace

std::uint64_t encode(const kind& type, const dyad::unpacked_wide& value, dyad::rounding mode, dyad::saturation policy) {
    return type.is_float ? encode_float(type.format, value, mode, policy) : encode_fixed(type.fixed, value, mode);
}

std::optional<std::uint64_t> next_code(const kind& type, std::uint64_t code, bool up) {
    if (!type.is_float) {
        const auto mask = dyad::low_mask<std::uint64_t>(type.fixed.width);
        const std::uint64_t lowest = type.fixed.is_signed ? (mask >> 1) + 1 : 0;
        const std::uint64_t end = up ? (lowest - 1) & mask : lowest;
        if (code == end) return std::nullopt;
        return (up ? code + 1 : code - 1) & mask;
    }
    const float_format& f = type.format;
    const dyad::unpacked value = decode(type, code);
    if (value.kind == number_class::nan) return std::nullopt;
    const std::uint64_t magnitude = code & f.top_code();
    const bool zero = value.kind == number_class::zero;
    const bool outward = zero || value.negative != up;
    if (!outward) {
        if (magnitude == 0) return std::nullopt;  // the smallest of a format without zero
        const bool to_zero = f.has_zero && magnitude == 1;
        if (value.kind == number_class::infinity) return (code & f.sign_bit()) | f.max_finite_code();
        return to_zero && !f.has_negative_zero ? 0 : code - 1;
    }
    if (zero && !up && !f.is_signed) return std::nullopt;
    const std::uint64_t sign = up ? 0 : f.sign_bit();
    if (magnitude < f.max_finite_code()) return sign | (magnitude + 1);
    if (magnitude == f.max_finite_code() && f.infinity != infinity_codes::none) return sign | f.infinity_code();
    return std::nullopt;
}

int ulp_exponent(const kind& type, const dyad::unpacked& value) {
    if (!type.is_float) return -type.fixed.fraction;
    const int lowest = type.format.min_exponent();
    const bool low = value.kind != number_class::finite || value.top_exponent() < lowest;
    return (low ? lowest : value.top_exponent()) - type.format.significand_bits;
}

}  // namespace show
