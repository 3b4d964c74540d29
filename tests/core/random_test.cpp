// SPDX-License-Identifier: Apache-2.0
// Philox4x32-10 against the known answers of Random123 and its definition; random_bits by its laws and by statistics.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <dyad/core/random.hpp>

#include "support/exact.hpp"
#include "support/tally.hpp"

namespace {

using namespace dyad_test;
using dyad::philox4x32;
using dyad::philox_counter;
using dyad::philox_key;
using dyad::random_bits;

/// Philox 4x32-10 as in Salmon et al., section 3.3 and table 2, in integer arithmetic without words.
[[nodiscard]] philox_counter reference_philox(const philox_counter& counter, const philox_key& key) {
    const cpp_int word = cpp_int(1) << 32;
    // The key schedule adds the leading 32 fraction bits of the golden ratio and of sqrt(3).
    const cpp_int golden = (sqrt(cpp_int(5) * word * word) - word) / 2;  // (sqrt(5) - 1) / 2
    const cpp_int root = sqrt(cpp_int(3) * word * word) - word;
    std::array<cpp_int, 4> x{counter[0], counter[1], counter[2], counter[3]};
    for (int round = 0; round < 10; ++round) {
        const cpp_int k0 = (key[0] + round * golden) % word;
        const cpp_int k1 = (key[1] + round * root) % word;
        const cpp_int first = x[0] * 0xD2511F53U;
        const cpp_int second = x[2] * 0xCD9E8D57U;
        const cpp_int y0 = cpp_int(second / word) ^ x[1] ^ k0;
        const cpp_int y2 = cpp_int(first / word) ^ x[3] ^ k1;
        x = {y0, cpp_int(second % word), y2, cpp_int(first % word)};
    }
    philox_counter result{};
    for (std::size_t i = 0; i < 4; ++i) result[i] = static_cast<std::uint32_t>(x[i]);
    return result;
}

/// Pearson's statistic of counts that should be equal.
template <class Counts>
[[nodiscard]] double chi_square(const Counts& counts) {
    const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
    const double expected = total / static_cast<double>(counts.size());
    double sum = 0;
    for (const auto count : counts) sum += (count - expected) * (count - expected) / expected;
    return sum;
}

/// Within four standard deviations of the mean of chi square with this many degrees of freedom. The functions are
/// deterministic: a sample that passes always passes.
template <class Counts>
void check_uniform(const std::string& what, const Counts& counts) {
    const double freedom = static_cast<double>(counts.size()) - 1;
    const double statistic = chi_square(counts);
    MESSAGE(what << ": chi square " << statistic << " with " << freedom << " degrees of freedom");
    CHECK(std::abs(statistic - freedom) < 4 * std::sqrt(2 * freedom));
}

// Random123's kat_vectors, philox4x32 with 10 rounds.
static_assert(philox4x32({0, 0, 0, 0}, {0, 0}) == philox_counter{0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8});
static_assert(philox4x32({0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, {0xFFFFFFFF, 0xFFFFFFFF}) ==
              philox_counter{0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD});
static_assert(philox4x32({0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344}, {0xA4093822, 0x299F31D0}) ==
              philox_counter{0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1});
static_assert(random_bits(0, 0, 0) == 0x6627E8D5 && random_bits(0, 0, 3) == 0x9B00DBD8);

TEST_CASE("philox4x32: the known answers of Random123 at run time") {
    struct answer {
        philox_counter counter;
        philox_key key;
        philox_counter expected;
    };
    const std::vector<answer> answers{{{0, 0, 0, 0}, {0, 0}, {0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8}},
                                      {{0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF},
                                       {0xFFFFFFFF, 0xFFFFFFFF},
                                       {0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD}},
                                      {{0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344},
                                       {0xA4093822, 0x299F31D0},
                                       {0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1}}};
    for (const answer& a : answers) {
        CHECK(philox4x32(a.counter, a.key) == a.expected);
        CHECK(reference_philox(a.counter, a.key) == a.expected);
    }
}

TEST_CASE("philox4x32: random counters and keys as by definition") {
    tally cases("counters and keys");
    std::mt19937 engine(20240801);
    const auto word = [&engine] { return static_cast<std::uint32_t>(engine()); };
    for (int i = 0; i < 2000; ++i) {
        const philox_counter counter{word(), word(), word(), word()};
        const philox_key key{word(), word()};
        cases.check(philox4x32(counter, key) == reference_philox(counter, key), "counter ", counter[0], " ", counter[1],
                    " ", counter[2], " ", counter[3], " key ", key[0], " ", key[1]);
    }
}

TEST_CASE("philox4x32 is a bijection of the counter: 2^16 counters give 2^16 blocks") {
    std::vector<philox_counter> blocks;
    for (std::uint32_t i = 0; i < 16384; ++i)
        for (std::size_t place = 0; place < 4; ++place) {
            philox_counter counter{};
            counter[place] = i + 1;
            blocks.push_back(philox4x32(counter, {7, 11}));
        }
    std::sort(blocks.begin(), blocks.end());
    CHECK(std::adjacent_find(blocks.begin(), blocks.end()) == blocks.end());
}

TEST_CASE("random_bits: counter = (element / 4, tensor id), key = seed, word = element mod 4") {
    tally cases("elements");
    std::mt19937_64 engine(20240802);
    const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x % 4294967296U); };
    const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x / 4294967296U); };
    for (int i = 0; i < 500; ++i) {
        const std::uint64_t seed = engine();
        const std::uint64_t tensor_id = engine();
        const std::uint64_t block = engine() / 4;
        const philox_counter words =
            reference_philox({low(block), high(block), low(tensor_id), high(tensor_id)}, {low(seed), high(seed)});
        for (std::size_t place = 0; place < 4; ++place) {
            const std::uint64_t element = 4 * block + place;
            cases.check(random_bits(seed, tensor_id, element) == words[place], "seed ", seed, " tensor ", tensor_id,
                        " element ", element);
        }
    }
}

