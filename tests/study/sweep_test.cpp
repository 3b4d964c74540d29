// SPDX-License-Identifier: Apache-2.0
// Sweeps: the figures against a plain loop, equal bits for any partition and any threads, the text of shards.
#include <dyad/study/sweep.hpp>
#include <dyad/study/sweep_file.hpp>
#include <dyad/study/sweep_shard.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <dyad/number/fixed.hpp>
#include <dyad/number/named_formats.hpp>

namespace {

using dyad::study::all_cores;
using dyad::study::difference;
using dyad::study::domain;
using dyad::study::from_text;
using dyad::study::merge;
using dyad::study::part_of;
using dyad::study::real;
using dyad::study::sweep;
using dyad::study::sweep_shard;
using dyad::study::sweep_state;
using dyad::study::to_real;
using dyad::study::to_text;
using dyad::study::ulp_histogram;
using dyad_test::tally;
using digits50 = boost::multiprecision::cpp_bin_float_50;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// What a plain test compares: a text that holds every member of the state.
std::string text_of(const sweep_state& state) { return to_text({{"test", -1000000, 1000000, state}}); }

sweep_shard shard_of(const sweep_state& state, std::int64_t first, std::int64_t last) {
    return {"square root", first, last, state};
}

std::string message_of(const auto& action) {
    try {
        action();
    } catch (const std::exception& e) {
        return e.what();
    }
    return "";
}

// --- reals ---

TEST_CASE("to_real: exact for integers, floats and small numbers, 106 digits of the others") {
    CHECK(to_real(std::int64_t{-3}) == real{-3, 0});
    CHECK(to_real(std::numeric_limits<std::int64_t>::max()) == real{0x1p63, -1});
    CHECK(to_real(std::numeric_limits<std::uint64_t>::max()) == real{0x1p64, -1});
    CHECK(to_real((std::int64_t{1} << 60) + 1) == real{0x1p60, 1});
    CHECK(to_real(0.1F) == real{static_cast<double>(0.1F), 0});
    CHECK(to_real(dyad::fixed<32, 30>::from_raw(std::int32_t{-5})) == real{-5 * 0x1p-30, 0});
    CHECK(to_real(dyad::bfloat16(1.5F)) == real{1.5, 0});
    if constexpr (std::numeric_limits<long double>::digits >= 64) CHECK(to_real(1 + 0x1p-60L) == real{1, 0x1p-60});
    const digits50 third = digits50(1) / 3;
    const real x = to_real(third);
    CHECK(x.high == 1.0 / 3);
    CHECK(abs(digits50(x.high) + x.low - third) < ldexp(digits50(1), -108));
    CHECK(to_real(digits50(std::numeric_limits<digits50>::infinity())) == real{infinity, 0});
}

TEST_CASE("difference: within 2^-52 of itself and 2^-105 of the operands; scaled: exact") {
    std::mt19937_64 random(1);
    tally cases("differences");
    const auto any = [&] { return std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())), -63); };
    for (int i = 0; i < 20000; ++i) {
        // Operands far apart, close together, and equal in their high parts.
        const digits50 x = digits50(any()) + any() * std::ldexp(1.0, -60);
        const int apart = static_cast<int>(random() % 120);
        const digits50 y = i % 3 == 0 ? digits50(any()) : digits50(x + any() * std::ldexp(1.0, -apart));
        const real a = to_real(x);
        const real b = to_real(y);
        const digits50 exact = (digits50(a.high) + a.low) - (digits50(b.high) + b.low);
        const digits50 off = abs(digits50(difference(a, b)) - exact);
        const digits50 allowed = ldexp(abs(exact), -52) + ldexp(std::max(abs(x), abs(y)), -105);
        cases.check(off <= allowed, i, ": ", a.high, " ", a.low, " - ", b.high, " ", b.low);
        const real product = dyad::study::scaled(any(), 0.0472);
        cases.check(std::fabs(product.low) <= std::fabs(product.high) * 0x1p-53, i);
    }
    CHECK(difference({infinity, 0}, {1, 0}) == infinity);
    CHECK(difference({1, 0}, {infinity, 0}) == -infinity);
    CHECK(std::isnan(difference({infinity, 0}, {infinity, 0})));
    const real product = dyad::study::scaled(127, 0.1);
    CHECK(digits50(product.high) + product.low == digits50(0.1) * 127);
}

