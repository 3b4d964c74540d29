// SPDX-License-Identifier: Apache-2.0
// The relative error of a wide function over seeded operands of all sizes, against its documented bound.
#pragma once

#include <dyad/core/unpacked.hpp>
#include <dyad/math/wide_real.hpp>

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/reference_functions.hpp"
#include "support/tally.hpp"

namespace dyad_test {

enum class operand_sign { positive, both };

/// Operands of 1 to 64 significant bits, their top exponents spread evenly from `least` to `most`.
inline std::vector<dyad::unpacked_wide> wide_operands(int count, int least, int most, operand_sign sign) {
    std::mt19937_64 random(static_cast<std::uint64_t>(count + most - least));
    std::vector<dyad::unpacked_wide> operands;
    for (int i = 0; i < count; ++i) {
        const int digits = 1 + static_cast<int>(random() % 64);
        const std::uint64_t significand = (random() | (std::uint64_t{1} << 63)) >> (64 - digits);
        const int top = least + static_cast<int>(random() % static_cast<std::uint64_t>(most - least + 1));
        const bool negative = sign == operand_sign::both && random() % 2 == 0;
        operands.push_back(dyad::unpacked_wide::finite(negative, significand, top - digits + 1));
    }
    return operands;
}

template <class Big>
Big big_of(const dyad::unpacked_wide& x) {
    Big value = static_cast<std::uint64_t>(x.significand >> 64);
    value = ldexp(value, 64) + Big(static_cast<std::uint64_t>(x.significand));
    value = ldexp(value, x.exponent);
    return x.negative ? Big(-value) : value;
}

/// |got / f(x) - 1| < 2^bound for all the operands; where f(x) is exact in few digits, got must be.
template <class Big = reference::big_float<640>, class Function>
void check_wide(reference::function f, Function wide, const std::vector<dyad::unpacked_wide>& operands, double bound) {
    tally cases(reference::name_of(f) + " to 124 digits");
    double worst = -1000;
    for (const auto& x : operands) {
        const Big expected = reference::value_of(f, big_of<Big>(x));
        const dyad::unpacked_wide got = wide(x);
        const Big error = abs(Big(big_of<Big>(got) / expected - 1));
        const double digits = error == 0 ? -1000 : static_cast<double>(log2(error));
        worst = std::max(worst, digits);
        cases.check(got.kind == dyad::number_class::finite && digits < bound && dyad::bit_width(got.significand) <= 124,
                    reference::name_of(f), " of ", x, " is ", got, ", off by 2^", digits);
    }
    MESSAGE(reference::name_of(f) << ": relative error at most 2^" << worst << ", bound 2^" << bound);
    CHECK(worst > -200);
}

}  // namespace dyad_test
