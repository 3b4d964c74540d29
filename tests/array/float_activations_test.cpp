// SPDX-License-Identifier: Apache-2.0
// gelu, silu and others of floats: errors in ulps over a dense sample, special values, equal bits on every instruction
// set and in every environment, views.
#include <dyad/array/float_activations.hpp>

#include <doctest/doctest.h>

#include "support/activation_check.hpp"
#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace {

using dyad::float_activation;
using dyad::index;
using dyad::instruction_set;
using dyad::make_matrix;
using dyad::make_vector;
using dyad::status;
using dyad_test::tally;
using floats = std::vector<float>;

constexpr float infinity = std::numeric_limits<float>::infinity();

std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }
bool same(const floats& x, const floats& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](float a, float b) { return bits(a) == bits(b); });
}
floats result(float_activation f, const floats& x, instruction_set isa) {
    floats y(x.size(), -7.0f);
    const auto n = static_cast<index>(x.size());
    REQUIRE(activate(f, make_vector(x.data(), n), make_vector(y.data(), n), {isa}) == status::ok);
    return y;
}

/// Every 8191st float, from the first bits to the last.
floats dense_sample() {
    floats x;
    for (std::uint64_t b = 0; b < (std::uint64_t{1} << 32); b += 8191)
        x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(b)));
    return x;
}

TEST_CASE("float activations: within their bounds, the same bits on every instruction set") {
    const floats x = dense_sample();
    for (const float_activation f : dyad_test::all_activations) {
        const floats y = result(f, x, dyad::best_instruction_set());
        double worst = 0;
        float at = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
            if (std::isnan(x[i])) continue;
            const double off = dyad_test::ulps_off(y[i], dyad_test::exact_activation(f, static_cast<double>(x[i])));
            if (off > worst) worst = off, at = x[i];
        }
        MESSAGE(std::string(to_string(f)) << ": " << worst << " ulp at " << at);
        CHECK(worst <= dyad_test::activation_bound(f));
        CHECK(worst >= dyad_test::activation_bound(f) / 2);
        for (const auto isa : dyad_test::instruction_sets()) {
            // (the scalar loop takes every fifth: a fused multiply-add may be a call there)
            floats part = x;
            if (isa == instruction_set::scalar) {
                part.clear();
                for (std::size_t i = 0; i < x.size(); i += 5) part.push_back(x[i]);
            }
            const floats here = result(f, part, isa);
            const std::size_t step = isa == instruction_set::scalar ? 5 : 1;
            std::size_t differ = 0;
            for (std::size_t i = 0; i < here.size(); ++i) differ += bits(here[i]) != bits(y[i * step]) ? 1U : 0U;
            CHECK_MESSAGE(differ == 0, to_string(f) << " with " << to_string(isa));
        }
    }
}

