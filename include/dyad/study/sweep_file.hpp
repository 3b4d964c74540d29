// SPDX-License-Identifier: Apache-2.0
// Shards of sweeps as text: written by one process, read and put together by another, equal bit for bit to one sweep of
// everything. A file:
//   dyad-sweeps 1
//   sweep NAME                             of what: shards of one sweep have one name; any text without line ends
//   inputs FIRST LAST                      all inputs of the sweep
//   piece FIRST LAST                       those of this shard; LAST = FIRST - 1 where there are none
//   ulp REAL                               a REAL is the 16 hexadecimal digits of a double's bits
//   not_finite COUNT
//   exact COUNT
//   histogram COUNT ...                    the 40 bins of ulp_histogram
//   steps BREAKS FIRST_INPUT REAL          monotonicity
//   largest REAL
//   worst INPUT REAL REAL REAL REAL        value and reference, high and low part
//   first INPUT REAL REAL REAL REAL
//   last INPUT REAL REAL REAL REAL
//   errors INDEX:WORD ...                  the words of an exact sum that are not 0, hexadecimal
//   sizes INDEX:WORD ...
//   squares INDEX:WORD ...
//   (the next sweep)
//   end SWEEPS CHECKSUM                    FNV-1a, 64 bits, of all bytes before this line
// Source of the checksum: Fowler, Noll and Vo, offset basis 14695981039346656037, prime 1099511628211.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <dyad/core/saturation.hpp>
#include <dyad/study/sweep_shard.hpp>
#include <dyad/study/sweep_state.hpp>

namespace dyad::inline v1::study {

/// The way into a state's members for the text below.
struct sweep_state_access {
    /// Calls line(key, members...) for every line of a state, in the order of the file.
    template <class State, class Line>
    static void visit(State& s, Line&& line) {
        line("ulp", s.ulp_);
        line("not_finite", s.not_finite_);
        line("exact", s.histogram_.exact);
        line("histogram", s.histogram_.counts);
        line("steps", s.breaks_.breaks, s.breaks_.first_input, s.breaks_.largest_step);
        line("largest", s.largest_);
        for_sample(line, "worst", s.worst_);
        for_sample(line, "first", s.first_);
        for_sample(line, "last", s.last_);
        line("errors", s.errors_);
        line("sizes", s.sizes_);
        line("squares", s.squares_);
    }
    static void set_count(sweep_state& s, std::uint64_t count) { s.count_ = count; }

private:
    template <class Line, class Sample>
    static void for_sample(Line& line, std::string_view key, Sample& x) {
        line(key, x.input, x.value.high, x.value.low, x.reference.high, x.reference.low);
    }
};

namespace sweep_text {

[[nodiscard]] inline std::uint64_t checksum(std::string_view text) noexcept {
    std::uint64_t hash = 14695981039346656037u;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    return hash;
}

template <std::integral T>
[[nodiscard]] std::string digits(T x, int base = 10) {
    char text[24] = {};
    return {text, std::to_chars(text, text + sizeof text, x, base).ptr};
}
/// The words of a line, each behind a blank.
[[nodiscard]] inline std::string written(double x) {
    const std::string hex = digits(std::bit_cast<std::uint64_t>(x), 16);
    return " " + std::string(16 - hex.size(), '0') + hex;
}
template <std::integral T>
[[nodiscard]] std::string written(T x) {
    return " " + digits(x);
}
template <std::size_t N>
[[nodiscard]] std::string written(const std::array<std::uint64_t, N>& counts) {
    std::string text;
    for (const std::uint64_t n : counts) text += written(n);
    return text;
}
template <int Lowest, int Highest>
[[nodiscard]] std::string written(const exact_accumulator<Lowest, Highest>& sum) {
    std::string text;
    for (int i = 0; i < sum.words; ++i) {
        if (sum.word(i) != 0) text += " " + digits(i) + ":" + digits(sum.word(i), 16);
    }
    return text;
}

/// Reads the lines of a file, word by word; what is not as it should be is a std::runtime_error that names the line.
class reader {
public:
    reader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

    [[noreturn]] void fail(const std::string& sentence) const {
        throw std::runtime_error(file_ + ": line " + digits(line_number_) + ": " + sentence);
    }
    [[nodiscard]] bool next_is(std::string_view key) const {
        const std::string_view rest = text_.substr(0, text_.find('\n'));
        return rest == key || rest.starts_with(std::string(key) + " ");
    }
    /// The next line, which must begin with `key`; its words are then taken by the functions below.
    void begin(std::string_view key) {
        ++line_number_;
        if (!next_is(key)) fail("expected '" + std::string(key) + "'");
        const std::size_t end = text_.find('\n');
        if (end == std::string_view::npos) fail("is cut off");
        line_ = text_.substr(key.size(), end - key.size());
        text_.remove_prefix(end + 1);
    }
    void end() const {
        if (!line_.empty()) fail("has more than it should");
    }
    [[nodiscard]] std::string take_rest() {
        if (line_.empty()) fail("has no name");
        std::string rest(line_.substr(1));
        line_ = {};
        return rest;
    }

