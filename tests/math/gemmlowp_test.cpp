// SPDX-License-Identifier: Apache-2.0
// gemmlowp's functions: bit for bit against gemmlowp itself where its headers are, against hashes of its results
// everywhere; and their errors.
#include <dyad/math/gemmlowp.hpp>

#include <doctest/doctest.h>

#include "support/gemmlowp_functions.hpp"
#include "support/gemmlowp_hashes.hpp"
#include "support/tally.hpp"
#include "support/words.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

// The package libgemmlowp-dev puts it below /usr/include: no warnings.
#if __has_include(<gemmlowp/fixedpoint/fixedpoint.h>)
#include <gemmlowp/fixedpoint/fixedpoint.h>

#include "support/gemmlowp_peer.hpp"
#define HAS_GEMMLOWP
#endif

namespace {

namespace published_form = dyad::gemmlowp;
using dyad_test::gemmlowp_case;
using dyad_test::gemmlowp_function;
using dyad_test::tally;

static_assert(published_form::tanh<4>(std::int32_t{0}) == 0);
static_assert(published_form::logistic<4>(std::int32_t{0}) == 1 << 30);
static_assert(published_form::exp_on_negative_values<5>(std::int32_t{0}) == 2147483647);
static_assert(published_form::exp_on_negative_values<6>(static_cast<std::int32_t>(-(1 << 30) - 1)) == 0);
static_assert(published_form::exp_on_negative_values(dyad::fixed<32, 26>::from_raw(-(1 << 26))).raw() / 790015084 == 1);
static_assert(std::is_same_v<decltype(published_form::tanh(dyad::fixed<16, 12>{})), dyad::fixed<16, 15>>);
static_assert(published_form::tanh(dyad::fixed<16, 12>::from_raw(-32768)).raw() ==
              published_form::tanh<3>(std::int16_t{-32768}));
static_assert(published_form::logistic(dyad::fixed<32, 27>::from_raw(5)) ==
              dyad::fixed<32, 31>::from_raw(published_form::logistic<4>(std::int32_t{5})));

std::string name_of(const gemmlowp_case& c) {
    return std::string(to_string(c.function)) + ", " + std::to_string(c.width) + " bits, " +
           std::to_string(c.integer_bits) + " of them integer";
}

TEST_CASE("gemmlowp: hashes of gemmlowp's results") {
    tally cases("functions, words and integer bits");
    const auto* row = std::begin(reference::gemmlowp_rows);
    dyad_test::for_each_gemmlowp_case([&]<class Raw, int IntegerBits>(const gemmlowp_case& c) {
        REQUIRE(row != std::end(reference::gemmlowp_rows));
        REQUIRE(std::string(row->function) == to_string(c.function));
        REQUIRE((row->width == c.width && row->integer_bits == c.integer_bits));
        const std::uint64_t hash = dyad_test::hash_of_words<Raw>(
            c, [&](Raw x) { return dyad_test::evaluate<Raw, IntegerBits>(c.function, x); });
        cases.check(hash == row->hash, name_of(c));
        ++row;
    });
    CHECK(row == std::end(reference::gemmlowp_rows));
}

TEST_CASE("gemmlowp: gemmlowp's own code, all 16-bit words and every 20011th of 32 bits") {
#if defined(HAS_GEMMLOWP)
    dyad_test::for_each_gemmlowp_case([&]<class Raw, int IntegerBits>(const gemmlowp_case& c) {
        tally cases(name_of(c));
        dyad_test::for_each_word<Raw>(c.function, 20011, [&](Raw x) {
            const Raw expected = dyad_test::published<Raw, IntegerBits>(c.function, x);
            cases.check(dyad_test::evaluate<Raw, IntegerBits>(c.function, x) == expected, x);
        });
    });
#else
    MESSAGE("skipped: <gemmlowp/fixedpoint/fixedpoint.h> is not installed (package libgemmlowp-dev)");
#endif
}

#if defined(HAS_GEMMLOWP)
template <class Raw>
void check_primitives() {
    tally cases("primitives, " + std::to_string(8 * sizeof(Raw)) + " bits");
    const auto check = [&](Raw a, Raw b) {
        cases.check(published_form::multiply(a, b) == gemmlowp::SaturatingRoundingDoublingHighMul(a, b), a, " * ", b);
        cases.check(published_form::half_sum(a, b) == gemmlowp::RoundingHalfSum(a, b), a, " and ", b);
    };
    const std::vector<Raw> words = dyad_test::boundary_words<Raw>();
    std::mt19937_64 random(1);
    for (const Raw a : words) {
        for (const Raw b : words) check(a, b);
        for (int i = 0; i < 2000; ++i) check(a, dyad_test::random_word<Raw>(random));
        for (int e = 0; e < static_cast<int>(8 * sizeof(Raw)) - 1; ++e) {
            cases.check(published_form::divide_by_power_of_two(a, e) == gemmlowp::RoundingDivideByPOT(a, e), a, " / 2^",
                        e);
        }
        cases.check(published_form::rescale<4, 2>(a) == gemmlowp::SaturatingRoundingMultiplyByPOT<2>(a), a, " * 4");
        cases.check(published_form::rescale<9, 2>(a) == gemmlowp::SaturatingRoundingMultiplyByPOT<7>(a), a, " * 128");
        cases.check(published_form::rescale<0, 5>(a) == gemmlowp::SaturatingRoundingMultiplyByPOT<-5>(a), a, " / 32");
    }
}
#endif

TEST_CASE("gemmlowp: multiplication, division, rescaling and halving of the words at the ends, and of random ones") {
#if defined(HAS_GEMMLOWP)
    check_primitives<std::int16_t>();
    check_primitives<std::int32_t>();
#else
    MESSAGE("skipped: <gemmlowp/fixedpoint/fixedpoint.h> is not installed (package libgemmlowp-dev)");
#endif
}

/// The header's table, and the study's before it: largest error over all numbers of integer bits.
double largest_published(gemmlowp_function f, int width) {
    const bool narrow = width == 16;
    switch (f) {
        case gemmlowp_function::exp_interval:
        case gemmlowp_function::exp: return narrow ? 2 : 492;
        case gemmlowp_function::inverse: return narrow ? 6 : 7;
        case gemmlowp_function::ratio: return narrow ? 12 : 14;
        case gemmlowp_function::tanh: return narrow ? 12 : 306;
        case gemmlowp_function::logistic: return narrow ? 7 : 153;
    }
    return 0;
}

TEST_CASE("gemmlowp: errors over all 16-bit words and every 99991st of 32 bits") {
    dyad_test::for_each_gemmlowp_case([&]<class Raw, int IntegerBits>(const gemmlowp_case& c) {
        const auto e = dyad_test::error_of<Raw, IntegerBits>(c.function, 99991);
        MESSAGE(name_of(c) << ": largest error " << e.largest << " at " << e.at << ", mean " << e.mean << ", bias "
                           << e.bias << ", " << e.words << " words");
        CHECK(std::floor(e.largest) <= largest_published(c.function, c.width));
    });
}

}  // namespace