TEST_CASE("float activations: infinities, zeros, subnormals, NaN") {
    const floats x{
        infinity, -infinity, 0.0f, -0.0f, std::numeric_limits<float>::max(), std::numeric_limits<float>::lowest()};
    struct expected {
        float_activation f;
        floats y;
    };
    const floats linear{infinity, -0.0f, 0.0f, -0.0f, std::numeric_limits<float>::max(), -0.0f};
    const float ln2 = 0.693147181f;
    const expected all[]{{float_activation::gelu, linear},
                         {float_activation::gelu_tanh, linear},
                         {float_activation::silu, linear},
                         {float_activation::sigmoid, {1, 0, 0.5f, 0.5f, 1, 0}},
                         {float_activation::tanh, {1, -1, 0.0f, -0.0f, 1, -1}},
                         {float_activation::softplus, {infinity, 0, ln2, ln2, std::numeric_limits<float>::max(), 0}}};
    tally cases("float activations: special values");
    for (const auto isa : dyad_test::instruction_sets()) {
        for (const expected& e : all) {
            cases.check(same(result(e.f, x, isa), e.y), to_string(e.f), " ", to_string(isa));
            for (const std::uint32_t b : {0x7f80'0001U, 0x7fc0'0000U, 0x7fff'ffffU, 0xff80'1234U, 0xffc0'0000U})
                cases.check(bits(result(e.f, {std::bit_cast<float>(b)}, isa)[0]) == (b | 0x0040'0000U), to_string(e.f));
            for (std::uint32_t b = 1; b < 0x0100'0000; b += 99'991) {
                for (const float tiny : {std::bit_cast<float>(b), -std::bit_cast<float>(b)}) {
                    const float y = result(e.f, {tiny}, isa)[0];
                    const double exact = dyad_test::exact_activation(e.f, static_cast<double>(tiny));
                    cases.check(dyad_test::ulps_off(y, exact) <= 1.01, to_string(e.f), " ", tiny);
                    cases.check(e.f != float_activation::tanh || bits(y) == bits(tiny), tiny);
                }
            }
        }
    }
}

TEST_CASE("float activations: the same bits whatever the rounding mode and the treatment of subnormals") {
    floats x;
    for (float e = -110; e < 20; e += 0.37f) x.push_back(e);
    for (const float e : {1e-40f, -1e-40f, 1e-30f, -1e-30f}) x.push_back(e);
    for (const float_activation f : dyad_test::all_activations) {
        const floats y = result(f, x, instruction_set::avx512);
        for (const auto isa : dyad_test::instruction_sets()) {
            for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
                REQUIRE(std::fesetround(mode) == 0);
                const floats here = result(f, x, isa);
                std::fesetround(FE_TONEAREST);
                CHECK(same(here, y));
            }
#if defined(__x86_64__)
            const unsigned before = __builtin_ia32_stmxcsr();
            __builtin_ia32_ldmxcsr(before | 0x8040U);
            const floats here = result(f, x, isa);
            __builtin_ia32_ldmxcsr(before);
            CHECK(same(here, y));
#endif
        }
    }
}

TEST_CASE("float activations: lengths, strides, in place") {
    tally cases("float activations: views");
    constexpr auto f = float_activation::silu;
    floats x(3 * 1000);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 301) * 0.05f - 8;
    for (const auto isa : dyad_test::instruction_sets()) {
        const floats y = result(f, x, isa);
        for (const std::size_t n : {1U, 7U, 63U, 64U, 65U, 500U}) {
            const auto end = static_cast<std::ptrdiff_t>(n);
            cases.check(same(result(f, floats(x.begin(), x.begin() + end), isa), floats(y.begin(), y.begin() + end)),
                        n);
        }
        floats in_place = x;
        const auto here = make_matrix(in_place.data(), 3, 1000);
        REQUIRE(activate(f, here, here, {isa}) == status::ok);
        cases.check(same(in_place, y), "in place");
        // Rows with gaps, columns, elements backwards.
        const auto src = make_matrix(static_cast<const float*>(x.data()), 3, 1000);
        const index strides[][2]{{1010, 1}, {1, 3}, {2000, 2}, {1000, -1}};
        for (const auto& s : strides) {
            floats memory(3 * 2000, 9.0f);
            const dyad::matrix_view<float> dst{memory.data() + (s[1] < 0 ? 999 : 0), {3, 1000}, {s[0], s[1]}};
            REQUIRE(activate(f, src, dst, {isa}) == status::ok);
            for (index i = 0; i < 3; ++i)
                for (index j = 0; j < 1000; ++j)
                    cases.check(bits(dst(i, j)) == bits(y[static_cast<std::size_t>(1000 * i + j)]), i, " ", j);
            cases.check(std::count(memory.begin(), memory.end(), 9.0f) == 3000, "gaps");
        }
    }
    // Larger than the caches: written past them.
    floats large((std::size_t{1} << 21) + 77);
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = x[i % x.size()];
    const floats y = result(f, x, instruction_set::avx512);
    const floats past = result(f, large, instruction_set::avx512);
    for (std::size_t i = 0; i < large.size(); ++i) cases.check(bits(past[i]) == bits(y[i % x.size()]), i);
}

TEST_CASE("float activations: what is wrong is said") {
    floats x(100, 1.0f);
    floats y(100, 9.0f);
    constexpr auto f = float_activation::gelu;
    const auto from = make_matrix(static_cast<const float*>(x.data()), 10, 10);
    const auto to = make_matrix(y.data(), 10, 10);
    CHECK(activate(f, from, make_matrix(y.data(), 9, 10)) == status::extents_differ);
    CHECK(activate(f, make_vector(static_cast<const float*>(x.data()), -1), make_vector(y.data(), -1)) ==
          status::negative_extent);
    CHECK(activate(f, make_matrix(static_cast<const float*>(nullptr), 10, 10), to) == status::src_null);
    CHECK(activate(f, from, make_matrix(static_cast<float*>(nullptr), 10, 10)) == status::dst_null);
    CHECK(activate(f, from, {y.data(), {10, 10}, {1, 1}}) == status::dst_overlaps_itself);
    CHECK(activate(f, dyad::transposed(dyad::as_const(to)), to) == status::dst_overlaps_src);
    CHECK(std::all_of(y.begin(), y.end(), [](float e) { return e == 9.0f; }));
    CHECK(activate(f, make_vector(static_cast<const float*>(nullptr), 0),
                   make_vector(static_cast<float*>(nullptr), 0)) == status::ok);
    CHECK(std::string(to_string(static_cast<float_activation>(99))) == "unknown activation");
}

}  // namespace