    template <std::integral T>
    void take(T& x) {
        read(take_word(), x, 10);
    }
    void take(double& x) {
        const std::string_view word = take_word();
        std::uint64_t bits = 0;
        if (word.size() != 16) fail("'" + std::string(word) + "' is not the 16 digits of a real");
        read(word, bits, 16);
        x = std::bit_cast<double>(bits);
    }
    template <std::size_t N>
    void take(std::array<std::uint64_t, N>& counts) {
        for (std::uint64_t& n : counts) take(n);
    }
    template <int Lowest, int Highest>
    void take(exact_accumulator<Lowest, Highest>& sum) {
        int next = 0;
        while (!line_.empty()) {
            const std::string_view word = take_word();
            const std::size_t colon = std::min(word.find(':'), word.size());
            int i = 0;
            std::uint64_t value = 0;
            read(word.substr(0, colon), i, 10);
            read(word.substr(std::min(colon + 1, word.size())), value, 16);
            if (i < next || i >= sum.words) fail("word " + digits(i) + " of a sum is out of order or too high");
            sum.set_word(i, value);
            next = i + 1;
        }
    }
    template <class... T>
    void line(std::string_view key, T&... members) {
        begin(key);
        (take(members), ...);
        end();
    }
    [[nodiscard]] bool at_end() const { return text_.empty(); }

private:
    [[nodiscard]] std::string_view take_word() {
        if (line_.empty()) fail("ends too early");
        const std::size_t end = std::min(line_.find(' ', 1), line_.size());
        const std::string_view word = line_.substr(1, end - 1);
        line_.remove_prefix(end);
        return word;
    }
    template <class T>
    void read(std::string_view word, T& x, int base) const {
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), x, base);
        if (error != std::errc{} || end != word.data() + word.size() || word.empty())
            fail("'" + std::string(word) + "' is not a number that fits");
    }

    std::string_view text_;
    std::string file_;
    std::string_view line_;
    int line_number_ = 0;
};

/// Inputs first to last, counted; 2^64 of them, or a last below first - 1, count as 2^64 - 1.
[[nodiscard]] inline std::uint64_t inputs(std::int64_t first, std::int64_t last) noexcept {
    const std::uint64_t count = static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first) + 1;
    return (count == 0) == (first <= last) ? ~std::uint64_t{0} : count;
}

[[nodiscard]] inline sweep_shard take_shard(reader& in) {
    sweep_shard shard;
    in.begin("sweep");
    shard.name = in.take_rest();
    in.line("inputs", shard.first, shard.last);
    constexpr std::uint64_t most = std::uint64_t{1} << 62;
    if (inputs(shard.first, shard.last) > most) in.fail("these are no inputs");
    std::int64_t first = 0;
    std::int64_t last = 0;
    in.line("piece", first, last);
    const std::uint64_t count = inputs(first, last);
    if (count > most || (count != 0 && (first < shard.first || last > shard.last)))
        in.fail("the piece is not a part of the inputs");
    sweep_state& state = shard.state;
    sweep_state_access::visit(state, [&](std::string_view key, auto&... members) { in.line(key, members...); });
    sweep_state_access::set_count(state, count);
    // The counts belong together.
    const ulp_histogram& histogram = state.histogram();
    std::uint64_t counted = saturating_add(state.not_finite(), histogram.exact);
    for (const std::uint64_t n : histogram.counts) counted = saturating_add(counted, n);
    const auto within = [&](const sample& x) { return x.input >= first && x.input <= last; };
    if (!(state.ulp() > 0) || !std::isfinite(state.ulp())) in.fail("the ulp is not a positive number");
    if (!(state.max() >= 0)) in.fail("the largest error is no size");
    if (counted != count) in.fail("counts " + digits(counted) + " inputs in a piece of " + digits(count));
    if (state.steps().breaks > count) in.fail("there are more breaks than inputs");
    if (count != 0 && (state.first().input != first || state.last().input != last || !within(state.worst())))
        in.fail("the first, the last or the worst input is not that of the piece");
    return shard;
}

}  // namespace sweep_text

/// The text of the shards. Names must not hold line ends (std::invalid_argument).
[[nodiscard]] inline std::string to_text(const std::vector<sweep_shard>& shards) {
    std::string text = "dyad-sweeps 1\n";
    for (const sweep_shard& shard : shards) {
        if (shard.name.find_first_of("\r\n") != std::string::npos)
            throw std::invalid_argument("dyad::study::to_text: a sweep's name has a line end");
        const auto line = [&](std::string_view key, const auto&... members) {
            text += std::string(key) + (std::string() + ... + sweep_text::written(members)) + "\n";
        };
        const std::uint64_t count = shard.state.count();
        text += "sweep " + shard.name + "\n";
        line("inputs", shard.first, shard.last);
        if (count != 0) line("piece", shard.state.first().input, shard.state.last().input);
        else line("piece", std::int64_t{0}, std::int64_t{-1});
        sweep_state_access::visit(shard.state, line);
    }
    const std::string end = " " + sweep_text::digits(sweep_text::checksum(text), 16) + "\n";
    return text + "end " + sweep_text::digits(shards.size()) + end;
}

/// The shards of such a text. std::runtime_error, "file: line N: what is wrong there", for any other text.
[[nodiscard]] inline std::vector<sweep_shard> from_text(std::string_view text, const std::string& file) {
    sweep_text::reader in(text, file);
    in.begin("dyad-sweeps");
    int version = 0;
    in.take(version);
    in.end();
    if (version != 1) in.fail("version " + sweep_text::digits(version) + ", this program reads version 1");
    std::vector<sweep_shard> shards;
    while (in.next_is("sweep")) shards.push_back(sweep_text::take_shard(in));
    const std::size_t before_end = text.empty() ? 0 : text.rfind('\n', text.size() - 2) + 1;
    in.begin("end");
    std::size_t count = 0;
    std::string sum;
    in.take(count);
    if (count != shards.size())
        in.fail("counts " + sweep_text::digits(count) + " sweeps, there are " + sweep_text::digits(shards.size()));
    sum = in.take_rest();
    if (sum != sweep_text::digits(sweep_text::checksum(text.substr(0, before_end)), 16))
        in.fail("the checksum is another: the file was changed");
    if (!in.at_end()) in.fail("more follows behind the end");
    return shards;
}

}  // namespace dyad::inline v1::study