// --- the figures ---

/// A function in steps of 1/4 with breaks, against the square root: all figures of a plain loop are exact.
double stepped(std::int64_t x) { return x % 97 == 5 ? 1 : std::floor(std::sqrt(static_cast<double>(x)) * 4) / 4; }
double root(std::int64_t x) {
    return std::ldexp(std::nearbyint(std::ldexp(std::sqrt(static_cast<double>(x)), 12)), -12);
}

TEST_CASE("sweep: the figures of a plain loop") {
    const std::int64_t n = 20000;
    double sum = 0;
    double sizes = 0;
    double squares = 0;
    double largest = -1;
    std::int64_t worst = -1;
    std::uint64_t breaks = 0;
    std::int64_t first_break = -1;
    double longest = 0;
    ulp_histogram histogram;
    for (std::int64_t x = 0; x < n; ++x) {
        const double e = stepped(x) - root(x);  // multiples of 2^-12 below 2^8: the sums are exact
        sum += e;
        sizes += std::fabs(e);
        squares += e * e;
        if (std::fabs(e) > largest) largest = std::fabs(e), worst = x;
        if (x > 0 && stepped(x) < stepped(x - 1)) {
            if (breaks++ == 0) first_break = x;
            longest = std::max(longest, stepped(x - 1) - stepped(x));
        }
        if (e == 0) ++histogram.exact;
        int bin = 0;
        while (bin < 39 && std::fabs(e) / 0.25 > ulp_histogram::upper_edge(bin)) ++bin;
        if (e != 0) ++histogram.counts[static_cast<std::size_t>(bin)];
    }
    const sweep_state state = sweep(stepped, root, domain{0, n - 1}, 0.25);
    CHECK(state.count() == 20000);
    CHECK(state.max() == largest);
    CHECK(state.max_ulps() == 4 * largest);
    CHECK(state.worst().input == worst);
    CHECK(state.worst().value == real{stepped(worst), 0});
    CHECK(state.worst().reference == real{root(worst), 0});
    CHECK(state.bias() == sum / static_cast<double>(n));
    CHECK(state.mean() == sizes / static_cast<double>(n));
    CHECK(state.rms() == std::sqrt(squares / static_cast<double>(n)));
    CHECK(state.steps().breaks == breaks);
    CHECK(breaks > 100);
    CHECK(state.steps().first_input == first_break);
    CHECK(state.steps().largest_step == longest);
    CHECK(state.histogram() == histogram);
    CHECK(histogram.exact > 100);
    CHECK(state.not_finite() == 0);
}

TEST_CASE("sweep: sums that doubles lose are exact") {
    // 2^60 + 1 - 2^60, over and over: in doubles the ones are lost.
    const auto value = [](std::int64_t x) { return x % 3 == 0 ? 0x1p60 : x % 3 == 1 ? 1.0 : -0x1p60; };
    const auto zero = [](std::int64_t) { return 0; };
    const sweep_state state = sweep(value, zero, domain{0, 29999});
    CHECK(state.bias() == 10000.0 / 30000);
    // The smallest and the largest doubles, and their squares.
    const auto extreme = [](std::int64_t x) { return x == 0 ? 0x1p-1074 : x == 1 ? 0x1p1023 : -0x1p1023; };
    const sweep_state ends = sweep(extreme, zero, domain{0, 2});
    CHECK(ends.bias() == 0x1p-1074 / 3);
    CHECK(ends.max() == 0x1p1023);
    CHECK(ends.worst().input == 1);
    CHECK(sweep(extreme, zero, domain{0, 0}).mean() == 0x1p-1074);
}