TEST_CASE("random_bits: the order of the elements does not matter, blocks of four are enough for bulk routines") {
    constexpr std::uint64_t seed = 0x0123456789ABCDEF;
    constexpr std::uint64_t tensor_id = 42;
    constexpr std::size_t count = 4099;
    std::vector<std::uint32_t> forward(count);
    for (std::size_t i = 0; i < count; ++i) forward[i] = random_bits(seed, tensor_id, i);
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), std::mt19937(1));
    std::vector<std::uint32_t> shuffled(count);
    for (const std::size_t i : order) shuffled[i] = random_bits(seed, tensor_id, i);
    CHECK(shuffled == forward);
    std::vector<std::uint32_t> by_block;
    for (std::uint32_t block = 0; by_block.size() < count; ++block)
        for (const std::uint32_t word : philox4x32({block, 0, 42, 0}, {0x89ABCDEF, 0x01234567}).words)
            by_block.push_back(word);
    by_block.resize(count);
    CHECK(by_block == forward);
}

TEST_CASE("random_bits: every bit of seed, tensor id and element changes the result") {
    tally cases("single bits");
    const std::uint32_t origin = random_bits(0, 0, 0);
    for (int bit = 0; bit < 64; ++bit) {
        const std::uint64_t one = std::uint64_t{1} << bit;
        cases.check(random_bits(one, 0, 0) != origin, "seed bit ", bit);
        cases.check(random_bits(0, one, 0) != origin, "tensor id bit ", bit);
        cases.check(random_bits(0, 0, one) != origin, "element bit ", bit);
    }
}

TEST_CASE("random_bits: bytes, single bits, and differences of neighbours are uniform") {
    constexpr std::uint64_t count = 1 << 16;
    const auto byte = [](std::uint32_t word, int i) { return (word >> (8 * i)) & 0xFFU; };
    std::vector<int> bytes(256);
    std::vector<int> of_neighbours(256);
    std::vector<int> of_tensors(256);
    std::vector<int> of_seeds(256);
    std::vector<int> ones(32);
    for (std::uint64_t element = 0; element < count; ++element) {
        const std::uint32_t word = random_bits(1, 2, element);
        const std::uint32_t next = word ^ random_bits(1, 2, element + 1);
        const std::uint32_t other_tensor = word ^ random_bits(1, 3, element);
        const std::uint32_t other_seed = word ^ random_bits(2, 2, element);
        for (int i = 0; i < 4; ++i) {
            ++bytes[byte(word, i)];
            ++of_neighbours[byte(next, i)];
            ++of_tensors[byte(other_tensor, i)];
            ++of_seeds[byte(other_seed, i)];
        }
        for (std::size_t i = 0; i < 32; ++i) ones[i] += static_cast<int>((word >> i) & 1U);
    }
    check_uniform("bytes", bytes);
    check_uniform("xor of neighbouring elements", of_neighbours);
    check_uniform("xor of neighbouring tensors", of_tensors);
    check_uniform("xor of neighbouring seeds", of_seeds);
    // Each bit: count / 2 ones with standard deviation sqrt(count) / 2 = 128; five of them for the worst of 32 bits.
    int worst = 0;
    for (const int n : ones) worst = std::max(worst, std::abs(n - static_cast<int>(count / 2)));
    MESSAGE("ones per bit: at most " << worst << " from the mean of " << count / 2);
    CHECK(worst < 5 * 128);
}

}  // namespace
