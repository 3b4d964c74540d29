// SPDX-License-Identifier: Apache-2.0
// Counts the cases of one exhaustive check and keeps the first failure: one doctest assertion for millions of cases.
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "support/exact.hpp"

namespace dyad_test {

[[nodiscard]] inline const char* name_of(dyad::rounding mode) {
    switch (mode) {
        case dyad::rounding::nearest_even: return "nearest_even";
        case dyad::rounding::nearest_away: return "nearest_away";
        case dyad::rounding::nearest_up: return "nearest_up";
        case dyad::rounding::toward_zero: return "toward_zero";
        case dyad::rounding::toward_negative: return "toward_negative";
        case dyad::rounding::toward_positive: return "toward_positive";
        case dyad::rounding::to_odd: return "to_odd";
    }
    return "?";
}

/// Writes words of every width as numbers, enumerations and unpacked numbers by name, the rest as the stream does.
template <class T>
void write(std::ostream& out, const T& x) {
    if constexpr (std::same_as<T, bool>) out << (x ? "true" : "false");
    else if constexpr (dyad::unsigned_word<T> || dyad::signed_word<T>) out << to_integer(x);
    else if constexpr (std::same_as<T, dyad::rounding>) out << name_of(x);
    else out << x;
}
inline void write(std::ostream& out, const dyad::stochastic& rule) {
    out << "stochastic "
        << "abc"[static_cast<int>(rule.variant)] << " n " << rule.n << " bits " << rule.random_bits;
}
template <dyad::unsigned_word T>
void write(std::ostream& out, const dyad::basic_unpacked<T>& x) {
    constexpr const char* kinds[] = {"zero", "finite", "infinity", "nan"};
    out << (x.negative ? "-" : "+") << kinds[static_cast<int>(x.kind)] << " " << to_integer(x.significand) << " * 2^"
        << x.exponent;
}

/// Says how many cases there were when it goes out of scope; fails if one of them failed, or if there were none.
class tally {
public:
    explicit tally(std::string subject) : subject_(std::move(subject)) {}
    tally(const tally&) = delete;
    tally& operator=(const tally&) = delete;

    /// One case. The parts describe it, and are written only for the first failure.
    template <class... Parts>
    void check(bool passed, const Parts&... parts) {
        ++cases_;
        if (passed || failures_++ != 0) return;
        std::ostringstream out;
        (write(out, parts), ...);
        first_failure_ = out.str();
    }

    ~tally() noexcept(false) {
        MESSAGE(subject_ << ": " << cases_ << " cases");
        CHECK(cases_ > 0);
        CHECK_MESSAGE(failures_ == 0, subject_ << ": " << failures_ << " failures, the first: " << first_failure_);
    }

private:
    std::string subject_;
    std::string first_failure_;
    std::int64_t cases_ = 0;
    std::int64_t failures_ = 0;
};

}  // namespace dyad_test