TEST_CASE("sweep: the lowest of equally wrong inputs is the worst, in any part") {
    const auto value = [](std::int64_t x) { return x == 70000 || x == 12345 || x == 99999 ? -7 : 0; };
    const auto zero = [](std::int64_t) { return 0.0; };
    const sweep_state state = sweep(value, zero, domain{-100000, 100000}, 2);
    CHECK(state.worst().input == 12345);
    CHECK(state.max() == 7);
    CHECK(state.max_ulps() == 3.5);
    CHECK(state.histogram().counts[static_cast<std::size_t>(ulp_histogram::bin_of(3.5))] == 3);
    CHECK(state.histogram().exact == 200001 - 3);
    const sweep_state right = sweep(zero, zero, domain{-5, 5});
    CHECK(right.worst().input == -5);
    CHECK(right.max() == 0);
}

TEST_CASE("histogram: bins end at powers of two") {
    CHECK(ulp_histogram::bin_of(0x1p-8) == 0);
    CHECK(ulp_histogram::bin_of(0x1p-300) == 0);
    CHECK(ulp_histogram::bin_of(0x1p-1000 / 0x1p1000) == 0);
    CHECK(ulp_histogram::bin_of(std::nextafter(0x1p-8, 1)) == 1);
    CHECK(ulp_histogram::bin_of(0.5) == 7);
    CHECK(ulp_histogram::bin_of(std::nextafter(0.5, 1)) == 8);
    CHECK(ulp_histogram::bin_of(1) == 8);
    CHECK(ulp_histogram::bin_of(0x1p31) == 39);
    CHECK(ulp_histogram::bin_of(0x1p32) == 39);
    CHECK(ulp_histogram::bin_of(infinity) == 39);
    CHECK(ulp_histogram::upper_edge(7) == 0.5);
}

TEST_CASE("monotonicity: against the reference's direction, whatever that is") {
    const auto parabola = [](std::int64_t x) { return static_cast<double>(x * x); };
    CHECK(sweep(parabola, parabola, domain{-50, 50}).steps().breaks == 0);
    // A flat stretch of either breaks nothing.
    const auto flat = [](std::int64_t x) { return static_cast<double>(x * x / 10); };
    CHECK(sweep(flat, parabola, domain{-50, 50}).steps().breaks == 0);
    CHECK(sweep(parabola, flat, domain{-50, 50}).steps().breaks == 0);
    const auto bump = [](std::int64_t x) { return static_cast<double>(x == -20 ? 444 : x == 30 ? 1 : x * x); };
    const sweep_state state = sweep(bump, parabola, domain{-50, 50});
    CHECK(state.steps().breaks == 2);  // 441 to 444 at -20, 841 to 1 at 30
    CHECK(state.steps().first_input == -20);
    CHECK(state.steps().largest_step == 840);
    // Steps finer than a double are seen too.
    const auto fine = [](std::int64_t x) { return real{1, static_cast<double>(x) * 0x1p-90}; };
    const auto falling = [](std::int64_t x) { return -static_cast<double>(x); };
    CHECK(sweep(fine, falling, domain{0, 9}).steps().breaks == 9);
}

TEST_CASE("not finite: counted, infinite, and no mean") {
    const auto value = [](std::int64_t x) { return x == 3 ? nan : x == 5 ? -infinity : 0.5; };
    const auto zero = [](std::int64_t) { return 0.0; };
    const sweep_state state = sweep(value, zero, domain{0, 9});
    CHECK(state.not_finite() == 2);
    CHECK(state.max() == infinity);
    CHECK(state.worst().input == 3);
    CHECK(std::isnan(state.mean()));
    CHECK(std::isnan(state.bias()));
    CHECK(std::isnan(state.rms()));
    CHECK(state.histogram().counts[7] == 8);
    const std::vector<sweep_shard> again = from_text(text_of(state), "file");
    CHECK(text_of(again.front().state) == text_of(state));
}

