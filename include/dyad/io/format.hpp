// SPDX-License-Identifier: Apache-2.0
// format (opt-in): std::formatter for all number types. Empty where the standard library has no <format> (libstdc++
// 12): test __cpp_lib_format, as for the library's own. Specification:
// [[fill]align][sign][#][0][width][.precision][type], as for floating-point numbers; L is refused.
//   none  the shortest text, or with a precision that many significant digits
//   e E f F g G a A  as for double, but without a precision all digits (a with 0x as to_chars writes it)
//   r     the fraction, 7/16
//   x X b  the bits of the code, padded with zeros to its width; # adds 0x or 0b
#pragma once

#if __has_include(<format>)
#include <format>
#endif

#if defined(__cpp_lib_format)

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

#include <dyad/core/format.hpp>
#include <dyad/number/dyadic.hpp>
#include <dyad/number/text_format.hpp>
#include <dyad/number/to_chars.hpp>

namespace dyad::inline v1 {

/// A parsed specification. Width and precision may be arguments: then the number is that of the argument.
struct format_spec {
    struct size {
        int value = -1;
        bool is_argument = false;
    };

    std::string fill = " ";
    char align = '>';
    char sign = '-';
    bool alternate = false;
    bool zeros = false;
    size width;
    size precision;
    char type = 0;

    /// Reads the specification up to the closing brace; format_error for what is none.
    constexpr std::format_parse_context::iterator parse(std::format_parse_context& context) {
        auto at = context.begin();
        const auto last = context.end();
        const auto take = [&](char c) { return at != last && *at == c ? (++at, true) : false; };
        // A fill is one code point of UTF-8.
        std::ptrdiff_t bytes = 1;
        while (bytes < last - at && (static_cast<unsigned char>(at[bytes]) & 0xc0) == 0x80) ++bytes;
        if (last - at > bytes && is_align(at[bytes]) && *at != '{' && *at != '}') {
            fill.assign(at, at + bytes);
            at += bytes;
        }
        const bool aligned = at != last && is_align(*at);
        if (aligned) align = *at++;
        if (at != last && (*at == '+' || *at == '-' || *at == ' ')) sign = *at++;
        alternate = take('#');
        zeros = take('0') && !aligned;
        width = parse_size(at, context);
        if (take('.')) {
            precision = parse_size(at, context);
            if (precision.value < 0) throw std::format_error("dyad: a precision must follow the point");
        }
        if (at != last && std::string_view("eEfFgGaArxXb").find(*at) != std::string_view::npos) type = *at++;
        if (at != last && *at != '}')
            throw std::format_error("dyad: a number's type must be one of e E f F g G a A r x X b");
        if (precision.value >= 0 && std::string_view("rxXb").find(type) != std::string_view::npos && type != 0) {
            throw std::format_error("dyad: r, x and b have no precision");
        }
        return at;
    }

private:
    [[nodiscard]] static constexpr bool is_align(char c) { return c == '<' || c == '>' || c == '^'; }
    [[nodiscard]] static constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

