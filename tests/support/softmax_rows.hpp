// SPDX-License-Identifier: Apache-2.0
// Rows of codes for tests of softmax: scales, rows of every kind, and the definition in 128-bit integers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include <dyad/array/integer_softmax.hpp>

namespace dyad_test {

/// 64 scales from 2^-12 to 4, none a power of two.
inline const std::vector<dyad::multiplier>& softmax_scales() {
    static const std::vector<dyad::multiplier> all = [] {
        std::vector<dyad::multiplier> result;
        std::mt19937_64 random(1);
        for (int i = 0; i < 64; ++i) {
            const double m = 1 + static_cast<double>((random() >> 12) | 1) * 0x1p-52;
            result.push_back(dyad::multiplier::from_scale(std::ldexp(m, i % 14 - 12)));
        }
        return result;
    }();
    return all;
}

enum class row_kind { uniform, normal, one_hot, equal, tail, lowest, alternating, slow };
inline constexpr row_kind row_kinds[] = {row_kind::uniform, row_kind::normal, row_kind::one_hot,     row_kind::equal,
                                         row_kind::tail,    row_kind::lowest, row_kind::alternating, row_kind::slow};

template <class In>
std::vector<In> make_softmax_row(row_kind k, std::size_t n, std::mt19937_64& random) {
    constexpr int lo = In::min_raw;
    constexpr int hi = In::max_raw;
    const auto uniform = [&random](int first, int last) {
        return first + static_cast<int>(random() % static_cast<unsigned>(last - first + 1));
    };
    const std::size_t special = n == 0 ? 0 : random() % n;
    const int base = uniform(lo, hi);
    std::vector<In> row(n);
    for (std::size_t i = 0; i < n; ++i) {
        int c = lo;
        switch (k) {
            case row_kind::uniform: c = uniform(lo, hi); break;
            case row_kind::normal:
                c = 0;
                for (int j = 0; j < 8; ++j) c += uniform(lo, hi) / 8;
                break;
            case row_kind::one_hot: c = i == special ? hi : lo; break;
            case row_kind::equal: c = base; break;
            case row_kind::tail: c = i == special ? hi : hi - (hi - lo) / 4 - uniform(0, 3); break;  // many small ones
            case row_kind::lowest: c = lo; break;
            case row_kind::alternating: c = i % 2 == 0 ? lo : hi; break;
            case row_kind::slow: c = hi - static_cast<int>(i) % (hi - lo + 1); break;
        }
        row[i] = In::from_raw(static_cast<typename In::raw_type>(c));
    }
    return row;
}

/// What memory holds before anything is written.
template <class Out>
inline const Out marker = Out::from_raw(static_cast<typename Out::raw_type>(Out::max_raw - 1));

template <class In, class Out>
std::vector<Out> run_softmax(const dyad::integer_softmax<In, Out>& plan, const std::vector<In>& row,
                             dyad::instruction_set isa = dyad::instruction_set::scalar) {
    const auto n = static_cast<dyad::index>(row.size());
    std::vector<Out> out(row.size(), marker<Out>);
    REQUIRE(plan.run(dyad::make_vector(row.data(), n), dyad::make_vector(out.data(), n), {isa}) == dyad::status::ok);
    return out;
}

/// unit E / S to nearest even, in 128 bits, of E = exponential(max - x), for rows of In and one scale.
template <class In>
class softmax_definition {
public:
    explicit softmax_definition(dyad::multiplier m) : step_(dyad::softmax_step<In>(m)) {
        for (std::uint32_t d = 0; In::width <= 8 && d < 256; ++d) table_.push_back(dyad::exp_q44(step_, d));
    }
    [[nodiscard]] std::uint64_t exponential(std::uint32_t d) const {
        if (In::width <= 8) return table_[d];
        return dyad::exp_q43(dyad::exp_q43_step::from(step_), d);
    }
    /// All of a row, and their sum.
    [[nodiscard]] std::vector<dyad::uint128_t> exponentials(const std::vector<In>& row, dyad::uint128_t& sum) const {
        std::vector<dyad::uint128_t> e;
        sum = 0;
        if (row.empty()) return e;
        const int max = std::max_element(row.begin(), row.end())->raw();
        for (const In x : row) {
            e.push_back(exponential(static_cast<std::uint32_t>(max - x.raw())));
            sum += e.back();
        }
        return e;
    }
    template <class Out>
    [[nodiscard]] std::vector<Out> codes(const std::vector<In>& row, std::uint32_t unit) const {
        dyad::uint128_t sum = 0;
        std::vector<Out> out;
        for (const auto x : exponentials(row, sum)) {
            const dyad::uint128_t twice = 2 * x * unit;
            dyad::uint128_t code = (twice + sum) / (2 * sum);
            if ((twice + sum) % (2 * sum) == 0 && code % 2 != 0) --code;
            out.push_back(Out::saturating_from_raw(static_cast<std::int64_t>(code)));
        }
        return out;
    }

private:
    dyad::unpacked step_;
    std::vector<std::uint64_t> table_;
};

}  // namespace dyad_test