TEST_CASE("domains: empty, one input, both ends of 64 bits, decoded") {
    const auto same = [](auto x) { return x; };
    const sweep_state none = sweep(same, same, domain{7, 6});
    CHECK(none.count() == 0);
    CHECK(none.mean() == 0);
    CHECK(sweep(same, same, domain{7, 7}).count() == 1);
    const std::int64_t most = std::numeric_limits<std::int64_t>::max();
    const auto off = [](std::int64_t x) { return x - 1; };
    CHECK(sweep(off, same, domain{most - 2999, most}).bias() == -1);  // exact, where a double is not
    CHECK(sweep(off, same, domain{std::numeric_limits<std::int64_t>::min() + 1, -most + 1500}).count() == 1501);
    const auto half = [](std::int64_t code) { return static_cast<double>(code) / 2; };
    CHECK(sweep([](double x) { return x + 1; }, same, domain{-4, 3, half}).worst().value == real{-1, 0});
    CHECK_THROWS_AS((void)sweep(same, same, domain{7, 5}), std::invalid_argument);
    CHECK_THROWS_AS((void)sweep(same, same, domain{std::numeric_limits<std::int64_t>::min(), most}),
                    std::invalid_argument);
    CHECK_THROWS_AS((void)sweep(same, same, domain{0, 1}, 0), std::invalid_argument);
    CHECK_THROWS_AS((void)sweep(same, same, domain{0, 1}, nan), std::invalid_argument);
    const auto throwing = [](std::int64_t x) { return x == 5000 ? throw std::runtime_error("5000") : 1.0; };
    CHECK(message_of([&] { (void)sweep(throwing, same, domain{0, 10000}); }) == "5000");
}

TEST_CASE("sweep: numbers of Boost as the reference") {
    const auto value = [](std::int64_t x) { return std::nearbyint(static_cast<double>(x) * 0x1p20 / 3); };
    const auto exact = [](std::int64_t x) { return ldexp(digits50(x) / 3, 20); };
    const sweep_state state = sweep(value, exact, domain{-3000, 3000});
    CHECK(state.max_ulps() == doctest::Approx(1.0 / 3).epsilon(1e-12));
    CHECK(state.histogram().exact == 2001);
    CHECK(state.histogram().counts[7] == 4000);  // thirds are between 1/4 and 1/2
}

// --- partitions ---

TEST_CASE("all_cores: every task once, and the lowest task's exception") {
    for (const unsigned threads : {0u, 1u, 3u, 8u}) {
        const all_cores run(threads);
        std::vector<std::atomic<int>> runs(100);
        const auto count = [&](dyad::index i) { ++runs[static_cast<std::size_t>(i)]; };
        run(100, count);
        run(0, count);
        CHECK(std::all_of(runs.begin(), runs.end(), [](const auto& n) { return n == 1; }));
        const auto failing = [](dyad::index i) {
            if (i % 7 == 3) throw std::runtime_error(std::to_string(i));
        };
        CHECK(message_of([&] { run(50, failing); }) == "3");
    }
}

TEST_CASE("sweep: the same bits with any threads and any executor") {
    const domain inputs{0, 30000};
    const std::string expected = text_of(sweep(stepped, root, inputs, 0.25, dyad::serial{}));
    for (const unsigned threads : {1u, 2u, 5u})
        CHECK(text_of(sweep(stepped, root, inputs, 0.25, all_cores(threads))) == expected);
    const auto backwards = [](dyad::index n, auto&& task) {
        for (dyad::index i = n; i-- > 0;) task(i);
    };
    CHECK(text_of(sweep(stepped, root, inputs, 0.25, backwards)) == expected);
}

TEST_CASE("shards: any partition, in any order, is the whole") {
    const auto noisy = [](std::int64_t x) {
        return std::sin(static_cast<double>(x)) * std::ldexp(1.0, static_cast<int>(x * x % 90) - 60);
    };
    const auto smooth = [](std::int64_t x) { return std::cos(static_cast<double>(x) / 3); };
    const domain inputs{-1000, 1500};
    const sweep_state whole = sweep(noisy, smooth, inputs, 0x1p-20);
    const std::string expected = to_text({shard_of(whole, -1000, 1500)});
    CHECK(whole.steps().breaks > 500);
    std::mt19937_64 random(2);
    tally cases("partitions");
    for (int trial = 0; trial < 60; ++trial) {
        // Borders anywhere: single inputs, equal borders (empty shards), both ends.
        std::vector<std::int64_t> borders{-1000, 1501};
        for (std::uint64_t n = random() % 12; n > 0; --n)
            borders.push_back(static_cast<std::int64_t>(random() % 2502) - 1000);
        if (trial == 0) borders = {-1000, -999, -998, 1500, 1501};
        std::sort(borders.begin(), borders.end());
        std::vector<sweep_shard> shards;
        for (std::size_t i = 0; i + 1 < borders.size(); ++i) {
            const sweep_state piece = sweep(noisy, smooth, domain{borders[i], borders[i + 1] - 1}, 0x1p-20);
            // Through a file each.
            shards.push_back(from_text(to_text({shard_of(piece, -1000, 1500)}), "file").front());
        }
        std::shuffle(shards.begin(), shards.end(), random);
        cases.check(to_text({merge(shards)}) == expected, trial);
    }
    for (std::uint64_t n = 1; n < 40; ++n) {
        std::vector<sweep_shard> shards;
        for (std::uint64_t i = 0; i < n; ++i)
            shards.push_back(shard_of(sweep(noisy, smooth, part_of(inputs, i, n), 0x1p-20), -1000, 1500));
        cases.check(to_text({merge(shards)}) == expected, n);
    }
}

