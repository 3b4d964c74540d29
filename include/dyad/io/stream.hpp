// SPDX-License-Identifier: Apache-2.0
// stream (opt-in): operator<< and operator>> for all number types, on to_chars and from_chars; no locale.
#pragma once

#include <algorithm>
#include <cstddef>
#include <ios>
#include <istream>
#include <ostream>
#include <string>

#include <dyad/core/format.hpp>
#include <dyad/number/dyadic.hpp>
#include <dyad/number/from_chars.hpp>
#include <dyad/number/text_format.hpp>
#include <dyad/number/to_chars.hpp>

namespace dyad::inline v1 {

/// The text of x in a format, with `precision` digits (none where negative).
template <text_number T>
[[nodiscard]] std::string to_string(T x, text_format format = text_format::shortest, int precision = -1) {
    std::string text(static_cast<std::size_t>(max_chars<T>(format)) + static_cast<std::size_t>(std::max(precision, 0)),
                     '\0');
    const to_chars_result written = to_chars(text.data(), text.data() + text.size(), x, format, precision);
    if (!written) return "?";  // a dyadic that is too large or too small for text
    text.resize(static_cast<std::size_t>(written.ptr - text.data()));
    return text;
}

/// The text that the stream's flags and precision ask for: fixed and scientific with `precision` digits behind the
/// point, hexfloat with all; without them the shortest text, or %g's where the precision is not the initial 6.
template <text_number T>
[[nodiscard]] std::string to_string(T x, const std::ios_base& stream) {
    const auto flags = stream.flags();
    const auto form = flags & std::ios_base::floatfield;
    const auto precision = static_cast<int>(std::clamp<std::streamsize>(stream.precision(), -1, 1 << 20));
    std::string text;
    if (form == (std::ios_base::fixed | std::ios_base::scientific)) text = to_string(x, text_format::hexadecimal);
    else if (form == std::ios_base::fixed) text = to_string(x, text_format::exact, precision);
    else if (form == std::ios_base::scientific) text = to_string(x, text_format::scientific, precision);
    else if (precision == 6) text = to_string(x);
    else text = to_string(x, text_format::general, precision);
    if ((flags & std::ios_base::showpos) != 0 && text.front() != '-') text.insert(0, 1, '+');
    if ((flags & std::ios_base::uppercase) != 0) {
        for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return text;
}

/// Writes x with the stream's width, fill and adjustment.
template <text_number T>
std::ostream& write_number(std::ostream& out, T x) {
    std::string text = to_string(x, out);
    const auto adjust = out.flags() & std::ios_base::adjustfield;
    const auto width = static_cast<std::size_t>(std::max<std::streamsize>(out.width(), 0));
    if (text.size() < width && adjust == std::ios_base::internal) {
        const std::size_t sign = text.front() == '-' || text.front() == '+' ? 1 : 0;
        text.insert(sign, width - text.size(), out.fill());
    }
    return out << text;
}

/// Reads characters as long as they can belong to a number, after white space.
class number_scanner {
public:
    explicit number_scanner(std::streambuf& from) : from_(from) {}

    [[nodiscard]] std::string scan() {
        take_any("+-");
        if (text_ == "+") text_.clear();  // from_chars knows no plus
        if (is_letter(peek())) {
            while (is_letter(peek())) take();
            return text_;
        }
        const bool starts_with_zero = peek() == '0';
        digits("0123456789");
        const bool hexadecimal = starts_with_zero && (text_ == "0" || text_ == "-0") && take_any("xX");
        const std::string all = hexadecimal ? "0123456789abcdefABCDEF" : "0123456789";
        digits(all);
        if (!hexadecimal && take_any("/")) {
            digits(all);
            return text_;
        }
        if (take_any(".")) digits(all);
        if (take_any(hexadecimal ? "pP" : "eE")) {
            take_any("+-");
            digits("0123456789");
        }
        return text_;
    }
    [[nodiscard]] bool at_end() { return peek() == end; }

private:
    static constexpr int end = std::char_traits<char>::eof();

    [[nodiscard]] static bool is_letter(int c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
    [[nodiscard]] int peek() { return from_.sgetc(); }
    void take() { text_ += static_cast<char>(from_.sbumpc()); }
    bool take_any(const std::string& set) {
        if (peek() == end || set.find(static_cast<char>(peek())) == std::string::npos) return false;
        take();
        return true;
    }
    void digits(const std::string& set) {
        while (take_any(set)) {
        }
    }

    std::streambuf& from_;
    std::string text_;
};

/// x in the form that the stream's flags ask for (see to_string).
template <format T>
std::ostream& operator<<(std::ostream& out, T x) {
    return write_number(out, x);
}
template <int Width>
std::ostream& operator<<(std::ostream& out, dyadic<Width> x) {
    return write_number(out, x);
}

/// Skips white space, reads what can belong to a number, and rounds it to nearest even with saturation::none. Sets
/// failbit and leaves x where that is no number, or beyond a fixed-point type that wraps or traps.
template <format T>
std::istream& operator>>(std::istream& in, T& x) {
    const std::istream::sentry ready(in);
    if (!ready) return in;
    number_scanner scanner(*in.rdbuf());
    const std::string text = scanner.scan();
    T read{};
    const from_chars_result result = from_chars(text.data(), text.data() + text.size(), read);
    const bool whole = result.ec == text_error::none && result.ptr == text.data() + text.size();
    auto state = whole ? std::ios_base::goodbit : std::ios_base::failbit;
    if (scanner.at_end()) state |= std::ios_base::eofbit;
    if (whole) x = read;
    in.setstate(state);
    return in;
}

}  // namespace dyad::inline v1