    [[nodiscard]] static constexpr size parse_size(std::format_parse_context::iterator& at,
                                                   std::format_parse_context& context) {
        const auto last = context.end();
        const bool argument = at != last && *at == '{';
        if (argument) ++at;
        size read;
        for (; at != last && is_digit(*at); ++at) {
            if (read.value > 1'000'000) throw std::format_error("dyad: a width or precision is too large");
            read.value = (read.value < 0 ? 0 : read.value) * 10 + (*at - '0');
        }
        if (!argument) return read;
        if (at == last || *at != '}') throw std::format_error("dyad: a width or precision in braces must be a number");
        ++at;
        read.is_argument = true;
        if (read.value >= 0) context.check_arg_id(static_cast<std::size_t>(read.value));
        else read.value = static_cast<int>(context.next_arg_id());
        return read;
    }
};

/// The number that a width or precision is.
template <class Context>
[[nodiscard]] int resolve(format_spec::size size, Context& context) {
    if (!size.is_argument) return size.value;
    return std::visit_format_arg(
        [](auto value) -> int {
            if constexpr (std::is_integral_v<decltype(value)> && !std::is_same_v<decltype(value), bool> &&
                          !std::is_same_v<decltype(value), char>) {
                if (value >= 0 && value <= 1'000'000) return static_cast<int>(value);
            }
            throw std::format_error("dyad: a width or precision must be an integer from 0 to 1000000");
        },
        context.arg(static_cast<std::size_t>(size.value)));
}

/// The bits of a code, without 0x or 0b.
[[nodiscard]] inline std::string bits_text(std::uint64_t bits, int width, int digit_bits) {
    std::string text;
    for (int at = (width + digit_bits - 1) / digit_bits * digit_bits; at > 0;) {
        at -= digit_bits;
        text += "0123456789abcdef"[(bits >> at) & ((1U << digit_bits) - 1)];
    }
    return text;
}

/// The text of x, with its sign, before any padding; `digits_at` becomes the place behind sign and prefix.
template <text_number T>
[[nodiscard]] std::string formatted(T x, const format_spec& spec, int precision, std::size_t& digits_at) {
    std::string text;
    const char type = spec.type >= 'A' && spec.type <= 'Z' ? static_cast<char>(spec.type | 0x20) : spec.type;
    std::string prefix;
    if (type == 'x' || type == 'b') {
        if constexpr (format<T>) {
            text = bits_text(static_cast<std::uint64_t>(x.bits()), T::width, type == 'x' ? 4 : 1);
            if (spec.alternate) prefix = type == 'x' ? "0x" : "0b";
        } else {
            throw std::format_error("dyad: a number without a code has no bits to write");
        }
    } else {
        const text_format form = type == 'e'                     ? text_format::scientific
                                 : type == 'f'                   ? text_format::exact
                                 : type == 'a'                   ? text_format::hexadecimal
                                 : type == 'r'                   ? text_format::fraction
                                 : type == 'g' || precision >= 0 ? text_format::general
                                                                 : text_format::shortest;
        text.resize(static_cast<std::size_t>(max_chars<T>(form)) + static_cast<std::size_t>(std::max(precision, 0)));
        const to_chars_result written = to_chars(text.data(), text.data() + text.size(), x, form, precision);
        if (!written) throw std::format_error("dyad: the number is too large or too small for text");
        text.resize(static_cast<std::size_t>(written.ptr - text.data()));
        if (text.front() == '-') {
            prefix = "-";
            text.erase(0, 1);
        } else if (spec.sign != '-') {
            prefix = spec.sign;
        }
    }
    digits_at = prefix.size();
    text.insert(0, prefix);
    if (spec.type != type) {
        for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return text;
}

/// What the formatters of all number types are.
template <text_number T>
struct number_formatter {
    constexpr auto parse(std::format_parse_context& context) { return spec_.parse(context); }

    template <class Context>
    auto format(T x, Context& context) const {
        std::size_t digits_at = 0;
        const std::string text = formatted(x, spec_, resolve(spec_.precision, context), digits_at);
        const int asked = resolve(spec_.width, context);
        const std::size_t missing = asked > 0 && text.size() < static_cast<std::size_t>(asked)
                                        ? static_cast<std::size_t>(asked) - text.size()
                                        : 0;
        const bool words = text.find_first_of("nN") != std::string::npos;  // inf and nan take no zeros
        auto out = context.out();
        const auto put = [&out](std::string_view part) { out = std::copy(part.begin(), part.end(), out); };
        const auto put_fill = [&](std::size_t n) {
            for (; n > 0; --n) put(spec_.fill);
        };
        if (spec_.zeros && !words) {
            put(std::string_view(text).substr(0, digits_at));
            put(std::string(missing, '0'));
            put(std::string_view(text).substr(digits_at));
            return out;
        }
        const std::size_t before = spec_.align == '<' ? 0 : spec_.align == '^' ? missing / 2 : missing;
        put_fill(before);
        put(text);
        put_fill(missing - before);
        return out;
    }

private:
    format_spec spec_;
};

}  // namespace dyad::inline v1

template <dyad::format T>
struct std::formatter<T, char> : dyad::number_formatter<T> {};
template <int Width>
struct std::formatter<dyad::dyadic<Width>, char> : dyad::number_formatter<dyad::dyadic<Width>> {};

#endif