TEST_CASE("part_of: more parts than inputs, and all of 64 bits") {
    const domain few{10, 12};
    std::uint64_t inputs = 0;
    for (std::uint64_t i = 0; i < 8; ++i) inputs += part_of(few, i, 8).size();
    CHECK(inputs == 3);
    const std::int64_t low = std::numeric_limits<std::int64_t>::min();
    const domain wide{low, low + (std::int64_t{1} << 62) - 1};
    CHECK(part_of(wide, 2, 4).first == low + (std::int64_t{1} << 61));
    CHECK(part_of(wide, 3, 4).last == wide.last);
}

TEST_CASE("merge: shards that do not fit") {
    const auto zero = [](std::int64_t) { return 0.0; };
    const auto piece = [&](std::int64_t first, std::int64_t last) {
        return shard_of(sweep(zero, zero, domain{first, last}), 0, 99);
    };
    const auto said = [&](std::vector<sweep_shard> shards) { return message_of([&] { (void)merge(shards); }); };
    CHECK(said({piece(50, 99), piece(0, 49)}) == "");
    CHECK(said({}) == "nothing to merge");
    CHECK(said({piece(0, 49), piece(51, 99)}) == "square root: input 50 in no shard");
    CHECK(said({piece(10, 99)}) == "square root: inputs 0 to 9 in no shard");
    CHECK(said({piece(0, 9)}) == "square root: inputs 10 to 99 in no shard");
    CHECK(said({piece(7, 6)}) == "square root: inputs 0 to 99 in no shard");
    CHECK(said({piece(0, 49), piece(40, 99)}) == "square root: inputs 40 to 49 in more than one shard");
    CHECK(said({piece(0, 99), piece(0, 99)}) == "square root: inputs 0 to 99 in more than one shard");
    CHECK(said({piece(0, 49), piece(50, 99), piece(20, 29)}) == "square root: inputs 20 to 29 in more than one shard");
    sweep_shard other = piece(50, 99);
    other.name = "cube root";
    CHECK(said({piece(0, 49), other}) == "square root: is not the same sweep as cube root");
    other = piece(50, 99);
    other.last = 100;
    CHECK(said({piece(0, 49), other}) == "square root: one shard is of inputs 0 to 99, another of inputs 0 to 100");
    other = shard_of(sweep(zero, zero, domain{50, 99}, 2), 0, 99);
    CHECK(said({piece(0, 49), other}) == "square root: shards have different ulps");
}

// --- files ---

/// `text` with `from` (which it holds) replaced, and the checksum made right again.
std::string changed(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    const std::size_t end = text.rfind("\nend ") + 1;
    const std::size_t sum = text.find(' ', end + 4) + 1;
    return text.substr(0, sum) +
           dyad::study::sweep_text::digits(dyad::study::sweep_text::checksum(text.substr(0, end)), 16) + "\n";
}

