// SPDX-License-Identifier: Apache-2.0
// The two hooks: a host's own DYAD_ASSERT and DYAD_HD are kept and used, and the default end of a violation stops.
// (What DYAD_ASSERT does without a host is tested where there are preconditions, in bits_test.cpp.)
#include <doctest/doctest.h>

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace {
int violations = 0;
const char* last_condition = "";
void note_violation(const char* condition) noexcept {
    ++violations;
    last_condition = condition;
}
}  // namespace

#define DYAD_ASSERT(condition) ((condition) ? static_cast<void>(0) : note_violation(#condition))
#define DYAD_HD __attribute__((visibility("default")))

#include <dyad/core/assert.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/core/random.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/core/unpacked.hpp>

#include "support/process.hpp"

#define DYAD_TEST_TEXT_OF(x) #x
#define DYAD_TEST_TEXT(x) DYAD_TEST_TEXT_OF(x)

namespace {

static_assert(std::string_view(DYAD_TEST_TEXT(DYAD_HD)) == "__attribute__((visibility(\"default\")))");

/// A function with a precondition, as the headers write it.
constexpr int half_of_even(int x) {
    DYAD_ASSERT(x % 2 == 0);
    return x / 2;
}
template <int X>
concept is_constant = requires {
    typename std::integral_constant<int, half_of_even(X)>;
};
static_assert(is_constant<4> && !is_constant<3>);

TEST_CASE("a host's DYAD_ASSERT is kept") {
    violations = 0;
    CHECK(half_of_even(6) == 3);
    CHECK(violations == 0);
    CHECK(half_of_even(7) == 3);
    CHECK(violations == 1);
    CHECK(std::string_view(last_condition) == "x % 2 == 0");
}

TEST_CASE("the headers call the host's DYAD_ASSERT, and only for violations") {
    using dyad::rounding;
    using dyad::stochastic;
    using dyad::stochastic_variant;
    violations = 0;
    // 1. Inside the contract, at its limits.
    CHECK(dyad::low_mask<std::uint8_t>(0) == 0);
    CHECK(dyad::low_mask<std::uint8_t>(8) == 0xFF);
    CHECK(dyad::sign_extend(std::uint8_t{1}, 1) == -1);
    CHECK(dyad::shift_right(std::uint8_t{1}, 1000) == 0);
    CHECK(dyad::round_divide(std::int8_t{0}, std::int8_t{1}, rounding::nearest_even) == 0);
    CHECK_FALSE(dyad::rounds_away(std::uint8_t{0}, 0, false, false, stochastic{stochastic_variant::a, 1, 0}));
    CHECK_FALSE(dyad::rounds_away(std::uint8_t{0}, 0, false, false, stochastic{stochastic_variant::a, 32, 0}));
    CHECK(violations == 0);
    // 2. Outside it, with arguments for which carrying on does no harm.
    CHECK(dyad::round_divide(std::int8_t{0}, std::int8_t{-1}, rounding::nearest_even) == 0);
    CHECK(violations == 1);
    CHECK_FALSE(dyad::rounds_away(std::uint8_t{0}, 0, false, false, stochastic{stochastic_variant::a, 0, 0}));
    CHECK(violations == 2);
    CHECK_FALSE(dyad::rounds_away(std::uint8_t{0}, 0, false, false, stochastic{stochastic_variant::a, 33, 0}));
    CHECK(violations == 3);
}

TEST_CASE("contract_violated stops the program") {
    CHECK(dyad_test::stops_the_program([] { dyad::contract_violated(); }));
    CHECK_FALSE(dyad_test::stops_the_program([] {}));
}

}  // namespace