TEST_CASE("files: any change of any byte, and any cut, is refused") {
    const std::string text =
        to_text({shard_of(sweep(stepped, root, domain{0, 999}, 0.25), 0, 1999), shard_of(sweep_state(0.25), 0, 1999)});
    CHECK(to_text(from_text(text, "file")) == text);
    CHECK(to_text(from_text(to_text({}), "file")) == to_text({}));
    tally cases("malformed files");
    const auto refused = [&](const std::string& wrong) {
        const std::string said = message_of([&] { (void)from_text(wrong, "a file"); });
        cases.check(said.starts_with("a file: line "), said);
    };
    for (std::size_t n = 0; n < text.size(); ++n) refused(text.substr(0, n));
    for (std::size_t i = 0; i < text.size(); ++i) {
        for (const char c : {'0', '7', ' ', '\n', 'x', '-', '\0'}) {
            std::string wrong = text;
            wrong[i] = c;
            if (wrong != text) refused(wrong);
        }
    }
    refused(text + "\n");
    refused(text + text);
    refused("");
}

TEST_CASE("files: what is wrong is said, with its line") {
    const std::string text = to_text({shard_of(sweep(stepped, root, domain{0, 999}, 0.25), 0, 1999)});
    const auto said = [&](std::string_view from, std::string_view to) {
        return message_of([&] { (void)from_text(changed(text, from, to), "f"); });
    };
    CHECK(said("square", "square") == "");
    CHECK(said("dyad-sweeps 1", "dyad-sweeps 2") == "f: line 1: version 2, this program reads version 1");
    CHECK(said("dyad-sweeps 1", "dyad-study 1") == "f: line 1: expected 'dyad-sweeps'");
    CHECK(said("sweep square root", "sweep") == "f: line 2: has no name");
    CHECK(said("inputs 0 1999", "inputs 0") == "f: line 3: ends too early");
    CHECK(said("inputs 0 1999", "inputs 0 1999 7") == "f: line 3: has more than it should");
    CHECK(said("inputs 0 1999", "inputs 0 -2") == "f: line 3: these are no inputs");
    CHECK(said("inputs 0 1999", "inputs 0 99999999999999999999") ==
          "f: line 3: '99999999999999999999' is not a number that fits");
    CHECK(said("piece 0 999", "piece 0 2000") == "f: line 4: the piece is not a part of the inputs");
    CHECK(said("ulp 3fd0000000000000", "ulp 3fd") == "f: line 5: '3fd' is not the 16 digits of a real");
    CHECK(said("ulp 3fd0000000000000", "ulp 0000000000000000") == "f: line 16: the ulp is not a positive number");
    CHECK(said("\nhistogram 0", "\nhistogram 1") == "f: line 16: counts 1001 inputs in a piece of 1000");
    CHECK(said("inputs 0 1999", "inputs -9223372036854775808 9223372036854775807") == "f: line 3: these are no inputs");
    // Counts whose sum wraps to the right one.
    const std::string wrapping = changed(text, "not_finite 0", "not_finite 18446744073709551615");
    CHECK(message_of([&] { (void)from_text(changed(wrapping, "\nhistogram 0", "\nhistogram 1"), "f"); }) ==
          "f: line 16: counts 18446744073709551615 inputs in a piece of 1000");
    CHECK(said("\nsteps ", "\nsteps 9999") == "f: line 16: there are more breaks than inputs");
    CHECK(said("\nlargest 4", "\nlargest c") == "f: line 16: the largest error is no size");
    CHECK(said("\nfirst 0", "\nfirst 1") ==
          "f: line 16: the first, the last or the worst input is not that of the piece");
    CHECK(said("\nsizes ", "\nsizes 40:1 ") == "f: line 15: word 40 of a sum is out of order or too high");
    CHECK(said("\nsizes ", "\nsizes 7 ") == "f: line 15: '' is not a number that fits");
    CHECK(said("\nsquares ", "\nsquare ") == "f: line 16: expected 'squares'");
    CHECK(said("\nend 1", "\nend 2") == "f: line 17: counts 2 sweeps, there are 1");
    std::string wrong = text;
    wrong[text.find("square root")] = 'S';
    CHECK(message_of([&] { (void)from_text(wrong, "f"); }) ==
          "f: line 17: the checksum is another: the file was changed");
    CHECK_THROWS_AS((void)to_text({{"two\nlines", 0, 9, sweep_state(1)}}), std::invalid_argument);
}

}  // namespace
